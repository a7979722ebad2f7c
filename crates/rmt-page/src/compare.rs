//! The page of several runs side by side, aligned by step.

use crate::html::{folded, grid, grid_of, section, wide};
use crate::run::{Layer, Run};
use crate::{alerts, series, single, tables};
use maud::{Markup, html};
use rmt_plot::{Drawing, Followed, HeatMapData, Trajectory, heat_map, spectrum, trajectory};

/// Layers up to which pictures of each are not folded away.
const OPEN: usize = 30;

pub(crate) fn contents(runs: &[Run]) -> Markup {
    let layers = layers(runs);
    let about = "Figures are those of each run's latest reports.";
    html! {
        (section("runs", "Runs", about, &tables::runs("runs-table", runs)))
        (course(runs, &layers))
        (at_one_step(runs, &layers))
        (spectra(runs, &layers))
        @for (number, run) in runs.iter().enumerate() {
            (folded(run.name(), false, &own(number, run)))
        }
    }
}

/// What is of one run alone.
fn own(number: usize, run: &Run) -> Markup {
    html! {
        @let maps = single::over_steps(run);
        @if !maps.is_empty() { (wide(maps)) }
        (alerts::list(&format!("alerts-{number}"), run))
        (single::all_tables(run, &format!("-{number}")))
    }
}

/// All layers that some run has, in the order in which they are met.
fn layers(runs: &[Run]) -> Vec<&str> {
    let mut seen = std::collections::HashSet::new();
    let all = runs.iter().flat_map(Run::layers).map(|layer| layer.path.as_str());
    all.filter(|layer| seen.insert(*layer)).collect()
}

/// The last step at which every run has reports.
fn last_common(runs: &[Run]) -> Option<u64> {
    let (first, others) = runs.split_first()?;
    let others: Vec<Vec<u64>> = others.iter().map(Run::steps).collect();
    let common = |step: &u64| others.iter().all(|steps| steps.binary_search(step).is_ok());
    first.steps().into_iter().rev().find(common)
}

fn course(runs: &[Run], layers: &[&str]) -> Markup {
    if runs.iter().all(|run| run.snapshots() < 2) {
        return html! {};
    }
    let curve = |run: &Run| (run.name().to_owned(), series::aggregates(run, |_| true));
    let means = grid(series::means(&runs.iter().map(curve).collect::<Vec<_>>()));
    let picture = |layer: &&str| {
        let mut data = Trajectory::new(*layer, "largest singular value / edge of the bulk");
        for run in runs {
            let points = run.layer(layer).map(series::over_edge).unwrap_or_default();
            if !points.is_empty() {
                data = data.with_series(run.name(), points);
            }
        }
        (!data.series.is_empty()).then(|| trajectory(&data))
    };
    let drawings: Vec<Drawing> = layers.iter().filter_map(picture).collect();
    let contents = html! {
        (means)
        @if !drawings.is_empty() {
            @let open = drawings.len() <= OPEN;
            (folded("The largest singular value of each matrix", open, &grid(drawings)))
        }
    };
    let about = "Each curve is one run: a mean over all of its matrices.";
    section("course", "Curves over the steps", about, &contents)
}

fn at_one_step(runs: &[Run], layers: &[&str]) -> Markup {
    let Some(step) = last_common(runs) else {
        let none = html! { p { "No step has reports of all runs." } "\n" };
        return section("beside", "Matrices side by side", "", &none);
    };
    let names: Vec<String> = runs.iter().map(|run| run.name().to_owned()).collect();
    let rows: Vec<String> = layers.iter().map(|layer| (*layer).to_owned()).collect();
    let maps = Followed::ALL.iter().filter_map(|figure| {
        let value = |run: &Run, layer: &str| {
            let look = run.layer(layer).and_then(|layer| layer.at(step));
            look.map_or(f64::NAN, |look| look.followed(*figure))
        };
        let values = layers.iter().flat_map(|layer| runs.iter().map(move |run| value(run, layer)));
        let values: Vec<f64> = values.collect();
        let title = format!("{}, step {step}", figure.title());
        let data = HeatMapData::named(title, rows.clone(), names.clone());
        let there = values.iter().any(|x| !x.is_nan());
        there.then(|| heat_map(&figure.colours(data.with_values(values))))
    });
    let maps: Vec<Drawing> = maps.collect();
    let contents = html! { (wide(maps)) (tables::beside("beside-table", runs, layers, step)) };
    let about = format!("At step {step}, the last step with reports of all runs.");
    section("beside", "Matrices side by side", &about, &contents)
}

fn spectra(runs: &[Run], layers: &[&str]) -> Markup {
    let of = |layer: &str| {
        let drawn = |run: &Run| {
            let own: &Layer = run.layer(layer)?;
            Some((run.name().to_owned(), spectrum(own.drawn.as_ref()?)?))
        };
        let drawn: Vec<_> = runs.iter().filter_map(drawn).collect();
        html! { @if !drawn.is_empty() { (folded(layer, layers.len() <= OPEN, &grid_of(drawn))) } }
    };
    let contents = html! { @for layer in layers { (of(layer)) } };
    section(
        "spectra",
        "Spectra",
        "Each picture shows the run's last snapshot with a full spectrum.",
        &contents,
    )
}
