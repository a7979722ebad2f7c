//! The Marchenko–Pastur law: the bulk of the spectrum of a random matrix.

use crate::RmtError;
use std::f64::consts::PI;

/// The limiting law of the scaled eigenvalues x = ν²/(σ²n) of an m×n matrix of independent entries
/// with variance σ², for aspect ratio q = m/n ∈ (0, 1].
///
/// Support [a, b] = [(1−√q)², (1+√q)²], density √((b−x)(x−a)) / (2πqx). The distribution function
/// is evaluated in the angle ϑ = 2·atan2(√(x−a), √(b−x)), which keeps its accuracy at both edges
/// and needs no separate case at q = 1.
///
/// Source: Marchenko & Pastur, Math. USSR-Sbornik 1, 457 (1967).
///
/// ```
/// use rmt_core::laws::MarchenkoPastur;
/// let law = MarchenkoPastur::for_shape(64, 256)?;
/// assert!((law.cdf(1.0) - 0.5533900813).abs() < 1e-10);
/// assert!((law.median() - 0.91600407).abs() < 1e-8);
/// # Ok::<(), rmt_core::RmtError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MarchenkoPastur {
    aspect: f64,
    root: f64,
}

impl MarchenkoPastur {
    /// The law at aspect ratio q = m/n.
    ///
    /// # Errors
    /// [`RmtError::Domain`] unless 0 < q ≤ 1.
    pub fn new(aspect: f64) -> Result<Self, RmtError> {
        if aspect > 0.0 && aspect <= 1.0 {
            Ok(Self { aspect, root: aspect.sqrt() })
        } else {
            Err(RmtError::Domain {
                law: "Marchenko–Pastur law",
                requirement: "the aspect ratio (small side / large side) must be in (0, 1]",
            })
        }
    }

    /// The law for a matrix with sides `small` ≤ `large`.
    ///
    /// # Errors
    /// [`RmtError::Domain`] unless 1 ≤ `small` ≤ `large`.
    pub fn for_shape(small: usize, large: usize) -> Result<Self, RmtError> {
        Self::new(small as f64 / large as f64)
    }

    /// The aspect ratio q.
    pub fn aspect(&self) -> f64 {
        self.aspect
    }

    /// a = (1−√q)², the lower edge of x.
    pub fn lower_edge(&self) -> f64 {
        ((1.0 - self.aspect) / (1.0 + self.root)).powi(2)
    }

    /// b = (1+√q)², the upper edge of x.
    pub fn upper_edge(&self) -> f64 {
        (1.0 + self.root).powi(2)
    }

    /// Density of x; 0 outside the support.
    pub fn density(&self, x: f64) -> f64 {
        let product = (self.upper_edge() - x) * (x - self.lower_edge());
        if product <= 0.0 || x <= 0.0 {
            return 0.0;
        }
        product.sqrt() / (2.0 * PI * self.aspect * x)
    }

    /// Density of the singular value s = √x = ν/(σ√n): 2s times the density of x.
    pub fn singular_density(&self, s: f64) -> f64 {
        if s <= 0.0 { 0.0 } else { 2.0 * s * self.density(s * s) }
    }

    /// P(X ≤ x).
    pub fn cdf(&self, x: f64) -> f64 {
        if x.is_nan() {
            return f64::NAN;
        }
        let (low, high) = (x - self.lower_edge(), self.upper_edge() - x);
        if low <= 0.0 {
            return 0.0;
        }
        if high <= 0.0 {
            return 1.0;
        }
        self.cdf_at_angle(2.0 * low.sqrt().atan2(high.sqrt()))
    }

    fn cdf_at_angle(&self, angle: f64) -> f64 {
        let (q, c) = (self.aspect, self.root);
        let (sin, cos) = (0.5 * angle).sin_cos();
        let inner = ((1.0 + c) * sin).atan2((1.0 - q) / (1.0 + c) * cos);
        let value = (1.0 + q) * angle + 2.0 * c * angle.sin() - 2.0 * (1.0 - q) * inner;
        (value / (2.0 * PI * q)).clamp(0.0, 1.0)
    }

