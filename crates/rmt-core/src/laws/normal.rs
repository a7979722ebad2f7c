//! The normal law by table, for the many evaluations of a distance or of a smoothed staircase.

use super::porter_thomas::normal_cdf;
use std::sync::LazyLock;

/// Nodes to a unit of x.
const NODES: usize = 64;
/// Beyond ±REACH the distribution function is 0 or 1, by less than 1e-15.
const REACH: usize = 8;
/// 1/√(2π).
const PEAK: f64 = 0.398_942_280_401_432_7;

/// Distribution function and density of the standard normal law, by their Taylor series at the nearest of
/// the nodes k/64: with |h| ≤ 1/128 the first term that is left out is below 3e-18 of the one and below 6e-13
/// of the other.
pub(crate) struct NormalTable {
    nodes: Vec<[f64; 2]>,
}

static TABLE: LazyLock<NormalTable> = LazyLock::new(|| {
    let node = |k: usize| {
        let x = k as f64 / NODES as f64 - REACH as f64;
        [normal_cdf(x), PEAK * (-0.5 * x * x).exp()]
    };
    NormalTable { nodes: (0..=2 * REACH * NODES).map(node).collect() }
});

impl NormalTable {
    /// The table, made when first asked for.
    pub(crate) fn get() -> &'static Self {
        &TABLE
    }

    /// The nearest node, F and density at it, and the distance from it; `None` beyond the table.
    #[inline(always)]
    fn near(&self, x: f64) -> Option<([f64; 2], f64, f64)> {
        // Beyond the table, and where x is NaN, there is no node.
        let k = (x + REACH as f64) * NODES as f64 + 0.5;
        let k = if k >= 0.0 { k as usize } else { usize::MAX };
        let node = *self.nodes.get(k)?;
        let x0 = k as f64 / NODES as f64 - REACH as f64;
        Some((node, x0, x - x0))
    }

    /// P(X ≤ x), to 4e-16.
    #[inline(always)]
    pub(crate) fn cdf(&self, x: f64) -> f64 {
        match self.near(x) {
            Some(([f, density], x0, h)) => f + density * h * series(x0, h),
            None => beyond(x),
        }
    }

    /// The same, and the density to 1e-12.
    #[inline(always)]
    pub(crate) fn cdf_and_density(&self, x: f64) -> (f64, f64) {
        match self.near(x) {
            Some(([f, density], x0, h)) => {
                (f + density * h * series(x0, h), density * slope(x0, h))
            }
            None => (beyond(x), 0.0),
        }
    }
}

/// 0 or 1; NaN stays NaN.
#[cold]
fn beyond(x: f64) -> f64 {
    if x.is_nan() { x } else { f64::from(u8::from(x > 0.0)) }
}

/// (F(x₀ + h) − F(x₀))/(h·φ(x₀)): Σ (−1)^j He_j(x₀)·h^j/(j + 1)! with Hermite's polynomials He.
#[inline(always)]
fn series(x0: f64, h: f64) -> f64 {
    let square = x0 * x0;
    let fifth = -x0 * ((square - 10.0) * square + 15.0) / 720.0;
    let fourth = ((square - 6.0) * square + 3.0) / 120.0;
    let third = -x0 * (square - 3.0) / 24.0;
    let second = (square - 1.0) / 6.0;
    1.0 + h * (-0.5 * x0 + h * (second + h * (third + h * (fourth + h * fifth))))
}

/// φ(x₀ + h)/φ(x₀), the derivative of the series.
#[inline(always)]
fn slope(x0: f64, h: f64) -> f64 {
    let square = x0 * x0;
    let fourth = ((square - 6.0) * square + 3.0) / 24.0;
    let third = -x0 * (square - 3.0) / 6.0;
    let second = 0.5 * (square - 1.0);
    1.0 + h * (-x0 + h * (second + h * (third + h * fourth)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_exact_as_the_function_itself() {
        let table = NormalTable::get();
        let (mut worst, mut worst_density) = (0.0_f64, 0.0_f64);
        for k in -100_000..=100_000 {
            let x = f64::from(k) * 1.000_3e-4;
            let (f, density) = table.cdf_and_density(x);
            assert_eq!(f, table.cdf(x));
            worst = worst.max((f - normal_cdf(x)).abs());
            worst_density = worst_density.max((density - PEAK * (-0.5 * x * x).exp()).abs());
        }
        assert!(worst < 4e-16 && worst_density < 1e-12, "{worst:e} {worst_density:e}");
        // In the lower tail to the last digits as well.
        for x in [-3.0001, -5.007, -7.9] {
            assert!((table.cdf(x) / normal_cdf(x) - 1.0).abs() < 1e-12, "{x}");
        }
    }

    #[test]
    fn beyond_the_table() {
        let table = NormalTable::get();
        assert_eq!(table.cdf_and_density(f64::NEG_INFINITY), (0.0, 0.0));
        assert_eq!(table.cdf_and_density(f64::INFINITY), (1.0, 0.0));
        assert_eq!((table.cdf(-8.1), table.cdf(8.1)), (0.0, 1.0));
        assert!(table.cdf(f64::NAN).is_nan());
        assert_eq!(table.cdf(0.0), 0.5);
    }
}
