//! Watches burn's own training loop: a wrapper for the model, a metric logger and a metric.

mod logger;
mod metric;
mod stopping;

pub use logger::MonitorLogger;
pub use metric::MonitorMetric;
pub use stopping::PlateauStopping;

use crate::Monitor;
use crate::gradients::ShownGradients;
use crate::transparent::transparent_module;
use crate::visitor::{Shown, Source};
use burn_core::module::Module;
use burn_optim::lr_scheduler::module_lr_scheduler::ModuleLearningRate;
use burn_optim::{GradientsParams, ModuleOptimizer, MultiGradientsParams};
use burn_train::{InferenceStep, TrainOutput, TrainStep};
use rmt_monitor::{ResumeError, Step, Summary};
use std::fmt::{self, Display};
use std::ops::Deref;
use std::path::Path;

/// A model for burn's `Learner` whose optimizer steps are watched. [`Monitor::wrap`] makes one.
///
/// It behaves like the bare model in forwards, gradients, updates and in print. Its checkpoints
/// load into the bare model, and the other way round. It counts optimizer steps, not batches: with
/// accumulated gradients a step is one update.
#[derive(Clone, Debug)]
pub struct Monitored<M> {
    model: M,
    monitor: Monitor,
    /// Number of this replica among those that update, 0 before its first update.
    replica: u64,
}

impl Monitor {
    /// Wraps a model for burn's `Learner`: `Learner::new(monitor.wrap(model), optim, lr)`.
    ///
    /// The weights are taken before the first forward, when burn has moved the model to its device
    /// and loaded a checkpoint, and after every optimizer step that is due. If burn trains several
    /// replicas in one process, the first replica to update is observed, so each step is seen once.
    /// Wrapping again for a second phase continues the count of steps.
    pub fn wrap<M: Module>(&self, model: M) -> Monitored<M> {
        if let Some(clock) = &self.clock {
            clock.begin();
        }
        Monitored { model, monitor: self.clone(), replica: 0 }
    }

    /// Continues a run after `epoch`, whose checkpoint training loads with
    /// `training.checkpoint(epoch)`. The monitor must have been opened `with_resume(true)` on the
    /// run directory of the session that wrote the checkpoint. The count of steps continues, and
    /// this session replaces what was logged after that epoch. Returns the step; 0 for a disabled
    /// monitor.
    ///
    /// # Errors
    /// [`ResumeError`] if the run directory does not record at which step the epoch ended.
    /// [`metric_logger`](Self::metric_logger) records it.
    pub fn resume_epoch(&self, epoch: usize) -> Result<u64, ResumeError> {
        let Some((engine, clock)) = self.observer.engine().zip(self.clock.as_ref()) else {
            return Ok(0);
        };
        let step = engine.epoch_step(epoch as u64)?;
        clock.start_at(step);
        self.resume(step);
        Ok(step)
    }

    /// burn's metric logger for `directory`, the directory of the training, which also sends every
    /// numeric metric to this run: `with_metric_logger(monitor.metric_logger(directory))`.
    ///
    /// burn's files, early stopping and summary are the same as without it.
    pub fn metric_logger(&self, directory: impl AsRef<Path>) -> MonitorLogger {
        MonitorLogger::new(self.clone(), directory.as_ref())
    }

    /// Ends training after the epoch at whose end the model has gained no learned direction for
    /// `looks` looks: `training.early_stopping(monitor.early_stopping(10))`.
    ///
    /// It shows that training hardly changes the spectra, not that the model overfits. A network that
    /// is idle before it generalizes, as in grokking, would be ended too early.
    pub fn early_stopping(&self, looks: u64) -> PlateauStopping {
        PlateauStopping(self.plateau(looks))
    }

    /// A metric that shows the state of this monitor in burn's renderers: `metrics_text((…,))` or
    /// `metric_train(monitor.metric())`.
    pub fn metric(&self) -> MonitorMetric {
        MonitorMetric::new(self.clone())
    }
}

impl<M: Module + 'static> Monitored<M> {
    /// Counts optimizer steps from `step` on, for training that continues from weights with that
    /// many updates. See [`Monitor::resume`].
    #[must_use]
    pub fn with_start_step(self, step: impl Into<Step>) -> Self {
        if let Some(clock) = self.monitor.clock.as_ref() {
            let step = step.into();
            clock.start_at(step.get());
            self.monitor.resume(step);
        }
        self
    }

    /// The wrapped model.
    pub fn into_inner(self) -> M {
        self.model
    }

    /// Takes the weights of the last step, due or not, and finishes the monitor:
    /// `learner.launch(…).model.finish()`.
    pub fn finish(&self) -> Summary {
        if let Some(clock) = self.monitor.clock.as_ref() {
            self.monitor.observe_last(clock.step(), &self.model);
        }
        self.monitor.finish()
    }

    /// Takes the gradients of the update to come, if asked to.
    fn gradients<S: Source>(&mut self, grads: &S) {
        let asked =
            self.monitor.observer.engine().is_some_and(|engine| engine.settings().gradients);
        if let Some(clock) = self.monitor.clock.as_ref().filter(|_| asked)
            && clock.observes(&mut self.replica)
        {
            let gradients = ShownGradients(&self.model, grads);
            self.monitor.observer.gradients(clock.step(), &Shown(&self.model), &gradients);
        }
    }

    fn updated(mut self, update: impl FnOnce(M) -> M) -> Self {
        self.model = update(self.model);
        let step = self.monitor.clock.as_ref().and_then(|clock| clock.update(&mut self.replica));
        if let Some(step) = step {
            self.monitor.observe(step, &self.model);
        }
        self
    }
}

impl<M> Monitored<M> {
    /// Nothing to say to who walks the model.
    fn visiting(&self) {}
}

impl<M> Deref for Monitored<M> {
    type Target = M;
    fn deref(&self) -> &M {
        &self.model
    }
}

impl<M: Display> Display for Monitored<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.model.fmt(f)
    }
}

transparent_module!(Monitored, model);

impl<M: TrainStep + Module + 'static> TrainStep for Monitored<M> {
    type Input = M::Input;
    type Output = M::Output;

    fn step(&self, item: Self::Input) -> TrainOutput<Self::Output> {
        if let Some(clock) = self.monitor.clock.as_ref()
            && clock.forward()
        {
            self.monitor.observe(clock.step(), &self.model);
        }
        // burn may run this on another thread than the one that updates.
        self.monitor.observer.listen();
        self.model.step(item)
    }

    fn optimize(
        mut self,
        optim: &mut ModuleOptimizer,
        lr: ModuleLearningRate,
        grads: GradientsParams,
    ) -> Self {
        self.gradients(&grads);
        self.updated(|model| model.optimize(optim, lr, grads))
    }

    fn optimize_multi(
        mut self,
        optim: &mut ModuleOptimizer,
        lr: ModuleLearningRate,
        grads: MultiGradientsParams,
    ) -> Self {
        self.gradients(&grads);
        self.updated(|model| model.optimize_multi(optim, lr, grads))
    }
}

impl<M: InferenceStep> InferenceStep for Monitored<M> {
    type Input = M::Input;
    type Output = M::Output;

    fn step(&self, item: Self::Input) -> Self::Output {
        self.model.step(item)
    }
}
