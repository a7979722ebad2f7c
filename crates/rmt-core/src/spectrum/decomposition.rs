//! A decomposition, and how it is put in order.

use super::scaled::exp2;
use faer::Mat;

/// A thin singular value decomposition, singular values descending.
///
/// Vectors are stored as columns and named by length, not by side of the layer:
/// see [`Matrix::small_side_is_output`](super::Matrix::small_side_is_output).
#[derive(Debug, Clone)]
pub struct Decomposition {
    /// ν₁ ≥ … ≥ ν_m, of the matrix as given (m = the small side).
    pub singular_values: Vec<f64>,
    pub(super) small: Mat<f64>,
    pub(super) large: Mat<f64>,
}

impl Decomposition {
    /// The k-th singular vector on the small side (length m); unit norm.
    pub fn small_vector(&self, k: usize) -> impl Iterator<Item = f64> + '_ {
        self.small.col_as_slice(k).iter().copied()
    }

    /// The k-th singular vector on the large side (length n); unit norm.
    pub fn large_vector(&self, k: usize) -> impl Iterator<Item = f64> + '_ {
        self.large.col_as_slice(k).iter().copied()
    }
}

/// The decomposition of which these are the vectors on the small side, and their images under Wᵀ.
pub(super) fn normalized(small: Mat<f64>, mut large: Mat<f64>, exponent: i32) -> Decomposition {
    let mut singular_values = Vec::with_capacity(small.ncols());
    for k in 0..small.ncols() {
        // ‖Wᵀu‖ is more accurate than √λ, and leaves each column exactly normalized.
        let norm = large.col(k).norm_l2();
        singular_values.push(norm * exp2(exponent));
        if norm > 0.0 {
            for x in large.col_mut(k).iter_mut() {
                *x /= norm;
            }
        }
    }
    sorted(Decomposition { singular_values, small, large })
}

/// Norms of nearly equal columns may leave the eigenvalues' order by a rounding error.
pub(super) fn sorted(d: Decomposition) -> Decomposition {
    if d.singular_values.is_sorted_by(|x, y| x >= y) {
        return d;
    }
    let mut order: Vec<usize> = (0..d.singular_values.len()).collect();
    order.sort_by(|&x, &y| d.singular_values[y].total_cmp(&d.singular_values[x]));
    let permuted = |v: &Mat<f64>| Mat::from_fn(v.nrows(), v.ncols(), |i, k| v[(i, order[k])]);
    Decomposition {
        singular_values: order.iter().map(|&k| d.singular_values[k]).collect(),
        small: permuted(&d.small),
        large: permuted(&d.large),
    }
}

/// The columns in the opposite order.
pub(super) fn reversed(mut matrix: Mat<f64>) -> Mat<f64> {
    let (rows, cols) = (matrix.nrows(), matrix.ncols());
    for k in 0..cols / 2 {
        for i in 0..rows {
            let (x, y) = (matrix[(i, k)], matrix[(i, cols - 1 - k)]);
            (matrix[(i, k)], matrix[(i, cols - 1 - k)]) = (y, x);
        }
    }
    matrix
}
