//! The null of projections of random vectors onto a fixed subspace.

use crate::RmtError;
use crate::laws::normal::normal_cdf;
use crate::nulls::{OUTSIDE_BAND, bisect};
use statrs::function::beta::checked_beta_reg;

/// From here on, in both shapes, the continued fraction of the beta law no longer converges in the
/// library's number of terms, and the normal law with two orders of corrections has 6 digits.
const NORMAL_FROM: f64 = 5000.0;

/// ‖Pv‖² of vectors uniform on the sphere in N dimensions, P the projection onto d of them: one of
/// them follows Beta(d/2, (N − d)/2), with mean d/N.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ProjectionNull {
    length: usize,
    dimension: usize,
}

impl ProjectionNull {
    /// Of N = `length` and d = `dimension`.
    ///
    /// # Errors
    /// [`RmtError::Domain`] unless 1 ≤ d ≤ N.
    pub(crate) fn new(length: usize, dimension: usize) -> Result<Self, RmtError> {
        if dimension == 0 || dimension > length {
            return Err(RmtError::Domain {
                law: "null of projections",
                requirement: "a subspace must have at least 1 dimension, and no more than the space",
            });
        }
        Ok(Self { length, dimension })
    }

    /// d/N.
    pub(crate) fn mean(&self) -> f64 {
        self.dimension as f64 / self.length as f64
    }

    /// The quantiles at .135 % and 99.865 % of one vector; `None` for the whole space, where ‖Pv‖² = 1.
    pub(crate) fn band(&self) -> Option<[f64; 2]> {
        let law = self.frame(1)?;
        let low = bisect(0.0, 1.0, |x| law.lower_tail(x) < OUTSIDE_BAND);
        let high = bisect(0.0, 1.0, |x| law.upper_tail(x) > OUTSIDE_BAND);
        Some([low, high])
    }

    /// P(mean of ‖Pv‖² ≥ `mean`) over `vectors` random orthonormal vectors: small where they lie in
    /// the subspace more than by chance. `None` where the mean cannot vary (the whole space, or a
    /// whole basis), without vectors, or for NaN.
    ///
    /// The sum over an orthonormal g-frame is tr(PQ) of two projections, independent and in general
    /// position, with mean gd/N, variance 2gd(N − g)(N − d)/(N²(N − 1)(N + 2)), and values between
    /// max(0, g + d − N) and min(g, d). The beta law with these is taken, which is exact for g or
    /// d = 1 or N − 1 and Gaussian, as the sum is, for many vectors; its level was
    /// checked by simulation.
    pub(crate) fn frame_p_value(&self, vectors: usize, mean: f64) -> Option<f64> {
        if mean.is_nan() {
            return None;
        }
        let law = self.frame(vectors)?;
        let share = (mean * vectors as f64 - law.low) / (law.high - law.low);
        Some(law.upper_tail(share.clamp(0.0, 1.0)))
    }

    fn frame(&self, vectors: usize) -> Option<FrameLaw> {
        let (n, d, g) = (self.length, self.dimension, vectors);
        if g == 0 || g >= n || d >= n {
            return None;
        }
        let (low, high) = ((g + d).saturating_sub(n) as f64, g.min(d) as f64);
        let (n, d, g) = (n as f64, d as f64, g as f64);
        let mean = (g * d / n - low) / (high - low);
        let variance = 2.0 * g * d * (n - g) * (n - d)
            / (n * n * (n - 1.0) * (n + 2.0) * (high - low).powi(2));
        let total = mean * (1.0 - mean) / variance - 1.0;
        Some(FrameLaw { low, high, shapes: [mean * total, (1.0 - mean) * total] })
    }
}

/// A beta law on an interval.
#[derive(Debug, Clone, Copy)]
struct FrameLaw {
    low: f64,
    high: f64,
    shapes: [f64; 2],
}

impl FrameLaw {
    /// P(X ≤ x).
    fn lower_tail(&self, x: f64) -> f64 {
        let [a, b] = self.shapes;
        if a.min(b) < NORMAL_FROM {
            return checked_beta_reg(a, b, x).unwrap_or(f64::NAN);
        }
        let total = a + b;
        let deviation = (a * b / (total * total * (total + 1.0))).sqrt();
        let z = (x - a / total) / deviation;
        let skewness = 2.0 * (b - a) * (total + 1.0).sqrt() / ((total + 2.0) * (a * b).sqrt());
        let product = a * b * (total + 2.0);
        let kurtosis =
            6.0 * ((a - b).powi(2) * (total + 1.0) - product) / (product * (total + 3.0));
        let density = (-0.5 * z * z).exp() * 0.398_942_280_401_432_7;
        // Edgeworth's expansion, in Hermite polynomials.
        let hermite = [z * z - 1.0, z.powi(3) - 3.0 * z, z.powi(5) - 10.0 * z.powi(3) + 15.0 * z];
        let terms = skewness / 6.0 * hermite[0]
            + kurtosis / 24.0 * hermite[1]
            + skewness * skewness / 72.0 * hermite[2];
        (normal_cdf(z) - density * terms).clamp(0.0, 1.0)
    }

