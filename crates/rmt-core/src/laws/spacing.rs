//! Spacings of neighbouring levels between independence and repulsion, and the number variance.

use crate::RmtError;
use statrs::function::gamma::ln_gamma;
use std::f64::consts::PI;

/// Euler's constant γ.
const EULER_GAMMA: f64 = 0.577_215_664_901_532_9;

/// Brody's interpolation between the spacings of independent levels (ω = 0, exponential) and of a
/// random symmetric matrix (ω = 1, [Wigner's surmise](super::Surmise)), mean 1:
///
/// p(s) = (ω+1)·b·s^ω·exp(−b·s^{ω+1}), F(s) = 1 − exp(−b·s^{ω+1}), b = Γ((ω+2)/(ω+1))^{ω+1}.
///
/// Every ω > −1 gives a law, the Weibull law with mean 1. ω < 0 describes clustering, and ω > 1
/// levels more regular than those of a random matrix.
///
/// Source: Brody, Lett. Nuovo Cimento 7, 482 (1973).
///
/// ```
/// use rmt_core::laws::{Brody, PoissonSpacing, Surmise};
/// let (independent, repelled) = (Brody::new(0.0)?, Brody::new(1.0)?);
/// assert!((independent.cdf(0.7) - PoissonSpacing.cdf(0.7)).abs() < 1e-12);
/// assert!((repelled.cdf(0.7) - Surmise.cdf(0.7)).abs() < 1e-12);
/// # Ok::<(), rmt_core::RmtError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Brody {
    exponent: f64,
    /// ln Γ((ω+2)/(ω+1)) = ln b/(ω+1).
    ln_gamma: f64,
}

impl Brody {
    /// The law with exponent ω.
    ///
    /// # Errors
    /// [`RmtError::Domain`] unless ω > −1 and finite.
    pub fn new(exponent: f64) -> Result<Self, RmtError> {
        if exponent > -1.0 && exponent.is_finite() {
            let ln_gamma = ln_gamma(1.0 + 1.0 / (exponent + 1.0));
            Ok(Self { exponent, ln_gamma })
        } else {
            Err(RmtError::Domain {
                law: "Brody distribution",
                requirement: "the exponent must be finite and above −1",
            })
        }
    }

    /// The exponent ω.
    pub fn exponent(&self) -> f64 {
        self.exponent
    }

    /// b·s^{ω+1} = (Γ·s)^{ω+1}.
    fn cumulative_hazard(&self, s: f64) -> f64 {
        ((self.exponent + 1.0) * (self.ln_gamma + s.ln())).exp()
    }

    /// Density at `s`; 0 for s < 0.
    pub fn density(&self, s: f64) -> f64 {
        if s < 0.0 { 0.0 } else { self.ln_density(s).exp() }
    }

    /// ln p(s); −∞ for s < 0.
    pub fn ln_density(&self, s: f64) -> f64 {
        if s < 0.0 {
            return f64::NEG_INFINITY;
        }
        let power = if self.exponent == 0.0 { 0.0 } else { self.exponent * s.ln() };
        let ln_b = (self.exponent + 1.0) * self.ln_gamma;
        (self.exponent + 1.0).ln() + ln_b + power - self.cumulative_hazard(s)
    }

    /// P(S ≤ s).
    pub fn cdf(&self, s: f64) -> f64 {
        if s <= 0.0 { 0.0 } else { -(-self.cumulative_hazard(s)).exp_m1() }
    }

    /// The s with P(S ≤ s) = `p`; NaN unless 0 ≤ p ≤ 1.
    pub fn quantile(&self, p: f64) -> f64 {
        if !(0.0..=1.0).contains(&p) {
            return f64::NAN;
        }
        (-(-p).ln_1p()).powf(1.0 / (self.exponent + 1.0)) * (-self.ln_gamma).exp()
    }

