//! The part of a report that the singular vectors give.

use super::permutation::PermutationNull;
use super::{Analyser, Family};
use crate::RmtError;
use crate::nulls::{PValue, VectorNull};
use crate::report::{MatrixReport, Profile};
use crate::spectrum::{Decomposition, Matrix};
use crate::statistics::heavy_tail::matrix_rank;
use crate::statistics::kurtosis::KurtosisCorrection;
use crate::statistics::vectors::{SideNulls, SideTest, test_side, window_starts};

impl Analyser {
    /// Tests both sides.
    pub(super) fn vectors(
        &self,
        report: &mut MatrixReport,
        family: &mut Family,
        matrix: &Matrix<'_>,
        decomposition: &Decomposition,
        (correction, permuted, mut profile): (
            &KurtosisCorrection,
            Option<&PermutationNull>,
            Profile,
        ),
    ) -> Result<Profile, RmtError> {
        let nu = &decomposition.singular_values;
        let (m, n) = (matrix.small_side(), matrix.large_side());
        // Vectors of vanishing singular values are any basis of the null space.
        let rank = matrix_rank(nu, n);
        let (small_nulls, large_nulls) =
            (SideNulls::new(&self.nulls, m)?, SideNulls::new(&self.nulls, n)?);
        let mut small = test_side(
            m,
            &small_nulls,
            rank,
            |k| decomposition.small_vector(k),
            |k| correction.small_vector(nu[k]),
        );
        let mut large = test_side(
            n,
            &large_nulls,
            rank,
            |k| decomposition.large_vector(k),
            |k| correction.large_vector(nu[k]),
        );
        let judged = |side: &mut Option<SideTest>, nulls: &SideNulls, permuted| {
            side.as_mut().map(|side| {
                let p = match permuted {
                    Some(null) => side.permuted_p_value(null),
                    None => PValue { draws: nulls.draws(), ..PValue::certain(side.report.p) },
                };
                side.report.p = p.p;
                p
            })
        };
        let permuted = permuted.and_then(|null| null.sides.as_ref());
        let small_p = judged(&mut small, &small_nulls, permuted.map(|[small, _]| small));
        let large_p = judged(&mut large, &large_nulls, permuted.map(|[_, large]| large));
        let ((left, left_p), (right, right_p)) = if matrix.small_side_is_output() {
            ((small, small_p), (large, large_p))
        } else {
            ((large, large_p), (small, small_p))
        };
        (family.left, family.right) = (left_p, right_p);
        if let Some(left) = left {
            report.left = Some(left.report);
            (profile.left_p, profile.left_windows) = (left.p_values, left.window_p_values);
            profile.window_starts = window_starts(rank, VectorNull::WINDOW).collect();
        }
        if let Some(right) = right {
            report.right = Some(right.report);
            (profile.right_p, profile.right_windows) = (right.p_values, right.window_p_values);
        }
        Ok(profile)
    }
}
