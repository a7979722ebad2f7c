//! A report of which nothing is known but the shape.

use super::Analyser;
use crate::notes::Note;
use crate::report::{MatrixReport, Verdict};
use crate::spectrum::Orientation;

impl Analyser {
    pub(super) fn empty(&self, shape: [usize; 2], orientation: Orientation) -> MatrixReport {
        let [rows, cols] = shape;
        let (m, n) = (rows.min(cols), rows.max(cols));
        let mut notes = Vec::new();
        if orientation == Orientation::Assumed {
            notes.push(Note::OrientationAssumed);
        }
        MatrixReport {
            shape,
            orientation,
            small_side: m,
            large_side: n,
            aspect: if n == 0 { 0.0 } else { m as f64 / n as f64 },
            scale: None,
            scale_estimator: self.options.scale_estimator.name().into(),
            scale_entries: None,
            excess_kurtosis: None,
            edge_low: None,
            edge_high: None,
            smallest: None,
            largest: None,
            outliers_above: None,
            outliers_below: None,
            significant_above: None,
            significant_above_cut_off: false,
            significant_below: None,
            significant_below_cut_off: false,
            level: self.options.level,
            p_above: None,
            p_below: None,
            bulk_distance: None,
            p_bulk: None,
            spacing_ratio: None,
            spacing_ratio_z: None,
            levels: None,
            left: None,
            right: None,
            signal: Vec::new(),
            suppression: Vec::new(),
            threshold_rank: None,
            heavy_tail: None,
            activation: None,
            drift: None,
            traps: None,
            magnitudes: None,
            signs: None,
            structure: None,
            tracked: None,
            tests: Vec::new(),
            verdict: Verdict::NotEstimable,
            notes,
        }
    }
}
