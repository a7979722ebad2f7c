//! How far the work is: matrices, bytes and the time left.

use crate::matrices::Planned;
use crate::terminal;
use indicatif::{HumanBytes, ProgressBar};
use rmt_core::shard::cost;
use std::cell::Cell;
use std::time::Duration;

/// Steps of the bar: costs are of any size.
const STEPS: f64 = 1e6;

/// A bar that moves by what matrices cost, so that the time left is not that of the largest
/// matrix taken for the smallest.
pub(crate) struct Progress {
    bar: ProgressBar,
    total: Totals,
    done: Cell<Totals>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Totals {
    matrices: u64,
    bytes: u64,
    cost: f64,
}

impl Totals {
    fn with(self, matrix: &Planned, weight: f64) -> Self {
        let [rows, cols] = matrix.shape;
        Self {
            matrices: self.matrices + 1,
            bytes: self.bytes.saturating_add(matrix.bytes),
            cost: self.cost + weight * cost(rows, cols),
        }
    }
}

impl Progress {
    /// For these matrices, each of which is decomposed so many times.
    pub(crate) fn new<'a>(matrices: impl Iterator<Item = (&'a Planned, f64)>) -> Self {
        let total =
            matrices.fold(Totals::default(), |total, (matrix, weight)| total.with(matrix, weight));
        let bar = terminal::bar(STEPS as u64);
        bar.enable_steady_tick(Duration::from_secs(1));
        let progress = Self { bar, total, done: Cell::default() };
        progress.draw();
        progress
    }

    /// What is printed beside it.
    pub(crate) fn bar(&self) -> &ProgressBar {
        &self.bar
    }

    /// Another matrix is done.
    pub(crate) fn done(&self, matrix: &Planned, weight: f64) {
        self.done.set(self.done.get().with(matrix, weight));
        self.draw();
    }

    fn draw(&self) {
        let (done, total) = (self.done.get(), self.total);
        let (bytes, all) = (HumanBytes(done.bytes), HumanBytes(total.bytes));
        let (count, of) = (done.matrices, total.matrices);
        self.bar.set_message(format!("{count}/{of} matrices, {bytes} of {all}"));
        self.bar.set_position((STEPS * done.cost / total.cost.max(1.0)) as u64);
    }

    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
