//! The nodes of the shipped nulls, simulated.

use rmt_core::nulls::{Nulls, SpectralNull, TailTable, VectorNull, simulate_frame};
use rmt_core::{RmtError, ScaleEstimator};
use std::fmt::Write;

/// Small sides m of the grid.
pub const SMALL_SIDES: [usize; 8] = [16, 32, 64, 128, 256, 512, 1024, 2048];
/// Lengths N of the grid of vectors; longer ones follow the last.
pub const LENGTHS: [usize; 9] = [16, 24, 32, 48, 64, 96, 128, 192, 256];
/// Dimensions N of the grid of orthonormal bases; larger ones follow the last.
pub const FRAMES: [usize; 6] = [16, 32, 64, 128, 256, 512];
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
    let seed = Nulls::DEFAULT_SEED ^ ((small as u64) << 32) ^ difference as u64;
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
    let null = VectorNull::simulate(length, width, draws, Nulls::DEFAULT_SEED)?;
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
/// [`RmtError::Domain`] unless `length` ≥ 2.
pub fn frame_line(length: usize) -> Result<String, RmtError> {
    let vector = Nulls::default().vector(length, 1)?;
    let table = simulate_frame(length, &vector, frame_draws(length), Nulls::DEFAULT_SEED)?;
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const SPECTRAL: &str = include_str!("../crates/rmt-core/data/spectral_nulls.csv");
    const VECTOR: &str = include_str!("../crates/rmt-core/data/vector_nulls.csv");

    #[test]
    fn every_node_is_there() {
        let keys = |table: &'static str| {
            table.lines().skip(1).map(|line| line.split(',').take(3).collect::<Vec<_>>().join(","))
        };
        let spectral = SMALL_SIDES.iter().flat_map(|&small| {
            let key = move |d| ["above", "below", "bulk"].map(|name| format!("{name},{small},{d}"));
            differences(small).into_iter().flat_map(key)
        });
        assert!(keys(SPECTRAL).eq(spectral));
        let vectors = [1, VectorNull::WINDOW]
            .into_iter()
            .flat_map(|width| LENGTHS.map(|length| format!("vector,{length},{width}")));
        assert!(
            keys(VECTOR).eq(vectors.chain(FRAMES.map(|length| format!("frame,{length},{length}"))))
        );
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
}
