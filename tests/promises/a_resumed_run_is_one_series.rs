//! A run that goes on from an earlier step, in the directory of the session before, reads as one
//! series: in both of TensorBoard's loaders and in JSONL, with drift from its own step 0.

use crate::support::learner::{Net, learner, training};
use crate::support::tensorboard::{Environment, Loader, Server, encode, with_both_loaders};
use crate::support::{Backwards, alone_with_device, rows, test, train};
use crate::tensorboard_serves_the_run::scalars;
use burn_rmt::{Monitor, MonitorConfig};
use libtest_mimic::{Failed, Trial};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

pub(crate) fn tests() -> Vec<Trial> {
    let mut tests = with_both_loaders(module_path!(), served);
    tests.extend([
        test(module_path!(), "with_the_learner", with_the_learner),
        test(module_path!(), "another_model_is_named", another_model),
        test(module_path!(), "training_anew_has_its_own_reference", anew),
    ]);
    tests
}

const STOPPED: u64 = 1000;
const RESTORED: u64 = 900;
const LAST: u64 = 1200;
const EVERY: u64 = 50;

/// Rows as a reader takes them: of each step and layer, those of the highest session.
fn series(run: &Path) -> BTreeMap<(String, u64), Value> {
    let mut kept: BTreeMap<(String, u64), Value> = BTreeMap::new();
    for row in rows(run, "metrics.jsonl") {
        let key = (row["name"].as_str().unwrap().to_owned(), row["step"].as_u64().unwrap());
        let session = |row: &Value| row["session"].as_u64().unwrap();
        if kept.get(&key).is_none_or(|earlier| session(earlier) <= session(&row)) {
            kept.insert(key, row);
        }
    }
    kept
}

fn drift(row: &Value) -> f64 {
    row["drift"]["relative_norm"].as_f64().unwrap()
}

fn moved(mut model: Backwards) -> Backwards {
    model.first.weight = model.first.weight.map(|w| w.mul_scalar(1.0005).detach().require_grad());
    model
}

/// Trains to step 1000, and again from 900 to 1200.
fn run(directory: &Path) {
    let (_guard, device) = alone_with_device();
    let (_, mut model) = train(&device, 1, 1, &Monitor::disabled(), |_, _| {});
    let config = || MonitorConfig::new(directory).with_resume(true).with_every(EVERY);
    let monitor = config().init().unwrap();
    let mut checkpoint = model.clone();
    for step in 0..=STOPPED {
        monitor.observe(step, &model);
        monitor.scalar(step, "loss/train", step as f64);
        if step == RESTORED {
            checkpoint = model.clone();
        }
        model = moved(model);
    }
    monitor.finish();
    let monitor = config().init().unwrap();
    monitor.resume(RESTORED);
    let mut model = checkpoint;
    monitor.observe(RESTORED, &model);
    for step in RESTORED + 1..=LAST {
        model = moved(model);
        monitor.observe(step, &model);
        monitor.scalar(step, "loss/train", 10_000.0 + step as f64);
    }
    assert_eq!(monitor.finish().warnings, []);
}

fn served(environment: &Environment, loader: Loader) -> Result<(), Failed> {
    let base = tempfile::tempdir()?;
    let directory = base.path().join("x");
    run(&directory);

    let found = series(&directory);
    let steps: Vec<u64> = (0..=LAST).step_by(EVERY as usize).collect();
    let of = |name: &str| -> Vec<&Value> {
        steps.iter().map(|&step| &found[&(name.to_owned(), step)]).collect()
    };
    let first = of("first.weight");
    assert_eq!(found.len(), 2 * steps.len());
    // Growth is from step 0 throughout: ‖W − W₀‖/‖W₀‖ = 1.0005^s − 1.
    for (row, &step) in first.iter().zip(&steps).skip(1) {
        let expected = 1.0005_f64.powf(step as f64) - 1.0;
        assert!((drift(row) / expected - 1.0).abs() < 1e-4, "{step}: {row}");
        assert_eq!(row["session"], u64::from(step >= RESTORED));
    }

    let server = environment.serve(base.path(), loader)?;
    // TensorBoard keeps a thousand points of a curve: whichever, they are of one series.
    let last = (LAST, 10_000.0 + LAST as f64);
    let losses = until_last(&server, "loss/train", last)?;
    assert!(losses.windows(2).all(|pair| pair[0].0 < pair[1].0), "steps go back");
    for (step, loss) in losses {
        let session = if step > RESTORED { 10_000.0 } else { 0.0 };
        assert_eq!(loss, session + step as f64, "{step}");
    }
    let curve = scalars(&server, "rmt_6_drift/relative_norm/first.weight", steps.len() - 1)?;
    let expected: Vec<(u64, f64)> = steps
        .iter()
        .zip(&first)
        .skip(1)
        .map(|(&s, row)| (s, f64::from(drift(row) as f32)))
        .collect();
    assert_eq!(curve, expected);
    Ok(())
}

