//! The shipped table of nulls: simulated once on a grid of shapes, interpolated between them.
//!
//! `data/spectral_nulls.csv` (with the default scale estimator) and `data/vector_nulls.csv` are made
//! by `data/null_table.rs`, so that a first look at a matrix needs no simulation.

use super::{SpectralNull, TailTable, VectorNull, simulate_frame};
use crate::RmtError;
use crate::statistics::scale::ScaleEstimator;
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
