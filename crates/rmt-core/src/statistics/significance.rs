//! How many singular values lie significantly outside the bulk: sequential deflation.

use crate::RmtError;
use crate::laws::edges;
use crate::laws::scale::{ScaleEstimator, ScaleRule};
use crate::nulls::{Nulls, PValue, SpectralNull};
use std::sync::Arc;

/// Counts of significant outliers, and the p-values of the most extreme value at each end.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub(crate) struct Significance {
    /// Significant values above the bulk.
    pub above: usize,
    /// Significant values below the bulk; always 0 for a square matrix, which has no lower edge.
    pub below: usize,
    /// p of the largest singular value of the whole matrix.
    pub p_above: PValue,
    /// p of the smallest one (the hard-edge law for a square matrix).
    pub p_below: PValue,
    /// σ of what remains after the significant values are removed.
    pub bulk_scale: f64,
    /// σ of all values.
    pub scale: f64,
    /// Estimates of the scale that were made.
    pub rounds: usize,
    /// Half of the values were removed and the upper end still rejects: `above` is a lower bound.
    pub above_cut_off: bool,
    /// The same of the lower end and `below`.
    pub below_cut_off: bool,
}

impl Significance {
    /// Half of the values were removed and an end still rejects: what remains is no bulk.
    pub(crate) fn exhausted(&self) -> bool {
        self.above_cut_off || self.below_cut_off
    }
}

/// The nulls that the rounds of a deflation are judged by.
#[derive(Debug, Clone)]
pub(crate) struct EdgeNulls<'a> {
    whole: Arc<SpectralNull>,
    /// Where the nulls of the remaining shapes come from, if they cost nothing.
    nulls: Option<&'a Nulls>,
}

impl<'a> EdgeNulls<'a> {
    /// Of Gaussian m×n matrices, and of the shapes that remain as values are removed where the
    /// shipped table has them (else of m×n throughout).
    ///
    /// # Errors
    /// [`RmtError::Domain`] unless 2 ≤ `small` ≤ `large`.
    pub(crate) fn gaussian(
        nulls: &'a Nulls,
        small: usize,
        large: usize,
        estimator: ScaleEstimator,
    ) -> Result<Self, RmtError> {
        Ok(Self { whole: nulls.spectral(small, large, estimator)?, nulls: Some(nulls) })
    }

    /// One null for all rounds.
    pub(crate) fn fixed(null: Arc<SpectralNull>) -> Self {
        Self { whole: null, nulls: None }
    }

    /// The null of the whole matrix.
    pub(crate) fn whole(&self) -> &SpectralNull {
        &self.whole
    }

    fn reduced(&self, small: usize, large: usize, estimator: ScaleEstimator) -> Arc<SpectralNull> {
        match self.nulls {
            Some(nulls) => nulls.reduced(small, large, estimator, &self.whole),
            None => self.whole.clone(),
        }
    }
}

/// Removes the largest value while the upper end rejects at `level`, and the smallest while the
/// lower end does, testing both ends again after each round.
///
/// A value above costs a row and a column, a value below only a row: after removing k_t and k_b,
/// both ends are tested against the (m−k_t−k_b)×(n−k_t) law, with σ estimated anew from what
/// remains by that law's quantiles. At most half of the values are removed. `descending` holds the
/// m singular values of an m×`large` matrix.
///
/// # Errors
/// [`RmtError::Domain`] unless 2 ≤ m ≤ `large`.
pub(crate) fn significance(
    descending: &[f64],
    large: usize,
    estimator: ScaleEstimator,
    level: f64,
    nulls: &EdgeNulls<'_>,
) -> Result<Significance, RmtError> {
    let m = descending.len();
    if m < 2 || m > large {
        return Err(RmtError::Domain {
            law: "significance of outliers",
            requirement: "a matrix needs at least 2 singular values, and no more than its large side",
        });
    }
    let square = m == large;
    let whole = &nulls.whole;
    let scale = ScaleRule::new(estimator, m, large)?.estimate(descending);
    let mut found = Significance {
        above: 0,
        below: 0,
        p_above: p_above(descending[0], scale, m, large, whole),
        p_below: p_below(descending[m - 1], scale, m, large, whole),
        bulk_scale: scale,
        scale,
        rounds: 1,
        above_cut_off: false,
        below_cut_off: false,
    };
    let (mut first, mut last) = (found.p_above, found.p_below);
    loop {
        let (top, bottom) = (first.p <= level, !square && last.p <= level);
        if !top && !bottom {
            return Ok(found);
        }
        if found.above + found.below + 2 > m / 2 {
            (found.above_cut_off, found.below_cut_off) = (top, bottom);
            return Ok(found);
        }
        found.above += usize::from(top);
        found.below += usize::from(bottom);
        let rest = &descending[found.above..m - found.below];
        let (small, wide) = (rest.len(), large - found.above);
        let scale = ScaleRule::new(estimator, small, wide)?.estimate(rest);
        found.bulk_scale = scale;
        found.rounds += 1;
        let null = nulls.reduced(small, wide, estimator);
        first = p_above(rest[0], scale, small, wide, &null);
        last = p_below(rest[small - 1], scale, small, wide, &null);
    }
}

