//! What is followed of every layer at every step, in bounded memory.

use crate::matrices::{MatrixIndex, PerMatrix};
use crate::record::Tick;
use rmt_core::LayerReport;
use rmt_plot::{Drawing, Followed, heat_map};

/// Columns that are kept: when they are full, neighbours become one.
const COLUMNS: usize = 120;
/// Layers that are kept.
const LAYERS: usize = 2_000;
/// The figures of a cell, in the order of [`Followed::ALL`]; NaN where there is none.
type Cell = [f32; Followed::ALL.len()];

const NONE: Cell = [f32::NAN; Followed::ALL.len()];

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

/// A matrix, and its figures at each step; without cells until there is any.
#[derive(Debug, Default)]
struct Row {
    name: String,
    cells: Vec<Cell>,
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
            drawn.for_each(|row| row.cells.push(NONE));
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
        let values = Followed::ALL.map(|figure| figure.value(&report.report) as f32);
        if values.iter().all(|x| x.is_nan()) {
            return;
        }
        let row = self.rows.of(matrix);
        if row.cells.is_empty() && self.drawn < LAYERS {
            *row = Row { name: report.layer.path(), cells: vec![NONE; self.steps.len()] };
            self.drawn += 1;
        }
        if let Some(cell) = row.cells.last_mut() {
            *cell = larger(*cell, values);
        }
    }

    /// Two neighbours become one, with the larger values.
    fn halve(&mut self) {
        self.steps = self.steps.iter().step_by(2).copied().collect();
        for Row { cells, .. } in &mut self.rows.all {
            *cells = cells.chunks(2).map(|pair| pair.iter().copied().fold(NONE, larger)).collect();
        }
        self.doublings += 1;
    }

    /// Whether there is more than was drawn.
    pub(super) fn left(&self) -> bool {
        self.left
    }

    /// A picture of each figure that there is.
    pub(super) fn draw(&self) -> Vec<(Followed, Drawing)> {
        let rows = || self.rows.all.iter().filter(|row| !row.cells.is_empty());
        let drawn = Followed::ALL.into_iter().enumerate().filter_map(|(place, figure)| {
            let names = rows().map(|row| row.name.clone()).collect();
            let cells = rows().flat_map(|row| &row.cells);
            let values = cells.map(|cell| cell.get(place).map_or(f64::NAN, |x| f64::from(*x)));
            let data = figure.by_step(names, self.steps.clone(), values.collect())?;
            Some((figure, heat_map(&data)))
        });
        drawn.collect()
    }
}

/// The larger of each; a number rather than none.
fn larger(mut cell: Cell, values: Cell) -> Cell {
    cell.iter_mut().zip(values).for_each(|(x, y)| *x = x.max(y));
    cell
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
        assert!(heat.draw().is_empty());
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
        let evidence = || row.iter().map(|cell| cell[2]);
        let strongest = evidence().position(|x| (x - 9.0).abs() < 1e-6).unwrap();
        let next = heat.steps.get(strongest + 1).copied().unwrap_or(u64::MAX);
        assert!((heat.steps[strongest]..next).contains(&7_777));
        assert_eq!(evidence().filter(|x| *x > 0.0).count(), 1);
        assert!(heat.left());
        let titles: Vec<_> = heat.draw().iter().map(|(_, d)| d.title().to_owned()).collect();
        assert_eq!(titles, Followed::ALL.map(|figure| format!("{}, by step", figure.title())));
    }
}
