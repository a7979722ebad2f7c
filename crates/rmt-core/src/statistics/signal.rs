//! The strength of the signal behind an outlier, and the alignment of its vectors with the signal.

use crate::RmtError;
use serde::{Deserialize, Serialize};

/// The low-rank signal behind a singular value above the bulk.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Signal {
    /// The singular value ν.
    pub value: f64,
    /// Estimated strength θ̂ of the signal, in units of σ√n; detectable from q^{1/4} on.
    pub strength: f64,
    /// Expected cosine between the left (output side) singular vector and the signal's.
    pub cosine_left: f64,
    /// Expected cosine between the right (input side) singular vector and the signal's.
    pub cosine_right: f64,
}

/// The suppressed direction behind a singular value below the bulk.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Suppression {
    /// The singular value ν.
    pub value: f64,
    /// Estimated variance ℓ̂ of the direction on the small side, in units of σ². An outlier below
    /// needs ℓ < 1 − √q.
    pub variance: f64,
    /// Expected cosine between the singular vector on the small side and that direction.
    pub cosine: f64,
}

/// An additive rank-one signal θ·σ√n·u vᵀ in white noise, seen as an outlier above.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdditiveSpike {
    /// The strength θ.
    pub strength: f64,
    /// Squared cosine between the sample and the true vector on the small side (length m).
    pub cosine2_small: f64,
    /// Squared cosine on the large side (length n).
    pub cosine2_large: f64,
}

impl AdditiveSpike {
    /// The spike behind y = ν/(σ√n) at aspect ratio q; `None` where y ≤ 1 + √q, inside the bulk.
    ///
    /// θ² = [(y²−1−q) + √((y²−1−q)²−4q)]/2, cos² = 1 − q(1+θ²)/(θ²(θ²+q)) on the small side and
    /// 1 − (q+θ²)/(θ²(θ²+1)) on the large one (Benaych-Georges & Nadakuditi 2012).
    ///
    /// ```
    /// use rmt_core::statistics::signal::AdditiveSpike;
    /// let spike = AdditiveSpike::from_outlier(2.5_f64.sqrt(), 0.25).unwrap();
    /// assert!((spike.strength - 1.0).abs() < 1e-12);
    /// assert!((spike.cosine2_small - 0.6).abs() < 1e-12);
    /// ```
    pub fn from_outlier(y: f64, aspect: f64) -> Option<Self> {
        if !y.is_finite() || y <= 1.0 + aspect.sqrt() {
            return None;
        }
        if y > 1e8 {
            // Beyond this the noise is below rounding, and squares may overflow.
            return Some(Self { strength: y, cosine2_small: 1.0, cosine2_large: 1.0 });
        }
        let b = y * y - 1.0 - aspect;
        let squared = 0.5 * (b + (b * b - 4.0 * aspect).max(0.0).sqrt());
        let cosine2 = |x: f64| x.clamp(0.0, 1.0);
        let small = aspect * (1.0 + squared) / (squared * (squared + aspect));
        let large = (aspect + squared) / (squared * (squared + 1.0));
        Some(Self {
            strength: squared.sqrt(),
            cosine2_small: cosine2(1.0 - small),
            cosine2_large: cosine2(1.0 - large),
        })
    }

    /// Standard error of the strength that [`from_outlier`](Self::from_outlier) finds in an m×n matrix, m ≤ n, at the true
    /// strength θ, in units of σ√n: with t = θ² and q = m/n,
    /// SE² = (t² + t(1+q)/2)/(n(t²−q)) + ((1+t)(q+t)·t/(θ(t²−q)))²·3/(mn). The first term is the noise along
    /// the direction, Gaussian noise or spread-out vectors: from θ(uᵀRNv + y√(uᵀRu·vᵀR̃v)) = 1 with the resolvents R and R̃ at y²
    /// (Benaych-Georges, Guionnet & Maïda 2011), by the delta method. It is 1/n where θ is large and grows without bound
    /// towards the limit of detection. The second is the noise's scale and those of rows and columns, each
    /// estimated from its entries, along a direction whose components are as of a normal law. Infinite at θ ≤ q^{1/4}.
    ///
    /// ```
    /// use rmt_core::statistics::signal::AdditiveSpike;
    /// let far = AdditiveSpike::standard_error(5.0, 100, 400);
    /// assert!((0.05..0.07).contains(&far));
    /// assert!(AdditiveSpike::standard_error(0.75, 100, 400) > far);
    /// assert_eq!(AdditiveSpike::standard_error(0.7, 100, 400), f64::INFINITY);
    /// ```
    pub fn standard_error(strength: f64, m: usize, n: usize) -> f64 {
        let (m, n) = (m as f64, n as f64);
        let (q, t) = (m / n, strength * strength);
        let beyond = t * t - q;
        if beyond.is_nan() || beyond <= 0.0 {
            return f64::INFINITY;
        }
        if strength > 1e8 {
            return strength * (3.0 / (m * n)).sqrt();
        }
        let along = (t * t + t * (1.0 + q) / 2.0) / (n * beyond);
        let scale = (1.0 + t) * (q + t) * t / (strength * beyond);
        (along + 3.0 * scale * scale / (m * n)).sqrt()
    }

