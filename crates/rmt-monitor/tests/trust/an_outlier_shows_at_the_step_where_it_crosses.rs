//! Between full analyses both ends of a spectrum are followed: a value that leaves the bulk is in the log
//! at the step where it does, not at the next full one.

use crate::support::{Random, event_files, events, test};
use libtest_mimic::Trial;
use rmt_core::layers::LayerId;
use rmt_core::{LayerReport, Orientation};
use rmt_monitor::TensorBoardConfig;
use rmt_monitor::{Admission, Bare, LayerSnapshot, MonitorConfig, WeightValues};
use std::path::Path;

const SHAPE: [usize; 2] = [400, 500];
const STEPS: u64 = 12;
const FULL_EVERY: u64 = 5;

pub(crate) fn tests() -> Vec<Trial> {
    vec![test("an_outlier_shows_at_the_step_where_it_crosses", crosses)]
}

/// Uniform noise of unit variance, and a signal that grows by a tenth from step to step.
fn weights(step: u64) -> Vec<f32> {
    let [rows, cols] = SHAPE;
    let mut random = Random(1);
    let noise: Vec<f32> = (0..rows * cols).map(|_| random.signed() * 3_f32.sqrt()).collect();
    let signs = |random: &mut Random, n: usize| -> Vec<f32> {
        (0..n).map(|_| if random.next().is_multiple_of(2) { 1.0 } else { -1.0 }).collect()
    };
    let (u, v) = (signs(&mut random, rows), signs(&mut random, cols));
    // θ·σ√n·uvᵀ/(|u||v|); θ = (400/500)^¼ = .946 can be detected.
    let theta = 0.6 * 1.1_f32.powi(step as i32);
    let size = theta / (rows as f32).sqrt();
    noise.iter().enumerate().map(|(k, x)| x + size * u[k / cols] * v[k % cols]).collect()
}

fn run(directory: &Path, full_every: u64) -> Vec<LayerReport> {
    let engine = MonitorConfig::<Bare>::new(directory)
        .with_every(1)
        .with_full_every(full_every)
        .with_tensorboard(TensorBoardConfig::new().with_pictures(false))
        .init()
        .unwrap();
    for step in 0..STEPS {
        let weights = weights(step);
        let snapshot = LayerSnapshot::new(
            LayerId::from_name("blocks.0.up.weight"),
            SHAPE,
            Orientation::OutIn,
            Box::new(WeightValues::F32(weights)),
        );
        // As `observe_last` does.
        let last = step + 1 == STEPS;
        let admission = if last { Admission::Wait } else { Admission::Normal };
        assert!(engine.submit(step, admission, vec![snapshot]));
    }
    let summary = engine.finish();
    assert!(summary.complete && summary.counts.analysed == STEPS, "{summary:?}");
    rmt_monitor::read_reports(directory).unwrap().reports
}

fn crosses() {
    let base = tempfile::tempdir().unwrap();
    let (sparse, dense) = (base.path().join("sparse"), base.path().join("dense"));
    let (tracked, full) = (run(&sparse, FULL_EVERY), run(&dense, 1));
    assert_eq!((tracked.len(), full.len()), (STEPS as usize, STEPS as usize));
    for (row, exact) in tracked.iter().zip(&full) {
        let (step, report) = (row.step, &row.report);
        assert_eq!(report.significant_above, exact.report.significant_above, "step {step}");
        let ratio = report.largest.unwrap() / exact.report.largest.unwrap();
        assert!((ratio - 1.0).abs() < 1e-3, "step {step}: {ratio}");
        let is_full = step % FULL_EVERY == 0 || step + 1 == STEPS;
        assert_eq!(report.tracked.is_none(), is_full, "step {step}");
        assert_eq!((report.left.is_some(), report.drift.is_some()), (is_full, is_full && step > 0));
        if let Some(tracked) = &report.tracked {
            assert_eq!(tracked.since, Some(step / FULL_EVERY * FULL_EVERY));
            assert!(tracked.fields.contains(&"significant_above".to_owned()));
        }
    }
    let crossing = full.iter().find(|row| row.report.significant_above > Some(0)).unwrap().step;
    assert!(!crossing.is_multiple_of(FULL_EVERY), "the test says nothing at step {crossing}");
    // TensorBoard has the curves of every step, and which were not full.
    let found: Vec<_> = event_files(&sparse)
        .iter()
        .flat_map(|path| events(&std::fs::read(path).unwrap()))
        .collect();
    let curve = |part: &str| -> Vec<(u64, f32)> {
        let values = found.iter().flat_map(|event| {
            let step = event.get_step() as u64;
            event.get_summary().value.iter().map(move |value| (step, value))
        });
        let mine = values.filter(|(_, value)| value.get_tag().contains(part));
        mine.map(|(step, value)| (step, value.get_simple_value())).collect()
    };
    let above = curve("rmt_1_above/significant");
    assert_eq!(above.len(), STEPS as usize);
    let crossed = above.iter().find(|(_, count)| *count > 0.0).unwrap();
    assert_eq!(crossed.0, crossing);
    let followed: Vec<f32> = curve("layers_tracked").into_iter().map(|(_, x)| x).collect();
    let expected = |row: &LayerReport| f32::from(u8::from(row.report.tracked.is_some()));
    assert_eq!(followed, tracked.iter().map(expected).collect::<Vec<_>>());
}
