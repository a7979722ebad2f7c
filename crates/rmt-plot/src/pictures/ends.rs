//! What is counted at the ends of a spectrum.

use rmt_core::{MatrixReport, shown};

/// What is counted at the ends of the spectrum.
pub(super) struct Counted {
    pub(super) word: &'static str,
    pub(super) above: usize,
    pub(super) below: usize,
    /// The same in words: above, below.
    pub(super) shown: [String; 2],
    /// Step of the snapshot in which it was counted, where that is an earlier one.
    pub(super) since: Option<u64>,
}

impl Counted {
    /// Structure, or where that was not told apart, what is significant.
    pub(super) fn of(report: &MatrixReport) -> Self {
        if let Some(found) = &report.structure {
            return Self {
                word: "structure",
                above: found.above.count,
                below: found.below.map_or(0, |below| below.count),
                shown: [shown::above(report), shown::below(report)],
                since: found.since,
            };
        }
        let counts = [
            (report.significant_above, report.significant_above_cut_off),
            (report.significant_below, report.significant_below_cut_off),
        ];
        let [above, below] = counts.map(|(count, _)| count.unwrap_or(0));
        let shown = counts.map(|(count, cut_off)| shown::count(count, cut_off));
        Self { word: "significant", above, below, shown, since: None }
    }
}
