//! The shipped table of nulls: simulated once on a grid of shapes, interpolated between them.
//!
//! `data/spectral_nulls.csv` (with the default scale estimator) and `data/vector_nulls.csv` are made
//! by `data/null_table.rs`, so that a first look at a matrix needs no simulation.

use super::{SpectralNull, TailTable, VectorNull, simulate_frame};
use crate::RmtError;
use crate::laws::scale::ScaleEstimator;
use std::fmt::Write;
use std::sync::LazyLock;

/// Small sides m of the grid.
pub const SMALL_SIDES: [usize; 8] = [16, 32, 64, 128, 256, 512, 1024, 2048];
/// Lengths N of the grid of vectors; longer ones follow the last.
pub const LENGTHS: [usize; 9] = [16, 24, 32, 48, 64, 96, 128, 192, 256];
/// Dimensions N of the grid of orthonormal bases; larger ones follow the last.
pub const FRAMES: [usize; 6] = [16, 32, 64, 128, 256, 512];
/// Seed of the shipped table.
pub const SEED: u64 = 0x2410_1777;

/// Draws of each node: enough that the level .002 of one test is known to 3 % up to m = 512.
fn draws_for(small: usize) -> usize {
    match small {
        0..=128 => 99_999,
        129..=256 => 39_999,
        257..=512 => 19_999,
        513..=1024 => 9_999,
        _ => 3_999,
    }
}

/// Draws behind each vector null.
const VECTOR_DRAWS: usize = 399_999;
/// Draws behind each null of pooled vectors.
const WINDOW_DRAWS: usize = 99_999;

/// δ = n − m of the grid at this small side: 0 and 1 have laws of their own, then powers of two up
/// to 16·m; where each draw is costly, every other one.
pub fn differences(small: usize) -> Vec<usize> {
    let step = if small < 1024 { 2 } else { 4 };
    let mut powers: Vec<usize> = std::iter::successors(Some(2), |d| Some(d * step))
        .take_while(|&d| d < 16 * small)
        .collect();
    powers.push(16 * small);
    [vec![0, 1], powers].concat()
}

/// One node of the grid, simulated.
fn simulate(small: usize, difference: usize) -> Result<SpectralNull, RmtError> {
    let seed = SEED ^ ((small as u64) << 32) ^ difference as u64;
    let estimator = ScaleEstimator::default();
    SpectralNull::simulate(small, small + difference, estimator, draws_for(small), seed)
}

/// Simulates one node of the grid: its three lines of `data/spectral_nulls.csv`.
///
/// # Errors
/// [`RmtError::Domain`] unless `small` ≥ 2.
pub fn spectral_lines(small: usize, difference: usize) -> Result<[String; 3], RmtError> {
    let null = simulate(small, difference)?;
    let tables = [("above", &null.above), ("below", &null.below), ("bulk", &null.bulk)];
    Ok(tables.map(|(name, table)| line(name, [small, difference], table)))
}

/// Simulates one node of the vectors' grid, pooled over `width` neighbours where that is more than
/// 1: its line of `data/vector_nulls.csv`.
///
/// # Errors
/// [`RmtError::Domain`] unless `length` ≥ 2 and `width` ≥ 1.
pub fn vector_line(length: usize, width: usize) -> Result<String, RmtError> {
    let draws = if width == 1 { VECTOR_DRAWS } else { WINDOW_DRAWS };
    let null = VectorNull::simulate(length, width, draws, SEED)?;
    Ok(line("vector", [length, width], null.table()))
}

/// Draws behind the null of a basis.
fn frame_draws(length: usize) -> usize {
    match length {
        0..=64 => 39_999,
        65..=128 => 19_999,
        129..=256 => 7_999,
        _ => 1_999,
    }
}

