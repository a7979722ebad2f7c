//! The records that sinks receive, in the order of events.

use crate::alerts::Alert;
use crate::ledger::Counts;
use crate::matrices::{MatrixIndex, MatrixNumbers};
use crate::summary::{Summary, Warning};
use rmt_core::layers::LayerId;
use rmt_core::statistics::drift::Edge;
use rmt_core::statistics::gradient::GradientReport;
use rmt_core::{LayerReport, Table};
use serde::{Deserialize, Serialize};
use std::time::{Duration, SystemTime};

/// The page of a run, in its directory.
pub(crate) const PAGE: &str = "index.html";

/// One record to log.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Record<'a> {
    /// Training continues from the weights after `step` updates. This session replaces earlier
    /// records of later steps.
    Start {
        /// Session in this directory, from 0.
        session: u32,
        /// Number of optimizer updates made so far.
        step: u64,
    },
    /// The reports of one snapshot.
    Tick(&'a Tick),
    /// The reports of the gradients of one step.
    Gradients(&'a GradientTick),
    /// The user's scalars of one step.
    Scalars(&'a Scalars),
    /// A table of text: the result of an experiment.
    Table {
        /// Name of the table, such as `sanity`.
        name: &'a str,
        /// Step of the table; 0 outside training.
        step: u64,
        /// The columns and rows.
        table: &'a Table,
    },
    /// Alerts about the matrices of one tick. They follow that tick.
    Alerts(&'a [Alert]),
    /// A fault of the monitor. Training is not affected.
    Warning(&'a Warning),
    /// The run is over.
    End(&'a Summary),
}

/// The reports of one snapshot.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Tick {
    /// Session in this directory, from 0.
    pub session: u32,
    /// Number of optimizer updates made before the weights were taken.
    pub step: u64,
    /// Time of the analysis, in seconds since 1970.
    pub wall_time: f64,
    /// One report per matrix.
    pub reports: Vec<LayerReport>,
    /// The matrix of each of `reports`.
    pub matrices: Vec<MatrixIndex>,
    /// Spectral edge of the whole model's last updates, if a window of them is kept and every
    /// matrix moved over the same steps.
    pub spectral_edge: Option<Edge>,
    /// Number of alerts in this session, including those of this tick; `None` without a monitor.
    pub alerts: Option<u64>,
    /// State of the monitor; `None` without a monitor, as for checkpoints.
    pub health: Option<Health>,
}

impl Tick {
    /// A tick without a monitor, analysed now. Programs use it to write the reports of checkpoints
    /// through a [`Sink`](crate::Sink). All ticks of a run need the same [`MatrixNumbers`].
    pub fn new(
        session: u32,
        step: u64,
        reports: Vec<LayerReport>,
        numbers: &mut MatrixNumbers,
    ) -> Self {
        let matrices = reports.iter().map(|report| numbers.of(&report.layer.path())).collect();
        Self {
            session,
            step,
            wall_time: wall_time(),
            reports,
            matrices,
            spectral_edge: None,
            alerts: None,
            health: None,
        }
    }

    /// Each report with its matrix.
    pub fn numbered(&self) -> impl Iterator<Item = (MatrixIndex, &LayerReport)> {
        self.matrices.iter().copied().zip(&self.reports)
    }

    /// Number of matrices whose spectra were followed instead of analysed in full.
    pub fn tracked(&self) -> usize {
        self.reports.iter().filter(|report| report.report.tracked.is_some()).count()
    }

    /// One without reports.
    #[cfg(test)]
    pub(crate) fn empty(step: u64) -> Self {
        let tick = Self::new(0, step, Vec::new(), &mut MatrixNumbers::default());
        Self { wall_time: 0.0, health: Some(Health::default()), ..tick }
    }

    /// Names and values of the figures of the whole model, under the names in the log.
    pub fn scalars(&self) -> Vec<(&'static str, f64)> {
        let alerts = self.alerts.map(|alerts| ("alerts", alerts as f64));
        let edge = self.spectral_edge.as_ref();
        let position = edge.map(|edge| ("spectral_edge_position", edge.position as f64));
        let ratio = edge.and_then(|edge| edge.ratio).map(|ratio| ("spectral_edge_ratio", ratio));
        alerts.into_iter().chain(position).chain(ratio).collect()
    }
}

/// The reports of the gradients of one step.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct GradientTick {
    /// Session in this directory, from 0.
    pub session: u32,
    /// Number of optimizer updates made before the backward pass. The gradients are those at
    /// W_step.
    pub step: u64,
    /// Time of the analysis, in seconds since 1970.
    pub wall_time: f64,
    /// One report per matrix that has a gradient.
    pub reports: Vec<(LayerId, GradientReport)>,
    /// The matrix of each of `reports`.
    pub matrices: Vec<MatrixIndex>,
}

impl GradientTick {
    /// Each report with its matrix.
    pub fn numbered(&self) -> impl Iterator<Item = (MatrixIndex, &LayerId, &GradientReport)> {
        let reports = self.matrices.iter().copied().zip(&self.reports);
        reports.map(|(matrix, (layer, report))| (matrix, layer, report))
    }

    /// Of the diagonal of 4 and 3, for each of `names`.
    #[cfg(test)]
    pub(crate) fn example(step: u64, names: &[&str]) -> Self {
        let mut report = GradientReport::default();
        (report.norm, report.spectral_norm) = (5.0, 4.0);
        (report.stable_rank, report.singular_values) = (Some(25.0 / 16.0), vec![4.0, 3.0]);
        let reports = names.iter().map(|&name| (LayerId::from_name(name), report.clone()));
        let mut numbers = MatrixNumbers::default();
        let matrices = names.iter().map(|name| numbers.of(name)).collect();
        Self { session: 0, step, wall_time: 0.0, reports: reports.collect(), matrices }
    }
}

/// State of the monitor.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Health {
    /// Number of steps by which training was ahead when this tick was written.
    pub lag_steps: u64,
    /// Bytes of weights that wait in the queue.
    pub queue_bytes: u64,
    /// Time that the worker took for the tick, in seconds.
    pub tick_seconds: f64,
    /// Counts of matrices so far.
    pub counts: Counts,
}

impl Health {
    /// Names and values, under the names in the log.
    pub fn scalars(&self) -> [(&'static str, f64); 4] {
        [
            ("lag_steps", self.lag_steps as f64),
            ("queue_bytes", self.queue_bytes as f64),
            ("tick_milliseconds", 1e3 * self.tick_seconds),
            ("dropped", self.counts.dropped.total() as f64),
        ]
    }
}

/// The user's scalars of one step.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Scalars {
    /// Session in this directory, from 0.
    pub session: u32,
    /// The step that the user gave.
    pub step: u64,
    /// Time of reading, in seconds since 1970.
    pub wall_time: f64,
    /// Names and finite values.
    pub values: Vec<(String, f64)>,
}

/// Seconds since 1970.
pub(crate) fn wall_time() -> f64 {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0.0, |elapsed: Duration| elapsed.as_secs_f64())
}
