//! Several processes in one run directory say together what one says alone.

use super::Engine;
use crate::config::{Bare, MonitorConfig};
use crate::error::InitError;
use crate::ledger::DropReason;
use crate::reader::read_reports;
use crate::run_directory::RunInfo;
use crate::schedule::Schedule;
use crate::settings::Settings;
use crate::snapshot::{Admission, GradientSnapshot, LayerSnapshot, WeightValues};
use rmt_core::layers::LayerId;
use rmt_core::shard::Shard;
use rmt_core::{LayerReport, Orientation};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const SHAPES: [[usize; 2]; 7] =
    [[20, 30], [24, 60], [30, 20], [20, 30], [40, 40], [32, 18], [20, 100]];

fn values(seed: usize, [rows, cols]: [usize; 2]) -> Vec<f32> {
    let number = |i: usize| ((i * 7919 + seed * 104_729) % 1009) as f32 - 504.0;
    (0..rows * cols).map(number).collect()
}

/// One matrix, grown by a thousandth of its start at each step.
fn matrix(number: usize, step: u64) -> LayerSnapshot {
    let shape = SHAPES[number % SHAPES.len()];
    let growth = 1.0 + step as f32 / 1000.0;
    let weights = values(number, shape).into_iter().map(|x| x * growth).collect();
    LayerSnapshot::new(
        LayerId::from_name(format!("blocks.{number}.weight")),
        shape,
        Orientation::OutIn,
        Box::new(WeightValues::F32(weights)),
    )
}

fn model(step: u64) -> Vec<LayerSnapshot> {
    (0..SHAPES.len()).map(|number| matrix(number, step)).collect()
}

fn config(run: &Path) -> MonitorConfig<Bare> {
    MonitorConfig::new(run).with_resume(true).with_every(10).with_tensorboard(false)
}

/// A session of `world` processes, or of one that shares with none; the last starts first.
fn session(
    run: &Path,
    world: Option<usize>,
    with: impl Fn(MonitorConfig<Bare>) -> MonitorConfig<Bare>,
) -> Vec<Engine> {
    let start = |rank| match world {
        Some(world) => with(config(run).with_shard(rank, world)).init().unwrap(),
        None => with(config(run)).init().unwrap(),
    };
    let mut engines: Vec<Engine> = (0..world.unwrap_or(1)).rev().map(start).collect();
    engines.reverse();
    engines
}

/// Those of `world` processes over `steps`, and those of one.
fn together_and_alone(
    world: usize,
    with: impl Fn(MonitorConfig<Bare>) -> MonitorConfig<Bare>,
    train: impl Fn(&Engine),
) -> [Vec<LayerReport>; 2] {
    let base = tempfile::tempdir().unwrap();
    let run = |name: &str, world: Option<usize>| {
        let run = base.path().join(name);
        let engines = session(&run, world, &with);
        engines.iter().for_each(&train);
        let submitted: u64 = engines.iter().map(|engine| engine.finish().counts.submitted).sum();
        let counts: Vec<_> = engines.iter().map(Engine::finish).collect();
        assert!(counts.iter().all(|s| s.counts.analysed == s.counts.submitted));
        assert!(counts.iter().all(|s| s.warnings.is_empty() && s.complete), "{counts:?}");
        let found = read_reports(&run).unwrap();
        assert_eq!((found.replaced, found.torn_lines), (0, 0));
        // Nothing twice, and nothing that was not counted.
        assert_eq!((found.runs, found.reports.len() as u64), (world.unwrap_or(1), submitted));
        found.reports
    };
    [run("together", Some(world)), run("alone", None)]
}

#[test]
fn three_processes_say_what_one_does() {
    for world in [1, 3, 7] {
        let [together, alone] = together_and_alone(
            world,
            |config| config,
            |engine| {
                for step in [0, 10, 20] {
                    assert!(engine.submit(step, Admission::Normal, model(step)));
                }
            },
        );
        assert_eq!(alone.len(), 3 * SHAPES.len());
        assert_eq!(together, alone);
    }
}

#[test]
fn layers_that_take_turns_do_so_in_the_order_of_the_model() {
    let staggered = |config: MonitorConfig<Bare>| config.with_schedule(Schedule::Staggered(5));
    let [together, alone] = together_and_alone(3, staggered, |engine| {
        for step in (0..=20).filter(|&step| engine.due(step)) {
            let mut layers = model(step);
            let mut number = 0..;
            layers.retain(|_| number.next().is_some_and(|layer| engine.layer_due(step, layer)));
            engine.submit(step, Admission::Normal, layers);
        }
    });
    // All at step 0, then each once in five steps.
    assert_eq!(alone.len(), 5 * SHAPES.len());
    assert_eq!(together, alone);
}