    /// P(X ≥ x): where it is small, its digits are kept.
    fn upper_tail(&self, x: f64) -> f64 {
        let [a, b] = self.shapes;
        Self { shapes: [b, a], ..*self }.lower_tail(1.0 - x)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::test_support::{binomial_interval, gaussian};
    use faer::MatRef;

    const REFERENCE: [(usize, usize, [f64; 2]); 7] = [
        (100, 20, [0.06713441369680968, 0.3943760262716181]),
        (768, 1, [3.7343065563366665e-09, 0.013313076286378222]),
        (768, 50, [0.03344625426008292, 0.10873828233692634]),
        (768, 767, [0.9866869237136218, 0.9999999962656935]),
        (4096, 2000, [0.4552075570954035, 0.5214159296165959]),
        (20_000, 9000, [0.43510483201599714, 0.46494849262148913]),
        (40_000, 20_000, [0.489394458879397, 0.510605541120603]),
    ];

    #[test]
    fn one_vector_follows_the_beta_law() {
        // Quantiles by scipy 1.17.1: beta(d/2, (N-d)/2).ppf and isf at norm.sf(3).
        for (length, dimension, expected) in REFERENCE {
            let band = ProjectionNull::new(length, dimension).unwrap().band().unwrap();
            for (found, expected) in band.into_iter().zip(expected) {
                assert!((found / expected - 1.0).abs() < 1e-6, "{length} {dimension}: {band:?}");
            }
        }
        let whole = ProjectionNull::new(20, 20).unwrap();
        assert_eq!((whole.mean(), whole.band(), whole.frame_p_value(3, 1.0)), (1.0, None, None));
        assert!(ProjectionNull::new(20, 0).is_err() && ProjectionNull::new(20, 21).is_err());
        let half = ProjectionNull::new(20, 10).unwrap();
        assert_eq!((half.frame_p_value(20, 0.5), half.frame_p_value(0, 0.5)), (None, None));
        assert_eq!(half.frame_p_value(3, f64::NAN), None);
        // Beyond what is possible is certain.
        assert_eq!(
            (half.frame_p_value(3, 1.1), half.frame_p_value(3, -0.1)),
            (Some(0.0), Some(1.0))
        );
    }

    #[test]
    fn both_forms_agree_where_they_meet() {
        let exact = FrameLaw { low: 0.0, high: 1.0, shapes: [4999.999, 9000.0] };
        let normal = FrameLaw { shapes: [5000.001, 9000.0], ..exact };
        let (mean, deviation) = (5.0 / 14.0, 0.00405);
        for z in [-3.0, -1.0, 0.0, 1.0, 2.0, 3.0] {
            let x = mean + z * deviation;
            let (p, q) = (exact.upper_tail(x), normal.upper_tail(x));
            assert!((p / q - 1.0).abs() < 1e-3, "{z}: {p} {q}");
            let (p, q) = (exact.lower_tail(x), normal.lower_tail(x));
            assert!((p / q - 1.0).abs() < 1e-3, "{z}: {p} {q}");
        }
    }

    #[test]
    fn the_sum_over_a_frame_keeps_its_level() {
        let shapes =
            [(24, 3, 5), (24, 12, 12), (24, 20, 2), (24, 20, 8), (60, 6, 30), (60, 30, 30)];
        for (length, dimension, vectors) in shapes {
            let null = ProjectionNull::new(length, dimension).unwrap();
            let draws = 6000;
            let p: Vec<f64> = (0..draws)
                .map(|draw| {
                    let seed = 1_000_000 * (length * dimension + vectors) as u64 + draw as u64;
                    let entries = gaussian(vectors, length, seed);
                    let frame = MatRef::from_column_major_slice(&entries, length, vectors);
                    let frame = frame.qr().compute_thin_Q();
                    let sum: f64 = (0..vectors)
                        .map(|k| frame.col(k).iter().take(dimension).map(|x| x * x).sum::<f64>())
                        .sum();
                    null.frame_p_value(vectors, sum / vectors as f64).unwrap()
                })
                .collect();
            for level in [0.5, 0.05, 0.01] {
                let (low, high) = binomial_interval(draws, level, 0.01 / 36.0);
                for rejected in [
                    p.iter().filter(|&&p| p <= level).count(),
                    p.iter().filter(|&&p| p >= 1.0 - level).count(),
                ] {
                    let name = format!("N={length} d={dimension} g={vectors} at {level}");
                    assert!((low..=high).contains(&rejected), "{name}: {rejected} {low}..={high}");
                }
            }
        }
    }

    #[test]
    fn band_of_a_fifth_of_a_hundred_dimensions() {
        let null = ProjectionNull::new(100, 20).unwrap();
        let [low, high] = null.band().unwrap();
        assert!((null.mean() - 0.2).abs() < 1e-15 && (0.067..0.068).contains(&low));
        assert!((0.394..0.395).contains(&high));
    }
}
