//! The null of the distance between a spectrum and the Marchenko–Pastur law.

use super::WishartSampler;
use crate::RmtError;
use crate::laws::MarchenkoPastur;
use crate::statistics::bulk::scaled_distance;
use crate::statistics::scale::{ScaleEstimator, ScaleRule};
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

/// Simulated distribution of m·D for random matrices of one shape, with the scale estimated on
/// each draw just as on data.
#[derive(Debug, Clone, PartialEq)]
pub struct BulkNull {
    ascending: Vec<f64>,
}

/// What is drawn, checked.
#[derive(Debug, Clone)]
pub(super) struct Recipe {
    sampler: WishartSampler,
    rule: ScaleRule,
    law: MarchenkoPastur,
}

impl Recipe {
    pub(super) fn new(
        small: usize,
        large: usize,
        estimator: ScaleEstimator,
    ) -> Result<Self, RmtError> {
        Ok(Self {
            sampler: WishartSampler::new(small, large)?,
            rule: ScaleRule::new(estimator, small, large)?,
            law: MarchenkoPastur::for_shape(small, large)?,
        })
    }

    pub(super) fn simulate(mut self, draws: usize, seed: u64) -> BulkNull {
        let large = self.rule.large_side();
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        let mut ascending: Vec<f64> = (0..draws)
            .map(|_| {
                let nu = self.sampler.draw(&mut rng);
                scaled_distance(nu, self.rule.estimate(nu), large, &self.law)
            })
            .collect();
        ascending.sort_unstable_by(f64::total_cmp);
        BulkNull { ascending }
    }
}

impl BulkNull {
    /// Draws `draws` values of m·D from `seed`.
    ///
    /// # Errors
    /// [`RmtError::Domain`] unless 1 ≤ `small` ≤ `large`.
    pub fn simulate(
        small: usize,
        large: usize,
        estimator: ScaleEstimator,
        draws: usize,
        seed: u64,
    ) -> Result<Self, RmtError> {
        Ok(Recipe::new(small, large, estimator)?.simulate(draws, seed))
    }

    /// Draws taken for a matrix with this small side: fewer where each costs more (O(m²)).
    pub fn draws_for(small: usize) -> usize {
        match small {
            0..=256 => 9999,
            257..=1024 => 1999,
            _ => 999,
        }
    }

    /// P(m·D ≥ `distance`) = (1 + #{draws ≥ distance})/(B + 1); never below the
    /// [`floor`](Self::floor).
    pub fn p_value(&self, distance: f64) -> f64 {
        let below = self.ascending.partition_point(|&x| x < distance);
        (1 + self.ascending.len() - below) as f64 * self.floor()
    }

    /// The smallest p that B draws can show, 1/(B + 1).
    pub fn floor(&self) -> f64 {
        1.0 / (self.ascending.len() + 1) as f64
    }

    /// The empirical `p`-quantile of m·D; NaN without draws or outside [0, 1].
    pub fn quantile(&self, p: f64) -> f64 {
        if self.ascending.is_empty() || !(0.0..=1.0).contains(&p) {
            return f64::NAN;
        }
        self.ascending[((self.ascending.len() - 1) as f64 * p).round() as usize]
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_agree_with_the_published_simulation() {
        // q50/q95/q99 of m·D with trimmed quantiles.
        for (m, n, draws, expected) in [
            (64, 64, 9999, [2.000, 2.570, 2.864]),
            (64, 256, 9999, [1.995, 2.557, 2.840]),
            (256, 256, 1999, [2.551, 3.153, 3.475]),
            (256, 1024, 1999, [2.548, 3.144, 3.427]),
            (1024, 1024, 400, [3.114, 3.731, 4.089]),
        ] {
            let null =
                BulkNull::simulate(m, n, ScaleEstimator::TrimmedQuantiles, draws, 1).unwrap();
            // Standard error of a quantile ≈ √(p(1−p)/B)/density, doubled for two simulations.
            let noise = (9999.0 / draws as f64).sqrt();
            for ((p, x), allowed) in [0.5, 0.95, 0.99].iter().zip(expected).zip([0.02, 0.04, 0.08])
            {
                let found = null.quantile(*p);
                assert!((found - x).abs() < allowed * noise, "{m}×{n} q{p}: {found} {x}");
            }
        }
    }

    #[test]
    fn p_values_are_ranks() {
        let null = BulkNull { ascending: vec![1.0, 2.0, 3.0] };
        assert_eq!(null.p_value(0.0), 1.0);
        assert_eq!(null.p_value(2.0), 0.75);
        assert_eq!(null.p_value(9.0), 0.25);
        assert_eq!(null.floor(), 0.25);
        assert_eq!(null.quantile(0.5), 2.0);
        assert!(null.quantile(1.5).is_nan());
    }
}
