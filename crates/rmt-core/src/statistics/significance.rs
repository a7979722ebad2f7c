//! How many singular values lie significantly outside the bulk: sequential deflation.

use super::edges;
use super::scale::{ScaleEstimator, ScaleRule};

/// Counts of significant outliers, and the p-values of the most extreme value at each end.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Significance {
    /// Significant values above the bulk.
    pub above: usize,
    /// Significant values below the bulk; always 0 for a square matrix, which has no lower edge.
    pub below: usize,
    /// p of the largest singular value of the whole matrix.
    pub p_above: f64,
    /// p of the smallest one (the hard-edge law for a square matrix).
    pub p_below: f64,
}

/// Removes the more significant end while its p ≤ `level`, and tests the rest again.
///
/// A value above costs a row and a column, a value below only a row: after removing k_t and k_b,
/// both ends are tested against the (m−k_t−k_b)×(n−k_t) law, with σ estimated anew from what
/// remains by that law's quantiles. At most half of the values are removed. `descending` holds the
/// m singular values of an m×`large` matrix.
pub fn significance(
    descending: &[f64],
    large: usize,
    estimator: ScaleEstimator,
    level: f64,
) -> Significance {
    let m = descending.len();
    let square = m == large;
    let mut found = Significance { above: 0, below: 0, p_above: f64::NAN, p_below: f64::NAN };
    while found.above + found.below <= m / 2 {
        let rest = &descending[found.above..m - found.below];
        let (small, wide) = (rest.len(), large - found.above);
        let Ok(rule) = ScaleRule::new(estimator, small, wide) else { break };
        let scale = rule.estimate(rest);
        let (top, bottom) = (rest[0], rest[small - 1]);
        let p_above = edges::p_above(top, scale, small, wide);
        let p_below = edges::p_below(bottom, scale, small, wide);
        if found.above + found.below == 0 {
            (found.p_above, found.p_below) = (p_above, p_below);
        }
        let below_counts = !square && p_below <= level;
        if p_above <= level && !(below_counts && p_below < p_above) {
            found.above += 1;
        } else if below_counts {
            found.below += 1;
        } else {
            break;
        }
    }
    found
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::nulls::WishartSampler;
    use crate::spectrum::{Matrix, Orientation, singular_values};
    use crate::test_support::{binomial_interval, gaussian};
    use rand::SeedableRng;
    use rand_xoshiro::Xoshiro256PlusPlus;

    const ESTIMATOR: ScaleEstimator = ScaleEstimator::TrimmedQuantiles;

    #[test]
    fn level_is_kept_with_estimated_scale() {
        let draws = 4000;
        for (m, n) in [(59, 128), (59, 256), (128, 256), (64, 64)] {
            let mut sampler = WishartSampler::new(m, n).unwrap();
            let mut rng = Xoshiro256PlusPlus::seed_from_u64(23);
            for level in [0.05, 0.01] {
                let (mut above, mut below) = (0, 0);
                for _ in 0..draws {
                    let s = significance(sampler.draw(&mut rng), n, ESTIMATOR, level);
                    above += usize::from(s.p_above <= level);
                    below += usize::from(s.p_below <= level);
                }
                let (low, high) = binomial_interval(draws, level, 0.01 / 16.0);
                for count in [above, below] {
                    assert!(
                        (low..=high).contains(&count),
                        "{m}×{n} {level}: {count} not in {low}..={high}"
                    );
                }
            }
        }
    }

    #[test]
    fn planted_spikes_are_counted_and_the_other_end_keeps_its_level() {
        let (m, n, spikes, trials) = (64, 64, 5, 300);
        let mut exact = 0;
        let mut hard_edge = 0;
        for trial in 0..trials {
            let mut a = gaussian(m, n, trial);
            for k in 0..spikes {
                // θ = 3 + k, far above the detection limit θ = 1, along orthogonal axes.
                a[k * n + k] += (3.0 + k as f64) * (n as f64).sqrt();
            }
            let matrix = Matrix::new(a.as_slice(), m, n, Orientation::OutIn).unwrap();
            let nu = singular_values(&matrix).unwrap();
            let s = significance(&nu, n, ESTIMATOR, 0.05);
            exact += usize::from(s.above == spikes);
            hard_edge += usize::from(s.p_below <= 0.05);
        }
        // One more than planted happens at about the level, one fewer hardly ever.
        let trials = trials as usize;
        assert!(exact * 100 >= trials * 90, "{exact} of {trials}");
        let (low, high) = binomial_interval(trials, 0.05, 0.001);
        assert!((low..=high).contains(&hard_edge), "{hard_edge} not in {low}..={high}");
    }

    #[test]
    fn a_suppressed_row_is_below() {
        let (m, n) = (60, 200);
        let mut a = gaussian(m, n, 9);
        a[..n].iter_mut().for_each(|x| *x *= 0.05);
        let matrix = Matrix::new(a.as_slice(), m, n, Orientation::OutIn).unwrap();
        let s = significance(&singular_values(&matrix).unwrap(), n, ESTIMATOR, 0.002);
        assert_eq!((s.above, s.below), (0, 1));
    }

    #[test]
    fn bounded_for_strange_spectra() {
        assert_eq!(significance(&[], 4, ESTIMATOR, 0.01).above, 0);
        let zero = significance(&[0.0; 8], 8, ESTIMATOR, 0.01);
        assert!(zero.p_above.is_nan() && zero.above == 0);
        let steep: Vec<f64> = (0..40).map(|k| (-f64::from(k)).exp2()).collect();
        let s = significance(&steep, 80, ESTIMATOR, 0.01);
        assert!(s.above + s.below <= 21);
    }
}
