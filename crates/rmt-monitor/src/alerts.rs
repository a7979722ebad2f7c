//! What in a run should be looked at now: said once when it begins, and again only after it was over.

mod settings;
mod stored;
mod watch;

pub use settings::{AlertSettings, Trigger};
pub use stored::read_alerts;
pub(crate) use watch::{Alerts, Baseline};

use serde::{Deserialize, Serialize};

/// What happened to a matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AlertKind {
    /// The verdict is "deviates" for the first time.
    FirstDeviation,
    /// The stable rank fell below a fraction of its first value.
    RankCollapse,
    /// The largest singular value over the bulk's edge grew to a multiple of its first value.
    ExplodingOutlier,
    /// A weight is infinite or not a number.
    NonFiniteWeight,
    /// The bulk's scale left its first value by a factor, up or down.
    BulkScaleShift,
}

impl AlertKind {
    /// Every kind, in the order in which those of one report are given.
    pub const ALL: [Self; 5] = [
        Self::NonFiniteWeight,
        Self::FirstDeviation,
        Self::RankCollapse,
        Self::ExplodingOutlier,
        Self::BulkScaleShift,
    ];

    /// As it is logged.
    pub fn name(self) -> &'static str {
        match self {
            Self::FirstDeviation => "first_deviation",
            Self::RankCollapse => "rank_collapse",
            Self::ExplodingOutlier => "exploding_outlier",
            Self::NonFiniteWeight => "non_finite_weight",
            Self::BulkScaleShift => "bulk_scale_shift",
        }
    }

    /// How much it matters.
    pub fn level(self) -> AlertLevel {
        match self {
            Self::FirstDeviation => AlertLevel::Info,
            Self::RankCollapse | Self::ExplodingOutlier | Self::BulkScaleShift => {
                AlertLevel::Warning
            }
            Self::NonFiniteWeight => AlertLevel::Error,
        }
    }
}

/// How much an alert matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AlertLevel {
    /// Worth knowing: training does this.
    Info,
    /// Worth a look.
    Warning,
    /// Training is broken.
    Error,
}

impl AlertLevel {
    /// As it is logged.
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// Something that happened to a matrix.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Alert {
    /// The step of the report that shows it.
    pub step: u64,
    /// Dotted path of the matrix.
    pub layer: String,
    /// What.
    pub alert: AlertKind,
    /// [`AlertKind::level`].
    pub level: AlertLevel,
    /// In words, with the figures.
    pub message: String,
}

impl Alert {
    /// Says it as an event of target `rmt`, at its level.
    pub(crate) fn say(&self) {
        let Self { step, layer, alert, message, .. } = self;
        let (step, alert) = (*step, alert.name());
        match self.level {
            AlertLevel::Info => {
                tracing::info!(target: "rmt", step, alert, layer, "{message}");
            }
            AlertLevel::Warning => {
                tracing::warn!(target: "rmt", step, alert, layer, "{message}");
            }
            AlertLevel::Error => {
                tracing::error!(target: "rmt", step, alert, layer, "{message}");
            }
        }
    }
}
