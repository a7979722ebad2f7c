//! Builds a monitor: what is watched, how often, and where it goes.

use crate::alerts::AlertSettings;
use crate::engine::Engine;
use crate::error::{InitError, SinkError};
use crate::guard::lock;
use crate::hyperparameters::Hyperparameter;
use crate::layout::Layout;
use crate::record::Record;
use crate::schedule::{Overflow, Schedule, SignNull};
use crate::settings::{ActivationConfig, DriftConfig, Settings, TensorBoardConfig, every_setting};
use crate::sinks::Sink;
use crate::step::Step;
use rmt_core::AnalysisOptions;
use rmt_core::layers::LayerKind;
use rmt_core::shard::Shard;
use rmt_core::tracking::TrackingOptions;
use std::marker::PhantomData;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Ties a framework to the engine: it makes the framework's monitor from a started engine.
pub trait Adapter {
    /// What [`MonitorConfig::init`] returns.
    type Monitor;
    /// Wraps the engine.
    fn attach(engine: Engine) -> Self::Monitor;
}

/// No framework: [`MonitorConfig::init`] returns the engine itself, for programs that submit
/// snapshots themselves.
#[derive(Debug)]
pub enum Bare {}

impl Adapter for Bare {
    type Monitor = Engine;
    fn attach(engine: Engine) -> Engine {
        engine
    }
}

/// Builds a monitor. Each `with_…` method changes one setting; [`Settings`] has the defaults.
///
/// Framework adapters re-export it with their own `A`, so that `MonitorConfig::new("runs/x")
/// .with_every(100).init()?` gives that framework's monitor. A clone has the same settings and
/// shares the sinks given to [`with_sink`](Self::with_sink).
pub struct MonitorConfig<A = Bare> {
    settings: Settings,
    sinks: Vec<SharedSink>,
    adapter: PhantomData<fn() -> A>,
}

impl<A> Clone for MonitorConfig<A> {
    fn clone(&self) -> Self {
        let (settings, sinks) = (self.settings.clone(), self.sinks.clone());
        Self { settings, sinks, adapter: PhantomData }
    }
}

impl<A> std::fmt::Debug for MonitorConfig<A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MonitorConfig").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl<A: Adapter> MonitorConfig<A> {
    /// Writes to `run_directory`, with the default of every other setting. If the directory already
    /// holds a run, the new run goes to the first free one of `run_directory-2`, `run_directory-3`,
    /// …, unless [`with_resume`](Self::with_resume) is set.
    pub fn new(run_directory: impl Into<PathBuf>) -> Self {
        Self::from_settings(Settings { run_directory: run_directory.into(), ..Settings::default() })
    }

    /// Starts from existing settings, for example those read from a file.
    pub fn from_settings(settings: Settings) -> Self {
        Self { settings, sinks: Vec::new(), adapter: PhantomData }
    }

    every_setting! { @setters [settings] }

    /// Shares the model's matrices among `world` processes with ranks 0 to `world` − 1. All
    /// processes have the same run directory and settings, and each observes the whole model. Each
    /// analyses and counts its own part, of about equal cost ([`rmt_core::shard`]), and writes to
    /// `rank_<rank>` in the run directory. [`read_reports`](crate::read_reports) joins the parts.
    /// The processes do not communicate, so the directory is never numbered: if it holds a run and
    /// `with_resume` is not set, `init` fails.
    #[must_use]
    pub fn with_shard(mut self, rank: usize, world: usize) -> Self {
        self.settings.shard = Some(Shard { rank, world });
        self
    }

    /// Takes the weights every `steps` optimizer steps, from step 0 on. It sets the [`Schedule`].
    #[must_use]
    pub fn with_every(self, steps: impl Into<Step>) -> Self {
        self.with_schedule(Schedule::Every(steps.into().get()))
    }

    /// Watches only parameters whose dotted name matches `glob` or another included glob. `*`
    /// matches dots too.
    #[must_use]
    pub fn with_include(mut self, glob: impl Into<String>) -> Self {
        self.settings.include.push(glob.into());
        self
    }

    /// Does not watch parameters whose dotted name matches `glob`.
    #[must_use]
    pub fn with_exclude(mut self, glob: impl Into<String>) -> Self {
        self.settings.exclude.push(glob.into());
        self
    }

    /// Reads parameters whose dotted name matches `glob` in this layout. Use it where the module
    /// does not show the layout: for the groups of a convolution, a stack of experts, or the
    /// orientation of a bare parameter.
    #[must_use]
    pub fn with_layout(mut self, glob: impl Into<String>, layout: Layout) -> Self {
        self.settings.layouts.push((glob.into(), layout));
        self
    }

    /// States the kind of the parameters whose dotted name matches `glob`, where neither their name
    /// nor their module shows it.
    #[must_use]
    pub fn with_kind(mut self, glob: impl Into<String>, kind: LayerKind) -> Self {
        self.settings.kinds.push((glob.into(), kind));
        self
    }

    /// Limits the bytes of weights, activations and gradients that may wait for the worker.
    #[must_use]
    pub fn with_budget_bytes(mut self, bytes: u64) -> Self {
        self.settings.budget_bytes = Some(bytes);
        self
    }

    /// Configures the measurement of drift: with a [`DriftConfig`], or `false` to switch it off.
    #[must_use]
    pub fn with_drift(mut self, drift: impl Into<DriftConfig>) -> Self {
        self.settings.drift = drift.into();
        self
    }

    /// Configures the output for TensorBoard: with a [`TensorBoardConfig`], or `false` to write
    /// none.
    #[must_use]
    pub fn with_tensorboard(mut self, tensorboard: impl Into<TensorBoardConfig>) -> Self {
        let hyperparameters = std::mem::take(&mut self.settings.tensorboard.hyperparameters);
        self.settings.tensorboard = tensorboard.into();
        self.settings.tensorboard.hyperparameters.extend(hyperparameters);
        self
    }

    /// Records a hyperparameter of this run, such as its width or weight decay. TensorBoard's
    /// HParams page compares runs by it and shows their last figures.
    #[must_use]
    pub fn with_hyperparameter(
        mut self,
        name: impl Into<String>,
        value: impl Into<Hyperparameter>,
    ) -> Self {
        self.settings.tensorboard.hyperparameters.insert(name.into(), value.into());
        self
    }

    /// Adds your own sink. The worker thread calls it after the built-in sinks.
    #[must_use]
    pub fn with_sink(mut self, sink: impl Sink + 'static) -> Self {
        self.sinks.push(SharedSink::new(sink));
        self
    }

    /// The settings so far.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Checks the settings, makes the run directory and starts the worker thread.
    ///
    /// # Errors
    /// [`InitError`] names the invalid setting, the glob that does not parse, or the
    /// problem with the run directory.
    pub fn init(self) -> Result<A::Monitor, InitError> {
        let sinks = self.sinks.into_iter().map(|sink| Box::new(sink) as Box<dyn Sink>);
        Engine::start(self.settings, sinks.collect()).map(A::attach)
    }
}

