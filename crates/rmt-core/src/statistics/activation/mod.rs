//! The inputs of a layer, and the overlap of its weights with them.
//!
//! The eigenvectors f_j of the covariance C of a layer's input h are the directions that its tokens
//! use. The right singular vectors v_k of a random weight matrix are uniform on the sphere,
//! whatever C is. In a trained matrix those of the outliers turn towards some f_j (Staats, Thamm &
//! Rosenow, arXiv 2410.17770). This module measures
//!
//! - the overlap O_k = max_j |v_k·f_j| over the J eigenvectors whose eigenvalue is not 0
//!   against [`OverlapNull`](crate::nulls::OverlapNull);
//! - because f_j is arbitrary where eigenvalues nearly coincide, the projection ‖P v_k‖² onto the
//!   span of the leading eigenvectors, against its null, and the principal angles of the
//!   outliers' span with it;
//! - C's own spectrum: ranks, and the eigenvalues above the Marchenko–Pastur law.
//!
//! Standard errors come from two halves of the tokens ([`Activation`]).

mod components;
mod covariance;
mod measure;
mod overlaps;
mod projection;
mod report;

pub use crate::statistics::ranks::{effective_rank, participation_ratio};
pub(crate) use components::Components;
pub use covariance::Covariance;
pub(crate) use measure::{Groups, measure};
pub(crate) use overlaps::{Overlaps, RightVectors, overlaps};
pub(crate) use projection::ProjectionNull;
pub use report::{ActivationReport, ProjectionReport, TRACE_SHARES};

use crate::RmtError;

/// The inputs of a layer over many tokens, in two halves.
///
/// The halves should be independent samples, such as alternate batches, but not alternate tokens of
/// one text. With figures x_A and x_B of two halves of equal size, the figure of all tokens is
/// close to their mean, whose variance is half of that of one of them; (x_A − x_B)²/2 estimates the
/// latter with one degree of freedom. So the standard error of the mean is |x_A − x_B|/2. It gives
/// an order of magnitude, not a confidence interval.
///
/// Holds two N×N matrices of doubles for N features.
#[derive(Debug, Clone)]
pub struct Activation {
    halves: [Covariance; 2],
    notes: Vec<String>,
}

impl Activation {
    /// Makes an activation from the covariances of both halves. If one half is empty, there are no
    /// standard errors.
    ///
    /// # Errors
    /// [`RmtError::Domain`] if their numbers of features differ.
    pub fn new(halves: [Covariance; 2]) -> Result<Self, RmtError> {
        if halves[0].features() != halves[1].features() {
            return Err(RmtError::Domain {
                law: "activation",
                requirement: "both halves must have the same features",
            });
        }
        Ok(Self { halves, notes: Vec::new() })
    }

    /// Adds a remark for the report, such as the number of tokens that were left out.
    #[must_use]
    pub fn with_note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// The covariance of all tokens: a copy of one half, with the other half merged into it.
    ///
    /// # Errors
    /// Those of [`Covariance::merge`], which an activation made by [`new`](Self::new)
    /// never gives.
    pub fn pooled(&self) -> Result<Covariance, RmtError> {
        let mut pooled = self.halves[0].clone();
        pooled.merge(&self.halves[1])?;
        Ok(pooled)
    }

    /// The number T of tokens of both halves.
    pub fn tokens(&self) -> u64 {
        self.halves[0].tokens() + self.halves[1].tokens()
    }

    /// The number N of features.
    pub fn features(&self) -> usize {
        self.halves[0].features()
    }

    /// The two halves.
    pub fn halves(&self) -> &[Covariance; 2] {
        &self.halves
    }

    /// The remarks.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }
}

#[cfg(test)]
mod tests;
