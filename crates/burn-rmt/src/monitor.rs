//! The handle that a training loop holds.

use crate::handles::IntoScalar;
use crate::probe::{self, Probe};
use crate::visitor::{Due, Found, collect};
use burn_core::module::{Module, ParamId};
use rmt_core::layers::LayerKind;
use rmt_monitor::{Adapter, Admission, Counts, DropReason, Engine, Status, Summary};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The framework whose models are watched, as `run.json` names it.
const FRAMEWORK: &str = "burn 0.22.1";

/// Marks the configuration of a burn monitor.
#[derive(Debug)]
pub enum Burn {}

impl Adapter for Burn {
    type Monitor = Monitor;
    fn attach(engine: Engine) -> Monitor {
        let settings = engine.settings();
        let (tokens, evaluation) = (settings.activation_tokens, settings.activations_in_evaluation);
        let inner = Inner {
            probe: Arc::new(Probe::new(tokens, evaluation)),
            engine,
            pending: Mutex::new(None),
            has_pending: AtomicBool::new(false),
            last_taken: AtomicU64::new(NONE),
            last_complete: AtomicU64::new(NONE),
            models: Mutex::default(),
            #[cfg(feature = "optim")]
            gradients: crate::gradients::Held::default(),
            #[cfg(feature = "train")]
            clock: crate::learner::Clock::default(),
        };
        Monitor { inner: Some(Arc::new(inner)) }
    }
}

/// Watches one training run. A cheap handle: clones share the run, and dropping the last one
/// finishes it.
#[derive(Clone)]
pub struct Monitor {
    pub(crate) inner: Option<Arc<Inner>>,
}

impl std::fmt::Debug for Monitor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Monitor").field("run_directory", &self.run_directory()).finish()
    }
}

pub(crate) struct Inner {
    pub(crate) engine: Engine,
    /// Gathers what taps are given.
    pub(crate) probe: Arc<Probe>,
    /// A due step that waits for its forwards: for parameters that they initialize, and for what taps
    /// are given.
    pending: Mutex<Option<Pending>>,
    has_pending: AtomicBool,
    /// The last step that was taken, and the last that was taken whole, or [`NONE`].
    last_taken: AtomicU64,
    last_complete: AtomicU64,
    models: Mutex<Models>,
    /// Gradients whose update is still to come.
    #[cfg(feature = "optim")]
    pub(crate) gradients: crate::gradients::Held,
    /// Counts what burn's own training loop does.
    #[cfg(feature = "train")]
    clock: crate::learner::Clock,
}

const NONE: u64 = u64::MAX;

/// First watched parameter of the model that was taken last, and of the one before it.
#[derive(Debug, Default)]
struct Models {
    last: Option<ParamId>,
    other: Option<ParamId>,
}

const TWO_MODELS: &str = "one monitor was given two models: it watches one. Put both into one module, or give \
                          each a monitor of its own";

struct Pending {
    step: u64,
    admission: Admission,
    /// Says what is taken: walks a clone, which shares its lazy cells with the model as it was at that
    /// step, where not all parameters were initialized.
    walk: Box<dyn FnOnce(&Engine) -> Found + Send>,
}

impl Monitor {
    /// A monitor that does nothing: no thread, no files, no allocation.
    pub fn disabled() -> Self {
        Self { inner: None }
    }

