//! The last stage: whether what deviates is structure, or scale.

use super::{Analyser, Analysis};
use crate::notes::{Note, Statistic};
use crate::report::{MatrixReport, Verdict};
use crate::signs::{SignNull, no_structure, sign_null, sign_null_with};
use crate::spectrum::{Matrix, Values};
use crate::statistics::drift::{change_of, correlation_traps};
use crate::statistics::spectrum_test::Judge;

/// Seed of the copies: the same matrix always gives the same figures.
const SEED: u64 = 0x2012_02985;

impl Analyser {
    /// Climbs from independent entries, where they are rejected, to the matrix's own magnitudes with other signs.
    /// With `band`, the profile has the spectra of the copies too.
    pub(super) fn ladder(
        &self,
        analysis: &mut Analysis,
        matrix: &Matrix<'_>,
        judge: &Judge<'_>,
        band: bool,
    ) {
        let report = &mut analysis.report;
        if !report.verdict.deviates() {
            return;
        }
        if self.options.correlation_traps {
            trapped(report, matrix, judge);
        }
        let copies = self.options.sign_copies;
        let found = match sign_null_with(matrix, copies, self.options.level, SEED, band) {
            Ok(found) => found,
            Err(error) => return report.notes.push(Note::of(Statistic::Signs, error)),
        };
        let Some((found, residual)) = found else { return };
        let SignNull { magnitudes, signs, structure } = found;
        report.magnitudes = Some(magnitudes);
        let Some(signs) = signs else { return };
        report.verdict = if signs.signs.rejected { Verdict::Structure } else { Verdict::Scale };
        (report.signs, report.structure) = (Some(signs), structure);
        if let Some(residual) = residual
            && let (Some(low), Some(high)) = (report.edge_low, report.edge_high)
        {
            match residual.band([low, high], report.small_side, SEED) {
                Ok(band) => analysis.profile.copies = band,
                Err(error) => report.notes.push(Note::of(Statistic::Signs, error)),
            }
        }
        // What deflation could not do, the copies have done.
        report.notes.retain(|note| !matches!(note, Note::NoBulk | Note::ScaleBiased));
    }
}

impl Analyser {
    /// Counts the directions of the change from `old` as [`ladder`](Self::ladder) counts those of a matrix.
    pub(super) fn change_ladder(
        &self,
        report: &mut MatrixReport,
        matrix: &Matrix<'_>,
        old: Values<'_>,
    ) {
        let Some(change) = report.drift.as_mut().and_then(|drift| drift.change.as_mut()) else {
            return;
        };
        let tests = [change.spectrum.p_above, change.spectrum.p_below, change.spectrum.p_bulk];
        if !tests.iter().flatten().any(|p| *p <= self.options.test_level()) {
            let none = no_structure(report.small_side, report.large_side);
            change.structure = change.spectrum.p_above.map(|_| none);
            return;
        }
        let entries = change_of(matrix, old);
        let copies = self.options.sign_copies;
        let found = Matrix::new(&entries[..], matrix.rows(), matrix.cols(), matrix.orientation())
            .and_then(|change| sign_null(&change, copies, self.options.level, SEED));
        match found {
            Ok(found) => change.structure = found.and_then(|found| found.structure),
            Err(error) => report.notes.push(Note::of(Statistic::Signs, error)),
        }
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
