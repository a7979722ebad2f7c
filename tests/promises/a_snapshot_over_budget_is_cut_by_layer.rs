//! A snapshot larger than the byte budget is cut by layer: what fits is taken, the rest comes
//! first at the next due step, and the reports say so. A matrix that alone is larger is named.

use crate::support::{Capture, Gate, test};
use libtest_mimic::Trial;
use rmt_core::Orientation;
use rmt_core::layers::LayerId;
use rmt_monitor::{Admission, Bare, LayerSnapshot, MonitorConfig, WeightValues};

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test(module_path!(), "the_rest_comes_at_the_next_due_step", cut),
        test(module_path!(), "a_matrix_over_the_budget_is_named", too_large),
    ]
}

fn layer(name: &str) -> LayerSnapshot {
    let values = (0..400).map(|i| ((i * 7919 + 13) % 1009) as f32 / 1009.0 - 0.5).collect();
    let weights = Box::new(WeightValues::F32(values));
    LayerSnapshot::new(LayerId::from_name(name), [20, 20], Orientation::OutIn, weights)
}

fn snapshot() -> Vec<LayerSnapshot> {
    ["a", "b", "c"].into_iter().map(layer).collect()
}

fn cut() {
    let base = tempfile::tempdir().unwrap();
    let (capture, reports) = Capture::new();
    let (gate, arrivals, open) = Gate::new();
    // Room for two of the three matrices.
    let engine = MonitorConfig::<Bare>::new(base.path().join("x"))
        .with_budget_bytes(3500)
        .with_sink(capture)
        .with_sink(gate)
        .init()
        .unwrap();
    for step in 0..4 {
        engine.submit(step, Admission::Normal, snapshot());
        // The queue is empty again before the next step is due.
        arrivals.recv().unwrap();
        open.send(()).unwrap();
    }
    let summary = engine.finish();
    let taken: Vec<(u64, String, bool)> = reports
        .try_iter()
        .map(|r| {
            let says_so =
                r.report.notes.iter().any(|n| n.to_string().contains("2 of 3 matrices taken"));
            (r.step, r.layer.name, says_so)
        })
        .collect();
    let expected = [
        // The first snapshot of a run is never cut.
        (0, "a", false),
        (0, "b", false),
        (0, "c", false),
        (1, "a", true),
        (1, "b", true),
        (2, "c", true),
        (2, "a", true),
        (3, "b", true),
        (3, "c", true),
    ];
    let expected: Vec<_> = expected.map(|(s, n, cut)| (s, n.to_owned(), cut)).into();
    assert_eq!(taken, expected);
    assert_eq!((summary.counts.submitted, summary.counts.analysed), (12, 9));
    assert_eq!(summary.counts.dropped.over_budget, 3);
    assert!(summary.warnings.iter().any(|w| w.message.contains("2 of 3 matrices taken")));
}

fn too_large() {
    let base = tempfile::tempdir().unwrap();
    let engine =
        MonitorConfig::<Bare>::new(base.path().join("x")).with_budget_bytes(2000).init().unwrap();
    let mut layers = snapshot();
    layers[1].bytes = 2001;
    engine.submit(0, Admission::Normal, layers);
    let summary = engine.finish();
    assert_eq!((summary.counts.analysed, summary.counts.dropped.too_large), (2, 1));
    let named = |w: &burn_rmt::Warning| w.message.contains("`b`") && w.message.contains("budget");
    assert!(summary.warnings.iter().any(named), "{:?}", summary.warnings);
}
