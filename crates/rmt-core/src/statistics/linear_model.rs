//! Where training puts information at the SMALL end of a spectrum: a linear model that can be
//! solved.
//!
//! After training on data with one correlated direction v of the small side, a weight matrix is
//! modelled by W = c·v uᵀ + X, a K×N matrix (K ≤ N, aspect ratio q = K/N, u and v unit vectors). X
//! is noise of variance α/N per entry, but only αt/N along v: the data have determined that
//! direction, so the initial noise there has decayed by t = 1/(1 + αβ) (β the amount of data), and
//! c = λ(1 − t) has been learned in its place (λ the true strength). Where λ² is below α, so is the
//! variance along v,
//!
//! η = αt + c²,
//!
//! and with η < α(1 − √q) one singular value leaves the bulk BELOW:
//!
//! ν_min² = η + qαη/(η − α), |ṽ·v|² = (1 − qα²/(η − α)²)/(1 + qα/(η − α)),
//!
//! ṽ the singular vector of the smallest value. Otherwise it is merged into the bulk, whose edges
//! are √α(1 ∓ √q). It is the covariance spike ([`VarianceSpike`]) of ℓ = η/α.
//!
//! Units: entries have variance α/N, so σ√N = √α, and singular values are comparable to ν_min as they
//! are. For a matrix whose bulk has scale σ, compare √α·ν/(σ√N).
//!
//! Source: Staats, Thamm & Rosenow, arXiv 2410.17770 v3 (2025).

use super::signal::VarianceSpike;
use crate::RmtError;

/// The model at one set of parameters.
///
/// ```
/// use rmt_core::statistics::linear_model::LinearModel;
/// let model = LinearModel::new(1.0, 0.2, 0.25, 0.0)?;
/// assert!((model.nu_min().unwrap() - 0.17200).abs() < 5e-6);
/// assert!((model.cosine().unwrap() - 0.9926).abs() < 5e-5);
/// assert_eq!(model.bulk_edges(), (0.5, 1.5));
/// // A direction of half the bulk's variance is merged into it.
/// assert_eq!(LinearModel::new(1.0, 0.5_f64.sqrt(), 0.25, 0.0)?.nu_min(), None);
/// # Ok::<(), rmt_core::RmtError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LinearModel {
    alpha: f64,
    lambda: f64,
    aspect: f64,
    t: f64,
}

impl LinearModel {
    /// Initial variance α (of an entry, times N), true strength λ, aspect ratio q = K/N, and the
    /// remaining share t of the initial variance along v: 1 at initialization, 0 with unlimited data.
    ///
    /// # Errors
    /// [`RmtError::Setting`] unless α > 0, λ is finite, 0 < q ≤ 1 and 0 ≤ t ≤ 1.
    pub fn new(alpha: f64, lambda: f64, aspect: f64, t: f64) -> Result<Self, RmtError> {
        let refuse =
            |setting, value, requirement| Err(RmtError::Setting { setting, value, requirement });
        if !(alpha > 0.0 && alpha.is_finite()) {
            return refuse("alpha", alpha, "the initial variance must be positive and finite");
        }
        if !lambda.is_finite() {
            return refuse("lambda", lambda, "the strength must be finite");
        }
        if !(aspect > 0.0 && aspect <= 1.0) {
            let requirement = "the aspect ratio (small side / large side) must be in (0, 1]";
            return refuse("aspect", aspect, requirement);
        }
        if !(0.0..=1.0).contains(&t) {
            return refuse("t", t, "a share must lie between 0 and 1");
        }
        Ok(Self { alpha, lambda, aspect, t })
    }

    /// t = 1/(1 + αβ) of an amount of data β.
    ///
    /// # Errors
    /// As [`new`](Self::new), and [`RmtError::Setting`] unless β ≥ 0.
    pub fn with_data(alpha: f64, lambda: f64, aspect: f64, beta: f64) -> Result<Self, RmtError> {
        if beta.is_nan() || beta < 0.0 {
            let requirement = "an amount of data must not be negative";
            return Err(RmtError::Setting { setting: "beta", value: beta, requirement });
        }
        Self::new(alpha, lambda, aspect, 1.0 / (1.0 + alpha * beta))
    }

    /// c = λ(1 − t), what has been learned.
    pub fn learned(&self) -> f64 {
        self.lambda * (1.0 - self.t)
    }

    /// η = αt + c², the variance along v.
    pub fn eta(&self) -> f64 {
        self.alpha * self.t + self.learned().powi(2)
    }

    /// √α(1 − √q) and √α(1 + √q).
    pub fn bulk_edges(&self) -> (f64, f64) {
        let (scale, root) = (self.alpha.sqrt(), self.aspect.sqrt());
        (scale * (1.0 - root), scale * (1.0 + root))
    }

    /// y² = ν_min²/α.
    fn outlier(&self) -> Option<f64> {
        let variance = self.eta() / self.alpha;
        if variance == 0.0 && self.aspect < 1.0 {
            return Some(0.0);
        }
        // From 1 + √q on the spike leaves the bulk above.
        VarianceSpike::outlier(variance, self.aspect).filter(|_| variance < 1.0)
    }

    /// The smallest singular value; `None` where it is merged into the bulk, η ≥ α(1 − √q).
    pub fn nu_min(&self) -> Option<f64> {
        self.outlier().map(|y_squared| (self.alpha * y_squared).sqrt())
    }

