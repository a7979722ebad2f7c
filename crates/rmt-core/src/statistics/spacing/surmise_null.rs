//! The null of the distance between unfolded spacings and Wigner's surmise.
//!
//! Spacings of one matrix are correlated, their mean is fixed by the unfolding, and the surmise is
//! not quite the law of a large matrix, so no textbook p-value holds. Simulated over eighteen
//! shapes from 92×92 to 8192×16384, with unfolding as on data, one variable takes the dependence
//! on the number N of spacings away: y = (√N + .3)·D/(1 + 5e-5·N). The denominator is the surmise's
//! own error, which shows from N ≈ 1000 on; the aspect ratio does not matter.

/// Largest number of spacings that was simulated.
pub(super) const MOST_SPACINGS: usize = 8131;

/// Quantiles of y, pooled over 103,800 random matrices: (y, P(Y ≥ y)). Printed by
/// `data/surmise_null.rs`.
const TABLE: [(f64, f64); 19] = [
    (0.0, 1.0),
    (0.3337, 0.999),
    (0.3874, 0.99),
    (0.4490, 0.95),
    (0.4878, 0.9),
    (0.5420, 0.8),
    (0.5857, 0.7),
    (0.6264, 0.6),
    (0.6673, 0.5),
    (0.7119, 0.4),
    (0.7632, 0.3),
    (0.8261, 0.2),
    (0.9217, 0.1),
    (1.0082, 0.05),
    (1.1097, 0.02),
    (1.1813, 0.01),
    (1.2485, 0.005),
    (1.3381, 0.002),
    (1.4014, 0.001),
];
/// −d ln p/d(y²) of the tail, between .05 and .001.
const TAIL: f64 = 4.1;

fn variable(distance: f64, spacings: usize) -> f64 {
    let n = spacings as f64;
    (n.sqrt() + 0.3) * distance / (1.0 + 5e-5 * n)
}

/// P(D ≥ `distance`) for `spacings` unfolded spacings of a random matrix: by the table, ln p linear
/// in y², and by its Gaussian tail below .001. `None` beyond the numbers that were simulated, and
/// for NaN.
pub(super) fn p_value(distance: f64, spacings: usize) -> Option<f64> {
    let y = variable(distance, spacings);
    if y.is_nan() || spacings > MOST_SPACINGS {
        return None;
    }
    let (last, floor) = TABLE[TABLE.len() - 1];
    let beyond = TABLE.partition_point(|(quantile, _)| *quantile <= y);
    let p = match TABLE.get(beyond) {
        None => floor * (-TAIL * (y * y - last * last)).exp(),
        Some(&(right, p_right)) => {
            let (left, p_left) = TABLE[beyond.saturating_sub(1)];
            let share = (y * y - left * left) / (right * right - left * left);
            (p_left.ln() + share * (p_right / p_left).ln()).exp()
        }
    };
    Some(p)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::nulls::WishartSampler;
    use crate::statistics::spacing::{surmise_distance, unfold};
    use crate::test_support::binomial_interval;
    use rand::SeedableRng;
    use rand_xoshiro::Xoshiro256PlusPlus;

    /// D of random matrices, and their number of spacings.
    fn simulate(m: usize, n: usize, draws: usize, seed: u64) -> (Vec<f64>, usize) {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        let mut sampler = WishartSampler::new(m, n).unwrap();
        let mut count = 0;
        let distances = (0..draws).map(|_| {
            let positions = unfold::by_broadening(sampler.draw(&mut rng)).unwrap();
            let spacings = unfold::spacings(unfold::interior(&positions));
            count = spacings.len();
            surmise_distance(&spacings)
        });
        (distances.collect(), count)
    }

    #[test]
    fn level_is_kept() {
        // Shapes and seeds other than the table's.
        for (m, n, draws) in [(92, 300, 1000), (100, 101, 1000), (160, 240, 500), (300, 900, 100)] {
            let (distances, count) = simulate(m, n, draws, 77);
            for level in [0.5, 0.05, 0.01] {
                let hits =
                    distances.iter().filter(|&&d| p_value(d, count).unwrap() <= level).count();
                let (low, high) = binomial_interval(draws, level, 0.01 / 12.0);
                let inside = (low..=high).contains(&hits);
                assert!(inside, "{m}×{n} {level}: {hits} not in {low}..={high}");
            }
        }
    }

    #[test]
    fn monotone_and_continuous() {
        let mut last = 1.0;
        for i in 0..4000 {
            let p = p_value(f64::from(i) * 1e-4, 100).unwrap();
            assert!(p <= last && last - p < 0.01, "{i}: {last} {p}");
            last = p;
        }
        assert!(last < 1e-15);
        assert_eq!(p_value(0.0, 100), Some(1.0));
        let (y, n) = (1.0082, 400);
        let distance = y * 1.02 / 20.3;
        assert!((p_value(distance, n).unwrap() - 0.05).abs() < 1e-9);
        assert_eq!((p_value(f64::NAN, 100), p_value(0.1, 8132)), (None, None));
    }
}
