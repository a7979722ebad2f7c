//! Reduction to band form, the first of two stages.
//!
//! A = QBQᵀ with B of so few diagonals that nearly all of the 4n³/3 operations are products of matrices: the
//! columns of a panel are reduced together, by the QR decomposition of what stands below the band, whose
//! reflections I − V·S⁻¹·Vᵀ are applied from both sides as A − VWᵀ − WVᵀ with W = Y − ½·V(S⁻ᵀVᵀY),
//! Y = AVS⁻¹.
//!
//! Source: Bischof, Lang & Sun, ACM Trans. Math. Softw. 26, 581 (2000); Grimes & Simon (1988).

use super::kernels::lower_update;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::matmul::matmul;
use faer::linalg::qr::no_pivoting::factor::{qr_in_place, qr_in_place_scratch};
use faer::linalg::triangular_solve::solve_lower_triangular_in_place;
use faer::prelude::IntoConst;
use faer::{Accum, Mat, MatMut, MatRef, Par, Spec};

/// Diagonals of the band below the main one: more make the first stage faster and the second one slower
/// (measured at 2048 and 4096: 24 to 64).
pub(super) const BAND: usize = 32;

/// Side of the tiles by which the symmetric matrix is multiplied: read once for both of their products.
const TILE: usize = 128;

/// The band matrix that the lower triangle of `a` is reduced to, in the diagonal and the `BAND` diagonals below it.
pub(super) fn banded(mut a: Mat<f64>) -> Mat<f64> {
    let n = a.nrows();
    let mut square = Mat::zeros(TILE.min(n), TILE.min(n));
    // V and W side by side, and in the other order.
    let mut vw = Mat::zeros(n, 2 * BAND);
    let mut wv = Mat::zeros(n, 2 * BAND);
    for panel in panels(n) {
        let (row, rows) = (panel + BAND, n - panel - BAND);
        let width = BAND.min(rows);
        let mut factor = Mat::zeros(width, width);
        let scratch = qr_in_place_scratch::<f64>(rows, BAND, width, Par::Seq, Spec::default());
        qr_in_place(
            a.as_mut().submatrix_mut(row, panel, rows, BAND),
            factor.as_mut(),
            Par::Seq,
            MemStack::new(&mut MemBuffer::new(scratch)),
            Spec::default(),
        );
        for k in 0..width {
            let below = &a.col_as_slice(panel + k)[row + k + 1..];
            let v = &mut vw.col_as_slice_mut(k)[..rows];
            v[..k].fill(0.0);
            v[k] = 1.0;
            v[k + 1..].copy_from_slice(below);
            wv.col_as_slice_mut(width + k)[..rows].copy_from_slice(v);
        }
        let (v, mut w) = vw.as_mut().submatrix_mut(0, 0, rows, 2 * width).split_at_col_mut(width);
        let v = v.into_const();
        symmetric_times(a.as_ref().submatrix(row, row, rows, rows), v, w.as_mut(), &mut square);
        // Y = AVS⁻¹, by Sᵀ·Yᵀ = (AV)ᵀ.
        let transposed = factor.transpose();
        solve_lower_triangular_in_place(transposed, w.as_mut().transpose_mut(), Par::Seq);
        let mut along = Mat::zeros(width, width);
        matmul(&mut along, Accum::Replace, v.transpose(), w.as_ref(), 1.0, Par::Seq);
        solve_lower_triangular_in_place(transposed, along.as_mut(), Par::Seq);
        matmul(w.as_mut(), Accum::Add, v, along.as_ref(), -0.5, Par::Seq);
        wv.as_mut().submatrix_mut(0, 0, rows, width).copy_from(w);
        lower_update(
            a.as_mut().submatrix_mut(row, row, rows, rows),
            vw.as_ref().submatrix(0, 0, rows, 2 * width),
            wv.as_ref().submatrix(0, 0, rows, 2 * width),
        );
    }
    a
}

/// First columns of the panels that have something below the band.
fn panels(n: usize) -> impl Iterator<Item = usize> {
    (0..n).step_by(BAND).take_while(move |panel| panel + BAND + 1 < n)
}

/// y ← Av from the lower triangle of A.
fn symmetric_times(
    a: MatRef<'_, f64>,
    v: MatRef<'_, f64>,
    mut y: MatMut<'_, f64>,
    square: &mut Mat<f64>,
) {
    let n = a.nrows();
    y.fill(0.0);
    for j in (0..n).step_by(TILE) {
        let w = TILE.min(n - j);
        for c in 0..w {
            for r in c..w {
                square[(r, c)] = a[(j + r, j + c)];
                square[(c, r)] = a[(j + r, j + c)];
            }
        }
        let square = square.as_ref().submatrix(0, 0, w, w);
        let mut add = |to: usize, tile: MatRef<'_, f64>, from: usize| {
            let (to, from) =
                (y.as_mut().subrows_mut(to, tile.nrows()), v.subrows(from, tile.ncols()));
            matmul(to, Accum::Add, tile, from, 1.0, Par::Seq);
        };
        add(j, square, j);
        for i in (j + w..n).step_by(TILE) {
            let tile = a.submatrix(i, j, TILE.min(n - i), w);
            add(i, tile, j);
            add(j, tile.transpose(), i);
        }
    }
}
