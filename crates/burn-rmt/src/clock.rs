//! Assigns forwards, updates and lines of burn's log to optimizer steps.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// No replica observes yet.
const NOBODY: u64 = 0;

/// Updates that logs may be behind; burn lets them fall a few behind, and nobody need read any.
const UPDATES_KEPT: usize = 1024;

/// Counts what burn's training loop does, on whichever threads it does it.
///
/// burn logs asynchronously: when the k-th training log arrives, later updates may have been made.
/// At each update the number of forwards so far is kept; the k-th log belongs to the first update
/// with at least k forwards, or to the one to come.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    forwards: AtomicU64,
    /// Whether the weights that training starts from were seen.
    begun: AtomicBool,
    /// The replica whose updates count, or [`NOBODY`].
    observer: AtomicU64,
    replicas: AtomicU64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Updates made.
    step: u64,
    logs: u64,
    /// Forwards at each of the last updates, and its step.
    updates: VecDeque<(u64, u64)>,
    /// Step of the last training log.
    logged: u64,
}

impl Clock {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the observing role to whoever updates first from now on; earlier forwards that were
    /// never logged (a metric failed, say) are forgotten.
    pub(crate) fn begin(&self) {
        let mut state = self.state();
        state.logs = 0;
        state.updates.clear();
        self.forwards.store(0, Ordering::Release);
        self.begun.store(false, Ordering::Release);
        self.observer.store(NOBODY, Ordering::Release);
    }

    /// Counts updates from `step`.
    pub(crate) fn start_at(&self, step: u64) {
        let mut state = self.state();
        state.step = step;
        state.logged = step;
    }

    /// Updates made so far.
    pub(crate) fn step(&self) -> u64 {
        self.state().step
    }

    /// A forward of training; whether it is the first.
    pub(crate) fn forward(&self) -> bool {
        self.forwards.fetch_add(1, Ordering::AcqRel);
        !self.begun.swap(true, Ordering::AcqRel)
    }

    /// Whether `replica` (0: not numbered yet, which is done here) is the one that observes: the first
    /// to ask before or after its update is.
    pub(crate) fn observes(&self, replica: &mut u64) -> bool {
        if *replica == NOBODY {
            *replica = 1 + self.replicas.fetch_add(1, Ordering::AcqRel);
        }
        let claimed =
            self.observer.compare_exchange(NOBODY, *replica, Ordering::AcqRel, Ordering::Acquire);
        claimed.is_ok() || claimed == Err(*replica)
    }

    /// An update by `replica`. The step after it, if this replica is the one that observes.
    pub(crate) fn update(&self, replica: &mut u64) -> Option<u64> {
        if !self.observes(replica) {
            return None;
        }
        let forwards = self.forwards.load(Ordering::Acquire);
        let mut state = self.state();
        state.step += 1;
        let step = state.step;
        if state.updates.len() == UPDATES_KEPT {
            state.updates.pop_front();
        }
        state.updates.push_back((forwards, step));
        Some(step)
    }

    /// The next training log: the step it belongs to.
    pub(crate) fn log(&self) -> u64 {
        let mut state = self.state();
        state.logs += 1;
        let logs = state.logs;
        while state.updates.front().is_some_and(|(forwards, _)| *forwards < logs) {
            state.updates.pop_front();
        }
        state.logged = match state.updates.front() {
            Some((_, step)) => *step,
            None => state.step + 1,
        };
        state.logged
    }

    /// The step of the last training log.
    pub(crate) fn logged(&self) -> u64 {
        self.state().logged
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One epoch of ten batches with an update every fourth and at the end, each log arriving `lag`
    /// batches late.
    fn epoch(lag: usize) -> Vec<u64> {
        let clock = Clock::default();
        let mut replica = 0;
        let mut steps = Vec::new();
        for batch in 1..=10_usize {
            assert_eq!(clock.forward(), batch == 1);
            if batch % 4 == 0 || batch == 10 {
                clock.update(&mut replica);
            }
            if batch > lag {
                steps.push(clock.log());
            }
        }
        steps.extend((0..lag).map(|_| clock.log()));
        assert_eq!((clock.step(), clock.logged()), (3, 3));
        steps
    }

    #[test]
    fn logs_belong_to_the_update_that_their_batch_went_into() {
        for lag in 0..10 {
            assert_eq!(epoch(lag), [1, 1, 1, 1, 2, 2, 2, 2, 3, 3], "lag {lag}");
        }
    }

    #[test]
    fn a_second_phase_counts_its_own_logs() {
        let clock = Clock::default();
        let mut replica = 0;
        for _ in 0..2 * UPDATES_KEPT {
            clock.forward();
            clock.update(&mut replica);
        }
        // Of that phase, nothing was logged.
        clock.begin();
        for step in 0..3 {
            clock.forward();
            clock.update(&mut replica);
            assert_eq!(clock.log(), 2 * UPDATES_KEPT as u64 + step + 1);
        }
    }

    #[test]
    fn the_first_replica_to_update_observes() {
        let clock = Clock::default();
        clock.start_at(10);
        let (mut a, mut b) = (0, 0);
        assert_eq!(clock.update(&mut a), Some(11));
        assert_eq!(clock.update(&mut b), None);
        assert_eq!(clock.update(&mut a), Some(12));
        clock.begin();
        assert!(clock.forward() && !clock.forward());
        assert_eq!(clock.update(&mut b), Some(13));
        assert_eq!(clock.update(&mut a), None);
        // Asking before an update is as good as updating.
        clock.begin();
        assert!(clock.observes(&mut a) && !clock.observes(&mut b));
        assert_eq!((clock.update(&mut b), clock.update(&mut a)), (None, Some(14)));
    }
}