    /// E(Sʳ) = Γ(1 + r/(ω+1)) / Γ((ω+2)/(ω+1))ʳ; NaN unless r > −(ω+1).
    pub fn moment(&self, r: f64) -> f64 {
        let scaled = r / (self.exponent + 1.0);
        if scaled > -1.0 { (ln_gamma(1.0 + scaled) - r * self.ln_gamma).exp() } else { f64::NAN }
    }
}

/// Spacings of independent levels in units of their mean: p(s) = e^{−s}, F(s) = 1 − e^{−s}.
///
/// Source: Mehta, Random Matrices, §1.4.
///
/// ```
/// use rmt_core::laws::PoissonSpacing;
/// assert!((PoissonSpacing.cdf(1.0) - 0.632_120_559).abs() < 1e-9);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PoissonSpacing;

impl PoissonSpacing {
    /// Density at `s`; 0 for s < 0.
    pub fn density(self, s: f64) -> f64 {
        if s < 0.0 { 0.0 } else { (-s).exp() }
    }

    /// P(S ≤ s).
    pub fn cdf(self, s: f64) -> f64 {
        if s < 0.0 { 0.0 } else { -(-s).exp_m1() }
    }

    /// The s with P(S ≤ s) = `p`: −ln(1−p); NaN unless 0 ≤ p ≤ 1.
    pub fn quantile(self, p: f64) -> f64 {
        if (0.0..=1.0).contains(&p) { -(-p).ln_1p() } else { f64::NAN }
    }

    /// Number variance of independent levels: Σ²(L) = L.
    pub fn number_variance(self, length: f64) -> f64 {
        length
    }
}

/// Variance of the number of levels in an interval of L mean spacings, for the Gaussian orthogonal
/// ensemble and large L: Σ²(L) = (2/π²)·[ln(2πL) + γ + 1 − π²/8] + O(1/L).
///
/// Below [`goe_number_variance`] by .013 at L = ½, .0043 at L = 1, .0012 at L = 2; negative below
/// L = .11. NaN unless L > 0. Source: Mehta, Random Matrices, equation 16.1.4.
pub fn goe_number_variance_asymptotic(length: f64) -> f64 {
    if length > 0.0 {
        2.0 / (PI * PI) * ((2.0 * PI * length).ln() + EULER_GAMMA + 1.0 - PI * PI / 8.0)
    } else {
        f64::NAN
    }
}

/// Number variance of the Gaussian orthogonal ensemble at every L:
///
/// Σ²(L) = (2/π²)·[ln(2πL) + γ + 1 − cos(2πL) − Ci(2πL)] + 2L·[1 − (2/π)·Si(2πL)]
/// + [Si(πL)/π]² − Si(πL)/π.
///
/// NaN for L < 0. Source: Brody et al., Rev. Mod. Phys. 53, 385 (1981); Mehta, Random Matrices,
/// §16.1.
///
/// ```
/// use rmt_core::laws::{goe_number_variance, goe_number_variance_asymptotic};
/// // Short intervals hold a level or none; long ones follow the logarithm.
/// assert!((goe_number_variance(1e-3) - 1e-3).abs() < 2e-6);
/// assert!((goe_number_variance(50.0) - goe_number_variance_asymptotic(50.0)).abs() < 1e-3);
/// ```
pub fn goe_number_variance(length: f64) -> f64 {
    if length.is_nan() || length < 0.0 {
        return f64::NAN;
    }
    if length == 0.0 {
        return 0.0;
    }
    let full = 2.0 * PI * length;
    let (sine, cosine) = trigonometric_integrals(full);
    let half = trigonometric_integrals(0.5 * full).0 / PI;
    let unitary = (full.ln() + EULER_GAMMA + 1.0 - full.cos() - cosine) / (PI * PI)
        + length * (1.0 - 2.0 / PI * sine);
    2.0 * unitary + half * half - half
}

