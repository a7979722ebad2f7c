//! Rows or columns of a matrix that a report names.

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
