//! Counts that several reports share.

use serde::{Deserialize, Serialize};

/// Indices of lines and entries that are listed, at most.
pub const LISTED: usize = 16;

/// How many lines, and the first of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Listed {
    /// All.
    pub count: usize,
    /// The first [`LISTED`] indices, from 0.
    pub indices: Vec<usize>,
}

impl Listed {
    pub(crate) fn of(indices: impl Iterator<Item = usize>) -> Self {
        let all: Vec<usize> = indices.collect();
        Self { count: all.len(), indices: all.into_iter().take(LISTED).collect() }
    }
}

/// A count, and what the copies leave open of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StructureCount {
    /// Values beyond the most extreme of the copies. The next value of noise is beyond with probability 1/(B + 1). Zero where the
    /// test does not reject.
    pub count: usize,
    /// Values beyond the mean of the copies' largest, or smallest, ones. Noise has one of these in about every second matrix.
    pub most: usize,
    /// Whether the count did not come to rest, and is a lower bound.
    #[serde(default)]
    pub cut_off: bool,
}

/// Directions that no scale of rows and columns explains, counted in the whitened matrix.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StructureReport {
    /// Step of the snapshot in which they were counted, where that is an earlier one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<u64>,
    /// Those with large singular values.
    pub above: StructureCount,
    /// Those with small ones; null where the matrix is square or nearly so.
    pub below: Option<StructureCount>,
    /// Share of the smaller side that is above.
    pub share_above: f64,
    /// The most of it that the copies leave open.
    #[serde(default)]
    pub share_above_most: f64,
    /// Share of it that is below.
    pub share_below: Option<f64>,
    /// The most of it that the copies leave open.
    #[serde(default)]
    pub share_below_most: Option<f64>,
    /// Share of the squared norm that the directions above have, noise taken off.
    pub norm_share: f64,
    /// Its standard error, the count given: that of the strengths.
    #[serde(default)]
    pub norm_share_error: f64,
    /// The same share of all directions that the copies leave open.
    pub norm_share_most: f64,
    /// Strength θ/(σ√n) of the strongest direction above.
    pub strength: Option<f64>,
    /// Its standard error: [`AdditiveSpike::standard_error`](crate::statistics::signal::AdditiveSpike::standard_error).
    #[serde(default)]
    pub strength_error: Option<f64>,
}

impl StructureReport {
    /// Whether one of the counts is a lower bound.
    pub fn is_cut_off(&self) -> bool {
        self.above.cut_off || self.below.is_some_and(|below| below.cut_off)
    }

    /// As of the snapshot of `step`.
    #[must_use]
    pub fn with_since(self, step: u64) -> Self {
        Self { since: Some(step), ..self }
    }
}
