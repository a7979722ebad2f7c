//! How matrices are judged.

use crate::RmtError;
use crate::laws::scale::ScaleEstimator;
use crate::nulls::TailTable;
use crate::report::{FAMILY, SPECTRAL, TestName};
use crate::spectrum::Equilibrate;
use crate::statistics::drift::SUBSPACE_DIMENSION;
use serde::{Deserialize, Serialize};

/// What the p-values of a matrix are computed against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum NullModel {
    /// Independent normal entries: the shipped and simulated nulls. Any entry law with a fourth
    /// moment agrees with it.
    #[default]
    Gaussian,
    /// The entries of the matrix itself in random order, for entry laws with heavy tails: structure
    /// is what is lost with the order. Each analysis decomposes this many permuted matrices.
    Permutation {
        /// Permuted matrices B; below 1/(B + 1) the p-values come from a fitted tail.
        permutations: usize,
    },
}

/// How matrices are judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct AnalysisOptions {
    /// Estimator of the bulk's scale.
    pub scale_estimator: ScaleEstimator,
    /// Family-wise level of the verdict and of the significant counts.
    pub level: f64,
    /// A matrix whose smaller side is below this is "not_estimable".
    pub min_side: usize,
    /// Whether rows and columns are brought to one scale first.
    #[serde(rename = "equalise")]
    pub equilibrate: Equilibrate,
    /// What the p-values are computed against.
    pub null_model: NullModel,
    /// Whether the singular vectors are tested. Without, the family is that of the spectrum alone and
    /// no vector is computed, unless drift is measured: twice as fast unless the matrix is square.
    pub vectors: bool,
    /// Singular vectors at each end of the spectrum whose span is compared with that of earlier
    /// snapshots; at most a quarter of the smaller side.
    pub subspace_dimension: usize,
    /// Whether the spectra of W − W₀ and of ΔW are tested: a decomposition without vectors each.
    pub change_spectra: bool,
    /// Whether the matrix is tested with its entries permuted: another decomposition without
    /// vectors.
    pub correlation_traps: bool,
}

impl Default for AnalysisOptions {
    fn default() -> Self {
        Self {
            scale_estimator: ScaleEstimator::default(),
            level: 0.01,
            min_side: 16,
            equilibrate: Equilibrate::default(),
            null_model: NullModel::default(),
            vectors: true,
            subspace_dimension: SUBSPACE_DIMENSION,
            change_spectra: true,
            correlation_traps: true,
        }
    }
}

impl AnalysisOptions {
    /// Names of the tests that the verdict corrects over, of [`FAMILY`].
    pub fn family(&self) -> &'static [TestName] {
        if self.vectors { &FAMILY } else { &FAMILY[..SPECTRAL] }
    }

    /// The level of each test: Bonferroni over the family.
    pub fn test_level(&self) -> f64 {
        self.level / self.family().len() as f64
    }

    pub(super) fn check(&self) -> Result<(), RmtError> {
        let refuse =
            |setting, value, requirement| Err(RmtError::Setting { setting, value, requirement });
        if !(self.level > 0.0 && self.level < 1.0) {
            let requirement = "a family-wise level must lie between 0 and 1";
            return refuse("level", self.level, requirement);
        }
        if self.min_side < 2 {
            let requirement = "a spectrum needs at least 2 singular values";
            return refuse("min_side", self.min_side as f64, requirement);
        }
        if self.subspace_dimension == 0 {
            return refuse("subspace_dimension", 0.0, "subspaces need at least 1 singular vector");
        }
        if let NullModel::Permutation { permutations } = self.null_model
            && permutations < TailTable::LEAST_DRAWS
        {
            let requirement = "a permutation null needs at least 40 permuted matrices";
            return refuse("permutations", permutations as f64, requirement);
        }
        Ok(())
    }
}
