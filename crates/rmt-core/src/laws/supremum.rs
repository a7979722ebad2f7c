//! The Kolmogorov–Smirnov distance from a known law without sorting the sample.
//!
//! The sample is counted in cells. The distance at the ends of the cells is a lower bound of the
//! supremum, and in each cell it is at most that of a step from one end's value of F to the other's:
//! only in cells where that is above the lower bound, most often one or two, are the points looked at.
//! The result is that of a sorted sample to the last digit, in time linear in its size.

use super::moments::largest;
use pulp::Arch;

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
        let cells = Cells { slope: factor * scale, origin: self.low * scale, highest: last as f64 };
        let cell = |x: f64| cells.of(x);
        let cells: Vec<u16> =
            Arch::new().dispatch(|| entries.iter().map(|&x| cells.of(x)).collect());
        // At k + 1, to become how many are below the end k.
        let mut below = vec![0_u32; last + 2];
        for &cell in &cells {
            below[usize::from(cell) + 1] += 1;
        }
        let mut sum = 0;
        for below in &mut below {
            sum += *below;
            *below = sum;
        }
        let n = entries.len() as f64;
        let slack = n * (level.rise + 2.0 * off + ROUNDING);
        let wanted = Arch::new().dispatch(|| wanted(&below, &level.law, n, slack));
        let inside = |(_, cell): &(&f64, &u16)| wanted[usize::from(**cell)];
        let inside = entries.iter().zip(&cells).filter(inside);
        let mut points: Vec<f64> = inside.map(|(&x, _)| x).collect();
        points.sort_unstable_by(f64::total_cmp);
        let mut distance = 0.0_f64;
        for inside in points.chunk_by(|&x, &y| cell(x) == cell(y)) {
            let first = inside.first().map_or(0, |&x| below[usize::from(cell(x))]);
            for (before, &x) in (first..).zip(inside) {
                let value = g(x * factor);
                let before = f64::from(before);
                distance = distance.max(value - before / n).max((before + 1.0) / n - value);
            }
        }
        distance
    }
}

/// Where the cells of a level lie.
#[derive(Clone, Copy)]
struct Cells {
    slope: f64,
    origin: f64,
    highest: f64,
}

impl Cells {
    /// Below the grid is the first cell, above it the last. Rounding to even may put a point at the very
    /// end of a cell on its other side, which changes no bound.
    #[inline(always)]
    fn of(self, x: f64) -> u16 {
        let y = x * self.slope - self.origin - 0.5;
        let y = if y > 0.0 { y } else { 0.0 };
        let y = if y < self.highest { y } else { self.highest };
        // The low bits of a sum are the nearest integer.
        (y + INTEGERS).to_bits() as u16
    }
}

/// In which cells the supremum may be: those at whose ends the distance, times n, is within `slack` of the
/// largest; `below` are the points below each end, `law` F there.
#[inline(always)]
fn wanted(below: &[u32], law: &[f64], n: f64, slack: f64) -> Vec<bool> {
    let excess: Vec<f64> =
        below.iter().zip(law).map(|(&below, law)| f64::from(below) - n * law).collect();
    let threshold = largest(&excess) - slack;
    let (starts, ends) = (excess.iter(), excess.iter().skip(1));
    starts.zip(ends).map(|(start, end)| (-start >= threshold) | (*end >= threshold)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::normal::normal_cdf;
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
