//! The Kolmogorov–Smirnov distance from a known law without sorting the sample.
//!
//! The sample is counted in cells. The distance at the ends of the cells is a lower bound of the
//! supremum, and in each cell it is at most that of a step from one end's value of F to the other's:
//! only in cells where that is above the lower bound, most often one or two, are the points looked at.
//! The result is that of a sorted sample to the last digit, in time linear in its size.

use super::wide::{Kernel, wide};

/// Cells of the finest grid, a power of two.
const FINEST: usize = 4096;
/// Of the coarsest one that is used.
const COARSEST: usize = 32;
/// Least cells for each entry, where there is so fine a grid: points cost more than cells.
const CELLS_TO_AN_ENTRY: usize = 2;
/// 1.5·2⁵²: doubles near it are the integers.
const INTEGERS: f64 = 6_755_399_441_055_744.0;
/// Above what rounding does to the bounds, which are taken in single precision; far below a distance.
const ROUNDING: f64 = 1e-6;

/// Sums taken side by side.
const LANES: usize = 16;

/// A law of continuous, rising distribution function F on grids of 2^k cells, the coarsest first.
pub(super) struct Grid {
    low: f64,
    high: f64,
    /// F at the ends of the cells: 0 and 1 at the outer ones.
    levels: Vec<Vec<f32>>,
}

/// Room for [`Grid::distance`], used again from one sample to the next.
#[derive(Debug, Default)]
pub(crate) struct Workspace {
    /// Of each entry.
    cells: Vec<u16>,
    /// Entries below each end of a cell.
    below: Vec<i32>,
    /// 1 for cells whose points are looked at.
    wanted: Vec<u8>,
    points: Vec<f64>,
}

impl Grid {
    /// `law` between `low` and `high`, beyond which it has next to nothing.
    pub(super) fn new([low, high]: [f64; 2], law: impl Fn(f64) -> f64) -> Self {
        let level = |cells: usize| {
            let width = (high - low) / cells as f64;
            let inner = (1..cells).map(|k| law(low + k as f64 * width));
            std::iter::once(0.0).chain(inner).chain([1.0]).map(|f| f as f32).collect()
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
        space: &mut Workspace,
        g: impl Fn(f64) -> f64,
    ) -> f64 {
        let wide_enough = |law: &&Vec<f32>| law.len() > CELLS_TO_AN_ENTRY * entries.len();
        let Some(law) = self.levels.iter().find(wide_enough).or(self.levels.last()) else {
            return f64::NAN;
        };
        let count = law.len() - 1;
        let scale = count as f64 / (self.high - self.low);
        let scaling = Scaling {
            slope: factor * scale,
            origin: self.low * scale,
            highest: (count - 1) as f64,
        };
        let n = entries.len() as f64;
        let Workspace { cells, below, wanted, points } = space;
        cells.resize(entries.len(), 0);
        wide(Cells { entries, scaling, cells });
        // At k + 1, to become how many are below the end k.
        below.clear();
        below.resize(count + 1, 0);
        for &cell in cells.iter() {
            below[usize::from(cell) + 1] += 1;
        }
        let mut sum = 0;
        for below in below.iter_mut() {
            sum += *below;
            *below = sum;
        }
        wanted.resize(count, 0);
        let slack = (n * (2.0 * off + ROUNDING)) as f32;
        wide(Selection { below, law, n: n as f32, slack, wanted });
        points.resize(entries.len(), 0.0);
        let mut found = 0;
        for (&x, &cell) in entries.iter().zip(cells.iter()) {
            // Without a branch, which could not be foretold.
            points[found] = x;
            found += usize::from(wanted[usize::from(cell)]);
        }
        let points = &mut points[..found];
        points.sort_unstable_by(f64::total_cmp);
        let (mut largest, mut last, mut before) = (0.0_f64, u16::MAX, 0);
        for &x in points.iter() {
            let cell = scaling.cell(x);
            before = if cell == last { before + 1 } else { below[usize::from(cell)] };
            last = cell;
            let value = g(x * factor);
            let (over, under) = (value - f64::from(before) / n, f64::from(before + 1) / n - value);
            let off = if over > under { over } else { under };
            largest = if off > largest { off } else { largest };
        }
        largest
    }
}

/// In which cell a number is.
#[derive(Clone, Copy)]
struct Scaling {
    slope: f64,
    origin: f64,
    highest: f64,
}

impl Scaling {
    /// Below the grid is the first cell, above it the last. Rounding to even may put a point at the very
    /// end of a cell on its other side, which changes no bound.
    #[inline(always)]
    fn cell(self, x: f64) -> u16 {
        let y = x * self.slope - self.origin - 0.5;
        let y = if y > 0.0 { y } else { 0.0 };
        let y = if y < self.highest { y } else { self.highest };
        // The low bits of a sum are the nearest integer.
        (y + INTEGERS).to_bits() as u16
    }
}

/// The cell of each entry.
struct Cells<'a> {
    entries: &'a [f64],
    scaling: Scaling,
    cells: &'a mut [u16],
}

impl Kernel for Cells<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (cell, &x) in self.cells.iter_mut().zip(self.entries) {
            *cell = self.scaling.cell(x);
        }
    }
}

/// Which cells may hold the supremum, to within `slack`.
struct Selection<'a> {
    below: &'a [i32],
    law: &'a [f32],
    n: f32,
    slack: f32,
    wanted: &'a mut [u8],
}

impl Kernel for Selection<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { below, law, n, slack, wanted } = self;
        // Largest |count − n·F| at the ends of the cells; at the last it is 0, the others fill the lanes.
        let mut lanes = [0.0_f32; LANES];
        let chunks = below.as_chunks::<LANES>().0.iter().zip(law.as_chunks::<LANES>().0);
        for (below, law) in chunks {
            for (lane, most) in lanes.iter_mut().enumerate() {
                let off = (below[lane] as f32 - n * law[lane]).abs();
                *most = if off > *most { off } else { *most };
            }
        }
        let threshold = lanes.iter().fold(0.0, |most, &x| if x > most { x } else { most }) - slack;
        // In a cell at most as far as a step from one end's value to the other's.
        let ends = below.iter().zip(&below[1..]).zip(law.iter().zip(&law[1..]));
        for (wanted, ((&before, &after), (&low, &high))) in wanted.iter_mut().zip(ends) {
            let above = after as f32 - n * low;
            let beneath = n * high - before as f32;
            *wanted = u8::from((above >= threshold) | (beneath >= threshold));
        }
    }
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
        let (mut checked, mut space) = (0, Workspace::default());
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
                    let found = grid.distance(&entries, factor, 0.03 * excess.abs(), &mut space, f);
                    assert_eq!(found, sorted(&entries, factor, f), "{n} {seed} {factor} {excess}");
                    checked += 1;
                }
            }
        }
        assert_eq!(checked, 640);
        assert_eq!(grid.distance(&[], 1.0, 0.0, &mut space, normal_cdf), 0.0);
    }
}
