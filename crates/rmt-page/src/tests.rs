//! A run that is kept in little memory shows the figures of its reports.

use crate::run::STEPS;
use crate::{Alert, Finding, Level, Look, Run, Warning, page};
use rmt_core::layers::LayerId;
use rmt_core::{
    Analyser, AnalysisOptions, Context, LayerReport, Matrix, Nulls, Orientation, Verdict,
};
use std::collections::BTreeMap;

/// Of a 20×30 matrix, with a spectrum.
fn sample() -> LayerReport {
    let values: Vec<f64> = (0..20 * 30).map(|k| f64::from(k * 7919 % 1009) - 504.0).collect();
    let matrix = Matrix::new(values.as_slice(), 20, 30, Orientation::OutIn).unwrap();
    let analyser = Analyser::new(AnalysisOptions::default(), Nulls::default()).unwrap();
    let analysis = analyser.analyse(&matrix, Context::default()).unwrap();
    LayerReport::new(0, 0, LayerId::from_name("a"), "f64".into(), analysis.report)
        .with_profile(analysis.profile)
}

/// The same at another step with figures of its own; it deviates from the step `from` on.
fn at(sample: &LayerReport, name: &str, step: u64, from: u64) -> LayerReport {
    let mut report = sample.without_profile();
    report.layer = LayerId::from_name(name);
    report.step = step;
    let x = (step * 7919 % 1009) as f64;
    (report.report.largest, report.report.smallest) = (Some(x + 0.1), Some(x / 3.0));
    report.report.tests[0].p = 1.0 / (x + 2.0);
    let deviates = step >= from;
    report.report.verdict = if deviates { Verdict::Deviates } else { Verdict::Random };
    report
}

/// Rows of three layers: one at every snapshot, one that comes later and misses some, and one at steps of
/// its own.
fn rows(steps: u64) -> Vec<LayerReport> {
    let sample = sample();
    let mut rows = Vec::new();
    for step in (0..20 * steps).step_by(10) {
        if step % 20 == 0 {
            rows.push(at(&sample, "a", step, 7_780));
            if step > 300 && step % 140 != 0 {
                rows.push(at(&sample, "b", step, 340));
            }
        } else {
            rows.push(at(&sample, "c", step, u64::MAX));
        }
    }
    rows
}

fn run(rows: &[LayerReport], mut run: Run) -> Run {
    rows.iter().for_each(|row| _ = run.add(row));
    run
}

#[test]
fn a_bounded_run_keeps_ends_and_first_deviations_and_every_figure_is_exact() {
    for steps in [3, 900, 1_001, 5_000] {
        let rows = rows(steps);
        let (all, kept) = (run(&rows, Run::new("x")), run(&rows, Run::bounded("x")));
        assert_eq!(all.snapshots(), kept.snapshots());
        for (all, kept) in all.layers().iter().zip(kept.layers()) {
            let number = kept.looks().len();
            assert!(number <= STEPS + 2 && number >= all.looks().len().min(STEPS / 3), "{number}");
            assert_eq!(all.looks().first().map(|l| l.step), kept.looks().first().map(|l| l.step));
            assert_eq!(all.looks().last().map(|l| l.step), kept.looks().last().map(|l| l.step));
            assert_eq!(all.first_deviation(), kept.first_deviation());
            assert_eq!(all.reports(), kept.reports());
            assert!(all.first_deviation().is_none_or(|first| kept.at(first).is_some()));
            assert!(kept.looks().is_sorted_by_key(|look| look.step));
            for look in kept.looks() {
                let row = rows.iter().find(|row| {
                    (row.step, row.layer.name.as_str()) == (look.step, kept.path.as_str())
                });
                // The number of the snapshot is the run's own.
                let expected = Look::of(row.unwrap(), look.tick);
                assert_eq!(format!("{look:?}"), format!("{expected:?}"));
            }
            assert_eq!(all.latest, kept.latest);
        }
    }
}

#[test]
fn layers_of_one_snapshot_keep_the_same_steps() {
    let sample = sample();
    let mut run = Run::bounded("x");
    for step in 0..5_000 {
        for name in ["a", "b"] {
            run.add(&at(&sample, name, step, 10));
        }
    }
    let steps = |layer: usize| -> Vec<u64> {
        run.layers()[layer].looks().iter().map(|look| look.step).collect()
    };
    assert_eq!(steps(0), steps(1));
    assert!(steps(0).starts_with(&[0, 8, 10, 16]), "{:?}", &steps(0)[..5]);
    assert!(page(&[run], None).contains("Of every 8 neighbouring snapshots the first is drawn"));
}

