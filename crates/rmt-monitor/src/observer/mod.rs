//! Building blocks for a framework's adapter: an observer that knows which steps are due and takes
//! the weights at them.
//!
//! An adapter implements [`Model`] for its models and [`Weights`](crate::Weights) for its tensors.
//! The [`Observer`] does the rest. It takes each due step once, pairs gradients with their update,
//! and arms taps. It warns of steps that go back, of alternating models and of patterns that match
//! nothing. `crates/rmt-monitor/examples/plain_loop.rs` is a whole adapter, for matrices in
//! vectors.

mod gradients;
mod inputs;
mod probe;
mod slot;
pub mod taps;
mod walk;

pub use inputs::{Batches, Input, Inputs, Keep, Origin, Part, activation, held_or};
pub use probe::Key;
pub use walk::{Later, Model, Walk};

use crate::engine::Engine;
use crate::globs;
use crate::guard::lock;
use crate::ledger::{Counts, DropReason};
use crate::plateau::Plateau;
use crate::snapshot::{Admission, Scalar, WeightValues};
use crate::step::Step;
use crate::summary::{Status, Summary};
use gradients::Pairing;
use probe::Probe;
use rmt_core::layers::LayerKind;
use slot::Slot;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use walk::{Found, Wanted};

const NONE: u64 = u64::MAX;

const TWO_MODELS: &str = "one monitor was given two models: it watches one. Put both into one module, or give \
                          each a monitor of its own";

/// Watches one training run. Clones share the run, and dropping the last clone finishes it.
#[derive(Debug, Clone)]
pub struct Observer(Option<Arc<Inner>>);

struct Inner {
    engine: Engine,
    /// Name and version of the framework, for `run.json`.
    framework: &'static str,
    /// Gathers what taps are given.
    probe: Arc<Probe>,
    /// A due step that waits for its forwards: for parameters that they initialize, and for what taps
    /// are given.
    waiting: Slot<Waiting>,
    /// Gradients whose update is still to come.
    gradients: Pairing,
    /// The last step that was taken, and the last that was taken whole, or [`NONE`].
    last_taken: AtomicU64,
    last_complete: AtomicU64,
    models: Mutex<Models>,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inner").field("engine", &self.engine).finish_non_exhaustive()
    }
}

/// First watched parameter of the model that was taken last, and of the one before it.
#[derive(Debug, Default)]
struct Models {
    last: Option<u64>,
    other: Option<u64>,
}

struct Waiting {
    step: u64,
    wanted: Wanted,
    taken: Taken,
}

enum Taken {
    Found(Found),
    /// Not all parameters were initialized.
    Later(Later),
}

impl Observer {
    /// Observes for a started engine. `framework` names the framework and its version in `run.json`.
    pub fn new(engine: Engine, framework: &'static str) -> Self {
        let settings = engine.settings();
        let probe = Probe::new(settings.activations.tokens, settings.activations.in_evaluation);
        Self(Some(Arc::new(Inner {
            engine,
            framework,
            probe: Arc::new(probe),
            waiting: Slot::default(),
            gradients: Pairing::default(),
            last_taken: AtomicU64::new(NONE),
            last_complete: AtomicU64::new(NONE),
            models: Mutex::default(),
        })))
    }

    /// An observer that does nothing: no thread, no files, no allocation.
    pub fn disabled() -> Self {
        Self(None)
    }

    /// The engine; `None` when disabled.
    pub fn engine(&self) -> Option<&Engine> {
        self.0.as_ref().map(|inner| &inner.engine)
    }

    /// Takes the model's weights if `step` is due, and returns at once. Each step is taken at most
    /// once.
    #[inline]
    pub fn observe(&self, step: impl Into<Step>, model: &dyn Model) {
        let (Some(inner), step) = (&self.0, step.into().get()) else { return };
        inner.engine.reached(step);
        // What waits for its forwards goes on waiting.
        if inner.last_taken.load(Ordering::Acquire) == step {
            return inner.same_model(step, model);
        }
        if inner.waiting.is_full() {
            inner.settle();
        }
        inner.gradients.follow(&inner.engine, step, model);
        if inner.engine.due(step) {
            inner.last_taken.store(step, Ordering::Release);
            inner.take(step, model, Wanted::Due);
        }
    }

