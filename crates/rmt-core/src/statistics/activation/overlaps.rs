//! Right singular vectors against the eigenvectors of the input's covariance.

use super::Components;
use crate::spectrum::Decomposition;
use faer::Mat;

/// Singular vectors that are multiplied at once.
const BLOCK: usize = 64;

/// The singular vectors of a matrix on its layer's input side.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RightVectors<'a> {
    decomposition: &'a Decomposition,
    on_small_side: bool,
    length: usize,
    count: usize,
}

impl<'a> RightVectors<'a> {
    /// The first `count` of them, on the small side of the matrix or on the large one; `length` is
    /// that side, d_in.
    pub(crate) fn new(
        decomposition: &'a Decomposition,
        on_small_side: bool,
        length: usize,
        count: usize,
    ) -> Self {
        let count = count.min(decomposition.singular_values.len());
        Self { decomposition, on_small_side, length, count }
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// v_{k+1}, k < the number of singular values.
    pub(crate) fn vector(&self, k: usize) -> impl Iterator<Item = f64> + '_ {
        let small = self.on_small_side.then(|| self.decomposition.small_vector(k));
        let large = (!self.on_small_side).then(|| self.decomposition.large_vector(k));
        small.into_iter().flatten().chain(large.into_iter().flatten())
    }

    fn block(&self, start: usize) -> Mat<f64> {
        let mut block = Mat::zeros(self.length, BLOCK.min(self.count - start));
        for k in 0..block.ncols() {
            let column = block.col_mut(k);
            column.iter_mut().zip(self.vector(start + k)).for_each(|(place, x)| *place = x);
        }
        block
    }
}

/// Overlaps and projections of singular vectors, in the order of their singular values.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub(crate) struct Overlaps {
    /// O_k = max_j |v_k·f_j|.
    pub overlaps: Vec<f64>,
    /// ‖P v_k‖² = Σ_{j ≤ d} (v_k·f_j)², for each dimension d that was asked for.
    pub projections: Vec<Vec<f64>>,
}

/// The overlaps of `vectors` with the J eigenvectors of `components`, and the squared norms of their
/// projections onto the span of the leading ones, for each of `dimensions` (at most J).
///
/// Empty where the vectors have another length than the eigenvectors, or J = 0.
pub(crate) fn overlaps(
    components: &Components,
    vectors: &RightVectors<'_>,
    dimensions: &[usize],
) -> Overlaps {
    let rank = components.rank();
    let mut found =
        Overlaps { overlaps: Vec::new(), projections: vec![Vec::new(); dimensions.len()] };
    if vectors.length != components.features() || rank == 0 {
        return found;
    }
    for start in (0..vectors.count).step_by(BLOCK) {
        let products = components.ascending().transpose() * vectors.block(start);
        for k in 0..products.ncols() {
            let column = products.col(k);
            found.overlaps.push(column.iter().fold(0.0_f64, |largest, x| largest.max(x.abs())));
            for (list, dimension) in found.projections.iter_mut().zip(dimensions) {
                let leading = column.iter().rev().take(*dimension);
                list.push(leading.map(|x| x * x).sum());
            }
        }
    }
    found
}
