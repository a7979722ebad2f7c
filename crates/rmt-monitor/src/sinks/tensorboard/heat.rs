//! The evidence of every layer at every step, in bounded memory.

use crate::record::Tick;
use rmt_core::{LayerReport, MatrixReport, shown};
use rmt_plot::{Drawing, HeatMapData, heat_map};
use std::collections::BTreeMap;

/// Columns that are kept: when they are full, neighbours become one.
const COLUMNS: usize = 120;
/// Layers that are kept.
const LAYERS: usize = 2_000;
/// The end of the colours: evidence beyond it is overwhelming.
const MOST: f64 = 12.0;

#[derive(Debug, Default)]
pub(super) struct Heat {
    /// Rows in the order of the model.
    rows: Vec<(String, Vec<f32>)>,
    index: BTreeMap<String, usize>,
    /// First step of each column.
    steps: Vec<u64>,
    /// Ticks in a column, as a power of two, and in the last one.
    doublings: u32,
    in_last: u64,
    ticks: u64,
    /// There is more than was drawn.
    left: bool,
}

/// −log₁₀ of the smallest p-value of the family, corrected for their number as the verdict is.
fn evidence(report: &MatrixReport) -> Option<f64> {
    let smallest = report.tests.iter().map(|test| test.p).fold(f64::NAN, f64::min);
    let p = smallest * report.tests.len() as f64;
    (!p.is_nan()).then(|| shown::evidence(p))
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
            self.rows.iter_mut().for_each(|(_, row)| row.push(f32::NAN));
            self.in_last = 0;
        }
        self.in_last += 1;
        self.ticks += 1;
        for report in &tick.reports {
            self.cell(report);
        }
        let due = self.ticks.is_power_of_two() && self.ticks > 1;
        self.left = !due;
        due
    }

    fn cell(&mut self, report: &LayerReport) {
        let Some(value) = evidence(&report.report) else { return };
        let path = report.layer.path();
        let row = match self.index.get(&path) {
            Some(row) => *row,
            None if self.rows.len() >= LAYERS => return,
            None => {
                self.rows.push((path.clone(), vec![f32::NAN; self.steps.len()]));
                self.index.insert(path, self.rows.len() - 1);
                self.rows.len() - 1
            }
        };
        if let Some(cell) = self.rows.get_mut(row).and_then(|(_, row)| row.last_mut()) {
            // A number rather than none.
            *cell = cell.max(value as f32);
        }
    }

    /// Two neighbours become one, with the larger value.
    fn halve(&mut self) {
        self.steps = self.steps.iter().step_by(2).copied().collect();
        for (_, row) in &mut self.rows {
            let larger = |pair: &[f32]| pair.iter().copied().fold(f32::NAN, f32::max);
            *row = row.chunks(2).map(larger).collect();
        }
        self.doublings += 1;
    }

    /// Whether there is more than was drawn.
    pub(super) fn left(&self) -> bool {
        self.left
    }

    pub(super) fn draw(&self) -> Option<Drawing> {
        if self.rows.is_empty() || self.steps.is_empty() {
            return None;
        }
        let names = self.rows.iter().map(|(name, _)| name.clone()).collect();
        let values = self.rows.iter().flat_map(|(_, row)| row.iter().map(|x| f64::from(*x)));
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
    use rmt_core::layers::LayerId;
    use rmt_core::{Analyser, AnalysisOptions, Context, Matrix, Nulls, Orientation};

    fn report(p: f64) -> LayerReport {
        let values: Vec<f64> = (0..20 * 30).map(|k| f64::from(k * 7919 % 1009) - 504.0).collect();
        let matrix = Matrix::new(&values[..], 20, 30, Orientation::OutIn).unwrap();
        let analyser = Analyser::new(AnalysisOptions::default(), Nulls::default()).unwrap();
        let mut report = analyser.analyse(&matrix, Context::default()).unwrap().report;
        report.tests.truncate(1);
        report.tests[0].p = p;
        LayerReport::new(0, 0, LayerId::from_name("a"), "f64".into(), report)
    }

    #[test]
    fn memory_is_bounded_and_the_largest_evidence_is_kept() {
        let mut heat = Heat::default();
        let (plain, strong) = (report(1.0), report(1e-9));
        assert!(heat.draw().is_none());
        let mut due = Vec::new();
        for step in 0..10_000 {
            let shown = if step == 7_777 { &strong } else { &plain };
            if heat.add(&Tick::new(0, step, vec![shown.clone()])) {
                due.push(step + 1);
            }
        }
        assert_eq!(due, (1..14).map(|k| 1 << k).collect::<Vec<u64>>());
        let row = &heat.rows[0].1;
        assert!(row.len() == heat.steps.len() && row.len() <= COLUMNS);
        let strongest = row.iter().position(|x| (*x - 9.0).abs() < 1e-6).unwrap();
        let next = heat.steps.get(strongest + 1).copied().unwrap_or(u64::MAX);
        assert!((heat.steps[strongest]..next).contains(&7_777));
        assert_eq!(row.iter().filter(|x| **x > 0.0).count(), 1);
        assert!(heat.left() && heat.draw().is_some());
    }

    #[test]
    fn evidence_is_corrected_for_the_number_of_tests() {
        let mut report = report(1e-3).report;
        assert!((evidence(&report).unwrap() - 3.0).abs() < 1e-12);
        report.tests.push(report.tests[0].clone());
        report.tests[1].p = 0.6;
        assert!((evidence(&report).unwrap() - (3.0 - 2.0_f64.log10())).abs() < 1e-12);
        report.tests.clear();
        assert_eq!(evidence(&report), None);
    }
}
