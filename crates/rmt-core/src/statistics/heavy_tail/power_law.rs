//! The power-law fit behind `alpha`.

/// Values below which the exponent is corrected for bias and short tails are not tried.
const SMALL_SAMPLE: usize = 20;

/// Fewest values that are fitted, and shortest tail tried in a small sample.
const MIN_VALUES: usize = 8;

/// Mean ln(x/x_min) up to which the values of a tail are equal but for rounding.
const EQUAL: f64 = 1e-12;

/// Values of a tail, evenly spread, that are looked at between two checks whether to give up.
const LOOKS: usize = 32;

/// Why a power law could not be fitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PowerLawError {
    /// A value is zero, negative or not finite.
    #[error("{found} of {of} values are not positive and finite")]
    Domain {
        /// Number of such values.
        found: usize,
        /// Number of all values.
        of: usize,
    },
    /// Fewer than 8 values.
    #[error("{found} values are too few; 8 are needed")]
    TooFew {
        /// Number of values.
        found: usize,
    },
    /// No tail has two values that differ.
    #[error("the values are equal")]
    Equal,
}

/// A power law p(x) ∝ x^(−α) for x ≥ x_min, fitted to the upper tail of a sample.
///
/// For each candidate x_min (every value but the largest) with k values from it upwards,
/// α = 1 + k/Σ ln(x/x_min) is the maximum of the likelihood (Clauset, Shalizi & Newman, SIAM Review
/// 51, 661 (2009), eq. 3.1), and D = max_j |1 − (x_j/x_min)^(1−α) − j/k|, j = 0…k−1 over the
/// ascending tail, its Kolmogorov–Smirnov distance (their eq. 3.9, one side of the step). The x_min
/// of least D wins, the smallest among equals.
///
/// This is WeightWatcher's variant (its version 0.7.7), which differs from the paper: below 20 values the
/// exponent is 1 + (k−1)/Σ ln, less biased, and only tails of k ≥ 8 are tried; equal values
/// are candidates one by one, each with the values at and after it. Unlike there, a tail of
/// equal values is no candidate (its exponent is infinite), and fewer than 8 values are not fitted.
///
/// Such a fit describes a tail; it does not show that the tail is a power law.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct PowerLaw {
    /// The exponent α.
    pub alpha: f64,
    /// Standard error σ_α = (α−1)/√k of α (their eq. 3.2). It ignores the choice of x_min: of
    /// samples of 300 values, 92 % have α within 1.96 σ_α instead of 95 %.
    pub alpha_sigma: f64,
    /// The value x_min at which the tail begins.
    pub xmin: f64,
    /// Kolmogorov–Smirnov distance D between the fit and the tail.
    pub distance: f64,
    /// The number k of values in the tail.
    pub tail_count: usize,
}

impl PowerLaw {
    /// Fits positive values, in any order. Their unit changes only x_min.
    ///
    /// # Errors
    /// [`PowerLawError`]: a value that is not positive and finite, fewer than 8 values, equal values.
    ///
    /// ```
    /// use rmt_core::statistics::heavy_tail::PowerLaw;
    /// // Quantiles of p(x) ∝ x^(−3), x ≥ 2.
    /// let sample: Vec<f64> = (0..200).map(|i| 2.0 / (1.0 - (f64::from(i) + 0.5) / 200.0).sqrt()).collect();
    /// let law = PowerLaw::fit(&sample)?;
    /// assert!((law.alpha - 3.0).abs() < 2.0 * law.alpha_sigma);
    /// assert!(law.distance < 0.01);
    /// # Ok::<(), rmt_core::statistics::heavy_tail::PowerLawError>(())
    /// ```
    pub fn fit(values: &[f64]) -> Result<Self, PowerLawError> {
        let valid = |x: &&f64| x.is_finite() && **x > 0.0;
        let found = values.iter().filter(|x| !valid(x)).count();
        if found > 0 {
            return Err(PowerLawError::Domain { found, of: values.len() });
        }
        let mut descending = values.to_vec();
        descending.sort_unstable_by(|x, y| y.total_cmp(x));
        let logs: Vec<f64> = descending.iter().map(|x| x.ln() - descending[0].ln()).collect();
        let mut law = Self::fit_logs(&logs)?;
        law.xmin = descending[law.tail_count - 1];
        Ok(law)
    }

    /// The same for ln(x/x_max) in descending order; `xmin` is relative to x_max.
    pub(super) fn fit_logs(descending: &[f64]) -> Result<Self, PowerLawError> {
        let found = descending.len();
        if found < MIN_VALUES {
            return Err(PowerLawError::TooFew { found });
        }
        let small = found < SMALL_SAMPLE;
        let (shortest, correction) = if small { (MIN_VALUES, 1.0) } else { (2, 0.0) };
        let sums: Vec<f64> = descending
            .iter()
            .scan(0.0, |sum, x| {
                *sum += x;
                Some(*sum)
            })
            .collect();
        // (D, α − 1, k)
        let mut best = (f64::INFINITY, 0.0, 0);
        // From short tails to long: the best often is short, and then gives the others up early.
        for k in shortest..=found {
            let count = k as f64;
            let excess = sums[k - 1] - count * descending[k - 1];
            if excess <= EQUAL * count {
                continue;
            }
            let exponent = (count - correction) / excess;
            let distance = distance(&descending[..k], exponent, best.0);
            // Of equals the smallest x_min, which comes last.
            if distance <= best.0 {
                best = (distance, exponent, k);
            }
        }
        let (distance, exponent, tail_count) = best;
        if tail_count == 0 {
            return Err(PowerLawError::Equal);
        }
        Ok(Self {
            alpha: 1.0 + exponent,
            alpha_sigma: exponent / (tail_count as f64).sqrt(),
            xmin: descending[tail_count - 1].exp(),
            distance,
            tail_count,
        })
    }
}

