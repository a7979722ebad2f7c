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
/// Rounds, at most: so many that they cost about as much as the decomposition that they save, and no fewer than
/// show whether there is a gap.
fn most_rounds(m: usize, width: usize) -> usize {
    (m / width).clamp(3, 30)
}
/// Relative error that is left.
const LEFT: f64 = 1e-10;
/// Error of a value over the largest one, whatever the method; at a condition of 1e8 it is below the 1e-6 that is
/// promised.
const ROUNDING: f64 = 32.0 * f64::EPSILON;
/// Slower convergence than this, of the squared error in a round, is not waited for.
const SLOWEST: f64 = 0.8;

/// The `wanted` smallest singular values of an m×n matrix, m ≤ n, whose largest is `largest`, descending; `None`
/// where they are too many, or not apart from the others. Values that vanish are found to within their rounding,
/// [`ROUNDING`]·ν₁.
pub(super) fn smallest(a: Mat<f64>, wanted: usize, largest: f64) -> Option<Vec<f64>> {
    let m = a.nrows();
    let rounding = ROUNDING * largest;
    let width = wanted + GUARD.max(wanted / 2);
    if wanted == 0 || wanted > m / ONE_OF || width >= m {
        return None;
    }
    let factored = Factored::new(a);
    // The same vectors every time.
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    let mut x = Mat::from_fn(m, width, |_, _| StandardNormal.sample(&mut rng));
    let mut before: Option<Vec<f64>> = None;
    let rounds = most_rounds(m, width);
    for round in 1..=rounds {
        let solved = factored.solved(x);
        // Two pivots that all but vanish can leave the range of a double.
        if !finite(&solved) {
            return None;
        }
        x = Householder::new(solved).thin_q();
        // Ascending from the smallest, so that the wanted ones come first.
        let mut values = bidiagonal::singular_values(factored.image(&x)).ok()?;
        values.reverse();
        let (last, guard) = (values.get(wanted - 1)?, values.last()?);
        let shrinks = (last / guard).powi(4);
        if let Some(before) = before.replace(values.clone()) {
            let moved = before
                .iter()
                .zip(&values)
                .take(wanted)
                .map(|(before, now)| (before - now).abs() / now.max(rounding / LEFT))
                .fold(0.0, f64::max);
            // What a geometric series has left after a term.
            if shrinks < SLOWEST && moved / (1.0 - shrinks) < LEFT {
                values.truncate(wanted);
                values.reverse();
                return Some(values);
            }
            // Rounds that this rate still needs.
            let more = (LEFT / moved.max(LEFT)).ln() / shrinks.ln();
            if shrinks.is_nan() || shrinks >= SLOWEST || round as f64 + more > rounds as f64 {
                return None;
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
            return Self::orthogonal(a);
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
        // A column of zeros is divided by its pivot.
        if !finite(&factors) {
            return Self::orthogonal(a);
        }
        bounded_pivots(&mut factors);
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

    fn orthogonal(a: Mat<f64>) -> Self {
        // Columns of zeros last: the solver leaves their places on the diagonal to the next columns.
        let (mut order, zeros): (Vec<usize>, Vec<usize>) =
            (0..a.nrows()).partition(|&i| a.row(i).iter().any(|x| *x != 0.0));
        order.extend(zeros);
        let tall = Mat::from_fn(a.ncols(), a.nrows(), |i, j| a[(order[j], i)]);
        drop(a);
        let mut upper = Householder::new(tall).upper();
        bounded_pivots(&mut upper);
        Self::Orthogonal { upper }
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

fn finite(x: &Mat<f64>) -> bool {
    x.col_iter().all(|column| column.iter().all(|entry| entry.is_finite()))
}

/// Pivots that vanish are moved by the rounding of the largest: an error that the factorization has anyway, and
/// inverse iteration needs no more (Golub & Van Loan, §7.6.1).
fn bounded_pivots(factors: &mut Mat<f64>) {
    let m = factors.nrows();
    let largest = (0..m).map(|k| factors[(k, k)].abs()).fold(0.0, f64::max);
    let least = f64::EPSILON * largest;
    for k in 0..m {
        let pivot = factors[(k, k)];
        if pivot.abs() < least {
            factors[(k, k)] = least.copysign(pivot);
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
#[allow(clippy::unwrap_used, clippy::panic)]
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
            for wanted in [1, 3] {
                let found = smallest(a.clone(), wanted, all[0]).unwrap();
                assert_eq!(found, smallest(a.clone(), wanted, all[0]).unwrap());
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
        let orthogonal = |m, seed| Householder::new(matrix(m, m, seed)).thin_q();
        let (left, right) = (orthogonal(m, 1), orthogonal(n, 2));
        let nu =
            |k: usize| if k + 3 < m { 1.0 / (1 + k) as f64 } else { 1e-8 * (m + 2 - k) as f64 };
        let middle = Mat::from_fn(m, n, |i, j| if i == j { nu(i) } else { 0.0 });
        let found = smallest(&left * middle * right.transpose(), 3, 1.0).unwrap();
        for (k, found) in found.iter().enumerate() {
            let error = (found / nu(m - 3 + k) - 1.0).abs();
            assert!(error < 1e-6, "{k}: {error:e}");
        }
    }

    #[test]
    fn what_it_cannot_say_it_leaves() {
        let a = matrix(64, 64, 3);
        assert!(smallest(a.clone(), 0, 16.0).is_none() && smallest(a, 9, 16.0).is_none());
        // Values that are all the same.
        assert!(smallest(Mat::<f64>::identity(64, 64), 2, 1.0).is_none());
    }

    /// Zeros come from a dead unit, values near them from what was trained behind one.
    #[test]
    fn values_that_vanish_are_within_their_rounding() {
        let low = matrix(128, 120, 1);
        let nothing = |m: usize, n: usize, columns: usize| {
            let mut a = matrix(m, n, 2);
            (0..columns).for_each(|j| a.col_as_slice_mut(j).fill(0.0));
            a
        };
        for (case, (a, wanted)) in [
            (&low * low.transpose(), 8),
            (nothing(128, 128, 1), 1),
            (nothing(128, 128, 7), 7),
            (nothing(128, 128, 7).transpose().to_owned(), 7),
            (nothing(96, 100, 14), 10),
        ]
        .into_iter()
        .enumerate()
        {
            let largest = bidiagonal::singular_values(a.clone()).unwrap()[0];
            let found = smallest(a, wanted, largest);
            let found = found.unwrap_or_else(|| panic!("case {case}"));
            assert!(
                found.iter().all(|nu| *nu <= 128.0 * f64::EPSILON * largest),
                "{case}: {found:?}"
            );
        }
    }
}
