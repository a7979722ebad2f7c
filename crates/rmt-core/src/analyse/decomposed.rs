//! The third stage: the decomposition.

use crate::RmtError;
use crate::spectrum::{Decomposition, Matrix, Tested, decompose, singular_values};

/// (ν₁ − ν_m)/ν₁ below which all singular values count as equal: the vectors are undefined.
const DEGENERATE_SPREAD: f64 = 1e-4;

/// The use of the vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Vectors {
    /// Nothing: they are not computed.
    None,
    /// The distribution of their entries.
    Tested,
    /// Angles, which single precision would hide: 1 − cos² of a small one.
    Compared,
}

/// Singular values, and vectors where they are needed.
pub(super) struct Decomposed {
    /// Descending; at least one.
    values: Vec<f64>,
    vectors: Option<Tested>,
}

impl Decomposed {
    /// Of a matrix that is not empty.
    ///
    /// # Errors
    /// Those of [`decompose`].
    pub(super) fn of(matrix: &Matrix<'_>, vectors: Vectors) -> Result<Self, RmtError> {
        let vectors = match vectors {
            Vectors::None => {
                return Ok(Self { values: singular_values(matrix)?, vectors: None });
            }
            Vectors::Tested => Tested::of(matrix)?,
            Vectors::Compared => Tested::Double(decompose(matrix)?),
        };
        Ok(Self { values: vectors.singular_values().to_vec(), vectors: Some(vectors) })
    }

    /// ν₁ ≥ … ≥ ν_m.
    pub(super) fn values(&self) -> &[f64] {
        &self.values
    }

    /// ν₁ and ν_m.
    pub(super) fn ends(&self) -> [f64; 2] {
        [self.values[0], self.values[self.values.len() - 1]]
    }

    /// The vectors, if they were needed.
    pub(super) fn vectors(&self) -> Option<&Tested> {
        self.vectors.as_ref()
    }

    /// The decomposition, if the vectors are to be compared.
    pub(super) fn compared(&self) -> Option<&Decomposition> {
        match &self.vectors {
            Some(Tested::Double(decomposition)) => Some(decomposition),
            _ => None,
        }
    }

    /// Whether all values are equal.
    pub(super) fn is_degenerate(&self) -> bool {
        let [largest, smallest] = self.ends();
        largest - smallest <= DEGENERATE_SPREAD * largest
    }
}
