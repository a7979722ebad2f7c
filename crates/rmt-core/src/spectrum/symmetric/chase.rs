//! Reduction of a band matrix to tridiagonal form, the second of two stages.
//!
//! A sweep for each column: a reflection of `BAND` rows leaves one entry below its diagonal; what that
//! fills in further down, the bulge, is chased off the matrix by further reflections, of which each makes
//! one column of the bulge zero and leaves the rest to the next sweeps. 6n²·BAND operations, on blocks that
//! stay in the first cache: sweeps that follow each other are done side by side, two blocks apart.
//!
//! Source: Murata & Horikoshi (1975); Bischof, Lang & Sun, ACM Trans. Math. Softw. 26, 581 (2000);
//! Haidar, Ltaief & Dongarra, SC '11, for the order of the steps.

use super::band::BAND;
use super::tridiagonal::Tridiagonal;
use faer::Mat;
use pulp::{Arch, Simd, WithSimd};

/// Sweeps that are done side by side.
const SWEEPS: usize = 8;

/// Entries kept of a column, from its diagonal down: the band and the bulge.
const DEPTH: usize = 2 * BAND;

/// The entries of a column on and below the diagonal lie together. Zeros follow after the last row and
/// column, so that every block is whole.
struct Packed {
    entries: Vec<f64>,
    n: usize,
}

/// I − τ·vvᵀ on `BAND` rows, v₀ = 1.
#[derive(Clone, Copy)]
struct Reflection {
    v: [f64; BAND],
    tau: f64,
}

const NONE: Reflection = Reflection { v: [0.0; BAND], tau: 0.0 };

/// T of the band matrix in the lower triangle of `band`.
pub(super) fn tridiagonal(band: &Mat<f64>) -> Tridiagonal {
    let mut packed = Packed::new(band);
    let n = packed.n;
    let arch = Arch::new();
    // The last row has nothing below it, the one before only what stays.
    for first in (0..n.saturating_sub(1)).step_by(SWEEPS) {
        let sweeps = SWEEPS.min(n - 1 - first);
        let mut reflections = [NONE; SWEEPS];
        let steps = (n - 1 - first).div_ceil(BAND);
        for time in 0..steps + 2 * (sweeps - 1) {
            for (k, reflection) in reflections.iter_mut().enumerate().take(sweeps) {
                let (sweep, Some(step)) = (first + k, time.checked_sub(2 * k)) else { break };
                if sweep + 1 + step * BAND < n {
                    arch.dispatch(Step { packed: &mut packed, sweep, step, reflection });
                }
            }
        }
    }
    packed.tridiagonal()
}

impl Packed {
    fn new(band: &Mat<f64>) -> Self {
        let n = band.nrows();
        let mut entries = vec![0.0; (n + 2 * BAND) * DEPTH];
        for j in 0..n {
            let to = n.min(j + BAND + 1);
            entries[j * DEPTH..][..to - j].copy_from_slice(&band.col_as_slice(j)[j..to]);
        }
        Self { entries, n }
    }

    /// `BAND` entries of a column from a row on.
    #[inline(always)]
    fn column(&mut self, row: usize, column: usize) -> &mut [f64] {
        &mut self.entries[column * DEPTH + row - column..][..BAND]
    }

    fn tridiagonal(&self) -> Tridiagonal {
        let mut result = Tridiagonal::zeros(self.n);
        for j in 0..self.n {
            result.diagonal[j] = self.entries[j * DEPTH];
            if let Some(off_diagonal) = result.off_diagonal.get_mut(j) {
                *off_diagonal = self.entries[j * DEPTH + 1];
            }
        }
        result
    }
}

/// One step of a sweep, with the reflection of the step before and then of this one.
struct Step<'a> {
    packed: &'a mut Packed,
    sweep: usize,
    step: usize,
    reflection: &'a mut Reflection,
}

impl WithSimd for Step<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { packed, sweep, step, reflection } = self;
        let row = sweep + 1 + step * BAND;
        if step == 0 {
            *reflection = Reflection::of(simd, packed.column(row, sweep));
        } else {
            *reflection = bulge(simd, packed, row, reflection);
        }
        both_sides(simd, packed, row, reflection);
    }
}

