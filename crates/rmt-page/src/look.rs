//! The figures that a page keeps of one report.

use rmt_core::{Figures, LayerReport, Verdict};
use rmt_plot::Followed;

/// The figures of one layer at one step that a page draws.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Look {
    /// Number of optimizer updates made before the weights were taken.
    pub step: u64,
    /// Number of the snapshot in the run, from 0.
    pub(crate) tick: u64,
    /// The verdict.
    pub verdict: Verdict,
    /// In the order of [`Followed::ALL`]; NaN where there is none.
    followed: [f64; Followed::ALL.len()],
    /// The largest singular value ν₁.
    pub largest: Option<f64>,
    /// The smallest singular value ν_m.
    pub smallest: Option<f64>,
    /// The lower edge of the bulk, ν₋.
    pub edge_low: Option<f64>,
    /// The upper edge of the bulk, ν₊.
    pub edge_high: Option<f64>,
    /// The figures that means over layers are taken of.
    pub figures: Figures,
}

impl Look {
    pub(crate) fn of(report: &LayerReport, tick: u64) -> Self {
        let LayerReport { step, report, .. } = report;
        Self {
            step: *step,
            tick,
            verdict: report.verdict,
            followed: Followed::ALL.map(|figure| figure.value(report)),
            largest: report.largest,
            smallest: report.smallest,
            edge_low: report.edge_low,
            edge_high: report.edge_high,
            figures: Figures::of(report),
        }
    }

    /// The value of a figure of the heat maps; NaN if it is missing.
    pub fn followed(&self, figure: Followed) -> f64 {
        let place = Followed::ALL.iter().position(|of| *of == figure);
        place.and_then(|place| self.followed.get(place)).copied().unwrap_or(f64::NAN)
    }

    /// ν₁/ν₊.
    pub fn over_edge(&self) -> Option<f64> {
        Some(self.largest? / self.edge_high?)
    }
}
