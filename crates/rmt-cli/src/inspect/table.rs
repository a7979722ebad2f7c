//! The table of `rmt inspect`.

use super::ranking::{Ranked, Ranking, name};
use super::{aggregate, summary};
use crate::checkpoint::Checkpoint;
use crate::measure::Row;
use crate::terminal::{clean, section};
use rmt_core::Table;
use rmt_core::figures::Figure;
use rmt_core::shown;

/// What may be left out of a terminal that is too narrow, the first first.
const OPTIONAL: [&str; 8] =
    ["kind", "stable rank", "shape", "alpha", "condition", "eff rank", "right", "left"];
const OPTIONAL_MEANS: [&str; 4] = ["stable rank", "alpha", "right", "left"];

/// The report of `rows`, in at most `width` columns where that is given.
pub(super) fn text(rows: &[Row], checkpoints: &[Checkpoint], level: f64, form: Form) -> String {
    let Form { width, verbose, ranking } = form;
    let names: Vec<String> = checkpoints.iter().map(|c| clean(&c.name())).collect();
    let names = (names.len() > 1).then_some(names.as_slice());
    let Ranked { rows: shown, line } = ranking.of(rows);
    let by = ranking.figure();
    let optional: Vec<&str> =
        OPTIONAL.into_iter().filter(|head| by.is_none_or(|by| name(by) != *head)).collect();
    let mut text = section(matrices(&shown, names, by), width, &optional);
    text.push_str(&line);
    text.push_str(&summary::failures(rows));
    text.push_str(&summary::verdicts(rows, level));
    text.push_str(LEGEND);
    text.push_str(&summary::kurtosis(rows));
    for table in [
        aggregate::by_kind(rows, names),
        aggregate::by_block(rows, names),
        aggregate::by_expert(rows, names),
    ] {
        if !table.rows.is_empty() {
            text.push('\n');
            text.push_str(&section(table, width, &OPTIONAL_MEANS));
        }
    }
    text.push_str(MEANS);
    text.push('\n');
    text.push_str(&summary::skipped(checkpoints, verbose));
    text.push_str(&summary::files(checkpoints, verbose));
    text.push_str(&summary::notes(rows));
    text
}

/// How it is printed.
#[derive(Clone, Copy)]
pub(super) struct Form {
    /// Columns of the terminal.
    pub(super) width: Option<usize>,
    /// Whether every skipped tensor is named.
    pub(super) verbose: bool,
    pub(super) ranking: Ranking,
}

const LEGEND: &str = "\
structure: not explained by the scale of rows and columns; scale: explained by it, or by the tails of the entries;
above, below: directions of structure with large and with small singular values (≥: at least);
left, right: singular vectors on the output and the input side that are not random (1 % if all are);
eff rank: number of equal directions with the same entropy of energy; condition: largest over smallest singular value
";
const MEANS: &str = "means over matrices; above, below: fractions of the smaller side\n";

/// Figures of a matrix that have a column.
const FIGURES: [&str; 8] = [
    "structure.above.count",
    "structure.below.count",
    "left.ks_rejected",
    "right.ks_rejected",
    "heavy_tail.alpha",
    "heavy_tail.stable_rank",
    "heavy_tail.effective_rank",
    "heavy_tail.condition_number",
];

/// The columns, and that of the figure that they are ranked by.
fn matrices(rows: &[&Row], checkpoints: Option<&[String]>, by: Option<&'static Figure>) -> Table {
    let mut figures: Vec<&Figure> = FIGURES.into_iter().filter_map(Figure::named).collect();
    figures.extend(by.filter(|by| !figures.iter().any(|figure| figure.key == by.key)));
    let heads = figures.iter().map(|figure| name(figure));
    let own = ["name", "kind", "shape", "verdict"].into_iter().chain(heads);
    let mut columns: Vec<String> = own.map(str::to_owned).collect();
    if checkpoints.is_some() {
        columns.insert(1, "checkpoint".into());
    }
    let rows = rows.iter().map(|row| {
        let report = &row.report.report;
        let verdict = match row.failed {
            Some(_) => "failed".to_owned(),
            None => shown::verdict(report.verdict),
        };
        let mut cells = vec![
            clean(&row.report.layer.path()),
            shown::kind(&row.report),
            shown::shape(report.shape),
            verdict,
        ];
        cells.extend(figures.iter().map(|figure| figure.shown(report)));
        if let Some(name) = checkpoints.and_then(|names| names.get(row.checkpoint)) {
            cells.insert(1, name.clone());
        }
        cells
    });
    Table::new(columns, rows.collect())
}
