//! Builds a monitor: what is watched, how often, and where it goes.

use crate::alerts::AlertSettings;
use crate::engine::Engine;
use crate::error::InitError;
use crate::hyperparameters::Hyperparameter;
use crate::layout::Layout;
use crate::schedule::{Overflow, Schedule};
use crate::settings::{Detail, Settings};
use crate::sinks::Sink;
use rmt_core::layers::LayerKind;
use rmt_core::shard::Shard;
use rmt_core::tracking::TrackingOptions;
use rmt_core::{Equilibrate, NullModel, ScaleEstimator};
use std::marker::PhantomData;
use std::path::PathBuf;
use std::time::Duration;

/// Ties a framework to the engine: how its monitor is made from a started engine.
pub trait Adapter {
    /// What [`MonitorConfig::init`] returns.
    type Monitor;
    /// Wraps the engine.
    fn attach(engine: Engine) -> Self::Monitor;
}

/// The engine on its own, for programs that submit snapshots themselves.
#[derive(Debug)]
pub enum Bare {}

impl Adapter for Bare {
    type Monitor = Engine;
    fn attach(engine: Engine) -> Engine {
        engine
    }
}

/// Builds a monitor.
///
/// Framework adapters re-export it with their own `A`, so that `MonitorConfig::new("runs/x")
/// .with_every(100).init()?` gives that framework's monitor.
pub struct MonitorConfig<A = Bare> {
    settings: Settings,
    sinks: Vec<Box<dyn Sink>>,
    adapter: PhantomData<fn() -> A>,
}

