//! The shipped table of nulls: simulated once on a grid of shapes, interpolated between them.
//!
//! `data/spectral_nulls.csv` (with the default scale estimator) and `data/vector_nulls.csv` are made
//! by a program of the repository, `null_table`, so that a first analysis needs no simulation.

use super::{SpectralNull, TailTable, VectorNull};
use std::sync::LazyLock;

/// Seed of the shipped table.
pub(super) const SEED: u64 = 0x2410_1777;

/// The spectral null of m×n matrices with the default scale estimator, between the nodes of the
/// grid; `None` below m = 16.
///
/// Linear in ln δ along each row of the grid, then linear in ln m; δ = 0 and 1 have nodes of their
/// own. Beyond the last small side the edges keep their last correction to the asymptotic law, and
/// the bulk distance goes on growing like ln m. Beyond δ = 16·m the last node holds.
pub(super) fn spectral(small: usize, large: usize) -> Option<SpectralNull> {
    let difference = large.checked_sub(small)?;
    let rows = &TABLE.spectral;
    let above = rows.partition_point(|row| row.small <= small);
    let low = rows.get(above.checked_sub(1)?)?;
    let Some(high) = rows.get(above) else {
        let before = rows.get(above.checked_sub(2)?)?;
        let [a, b] = [before, low].map(|row| row.at(difference));
        let (a, b) = (a?, b?);
        let t = (small as f64 / before.small as f64).ln()
            / (low.small as f64 / before.small as f64).ln();
        let bulk = a.bulk.interpolate(&b.bulk, t);
        return Some(SpectralNull { bulk, ..b });
    };
    let t = (small as f64 / low.small as f64).ln() / (high.small as f64 / low.small as f64).ln();
    let node = low.at(difference)?;
    if t == 0.0 { Some(node) } else { Some(node.interpolate(&high.at(difference)?, t)) }
}

/// The null of vectors of `length` entries: of single ones (`width` 1) or of
/// [`VectorNull::WINDOW`] together; `None` for other widths or below length 16.
pub(super) fn vector(length: usize, width: usize) -> Option<VectorNull> {
    let rows = TABLE.vector.iter().filter(|node| node.width == width);
    let low = rows.clone().rfind(|node| node.length <= length)?;
    let high = rows.clone().find(|node| node.length > length);
    let table = match high {
        // The variable is nearly independent of the length: what is left goes like 1/N.
        Some(high) => {
            let inverse = |n: usize| 1.0 / n as f64;
            let t = (inverse(length) - inverse(low.length))
                / (inverse(high.length) - inverse(low.length));
            low.table.interpolate(&high.table, t)
        }
        None => low.table.clone(),
    };
    Some(VectorNull::new(length, width, table))
}

/// The longest vectors of the table; longer ones follow them.
pub(super) fn longest() -> usize {
    TABLE.vector.iter().map(|node| node.length).max().unwrap_or(usize::MAX)
}

/// The null of the combined p of an orthonormal basis of `length` dimensions
/// ([`simulate_frame`](super::simulate_frame)); `None` below 16.
pub(super) fn frame(length: usize) -> Option<TailTable> {
    let rows = &TABLE.frame;
    let above = rows.partition_point(|(n, _)| *n <= length);
    let (n0, low) = rows.get(above.checked_sub(1)?)?;
    let Some((n1, high)) = rows.get(above) else { return Some(low.clone()) };
    let ln = |n: usize| (n as f64).ln();
    Some(low.interpolate(high, (ln(length) - ln(*n0)) / (ln(*n1) - ln(*n0))))
}

/// All nodes with one small side.
struct Row {
    small: usize,
    /// By δ, ascending.
    nodes: Vec<(usize, SpectralNull)>,
}

impl Row {
    fn at(&self, difference: usize) -> Option<SpectralNull> {
        let above = self.nodes.partition_point(|(d, _)| *d <= difference);
        let (d0, low) = self.nodes.get(above.checked_sub(1)?)?;
        match self.nodes.get(above) {
            Some((d1, high)) if *d0 >= 2 && difference > *d0 => {
                let ln = |d: usize| (d as f64).ln();
                let t = (ln(difference) - ln(*d0)) / (ln(*d1) - ln(*d0));
                Some(low.interpolate(high, t))
            }
            _ => Some(low.clone()),
        }
    }
}

struct VectorNode {
    length: usize,
    width: usize,
    table: TailTable,
}

struct Table {
    spectral: Vec<Row>,
    vector: Vec<VectorNode>,
    /// By dimension, ascending.
    frame: Vec<(usize, TailTable)>,
}

