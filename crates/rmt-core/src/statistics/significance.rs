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
    /// σ of what remains after the significant values are removed.
    pub bulk_scale: f64,
    /// Half of the values were removed and the ends still reject: what remains is no bulk, and the
    /// counts are lower bounds.
    pub exhausted: bool,
}

/// Removes the largest value while the upper end rejects at `level`, and the smallest while the
/// lower end does, testing both ends again after each round.
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
    let (mut above, mut below) = (0, 0);
    let mut found = Significance {
        above,
        below,
        p_above: f64::NAN,
        p_below: f64::NAN,
        bulk_scale: f64::NAN,
        exhausted: false,
    };
    for round in 0.. {
        let rest = &descending[above..m - below];
        let (small, wide) = (rest.len(), large - above);
        let Ok(rule) = ScaleRule::new(estimator, small, wide) else { break };
        let scale = rule.estimate(rest);
        found.bulk_scale = scale;
        let p_above = edges::p_above(rest[0], scale, small, wide);
        let p_below = edges::p_below(rest[small - 1], scale, small, wide);
        if round == 0 {
            (found.p_above, found.p_below) = (p_above, p_below);
        }
        let (top, bottom) = (p_above <= level, !square && p_below <= level);
        if !top && !bottom {
            break;
        }
        if above + below + 2 > m / 2 {
            found.exhausted = true;
            break;
        }
        above += usize::from(top);
        below += usize::from(bottom);
    }
    Significance { above, below, ..found }
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
    fn an_end_that_rejects_has_a_count() {
        // Half of the rows nearly vanish, and a third of the others stand out.
        let (m, n) = (60, 120);
        let mut a = gaussian(m, n, 4);
        for (i, row) in a.chunks_mut(n).enumerate() {
            let factor = if i < 30 { 0.01 } else { 1.0 + (i / 50) as f64 * 5.0 };
            row.iter_mut().for_each(|x| *x *= factor);
        }
        let matrix = Matrix::new(a.as_slice(), m, n, Orientation::OutIn).unwrap();
        let s = significance(&singular_values(&matrix).unwrap(), n, ESTIMATOR, 0.002);
        assert!(s.p_above <= 0.002 && s.p_below <= 0.002);
        assert!(s.above > 0 && s.below > 0 && s.exhausted, "{s:?}");
    }

    #[test]
    fn bounded_for_strange_spectra() {
        assert_eq!(significance(&[], 4, ESTIMATOR, 0.01).above, 0);
        let zero = significance(&[0.0; 8], 8, ESTIMATOR, 0.01);
        assert!(zero.p_above.is_nan() && zero.above == 0);
        let steep: Vec<f64> = (0..40).map(|k| (-f64::from(k)).exp2()).collect();
        let s = significance(&steep, 80, ESTIMATOR, 0.01);
        assert!(s.exhausted && s.above + s.below <= 20);
    }
}
