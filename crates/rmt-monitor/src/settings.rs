//! All settings of a monitor, each with its meaning and default.

use crate::alerts::AlertSettings;
use crate::hyperparameters::Hyperparameter;
use crate::layout::Layout;
use crate::null_cache::DiskCache;
use crate::schedule::{Overflow, Schedule, SignNull};
use rmt_core::layers::LayerKind;
use rmt_core::shard::Shard;
use rmt_core::tracking::TrackingOptions;
use rmt_core::{AnalysisOptions, Nulls, settings};
use serde::{Deserialize, Serialize, Serializer};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How many curves and histograms of each layer TensorBoard gets. The JSONL files always have
/// everything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Detail {
    /// The curves marked [`lean`](rmt_core::figures::Curve::lean), and histograms of the vectors'
    /// p-values as rarely as pictures. All of a layer's first 1,023 reports are written, then 512
    /// of each doubling (histograms: 511 and 256), and the last one. TensorBoard itself keeps
    /// fewer.
    #[default]
    Lean,
    /// Every curve and every histogram, at every tick.
    All,
}

settings! {
    /// How drift is measured. `false` converts to a configuration that measures none.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    #[serde(default)]
    pub struct DriftConfig {
        /// Whether drift is measured. It keeps each watched matrix as first seen: one copy in
        /// memory, and 16·k·(rows + columns) bytes for the k singular vectors at each end of its
        /// spectrum ([`AnalysisOptions::subspace_dimension`]).
        #[serde(rename = "drift")]
        on: bool = true, with_on;
        /// Whether each matrix is also kept as last seen, to measure the change from one snapshot
        /// to the next. It takes the same amount of memory again.
        #[serde(rename = "drift_previous")]
        previous: bool = true, with_previous;
        /// Whether the first snapshot is written to the run directory, so that a resumed run goes
        /// on measuring drift from it. The file `reference.safetensors` is as large as a checkpoint
        /// of the watched matrices.
        reference_file: bool = true, with_reference_file;
        /// Number of last updates of each matrix, from snapshot to snapshot, whose spectral edge is
        /// measured; 0 for none. Each update takes one copy of the matrix in single precision.
        spectral_edge_window: usize = 0, with_spectral_edge_window;
    }
}

settings! {
    /// How inputs of tapped layers are recorded.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    #[serde(default)]
    pub struct ActivationConfig {
        /// Most tokens that a tapped layer records per snapshot; 0 records no activations. A
        /// covariance needs several times as many tokens as the layer has input features.
        #[serde(rename = "activation_tokens")]
        tokens: u64 = 4096, with_tokens;
        /// Whether taps also record the inputs of evaluation, that is, of forwards without
        /// autodiff. Their tokens count together with those of training.
        #[serde(rename = "activations_in_evaluation")]
        in_evaluation: bool = false, with_in_evaluation;
    }
}

settings! {
    /// What is written for TensorBoard. `false` converts to a configuration that writes nothing.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    #[serde(default)]
    pub struct TensorBoardConfig {
        /// Whether event files are written. The default is `true` with the feature `tensorboard`.
        #[serde(rename = "tensorboard")]
        on: bool = cfg!(feature = "tensorboard"), with_on;
        /// How many curves and histograms of each layer the event files hold.
        #[serde(rename = "tensorboard_detail")]
        detail: Detail = Detail::default(), with_detail;
        /// Hyperparameters of this run for the HParams page. `MonitorConfig::with_hyperparameter`
        /// adds one.
        hyperparameters: BTreeMap<String, Hyperparameter> = BTreeMap::new(), with_hyperparameters;
        /// Whether the event files hold pictures. A layer is drawn whenever its number of reports
        /// has doubled, and at its last report.
        pictures: bool = cfg!(feature = "pictures"), with_pictures;
    }
}

impl From<bool> for DriftConfig {
    fn from(on: bool) -> Self {
        Self { on, ..Self::default() }
    }
}

