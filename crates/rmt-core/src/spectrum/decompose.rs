//! Singular values and vectors in f64.
//!
//! The Gram route (product of the small side, symmetric eigendecomposition) is several times faster
//! than a direct SVD, but an eigenvalue λ = ν² carries the rounding of the largest: a relative error
//! of ν of up to 5·ε·(ν₁/ν)² (measured up to m = 1024). The norm ‖Wᵀu‖ of its eigenvector removes
//! that to first order and leaves its square over the relative distance to the next value, which
//! counts only where values almost coincide. Every singular value is promised to 1e-8 relative up
//! to κ = 1e5 and to 1e-6 up to κ = 1e8.
//!
//! Where one Gram matrix might miss that, the route is taken again without the singular vectors that
//! it has got right: on the complement of their span, by reflections, where the values are small
//! together and a Gram matrix has them to the same relative error. Each round reaches more
//! than three decades further down. It needs no more memory than one round does; a direct SVD holds ten matrices.
//! Of values alone the few that the Gram matrix has lost, as square matrices have, are found by inverse
//! iteration (`smallest`), and a bidiagonal reduction takes their place where they are many.

use super::Matrix;
use super::bidiagonal;
use super::decomposition::{Decomposition, normalized, reversed, sorted};
use super::deflate::{completed, orthonormalized};
use super::gram::{
    Eigen, RANK_LIMIT, VALUES_LIMIT, VECTORS_LIMIT, above, conditioned, gram_eigen, told_apart,
};
use super::scaled::{Scaled, exp2};
use super::smallest::smallest;
use super::symmetric::eigenvalues;
use crate::RmtError;

/// Singular values and both sets of vectors.
///
/// Every entry must be finite: with NaN the eigensolver may run without end, so it is checked here.
///
/// # Errors
/// [`RmtError::Domain`] for an empty matrix or one with an entry that is not finite,
/// [`RmtError::NoConvergence`] when the solver gives up.
pub fn decompose(matrix: &Matrix<'_>) -> Result<Decomposition, RmtError> {
    let failed = no_convergence(matrix);
    let scaled = Scaled::new(matrix)?;
    completely(&scaled, gram_eigen(matrix, &scaled, &failed)?, &failed)
}

/// From what the Gram matrix says.
pub(super) fn completely(
    scaled: &Scaled<'_>,
    (ascending, small): Eigen,
    failed: &RmtError,
) -> Result<Decomposition, RmtError> {
    let exponent = scaled.exponent();
    let mut small = reversed(small);
    if conditioned(&ascending, VECTORS_LIMIT) {
        let large = scaled.transposed_times(&small);
        let decomposition = normalized(small, large, exponent);
        if told_apart(&decomposition.singular_values) {
            return Ok(decomposition);
        }
        small = decomposition.small;
    }
    let found = small.subcols(0, above(&ascending, VALUES_LIMIT)).to_owned();
    drop(small);
    let small = completed(scaled, found, ascending.last().copied(), failed)?;
    let large = scaled.transposed_times(&small);
    Ok(sorted(orthonormalized(normalized(small, large, exponent))))
}

/// Singular values alone, descending; as accurate as those of [`decompose`].
///
/// # Errors
/// As [`decompose`].
pub fn singular_values(matrix: &Matrix<'_>) -> Result<Vec<f64>, RmtError> {
    let failed = no_convergence(matrix);
    let scaled = Scaled::new(matrix)?;
    let eigenvalues = eigenvalues(scaled.gram()).map_err(|_| failed.clone())?;
    let right = above(&eigenvalues, VALUES_LIMIT);
    let mut values: Vec<f64> = eigenvalues.iter().rev().take(right).map(|x| x.sqrt()).collect();
    if right < eigenvalues.len() {
        let largest = values.first().copied().unwrap_or(0.0);
        match smallest(scaled.whole(), eigenvalues.len() - right, largest) {
            Some(small) => values.extend(small),
            None => values = bidiagonal::singular_values(scaled.whole()).map_err(|_| failed)?,
        }
    }
    for value in &mut values {
        *value *= exp2(scaled.exponent());
    }
    values.sort_unstable_by(|x, y| y.total_cmp(x));
    Ok(values)
}

