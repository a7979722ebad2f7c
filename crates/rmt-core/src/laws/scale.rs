//! The scale σ of the bulk: the standard deviation of the entries, estimated from the bulk alone.

use crate::RmtError;
use crate::laws::MarchenkoPastur;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// Estimators of σ from the spectrum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ScaleEstimator {
    /// σ² = median(ν²)/(n·μ_q), μ_q the Marchenko–Pastur median (Gavish & Donoho 2014).
    Median,
    /// Σν² over the ranks from 10 % to 90 % against the same sum of Marchenko–Pastur quantiles:
    /// half the spread of [`Median`](Self::Median), |bias| ≤ 5e-4 from m = 32 on. Breaks down when
    /// more than 10 % of the values at one end are outliers; below m = 10 nothing is trimmed.
    #[default]
    TrimmedQuantiles,
    /// Like [`TrimmedQuantiles`](Self::TrimmedQuantiles), but it drops the significant outliers and
    /// estimates again until the set is stable. It drops at most half of the values. Use it for
    /// spectra with more than 10 % outliers at one end.
    Fit,
    /// √(Σν²/(mn)), the root mean square of the entries. It has the least spread under the null and
    /// is not robust to outliers.
    Entries,
}

impl ScaleEstimator {
    /// The estimator that one fit is made by: itself but for [`Fit`](Self::Fit).
    #[must_use]
    pub(crate) fn single_fit(self) -> Self {
        if self == Self::Fit { Self::TrimmedQuantiles } else { self }
    }

    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Median => "median",
            Self::TrimmedQuantiles => "trimmed_quantiles",
            Self::Fit => "fit",
            Self::Entries => "entries",
        }
    }
}

/// An estimator prepared for one shape, so that simulations compute the quantiles once.
///
/// ```
/// use rmt_core::ScaleEstimator;
/// use rmt_core::laws::MarchenkoPastur;
/// use rmt_core::laws::scale::ScaleRule;
/// // Singular values at the law's own quantiles have its scale.
/// let law = MarchenkoPastur::for_shape(64, 256)?;
/// let quantile = |i: u32| law.quantile((f64::from(i) + 0.5) / 64.0);
/// let nu: Vec<f64> = (0..64).rev().map(|i| 3.0 * (256.0 * quantile(i)).sqrt()).collect();
/// let rule = ScaleRule::new(ScaleEstimator::default(), 64, 256)?;
/// assert!((rule.estimate(&nu) - 3.0).abs() < 0.01);
/// # Ok::<(), rmt_core::RmtError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ScaleRule {
    small: usize,
    large: usize,
    /// Ascending ranks (from 0) that are summed.
    ranks: Range<usize>,
    /// σ² = Σν² over `ranks` / divisor.
    divisor: f64,
}

impl ScaleRule {
    /// Prepares `estimator` for matrices with sides `small` ≤ `large`.
    ///
    /// # Errors
    /// [`RmtError::Domain`] unless 1 ≤ `small` ≤ `large`.
    pub fn new(estimator: ScaleEstimator, small: usize, large: usize) -> Result<Self, RmtError> {
        let law = MarchenkoPastur::for_shape(small, large)?;
        let (m, n) = (small as f64, large as f64);
        let (ranks, divisor) = match estimator {
            // Mean of the two middle values when m is even.
            ScaleEstimator::Median => {
                let ranks = (small - 1) / 2..small / 2 + 1;
                let count = ranks.len() as f64;
                (ranks, n * law.median() * count)
            }
            // One round of a fit is this; the rounds are the deflation's.
            ScaleEstimator::TrimmedQuantiles | ScaleEstimator::Fit => {
                let ranks = small / 10..(9 * small).div_ceil(10);
                (ranks.clone(), n * trimmed_sum(&law, small, large, ranks))
            }
            ScaleEstimator::Entries => (0..small, m * n),
        };
        Ok(Self { small, large, ranks, divisor })
    }

    /// Estimates σ from the singular values in DESCENDING order, as many as the rule's small side.
    pub fn estimate(&self, descending: &[f64]) -> f64 {
        // Relative to the largest value, so that squares neither overflow nor vanish.
        let largest = descending.first().copied().unwrap_or(0.0);
        if largest <= 0.0 {
            return 0.0;
        }
        let sum: f64 = descending
            .iter()
            .rev()
            .skip(self.ranks.start)
            .take(self.ranks.len())
            .map(|nu| (nu / largest).powi(2))
            .sum();
        largest * (sum / self.divisor).sqrt()
    }

    /// The small side m.
    pub fn small_side(&self) -> usize {
        self.small
    }

    /// The large side n.
    pub fn large_side(&self) -> usize {
        self.large
    }
}

