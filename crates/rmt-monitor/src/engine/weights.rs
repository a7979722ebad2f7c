//! Admits weights within the byte budget, and counts each matrix.

use super::Engine;
use super::room::{cut, default_budget, tell_apart, total_bytes};
use crate::guard::lock;
use crate::ledger::{DropReason, State};
use crate::run_directory::WatchedLayer;
use crate::schedule::Overflow;
use crate::snapshot::{Admission, LayerSnapshot};
use crate::worker::{Full, Job};
use std::sync::atomic::Ordering;

impl Engine {
    /// Submits the matrices of one step, as far as the byte budget allows.
    ///
    /// The first snapshot of a run is always admitted. A snapshot larger than the whole budget is
    /// cut by layer: the matrices that fit are taken, and the next due step starts with the rest.
    /// Processes that share a model all pass all matrices in the same order, and each takes and
    /// counts its own part. Returns whether every matrix was admitted.
    pub fn submit(&self, step: u64, admission: Admission, mut layers: Vec<LayerSnapshot>) -> bool {
        let shared = &self.owner.shared;
        // It may have waited for its forwards.
        shared.latest_step.fetch_max(step, Ordering::Relaxed);
        let _ = shared.first_step.set(step);
        shared.timetable.know_layers(layers.len());
        shared.share.retain(&mut layers, |layer| (&layer.layer, layer.shape));
        if layers.is_empty() {
            return true;
        }
        for (number, name) in tell_apart(&mut layers) {
            let note = format!("another matrix of the snapshot is called `{name}` too");
            layers[number].notes.push(note);
        }
        let whole = layers.len();
        let total = total_bytes(&layers);
        if admission == Admission::Wait || shared.settings.overflow == Overflow::Block {
            shared.ledger.wait_for_room(total, shared.settings.finish_timeout);
        }
        let Admitted { first, warnings } = admit(&mut shared.ledger.lock(), &mut layers, admission);
        for (key, message) in warnings {
            shared.warn_once(step, &key, message);
        }
        if first {
            let mut info = lock(&shared.info);
            info.layers = layers.iter().map(WatchedLayer::of).collect();
        }
        let complete = layers.len() == whole;
        if !layers.is_empty() {
            let full = match admission {
                Admission::Wait => Full::Last,
                _ if self.full_due(step) => Full::Due,
                _ => Full::No,
            };
            self.send(Job::Snapshot { step, layers, full });
        }
        complete
    }
}

/// What became of a snapshot.
pub(crate) struct Admitted {
    /// It is the first of the run, and the run goes on.
    first: bool,
    /// Key and text of each.
    warnings: Vec<(String, String)>,
}

/// Counts `layers`, and leaves in them what is let in.
pub(crate) fn admit(
    state: &mut State,
    layers: &mut Vec<LayerSnapshot>,
    admission: Admission,
) -> Admitted {
    let mut warnings = Vec::new();
    let first = !std::mem::replace(&mut state.begun, true);
    layers.iter().for_each(|_| state.submit());
    if state.closed {
        layers.drain(..).for_each(|_| state.drop_one(DropReason::Finished));
        return Admitted { first: false, warnings };
    }
    let total = total_bytes(layers);
    let budget = *state.budget.get_or_insert_with(|| default_budget(total));
    let force = first || admission == Admission::Wait;
    if let Some(message) = shed_activations(layers, budget, &|bytes| force || state.fits(bytes)) {
        warnings.push((message.to_owned(), message.to_owned()));
    }
    layers.retain(|layer| {
        let fits = layer.held_bytes() <= budget;
        if !fits {
            state.drop_one(DropReason::TooLarge);
            warnings.push(too_large(layer, budget));
        }
        fits
    });
    let total = total_bytes(layers);
    if !force && total > budget {
        let mut next = state.next_cut.take();
        let left = cut(&mut next, layers, |bytes| state.fits(bytes));
        state.next_cut = next;
        left.iter().for_each(|_| state.drop_one(DropReason::OverBudget));
        if !left.is_empty() {
            let (kept, whole) = (layers.len(), layers.len() + left.len());
            let message = format!(
                "snapshots are larger than the byte budget: {kept} of {whole} matrices taken, the others \
                 come first at the next due step"
            );
            layers.iter_mut().for_each(|layer| layer.notes.push(message.clone()));
            warnings.push((format!("cut {message}"), message));
        }
    } else if !force && !state.fits(total) {
        layers.drain(..).for_each(|_| state.drop_one(DropReason::QueueFull));
        let message = "the queue is full: a snapshot was dropped".to_owned();
        warnings.push(("queue full".into(), message));
    }
    state.hold(total_bytes(layers));
    Admitted { first, warnings }
}

/// Weights come before activations: those that do not fit beside their own weights go, and all of
/// them where the whole would not fit. Says why, if any went.
fn shed_activations(
    layers: &mut [LayerSnapshot],
    budget: u64,
    fits: &dyn Fn(u64) -> bool,
) -> Option<&'static str> {
    const LARGE: &str = "activations are larger than the whole byte budget: raise it with \
                         with_budget_bytes, or take fewer tokens with with_activations";
    const FULL: &str = "the queue has no room for activations";
    let mut why = None;
    for layer in layers.iter_mut().filter(|layer| layer.held_bytes() > budget) {
        why = layer.activation.is_some().then_some(LARGE).or(why);
        layer.shed_activation(LARGE);
    }
    let held = total_bytes(layers);
    if layers.iter().any(|layer| layer.activation.is_some()) && !fits(held) {
        why = Some(if held > budget { LARGE } else { FULL });
        layers.iter_mut().for_each(|layer| layer.shed_activation(why.unwrap_or(FULL)));
    }
    why
}

fn too_large(layer: &LayerSnapshot, budget: u64) -> (String, String) {
    let name = layer.layer.path();
    let message = format!(
        "`{name}` ({} bytes) is larger than the whole byte budget ({budget}) and is not analysed; \
         raise it with with_budget_bytes",
        layer.bytes
    );
    (format!("too large {name}"), message)
}
