//! Summary of a run, at its end and while it goes on.

use crate::alerts::{Alert, Finding};
use crate::ledger::Counts;
use crate::settings::{as_optional_text, as_text};
use rmt_core::layers::LayerKind;
use rmt_core::notes::{Group, grouped};
use rmt_core::{Aggregate, LayerReport};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Something went wrong; training goes on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Warning {
    /// The step it belongs to.
    pub step: u64,
    /// What, with which layer.
    pub message: String,
}

/// A layer from its first to its last report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LayerSummary {
    /// The first report of this session.
    pub first: LayerReport,
    /// The latest.
    pub last: LayerReport,
    /// First step at which the verdict was "deviates".
    pub first_deviation: Option<u64>,
}

/// All layers of a kind at their latest reports.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct KindSummary {
    /// What they have in common.
    pub kind: LayerKind,
    /// Counts and means.
    #[serde(flatten)]
    pub aggregate: Aggregate,
    /// First step at which the verdict of one of them was "deviates".
    pub first_deviation: Option<u64>,
}

impl KindSummary {
    /// Of each kind, in the order in which the kinds come first.
    pub(crate) fn all(layers: &[LayerSummary]) -> Vec<Self> {
        let of_kind = |(kind, aggregate)| {
            let layers = layers.iter().filter(|layer| layer.last.layer.kind == kind);
            let first_deviation = layers.filter_map(|layer| layer.first_deviation).min();
            Self { kind, aggregate, first_deviation }
        };
        let latest = layers.iter().map(|layer| &layer.last);
        Aggregate::by_kind(latest).into_iter().map(of_kind).collect()
    }
}

/// What a finished monitor says.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Summary {
    /// Number of the program run in this directory.
    pub session: u32,
    /// Where the run is written; of a process that shares it, its own part. Empty where nothing is.
    #[serde(default, serialize_with = "as_text")]
    pub run_directory: PathBuf,
    /// The page of the run, where one was written.
    #[serde(default, serialize_with = "as_optional_text")]
    pub page: Option<PathBuf>,
    /// What TensorBoard is to be started with, where there are event files.
    #[serde(default, serialize_with = "as_optional_text")]
    pub tensorboard: Option<PathBuf>,
    /// Snapshots analysed.
    pub ticks: u64,
    /// Matrices counted; `submitted` = `analysed` + `dropped`.
    pub counts: Counts,
    /// Gradients counted, in the same way.
    #[serde(default)]
    pub gradients: Counts,
    /// Scalars written.
    pub scalars: u64,
    /// Scalars that were not: not finite, unreadable, or no room.
    pub scalars_dropped: u64,
    /// Both by reason: `submitted` = `analysed` (written) + `dropped`.
    #[serde(default)]
    pub scalar_counts: Counts,
    /// One per matrix, in the order of the model.
    pub layers: Vec<LayerSummary>,
    /// One per kind of layer, in the order of the model.
    #[serde(default)]
    pub kinds: Vec<KindSummary>,
    /// What was found, with what to do about it: errors first, then warnings.
    #[serde(default)]
    pub findings: Vec<Finding>,
    /// The first hundred alerts, in order.
    #[serde(default)]
    pub alerts: Vec<Alert>,
    /// How many there were.
    #[serde(default)]
    pub alerts_total: u64,
    /// The first hundred, in order.
    pub warnings: Vec<Warning>,
    /// How many there were.
    pub warnings_total: u64,
    /// Calls of a sink that failed, by sink.
    pub sink_failures: BTreeMap<String, u64>,
    /// Records given to each sink, and those it lost.
    #[serde(default)]
    pub sinks: BTreeMap<String, SinkCounts>,
    /// Whether everything was drained within the finish timeout, by a worker that did not panic.
    pub complete: bool,
}

impl Summary {
    /// The notes of the last reports, and whose each is; those that differ in their numbers alone are one.
    pub(crate) fn notes(&self) -> Vec<(String, String)> {
        let last = self.layers.iter().map(|layer| &layer.last);
        let paths: Vec<_> = last.map(|last| (last.layer.path(), &last.report.notes)).collect();
        let notes = paths.iter().map(|(path, notes)| (path.as_str(), &notes[..]));
        let group = |group: &Group<'_>| (group.text().to_owned(), group.whose());
        grouped(notes).iter().map(group).collect()
    }
}

/// Records given to a sink: `records` = `written` + the sum of `lost`, once finished.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SinkCounts {
    /// Those given to it.
    pub records: u64,
    /// Those it took, and did not lose later.
    pub written: u64,
    /// The others, by [reason](crate::SinkError::reason), of which `panicked` and `finish_timeout` are
    /// the monitor's own. What a sink still held when it failed counts as lost, though part of it may
    /// have reached the file.
    pub lost: BTreeMap<String, u64>,
}

impl SinkCounts {
    /// Counts `records` more as lost.
    pub(crate) fn lose(&mut self, reason: &str, records: u64) {
        if records > 0 {
            *self.lost.entry(reason.to_owned()).or_default() += records;
        }
    }

    /// What the sink has not come back from is lost; the rest is written.
    pub(crate) fn settle(&mut self) {
        let known: u64 = self.lost.values().sum();
        self.written = self.written.min(self.records.saturating_sub(known));
        let open = self.records.saturating_sub(known).saturating_sub(self.written);
        self.lose("finish_timeout", open);
    }
}

/// How a run is doing while it goes on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// Layers that have a report.
    pub layers: usize,
    /// Those whose latest verdict is "deviates".
    pub deviating: usize,
    /// Steps that training is ahead of the last snapshot analysed.
    pub lag_steps: u64,
    /// Matrices counted so far.
    pub counts: Counts,
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { layers, deviating, lag_steps, counts } = self;
        let dropped = counts.dropped.total();
        write!(f, "{deviating} of {layers} layers deviate, {lag_steps} steps behind")?;
        write!(f, ", {dropped} matrices dropped")
    }
}
