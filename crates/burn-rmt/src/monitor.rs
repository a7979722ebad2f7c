//! The monitor as a training loop holds it.

use crate::handles::IntoScalar;
use crate::visitor::Shown;
use burn_core::module::Module;
use rmt_monitor::observer::Observer;
use rmt_monitor::{Adapter, Counts, Engine, Plateau, Status, Step, Summary};
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

/// Watches one training run. It is a cheap handle: clones share the run, and dropping the last
/// clone finishes it.
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

    /// Takes the model's weights if `step` is due, and returns at once.
    ///
    /// Call it before every optimizer step with the number of updates made so far, 0 before the
    /// first. A step that is not due costs two integer tests. Each step is taken at most once, so
    /// calls for each of several accumulated batches do no harm.
    #[inline]
    pub fn observe<M: Module + 'static>(&self, step: impl Into<Step>, model: &M) {
        self.observer.observe(step, &Shown(model));
    }

    /// Takes the weights of the last step, due or not, unless [`observe`](Self::observe) already
    /// took them. If the queue is full, it waits for room, at most as long as the finish timeout,
    /// and then takes them. A matrix larger than the whole byte budget is dropped and named, as
    /// always. Inputs of layers belong to this step only if it was due and a forward followed.
    pub fn observe_last<M: Module + 'static>(&self, step: impl Into<Step>, model: &M) {
        self.observer.observe_last(step, &Shown(model));
    }

    /// States that training continues from the weights after `step` updates, in the directory of
    /// the run that made them. This session replaces earlier records of later steps. Drift is still
    /// measured from the run's first snapshot. Call it before the first `observe`, on a monitor
    /// whose configuration has `with_resume(true)`.
    ///
    /// ```no_run
    /// # use burn_rmt::MonitorConfig;
    /// # fn resume(step: u64) -> Result<(), burn_rmt::InitError> {
    /// let monitor = MonitorConfig::new("runs/x").with_every(100).with_resume(true).init()?;
    /// monitor.resume(step); // the updates that the loaded weights have had
    /// # Ok(()) }
    /// ```
    pub fn resume(&self, step: impl Into<Step>) {
        self.observer.resume(step);
    }

    /// Logs a number under its own name, beside the spectra.
    ///
    /// A tensor is passed as a handle, and the worker thread reads it, so training is not
    /// synchronized. A value that is not finite is not written; it becomes a warning.
    pub fn scalar(&self, step: impl Into<Step>, name: &str, value: impl IntoScalar) {
        self.observer.scalar(step, name, || value.into_scalar());
    }

    /// Takes the weights of the last step like [`observe_last`](Self::observe_last) and
    /// [finishes](Self::finish) the run. Call it at the end of the loop.
    pub fn finish_at<M: Module + 'static>(&self, step: impl Into<Step>, model: &M) -> Summary {
        self.observer.finish_at(step, &Shown(model))
    }

    /// Waits until everything taken is analysed and written, at most as long as the finish timeout,
    /// and returns the summary. It does not take the weights after the last due step;
    /// [`finish_at`](Self::finish_at) does. Faults are listed in the summary and are no errors,
    /// because a finished training run must not fail for its monitor. Later calls return the same
    /// summary.
    pub fn finish(&self) -> Summary {
        self.observer.finish()
    }

    /// A handle that reports when the model has gained no learned direction for `looks` looks, to
    /// end training early. A disabled monitor's is never reached.
    ///
    /// ```
    /// # let monitor = burn_rmt::Monitor::disabled();
    /// let plateau = monitor.plateau(10);
    /// for step in 0..1000_u64 {
    ///     // … monitor.observe(step, &model), and the update
    ///     if plateau.reached() {
    ///         break;
    ///     }
    /// }
    /// ```
    pub fn plateau(&self, looks: u64) -> Plateau {
        self.observer.plateau(looks)
    }

    /// The current state of the run.
    pub fn status(&self) -> Status {
        self.observer.status()
    }

    /// Counts of matrices so far.
    pub fn counts(&self) -> Counts {
        self.observer.counts()
    }

    /// The directory that the run is written to; `None` when disabled.
    pub fn run_directory(&self) -> Option<&Path> {
        self.observer.run_directory()
    }
}
