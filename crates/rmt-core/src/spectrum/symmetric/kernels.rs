//! The loops of which a reduction is made, in the vector instructions that the processor has.

use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::{Accum, Mat, MatMut, MatRef, Par};
use pulp::{Arch, Simd, WithSimd};

/// Columns that are taken together, so that the other operand is read once for all of them.
const TOGETHER: usize = 4;

/// xᵀy.
pub(super) fn dot(x: &[f64], y: &[f64]) -> f64 {
    Arch::new().dispatch(Dot { x, y })
}

/// y ← y + Σₖ cₖ·aₖ over the columns aₖ of `columns` from `first`, of their rows from `row`.
pub(super) fn add_columns(
    y: &mut [f64],
    columns: &Mat<f64>,
    first: usize,
    row: usize,
    coefficients: &[f64],
) {
    for (k, coefficients) in coefficients.chunks(TOGETHER).enumerate() {
        let column = |q: usize| {
            let q = q.min(coefficients.len() - 1);
            &columns.col_as_slice(first + k * TOGETHER + q)[row..row + y.len()]
        };
        let coefficient = |q: usize| coefficients.get(q).copied().unwrap_or(0.0);
        Arch::new().dispatch(AddColumns {
            columns: [column(0), column(1), column(2), column(3)],
            coefficients: [coefficient(0), coefficient(1), coefficient(2), coefficient(3)],
            y: &mut *y,
        });
    }
}

/// y ← Ax for the symmetric matrix of which `a` has the lower triangle, from row and column `from` on.
/// The triangle is read once, for both of the products that its entries stand in.
pub(super) fn symmetric_times(a: &Mat<f64>, from: usize, x: &[f64], y: &mut [f64]) {
    Arch::new().dispatch(SymmetricTimes { a, from, x, y });
}

/// The lower triangle of a − l·rᵀ.
pub(super) fn lower_update(a: MatMut<'_, f64>, l: MatRef<'_, f64>, r: MatRef<'_, f64>) {
    triangular::matmul(
        a,
        BlockStructure::TriangularLower,
        Accum::Add,
        l,
        BlockStructure::Rectangular,
        r.transpose(),
        BlockStructure::Rectangular,
        -1.0,
        Par::Seq,
    );
}

struct Dot<'a> {
    x: &'a [f64],
    y: &'a [f64],
}

impl WithSimd for Dot<'_> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        let (x, x_tail) = S::as_simd_f64s(self.x);
        let (y, y_tail) = S::as_simd_f64s(self.y);
        let zero = simd.splat_f64s(0.0);
        let mut sums = [zero; 4];
        let (x_fours, x) = pulp::as_arrays::<4, _>(x);
        let (y_fours, y) = pulp::as_arrays::<4, _>(y);
        for (x, y) in x_fours.iter().zip(y_fours) {
            for q in 0..4 {
                sums[q] = simd.mul_add_f64s(x[q], y[q], sums[q]);
            }
        }
        for (x, y) in x.iter().zip(y) {
            sums[0] = simd.mul_add_f64s(*x, *y, sums[0]);
        }
        let (low, high) = (simd.add_f64s(sums[0], sums[1]), simd.add_f64s(sums[2], sums[3]));
        let rest: f64 = x_tail.iter().zip(y_tail).map(|(x, y)| x * y).sum();
        simd.reduce_sum_f64s(simd.add_f64s(low, high)) + rest
    }
}

struct AddColumns<'a> {
    columns: [&'a [f64]; TOGETHER],
    coefficients: [f64; TOGETHER],
    y: &'a mut [f64],
}

impl WithSimd for AddColumns<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let ([a0, a1, a2, a3], c) = (self.columns, self.coefficients);
        let (a0, a0_tail) = S::as_simd_f64s(a0);
        let (a1, a1_tail) = S::as_simd_f64s(a1);
        let (a2, a2_tail) = S::as_simd_f64s(a2);
        let (a3, a3_tail) = S::as_simd_f64s(a3);
        let (y, y_tail) = S::as_mut_simd_f64s(self.y);
        let (c0, c1) = (simd.splat_f64s(c[0]), simd.splat_f64s(c[1]));
        let (c2, c3) = (simd.splat_f64s(c[2]), simd.splat_f64s(c[3]));
        for ((((a0, a1), a2), a3), y) in a0.iter().zip(a1).zip(a2).zip(a3).zip(y) {
            let two = simd.mul_add_f64s(*a1, c1, simd.mul_add_f64s(*a0, c0, *y));
            *y = simd.mul_add_f64s(*a3, c3, simd.mul_add_f64s(*a2, c2, two));
        }
        for ((((a0, a1), a2), a3), y) in
            a0_tail.iter().zip(a1_tail).zip(a2_tail).zip(a3_tail).zip(y_tail)
        {
            *y += a0 * c[0] + a1 * c[1] + a2 * c[2] + a3 * c[3];
        }
    }
}