/// Si(x) = ∫₀ˣ sin t/t dt and Ci(x) = γ + ln x + ∫₀ˣ (cos t − 1)/t dt for x > 0: power series up to
/// x = 4, beyond that the continued fraction of E₁(ix) by Lentz's method.
fn trigonometric_integrals(x: f64) -> (f64, f64) {
    if x <= 4.0 {
        // Terms xᵏ/(k·k!), odd ones for Si and even ones for Ci, with alternating signs.
        let (mut sine, mut cosine) = (0.0, EULER_GAMMA + x.ln());
        let mut power = 1.0;
        for k in 1..=40_u32 {
            power *= x / f64::from(k);
            let term = power / f64::from(k);
            match k % 4 {
                1 => sine += term,
                2 => cosine -= term,
                3 => sine -= term,
                _ => cosine += term,
            }
        }
        return (sine, cosine);
    }
    // E₁(z) = e^{−z}/(z+1 − 1²/(z+3 − 2²/(z+5 − …))), z = ix.
    let mut b = Complex(1.0, x);
    let mut c = Complex(1e300, 0.0);
    let mut d = b.inverse();
    let mut h = d;
    for k in 1..500 {
        let a = -f64::from(k * k);
        b.0 += 2.0;
        d = d.times_real(a).plus(b).inverse();
        c = b.plus(c.inverse().times_real(a));
        let factor = c.times(d);
        h = h.times(factor);
        if (factor.0 - 1.0).abs() + factor.1.abs() < f64::EPSILON {
            break;
        }
    }
    let e1 = h.times(Complex(x.cos(), -x.sin()));
    // E₁(ix) = −Ci(x) + i(Si(x) − π/2).
    (0.5 * PI + e1.1, -e1.0)
}

#[derive(Clone, Copy)]
struct Complex(f64, f64);

impl Complex {
    fn plus(self, other: Self) -> Self {
        Self(self.0 + other.0, self.1 + other.1)
    }

    fn times(self, other: Self) -> Self {
        Self(self.0 * other.0 - self.1 * other.1, self.0 * other.1 + self.1 * other.0)
    }

    fn times_real(self, factor: f64) -> Self {
        Self(factor * self.0, factor * self.1)
    }

