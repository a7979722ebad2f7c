//! Both ends of a spectrum by block Krylov iteration.

use crate::spectrum::{Decomposition, Householder, eigen};
use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatMut, MatRef, Par};
use rand::SeedableRng;
use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;

/// Vectors that are wanted of each end.
#[derive(Clone, Copy)]
pub(crate) struct Wanted {
    pub(crate) leading: usize,
    pub(crate) trailing: usize,
}

/// (W₀W₀ᵀ)⁻¹ of an earlier W₀, near enough to point out of what is left of an equation to its solution (the
/// preconditioner of Knyazev, SIAM J. Sci. Comput. 23, 517 (2001)). Single precision is enough for that.
#[derive(Debug, Clone)]
pub(crate) struct Inverse {
    vectors: Mat<f32>,
    values: Vec<f64>,
}

impl Inverse {
    pub(crate) fn new(decomposition: &Decomposition) -> Self {
        let m = decomposition.singular_values.len();
        let mut vectors = Mat::zeros(m, m);
        for k in 0..m {
            let column = vectors.col_as_slice_mut(k).iter_mut();
            column.zip(decomposition.small_vector(k)).for_each(|(x, u)| *x = u as f32);
        }
        let largest = decomposition.singular_values.first().copied().unwrap_or(0.0);
        // Nothing is blown up without bound.
        let least = largest * 1e-6;
        let values = decomposition.singular_values.iter();
        Self { vectors, values: values.map(|nu| (largest / nu.max(least)).powi(2)).collect() }
    }

    /// x ← (W₀W₀ᵀ)⁻¹x, up to a factor.
    fn apply(&self, x: MatMut<'_, f64>) {
        let m = self.values.len();
        let vectors = Mat::from_fn(m, m, |i, k| f64::from(self.vectors[(i, k)]));
        let mut along = Mat::<f64>::zeros(m, x.ncols());
        matmul(&mut along, Accum::Replace, vectors.transpose(), x.as_ref(), 1.0, Par::Seq);
        for j in 0..along.ncols() {
            along.col_as_slice_mut(j).iter_mut().zip(&self.values).for_each(|(x, w)| *x *= w);
        }
        matmul(x, Accum::Replace, vectors.as_ref(), along.as_ref(), 1.0, Par::Seq);
    }
}

/// Ritz values and vectors of an end, in the order of the singular values, descending.
pub(crate) struct End {
    pub(crate) values: Vec<f64>,
    pub(crate) vectors: Mat<f64>,
    /// ‖WWᵀu − ν²u‖/(2ν²): to first order, at most the relative error of ν.
    pub(crate) errors: Vec<f64>,
}

/// Both.
pub(crate) struct Ends {
    pub(crate) leading: End,
    pub(crate) trailing: End,
}

/// The columns of both, and `fresh` random ones, the same for the same number of the `snapshot`.
pub(super) fn block(
    leading: &Mat<f64>,
    trailing: &Mat<f64>,
    fresh: usize,
    snapshot: u64,
) -> Mat<f64> {
    let m = leading.nrows();
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(snapshot);
    let mut block = Mat::zeros(m, leading.ncols() + trailing.ncols() + fresh);
    let known = (0..leading.ncols()).map(|k| leading.col_as_slice(k));
    let known = known.chain((0..trailing.ncols()).map(|k| trailing.col_as_slice(k)));
    for (k, column) in known.enumerate() {
        block.col_as_slice_mut(k).copy_from_slice(column);
    }
    for k in block.ncols() - fresh..block.ncols() {
        block.col_as_slice_mut(k).iter_mut().for_each(|x| *x = StandardNormal.sample(&mut rng));
    }
    block
}