    fn x_at_angle(&self, angle: f64) -> f64 {
        self.lower_edge() + 4.0 * self.root * (0.5 * angle).sin().powi(2)
    }

    /// The x with P(X ≤ x) = `p`; NaN unless 0 ≤ p ≤ 1.
    ///
    /// Newton's method in the angle, kept inside a bracket: absolute error below 1e-12.
    pub fn quantile(&self, p: f64) -> f64 {
        if !(0.0..=1.0).contains(&p) {
            return f64::NAN;
        }
        if p == 0.0 {
            return self.lower_edge();
        }
        if p == 1.0 {
            return self.upper_edge();
        }
        self.x_at_angle(self.angle_at(p))
    }

    /// The angle of the quantile at 0 < `p` < 1.
    fn angle_at(&self, p: f64) -> f64 {
        let (mut low, mut high) = (0.0, PI);
        let mut angle = PI * p;
        for _ in 0..80 {
            let excess = self.cdf_at_angle(angle) - p;
            if excess > 0.0 {
                high = angle;
            } else {
                low = angle;
            }
            // dF/dϑ = 2 sin²ϑ / (πx)
            let slope = 2.0 * angle.sin().powi(2) / (PI * self.x_at_angle(angle));
            let newton = angle - excess / slope;
            let next = if newton > low && newton < high { newton } else { 0.5 * (low + high) };
            if (next - angle).abs() <= 1e-14 * PI {
                return next;
            }
            angle = next;
        }
        angle
    }

    /// Sum of the quantiles Q(p) at `count` probabilities, the first `from` and each `step` after the one before.
    ///
    /// Euler–Maclaurin formula of the midpoint rule with the terms of Q′ and Q‴, around the integral
    /// ∫Q dp = ∫x dF = (ϑ − sin ϑ cos ϑ)/π. Relative error over the inner 80 %: 3e-10 at a step of
    /// 1/64, 5e-12 at 1/128, below 1e-13 from 1/256 on [measured].
    pub(crate) fn quantile_sum(&self, from: f64, step: f64, count: usize) -> f64 {
        let start = from - 0.5 * step;
        let ends = [start, start + step * count as f64];
        let [low, high] = ends.map(|p| {
            let angle = self.angle_at(p);
            let [first, third] = self.quantile_derivatives(angle);
            let integral = (angle - angle.sin() * angle.cos()) / PI;
            integral / step - step / 24.0 * first + 7.0 / 5760.0 * step.powi(3) * third
        });
        high - low
    }

    /// Q′ and Q‴ at an angle ϑ: Q′ = π√q·x/sin ϑ, and a derivative in p is πx/(2 sin² ϑ) times that in ϑ.
    fn quantile_derivatives(&self, angle: f64) -> [f64; 2] {
        let x = self.x_at_angle(angle);
        let (sin, cos) = angle.sin_cos();
        let (dx, ddx) = (2.0 * self.root * sin, 2.0 * self.root * cos);
        let by_p = PI * x / (2.0 * sin * sin);
        let dby_p = PI * (dx / (2.0 * sin * sin) - x * cos / sin.powi(3));
        let scale = PI * self.root;
        let first = scale * x / sin;
        let dfirst = scale * (dx / sin - x * cos / (sin * sin));
        let ddfirst = scale
            * ((ddx + x) / sin - 2.0 * dx * cos / (sin * sin) + 2.0 * x * cos * cos / sin.powi(3));
        [first, by_p * (dby_p * dfirst + by_p * ddfirst)]
    }

