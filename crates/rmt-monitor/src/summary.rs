//! The summary of a run at its end, and its status before.

use crate::alerts::{Alert, Finding};
use crate::ledger::Counts;
use crate::settings::{as_optional_text, as_text};
use rmt_core::layers::LayerKind;
use rmt_core::notes::{Group, grouped};
use rmt_core::{Aggregate, LayerReport};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A fault of the monitor. Training is not affected.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Warning {
    /// Step of the fault.
    pub step: u64,
    /// The fault and the layer, in words.
    pub message: String,
}

/// The first and the last report of a layer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LayerSummary {
    /// The first report of this session.
    pub first: LayerReport,
    /// The latest report.
    pub last: LayerReport,
    /// First step at which the matrix deviated from independent entries.
    pub first_deviation: Option<u64>,
}

/// Figures of all layers of a kind, from their latest reports.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct KindSummary {
    /// The kind.
    pub kind: LayerKind,
    /// Counts and means.
    #[serde(flatten)]
    pub aggregate: Aggregate,
    /// First step at which one of the layers deviated from independent entries.
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

/// The result of a finished monitor. It prints as a table with alerts and notes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Summary {
    /// Session in this directory, from 0.
    pub session: u32,
    /// The run directory; of a process that shares the run, its own part of it. Empty for a
    /// disabled monitor.
    #[serde(default, serialize_with = "as_text")]
    pub run_directory: PathBuf,
    /// Path of the run's page, if one was written.
    #[serde(default, serialize_with = "as_optional_text")]
    pub page: Option<PathBuf>,
    /// The log directory to start TensorBoard with, if there are event files.
    #[serde(default, serialize_with = "as_optional_text")]
    pub tensorboard: Option<PathBuf>,
    /// Number of analysed snapshots.
    pub ticks: u64,
    /// Counts of matrices: `submitted` = `analysed` + `dropped`.
    pub counts: Counts,
    /// Counts of gradients, in the same way.
    #[serde(default)]
    pub gradients: Counts,
    /// Number of written scalars.
    pub scalars: u64,
    /// Number of scalars that were not written, because they were not finite or unreadable, or
    /// found no room.
    pub scalars_dropped: u64,
    /// Counts of scalars by reason: `submitted` = `analysed` (written) + `dropped`.
    #[serde(default)]
    pub scalar_counts: Counts,
    /// One summary per matrix, in the order of the model.
    pub layers: Vec<LayerSummary>,
    /// One summary per kind of layer, in the order of the model.
    #[serde(default)]
    pub kinds: Vec<KindSummary>,
    /// What was found, with what to do about it: errors first, then warnings.
    #[serde(default)]
    pub findings: Vec<Finding>,
    /// The first hundred alerts, in order of step.
    #[serde(default)]
    pub alerts: Vec<Alert>,
    /// Total number.
    #[serde(default)]
    pub alerts_total: u64,
    /// The first hundred warnings, in order of step.
    pub warnings: Vec<Warning>,
    /// Total number.
    pub warnings_total: u64,
    /// Number of failed calls, by sink.
    pub sink_failures: BTreeMap<String, u64>,
    /// Counts of records given to and lost by each sink.
    #[serde(default)]
    pub sinks: BTreeMap<String, SinkCounts>,
    /// Whether the worker finished everything within the finish timeout and did not panic.
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

/// Counts of a sink's records. Once the run is finished, `records` = `written` + the sum of `lost`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SinkCounts {
    /// Number of records given to the sink.
    pub records: u64,
    /// Number of records that the sink took and did not lose later.
    pub written: u64,
    /// Number of lost records by [reason](crate::SinkError::reason). The monitor itself adds the
    /// reasons `panicked` and `finish_timeout`. Records that a failing sink still held count as
    /// lost, though some of them may have reached the file.
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

/// The state of a run before its end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// Number of layers that have a report.
    pub layers: usize,
    /// Number of layers that deviate by their latest report.
    pub deviating: usize,
    /// Number of steps by which training is ahead of the last analysed snapshot.
    pub lag_steps: u64,
    /// Counts of matrices so far.
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
