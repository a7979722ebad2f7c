//! The entries as they are flipped: without what would hide the rest.

use crate::spectrum::Matrix;
use serde::{Deserialize, Serialize};

/// An entry is massive beyond so many standard deviations of the others.
pub const MASSIVE: f64 = 10.0;
/// Rounds in which they are taken out: each makes the standard deviation of the others smaller.
const ROUNDS: usize = 8;

/// An entry that is far larger than the others.
///
/// Source: "super weights", Yu et al., arXiv 2411.07191 (2024).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MassiveEntry {
    /// Its row as stored.
    pub row: usize,
    /// Its column as stored.
    pub col: usize,
    /// Its value.
    pub value: f64,
    /// |value| over the standard deviation of the other entries.
    pub deviations: f64,
}

/// An m×n matrix, m ≤ n, column by column, in units of the root mean square of its entries. Massive entries are 0, and
/// rows and columns of zeros are left out: they are zero in every copy.
#[derive(Debug, Clone)]
pub(crate) struct Lines {
    pub(crate) m: usize,
    pub(crate) n: usize,
    pub(crate) entries: Vec<f64>,
    /// That root mean square.
    pub(crate) unit: f64,
    /// The largest first.
    pub(crate) massive: Vec<MassiveEntry>,
}

impl Lines {
    /// Those of a matrix of finite entries; `None` where all are zero.
    pub(crate) fn of(matrix: &Matrix<'_>) -> Option<Self> {
        let (rows, cols) = (matrix.rows(), matrix.cols());
        let largest = matrix.values().iter().fold(0.0_f64, |a, x| a.max(x.abs()));
        if !(largest > 0.0 && largest.is_finite()) {
            return None;
        }
        let mut values: Vec<f64> = matrix.values().iter().map(|x| x / largest).collect();
        let (massive, deviation) = take_massive(&mut values, cols, largest)?;
        let kept_rows: Vec<usize> =
            (0..rows).filter(|i| values[i * cols..][..cols].iter().any(|&x| x != 0.0)).collect();
        let kept_cols: Vec<usize> =
            (0..cols).filter(|j| (0..rows).any(|i| values[i * cols + j] != 0.0)).collect();
        let at = |i: usize, j: usize| values[i * cols + j] / deviation;
        let (m, n) = (kept_rows.len().min(kept_cols.len()), kept_rows.len().max(kept_cols.len()));
        let entries = if kept_rows.len() <= kept_cols.len() {
            kept_cols.iter().flat_map(|&j| kept_rows.iter().map(move |&i| at(i, j))).collect()
        } else {
            kept_rows.iter().flat_map(|&i| kept_cols.iter().map(move |&j| at(i, j))).collect()
        };
        Some(Self { m, n, entries, unit: largest * deviation, massive })
    }
}

/// Sets massive entries to zero, and gives the root mean square of the others that are not zero.
fn take_massive(values: &mut [f64], cols: usize, unit: f64) -> Option<(Vec<MassiveEntry>, f64)> {
    let mut massive = Vec::new();
    let mut deviation = 0.0;
    for _ in 0..ROUNDS {
        // In units of the largest, so that no square vanishes beside those that went.
        let top = values.iter().fold(0.0_f64, |a, x| a.max(x.abs()));
        let (sum, count) = values
            .iter()
            .filter(|x| **x != 0.0)
            .fold((0.0, 0_usize), |(sum, count), x| (sum + (x / top).powi(2), count + 1));
        if count == 0 {
            return None;
        }
        deviation = top * (sum / count as f64).sqrt();
        let before = massive.len();
        for (k, x) in values.iter_mut().enumerate() {
            if x.abs() > MASSIVE * deviation {
                let (row, col) = (k / cols, k % cols);
                massive.push(MassiveEntry { row, col, value: *x * unit, deviations: x.abs() });
                *x = 0.0;
            }
        }
        if massive.len() == before {
            break;
        }
    }
    for entry in &mut massive {
        // The others may be too small for a ratio.
        entry.deviations = (entry.deviations / deviation).min(f64::MAX);
    }
    massive.sort_by(|x, y| y.deviations.total_cmp(&x.deviations));
    Some((massive, deviation))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::spectrum::Orientation;
    use crate::test_support::gaussian;

    #[test]
    fn massive_entries_and_lines_of_zeros_are_taken_out() {
        let (rows, cols) = (40, 24);
        let mut a = gaussian(rows, cols, 1);
        (0..cols).for_each(|j| a[3 * cols + j] = 0.0);
        (0..rows).for_each(|i| a[i * cols + 7] = 0.0);
        (a[5 * cols + 9], a[6 * cols + 2]) = (-50.0, 1000.0);
        let matrix = Matrix::new(&a[..], rows, cols, Orientation::OutIn).unwrap();
        let lines = Lines::of(&matrix).unwrap();
        assert_eq!((lines.m, lines.n), (cols - 1, rows - 1));
        let places: Vec<_> = lines.massive.iter().map(|e| (e.row, e.col, e.value)).collect();
        assert_eq!(places, [(6, 2, 1000.0), (5, 9, -50.0)]);
        assert!((45.0..56.0).contains(&lines.massive[1].deviations), "{:?}", lines.massive);
        let mean = lines.entries.iter().map(|x| x * x).sum::<f64>() / lines.entries.len() as f64;
        assert!((mean - 1.0).abs() < 0.01, "{mean}");
        // The first row has no 7th entry.
        assert!((lines.entries[0] * lines.unit - a[0]).abs() < 1e-12);
        assert!((lines.entries[7] / lines.entries[6] - a[8] / a[6]).abs() < 1e-12);
    }

    #[test]
    fn nothing_but_zeros() {
        let matrix = Matrix::new(&[0.0_f64; 6][..], 2, 3, Orientation::OutIn).unwrap();
        assert!(Lines::of(&matrix).is_none());
    }
}
