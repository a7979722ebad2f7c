//! The third stage: the decomposition.

use crate::RmtError;
use crate::spectrum::{Decomposition, Matrix, decompose, singular_values};

/// (ν₁ − ν_m)/ν₁ below which all singular values count as equal: the vectors are undefined.
const DEGENERATE_SPREAD: f64 = 1e-4;

/// Singular values, and vectors where they are needed.
pub(super) struct Decomposed {
    /// Descending; at least one.
    values: Vec<f64>,
    with_vectors: Option<Decomposition>,
}

impl Decomposed {
    /// Of a matrix that is not empty.
    ///
    /// # Errors
    /// Those of [`decompose`].
    pub(super) fn of(matrix: &Matrix<'_>, vectors: bool) -> Result<Self, RmtError> {
        if !vectors {
            return Ok(Self { values: singular_values(matrix)?, with_vectors: None });
        }
        let decomposition = decompose(matrix)?;
        let values = decomposition.singular_values.clone();
        Ok(Self { values, with_vectors: Some(decomposition) })
    }

    /// ν₁ ≥ … ≥ ν_m.
    pub(super) fn values(&self) -> &[f64] {
        &self.values
    }

    /// ν₁ and ν_m.
    pub(super) fn ends(&self) -> [f64; 2] {
        [self.values[0], self.values[self.values.len() - 1]]
    }

    /// The decomposition, if the vectors were needed.
    pub(super) fn with_vectors(&self) -> Option<&Decomposition> {
        self.with_vectors.as_ref()
    }

    /// Whether all values are equal.
    pub(super) fn is_degenerate(&self) -> bool {
        let [largest, smallest] = self.ends();
        largest - smallest <= DEGENERATE_SPREAD * largest
    }
}
