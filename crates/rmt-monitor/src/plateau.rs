//! When a model gains no more learned directions.

use crate::matrices::{MatrixIndex, MatrixNumbers, PerMatrix};
use rmt_core::LayerReport;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Tells a training loop when its model has gained no learned direction for a number of looks.
/// [`Engine::plateau`](crate::Engine::plateau) makes one.
///
/// A look is over when every matrix has been analysed in full once more: of most schedules that is
/// a snapshot, of staggered ones a round. The learned directions of a look are the singular values significantly above and below the bulk (`significant_above`,
/// `significant_below`), summed over all matrices. The plateau is reached when their number has not
/// exceeded its maximum for that many looks. It is not reached before the first direction, and it
/// ends when another direction comes.
///
/// The looks are those that the side thread has analysed so far, so training never waits. If the
/// side thread is behind, the plateau is reported as many steps later. A process that shares its
/// run with others counts its own matrices.
#[derive(Debug, Clone)]
pub struct Plateau {
    idle: Arc<AtomicU64>,
    looks: u64,
}

impl Plateau {
    pub(crate) fn new(idle: Arc<AtomicU64>, looks: u64) -> Self {
        Self { idle, looks: looks.max(1) }
    }

    /// A plateau that is never reached, of a disabled monitor.
    pub(crate) fn never() -> Self {
        Self { idle: Arc::default(), looks: u64::MAX }
    }

    /// Whether no direction was gained for that many looks. It reads one number.
    pub fn reached(&self) -> bool {
        self.looks() >= self.looks
    }

    /// Number of looks since the last gain; 0 before the first direction.
    pub fn looks(&self) -> u64 {
        self.idle.load(Ordering::Relaxed)
    }
}

/// Each step of these rows with the number of looks since the model had gained a learned direction.
/// The rows are in order of step, as [`read_reports`](crate::read_reports) returns them.
pub fn looks_without_gain(reports: &[LayerReport]) -> impl Iterator<Item = (u64, u64)> {
    let mut numbers = MatrixNumbers::default();
    let mut growth = Growth::default();
    reports.chunk_by(|a, b| a.step == b.step).filter_map(move |look| {
        let matrices: Vec<MatrixIndex> =
            look.iter().map(|row| numbers.of(&row.layer.path())).collect();
        let idle = growth.look(&matrices, look);
        look.first().map(|row| (row.step, idle))
    })
}

/// The step at which a [`Plateau`] of `looks` was first reached in these rows. `None` if it was
/// not.
pub fn plateau_step(reports: &[LayerReport], looks: u64) -> Option<u64> {
    let reached = looks_without_gain(reports).find(|(_, idle)| *idle >= looks.max(1));
    reached.map(|(step, _)| step)
}

/// The learned directions of a model, look by look.
#[derive(Debug, Default)]
pub(crate) struct Growth {
    /// Of each matrix that was analysed in full, and whether that was in this look.
    counts: PerMatrix<Option<(usize, bool)>>,
    most: usize,
    idle: u64,
    /// Some matrix was followed in this look: its full analysis is still to come.
    awaited: bool,
}

impl Growth {
    /// Takes the reports of a tick, which are of these matrices. Returns the number of looks since the last gain.
    pub(crate) fn look(&mut self, matrices: &[MatrixIndex], reports: &[LayerReport]) -> u64 {
        let full = || {
            let pairs = matrices.iter().zip(reports);
            pairs.filter(|(_, row)| row.report.tracked.is_none())
        };
        self.awaited |= reports.iter().any(|row| row.report.tracked.is_some());
        if full().next().is_none() {
            return self.idle;
        }
        // One that comes again before all others did: they were dropped.
        if !self.awaited
            && full().any(|(matrix, _)| self.counts.of(*matrix).is_some_and(|(_, now)| now))
        {
            self.end();
        }
        for (matrix, row) in full() {
            let ends = [row.report.significant_above, row.report.significant_below];
            *self.counts.of(*matrix) = Some((ends.into_iter().flatten().sum(), true));
        }
        if self.counts.all.iter().flatten().all(|(_, now)| *now) {
            self.end();
        }
        self.idle
    }

