//! The normal law, tabulated for the many evaluations of a distance or a smoothed staircase.

use statrs::function::erf::erfc;
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

/// Standard normal distribution function: to 4e-16, and its lower tail to 2e-12 of itself.
pub(crate) fn normal_cdf(x: f64) -> f64 {
    if x.abs() < REACH { TABLE.cdf(x) } else { 0.5 * erfc(-x * std::f64::consts::FRAC_1_SQRT_2) }
}

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
        *node = [at_node(x), PEAK * (-0.5 * x * x).exp()];
    }
    NormalTable { nodes }
});

/// The distribution function at a node: ½ + φ(x)·Σ x^(2k+1)/(2k + 1)!!, whose terms have one sign, and in
/// the tails by Laplace's continued fraction φ(x)/(x + 1/(x + 2/(x + 3/…))).
fn at_node(x: f64) -> f64 {
    let density = PEAK * (-0.5 * x * x).exp();
    if x.abs() > 2.5 {
        let (above, x) = (x > 0.0, x.abs());
        let fraction = (1..200).rev().fold(x, |rest, k| x + f64::from(k) / rest);
        let tail = density / fraction;
        return if above { 1.0 - tail } else { tail };
    }
    let (mut term, mut sum, mut odd) = (x, x, 1.0);
    while term.abs() > 1e-17 * sum.abs() {
        odd += 2.0;
        term *= x * x / odd;
        sum += term;
    }
    0.5 + density * sum
}

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

    /// [`Self::cdf`] of several numbers side by side.
    #[inline(always)]
    pub(crate) fn cdfs<const N: usize>(&self, x: [f64; N]) -> [f64; N] {
        let (mut found, mut density, mut x0, mut h) = ([0.0; N], [0.0; N], [0.0; N], [0.0; N]);
        for (k, &x) in x.iter().enumerate() {
            ([found[k], density[k]], x0[k], h[k]) = self.near(x);
        }
        for (k, found) in found.iter_mut().enumerate() {
            *found += density[k] * h[k] * series(x0[k], h[k]);
        }
        found
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
    fn distribution_function_oracles() {
        // 0.5*math.erfc(-x/math.sqrt(2)) of Python 3.11.
        for (x, expected) in [
            (-6.3, 1.4882282217623217e-10),
            (-3.66, 0.0001261076241384867),
            (-2.0015, 0.02266926688699712),
            (-1.0, 0.15865525393145707),
            (-0.7162979, 0.2369037116094378),
            (-0.0038, 0.49848402298292677),
            (0.0041, 0.5016356587670739),
            (0.5, 0.6914624612740131),
            (0.7162979, 0.7630962883905622),
            (1.2345, 0.8914916766373298),
            (1.96, 0.9750021048517795),
            (2.75, 0.9970202367649454),
            (4.4, 0.9999945874560923),
        ] {
            let found = normal_cdf(x);
            assert!((found - expected).abs() < 4e-16, "{x}: {found} {expected}");
            assert!((found / expected - 1.0).abs() < 2e-12, "{x}: {found} {expected}");
        }
    }

    #[test]
    fn no_step_between_two_nodes() {
        // Where the series of neighbouring nodes meet they are furthest from exact.
        let table = NormalTable::get();
        for k in -1020..1020 {
            let x = (f64::from(k) + 0.5) / NODES as f64;
            let (f, density) = table.cdf_and_density(x);
            let (g, _) = table.cdf_and_density(x.next_up());
            assert!((f - g).abs() < 4e-16 && f == table.cdf(x), "{x}: {f} {g}");
            assert!((density - PEAK * (-0.5 * x * x).exp()).abs() < 2e-14, "{x}");
            // That of statrs 0.19 is good to 3e-11.
            let other = 0.5 * erfc(-x * std::f64::consts::FRAC_1_SQRT_2);
            assert!((f - other).abs() < 3e-11, "{x}");
            assert_eq!(table.cdfs([x, -x]), [f, table.cdf(-x)]);
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
