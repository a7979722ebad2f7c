//! The page of one run.

use crate::html::{folded, grid, section, wide};
use crate::run::{Layer, Run};
use crate::{alerts, notes, series, tables};
use maud::{Markup, html};
use rmt_core::LayerReport;
use rmt_core::layers::LayerKind;
use rmt_core::report::{FAMILY, TestName, Verdict};
use rmt_core::shown::{clean, neg_log_p};
use rmt_core::signs::StructureReport;
use rmt_plot::{Drawing, Followed, HeatMapData, heat_map, overlap_of, spectrum, vectors};

/// Layers up to which pictures of each are not folded away.
const OPEN: usize = 30;

/// Layers that are named in a sentence.
const NAMED: usize = 4;

/// Cells of a heat map that are handed over; of more, neighbouring steps are put together.
const CELLS: usize = 4_000_000;

pub(crate) fn contents(run: &Run) -> Markup {
    if run.is_empty() {
        return html! {
            (alerts::findings(run)) p { "There is no report yet." } "\n" (alerts::warnings(run))
        };
    }
    let sections = [
        ("alerts", "Alerts", alerts::alerts(run)),
        ("warnings", "Warnings", alerts::warnings(run)),
        ("where", "Where", heat_maps(run)),
        ("spectra", "Spectra", pictures(run)),
        ("course", "Course", means(run)),
        ("tables", "Tables", all_tables(run, "")),
    ];
    let there = || sections.iter().filter(|(_, _, contents)| !contents.0.is_empty());
    html! {
        (alerts::findings(run))
        (summary(run))
        nav { @for (id, word, _) in there() { a href={ "#" (id) } { (word) } } } "\n"
        @for (_, _, contents) in there() { (contents) }
    }
}

fn summary(run: &Run) -> Markup {
    let latest = run.latest();
    let of = |verdict| latest.clone().filter(|row| row.report.verdict == verdict).count();
    let mut tiles = vec![
        (run.layers().len().to_string(), "matrices"),
        (of(Verdict::Structure).to_string(), "have structure"),
        (of(Verdict::Scale).to_string(), "deviate by scale"),
        (of(Verdict::Random).to_string(), "look random"),
    ];
    let untold = of(Verdict::Deviates);
    if untold > 0 {
        tiles.push((untold.to_string(), "deviate (cause not tested)"));
    }
    let others = of(Verdict::Degenerate) + of(Verdict::NotEstimable);
    if others > 0 {
        tiles.push((others.to_string(), "have no verdict"));
    }
    if let [first, .., last] = run.steps().as_slice() {
        tiles.push((format!("{first} – {last}"), "steps"));
        tiles.push((run.snapshots().to_string(), "snapshots"));
    }
    let (warnings, errors) = alerts::counts(run);
    let own = run.warnings.total();
    for (count, one, several) in [
        (warnings, "warning", "warnings"),
        (errors, "error", "errors"),
        (own, "warning of the monitor", "warnings of the monitor"),
    ] {
        if count > 0 {
            tiles.push((count.to_string(), if count == 1 { one } else { several }));
        }
    }
    let level = latest.clone().next().map_or(0.0, |row| row.report.level);
    html! {
        div.tiles { @for (figure, what) in tiles { div { b { (figure) } span { (what) } } } } "\n"
        p {
            "Counts are those of the latest reports. A random matrix deviates with probability " (level) " at most. "
            (first_deviation(run)) (thinned(run))
        }
        "\n"
    }
}

/// Which steps are left out, if some are.
fn thinned(run: &Run) -> String {
    match run.stride() {
        1 => String::new(),
        stride => format!(
            "  Of every {stride} neighbouring snapshots the first is drawn. metrics.jsonl has all of them."
        ),
    }
}

/// Which matrices deviate first.
fn first_deviation(run: &Run) -> String {
    let Some(step) = run.first_deviation() else {
        return "No matrix deviated at any step.".into();
    };
    let steps = run.steps();
    let (true, Some(first)) = (steps.len() > 1, steps.first()) else {
        return String::new();
    };
    let there = run.layers().iter().filter(|layer| layer.first_deviation == Some(step));
    let names: Vec<String> = there.map(|layer| clean(&layer.path)).collect();
    let before = if step == *first { ", the first one" } else { "" };
    let some = names.get(..NAMED.min(names.len())).unwrap_or_default().join(", ");
    let more = names.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("The first deviation was at step {step}{before}: {some}{more}.")
}

/// Each figure of layer × step, and evidence of layer × test as last reported.
fn heat_maps(run: &Run) -> Markup {
    let columns = FAMILY.iter().map(TestName::to_string).collect();
    let values = run.latest().flat_map(|row| {
        FAMILY.each_ref().map(|name| row.report.test(name).map_or(f64::NAN, |t| neg_log_p(t.p)))
    });
    let title = "Evidence by test, latest reports";
    let by_test = HeatMapData::named(title, names(run), columns).with_values(values);
    let mut drawings = over_steps(run);
    drawings.extend(structure_now(run));
    drawings.push(heat_map(&Followed::Evidence.colours(by_test)));
    let counts = match run.snapshots() {
        1 => "They lie above the bulk and below it; a square matrix has none below.",
        _ => "A count stands until the next one.",
    };
    let about = "Evidence is −log₁₀ p of the tests behind the verdict: 2 is a p-value of 1 %, lighter \
                 is less random, and the colours end at 10. The test p_above is that of the largest singular value, p_below \
                 that of the smallest, p_bulk that of the whole spectrum, and left and right those of the singular vectors \
                 on the output and the input side.";
    let about = format!(
        "Structure counts directions whose singular values no scale of rows and columns explains. {counts} {about}"
    );
    section("where", "Where the matrices are not random", &about, &wide(drawings))
}

