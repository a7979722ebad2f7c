//! p-values of every statistic over a sample of matrices.

use rmt_core::RmtError;
use rmt_core::laws::combination::combined_p_interval;
use rmt_core::report::{FAMILY, MatrixReport, Profile};
use rmt_core::spectrum::{Matrix, Orientation};
use rmt_core::statistics::vectors::SideNulls;
use rmt_core::{Analyser, Context};
use serde::{Deserialize, Serialize};

/// p-values of one statistic over a sample of matrices.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Sample {
    /// `above`, `below`, `hard_edge` (in place of `below` for square matrices), `bulk`, `left`,
    /// `right`, `left_windows`, `right_windows`, `verdict`.
    pub statistic: String,
    /// (P(T < t), P(T ≤ t)) of each matrix: the second is its p-value; they differ where the
    /// statistic is discrete.
    pub p_values: Vec<(f64, f64)>,
    /// Simulated draws behind the p-values; 0 where they are exact.
    pub draws: usize,
}

impl Sample {
    /// Matrices whose p is at most `level`.
    pub fn rejected(&self, level: f64) -> usize {
        self.p_values.iter().filter(|(_, p)| *p <= level).count()
    }
}

/// Analyses `matrices` of `rows`×`cols` entries and collects the p-values of every statistic.
///
/// The verdict's is min(1, 5·p_min) over its family (Bonferroni), as it decides. Matrices without a
/// verdict (degenerate ones) are left out of all samples.
///
/// # Errors
/// Those of [`Analyser::analyse`] and [`Matrix::new`].
pub fn samples(
    analyser: &Analyser,
    rows: usize,
    cols: usize,
    matrices: impl Iterator<Item = Vec<f64>>,
) -> Result<Vec<Sample>, RmtError> {
    let below = if rows == cols { "hard_edge" } else { "below" };
    let names =
        ["above", below, "bulk", "left", "right", "left_windows", "right_windows", "verdict"];
    let mut samples: Vec<Sample> = names
        .map(|statistic| Sample { statistic: statistic.into(), p_values: Vec::new(), draws: 0 })
        .into_iter()
        .collect();
    let sides = [rows, cols].map(|length| SideNulls::new(analyser.nulls(), length));
    let [left, right] = sides;
    let sides = [left?, right?];
    for values in matrices {
        let matrix = Matrix::new(&values[..], rows, cols, Orientation::OutIn)?;
        let analysis = analyser.analyse(&matrix, Context::default().with_ladder(false))?;
        let Some(found) = p_values(&analysis.report, &analysis.profile, &sides) else { continue };
        for (sample, ((low, high), draws)) in samples.iter_mut().zip(found) {
            sample.p_values.push((low, high));
            sample.draws = draws;
        }
    }
    Ok(samples)
}

type Found = ((f64, f64), usize);

/// In the order of the samples.
fn p_values(
    report: &MatrixReport,
    profile: &Profile,
    [left, right]: &[SideNulls; 2],
) -> Option<[Found; 8]> {
    if report.tests.len() != FAMILY.len() {
        return None;
    }
    let continuous = |index: usize| {
        let test = &report.tests[index];
        ((test.p, test.p), test.draws.unwrap_or(0))
    };
    let side =
        |nulls: &SideNulls, p_values: &[f64]| (nulls.combined(p_values), nulls.basis_draws());
    let windows = |p_values: &[f64]| (combined_p_interval(p_values), 0);
    let smallest = report.tests.iter().map(|test| test.p).fold(1.0, f64::min);
    let verdict = (smallest * FAMILY.len() as f64).min(1.0);
    Some([
        continuous(0),
        continuous(1),
        continuous(2),
        side(left, &profile.left_p),
        side(right, &profile.right_p),
        windows(&profile.left_windows),
        windows(&profile.right_windows),
        ((verdict, verdict), 0),
    ])
}
