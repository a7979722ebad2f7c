//! Eigenvalues and vectors of a symmetric matrix.
//!
//! | step | module | operations |
//! |---|---|---|
//! | to tridiagonal form, in one stage | `one_stage` | 4n³/3, half of them at the speed of memory |
//! | or in two: to band form, and from there | `band`, `chase` | 4n³/3 in products of matrices, 6n²·32 |
//! | values of the tridiagonal matrix | `pal_walker_kahan` | O(n²) |
//! | and vectors, by divide and conquer | faer | ≤ 4n³/3 |
//! | back to the vectors of the matrix | faer | 2n³ |
//!
//! Values alone of large matrices are found in two stages: products of matrices run at the speed of the
//! processor, however large the matrix. Vectors are found in one: with two, the second way back costs more than
//! the first stage saves (measured; `benches/record`).
//!
//! The memory is that of less than four matrices. The solver's own driver holds its input, a copy that it
//! reduces, the vectors and two matrices of work space at once. The steps one by one reduce the input in
//! place and keep only its lower half while the work space is there, or nothing of it where it can be had
//! again.

mod band;
mod chase;
mod kernels;
mod one_stage;
mod pal_walker_kahan;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests;
mod tridiagonal;

use crate::RmtError;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::evd::EvdError;
use faer::linalg::householder::{
    apply_block_householder_sequence_on_the_left_in_place_scratch as apply_scratch,
    apply_block_householder_sequence_on_the_left_in_place_with_conj as apply,
};
use faer::traits::RealField;
use faer::{Conj, Mat, Par};
use one_stage::{Reflections, reduced};
pub(super) use pal_walker_kahan::eigenvalues as tridiagonal_eigenvalues;
pub(super) use tridiagonal::Tridiagonal;

/// Side from which values alone are found in two stages (measured: the same time at 1536).
const TWO_STAGES: usize = 1536;

/// How a symmetric matrix is reduced to tridiagonal form where its eigenvalues alone are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reduction {
    /// Column by column: half of the work is products of the matrix with a vector.
    OneStage,
    /// To a band, and from there: nearly all of the work is products of matrices.
    TwoStages,
}

/// Eigenvalues of a symmetric n×n matrix, ascending, to within 1e-13 of its norm (checked against LAPACK
/// for n up to 513 and at 2048). `entries` are its columns one after the other, of which the part on and
/// below the diagonal is read. On the calling thread; the matrix is copied once.
///
/// # Errors
/// [`RmtError::Domain`] where there are not n² entries or one that is read is not finite,
/// [`RmtError::NoConvergence`] when the solver gives up.
pub fn symmetric_eigenvalues(
    entries: &[f64],
    n: usize,
    reduction: Reduction,
) -> Result<Vec<f64>, RmtError> {
    let matrix = checked(entries, n)?;
    let values = match reduction {
        Reduction::OneStage => eigenvalues_in_one_stage(matrix),
        Reduction::TwoStages => eigenvalues_in_two_stages(matrix),
    };
    values.map_err(|_| RmtError::NoConvergence { rows: n, cols: n })
}

/// The same, and the vectors: n entries each, one after the other, orthonormal to 1e-12.
///
/// # Errors
/// As [`symmetric_eigenvalues`].
pub fn symmetric_eigen(entries: &[f64], n: usize) -> Result<(Vec<f64>, Vec<f64>), RmtError> {
    let (values, vectors) =
        eigen(checked(entries, n)?).map_err(|_| RmtError::NoConvergence { rows: n, cols: n })?;
    Ok((values, (0..n).flat_map(|k| vectors.col_as_slice(k)).copied().collect()))
}

fn checked(entries: &[f64], n: usize) -> Result<Mat<f64>, RmtError> {
    let failed = |requirement| RmtError::Domain { law: "symmetric eigenproblem", requirement };
    if n.checked_mul(n) != Some(entries.len()) {
        return Err(failed("a square matrix has n² entries"));
    }
    let matrix = Mat::from_fn(n, n, |i, j| if i >= j { entries[j * n + i] } else { 0.0 });
    let finite = (0..n).all(|j| matrix.col_as_slice(j).iter().all(|x| x.is_finite()));
    if finite { Ok(matrix) } else { Err(failed("every entry must be finite")) }
}

/// Eigenvalues in ascending order, and their vectors as columns, from the lower triangle of
/// `symmetric`.
pub(crate) fn eigen(symmetric: Mat<f64>) -> Result<(Vec<f64>, Mat<f64>), EvdError> {
    leading_eigen(symmetric, <[f64]>::len)
}

/// All eigenvalues in ascending order, and the vectors of the largest ones, of as many as `wanted` says of them.
pub(super) fn leading_eigen(
    symmetric: Mat<f64>,
    wanted: impl FnOnce(&[f64]) -> usize,
) -> Result<(Vec<f64>, Mat<f64>), EvdError> {
    Ok(Unturned::of(symmetric)?.leading(wanted))
}

/// Eigenvalues in ascending order, and vectors before the way back: those of the tridiagonal matrix.
pub(super) struct Unturned {
    pub(super) values: Vec<f64>,
    vectors: Mat<f64>,
    /// The reflections that lead back.
    packed: Vec<f64>,
    factors: Mat<f64>,
}

impl Unturned {
    /// Those of `symmetric`.
    pub(super) fn of(symmetric: Mat<f64>) -> Result<Self, EvdError> {
        let (tridiagonal, Reflections { vectors, factors }) = reduced(symmetric);
        let packed = packed(vectors);
        let (values, vectors) = tridiagonal.eigen()?;
        Ok(Self { values, vectors, packed, factors })
    }