/// What is structure in each layer of a single snapshot; none where no layer was compared with copies of itself.
fn structure_now(run: &Run) -> Option<Drawing> {
    let shares = run.latest().filter(|_| run.snapshots() == 1).flat_map(|row| {
        let found = row.report.structure.as_ref();
        let share =
            |of: fn(&StructureReport) -> Option<f64>| found.and_then(of).unwrap_or(f64::NAN);
        [
            share(|found| Some(found.share_above)),
            share(|found| found.share_below),
            share(|found| Some(found.norm_share)),
        ]
    });
    let shares: Vec<f64> = shares.collect();
    if shares.iter().all(|share| share.is_nan()) {
        return None;
    }
    let columns = ["above", "below", "squared norm"].map(str::to_owned);
    let data = HeatMapData::named("Share that is structure", names(run), columns.into());
    let data =
        data.with_quantity("fraction of the smaller side, or of the squared norm").with_root();
    Some(heat_map(&data.with_values(shares)))
}

fn names(run: &Run) -> Vec<String> {
    run.layers().iter().map(|layer| layer.path.clone()).collect()
}

/// The figures of each layer that are followed over the steps; none of a single snapshot.
pub(crate) fn over_steps(run: &Run) -> Vec<Drawing> {
    if run.snapshots() < 2 {
        return Vec::new();
    }
    Followed::ALL.iter().filter_map(|figure| followed(*figure, run)).collect()
}

fn followed(figure: Followed, run: &Run) -> Option<Drawing> {
    let (steps, layers) = (run.steps(), run.layers());
    let together = (steps.len() * layers.len()).div_ceil(CELLS).max(1);
    let columns = steps.len().div_ceil(together);
    let mut values = vec![f64::NAN; layers.len() * columns];
    for (row, layer) in values.chunks_mut(columns.max(1)).zip(layers) {
        for look in layer.looks() {
            let column = steps.partition_point(|step| *step < look.step) / together;
            if let Some(cell) = row.get_mut(column) {
                // A number rather than none.
                *cell = cell.max(look.followed(figure));
            }
        }
    }
    let columns = steps.into_iter().step_by(together).collect();
    let mut data = figure.by_step(names(run), columns, values)?;
    if together > 1 {
        data.title += &format!("  (largest of up to {together} neighbours)");
    }
    Some(heat_map(&data))
}

fn means(run: &Run) -> Markup {
    if run.snapshots() < 2 {
        return html! {};
    }
    let mut kinds: Vec<LayerKind> = Vec::new();
    for layer in run.layers() {
        if !kinds.contains(&layer.kind) {
            kinds.push(layer.kind);
        }
    }
    let curve = |kind: &LayerKind| {
        let of = series::aggregates(run, |layer| layer.kind == *kind);
        (kind.name().to_owned(), of)
    };
    let curves: Vec<_> = kinds.iter().map(curve).collect();
    let drawings: Vec<Drawing> = run.layers().iter().filter_map(series::extremes).collect();
    let contents = html! {
        (grid(series::means(&curves)))
        @if !drawings.is_empty() {
            @let title = format!("Largest and smallest singular values of {} matrices", drawings.len());
            (folded(&title, drawings.len() <= OPEN, &grid(drawings)))
        }
    };
    let about = "Each curve is a mean over the matrices of one kind. If there are many steps, those with the highest and lowest \
                 values among their neighbours are drawn.";
    section("course", "Curves over the steps", about, &contents)
}

/// Pictures that need the spectra.
fn pictures(run: &Run) -> Markup {
    let layers: &[Layer] = run.layers();
    let drawn: Vec<&LayerReport> = layers.iter().filter_map(|l| l.drawn.as_ref()).collect();
    let all = |picture: fn(&LayerReport) -> Option<Drawing>| -> Vec<Drawing> {
        drawn.iter().filter_map(|row| picture(row)).collect()
    };
    let spectra = [
        ("Singular values against both nulls", spectrum as fn(&LayerReport) -> _),
        ("Where along the spectrum the singular vectors are not random", vectors),
        ("Overlap of the singular vectors with the layers' inputs", overlap_of),
    ];
    let part = |number: usize, title: &str, picture| {
        let drawings = all(picture);
        // Spectra are what the page is for.
        let open = number == 0 || drawings.len() <= OPEN;
        html! { @if !drawings.is_empty() { (folded(title, open, &grid(drawings))) } }
    };
    let contents = html! {
        @for (number, (title, picture)) in spectra.into_iter().enumerate() {
            (part(number, title, picture))
        }
    };
    let about = "Each picture shows the last snapshot with a full spectrum. The curve is the law of independent entries of one \
                 variance. The green band is the range of a few copies of the matrix with random signs and without its structure. \
                 Filled triangles mark as many of the largest and smallest singular values as the tables count as structure. \
                 Open triangles lie beyond the edges of the curve and are no structure.";
    section("spectra", "Spectra and vectors", about, &contents)
}

pub(crate) fn all_tables(run: &Run, suffix: &str) -> Markup {
    let by_kind = tables::kinds(&format!("kinds{suffix}"), run);
    let notes = notes::table_of(&format!("notes{suffix}"), run);
    let contents = html! {
        (folded("All matrices", true, &tables::layers(&format!("layers{suffix}"), run)))
        (folded("Means by kind", true, &by_kind))
        @if !notes.0.is_empty() { (folded("Notes", true, &notes)) }
    };
    let about = "All figures are those of the latest reports. Click a head to sort by its column. Hover over a head for its meaning.";
    section(&format!("tables{suffix}"), "Tables", about, &contents)
}
