//! Structure told from scale at some snapshots, for those between them.

use crate::schedule::SignNull;
use rmt_core::notes::Note;
use rmt_core::signs::{SpectrumBand, StructureReport};
use rmt_core::{LayerReport, Verdict};

/// What the last climb of the ladder found of one matrix.
#[derive(Debug, Default)]
pub(super) struct ToldApart {
    /// Full analyses so far.
    analyses: u64,
    last: Option<(u64, Verdict, StructureReport)>,
    /// The last band of the copies, for pictures.
    band: Option<(u64, SpectrumBand)>,
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

    /// Whether the full analysis that was counted last is one of those that pictures are drawn of.
    pub(super) fn is_pictured(&self, is_last: bool) -> bool {
        is_last || self.analyses.is_power_of_two()
    }

    /// Keeps what the report has of its own, or gives it what was found last, as long as it deviates.
    pub(super) fn carry(&mut self, whole: &mut LayerReport) {
        let step = whole.step;
        let report = &mut whole.report;
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
            _ => (self.last, self.band) = (None, None),
        }
        let Some(profile) = &mut whole.profile else { return };
        match &profile.copies {
            Some(band) => self.band = Some((step, band.clone())),
            None => profile.copies = self.band.clone().map(|(since, band)| band.with_since(since)),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::samples::report_of;

    #[test]
    fn the_first_that_deviates_then_doublings_and_the_last() {
        let mut matrix = ToldApart::default();
        // Nothing was found yet: each is asked.
        for _ in 1..=5 {
            assert!(matrix.is_due(SignNull::Doublings, false));
        }
        let mut report = report_of("a.weight", 0);
        assert_eq!(report.report.verdict, Verdict::Structure);
        matrix.carry(&mut report);
        let due: Vec<u64> =
            (6..=40).filter(|_| matrix.is_due(SignNull::Doublings, false)).collect();
        assert_eq!(due, [8, 16, 32]);
        assert!(matrix.is_due(SignNull::Doublings, true));
        assert!(matrix.is_pictured(true) && !matrix.is_pictured(false));
        assert!(matrix.is_due(SignNull::Always, false) && !matrix.is_due(SignNull::Never, true));
    }

    #[test]
    fn the_last_counts_stand_as_long_as_the_matrix_deviates() {
        let mut matrix = ToldApart::default();
        let counted = report_of("a.weight", 10);
        let bare = |step| {
            let mut report = report_of("a.weight", step);
            (report.report.verdict, report.report.structure) = (Verdict::Deviates, None);
            report.report.notes = vec![Note::NoBulk, Note::Frozen];
            report
        };
        // Before anything was counted it is as it is.
        let mut early = bare(5);
        matrix.carry(&mut early);
        assert_eq!(early, bare(5));
        matrix.carry(&mut counted.clone());
        let mut later = bare(20);
        matrix.carry(&mut later);
        let expected = counted.report.structure.clone().unwrap().with_since(10);
        assert_eq!(later.report.structure, Some(expected));
        assert_eq!(later.report.verdict, Verdict::Structure);
        assert_eq!(later.report.notes, [Note::Frozen]);
        // The band of the copies goes with them, where there is a spectrum to draw it beside.
        let band: SpectrumBand = serde_json::from_str(
            r#"{"copies":5,"from":1.0,"width":0.5,"least":[0.0],"most":[1.0]}"#,
        )
        .unwrap();
        let mut pictured = counted.clone();
        pictured.profile.as_mut().unwrap().copies = Some(band.clone());
        matrix.carry(&mut pictured);
        assert_eq!(pictured.profile.unwrap().copies, Some(band.clone()));
        let mut later = bare(25);
        matrix.carry(&mut later);
        assert_eq!(later.profile.unwrap().copies, Some(band.with_since(10)));
        // Random again: what was counted is over.
        let mut random = bare(30);
        random.report.verdict = Verdict::Random;
        matrix.carry(&mut random);
        let mut after = bare(40);
        matrix.carry(&mut after);
        assert_eq!(after, bare(40));
    }
}
