//! Wigner's laws: the semicircle of a symmetric random matrix, and his surmise for the spacing of
//! neighbouring levels.

use crate::RmtError;
use statrs::function::gamma::gamma;
use std::f64::consts::PI;

/// The limiting law of the eigenvalues of an N×N symmetric matrix whose off-diagonal entries are
/// independent with mean 0 and standard deviation σ: a semicircle of radius R = 2σ√N.
///
/// Density ρ(x) = 2√(R²−x²)/(πR²) on [−R, R]. The distribution function is evaluated in the angle
/// ϑ = 4·atan2(√(R+x), √(R−x)), F = (ϑ − sin ϑ)/(2π) with ϑ ∈ [0, 2π], which keeps its relative
/// accuracy at the lower edge. The variance is R²/4 = σ²N.
///
/// Source: Wigner, Ann. Math. 62, 548 (1955).
///
/// ```
/// use rmt_core::laws::Semicircle;
/// let law = Semicircle::for_matrix(1.0, 100)?;
/// assert_eq!(law.radius(), 20.0);
/// assert!((law.cdf(0.0) - 0.5).abs() < 1e-15);
/// assert!((law.quantile(0.25) / 20.0 + 0.403_972_753).abs() < 1e-9);
/// # Ok::<(), rmt_core::RmtError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Semicircle {
    radius: f64,
}

impl Semicircle {
    /// The law of radius R.
    ///
    /// # Errors
    /// [`RmtError::Domain`] unless R is positive and finite.
    pub fn new(radius: f64) -> Result<Self, RmtError> {
        if radius > 0.0 && radius.is_finite() {
            Ok(Self { radius })
        } else {
            Err(RmtError::Domain {
                law: "semicircle law",
                requirement: "the radius must be positive and finite",
            })
        }
    }

    /// The law for an N×N matrix with off-diagonal standard deviation `scale`: R = 2σ√N.
    ///
    /// # Errors
    /// [`RmtError::Domain`] unless σ√N is positive and finite.
    pub fn for_matrix(scale: f64, side: usize) -> Result<Self, RmtError> {
        Self::new(2.0 * scale * (side as f64).sqrt())
    }

    /// The radius R.
    pub fn radius(&self) -> f64 {
        self.radius
    }

    /// Density at `x`; 0 outside [−R, R].
    pub fn density(&self, x: f64) -> f64 {
        let r = self.radius;
        let product = (1.0 - x / r) * (1.0 + x / r);
        if product <= 0.0 { 0.0 } else { 2.0 * product.sqrt() / (PI * r) }
    }

    /// P(X ≤ x).
    pub fn cdf(&self, x: f64) -> f64 {
        let (low, high) = (self.radius + x, self.radius - x);
        if x.is_nan() {
            f64::NAN
        } else if low <= 0.0 {
            0.0
        } else if high <= 0.0 {
            1.0
        } else {
            minus_sine(4.0 * low.sqrt().atan2(high.sqrt()))
        }
    }

    /// The x with P(X ≤ x) = `p`; NaN unless 0 ≤ p ≤ 1.
    ///
    /// Newton's method for Kepler's equation ϑ − sin ϑ = 2πp, kept inside a bracket.
    pub fn quantile(&self, p: f64) -> f64 {
        if !(0.0..=1.0).contains(&p) {
            return f64::NAN;
        }
        // The upper half by symmetry, so that both ends keep their accuracy.
        if p > 0.5 {
            return -self.quantile(1.0 - p);
        }
        let (mut low, mut high) = (0.0, PI);
        let mut angle = (12.0 * PI * p).cbrt();
        for _ in 0..80 {
            let excess = minus_sine(angle) - p;
            if excess > 0.0 {
                high = angle;
            } else {
                low = angle;
            }
            // d/dϑ (ϑ − sin ϑ)/(2π) = sin²(ϑ/2)/π
            let newton = angle - excess * PI / (0.5 * angle).sin().powi(2);
            let next = if newton > low && newton < high { newton } else { 0.5 * (low + high) };
            let done = (next - angle).abs() <= 1e-15 * angle;
            angle = next;
            if done {
                break;
            }
        }
        -self.radius * (0.5 * angle).cos()
    }
}