    /// The outlier of a signal of strength θ: y = √((1+θ²)(q+θ²))/θ. `None` below the detection
    /// limit θ = q^{1/4}.
    pub fn outlier(strength: f64, aspect: f64) -> Option<f64> {
        let squared = strength * strength;
        (strength > aspect.powf(0.25))
            .then(|| ((1.0 + squared) * (aspect + squared)).sqrt() / strength)
    }
}

/// A direction whose variance differs from the rest by the factor ℓ. Only such a direction can put
/// a value BELOW the bulk; white noise plus a low-rank matrix cannot.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VarianceSpike {
    /// The factor ℓ: less than 1 − √q for an outlier below, more than 1 + √q for one above.
    pub variance: f64,
    /// Squared cosine between the sample and the true vector on the small side.
    pub cosine2: f64,
}

impl VarianceSpike {
    /// The spike behind y² = ν²/(σ²n) at aspect ratio q; `None` inside the bulk.
    ///
    /// ℓ = [(y²+1−q) ∓ √((y²+1−q)²−4y²)]/2 (− below the bulk, + above), cos² =
    /// (1−q/(ℓ−1)²)/(1+q/(ℓ−1)) (Baik & Silverstein 2006; Paul 2007).
    ///
    /// ```
    /// use rmt_core::statistics::signal::VarianceSpike;
    /// let spike = VarianceSpike::from_outlier(0.1375, 0.25).unwrap();
    /// assert!((spike.variance - 0.2).abs() < 1e-12);
    /// ```
    pub fn from_outlier(y_squared: f64, aspect: f64) -> Option<Self> {
        let root = aspect.sqrt();
        let below = y_squared < (1.0 - root).powi(2);
        let above = y_squared > (1.0 + root).powi(2);
        if !(below || above) || y_squared < 0.0 || !y_squared.is_finite() {
            return None;
        }
        let b = y_squared + 1.0 - aspect;
        let spread = (b * b - 4.0 * y_squared).max(0.0).sqrt();
        let variance = 0.5 * if below { b - spread } else { b + spread };
        let excess = variance - 1.0;
        let cosine2 = (1.0 - aspect / (excess * excess)) / (1.0 + aspect / excess);
        Some(Self { variance, cosine2: cosine2.clamp(0.0, 1.0) })
    }

    /// The outlier of a direction of variance ℓ: y² = ℓ(1 + q/(ℓ−1)). `None` for 1 − √q ≤ ℓ ≤ 1 +
    /// √q, where it stays in the bulk.
    pub fn outlier(variance: f64, aspect: f64) -> Option<f64> {
        let excess = variance - 1.0;
        (variance > 0.0 && excess.abs() > aspect.sqrt()).then(|| variance * (1.0 + aspect / excess))
    }
}

