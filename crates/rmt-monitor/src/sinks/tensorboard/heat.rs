//! The evidence of every layer at every step, in bounded memory.

use crate::matrices::{MatrixIndex, PerMatrix};
use crate::record::Tick;
use rmt_core::LayerReport;
use rmt_core::shown::strongest_neg_log_p;
use rmt_plot::{Drawing, HeatMapData, heat_map};

/// Columns that are kept: when they are full, neighbours become one.
const COLUMNS: usize = 120;
/// Layers that are kept.
const LAYERS: usize = 2_000;
/// The end of the colours: evidence beyond it is overwhelming.
const MOST: f64 = 12.0;

#[derive(Debug, Default)]
pub(super) struct Heat {
    rows: PerMatrix<Row>,
    /// Rows that are drawn.
    drawn: usize,
    /// First step of each column.
    steps: Vec<u64>,
    /// Ticks in a column, as a power of two, and in the last one.
    doublings: u32,
    in_last: u64,
    ticks: u64,
    /// There is more than was drawn.
    left: bool,
}

/// A matrix, and its evidence at each step; without cells until there is any.
#[derive(Debug, Default)]
struct Row {
    name: String,
    cells: Vec<f32>,
}

impl Heat {
    /// Adds a tick; whether the picture is due: when the number of ticks has doubled.
    pub(super) fn add(&mut self, tick: &Tick) -> bool {
        if tick.reports.is_empty() {
            return false;
        }
        if self.steps.is_empty() || self.in_last >= 1 << self.doublings {
            if self.steps.len() >= COLUMNS {
                self.halve();
            }
            self.steps.push(tick.step);
            let drawn = self.rows.all.iter_mut().filter(|row| !row.cells.is_empty());
            drawn.for_each(|row| row.cells.push(f32::NAN));
            self.in_last = 0;
        }
        self.in_last += 1;
        self.ticks += 1;
        for (matrix, report) in tick.numbered() {
            self.cell(matrix, report);
        }
        let due = self.ticks.is_power_of_two() && self.ticks > 1;
        self.left = !due;
        due
    }

    fn cell(&mut self, matrix: MatrixIndex, report: &LayerReport) {
        let Some(value) = strongest_neg_log_p(&report.report) else { return };
        let row = self.rows.of(matrix);
        if row.cells.is_empty() && self.drawn < LAYERS {
            *row = Row { name: report.layer.path(), cells: vec![f32::NAN; self.steps.len()] };
            self.drawn += 1;
        }
        if let Some(cell) = row.cells.last_mut() {
            // A number rather than none.
            *cell = cell.max(value as f32);
        }
    }

    /// Two neighbours become one, with the larger value.
    fn halve(&mut self) {
        self.steps = self.steps.iter().step_by(2).copied().collect();
        for Row { cells, .. } in &mut self.rows.all {
            let larger = |pair: &[f32]| pair.iter().copied().fold(f32::NAN, f32::max);
            *cells = cells.chunks(2).map(larger).collect();
        }
        self.doublings += 1;
    }

    /// Whether there is more than was drawn.
    pub(super) fn left(&self) -> bool {
        self.left
    }

    pub(super) fn draw(&self) -> Option<Drawing> {
        if self.drawn == 0 {
            return None;
        }
        let rows = || self.rows.all.iter().filter(|row| !row.cells.is_empty());
        let names = rows().map(|row| row.name.clone()).collect();
        let values = rows().flat_map(|row| row.cells.iter().map(|x| f64::from(*x)));
        let data = HeatMapData::new("Evidence against random weights", names, self.steps.clone())
            .with_quantity("−log₁₀ p, corrected for the number of tests")
            .with_values(values)
            .with_limits(0.0, MOST);
        Some(heat_map(&data))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::matrices::MatrixNumbers;
    use crate::samples;

    fn report(p: f64) -> LayerReport {
        let mut report = samples::report(0);
        report.report.tests.truncate(1);
        report.report.tests[0].p = p;
        report
    }

    #[test]
    fn memory_is_bounded_and_the_largest_evidence_is_kept() {
        let mut heat = Heat::default();
        let (plain, strong) = (report(1.0), report(1e-9));
        assert!(heat.draw().is_none());
        let (mut due, mut numbers) = (Vec::new(), MatrixNumbers::default());
        for step in 0..10_000 {
            let shown = if step == 7_777 { &strong } else { &plain };
            if heat.add(&Tick::new(0, step, vec![shown.clone()], &mut numbers)) {
                due.push(step + 1);
            }
        }
        assert_eq!(due, (1..14).map(|k| 1 << k).collect::<Vec<u64>>());
        let row = &heat.rows.of(numbers.of("a")).cells;
        assert!(row.len() == heat.steps.len() && row.len() <= COLUMNS);
        let strongest = row.iter().position(|x| (*x - 9.0).abs() < 1e-6).unwrap();
        let next = heat.steps.get(strongest + 1).copied().unwrap_or(u64::MAX);
        assert!((heat.steps[strongest]..next).contains(&7_777));
        assert_eq!(row.iter().filter(|x| **x > 0.0).count(), 1);
        assert!(heat.left() && heat.draw().is_some());
    }
}
