//! Tables of the page.

use super::html::{Cell, table};
use super::load::Run;
use crate::cells;
use rmt_core::report::{FAMILY, Verdict};
use rmt_core::{Aggregate, LayerReport, MatrixReport};

/// A column of figures: head, what it is, how it is shown, and its value.
struct Column {
    head: &'static str,
    what: &'static str,
    value: fn(&MatrixReport) -> Option<f64>,
}

fn count(count: Option<usize>) -> Option<f64> {
    count.map(|count| count as f64)
}

fn test(report: &MatrixReport, name: &str) -> Option<f64> {
    report.tests.iter().find(|test| test.name == name).map(|test| test.p)
}

const COLUMNS: [Column; 15] = [
    Column { head: "σ", what: "scale of the bulk", value: |r| r.scale },
    Column { head: "largest", what: "largest singular value", value: |r| r.largest },
    Column {
        head: "edge",
        what: "upper edge of the bulk of a random matrix",
        value: |r| r.edge_high,
    },
    Column {
        head: "above",
        what: "singular values significantly above the bulk",
        value: |r| count(r.significant_above),
    },
    Column {
        head: "below",
        what: "singular values significantly below the bulk",
        value: |r| count(r.significant_below),
    },
    Column {
        head: "left",
        what: "fraction of the singular vectors on the output side that are not random",
        value: cells::left,
    },
    Column {
        head: "right",
        what: "fraction of the singular vectors on the input side that are not random",
        value: cells::right,
    },
    Column { head: "alpha", what: "power-law exponent", value: cells::alpha },
    Column { head: "stable rank", what: "stable rank", value: cells::stable_rank },
    Column {
        head: "⟨r⟩",
        what: "mean ratio of consecutive spacings, .5307 for random matrices",
        value: |r| r.spacing_ratio,
    },
    Column { head: FAMILY[0], what: "p of the largest value", value: |r| test(r, FAMILY[0]) },
    Column { head: FAMILY[1], what: "p of the smallest value", value: |r| test(r, FAMILY[1]) },
    Column { head: FAMILY[2], what: "p of the bulk", value: |r| test(r, FAMILY[2]) },
    Column { head: "p left", what: "p of the output vectors", value: |r| test(r, FAMILY[3]) },
    Column { head: "p right", what: "p of the input vectors", value: |r| test(r, FAMILY[4]) },
];

fn figure(value: Option<f64>) -> Cell {
    Cell::Figure(cells::number(value), value)
}

fn whole(count: Option<u64>) -> Cell {
    let value = count.map(|count| count as f64);
    Cell::Figure(count.map_or(cells::NONE.into(), |count| count.to_string()), value)
}

fn heads(heads: &[(&str, &str)]) -> Vec<(String, String)> {
    heads.iter().map(|(head, what)| ((*head).to_owned(), (*what).to_owned())).collect()
}

/// First step at which a layer deviates.
fn first_deviation(run: &Run, layer: &str) -> Option<u64> {
    run.of(layer).find(|row| row.report.verdict == Verdict::Deviates).map(|row| row.step)
}

/// A row a layer, as it was last.
pub(super) fn layers(id: &str, run: &Run) -> String {
    let mut columns = heads(&[
        ("name", "name of the matrix"),
        ("kind", "what it does in the model"),
        ("shape", "rows × columns"),
        ("step", "step of the last report"),
        ("verdict", "of the family of tests"),
        ("since", "first step at which it deviated"),
    ]);
    columns.extend(COLUMNS.iter().map(|column| (column.head.to_owned(), column.what.to_owned())));
    let row = |row: &&LayerReport| {
        let path = row.layer.path();
        let [rows, cols] = row.report.shape;
        let size = Some(rows as f64 * cols as f64);
        let since = first_deviation(run, &path);
        let mut line = vec![
            Cell::Text(path),
            Cell::Text(cells::kind(row)),
            Cell::Figure(cells::shape(row.report.shape), size),
            whole(Some(row.step)),
            Cell::Text(cells::verdict(row.report.verdict)),
            whole(since),
        ];
        line.extend(COLUMNS.iter().map(|column| figure((column.value)(&row.report))));
        line
    };
    table(id, &columns, &run.latest().iter().map(row).collect::<Vec<_>>())
}

