//! What a reduction leads to, and its eigenvectors.

use faer::diag::Diag;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::evd::{
    ComputeEigenvectors, EvdError, self_adjoint_evd_scratch, tridiagonal_self_adjoint_evd,
};
use faer::{Mat, Par, Spec};

/// A symmetric tridiagonal matrix.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::spectrum) struct Tridiagonal {
    pub(in crate::spectrum) diagonal: Vec<f64>,
    /// One entry less.
    pub(in crate::spectrum) off_diagonal: Vec<f64>,
}

impl Tridiagonal {
    pub(in crate::spectrum) fn zeros(n: usize) -> Self {
        Self { diagonal: vec![0.0; n], off_diagonal: vec![0.0; n.saturating_sub(1)] }
    }

    /// Eigenvalues in ascending order, and vectors.
    pub(super) fn eigen(&self) -> Result<(Vec<f64>, Mat<f64>), EvdError> {
        let n = self.diagonal.len();
        let diag = |entries: &[f64]| {
            let mut diag = Diag::zeros(n);
            (0..entries.len()).for_each(|i| diag[i] = entries[i]);
            diag
        };
        let (diagonal, off_diagonal) = (diag(&self.diagonal), diag(&self.off_diagonal));
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
}
