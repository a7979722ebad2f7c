//! Figures over the steps.

use crate::decimate::decimate;
use crate::look::Look;
use crate::run::{Layer, Run};
use rmt_core::{Aggregate, Figures};
use rmt_plot::{BandPoint, Drawing, Trajectory, trajectory};
use std::collections::BTreeMap;

/// A mean over several matrices: what it is called, what is on its axis, and its value.
pub(crate) struct Mean {
    pub(crate) title: &'static str,
    pub(crate) quantity: &'static str,
    pub(crate) of: fn(&Aggregate) -> Option<f64>,
}

/// Means that are followed over the steps.
pub(crate) const MEANS: [Mean; 6] = [
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

/// Aggregates of the layers of a run that `chosen` takes, by step.
pub(crate) fn aggregates(run: &Run, chosen: impl Fn(&Layer) -> bool) -> Vec<(u64, Aggregate)> {
    let mut steps: BTreeMap<u64, Vec<Figures>> = BTreeMap::new();
    for layer in run.layers().iter().filter(|layer| chosen(layer)) {
        for look in layer.looks() {
            steps.entry(look.step).or_default().push(look.figures);
        }
    }
    steps.into_iter().map(|(step, figures)| (step, Aggregate::of_figures(figures))).collect()
}

/// A picture of each mean that has values, with these curves.
pub(crate) fn means(curves: &[(String, Vec<(u64, Aggregate)>)]) -> Vec<Drawing> {
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

/// A figure of a layer over the steps.
fn points(layer: &Layer, figure: impl Fn(&Look) -> Option<f64>) -> Vec<(u64, f64)> {
    let known = layer.looks().iter().filter_map(|look| Some((look.step, figure(look)?)));
    decimate(known.collect())
}

/// The largest and smallest singular values of a layer over the steps, beside the bulk.
pub(crate) fn extremes(layer: &Layer) -> Option<Drawing> {
    let largest = points(layer, |look| look.largest);
    if largest.len() < 2 {
        return None;
    }
    // Edges change slowly; they are drawn where the largest value is.
    let band = largest.iter().filter_map(|(step, _)| {
        let look = layer.at(*step)?;
        Some(BandPoint::new(*step, look.edge_low?, look.edge_high?))
    });
    let data = Trajectory::new(&layer.path, "singular value ν")
        .with_series("largest", largest.clone())
        .with_series("smallest", points(layer, |look| look.smallest))
        .with_band("bulk of a random matrix", band);
    Some(trajectory(&data))
}

/// ν₁ over the upper edge of the bulk of a layer, over the steps.
pub(crate) fn over_edge(layer: &Layer) -> Vec<(u64, f64)> {
    points(layer, Look::over_edge)
}
