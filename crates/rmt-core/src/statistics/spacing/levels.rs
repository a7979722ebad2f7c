//! Statistics of the spacings of one spectrum, beside those of random matrices.

use super::brody::{BrodyFit, fit_brody};
use super::number_variance::number_variance;
use super::{surmise_null, unfold};
use crate::laws::{Surmise, goe_number_variance};
use serde::{Deserialize, Serialize};

/// Levels that must be left after unfolding: with the [dropped](unfold::DROPPED) ones, m ≥ 92.
pub(crate) const LEAST_LEVELS: usize = 32;
/// Singular values that it takes.
pub(crate) const LEAST_VALUES: usize = LEAST_LEVELS + 2 * unfold::DROPPED;
/// Interval lengths, in mean spacings, at which the number variance is reported: beyond 2 the
/// broadening suppresses it.
pub(crate) const LENGTHS: [f64; 3] = [0.5, 1.0, 2.0];

/// Spread of Σ²(L) over random matrices at [`LENGTHS`], times √(number of spacings); it does not
/// depend on the shape nor on the unfolding [simulated, 92² … 4096²].
const NUMBER_SPREAD: [f64; 3] = [0.147, 0.376, 0.69];
/// By how much the broadening lowers Σ²(L) in long spectra [simulated].
const NUMBER_LOWERED: [f64; 3] = [0.0006, 0.0014, 0.0052];

/// Unfolded spacings of the singular values of one matrix.
///
/// They test universality, which trained networks usually still satisfy. A failure means that the
/// spectrum is composed of independent parts or degenerate. They are never evidence of learning.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Levels {
    /// Number of spacings; 0 if there were too few levels.
    pub spacings: usize,
    /// Kolmogorov–Smirnov distance sup|F − F_W| of the spacings from Wigner's surmise.
    pub surmise_distance: Option<f64>,
    /// p-value of that distance, against as many spacings of random matrices, unfolded in the same
    /// way. Spacings are correlated, so textbook p-values would be wrong.
    pub surmise_p: Option<f64>,
    /// Brody's exponent ω, with the standard error that independent spacings would have.
    pub brody: Option<BrodyFit>,
    /// Mean of ω over random matrices with this number of spacings.
    pub brody_expected: Option<f64>,
    /// Standard deviation of ω over them.
    pub brody_spread: Option<f64>,
    /// Number variances after the broadened staircase.
    pub number_variance: Vec<NumberVariance>,
    /// Number variances after unfolding by the Marchenko–Pastur law, where a scale was given.
    pub number_variance_law: Vec<NumberVariance>,
    /// Why figures are missing.
    pub reason: Option<String>,
}

/// Σ²(L), the variance of the number of levels in an interval of L mean spacings.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NumberVariance {
    /// The length L.
    pub length: f64,
    /// The number variance Σ²(L). Independent levels have L.
    pub value: f64,
    /// Value for the Gaussian orthogonal ensemble.
    pub goe: f64,
    /// Mean over random matrices with this number of spacings, unfolded in the same way.
    pub expected: f64,
    /// Standard deviation over them.
    pub spread: f64,
}

/// The levels of a matrix with m singular values `descending`; `law` is (σ, n), the bulk's scale
/// and the matrix's larger side, for unfolding by the Marchenko–Pastur law as well.
///
/// All statistics of spacings use the broadened staircase ([`unfold::by_broadening`]), which
/// follows any bulk. Singular values that vanish or coincide to rounding are no levels: with any,
/// nothing is reported but the reason. Costs O(m·250), a few per cent of a decomposition.
///
/// ```
/// use rmt_core::statistics::spacing::levels;
/// let fence: Vec<f64> = (1..=150).rev().map(f64::from).collect();
/// let found = levels(&fence, None);
/// assert_eq!(found.spacings, 89);
/// // A picket fence is more regular than any random matrix.
/// assert!(found.surmise_p.unwrap() < 1e-6 && found.brody.is_none());
/// assert!(levels(&fence[..80], None).reason.unwrap().contains("at least 92"));
/// ```
pub fn levels(descending: &[f64], law: Option<(f64, usize)>) -> Levels {
    match try_levels(descending, law) {
        Ok(levels) => levels,
        Err(reason) => Levels { reason: Some(reason), ..Levels::default() },
    }
}