    /// The values, and the vectors of the largest ones, of as many as `wanted` says of them.
    pub(super) fn leading(self, wanted: impl FnOnce(&[f64]) -> usize) -> (Vec<f64>, Mat<f64>) {
        let n = self.vectors.nrows();
        let (values, mut vectors) = leading((self.values, self.vectors), wanted);
        back_transformed(&unpacked(&self.packed, n), &self.factors, &mut vectors);
        (values, vectors)
    }

    /// The vectors of the `count` smallest values, the larger of them first.
    pub(super) fn smallest(&self, count: usize) -> Mat<f64> {
        let n = self.vectors.nrows();
        let mut vectors = Mat::from_fn(n, count, |i, k| self.vectors[(i, count - 1 - k)]);
        if count > 0 {
            back_transformed(&unpacked(&self.packed, n), &self.factors, &mut vectors);
        }
        vectors
    }

    /// The vectors of the `count` largest values, largest first, turned back in single precision.
    pub(super) fn largest_in_single(self, count: usize) -> Mat<f32> {
        let n = self.vectors.nrows();
        let mut vectors = Mat::from_fn(n, count, |i, k| self.vectors[(i, n - 1 - k)] as f32);
        drop(self.vectors);
        let factors = Mat::from_fn(self.factors.nrows(), self.factors.ncols(), |i, k| {
            self.factors[(i, k)] as f32
        });
        back_transformed(&unpacked(&self.packed, n), &factors, &mut vectors);
        vectors
    }
}

/// The same of a matrix that can be had again, in half a matrix less: the reduction is done twice, and
/// must come out the same to the last digit.
pub(super) fn leading_eigen_twice(
    symmetric: impl Fn() -> Mat<f64>,
    wanted: impl FnOnce(&[f64]) -> usize,
) -> Result<(Vec<f64>, Mat<f64>), EvdError> {
    let (tridiagonal, _) = reduced(symmetric());
    let (values, mut vectors) = leading(tridiagonal.eigen()?, wanted);
    let (again, reflections) = reduced(symmetric());
    if again != tridiagonal {
        return Err(EvdError::NoConvergence);
    }
    back_transformed(&reflections.vectors, &reflections.factors, &mut vectors);
    Ok((values, vectors))
}

/// All values, and the last of the vectors, as many as are wanted.
fn leading(
    (values, vectors): (Vec<f64>, Mat<f64>),
    wanted: impl FnOnce(&[f64]) -> usize,
) -> (Vec<f64>, Mat<f64>) {
    let (n, wanted) = (values.len(), wanted(&values));
    let vectors = match wanted < n {
        true => vectors.subcols(n - wanted, wanted).to_owned(),
        false => vectors,
    };
    (values, vectors)
}

/// Eigenvalues alone, in ascending order.
pub(super) fn eigenvalues(symmetric: Mat<f64>) -> Result<Vec<f64>, EvdError> {
    if symmetric.nrows() >= TWO_STAGES {
        eigenvalues_in_two_stages(symmetric)
    } else {
        eigenvalues_in_one_stage(symmetric)
    }
}

fn eigenvalues_in_one_stage(symmetric: Mat<f64>) -> Result<Vec<f64>, EvdError> {
    pal_walker_kahan::eigenvalues(&reduced(symmetric).0)
}

fn eigenvalues_in_two_stages(symmetric: Mat<f64>) -> Result<Vec<f64>, EvdError> {
    pal_walker_kahan::eigenvalues(&chase::tridiagonal(&band::banded(symmetric)))
}

/// From the vectors of the tridiagonal matrix to those of the matrix that was reduced to it.
fn back_transformed<T: RealField>(reflections: &Mat<T>, factors: &Mat<T>, vectors: &mut Mat<T>) {
    let n = reflections.nrows();
    if n < 2 {
        return;
    }
    let scratch = apply_scratch::<T>(n - 1, factors.nrows(), vectors.ncols());
    apply(
        reflections.as_ref().submatrix(1, 0, n - 1, n - 1),
        factors.as_ref(),
        Conj::No,
        vectors.as_mut().subrows_mut(1, n - 1),
        Par::Seq,
        MemStack::new(&mut MemBuffer::new(scratch)),
    );
}

/// The lower triangle, column by column.
fn packed(matrix: Mat<f64>) -> Vec<f64> {
    let n = matrix.nrows();
    let mut packed = Vec::with_capacity(n * (n + 1) / 2);
    for j in 0..n {
        packed.extend((j..n).map(|i| matrix[(i, j)]));
    }
    packed
}

/// The matrix that has this lower triangle, and zeros above it.
fn unpacked<T: RealField + Precision>(packed: &[f64], n: usize) -> Mat<T> {
    let mut matrix = Mat::zeros(n, n);
    let mut values = packed;
    for j in 0..n {
        let (column, rest) = values.split_at(n - j);
        for (into, &x) in matrix.col_as_slice_mut(j)[j..].iter_mut().zip(column) {
            *into = T::rounded(x);
        }
        values = rest;
    }
    matrix
}

/// What a number in double precision is rounded to.
trait Precision {
    fn rounded(x: f64) -> Self;
}

impl Precision for f64 {
    fn rounded(x: f64) -> Self {
        x
    }
}

impl Precision for f32 {
    fn rounded(x: f64) -> Self {
        x as Self
    }
}
