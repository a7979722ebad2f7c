//! Small singular values beside large ones, by Gram matrices alone.

use super::decomposition::{Decomposition, reversed};
use super::gram::{VALUES_LIMIT, above, conditioned};
use super::householder::Householder;
use super::product;
use super::scaled::{Scaled, divisors, exponent};
use super::symmetric::leading_eigen;
use crate::RmtError;
use faer::{Mat, MatMut};

/// Completes the leading singular vectors `found`, on the small side, to all of them; `largest` is the
/// largest eigenvalue of WWᵀ.
///
/// Qᵀ, the reflections that bring the span of `found` to the first axes, leaves in the other rows of
/// QᵀW what the others make of W: a matrix whose largest singular value is the largest of those that
/// are still to be found. What couples the two parts is in error by ε·ν₁² in WWᵀ, and moves a value ν
/// next to ν_g, the least that is found, by (ε·ν₁²/(ν_g·ν))²/2 relative: 1e-9 at ν = 1e-8·ν₁.
pub(super) fn completed(
    scaled: &Scaled<'_>,
    mut found: Mat<f64>,
    largest: Option<f64>,
    failed: &RmtError,
) -> Result<Mat<f64>, RmtError> {
    let m = found.nrows();
    // Below the rounding of the entries any vectors will do.
    let rounding = (m as f64 * f64::EPSILON).powi(2) * largest.unwrap_or(0.0);
    while found.ncols() < m {
        let done = found.ncols();
        let reflections = Householder::new(found.clone());
        let (gram, negligible) = {
            let mut a = scaled.whole();
            reflections.apply_transposed(a.as_mut());
            let mut rest = a.as_mut().subrows_mut(done, m - done);
            let negligible = rest.squared_norm_l2() <= rounding;
            // Squares of entries that are 154 decades apart underflow.
            normalize(rest.as_mut());
            (product::gram(rest.as_ref()), negligible)
        };
        let right = |ascending: &[f64]| {
            let all = negligible || conditioned(ascending, VALUES_LIMIT);
            if all { ascending.len() } else { above(ascending, VALUES_LIMIT) }
        };
        let (_, vectors) = leading_eigen(gram, right).map_err(|_| failed.clone())?;
        let right = vectors.ncols();
        let mut next = Mat::zeros(m, right);
        next.as_mut().subrows_mut(done, m - done).copy_from(reversed(vectors));
        reflections.apply(next.as_mut());
        found = Mat::from_fn(m, done + right, |i, k| {
            if k < done { found[(i, k)] } else { next[(i, k - done)] }
        });
    }
    Ok(found)
}

/// Divides by a power of two, so that the largest entry is about 1.
fn normalize(a: MatMut<'_, f64>) {
    let (first, second) = divisors(exponent(a.norm_max()));
    for column in a.col_iter_mut() {
        for x in column.iter_mut() {
            *x = *x * first * second;
        }
    }
}

/// The same decomposition with each vector on the large side orthogonal to those of larger values,
/// and orthonormal vectors where the values vanish.
///
/// The coupling of two vectors shows in the image of the weaker one as a part of the stronger's, which
/// is no part of its own singular value: what is left without it is r_kk of a QR factorization.
pub(super) fn orthonormalized(decomposition: Decomposition) -> Decomposition {
    let Decomposition { mut singular_values, small, large } = decomposition;
    let qr = Householder::new(large);
    let mut large = qr.thin_q();
    for (k, value) in singular_values.iter_mut().enumerate() {
        let diagonal = qr.diagonal(k);
        *value *= diagonal.abs();
        if diagonal < 0.0 {
            for x in large.col_mut(k).iter_mut() {
                *x = -*x;
            }
        }
    }
    Decomposition { singular_values, small, large }
}