/// Both ends of the singular values of the m×n matrix `a`, by Rayleigh–Ritz on a basis that `start` begins:
/// X, AX, …, A^depth X with A = aaᵀ. Where there is an inverse of an earlier A, only the leading vectors go
/// on so; from the others, what is left of Ax − ϑx, ϑ = xᵀAx, is led back by it: the lower end of the
/// spectrum is dense as seen from the upper one, and by products alone it would be found late. `None` where something is not finite or the small eigenproblem
/// is not solved.
pub(crate) fn ends(
    a: &Mat<f64>,
    mut start: Mat<f64>,
    inverse: Option<&Inverse>,
    depth: usize,
    wanted: Wanted,
) -> Option<Ends> {
    let (m, n, width) = (a.nrows(), a.ncols(), start.ncols());
    let size = width * (depth + 1);
    let mut basis = Mat::<f64>::zeros(m, size);
    // aᵀ of the basis.
    let mut images = Mat::<f64>::zeros(n, size);
    let fresh = wanted.leading + wanted.trailing;
    if let Some(inverse) = inverse {
        inverse.apply(start.as_mut().subcols_mut(fresh, width - fresh));
    }
    let mut block = Householder::new(start).thin_q();
    for level in 0..=depth {
        let from = level * width;
        if level > 0 {
            let mut next = Mat::zeros(m, width);
            let image = images.as_ref().subcols(from - width, width);
            matmul(&mut next, Accum::Replace, a.as_ref(), image, 1.0, Par::Seq);
            if let Some(inverse) = inverse {
                for k in wanted.leading..width {
                    let image = images.col_as_slice(from - width + k);
                    let theta: f64 = image.iter().map(|x| x * x).sum();
                    let x = block.col_as_slice(k);
                    next.col_as_slice_mut(k).iter_mut().zip(x).for_each(|(y, x)| *y -= theta * x);
                }
                let led = next.as_mut().subcols_mut(wanted.leading, width - wanted.leading);
                inverse.apply(led);
            }
            // Twice, so that nothing of the basis is left by rounding.
            orthogonalised(&mut next, basis.as_ref().subcols(0, from));
            block = Householder::new(next).thin_q();
            orthogonalised(&mut block, basis.as_ref().subcols(0, from));
            block = Householder::new(block).thin_q();
        }
        basis.as_mut().subcols_mut(from, width).copy_from(&block);
        let image = images.as_mut().subcols_mut(from, width);
        matmul(image, Accum::Replace, a.transpose(), block.as_ref(), 1.0, Par::Seq);
    }
    let mut projected = Mat::<f64>::zeros(size, size);
    matmul(&mut projected, Accum::Replace, images.transpose(), &images, 1.0, Par::Seq);
    if !(0..size).all(|k| projected.col_as_slice(k).iter().all(|x| x.is_finite())) {
        return None;
    }
    let (_, ritz) = eigen(projected).ok()?;
    // Ascending, as the columns of `ritz` are.
    let end = |from: usize, count: usize| {
        let chosen = ritz.as_ref().subcols(from, count);
        let mut vectors = Mat::zeros(m, count);
        matmul(&mut vectors, Accum::Replace, basis.as_ref(), chosen, 1.0, Par::Seq);
        let mut image = Mat::zeros(n, count);
        matmul(&mut image, Accum::Replace, images.as_ref(), chosen, 1.0, Par::Seq);
        let mut residual = Mat::zeros(m, count);
        matmul(&mut residual, Accum::Replace, a.as_ref(), image.as_ref(), 1.0, Par::Seq);
        let mut end = End { values: Vec::new(), vectors: Mat::zeros(m, count), errors: Vec::new() };
        for k in (0..count).rev() {
            let value = image.col(k).norm_l2();
            let vector = vectors.col_as_slice(k);
            let left = residual.col_as_slice(k).iter().zip(vector);
            let left: f64 = left.map(|(r, u)| (r - value * value * u).powi(2)).sum();
            end.vectors.col_as_slice_mut(end.values.len()).copy_from_slice(vector);
            end.errors.push(left.sqrt() / (2.0 * value * value));
            end.values.push(value);
        }
        end
    };
    let leading = end(size - wanted.leading, wanted.leading);
    let trailing = end(0, wanted.trailing);
    Some(Ends { leading, trailing })
}

/// x ← x − QQᵀx.
fn orthogonalised(x: &mut Mat<f64>, q: MatRef<'_, f64>) {
    let mut along = Mat::zeros(q.ncols(), x.ncols());
    matmul(&mut along, Accum::Replace, q.transpose(), x.as_ref(), 1.0, Par::Seq);
    matmul(x, Accum::Add, q, along.as_ref(), -1.0, Par::Seq);
}