/// A sink that the runs of several clones of a configuration write to in turn.
#[derive(Clone)]
struct SharedSink {
    /// Known without the lock, which another run's call may hold.
    name: String,
    sink: Arc<Mutex<Box<dyn Sink>>>,
}

impl SharedSink {
    fn new(sink: impl Sink + 'static) -> Self {
        Self { name: sink.name().to_owned(), sink: Arc::new(Mutex::new(Box::new(sink))) }
    }
}

impl Sink for SharedSink {
    fn name(&self) -> &str {
        &self.name
    }

    fn write(&mut self, record: &Record<'_>) -> Result<(), SinkError> {
        lock(&self.sink).write(record)
    }

    fn flush(&mut self) -> Result<(), SinkError> {
        lock(&self.sink).flush()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::snapshot::{Admission, LayerSnapshot, WeightValues};
    use rmt_core::Orientation;
    use rmt_core::layers::LayerId;
    use std::sync::mpsc::{Sender, channel};

    /// Tells the step of each tick.
    struct Steps(Sender<u64>);

    impl Sink for Steps {
        fn name(&self) -> &str {
            "steps"
        }

        fn write(&mut self, record: &Record<'_>) -> Result<(), SinkError> {
            if let Record::Tick(tick) = record {
                let _ = self.0.send(tick.step);
            }
            Ok(())
        }

        fn flush(&mut self) -> Result<(), SinkError> {
            Ok(())
        }
    }

    #[test]
    fn runs_of_a_cloned_configuration_have_its_settings_and_share_its_sinks() {
        let base = tempfile::tempdir().unwrap();
        let (sender, steps) = channel();
        let config = MonitorConfig::<Bare>::new(base.path().join("x")).with_sink(Steps(sender));
        let config = config.with_every(7_usize).with_tensorboard(false).with_page(false);
        for (config, step) in [(config.clone(), 7), (config, 14)] {
            assert_eq!(config.settings().schedule, Schedule::Every(7));
            let engine = config.init().unwrap();
            let weights = Box::new(WeightValues::F32(vec![1.0; 4]));
            let layer =
                LayerSnapshot::new(LayerId::from_name("w"), [2, 2], Orientation::InOut, weights);
            engine.submit(step, Admission::Normal, vec![layer]);
            assert_eq!(engine.finish().sinks["steps"].lost.len(), 0);
        }
        assert_eq!(steps.into_iter().collect::<Vec<_>>(), [7, 14]);
        assert!(base.path().join("x-2").is_dir());
    }

    #[test]
    fn hyperparameters_outlive_what_is_said_of_tensorboard() {
        let config = MonitorConfig::<Bare>::new("x").with_hyperparameter("width", 3);
        let settings = &config.with_tensorboard(false).settings;
        assert!(!settings.tensorboard.on && settings.tensorboard.hyperparameters.len() == 1);
    }
}
