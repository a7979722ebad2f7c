//! Reduction to tridiagonal form in one stage.
//!
//! A reflection for each column, Hₖ = I − τₖ·vₖvₖᵀ, so that T = QᵀAQ with Q = H₁H₂…; the matrix itself is
//! changed only once for a panel of columns, A ← A − VWᵀ − WVᵀ, until when a column is brought up to date
//! alone. Half of the 4n³/3 operations are that product of matrices; the other half are the product of the
//! matrix with each v, whose speed is that of memory.
//!
//! Source: Dongarra, Hammarling & Sorensen, J. Comput. Appl. Math. 27, 215 (1989).

use super::kernels::{add_columns, dot, lower_update, symmetric_times};
use super::tridiagonal::Tridiagonal;
use faer::linalg::householder::upgrade_householder_factor;
use faer::linalg::qr::no_pivoting::factor::recommended_block_size;
use faer::{Mat, Par};

/// Columns after which the matrix is brought up to date.
const PANEL: usize = 32;

/// The reflections that reduced a matrix, to be applied to the vectors of the tridiagonal one.
pub(super) struct Reflections {
    /// vₖ in column k from row k + 1 on, below the diagonal; its first entry is 1.
    pub(super) vectors: Mat<f64>,
    /// Of blocks of them: upper triangles S with H₁H₂… = I − V·S⁻¹·Vᵀ.
    pub(super) factors: Mat<f64>,
}

/// T and the reflections, from the lower triangle of `a`.
pub(super) fn reduced(mut a: Mat<f64>) -> (Tridiagonal, Reflections) {
    let n = a.nrows();
    let mut result = Tridiagonal::zeros(n);
    let mut taus = vec![0.0; n.saturating_sub(1)];
    // The panel's V and W side by side, and in the other order.
    let mut vw = Mat::<f64>::zeros(n, 2 * PANEL);
    let mut wv = Mat::zeros(n, 2 * PANEL);
    let mut w = vec![0.0; n];
    for from in (0..n).step_by(PANEL) {
        let width = PANEL.min(n - from);
        for k in 0..width {
            let c = from + k;
            let column = &mut a.col_as_slice_mut(c)[c..];
            let minus_row =
                |first: usize| -> Vec<f64> { (first..first + k).map(|j| -vw[(c, j)]).collect() };
            add_columns(column, &vw, 0, c, &minus_row(PANEL));
            add_columns(column, &vw, PANEL, c, &minus_row(0));
            result.diagonal[c] = column[0];
            let Some(below) = column.get_mut(1..).filter(|below| !below.is_empty()) else { break };
            let (beta, tau) = reflection(below);
            result.off_diagonal[c] = beta;
            taus[c] = tau;
            let row = c + 1;
            vw.col_as_slice_mut(k)[row..].copy_from_slice(below);
            let v: &[f64] = &vw.col_as_slice(k)[row..];
            let w = &mut w[row..];
            symmetric_times(&a, row, v, w);
            let products = |first: usize| -> Vec<f64> {
                (first..first + k).map(|j| -dot(v, &vw.col_as_slice(j)[row..])).collect()
            };
            let (with_v, with_w) = (products(0), products(PANEL));
            add_columns(w, &vw, 0, row, &with_w);
            add_columns(w, &vw, PANEL, row, &with_v);
            w.iter_mut().for_each(|x| *x *= tau);
            let along = -0.5 * tau * dot(w, v);
            w.iter_mut().zip(v).for_each(|(x, v)| *x += along * v);
            vw.col_as_slice_mut(PANEL + k)[row..].copy_from_slice(w);
        }
        let next = from + width;
        for k in 0..width {
            wv.col_as_slice_mut(k)[next..].copy_from_slice(&vw.col_as_slice(PANEL + k)[next..]);
            wv.col_as_slice_mut(PANEL + k)[next..].copy_from_slice(&vw.col_as_slice(k)[next..]);
        }
        let rest = n - next;
        lower_update(
            a.as_mut().submatrix_mut(next, next, rest, rest),
            vw.as_ref().subrows(next, rest),
            wv.as_ref().subrows(next, rest),
        );
    }
    let factors = block_factors(&a, &taus);
    (result, Reflections { vectors: a, factors })
}

/// Turns x into v with v₀ = 1, so that (I − τ·vvᵀ)x = β·e₁; β and τ (Golub & Van Loan, §5.1). τ = 0 where
/// x is that already. Squares that underflow count as zero: the caller scales.
pub(super) fn reflection(x: &mut [f64]) -> (f64, f64) {
    let alpha = x[0];
    let tail = dot(&x[1..], &x[1..]);
    x[0] = 1.0;
    if tail == 0.0 {
        x[1..].fill(0.0);
        return (alpha, 0.0);
    }
    let beta = -(alpha * alpha + tail).sqrt().copysign(alpha);
    let scale = 1.0 / (alpha - beta);
    x[1..].iter_mut().for_each(|x| *x *= scale);
    (beta, (beta - alpha) / beta)
}

fn block_factors(vectors: &Mat<f64>, taus: &[f64]) -> Mat<f64> {
    let (n, count) = (vectors.nrows(), taus.len());
    let block = recommended_block_size::<f64>(n, n);
    let mut factors = Mat::zeros(block, count);
    for from in (0..count).step_by(block) {
        let width = block.min(count - from);
        let mut factor = factors.as_mut().submatrix_mut(0, from, width, width);
        for k in 0..width {
            factor[(k, k)] = 1.0 / taus[from + k];
        }
        let vectors = vectors.as_ref().submatrix(from + 1, from, count - from, width);
        upgrade_householder_factor(factor, vectors, width, 1, Par::Seq);
    }
    factors
}
