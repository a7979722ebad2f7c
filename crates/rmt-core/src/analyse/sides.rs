//! The tests of the singular vectors of both sides.

use super::permutation::PermutationNull;
use super::{Analyser, Family};
use crate::RmtError;
use crate::nulls::{PValue, TailTable, VectorNull};
use crate::report::{MatrixReport, Profile};
use crate::spectrum::{Matrix, Tested as Vectors};
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
        vectors: &Vectors,
        correction: &KurtosisCorrection,
        permuted: Option<&PermutationNull>,
    ) -> Result<Sides, RmtError> {
        let nu = vectors.singular_values();
        let (m, n) = (matrix.small_side(), matrix.large_side());
        // Vectors of vanishing singular values are any basis of the null space.
        let rank = matrix_rank(nu, n);
        let (small_nulls, large_nulls) =
            (SideNulls::new(&self.nulls, m)?, SideNulls::new(&self.nulls, n)?);
        let small = test_side(
            m,
            &small_nulls,
            rank,
            |k| vectors.small_vector(k),
            |k| correction.small_vector(nu[k]),
        );
        let large = test_side(
            n,
            &large_nulls,
            rank,
            |k| vectors.large_vector(k),
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::spectrum::{Orientation, decompose};
    use crate::test_support::gaussian;
    use crate::{AnalysisOptions, Nulls};

    /// Every p-value of the vectors, by their decomposition in single precision and in double.
    #[test]
    fn single_precision_moves_no_p_value_by_a_hundredth_of_a_decade() {
        let analyser = Analyser::new(AnalysisOptions::default(), Nulls::default()).unwrap();
        // Gaussian; heavier tails; a strong direction; a scale for each column.
        let entries: [fn(f64, usize, usize) -> f64; 4] = [
            |x, _, _| x,
            |x, _, _| x * x * x,
            |x, i, j| x + ((i % 7) * (j % 5)) as f64,
            |x, _, j| x * (1 + j % 11) as f64,
        ];
        // Those of the calibration, of which the largest is done once, and small ones.
        let shapes = [
            (16, 16),
            (64, 64),
            (64, 256),
            (1024, 64),
            (256, 256),
            (256, 1024),
            (768, 768),
            (768, 3072),
            (1000, 1100),
            (2048, 2048),
        ];
        let (mut worst, mut singles) = (0.0_f64, 0);
        for (rows, cols) in shapes {
            let laws = if rows < 2048 { entries.len() } else { 1 };
            for (law, entry) in entries.iter().enumerate().take(laws) {
                let a = gaussian(rows, cols, (rows + cols + law) as u64);
                let a: Vec<f32> =
                    (0..rows * cols).map(|e| entry(a[e], e / cols, e % cols) as f32).collect();
                let matrix = Matrix::new(&a[..], rows, cols, Orientation::OutIn).unwrap();
                let single = Vectors::of(&matrix).unwrap();
                singles += usize::from(matches!(single, Vectors::Single(_)));
                let double = Vectors::Double(decompose(&matrix).unwrap());
                let pairs = single.singular_values().iter().zip(double.singular_values());
                for (x, y) in pairs {
                    assert!((x / y - 1.0).abs() < 1e-8, "{rows}×{cols}: {x} {y}");
                }
                let correction = KurtosisCorrection::new(0.0, rows.min(cols), rows.max(cols), 1.0);
                let [single, double] = [&single, &double].map(|vectors| {
                    let sides = analyser.sides(&matrix, vectors, &correction, None).unwrap();
                    [sides.left, sides.right].map(|side| side.unwrap().0)
                });
                for (single, double) in single.iter().zip(&double) {
                    let all = |side: &SideTest| {
                        let summary = [side.report.p, side.report.p_windows.unwrap_or(1.0)];
                        [&side.p_values[..], &side.window_p_values[..], &summary].concat()
                    };
                    for (x, y) in all(single).into_iter().zip(all(double)) {
                        worst = worst.max(moved(x, y));
                    }
                }
                assert!(worst < 0.01, "{rows}×{cols}, law {law}: {worst}");
            }
        }
        assert!(singles >= 33, "{singles}");
        println!("{worst:.1e} decades at most; {singles} in single precision");
    }

    /// In decades, of as many as p has where it has more than one.
    fn moved(x: f64, y: f64) -> f64 {
        if x == y {
            return 0.0;
        }
        (x / y).log10().abs() / y.log10().abs().max(1.0)
    }
}
