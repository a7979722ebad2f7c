//! A matrix less some of its singular values.

use super::{Decomposition, Matrix};
use crate::RmtError;
use faer::Mat;

impl Decomposition {
    /// W − Σ ν_k u_k v_kᵀ over the ranks k that `removed` chooses, k = 0 the largest: `matrix`, of
    /// which this is the decomposition, with these singular values zeroed. Row by row as stored, in
    /// f64; its error is a few ε·ν₁, as the decomposition's.
    ///
    /// Where more values go than stay, Σ ν_k u_k v_kᵀ over those that stay: the same, and exactly
    /// zero where all go.
    ///
    /// ```
    /// use rmt_core::spectrum::decompose;
    /// use rmt_core::{Matrix, Orientation};
    /// let diagonal = [3.0, 0.0, 0.0, 2.0_f64];
    /// let matrix = Matrix::new(&diagonal[..], 2, 2, Orientation::OutIn)?;
    /// let without = decompose(&matrix)?.without(&matrix, |rank| rank == 0)?;
    /// assert_eq!(without, [0.0, 0.0, 0.0, 2.0]);
    /// # Ok::<(), rmt_core::RmtError>(())
    /// ```
    ///
    /// # Errors
    /// [`RmtError::Domain`] for a matrix of another shape, and where a singular value overflows a
    /// double.
    pub fn without(
        &self,
        matrix: &Matrix<'_>,
        removed: impl Fn(usize) -> bool,
    ) -> Result<Vec<f64>, RmtError> {
        let (rows, cols) = (matrix.rows(), matrix.cols());
        let (m, n) = (self.small.nrows(), self.large.nrows());
        if (m, n) != (matrix.small_side(), matrix.large_side()) {
            return Err(refused("the matrix must be the one that was decomposed"));
        }
        if self.singular_values.iter().any(|value| !value.is_finite()) {
            return Err(refused("the largest singular value overflows a double: scale the matrix"));
        }
        let (goes, stays): (Vec<usize>, Vec<usize>) =
            (0..self.singular_values.len()).partition(|&k| removed(k));
        if goes.is_empty() {
            return Ok(matrix.values().iter().collect());
        }
        let subtract = goes.len() <= stays.len();
        let part = self.part(if subtract { &goes } else { &stays });
        let at = |i: usize, j: usize| if rows <= cols { part[(i, j)] } else { part[(j, i)] };
        let less = |(index, value): (usize, f64)| {
            let part = at(index / cols, index % cols);
            if subtract { value - part } else { part }
        };
        Ok(matrix.values().iter().enumerate().map(less).collect())
    }

    /// Σ ν_k u_k v_kᵀ over `ranks`, m×n.
    fn part(&self, ranks: &[usize]) -> Mat<f64> {
        let weighted = Mat::from_fn(self.small.nrows(), ranks.len(), |i, k| {
            self.small[(i, ranks[k])] * self.singular_values[ranks[k]]
        });
        let large = Mat::from_fn(ranks.len(), self.large.nrows(), |k, j| self.large[(j, ranks[k])]);
        weighted * large
    }
}

fn refused(requirement: &'static str) -> RmtError {
    RmtError::Domain { law: "removal of singular values", requirement }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::spectrum::{Orientation, decompose, singular_values};
    use crate::test_support::gaussian;

    fn matrix(values: &[f64], rows: usize, cols: usize) -> Matrix<'_> {
        Matrix::new(values, rows, cols, Orientation::OutIn).unwrap()
    }

    #[test]
    fn only_the_values_removed_go() {
        for (rows, cols) in [(20, 50), (50, 20), (30, 30)] {
            let values = gaussian(rows, cols, 3);
            let whole = matrix(&values, rows, cols);
            let decomposition = decompose(&whole).unwrap();
            let nu = &decomposition.singular_values;
            // Few and many: by subtraction, and by what stays.
            for removed in [|k: usize| k % 5 == 2, |k: usize| k > 3] {
                let without = decomposition.without(&whole, removed).unwrap();
                let left = singular_values(&matrix(&without, rows, cols)).unwrap();
                let stays: Vec<f64> = nu
                    .iter()
                    .enumerate()
                    .map(|(k, &value)| if removed(k) { 0.0 } else { value })
                    .filter(|&value| value > 0.0)
                    .collect();
                for (k, left) in left.iter().enumerate() {
                    let expected = stays.get(k).copied().unwrap_or(0.0);
                    // A vanishing value is the root of a rounded eigenvalue.
                    let allowed = if expected > 0.0 { 1e-9 } else { 1e-6 } * nu[0];
                    assert!((left - expected).abs() < allowed, "{rows}×{cols} {k}: {left}");
                }
            }
        }
    }

    #[test]
    fn parts_sum_to_the_matrix() {
        for (rows, cols) in [(20, 50), (50, 20), (30, 30)] {
            let values = gaussian(rows, cols, 4);
            let whole = matrix(&values, rows, cols);
            let decomposition = decompose(&whole).unwrap();
            let mut sum = vec![0.0; rows * cols];
            for group in 0..4 {
                let without = decomposition.without(&whole, |k| k % 4 == group).unwrap();
                for ((sum, value), left) in sum.iter_mut().zip(&values).zip(without) {
                    *sum += value - left;
                }
            }
            let largest = decomposition.singular_values[0];
            assert!(sum.iter().zip(&values).all(|(x, y)| (x - y).abs() < 1e-13 * largest));
        }
    }

    #[test]
    fn all_and_none_are_exact() {
        let values = gaussian(7, 9, 5);
        let whole = matrix(&values, 7, 9);
        let decomposition = decompose(&whole).unwrap();
        assert_eq!(decomposition.without(&whole, |_| false).unwrap(), values);
        assert_eq!(decomposition.without(&whole, |_| true).unwrap(), vec![0.0; 63]);
    }

    #[test]
    fn another_shape_and_overflow_are_refused() {
        let values = gaussian(6, 10, 6);
        let decomposition = decompose(&matrix(&values, 6, 10)).unwrap();
        let other = decomposition.without(&matrix(&values, 5, 12), |_| true);
        assert!(other.unwrap_err().to_string().contains("the one that was decomposed"));
        let huge = vec![f64::MAX; 60];
        let huge = matrix(&huge, 6, 10);
        let overflow = decompose(&huge).unwrap().without(&huge, |k| k == 0);
        assert!(overflow.unwrap_err().to_string().contains("overflows"));
    }
}
