//! What a comparison found, in a few lines: where it moved, by matrix, kind and block.

use super::pair::Compared;
use crate::terminal::clean;
use rmt_core::shown;
use std::collections::HashSet;

/// Matrices that are named at each end.
const NAMED: usize = 3;

/// How far one matrix moved, relative to its norm.
type Moved<'a> = (f64, &'a Compared);

/// The lines; none where nothing was compared.
pub(super) fn finding<'a>(pairs: &[&'a Compared]) -> String {
    let of = |pair: &Compared| pair.drift.as_ref()?.relative_norm;
    let moved: Vec<Moved<'a>> = pairs.iter().filter_map(|pair| Some((of(pair)?, *pair))).collect();
    let mut ranked: Vec<Moved<'_>> =
        moved.iter().filter(|(size, _)| *size > 0.0).copied().collect();
    ranked.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    let count = ranked.len();
    if count == 0 {
        return if moved.is_empty() { String::new() } else { "nothing moved\n".into() };
    }
    let name = |(size, pair): &Moved<'_>| {
        format!("{} {}", clean(&pair.layer.path()), shown::number(Some(*size)))
    };
    let list = |items: Vec<String>| items.join(", ");
    let mut lines = vec![format!(
        "{count} of {} moved; most: {}",
        moved.len(),
        list(ranked.iter().take(NAMED).map(name).collect())
    )];
    if count > NAMED {
        lines.push(format!("least: {}", list(ranked.iter().rev().take(NAMED).map(name).collect())));
    }
    let kind = |pair: &Compared| Some(pair.layer.kind.to_string());
    let stacks: HashSet<_> = moved.iter().filter_map(|(_, pair)| pair.layer.stack()).collect();
    let block = |pair: &Compared| {
        let (stack, block) = (pair.layer.stack()?, pair.layer.block?);
        Some(if stacks.len() > 1 { format!("{stack}.{block}") } else { block.to_string() })
    };
    let mut kinds = means(&moved, kind);
    kinds.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    lines.push(format!("mean movement by kind: {}", list(kinds.iter().map(shown_mean).collect())));
    let directions = |(_, pair): &Moved<'a>| {
        let change = pair.drift.as_ref()?.change.as_ref()?;
        Some((change.structure.as_ref()?.above.count as f64, *pair))
    };
    let directions: Vec<Moved<'_>> = moved.iter().filter_map(directions).collect();
    if !directions.is_empty() {
        let kinds = means(&directions, kind);
        lines.push(format!(
            "mean directions of the change by kind: {}",
            list(kinds.iter().map(shown_mean).collect())
        ));
    }
    let blocks = means(&moved, block);
    if blocks.len() > 1 {
        lines.push(format!("by block: {}", list(blocks.iter().map(shown_mean).collect())));
    }
    lines.join("\n") + "\n"
}

fn shown_mean((name, mean): &(String, f64)) -> String {
    format!("{} {}", clean(name), shown::number(Some(*mean)))
}

/// Means over the matrices that have a key in common, in the order in which keys come first.
fn means(moved: &[Moved<'_>], key: impl Fn(&Compared) -> Option<String>) -> Vec<(String, f64)> {
    let mut sums: Vec<(String, f64, usize)> = Vec::new();
    for (size, pair) in moved {
        let Some(key) = key(pair) else { continue };
        match sums.iter_mut().find(|(known, ..)| *known == key) {
            Some((_, sum, count)) => {
                *sum += size;
                *count += 1;
            }
            None => sums.push((key, *size, 1)),
        }
    }
    sums.into_iter().map(|(key, sum, count)| (key, sum / count as f64)).collect()
}
