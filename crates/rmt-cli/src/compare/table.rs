//! The tables of `rmt compare`: how far matrices moved, and their statistics before and after.

use super::finding::finding;
use super::pair::{Compared, Outcome};
use crate::terminal::{clean, section};
use rmt_core::Table;
use rmt_core::figures::Figure;
use rmt_core::shown::{self, NONE};
use rmt_core::{LayerReport, MatrixReport};

/// What may be left out of a terminal that is too narrow, the first first.
const OPTIONAL_DRIFT: [&str; 3] = ["shape", "p", "distance"];
const OPTIONAL_CHANGES: [&str; 8] =
    ["scale", "stable rank", "alpha", "p right", "p left", "p bulk", "p below", "p above"];

/// The report of the pairs, in at most `width` columns where that is given.
pub(super) fn text(pairs: &[Compared], width: Option<usize>) -> String {
    let compared: Vec<&Compared> =
        pairs.iter().filter(|pair| pair.status == Outcome::Compared).collect();
    let mut text = String::new();
    if !compared.is_empty() {
        text.push_str(&section(drift(&compared), width, &OPTIONAL_DRIFT));
        text.push_str(LEGEND);
        text.push('\n');
        text.push_str(&section(changes(&compared), width, &OPTIONAL_CHANGES));
        text.push_str("before → after; a single figure is the same in both\n\n");
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
        let verdict =
            |report: &Option<LayerReport>| report.as_ref().map(|report| report.report.verdict);
        verdict(&pair.before) != verdict(&pair.after)
    };
    let changed = compared.iter().filter(verdicts).count();
    text.push_str(&finding(&compared));
    let (all, others) = (compared.len(), pairs.len() - compared.len());
    text.push_str(&format!(
        "{all} compared, {changed} with another verdict, {others} not compared\n"
    ));
    text
}

const LEGEND: &str = "\
moved: ‖B − A‖/‖A‖; distance: mean distance of the singular values; top, bottom: angle between the
strongest and the weakest directions (random: of unrelated ones), in radians; directions: of the change,
those that the scale of its rows and columns does not explain; p: of its largest singular value
";

/// Figures of the change that have a column.
const DRIFT: [&str; 7] = [
    "drift.relative_norm",
    "drift.spectrum_distance",
    "drift.angle_top",
    "drift.angle_bottom",
    "drift.angle_random",
    "drift.change.structure.above.count",
    "drift.change.p_above",
];

/// Figures of either matrix that have a column.
const SIDES: [&str; 10] = [
    "structure.above.count",
    "structure.below.count",
    "p_above",
    "p_below",
    "p_bulk",
    "left.p",
    "right.p",
    "heavy_tail.alpha",
    "heavy_tail.stable_rank",
    "scale",
];

fn drift(pairs: &[&Compared]) -> Table {
    let figures = DRIFT.map(Figure::named);
    let heads = figures.iter().flatten().map(|figure| figure.head);
    let columns = ["name", "shape"].into_iter().chain(heads).map(str::to_owned);
    let row = |pair: &&Compared| {
        let report = pair.after.as_ref().map(|after| {
            let mut report = after.report.clone();
            report.drift.clone_from(&pair.drift);
            report
        });
        let shown = |figure: &Figure| report.as_ref().map_or(NONE.into(), |r| figure.shown(r));
        let cells = figures.iter().flatten().map(|figure| shown(figure));
        [clean(&pair.layer.path()), shown::shape(pair.shape)].into_iter().chain(cells).collect()
    };
    Table::new(columns.collect(), pairs.iter().map(row).collect())
}

fn changes(pairs: &[&Compared]) -> Table {
    let figures = SIDES.map(Figure::named);
    let heads = figures.iter().flatten().map(|figure| figure.head);
    let columns = ["name", "verdict"].into_iter().chain(heads).map(str::to_owned);
    let row = |pair: &&Compared| {
        let cell = |cell: &dyn Fn(&MatrixReport) -> String| {
            let side = |report: &Option<LayerReport>| {
                report.as_ref().map_or(NONE.into(), |report| cell(&report.report))
            };
            let (before, after) = (side(&pair.before), side(&pair.after));
            if before == after { after } else { format!("{before} → {after}") }
        };
        let verdict = cell(&|report| shown::verdict(report.verdict));
        let cells = figures.iter().flatten().map(|figure| cell(&|report| figure.shown(report)));
        [clean(&pair.layer.path()), verdict].into_iter().chain(cells).collect()
    };
    Table::new(columns.collect(), pairs.iter().map(row).collect())
}