/// Quantiles from which on they are not added up one by one.
const MANY: usize = 128;

/// Shapes whose sums are remembered.
const REMEMBERED: usize = 256;

/// Shapes looked at last, and the sums of the law's quantiles at their ranks.
static SUMS: Mutex<VecDeque<([usize; 2], f64)>> = Mutex::new(VecDeque::new());

/// Sum of the law's quantiles at `ranks`: as deflation asks for it, of another shape in each round, by a formula
/// where they are many, else remembered from one matrix of a shape to the next.
fn trimmed_sum(law: &MarchenkoPastur, small: usize, large: usize, ranks: Range<usize>) -> f64 {
    // Plotting positions without bias at either size [measured].
    let (shift, extra) = if small < 32 { (0.5, 0.0) } else { (1.0 / 3.0, 1.0 / 3.0) };
    let step = 1.0 / (small as f64 + extra);
    let position = |i: usize| ((i + 1) as f64 - shift) / (small as f64 + extra);
    if small >= MANY {
        return law.quantile_sum(position(ranks.start), step, ranks.len());
    }
    let shape = [small, large];
    let sums = || SUMS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, sum)) = sums().iter().find(|(known, _)| *known == shape) {
        return *sum;
    }
    let sum = ranks.map(|i| law.quantile(position(i))).sum();
    let mut sums = sums();
    sums.truncate(REMEMBERED - 1);
    sums.push_front((shape, sum));
    sum
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::nulls::WishartSampler;
    use rand::SeedableRng;
    use rand_xoshiro::Xoshiro256PlusPlus;

    fn moments(estimator: ScaleEstimator, m: usize, n: usize, draws: usize) -> (f64, f64) {
        let rule = ScaleRule::new(estimator, m, n).unwrap();
        let mut sampler = WishartSampler::new(m, n).unwrap();
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(2);
        let estimates: Vec<f64> =
            (0..draws).map(|_| rule.estimate(sampler.draw(&mut rng))).collect();
        let mean = estimates.iter().sum::<f64>() / draws as f64;
        let variance = estimates.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / draws as f64;
        (mean, variance.sqrt())
    }

    #[test]
    fn every_estimator_is_nearly_unbiased_on_the_null() {
        for (m, n) in [(20, 20), (32, 64), (59, 128), (128, 256), (64, 64)] {
            for estimator in
                [ScaleEstimator::Median, ScaleEstimator::TrimmedQuantiles, ScaleEstimator::Entries]
            {
                let draws = 2000;
                let (mean, sd) = moments(estimator, m, n, draws);
                let allowed = match estimator {
                    ScaleEstimator::TrimmedQuantiles | ScaleEstimator::Fit if m >= 32 => 5e-4,
                    ScaleEstimator::TrimmedQuantiles | ScaleEstimator::Fit => 2e-3,
                    // E[ν] of a finite sample: √ of an unbiased σ².
                    ScaleEstimator::Entries => 1e-3,
                    ScaleEstimator::Median => 1e-2,
                };
                let bias = (mean - 1.0).abs();
                let noise = 4.0 * sd / (draws as f64).sqrt();
                assert!(bias < allowed + noise, "{estimator:?} {m}×{n}: bias {bias:e} ± {noise:e}");
            }
        }
    }

    #[test]
    fn trimmed_quantiles_spread_half_as_much_as_the_median() {
        let (_, trimmed) = moments(ScaleEstimator::TrimmedQuantiles, 256, 256, 800);
        let (_, median) = moments(ScaleEstimator::Median, 256, 256, 800);
        // 3.1e-3 and 6.3e-3, each with 2.5 % standard error.
        assert!((trimmed / 3.1e-3 - 1.0).abs() < 0.12, "{trimmed:e}");
        assert!((median / 6.3e-3 - 1.0).abs() < 0.12, "{median:e}");
    }

    #[test]
    fn trimmed_ranks_and_homogeneity() {
        let rule = ScaleRule::new(ScaleEstimator::TrimmedQuantiles, 64, 256).unwrap();
        assert_eq!(rule.ranks, 6..58);
        let nu: Vec<f64> = (0..64).rev().map(|i| 1.0 + f64::from(i)).collect();
        let doubled: Vec<f64> = nu.iter().map(|x| 2.0 * x).collect();
        assert!((rule.estimate(&doubled) / rule.estimate(&nu) - 2.0).abs() < 1e-14);
        let median = ScaleRule::new(ScaleEstimator::Median, 5, 5).unwrap();
        assert_eq!(median.ranks, 2..3);
        assert_eq!(ScaleRule::new(ScaleEstimator::Median, 4, 5).unwrap().ranks, 1..3);
        assert!(ScaleRule::new(ScaleEstimator::Median, 5, 4).is_err());
    }
}
