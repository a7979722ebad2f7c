//! Figures over the steps.

use crate::decimate::decimate;
use crate::look::Look;
use crate::run::{Layer, Run};
use rmt_core::figures::{Figure, Unit};
use rmt_core::{Aggregate, Figures, Mean};
use rmt_plot::{BandPoint, Drawing, Trajectory, trajectory};
use std::collections::BTreeMap;

/// A mean, and its figure.
pub(crate) type InTables = (&'static Mean, &'static Figure);

/// The means that are followed over the steps.
pub(crate) fn followed() -> impl Iterator<Item = InTables> {
    Mean::in_tables().filter(|(mean, _)| mean.name != "structure_below")
}

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

/// A picture of the matrices that deviate and of each mean, where there are values, with these curves.
pub(crate) fn means(curves: &[(String, Vec<(u64, Aggregate)>)]) -> Vec<Drawing> {
    let share = |a: &Aggregate| (a.matrices > 0).then(|| a.deviating as f64 / a.matrices as f64);
    let deviating = picture(curves, "Matrices that deviate".into(), "fraction", share);
    let means = followed().map(|(mean, figure)| {
        let quantity = match figure.unit {
            Unit::Count => "fraction of the smaller side",
            Unit::Fraction => "fraction",
            _ => figure.head,
        };
        picture(curves, sentence(figure.title), quantity, |a| mean.value(a))
    });
    std::iter::once(deviating).chain(means).flatten().collect()
}

fn picture(
    curves: &[(String, Vec<(u64, Aggregate)>)],
    title: String,
    quantity: &str,
    value: impl Fn(&Aggregate) -> Option<f64>,
) -> Option<Drawing> {
    let mut data = Trajectory::new(title, quantity);
    for (name, aggregates) in curves {
        let points = aggregates.iter().filter_map(|(step, a)| Some((*step, value(a)?)));
        let points: Vec<(u64, f64)> = points.collect();
        if !points.is_empty() {
            data = data.with_series(name.clone(), decimate(points));
        }
    }
    (!data.series.is_empty()).then(|| trajectory(&data))
}

/// With a capital letter.
fn sentence(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().into_iter().flat_map(char::to_uppercase).chain(rest).collect()
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
