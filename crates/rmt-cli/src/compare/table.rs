//! The tables of `rmt compare`: how far matrices moved, and their statistics before and after.

use super::pair::{Compared, Outcome};
use crate::terminal::{clean, section};
use rmt_core::MatrixReport;
use rmt_core::sanity::Table;
use rmt_core::shown::{self, NONE, number};

/// What may be left out of a terminal that is too narrow, the first first.
const OPTIONAL_DRIFT: [&str; 3] = ["shape", "p", "distance"];
const OPTIONAL_CHANGES: [&str; 8] =
    ["scale", "stable rank", "alpha", "p right", "p left", "p bulk", "p below", "p above"];

/// All that is said of the pairs, in at most `width` columns where that is given.
pub(super) fn text(pairs: &[Compared], width: Option<usize>) -> String {
    let compared: Vec<&Compared> =
        pairs.iter().filter(|pair| pair.status == Outcome::Compared).collect();
    let mut text = String::new();
    if !compared.is_empty() {
        text.push_str(&section(drift(&compared), width, &OPTIONAL_DRIFT));
        text.push_str(LEGEND);
        text.push('\n');
        text.push_str(&section(changes(&compared), width, &OPTIONAL_CHANGES));
        text.push_str("before → after; one figure where it is the same\n\n");
    }
    for pair in pairs {
        let name = clean(&pair.layer.path());
        let line = match (&pair.status, pair.status.reason()) {
            (Outcome::Compared, _) => continue,
            (Outcome::OnlyBefore, _) => format!("only before: {name}"),
            (Outcome::OnlyAfter, _) => format!("only after: {name}"),
            (Outcome::Failed(_), reason) => {
                format!("failed: {name}: {}", clean(&reason.unwrap_or_default()))
            }
            (Outcome::Shapes(_), reason) => {
                format!("not compared: {name}: {}", reason.unwrap_or_default())
            }
        };
        text.push_str(&line);
        text.push('\n');
    }
    let verdicts = |pair: &&&Compared| {
        let verdict = |report: &Option<rmt_core::LayerReport>| {
            report.as_ref().map(|report| report.report.verdict)
        };
        verdict(&pair.before) != verdict(&pair.after)
    };
    let changed = compared.iter().filter(verdicts).count();
    let (all, others) = (compared.len(), pairs.len() - compared.len());
    text.push_str(&format!(
        "{all} compared, {changed} of another verdict, {others} not compared\n"
    ));
    text
}

const LEGEND: &str = "\
moved: ‖B − A‖/‖A‖; distance: mean distance of the singular values; top, bottom: angle between the
strongest and the weakest directions (random: of unrelated ones), in radians; directions: significant
singular values of the change, with the p of the largest
";

fn drift(pairs: &[&Compared]) -> Table {
    let columns =
        ["name", "shape", "moved", "distance", "top", "bottom", "random", "directions", "p"];
    let row = |pair: &&Compared| {
        let drift = pair.drift.as_ref();
        let change = drift.and_then(|drift| drift.change.as_ref());
        let test = change.map(|change| &change.spectrum);
        let directions = test.and_then(|test| test.significant_above);
        vec![
            clean(&pair.layer.path()),
            shown::shape(pair.shape),
            number(drift.and_then(|drift| drift.relative_norm)),
            number(drift.and_then(|drift| drift.spectrum_distance)),
            angle(drift.and_then(|drift| drift.angle_top)),
            angle(drift.and_then(|drift| drift.angle_bottom)),
            number(drift.and_then(|drift| drift.angle_random)),
            shown::count(directions, test.is_some_and(|test| test.significant_above_cut_off)),
            p(test.and_then(|test| test.p_above)),
        ]
    };
    Table::new(columns.map(str::to_owned).into(), pairs.iter().map(row).collect())
}

/// Angles that small are rounding.
fn angle(angle: Option<f64>) -> String {
    number(angle.map(|angle| if angle < 1e-6 { 0.0 } else { angle }))
}

fn p(p: Option<f64>) -> String {
    p.map_or(NONE.into(), shown::p_value)
}

/// A statistic as it stands in a cell.
type Cell = fn(&MatrixReport) -> String;

const CHANGES: [(&str, Cell); 11] = [
    ("verdict", |r| shown::verdict(r.verdict)),
    ("above", shown::above),
    ("below", shown::below),
    ("p above", |r| p(r.p_above)),
    ("p below", |r| p(r.p_below)),
    ("p bulk", |r| p(r.p_bulk)),
    ("p left", |r| p(r.left.as_ref().map(|side| side.p))),
    ("p right", |r| p(r.right.as_ref().map(|side| side.p))),
    ("alpha", |r| number(shown::alpha(r))),
    ("stable rank", |r| number(shown::stable_rank(r))),
    ("scale", |r| number(r.scale)),
];

fn changes(pairs: &[&Compared]) -> Table {
    let columns = ["name"].into_iter().chain(CHANGES.map(|(name, _)| name)).map(str::to_owned);
    let row = |pair: &&Compared| {
        let cell = |(_, cell): (&str, Cell)| {
            let side = |report: &Option<rmt_core::LayerReport>| {
                report.as_ref().map_or(NONE.into(), |report| cell(&report.report))
            };
            let (before, after) = (side(&pair.before), side(&pair.after));
            if before == after { after } else { format!("{before} → {after}") }
        };
        [clean(&pair.layer.path())].into_iter().chain(CHANGES.map(cell)).collect()
    };
    Table::new(columns.collect(), pairs.iter().map(row).collect())
}
