//! The kinds of alert, and an alert.

use serde::{Deserialize, Serialize};

/// What happened to a matrix, or to all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AlertKind {
    /// A weight is infinite or not a number.
    NonFiniteWeight,
    /// A matrix is trained and does not move, while others do.
    LayerDoesNotLearn,
    /// All weights together move less than any training does.
    BarelyMoves,
    /// A matrix moves by a large part of its norm at each update.
    FastChange,
    /// All matrices moved much further than at the looks before.
    SuddenJump,
    /// A few directions have taken the whole norm of a matrix.
    RankCollapse,
    /// The scale of the bulk shrinks at a rate that only decay has.
    ScaleDecay,
    /// A matrix changes along one direction alone.
    OneDirection,
    /// Every entry of a matrix is zero.
    ZeroWeights,
    /// Many rows or columns are equal to others.
    EqualUnits,
    /// A random matrix starts larger than the others do.
    LargeStart,
    /// A matrix takes no gradients.
    FrozenLayer,
    /// Many rows of an embedding never moved.
    UnusedRows,
}

impl AlertKind {
    /// Every kind, in the order in which those of one report are given.
    pub const ALL: [Self; 13] = [
        Self::NonFiniteWeight,
        Self::LayerDoesNotLearn,
        Self::BarelyMoves,
        Self::FastChange,
        Self::SuddenJump,
        Self::RankCollapse,
        Self::ScaleDecay,
        Self::OneDirection,
        Self::ZeroWeights,
        Self::EqualUnits,
        Self::LargeStart,
        Self::FrozenLayer,
        Self::UnusedRows,
    ];

    /// As it is logged.
    pub fn name(self) -> &'static str {
        match self {
            Self::NonFiniteWeight => "non_finite_weight",
            Self::LayerDoesNotLearn => "layer_does_not_learn",
            Self::BarelyMoves => "barely_moves",
            Self::FastChange => "fast_change",
            Self::SuddenJump => "sudden_jump",
            Self::RankCollapse => "rank_collapse",
            Self::ScaleDecay => "scale_decay",
            Self::OneDirection => "one_direction",
            Self::ZeroWeights => "zero_weights",
            Self::EqualUnits => "equal_units",
            Self::LargeStart => "large_start",
            Self::FrozenLayer => "frozen_layer",
            Self::UnusedRows => "unused_rows",
        }
    }

    /// Its severity.
    pub fn level(self) -> AlertLevel {
        match self {
            Self::NonFiniteWeight => AlertLevel::Error,
            Self::FrozenLayer | Self::UnusedRows => AlertLevel::Info,
            _ => AlertLevel::Warning,
        }
    }

    /// Where the guide explains it.
    pub fn link(self) -> String {
        format!("docs/guide/findings.md#{}", self.name())
    }
}

/// Severity of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AlertLevel {
    /// Worth knowing: it may be as it should be.
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
    /// Dotted path of the matrix; where all matrices show it, of the one that shows it most.
    pub layer: String,
    /// What.
    pub alert: AlertKind,
    /// [`AlertKind::level`].
    pub level: AlertLevel,
    /// In words, with the figures.
    pub message: String,
}

impl Alert {
    /// One of this kind; the message begins with the layer.
    pub(crate) fn new(alert: AlertKind, step: u64, layer: &str, message: &str) -> Self {
        let message = format!("`{layer}`: {message}");
        Self { step, layer: layer.to_owned(), alert, level: alert.level(), message }
    }

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