/// A curve, once its last point is served.
fn until_last(server: &Server, tag: &str, last: (u64, f64)) -> Result<Vec<(u64, f64)>, Failed> {
    let query = format!("/data/plugin/scalars/scalars?run=x&tag={}", encode(tag));
    let ends = |reply: &Value| {
        let point = reply.as_array().and_then(|points| points.last());
        point.is_some_and(|point| point[1] == last.0 && point[2] == last.1)
    };
    server.wait_for(&query, ends)?;
    scalars(server, tag, 1)
}

const SEED: u64 = 3;
const RATE: f64 = 0.3;
/// Updates an epoch.
const EPOCH: u64 = 10;

fn with_the_learner() {
    let (_guard, device) = alone_with_device();
    let base = tempfile::tempdir().unwrap();
    let (run, files) = (base.path().join("run"), base.path().join("files"));
    let monitor = || MonitorConfig::new(&run).with_resume(true).with_every(1).init().unwrap();
    let first = monitor();
    training(&files)
        .num_epochs(4)
        .with_metric_logger(first.metric_logger(&files))
        .launch(learner(first.wrap(Net::new(&device, SEED)), RATE));
    first.finish();
    let before = series(&run);

    let second = monitor();
    let error = second.resume_epoch(7).unwrap_err().to_string();
    assert!(error.contains("epoch 7") && error.contains("epochs 1 to 4"), "{error}");
    assert_eq!(second.resume_epoch(3).unwrap(), 3 * EPOCH);
    // Other weights, so that those of the checkpoint are seen to be loaded.
    let model = second.wrap(Net::new(&device, SEED + 1));
    training(&files)
        .num_epochs(5)
        .checkpoint(3)
        .with_metric_logger(second.metric_logger(&files))
        .launch(learner(model, RATE))
        .model
        .finish();
    let after = series(&run);
    assert_eq!(after.len() as u64, 2 * (5 * EPOCH + 1));
    for ((name, step), row) in &after {
        assert_eq!(row["session"], u64::from(*step >= 3 * EPOCH), "{name} {step}");
        // The epoch that both sessions trained is the same, drift from step 0 included.
        if let Some(earlier) = before.get(&(name.clone(), *step)).filter(|_| *step > 0) {
            assert_eq!((&row["largest"], drift(row)), (&earlier["largest"], drift(earlier)));
        }
    }
}

fn another_model() {
    let (_guard, device) = alone_with_device();
    let base = tempfile::tempdir().unwrap();
    let run = base.path().join("run");
    let first = MonitorConfig::new(&run).with_resume(true).with_every(1).init().unwrap();
    train(&device, 1, 2, &first, |_, _| {});
    first.finish();
    let second = MonitorConfig::new(&run).with_resume(true).with_every(1).init().unwrap();
    second.resume(2);
    // The same names with other shapes.
    let net = Net::new(&device, SEED);
    second.observe(2, &Backwards { second: net.second, first: net.first });
    let summary = second.finish();
    let warnings: Vec<_> = summary.warnings.iter().map(|w| w.message.as_str()).collect();
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    for (name, warning) in ["second.weight", "first.weight"].iter().zip(warnings) {
        assert!(warning.contains(name) && warning.contains("another run directory"), "{warning}");
    }
    assert_eq!((summary.counts.analysed, summary.counts.dropped.total()), (2, 0));
}

fn anew() {
    let (_guard, device) = alone_with_device();
    let base = tempfile::tempdir().unwrap();
    let run = base.path().join("run");
    for seed in [1, 2] {
        let monitor = MonitorConfig::new(&run).with_resume(true).with_every(3).init().unwrap();
        train(&device, seed, 3, &monitor, |_, _| {});
        monitor.finish();
    }
    let found = series(&run);
    let alone = base.path().join("alone");
    let monitor = MonitorConfig::new(&alone).with_resume(true).with_every(3).init().unwrap();
    train(&device, 2, 3, &monitor, |_, _| {});
    monitor.finish();
    for (key, row) in series(&alone) {
        assert_eq!(found[&key]["drift"], row["drift"]);
    }
}