    /// Takes the weights of the last step, due or not, unless [`observe`](Self::observe) took them.
    /// If the queue is full, it waits for room, at most as long as the finish timeout.
    pub fn observe_last(&self, step: impl Into<Step>, model: &dyn Model) {
        let (Some(inner), step) = (&self.0, step.into().get()) else { return };
        inner.engine.reached(step);
        inner.settle_last(step);
        inner.gradients.follow(&inner.engine, step, model);
        if inner.last_complete.load(Ordering::Acquire) != step {
            inner.take(step, model, Wanted::All);
        }
    }

    /// Takes the gradients at the weights of `step` if it is due. Call it after the backward pass
    /// and before the update. `gradients` must show them under the names and identities of the
    /// parameters.
    #[inline]
    pub fn gradients(&self, step: impl Into<Step>, model: &dyn Model, gradients: &dyn Model) {
        let (Some(inner), step) = (&self.0, step.into().get()) else { return };
        if inner.engine.due(step) && !inner.gradients.holds(step) {
            // Weights that waited for their first forward come before their gradients.
            inner.settle();
            inner.gradients.keep(&inner.engine, step, model, gradients);
        }
    }

    /// Records the input of a layer in a training forward: tokens × `features` values, row by row,
    /// each row an independent sample. Only the forwards of a due step count.
    pub fn tap(&self, name: &str, values: &[f32], features: usize) {
        let tokens = values.len().checked_div(features).unwrap_or(0);
        self.record(
            Key::Name(name),
            &Input::new(&[tokens, features], Origin::Training),
            &|held, part| {
                let kept = values.get(..part.tokens * part.features).unwrap_or_default();
                let mut batches = held_or(held, Batches::default);
                let handle = Box::new(WeightValues::F32(kept.to_vec()));
                batches.add(part, size_of_val(kept) as u64, handle, None, None);
                batches
            },
        );
    }

    /// Records an input for this observer alone, for threads that train several models. See
    /// [`taps::record`].
    #[inline]
    pub fn record(&self, key: Key<'_>, input: &Input, keep: &Keep<'_>) {
        if let Some(inner) = &self.0 {
            taps::seen_and_armed();
            inner.probe.record(key, input, keep);
        }
    }

    /// Lets taps of this thread serve the observer. Call it where forwards run on another thread
    /// than `observe`.
    pub fn listen(&self) {
        if let Some(inner) = &self.0
            && inner.probe.is_armed()
        {
            taps::listen(&inner.probe);
        }
    }

    /// States that training continues from the weights after `step` updates. See
    /// [`Engine::resume`].
    pub fn resume(&self, step: impl Into<Step>) {
        if let Some(inner) = &self.0 {
            inner.last_taken.store(NONE, Ordering::Release);
            inner.engine.resume(step.into().get());
        }
    }

    /// Logs a number under its own name, beside the spectra.
    pub fn scalar(
        &self,
        step: impl Into<Step>,
        name: &str,
        value: impl FnOnce() -> Box<dyn Scalar>,
    ) {
        if let Some(inner) = &self.0 {
            inner.engine.scalar(step.into().get(), name, value());
        }
    }

    /// Takes the weights of the last step, as [`observe_last`](Self::observe_last), and finishes.
    pub fn finish_at(&self, step: impl Into<Step>, model: &dyn Model) -> Summary {
        self.observe_last(step, model);
        self.finish()
    }

    /// Waits until everything taken is analysed and written, at most as long as the finish timeout,
    /// and returns the summary.
    pub fn finish(&self) -> Summary {
        match &self.0 {
            Some(inner) => {
                inner.settle_all();
                inner.engine.finish()
            }
            None => Summary { complete: true, ..Summary::default() },
        }
    }

    /// A handle that reports when the model has gained no learned direction for `looks` looks. A
    /// disabled observer's is never reached.
    pub fn plateau(&self, looks: u64) -> Plateau {
        self.engine().map_or_else(Plateau::never, |engine| engine.plateau(looks))
    }

    /// The current state of the run.
    pub fn status(&self) -> Status {
        self.engine().map(Engine::status).unwrap_or_default()
    }

    /// Counts of matrices so far.
    pub fn counts(&self) -> Counts {
        self.engine().map(Engine::counts).unwrap_or_default()
    }

    /// The directory that the run is written to; `None` when disabled.
    pub fn run_directory(&self) -> Option<&Path> {
        self.engine().map(Engine::run_directory)
    }
}

