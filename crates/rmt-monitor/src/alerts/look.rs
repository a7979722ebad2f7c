//! The figures of one snapshot of a matrix beside those of earlier snapshots.

use super::AlertKind;
use rmt_core::layers::LayerKind;
use rmt_core::notes::Note;
use rmt_core::statistics::drift::Still;
use rmt_core::{LayerReport, Verdict};
use std::collections::{HashSet, VecDeque};

/// Looks before, of which the one with the largest change is compared with.
const BEFORE: usize = 3;
/// Updates over which a rate of change is a mean.
const MEAN_OF: u64 = 10;
/// Updates after which a model at random initialization must have moved.
const EARLY: u64 = 50;
/// Scale of a bulk over that of all entries, at least.
const LEAST_BULK: f64 = 1e-3;
/// Looks from which on rows that never moved are counted.
const ROWS_FROM: u64 = 8;

/// The history of a matrix.
#[derive(Debug, Default)]
pub(crate) struct Baseline {
    looks: u64,
    first_step: u64,
    last_step: u64,
    stable_rank: Option<f64>,
    scale: Option<f64>,
    started_at_zero: bool,
    /// A look after the first updates was taken.
    past_early: bool,
    /// Changes at the last looks.
    changes: VecDeque<f64>,
    /// Rows that had not moved when the number of looks had last doubled.
    still_rows: Option<usize>,
    /// What this look shows.
    pub(super) seen: Seen,
    /// Given, and not armed again.
    pub(super) given: HashSet<AlertKind>,
}

/// The figures of a look.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    /// Updates since the first look.
    pub(super) updates: u64,
    /// ‖W − W′‖/‖W′‖ per update since the look before.
    pub(super) rate: Option<f64>,
    /// ‖W − W₀‖/‖W₀‖ per update since the first look, at the first look after 50 updates.
    pub(super) rate_since_first: Option<f64>,
    /// The change since the look before over the most of the three before that.
    pub(super) jump: Option<f64>,
    /// Whether nothing moved since the first look; `None` where that is not known.
    pub(super) still: Option<bool>,
    /// The same since the look before.
    pub(super) resting: Option<bool>,
    /// Standard deviation of the entries times √inputs, of a matrix that looks random.
    pub(super) gain: Option<f64>,
    /// The stable rank, and its first value.
    pub(super) stable_rank: Option<[f64; 2]>,
    /// The scale of the bulk, and its first value.
    pub(super) scale: Option<[f64; 2]>,
    /// The stable rank of the change since the first look.
    pub(super) change_rank: Option<f64>,
    /// Rows of an embedding that never moved, those at half as many looks, and all rows: where they are counted.
    pub(super) still_rows: Option<[usize; 3]>,
    /// Whether it takes no gradients.
    pub(super) frozen: bool,
}

impl Baseline {
    /// Takes a look.
    pub(super) fn look(&mut self, report: &LayerReport) {
        let of = &report.report;
        let full = of.tracked.is_none();
        let first = self.looks == 0;
        let has = |note: &dyn Fn(&Note) -> bool| of.notes.iter().any(note);
        if first {
            self.first_step = report.step;
            self.started_at_zero = has(&|note| matches!(note, Note::Zero));
        }
        let updates = report.step.saturating_sub(self.first_step);
        let mut seen =
            Seen { updates, frozen: has(&|note| matches!(note, Note::Frozen)), ..Seen::default() };
        if full {
            self.changes(report, &mut seen);
            // The positions of a text lie along few directions once they are learned.
            let embedding = report.layer.kind == LayerKind::Embedding;
            let tail = of.heavy_tail.as_ref().filter(|_| !embedding);
            let rank = tail.and_then(|tail| tail.stable_rank);
            seen.stable_rank = beside(&mut self.stable_rank, rank);
            // What starts at zero has no first scale to be compared with.
            let scale =
                of.scale.filter(|scale| !self.started_at_zero && is_bulk(*scale, of.scale_entries));
            seen.scale = beside(&mut self.scale, scale);
            if first {
                seen.gain = gain(report);
            }
            self.last_step = report.step;
            self.looks += 1;
        }
        self.seen = seen;
    }

    fn changes(&mut self, report: &LayerReport, seen: &mut Seen) {
        let of = &report.report;
        let Some(drift) = &of.drift else { return };
        seen.still = Some(still(drift.still.as_ref(), of.shape));
        seen.change_rank = drift.change.as_ref().and_then(|change| change.stable_rank);
        if seen.updates >= EARLY && !std::mem::replace(&mut self.past_early, true) {
            seen.rate_since_first = drift.relative_norm.map(|x| x / seen.updates as f64);
        }
        let embedding = report.layer.kind == LayerKind::Embedding;
        let looks = self.looks + 1;
        if embedding && looks.is_power_of_two() && looks >= ROWS_FROM / 2 {
            let rows = drift.still.as_ref().map_or(0, |still| still.rows.count);
            if let Some(half) = self.still_rows.replace(rows) {
                seen.still_rows = Some([rows, half, of.shape[0]]);
            }
        }
        let Some(previous) = &drift.previous else { return };
        seen.resting = Some(still(previous.still.as_ref(), of.shape));
        let Some(change) = previous.relative_norm else { return };
        let steps = report.step.saturating_sub(self.last_step);
        // From zero every change is without bound.
        if steps >= MEAN_OF && !self.started_at_zero {
            seen.rate = Some(change / steps as f64);
        }
        if self.changes.len() == BEFORE {
            let most = self.changes.iter().copied().fold(0.0, f64::max);
            seen.jump = Some(change / most).filter(|jump| jump.is_finite());
            self.changes.pop_front();
        }
        self.changes.push_back(change);
    }
}

fn still(still: Option<&Still>, shape: [usize; 2]) -> bool {
    still.is_some_and(|still| still.is_whole(shape))
}

/// Of a matrix of few directions the bulk is rounding, whose scale means nothing.
fn is_bulk(scale: f64, entries: Option<f64>) -> bool {
    entries.is_none_or(|entries| scale > LEAST_BULK * entries)
}

/// A figure and its first value, which is remembered.
fn beside(first: &mut Option<f64>, now: Option<f64>) -> Option<[f64; 2]> {
    let now = now.filter(|now| now.is_finite())?;
    if first.is_none() && now > 0.0 {
        *first = Some(now);
    }
    Some([now, (*first)?])
}

/// Of a matrix whose inputs are one side, and which looks random.
fn gain(report: &LayerReport) -> Option<f64> {
    let of = &report.report;
    if of.verdict != Verdict::Random || report.layer.kind == LayerKind::Embedding {
        return None;
    }
    let [rows, cols] = of.shape;
    let inputs = if of.orientation.rows_are_outputs() { cols } else { rows };
    of.scale_entries.map(|entries| entries * (inputs as f64).sqrt())
}
