//! Singular vectors that are tested for the distribution of their entries, of a matrix in single precision.
//!
//! The way back to the vectors of the Gram matrix, 2m³ operations, and the product that makes those of the other side of
//! them, 2m²n, take half of their time in single precision. The reduction and its eigenproblem stay in double: so the
//! values keep their digits, and neighbours stay apart.
//!
//! Rounding on the way leaves ε times the root mean square ν̄ of the values, a few times, in a vector on the large side of
//! length ν_k, before it is normalized: each entry moves by so many standard deviations of them. The Kolmogorov–Smirnov
//! distance then moves by less than that, and λ = √N·D of N entries by √N times it. Vectors with √N·ε·ν̄/ν_k above [`MOST`] are
//! computed in double precision, where N counts the entries of a window: of a square Gaussian matrix of 768 the last 15.

use super::decompose::{completely, no_convergence};
use super::decomposition::normalized;
use super::gram::{VALUES_LIMIT, VECTORS_LIMIT, conditioned, fits, right, told_apart};
use super::product::in_single;
use super::scaled::{Scaled, exp2};
use super::symmetric::Unturned;
use super::{Decomposition, Matrix, Values, decompose};
use crate::RmtError;
use faer::Mat;

/// √N·ε·ν̄/ν of the vectors that are rounded, at most: p-values then move by less than a hundredth of a decade (tested, of
/// the shapes of the calibration).
const MOST: f64 = 1.5e-4;

/// Neighbouring vectors whose entries are tested together.
pub(crate) const WINDOW: usize = 10;

/// ε, the rounding of single precision.
const ROUNDING: f64 = 0.5 * f32::EPSILON as f64;

/// Powers of two that the largest entry may have, so that no product over- or underflows.
const EXPONENTS: std::ops::RangeInclusive<i32> = -40..=40;

/// Singular values as those of [`decompose`], and vectors of any length whose entries are right to within what their tests see.
pub(crate) enum Tested {
    /// As [`decompose`] has them.
    Double(Decomposition),
    /// The leading ones in single precision.
    Single(Single),
}

/// Leading vectors in single precision, and the others.
pub(crate) struct Single {
    singular_values: Vec<f64>,
    small: Mat<f32>,
    large: Mat<f32>,
    others: Decomposition,
}

impl Tested {
    /// Of a matrix.
    ///
    /// # Errors
    /// As [`decompose`].
    pub(crate) fn of(matrix: &Matrix<'_>) -> Result<Self, RmtError> {
        match matrix.values() {
            Values::F32(entries) if fits(matrix) => Self::in_single(matrix, entries),
            _ => Ok(Self::Double(decompose(matrix)?)),
        }
    }

    fn in_single(matrix: &Matrix<'_>, entries: &[f32]) -> Result<Self, RmtError> {
        let failed = no_convergence(matrix);
        let scaled = Scaled::new(matrix)?;
        let unturned = Unturned::of(scaled.gram()).map_err(|_| failed.clone())?;
        let found = &unturned.values;
        if EXPONENTS.contains(&scaled.exponent()) && conditioned(found, VECTORS_LIMIT) {
            let largest = found.last().copied().unwrap_or(0.0);
            let mean = found.iter().sum::<f64>() / found.len() as f64;
            let window = (matrix.large_side() * WINDOW) as f64;
            // λ down to which vectors may be rounded, and roots of λ are right.
            let least = ((ROUNDING / MOST).powi(2) * window * mean).max(VALUES_LIMIT * largest);
            let others = found.partition_point(|&x| x <= least);
            let leading = found.len() - others;
            let unit = exp2(scaled.exponent());
            let mut singular_values: Vec<f64> =
                found.iter().rev().take(leading).map(|x| x.sqrt() * unit).collect();
            let small = unturned.smallest(others);
            let large = scaled.transposed_times(&small);
            let others = normalized(small, large, scaled.exponent());
            singular_values.extend(&others.singular_values);
            if singular_values.is_sorted_by(|x, y| x >= y) && told_apart(&singular_values) {
                let small = unturned.largest_in_single(leading);
                let (rows, cols) = (matrix.rows(), matrix.cols());
                let large = in_single(entries, (rows, cols), rows <= cols, small.as_ref());
                return Ok(Self::Single(Single { singular_values, small, large, others }));
            }
        }
        Ok(Self::Double(completely(&scaled, unturned.leading(right), &failed)?))
    }

    /// ν₁ ≥ … ≥ ν_m.
    pub(crate) fn singular_values(&self) -> &[f64] {
        match self {
            Self::Double(d) => &d.singular_values,
            Self::Single(s) => &s.singular_values,
        }
    }

    /// The k-th singular vector on the small side.
    pub(crate) fn small_vector(&self, k: usize) -> impl Iterator<Item = f64> + '_ {
        widened(match self {
            Self::Double(d) => (&[], d.small.col_as_slice(k)),
            Self::Single(s) => s.vector(k, &s.small, &s.others.small),
        })
    }

    /// On the large side.
    pub(crate) fn large_vector(&self, k: usize) -> impl Iterator<Item = f64> + '_ {
        widened(match self {
            Self::Double(d) => (&[], d.large.col_as_slice(k)),
            Self::Single(s) => s.vector(k, &s.large, &s.others.large),
        })
    }
}

fn widened((single, double): (&[f32], &[f64])) -> impl Iterator<Item = f64> {
    single.iter().map(|&x| f64::from(x)).chain(double.iter().copied())
}

impl Single {
    fn vector<'a>(
        &'a self,
        k: usize,
        leading: &'a Mat<f32>,
        others: &'a Mat<f64>,
    ) -> (&'a [f32], &'a [f64]) {
        match k.checked_sub(leading.ncols()) {
            None => (leading.col_as_slice(k), &[]),
            Some(k) => (&[], others.col_as_slice(k)),
        }
    }
}
