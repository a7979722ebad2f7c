//! The null of the Kolmogorov–Smirnov distance between the entries of unit vectors and the normal
//! law.

use super::TailTable;
use crate::RmtError;
use crate::laws::porter_thomas;
use rand::SeedableRng;
use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::{Deserialize, Serialize};

/// Simulated distribution of D for vectors uniform on the sphere in N dimensions: of one vector
/// ([`porter_thomas::distance`]) or of the |entries| of w vectors together
/// ([`porter_thomas::pooled_distance`]).
///
/// Held in the variable x², x = (√M + .12 + .11/√M)·D with M = w·N entries, which makes it nearly
/// independent of N (Stephens 1970) and its tail exponential.
///
/// ```
/// use rmt_core::Nulls;
/// let null = Nulls::default().vector(256, 1)?;
/// let distance = null.upper_quantile(0.05);
/// assert!((1.29..1.34).contains(&(16.0 * distance)));
/// # Ok::<(), rmt_core::RmtError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct VectorNull {
    length: usize,
    width: usize,
    table: TailTable,
}

/// From this length on the tail formula of single vectors holds to 1e-4.
const TAIL_FROM_LENGTH: usize = 32;
/// Below this p the tail formula is used: m·p_min needs more draws than are sensible.
const TAIL_BELOW: f64 = 0.005;

impl VectorNull {
    /// Neighbouring vectors that are pooled (the window of Thamm, Staats & Rosenow 2022).
    pub const WINDOW: usize = crate::spectrum::WINDOW;
    /// Default number of draws.
    pub const DRAWS: usize = 99_999;

    /// Simulates `draws` groups of `width` unit vectors of `length` entries from `seed`.
    ///
    /// # Errors
    /// [`RmtError::Setting`] for fewer than 40 draws; [`RmtError::Domain`] unless `length` ≥ 2 and
    /// `width` ≥ 1.
    pub fn simulate(
        length: usize,
        width: usize,
        draws: usize,
        seed: u64,
    ) -> Result<Self, RmtError> {
        if length < 2 || width == 0 {
            return Err(RmtError::Domain {
                law: "null of singular vectors",
                requirement: "vectors must have at least 2 entries, and a window at least 1 vector",
            });
        }
        let key = ((width as u64) << 32) ^ length as u64;
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed ^ 0x5eed_0000_0000_0000 ^ key);
        let mut buffer = Vec::with_capacity(length * width);
        let mut vectors = vec![0.0; length * width];
        let squares = (0..draws).map(|_| {
            vectors.iter_mut().for_each(|x| *x = StandardNormal.sample(&mut rng));
            let distance = if width == 1 {
                porter_thomas::distance(vectors.iter().copied(), 0.0, &mut buffer)
            } else {
                let split = vectors.chunks(length).map(|v| v.iter().copied());
                porter_thomas::pooled_distance(split, 0.0, &mut buffer)
            };
            (stephens(length * width) * distance).powi(2)
        });
        let table = TailTable::simulated(squares.collect())?;
        Ok(Self { length, width, table })
    }

    /// The null whose x² follows `table`.
    pub(super) fn new(length: usize, width: usize, table: TailTable) -> Self {
        Self { length, width, table }
    }

    /// The same distribution of x for vectors of another length.
    pub(super) fn at_length(self, length: usize) -> Self {
        Self { length, ..self }
    }

    /// P(D ≥ `distance`) for random unit vectors.
    ///
    /// It comes from the simulated quantiles. For single vectors of N ≥ 32 entries, p-values below
    /// .005 are 1.75·exp(−2x²): the tail of the Kolmogorov law, with a constant that the fixed norm
    /// lowers from 2 (simulated).
    pub fn p_value(&self, distance: f64) -> f64 {
        let squared = (stephens(self.length * self.width) * distance).powi(2);
        if self.width == 1 && self.length >= TAIL_FROM_LENGTH {
            let tail = 1.75 * (-2.0 * squared).exp();
            if tail < TAIL_BELOW {
                return tail;
            }
        }
        self.table.p_value(squared).p
    }

    /// The distance that random vectors reach or exceed with probability `p`; NaN outside (0, 1).
    pub fn upper_quantile(&self, p: f64) -> f64 {
        self.table.upper_quantile(p).sqrt() / stephens(self.length * self.width)
    }

    /// Quantiles of x².
    pub fn table(&self) -> &TailTable {
        &self.table
    }
}