/// (ϑ − sin ϑ)/(2π) without cancellation at small ϑ.
fn minus_sine(angle: f64) -> f64 {
    let difference = if angle < 0.5 {
        let t = angle * angle;
        let series = 1.0 - t / 20.0 * (1.0 - t / 42.0 * (1.0 - t / 72.0 * (1.0 - t / 110.0)));
        angle * t / 6.0 * series
    } else {
        angle - angle.sin()
    };
    difference / (2.0 * PI)
}

/// The law of the spacing s of neighbouring levels, in units of its mean, of a random symmetric
/// matrix (β = 1): p(s) = (π/2)·s·exp(−πs²/4), F(s) = 1 − exp(−πs²/4).
///
/// Exact for 2×2 matrices and within .006 of the distribution function of large ones (Gaudin 1961).
/// Mean 1, variance 4/π − 1.
///
/// Source: Wigner, Oak Ridge conference report ORNL-2309, 59 (1957); Mehta, Random Matrices, §1.5.
///
/// ```
/// use rmt_core::laws::Surmise;
/// assert!((Surmise.cdf(1.0) - 0.544_061_872).abs() < 1e-9);
/// assert!((Surmise.moment(1.0) - 1.0).abs() < 1e-14);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Surmise;

impl Surmise {
    /// Density at `s`; 0 for s < 0.
    pub fn density(self, s: f64) -> f64 {
        if s < 0.0 { 0.0 } else { 0.5 * PI * s * (-0.25 * PI * s * s).exp() }
    }

    /// P(S ≤ s).
    pub fn cdf(self, s: f64) -> f64 {
        if s < 0.0 { 0.0 } else { -(-0.25 * PI * s * s).exp_m1() }
    }

    /// The s with P(S ≤ s) = `p`: √(−4 ln(1−p)/π); NaN unless 0 ≤ p ≤ 1.
    pub fn quantile(self, p: f64) -> f64 {
        if (0.0..=1.0).contains(&p) { (-4.0 / PI * (-p).ln_1p()).sqrt() } else { f64::NAN }
    }

    /// E(Sʳ) = (4/π)^{r/2}·Γ(1 + r/2); NaN unless r > −2.
    pub fn moment(self, r: f64) -> f64 {
        if r > -2.0 { (4.0 / PI).powf(0.5 * r) * gamma(1.0 + 0.5 * r) } else { f64::NAN }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::spectrum::tridiagonal_eigenvalues;
    use rand::SeedableRng;
    use rand_distr::{ChiSquared, Distribution, StandardNormal};
    use rand_xoshiro::Xoshiro256PlusPlus;

    #[test]
    fn semicircle_in_closed_form() {
        let law = Semicircle::new(2.0).unwrap();
        // F(x) = 1/2 + x√(4−x²)/(4π) + asin(x/2)/π.
        for x in [-1.9_f64, -1.0, 0.0, 0.3, 1.0, 1.99] {
            let expected = 0.5 + x * (4.0 - x * x).sqrt() / (4.0 * PI) + (0.5 * x).asin() / PI;
            assert!((law.cdf(x) - expected).abs() < 1e-15, "{x}");
            let slope = (law.cdf(x + 1e-5) - law.cdf(x - 1e-5)) / 2e-5;
            assert!((slope - law.density(x)).abs() < 1e-6, "{x}");
        }
        // At the edge F ≈ (2/3π)(2ε/R)^{3/2}.
        let epsilon = 2.0_f64.powi(-40);
        let leading = 2.0 / (3.0 * PI) * (2.0 * epsilon / 2.0).powf(1.5);
        assert!((law.cdf(-2.0 + epsilon) / leading - 1.0).abs() < 1e-10);
        assert_eq!((law.cdf(-3.0), law.cdf(3.0), law.density(2.5)), (0.0, 1.0, 0.0));
        assert!(law.cdf(f64::NAN).is_nan());
    }

    #[test]
    fn semicircle_quantile_inverts_and_moments_are_catalan_numbers() {
        let law = Semicircle::new(2.0).unwrap();
        for p in [0.0, 1e-12, 1e-4, 0.1, 0.5, 0.77, 1.0 - 1e-9, 1.0] {
            let x = law.quantile(p);
            assert!((law.cdf(x) - p).abs() < 1e-14, "{p}: {x}");
            assert!((law.quantile(1.0 - p) + x).abs() < 1e-6);
        }
        assert_eq!((law.quantile(0.0), law.quantile(1.0)), (-2.0, 2.0));
        assert!(law.quantile(-0.1).is_nan() && law.quantile(f64::NAN).is_nan());
        // E[x²ᵏ] at R = 2: 1, 2, 5. Midpoint rule in the angle x = −2 cos φ.
        let steps = 2000;
        for (k, expected) in [(1, 1.0), (2, 2.0), (3, 5.0)] {
            let sum: f64 = (0..steps)
                .map(|i| PI * (f64::from(i) + 0.5) / f64::from(steps))
                .map(|a| (-2.0 * a.cos(), 2.0 * a.sin() * PI / f64::from(steps)))
                .map(|(x, dx)| x.powi(2 * k) * law.density(x) * dx)
                .sum();
            assert!((sum - expected).abs() < 1e-10, "{k}: {sum}");
        }
    }

    #[test]
    fn semicircle_is_what_symmetric_gaussian_matrices_have() {
        // Tridiagonal form of the Gaussian orthogonal ensemble (Dumitriu & Edelman 2002): diagonal
        // N(0, 2), off-diagonal χ_{N−1} … χ_1; the dense matrix has off-diagonal variance 1.
        let n = 400;
        let law = Semicircle::for_matrix(1.0, n as usize).unwrap();
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(3);
        let normal = |rng: &mut _| -> f64 { StandardNormal.sample(rng) };
        for _ in 0..20 {
            let mut d: Vec<[f64; 1]> =
                (0..n).map(|_| [2.0_f64.sqrt() * normal(&mut rng)]).collect();
            let mut e2: Vec<[f64; 1]> = (1..n)
                .rev()
                .map(|k| [ChiSquared::new(f64::from(k)).unwrap().sample(&mut rng)])
                .chain([[0.0]])
                .collect();
            assert!(tridiagonal_eigenvalues(&mut d, &mut e2));
            let mut d = d.into_flattened();
            d.sort_by(f64::total_cmp);
            let count = f64::from(n);
            let distance = d.iter().enumerate().fold(0.0_f64, |largest, (i, &x)| {
                let f = count * law.cdf(x);
                largest.max(f - i as f64).max(i as f64 + 1.0 - f)
            });
            // Rigid levels; independent ones would have .83·√N = 17 at the median.
            assert!(distance < 6.0, "{distance}");
        }
    }

    #[test]
    fn domain() {
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(Semicircle::new(bad).is_err());
        }
        assert!(Semicircle::for_matrix(1.0, 0).is_err());
    }

