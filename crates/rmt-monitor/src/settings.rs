//! Every setting, in one place.

use crate::alerts::AlertSettings;
use crate::hyperparameters::Hyperparameter;
use crate::layout::Layout;
use crate::null_cache::DiskCache;
use crate::schedule::{Overflow, Schedule};
use rmt_core::layers::LayerKind;
use rmt_core::shard::Shard;
use rmt_core::tracking::TrackingOptions;
use rmt_core::{AnalysisOptions, Nulls};
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

/// Every setting, with its default; recorded in `run.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Settings {
    /// Directory of the run; made if it does not exist, and numbered if it holds a run that is not
    /// resumed: then `run.json` has the name with its number.
    #[serde(serialize_with = "as_text")]
    pub run_directory: PathBuf,
    /// Whether the run in the directory, if there is one, is gone on with.
    pub resume: bool,
    /// Which of the processes that share the run this is; each writes below `run_directory`.
    pub shard: Option<Shard>,
    /// The steps at which weights are taken.
    pub schedule: Schedule,
    /// What happens to a due snapshot that finds the byte budget full.
    pub overflow: Overflow,
    /// Parameters whose name matches one of these globs are watched; none given means all.
    pub include: Vec<String>,
    /// Parameters whose name matches one of these globs are not.
    pub exclude: Vec<String>,
    /// How parameters whose name matches a glob are read as matrices; of several, the last.
    pub layouts: Vec<(String, Layout)>,
    /// Which part parameters whose name matches a glob play; of several, the last.
    #[serde(default)]
    pub kinds: Vec<(String, LayerKind)>,
    /// Whether the product a·b of each low-rank adapter is analysed too.
    pub lora_products: bool,
    /// How matrices are judged.
    pub analysis: AnalysisOptions,
    /// Looks at a matrix of which one is a full analysis; between them both ends of its spectrum are
    /// followed ([`rmt_core::tracking`]). 1: every one is full.
    pub full_every: u64,
    /// What is followed.
    pub tracking: TrackingOptions,
    /// Seed of the simulated nulls; no other random number is drawn.
    pub seed: u64,
    /// Where nulls outside the shipped table are kept once they are simulated; `None` for nowhere.
    #[serde(serialize_with = "as_optional_text")]
    pub null_cache: Option<PathBuf>,
    /// Bytes of weights, activations and gradients that may wait for the worker. `None`: twice the first snapshot
    /// (or the first of gradients, with the weights before and after), at least 256 MiB, at most a
    /// quarter of memory.
    pub budget_bytes: Option<u64>,
    /// Longest time that `finish` waits for the worker.
    pub finish_timeout: Duration,
    /// Whether each watched matrix is kept as first seen, to measure drift: one copy in memory,
    /// and 16·k·(rows + columns) bytes for the k singular vectors at each end of its spectrum
    /// ([`AnalysisOptions::subspace_dimension`]).
    pub drift: bool,
    /// Whether, with `drift`, each is also kept as last seen, to measure the change from one
    /// snapshot to the next: as much memory again.
    pub drift_previous: bool,
    /// Whether, with `drift`, the first snapshot is written to the run directory
    /// (`reference.safetensors`), so that a resumed run goes on measuring drift from it.
    pub reference_file: bool,
    /// Updates of each matrix, from snapshot to snapshot, whose spectral edge is measured: one copy
    /// in single precision each, beside the matrix as last seen. 0 for none.
    pub spectral_edge_window: usize,
    /// Whether burn's own training loop hands over its gradients at due steps; a loop of one's own
    /// does so by calling the monitor.
    pub gradients: bool,
    /// Tokens whose inputs a probed layer keeps of each snapshot, at most; 0 for no activations.
    pub activation_tokens: u64,
    /// Whether probes also take the inputs of forwards without autodiff, as evaluation makes them.
    pub activations_in_evaluation: bool,
    /// Full spectra go to `profiles.jsonl` with every so many reports of a layer, the first
    /// included; 0 for never.
    pub profiles_every: u64,
    /// What is said when it happens to a matrix, beside the figures.
    pub alerts: AlertSettings,
    /// Whether event files for TensorBoard are written: by default where the feature `tensorboard` is on.
    pub tensorboard: bool,
    /// Which curves and histograms of a layer they hold.
    pub tensorboard_detail: Detail,
    /// What tells this run from others, for TensorBoard's HParams page.
    pub hyperparameters: BTreeMap<String, Hyperparameter>,
    /// Whether they hold pictures: of each layer when the number of its reports has doubled, and of
    /// its last one.
    pub pictures: bool,
    /// Whether the JSONL files are written.
    pub jsonl: bool,
    /// Whether `index.html`, a page of the run while it goes on, is written.
    pub page: bool,
    /// Whether the worker has a lower scheduling priority than training, where the system allows.
    pub low_priority: bool,
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

    /// Whether the first snapshot is kept on disk.
    pub(crate) fn keeps_reference(&self) -> bool {
        self.drift && self.reference_file
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            run_directory: PathBuf::from("runs/run"),
            resume: false,
            shard: None,
            schedule: Schedule::default(),
            overflow: Overflow::default(),
            include: Vec::new(),
            exclude: Vec::new(),
            layouts: Vec::new(),
            kinds: Vec::new(),
            lora_products: false,
            analysis: AnalysisOptions::default(),
            full_every: 1,
            tracking: TrackingOptions::default(),
            seed: Nulls::DEFAULT_SEED,
            null_cache: DiskCache::default_directory(),
            budget_bytes: None,
            finish_timeout: Duration::from_secs(60),
            drift: true,
            drift_previous: true,
            reference_file: true,
            spectral_edge_window: 0,
            gradients: false,
            activation_tokens: 4096,
            activations_in_evaluation: false,
            profiles_every: 10,
            alerts: AlertSettings::default(),
            tensorboard: cfg!(feature = "tensorboard"),
            tensorboard_detail: Detail::default(),
            hyperparameters: BTreeMap::new(),
            pictures: cfg!(feature = "pictures"),
            jsonl: true,
            page: cfg!(feature = "pictures"),
            low_priority: true,
        }
    }
}
