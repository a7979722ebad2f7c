//! Tables of the page.

use crate::html::{Cell, Head, heads, table};
use crate::look::Look;
use crate::run::{Layer, Run};
use crate::series::{InTables, followed};
use maud::Markup;
use rmt_core::figures::{Figure, Unit};
use rmt_core::report::{TestName, Verdict};
use rmt_core::shown;
use rmt_core::{Aggregate, MatrixReport, Mean};

/// Figures of a matrix that have a column.
const FIGURES: [&str; 10] = [
    "scale",
    "largest",
    "edge_high",
    "structure.above.count",
    "structure.below.count",
    "left.ks_rejected",
    "right.ks_rejected",
    "heavy_tail.alpha",
    "heavy_tail.stable_rank",
    "spacing_ratio",
];

/// The p-values of the family, by their test: where the analysis was not full, the verdict takes some from
/// an earlier one.
const TESTS: [(&str, &str, TestName); 5] = [
    ("p_above", "p-value of the largest singular value", TestName::Above),
    ("p_below", "p-value of the smallest singular value", TestName::Below),
    ("p_bulk", "p-value of the distance of the bulk", TestName::Bulk),
    ("p left", "p-value of the output vectors", TestName::Left),
    ("p right", "p-value of the input vectors", TestName::Right),
];

fn figures() -> impl Iterator<Item = &'static Figure> {
    FIGURES.into_iter().filter_map(Figure::named)
}

/// The explanation of a column head.
fn what(figure: &Figure) -> String {
    let title = figure.title;
    match figure.unit {
        Unit::Count => format!("{title} (≥ marks a lower bound)"),
        _ => title.to_owned(),
    }
}

fn cell(figure: &Figure, report: &MatrixReport) -> Cell {
    Cell::Figure(figure.shown_by(report, digits), figure.value(report))
}

fn test(report: &MatrixReport, name: &TestName) -> Cell {
    let p = report.test(name).map(|test| test.p);
    Cell::Figure(p.map_or(shown::NONE.into(), shown::p_value), p)
}

fn figure(value: Option<f64>) -> Cell {
    Cell::Figure(value.map_or(shown::NONE.into(), digits), value)
}

/// Three digits; whole numbers whole.
fn digits(x: f64) -> String {
    match x.abs() {
        size if x.fract() == 0.0 && size < 1e6 => format!("{x:.0}"),
        size if (1e-3..1e5).contains(&size) => {
            let decimals = (2.0 - size.log10().floor()).max(0.0) as usize;
            format!("{x:.decimals$}")
        }
        _ => format!("{x:.1e}"),
    }
}

/// Heads of columns of means.
fn mean_heads(means: impl Iterator<Item = InTables>) -> impl Iterator<Item = Head> {
    means.map(|(_, figure)| {
        let what = match figure.unit {
            Unit::Count => format!("{}, over the smaller side", figure.title),
            _ => what(figure),
        };
        (figure.head.to_owned(), what)
    })
}

/// The means of an aggregate.
fn means(
    means: impl Iterator<Item = InTables>,
    aggregate: &Aggregate,
) -> impl Iterator<Item = Cell> {
    means.map(|(mean, _)| {
        let value = mean.value(aggregate);
        let shown = value.map_or(shown::NONE.into(), digits);
        Cell::Figure(shown::at_least(shown, mean.is_lower_bound(aggregate)), value)
    })
}

fn verdict(verdict: Verdict) -> Cell {
    let text = shown::verdict(verdict);
    match verdict {
        Verdict::Structure | Verdict::Deviates => Cell::Marked(text),
        _ => Cell::Text(text),
    }
}