    /// Ends a look.
    fn end(&mut self) {
        self.awaited = false;
        let mut total = 0;
        for (count, now) in self.counts.all.iter_mut().flatten() {
            total += *count;
            *now = false;
        }
        if total > self.most {
            (self.most, self.idle) = (total, 0);
        } else if self.most > 0 {
            self.idle += 1;
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::samples;

    /// A row of a matrix with so many directions.
    fn row(name: &str, step: u64, above: usize, below: usize) -> LayerReport {
        let mut row = samples::report_of(name, step);
        row.report.significant_above = Some(above);
        row.report.significant_below = Some(below);
        row
    }

    #[test]
    fn looks_without_a_gain_are_counted_from_the_first_direction() {
        let totals = [0, 0, 2, 3, 3, 1, 4, 4, 4, 4];
        let steps = (0..).step_by(10);
        let rows: Vec<LayerReport> = steps
            .zip(totals)
            .flat_map(|(step, n)| [row("a", step, n / 2, 0), row("b", step, 0, n - n / 2)])
            .collect();
        assert_eq!(plateau_step(&rows, 2), Some(50));
        assert_eq!(plateau_step(&rows, 3), Some(90));
        assert_eq!(plateau_step(&rows, 4), None);
        assert_eq!(looks_without_gain(&rows).last(), Some((90, 3)));
        // None at all is no plateau.
        assert_eq!(plateau_step(&rows[..4], 1), None);
        assert_eq!(plateau_step(&[], 1), None);
    }

    #[test]
    fn tracked_snapshots_are_no_looks() {
        // `a` is analysed in full at one of three snapshots, `b` at all.
        let mut rows: Vec<LayerReport> =
            (0..9).flat_map(|step| [row("a", step, 1, 0), row("b", step, 1, 0)]).collect();
        for row in rows.iter_mut().filter(|row| row.layer.name == "a" && row.step % 3 != 0) {
            let fields: [&str; 0] = [];
            let tracked = serde_json::json!({ "fields": fields, "error_above": 0.0 });
            row.report.tracked = Some(serde_json::from_value(tracked).unwrap());
            row.report.significant_above = None;
        }
        for alone in [false, true] {
            rows.retain(|row| !alone || row.layer.name == "a");
            assert_eq!(plateau_step(&rows, 1), Some(3), "{alone}");
            assert_eq!(plateau_step(&rows, 2), Some(6), "{alone}");
            assert_eq!(plateau_step(&rows, 3), None, "{alone}");
        }
    }

    #[test]
    fn a_round_of_a_staggered_schedule_is_one_look() {
        // Each step has one matrix, in turn.
        let names = ["a", "b", "c"];
        let rows: Vec<LayerReport> =
            (0..30).map(|step| row(names[step as usize % 3], step, 1, 0)).collect();
        // The first looks are over when the matrices known so far were seen: at steps 0, 3, 6, …
        assert_eq!(plateau_step(&rows, 3), Some(12));
        // One that is left out does not hold up the others.
        let some: Vec<LayerReport> =
            rows.into_iter().filter(|row| row.step < 9 || row.layer.name != "b").collect();
        assert!(plateau_step(&some, 6).is_some());
    }

    #[test]
    fn a_handle_follows_the_run_and_that_of_no_run_never_reaches() {
        let idle = Arc::new(AtomicU64::new(2));
        let plateau = Plateau::new(idle.clone(), 3);
        assert!(!plateau.reached() && !Plateau::never().reached());
        idle.store(3, Ordering::Relaxed);
        assert!(plateau.clone().reached() && plateau.looks() == 3);
        // None is asked for at once.
        assert!(!Plateau::new(Arc::default(), 0).reached());
    }
}
