//! What sinks are given, in the order in which it happened.

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

/// One thing to log.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Record<'a> {
    /// Training goes on from the weights after so many updates: what earlier sessions said of later
    /// steps is replaced.
    Start {
        /// Number of the program run in this directory.
        session: u32,
        /// The updates made so far.
        step: u64,
    },
    /// All that one snapshot gave.
    Tick(&'a Tick),
    /// What the gradients of one step gave.
    Gradients(&'a GradientTick),
    /// The user's scalars of one step.
    Scalars(&'a Scalars),
    /// A table of text: the result of an experiment.
    Table {
        /// What it is, such as `sanity`.
        name: &'a str,
        /// The step that it belongs to; 0 outside training.
        step: u64,
        /// The columns and rows.
        table: &'a Table,
    },
    /// What happened to matrices, as the reports of one tick show: after that tick.
    Alerts(&'a [Alert]),
    /// Something went wrong; training goes on.
    Warning(&'a Warning),
    /// The run is over.
    End(&'a Summary),
}

/// All that one snapshot gave.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Tick {
    /// Number of the program run in this directory, from 0.
    pub session: u32,
    /// Optimizer updates made before the weights were taken.
    pub step: u64,
    /// When it was analysed, seconds since 1970.
    pub wall_time: f64,
    /// One per matrix.
    pub reports: Vec<LayerReport>,
    /// The matrix of each of `reports`.
    pub matrices: Vec<MatrixIndex>,
    /// Of the whole model's last updates, where a window of them is kept and every matrix moved
    /// over the same steps.
    pub spectral_edge: Option<Edge>,
    /// Alerts given so far in this session, with those of this tick; `None` where nothing watches.
    pub alerts: Option<u64>,
    /// How the monitor itself is doing; `None` where there is none, as for a checkpoint read later.
    pub health: Option<Health>,
}

impl Tick {
    /// What the weights of one step gave, analysed now and without a monitor: for programs that
    /// write the reports of checkpoints through a [`Sink`](crate::Sink). The ticks of a run are numbered by one
    /// [`MatrixNumbers`].
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

    /// Matrices whose spectra were followed and not analysed in full.
    pub fn tracked(&self) -> usize {
        self.reports.iter().filter(|report| report.report.tracked.is_some()).count()
    }

    /// One without reports.
    #[cfg(test)]
    pub(crate) fn empty(step: u64) -> Self {
        let tick = Self::new(0, step, Vec::new(), &mut MatrixNumbers::default());
        Self { wall_time: 0.0, health: Some(Health::default()), ..tick }
    }

    /// Names and values of the figures of the whole model, as they are logged.
    pub fn scalars(&self) -> Vec<(&'static str, f64)> {
        let alerts = self.alerts.map(|alerts| ("alerts", alerts as f64));
        let edge = self.spectral_edge.as_ref();
        let position = edge.map(|edge| ("spectral_edge_position", edge.position as f64));
        let ratio = edge.and_then(|edge| edge.ratio).map(|ratio| ("spectral_edge_ratio", ratio));
        alerts.into_iter().chain(position).chain(ratio).collect()
    }
}

/// What the gradients of one step gave.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct GradientTick {
    /// Number of the program run in this directory, from 0.
    pub session: u32,
    /// Optimizer updates made before the gradients were: they are of the weights W_step.
    pub step: u64,
    /// When they were analysed, seconds since 1970.
    pub wall_time: f64,
    /// One per matrix that has a gradient.
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

/// How the monitor itself is doing.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Health {
    /// Steps that training had gone on when this tick was written.
    pub lag_steps: u64,
    /// Bytes of weights waiting.
    pub queue_bytes: u64,
    /// Time that the tick took on the worker.
    pub tick_seconds: f64,
    /// Matrices counted so far.
    pub counts: Counts,
}

impl Health {
    /// Names and values, as they are logged.
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
    /// Number of the program run in this directory.
    pub session: u32,
    /// As the user said.
    pub step: u64,
    /// When they were read, seconds since 1970.
    pub wall_time: f64,
    /// Name and (finite) value.
    pub values: Vec<(String, f64)>,
}

/// Seconds since 1970.
pub(crate) fn wall_time() -> f64 {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0.0, |elapsed: Duration| elapsed.as_secs_f64())
}