/// √M + .12 + .11/√M.
fn stephens(entries: usize) -> f64 {
    let root = (entries as f64).sqrt();
    root + 0.12 + 0.11 / root
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::test_support::binomial_interval;

    #[test]
    fn quantiles_agree_with_the_published_simulation() {
        for length in [64, 256] {
            let null = VectorNull::simulate(length, 1, 20_000, 3).unwrap();
            let root = (length as f64).sqrt();
            let (q95, q99) = (root * null.upper_quantile(0.05), root * null.upper_quantile(0.01));
            assert!((1.29..1.34).contains(&q95), "{length}: {q95}");
            assert!((1.55..1.63).contains(&q99), "{length}: {q99}");
        }
    }

    #[test]
    fn pooled_tail_is_that_of_the_limiting_gaussian_process() {
        // With the norm fixed the empirical process of |x| has variance F(1−F) − 2(xφ)²; its
        // largest value v gives a tail exp(−x²/(2v)).
        let largest = (0..3000)
            .map(|i| f64::from(i) * 1e-3)
            .map(|x| {
                let f = 2.0 * crate::laws::normal::normal_cdf(x) - 1.0;
                let density = (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt();
                f * (1.0 - f) - 2.0 * (x * density).powi(2)
            })
            .fold(0.0, f64::max);
        let expected = 0.5 / largest;
        let null = VectorNull::simulate(64, 4, 40_000, 5).unwrap();
        let (rate, error) = null.table().rate();
        assert!((rate - expected).abs() < 4.0 * error, "{rate} ± {error}, expected {expected}");
    }

    #[test]
    fn level_is_kept_at_lengths_simulated_and_interpolated() {
        let nulls = super::super::Nulls::default();
        for (length, draws) in [(16, 20_000), (59, 20_000), (256, 20_000), (1024, 8000)] {
            let null = nulls.vector(length, 1).unwrap();
            let mut rng = Xoshiro256PlusPlus::seed_from_u64(99);
            let mut buffer = Vec::new();
            let p: Vec<f64> = (0..draws)
                .map(|_| {
                    let v = (0..length).map(|_| StandardNormal.sample(&mut rng));
                    null.p_value(porter_thomas::distance(v, 0.0, &mut buffer))
                })
                .collect();
            for level in [0.5, 0.05, 0.01, 0.001] {
                let count = p.iter().filter(|&&p| p <= level).count();
                // Sixteen counts are looked at.
                let (low, high) = binomial_interval(draws, level, 0.01 / 16.0);
                assert!(
                    (low..=high).contains(&count),
                    "N={length} level {level}: {count} not in {low}..={high}"
                );
            }
        }
    }

    #[test]
    fn tail_meets_the_draws() {
        let null = VectorNull::simulate(128, 1, VectorNull::DRAWS, 1).unwrap();
        // Just above and just below the joint the two agree to the noise of ~500 draws.
        let x = (1.75_f64 / TAIL_BELOW).ln().sqrt() / 2.0_f64.sqrt();
        let before = null.p_value((x - 1e-6) / stephens(128));
        let after = null.p_value((x + 1e-6) / stephens(128));
        assert!((before / after - 1.0).abs() < 0.15, "{before} {after}");
        assert!(null.p_value(0.5) < 1e-20);
        assert!(VectorNull::simulate(1, 1, 100, 1).is_err());
        assert!(VectorNull::simulate(8, 0, 100, 1).is_err());
        assert!(VectorNull::simulate(8, 1, 10, 1).is_err());
    }
}