    /// Takes the model's weights if `step` is due; returns at once.
    ///
    /// Call it with step 0 before the first update, and after every optimizer step with the number
    /// of updates made so far. A step that is not due costs two integer tests. A step that was taken is not taken
    /// again, as where gradients of several batches are accumulated.
    #[inline]
    pub fn observe<M: Module + 'static>(&self, step: u64, model: &M) {
        let Some(inner) = &self.inner else { return };
        inner.engine.reached(step);
        // What waits for its forwards goes on waiting.
        if inner.last_taken.load(Ordering::Acquire) == step {
            return inner.same_model(step, model);
        }
        if inner.has_pending.load(Ordering::Acquire) {
            inner.settle();
        }
        #[cfg(feature = "optim")]
        inner.follow_gradients(step, model);
        if inner.engine.due(step) {
            inner.last_taken.store(step, Ordering::Release);
            inner.take(step, model, Admission::Normal);
        }
    }

    /// Takes the weights of the last step, due or not, unless [`observe`](Self::observe) already
    /// did. They are not dropped for a full queue: it waits for room, at most the finish timeout,
    /// and then lets them in. (A matrix larger than the whole byte budget is named, as always.) What
    /// the layers are given with these weights is known if the step was due and a forward followed.
    pub fn observe_last<M: Module + 'static>(&self, step: u64, model: &M) {
        let Some(inner) = &self.inner else { return };
        inner.engine.reached(step);
        inner.settle();
        #[cfg(feature = "optim")]
        inner.follow_gradients(step, model);
        if inner.last_complete.load(Ordering::Acquire) != step {
            inner.take(step, model, Admission::Wait);
        }
    }

    /// Tells that training goes on from the weights after `step` updates, in the directory of the run
    /// that made them: what was logged of later steps is replaced by this session, and drift is
    /// measured from the run's own first snapshot. Call it before the first `observe`, of a monitor whose
    /// configuration has `with_resume(true)`.
    pub fn resume(&self, step: u64) {
        if let Some(inner) = &self.inner {
            inner.last_taken.store(NONE, Ordering::Release);
            inner.engine.resume(step);
        }
    }

    /// Logs a number beside the spectra, under its own name.
    ///
    /// A tensor goes as a handle and is read on the worker thread: training is not synchronized.
    /// A value that is not finite is a warning, and not written.
    pub fn scalar(&self, step: u64, name: &str, value: impl IntoScalar) {
        if let Some(inner) = &self.inner {
            inner.engine.scalar(step, name, value.into_scalar());
        }
    }

    /// Takes the weights of the last step, as [`observe_last`](Self::observe_last), and
    /// [finishes](Self::finish): what a loop ends with.
    pub fn finish_at<M: Module + 'static>(&self, step: u64, model: &M) -> Summary {
        self.observe_last(step, model);
        self.finish()
    }

    /// Waits until everything taken is analysed and written, at most the finish timeout, and says
    /// what became of it. The weights after the last due step are not taken:
    /// [`finish_at`](Self::finish_at) does that. Faults are in the summary, not errors: a finished training run must not
    /// fail for its monitor. Later calls return the same summary.
    pub fn finish(&self) -> Summary {
        match &self.inner {
            Some(inner) => {
                inner.settle();
                #[cfg(feature = "optim")]
                inner.settle_gradients();
                inner.engine.finish()
            }
            None => {
                let mut summary = Summary::default();
                summary.complete = true;
                summary
            }
        }
    }

    /// How the run is doing now.
    pub fn status(&self) -> Status {
        self.inner.as_ref().map(|inner| inner.engine.status()).unwrap_or_default()
    }

    /// Lets taps of this thread serve the monitor.
    #[cfg(feature = "train")]
    pub(crate) fn listen(&self) {
        if let Some(inner) = &self.inner
            && inner.probe.is_armed()
        {
            probe::listen(&inner.probe);
        }
    }

    #[cfg(feature = "train")]
    pub(crate) fn engine(&self) -> Option<&Engine> {
        self.inner.as_ref().map(|inner| &inner.engine)
    }

    #[cfg(feature = "train")]
    pub(crate) fn clock(&self) -> Option<&crate::learner::Clock> {
        self.inner.as_ref().map(|inner| &inner.clock)
    }

    /// Matrices counted so far.
    pub fn counts(&self) -> Counts {
        self.inner.as_ref().map(|inner| inner.engine.counts()).unwrap_or_default()
    }

    /// Where the run is written; `None` when disabled.
    pub fn run_directory(&self) -> Option<&Path> {
        self.inner.as_ref().map(|inner| inner.engine.run_directory())
    }
}