/// max_j |1 − (x_j/x_min)^(−exponent) − j/k| over the tail, given as descending logarithms; some
/// value above `limit` where the maximum is above it.
fn distance(tail: &[f64], exponent: f64, limit: f64) -> f64 {
    let k = tail.len();
    let (lowest, count) = (tail[k - 1], k as f64);
    let mut largest = 0.0_f64;
    let stride = k.div_ceil(LOOKS);
    // Most cut-offs are far from the best: the first few values show it.
    for start in 0..stride {
        for i in (start..k).step_by(stride) {
            let below = (k - 1 - i) as f64 / count;
            let law = 1.0 - (exponent * (lowest - tail[i])).exp();
            largest = largest.max((law - below).abs());
        }
        if largest > limit {
            break;
        }
    }
    largest
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_xoshiro::Xoshiro256PlusPlus;

    fn pareto(alpha: f64, count: usize, rng: &mut Xoshiro256PlusPlus) -> Vec<f64> {
        (0..count).map(|_| (1.0 - rng.random::<f64>()).powf(-1.0 / (alpha - 1.0))).collect()
    }

    /// The definition read literally: every cut-off, every value, no logarithm but the estimate's.
    /// (α, D, k).
    fn by_definition(values: &[f64]) -> (f64, f64, usize) {
        let mut x = values.to_vec();
        x.sort_by(f64::total_cmp);
        let (shortest, correction) = if x.len() < 20 { (8, 1.0) } else { (2, 0.0) };
        let mut best = (0.0, f64::INFINITY, 0);
        for i in 0..=x.len() - shortest {
            let k = x.len() - i;
            let sum: f64 = x[i..].iter().map(|v| (v / x[i]).ln()).sum();
            let alpha = 1.0 + (k as f64 - correction) / sum;
            let d = (0..k)
                .map(|j| (1.0 - (x[i + j] / x[i]).powf(1.0 - alpha) - j as f64 / k as f64).abs())
                .fold(0.0, f64::max);
            if d < best.1 {
                best = (alpha, d, k);
            }
        }
        best
    }

    #[test]
    fn agrees_with_the_definition() {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
        for count in [8, 9, 12, 19, 20, 21, 50, 333] {
            for alpha in [1.5, 2.5, 6.0] {
                let mut sample = pareto(alpha, count, &mut rng);
                // A body below the tail, so that a cut-off has to be found.
                sample.iter_mut().step_by(3).for_each(|x| *x = rng.random::<f64>() + 0.2);
                let law = PowerLaw::fit(&sample).unwrap();
                let (alpha, d, k) = by_definition(&sample);
                assert_eq!(law.tail_count, k, "{count}");
                assert!((law.alpha / alpha - 1.0).abs() < 1e-12, "{count} {law:?} {alpha}");
                assert!((law.distance - d).abs() < 1e-13);
                let sigma = (law.alpha - 1.0) / (k as f64).sqrt();
                assert!((law.alpha_sigma / sigma - 1.0).abs() < 1e-14);
                assert_eq!(sample.iter().filter(|&&x| x >= law.xmin).count(), k);
            }
        }
    }

    #[test]
    fn the_unit_changes_xmin_alone() {
        let sample = pareto(2.2, 100, &mut Xoshiro256PlusPlus::seed_from_u64(2));
        let law = PowerLaw::fit(&sample).unwrap();
        for factor in [1e-290, 1e-5, 1e290] {
            let scaled: Vec<f64> = sample.iter().map(|x| x * factor).collect();
            let other = PowerLaw::fit(&scaled).unwrap();
            assert!((other.alpha / law.alpha - 1.0).abs() < 1e-11);
            assert!((other.xmin / factor / law.xmin - 1.0).abs() < 1e-14);
            assert_eq!(other.tail_count, law.tail_count);
        }
    }

    #[test]
    fn equal_values_and_bad_input_have_a_reason() {
        assert_eq!(PowerLaw::fit(&[3.0; 40]), Err(PowerLawError::Equal));
        assert_eq!(PowerLaw::fit(&[3.0; 9]), Err(PowerLawError::Equal));
        // Equal but for rounding.
        let near: Vec<f64> = (0..40).map(|i| 1.0 + f64::EPSILON * f64::from(i % 3)).collect();
        assert_eq!(PowerLaw::fit(&near), Err(PowerLawError::Equal));
        assert_eq!(PowerLaw::fit(&[1.0; 7]), Err(PowerLawError::TooFew { found: 7 }));
        assert_eq!(PowerLaw::fit(&[]), Err(PowerLawError::TooFew { found: 0 }));
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let error = PowerLaw::fit(&[1.0, 2.0, bad]).unwrap_err();
            assert_eq!(error, PowerLawError::Domain { found: 1, of: 3 });
        }
        // Two levels: the upper one alone is no tail.
        let two: Vec<f64> = (0..30).map(|i| if i < 24 { 1.0 } else { 100.0 }).collect();
        let law = PowerLaw::fit(&two).unwrap();
        assert!(law.alpha.is_finite() && law.xmin == 1.0, "{law:?}");
    }

    #[test]
    fn the_result_moves_little_when_ties_are_broken() {
        let mut sample = pareto(2.5, 60, &mut Xoshiro256PlusPlus::seed_from_u64(4));
        sample.extend_from_within(..);
        let tied = PowerLaw::fit(&sample).unwrap();
        sample.iter_mut().step_by(2).for_each(|x| *x *= 1.0 + 1e-14);
        let broken = PowerLaw::fit(&sample).unwrap();
        assert_eq!(tied.tail_count, broken.tail_count);
        assert!((tied.alpha / broken.alpha - 1.0).abs() < 1e-11);
    }
}
