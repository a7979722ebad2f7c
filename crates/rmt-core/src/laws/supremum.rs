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
/// 1.5·2⁵²: doubles near it are the integers.
const INTEGERS: f64 = 6_755_399_441_055_744.0;
/// Far above what rounding does to the bounds, far below a distance.
const ROUNDING: f64 = 1e-12;

/// A law of continuous, rising distribution function F on grids of 2^k cells, the coarsest first.
pub(super) struct Grid {
    low: f64,
    high: f64,
    levels: Vec<Level>,
}

/// One grid.
struct Level {
    /// F at the ends of the cells: 0 and 1 at the outer ones.
    law: Vec<f64>,
    /// The largest difference across a cell.
    rise: f64,
}

impl Grid {
    /// `law` between `low` and `high`, beyond which it has next to nothing.
    pub(super) fn new([low, high]: [f64; 2], law: impl Fn(f64) -> f64) -> Self {
        let level = |cells: usize| {
            let width = (high - low) / cells as f64;
            let inner = (1..cells).map(|k| law(low + k as f64 * width));
            let law: Vec<f64> = std::iter::once(0.0).chain(inner).chain([1.0]).collect();
            let rise = law.windows(2).fold(0.0_f64, |most, ends| most.max(ends[1] - ends[0]));
            Level { law, rise }
        };
        let sizes = std::iter::successors(Some(COARSEST), |cells| Some(2 * cells));
        Self { low, high, levels: sizes.take_while(|&cells| cells <= FINEST).map(level).collect() }
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
        let wide_enough = |level: &&Level| level.law.len() > entries.len();
        let Some(level) = self.levels.iter().find(wide_enough).or(self.levels.last()) else {
            return f64::NAN;
        };
        let last = level.law.len() - 2;
        let scale = (last + 1) as f64 / (self.high - self.low);
        let (slope, origin) = (factor * scale, self.low * scale);
        let highest = last as f64;
        // Below the grid is the first cell, above it the last. Rounding to even may put a point at the
        // very end of a cell on its other side, which changes no bound.
        let cell = |x: f64| {
            let y = x * slope - origin - 0.5;
            let y = if y > 0.0 { y } else { 0.0 };
            let y = if y < highest { y } else { highest };
            // The low bits of a sum are the nearest integer.
            (y + INTEGERS).to_bits() as u16
        };
        let cells: Vec<u16> = entries.iter().map(|&x| cell(x)).collect();
        // At k + 1, to become how many are below the end k.
        let mut below = vec![0_u32; last + 2];
        for &cell in &cells {
            below[usize::from(cell) + 1] += 1;
        }
        let n = entries.len() as f64;
        let mut sum = 0;
        let mut bound = 0.0_f64;
        let mut excess = Vec::with_capacity(last + 2);
        for (below, law) in below.iter_mut().zip(&level.law) {
            sum += *below;
            *below = sum;
            let above_law = f64::from(sum) - n * law;
            bound = bound.max(above_law.abs());
            excess.push(above_law);
        }
        let threshold = bound - n * (level.rise + 2.0 * off + ROUNDING);
        let wanted: Vec<bool> =
            excess.windows(2).map(|ends| (-ends[0]).max(ends[1]) >= threshold).collect();
        let inside = |(_, cell): &(&f64, &u16)| wanted[usize::from(**cell)];
        let inside = entries.iter().zip(&cells).filter(inside);
        let mut points: Vec<f64> = inside.map(|(&x, _)| x).collect();
        points.sort_unstable_by(f64::total_cmp);
        let mut largest = 0.0_f64;
        for inside in points.chunk_by(|&x, &y| cell(x) == cell(y)) {
            let first = inside.first().map_or(0, |&x| below[usize::from(cell(x))]);
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