impl Inner {
    fn take<M: Module + 'static>(&self, step: u64, model: &M, admission: Admission) {
        let all = admission == Admission::Wait;
        let due = Due { step, all, products: true };
        let (mut found, taps) = probe::taps_in(|| collect(&self.engine, model, due));
        self.know_model(step, &found);
        // No forward of these weights comes after the last step, and between full analyses inputs are not
        // measured.
        let measured = !all && self.engine.full_due(step);
        let listens = taps && measured && self.probe.wants_tokens();
        if !listens && found.uninitialized.is_empty() {
            self.submit(step, admission, found);
            return;
        }
        if !all {
            self.probe.arm(std::mem::take(&mut found.ids));
            probe::listen(&self.probe);
        }
        let walk: Box<dyn FnOnce(&Engine) -> Found + Send> = if found.uninitialized.is_empty() {
            Box::new(move |_| found)
        } else {
            let held = model.clone();
            Box::new(move |engine| collect(engine, &held, due))
        };
        let earlier = self.set_pending(Some(Pending { step, admission, walk }));
        self.submit_pending(earlier);
    }

    /// Warns where models take turns. (One that was loaded again has other identities, once.)
    fn know_model(&self, step: u64, found: &Found) {
        let Some((_, id)) = found.ids.first() else { return };
        let mut models = self.models.lock().unwrap_or_else(PoisonError::into_inner);
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
    fn same_model<M: Module>(&self, step: u64, model: &M) {
        let found = collect(&self.engine, model, Due { step, all: false, products: false });
        let last = self.models.lock().unwrap_or_else(PoisonError::into_inner).last;
        if found.ids.first().is_some_and(|(_, id)| last != Some(*id)) {
            self.engine.warn_once(step, TWO_MODELS.into());
        }
    }

    /// Puts `next` in the place of what is pending, and returns that.
    fn set_pending(&self, next: Option<Pending>) -> Option<Pending> {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        self.has_pending.store(next.is_some(), Ordering::Release);
        std::mem::replace(&mut *pending, next)
    }

    /// Takes the weights of a due step that had to wait for its forwards, and what taps were given.
    pub(crate) fn settle(&self) {
        self.submit_pending(self.set_pending(None));
    }

    fn submit_pending(&self, pending: Option<Pending>) {
        if let Some(Pending { step, admission, walk }) = pending {
            let mut found = walk(&self.engine);
            self.attach(step, &mut found);
            self.submit(step, admission, found);
        }
    }

    /// Gives each matrix what its tap was given.
    fn attach(&self, step: u64, found: &mut Found) {
        let recording = self.probe.disarm();
        for problem in recording.problems {
            self.engine.warn_once(step, problem);
        }
        for (id, gathered) in recording.inputs {
            let place = found.places.get(&id).cloned().unwrap_or_default();
            // A product of an adapter's factors may follow the matrix itself.
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

    fn submit(&self, step: u64, admission: Admission, found: Found) {
        if let Some(device) = found.device {
            self.engine.describe(FRAMEWORK, device);
        }
        if let Some(parameters) = found.parameters {
            self.engine.check_patterns(step, &parameters);
        }
        for problem in found.not_matrices {
            self.engine.warn_once(step, problem);
        }
        if found.watched == 0 {
            let what = "no weight matrix of the model is watched; check include and exclude";
            self.engine.warn_once(step, what.into());
        }
        let complete = self.engine.submit(step, admission, found.layers);
        self.engine.not_taken(step, &found.uninitialized, DropReason::NotInitialized);
        if complete && found.uninitialized.is_empty() {
            self.last_complete.store(step, Ordering::Release);
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.settle();
        #[cfg(feature = "optim")]
        self.settle_gradients();
    }
}