    /// The median μ_q of x.
    pub fn median(&self) -> f64 {
        self.quantile(0.5)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn law(q: f64) -> MarchenkoPastur {
        MarchenkoPastur::new(q).unwrap()
    }

    #[test]
    fn distribution_function_oracles() {
        for (q, x, expected) in [
            (0.25, 0.3, 0.0238425826),
            (0.25, 1.0, 0.5533900813),
            (0.25, 2.0, 0.965630022),
            (1.0, 0.01, 0.0636354415),
            (1.0, 1.0, 0.608997781),
            (1.0, 3.0, 0.9423311144),
        ] {
            let found = law(q).cdf(x);
            assert!((found - expected).abs() < 6e-11, "F({x}; {q}) = {found}");
        }
    }

    #[test]
    fn median_oracles() {
        for (q, expected) in [
            (0.01, 0.996665676),
            (0.1, 0.96656515),
            (0.25, 0.91600407),
            (0.5, 0.83046588),
            (0.75, 0.74294849),
            (0.9, 0.689222098),
            (0.99, 0.656445906),
            (1.0, 0.65277594),
        ] {
            let found = law(q).median();
            assert!((found - expected).abs() < 6e-9, "median at {q}: {found}");
        }
    }

    #[test]
    fn density_integrates_to_the_distribution_function() {
        for q in [0.05, 0.25, 0.7, 1.0] {
            let law = law(q);
            // Midpoint rule in the angle, where the integrand is smooth and periodic.
            let steps = 20_000;
            let mut sum = 0.0;
            for i in 0..steps {
                let angle = PI * (i as f64 + 0.5) / steps as f64;
                let x = law.x_at_angle(angle);
                let jacobian = 2.0 * law.root * angle.sin();
                sum += law.density(x) * jacobian * PI / steps as f64;
                let s = x.sqrt();
                let expected = 2.0 * s * law.density(x);
                assert!((law.singular_density(s) - expected).abs() <= 1e-6 * expected);
                if i == steps / 3 {
                    let edge = PI * (i as f64 + 1.0) / steps as f64;
                    assert!((sum - law.cdf_at_angle(edge)).abs() < 1e-7);
                }
            }
            assert!((sum - 1.0).abs() < 1e-7, "q={q}: {sum}");
        }
    }

    #[test]
    fn quantile_inverts_the_distribution_function() {
        for q in [1e-3, 0.1, 0.5, 0.999, 1.0] {
            let law = law(q);
            for p in [0.0, 1e-9, 1e-4, 0.1, 0.5, 0.9, 1.0 - 1e-9, 1.0] {
                let x = law.quantile(p);
                assert!((law.cdf(x) - p).abs() < 1e-11, "q={q} p={p} x={x}");
            }
            assert!(law.quantile(-0.1).is_nan() && law.quantile(f64::NAN).is_nan());
        }
    }

    #[test]
    fn sums_of_quantiles_are_those_of_each() {
        for (m, q, error) in
            [(64.0, 1.0, 4e-10), (128.0, 0.5, 6e-12), (512.0, 1.0, 2e-14), (512.0, 0.03, 2e-14)]
        {
            let (law, count, step) = (law(q), (0.8 * m) as usize, 1.0 / m);
            let position = |i: usize| 0.1 + (i as f64 + 0.5) * step;
            let each: f64 = (0..count).map(|i| law.quantile(position(i))).sum();
            let sum = law.quantile_sum(position(0), step, count);
            assert!((sum / each - 1.0).abs() < error, "{m} {q}: {sum} {each}");
        }
    }

    #[test]
    fn domain() {
        for bad in [0.0, -1.0, 1.1, f64::NAN] {
            assert!(MarchenkoPastur::new(bad).is_err());
        }
        assert!(MarchenkoPastur::for_shape(3, 2).is_err());
        assert!(MarchenkoPastur::for_shape(0, 0).is_err());
        assert_eq!(law(0.5).cdf(-1.0), 0.0);
        assert_eq!(law(0.5).cdf(9.0), 1.0);
        assert!(law(0.5).cdf(f64::NAN).is_nan());
    }
}
