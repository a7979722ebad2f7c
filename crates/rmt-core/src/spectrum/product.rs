//! Products on one thread, whatever the host program allows: the same to the last digit every time.

use faer::linalg::matmul::matmul;
use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::{Accum, Mat, MatMut, MatRef, Par};

/// The lower triangle of a·aᵀ, half of the work; zeros above it.
pub(super) fn gram(a: MatRef<'_, f64>) -> Mat<f64> {
    let mut gram = Mat::zeros(a.nrows(), a.nrows());
    add_gram(&mut gram, a);
    gram
}

/// Adds the lower triangle of a·aᵀ.
pub(super) fn add_gram(gram: &mut Mat<f64>, a: MatRef<'_, f64>) {
    triangular::matmul(
        gram,
        BlockStructure::TriangularLower,
        Accum::Add,
        a,
        BlockStructure::Rectangular,
        a.transpose(),
        BlockStructure::Rectangular,
        1.0,
        Par::Seq,
    );
}

/// result ← aᵀ·b.
pub(super) fn transposed(result: MatMut<'_, f64>, a: MatRef<'_, f64>, b: MatRef<'_, f64>) {
    matmul(result, Accum::Replace, a.transpose(), b, 1.0, Par::Seq);
}

/// W·b, or Wᵀb where the rows of W are `small`, of the `rows`×`columns` entries of W row by row, in single precision.
pub(super) fn in_single(
    entries: &[f32],
    (rows, columns): (usize, usize),
    small: bool,
    b: MatRef<'_, f32>,
) -> Mat<f32> {
    let stored = MatRef::from_row_major_slice(entries, rows, columns);
    let a = if small { stored.transpose() } else { stored };
    let mut result = Mat::zeros(a.nrows(), b.ncols());
    matmul(&mut result, Accum::Replace, a, b, 1.0, Par::Seq);
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::gaussian;

    #[test]
    fn half_of_the_product() {
        for (m, n) in [(1, 3), (7, 5), (150, 170)] {
            let entries = gaussian(m, n, 3);
            let a = Mat::from_fn(m, n, |i, j| entries[i * n + j]);
            let found = gram(a.as_ref());
            assert!(found == gram(a.as_ref()));
            let expected = &a * a.transpose();
            for j in 0..m {
                for i in 0..m {
                    let expected = if i >= j { expected[(i, j)] } else { 0.0 };
                    assert!((found[(i, j)] - expected).abs() < 1e-12 * n as f64);
                }
            }
        }
    }
}
