//! What a matrix is followed by between full analyses.

use rmt_core::tracking::Tracker;
use rmt_core::{Analyser, Matrix, MatrixReport};

/// What the last full analysis left.
pub(super) struct Followed {
    tracker: Tracker,
    /// Step of that analysis.
    since: u64,
    /// Snapshots since.
    snapshots: u64,
}

impl Followed {
    pub(super) fn new(step: u64, tracker: Tracker) -> Self {
        Self { tracker, since: step, snapshots: 0 }
    }

    /// What the ends of the spectrum say, unless a full analysis, of which one is due in `full_every` snapshots, is
    /// due or needed.
    pub(super) fn report(
        &mut self,
        full_every: u64,
        analyser: &Analyser,
        matrix: &Matrix<'_>,
    ) -> Option<MatrixReport> {
        self.snapshots += 1;
        if self.snapshots >= full_every {
            return None;
        }
        let mut report = analyser.track(matrix, &mut self.tracker).ok().flatten()?;
        if let Some(tracked) = &mut report.tracked {
            tracked.since = Some(self.since);
        }
        Some(report)
    }
}
