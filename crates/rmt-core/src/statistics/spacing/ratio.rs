//! The ratio of consecutive spacings: level repulsion without unfolding.

/// Large-N mean of the ratio of consecutive spacings for the Gaussian orthogonal ensemble
/// (Atas, Bogomolny, Giraud & Roux, PRL 110, 084101 (2013)).
pub(crate) const GOE_MEAN: f64 = 0.5307;
/// Standard deviation of the mean over one matrix is this divided by √m (simulated).
pub(crate) const MEAN_SPREAD: f64 = 0.30;

/// Mean of r̃ = min(s_k, s_{k+1}) / max(s_k, s_{k+1}) over consecutive spacings s of the singular
/// values (descending); needs no unfolding. `None` with fewer than three values or where every
/// pair of spacings vanishes (pairs of zero spacings are left out).
///
/// Trained networks usually still have the value of random matrices, so it checks the numerics and
/// is no evidence of learning.
pub fn ratio(descending: &[f64]) -> Option<f64> {
    let (mut sum, mut count) = (0.0, 0_usize);
    for triple in descending.windows(3) {
        let (first, second) = (triple[0] - triple[1], triple[1] - triple[2]);
        let larger = first.max(second);
        if larger > 0.0 {
            sum += first.min(second) / larger;
            count += 1;
        }
    }
    (count > 0).then(|| sum / count as f64)
}

/// Distance of a mean ratio over `count` levels from the GOE value, in standard deviations.
pub fn z_score(ratio: f64, count: usize) -> f64 {
    (ratio - GOE_MEAN) * (count as f64).sqrt() / MEAN_SPREAD
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::nulls::WishartSampler;
    use rand::{RngExt, SeedableRng};
    use rand_xoshiro::Xoshiro256PlusPlus;

    /// Mean for independent (Poisson) levels: 2 ln 2 − 1.
    const POISSON_MEAN: f64 = 0.386_294_361_119_890_6;

    #[test]
    fn closed_forms() {
        assert_eq!(ratio(&[5.0, 4.0, 3.0, 2.0]), Some(1.0));
        assert_eq!(ratio(&[4.0, 3.0, 1.0]), Some(0.5));
        assert_eq!(ratio(&[1.0, 1.0, 1.0]), None);
        assert_eq!(ratio(&[2.0, 1.0]), None);
    }

    #[test]
    fn wishart_levels_repel_and_independent_ones_do_not() {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(4);
        let mut sampler = WishartSampler::new(128, 256).unwrap();
        let draws = 400;
        let mean = (0..draws).map(|_| ratio(sampler.draw(&mut rng)).unwrap()).sum::<f64>()
            / f64::from(draws);
        // Published range of Wishart matrices .5295–.5323; standard error .0013.
        assert!((0.5295 - 0.004..0.5323 + 0.004).contains(&mean), "{mean}");
        let mut uniform: Vec<f64> = (0..100_000).map(|_| rng.random::<f64>()).collect();
        uniform.sort_by(|a, b| b.total_cmp(a));
        assert!((ratio(&uniform).unwrap() - POISSON_MEAN).abs() < 0.004);
    }

    #[test]
    fn z_has_unit_variance_on_the_null() {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(5);
        let mut sampler = WishartSampler::new(64, 100).unwrap();
        let z: Vec<f64> =
            (0..1000).map(|_| z_score(ratio(sampler.draw(&mut rng)).unwrap(), 64)).collect();
        let mean = z.iter().sum::<f64>() / 1000.0;
        let sd = (z.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 1000.0).sqrt();
        assert!(mean.abs() < 0.2 && (sd - 1.0).abs() < 0.12, "{mean} {sd}");
    }
}