/// A row a kind, of the last reports.
pub(super) fn kinds(id: &str, run: &Run) -> String {
    let columns = heads(&[
        ("kind", "what the matrices do in the model"),
        ("matrices", "how many"),
        ("deviate", "how many of them deviate"),
        ("above", "singular values significantly above the bulk, over the smaller side"),
        ("below", "singular values significantly below the bulk, over the smaller side"),
        ("left", "fraction of the singular vectors on the output side that are not random"),
        ("right", "fraction of the singular vectors on the input side that are not random"),
        ("alpha", "power-law exponent"),
        ("stable rank", "stable rank"),
    ]);
    let latest = run.latest();
    let row = |(kind, a): (rmt_core::layers::LayerKind, Aggregate)| {
        let mut row = vec![
            Cell::Text(kind.name().to_owned()),
            whole(Some(a.matrices as u64)),
            whole(Some(a.deviating as u64)),
        ];
        let means = [a.significant_above, a.significant_below, a.left_rejected, a.right_rejected];
        row.extend(means.into_iter().chain([a.alpha, a.stable_rank]).map(figure));
        row
    };
    let groups = Aggregate::by_kind(latest);
    table(id, &columns, &groups.into_iter().map(row).collect::<Vec<_>>())
}

/// A row a run, at each one's own last step.
pub(super) fn runs(id: &str, runs: &[Run]) -> String {
    let columns = heads(&[
        ("run", "name of the run"),
        ("steps", "number of steps with reports"),
        ("last step", "last step with reports"),
        ("matrices", "how many"),
        ("deviate", "how many of them deviate"),
        ("above", "singular values significantly above the bulk, over the smaller side"),
        ("left", "fraction of the singular vectors on the output side that are not random"),
        ("right", "fraction of the singular vectors on the input side that are not random"),
        ("alpha", "power-law exponent"),
        ("stable rank", "stable rank"),
    ]);
    let row = |run: &Run| {
        let a = Aggregate::of(run.latest().into_iter().map(|row| &row.report));
        let mut row = vec![
            Cell::Text(run.name.clone()),
            whole(Some(run.steps.len() as u64)),
            whole(run.steps.last().copied()),
            whole(Some(a.matrices as u64)),
            whole(Some(a.deviating as u64)),
        ];
        let means = [a.significant_above, a.left_rejected, a.right_rejected];
        row.extend(means.into_iter().chain([a.alpha, a.stable_rank]).map(figure));
        row
    };
    table(id, &columns, &runs.iter().map(row).collect::<Vec<_>>())
}

/// A row a layer: verdict and the largest value over the edge in each run at one step.
pub(super) fn beside(id: &str, runs: &[Run], layers: &[&str], step: u64) -> String {
    let mut columns = heads(&[("name", "name of the matrix")]);
    for run in runs {
        columns.push((format!("{}: verdict", run.name), "of the family of tests".into()));
        let what = "largest singular value over the upper edge of the bulk";
        columns.push((format!("{}: ν₁/edge", run.name), what.into()));
    }
    let row = |layer: &&str| {
        let mut row = vec![Cell::Text((*layer).to_owned())];
        for run in runs {
            let report = run.at(step, layer).map(|row| &row.report);
            let verdict = report.map_or(cells::NONE.into(), |r| cells::verdict(r.verdict));
            row.push(Cell::Text(verdict));
            row.push(figure(report.and_then(|r| Some(r.largest? / r.edge_high?))));
        }
        row
    };
    table(id, &columns, &layers.iter().map(row).collect::<Vec<_>>())
}