impl From<bool> for TensorBoardConfig {
    fn from(on: bool) -> Self {
        Self { on, ..Self::default() }
    }
}

/// Declares something of every setting of a monitor: see [`rmt_core::settings`].
macro_rules! every_setting {
    ($($what:tt)*) => {
        rmt_core::settings! { $($what)* {
            /// Directory of the run. It is made if it does not exist. If it holds a run that is not
            /// resumed, a number is appended, and `run.json` has the resulting name.
            #[serde(serialize_with = "as_text")]
            run_directory: PathBuf = PathBuf::from("runs/run") => new;
            /// Whether to continue the run in the directory as its next session. Then call `resume`
            /// on the monitor with the step from which training continues. If the directory holds
            /// no run, the first session starts, so a job script can always set this.
            resume: bool = false, with_resume;
            /// Rank of this process and number of processes, where several share the run. Each
            /// writes below `run_directory`.
            shard: Option<Shard> = None => with_shard;
            /// The steps at which weights are taken. `with_every(n)` sets `Every(n)`.
            schedule: Schedule = Schedule::default(), with_schedule;
            /// Whether a due snapshot is skipped or training waits, when the byte budget is full.
            overflow: Overflow = Overflow::default(), with_overflow;
            /// Globs of the names of parameters to watch. An empty list watches all parameters.
            include: Vec<String> = Vec::new() => with_include;
            /// Globs of the names of parameters not to watch.
            exclude: Vec<String> = Vec::new() => with_exclude;
            /// Pairs of a glob and the layout in which matching parameters are read. Of several
            /// matches the last counts.
            layouts: Vec<(String, Layout)> = Vec::new() => with_layout;
            /// Pairs of a glob and the kind of matching parameters. Of several matches the last
            /// counts.
            kinds: Vec<(String, LayerKind)> = Vec::new() => with_kind;
            /// Whether the product a·b of each low-rank adapter (LoRA) is analysed too, under the
            /// name `….lora.product`. The product leaves out the adapter's scale, on which no
            /// statistic except the norms depends.
            lora_products: bool = false, with_lora_products;
            /// Which statistics are computed, and at which level the tests decide.
            analysis: AnalysisOptions = AnalysisOptions::default(), with_analysis;
            /// How often a matrix that deviates is compared with sign-flipped copies of itself,
            /// which separates structure from scale.
            sign_null: SignNull = SignNull::default(), with_sign_null;
            /// One snapshot of each matrix in this many is analysed in full; 1 analyses all in
            /// full. At the others only both ends of the spectrum are followed, for large matrices
            /// at a twentieth of the cost or less ([`rmt_core::tracking`]). A value that leaves the
            /// bulk shows at once. The bulk, the vectors and the drift wait for the next full
            /// analysis. The first snapshot and the one of `observe_last` are always full. Taps
            /// record inputs at full snapshots only. It keeps 4·m² bytes per matrix that is not
            /// square, and the vectors that are followed.
            full_every: u64 = 1, with_full_every;
            /// How many singular values are followed at each end between full analyses (`leading`,
            /// `trailing`), with how many iterations (`depth`).
            tracking: TrackingOptions = TrackingOptions::default(), with_tracking;
            /// Seed of the simulated nulls; no other random number is drawn.
            seed: u64 = Nulls::DEFAULT_SEED, with_seed;
            /// Directory that keeps simulated nulls which the shipped table does not have. `None`
            /// keeps none.
            #[serde(serialize_with = "as_optional_text")]
            null_cache: Option<PathBuf> = DiskCache::default_directory(), with_null_cache;
            /// Most bytes of weights, activations and gradients that may wait for the worker.
            /// `None` stands for twice the size of the first snapshot (or of the first gradients
            /// with the weights before and after), at least 256 MiB and at most a quarter of
            /// memory.
            budget_bytes: Option<u64> = None => with_budget_bytes;
            /// Longest time that `finish` waits for the worker.
            finish_timeout: Duration = Duration::from_secs(60), with_finish_timeout;
            /// How drift is measured.
            #[serde(flatten)]
            drift: DriftConfig = DriftConfig::default() => with_drift;
            /// Whether the framework's own training loop (burn's `Learner`) hands over gradients at
            /// due steps. Your own loop calls the monitor's `gradients` instead. Until the worker
            /// has read them, the gradients and the weights before and after the update stay in
            /// memory.
            gradients: bool = false, with_gradients;
            /// How inputs of tapped layers are recorded.
            #[serde(flatten)]
            activations: ActivationConfig = ActivationConfig::default(), with_activations;
            /// `profiles.jsonl` gets the full spectrum with the first report of a layer and with
            /// every this-many-th one after it; 0 writes none.
            profiles_every: u64 = 10, with_profiles_every;
            /// Which alerts are raised, and at which thresholds.
            alerts: AlertSettings = AlertSettings::default(), with_alerts;
            /// What is written for TensorBoard.
            #[serde(flatten)]
            tensorboard: TensorBoardConfig = TensorBoardConfig::default() => with_tensorboard;
            /// Whether the JSONL files of the run directory are written.
            jsonl: bool = true, with_jsonl;
            /// Whether `index.html`, the live page of the run, is written to the run directory
            /// ([`sinks::Page`](crate::sinks::Page)).
            page: bool = cfg!(feature = "pictures"), with_page;
            /// Whether the worker thread has a lower scheduling priority than training, where the
            /// system allows it. On Linux its nice value is 10.
            low_priority: bool = true, with_low_priority;
        } }
    };
}
pub(crate) use every_setting;

