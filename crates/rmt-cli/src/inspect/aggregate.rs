//! Means over the matrices of a kind, of a block, and over the experts of a mixture.

use crate::measure::Row;
use crate::terminal::clean;
use rmt_core::Table;
use rmt_core::figures::{Figure, Unit};
use rmt_core::layers::LayerId;
use rmt_core::shown::{self, number, percent};
use rmt_core::{Aggregate, MatrixReport, Mean};
use std::collections::BTreeMap;

/// Heads of the columns behind the group's own.
fn heads() -> impl Iterator<Item = &'static str> {
    ["matrices", "deviate"].into_iter().chain(Mean::in_tables().map(|(_, figure)| figure.head))
}

/// Counts and means.
fn means(reports: &[&MatrixReport]) -> Vec<String> {
    let group = Aggregate::of(reports.iter().copied());
    let means = Mean::in_tables().map(|(mean, figure)| cell(mean, figure, &group));
    counts(&group).into_iter().chain(means).collect()
}

/// Counts, and means with the least and the largest.
fn spread(reports: &[&MatrixReport]) -> Vec<String> {
    let group = Aggregate::of(reports.iter().copied());
    let each: Vec<Aggregate> = reports.iter().map(|report| Aggregate::of([*report])).collect();
    let cells = Mean::in_tables().map(|(mean, figure)| {
        let own = cell(mean, figure, &group);
        let known = each.iter().filter_map(|one| Some((mean.value(one)?, one)));
        let least = known.clone().min_by(|(a, _), (b, _)| a.total_cmp(b));
        let largest = known.max_by(|(a, _), (b, _)| a.total_cmp(b));
        match least.zip(largest) {
            Some(((_, least), (_, largest))) => {
                let ends = [least, largest].map(|end| cell(mean, figure, end).replace(" %", ""));
                format!("{own} ({})", ends.join("–"))
            }
            None => own,
        }
    });
    counts(&group).into_iter().chain(cells).collect()
}

fn counts(group: &Aggregate) -> [String; 2] {
    [group.matrices.to_string(), group.deviating.to_string()]
}

fn cell(mean: &Mean, figure: &Figure, group: &Aggregate) -> String {
    let value = mean.value(group);
    let text = match figure.unit {
        Unit::Count | Unit::Fraction => percent(value),
        _ => number(value),
    };
    shown::at_least(text, mean.is_lower_bound(group))
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
    table("kind", &groups, name, checkpoints, means)
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
    table("block", &groups, name, checkpoints, means)
}

/// The same of the matrices that a mixture has once for each expert, with the least and the largest of them.
pub(super) fn by_expert(rows: &[Row], checkpoints: Option<&[String]>) -> Table {
    let mut names: Vec<String> = Vec::new();
    let groups = groups(rows, |row| {
        let name = of_any_expert(&row.report.layer)?;
        Some(names.iter().rposition(|known| *known == name).unwrap_or_else(|| {
            names.push(name);
            names.len() - 1
        }))
    });
    let groups = groups.into_iter().filter(|(_, group)| group.len() > 1).collect();
    let name = |place: usize| names.get(place).map(|name| clean(name)).unwrap_or_default();
    table("experts", &groups, name, checkpoints, spread)
}

/// The path with a star for the number of the expert, or of the place in a stack.
fn of_any_expert(layer: &LayerId) -> Option<String> {
    if layer.part.as_ref().is_some_and(|part| part.parse::<usize>().is_ok()) {
        return Some(format!("{}.*", layer.name));
    }
    let path = layer.path();
    let mut parts: Vec<&str> = path.split('.').collect();
    let experts = parts.iter().position(|part| part.ends_with("experts") || *part == "expert")?;
    let number = parts.get_mut(experts + 1)?;
    number.parse::<usize>().ok()?;
    *number = "*";
    Some(parts.join("."))
}

/// Reports that have a key, by checkpoint and key.
fn groups<'a>(rows: &'a [Row], mut key: impl FnMut(&Row) -> Option<usize>) -> Groups<'a> {
    let mut groups = Groups::new();
    for row in rows {
        if let Some(key) = key(row) {
            groups.entry((row.checkpoint, key)).or_default().push(&row.report.report);
        }
    }
    groups
}

type Groups<'a> = BTreeMap<(usize, usize), Vec<&'a MatrixReport>>;

fn table(
    what: &str,
    groups: &Groups<'_>,
    name: impl Fn(usize) -> String,
    checkpoints: Option<&[String]>,
    cells: fn(&[&MatrixReport]) -> Vec<String>,
) -> Table {
    let first = checkpoints.map(|_| "checkpoint").into_iter().chain([what]);
    let columns = first.map(str::to_owned).chain(heads().map(str::to_owned)).collect();
    let rows = groups.iter().map(|((checkpoint, key), group)| {
        let names = checkpoints.into_iter().filter_map(|names| names.get(*checkpoint).cloned());
        names.chain([name(*key)]).chain(cells(group)).collect()
    });
    Table::new(columns, rows.collect())
}