#[test]
fn each_writes_below_the_run_what_is_its_own() {
    let base = tempfile::tempdir().unwrap();
    let engines = session(base.path(), Some(3), |config| config);
    let mut seen = BTreeSet::new();
    for (rank, engine) in engines.iter().enumerate() {
        let own = base.path().join(format!("rank_{rank}"));
        assert_eq!((engine.run_directory(), engine.session()), (own.as_path(), 0));
        engine.submit(0, Admission::Normal, model(0));
        engine.scalar(0, "loss", Box::new(rank as f64));
        assert_eq!(engine.finish().scalars, 1);
        let info: RunInfo =
            serde_json::from_slice(&fs::read(own.join("run.json")).unwrap()).unwrap();
        assert_eq!(info.settings.run_directory, base.path());
        assert_eq!(info.settings.shard, Some(Shard { rank, world: 3 }));
        assert!(own.join("summary.json").exists() && own.join("scalars.jsonl").exists());
        let names: Vec<String> = info.layers.into_iter().map(|layer| layer.name).collect();
        assert_eq!(names.len() as u64, engine.counts().submitted);
        assert!(names.into_iter().all(|name| seen.insert(name)));
    }
    assert_eq!(seen.len(), SHAPES.len());
    assert!(!base.path().join("run.json").exists());
}

#[test]
fn gradients_are_shared_as_weights_are() {
    let base = tempfile::tempdir().unwrap();
    let gradient = |number: usize| {
        let LayerSnapshot { layer, shape, bytes, weights, .. } = matrix(number, 1);
        GradientSnapshot::new(layer, shape, bytes, weights)
    };
    let rows = |world: Option<usize>| {
        let run = base.path().join(format!("{world:?}"));
        let mut rows = BTreeSet::new();
        let mut counts = [0; 2];
        for engine in session(&run, world, |config| config) {
            engine.submit(0, Admission::Normal, model(0));
            engine.submit_gradients(0, (0..SHAPES.len()).map(gradient).collect());
            let summary = engine.finish();
            // The gradients of a matrix go where the matrix goes.
            assert_eq!(summary.gradients, summary.counts);
            counts[0] += summary.gradients.submitted;
            counts[1] += summary.gradients.analysed;
            let text = fs::read_to_string(engine.run_directory().join("gradients.jsonl")).unwrap();
            rows.extend(text.lines().map(str::to_owned));
        }
        assert_eq!((counts, rows.len()), ([7, 7], 7));
        rows
    };
    assert_eq!(rows(Some(3)), rows(None));
}

#[test]
fn an_empty_share_is_silent_and_the_first_that_is_not_is_let_in() {
    let base = tempfile::tempdir().unwrap();
    let config = config(base.path()).with_shard(1, 2).with_budget_bytes(4 * 24 * 60);
    let engine = config.init().unwrap();
    assert!(engine.submit(0, Admission::Normal, vec![matrix(1, 0)]));
    engine.submit_gradients(0, Vec::new());
    assert!(!engine.started());
    // Three of them are its own, larger than the budget together.
    let late = vec![matrix(1, 10), matrix(0, 10), matrix(2, 10), matrix(3, 10)];
    assert!(engine.submit(10, Admission::Normal, late));
    let summary = engine.finish();
    assert_eq!((summary.ticks, summary.counts.submitted, summary.counts.analysed), (1, 3, 3));
    assert_eq!(summary.warnings, []);
    let found = read_reports(base.path()).unwrap();
    assert!(found.reports.iter().all(|report| report.step == 10));

    let idle = base.path().join("idle");
    let engine = self::config(&idle).with_shard(2, 3).init().unwrap();
    assert!(engine.submit(0, Admission::Normal, vec![matrix(1, 0)]));
    let summary = engine.finish();
    assert_eq!((summary.ticks, summary.warnings_total, summary.complete), (0, 0, true));
    assert!(!engine.run_directory().join("metrics.jsonl").exists());
}

#[test]
fn what_no_process_has_is_counted_once() {
    let base = tempfile::tempdir().unwrap();
    let summaries = session(base.path(), Some(3), |config| config).into_iter().map(|engine| {
        engine.submit(0, Admission::Normal, model(0));
        engine.not_taken(0, &["lazy.weight".into()], DropReason::NotInitialized);
        engine.finish()
    });
    let summaries: Vec<_> = summaries.collect();
    let sum = |of: fn(&crate::Summary) -> u64| summaries.iter().map(of).sum::<u64>();
    assert_eq!(sum(|s| s.counts.submitted), 8);
    assert_eq!((sum(|s| s.counts.dropped.not_initialized), sum(|s| s.warnings_total)), (1, 1));
}

