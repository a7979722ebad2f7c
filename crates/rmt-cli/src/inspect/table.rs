//! The table of `rmt inspect`.

use super::{aggregate, summary};
use crate::checkpoint::Checkpoint;
use crate::measure::Row;
use crate::terminal::{clean, section};
use rmt_core::Table;
use rmt_core::figures::Figure;
use rmt_core::shown;

/// What may be left out of a terminal that is too narrow, the first first.
const OPTIONAL: [&str; 6] = ["kind", "stable rank", "shape", "alpha", "right", "left"];
const OPTIONAL_MEANS: [&str; 4] = ["stable rank", "alpha", "right", "left"];

/// All that is said of `rows`, in at most `width` columns where that is given.
pub(super) fn text(
    rows: &[Row],
    checkpoints: &[Checkpoint],
    level: f64,
    (width, verbose): (Option<usize>, bool),
) -> String {
    let names: Vec<String> = checkpoints.iter().map(|c| clean(&c.name())).collect();
    let names = (names.len() > 1).then_some(names.as_slice());
    let mut text = section(matrices(rows, names), width, &OPTIONAL);
    text.push_str(&summary::failures(rows));
    text.push_str(&summary::verdicts(rows, level));
    text.push_str(LEGEND);
    for table in [aggregate::by_kind(rows, names), aggregate::by_block(rows, names)] {
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

const LEGEND: &str = "\
structure: not explained by the scale of rows and columns; scale: explained by it, or by the tails of the entries;
above, below: directions of structure with large and with small singular values (≥: at least);
left, right: singular vectors on the output and the input side that are not random (1 % if all are)
";
const MEANS: &str = "means over matrices; above, below: fractions of the smaller side\n";

/// Figures of a matrix that have a column.
const FIGURES: [&str; 6] = [
    "structure.above.count",
    "structure.below.count",
    "left.ks_rejected",
    "right.ks_rejected",
    "heavy_tail.alpha",
    "heavy_tail.stable_rank",
];

fn matrices(rows: &[Row], checkpoints: Option<&[String]>) -> Table {
    let figures = FIGURES.map(Figure::named);
    let heads = figures.iter().flatten().map(|figure| figure.head);
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
        cells.extend(figures.iter().flatten().map(|figure| figure.shown(report)));
        if let Some(name) = checkpoints.and_then(|names| names.get(row.checkpoint)) {
            cells.insert(1, name.clone());
        }
        cells
    });
    Table::new(columns, rows.collect())
}
