//! The tests of the singular vectors of both sides.

use super::permutation::PermutationNull;
use super::{Analyser, Family};
use crate::RmtError;
use crate::nulls::{PValue, TailTable, VectorNull};
use crate::report::{MatrixReport, Profile};
use crate::spectrum::{Decomposition, Matrix};
use crate::statistics::heavy_tail::matrix_rank;
use crate::statistics::kurtosis::KurtosisCorrection;
use crate::statistics::vectors::{SideNulls, SideTest, test_side, window_starts};

/// One side, and its p.
type Tested = Option<(SideTest, PValue)>;

/// What the vectors say.
pub(super) struct Sides {
    left: Tested,
    right: Tested,
    /// Vectors that are tested.
    rank: usize,
}

impl Analyser {
    /// Tests both sides.
    pub(super) fn sides(
        &self,
        matrix: &Matrix<'_>,
        decomposition: &Decomposition,
        correction: &KurtosisCorrection,
        permuted: Option<&PermutationNull>,
    ) -> Result<Sides, RmtError> {
        let nu = &decomposition.singular_values;
        let (m, n) = (matrix.small_side(), matrix.large_side());
        // Vectors of vanishing singular values are any basis of the null space.
        let rank = matrix_rank(nu, n);
        let (small_nulls, large_nulls) =
            (SideNulls::new(&self.nulls, m)?, SideNulls::new(&self.nulls, n)?);
        let small = test_side(
            m,
            &small_nulls,
            rank,
            |k| decomposition.small_vector(k),
            |k| correction.small_vector(nu[k]),
        );
        let large = test_side(
            n,
            &large_nulls,
            rank,
            |k| decomposition.large_vector(k),
            |k| correction.large_vector(nu[k]),
        );
        let [small_null, large_null] = match permuted.and_then(|null| null.sides.as_ref()) {
            Some([small, large]) => [Some(small), Some(large)],
            None => [None; 2],
        };
        let small = small.map(|side| judged(side, &small_nulls, small_null));
        let large = large.map(|side| judged(side, &large_nulls, large_null));
        let (left, right) =
            if matrix.small_side_is_output() { (small, large) } else { (large, small) };
        Ok(Sides { left, right, rank })
    }
}

/// The side with its p, against `permuted` where that is given.
fn judged(
    mut side: SideTest,
    nulls: &SideNulls,
    permuted: Option<&TailTable>,
) -> (SideTest, PValue) {
    let p = match permuted {
        Some(null) => side.permuted_p_value(null),
        None => PValue { draws: nulls.draws(), ..PValue::certain(side.report.p) },
    };
    side.report.p = p.p;
    (side, p)
}

impl Sides {
    /// In the report and what is behind it.
    pub(super) fn put(self, report: &mut MatrixReport, family: &mut Family, profile: &mut Profile) {
        if let Some((left, p)) = self.left {
            (report.left, family.left) = (Some(left.report), Some(p));
            (profile.left_p, profile.left_windows) = (left.p_values, left.window_p_values);
            profile.window_starts = window_starts(self.rank, VectorNull::WINDOW).collect();
        }
        if let Some((right, p)) = self.right {
            (report.right, family.right) = (Some(right.report), Some(p));
            (profile.right_p, profile.right_windows) = (right.p_values, right.window_p_values);
        }
    }
}
