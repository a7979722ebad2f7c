//! Admits gradients, within the same byte budget as weights.

use super::Engine;
use super::room::{self, default_budget, tell_apart, total_bytes};
use crate::ledger::{DropReason, State};
use crate::schedule::Overflow;
use crate::snapshot::GradientSnapshot;
use crate::worker::Job;

impl Engine {
    /// Submits the gradients at W_`step`, as far as the byte budget allows. They are counted apart
    /// from the weights, in [`Summary::gradients`](crate::Summary::gradients).
    ///
    /// If the queue is full, all of them are dropped (with [`Overflow::Block`] only after waiting).
    /// Gradients larger than the whole budget are cut by layer, and the next call starts with the
    /// rest. Processes that share a model all pass all gradients, and each takes its own part.
    pub fn submit_gradients(&self, step: u64, mut layers: Vec<GradientSnapshot>) {
        let shared = &self.owner.shared;
        shared.share.retain(&mut layers, |layer| (&layer.layer, layer.shape));
        if layers.is_empty() {
            return;
        }
        tell_apart(&mut layers);
        let (whole, total) = (layers.len(), total_bytes(&layers));
        if shared.settings.overflow == Overflow::Block {
            shared.ledger.wait_for_room(total, shared.settings.finish_timeout);
        }
        let mut state = shared.ledger.lock();
        let first = state.gradients.submitted == 0;
        state.gradients.submitted += whole as u64;
        if state.closed {
            layers.iter().for_each(|_| state.gradients.drop_one(DropReason::Finished));
            return;
        }
        if first && shared.settings.budget_bytes.is_none() {
            state.budget = state.budget.max(Some(default_budget(total)));
        }
        let budget = *state.budget.get_or_insert_with(|| default_budget(total));
        let warning = if total > budget {
            let left = cut(&mut state, &mut layers, budget).join(", ");
            let kept = layers.len();
            Some(format!(
                "gradients, with the weights before and after, are larger than the byte budget \
                 ({budget}): {kept} of {whole} taken, without {left}; raise it with with_budget_bytes"
            ))
        } else if !state.fits(total) {
            layers.drain(..).for_each(|_| state.gradients.drop_one(DropReason::QueueFull));
            Some("the queue is full: gradients were dropped".to_owned())
        } else {
            None
        };
        state.hold(total_bytes(&layers));
        drop(state);
        if let Some(message) = warning {
            shared.warn_once(step, &format!("gradients {message}"), message);
        }
        if !layers.is_empty() {
            self.send(Job::Gradients { step, layers });
        }
    }
}

/// Keeps what fits; names of the others.
fn cut(state: &mut State, layers: &mut Vec<GradientSnapshot>, budget: u64) -> Vec<String> {
    let mut too_large = Vec::new();
    layers.retain(|layer| {
        let fits = layer.bytes <= budget;
        if !fits {
            state.gradients.drop_one(DropReason::TooLarge);
            too_large.push(format!("`{}`", layer.layer.path()));
        }
        fits
    });
    let mut next = state.next_cut_gradient.take();
    let left = room::cut(&mut next, layers, |bytes| state.fits(bytes));
    state.next_cut_gradient = next;
    left.iter().for_each(|_| state.gradients.drop_one(DropReason::OverBudget));
    let left = left.iter().map(|layer| format!("`{}`", layer.layer.path()));
    left.chain(too_large).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::config::{Bare, MonitorConfig};
    use crate::error::ReadError;
    use crate::snapshot::{WeightValues, Weights};
    use rmt_core::layers::LayerId;
    use std::sync::mpsc::{Receiver, channel};

    /// Read when the other end of the channel is gone.
    struct Held(Receiver<()>);

    impl Weights for Held {
        fn read(self: Box<Self>) -> Result<WeightValues, ReadError> {
            let _ = self.0.recv();
            Ok(WeightValues::F32(vec![3.0, 0.0, 0.0, 4.0]))
        }
    }

    fn snapshot(name: &str, bytes: u64, gradient: Box<dyn Weights>) -> GradientSnapshot {
        let layer = LayerId::from_name(name);
        GradientSnapshot::new(layer, [2, 2], bytes, gradient)
    }

    fn zero(name: &str, bytes: u64) -> GradientSnapshot {
        snapshot(name, bytes, Box::new(WeightValues::F64(vec![0.0; 4])))
    }

    #[test]
    fn what_does_not_fit_is_dropped_and_counted() {
        let base = tempfile::tempdir().unwrap();
        let config = MonitorConfig::<Bare>::new(base.path().join("x")).with_budget_bytes(250);
        let engine = config.init().unwrap();
        let (held, receiver) = channel::<()>();
        let first = snapshot("a", 100, Box::new(Held(receiver)));
        // The worker holds "a"; "c" and what is larger than the budget are cut.
        engine.submit_gradients(0, vec![first, zero("b", 100), zero("c", 100), zero("d", 251)]);
        // There is no room for both of them.
        engine.submit_gradients(1, vec![zero("a", 100), zero("b", 100)]);
        drop(held);
        let summary = engine.finish();
        let found = &summary.gradients;
        assert_eq!((found.submitted, found.analysed, found.dropped.total()), (6, 2, 4));
        let dropped = &found.dropped;
        assert_eq!((dropped.over_budget, dropped.too_large, dropped.queue_full), (1, 1, 2));
        assert_eq!((summary.counts.submitted, summary.warnings_total), (0, 2));
        assert!(summary.warnings[0].message.contains("2 of 4 taken, without `c`, `d`"));
        engine.submit_gradients(2, vec![zero("a", 100)]);
        assert_eq!(engine.owner.shared.ledger.lock().gradients.dropped.finished, 1);
    }

    #[test]
    fn blocking_waits_for_room() {
        let base = tempfile::tempdir().unwrap();
        let config = MonitorConfig::<Bare>::new(base.path().join("x")).with_budget_bytes(100);
        let engine = config.with_overflow(Overflow::Block).init().unwrap();
        let (held, receiver) = channel::<()>();
        engine.submit_gradients(0, vec![snapshot("a", 100, Box::new(Held(receiver)))]);
        let other = engine.clone();
        let waiting = std::thread::spawn(move || other.submit_gradients(1, vec![zero("a", 100)]));
        drop(held);
        waiting.join().unwrap();
        let summary = engine.finish();
        assert_eq!((summary.gradients.analysed, summary.gradients.dropped.total()), (2, 0));
    }

    #[test]
    fn layers_that_were_cut_come_first() {
        let mut state = State::default();
        state.budget = Some(250);
        let mut taken = || -> Vec<String> {
            let mut layers: Vec<_> = ["a", "b", "c"].map(|name| zero(name, 100)).into();
            cut(&mut state, &mut layers, 250);
            layers.into_iter().map(|layer| layer.layer.name).collect()
        };
        assert_eq!(
            (taken(), taken()),
            (vec!["a".into(), "b".into()], vec!["c".into(), "a".into()])
        );
        assert_eq!(taken(), ["b", "c"]);
    }
}
