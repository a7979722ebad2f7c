//! Means over the matrices of a kind, and of a block.

use crate::measure::Row;
use crate::terminal::clean;
use rmt_core::Table;
use rmt_core::figures::Unit;
use rmt_core::shown::{self, number, percent};
use rmt_core::{Aggregate, MatrixReport, Mean};
use std::collections::BTreeMap;

/// Heads of the columns behind the group's own.
fn heads() -> impl Iterator<Item = &'static str> {
    ["matrices", "deviate"].into_iter().chain(Mean::in_tables().map(|(_, figure)| figure.head))
}

fn cells(group: &Aggregate) -> Vec<String> {
    let means = Mean::in_tables().map(|(mean, figure)| {
        let value = mean.value(group);
        let shown = match figure.unit {
            Unit::Count | Unit::Fraction => percent(value),
            _ => number(value),
        };
        shown::at_least(shown, mean.is_lower_bound(group))
    });
    [group.matrices.to_string(), group.deviating.to_string()].into_iter().chain(means).collect()
}

/// A table of the kinds: counts, and means of the counts as fractions of the smaller side.
pub(super) fn by_kind(rows: &[Row], checkpoints: Option<&[String]>) -> Table {
    // In the order in which the model has them.
    let mut order: Vec<String> = Vec::new();
    let key = |row: &Row| {
        let kind = shown::kind(&row.report);
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
    let mut stacks: Vec<&str> = Vec::new();
    for row in rows {
        if let Some(stack) = row.report.layer.stack()
            && !stacks.contains(&stack)
        {
            stacks.push(stack);
        }
    }
    // Blocks of one number in two stacks are two, each under its whole name.
    let of = |row: &Row| {
        let (stack, block) = (row.report.layer.stack()?, row.report.layer.block?);
        Some((stacks.iter().position(|other| *other == stack)?, block))
    };
    let mut blocks: Vec<(usize, usize)> = rows.iter().filter_map(of).collect();
    blocks.sort_unstable();
    blocks.dedup();
    let groups = groups(rows, |row| blocks.binary_search(&of(row)?).ok());
    let name = |place: usize| match (blocks.get(place), stacks.as_slice()) {
        (Some((_, block)), [_]) => block.to_string(),
        (Some((stack, block)), stacks) => match stacks.get(*stack) {
            Some(&"") | None => block.to_string(),
            Some(stack) => clean(&format!("{stack}.{block}")),
        },
        (None, _) => String::new(),
    };
    table("block", &groups, name, checkpoints)
}

fn groups(
    rows: &[Row],
    mut key: impl FnMut(&Row) -> Option<usize>,
) -> BTreeMap<(usize, usize), Aggregate> {
    let mut groups: BTreeMap<(usize, usize), Vec<&MatrixReport>> = BTreeMap::new();
    for row in rows {
        if let Some(key) = key(row) {
            groups.entry((row.checkpoint, key)).or_default().push(&row.report.report);
        }
    }
    groups.into_iter().map(|(key, reports)| (key, Aggregate::of(reports))).collect()
}

fn table(
    what: &str,
    groups: &BTreeMap<(usize, usize), Aggregate>,
    name: impl Fn(usize) -> String,
    checkpoints: Option<&[String]>,
) -> Table {
    let first = checkpoints.map(|_| "checkpoint").into_iter().chain([what]);
    let columns = first.map(str::to_owned).chain(heads().map(str::to_owned)).collect();
    let rows = groups.iter().map(|((checkpoint, key), group)| {
        let names = checkpoints.into_iter().filter_map(|names| names.get(*checkpoint).cloned());
        names.chain([name(*key)]).chain(cells(group)).collect()
    });
    Table::new(columns, rows.collect())
}