/// One row per layer, as it was last.
pub(crate) fn layers(id: &str, run: &Run) -> Markup {
    let mut columns = heads(&[
        ("name", "name of the matrix"),
        ("kind", "what it does in the model"),
        ("shape", "rows × columns"),
        ("step", "step of the last report"),
        ("verdict", "of the family of tests"),
        ("since", "first step at which it deviated"),
    ]);
    columns.extend(figures().map(|figure| {
        let head = if figure.key == "scale" { "σ" } else { figure.head };
        (head.to_owned(), what(figure))
    }));
    columns.extend(heads(&TESTS.map(|(head, what, _)| (head, what))));
    let row = |layer: &Layer| {
        let row = &layer.latest;
        let [rows, cols] = row.report.shape;
        let size = Some(rows as f64 * cols as f64);
        let mut line = vec![
            Cell::text(&layer.path),
            Cell::text(row.layer.kind.name()),
            Cell::Figure(shown::shape(row.report.shape), size),
            Cell::whole(row.step),
            verdict(row.report.verdict),
            Cell::whole(layer.first_deviation),
        ];
        line.extend(figures().map(|figure| cell(figure, &row.report)));
        line.extend(TESTS.iter().map(|(_, _, name)| test(&row.report, name)));
        line
    };
    table(id, &columns, run.layers().iter().map(row))
}

/// One row per kind, of the last reports.
pub(crate) fn kinds(id: &str, run: &Run) -> Markup {
    let mut columns = heads(&[
        ("kind", "what the matrices do in the model"),
        ("matrices", "how many"),
        ("deviate", "how many of them deviate"),
    ]);
    columns.extend(mean_heads(Mean::in_tables()));
    let row = |(kind, a): (rmt_core::layers::LayerKind, Aggregate)| {
        let mut row = vec![
            Cell::text(kind.name()),
            Cell::whole(a.matrices as u64),
            Cell::whole(a.deviating as u64),
        ];
        row.extend(means(Mean::in_tables(), &a));
        row
    };
    let groups = Aggregate::by_kind(run.latest());
    table(id, &columns, groups.into_iter().map(row))
}

/// One row per run, at its own last step.
pub(crate) fn runs(id: &str, runs: &[Run]) -> Markup {
    let mut columns = heads(&[
        ("run", "name of the run"),
        ("steps", "number of steps with reports"),
        ("last step", "last step with reports"),
        ("matrices", "how many"),
        ("deviate", "how many of them deviate"),
        ("since", "first step at which one deviated"),
        ("warnings", "alerts of the monitor that are more than information"),
    ]);
    columns.extend(mean_heads(followed()));
    let row = |run: &Run| {
        let (warnings, errors) = run.alerts.counts();
        let a = Aggregate::of(run.latest().map(|row| &row.report));
        let mut row = vec![
            Cell::text(run.name()),
            Cell::whole(run.snapshots()),
            Cell::whole(run.steps().last().copied()),
            Cell::whole(a.matrices as u64),
            Cell::whole(a.deviating as u64),
            Cell::whole(run.first_deviation()),
            Cell::whole(warnings + errors),
        ];
        row.extend(means(followed(), &a));
        row
    };
    table(id, &columns, runs.iter().map(row))
}

/// One row per layer: verdict and the largest value over the edge in each run at one step.
pub(crate) fn beside(id: &str, runs: &[Run], layers: &[&str], step: u64) -> Markup {
    let mut columns = heads(&[("name", "name of the matrix")]);
    for run in runs {
        columns.push((format!("{}: verdict", run.name()), "of the family of tests".into()));
        let what = "largest singular value over the upper edge of the bulk";
        columns.push((format!("{}: ν₁/edge", run.name()), what.into()));
    }
    let row = |layer: &&str| {
        let mut row = vec![Cell::text(*layer)];
        for run in runs {
            let look = run.layer(layer).and_then(|layer| layer.at(step));
            let none = || Cell::text(shown::NONE);
            row.push(look.map_or_else(none, |look| verdict(look.verdict)));
            row.push(figure(look.and_then(Look::over_edge)));
        }
        row
    };
    table(id, &columns, layers.iter().map(row))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_three_digits() {
        for (x, text) in [
            (0.0, "0"),
            (40.0, "40"),
            (0.04018, "0.0402"),
            (-2.2749, "-2.27"),
            (39.27, "39.3"),
            (768.4, "768"),
            (1e-3, "0.00100"),
            (9.99e-4, "1.0e-3"),
            (1.3e-212, "1.3e-212"),
            (123_456.7, "1.2e5"),
            (f64::INFINITY, "inf"),
        ] {
            assert_eq!(digits(x), text);
        }
        assert!(matches!(figure(None), Cell::Figure(text, None) if text == shown::NONE));
    }
}