/// Simulates one node of the grid of orthonormal bases: its line of `data/vector_nulls.csv`. Its
/// vectors are judged by the shipped table, which must be complete before.
///
/// # Errors
/// [`RmtError::Domain`] unless `length` ≥ 16.
pub fn frame_line(length: usize) -> Result<String, RmtError> {
    let vector = vector(length, 1).ok_or(RmtError::Domain {
        law: "null of an orthonormal basis",
        requirement: "the shipped table begins at 16 entries",
    })?;
    let table = simulate_frame(length, &vector, frame_draws(length), SEED)?;
    Ok(line("frame", [length, length], &table))
}

fn line(statistic: &str, key: [usize; 2], table: &TailTable) -> String {
    let (rate, error) = table.rate();
    let mut line = format!("{statistic},{},{},{}", key[0], key[1], table.draws());
    // Writing to a string cannot fail.
    let _ = write!(line, ",{rate:.5},{error:.5}");
    for x in table.quantiles() {
        let _ = write!(line, ",{x:.5}");
    }
    line
}

/// The spectral null of m×n matrices with the default scale estimator, between the nodes of the
/// grid; `None` below m = 16.
///
/// Linear in ln δ along each row of the grid, then linear in ln m; δ = 0 and 1 have nodes of their
/// own. Beyond the last small side the edges keep their last correction to the asymptotic law, and
/// the bulk distance goes on growing like ln m. Beyond δ = 16·m the last node holds.
pub fn spectral(small: usize, large: usize) -> Option<SpectralNull> {
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
pub fn vector(length: usize, width: usize) -> Option<VectorNull> {
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

/// The null of the combined p of an orthonormal basis of `length` dimensions
/// ([`simulate_frame`]); `None` below 16.
pub fn frame(length: usize) -> Option<TailTable> {
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

    const SPECTRAL: &str = include_str!("../../data/spectral_nulls.csv");
    const VECTOR: &str = include_str!("../../data/vector_nulls.csv");

    #[test]
    fn every_line_parses_and_every_node_is_there() {
        let nodes: usize = SMALL_SIDES.iter().map(|&m| differences(m).len()).sum();
        assert_eq!(TABLE.spectral.iter().map(|row| row.nodes.len()).sum::<usize>(), nodes);
        assert_eq!(SPECTRAL.lines().count(), 1 + 3 * nodes);
        for (row, small) in TABLE.spectral.iter().zip(SMALL_SIDES) {
            assert_eq!(row.small, small);
            let found: Vec<usize> = row.nodes.iter().map(|(difference, _)| *difference).collect();
            assert_eq!(found, differences(small));
        }
        assert_eq!(TABLE.vector.len(), 2 * LENGTHS.len());
        assert_eq!(TABLE.frame.len(), FRAMES.len());
        assert_eq!(VECTOR.lines().count(), 1 + 2 * LENGTHS.len() + FRAMES.len());
    }

    /// The figures of a line; other processors may round differently.
    fn assert_same(found: &str, table: &str) {
        let key: Vec<&str> = found.split(',').take(4).collect();
        let stored = table.lines().find(|line| line.split(',').take(4).eq(key.iter().copied()));
        let stored: Vec<&str> = stored.unwrap().split(',').collect();
        let found: Vec<&str> = found.split(',').collect();
        assert_eq!(found.len(), stored.len());
        for (x, y) in found[4..].iter().zip(&stored[4..]) {
            let (x, y): (f64, f64) = (x.parse().unwrap(), y.parse().unwrap());
            assert!((x - y).abs() < 2e-3, "{key:?}: {x} {y}");
        }
    }

    #[test]
    fn a_slice_of_the_table_is_made_again() {
        for difference in [0, 2] {
            for line in spectral_lines(16, difference).unwrap() {
                assert_same(&line, SPECTRAL);
            }
        }
        assert_same(&vector_line(24, 1).unwrap(), VECTOR);
        assert_same(&vector_line(16, VectorNull::WINDOW).unwrap(), VECTOR);
        assert_same(&frame_line(16).unwrap(), VECTOR);
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