/// Whatever the order of the rows: tick by tick, or a file of each layer.
#[test]
fn it_is_the_same_however_the_rows_come() {
    let mut rows = rows(3_000);
    let whole = run(&rows, Run::bounded("x"));
    rows.sort_by_key(|row| row.layer.name.clone());
    let by_layer = run(&rows, Run::bounded("x"));
    let kept = |run: &Run| -> BTreeMap<String, Vec<u64>> {
        let of = |layer: &crate::Layer| layer.looks().iter().map(|look| look.step).collect();
        run.layers().iter().map(|layer| (layer.path.clone(), of(layer))).collect()
    };
    let (whole, by_layer) = (kept(&whole), kept(&by_layer));
    assert_eq!(whole["a"], by_layer["a"]);
    // Of steps that come late the number of the snapshot is not known exactly.
    for (name, steps) in &whole {
        assert!(steps.len().abs_diff(by_layer[name].len()) * 20 < steps.len(), "{name}");
    }
}

#[test]
fn a_page_in_the_middle_is_that_of_the_rows_so_far() {
    let rows = rows(40);
    let mut growing = Run::bounded("x");
    for (count, row) in (1..).zip(&rows) {
        growing.add(row);
        if count % 13 == 0 || count < 4 {
            let at_once = run(&rows[..count], Run::new("x"));
            assert!(page(&[growing.clone()], None) == page(&[at_once], None), "{count}");
        }
    }
}

#[test]
fn a_step_that_is_made_again_is_the_later_one() {
    let sample = sample();
    let mut run = Run::bounded("x");
    (0..100).for_each(|step| _ = run.add(&at(&sample, "a", step, 60)));
    run.add(&at(&sample, "a", 60, u64::MAX));
    assert_eq!((run.layers()[0].first_deviation(), run.snapshots()), (Some(61), 100));
    run.retake("a", 50);
    let again = at(&sample, "a", 50, u64::MAX).with_profile(sample.profile.clone().unwrap());
    run.add(&again);
    let layer = &run.layers()[0];
    assert_eq!((layer.first_deviation(), layer.looks().len(), run.snapshots()), (None, 51, 51));
    assert_eq!((layer.latest.step, layer.drawn.as_ref().unwrap().step), (50, 50));
    run.retake("unknown", 3);
    run.add(&at(&sample, "a", 51, 51));
    assert_eq!(run.first_deviation(), Some(51));
}

#[test]
fn many_alerts_are_counted_and_the_latest_are_shown() {
    let mut run = run(&rows(2), Run::bounded("x"));
    for step in 0..2_000 {
        let (layer, what) = ("a".to_owned(), "rank collapse".to_owned());
        let message = format!("`a`: fell at {step}<");
        run.alert(Alert { step, layer, what, level: Level::Warning, message });
        run.warn(Warning { step, message: format!("<i>warned at {step}") });
    }
    let page = page(&[run], None);
    assert!(page.contains("<b>2000</b><span>warnings<"));
    assert!(page.contains("<b>2000</b><span>warnings of the monitor<"));
    assert!(page.contains("The latest 200 of 2000; alerts.jsonl has all."));
    assert!(page.contains("fell at 1999&lt;") && page.contains("&lt;i&gt;warned at 1999"));
    assert!(!page.contains("fell at 1799&lt;") && !page.contains("<i>warned"));
}

#[test]
fn a_single_snapshot_has_a_map_of_its_structure_and_no_step() {
    const MAP: &str = "Share that is structure";
    let sample = sample();
    let one = page(&[run(&[at(&sample, "a", 0, 10)], Run::new("x"))], None);
    assert!(one.contains(MAP) && !one.contains("<span>step"), "{one}");
    let two =
        page(&[run(&[at(&sample, "a", 0, 10), at(&sample, "a", 10, 10)], Run::new("x"))], None);
    assert!(!two.contains(MAP) && two.contains("<b>0 – 10</b>"));
    // Of matrices that were not compared with copies there is none.
    let mut bare = at(&sample, "a", 0, 10);
    bare.report.structure = None;
    assert!(!page(&[run(&[bare], Run::new("x"))], None).contains(MAP));
}

#[test]
fn findings_are_counted_as_they_are_listed_and_names_in_them_are_code() {
    let mut run = run(&[at(&sample(), "a", 0, 10)], Run::new("x"));
    for layer in ["a", "b"] {
        let (what, message) = ("rank_collapse".into(), String::new());
        run.alert(Alert { step: 0, layer: layer.into(), what, level: Level::Warning, message });
    }
    let text = page(std::slice::from_ref(&run), None);
    assert!(text.contains("<b>2</b><span>warnings</span>"));
    let lines = vec![("seen", "`a`: its stable rank is 1.2 <b>".into())];
    let title = "the rank collapses".into();
    let name = "rank_collapse".into();
    run.found(vec![Finding { name, level: Level::Warning, title, step: 0, lines }], "nothing");
    let text = page(&[run], None);
    assert!(text.contains("<b>1</b><span>warning</span>"));
    assert!(text.contains("<dd><code>a</code>: its stable rank is 1.2 &lt;b&gt;</dd>"), "{text}");
}