    /// |ṽ·v|, the cosine between its singular vector on the small side and v; `None` where
    /// [`nu_min`](Self::nu_min) is.
    pub fn cosine(&self) -> Option<f64> {
        let spike = VarianceSpike::from_outlier(self.outlier()?, self.aspect)?;
        Some(spike.cosine2.sqrt())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::spectrum::{Matrix, Orientation, decompose};
    use crate::test_support::gaussian;

    const K: usize = 512;
    const N: usize = 2048;
    const Q: f64 = 0.25;

    /// Means over draws of the two smallest singular values, ν_m first, and of |ṽ·v|; v and u along
    /// the first axes.
    fn mean(model: &LinearModel, draws: u64) -> ([f64; 2], f64) {
        let deviation = (model.alpha / N as f64).sqrt();
        let (mut nu, mut cosine) = ([0.0; 2], 0.0);
        for seed in 0..draws {
            let mut a = gaussian(K, N, 100 + seed);
            a.iter_mut().for_each(|x| *x *= deviation);
            a[..N].iter_mut().for_each(|x| *x *= model.t.sqrt());
            a[0] += model.learned();
            let matrix = Matrix::new(&a[..], K, N, Orientation::OutIn).unwrap();
            let d = decompose(&matrix).unwrap();
            nu[0] += d.singular_values[K - 1] / draws as f64;
            nu[1] += d.singular_values[K - 2] / draws as f64;
            cosine += d.small_vector(K - 1).next().unwrap().abs() / draws as f64;
        }
        (nu, cosine)
    }

    #[test]
    fn agrees_with_simulation() {
        // ‖vᵀX‖² alone varies by 3 % of αt between draws: means over eight of them.
        for (alpha, t) in [(1.0, 0.0), (1.0, 0.2), (3.0, 0.2)] {
            let model = LinearModel::new(alpha, 0.2 * f64::sqrt(alpha), Q, t).unwrap();
            let ([smallest, _], cosine) = mean(&model, 8);
            let (nu_min, expected) = (model.nu_min().unwrap(), model.cosine().unwrap());
            assert!((smallest / nu_min - 1.0).abs() < 0.02, "t = {t}: {smallest} {nu_min}");
            assert!((cosine / expected - 1.0).abs() < 0.02, "t = {t}: {cosine} {expected}");
        }
    }

    #[test]
    fn merges_into_the_bulk_where_the_formula_says() {
        // η = α(1 − √q) = .5 divides: a fifth below it and a fifth above it.
        let model = |eta: f64| LinearModel::new(1.0, eta.sqrt(), Q, 0.0).unwrap();
        let inside = model(0.4);
        let ([smallest, next], cosine) = mean(&inside, 8);
        assert!((smallest / inside.nu_min().unwrap() - 1.0).abs() < 0.01, "{smallest}");
        assert!((cosine / inside.cosine().unwrap() - 1.0).abs() < 0.05, "{cosine}");
        // The second smallest is where a merged one is: at the edge, and of another direction.
        let outside = model(0.6);
        let ([merged, _], cosine) = mean(&outside, 8);
        assert_eq!((outside.nu_min(), outside.cosine()), (None, None));
        assert!((merged - next).abs() < 0.3 * (next - smallest), "{merged} {next} {smallest}");
        assert!(cosine < 0.25, "{cosine}");
    }

    #[test]
    fn limits_and_domain() {
        // At initialization the direction is like any other.
        let fresh = LinearModel::new(2.0, 0.3, 0.5, 1.0).unwrap();
        assert_eq!((fresh.nu_min(), fresh.eta()), (None, 2.0));
        let at = |eta: f64| LinearModel::new(1.0, f64::sqrt(eta), 0.25, 0.0).unwrap();
        assert!(at(0.4999).nu_min().is_some() && at(0.5001).nu_min().is_none());
        // Just inside, it lies just below the edge; above the bulk it is no smallest value.
        let edge = at(0.4999).nu_min().unwrap();
        assert!(edge < 0.5 && 0.5 - edge < 1e-6, "{edge}");
        assert_eq!(at(4.0).nu_min(), None);
        // Nothing learned and nothing left: an exact zero along v.
        let dead = LinearModel::new(1.0, 0.0, 0.25, 0.0).unwrap();
        assert_eq!((dead.nu_min(), dead.cosine()), (Some(0.0), Some(1.0)));
        // A square matrix has no room below.
        assert_eq!(LinearModel::new(1.0, 0.1, 1.0, 0.0).unwrap().nu_min(), None);
        let data = LinearModel::with_data(1.0, 0.2, 0.25, 4.0).unwrap();
        assert_eq!(data, LinearModel::new(1.0, 0.2, 0.25, 0.2).unwrap());
        for (alpha, lambda, q, t) in [
            (0.0, 0.2, 0.25, 0.0),
            (f64::NAN, 0.2, 0.25, 0.0),
            (1.0, f64::INFINITY, 0.25, 0.0),
            (1.0, 0.2, 0.0, 0.0),
            (1.0, 0.2, 1.1, 0.0),
            (1.0, 0.2, 0.25, -0.1),
            (1.0, 0.2, 0.25, f64::NAN),
        ] {
            assert!(matches!(LinearModel::new(alpha, lambda, q, t), Err(RmtError::Setting { .. })));
        }
        assert!(LinearModel::with_data(1.0, 0.2, 0.25, -1.0).is_err());
    }
}
