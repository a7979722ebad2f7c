//! The null of the Kolmogorov–Smirnov distance between the entries of a unit vector and the
//! normal law.

use crate::laws::porter_thomas;
use rand::SeedableRng;
use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;
use std::sync::Arc;

/// Simulated distribution of D for vectors uniform on the sphere in N dimensions, held in the
/// variable x = (√N + .12 + .11/√N)·D, which makes it nearly independent of N (Stephens 1970).
#[derive(Debug, Clone)]
pub struct VectorNull {
    length: usize,
    ascending: Arc<[f32]>,
}

/// From this length on the tail formula holds to 1e-4, and p below its limit is taken from it.
const TAIL_FROM_LENGTH: usize = 32;
/// Below this p the tail formula is used: m·p_min needs more draws than are sensible.
const TAIL_BELOW: f64 = 0.005;
/// Longer vectors use the distribution simulated at this length, in the variable x.
const LONGEST_SIMULATED: usize = 256;

impl VectorNull {
    /// Draws behind the p-values of [`Nulls`](super::Nulls): the level .01 to 3 %.
    pub const DRAWS: usize = 99_999;

    /// The length that stands for `length` in simulation.
    pub(super) fn simulated_length(length: usize) -> usize {
        length.min(LONGEST_SIMULATED)
    }

    /// Draws `draws` unit vectors from `seed`.
    pub fn simulate(length: usize, draws: usize, seed: u64) -> Self {
        let simulated = Self::simulated_length(length);
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed ^ 0x5eed_0000_0000 ^ simulated as u64);
        let mut buffer = Vec::with_capacity(simulated);
        let factor = stephens(simulated);
        let mut ascending: Vec<f32> = (0..draws)
            .map(|_| {
                let entries = (0..simulated).map(|_| StandardNormal.sample(&mut rng));
                (factor * porter_thomas::distance(entries, &mut buffer)) as f32
            })
            .collect();
        ascending.sort_unstable_by(f32::total_cmp);
        Self { length, ascending: ascending.into() }
    }

    /// The same draws for vectors of another length, at or beyond the longest simulated one.
    pub(super) fn rescaled(&self, length: usize) -> Arc<Self> {
        Arc::new(Self { length, ascending: self.ascending.clone() })
    }

    /// P(D ≥ `distance`) for a random unit vector.
    ///
    /// By rank among the draws; below .005, and for N ≥ 32, by the fitted tail 1.75·exp(−2x²).
    pub fn p_value(&self, distance: f64) -> f64 {
        let x = stephens(self.length) * distance;
        let tail = 1.75 * (-2.0 * x * x).exp();
        if tail < TAIL_BELOW && self.length >= TAIL_FROM_LENGTH {
            return tail;
        }
        let below = self.ascending.partition_point(|&y| f64::from(y) < x);
        (1 + self.ascending.len() - below) as f64 / (self.ascending.len() + 1) as f64
    }

    /// The distance that is reached with probability `p`; NaN without draws or outside [0, 1].
    pub fn upper_quantile(&self, p: f64) -> f64 {
        if self.ascending.is_empty() || !(0.0..=1.0).contains(&p) {
            return f64::NAN;
        }
        let index = ((self.ascending.len() - 1) as f64 * (1.0 - p)).round() as usize;
        f64::from(self.ascending[index]) / stephens(self.length)
    }
}

/// √N + .12 + .11/√N.
fn stephens(length: usize) -> f64 {
    let root = (length as f64).sqrt();
    root + 0.12 + 0.11 / root
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::binomial_interval;

    #[test]
    fn quantiles_agree_with_the_published_simulation() {
        for length in [64, 256] {
            let null = VectorNull::simulate(length, 20_000, 3);
            let root = (length as f64).sqrt();
            let (q95, q99) = (root * null.upper_quantile(0.05), root * null.upper_quantile(0.01));
            assert!((1.29..1.34).contains(&q95), "{length}: {q95}");
            assert!((1.55..1.63).contains(&q99), "{length}: {q99}");
        }
    }

    #[test]
    fn level_is_kept_at_lengths_simulated_and_rescaled() {
        for (length, draws) in [(16, 20_000), (59, 20_000), (256, 20_000), (1024, 8000)] {
            let null = VectorNull::simulate(length, VectorNull::DRAWS, 1);
            let mut rng = Xoshiro256PlusPlus::seed_from_u64(99);
            let mut buffer = Vec::new();
            let p: Vec<f64> = (0..draws)
                .map(|_| {
                    let v = (0..length).map(|_| StandardNormal.sample(&mut rng));
                    null.p_value(porter_thomas::distance(v, &mut buffer))
                })
                .collect();
            for level in [0.5, 0.05, 0.01, 0.001] {
                let count = p.iter().filter(|&&p| p <= level).count();
                // Sixteen counts, and the null's own noise beside that of the test.
                let (low, high) = binomial_interval(draws, level, 0.01 / 16.0);
                let slack = (level * draws as f64 * 0.07).ceil() as usize;
                assert!(
                    (low.saturating_sub(slack)..=high + slack).contains(&count),
                    "N={length} level {level}: {count} not in {low}..={high} ± {slack}"
                );
            }
        }
    }

    #[test]
    fn tail_meets_the_draws() {
        let null = VectorNull::simulate(128, VectorNull::DRAWS, 1);
        // Just above and just below the joint the two agree to the noise of ~500 draws.
        let x = (1.75_f64 / TAIL_BELOW).ln().sqrt() / 2.0_f64.sqrt();
        let before = null.p_value((x - 1e-6) / stephens(128));
        let after = null.p_value((x + 1e-6) / stephens(128));
        assert!((before / after - 1.0).abs() < 0.15, "{before} {after}");
        assert!(null.p_value(0.5) < 1e-20);
    }
}
