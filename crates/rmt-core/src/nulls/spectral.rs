//! Nulls of the statistics of a spectrum: both edges and the bulk.

use super::{TailTable, WishartSampler};
use crate::RmtError;
use crate::laws::MarchenkoPastur;
use crate::laws::bulk::scaled_distance;
use crate::laws::edges;
use crate::laws::scale::{ScaleEstimator, ScaleRule};
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::{Deserialize, Serialize};

/// Simulated distributions of the statistics of a spectrum, for random matrices of one shape. The
/// scale is estimated on each draw just as on data.
///
/// ```
/// use rmt_core::{Nulls, ScaleEstimator};
/// let null = Nulls::default().spectral(64, 256, ScaleEstimator::default())?;
/// // One random matrix in twenty has m·D above 2.557.
/// assert!((null.bulk.upper_quantile(0.05) - 2.557).abs() < 0.03);
/// # Ok::<(), rmt_core::RmtError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SpectralNull {
    /// Distribution of −ln of the asymptotic p of ν₁ ([`p_above`](edges::p_above)).
    pub above: TailTable,
    /// Distribution of −ln of the asymptotic p of ν_m ([`p_below`](edges::p_below)).
    pub below: TailTable,
    /// Distribution of m·D, [`scaled_distance`].
    pub bulk: TailTable,
}

impl SpectralNull {
    /// Simulates `draws` spectra of m×n matrices from `seed`.
    ///
    /// # Errors
    /// [`RmtError::Domain`] unless 2 ≤ `small` ≤ `large`, [`RmtError::Setting`] for fewer than 40
    /// draws.
    pub fn simulate(
        small: usize,
        large: usize,
        estimator: ScaleEstimator,
        draws: usize,
        seed: u64,
    ) -> Result<Self, RmtError> {
        if small < 2 {
            return Err(RmtError::Domain {
                law: "null of a spectrum",
                requirement: "a spectrum needs at least 2 singular values",
            });
        }
        let mut sampler = WishartSampler::new(small, large)?;
        let rule = ScaleRule::new(estimator, small, large)?;
        let law = MarchenkoPastur::for_shape(small, large)?;
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        let mut values = [const { Vec::new() }; 3];
        sampler.for_each(draws, &mut rng, |nu| {
            let scale = rule.estimate(nu);
            values[0].push(edges::neg_log_p_above(nu[0], scale, small, large));
            values[1].push(edges::neg_log_p_below(nu[small - 1], scale, small, large));
            values[2].push(scaled_distance(nu, scale, large, &law));
        });
        let [above, below, bulk] = values.map(TailTable::simulated);
        Ok(Self { above: above?, below: below?, bulk: bulk? })
    }

    /// Draws taken for a matrix with this small side where nothing else is asked for: fewer where
    /// each costs more (O(m²)).
    pub(crate) fn draws_for(small: usize) -> usize {
        match small {
            0..=256 => 9999,
            257..=1024 => 1999,
            _ => 999,
        }
    }

    /// (1 − t)·`self` + t·`other` in every statistic.
    #[must_use]
    pub(super) fn interpolate(&self, other: &Self, t: f64) -> Self {
        Self {
            above: self.above.interpolate(&other.above, t),
            below: self.below.interpolate(&other.below, t),
            bulk: self.bulk.interpolate(&other.bulk, t),
        }
    }
}
