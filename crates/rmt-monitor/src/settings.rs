//! Every setting, in one place.

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

/// How much is written of each layer for TensorBoard; the JSONL files have everything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Detail {
    /// The curves marked [`lean`](rmt_core::figures::Curve::lean), and histograms of the vectors' p-values
    /// as rarely as pictures. Of a layer's first 1,023 reports every one, then 512 of each doubling
    /// (histograms: 511 and 256), and the last: TensorBoard keeps fewer itself.
    #[default]
    Lean,
    /// Every curve and every histogram, at every tick.
    All,
}

settings! {
    /// What drift is measured from. `false` stands for no drift.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    #[serde(default)]
    pub struct DriftConfig {
        /// Whether drift is measured. Each watched matrix is kept as first seen: one copy in memory, and
        /// 16·k·(rows + columns) bytes for the k singular vectors at each end of its spectrum
        /// ([`AnalysisOptions::subspace_dimension`]).
        #[serde(rename = "drift")]
        on: bool = true, with_on;
        /// Whether each matrix is also kept as last seen, to measure the change from one snapshot to the next: as much
        /// memory again.
        #[serde(rename = "drift_previous")]
        previous: bool = true, with_previous;
        /// Whether the first snapshot is written to the run directory (`reference.safetensors`, as large as a checkpoint
        /// of the watched matrices), so that a resumed run goes on measuring drift from it.
        reference_file: bool = true, with_reference_file;
        /// Updates of each matrix, from snapshot to snapshot, whose spectral edge is measured: one copy in single
        /// precision each, beside the matrix as last seen. 0 for none.
        spectral_edge_window: usize = 0, with_spectral_edge_window;
    }
}

settings! {
    /// Which inputs of tapped layers are taken.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    #[serde(default)]
    pub struct ActivationConfig {
        /// Tokens whose inputs a tapped layer keeps of each snapshot, at most; 0 for no activations. A covariance needs
        /// several times as many tokens as there are features.
        #[serde(rename = "activation_tokens")]
        tokens: u64 = 4096, with_tokens;
        /// Whether taps also take the inputs of evaluation, forwards without autodiff; their tokens count with those of
        /// training.
        #[serde(rename = "activations_in_evaluation")]
        in_evaluation: bool = false, with_in_evaluation;
    }
}

