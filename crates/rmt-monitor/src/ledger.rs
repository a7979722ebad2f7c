//! Exact accounting of matrices, submitted = analysed + dropped by reason, and of the bytes in
//! flight.

#[cfg(test)]
mod interleavings;

use crate::guard;
use serde::{Deserialize, Serialize};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Why a due matrix was not analysed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DropReason {
    /// Earlier snapshots still filled the byte budget.
    QueueFull,
    /// The snapshot was larger than the budget; this layer's turn comes at the next due step.
    OverBudget,
    /// The matrix alone is larger than the budget.
    TooLarge,
    /// Submitted after `finish`.
    Finished,
    /// Still waiting when `finish` ran out of time.
    FinishTimeout,
    /// The values could not be read from the device.
    ReadFailed,
    /// The analysis failed or panicked.
    AnalysisFailed,
    /// The parameter was never initialized.
    NotInitialized,
    /// The worker thread panicked.
    WorkerPanicked,
    /// The scalar is not finite.
    NotFinite,
    /// The name of the scalar is empty.
    Unnamed,
    /// The name of the scalar is reserved for a curve of the monitor.
    Reserved,
}

/// Counts of matrices. Once finished, `submitted` = `analysed` + the sum of `dropped`. Scalars are
/// counted in the same way: those `analysed` were read and passed to the sinks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Counts {
    /// Number of watched matrices at due steps.
    pub submitted: u64,
    /// Number of these that have a report.
    pub analysed: u64,
    /// Number of the others, by reason.
    pub dropped: Dropped,
}

/// Dropped matrices by reason.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
#[allow(missing_docs)] // named after the reasons
pub struct Dropped {
    pub queue_full: u64,
    pub over_budget: u64,
    pub too_large: u64,
    pub finished: u64,
    pub finish_timeout: u64,
    pub read_failed: u64,
    pub analysis_failed: u64,
    pub not_initialized: u64,
    pub worker_panicked: u64,
    pub not_finite: u64,
    pub unnamed: u64,
    pub reserved: u64,
}

impl Counts {
    pub(crate) fn drop_one(&mut self, reason: DropReason) {
        *self.dropped.of(reason) += 1;
    }

    fn complete(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Analysed => self.analysed += 1,
            Outcome::Dropped(reason) => self.drop_one(reason),
        }
    }

    /// Number of matrices neither analysed nor dropped yet; 0 once finished.
    pub fn outstanding(&self) -> u64 {
        let settled = self.analysed.saturating_add(self.dropped.total());
        self.submitted.saturating_sub(settled)
    }

    fn abandon(&mut self, reason: DropReason) {
        *self.dropped.of(reason) += self.outstanding();
    }
}

impl Dropped {
    /// Total over all reasons.
    pub fn total(&self) -> u64 {
        let Self {
            queue_full,
            over_budget,
            too_large,
            finished,
            finish_timeout,
            read_failed,
            analysis_failed,
            not_initialized,
            worker_panicked,
            not_finite,
            unnamed,
            reserved,
        } = self;
        queue_full
            + over_budget
            + too_large
            + finished
            + finish_timeout
            + read_failed
            + analysis_failed
            + not_initialized
            + worker_panicked
            + not_finite
            + unnamed
            + reserved
    }

    fn of(&mut self, reason: DropReason) -> &mut u64 {
        match reason {
            DropReason::QueueFull => &mut self.queue_full,
            DropReason::OverBudget => &mut self.over_budget,
            DropReason::TooLarge => &mut self.too_large,
            DropReason::Finished => &mut self.finished,
            DropReason::FinishTimeout => &mut self.finish_timeout,
            DropReason::ReadFailed => &mut self.read_failed,
            DropReason::AnalysisFailed => &mut self.analysis_failed,
            DropReason::NotInitialized => &mut self.not_initialized,
            DropReason::WorkerPanicked => &mut self.worker_panicked,
            DropReason::NotFinite => &mut self.not_finite,
            DropReason::Unnamed => &mut self.unnamed,
            DropReason::Reserved => &mut self.reserved,
        }
    }
}

/// What became of a matrix that the worker held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Analysed,
    Dropped(DropReason),
}

/// Bytes of scalars that may wait.
const SCALAR_BUDGET: u64 = 16 << 20;

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) counts: Counts,
    /// Gradients, counted apart: their bytes are in flight with those of the weights.
    pub(crate) gradients: Counts,
    /// Scalars, counted apart.
    pub(crate) scalars: Counts,
    pub(crate) bytes_in_flight: u64,
    pub(crate) budget: Option<u64>,
    /// Scalars waiting, counted apart: weights that fill the queue make no holes in a loss curve.
    scalar_bytes: u64,
    /// A snapshot was submitted: the next one is not the first.
    pub(crate) begun: bool,
    /// No more is let in.
    pub(crate) closed: bool,
    /// The worker was given up: what it still completes was already counted as dropped.
    abandoned: bool,
    /// Room was waited for in vain, and nothing was released since.
    stalled: bool,
    /// Path of the matrix at which the next cut snapshot starts.
    pub(crate) next_cut: Option<String>,
    /// The same for gradients.
    pub(crate) next_cut_gradient: Option<String>,
}

impl State {
    pub(crate) fn submit(&mut self) {
        self.counts.submitted += 1;
    }

    pub(crate) fn drop_one(&mut self, reason: DropReason) {
        self.counts.drop_one(reason);
    }