/// Gavish–Donoho threshold λ* = √(2(q+1) + 8q/((q+1)+√(q²+14q+1))), times σ√n: the hard threshold
/// of singular values with the least mean square error (Gavish & Donoho 2014, equation 11).
///
/// ```
/// // The well-known 4/√3 of square matrices.
/// let threshold = rmt_core::statistics::signal::hard_threshold(1.0)?;
/// assert!((threshold - 4.0 / 3.0_f64.sqrt()).abs() < 1e-15);
/// # Ok::<(), rmt_core::RmtError>(())
/// ```
///
/// # Errors
/// [`RmtError::Domain`] unless 0 < q ≤ 1.
pub fn hard_threshold(aspect: f64) -> Result<f64, RmtError> {
    if !(aspect > 0.0 && aspect <= 1.0) {
        return Err(RmtError::Domain {
            law: "Gavish–Donoho threshold",
            requirement: "the aspect ratio (small side / large side) must be in (0, 1]",
        });
    }
    let q = aspect;
    let inner = (q + 1.0) + (q * q + 14.0 * q + 1.0).sqrt();
    Ok((2.0 * (q + 1.0) + 8.0 * q / inner).sqrt())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::spectrum::{Matrix, Orientation, decompose};
    use crate::test_support::gaussian;

    #[test]
    fn additive_oracle_and_inverse() {
        let spike = AdditiveSpike::from_outlier(1.581_138_830_084_19, 0.25).unwrap();
        assert!((spike.strength - 1.0).abs() < 1e-12);
        assert!((spike.cosine2_small - 0.6).abs() < 1e-12);
        assert!((spike.cosine2_large - 0.375).abs() < 1e-12);
        for q in [0.1, 0.5, 1.0] {
            for theta in [1.05, 1.5, 4.0] {
                let y = AdditiveSpike::outlier(theta, q).unwrap();
                let found = AdditiveSpike::from_outlier(y, q).unwrap();
                assert!((found.strength - theta).abs() < 1e-7, "q={q} θ={theta}");
            }
            assert_eq!(AdditiveSpike::outlier(0.99 * f64::powf(q, 0.25), q), None);
            assert_eq!(AdditiveSpike::from_outlier(1.0 + q.sqrt(), q), None);
        }
        assert_eq!(AdditiveSpike::from_outlier(f64::NAN, 0.5), None);
        let huge = AdditiveSpike::from_outlier(1e300, 0.5).unwrap();
        assert_eq!((huge.strength, huge.cosine2_small, huge.cosine2_large), (1e300, 1.0, 1.0));
    }

    #[test]
    fn variance_oracle() {
        let spike = VarianceSpike::from_outlier(0.1375, 0.25).unwrap();
        assert!((spike.variance - 0.2).abs() < 1e-12);
        assert!((spike.cosine2 - 0.886_364).abs() < 1e-6);
        // Above: ℓ = 3 at q = ¼ gives y² = 3·(1 + ¼/2).
        let above = VarianceSpike::from_outlier(3.375, 0.25).unwrap();
        assert!((above.variance - 3.0).abs() < 1e-12);
        assert!((VarianceSpike::outlier(0.2, 0.25).unwrap() - 0.1375).abs() < 1e-15);
        assert_eq!(VarianceSpike::outlier(0.5, 0.25), None);
        assert_eq!(VarianceSpike::from_outlier(1.0, 0.25), None);
        assert_eq!(VarianceSpike::from_outlier(f64::NAN, 0.25), None);
    }

    #[test]
    fn threshold_oracle() {
        // 4/√3 for a square matrix.
        assert!((hard_threshold(1.0).unwrap() - 4.0 / 3.0_f64.sqrt()).abs() < 1e-15);
        assert!(hard_threshold(0.0).is_err() && hard_threshold(f64::NAN).is_err());
    }

    #[test]
    fn planted_signals_are_recovered() {
        let (m, n, trials) = (128, 256, 40);
        for theta in [1.2, 2.0] {
            let (mut strength, mut expected, mut found) = (0.0, [0.0; 2], [0.0; 2]);
            for trial in 0..trials {
                let mut a = gaussian(m, n, 100 + trial);
                // Along the first axis of each side.
                a[0] += theta * (n as f64).sqrt();
                let matrix = Matrix::new(&a[..], m, n, Orientation::OutIn).unwrap();
                let d = decompose(&matrix).unwrap();
                let y = d.singular_values[0] / (n as f64).sqrt();
                let spike = AdditiveSpike::from_outlier(y, m as f64 / n as f64).unwrap();
                let share = 1.0 / trials as f64;
                strength += share * spike.strength;
                expected[0] += share * spike.cosine2_small;
                expected[1] += share * spike.cosine2_large;
                found[0] += share * d.small_vector(0).next().unwrap().powi(2);
                found[1] += share * d.large_vector(0).next().unwrap().powi(2);
            }
            assert!((strength / theta - 1.0).abs() < 0.03, "θ = {theta}: {strength}");
            for side in 0..2 {
                let difference = (expected[side] - found[side]).abs();
                assert!(difference < 0.04, "θ = {theta}: {expected:?} {found:?}");
            }
        }
    }

    /// Training on data with one correlated direction v: W = c·v uᵀ + X, of K rows and N columns (q = K/N; u, v unit
    /// vectors). X is noise of variance α/N per entry, but αt/N along v: the data have determined that direction, so
    /// that its initial noise has decayed by t, and c = λ(1 − t) has been learned in its place. So the variance along v
    /// is η = αt + c², a spike of ℓ = η/α (Staats, Thamm & Rosenow, arXiv 2410.17770 v3).
    struct LinearModel {
        alpha: f64,
        t: f64,
        learned: f64,
    }

    impl LinearModel {
        const K: usize = 512;
        const N: usize = 2048;
        const Q: f64 = 0.25;

        fn new(alpha: f64, lambda: f64, t: f64) -> Self {
            Self { alpha, t, learned: lambda * (1.0 - t) }
        }

        /// ℓ.
        fn variance(&self) -> f64 {
            self.t + self.learned.powi(2) / self.alpha
        }

        /// Means over draws, u and v along the first axes: the two smallest singular values in units of √α, y_m
        /// first, and the cosine between the vector of the smallest and v.
        fn mean(&self, draws: u64) -> ([f64; 2], f64) {
            let (mut y, mut cosine) = ([0.0; 2], 0.0);
            for seed in 0..draws {
                let mut a = gaussian(Self::K, Self::N, 100 + seed);
                a.iter_mut().for_each(|x| *x *= (self.alpha / Self::N as f64).sqrt());
                a[..Self::N].iter_mut().for_each(|x| *x *= self.t.sqrt());
                a[0] += self.learned;
                let matrix = Matrix::new(&a[..], Self::K, Self::N, Orientation::OutIn).unwrap();
                let d = decompose(&matrix).unwrap();
                for (k, y) in y.iter_mut().enumerate() {
                    *y += d.singular_values[Self::K - 1 - k] / self.alpha.sqrt() / draws as f64;
                }
                let vector = d.small_vector(Self::K - 1).next().unwrap();
                cosine += vector.abs() / draws as f64;
            }
            (y, cosine)
        }

        /// The mean of eight draws is where theory puts it. ‖vᵀX‖² alone varies by 3 % of αt between draws.
        fn assert_below(&self, tolerances: [f64; 2]) {
            let ([smallest, _], cosine) = self.mean(8);
            let y_squared = VarianceSpike::outlier(self.variance(), Self::Q).unwrap();
            let spike = VarianceSpike::from_outlier(y_squared, Self::Q).unwrap();
            assert!((spike.variance / self.variance() - 1.0).abs() < 1e-9);
            let found = [smallest / y_squared.sqrt(), cosine / spike.cosine2.sqrt()];
            for (found, tolerance) in found.into_iter().zip(tolerances) {
                assert!((found - 1.0).abs() < tolerance, "t = {}: {found}", self.t);
            }
        }
    }

    #[test]
    fn what_training_leaves_below_the_bulk_is_recovered() {
        for (alpha, t) in [(1.0, 0.0), (1.0, 0.2), (3.0, 0.2)] {
            LinearModel::new(alpha, 0.2 * f64::sqrt(alpha), t).assert_below([0.02; 2]);
        }
    }

    #[test]
    fn a_direction_merges_into_the_bulk_where_the_formula_says() {
        // ℓ = 1 − √q = .5 divides: a fifth below it and a fifth above it.
        let inside = LinearModel::new(1.0, 0.4_f64.sqrt(), 0.0);
        inside.assert_below([0.01, 0.05]);
        // The second smallest is where a merged one is: at the edge, and of another direction.
        let outside = LinearModel::new(1.0, 0.6_f64.sqrt(), 0.0);
        assert_eq!(VarianceSpike::outlier(outside.variance(), LinearModel::Q), None);
        let ([smallest, next], _) = inside.mean(8);
        let ([merged, _], cosine) = outside.mean(8);
        assert!((merged - next).abs() < 0.3 * (next - smallest), "{merged} {next} {smallest}");
        assert!(cosine < 0.25, "{cosine}");
    }
}
