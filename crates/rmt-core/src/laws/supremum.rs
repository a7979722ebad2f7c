//! The Kolmogorov–Smirnov distance from a known law without sorting the sample.
//!
//! The sample is counted in cells. The distance at the ends of the cells is a lower bound of the
//! supremum, and in each cell it is at most that of a step from one end's value of F to the other's:
//! only in cells where that is above the lower bound, most often one or two, are the points looked at.
//! The result is that of a sorted sample to the last digit, in time linear in its size.

/// Cells of the finest grid, a power of two.
const FINEST: usize = 4096;
/// Of the coarsest one that is used.
const COARSEST: usize = 32;
/// Far above what rounding does to the bounds, far below a distance.
const ROUNDING: f64 = 1e-12;

/// A law of continuous, rising distribution function F on a grid.
pub(super) struct Grid {
    low: f64,
    cells_per_unit: f64,
    /// F at the ends of the cells: 0 and 1 at the outer ones.
    law: Vec<f64>,
}

impl Grid {
    /// `law` between `low` and `high`, beyond which it has next to nothing.
    pub(super) fn new([low, high]: [f64; 2], law: impl Fn(f64) -> f64) -> Self {
        let cells_per_unit = FINEST as f64 / (high - low);
        let inner = (1..FINEST).map(|k| law(low + k as f64 / cells_per_unit));
        Self { low, cells_per_unit, law: std::iter::once(0.0).chain(inner).chain([1.0]).collect() }
    }

    /// sup|F_N − G| of `factor` times the entries, where `g` is G, no further than `off` from F
    /// anywhere. 0 without entries.
    pub(super) fn distance(
        &self,
        entries: &[f64],
        factor: f64,
        off: f64,
        g: impl Fn(f64) -> f64,
    ) -> f64 {
        let cells = entries.len().next_power_of_two().clamp(COARSEST, FINEST);
        let stride = FINEST / cells;
        let scale = self.cells_per_unit / stride as f64;
        // Below the grid is the first cell, above it the last.
        let cell = |x: f64| (((x * factor - self.low) * scale) as usize).min(cells - 1);
        // At k + 1, to become how many are below the end k.
        let mut below = vec![0_u32; cells + 1];
        for &x in entries {
            below[cell(x) + 1] += 1;
        }
        let n = entries.len() as f64;
        let mut bound = 0.0_f64;
        for k in 1..=cells {
            below[k] += below[k - 1];
            bound = bound.max((f64::from(below[k]) / n - self.law[k * stride]).abs());
        }
        let is_wanted = |k: usize| {
            let rises = self.law[(k + 1) * stride] - f64::from(below[k]) / n;
            let falls = f64::from(below[k + 1]) / n - self.law[k * stride];
            rises.max(falls) + 2.0 * off + ROUNDING >= bound
        };
        let mut points: Vec<f64> =
            entries.iter().copied().filter(|&x| is_wanted(cell(x))).collect();
        points.sort_unstable_by(f64::total_cmp);
        let mut largest = 0.0_f64;
        for inside in points.chunk_by(|&x, &y| cell(x) == cell(y)) {
            let first = inside.first().map_or(0, |&x| below[cell(x)]);
            for (before, &x) in (first..).zip(inside) {
                let value = g(x * factor);
                let before = f64::from(before);
                largest = largest.max(value - before / n).max((before + 1.0) / n - value);
            }
        }
        largest
    }
}

#[cfg(test)]
mod tests {
    use super::super::porter_thomas::normal_cdf;
    use super::*;
    use crate::test_support::gaussian;

    /// By its definition.
    fn sorted(entries: &[f64], factor: f64, f: impl Fn(f64) -> f64) -> f64 {
        let mut entries = entries.to_vec();
        entries.sort_unstable_by(f64::total_cmp);
        let n = entries.len() as f64;
        entries.iter().enumerate().fold(0.0_f64, |largest, (i, x)| {
            let value = f(x * factor);
            largest.max(value - i as f64 / n).max((i as f64 + 1.0) / n - value)
        })
    }

    #[test]
    fn equal_to_that_of_the_sorted_sample() {
        let correction = |x: f64| -x * (x * x - 3.0) * (-0.5 * x * x).exp() / 60.0;
        let grid = Grid::new([-4.0, 4.0], normal_cdf);
        let mut checked = 0;
        for n in [1, 2, 5, 16, 59, 300, 1000, 5000] {
            for seed in 0..20 {
                let mut entries = gaussian(1, n, 1000 * n as u64 + seed);
                match seed % 5 {
                    1 => entries.iter_mut().for_each(|x| *x = (4.0 * *x).round() / 4.0),
                    2 => entries.iter_mut().for_each(|x| *x *= 20.0),
                    3 => entries.iter_mut().for_each(|x| *x = 0.25 * *x + 1.0),
                    4 => entries.iter_mut().step_by(2).for_each(|x| *x = 0.0),
                    _ => {}
                }
                for (factor, excess) in [(1.0, 0.0), (0.7, 0.3), (1.3, -0.5), (1e-3, 0.0)] {
                    let f = |x: f64| normal_cdf(x) + excess * correction(x);
                    let found = grid.distance(&entries, factor, 0.03 * excess.abs(), f);
                    assert_eq!(found, sorted(&entries, factor, f), "{n} {seed} {factor} {excess}");
                    checked += 1;
                }
            }
        }
        assert_eq!(checked, 640);
        assert_eq!(grid.distance(&[], 1.0, 0.0, normal_cdf), 0.0);
    }
}
