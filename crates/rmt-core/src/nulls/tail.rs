//! The upper tail of a simulated statistic, as a short table and a fitted tail.

use crate::RmtError;
use serde::{Deserialize, Serialize};

/// Upper-tail probabilities p at which quantiles are kept.
pub const LEVELS: [f64; 36] = [
    0.999, 0.995, 0.99, 0.98, 0.96, 0.93, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.55, 0.5, 0.45,
    0.4, 0.35, 0.3, 0.25, 0.2, 0.15, 0.1, 0.07, 0.05, 0.035, 0.025, 0.018, 0.013, 0.01, 0.007,
    0.005, 0.003, 0.002, 0.001, 0.0005,
];

/// Draws that must lie beyond a quantile for it to be kept.
const LEAST_BEYOND: f64 = 20.0;
/// Share of the draws, the most extreme, that the tail is fitted to, and the fewest of them.
const TAIL_SHARE: f64 = 0.01;
const TAIL_LEAST: usize = 20;

/// A p-value with its number of draws and its error.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PValue {
    /// P(statistic ≥ the observed one) under the null.
    pub p: f64,
    /// Number B of simulated draws behind it.
    pub draws: usize,
    /// Standard error of log₁₀ p from the fitted tail; 0 if p comes from the table.
    pub log10_error: f64,
}

impl PValue {
    /// A p-value that needed no simulation.
    pub(crate) fn certain(p: f64) -> Self {
        Self { p, draws: 0, log10_error: 0.0 }
    }

    /// 1/(B + 1), the smallest p that the draws alone can show. Below it the tail is fitted.
    pub fn floor(&self) -> f64 {
        1.0 / (self.draws as f64 + 1.0)
    }
}

/// Quantiles of a simulated statistic x and an exponential tail beyond them:
/// P(X ≥ x) = p_L·exp(−r·(x − x_L)) from the last quantile x_L on, r = 1/mean excess of the most
/// extreme 1 % of the draws (Pickands 1975; a generalized Pareto law of shape 0).
///
/// Statistics are chosen so that their tail is exponential (−ln of an asymptotic p-value, the
/// square of a Kolmogorov–Smirnov distance) or falls faster, where this tail is conservative.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct TailTable {
    draws: usize,
    /// x at the first `quantiles.len()` of [`LEVELS`], ascending.
    quantiles: Vec<f64>,
    rate: f64,
    rate_error: f64,
}

#[derive(Deserialize)]
struct Unchecked {
    draws: usize,
    quantiles: Vec<f64>,
    rate: f64,
    rate_error: f64,
}

impl TryFrom<Unchecked> for TailTable {
    type Error = &'static str;

    fn try_from(table: Unchecked) -> Result<Self, Self::Error> {
        let Unchecked { draws, quantiles, rate, rate_error } = table;
        Self::new(draws, quantiles, rate, rate_error).ok_or("not a table of upper-tail quantiles")
    }
}

impl TailTable {
    /// Fewest draws that make a table.
    pub(crate) const LEAST_DRAWS: usize = 2 * TAIL_LEAST;

    /// Makes a table from its parts. `None` unless there are 2 to `LEVELS.len()` finite ascending
    /// quantiles and the rate is positive.
    pub fn new(draws: usize, quantiles: Vec<f64>, rate: f64, rate_error: f64) -> Option<Self> {
        let ordered = quantiles.is_sorted() && quantiles.iter().all(|x| x.is_finite());
        let sized = (2..=LEVELS.len()).contains(&quantiles.len());
        let fitted = rate > 0.0 && rate.is_finite() && rate_error >= 0.0 && rate_error.is_finite();
        (draws > 0 && ordered && sized && fitted).then_some(Self {
            draws,
            quantiles,
            rate,
            rate_error,
        })
    }

    /// From simulated values of the statistic.
    ///
    /// # Errors
    /// [`RmtError::Setting`] as [`from_draws`](Self::from_draws) is `None`.
    pub(crate) fn simulated(draws: Vec<f64>) -> Result<Self, RmtError> {
        let value = draws.len() as f64;
        let requirement = "a simulated null needs at least 40";
        let refused = RmtError::Setting { setting: "draws", value, requirement };
        Self::from_draws(draws).ok_or(refused)
    }

