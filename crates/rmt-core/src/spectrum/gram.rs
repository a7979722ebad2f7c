//! What the Gram matrix of the small side gets right.

use super::scaled::Scaled;
use super::symmetric::{leading_eigen, leading_eigen_twice};
use super::{Matrix, Values};
use crate::RmtError;
use faer::Mat;

/// Relative error of a singular value by the Gram route, over (ν₁/ν)².
pub(super) const GRAM_ERROR: f64 = 8.0 * f64::EPSILON;

/// Relative error that the Gram route may have.
const TOLERANCE: f64 = 1e-8;

/// (1/κ)² down to which values and vectors are taken from the Gram matrix: the vectors of the
/// smallest values are in error by about 1e-5 there.
pub(super) const VECTORS_LIMIT: f64 = 1e-10;

/// The same for values alone, which are plain roots of eigenvalues.
pub(super) const VALUES_LIMIT: f64 = GRAM_ERROR / TOLERANCE;

/// The least eigenvalue of a Gram matrix, over the largest, that is not taken for the rounding of zero.
pub(super) const RANK_LIMIT: f64 = 1e-12;

/// Eigenvalues in ascending order, and vectors as columns.
pub(super) type Eigen = (Vec<f64>, Mat<f64>);

/// Those of WWᵀ, of the scaled matrix; without the vectors of the smallest values where they have none of their digits.
pub(super) fn gram_eigen(
    matrix: &Matrix<'_>,
    scaled: &Scaled<'_>,
    failed: &RmtError,
) -> Result<Eigen, RmtError> {
    let found = match fits(matrix) {
        true => leading_eigen(scaled.gram(), right),
        false => leading_eigen_twice(|| scaled.gram(), right),
    };
    found.map_err(|_| failed.clone())
}

/// Vectors that have their digits, of these eigenvalues in ascending order.
pub(super) fn right(ascending: &[f64]) -> usize {
    match conditioned(ascending, VECTORS_LIMIT) {
        true => ascending.len(),
        false => above(ascending, VALUES_LIMIT),
    }
}

/// Matrices of m×m in double precision that [`leading_eigen`] holds at its peak, as measured.
pub(crate) const EIGEN_COPIES: f64 = 3.6;

/// Whether [`leading_eigen`] keeps the promise of `rmt inspect`: beside the matrix as it is stored it holds
/// [`EIGEN_COPIES`] of m×m, of the four copies of m×n in double precision and 64 MiB, of which the
/// program itself needs some. Else the reduction is done twice, for a fifth more time (measured at
/// 4096×4096).
pub(super) fn fits(matrix: &Matrix<'_>) -> bool {
    let (m, n) = (matrix.small_side() as f64, matrix.large_side() as f64);
    let stored = match matrix.values() {
        Values::F32(_) => 0.5,
        Values::F64(_) => 1.0,
    };
    let copy = std::mem::size_of::<f64>() as f64 * m;
    copy * (EIGEN_COPIES * m + stored * n - 4.0 * n) <= f64::from(48 << 20)
}

/// Columns whose eigenvalue, of these ascending ones, is above `limit` times the largest.
pub(super) fn above(ascending: &[f64], limit: f64) -> usize {
    let largest = ascending.last().copied().unwrap_or(0.0);
    ascending.iter().filter(|&&x| x > limit * largest).count()
}

/// Whether the least Gram eigenvalue, over the largest, is above `limit`.
pub(super) fn conditioned(eigenvalues: &[f64], limit: f64) -> bool {
    let (low, high) = eigenvalues
        .iter()
        .fold((f64::INFINITY, 0.0_f64), |(low, high), &x| (low.min(x), high.max(x)));
    low > limit * high
}

/// Whether ‖Wᵀu‖ is a singular value to within the tolerance. The rounding of the Gram matrix turns
/// two eigenvectors towards each other by its error over their relative distance g: of second
/// order where values lie apart, of first order where they coincide.
pub(super) fn told_apart(descending: &[f64]) -> bool {
    let largest = descending.first().copied().unwrap_or(0.0);
    descending.windows(2).all(|pair| {
        let error = GRAM_ERROR * (largest / pair[1]).powi(2);
        let gap = pair[0] / pair[1] - 1.0;
        error <= TOLERANCE || error * error <= TOLERANCE * gap
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::spectrum::Orientation;

    #[test]
    fn only_large_matrices_in_double_precision_are_reduced_twice() {
        let fits_in = |side: usize| {
            let (single, double) = (vec![0.0_f32; side * side], vec![0.0_f64; side * side]);
            let of = |values: Values<'_>| {
                fits(&Matrix::new(values, side, side, Orientation::OutIn).unwrap())
            };
            [of(Values::F32(&single)), of(Values::F64(&double))]
        };
        assert_eq!(fits_in(2048), [true, true]);
        assert_eq!(fits_in(4096), [true, false]);
    }
}
