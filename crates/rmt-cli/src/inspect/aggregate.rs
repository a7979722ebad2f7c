//! Means over the matrices of a kind, and of a block.

use crate::cells::{self, number, percent};
use crate::measure::Row;
use rmt_core::MatrixReport;
use rmt_core::report::Verdict;
use rmt_core::sanity::Table;
use std::collections::BTreeMap;

/// Matrices that have something in common.
#[derive(Debug, Default)]
struct Group {
    matrices: usize,
    deviating: usize,
    means: [Mean; 8],
}

#[derive(Debug, Clone, Copy, Default)]
struct Mean {
    sum: f64,
    count: usize,
}

impl Mean {
    fn add(&mut self, x: Option<f64>) {
        if let Some(x) = x {
            self.sum += x;
            self.count += 1;
        }
    }

    fn value(self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / self.count as f64)
    }
}

/// Heads of the columns behind the group's own.
const COLUMNS: [&str; 10] = [
    "matrices",
    "deviate",
    "above",
    "(signif.)",
    "below",
    "(signif.)",
    "left",
    "right",
    "alpha",
    "stable rank",
];

impl Group {
    fn add(&mut self, report: &MatrixReport) {
        self.matrices += 1;
        self.deviating += usize::from(report.verdict == Verdict::Deviates);
        let share =
            |count: Option<usize>| count.map(|count| count as f64 / report.small_side as f64);
        let figures = [
            share(report.outliers_above),
            share(report.significant_above),
            share(report.outliers_below),
            share(report.significant_below),
            cells::left(report),
            cells::right(report),
            cells::alpha(report),
            cells::stable_rank(report),
        ];
        self.means.iter_mut().zip(figures).for_each(|(mean, x)| mean.add(x));
    }

    fn cells(&self) -> Vec<String> {
        let mut cells = vec![self.matrices.to_string(), self.deviating.to_string()];
        let [fractions @ .., alpha, stable_rank] = self.means.map(Mean::value);
        cells.extend(fractions.map(percent));
        cells.extend([number(alpha), number(stable_rank)]);
        cells
    }
}

/// A table of the kinds: counts, and means of the counts as fractions of the smaller side.
pub(super) fn by_kind(rows: &[Row], checkpoints: Option<&[String]>) -> Table {
    // In the order in which the model has them.
    let mut order: Vec<String> = Vec::new();
    let key = |row: &Row| {
        let kind = cells::kind(&row.report);
        let place = order.iter().position(|known| *known == kind).unwrap_or_else(|| {
            order.push(kind);
            order.len() - 1
        });
        Some(place)
    };
    let groups = groups(rows, key);
    let name = |place: usize| order.get(place).cloned().unwrap_or_default();
    table("kind", &groups, name, checkpoints)
}

/// The same of the blocks; without rows where no name has a block.
pub(super) fn by_block(rows: &[Row], checkpoints: Option<&[String]>) -> Table {
    let groups = groups(rows, |row| row.report.layer.block);
    table("block", &groups, |block| block.to_string(), checkpoints)
}

fn groups(
    rows: &[Row],
    mut key: impl FnMut(&Row) -> Option<usize>,
) -> BTreeMap<(usize, usize), Group> {
    let mut groups: BTreeMap<(usize, usize), Group> = BTreeMap::new();
    for row in rows {
        if let Some(key) = key(row) {
            groups.entry((row.checkpoint, key)).or_default().add(&row.report.report);
        }
    }
    groups
}

fn table(
    what: &str,
    groups: &BTreeMap<(usize, usize), Group>,
    name: impl Fn(usize) -> String,
    checkpoints: Option<&[String]>,
) -> Table {
    let first = checkpoints.map(|_| "checkpoint").into_iter().chain([what]);
    let columns = first.chain(COLUMNS).map(str::to_owned).collect();
    let rows = groups.iter().map(|((checkpoint, key), group)| {
        let names = checkpoints.into_iter().filter_map(|names| names.get(*checkpoint).cloned());
        names.chain([name(*key)]).chain(group.cells()).collect()
    });
    Table::new(columns, rows.collect())
}