fn try_levels(descending: &[f64], law: Option<(f64, usize)>) -> Result<Levels, String> {
    let m = descending.len();
    if m < LEAST_VALUES {
        return Err(format!("{m} levels, at least {LEAST_VALUES} are needed"));
    }
    if !descending.iter().all(|nu| nu.is_finite()) {
        return Err("the singular values are not finite".into());
    }
    let large = law.map_or(m, |(_, large)| large.max(m));
    let rounding = descending[0] * large as f64 * f64::EPSILON;
    let vanishing = descending.iter().filter(|&&nu| nu <= rounding).count();
    if vanishing > 0 {
        return Err(format!("{vanishing} of {m} singular values vanish"));
    }
    let tied = descending.windows(2).filter(|pair| pair[0] - pair[1] <= rounding).count();
    if tied > 0 {
        return Err(format!("{tied} of {} spacings vanish", m - 1));
    }
    let positions = unfold::by_broadening(descending)
        .ok_or_else(|| "the singular values have no width".to_owned())?;
    let inner = unfold::interior(&positions);
    let spacings = unfold::spacings(inner);
    let count = spacings.len();
    let n = count as f64;
    let distance = surmise_distance(&spacings);
    let brody = fit_brody(&spacings);
    let mut reasons = Vec::new();
    if brody.is_none() {
        reasons.push("the spacings are too regular for a Brody exponent".to_owned());
    }
    let surmise_p = surmise_null::p_value(distance, count);
    if surmise_p.is_none() {
        reasons.push(format!(
            "no p of the surmise: its null was simulated up to {} spacings",
            surmise_null::MOST_SPACINGS
        ));
    }
    let number_variance_law = match law {
        None => Vec::new(),
        Some((scale, large)) => match unfold::by_law(descending, scale, large) {
            Ok(positions) => number_variances(unfold::interior(&positions), n, [0.0; 3]),
            Err(error) => {
                reasons.push(error.to_string());
                Vec::new()
            }
        },
    };
    Ok(Levels {
        spacings: count,
        surmise_distance: Some(distance),
        surmise_p,
        brody,
        brody_expected: Some(0.9605 + 1.65 / n),
        brody_spread: Some((1.53 + 4.2 / n) / n.sqrt()),
        number_variance: number_variances(inner, n, NUMBER_LOWERED),
        number_variance_law,
        reason: (!reasons.is_empty()).then(|| reasons.join("; ")),
    })
}

fn number_variances(positions: &[f64], count: f64, lowered: [f64; 3]) -> Vec<NumberVariance> {
    let of = |(length, (spread, lowered)): (f64, (f64, f64))| {
        let value = number_variance(positions, length)?;
        let goe = goe_number_variance(length);
        let expected = goe - lowered - 0.2 / count;
        Some(NumberVariance { length, value, goe, expected, spread: spread / count.sqrt() })
    };
    LENGTHS.into_iter().zip(NUMBER_SPREAD.into_iter().zip(lowered)).filter_map(of).collect()
}