settings! {
    /// What is written for TensorBoard. `false` stands for nothing.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    #[serde(default)]
    pub struct TensorBoardConfig {
        /// Whether event files are written: by default where the feature `tensorboard` is on.
        #[serde(rename = "tensorboard")]
        on: bool = cfg!(feature = "tensorboard"), with_on;
        /// Which curves and histograms of a layer they hold.
        #[serde(rename = "tensorboard_detail")]
        detail: Detail = Detail::default(), with_detail;
        /// Hyperparameters of this run, for the HParams page.
        hyperparameters: BTreeMap<String, Hyperparameter> = BTreeMap::new(), with_hyperparameters;
        /// Whether they hold pictures: of each layer when the number of its reports has doubled, and of
        /// its last one.
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
            /// Directory of the run; made if it does not exist, and numbered if it holds a run that is not
            /// resumed: then `run.json` has the name with its number.
            #[serde(serialize_with = "as_text")]
            run_directory: PathBuf = PathBuf::from("runs/run");
            /// Whether the run in the directory is gone on with, as its next session: then tell the monitor with `resume`
            /// where training goes on from. Without a run there, the first session starts, so that a job script can always
            /// set it.
            resume: bool = false, with_resume;
            /// Which of the processes that share the run this is; each writes below `run_directory`.
            shard: Option<Shard> = None;
            /// The steps at which weights are taken.
            schedule: Schedule = Schedule::default(), with_schedule;
            /// What happens to a due snapshot that finds the byte budget full.
            overflow: Overflow = Overflow::default(), with_overflow;
            /// Parameters whose name matches one of these globs are watched; none given means all.
            include: Vec<String> = Vec::new();
            /// Parameters whose name matches one of these globs are not.
            exclude: Vec<String> = Vec::new();
            /// How parameters whose name matches a glob are read as matrices; of several, the last.
            layouts: Vec<(String, Layout)> = Vec::new();
            /// Which part parameters whose name matches a glob play; of several, the last.
            kinds: Vec<(String, LayerKind)> = Vec::new();
            /// Whether the product a·b of each low-rank adapter (LoRA) is analysed too, as `….lora.product`. The adapter's
            /// scale is left out: no statistic but the norms depends on it.
            lora_products: bool = false, with_lora_products;
            /// How matrices are judged.
            analysis: AnalysisOptions = AnalysisOptions::default(), with_analysis;
            /// When a matrix that deviates is compared with sign-flipped copies of itself.
            sign_null: SignNull = SignNull::default(), with_sign_null;
            /// Snapshots of a matrix of which one is analysed in full; at the others both ends of its spectrum are followed,
            /// for large matrices at a twentieth of the cost or less ([`rmt_core::tracking`]): a value that leaves the bulk
            /// shows at once, and what needs the whole spectrum, its vectors or the drift at the next full one. The first
            /// snapshot and that of `observe_last` are always full. Taps gather inputs at the full ones. 1 for all. Keeps
            /// 4·m² bytes a matrix that is not square, and the vectors that are followed.
            full_every: u64 = 1, with_full_every;
            /// How many singular values are followed at either end between full analyses.
            tracking: TrackingOptions = TrackingOptions::default(), with_tracking;
            /// Seed of the simulated nulls; no other random number is drawn.
            seed: u64 = Nulls::DEFAULT_SEED, with_seed;
            /// Where nulls outside the shipped table are kept once they are simulated: by default among the user's caches;
            /// `None` for nowhere.
            #[serde(serialize_with = "as_optional_text")]
            null_cache: Option<PathBuf> = DiskCache::default_directory(), with_null_cache;
            /// Bytes of weights, activations and gradients that may wait for the worker. `None`: twice the first snapshot
            /// (or the first of gradients, with the weights before and after), at least 256 MiB, at most a
            /// quarter of memory.
            budget_bytes: Option<u64> = None;
            /// Longest time that `finish` waits for the worker.
            finish_timeout: Duration = Duration::from_secs(60), with_finish_timeout;
            /// What drift is measured from.
            #[serde(flatten)]
            drift: DriftConfig = DriftConfig::default();
            /// Whether the framework's own training loop hands over its gradients at due steps: their norms, their spectra
            /// and how far they moved the weights. (Until the worker has read them, the gradients and the weights before and
            /// after stay in memory.) A loop of one's own does so by calling the monitor.
            gradients: bool = false, with_gradients;
            /// Which inputs of tapped layers are taken.
            #[serde(flatten)]
            activations: ActivationConfig = ActivationConfig::default(), with_activations;
            /// Full spectra go to `profiles.jsonl` with every so many reports of a layer, the first
            /// included; 0 for never.
            profiles_every: u64 = 10, with_profiles_every;
            /// Which alerts are given, and at which thresholds.
            alerts: AlertSettings = AlertSettings::default(), with_alerts;
            /// What is written for TensorBoard.
            #[serde(flatten)]
            tensorboard: TensorBoardConfig = TensorBoardConfig::default();
            /// Whether the JSONL files are written.
            jsonl: bool = true, with_jsonl;
            /// Whether `index.html`, a page of the run while it goes on, is written to the run directory: see
            /// [`sinks::Page`](crate::sinks::Page).
            page: bool = cfg!(feature = "pictures"), with_page;
            /// Whether the worker has a lower scheduling priority than training, where the system allows: on Linux a nice
            /// value of 10.
            low_priority: bool = true, with_low_priority;
        } }
    };
}
pub(crate) use every_setting;

every_setting! {
    @struct
    /// Every setting, with its default; recorded in `run.json`.
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