    #[test]
    fn surmise_agrees_with_quadrature_and_with_two_by_two_matrices() {
        let (steps, end) = (20_000, 8.0);
        let h = end / f64::from(steps);
        let integrate = |f: &dyn Fn(f64) -> f64| -> f64 {
            (0..steps).map(|i| h * f(h * (f64::from(i) + 0.5))).sum()
        };
        assert!((integrate(&|s| Surmise.density(s)) - 1.0).abs() < 1e-7);
        for r in [1.0, 2.0, 3.5] {
            let found = integrate(&|s| s.powf(r) * Surmise.density(s));
            assert!((found - Surmise.moment(r)).abs() < 1e-6, "{r}: {found}");
        }
        assert!((Surmise.moment(2.0) - 4.0 / PI).abs() < 1e-14);
        for p in [0.0, 1e-9, 0.3, 0.999] {
            assert!((Surmise.cdf(Surmise.quantile(p)) - p).abs() < 1e-14);
        }
        assert!(Surmise.quantile(1.1).is_nan() && Surmise.moment(-2.0).is_nan());
        assert_eq!((Surmise.cdf(-1.0), Surmise.density(-1.0)), (0.0, 0.0));
        // Spacings of [[√2 a, b], [b, √2 c]]: √(2(a−c)² + 4b²), mean √(2π).
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(9);
        let draws = 20_000;
        let mut s: Vec<f64> = (0..draws)
            .map(|_| {
                let [a, b, c]: [f64; 3] = std::array::from_fn(|_| StandardNormal.sample(&mut rng));
                (2.0 * (a - c).powi(2) + 4.0 * b * b).sqrt() / (2.0 * PI).sqrt()
            })
            .collect();
        s.sort_by(f64::total_cmp);
        let n = s.len() as f64;
        let distance = s.iter().enumerate().fold(0.0_f64, |largest, (i, &x)| {
            let f = Surmise.cdf(x);
            largest.max(f - i as f64 / n).max((i as f64 + 1.0) / n - f)
        });
        // Independent draws: Kolmogorov's 99.9 % point.
        assert!(distance * n.sqrt() < 1.95, "{distance}");
    }
}
