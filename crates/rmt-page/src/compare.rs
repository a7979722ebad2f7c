//! The page of several runs beside each other, aligned by step.

use crate::html::{folded, grid, grid_of, section, wide};
use crate::run::{Layer, Run};
use crate::{alerts, series, single, tables};
use rmt_plot::{Drawing, HeatMapData, Trajectory, spectrum, trajectory};

/// Layers up to which pictures of each are not folded away.
const OPEN: usize = 30;

pub(crate) fn contents(runs: &[Run]) -> String {
    let layers = layers(runs);
    let about = "Each as it was last reported.";
    let mut html = section("runs", "Runs", about, &tables::runs("runs-table", runs));
    html.push_str(&course(runs, &layers));
    html.push_str(&at_one_step(runs, &layers));
    html.push_str(&spectra(runs, &layers));
    for (number, run) in runs.iter().enumerate() {
        let mut own = String::new();
        if run.snapshots() > 1 {
            let title = format!("{}: strongest evidence, by step", run.name());
            own.push_str(&wide([single::over_steps(&title, run)]));
        }
        own.push_str(&alerts::table(&format!("alerts-{number}"), run));
        own.push_str(&single::all_tables(run, &format!("-{number}")));
        html.push_str(&folded(run.name(), false, &own));
    }
    html
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

fn course(runs: &[Run], layers: &[&str]) -> String {
    if runs.iter().all(|run| run.snapshots() < 2) {
        return String::new();
    }
    let curve = |run: &Run| (run.name().to_owned(), series::aggregates(run, |_| true));
    let mut html = grid(series::means(&runs.iter().map(curve).collect::<Vec<_>>()));
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
    if !drawings.is_empty() {
        let open = drawings.len() <= OPEN;
        html.push_str(&folded("The largest singular value of each matrix", open, &grid(drawings)));
    }
    section(
        "course",
        "Course over the steps",
        "One curve per run; means over all of its matrices.",
        &html,
    )
}

fn at_one_step(runs: &[Run], layers: &[&str]) -> String {
    let Some(step) = last_common(runs) else {
        let none = "<p>No step has reports of every run.</p>\n";
        return section("beside", "Matrices beside each other", "", none);
    };
    let names = runs.iter().map(|run| run.name().to_owned()).collect();
    let rows = layers.iter().map(|layer| (*layer).to_owned()).collect();
    let value = |run: &Run, layer: &str| {
        run.layer(layer).and_then(|layer| layer.at(step)?.evidence).unwrap_or(f64::NAN)
    };
    let values = layers.iter().flat_map(|layer| runs.iter().map(move |run| value(run, layer)));
    let title = format!("Strongest evidence of the family, step {step}");
    let map = single::evidence_map(HeatMapData::named(title, rows, names), values);
    let html = wide([map]) + &tables::beside("beside-table", runs, layers, step);
    let about = format!("At step {step}, the last that all runs have reports of.");
    section("beside", "Matrices beside each other", &about, &html)
}

fn spectra(runs: &[Run], layers: &[&str]) -> String {
    let mut html = String::new();
    for layer in layers {
        let drawn = |run: &Run| {
            let own: &Layer = run.layer(layer)?;
            Some((run.name().to_owned(), spectrum(own.drawn.as_ref()?)?))
        };
        let drawn: Vec<_> = runs.iter().filter_map(drawn).collect();
        if !drawn.is_empty() {
            html.push_str(&folded(layer, layers.len() <= OPEN, &grid_of(drawn)));
        }
    }
    section("spectra", "Spectra", "Of each run's last snapshot that has them.", &html)
}