    /// Makes a table from simulated values of the statistic. `None` for fewer than 40 values, or if
    /// they do not vary.
    pub fn from_draws(mut draws: Vec<f64>) -> Option<Self> {
        if draws.len() < Self::LEAST_DRAWS || draws.iter().any(|x| x.is_nan()) {
            return None;
        }
        draws.sort_unstable_by(f64::total_cmp);
        let count = draws.len() as f64;
        let quantiles = LEVELS
            .iter()
            .take_while(|&&p| p * count >= LEAST_BEYOND)
            .map(|p| {
                // The k-th of B draws is exceeded with probability 1 − k/(B+1).
                let position = (1.0 - p) * (count + 1.0) - 1.0;
                let low = position.floor().max(0.0) as usize;
                let (x, y) = (draws[low], draws[(low + 1).min(draws.len() - 1)]);
                x + (y - x) * (position - low as f64).clamp(0.0, 1.0)
            })
            .collect();
        let beyond = ((TAIL_SHARE * count) as usize).max(TAIL_LEAST);
        let threshold = draws[draws.len() - beyond - 1];
        let excess: f64 = draws[draws.len() - beyond..].iter().map(|x| x - threshold).sum::<f64>();
        let rate = beyond as f64 / excess;
        Self::new(draws.len(), quantiles, rate, rate / (beyond as f64).sqrt())
    }

    /// P(X ≥ `x`), interpolated linearly in the logit of p between the quantiles.
    pub fn p_value(&self, x: f64) -> PValue {
        let draws = self.draws;
        if x.is_nan() {
            return PValue { p: f64::NAN, draws, log10_error: 0.0 };
        }
        let last = self.quantiles.len() - 1;
        let excess = x - self.quantiles[last];
        if excess > 0.0 {
            let log10_error = excess * self.rate_error / std::f64::consts::LN_10;
            let p = LEVELS[last] * (-self.rate * excess).exp();
            return PValue { p, draws, log10_error };
        }
        // Where several quantiles are x itself, an atom of the statistic, the largest p: P(X ≥ x).
        let above = self.quantiles.partition_point(|&q| q < x).clamp(1, last);
        let (x0, x1) = (self.quantiles[above - 1], self.quantiles[above]);
        let (l0, l1) = (logit(LEVELS[above - 1]), logit(LEVELS[above]));
        let t = if x1 > x0 { (x - x0) / (x1 - x0) } else { 1.0 };
        let p = 1.0 / (1.0 + (-(l0 + t * (l1 - l0))).exp());
        PValue { p, draws, log10_error: 0.0 }
    }

    /// The x that the statistic reaches or exceeds with probability `p`; NaN outside (0, 1).
    pub fn upper_quantile(&self, p: f64) -> f64 {
        if !(p > 0.0 && p < 1.0) {
            return f64::NAN;
        }
        let last = self.quantiles.len() - 1;
        if p <= LEVELS[last] {
            return self.quantiles[last] + (LEVELS[last] / p).ln() / self.rate;
        }
        let above = LEVELS[..=last].partition_point(|&level| level >= p).clamp(1, last);
        let (l0, l1) = (logit(LEVELS[above - 1]), logit(LEVELS[above]));
        let t = (logit(p) - l0) / (l1 - l0);
        self.quantiles[above - 1] + t * (self.quantiles[above] - self.quantiles[above - 1])
    }

    /// The number B of draws.
    pub fn draws(&self) -> usize {
        self.draws
    }

    /// Quantiles at the first levels of [`LEVELS`].
    pub fn quantiles(&self) -> &[f64] {
        &self.quantiles
    }

    /// Rate r of the fitted tail, and its standard error.
    pub fn rate(&self) -> (f64, f64) {
        (self.rate, self.rate_error)
    }

