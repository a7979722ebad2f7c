//! The handle that a training loop holds.

use crate::handles::IntoScalar;
use crate::visitor::Shown;
use burn_core::module::Module;
use rmt_monitor::observer::Observer;
use rmt_monitor::{Adapter, Counts, Engine, Status, Step, Summary};
use std::path::Path;

/// The framework whose models are watched, as `run.json` names it.
const FRAMEWORK: &str = "burn 0.22.1";

/// Marks the configuration of a burn monitor.
#[derive(Debug)]
pub enum Burn {}

impl Adapter for Burn {
    type Monitor = Monitor;
    fn attach(engine: Engine) -> Monitor {
        Monitor {
            observer: Observer::new(engine, FRAMEWORK),
            #[cfg(feature = "train")]
            clock: Some(Default::default()),
        }
    }
}

/// Watches one training run. A cheap handle: clones share the run, and dropping the last one
/// finishes it.
#[derive(Clone)]
pub struct Monitor {
    pub(crate) observer: Observer,
    /// Counts what burn's own training loop does; `None` when disabled.
    #[cfg(feature = "train")]
    pub(crate) clock: Option<std::sync::Arc<crate::clock::Clock>>,
}

impl std::fmt::Debug for Monitor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Monitor").field("run_directory", &self.run_directory()).finish()
    }
}

impl Monitor {
    /// A monitor that does nothing: no thread, no files, no allocation.
    pub fn disabled() -> Self {
        Self {
            observer: Observer::disabled(),
            #[cfg(feature = "train")]
            clock: None,
        }
    }

    /// Takes the model's weights if `step` is due; returns at once.
    ///
    /// Call it before every optimizer step with the number of updates made so far, 0 before the first. A step that is not due costs two integer tests. A step that was taken is not taken
    /// again, as where gradients of several batches are accumulated.
    #[inline]
    pub fn observe<M: Module + 'static>(&self, step: impl Into<Step>, model: &M) {
        self.observer.observe(step, &Shown(model));
    }

    /// Takes the weights of the last step, due or not, unless [`observe`](Self::observe) already
    /// did. They are not dropped for a full queue: it waits for room, at most the finish timeout,
    /// and then lets them in. (A matrix larger than the whole byte budget is named, as always.) What
    /// the layers are given with these weights is known if the step was due and a forward followed.
    pub fn observe_last<M: Module + 'static>(&self, step: impl Into<Step>, model: &M) {
        self.observer.observe_last(step, &Shown(model));
    }

    /// Tells that training goes on from the weights after `step` updates, in the directory of the run
    /// that made them: what was logged of later steps is replaced by this session, and drift is
    /// measured from the run's own first snapshot. Call it before the first `observe`, of a monitor whose
    /// configuration has `with_resume(true)`.
    pub fn resume(&self, step: impl Into<Step>) {
        self.observer.resume(step);
    }

    /// Logs a number beside the spectra, under its own name.
    ///
    /// A tensor goes as a handle and is read on the worker thread: training is not synchronized.
    /// A value that is not finite is a warning, and not written.
    pub fn scalar(&self, step: impl Into<Step>, name: &str, value: impl IntoScalar) {
        self.observer.scalar(step, name, || value.into_scalar());
    }

    /// Takes the weights of the last step, as [`observe_last`](Self::observe_last), and
    /// [finishes](Self::finish): what a loop ends with.
    pub fn finish_at<M: Module + 'static>(&self, step: impl Into<Step>, model: &M) -> Summary {
        self.observer.finish_at(step, &Shown(model))
    }

    /// Waits until everything taken is analysed and written, at most the finish timeout, and says
    /// what became of it. The weights after the last due step are not taken:
    /// [`finish_at`](Self::finish_at) does that. Faults are in the summary, not errors: a finished training run must not
    /// fail for its monitor. Later calls return the same summary.
    pub fn finish(&self) -> Summary {
        self.observer.finish()
    }

    /// How the run is doing now.
    pub fn status(&self) -> Status {
        self.observer.status()
    }

    /// Matrices counted so far.
    pub fn counts(&self) -> Counts {
        self.observer.counts()
    }

    /// Where the run is written; `None` when disabled.
    pub fn run_directory(&self) -> Option<&Path> {
        self.observer.run_directory()
    }
}
