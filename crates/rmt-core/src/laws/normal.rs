//! The normal law by table, for the many evaluations of a distance or of a smoothed staircase.

use super::porter_thomas::normal_cdf;
use std::sync::LazyLock;

/// Nodes to a unit of x.
const NODES: usize = 128;
/// Beyond ±REACH the distribution function is 0 or 1, by less than 1e-15.
const REACH: f64 = 8.0;
/// Power of two above the number of nodes, 2·REACH·NODES + 1.
const SIZE: usize = 4096;
/// 1.5·2⁵²: doubles near it are the integers.
const INTEGERS: f64 = 6_755_399_441_055_744.0;
/// 1/√(2π).
const PEAK: f64 = 0.398_942_280_401_432_7;

/// Distribution function and density of the standard normal law, by their Taylor series at the nearest of
/// the nodes k/128: with |h| ≤ 1/256 the first term that is left out is below 2e-17 of the one and below
/// 2e-14 of the other.
pub(crate) struct NormalTable {
    nodes: Box<[[f64; 2]; SIZE]>,
}

static TABLE: LazyLock<NormalTable> = LazyLock::new(|| {
    let mut nodes = Box::new([[1.0, 0.0]; SIZE]);
    for (k, node) in nodes.iter_mut().take(2 * REACH as usize * NODES + 1).enumerate() {
        let x = k as f64 / NODES as f64 - REACH;
        *node = [normal_cdf(x), PEAK * (-0.5 * x * x).exp()];
    }
    NormalTable { nodes }
});

impl NormalTable {
    /// The table, made when first asked for.
    pub(crate) fn get() -> &'static Self {
        &TABLE
    }

    /// F and density at the nearest node, where it is, and how far `x` is from it. Without branches: beyond
    /// the table, and for NaN, it is one of its ends.
    #[inline(always)]
    fn near(&self, x: f64) -> ([f64; 2], f64, f64) {
        let x = if x > -REACH { x } else { -REACH };
        let x = if x < REACH { x } else { REACH };
        // The low bits of a sum are the nearest integer.
        let shifted = (x + REACH) * NODES as f64 + INTEGERS;
        let x0 = (shifted - INTEGERS) / NODES as f64 - REACH;
        (self.nodes[shifted.to_bits() as usize % SIZE], x0, x - x0)
    }

    /// P(X ≤ x), to 4e-16; as far as ±8, where it stays what it is.
    #[inline(always)]
    pub(crate) fn cdf(&self, x: f64) -> f64 {
        let ([f, density], x0, h) = self.near(x);
        f + density * h * series(x0, h)
    }

    /// The same, and the density to 2e-14.
    #[inline(always)]
    pub(crate) fn cdf_and_density(&self, x: f64) -> (f64, f64) {
        let ([f, density], x0, h) = self.near(x);
        (f + density * h * series(x0, h), density * slope(x0, h))
    }
}

/// (F(x₀ + h) − F(x₀))/(h·φ(x₀)): Σ (−1)^j He_j(x₀)·h^j/(j + 1)! with Hermite's polynomials He.
#[inline(always)]
fn series(x0: f64, h: f64) -> f64 {
    let square = x0 * x0;
    let second = (square - 1.0) * (1.0 / 6.0);
    let third = x0 * (square - 3.0) * (-1.0 / 24.0);
    let fourth = ((square - 6.0) * square + 3.0) * (1.0 / 120.0);
    1.0 + h * (-0.5 * x0 + h * (second + h * (third + h * fourth)))
}

/// φ(x₀ + h)/φ(x₀), the derivative of h times the series.
#[inline(always)]
fn slope(x0: f64, h: f64) -> f64 {
    let square = x0 * x0;
    let third = x0 * (square - 3.0) * (-1.0 / 6.0);
    let fourth = ((square - 6.0) * square + 3.0) * (1.0 / 24.0);
    1.0 + h * (-x0 + h * (0.5 * (square - 1.0) + h * (third + h * fourth)))
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
        assert!(worst < 4e-16 && worst_density < 2e-14, "{worst:e} {worst_density:e}");
        // In the lower tail to the last digits as well.
        for x in [-3.0001, -5.007, -7.9] {
            assert!((table.cdf(x) / normal_cdf(x) - 1.0).abs() < 1e-12, "{x}");
        }
    }

    #[test]
    fn beyond_the_table() {
        let table = NormalTable::get();
        for x in [8.0, 8.1, 1e300, f64::INFINITY] {
            assert!(1.0 - table.cdf(x) < 1e-15 && table.cdf(-x) < 1e-15, "{x}");
            assert!(table.cdf_and_density(-x).1 < 1e-14);
        }
        assert_eq!(table.cdf(0.0), 0.5);
    }
}
