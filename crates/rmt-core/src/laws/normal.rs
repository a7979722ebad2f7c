//! The standard normal distribution function.

use libm::erfc;
use std::sync::LazyLock;

/// Φ(x), to a few ε relative.
pub(crate) fn normal_cdf(x: f64) -> f64 {
    0.5 * erfc(-x * std::f64::consts::FRAC_1_SQRT_2)
}

/// Where the table ends, on either side.
const END: f64 = 4.0;
/// Nodes a unit.
const NODES: f64 = 32.0;
/// Coefficients of a node.
const TERMS: usize = 7;

/// Taylor's coefficients of Φ at the nodes: Φ⁽ᵏ⁺¹⁾ = (−1)ᵏ·Heₖ·φ, Heₖ₊₁ = x·Heₖ − k·Heₖ₋₁. What is left out is
/// at most (1/64)⁷·max|He₆·φ|/7! = 3e-16.
static TABLE: LazyLock<Vec<[f64; TERMS]>> = LazyLock::new(|| {
    let node = |k: i32| {
        let x = f64::from(k) / NODES - END;
        let density = (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt();
        let mut coefficients = [normal_cdf(x); TERMS];
        let (mut hermite, mut before, mut factor) = (1.0, 0.0, density);
        for (order, coefficient) in (0_u32..).zip(&mut coefficients[1..]) {
            factor /= f64::from(order + 1);
            *coefficient = factor * hermite;
            (hermite, before) = (x * hermite - f64::from(order) * before, hermite);
            factor = -factor;
        }
        coefficients
    };
    (0..=(2.0 * END * NODES) as i32).map(node).collect()
});

/// Φ(x), to 1e-15: several times faster than [`normal_cdf`].
pub(crate) fn tabulated_normal_cdf(x: f64) -> f64 {
    let y = (x + END) * NODES;
    let nearest = y.round();
    if !(0.0..=2.0 * END * NODES).contains(&nearest) {
        return normal_cdf(x);
    }
    let c = &TABLE[nearest as usize];
    let d = (y - nearest) / NODES;
    c[0] + d * (c[1] + d * (c[2] + d * (c[3] + d * (c[4] + d * (c[5] + d * c[6])))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_values_and_the_table() {
        // Abramowitz & Stegun, table 26.1.
        for (x, expected) in
            [(0.0, 0.5), (1.0, 0.841_344_746_068_543), (-2.0, 0.022_750_131_948_179)]
        {
            assert!(
                (normal_cdf(x) - expected).abs() < 1e-15,
                "{x}: {:e}",
                normal_cdf(x) - expected
            );
        }
        for k in -50_000..=50_000 {
            let x = f64::from(k) * 1.01e-4;
            let (found, exact) = (tabulated_normal_cdf(x), normal_cdf(x));
            assert!((found - exact).abs() < 1e-15, "{x}: {found} {exact}");
        }
        assert!(tabulated_normal_cdf(f64::NAN).is_nan());
        assert_eq!(tabulated_normal_cdf(f64::INFINITY), 1.0);
    }
}
