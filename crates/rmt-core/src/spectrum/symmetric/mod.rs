//! Eigenvalues and vectors of a symmetric matrix.
//!
//! | step | module | operations |
//! |---|---|---|
//! | to tridiagonal form, in one stage | `one_stage` | 4n³/3, half of them at the speed of memory |
//! | or in two: to band form, and from there | `band`, `chase` | 4n³/3 in products of matrices, 6n²·32 |
//! | values of the tridiagonal matrix | `square_root_free` | O(n²) |
//! | and vectors, by divide and conquer | faer | ≤ 4n³/3 |
//! | back to the vectors of the band matrix, of the matrix | `back`, `band` (or faer) | 4n³ and 2n³, or 2n³ |
//!
//! Values alone of large matrices are found in two stages: products of matrices run at the speed of the
//! processor, however large the matrix. With all vectors the second step back costs more than the first
//! stage saves, so these are found in one (measured; `benches/record`).
//!
//! The memory is that of less than four matrices. The solver's own driver holds its input, a copy that it
//! reduces, the vectors and two matrices of work space at once. The steps one by one reduce the input in
//! place and keep only its lower half while the work space is there, or nothing of it where it can be had
//! again.

mod back;
mod band;
mod chase;
mod kernels;
mod one_stage;
mod square_root_free;
#[cfg(test)]
mod tests;

use faer::diag::Diag;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::evd::{
    ComputeEigenvectors, EvdError, self_adjoint_evd_scratch, tridiagonal_self_adjoint_evd,
};
use faer::linalg::householder::{
    apply_block_householder_sequence_on_the_left_in_place_scratch as apply_scratch,
    apply_block_householder_sequence_on_the_left_in_place_with_conj as apply,
};
use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::{Accum, Conj, Mat, MatMut, MatRef, Par, Spec};
use one_stage::{Reflections, reduced};

/// Side from which values alone are found in two stages (measured: the same time at 1024).
const TWO_STAGES: usize = 1024;

/// A symmetric tridiagonal matrix.
#[derive(Debug, Clone, PartialEq)]
struct Tridiagonal {
    diagonal: Vec<f64>,
    /// One entry less.
    beside: Vec<f64>,
}

impl Tridiagonal {
    fn zeros(n: usize) -> Self {
        Self { diagonal: vec![0.0; n], beside: vec![0.0; n.saturating_sub(1)] }
    }

    /// Eigenvalues in ascending order, and vectors.
    fn eigen(&self) -> Result<(Vec<f64>, Mat<f64>), EvdError> {
        let n = self.diagonal.len();
        let diag = |entries: &[f64]| {
            let mut diag = Diag::zeros(n);
            (0..entries.len()).for_each(|i| diag[i] = entries[i]);
            diag
        };
        let (diagonal, beside) = (diag(&self.diagonal), diag(&self.beside));
        let mut values = Diag::zeros(n);
        let mut vectors = Mat::zeros(n, n);
        // More than is used: what is not touched takes no memory.
        let scratch =
            self_adjoint_evd_scratch::<f64>(n, ComputeEigenvectors::Yes, Par::Seq, Spec::default());
        tridiagonal_self_adjoint_evd(
            diagonal.as_ref(),
            beside.as_ref(),
            values.as_mut(),
            Some(vectors.as_mut()),
            Par::Seq,
            MemStack::new(&mut MemBuffer::new(scratch)),
            Spec::default(),
        )?;
        Ok((values.column_vector().iter().copied().collect(), vectors))
    }
}

/// Eigenvalues in ascending order, and their vectors as columns, from the lower triangle of
/// `symmetric`.
pub(crate) fn eigen(symmetric: Mat<f64>) -> Result<(Vec<f64>, Mat<f64>), EvdError> {
    let n = symmetric.nrows();
    let (tridiagonal, Reflections { vectors, factors }) = reduced(symmetric);
    let packed = packed(vectors);
    let (values, mut vectors) = tridiagonal.eigen()?;
    back_transformed(&unpacked(&packed, n), &factors, &mut vectors);
    Ok((values, vectors))
}

/// The same of a matrix that can be had again, in half a matrix less: the reduction is done twice, and
/// must come out the same to the last digit.
pub(super) fn eigen_twice<E>(
    symmetric: impl Fn() -> Result<Mat<f64>, E>,
    failed: E,
) -> Result<(Vec<f64>, Mat<f64>), E> {
    let (tridiagonal, _) = reduced(symmetric()?);
    let Ok((values, mut vectors)) = tridiagonal.eigen() else { return Err(failed) };
    let (again, reflections) = reduced(symmetric()?);
    if again != tridiagonal {
        return Err(failed);
    }
    back_transformed(&reflections.vectors, &reflections.factors, &mut vectors);
    Ok((values, vectors))
}

/// Eigenvalues alone, in ascending order.
pub(super) fn eigenvalues(symmetric: Mat<f64>) -> Result<Vec<f64>, EvdError> {
    if symmetric.nrows() >= TWO_STAGES {
        eigenvalues_in_two_stages(symmetric)
    } else {
        square_root_free::eigenvalues(&reduced(symmetric).0)
    }
}

fn eigenvalues_in_two_stages(symmetric: Mat<f64>) -> Result<Vec<f64>, EvdError> {
    let banded = band::banded(symmetric);
    square_root_free::eigenvalues(&chase::tridiagonal(&banded.matrix))
}

/// [`eigen`] by the two stages.
#[cfg(test)]
fn eigen_in_two_stages(symmetric: Mat<f64>) -> Result<(Vec<f64>, Mat<f64>), EvdError> {
    let banded = band::banded(symmetric);
    let (tridiagonal, sweeps) = chase::tridiagonal_kept(&banded.matrix);
    let (values, mut vectors) = tridiagonal.eigen()?;
    back::apply_sweeps(&sweeps, &mut vectors);
    banded.apply(&mut vectors);
    Ok((values, vectors))
}

/// The lower triangle of a − l·rᵀ.
fn lower_update(a: MatMut<'_, f64>, l: MatRef<'_, f64>, r: MatRef<'_, f64>) {
    triangular::matmul(
        a,
        BlockStructure::TriangularLower,
        Accum::Add,
        l,
        BlockStructure::Rectangular,
        r.transpose(),
        BlockStructure::Rectangular,
        -1.0,
        Par::Seq,
    );
}

/// From the vectors of the tridiagonal matrix to those of the matrix that was reduced to it.
fn back_transformed(reflections: &Mat<f64>, factors: &Mat<f64>, vectors: &mut Mat<f64>) {
    let n = reflections.nrows();
    if n < 2 {
        return;
    }
    let scratch = apply_scratch::<f64>(n - 1, factors.nrows(), n);
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
fn unpacked(packed: &[f64], n: usize) -> Mat<f64> {
    let mut matrix = Mat::zeros(n, n);
    let mut values = packed.iter();
    for j in 0..n {
        for (i, x) in (j..n).zip(&mut values) {
            matrix[(i, j)] = *x;
        }
    }
    matrix
}
