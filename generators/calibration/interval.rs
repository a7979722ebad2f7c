//! Intervals for counts of rejections.

use statrs::distribution::{Binomial, DiscreteCDF};
use statrs::function::gamma::ln_gamma;

/// Counts that are expected, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Interval {
    /// Fewest.
    pub low: usize,
    /// Most.
    pub high: usize,
}

impl Interval {
    /// Whether `count` is expected.
    pub fn contains(&self, count: usize) -> bool {
        (self.low..=self.high).contains(&count)
    }
}

/// Counts that Bin(`trials`, `p`) leaves on either side with probability at most `outside`/2.
pub fn binomial_interval(trials: usize, p: f64, outside: f64) -> Interval {
    match Binomial::new(p, trials as u64) {
        Ok(law) => {
            let low = law.inverse_cdf(0.5 * outside) as usize;
            let high = law.inverse_cdf(1.0 - 0.5 * outside) as usize;
            Interval { low, high }
        }
        Err(_) => Interval { low: 0, high: trials },
    }
}

/// Counts of rejections at `level` among `trials` matrices when the null itself was simulated with
/// `draws` draws (0: known exactly).
///
/// The true level of a simulated threshold is Beta((B+1)·level, (B+1)·(1−level)) distributed, so
/// the count is beta-binomial.
pub fn level_interval(trials: usize, level: f64, draws: usize, outside: f64) -> Interval {
    if draws == 0 {
        return binomial_interval(trials, level, outside);
    }
    let (a, b) = ((draws as f64 + 1.0) * level, (draws as f64 + 1.0) * (1.0 - level));
    let n = trials as f64;
    let ln_beta = |a: f64, b: f64| ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b);
    let mass = |k: usize| {
        let k = k as f64;
        let choose = ln_gamma(n + 1.0) - ln_gamma(k + 1.0) - ln_gamma(n - k + 1.0);
        (choose + ln_beta(a + k, b + n - k) - ln_beta(a, b)).exp()
    };
    let (mut low, mut high) = (0, trials);
    let mut sum = 0.0;
    for k in 0..=trials {
        let before = sum;
        sum += mass(k);
        if before <= 0.5 * outside {
            low = k;
        }
        if sum >= 1.0 - 0.5 * outside {
            high = k;
            break;
        }
    }
    Interval { low, high }
}

/// Kolmogorov–Smirnov distance of `values` from the uniform law on [0, 1], and its p-value
/// (Kolmogorov's series in Stephens' variable, 1970). NaN without values.
pub fn uniformity(mut values: Vec<f64>) -> (f64, f64) {
    values.sort_unstable_by(f64::total_cmp);
    let count = values.len() as f64;
    let distance = values
        .iter()
        .enumerate()
        .map(|(i, x)| (x - i as f64 / count).max((i + 1) as f64 / count - x))
        .fold(f64::NAN, f64::max);
    let root = count.sqrt();
    let x = (root + 0.12 + 0.11 / root) * distance;
    let term = |k: f64| (-2.0 * k * k * x * x).exp();
    let series: f64 =
        (1..=100).map(|k| if k % 2 == 1 { term(f64::from(k)) } else { -term(f64::from(k)) }).sum();
    let p = if x < 0.2 { 1.0 } else { (2.0 * series).clamp(0.0, 1.0) };
    (distance, if x.is_nan() { f64::NAN } else { p })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beta_binomial_goes_over_to_the_binomial() {
        for (trials, level) in [(2000, 0.05), (500, 0.01)] {
            let exact = binomial_interval(trials, level, 0.01);
            let near = level_interval(trials, level, 1_000_000, 0.01);
            assert!(exact.low.abs_diff(near.low) <= 1 && exact.high.abs_diff(near.high) <= 1);
            let wide = level_interval(trials, level, 999, 0.01);
            assert!(wide.low <= exact.low && wide.high > exact.high, "{wide:?} {exact:?}");
        }
        // P(X < 10) = .0048, P(X > 32) = .0045 (summed with math.lgamma of Python 3).
        assert_eq!(binomial_interval(2000, 0.01, 0.01), Interval { low: 10, high: 32 });
    }

    #[test]
    fn uniformity_against_published_quantiles() {
        // A regular grid is as uniform as can be; a square is not.
        let grid: Vec<f64> = (0..100).map(|i| (f64::from(i) + 0.5) / 100.0).collect();
        let (d, p) = uniformity(grid.clone());
        assert!((d - 0.005).abs() < 1e-12 && p > 0.999);
        assert!(uniformity(grid.iter().map(|x| x * x).collect()).1 < 1e-4);
        // K = 1.3581 is the asymptotic 5 % point: shift a fine grid by it.
        let n = 10_000;
        let shift = 1.3581 / (100.0 + 0.12 + 0.0011) - 0.5 / f64::from(n);
        let moved = (0..n).map(|i| (f64::from(i) + 0.5) / f64::from(n) - shift).collect();
        assert!((uniformity(moved).1 - 0.05).abs() < 1e-4);
        assert!(uniformity(Vec::new()).1.is_nan());
    }

    #[test]
    fn beta_binomial_by_hand() {
        // B = 3 at level .5: Beta(2, 2), two trials: P(0) = P(2) = .3, P(1) = .4.
        let interval = level_interval(2, 0.5, 3, 0.5);
        assert_eq!(interval, Interval { low: 0, high: 2 });
        assert_eq!(level_interval(2, 0.5, 3, 0.7), Interval { low: 1, high: 1 });
    }
}
