//! Products on one thread, whatever the host program allows: the same to the last digit every time.

use faer::linalg::matmul::matmul;
use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::{Accum, Mat, MatRef, Par};

/// The lower triangle of a·aᵀ, half of the work; zeros above it.
pub(super) fn gram(a: MatRef<'_, f64>) -> Mat<f64> {
    let mut gram = Mat::zeros(a.nrows(), a.nrows());
    triangular::matmul(
        &mut gram,
        BlockStructure::TriangularLower,
        Accum::Replace,
        a,
        BlockStructure::Rectangular,
        a.transpose(),
        BlockStructure::Rectangular,
        1.0,
        Par::Seq,
    );
    gram
}

/// aᵀ·b.
pub(super) fn transposed(a: MatRef<'_, f64>, b: MatRef<'_, f64>) -> Mat<f64> {
    let mut product = Mat::zeros(a.ncols(), b.ncols());
    matmul(&mut product, Accum::Replace, a.transpose(), b, 1.0, Par::Seq);
    product
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
