//! Rows and columns brought to one scale, so that differences of scale do not pass for learning.

use super::Matrix;
use serde::{Deserialize, Serialize};

/// Rounds of alternation when both sides are equilibrated, at most.
const ROUNDS: usize = 50;
/// Largest relative deviation of a squared norm at which they stop.
const TOLERANCE: f64 = 1e-6;

/// Which lines of the matrix, as stored, are scaled to one root mean square before the analysis.
///
/// Rows or columns of different scale deviate from random matrix theory without any structure:
/// a per-output learning rate or a normalization layer makes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Equilibrate {
    /// The matrix as it is.
    #[default]
    Off,
    /// Every row to the root mean square of all entries.
    Rows,
    /// Every column.
    Columns,
    /// Rows and columns in turn until both agree (Sinkhorn & Knopp 1967, on the squares).
    Both,
}

impl std::fmt::Display for Equilibrate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Off => "nothing",
            Self::Rows => "rows",
            Self::Columns => "columns",
            Self::Both => "rows and columns",
        })
    }
}

/// The entries of `matrix`, row by row, with its lines equilibrated; lines of zeros stay zero.
/// `None` for [`Equilibrate::Off`] and where the mean square is zero or not finite.
pub(crate) fn equilibrated(matrix: &Matrix<'_>, which: Equilibrate) -> Option<Vec<f64>> {
    if which == Equilibrate::Off || matrix.values().is_empty() {
        return None;
    }
    let largest = matrix.values().iter().fold(0.0_f64, |a, x| a.max(x.abs()));
    if largest == 0.0 || !largest.is_finite() {
        return None;
    }
    // Relative to the largest entry, so that no square overflows or vanishes.
    let mut values: Vec<f64> = matrix.values().iter().map(|x| x / largest).collect();
    let cols = matrix.cols();
    let target = values.iter().map(|x| x * x).sum::<f64>() / values.len() as f64;
    for _ in 0..ROUNDS {
        let mut moved = 0.0_f64;
        if which != Equilibrate::Columns {
            for row in values.chunks_mut(cols) {
                let square = row.iter().map(|x| x * x).sum::<f64>() / cols as f64;
                moved = moved.max(scale(row.iter_mut(), square, target));
            }
        }
        if which != Equilibrate::Rows {
            for j in 0..cols {
                let column = || values.iter().skip(j).step_by(cols);
                let square = column().map(|x| x * x).sum::<f64>() / matrix.rows() as f64;
                moved = moved.max(scale(values.iter_mut().skip(j).step_by(cols), square, target));
            }
        }
        if which != Equilibrate::Both || moved < TOLERANCE {
            break;
        }
    }
    values.iter_mut().for_each(|x| *x *= largest);
    Some(values)
}

/// Brings a line of mean square `square` to `target`; returns how far it was off.
fn scale<'a>(line: impl Iterator<Item = &'a mut f64>, square: f64, target: f64) -> f64 {
    if square <= 0.0 {
        return 0.0;
    }
    let factor = (target / square).sqrt();
    line.for_each(|x| *x *= factor);
    (square / target - 1.0).abs()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::spectrum::Orientation;
    use crate::test_support::gaussian;

    #[test]
    fn lines_have_one_scale_and_zeros_stay() {
        let (rows, cols) = (12, 20);
        let mut a = gaussian(rows, cols, 1);
        for (i, row) in a.chunks_mut(cols).enumerate() {
            row.iter_mut().enumerate().for_each(|(j, x)| *x *= 1e200 * ((i + 1) * (j + 2)) as f64);
        }
        a[..cols].fill(0.0);
        let matrix = Matrix::new(&a[..], rows, cols, Orientation::OutIn).unwrap();
        for which in [Equilibrate::Rows, Equilibrate::Columns, Equilibrate::Both] {
            let b = equilibrated(&matrix, which).unwrap();
            assert!(b[..cols].iter().all(|&x| x == 0.0));
            let unit = |x: f64| x / 1e200;
            let row = |i: usize| b[i * cols..(i + 1) * cols].iter().map(|&x| unit(x).powi(2));
            let column = |j: usize| (0..rows).map(|i| unit(b[i * cols + j]).powi(2)).sum::<f64>();
            if which != Equilibrate::Columns {
                let first = row(1).sum::<f64>();
                assert!((2..rows).all(|i| (row(i).sum::<f64>() / first - 1.0).abs() < 1e-5));
            }
            if which != Equilibrate::Rows {
                assert!((1..cols).all(|j| (column(j) / column(0) - 1.0).abs() < 1e-5));
            }
        }
        assert!(equilibrated(&matrix, Equilibrate::Off).is_none());
        let zero = [0.0; 4];
        let zero = Matrix::new(&zero[..], 2, 2, Orientation::OutIn).unwrap();
        assert!(equilibrated(&zero, Equilibrate::Both).is_none());
    }
}
