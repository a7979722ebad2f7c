//! The last stage: whether what deviates is structure, or scale.

use super::Analyser;
use crate::notes::{Note, Statistic};
use crate::report::{MatrixReport, Verdict};
use crate::signs::{SignNull, sign_null};
use crate::spectrum::Matrix;
use crate::statistics::drift::correlation_traps;
use crate::statistics::spectrum_test::Judge;

/// Seed of the copies: the same matrix always gives the same figures.
const SEED: u64 = 0x2012_02985;

impl Analyser {
    /// Climbs from independent entries, where they are rejected, to the matrix's own magnitudes with other signs.
    pub(super) fn ladder(&self, report: &mut MatrixReport, matrix: &Matrix<'_>, judge: &Judge<'_>) {
        if !report.verdict.deviates() {
            return;
        }
        if self.options.correlation_traps {
            trapped(report, matrix, judge);
        }
        let copies = self.options.sign_copies;
        let found = match sign_null(matrix, copies, self.options.level, SEED) {
            Ok(found) => found,
            Err(error) => return report.notes.push(Note::of(Statistic::Signs, error)),
        };
        let Some(SignNull { magnitudes, signs, structure }) = found else { return };
        report.magnitudes = Some(magnitudes);
        let Some(signs) = signs else { return };
        report.verdict = if signs.signs.rejected { Verdict::Structure } else { Verdict::Scale };
        (report.signs, report.structure) = (Some(signs), structure);
        // What deflation could not do, the copies have done.
        report.notes.retain(|note| !matches!(note, Note::NoBulk | Note::ScaleBiased));
    }
}

/// The traps, in a report that has what there is without a permutation.
fn trapped(report: &mut MatrixReport, matrix: &Matrix<'_>, judge: &Judge<'_>) {
    match correlation_traps(matrix, judge) {
        Ok(mut traps) => {
            traps.unpermuted_count = report.significant_above;
            traps.unpermuted_count_cut_off = report.significant_above_cut_off;
            traps.unpermuted_largest_over_edge = report
                .largest
                .zip(report.edge_high)
                .map(|(largest, edge)| largest / edge)
                .filter(|ratio| ratio.is_finite());
            report.traps = Some(traps);
        }
        Err(error) => report.notes.push(Note::of(Statistic::Traps, error)),
    }
}
