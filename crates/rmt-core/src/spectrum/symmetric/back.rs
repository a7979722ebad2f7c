//! Back from the vectors of the tridiagonal matrix to those of the band matrix.
//!
//! The reflections of neighbouring sweeps at the same step are shifted by a row each, so that together they
//! are one block reflection I − V·S⁻¹·Vᵀ of `BAND + GROUP − 1` rows. Of a group of sweeps the later steps
//! stand to the left of the earlier ones, which begin a block further up; steps further apart do not
//! overlap. 2n³·(1 + GROUP/BAND) operations for all n vectors.
//!
//! Source: Haidar, Luszczek & Dongarra, ICPADS '14 (2014).

use super::band::BAND;
use super::chase::Sweeps;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::householder::{
    apply_block_householder_on_the_left_in_place_scratch as apply_scratch,
    apply_block_householder_on_the_left_in_place_with_conj as apply, upgrade_householder_factor,
};
use faer::{Conj, Mat, Par};

/// Sweeps whose reflections are applied together.
const GROUP: usize = BAND;

/// Vectors that are taken together: they stay in the cache.
const COLUMNS: usize = 128;

/// x ← Qx, Q the product of the reflections in their order.
pub(super) fn apply_sweeps(sweeps: &Sweeps, x: &mut Mat<f64>) {
    let (n, count) = (x.nrows(), x.nrows().saturating_sub(1));
    let height = BAND + GROUP - 1;
    let mut vectors = Mat::zeros(height, GROUP);
    let mut factor = Mat::zeros(GROUP, GROUP);
    let mut memory = MemBuffer::new(apply_scratch::<f64>(height, GROUP, COLUMNS));
    for columns in (0..x.ncols()).step_by(COLUMNS) {
        let width = COLUMNS.min(x.ncols() - columns);
        for first in (0..count).step_by(GROUP).rev() {
            for step in 0..(n - 1 - first).div_ceil(BAND) {
                let row = first + 1 + step * BAND;
                let rows = height.min(n - row);
                let group = GROUP.min(count - first).min(rows);
                for k in 0..group {
                    let to = rows.min(k + BAND);
                    let v = &mut vectors.col_as_slice_mut(k)[..rows];
                    v.fill(0.0);
                    let kept = &sweeps.vectors.col_as_slice(first + k)[row + k..row + to];
                    v[k..to].copy_from_slice(kept);
                    factor[(k, k)] = 1.0 / sweeps.taus[(step, first + k)];
                }
                let mut factor = factor.as_mut().submatrix_mut(0, 0, group, group);
                let vectors = vectors.as_ref().submatrix(0, 0, rows, group);
                upgrade_householder_factor(factor.as_mut(), vectors, group, 1, Par::Seq);
                apply(
                    vectors,
                    factor.as_ref(),
                    Conj::No,
                    x.as_mut().submatrix_mut(row, columns, rows, width),
                    Par::Seq,
                    MemStack::new(&mut memory),
                );
            }
        }
    }
}
