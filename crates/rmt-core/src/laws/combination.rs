//! The law of the p-value of several singular vectors together.

use statrs::distribution::{Binomial, Discrete, DiscreteCDF};

/// Level at which a single vector counts as rejected.
pub const VECTOR_LEVEL: f64 = 0.01;

/// One p-value from those of m vectors: P(T ≤ t) for T = min(p_binom, m·p_min), where p_binom =
/// P(Bin(m, .01) ≥ #{p_k ≤ .01}). It is exact for independent p_k.
///
/// The two parts detect different things: p_binom many weak deviations, m·p_min one localized
/// vector. Bonferroni's bound, twice the smaller of the two, would have a level below the nominal
/// one, because they overlap and p_binom is discrete. Fisher's combination would be wrong, because
/// the vectors are mutually orthogonal, which shrinks its variance. With K = #{p_k ≤ .01}, and
/// given K = j,
///
/// - where p_binom(j) ≤ t: T ≤ t for certain;
/// - else P(m·p_min ≤ t) = 1 − (1 − t/(.01·m))^j for j ≥ 1 (1 from t = .01·m on), and
///   1 − ((1 − t/m)/.99)^m for j = 0 (0 below t = .01·m).
///
/// Returns 1 without p-values.
///
/// ```
/// use rmt_core::laws::combination::combined_p_value;
/// // One of forty vectors is localized: forty times its p, and as much again at most.
/// let mut p = vec![0.5; 40];
/// p[7] = 1e-9;
/// assert!((4e-8..8e-8).contains(&combined_p_value(&p)));
/// ```
pub fn combined_p_value(p_values: &[f64]) -> f64 {
    let combination = Combination::new(p_values);
    combination.probability(|p_binomial, t| p_binomial <= t)
}

/// P(T < t) and P(T ≤ t). They differ if T equals a value of p_binom, which is discrete.
pub fn combined_p_interval(p_values: &[f64]) -> (f64, f64) {
    let combination = Combination::new(p_values);
    let strict = combination.probability(|p_binomial, t| p_binomial < t);
    (strict, combination.probability(|p_binomial, t| p_binomial <= t))
}

struct Combination {
    /// Bin(m, .01).
    law: Option<Binomial>,
    count: usize,
    t: f64,
}

impl Combination {
    fn new(p_values: &[f64]) -> Self {
        let count = p_values.len();
        let law = Binomial::new(VECTOR_LEVEL, count as u64).ok();
        let hits = p_values.iter().filter(|&&p| p <= VECTOR_LEVEL).count();
        let smallest = p_values.iter().copied().fold(1.0, f64::min);
        let mut combination = Self { law, count, t: 1.0 };
        combination.t = combination.at_least(hits).min(count as f64 * smallest);
        combination
    }

    /// p_binom at j hits.
    fn at_least(&self, j: usize) -> f64 {
        match (&self.law, j.checked_sub(1)) {
            (Some(law), Some(fewer)) => law.sf(fewer as u64),
            _ => 1.0,
        }
    }

    /// P(p_binom(K) within t, or m·p_min ≤ t).
    fn probability(&self, within: impl Fn(f64, f64) -> bool) -> f64 {
        let (m, t) = (self.count as f64, self.t);
        let Some(law) = self.law.filter(|_| self.count > 0) else { return 1.0 };
        let mut sum = 0.0;
        for j in 0..=self.count {
            let tail = self.at_least(j);
            if within(tail, t) {
                sum += tail;
                break;
            }
            let share = t / m;
            let reached = match j {
                0 if share <= VECTOR_LEVEL => 0.0,
                0 => -(m * ((1.0 - share) / (1.0 - VECTOR_LEVEL)).ln()).exp_m1(),
                _ if share >= VECTOR_LEVEL => 1.0,
                _ => -(j as f64 * (-share / VECTOR_LEVEL).ln_1p()).exp_m1(),
            };
            sum += law.pmf(j as u64) * reached;
        }
        sum.clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::binomial_interval;
    use rand::{RngExt, SeedableRng};
    use rand_xoshiro::Xoshiro256PlusPlus;

    #[test]
    fn combination_in_closed_form() {
        assert_eq!(combined_p_value(&[]), 1.0);
        // One vector, p = .3: p_binom(0) = 1, so T = p_min, uniform.
        assert!((combined_p_value(&[0.3]) - 0.3).abs() < 1e-14);
        // One, p = .004: T = min(.01, .004) is reached by p_min ≤ .004 alone.
        assert!((combined_p_value(&[0.004]) - 0.004).abs() < 1e-15);
        // Two, p_min = .001: T = .002 < p_binom(1) = .0199, reached where p_min ≤ .001, or where
        // both are below .01: p_binom(2) = .0001.
        let expected = 2.0 * 0.01 * 0.99 * 0.1 + 0.0001;
        assert!((combined_p_value(&[0.001, 0.5]) - expected).abs() < 1e-15);
        // All three at .01: T = p_binom(3) = 1e-6, or p_min ≤ 1e-6/3 with fewer.
        let found = combined_p_value(&[0.01, 0.01, 0.01]);
        assert!((found / 2e-6 - 1.0).abs() < 1e-3, "{found:e}");
        assert_eq!(combined_p_value(&[0.0, 0.5]), 0.0);
        assert!(combined_p_value(&[1e-290; 40]) < 1e-70);
    }

    #[test]
    fn combination_is_uniform_where_it_is_continuous_and_keeps_its_level() {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(6);
        for m in [5, 64, 700] {
            let draws = 20_000;
            let mut randomized = Vec::with_capacity(draws);
            for _ in 0..draws {
                let p: Vec<f64> = (0..m).map(|_| rng.random()).collect();
                let (low, high) = combined_p_interval(&p);
                assert!(low <= high && (high - combined_p_value(&p)).abs() < 1e-15);
                randomized.push(low + (high - low) * rng.random::<f64>());
            }
            for level in [0.5, 0.05, 0.01, 0.002] {
                let count = randomized.iter().filter(|&&p| p <= level).count();
                let (low, high) = binomial_interval(draws, level, 0.01 / 12.0);
                assert!((low..=high).contains(&count), "m={m} {level}: {count} {low}..={high}");
            }
        }
    }
}