/// Singular values alone, descending, as roots of the eigenvalues of one Gram matrix: in error by
/// 8ε·(ν₁/ν)² relative. For what does not look at the smallest, in less time than
/// [`singular_values`], which takes over where some may vanish: their number must be right.
///
/// # Errors
/// As [`decompose`].
pub(crate) fn gram_singular_values(matrix: &Matrix<'_>) -> Result<Vec<f64>, RmtError> {
    let scaled = Scaled::new(matrix)?;
    let eigenvalues = eigenvalues(scaled.gram()).map_err(|_| no_convergence(matrix))?;
    if !conditioned(&eigenvalues, RANK_LIMIT) {
        return singular_values(matrix);
    }
    Ok(eigenvalues.iter().rev().map(|x| x.sqrt() * exp2(scaled.exponent())).collect())
}

pub(super) fn no_convergence(matrix: &Matrix<'_>) -> RmtError {
    RmtError::NoConvergence { rows: matrix.rows(), cols: matrix.cols() }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::spectrum::Orientation;
    use crate::spectrum::gram::GRAM_ERROR;
    use crate::test_support::gaussian;

    fn matrix(values: &[f64], rows: usize, cols: usize) -> Matrix<'_> {
        Matrix::new(values, rows, cols, Orientation::OutIn).unwrap()
    }

    /// Q₁ diag(ν) Q₂ᵀ by Householder reflections: known singular values, dense entries.
    fn with_singular_values(nu: &[f64], n: usize, seed: u64) -> Vec<f64> {
        let m = nu.len();
        let mut a = vec![0.0; m * n];
        for (k, &x) in nu.iter().enumerate() {
            a[k * n + k] = x;
        }
        for round in 0..3 {
            let u = gaussian(m, 1, seed + round);
            let v = gaussian(n, 1, seed + 100 + round);
            let (uu, vv) = (dot(&u, &u), dot(&v, &v));
            for j in 0..n {
                let t = 2.0 / uu * (0..m).map(|i| u[i] * a[i * n + j]).sum::<f64>();
                (0..m).for_each(|i| a[i * n + j] -= t * u[i]);
            }
            for i in 0..m {
                let t = 2.0 / vv * dot(&a[i * n..(i + 1) * n], &v);
                (0..n).for_each(|j| a[i * n + j] -= t * v[j]);
            }
        }
        a
    }

    fn dot(a: &[f64], b: &[f64]) -> f64 {
        a.iter().zip(b).map(|(x, y)| x * y).sum()
    }

    /// Both functions against known values.
    fn check(nu: &[f64], n: usize, tolerance: f64) {
        let m = nu.len();
        let a = with_singular_values(nu, n, 7);
        let full = decompose(&matrix(&a, m, n)).unwrap().singular_values;
        let values = singular_values(&matrix(&a, m, n)).unwrap();
        for (k, x) in nu.iter().enumerate() {
            for found in [full[k], values[k]] {
                let error = (found / x - 1.0).abs();
                assert!(error < tolerance, "{m}×{n} κ={:e} k={k}: {error:e}", nu[0] / nu[m - 1]);
            }
        }
    }

    #[test]
    fn known_singular_values_at_every_condition_number() {
        for (kappa, tolerance) in
            [(1e1, 1e-12), (2e3, 1e-8), (1e4, 1e-8), (9.9e4, 1e-8), (1.1e5, 1e-8), (1e8, 1e-6)]
        {
            for (m, n) in [(20, 20), (20, 50), (64, 200)] {
                let last = (m - 1) as f64;
                let geometric: Vec<f64> =
                    (0..m).map(|k| f64::powf(kappa, -(k as f64) / last)).collect();
                check(&geometric, n, tolerance);
                // One small value alone has the whole rounding error of the Gram matrix.
                let mut cliff: Vec<f64> = (0..m).map(|k| 1.0 - k as f64 / (2.0 * last)).collect();
                cliff[m - 1] = 1.0 / kappa;
                check(&cliff, n, tolerance);
            }
        }
    }

    #[test]
    fn values_of_the_gram_matrix_lose_the_smallest_but_not_their_number() {
        let mut nu: Vec<f64> = (1..=40).rev().map(f64::from).collect();
        nu[39] = 4e-4;
        let a = with_singular_values(&nu, 60, 3);
        let found = gram_singular_values(&matrix(&a, 40, 60)).unwrap();
        for (found, exact) in found.iter().zip(&nu) {
            assert!((found / exact - 1.0).abs() < GRAM_ERROR * (40.0 / exact).powi(2));
        }
        nu[39] = 0.0;
        let a = with_singular_values(&nu, 60, 3);
        let found = gram_singular_values(&matrix(&a, 40, 60)).unwrap();
        assert!(found[39] < 1e-12 && (found[38] - 2.0).abs() < 1e-12);
    }

    #[test]
    fn small_values_that_almost_coincide() {
        let m = 64;
        for kappa in [2e3, 1e4, 9.9e4] {
            for spacing in [1e-12, 1e-9, 1e-8, 1e-7, 1e-6, 1e-5] {
                let mut nu: Vec<f64> = (0..m).map(|k| 1.0 - k as f64 / 128.0).collect();
                for (k, x) in nu[48..].iter_mut().rev().enumerate() {
                    *x = (1.0 + spacing * k as f64) / kappa;
                }
                check(&nu, 128, 1e-8);
            }
        }
    }

    #[test]
    fn vectors_are_orthonormal_and_rebuild_the_matrix() {
        for (rows, cols) in [(30, 70), (70, 30), (40, 40)] {
            let a = gaussian(rows, cols, 3);
            let d = decompose(&matrix(&a, rows, cols)).unwrap();
            let m = rows.min(cols);
            let small: Vec<Vec<f64>> = (0..m).map(|k| d.small_vector(k).collect()).collect();
            let large: Vec<Vec<f64>> = (0..m).map(|k| d.large_vector(k).collect()).collect();
            for j in 0..m {
                for k in 0..m {
                    let expected = f64::from(u8::from(j == k));
                    assert!((dot(&small[j], &small[k]) - expected).abs() < 1e-12);
                    assert!((dot(&large[j], &large[k]) - expected).abs() < 1e-11);
                }
            }
            let (left, right) = if rows <= cols { (&small, &large) } else { (&large, &small) };
            for i in 0..rows {
                for j in 0..cols {
                    let rebuilt: f64 =
                        (0..m).map(|k| d.singular_values[k] * left[k][i] * right[k][j]).sum();
                    assert!((rebuilt - a[i * cols + j]).abs() < 1e-11);
                }
            }
        }
    }

    /// Orthonormal to the last digits, and the matrix again, however small the smallest value.
    #[test]
    fn vectors_of_badly_conditioned_matrices() {
        for (m, n, kappa) in [(40, 40, 3e6), (40, 90, 1e8), (60, 60, 1e12)] {
            let last = (m - 1) as f64;
            let nu: Vec<f64> = (0..m).map(|k| f64::powf(kappa, -(k as f64) / last)).collect();
            let mut a = with_singular_values(&nu, n, 11);
            // Two rows that are one, and a row of zeros: the null space is found as well.
            let (first, rest) = a.split_at_mut(n);
            rest[..n].copy_from_slice(first);
            a[2 * n..3 * n].fill(0.0);
            let d = decompose(&matrix(&a, m, n)).unwrap();
            assert!(d.singular_values[m - 2..].iter().all(|x| *x < 1e-14));
            let small: Vec<Vec<f64>> = (0..m).map(|k| d.small_vector(k).collect()).collect();
            let large: Vec<Vec<f64>> = (0..m).map(|k| d.large_vector(k).collect()).collect();
            for j in 0..m {
                for k in 0..m {
                    let expected = f64::from(u8::from(j == k));
                    assert!((dot(&small[j], &small[k]) - expected).abs() < 1e-13);
                    assert!((dot(&large[j], &large[k]) - expected).abs() < 1e-13);
                }
            }
            for i in 0..m {
                for j in 0..n {
                    let rebuilt: f64 =
                        (0..m).map(|k| d.singular_values[k] * small[k][i] * large[k][j]).sum();
                    assert!((rebuilt - a[i * n + j]).abs() < 1e-12);
                }
            }
        }
    }

    #[test]
    fn extreme_scales_are_exact() {
        let a = gaussian(12, 30, 5);
        let base = singular_values(&matrix(&a, 12, 30)).unwrap();
        for exponent in [-1000, -300, 300, 1000] {
            let scaled: Vec<f64> = a.iter().map(|x| x * exp2(exponent)).collect();
            let values = singular_values(&matrix(&scaled, 12, 30)).unwrap();
            for (x, y) in values.iter().zip(&base) {
                assert_eq!(*x, y * exp2(exponent));
            }
        }
    }

    /// The squares of the small entries underflow beside those of the large ones.
    #[test]
    fn entries_that_are_154_decades_apart() {
        let (rows, cols) = (16, 38);
        let mut a = vec![0.0; rows * cols];
        let large = [(0, 28, 1e154), (7, 34, 1e154), (12, 32, 1e154)];
        let small = [
            (0, 32, -0.6065915827333725),
            (0, 34, 0.2099421955590822),
            (9, 37, 0.9469348854842594),
            (10, 37, -0.1372928028084849),
            (11, 34, -0.29803745562656153),
            (11, 37, -0.8509917334646068),
        ];
        for (i, j, x) in large.into_iter().chain(small) {
            a[i * cols + j] = x;
        }
        let full = decompose(&matrix(&a, rows, cols)).unwrap();
        assert!(full.singular_values[..3].iter().all(|x| (x / 1e154 - 1.0).abs() < 1e-12));
        assert!(full.singular_values[3..].iter().all(|x| *x < 1e154 * f64::EPSILON));
        for j in 0..rows {
            for k in 0..rows {
                let product: f64 =
                    full.small_vector(j).zip(full.small_vector(k)).map(|(x, y)| x * y).sum();
                assert!((product - f64::from(u8::from(j == k))).abs() < 1e-13);
            }
        }
    }

    #[test]
    fn rank_deficient_zero_and_single_row() {
        let zero = [0.0; 60];
        let d = decompose(&matrix(&zero, 6, 10)).unwrap();
        assert_eq!(d.singular_values, [0.0; 6]);
        let row = [3.0, 4.0];
        assert!((decompose(&matrix(&row, 1, 2)).unwrap().singular_values[0] - 5.0).abs() < 1e-15);
        let mut twice = gaussian(1, 10, 1);
        twice.extend_from_within(..);
        let d = decompose(&matrix(&twice, 2, 10)).unwrap();
        assert!(d.singular_values[1] < 1e-14 * d.singular_values[0]);
        assert!((d.large_vector(1).map(|x| x * x).sum::<f64>() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn not_finite_or_empty_is_refused() {
        for bad in [f64::NAN, f64::INFINITY] {
            let a = [1.0, bad, 2.0, 3.0];
            assert!(matches!(decompose(&matrix(&a, 2, 2)), Err(RmtError::Domain { .. })));
        }
        let none: [f64; 0] = [];
        assert!(matches!(singular_values(&matrix(&none, 0, 4)), Err(RmtError::Domain { .. })));
    }
}