/// Kolmogorov–Smirnov distance sup|F − F_W| of `spacings` (of mean 1) from Wigner's surmise; NaN
/// without spacings.
pub fn surmise_distance(spacings: &[f64]) -> f64 {
    let mut ascending = spacings.to_vec();
    ascending.sort_unstable_by(f64::total_cmp);
    let n = ascending.len() as f64;
    let gaps = ascending.iter().enumerate().map(|(i, &s)| {
        let f = Surmise.cdf(s);
        (f - i as f64 / n).max((i as f64 + 1.0) / n - f)
    });
    gaps.fold(f64::NAN, f64::max)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::laws::scale::{ScaleEstimator, ScaleRule};
    use crate::nulls::WishartSampler;
    use rand::{RngExt, SeedableRng};
    use rand_xoshiro::Xoshiro256PlusPlus;

    /// Mean and standard deviation of z-scores.
    fn moments(z: &[f64]) -> (f64, f64) {
        let mean = z.iter().sum::<f64>() / z.len() as f64;
        let variance = z.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / z.len() as f64;
        (mean, variance.sqrt())
    }

    #[test]
    fn random_matrices_lie_in_the_stated_bands() {
        for (m, n, draws) in [(92, 184, 600), (128, 128, 600), (200, 700, 200)] {
            let rule = ScaleRule::new(ScaleEstimator::default(), m, n).unwrap();
            let mut sampler = WishartSampler::new(m, n).unwrap();
            let mut rng = Xoshiro256PlusPlus::seed_from_u64(5);
            let mut z = [const { Vec::new() }; 7];
            for _ in 0..draws {
                let nu = sampler.draw(&mut rng);
                let found = levels(nu, Some((rule.estimate(nu), n)));
                assert_eq!((found.spacings, &found.reason), (m - 61, &None));
                let fit = found.brody.unwrap();
                let expected = found.brody_expected.unwrap();
                z[0].push((fit.exponent - expected) / found.brody_spread.unwrap());
                let both = found.number_variance.iter().chain(&found.number_variance_law);
                for (z, v) in z[1..].iter_mut().zip(both) {
                    z.push((v.value - v.expected) / v.spread);
                }
            }
            for (i, z) in z.iter().enumerate() {
                let (mean, sd) = moments(z);
                let error = 4.0 / (draws as f64).sqrt();
                // The stated mean and spread hold for all shapes to .1 and .07 of the spread.
                let allowed = (0.1 + error, 0.07 + error);
                let inside = mean.abs() < allowed.0 && (sd - 1.0).abs() < allowed.1;
                assert!(inside, "{m}×{n} statistic {i}: {mean} {sd}");
            }
        }
    }

    #[test]
    fn independent_levels_are_poisson() {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(6);
        let mut nu: Vec<f64> = (0..4000).map(|_| 1.0 + rng.random::<f64>()).collect();
        nu.sort_by(|a, b| b.total_cmp(a));
        let found = levels(&nu, None);
        let fit = found.brody.unwrap();
        assert!(fit.exponent.abs() < 5.0 * fit.standard_error && fit.standard_error < 0.02);
        assert!(found.surmise_p.unwrap() < 1e-100);
        for v in &found.number_variance {
            // The staircase follows 30 levels at a time, so a share L/30 of the counts is lost.
            let ratio = v.value / v.length;
            assert!((0.85..1.03).contains(&ratio), "{v:?}");
            assert!(v.value > v.expected + 8.0 * v.spread, "{v:?}");
        }
        assert!(found.number_variance_law.is_empty());
    }

    #[test]
    fn a_spectrum_of_independent_parts_repels_only_half() {
        // Four spectra on top of each other, as of a block-diagonal matrix.
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(7);
        let mut sampler = WishartSampler::new(100, 200).unwrap();
        let mut nu: Vec<f64> = (0..4).flat_map(|_| sampler.draw(&mut rng).to_vec()).collect();
        nu.sort_by(|a, b| b.total_cmp(a));
        let found = levels(&nu, None);
        assert!(found.surmise_p.unwrap() < 1e-4, "{found:?}");
        let omega = found.brody.unwrap().exponent;
        assert!(omega < found.brody_expected.unwrap() - 5.0 * found.brody_spread.unwrap());
    }

    #[test]
    fn a_picket_fence_is_too_regular() {
        let fence: Vec<f64> = (0..300).rev().map(|k| 1.0 + f64::from(k)).collect();
        let found = levels(&fence, Some((0.0, 400)));
        assert_eq!(found.spacings, 239);
        assert!(found.brody.is_none() && found.surmise_p.unwrap() < 1e-20);
        // L = 1 and 2 hold one and two levels, up to the unfolding's error at the ends.
        assert!((found.number_variance[0].value - 0.25).abs() < 0.01);
        assert!(found.number_variance[1].value < 0.03 && found.number_variance[2].value < 0.06);
        let reason = found.reason.unwrap();
        assert!(reason.contains("too regular") && reason.contains("scale"), "{reason}");
    }

    #[test]
    fn degenerate_spectra_have_a_reason() {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(8);
        let nu = WishartSampler::new(120, 150).unwrap().draw(&mut rng).to_vec();
        let reason = |nu: &[f64]| {
            let found = levels(nu, None);
            let expected = Levels { reason: found.reason.clone(), ..Levels::default() };
            assert_eq!(found, expected);
            found.reason.unwrap()
        };
        assert_eq!(reason(&nu[..91]), "91 levels, at least 92 are needed");
        assert_eq!(reason(&[]), "0 levels, at least 92 are needed");
        assert_eq!(levels(&nu[..92], None).spacings, 31);
        let mut deficient = nu.clone();
        deficient[118..].fill(1e-17);
        assert_eq!(reason(&deficient), "2 of 120 singular values vanish");
        let mut tied = nu.clone();
        tied[50] = tied[51];
        assert_eq!(reason(&tied), "1 of 119 spacings vanish");
        assert_eq!(reason(&[1.0; 120]), "119 of 119 spacings vanish");
        assert_eq!(reason(&[0.0; 120]), "120 of 120 singular values vanish");
        assert_eq!(reason(&[f64::NAN; 120]), "the singular values are not finite");
        let mut infinite = nu;
        infinite[0] = f64::INFINITY;
        assert_eq!(reason(&infinite), "the singular values are not finite");
    }

    #[test]
    fn a_row_reads_back_as_itself() {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(9);
        let nu = WishartSampler::new(100, 150).unwrap().draw(&mut rng).to_vec();
        let found = levels(&nu, Some((1.0, 150)));
        let text = serde_json::to_string(&found).unwrap();
        assert_eq!(serde_json::from_str::<Levels>(&text).unwrap(), found);
    }
}
