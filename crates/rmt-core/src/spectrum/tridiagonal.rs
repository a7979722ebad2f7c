//! Eigenvalues of symmetric tridiagonal matrices, for the simulation of nulls.
//!
//! Several matrices are taken side by side, one in each lane of the processor's vectors: each row of a
//! sweep waits for divisions of the row before, so that one matrix alone leaves the processor idle.

use std::ops::Range;

/// Sweeps allowed for one eigenvalue; two are usual.
const MAX_SWEEPS: usize = 60;

/// Leaves in `d` the eigenvalues, in no order, of `L` symmetric tridiagonal matrices of one size: row i
/// of all is `d[i]`, and `e2[i]` the SQUARED entries that couple it to row i + 1 (the last is not looked
/// at; `e2` is lost). Each is bit for bit what it is alone.
///
/// The rational QL algorithm (Reinsch 1973, Algorithm 464): square-root free, O(m²), absolute error
/// a few ε·‖T‖. Returns `false` when it did not converge (never seen for finite input).
pub(crate) fn eigenvalues<const L: usize>(d: &mut [[f64; L]], e2: &mut [[f64; L]]) -> bool {
    pulp::Arch::new().dispatch(Solve { d, e2 })
}

struct Solve<'a, const L: usize> {
    d: &'a mut [[f64; L]],
    e2: &'a mut [[f64; L]],
}

impl<const L: usize> pulp::WithSimd for Solve<'_, L> {
    type Output = bool;

    /// The loops over lanes become vector instructions by being compiled for the ones that are there.
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) -> bool {
        let Self { d, e2 } = self;
        let Some(last) = d.len().checked_sub(1) else { return true };
        // So that a split is always found.
        e2[last] = [0.0; L];
        let mut lanes = [Lane::default(); L];
        for (k, lane) in lanes.iter_mut().enumerate() {
            lane.next_block(k, d, e2);
        }
        while lanes.iter().any(|lane| lane.first < d.len()) {
            if !sweep(d, e2, &mut lanes) {
                return false;
            }
        }
        true
    }
}

/// How far one matrix has come: the block from row `first` to row `last` is being swept.
#[derive(Debug, Clone, Copy, Default)]
struct Lane {
    first: usize,
    last: usize,
    sweeps: usize,
    shift: f64,
    scale: f64,
    tiny: f64,
    tiny_squared: f64,
}

impl Lane {
    /// From row `first` on, the next block of more than one row; `first` is the number of rows where
    /// there is none.
    #[inline(always)]
    fn next_block<const L: usize>(&mut self, k: usize, d: &mut [[f64; L]], e2: &[[f64; L]]) {
        while self.first < d.len() {
            let size = d[self.first][k].abs() + e2[self.first][k].sqrt();
            if self.scale <= size {
                self.scale = size;
                self.tiny = f64::EPSILON * size;
                self.tiny_squared = self.tiny * self.tiny;
            }
            let split = (self.first..d.len()).find(|&i| e2[i][k] <= self.tiny_squared);
            self.last = split.unwrap_or(d.len() - 1);
            if self.last > self.first {
                self.sweeps = 0;
                return;
            }
            d[self.first][k] += self.shift;
            self.first += 1;
        }
    }

    /// Shifts by an eigenvalue of the leading 2×2 block all but the first row and those that a sweep
    /// shifts as it comes to them. Returns what they are shifted by.
    #[inline(always)]
    fn begin<const L: usize>(&mut self, k: usize, d: &mut [[f64; L]], e2: &[[f64; L]]) -> f64 {
        self.sweeps += 1;
        let off_diagonal = e2[self.first][k].sqrt();
        let head = d[self.first][k];
        let p = (d[self.first + 1][k] - head) / (2.0 * off_diagonal);
        let shifted = off_diagonal / (p + p.hypot(1.0).copysign(p));
        let by = head - shifted;
        d[self.first][k] = shifted;
        self.shift += by;
        d[self.last..].iter_mut().for_each(|x| x[k] -= by);
        by
    }