    fn inverse(self) -> Self {
        let norm = self.0 * self.0 + self.1 * self.1;
        Self(self.0 / norm, -self.1 / norm)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::laws::Surmise;

    /// Midpoint rule.
    fn integrate(from: f64, to: f64, steps: u32, f: impl Fn(f64) -> f64) -> f64 {
        let h = (to - from) / f64::from(steps);
        (0..steps).map(|i| h * f(from + h * (f64::from(i) + 0.5))).sum()
    }

    #[test]
    fn brody_ends_are_poisson_and_wigner() {
        let (zero, one) = (Brody::new(0.0).unwrap(), Brody::new(1.0).unwrap());
        for s in [0.0, 1e-6, 0.3, 1.0, 2.5] {
            assert!((zero.density(s) - PoissonSpacing.density(s)).abs() < 1e-12);
            assert!((zero.cdf(s) - PoissonSpacing.cdf(s)).abs() < 1e-12);
            assert!((one.density(s) - Surmise.density(s)).abs() < 1e-12);
            assert!((one.cdf(s) - Surmise.cdf(s)).abs() < 1e-12);
        }
        assert!((one.moment(3.0) - Surmise.moment(3.0)).abs() < 1e-12);
        assert_eq!((zero.cdf(-1.0), zero.density(-1.0), zero.exponent()), (0.0, 0.0, 0.0));
    }

    #[test]
    fn brody_agrees_with_quadrature() {
        for omega in [0.0, 0.4, 1.0, 3.0] {
            let law = Brody::new(omega).unwrap();
            assert!((law.moment(1.0) - 1.0).abs() < 1e-12);
            let end = 40.0 / (1.0 + omega);
            // The density rises like s^ω: the midpoint rule is of that order at 0.
            let total = integrate(0.0, end, 200_000, |s| law.density(s));
            assert!((total - 1.0).abs() < 1e-5, "{omega}: {total}");
            for r in [1.0, 2.0] {
                let found = integrate(0.0, end, 200_000, |s| s.powf(r) * law.density(s));
                assert!((found - law.moment(r)).abs() < 1e-5, "{omega} {r}: {found}");
            }
            let part = integrate(0.0, 0.8, 100_000, |s| law.density(s));
            assert!((part - law.cdf(0.8)).abs() < 1e-5, "{omega}: {part}");
            for p in [0.0, 1e-9, 0.2, 0.99] {
                assert!((law.cdf(law.quantile(p)) - p).abs() < 1e-13);
            }
        }
        let law = Brody::new(-0.5).unwrap();
        assert!(law.moment(-0.5).is_nan() && law.quantile(-1.0).is_nan());
        assert!((law.cdf(law.quantile(0.4)) - 0.4).abs() < 1e-13);
        for bad in [-1.0, f64::NAN, f64::INFINITY] {
            assert!(Brody::new(bad).is_err());
        }
    }

    #[test]
    fn poisson_spacing() {
        assert!((PoissonSpacing.quantile(0.5) - std::f64::consts::LN_2).abs() < 1e-15);
        assert!(PoissonSpacing.quantile(2.0).is_nan());
        assert_eq!((PoissonSpacing.cdf(-1.0), PoissonSpacing.density(-1.0)), (0.0, 0.0));
        assert_eq!(PoissonSpacing.number_variance(1.5), 1.5);
    }

    #[test]
    fn trigonometric_integrals_agree_with_tables_and_quadrature() {
        // Abramowitz & Stegun, tables 5.1 and 5.2.
        for (x, sine, cosine) in [
            (1.0, 0.946_083_070_4, 0.337_403_922_9),
            (5.0, 1.549_931_244_9, -0.190_029_749_7),
            (10.0, 1.658_347_594_2, -0.045_456_433_0),
        ] {
            let (s, c) = trigonometric_integrals(x);
            assert!((s - sine).abs() < 1e-10 && (c - cosine).abs() < 1e-10, "{x}: {s} {c}");
        }
        for x in [0.3, 3.9, 4.1, 25.0] {
            let (s, c) = trigonometric_integrals(x);
            let sine = integrate(0.0, x, 100_000, |t| t.sin() / t);
            let cosine = integrate(0.0, x, 100_000, |t| (t.cos() - 1.0) / t) + EULER_GAMMA + x.ln();
            assert!((s - sine).abs() < 1e-8 && (c - cosine).abs() < 1e-8, "{x}: {s} {c}");
        }
    }

    #[test]
    fn number_variance_is_the_integral_of_the_two_level_cluster_function() {
        // Σ²(L) = L − 2∫₀ᴸ (L−r)·Y₂(r) dr with Y₂ = s² + s′·(½ − ∫₀ʳ s), s = sin πr/(πr).
        let s = |r: f64| (PI * r).sin() / (PI * r);
        let slope = |r: f64| ((PI * r).cos() - s(r)) / r;
        for length in [0.25, 0.5, 1.0, 2.0, 5.0] {
            let steps = 20_000;
            let h = length / f64::from(steps);
            let (mut integral, mut below) = (0.0, 0.0);
            for i in 0..steps {
                let r = h * (f64::from(i) + 0.5);
                let y = s(r).powi(2) + slope(r) * (0.5 - below - 0.5 * h * s(r));
                integral += h * (length - r) * y;
                below += h * s(r);
            }
            let found = goe_number_variance(length);
            assert!((found - (length - 2.0 * integral)).abs() < 1e-6, "{length}: {found}");
        }
        for (length, expected) in [(0.5, 0.0128), (1.0, 0.0043), (2.0, 0.0012), (10.0, 0.0001)] {
            let gap = goe_number_variance(length) - goe_number_variance_asymptotic(length);
            assert!((gap - expected).abs() < 6e-5, "{length}: {gap}");
        }
        assert!((goe_number_variance_asymptotic(10.0) - 0.909).abs() < 5e-4);
        assert_eq!(goe_number_variance(0.0), 0.0);
        assert!(goe_number_variance(-1.0).is_nan() && goe_number_variance(f64::NAN).is_nan());
        assert!(goe_number_variance_asymptotic(0.0).is_nan());
    }
}
