//! The spectrum of a change of weights, with tests.

use crate::RmtError;
use crate::counts::StructureReport;
use crate::spectrum::{Matrix, Values, singular_values};
use crate::statistics::finite;
use crate::statistics::heavy_tail::HeavyTail;
use crate::statistics::kurtosis::excess_kurtosis;
use crate::statistics::spectrum_test::{Judge, SpectrumReport};
use serde::{Deserialize, Serialize};

/// The spectrum of a change W − W′, tested against a random matrix of that shape.
///
/// Independent updates of every entry add up to a random matrix, which has no significant value. A
/// direction that training pushes again and again becomes an outlier above. The change includes the
/// rounding of the stored weights, which dominates an update not much larger than their last digit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChangeSpectrum {
    /// Norm of the change, ‖W − W′‖_F.
    pub norm: Option<f64>,
    /// The largest singular value of the change.
    pub largest: Option<f64>,
    /// Stable rank Σν²/ν₁² of the change: the number of directions that share it.
    pub stable_rank: Option<f64>,
    /// The tests of the spectrum.
    #[serde(flatten)]
    pub spectrum: SpectrumReport,
    /// Directions of the change that no scale of its rows and columns explains, if
    /// [`Context::change_ladder`](crate::Context::change_ladder) requests them. There are none if no
    /// test rejects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub structure: Option<StructureReport>,
    /// Why figures are missing.
    pub reason: Option<String>,
}

/// The entries of `new` − `old`, as they are stored.
pub(crate) fn change_of(new: &Matrix<'_>, old: Values<'_>) -> Vec<f64> {
    new.values().iter().zip(old.iter()).map(|(x, y)| x - y).collect()
}

