//! Reports of layers that training leaves alone, for a while or always.

use super::Engine;
use crate::config::{Bare, MonitorConfig};
use crate::reader::read_reports;
use crate::snapshot::{Admission, LayerSnapshot, WeightValues};
use rmt_core::layers::LayerId;
use rmt_core::{LayerReport, Orientation};

const SHAPE: [usize; 2] = [20, 30];

/// A matrix whose entries are from a fixed recurrence, times `scale`.
fn layer(scale: f32, frozen: Option<bool>) -> LayerSnapshot {
    let mut state = 1_u64;
    let mut entry = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695);
        scale * ((state >> 40) as f32 / (1 << 24) as f32 - 0.5)
    };
    let mut layer = LayerSnapshot::new(
        LayerId::from_name("a.weight"),
        SHAPE,
        Orientation::OutIn,
        Box::new(WeightValues::F32((0..600).map(|_| entry()).collect())),
    );
    layer.frozen = frozen;
    layer
}

/// The reports of snapshots at steps 0, 1, …: of weights of these scales, and whether they are frozen.
fn reports(snapshots: &[(f32, Option<bool>)]) -> Vec<LayerReport> {
    let base = tempfile::tempdir().unwrap();
    let config = MonitorConfig::<Bare>::new(base.path().join("x")).with_every(1);
    let engine: Engine = config.with_tensorboard(false).with_page(false).init().unwrap();
    for (step, (scale, frozen)) in (0..).zip(snapshots) {
        assert!(engine.submit(step, Admission::Normal, vec![layer(*scale, *frozen)]));
    }
    let summary = engine.finish();
    assert_eq!(summary.counts.analysed, snapshots.len() as u64);
    assert!(summary.warnings.is_empty(), "{:?}", summary.warnings);
    read_reports(base.path().join("x")).unwrap().reports
}

fn noted(report: &LayerReport, note: &str) -> bool {
    report.report.notes.contains(&note.into())
}

#[test]
fn a_frozen_layer_is_reported_again_as_it_was() {
    let found = reports(&[(1.0, Some(true)), (1.0, Some(true)), (1.0, None)]);
    for report in &found[1..] {
        assert_eq!(report.report, found[0].report);
        assert!(noted(report, "frozen"));
    }
    assert_eq!(found.iter().map(|report| report.step).collect::<Vec<_>>(), [0, 1, 2]);
}

#[test]
fn a_layer_that_was_unfrozen_is_analysed_as_it_is() {
    // Trained at step 1; a model made for evaluation at step 2 does not say what is frozen.
    let found = reports(&[(1.0, Some(true)), (2.0, Some(false)), (4.0, None), (4.0, None)]);
    let largest =
        |step: usize| found[step].report.largest.unwrap() / found[0].report.largest.unwrap();
    for (step, expected) in [(1, 2.0), (2, 4.0), (3, 4.0)] {
        assert!((largest(step) - expected).abs() < 1e-6, "step {step}: {}", largest(step));
        assert!(!noted(&found[step], "frozen"));
    }
    // From the first snapshot that was trained.
    let drift = found[2].report.drift.as_ref().and_then(|drift| drift.relative_norm);
    assert!((drift.unwrap() - 1.0).abs() < 1e-6);
    // Updates that no snapshot saw.
    let unseen = reports(&[(1.0, Some(true)), (3.0, None)]);
    assert!(
        (unseen[1].report.largest.unwrap() / unseen[0].report.largest.unwrap() - 3.0).abs() < 1e-6
    );
}

#[test]
fn a_copy_of_another_layer_is_analysed_where_it_changes() {
    let frozen = Some(true);
    let found =
        reports(&[(1.0, frozen), (1.0, frozen), (2.0, frozen), (2.0, frozen), (3.0, frozen)]);
    assert_eq!(found[1].report, found[0].report);
    for (step, expected) in [(2, 2.0), (3, 2.0), (4, 3.0)] {
        let ratio = found[step].report.largest.unwrap() / found[0].report.largest.unwrap();
        assert!((ratio - expected).abs() < 1e-6, "step {step}: {ratio}");
        assert!(noted(&found[step], "it takes no gradients, but its values change"));
    }
    let drift = found[4].report.drift.as_ref().and_then(|drift| drift.relative_norm);
    assert!((drift.unwrap() - 0.5).abs() < 1e-6);
}