struct SymmetricTimes<'a> {
    a: &'a Mat<f64>,
    from: usize,
    x: &'a [f64],
    y: &'a mut [f64],
}

impl WithSimd for SymmetricTimes<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { a, from, x, y } = self;
        let n = y.len();
        // Rows from the diagonal of the first of the columns taken together.
        let column = |j: usize, row: usize| &a.col_as_slice(from + j)[from + row..from + n];
        y.fill(0.0);
        let whole = n / TOGETHER * TOGETHER;
        for j in (0..whole).step_by(TOGETHER) {
            let columns = [column(j, j), column(j + 1, j), column(j + 2, j), column(j + 3, j)];
            let c = [x[j], x[j + 1], x[j + 2], x[j + 3]];
            let (y_head, y_below) = y[j..].split_at_mut(TOGETHER);
            let (x_head, x_below) = x[j..].split_at(TOGETHER);
            // Products with x of what stands below the diagonal.
            let mut below = [0.0; TOGETHER];
            for (k, column) in columns.iter().enumerate() {
                y_head[k] += column[k] * c[k];
                for i in k + 1..TOGETHER {
                    y_head[i] += column[i] * c[k];
                    below[k] += column[i] * x_head[i];
                }
            }
            let (a0, a0_tail) = S::as_simd_f64s(&columns[0][TOGETHER..]);
            let (a1, a1_tail) = S::as_simd_f64s(&columns[1][TOGETHER..]);
            let (a2, a2_tail) = S::as_simd_f64s(&columns[2][TOGETHER..]);
            let (a3, a3_tail) = S::as_simd_f64s(&columns[3][TOGETHER..]);
            let (xs, x_tail) = S::as_simd_f64s(x_below);
            let (ys, y_tail) = S::as_mut_simd_f64s(y_below);
            let (c0, c1) = (simd.splat_f64s(c[0]), simd.splat_f64s(c[1]));
            let (c2, c3) = (simd.splat_f64s(c[2]), simd.splat_f64s(c[3]));
            let zero = simd.splat_f64s(0.0);
            let (mut s0, mut s1, mut s2, mut s3) = (zero, zero, zero, zero);
            for (((((a0, a1), a2), a3), x), y) in a0.iter().zip(a1).zip(a2).zip(a3).zip(xs).zip(ys)
            {
                let mut sum = simd.mul_add_f64s(*a0, c0, *y);
                s0 = simd.mul_add_f64s(*a0, *x, s0);
                sum = simd.mul_add_f64s(*a1, c1, sum);
                s1 = simd.mul_add_f64s(*a1, *x, s1);
                sum = simd.mul_add_f64s(*a2, c2, sum);
                s2 = simd.mul_add_f64s(*a2, *x, s2);
                sum = simd.mul_add_f64s(*a3, c3, sum);
                s3 = simd.mul_add_f64s(*a3, *x, s3);
                *y = sum;
            }
            for (k, (x, y)) in x_tail.iter().zip(y_tail).enumerate() {
                let a = [a0_tail[k], a1_tail[k], a2_tail[k], a3_tail[k]];
                for q in 0..TOGETHER {
                    *y += a[q] * c[q];
                    below[q] += a[q] * x;
                }
            }
            y_head[0] += below[0] + simd.reduce_sum_f64s(s0);
            y_head[1] += below[1] + simd.reduce_sum_f64s(s1);
            y_head[2] += below[2] + simd.reduce_sum_f64s(s2);
            y_head[3] += below[3] + simd.reduce_sum_f64s(s3);
        }
        for j in whole..n {
            let column = column(j, j);
            y[j] += column[0] * x[j];
            for (a, i) in column.iter().zip(j..n).skip(1) {
                y[i] += a * x[j];
                y[j] += a * x[i];
            }
        }
    }
}