/// Calibrated p of the largest singular value: P(ν ≥ `largest`) with the scale estimated.
pub(crate) fn p_above(
    largest: f64,
    scale: f64,
    small: usize,
    large: usize,
    null: &SpectralNull,
) -> PValue {
    null.above.p_value(edges::neg_log_p_above(largest, scale, small, large))
}

/// Calibrated p of the smallest singular value: P(ν ≤ `smallest`) with the scale estimated; in the
/// fitted tail never below the exact leading term where 2 ≤ n − m ≤ 12.
pub(crate) fn p_below(
    smallest: f64,
    scale: f64,
    small: usize,
    large: usize,
    null: &SpectralNull,
) -> PValue {
    let p = null.below.p_value(edges::neg_log_p_below(smallest, scale, small, large));
    if p.log10_error == 0.0 {
        return p;
    }
    PValue { p: p.p.max(edges::guard_below(smallest, scale, small, large)), ..p }
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

    fn of(nu: &[f64], n: usize, level: f64) -> Significance {
        let nulls = Nulls::default();
        let nulls = EdgeNulls::gaussian(&nulls, nu.len(), n, ESTIMATOR).unwrap();
        significance(nu, n, ESTIMATOR, level, &nulls).unwrap()
    }

    #[test]
    fn level_is_kept_with_estimated_scale() {
        let (draws, nulls) = (4000, Nulls::default());
        for (m, n) in [(59, 128), (59, 256), (128, 256), (64, 64)] {
            let mut sampler = WishartSampler::new(m, n).unwrap();
            let mut rng = Xoshiro256PlusPlus::seed_from_u64(23);
            let nulls = EdgeNulls::gaussian(&nulls, m, n, ESTIMATOR).unwrap();
            for level in [0.05, 0.01] {
                let (mut above, mut below) = (0, 0);
                for _ in 0..draws {
                    let nu = sampler.draw(&mut rng);
                    let s = significance(nu, n, ESTIMATOR, level, &nulls).unwrap();
                    above += usize::from(s.p_above.p <= level);
                    below += usize::from(s.p_below.p <= level);
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
            let s = of(&nu, n, 0.05);
            exact += usize::from(s.above == spikes);
            hard_edge += usize::from(s.p_below.p <= 0.05);
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
        let s = of(&singular_values(&matrix).unwrap(), n, 0.002);
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
        let s = of(&singular_values(&matrix).unwrap(), n, 0.002);
        assert!(s.p_above.p <= 0.002 && s.p_below.p <= 0.002);
        assert!(s.above > 0 && s.below > 0 && s.above_cut_off && s.below_cut_off, "{s:?}");
    }

    #[test]
    fn bounded_for_strange_spectra() {
        let nulls = Nulls::default();
        assert!(EdgeNulls::gaussian(&nulls, 0, 4, ESTIMATOR).is_err());
        let zero = of(&[0.0; 18], 18, 0.01);
        assert!(zero.p_above.p.is_nan() && zero.above == 0);
        let steep: Vec<f64> = (0..40).map(|k| (-f64::from(k)).exp2()).collect();
        let s = of(&steep, 80, 0.01);
        assert!(s.exhausted() && s.above + s.below <= 20);
    }

    #[test]
    fn one_value_that_is_raised_is_significant() {
        use rand_xoshiro::rand_core::SeedableRng;
        let (m, n, estimator) = (48, 96, ScaleEstimator::default());
        let mut rng = rand_xoshiro::Xoshiro256PlusPlus::seed_from_u64(1);
        let mut nu = WishartSampler::new(m, n).unwrap().draw(&mut rng).to_vec();
        nu[0] *= 1.5;
        let nulls = Nulls::default();
        let nulls = EdgeNulls::gaussian(&nulls, m, n, estimator).unwrap();
        let found = significance(&nu, n, estimator, 0.002, &nulls).unwrap();
        assert_eq!((found.above, found.below), (1, 0));
    }
}
