//! The eigenvectors of a covariance, and how many of them there are.

use super::Covariance;
use crate::RmtError;
use crate::spectrum::eigen;
use faer::{Mat, MatRef};

const LAW: &str = "eigenvectors of a covariance";

/// The J eigenvalues λ₁ ≥ … ≥ λ_J of a covariance that are not 0, and their eigenvectors f_j.
///
/// J counts the eigenvalues above λ₁·N·ε, ε the rounding of its sums
/// ([`Covariance::with_rounding`]; 2.2e-16 otherwise), numpy's rule for a rank. It is at most
/// min(T − 1, N): the mean takes one of T tokens away.
#[derive(Debug, Clone)]
pub(crate) struct Components {
    tokens: u64,
    values: Vec<f64>,
    /// All N, in ascending order of their eigenvalue, as columns.
    vectors: Mat<f64>,
}

impl Components {
    /// Decomposes; needs the room of four N×N matrices, that of `covariance` included.
    ///
    /// # Errors
    /// [`RmtError::Domain`] where the covariance overflows a double,
    /// [`RmtError::NoConvergence`] when the solver gives up.
    pub(crate) fn new(covariance: Covariance) -> Result<Self, RmtError> {
        let (tokens, n) = (covariance.tokens(), covariance.features());
        let rounding = covariance.rounding();
        let mut scatter = covariance.into_scatter();
        let mut largest = 0.0_f64;
        for j in 0..n {
            for x in scatter.col(j).subrows(j, n - j).iter() {
                // The solver may run without end on NaN.
                if !x.is_finite() {
                    let requirement = "the covariance overflows a double";
                    return Err(RmtError::Domain { law: LAW, requirement });
                }
                largest = largest.max(x.abs());
            }
        }
        if tokens < 2 || largest == 0.0 {
            return Ok(Self { tokens, values: Vec::new(), vectors: Mat::zeros(n, 0) });
        }
        // A power of two: exact, and the solver does not scale.
        let exponent = largest.log2().floor().clamp(-1000.0, 1000.0);
        let (down, up) = ((-exponent).exp2(), exponent.exp2());
        for j in 0..n {
            scatter.col_mut(j).iter_mut().for_each(|x| *x *= down);
        }
        let failed = RmtError::NoConvergence { rows: n, cols: n };
        let (ascending, vectors) = eigen(scatter).map_err(|_| failed)?;
        let cut = ascending.last().copied().unwrap_or(0.0) * n as f64 * rounding;
        let most = usize::try_from(tokens - 1).unwrap_or(usize::MAX);
        let values = ascending.iter().rev().take(most).take_while(|&&x| x > cut.max(0.0));
        let values = values.map(|x| x / tokens as f64 * up).collect();
        Ok(Self { tokens, values, vectors })
    }

    /// T.
    pub(crate) fn tokens(&self) -> u64 {
        self.tokens
    }

    /// N.
    pub(crate) fn features(&self) -> usize {
        self.vectors.nrows()
    }

    /// J.
    pub(crate) fn rank(&self) -> usize {
        self.values.len()
    }

    /// λ₁ ≥ … ≥ λ_J.
    pub(crate) fn values(&self) -> &[f64] {
        &self.values
    }

    /// f_{j+1}, of unit norm; its sign is arbitrary. Empty unless j < J.
    pub(crate) fn vector(&self, j: usize) -> impl Iterator<Item = f64> + '_ {
        let there = j < self.rank();
        let column = if there { self.vectors.ncols() - 1 - j } else { 0 };
        let length = if there { self.vectors.nrows() } else { 0 };
        (0..length).map(move |i| self.vectors[(i, column)])
    }

    /// f_J … f_1 as columns.
    pub(super) fn ascending(&self) -> MatRef<'_, f64> {
        let rank = self.rank();
        self.vectors.subcols(self.vectors.ncols() - rank, rank)
    }

    /// The least d such that λ₁ + … + λ_d is `share` of the trace; 0 without eigenvalues.
    pub(crate) fn dimension(&self, share: f64) -> usize {
        let wanted = share * self.values.iter().sum::<f64>();
        let mut sum = 0.0;
        let before = self.values.iter().take_while(|&&value| {
            let short = sum < wanted;
            sum += value;
            short
        });
        before.count()
    }
}