/// A session over `steps`, resumed at the first; the epochs it goes on from and ends.
fn resumed(run: &Path, world: Option<usize>, steps: [u64; 2], epoch: u64) {
    for engine in session(run, world, |config| config) {
        let [first, last] = steps;
        if first > 0 {
            assert_eq!(engine.epoch_step(epoch - 1).unwrap(), first, "{world:?}");
            engine.resume(first);
        }
        for step in steps {
            engine.submit(step, Admission::Wait, model(step));
        }
        engine.epoch_ended(epoch, last);
        assert_eq!(engine.finish().warnings, []);
    }
}

#[test]
fn drift_is_from_the_first_snapshot_however_many_share_the_run() {
    let base = tempfile::tempdir().unwrap();
    let worlds = [Some(3), Some(2), None, Some(12), Some(3)];
    for (number, world) in worlds.into_iter().enumerate() {
        let start = 10 * number as u64;
        resumed(base.path(), world, [start, start + 10], 1 + number as u64);
    }
    let found = read_reports(base.path()).unwrap();
    assert_eq!(found.reports.len(), 6 * SHAPES.len());
    // Each later session made its first step once more.
    assert_eq!(found.replaced, 4 * SHAPES.len());
    for report in found.reports {
        let path = report.layer.path();
        // The last step belongs to the session that ended with it.
        assert_eq!(u64::from(report.session), (report.step / 10).min(4), "{path}");
        let drift = report.report.drift.and_then(|drift| drift.relative_norm);
        let expected = (report.step > 0).then_some(report.step as f64 / 1000.0);
        match (drift, expected) {
            (Some(drift), Some(expected)) => assert!((drift - expected).abs() < 1e-6, "{path}"),
            other => assert_eq!(other, (None, None), "{path} at {}", report.step),
        }
    }
}

#[test]
fn training_begun_anew_has_its_own_first_snapshot() {
    let base = tempfile::tempdir().unwrap();
    // Of a training that was given up; then another one, begun anew by one process.
    for engine in session(base.path(), Some(3), |config| config) {
        engine.submit(0, Admission::Normal, model(500));
        engine.finish();
    }
    for (world, steps) in [(None, [0, 10]), (Some(3), [10, 20])] {
        resumed(base.path(), world, steps, 1 + steps[0] / 10);
    }
    for report in read_reports(base.path()).unwrap().reports {
        let drift = report.report.drift.and_then(|drift| drift.relative_norm).unwrap_or(0.0);
        assert!((drift - report.step as f64 / 1000.0).abs() < 1e-6, "{drift} at {}", report.step);
    }
}

#[test]
fn a_share_that_is_empty_at_first_is_begun_anew_with_the_others() {
    let base = tempfile::tempdir().unwrap();
    let start = || config(base.path()).with_shard(1, 2).init().unwrap();
    let engine = start();
    engine.submit(0, Admission::Normal, vec![matrix(1, 500), matrix(0, 500)]);
    assert_eq!(engine.finish().counts.analysed, 1);
    let engine = start();
    engine.submit(0, Admission::Normal, vec![matrix(1, 0)]);
    engine.submit(10, Admission::Normal, vec![matrix(1, 10), matrix(0, 10)]);
    assert_eq!(engine.finish().layers[0].last.report.drift, None);
}

#[test]
fn a_shard_that_has_no_meaning_is_a_clear_error() {
    let base = tempfile::tempdir().unwrap();
    let run = base.path().join("x");
    for (rank, world) in [(3, 3), (0, 0)] {
        let error = config(&run).with_shard(rank, world).init().unwrap_err();
        assert!(matches!(error, InitError::Setting { setting: "shard", .. }), "{error}");
        let text = format!("rank {rank} of {world}: ranks count from 0 to world − 1");
        assert!(error.to_string().contains(&text), "{error}");
    }
    let text = r#"{"shard": {"rank": 7, "world": 2}}"#;
    let settings: Settings = serde_json::from_str(text).unwrap();
    let settings = Settings { run_directory: run.clone(), ..settings };
    assert!(MonitorConfig::<Bare>::from_settings(settings).init().is_err());
    assert!(!run.exists());
}