    /// After a sweep: goes on to the next block where the first eigenvalue of this one is there.
    #[inline(always)]
    fn end<const L: usize>(
        &mut self,
        k: usize,
        d: &mut [[f64; L]],
        e2: &mut [[f64; L]],
        turn: Turn,
    ) {
        let coupling = turn.s * turn.g * turn.h;
        e2[self.first][k] = coupling;
        d[self.first][k] = turn.h;
        if turn.h == 0.0 || coupling.abs() <= self.tiny_squared {
            d[self.first][k] += self.shift;
            self.first += 1;
            self.sweeps = 0;
            self.next_block(k, d, e2);
        }
    }
}

/// What one row of a sweep hands to the row above.
#[derive(Debug, Clone, Copy, Default)]
struct Turn {
    g: f64,
    h: f64,
    s: f64,
}

impl Turn {
    #[inline(always)]
    fn new(last: f64, tiny: f64) -> Self {
        let g = nonzero(last, tiny);
        Self { g, h: g, s: 0.0 }
    }

    /// A row with entries `d` and `e2`: what it hands on, and what those of the row below become.
    #[inline(always)]
    fn row(self, d: f64, e2: f64, tiny: f64) -> (Self, f64, f64) {
        let p = self.g * self.h;
        let r = p + e2;
        let s = e2 / r;
        let g = nonzero(d - e2 / self.g, tiny);
        (Self { g, h: g * p / r, s }, self.h + s * (self.h + d), self.s * r)
    }
}

#[inline(always)]
fn nonzero(g: f64, tiny: f64) -> f64 {
    if g == 0.0 { tiny } else { g }
}

/// One sweep of each lane that is not done, from the last row of its block up to the first. `false` where
/// a lane has had all that it is allowed.
#[inline(always)]
fn sweep<const L: usize>(d: &mut [[f64; L]], e2: &mut [[f64; L]], lanes: &mut [Lane; L]) -> bool {
    let rows = d.len();
    if lanes.iter().any(|lane| lane.first < rows && lane.sweeps == MAX_SWEEPS) {
        return false;
    }
    let (mut turns, mut by) = ([Turn::default(); L], [0.0; L]);
    for (k, lane) in lanes.iter_mut().enumerate().filter(|(_, lane)| lane.first < rows) {
        by[k] = lane.begin(k, d, e2);
        turns[k] = Turn::new(d[lane.last][k], lane.tiny);
    }
    // The rows that all sweep, but for their first ones, which are shifted already.
    let from = lanes.iter().map(|lane| lane.first + 1).max().unwrap_or(0);
    let to = lanes.iter().map(|lane| lane.last).min().unwrap_or(0);
    let (from, to) = if from < to { (from, to) } else { (0, 0) };
    for (k, lane) in lanes.iter().enumerate().filter(|(_, lane)| lane.first < rows) {
        let above = to.max(lane.first + 1)..lane.last;
        turns[k] = alone(d, e2, k, above, by[k], lane.tiny, turns[k]);
    }
    together(d, e2, from..to, by, lanes.map(|lane| lane.tiny), &mut turns);
    for (k, lane) in lanes.iter_mut().enumerate().filter(|(_, lane)| lane.first < rows) {
        let below = lane.first + 1..from;
        let turn = alone(d, e2, k, below, by[k], lane.tiny, turns[k]);
        let turn = alone(d, e2, k, lane.first..lane.first + 1, 0.0, lane.tiny, turn);
        lane.end(k, d, e2, turn);
    }
    true
}

/// Sweeps these rows of one lane, shifted by `by`.
#[inline(always)]
fn alone<const L: usize>(
    d: &mut [[f64; L]],
    e2: &mut [[f64; L]],
    k: usize,
    rows: Range<usize>,
    by: f64,
    tiny: f64,
    mut turn: Turn,
) -> Turn {
    for i in rows.rev() {
        (turn, d[i + 1][k], e2[i + 1][k]) = turn.row(d[i][k] - by, e2[i][k], tiny);
    }
    turn
}