impl Inner {
    fn take(&self, step: u64, model: &dyn Model, wanted: Wanted) {
        let all = wanted == Wanted::All;
        let walk = || Walk::of(&self.engine, step, wanted, model);
        let (mut found, taps) = taps::taps_in(walk);
        self.know_model(step, &found);
        // No forward of these weights comes after the last step, and between full analyses inputs are not
        // measured.
        let measured = !all && self.engine.full_due(step);
        let listens = taps && measured && self.probe.wants_tokens();
        let drawn = found.uninitialized.is_empty();
        if !listens && drawn {
            return self.submit(step, wanted, found);
        }
        if !all {
            self.probe.arm(std::mem::take(&mut found.ids));
            taps::listen(&self.probe);
        }
        let taken = match model.later().filter(|_| !drawn) {
            Some(later) => Taken::Later(later),
            None => Taken::Found(found),
        };
        let earlier = self.waiting.replace(Some(Waiting { step, wanted, taken }));
        self.submit_waiting(earlier);
    }

    /// Warns where models take turns. (One that was loaded again has other identities, once.)
    fn know_model(&self, step: u64, found: &Found) {
        let Some((_, id)) = found.ids.first() else { return };
        let mut models = lock(&self.models);
        if models.last == Some(*id) {
            return;
        }
        let in_turns = models.other == Some(*id);
        models.other = models.last.replace(*id);
        drop(models);
        if in_turns {
            self.engine.warn_once(step, TWO_MODELS.into());
        }
    }

    /// Warns where a step that was taken is observed with another model.
    #[cold]
    fn same_model(&self, step: u64, model: &dyn Model) {
        let found = Walk::of(&self.engine, step, Wanted::Gradients, model);
        let last = lock(&self.models).last;
        if found.ids.first().is_some_and(|(_, id)| last != Some(*id)) {
            self.engine.warn_once(step, TWO_MODELS.into());
        }
    }

    /// Takes the weights of a due step that waited for its forwards, and what taps were given.
    fn settle(&self) {
        self.submit_waiting(self.waiting.replace(None));
    }

    /// The same; what was taken at `step` is the last snapshot.
    fn settle_last(&self, step: u64) {
        let as_last = |waiting: Waiting| match waiting.step == step {
            true => Waiting { wanted: Wanted::All, ..waiting },
            false => waiting,
        };
        self.submit_waiting(self.waiting.replace(None).map(as_last));
    }

    fn settle_all(&self) {
        self.settle();
        self.gradients.settle(&self.engine);
    }

    fn submit_waiting(&self, waiting: Option<Waiting>) {
        let Some(Waiting { step, wanted, taken }) = waiting else { return };
        let mut found = match taken {
            Taken::Found(found) => found,
            Taken::Later(later) => {
                let mut walk = Walk::new(&self.engine, step, wanted);
                later(&mut walk);
                walk.found
            }
        };
        self.attach(step, &mut found);
        self.submit(step, wanted, found);
    }

    /// Gives each matrix what its tap was given.
    fn attach(&self, step: u64, found: &mut Found) {
        let recording = self.probe.disarm();
        for problem in recording.problems {
            self.engine.warn_once(step, problem);
        }
        for (id, gathered) in recording.inputs {
            let place = found.places.get(&id).cloned().unwrap_or_default();
            // A product of several parameters may follow the matrix itself.
            let Some(layer) = found.layers.get_mut(place).and_then(<[_]>::first_mut) else {
                continue;
            };
            if layer.layer.kind == LayerKind::Conv {
                layer.notes.push("activations of convolutions are not measured".into());
            } else if layer.layer.part.is_some() {
                layer.notes.push("activations of a stack of matrices are not measured".into());
            } else {
                layer.activation = gathered.snapshot();
            }
        }
    }

    fn submit(&self, step: u64, wanted: Wanted, found: Found) {
        if let Some(parameters) = found.parameters {
            self.engine.describe(self.framework, found.device);
            let warnings = globs::warnings(self.engine.settings(), &parameters);
            warnings.into_iter().for_each(|message| self.engine.warn_once(step, message));
        }
        for problem in found.unreadable {
            self.engine.warn_once(step, problem);
        }
        if found.watched == 0 {
            let what = "no weight matrix of the model is watched; check include and exclude";
            self.engine.warn_once(step, what.into());
        }
        let admission = if wanted == Wanted::All { Admission::Wait } else { Admission::Normal };
        let complete = self.engine.submit(step, admission, found.layers);
        self.engine.not_taken(step, &found.uninitialized, DropReason::NotInitialized);
        if complete && found.uninitialized.is_empty() {
            self.last_complete.store(step, Ordering::Release);
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.settle_all();
    }
}