every_setting! {
    @struct
    /// All settings of a monitor. `run.json` records them.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    Settings
}

/// A path need not be text: what is none of it is replaced.
pub(crate) fn as_text<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&path.to_string_lossy())
}

pub(crate) fn as_optional_text<S: Serializer>(
    path: &Option<PathBuf>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    path.as_ref().map(|path| path.to_string_lossy()).serialize(serializer)
}

impl Settings {
    /// What full analyses leave to follow matrices by.
    pub(crate) fn tracking(&self) -> Option<TrackingOptions> {
        (self.full_every > 1).then_some(self.tracking)
    }

    /// Whether something draws pictures of spectra.
    pub(crate) fn draws(&self) -> bool {
        self.page || (self.tensorboard.on && self.tensorboard.pictures)
    }

    /// Whether the first snapshot is kept on disk.
    pub(crate) fn keeps_reference(&self) -> bool {
        self.drift.on && self.drift.reference_file
    }
}

#[cfg(test)]
#[path = "settings/reference.rs"]
mod reference;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_saved_as_one_object_and_loaded_from_it() {
        let settings = Settings {
            seed: u64::MAX,
            drift: DriftConfig::new().with_previous(false).with_spectral_edge_window(3),
            activations: ActivationConfig::new().with_tokens(7),
            tensorboard: TensorBoardConfig::new().with_detail(Detail::All).with_pictures(false),
            ..Settings::default()
        };
        let text = serde_json::to_string(&settings).unwrap();
        let wanted = r#""drift":true,"drift_previous":false,"reference_file":true,"spectral_edge_window":3,"gradients":false,"activation_tokens":7,"activations_in_evaluation":false,"#;
        assert!(text.contains(wanted), "{text}");
        assert_eq!(serde_json::from_str::<Settings>(&text).unwrap(), settings);
        // What is left out has its default; what is misspelled is an error.
        let some: Settings = serde_json::from_str(r#"{"pictures":false,"seed":3}"#).unwrap();
        assert_eq!((some.tensorboard.pictures, some.drift.on, some.seed), (false, true, 3));
        let error = serde_json::from_str::<Settings>(r#"{"picturs":false}"#).unwrap_err();
        assert!(error.to_string().contains("picturs"), "{error}");
    }
}
