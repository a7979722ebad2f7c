//! What the worker keeps of each matrix.

use super::frozen::Frozen;
use super::told_apart::ToldApart;
use super::tracking::Followed;
use crate::history::History;
use crate::matrices::{MatrixIndex, MatrixNumbers, PerMatrix};

/// A matrix from its first snapshot on.
#[derive(Default)]
pub(super) struct WatchedMatrix {
    pub(super) history: History,
    /// By what it is followed until the next full analysis.
    pub(super) followed: Option<Followed>,
    pub(super) frozen: Frozen,
    pub(super) told_apart: ToldApart,
    /// Its place in the summary, once it has a report.
    pub(super) place: Option<usize>,
}

/// All matrices of the run.
#[derive(Default)]
pub(super) struct WatchedMatrices {
    numbers: MatrixNumbers,
    all: PerMatrix<WatchedMatrix>,
}

impl WatchedMatrices {
    pub(super) fn index(&mut self, path: &str) -> MatrixIndex {
        self.numbers.of(path)
    }

    pub(super) fn of(&mut self, matrix: MatrixIndex) -> &mut WatchedMatrix {
        self.all.of(matrix)
    }

    /// Their paths and histories, in the order of the paths, which is the same in every session.
    pub(super) fn histories(&self) -> impl Iterator<Item = (&str, &History)> {
        self.numbers
            .iter()
            .filter_map(|(path, matrix)| Some((path, &self.all.get(matrix)?.history)))
    }
}
