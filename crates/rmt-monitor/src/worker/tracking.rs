//! Which looks are full, and what the matrices are followed by between them.

use rmt_core::tracking::Tracker;
use rmt_core::{Analyser, Matrix, MatrixReport};
use std::collections::HashMap;

/// Of every matrix, what its last full analysis left.
pub(super) struct Tracking {
    /// Looks of which one is full.
    full_every: u64,
    layers: HashMap<String, Followed>,
}

struct Followed {
    tracker: Tracker,
    /// Step of the last full analysis, and looks since.
    since: u64,
    looks: u64,
}

impl Tracking {
    pub(super) fn new(full_every: u64) -> Self {
        Self { full_every, layers: HashMap::new() }
    }

    /// What the ends of the spectrum say, unless a full analysis is due or needed.
    pub(super) fn follow(
        &mut self,
        analyser: &Analyser,
        path: &str,
        matrix: &Matrix<'_>,
    ) -> Option<MatrixReport> {
        let followed = self.layers.get_mut(path)?;
        followed.looks += 1;
        if followed.looks >= self.full_every {
            return None;
        }
        let mut report = analyser.track(matrix, &mut followed.tracker).ok().flatten()?;
        if let Some(tracked) = &mut report.tracked {
            tracked.since = Some(followed.since);
        }
        Some(report)
    }

    /// What the full analysis at `step` left; nothing where the matrix is not followed.
    pub(super) fn keep(&mut self, step: u64, path: &str, tracker: Option<Tracker>) {
        match tracker {
            Some(tracker) => {
                let followed = Followed { tracker, since: step, looks: 0 };
                self.layers.insert(path.to_owned(), followed);
            }
            None => {
                self.layers.remove(path);
            }
        }
    }
}
