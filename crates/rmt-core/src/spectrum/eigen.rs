//! Eigenvalues and vectors of a symmetric matrix in the memory of less than four.
//!
//! The solver's own driver holds its input, a copy that it reduces, the vectors and two matrices of
//! work space at once. The same steps one by one reduce the input in place and keep only its lower
//! half while the work space is there, or nothing of it where it can be had again: the figures are the
//! same to the last digit.

use faer::diag::Diag;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::evd::{
    ComputeEigenvectors, EvdError, self_adjoint_evd_scratch, tridiag::tridiag_in_place,
    tridiagonal_self_adjoint_evd,
};
use faer::linalg::householder::{
    apply_block_householder_sequence_on_the_left_in_place_scratch as apply_scratch,
    apply_block_householder_sequence_on_the_left_in_place_with_conj as apply,
};
use faer::linalg::qr::no_pivoting::factor::recommended_block_size;
use faer::{Conj, Mat, Par, Spec};

/// A reduction to tridiagonal form.
struct Tridiagonal {
    diagonal: Diag<f64>,
    off_diagonal: Diag<f64>,
    /// Householder vectors, in the lower triangle.
    reduced: Mat<f64>,
    factors: Mat<f64>,
}

/// Eigenvalues in ascending order, and their vectors as columns, from the lower triangle of
/// `symmetric`.
pub(crate) fn eigen(symmetric: Mat<f64>) -> Result<(Vec<f64>, Mat<f64>), EvdError> {
    let Tridiagonal { diagonal, off_diagonal, reduced, factors } = tridiagonal(symmetric);
    let n = diagonal.dim();
    let packed = packed(reduced);
    let (values, mut vectors) = tridiagonal_eigen(&diagonal, &off_diagonal)?;
    back_transformed(unpacked(&packed, n), &factors, &mut vectors);
    Ok((values, vectors))
}

/// The same of a matrix that can be had again, in half a matrix less: the reduction is done twice, and
/// must come out the same to the last digit.
pub(super) fn eigen_twice<E>(
    symmetric: impl Fn() -> Result<Mat<f64>, E>,
    failed: E,
) -> Result<(Vec<f64>, Mat<f64>), E> {
    let Tridiagonal { diagonal, off_diagonal, .. } = tridiagonal(symmetric()?);
    let Ok((values, mut vectors)) = tridiagonal_eigen(&diagonal, &off_diagonal) else {
        return Err(failed);
    };
    let again = tridiagonal(symmetric()?);
    if again.diagonal != diagonal || again.off_diagonal != off_diagonal {
        return Err(failed);
    }
    back_transformed(again.reduced, &again.factors, &mut vectors);
    Ok((values, vectors))
}

/// Eigenvalues in ascending order, and vectors, of a tridiagonal matrix.
fn tridiagonal_eigen(
    diagonal: &Diag<f64>,
    off_diagonal: &Diag<f64>,
) -> Result<(Vec<f64>, Mat<f64>), EvdError> {
    let n = diagonal.dim();
    let mut values = Diag::zeros(n);
    let mut vectors = Mat::zeros(n, n);
    // More than is used: what is not touched takes no memory.
    let scratch =
        self_adjoint_evd_scratch::<f64>(n, ComputeEigenvectors::Yes, Par::Seq, Spec::default());
    tridiagonal_self_adjoint_evd(
        diagonal.as_ref(),
        off_diagonal.as_ref(),
        values.as_mut(),
        Some(vectors.as_mut()),
        Par::Seq,
        MemStack::new(&mut MemBuffer::new(scratch)),
        Spec::default(),
    )?;
    Ok((values.column_vector().iter().copied().collect(), vectors))
}

/// From the vectors of the tridiagonal matrix to those of the matrix that was reduced to it.
fn back_transformed(reduced: Mat<f64>, factors: &Mat<f64>, vectors: &mut Mat<f64>) {
    let n = reduced.nrows();
    if n < 2 {
        return;
    }
    let scratch = apply_scratch::<f64>(n - 1, factors.nrows(), n);
    apply(
        reduced.as_ref().submatrix(1, 0, n - 1, n - 1),
        factors.as_ref(),
        Conj::No,
        vectors.as_mut().subrows_mut(1, n - 1),
        Par::Seq,
        MemStack::new(&mut MemBuffer::new(scratch)),
    );
}

/// Eigenvalues alone, in ascending order.
pub(super) fn eigenvalues(symmetric: Mat<f64>) -> Result<Vec<f64>, EvdError> {
    let Tridiagonal { diagonal, off_diagonal, .. } = tridiagonal(symmetric);
    tridiagonal_eigenvalues(&diagonal, &off_diagonal)
}

/// Those of the symmetric tridiagonal matrix with these entries; the last beside the diagonal is not
/// looked at.
pub(super) fn tridiagonal_eigenvalues(
    diagonal: &Diag<f64>,
    off_diagonal: &Diag<f64>,
) -> Result<Vec<f64>, EvdError> {
    let n = diagonal.dim();
    let mut values = Diag::zeros(n);
    let scratch =
        self_adjoint_evd_scratch::<f64>(n, ComputeEigenvectors::No, Par::Seq, Spec::default());
    tridiagonal_self_adjoint_evd(
        diagonal.as_ref(),
        off_diagonal.as_ref(),
        values.as_mut(),
        None,
        Par::Seq,
        MemStack::new(&mut MemBuffer::new(scratch)),
        Spec::default(),
    )?;
    Ok(values.column_vector().iter().copied().collect())
}

fn tridiagonal(mut symmetric: Mat<f64>) -> Tridiagonal {
    let n = symmetric.nrows();
    let block = recommended_block_size::<f64>(n, n);
    let mut factors = Mat::zeros(block, n.saturating_sub(1));
    let scratch =
        faer::linalg::evd::tridiag::tridiag_in_place_scratch::<f64>(n, Par::Seq, Spec::default());
    tridiag_in_place(
        symmetric.as_mut(),
        factors.as_mut(),
        Par::Seq,
        MemStack::new(&mut MemBuffer::new(scratch)),
        Spec::default(),
    );
    let (mut diagonal, mut off_diagonal) = (Diag::zeros(n), Diag::zeros(n));
    for i in 0..n {
        diagonal[i] = symmetric[(i, i)];
        if i + 1 < n {
            off_diagonal[i] = symmetric[(i + 1, i)];
        }
    }
    Tridiagonal { diagonal, off_diagonal, reduced: symmetric, factors }
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::test_support::gaussian;
    use faer::Side;

    #[test]
    fn equal_to_the_drivers_result_to_the_last_digit() {
        for n in [1, 2, 3, 5, 16, 31, 64, 127, 128, 129, 200, 257, 301, 512] {
            let a = gaussian(n, n + 3, n as u64);
            let a = Mat::from_fn(n, n + 3, |i, j| a[i * (n + 3) + j]);
            let gram = &a * a.transpose();
            let expected = gram.self_adjoint_eigen(Side::Lower).unwrap();
            let values: Vec<f64> = expected.S().column_vector().iter().copied().collect();
            let alone = gram.self_adjoint_eigenvalues(Side::Lower).unwrap();
            assert_eq!(eigenvalues(gram.clone()).unwrap(), alone, "{n}");
            let (found, vectors) = eigen(gram.clone()).unwrap();
            assert_eq!(found, values, "{n}");
            assert!(vectors == expected.U(), "{n}");
            let (found, vectors) = eigen_twice(|| Ok(gram.clone()), ()).unwrap();
            assert_eq!(found, values, "{n}");
            assert!(vectors == expected.U(), "{n}");
        }
    }
}
