//! Figures over the steps.

use super::decimate::decimate;
use super::load::Run;
use rmt_core::{Aggregate, LayerReport, MatrixReport};
use rmt_plot::{BandPoint, Drawing, Trajectory, trajectory};

/// A mean over several matrices: what it is called, what is on its axis, and its value.
pub(super) struct Mean {
    pub(super) title: &'static str,
    pub(super) quantity: &'static str,
    pub(super) of: fn(&Aggregate) -> Option<f64>,
}

/// Means that are followed over the steps.
pub(super) const MEANS: [Mean; 6] = [
    Mean {
        title: "Matrices that deviate",
        quantity: "fraction",
        of: |a| (a.matrices > 0).then(|| a.deviating as f64 / a.matrices as f64),
    },
    Mean {
        title: "Singular values significantly above the bulk",
        quantity: "fraction of the smaller side",
        of: |a| a.significant_above,
    },
    Mean {
        title: "Output vectors that are not random",
        quantity: "fraction",
        of: |a| a.left_rejected,
    },
    Mean {
        title: "Input vectors that are not random",
        quantity: "fraction",
        of: |a| a.right_rejected,
    },
    Mean { title: "Power-law exponent", quantity: "alpha", of: |a| a.alpha },
    Mean { title: "Stable rank", quantity: "stable rank", of: |a| a.stable_rank },
];

/// Aggregates of the reports of a run that `chosen` takes, by step.
pub(super) fn aggregates(
    run: &Run,
    chosen: impl Fn(&LayerReport) -> bool,
) -> Vec<(u64, Aggregate)> {
    let of = |rows: &[LayerReport]| {
        let reports: Vec<&MatrixReport> =
            rows.iter().filter(|row| chosen(row)).map(|row| &row.report).collect();
        let step = rows.first().map(|row| row.step)?;
        (!reports.is_empty()).then(|| (step, Aggregate::of(reports)))
    };
    // Rows are in order of step.
    run.rows.chunk_by(|a, b| a.step == b.step).filter_map(of).collect()
}

/// A picture of each mean that has values, with these curves.
pub(super) fn means(curves: &[(String, Vec<(u64, Aggregate)>)]) -> Vec<Drawing> {
    let picture = |mean: &Mean| {
        let mut data = Trajectory::new(mean.title, mean.quantity);
        for (name, aggregates) in curves {
            let points = aggregates.iter().filter_map(|(step, a)| Some((*step, (mean.of)(a)?)));
            let points: Vec<(u64, f64)> = points.collect();
            if !points.is_empty() {
                data = data.with_series(name.clone(), decimate(points));
            }
        }
        (!data.series.is_empty()).then(|| trajectory(&data))
    };
    MEANS.iter().filter_map(picture).collect()
}

/// The largest and smallest singular values of a layer over the steps, beside the bulk.
pub(super) fn extremes(run: &Run, layer: &str) -> Option<Drawing> {
    let points = |of: fn(&MatrixReport) -> Option<f64>| -> Vec<(u64, f64)> {
        decimate(run.of(layer).filter_map(|row| Some((row.step, of(&row.report)?))).collect())
    };
    let largest = points(|r| r.largest);
    if largest.len() < 2 {
        return None;
    }
    // Edges change slowly; they are drawn where the largest value is.
    let band = largest.iter().filter_map(|(step, _)| {
        let report = &run.at(*step, layer)?.report;
        Some(BandPoint::new(*step, report.edge_low?, report.edge_high?))
    });
    let data = Trajectory::new(layer, "singular value ν")
        .with_series("largest", largest.clone())
        .with_series("smallest", points(|r| r.smallest))
        .with_band("bulk of a random matrix", band);
    Some(trajectory(&data))
}

/// ν₁ over the upper edge of the bulk of a layer, over the steps.
pub(super) fn over_edge(run: &Run, layer: &str) -> Vec<(u64, f64)> {
    let ratio = |row: &LayerReport| {
        let ratio = row.report.largest? / row.report.edge_high?;
        Some((row.step, ratio))
    };
    decimate(run.of(layer).filter_map(ratio).collect())
}
