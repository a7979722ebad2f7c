use super::*;
use crate::shown::strongest_neg_log_p;
use crate::{Analyser, AnalysisOptions, Context, Matrix, Nulls, Orientation};
use serde_json::Value;
use std::collections::HashSet;
use std::fmt::Write;

fn all() -> impl Iterator<Item = &'static Figure> {
    FIGURES.iter().copied().flatten()
}

#[test]
fn keys_and_curves_are_unique() {
    let keys: Vec<&str> = all().map(|figure| figure.key).filter(|key| !key.is_empty()).collect();
    assert_eq!(keys.iter().collect::<HashSet<_>>().len(), keys.len());
    let tags: HashSet<_> = curves().map(|(curve, _)| (curve.group, curve.name)).collect();
    assert_eq!(tags.len(), curves().count());
    assert!(all().all(|figure| !figure.title.is_empty()));
}

/// Of a matrix with outliers at both ends, and with itself before.
fn sample() -> MatrixReport {
    let (rows, cols) = (120, 300);
    let mut a: Vec<f64> =
        (0..rows * cols).map(|i| ((i as f64 + 1.0).powi(2) * 0.754_877).fract() - 0.5).collect();
    a[..cols].iter_mut().for_each(|x| *x *= 0.05);
    a[cols..2 * cols].iter_mut().for_each(|x| *x *= 6.0);
    let analyser = Analyser::new(AnalysisOptions::default(), Nulls::default()).unwrap();
    let matrix = Matrix::new(&a[..], rows, cols, Orientation::OutIn).unwrap();
    let first = analyser.analyse(&matrix, Context::default().with_keep(true)).unwrap();
    let context = Context::default().with_reference(first.reference.as_ref());
    analyser.analyse(&matrix, context).unwrap().report
}

#[test]
fn the_strongest_p_is_corrected_for_the_number_of_tests() {
    let mut report = sample();
    report.tests.truncate(1);
    report.tests[0].p = 1e-3;
    assert!((strongest_neg_log_p(&report).unwrap() - 3.0).abs() < 1e-12);
    report.tests.push(report.tests[0].clone());
    report.tests[1].p = 0.6;
    assert!((strongest_neg_log_p(&report).unwrap() - (3.0 - 2.0_f64.log10())).abs() < 1e-12);
    report.tests.clear();
    assert_eq!(strongest_neg_log_p(&report), None);
}

/// Each value is what stands under its key in the row.
#[test]
fn values_are_those_of_the_row() {
    let report = sample();
    let row = serde_json::to_value(&report).unwrap();
    let mut found = 0;
    for figure in all().filter(|figure| !figure.key.is_empty() && figure.unit != Unit::Word) {
        let value = figure.key.split('.').try_fold(&row, |value, key| match value {
            Value::Array(list) => list.get(key.parse::<usize>().ok()?),
            other => other.get(key),
        });
        assert_eq!(figure.value(&report), value.and_then(Value::as_f64), "{}", figure.key);
        found += usize::from(figure.value(&report).is_some());
    }
    assert!(found > 70, "{found}");
    let shown = |key| Figure::named(key).unwrap().shown(&report);
    assert_eq!(shown("drift.angle_top"), "0");
    assert!(shown("left.ks_rejected").ends_with(" %"));
    assert_eq!(shown("activation.overlap_above"), NONE);
    let above = curves().find(|(curve, _)| curve.name == "minus_log10_p").unwrap().1;
    assert_eq!(above.drawn(&report), report.p_above.map(neg_log_p));
}

/// The reference in the documentation; `RMT_WRITE=1` writes it.
#[test]
fn the_reference_is_this_table() {
    let mut text = String::from(
        "# Every figure of a matrix\n\n\
         Made from the table in `crates/rmt-core/src/figures`. The key is the figure's path in a row of \
         `metrics.jsonl` and, except for inputs and updates, its column in CSV. TensorBoard gets the curves in bold by \
         default, and the others with `Detail::All`. The curve of a p-value is −log₁₀ p.\n\n\
         | key | curve | unit | meaning |\n|---|---|---|---|\n",
    );
    let code = |text: &str| if text.is_empty() { "–".into() } else { format!("`{text}`") };
    for figure in all() {
        let curve = figure.curve.map_or("–".into(), |curve| {
            let tag = format!("`{}/{}`", curve.group, curve.name);
            if curve.lean { format!("**{tag}**") } else { tag }
        });
        let (unit, title) = (figure.unit.name(), figure.title.replace('|', "\\|"));
        writeln!(text, "| {} | {curve} | {unit} | {title} |", code(figure.key)).unwrap();
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/figures.md");
    if std::env::var_os("RMT_WRITE").is_some() {
        std::fs::write(path, &text).unwrap();
    }
    assert!(std::fs::read_to_string(path).unwrap() == text, "write it anew with RMT_WRITE=1");
}