impl<A> std::fmt::Debug for MonitorConfig<A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MonitorConfig").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl<A: Adapter> MonitorConfig<A> {
    /// Writes to `run_directory`, with defaults for the rest. Where that holds a run already, the new one
    /// gets the first of `run_directory-2`, `run_directory-3`, … that does not, unless
    /// [`with_resume`](Self::with_resume) is set.
    pub fn new(run_directory: impl Into<PathBuf>) -> Self {
        Self::from_settings(Settings { run_directory: run_directory.into(), ..Settings::default() })
    }

    /// From settings that were read from a file, say.
    pub fn from_settings(settings: Settings) -> Self {
        Self { settings, sinks: Vec::new(), adapter: PhantomData }
    }

    /// Shares the model's matrices among `world` processes, each with its own `rank` below it, and all
    /// with the same run directory and settings. Each is given the whole model and analyses its part, by
    /// cost ([`rmt_core::shard`]); it writes to `rank_<rank>` in the run directory, and counts what is
    /// its own. [`read_reports`](crate::read_reports) joins them. Since the processes do not speak to each
    /// other, the directory is not numbered: a run in it that is not resumed is an error.
    #[must_use]
    pub fn with_shard(mut self, rank: usize, world: usize) -> Self {
        self.settings.shard = Some(Shard { rank, world });
        self
    }

    /// Whether the run in the directory is gone on with, as its next session: then tell the monitor with
    /// `resume` where training goes on from. Without a run there, the first session starts, so that a job
    /// script can always set it.
    #[must_use]
    pub fn with_resume(mut self, resume: bool) -> Self {
        self.settings.resume = resume;
        self
    }

    /// Takes the weights every `steps` optimizer steps (step 0 included).
    #[must_use]
    pub fn with_every(self, steps: u64) -> Self {
        self.with_schedule(Schedule::Every(steps))
    }

    /// Takes the weights at other steps than evenly spaced ones.
    #[must_use]
    pub fn with_schedule(mut self, schedule: Schedule) -> Self {
        self.settings.schedule = schedule;
        self
    }

    /// Whether a due snapshot that finds no room is dropped (the default) or waited for.
    #[must_use]
    pub fn with_overflow(mut self, overflow: Overflow) -> Self {
        self.settings.overflow = overflow;
        self
    }

    /// Watches only parameters whose dotted name matches `glob` (or another included one);
    /// `*` matches dots too.
    #[must_use]
    pub fn include(mut self, glob: impl Into<String>) -> Self {
        self.settings.include.push(glob.into());
        self
    }

    /// Does not watch parameters whose dotted name matches `glob`.
    #[must_use]
    pub fn exclude(mut self, glob: impl Into<String>) -> Self {
        self.settings.exclude.push(glob.into());
        self
    }

    /// Reads parameters whose dotted name matches `glob` as `layout` says, where their module does not
    /// show it: a convolution's groups, a stack of experts, a bare parameter's orientation.
    #[must_use]
    pub fn with_layout(mut self, glob: impl Into<String>, layout: Layout) -> Self {
        self.settings.layouts.push((glob.into(), layout));
        self
    }

    /// Says which part parameters whose dotted name matches `glob` play in the network, where neither their name nor
    /// their module shows it.
    #[must_use]
    pub fn with_kind(mut self, glob: impl Into<String>, kind: LayerKind) -> Self {
        self.settings.kinds.push((glob.into(), kind));
        self
    }

    /// Analyses the product a·b of each low-rank adapter (LoRA) too, as `….lora.product`. The
    /// adapter's scale is left out: no statistic but the norms depends on it.
    #[must_use]
    pub fn with_lora_products(mut self, products: bool) -> Self {
        self.settings.lora_products = products;
        self
    }

    /// Reports matrices whose smaller side is below `side` as "not_estimable".
    #[must_use]
    pub fn with_min_side(mut self, side: usize) -> Self {
        self.settings.analysis.min_side = side;
        self
    }

    /// Family-wise level of each matrix's verdict.
    #[must_use]
    pub fn with_level(mut self, level: f64) -> Self {
        self.settings.analysis.level = level;
        self
    }

    /// Estimator of the bulk's scale.
    #[must_use]
    pub fn with_scale_estimator(mut self, estimator: ScaleEstimator) -> Self {
        self.settings.analysis.scale_estimator = estimator;
        self
    }

    /// Seed of the simulated nulls.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.settings.seed = seed;
        self
    }

    /// Keeps simulated nulls in `directory` (by default among the user's caches), or nowhere.
    #[must_use]
    pub fn with_null_cache(mut self, directory: Option<PathBuf>) -> Self {
        self.settings.null_cache = directory;
        self
    }

    /// Keeps the inputs of at most `tokens` tokens of each probed layer and snapshot (0 for none); a
    /// covariance needs several times as many tokens as there are features.
    #[must_use]
    pub fn with_activation_tokens(mut self, tokens: u64) -> Self {
        self.settings.activation_tokens = tokens;
        self
    }

    /// Whether probes take the inputs of forwards without autodiff as well: those of evaluation, whose
    /// tokens then count with those of training.
    #[must_use]
    pub fn with_activations_in_evaluation(mut self, on: bool) -> Self {
        self.settings.activations_in_evaluation = on;
        self
    }

    /// Brings rows, columns or both to one scale before the analysis.
    #[must_use]
    pub fn with_equilibrate(mut self, which: Equilibrate) -> Self {
        self.settings.analysis.equilibrate = which;
        self
    }

    /// Computes p-values against permutations of each matrix' own entries, say.
    #[must_use]
    pub fn with_null_model(mut self, model: NullModel) -> Self {
        self.settings.analysis.null_model = model;
        self
    }

    /// Bytes of weights that may wait for the worker.
    #[must_use]
    pub fn with_budget_bytes(mut self, bytes: u64) -> Self {
        self.settings.budget_bytes = Some(bytes);
        self
    }

    /// Longest time that `finish` waits.
    #[must_use]
    pub fn with_finish_timeout(mut self, timeout: Duration) -> Self {
        self.settings.finish_timeout = timeout;
        self
    }

    /// Whether drift is measured at all (keeps one copy of the weights, and a second one for
    /// [`with_drift_previous`](Self::with_drift_previous)).
    #[must_use]
    pub fn with_drift(mut self, on: bool) -> Self {
        self.settings.drift = on;
        self
    }

    /// Whether drift is measured against the previous snapshot too (keeps one more copy).
    #[must_use]
    pub fn with_drift_previous(mut self, on: bool) -> Self {
        self.settings.drift_previous = on;
        self
    }

    /// Whether the first snapshot is written to the run directory, for a resumed run's drift (as large
    /// as a checkpoint of the watched matrices).
    #[must_use]
    pub fn with_reference_file(mut self, on: bool) -> Self {
        self.settings.reference_file = on;
        self
    }

    /// Analyses each matrix in full at one of `looks` looks at it; at the others both ends of its spectrum are
    /// followed, for large matrices at a twentieth of the cost or less ([`rmt_core::tracking`]): a value
    /// that leaves the bulk shows at once, and what needs the whole spectrum, its vectors or the drift at the
    /// next full one. The first look and that of `observe_last` are always full. Taps gather inputs at the full
    /// ones. 1, the
    /// default, for all. Keeps 4·m² bytes a matrix that is not square, and the vectors that are followed.
    #[must_use]
    pub fn with_full_every(mut self, looks: u64) -> Self {
        self.settings.full_every = looks;
        self
    }

    /// How many singular values are followed at either end between full analyses.
    #[must_use]
    pub fn with_tracking(mut self, tracking: TrackingOptions) -> Self {
        self.settings.tracking = tracking;
        self
    }

    /// Whether the spectra of changes are tested (a quarter to a half of the time of a matrix's own
    /// analysis each, and no memory).
    #[must_use]
    pub fn with_change_spectra(mut self, on: bool) -> Self {
        self.settings.analysis.change_spectra = on;
        self
    }

    /// Whether each matrix is tested with its entries permuted (as much time again).
    #[must_use]
    pub fn with_correlation_traps(mut self, on: bool) -> Self {
        self.settings.analysis.correlation_traps = on;
        self
    }

    /// Measures the spectral edge of the last `updates` updates, from snapshot to snapshot (keeps
    /// that many copies in single precision, and the weights as last seen); 0, the default, for
    /// none.
    #[must_use]
    pub fn with_spectral_edge_window(mut self, updates: usize) -> Self {
        self.settings.spectral_edge_window = updates;
        self
    }

    /// Whether burn's own training loop hands over its gradients at due steps: their norms, their
    /// spectra and how far they moved the weights. Off by default. (Until the worker has read them,
    /// the gradients and the weights before and after stay in memory.)
    #[must_use]
    pub fn with_gradients(mut self, on: bool) -> Self {
        self.settings.gradients = on;
        self
    }

    /// Writes full spectra to `profiles.jsonl` every `ticks` ticks; 0 for never.
    #[must_use]
    pub fn with_profiles_every(mut self, ticks: u64) -> Self {
        self.settings.profiles_every = ticks;
        self
    }

    /// Which alerts are given, and at which thresholds.
    #[must_use]
    pub fn with_alerts(mut self, alerts: AlertSettings) -> Self {
        self.settings.alerts = alerts;
        self
    }

    /// Whether event files for TensorBoard are written.
    #[must_use]
    pub fn with_tensorboard(mut self, on: bool) -> Self {
        self.settings.tensorboard = on;
        self
    }

    /// Which curves and histograms of a layer the event files hold.
    #[must_use]
    pub fn with_tensorboard_detail(mut self, detail: Detail) -> Self {
        self.settings.tensorboard_detail = detail;
        self
    }

    /// Says what tells this run from others, such as a width or a weight decay: TensorBoard's HParams
    /// page then compares runs by it, with their last figures.
    #[must_use]
    pub fn with_hyperparameter(
        mut self,
        name: impl Into<String>,
        value: impl Into<Hyperparameter>,
    ) -> Self {
        self.settings.hyperparameters.insert(name.into(), value.into());
        self
    }

    /// Whether event files hold pictures: of each layer when the number of its reports has doubled,
    /// and of its last one.
    #[must_use]
    pub fn with_pictures(mut self, on: bool) -> Self {
        self.settings.pictures = on;
        self
    }

    /// Whether the JSONL files are written.
    #[must_use]
    pub fn with_jsonl(mut self, on: bool) -> Self {
        self.settings.jsonl = on;
        self
    }

    /// Whether `index.html`, a page of the run while it goes on, is written to the run directory (the
    /// default): see [`sinks::Page`](crate::sinks::Page).
    #[must_use]
    pub fn with_page(mut self, on: bool) -> Self {
        self.settings.page = on;
        self
    }

    /// Whether the worker has a lower scheduling priority than training (the default), where the
    /// system allows: on Linux a nice value of 10.
    #[must_use]
    pub fn with_low_priority(mut self, on: bool) -> Self {
        self.settings.low_priority = on;
        self
    }

    /// Adds a sink of the caller's, called on the worker thread after the built-in ones.
    #[must_use]
    pub fn with_sink(mut self, sink: impl Sink + 'static) -> Self {
        self.sinks.push(Box::new(sink));
        self
    }

    /// The settings so far.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Checks the settings, makes the run directory and starts the worker thread.
    ///
    /// # Errors
    /// [`InitError`] says which setting has no meaning, which glob does not parse, or what is
    /// wrong with the run directory.
    pub fn init(self) -> Result<A::Monitor, InitError> {
        Engine::start(self.settings, self.sinks).map(A::attach)
    }
}
