//! Gradients on their way from the backward pass to the update that they lead to.

use super::slot::Slot;
use super::walk::{Model, Walk, Wanted};
use crate::engine::Engine;
use crate::snapshot::{GradientSnapshot, LayerSnapshot};
use rmt_core::layers::LayerId;
use std::collections::HashMap;

/// Pairs the gradients of a due step with the weights before and after their update.
#[derive(Debug, Default)]
pub(super) struct Pairing(Slot<Taken>);

#[derive(Debug)]
struct Taken {
    /// Updates made before.
    step: u64,
    gradients: Vec<LayerSnapshot>,
    /// The weights that made them.
    before: Vec<LayerSnapshot>,
}

impl Pairing {
    /// Whether gradients of this step wait.
    pub(super) fn holds(&self, step: u64) -> bool {
        self.0.holds(|taken| taken.step == step)
    }

    /// Keeps the gradients of `step` and the weights that made them, until the weights after the update are seen.
    pub(super) fn keep(
        &self,
        engine: &Engine,
        step: u64,
        model: &dyn Model,
        gradients: &dyn Model,
    ) {
        let gradients = Walk::of(engine, step, Wanted::Gradients, gradients).layers;
        let before = Walk::of(engine, step, Wanted::Gradients, model).layers;
        submit(engine, self.0.replace(Some(Taken { step, gradients, before })), Vec::new());
    }

    /// Submits what waits, with the weights after its update if `model` has them at `step`.
    #[inline]
    pub(super) fn follow(&self, engine: &Engine, step: u64, model: &dyn Model) {
        if !self.0.is_full() {
            return;
        }
        let taken = self.0.replace(None);
        let of = taken.as_ref().map(|taken| taken.step);
        let after = match of {
            Some(of) if of.checked_add(1) == Some(step) => {
                Walk::of(engine, of, Wanted::Gradients, model).layers
            }
            _ => Vec::new(),
        };
        submit(engine, taken, after);
    }

    /// Submits what waits and whose update is not seen.
    pub(super) fn settle(&self, engine: &Engine) {
        submit(engine, self.0.replace(None), Vec::new());
    }
}

fn submit(engine: &Engine, taken: Option<Taken>, after: Vec<LayerSnapshot>) {
    let Some(Taken { step, gradients, before }) = taken else { return };
    let (mut before, mut after) = (by_layer(before), by_layer(after));
    let snapshot = |gradient: LayerSnapshot| {
        let update = before.remove(&gradient.layer).zip(after.remove(&gradient.layer));
        let weights = update.as_ref().map_or(0, |(before, after)| before.bytes + after.bytes);
        GradientSnapshot {
            layer: gradient.layer,
            shape: gradient.shape,
            bytes: gradient.bytes + weights,
            gradient: gradient.weights,
            update: update.map(|(before, after)| [before.weights, after.weights]),
        }
    };
    engine.submit_gradients(step, gradients.into_iter().map(snapshot).collect());
}

fn by_layer(layers: Vec<LayerSnapshot>) -> HashMap<LayerId, LayerSnapshot> {
    layers.into_iter().map(|layer| (layer.layer.clone(), layer)).collect()
}