    /// Counts a scalar and lets it in, or says why not.
    pub(crate) fn admit_scalar(&mut self, bytes: u64) -> Result<(), DropReason> {
        self.scalars.submitted += 1;
        let full = self.scalar_bytes.saturating_add(bytes) > SCALAR_BUDGET;
        let refused = match (self.closed, full) {
            (true, _) => DropReason::Finished,
            (_, true) => DropReason::QueueFull,
            _ => {
                self.scalar_bytes += bytes;
                return Ok(());
            }
        };
        self.scalars.drop_one(refused);
        Err(refused)
    }

    /// Counts the bytes of matrices that were let in.
    pub(crate) fn hold(&mut self, bytes: u64) {
        self.bytes_in_flight = self.bytes_in_flight.saturating_add(bytes);
    }

    fn release(&mut self, bytes: u64) {
        self.bytes_in_flight = self.bytes_in_flight.saturating_sub(bytes);
        self.stalled = false;
    }

    pub(crate) fn fits(&self, bytes: u64) -> bool {
        self.budget.is_none_or(|budget| self.bytes_in_flight.saturating_add(bytes) <= budget)
    }
}

#[derive(Debug, Default)]
pub(crate) struct Ledger {
    state: Mutex<State>,
    released: Condvar,
}

impl Ledger {
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        guard::lock(&self.state)
    }

    /// Waits until `bytes` fit, nothing is in flight, or the time is up: once for a worker that does
    /// nothing at all, not again at each due step.
    pub(crate) fn wait_for_room(&self, bytes: u64, timeout: Duration) {
        // A time beyond what the clock can say is no limit.
        let deadline = Instant::now().checked_add(timeout);
        let mut state = self.lock();
        while !state.closed && !state.stalled && state.bytes_in_flight > 0 && !state.fits(bytes) {
            let left = match deadline {
                Some(deadline) => match deadline.checked_duration_since(Instant::now()) {
                    Some(left) => left,
                    None => {
                        state.stalled = true;
                        return;
                    }
                },
                None => Duration::from_secs(3600),
            };
            let waited = self.released.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    pub(crate) fn release_scalar(&self, bytes: u64) {
        let mut state = self.lock();
        state.scalar_bytes = state.scalar_bytes.saturating_sub(bytes);
    }

    /// What became of a matrix that the worker held, and whose `bytes` are free again.
    pub(crate) fn complete(&self, bytes: u64, outcome: Outcome) {
        let mut state = self.lock();
        state.release(bytes);
        if !state.abandoned {
            state.counts.complete(outcome);
        }
        self.released.notify_all();
    }

    /// The same of a gradient.
    pub(crate) fn complete_gradient(&self, bytes: u64, outcome: Outcome) {
        let mut state = self.lock();
        state.release(bytes);
        if !state.abandoned {
            state.gradients.complete(outcome);
        }
        self.released.notify_all();
    }

    /// Counts `number` scalars, whose fate is the same.
    pub(crate) fn complete_scalars(&self, outcome: Outcome, number: u64) {
        let mut state = self.lock();
        if !state.abandoned {
            (0..number).for_each(|_| state.scalars.complete(outcome));
        }
    }

    pub(crate) fn abandoned(&self) -> bool {
        self.lock().abandoned
    }

    /// Lets nothing more in.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.released.notify_all();
    }

    /// Counts whatever is still outstanding as dropped, once.
    pub(crate) fn abandon(&self, reason: DropReason) {
        let mut state = self.lock();
        if state.abandoned {
            return;
        }
        (state.closed, state.abandoned) = (true, true);
        state.counts.abandon(reason);
        state.gradients.abandon(reason);
        state.scalars.abandon(reason);
        self.released.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn abandoned_work_is_counted_once() {
        let ledger = Ledger::default();
        (0..3).for_each(|_| ledger.lock().submit());
        ledger.lock().gradients.submitted = 4;
        ledger.complete(0, Outcome::Analysed);
        ledger.complete_gradient(0, Outcome::Dropped(DropReason::ReadFailed));
        ledger.abandon(DropReason::FinishTimeout);
        ledger.complete(0, Outcome::Analysed);
        ledger.abandon(DropReason::AnalysisFailed);
        let counts = ledger.lock().counts.clone();
        assert_eq!((counts.submitted, counts.analysed), (3, 1));
        assert_eq!((counts.dropped.finish_timeout, counts.dropped.total()), (2, 2));
        let gradients = ledger.lock().gradients.dropped.clone();
        assert_eq!((gradients.finish_timeout, gradients.read_failed, gradients.total()), (3, 1, 4));
    }

    #[test]
    fn bytes_are_released() {
        let ledger = Ledger::default();
        ledger.lock().budget = Some(10);
        ledger.lock().bytes_in_flight = 8;
        assert!(ledger.lock().fits(2) && !ledger.lock().fits(3));
        ledger.wait_for_room(3, Duration::ZERO);
        // In vain: that is not waited for again.
        ledger.wait_for_room(3, Duration::MAX);
        ledger.complete(1, Outcome::Analysed);
        assert!(!ledger.lock().stalled);
        // Scalars have room of their own.
        assert_eq!(ledger.lock().admit_scalar(SCALAR_BUDGET), Ok(()));
        assert_eq!(ledger.lock().admit_scalar(1), Err(DropReason::QueueFull));
        ledger.release_scalar(1);
        assert_eq!(ledger.lock().admit_scalar(1), Ok(()));
        ledger.complete_scalars(Outcome::Analysed, 2);
        assert_eq!(ledger.lock().scalars.outstanding(), 0);
        ledger.complete(7, Outcome::Analysed);
        ledger.wait_for_room(3, Duration::MAX);
        ledger.wait_for_room(u64::MAX, Duration::from_secs(3600));
        assert!(ledger.lock().fits(10));
    }
}
