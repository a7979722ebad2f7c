//! Watches the weights of a training run on a side thread, and writes what it finds to TensorBoard,
//! JSONL files and an HTML page.
//!
//! # Should I use this?
//!
//! To watch a burn model, use the adapter that stands on this crate. Use this crate to write an
//! adapter for another framework, to submit matrices of your own, or to add a [`Sink`].
//!
//! # How data flows
//!
//! Training hands [`LayerSnapshot`]s (handles, not copies) to an [`Engine`], which lets them into a
//! queue bounded in bytes and returns at once. One worker thread reads them from their device,
//! analyses them with `rmt_core` and gives [`Record`]s to the [`Sink`]s. No fault there reaches
//! training. Each fault is counted, listed in the [`Summary`], and emitted as a `tracing` event of
//! target `rmt`.
//!
//! Every matrix is accounted for: submitted = analysed + dropped, with the drops counted by
//! [`DropReason`].
//!
//! ```
//! use rmt_monitor::{Admission, LayerSnapshot, MonitorConfig, WeightValues};
//! use rmt_core::{Orientation, layers::LayerId};
//! # let directory = tempfile::tempdir()?;
//! # let path = directory.path().join("x");
//! let engine = MonitorConfig::<rmt_monitor::Bare>::new(&path).with_every(10).init()?;
//! let weights: Vec<f32> = (0..20 * 30).map(|i| ((i * 7919) % 101) as f32 - 50.0).collect();
//! let (layer, weights) = (LayerId::from_name("layer.weight"), WeightValues::F32(weights));
//! let layer = LayerSnapshot::new(layer, [20, 30], Orientation::OutIn, Box::new(weights));
//! engine.submit(0, Admission::Normal, vec![layer]);
//! let summary = engine.finish();
//! assert_eq!((summary.counts.submitted, summary.counts.analysed), (1, 1));
//! let rows = rmt_monitor::read_reports(&path)?.reports;
//! assert_eq!((rows.len(), rows[0].step), (1, 0));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![warn(clippy::missing_errors_doc)]

mod alerts;
mod config;
mod curves;
mod engine;
mod error;
mod file_names;
mod filter;
mod globs;
mod guard;
mod history;
mod hyperparameters;
mod layout;
mod ledger;
mod matrices;
mod null_cache;
pub mod observer;
mod plateau;
mod profiles;
pub mod reader;
mod record;
mod reference_file;
mod rows;
mod run_directory;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod samples;
mod schedule;
mod settings;
mod share;
mod shared;
pub mod sinks;
mod snapshot;
mod step;
mod sub_runs;
mod summary;
mod summary_text;
pub mod tags;
mod visible;
mod whole_file;
mod worker;

pub use alerts::{
    Alert, AlertKind, AlertLevel, AlertSettings, Basis, Finding, Findings, NOTHING_FOUND, Trigger,
    Words, read_alerts,
};
pub use config::{Adapter, Bare, MonitorConfig};
pub use curves::read_scalars;
pub use engine::Engine;
pub use error::{InitError, PatternError, ReadError, ReaderError, ResumeError, SinkError};
pub use globs::{NameFilter, NameRules};
pub use hyperparameters::Hyperparameter;
pub use layout::{Layout, Matrices, UnknownLayout};
pub use ledger::{Counts, DropReason, Dropped};
pub use matrices::{MatrixIndex, MatrixNumbers};
pub use null_cache::DiskCache;
pub use plateau::{Plateau, looks_without_gain, plateau_step};
pub use profiles::{StoredProfile, read_last_profiles, read_profiles};
pub use reader::{Reports, read_reports, read_warnings};
pub use record::{GradientTick, Health, Record, Scalars, Tick};
pub use rows::Stored;
pub use run_directory::{RunInfo, Versions, WatchedLayer, unused_run_directory};
pub use schedule::{Overflow, Schedule, SignNull};
pub use settings::{ActivationConfig, Detail, DriftConfig, Settings, TensorBoardConfig};
pub use sinks::Sink;
pub use snapshot::{
    ActivationSnapshot, Admission, GradientSnapshot, LayerSnapshot, Scalar, Tokens, WeightValues,
    Weights,
};
pub use step::Step;
pub use summary::{KindSummary, LayerSummary, SinkCounts, Status, Summary, Warning};
pub use visible::to_json_line;

// The example of the README is one of the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
