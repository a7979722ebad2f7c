//! An orthonormal basis, and its complement, as a product of Householder reflections.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::householder::{
    apply_block_householder_sequence_on_the_left_in_place_scratch as apply_scratch,
    apply_block_householder_sequence_on_the_left_in_place_with_conj as apply,
    apply_block_householder_sequence_transpose_on_the_left_in_place_scratch as transposed_scratch,
    apply_block_householder_sequence_transpose_on_the_left_in_place_with_conj as apply_transposed,
};
use faer::linalg::qr::no_pivoting::factor::{
    qr_in_place, qr_in_place_scratch, recommended_block_size,
};
use faer::{Conj, Mat, MatMut, Par, Spec};

/// A = QR, with Q orthogonal: kept in the room of A, never formed.
pub(crate) struct Householder {
    /// Householder vectors below the diagonal, R on and above it.
    reduced: Mat<f64>,
    factors: Mat<f64>,
}

impl Householder {
    /// Factors an n×k matrix, k ≤ n.
    pub(crate) fn new(mut a: Mat<f64>) -> Self {
        let (rows, cols) = (a.nrows(), a.ncols());
        let block = recommended_block_size::<f64>(rows, cols);
        let mut factors = Mat::zeros(block, rows.min(cols));
        let scratch = qr_in_place_scratch::<f64>(rows, cols, block, Par::Seq, Spec::default());
        let mut memory = MemBuffer::new(scratch);
        let stack = MemStack::new(&mut memory);
        qr_in_place(a.as_mut(), factors.as_mut(), Par::Seq, stack, Spec::default());
        Self { reduced: a, factors }
    }

    /// r_kk.
    pub(crate) fn diagonal(&self, k: usize) -> f64 {
        self.reduced[(k, k)]
    }

    /// R, for at most as many columns as rows.
    pub(crate) fn upper(&self) -> Mat<f64> {
        let n = self.reduced.ncols();
        Mat::from_fn(n, n, |i, j| if i <= j { self.reduced[(i, j)] } else { 0.0 })
    }

    /// x ← Qx.
    pub(crate) fn apply(&self, x: MatMut<'_, f64>) {
        let (basis, factors) = (self.reduced.as_ref(), self.factors.as_ref());
        let scratch = apply_scratch::<f64>(basis.nrows(), factors.nrows(), x.ncols());
        let mut memory = MemBuffer::new(scratch);
        apply(basis, factors, Conj::No, x, Par::Seq, MemStack::new(&mut memory));
    }

    /// x ← Qᵀx.
    pub(crate) fn apply_transposed(&self, x: MatMut<'_, f64>) {
        let (basis, factors) = (self.reduced.as_ref(), self.factors.as_ref());
        let scratch = transposed_scratch::<f64>(basis.nrows(), factors.nrows(), x.ncols());
        let mut memory = MemBuffer::new(scratch);
        apply_transposed(basis, factors, Conj::No, x, Par::Seq, MemStack::new(&mut memory));
    }

    /// The first columns of Q, one for each of A: an orthonormal basis of A's columns where they are
    /// independent, completed where they are not.
    pub(crate) fn thin_q(&self) -> Mat<f64> {
        let mut q = Mat::identity(self.reduced.nrows(), self.reduced.ncols());
        self.apply(q.as_mut());
        q
    }
}