/// The spectrum of `new` − `old`, two matrices of one shape: a decomposition without vectors.
///
/// # Errors
/// [`RmtError::Shape`] where the numbers of entries differ, [`RmtError::Domain`] for an empty
/// matrix or an entry that is not finite, [`RmtError::NoConvergence`] when the solver gives up.
pub(crate) fn change_spectrum(
    new: &Matrix<'_>,
    old: Values<'_>,
    judge: &Judge<'_>,
) -> Result<ChangeSpectrum, RmtError> {
    let (rows, cols) = (new.rows(), new.cols());
    if old.len() != new.values().len() {
        let (expected, found) = (new.values().len(), old.len());
        return Err(RmtError::Shape { rows, cols, expected, found });
    }
    let change = change_of(new, old);
    let matrix = Matrix::new(change.as_slice(), rows, cols, new.orientation())?;
    let nu = singular_values(&matrix)?;
    let large = matrix.large_side();
    let (norms, _) = HeavyTail::new(&nu, large, None, f64::EPSILON);
    let (spectrum, reason) = judge.spectrum(&nu, large, excess_kurtosis(&matrix), true)?;
    let largest = nu.first().copied().unwrap_or(0.0);
    Ok(ChangeSpectrum {
        norm: finite(norms.stable_rank.map_or(0.0, |rank| largest * rank.sqrt())),
        largest: finite(largest),
        stable_rank: norms.stable_rank,
        spectrum,
        structure: None,
        reason,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::ScaleEstimator;
    use crate::nulls::Nulls;
    use crate::spectrum::Orientation;
    use crate::test_support::{binomial_interval, gaussian};
    use rand::{RngExt, SeedableRng};
    use rand_xoshiro::Xoshiro256PlusPlus;

    const M: usize = 48;
    const N: usize = 96;

    fn change(new: &[f64], old: &[f64], nulls: &Nulls) -> ChangeSpectrum {
        let judge = Judge::new(ScaleEstimator::default(), 0.002, 16, nulls);
        let new = Matrix::new(new, M, N, Orientation::OutIn).unwrap();
        change_spectrum(&new, Values::F64(old), &judge).unwrap()
    }

    fn sum(a: &[f64], b: &[f64]) -> Vec<f64> {
        a.iter().zip(b).map(|(x, y)| x + y).collect()
    }

    #[test]
    fn updates_of_independent_entries_are_random_matrices() {
        // What adds up in stochastic descent on nothing: 20 updates of independent uniform noise.
        let nulls = Nulls::default();
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
        let trials = 200;
        let mut rejections = [0; 3];
        let mut significant = 0;
        for trial in 0..trials {
            let old = gaussian(M, N, trial);
            let mut new = old.clone();
            for _ in 0..20 {
                new.iter_mut().for_each(|w| *w += 1e-3 * (rng.random::<f64>() - 0.5));
            }
            let found = change(&new, &old, &nulls);
            let p = [found.spectrum.p_above, found.spectrum.p_below, found.spectrum.p_bulk];
            rejections.iter_mut().zip(p).for_each(|(n, p)| *n += usize::from(p.unwrap() <= 0.05));
            significant += found.spectrum.significant_above.unwrap()
                + found.spectrum.significant_below.unwrap();
            // 20 updates of variance 1e-6/12 each.
            let expected = (20.0_f64 / 12.0).sqrt() * 1e-3;
            assert!((found.spectrum.scale.unwrap() / expected - 1.0).abs() < 0.1);
            assert!((found.norm.unwrap() / (expected * 4608.0_f64.sqrt()) - 1.0).abs() < 0.06);
            assert_eq!(found.reason, None);
        }
        let (low, high) = binomial_interval(trials as usize, 0.05, 0.01 / 3.0);
        for count in rejections {
            assert!((low..=high).contains(&count), "{rejections:?} not in {low}..={high}");
        }
        // Level .002 at two ends of 200 matrices: .8 expected.
        assert!(significant <= 5, "{significant}");
    }

    #[test]
    fn a_rank_one_update_has_one_significant_value() {
        let nulls = Nulls::default();
        let (u, v) = (gaussian(1, M, 2), gaussian(1, N, 3));
        let rank_one: Vec<f64> = (0..M * N).map(|i| 2e-3 * u[i / N] * v[i % N]).collect();
        let old = gaussian(M, N, 4);
        // Beside noise of the same size it is one outlier above.
        let noise: Vec<f64> = gaussian(M, N, 5).iter().map(|x| 1e-3 * x).collect();
        let noisy = change(&sum(&sum(&old, &rank_one), &noise), &old, &nulls);
        assert_eq!(
            (noisy.spectrum.significant_above, noisy.spectrum.significant_below),
            (Some(1), Some(0))
        );
        assert!(noisy.spectrum.p_above.unwrap() < 1e-9, "{noisy:?}");
        let norm = |v: &[f64]| v.iter().map(|x| x * x).sum::<f64>().sqrt();
        let expected = norm(&sum(&rank_one, &noise));
        assert!((noisy.norm.unwrap() / expected - 1.0).abs() < 1e-9);
        // On its own it is all there is.
        let zero = vec![0.0; M * N];
        let alone = change(&rank_one, &zero, &nulls);
        assert_eq!(
            (alone.spectrum.significant_above, alone.spectrum.p_above),
            (Some(1), Some(0.0))
        );
        assert!((alone.stable_rank.unwrap() - 1.0).abs() < 1e-12);
        assert_eq!((alone.spectrum.scale, alone.spectrum.p_bulk), (None, None));
        assert_eq!(alone.reason.as_deref(), Some("47 of 48 singular values vanish"));
        // Stored in single precision its rounding is the noise.
        let stored: Vec<f32> = sum(&old, &rank_one).iter().map(|&x| x as f32).collect();
        let before: Vec<f32> = old.iter().map(|&x| x as f32).collect();
        let judge = Judge::new(ScaleEstimator::default(), 0.002, 16, &nulls);
        let new = Matrix::new(stored.as_slice(), M, N, Orientation::OutIn).unwrap();
        let found = change_spectrum(&new, Values::F32(&before), &judge).unwrap();
        assert_eq!(found.spectrum.significant_above, Some(1), "{found:?}");
    }

    #[test]
    fn no_change_and_unusual_input() {
        let nulls = Nulls::default();
        let a = gaussian(M, N, 6);
        let none = change(&a, &a, &nulls);
        assert_eq!((none.norm, none.largest, none.stable_rank), (Some(0.0), Some(0.0), None));
        assert_eq!((none.spectrum.significant_above, none.spectrum.p_above), (None, None));
        assert_eq!(none.reason.as_deref(), Some("it is zero"));
        let judge = Judge::new(ScaleEstimator::default(), 0.002, 100, &nulls);
        let new = Matrix::new(&a[..], M, N, Orientation::OutIn).unwrap();
        let small = change_spectrum(&new, Values::F64(&vec![0.0; M * N]), &judge).unwrap();
        assert!(small.norm.is_some() && small.spectrum.p_above.is_none());
        assert!(small.reason.unwrap().contains("below the 100"));
        let shape = change_spectrum(&new, Values::F64(&a[1..]), &judge);
        assert!(matches!(shape, Err(RmtError::Shape { .. })));
        let mut bad = a.clone();
        bad[3] = f64::NAN;
        let domain = change_spectrum(&new, Values::F64(&bad), &judge);
        assert!(matches!(domain, Err(RmtError::Domain { .. })));
    }
}
