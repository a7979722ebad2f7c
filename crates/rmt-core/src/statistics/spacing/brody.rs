//! The exponent of Brody's distribution by maximum likelihood.

use serde::{Deserialize, Serialize};
use statrs::function::gamma::{digamma, ln_gamma};

/// ω + 1 is sought between these.
const LEAST: f64 = 0.05;
const MOST: f64 = 33.0;

/// A fit of [`Brody`](crate::laws::Brody)'s distribution.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BrodyFit {
    /// ω: 0 for independent levels, near 1 (see [`levels`](super::levels)) for a random matrix.
    pub exponent: f64,
    /// Standard error of ω from the curvature of the likelihood, for independent spacings.
    pub standard_error: f64,
}

/// The ω that makes `spacings` (of mean 1) most likely, by bisection on the score
///
/// dℓ/dk = Σ [1/k + c + ln s − (Γ·s)^k·(c + ln s)], k = ω + 1, c = d ln b/dk =
/// ln Γ(1+1/k) − ψ(1+1/k)/k, with Γ = Γ(1+1/k).
///
/// The standard error is 1/√(−ℓ″). `None` where there are fewer than two spacings, one that is not
/// positive and finite, or no maximum with −0.95 < ω < 32 (a picket fence has none).
///
/// ```
/// use rmt_core::laws::Surmise;
/// use rmt_core::statistics::spacing::fit_brody;
/// let quantiles: Vec<f64> = (0..1000).map(|i| Surmise.quantile((f64::from(i) + 0.5) / 1e3)).collect();
/// let fit = fit_brody(&quantiles).unwrap();
/// assert!((fit.exponent - 1.0).abs() < 0.01 && fit.standard_error < 0.05);
/// ```
pub fn fit_brody(spacings: &[f64]) -> Option<BrodyFit> {
    if spacings.len() < 2 || !spacings.iter().all(|s| *s > 0.0 && s.is_finite()) {
        return None;
    }
    let logarithms: Vec<f64> = spacings.iter().map(|s| s.ln()).collect();
    let (mut low, mut high) = (LEAST, MOST);
    if !(score(&logarithms, low) > 0.0 && score(&logarithms, high) < 0.0) {
        return None;
    }
    while high - low > 1e-10 {
        let middle = 0.5 * (low + high);
        if score(&logarithms, middle) > 0.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
    let k = 0.5 * (low + high);
    let step = 1e-5 * k;
    let curvature = (score(&logarithms, k - step) - score(&logarithms, k + step)) / (2.0 * step);
    let standard_error = 1.0 / curvature.sqrt();
    standard_error.is_finite().then_some(BrodyFit { exponent: k - 1.0, standard_error })
}

/// dℓ/dk.
fn score(logarithms: &[f64], k: f64) -> f64 {
    let x = 1.0 + 1.0 / k;
    let ln_gamma = ln_gamma(x);
    let c = ln_gamma - digamma(x) / k;
    logarithms.iter().map(|ln| 1.0 / k + (c + ln) * (1.0 - (k * (ln_gamma + ln)).exp())).sum()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::laws::Brody;
    use rand::{RngExt, SeedableRng};
    use rand_xoshiro::Xoshiro256PlusPlus;

    fn draw(omega: f64, count: usize, rng: &mut Xoshiro256PlusPlus) -> Vec<f64> {
        let law = Brody::new(omega).unwrap();
        (0..count).map(|_| law.quantile(rng.random())).collect()
    }

    #[test]
    fn the_fit_is_the_maximum_of_the_likelihood() {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
        for omega in [-0.4, 0.0, 0.7, 3.0] {
            let s = draw(omega, 500, &mut rng);
            let fit = fit_brody(&s).unwrap();
            let likelihood = |omega: f64| -> f64 {
                let law = Brody::new(omega).unwrap();
                s.iter().map(|&s| law.ln_density(s)).sum()
            };
            let h = 1e-3 * (1.0 + omega);
            let best = likelihood(fit.exponent);
            let (left, right) = (likelihood(fit.exponent - h), likelihood(fit.exponent + h));
            assert!(best > left && best > right, "{omega}: {left} {best} {right}");
            let curvature = (2.0 * best - left - right) / (h * h);
            assert!((fit.standard_error * curvature.sqrt() - 1.0).abs() < 1e-3, "{omega}");
        }
    }

    #[test]
    fn unbiased_with_the_stated_error_on_independent_spacings() {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(2);
        for omega in [0.0, 1.0] {
            let z: Vec<f64> = (0..800)
                .map(|_| fit_brody(&draw(omega, 400, &mut rng)).unwrap())
                .map(|fit| (fit.exponent - omega) / fit.standard_error)
                .collect();
            let mean = z.iter().sum::<f64>() / 800.0;
            let sd = (z.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 800.0).sqrt();
            // Standard errors .035 and .025; the bias of order 1/√400 is part of the allowance.
            assert!(mean.abs() < 0.2 && (sd - 1.0).abs() < 0.1, "{omega}: {mean} {sd}");
        }
    }

    #[test]
    fn degenerate_input() {
        assert_eq!(fit_brody(&[]), None);
        assert_eq!(fit_brody(&[1.0]), None);
        assert_eq!(fit_brody(&[1.0; 50]), None);
        assert_eq!(fit_brody(&[0.0, 1.0, 2.0]), None);
        assert_eq!(fit_brody(&[f64::NAN, 1.0]), None);
    }
}
