//! The few smallest singular values, where a Gram matrix has lost their digits.
//!
//! With Wᵀ = QR, the inverse of WWᵀ = RᵀR is applied by two triangular solves: subspace iteration with it
//! (Golub & Van Loan, §8.2.4 and §8.6) turns a few random vectors towards the singular vectors of the
//! smallest values, and the singular values of W on their span are those of a narrow matrix, to within a
//! few ε·ν₁: as accurate as a direct decomposition, for the price of one QR factorization.

use super::bidiagonal;
use super::householder::Householder;
use faer::linalg::triangular_solve::{
    solve_lower_triangular_in_place, solve_upper_triangular_in_place,
};
use faer::{Mat, MatRef, Par};
use rand::SeedableRng;
use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;

/// Values that may be wanted, of so many.
const ONE_OF: usize = 8;
/// More vectors than are wanted, at least: they keep the others apart from the rest.
const GUARD: usize = 8;
/// Rounds, at most.
const ROUNDS: usize = 30;
/// Relative error that is left.
const LEFT: f64 = 1e-10;
/// Slower convergence than this, of the squared error in a round, is not waited for.
const SLOWEST: f64 = 0.8;

/// The `wanted` smallest singular values of an m×n matrix, m ≤ n, descending; `None` where they are too
/// many, not apart from the others, or zero.
pub(super) fn smallest(a: Mat<f64>, wanted: usize) -> Option<Vec<f64>> {
    let m = a.nrows();
    let width = wanted + GUARD.max(wanted / 2);
    if wanted == 0 || wanted > m / ONE_OF || width >= m {
        return None;
    }
    let tall = a.transpose().to_owned();
    drop(a);
    let upper = Householder::new(tall).upper();
    // The same vectors every time.
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    let mut x = Mat::from_fn(m, width, |_, _| StandardNormal.sample(&mut rng));
    let mut before: Option<Vec<f64>> = None;
    for _ in 0..ROUNDS {
        x = Householder::new(solved(upper.as_ref(), x)).thin();
        // Ascending from the smallest, so that the wanted ones come first.
        let image = &upper * &x;
        let mut values = bidiagonal::singular_values(image.transpose().to_owned()).ok()?;
        values.reverse();
        if values.iter().any(|value| !(value.is_finite() && *value > 0.0)) {
            return None;
        }
        let (last, guard) = (values.get(wanted - 1)?, values.last()?);
        let shrinks = (last / guard).powi(4);
        if let Some(before) = before.replace(values.clone()) {
            let moved = before
                .iter()
                .zip(&values)
                .take(wanted)
                .map(|(before, now)| (before / now - 1.0).abs())
                .fold(0.0, f64::max);
            // What a geometric series has left after a term.
            if shrinks < SLOWEST && moved / (1.0 - shrinks) < LEFT {
                values.truncate(wanted);
                values.reverse();
                return Some(values);
            }
        }
    }
    None
}

/// (RᵀR)⁻¹ x.
fn solved(upper: MatRef<'_, f64>, mut x: Mat<f64>) -> Mat<f64> {
    solve_lower_triangular_in_place(upper.transpose(), x.as_mut(), Par::Seq);
    // Kept within range between the two, whose growth is that of 1/ν² together.
    let largest = x.norm_max();
    if largest > 0.0 && largest.is_finite() {
        let scale = 1.0 / largest;
        for column in x.col_iter_mut() {
            column.iter_mut().for_each(|entry| *entry *= scale);
        }
    }
    solve_upper_triangular_in_place(upper, x.as_mut(), Par::Seq);
    x
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::test_support::gaussian;

    fn matrix(m: usize, n: usize, seed: u64) -> Mat<f64> {
        let entries = gaussian(m, n, seed);
        Mat::from_fn(m, n, |i, j| entries[i * n + j])
    }

    #[test]
    fn as_the_direct_decomposition_has_them() {
        for (m, n) in [(100, 100), (200, 200), (200, 201)] {
            let a = matrix(m, n, 5);
            let all = bidiagonal::singular_values(a.clone()).unwrap();
            for wanted in [1, 3, m / 8] {
                let found = smallest(a.clone(), wanted).unwrap();
                assert_eq!(found, smallest(a.clone(), wanted).unwrap());
                for (found, exact) in found.iter().zip(&all[m - wanted..]) {
                    // The direct values are in error by a few ε·ν₁ themselves.
                    let error = (found - exact).abs();
                    assert!(error < 1e-9 * exact + 1e-14 * all[0], "{m}×{n} {wanted}: {error:e}");
                }
            }
        }
    }

    #[test]
    fn a_cliff_of_eight_decades() {
        let (m, n) = (120, 130);
        let orthogonal = |m, seed| Householder::new(matrix(m, m, seed)).thin();
        let (left, right) = (orthogonal(m, 1), orthogonal(n, 2));
        let nu =
            |k: usize| if k + 3 < m { 1.0 / (1 + k) as f64 } else { 1e-8 * (m + 2 - k) as f64 };
        let middle = Mat::from_fn(m, n, |i, j| if i == j { nu(i) } else { 0.0 });
        let found = smallest(&left * middle * right.transpose(), 3).unwrap();
        for (k, found) in found.iter().enumerate() {
            let error = (found / nu(m - 3 + k) - 1.0).abs();
            assert!(error < 1e-6, "{k}: {error:e}");
        }
    }

    #[test]
    fn what_it_cannot_say_it_leaves() {
        let a = matrix(64, 64, 3);
        assert!(smallest(a.clone(), 0).is_none() && smallest(a, 9).is_none());
        // Of rank 60, and values that are all the same.
        let (low, same) = (matrix(64, 60, 1), Mat::<f64>::identity(64, 64));
        assert!(smallest(&low * low.transpose(), 2).is_none());
        assert!(smallest(same, 2).is_none());
    }
}
