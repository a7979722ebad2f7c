//! The few smallest singular values, where a Gram matrix has lost their digits.
//!
//! Subspace iteration with (WWᵀ)⁻¹ (Golub & Van Loan, §8.2.4 and §8.6) turns a few random vectors towards
//! the singular vectors of the smallest values, and the singular values of W on their span are those of a
//! narrow matrix, to within a few ε·ν₁: as accurate as a direct decomposition. The inverse is applied by
//! triangular solves, for the price of one factorization: WWᵀ = RᵀR with Wᵀ = QR, or of a square matrix,
//! in half the time, PW = LU with partial pivoting.

use super::bidiagonal;
use super::householder::Householder;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::lu::partial_pivoting::factor::{lu_in_place, lu_in_place_scratch};
use faer::linalg::triangular_solve::{
    solve_lower_triangular_in_place, solve_unit_lower_triangular_in_place,
    solve_unit_upper_triangular_in_place, solve_upper_triangular_in_place,
};
use faer::{Mat, Par, Spec};
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
    let factored = Factored::new(a);
    // The same vectors every time.
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    let mut x = Mat::from_fn(m, width, |_, _| StandardNormal.sample(&mut rng));
    let mut before: Option<Vec<f64>> = None;
    for _ in 0..ROUNDS {
        x = Householder::new(factored.solved(x)).thin();
        // Ascending from the smallest, so that the wanted ones come first.
        let mut values = bidiagonal::singular_values(factored.image(&x)).ok()?;
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

/// W, so that (WWᵀ)⁻¹ can be applied.
enum Factored {
    /// R of Wᵀ = QR.
    Orthogonal { upper: Mat<f64> },
    /// PW and its factors, L below the diagonal and U on and above it.
    Square { rows: Mat<f64>, factors: Mat<f64> },
}

impl Factored {
    fn new(a: Mat<f64>) -> Self {
        if a.nrows() < a.ncols() {
            let tall = a.transpose().to_owned();
            drop(a);
            return Self::Orthogonal { upper: Householder::new(tall).upper() };
        }
        let m = a.nrows();
        let mut factors = a.clone();
        let (mut order, mut inverse) = (vec![0_usize; m], vec![0_usize; m]);
        let scratch = lu_in_place_scratch::<usize, f64>(m, m, Par::Seq, Spec::default());
        lu_in_place(
            factors.as_mut(),
            &mut order,
            &mut inverse,
            Par::Seq,
            MemStack::new(&mut MemBuffer::new(scratch)),
            Spec::default(),
        );
        let mut rows = a;
        let mut column = vec![0.0; m];
        for j in 0..m {
            column.copy_from_slice(rows.col_as_slice(j));
            for (x, &row) in rows.col_as_slice_mut(j).iter_mut().zip(&order) {
                *x = column[row];
            }
        }
        Self::Square { rows, factors }
    }

    /// (WWᵀ)⁻¹ x, of the permuted rows where they are; up to a factor.
    fn solved(&self, mut x: Mat<f64>) -> Mat<f64> {
        match self {
            Self::Orthogonal { upper } => {
                solve_lower_triangular_in_place(upper.transpose(), x.as_mut(), Par::Seq);
                within_range(&mut x);
                solve_upper_triangular_in_place(upper.as_ref(), x.as_mut(), Par::Seq);
            }
            Self::Square { factors, .. } => {
                let (lower, upper) = (factors.as_ref(), factors.transpose());
                solve_unit_lower_triangular_in_place(lower, x.as_mut(), Par::Seq);
                solve_upper_triangular_in_place(lower, x.as_mut(), Par::Seq);
                within_range(&mut x);
                solve_lower_triangular_in_place(upper, x.as_mut(), Par::Seq);
                solve_unit_upper_triangular_in_place(upper, x.as_mut(), Par::Seq);
            }
        }
        x
    }

    /// xᵀW, or as wide a matrix with the same singular values.
    fn image(&self, x: &Mat<f64>) -> Mat<f64> {
        match self {
            Self::Orthogonal { upper } => x.transpose() * upper.transpose(),
            Self::Square { rows, .. } => x.transpose() * rows,
        }
    }
}

/// Between the two solves, whose growth is that of 1/ν² together.
fn within_range(x: &mut Mat<f64>) {
    let largest = x.norm_max();
    if largest > 0.0 && largest.is_finite() {
        let scale = 1.0 / largest;
        for column in x.col_iter_mut() {
            column.iter_mut().for_each(|entry| *entry *= scale);
        }
    }
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
        for (m, n) in [(120, 130), (120, 120)] {
            cliff(m, n);
        }
    }

    fn cliff(m: usize, n: usize) {
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