/// The block left of the diagonal one: the reflection before from the right, then, from the left, the one
/// that leaves a single entry of its first column.
#[inline(always)]
fn bulge<S: Simd>(simd: S, packed: &mut Packed, row: usize, before: &Reflection) -> Reflection {
    let column = row - BAND;
    let mut u = [0.0; BAND];
    for (j, v) in before.v.iter().enumerate() {
        add(simd, &mut u, before.tau * v, packed.column(row, column + j));
    }
    let first = packed.column(row, column);
    add(simd, first, -before.v[0], &u);
    let reflection = Reflection::of(simd, first);
    for (j, v) in before.v.iter().enumerate().skip(1) {
        let entries = packed.column(row, column + j);
        add(simd, entries, -v, &u);
        let along = dot(simd, &reflection.v, entries);
        add(simd, entries, -reflection.tau * along, &reflection.v);
    }
    reflection
}

/// The diagonal block D, lower triangle: D − vwᵀ − wvᵀ.
#[inline(always)]
fn both_sides<S: Simd>(simd: S, packed: &mut Packed, row: usize, reflection: &Reflection) {
    // Zeros follow, so that what a column has below the block does not count.
    let mut v = [0.0; DEPTH];
    v[..BAND].copy_from_slice(&reflection.v);
    let mut w = [0.0; DEPTH];
    for j in 0..BAND {
        let column = packed.column(row + j, row + j);
        let (diagonal, below) = (column[0] * v[j], dot(simd, column, &v[j..j + BAND]));
        add(simd, &mut w[j..j + BAND], v[j], column);
        // The diagonal entry was in both.
        w[j] += below - diagonal;
    }
    let tau = reflection.tau;
    w[..BAND].iter_mut().for_each(|x| *x *= tau);
    w[BAND..].fill(0.0);
    let along = -0.5 * tau * dot(simd, &w[..BAND], &reflection.v);
    add(simd, &mut w[..BAND], along, &reflection.v);
    for j in 0..BAND {
        let column = packed.column(row + j, row + j);
        add(simd, column, -w[j], &v[j..j + BAND]);
        add(simd, column, -v[j], &w[j..j + BAND]);
    }
}

impl Reflection {
    /// Of x, which becomes β·e₁ (as in `one_stage`).
    #[inline(always)]
    fn of<S: Simd>(simd: S, x: &mut [f64]) -> Self {
        let alpha = x[0];
        let mut v = [0.0; BAND];
        v[1..].copy_from_slice(&x[1..]);
        x[1..].fill(0.0);
        let tail = dot(simd, &v, &v);
        if tail == 0.0 {
            v = [0.0; BAND];
            v[0] = 1.0;
            return Self { v, tau: 0.0 };
        }
        let beta = -(alpha * alpha + tail).sqrt().copysign(alpha);
        let scale = 1.0 / (alpha - beta);
        v.iter_mut().for_each(|x| *x *= scale);
        v[0] = 1.0;
        x[0] = beta;
        Self { v, tau: (beta - alpha) / beta }
    }
}

/// xᵀy, of as many entries as whole vectors of the processor hold: all `BAND`.
#[inline(always)]
fn dot<S: Simd>(simd: S, x: &[f64], y: &[f64]) -> f64 {
    let (x, y) = (S::as_simd_f64s(x).0, S::as_simd_f64s(y).0);
    let zero = simd.splat_f64s(0.0);
    let (mut even, mut odd) = (zero, zero);
    let (x_pairs, x_last) = pulp::as_arrays::<2, _>(x);
    let (y_pairs, y_last) = pulp::as_arrays::<2, _>(y);
    for (x, y) in x_pairs.iter().zip(y_pairs) {
        even = simd.mul_add_f64s(x[0], y[0], even);
        odd = simd.mul_add_f64s(x[1], y[1], odd);
    }
    for (x, y) in x_last.iter().zip(y_last) {
        even = simd.mul_add_f64s(*x, *y, even);
    }
    simd.reduce_sum_f64s(simd.add_f64s(even, odd))
}

/// y ← y + c·x, of as many entries.
#[inline(always)]
fn add<S: Simd>(simd: S, y: &mut [f64], c: f64, x: &[f64]) {
    let c = simd.splat_f64s(c);
    let (y, x) = (S::as_mut_simd_f64s(y).0, S::as_simd_f64s(x).0);
    for (y, x) in y.iter_mut().zip(x) {
        *y = simd.mul_add_f64s(c, *x, *y);
    }
}