/// Sweeps these rows of all lanes.
#[inline(always)]
fn together<const L: usize>(
    d: &mut [[f64; L]],
    e2: &mut [[f64; L]],
    rows: Range<usize>,
    by: [f64; L],
    tiny: [f64; L],
    turns: &mut [Turn; L],
) {
    let (mut g, mut h, mut s) = (turns.map(|t| t.g), turns.map(|t| t.h), turns.map(|t| t.s));
    for i in rows.rev() {
        let (row, couplings) = (d[i], e2[i]);
        let (mut below, mut below_couplings) = ([0.0; L], [0.0; L]);
        for k in 0..L {
            let turn = Turn { g: g[k], h: h[k], s: s[k] };
            let (turn, x, y) = turn.row(row[k] - by[k], couplings[k], tiny[k]);
            (g[k], h[k], s[k]) = (turn.g, turn.h, turn.s);
            (below[k], below_couplings[k]) = (x, y);
        }
        (d[i + 1], e2[i + 1]) = (below, below_couplings);
    }
    for (k, turn) in turns.iter_mut().enumerate() {
        *turn = Turn { g: g[k], h: h[k], s: s[k] };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_distr::{Distribution, StandardNormal};
    use rand_xoshiro::Xoshiro256PlusPlus;

    /// Those of one matrix, ascending.
    fn of(d: &[f64], e2: &[f64]) -> Vec<f64> {
        let mut d: Vec<[f64; 1]> = d.iter().map(|&x| [x]).collect();
        let mut e2: Vec<[f64; 1]> = e2.iter().chain(&[0.0]).map(|&x| [x]).collect();
        assert!(eigenvalues(&mut d, &mut e2));
        let mut values = d.into_flattened();
        values.sort_by(f64::total_cmp);
        values
    }

    #[test]
    fn second_difference_matrix_in_closed_form() {
        // Eigenvalues of tridiag(−1, 2, −1): 4 sin²(kπ / (2(n+1))).
        for n in [1_usize, 2, 3, 10, 257] {
            for (k, found) in of(&vec![2.0; n], &vec![1.0; n - 1]).into_iter().enumerate() {
                let angle = (k + 1) as f64 * std::f64::consts::PI / (2.0 * (n + 1) as f64);
                let expected = 4.0 * angle.sin().powi(2);
                assert!((found - expected).abs() < 1e-13, "n={n} k={k}: {found} {expected}");
            }
        }
    }

    #[test]
    fn zeros_and_splits() {
        assert_eq!(of(&[3.0, 1.0, 2.0, 0.0], &[0.0; 3]), [0.0, 1.0, 2.0, 3.0]);
        assert_eq!(of(&[0.0; 5], &[0.0; 4]), [0.0; 5]);
        // [[0,1],[1,0]] ⊕ [5]
        for (found, expected) in of(&[0.0, 0.0, 5.0], &[1.0, 0.0]).iter().zip([-1.0, 1.0, 5.0]) {
            assert!((found - expected).abs() < 1e-15);
        }
        assert!(eigenvalues::<4>(&mut [], &mut []));
    }

    #[test]
    fn side_by_side_each_is_what_it_is_alone() {
        const LANES: usize = 5;
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(4);
        for n in [1, 2, 3, 7, 40, 200] {
            let mut row = |i: usize| {
                let mut entries: [f64; LANES] =
                    std::array::from_fn(|_| StandardNormal.sample(&mut rng));
                // One that splits, one that is diagonal, one of zeros.
                entries[1] *= f64::from(u8::from(i % 9 != 3));
                entries[2] *= f64::from(u8::from(i < n));
                entries[3] = 0.0;
                entries
            };
            let d: Vec<[f64; LANES]> = (0..n).map(&mut row).collect();
            let e2: Vec<[f64; LANES]> = (n..2 * n).map(row).map(|e| e.map(|x| x * x)).collect();
            let (mut found, mut lost) = (d.clone(), e2.clone());
            assert!(eigenvalues(&mut found, &mut lost));
            for k in 0..LANES {
                let lane =
                    |rows: &[[f64; LANES]]| rows.iter().map(|row| row[k]).collect::<Vec<f64>>();
                let mut found = lane(&found);
                found.sort_by(f64::total_cmp);
                assert_eq!(found, of(&lane(&d), &lane(&e2)[..n - 1]), "{k} of {n}");
            }
        }
    }
}
