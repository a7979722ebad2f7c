//! Structure told from scale at some snapshots, for those between them.

use crate::schedule::SignNull;
use rmt_core::notes::Note;
use rmt_core::signs::StructureReport;
use rmt_core::{LayerReport, Verdict};

/// What the last climb of the ladder found of one matrix.
#[derive(Debug, Default)]
pub(super) struct ToldApart {
    /// Full analyses so far.
    analyses: u64,
    last: Option<(u64, Verdict, StructureReport)>,
}

impl ToldApart {
    /// Counts a full analysis, and says whether it climbs the ladder.
    pub(super) fn is_due(&mut self, when: SignNull, is_last: bool) -> bool {
        self.analyses += 1;
        match when {
            SignNull::Never => false,
            SignNull::Doublings => {
                is_last || self.last.is_none() || self.analyses.is_power_of_two()
            }
            SignNull::Always => true,
        }
    }

    /// Keeps what the report has of its own, or gives it what was found last, as long as it deviates.
    pub(super) fn carry(&mut self, report: &mut LayerReport) {
        let step = report.step;
        let report = &mut report.report;
        match (&report.structure, report.verdict) {
            (Some(found), Verdict::Scale | Verdict::Structure) => {
                self.last = Some((step, report.verdict, found.clone()));
            }
            (None, Verdict::Deviates) => {
                if let Some((since, verdict, found)) = &self.last {
                    report.verdict = *verdict;
                    report.structure = Some(StructureReport::clone(found).with_since(*since));
                    // As where they were counted: the copies have done what deflation could not do.
                    report.notes.retain(|note| !matches!(note, Note::NoBulk | Note::ScaleBiased));
                }
            }
            _ => self.last = None,
        }
    }
}