    /// (1 − t)·`self` + t·`other`, quantile by quantile, at the levels that both have; t may leave
    /// [0, 1] a little, to extrapolate.
    #[must_use]
    pub(crate) fn interpolate(&self, other: &Self, t: f64) -> Self {
        let mix = |a: f64, b: f64| a + t * (b - a);
        let mut quantiles: Vec<f64> =
            self.quantiles.iter().zip(&other.quantiles).map(|(a, b)| mix(*a, *b)).collect();
        for i in 1..quantiles.len() {
            quantiles[i] = quantiles[i].max(quantiles[i - 1]);
        }
        Self {
            draws: self.draws.min(other.draws),
            quantiles,
            rate: mix(self.rate, other.rate).max(f64::MIN_POSITIVE),
            rate_error: mix(self.rate_error, other.rate_error).max(0.0),
        }
    }
}

fn logit(p: f64) -> f64 {
    (p / (1.0 - p)).ln()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_distr::{Distribution, Exp1};
    use rand_xoshiro::Xoshiro256PlusPlus;

    fn exponential(count: usize, seed: u64) -> Vec<f64> {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        (0..count).map(|_| Exp1.sample(&mut rng)).collect()
    }

    #[test]
    fn an_exponential_law_is_recovered_at_every_level() {
        let table = TailTable::from_draws(exponential(200_000, 1)).unwrap();
        for x in [0.002, 0.05, 0.3, 1.0, 2.0, 4.0, 7.0, 12.0, 30.0] {
            let found = table.p_value(x);
            let error = (found.p / f64::exp(-x)).ln();
            // Noise of the draws, then of the fitted rate.
            let noise = if x < 7.0 { 4.0 * ((x.exp() - 1.0) / 2e5).sqrt() } else { 0.25 };
            let beyond = 4.0 * found.log10_error * std::f64::consts::LN_10;
            assert!(error.abs() < noise + beyond + 1e-3, "x = {x}: {error}");
            assert!((table.upper_quantile(found.p) - x).abs() < 1e-9, "x = {x}");
        }
        assert!(table.p_value(30.0).log10_error > 0.0);
        assert_eq!(table.p_value(1.0).log10_error, 0.0);
        assert_eq!(table.p_value(f64::INFINITY).p, 0.0);
        assert!(table.p_value(f64::NAN).p.is_nan());
        assert!((table.p_value(1.0).floor() - 1.0 / 200_001.0).abs() < 1e-12);
    }

    #[test]
    fn few_draws_keep_few_quantiles() {
        let table = TailTable::from_draws(exponential(1000, 2)).unwrap();
        let last = *LEVELS.get(table.quantiles().len() - 1).unwrap();
        assert!((last - 0.025).abs() < 1e-12, "{last}");
        assert!(TailTable::from_draws(exponential(39, 2)).is_none());
        assert!(TailTable::from_draws(vec![1.0; 100]).is_none());
        assert!(TailTable::from_draws(vec![f64::NAN; 100]).is_none());
    }

    #[test]
    fn what_is_not_a_table_does_not_parse() {
        let good = r#"{"draws":100,"quantiles":[0.1,0.2],"rate":1.0,"rate_error":0.1}"#;
        let table: TailTable = serde_json::from_str(good).unwrap();
        assert_eq!(
            serde_json::from_str::<TailTable>(&serde_json::to_string(&table).unwrap()).unwrap(),
            table
        );
        for bad in [
            r#"{"draws":100,"quantiles":[0.2,0.1],"rate":1.0,"rate_error":0.1}"#,
            r#"{"draws":100,"quantiles":[],"rate":1.0,"rate_error":0.1}"#,
            r#"{"draws":100,"quantiles":[0.1,0.2],"rate":-1.0,"rate_error":0.1}"#,
            r#"{"draws":0,"quantiles":[0.1,0.2],"rate":1.0,"rate_error":0.1}"#,
        ] {
            assert!(serde_json::from_str::<TailTable>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn interpolation_is_linear() {
        let a = TailTable::new(10, vec![0.0, 1.0], 1.0, 0.1).unwrap();
        let b = TailTable::new(20, vec![1.0, 3.0], 2.0, 0.3).unwrap();
        let half = a.interpolate(&b, 0.5);
        assert_eq!(half, TailTable::new(10, vec![0.5, 2.0], 1.5, 0.2).unwrap());
    }
}