/// Lines that do not parse are left out, and what they would serve is simulated.
static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let vectors = || lines(include_str!("../../data/vector_nulls.csv"));
    let frame = vectors()
        .filter(|(statistic, ..)| *statistic == "frame")
        .map(|(_, [length, _], table)| (length, table))
        .collect();
    let vector = vectors()
        .filter(|(statistic, ..)| *statistic == "vector")
        .map(|(_, [length, width], table)| VectorNode { length, width, table })
        .collect();
    let mut spectral: Vec<Row> = Vec::new();
    let nodes: Vec<_> = lines(include_str!("../../data/spectral_nulls.csv")).collect();
    for triple in nodes.chunks_exact(3) {
        let [(_, [small, difference], above), (_, _, below), (_, _, bulk)] = triple else {
            continue;
        };
        let null = SpectralNull { above: above.clone(), below: below.clone(), bulk: bulk.clone() };
        match spectral.last_mut() {
            Some(row) if row.small == *small => row.nodes.push((*difference, null)),
            _ => spectral.push(Row { small: *small, nodes: vec![(*difference, null)] }),
        }
    }
    Table { spectral, vector, frame }
});

fn lines(text: &str) -> impl Iterator<Item = (&str, [usize; 2], TailTable)> {
    text.lines().skip(1).filter_map(|line| {
        let mut fields = line.split(',');
        let statistic = fields.next()?;
        let key = [fields.next()?.parse().ok()?, fields.next()?.parse().ok()?];
        let draws = fields.next()?.parse().ok()?;
        let rate = fields.next()?.parse().ok()?;
        let error = fields.next()?.parse().ok()?;
        let quantiles: Result<Vec<f64>, _> = fields.map(str::parse).collect();
        Some((statistic, key, TailTable::new(draws, quantiles.ok()?, rate, error)?))
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::laws::scale::ScaleEstimator;

    const SPECTRAL: &str = include_str!("../../data/spectral_nulls.csv");
    const VECTOR: &str = include_str!("../../data/vector_nulls.csv");

    #[test]
    fn every_line_parses() {
        let nodes: usize = TABLE.spectral.iter().map(|row| row.nodes.len()).sum();
        assert_eq!(SPECTRAL.lines().count(), 1 + 3 * nodes);
        assert_eq!(VECTOR.lines().count(), 1 + TABLE.vector.len() + TABLE.frame.len());
    }

    #[test]
    fn between_the_nodes_the_table_agrees_with_simulation() {
        // Off the grid in both directions, near the square and far from it.
        for (m, n) in [(59, 128), (48, 51), (100, 147), (90, 100), (23, 400)] {
            let shipped = spectral(m, n).unwrap();
            let draws = 6000;
            let estimator = ScaleEstimator::default();
            let simulated = SpectralNull::simulate(m, n, estimator, draws, 77).unwrap();
            let pairs = [
                ("above", &shipped.above, &simulated.above),
                ("below", &shipped.below, &simulated.below),
                ("bulk", &shipped.bulk, &simulated.bulk),
            ];
            for (name, shipped, simulated) in pairs {
                for p in [0.9, 0.5, 0.1, 0.05, 0.01] {
                    // Where the simulation puts p, the shipped table must see p.
                    let found = shipped.p_value(simulated.upper_quantile(p)).p;
                    // Four standard errors of the simulated quantile, and 2 % for the table.
                    let error = 4.0 * (p * (1.0 - p) / draws as f64).sqrt() + 0.02 * p;
                    assert!((found - p).abs() < error, "{name} {m}×{n}: {p} {found}");
                }
            }
        }
    }

    #[test]
    fn beyond_the_grid_and_below_it() {
        assert!(spectral(15, 40).is_none() && vector(15, 1).is_none() && frame(15).is_none());
        assert!(vector(64, 3).is_none() && spectral(20, 10).is_none());
        // The bulk distance goes on growing like ln m; the edges keep their last correction.
        let (last, beyond) = (spectral(2048, 4096).unwrap(), spectral(4096, 8192).unwrap());
        let growth = beyond.bulk.upper_quantile(0.05) - last.bulk.upper_quantile(0.05);
        assert!((0.2..0.4).contains(&growth), "{growth}");
        assert!((beyond.above.upper_quantile(0.01) - last.above.upper_quantile(0.01)).abs() < 0.1);
        let wide = spectral(32, 1_000_000).unwrap();
        assert_eq!(wide, spectral(32, 32 + 16 * 32).unwrap());
    }
}
