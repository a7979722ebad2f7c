//! Singular values alone, in the memory of two matrices.
//!
//! The solver's own driver copies its input more than once. Here it is reduced to bidiagonal form in its
//! own place (Golub & Kahan 1965), after a QR factorization where it is much longer than wide (Chan
//! 1982). The singular values are the positive eigenvalues of the symmetric tridiagonal matrix with a
//! zero diagonal and d₁, e₁, d₂, …, d_m beside it (Golub & Kahan's form, shuffled): to within a few
//! ε·ν₁.

use super::householder::Householder;
use super::symmetric::{Tridiagonal, tridiagonal_eigenvalues};
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::evd::EvdError;
use faer::linalg::qr::no_pivoting::factor::recommended_block_size;
use faer::linalg::svd::bidiag::{bidiag_in_place, bidiag_in_place_scratch};
use faer::{Mat, Par, Spec};

/// Rows a column from which a QR factorization first is cheaper.
const TALL: f64 = 11.0 / 6.0;

/// The singular values of an m×n matrix, m ≤ n, descending.
pub(super) fn singular_values(a: Mat<f64>) -> Result<Vec<f64>, EvdError> {
    let mut tall = a.transpose().to_owned();
    drop(a);
    if tall.nrows() as f64 > TALL * tall.ncols() as f64 {
        tall = Householder::new(tall).upper();
    }
    let (rows, cols) = (tall.nrows(), tall.ncols());
    let block = recommended_block_size::<f64>(rows, cols);
    let mut left = Mat::zeros(block, cols);
    let mut right = Mat::zeros(block, cols.saturating_sub(1));
    let scratch = bidiag_in_place_scratch::<f64>(rows, cols, Par::Seq, Spec::default());
    bidiag_in_place(
        tall.as_mut(),
        left.as_mut(),
        right.as_mut(),
        Par::Seq,
        MemStack::new(&mut MemBuffer::new(scratch)),
        Spec::default(),
    );
    let mut shuffled = Tridiagonal::zeros(2 * cols);
    for k in 0..cols {
        shuffled.off_diagonal[2 * k] = tall[(k, k)];
        if k + 1 < cols {
            shuffled.off_diagonal[2 * k + 1] = tall[(k, k + 1)];
        }
    }
    drop(tall);
    let ascending = tridiagonal_eigenvalues(&shuffled)?;
    Ok(ascending.into_iter().rev().take(cols).map(|nu| nu.max(0.0)).collect())
}
