//! The options of an analysis.

use crate::RmtError;
use crate::laws::scale::ScaleEstimator;
use crate::nulls::TailTable;
use crate::report::{FAMILY, SPECTRAL, TestName};
use crate::spectrum::Equilibrate;
use crate::statistics::drift::SUBSPACE_DIMENSION;
use serde::{Deserialize, Serialize};

/// The null distribution that p-values are computed against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum NullModel {
    /// Independent normal entries: the shipped and simulated nulls. Entries of any law with a
    /// fourth moment agree with it.
    #[default]
    Gaussian,
    /// The matrix's own entries in random order, for entry laws with heavy tails. The order
    /// destroys structure and keeps the tails. Each analysis decomposes this many permuted
    /// matrices.
    Permutation {
        /// Number B of permuted matrices, at least 40. Below 1/(B + 1) the p-values come from a
        /// fitted tail.
        permutations: usize,
    },
}

crate::settings! {
    /// The options of an analysis.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    pub struct AnalysisOptions {
        /// Estimator of the bulk's scale σ.
        scale_estimator: ScaleEstimator = ScaleEstimator::default(), with_scale_estimator;
        /// Family-wise level of the verdict on each matrix and of the significant counts, between 0
        /// and 1.
        level: f64 = 0.01, with_level;
        /// Least smaller side, at least 2. A smaller matrix gets the verdict `not_estimable`.
        min_side: usize = 16, with_min_side;
        /// Whether rows, columns or both are brought to one scale before the tests.
        #[serde(rename = "equalize")]
        equilibrate: Equilibrate = Equilibrate::default(), with_equilibrate;
        /// The null distribution that p-values are computed against.
        null_model: NullModel = NullModel::default(), with_null_model;
        /// Whether the singular vectors are tested. If not, the verdict rests on the tests of the
        /// spectrum alone, and no vector is computed unless drift is measured. An analysis without
        /// vectors is twice as fast, except for square matrices.
        vectors: bool = true, with_vectors;
        /// Number k of singular vectors at each end of the spectrum whose span is compared with
        /// that of earlier snapshots. It is cut to a quarter of the smaller side.
        subspace_dimension: usize = SUBSPACE_DIMENSION, with_subspace_dimension;
        /// Whether the spectra of W − W₀ and of ΔW are tested. Each takes a decomposition without
        /// vectors, a quarter to a half of the time of the matrix's own analysis.
        change_spectra: bool = true, with_change_spectra;
        /// Number of sign-flipped copies that a deviating matrix is compared with; 0 for none. With
        /// fewer than 1/`level` − 1 copies, a fitted tail has to agree with their ranks.
        sign_copies: usize = crate::signs::COPIES, with_sign_copies;
        /// Whether a deviating matrix is also tested with its entries permuted, in the same
        /// analyses as the sign-flipped copies. It takes another decomposition without vectors.
        correlation_traps: bool = true, with_correlation_traps;
    }
}

impl AnalysisOptions {
    /// Names of the tests of [`FAMILY`] that the verdict corrects over.
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
        if self.sign_copies == 1 {
            return refuse(
                "sign_copies",
                1.0,
                "a rank among copies needs at least 2 of them, or none",
            );
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
