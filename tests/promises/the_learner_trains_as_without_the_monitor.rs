//! Around burn's `Learner`, the monitor sees every optimizer step once and whole, and training, its
//! checkpoints, its files and its decisions are those of a run without it.

use crate::support::learner::{Net, bare_training, batches, files, learner, training};
use crate::support::{Capture, alone_with_device, rows, test};
use burn::module::Module;
use burn::optim::SgdConfig;
use burn::train::checkpoint::{
    ComposedCheckpointingStrategy, KeepLastNCheckpoints, MetricCheckpointingStrategy,
};
use burn::train::metric::LossMetric;
use burn::train::metric::store::{Aggregate, Direction, Split};
use burn::train::{
    ExecutionStrategy, Learner, MetricEarlyStoppingStrategy, MultiDeviceOptim, StoppingCondition,
    TrainStep,
};
use burn_rmt::{Monitor, MonitorConfig, Monitored};
use clap::Parser;
use libtest_mimic::Trial;
use rmt_core::LayerReport;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Barrier;
use std::sync::mpsc::Receiver;

const SEED: u64 = 11;
const RATE: f64 = 0.3;
/// Updates an epoch: ten batches, none accumulated.
const EPOCH: u64 = 10;

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test(module_path!(), "checkpoints_and_files_are_bit_identical", bit_identical),
        test(module_path!(), "a_checkpoint_crosses_both_ways", crossing),
        test(module_path!(), "accumulated_gradients_are_one_step", accumulation),
        test(module_path!(), "epochs_are_counted_without_numeric_metrics", no_numbers),
        test(module_path!(), "frozen_layers_stay_frozen_to_the_end", frozen),
        test(module_path!(), "early_stopping_and_best_checkpoint_are_the_same", decisions),
        test(module_path!(), "the_handle_survives_what_burn_does_to_a_module", conversions),
        test(module_path!(), "two_devices_give_each_step_once", two_devices),
        test(module_path!(), "replicas_in_threads_give_each_step_once", replicas),
        test(module_path!(), "a_second_phase_goes_on_counting", second_phase),
        test(module_path!(), "the_example_runs", example),
        test(module_path!(), "disabled_is_the_bare_model", disabled),
    ]
}

/// A monitor of every step, and its reports.
fn monitor(directory: &Path) -> (Monitor, Receiver<LayerReport>) {
    let (capture, reports) = Capture::new();
    let config = MonitorConfig::new(directory).with_every(1).with_sink(capture);
    (config.init().unwrap(), reports)
}

/// Reports of both matrices at each of `steps`, once.
fn assert_each_step_once(reports: &Receiver<LayerReport>, steps: impl Iterator<Item = u64>) {
    let found: Vec<_> = reports.try_iter().map(|r| (r.step, r.layer.name)).collect();
    let expected: Vec<_> =
        steps.flat_map(|s| Net::LAYERS.map(|name| (s, name.to_owned()))).collect();
    assert_eq!(found, expected);
}

/// Steps and values of a scalar of the run.
fn scalar(run: &Path, name: &str) -> Vec<(u64, f64)> {
    rows(run, "scalars.jsonl")
        .iter()
        .filter(|row| row["name"] == name)
        .map(|row: &Value| (row["step"].as_u64().unwrap(), row["value"].as_f64().unwrap()))
        .collect()
}

fn bit_identical() {
    let (_guard, device) = alone_with_device();
    let base = tempfile::tempdir().unwrap();
    let model = Net::new(&device, SEED);
    let plain = training(&base.path().join("plain")).num_epochs(3);
    let plain = plain.launch(learner(model.clone(), RATE));

    let (monitor, reports) = monitor(&base.path().join("run"));
    let watched = base.path().join("watched");
    let training = training(&watched)
        .num_epochs(3)
        .metric_train(monitor.metric())
        .with_metric_logger(monitor.metric_logger(&watched));
    let result = training.launch(learner(monitor.wrap(model), RATE));
    let summary = result.model.finish();

    assert_eq!(result.model.bits(), plain.model.bits());
    let mut with = files(&watched);
    // The monitor's own metric is one more file an epoch.
    for epoch in 1..=3 {
        let name = format!("train/epoch-{epoch}/RMT_monitor.log");
        let text = with.remove(Path::new(&name)).unwrap();
        assert!(String::from_utf8(text).unwrap().contains("layers deviate"));
    }
    let without = files(&base.path().join("plain"));
    let names = |files: &BTreeMap<PathBuf, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&with), names(&without));
    assert!(with == without, "a file differs");
    assert!(with.keys().any(|name| name.starts_with("checkpoint")));

    assert_eq!((summary.counts.dropped.total(), summary.warnings_total), (0, 0));
    assert_each_step_once(&reports, 0..=3 * EPOCH);
}

fn crossing() {
    let (_guard, device) = alone_with_device();
    let base = tempfile::tempdir().unwrap();
    let model = Net::new(&device, SEED);
    let start = || model.clone();
    let expected = training(&base.path().join("whole")).num_epochs(3);
    let expected = expected.launch(learner(start(), RATE)).model.bits();

    // From the wrapped model into the bare one.
    let directory = base.path().join("a");
    let (first, _reports) = monitor(&base.path().join("run-a"));
    training(&directory).num_epochs(2).launch(learner(first.wrap(start()), RATE));
    let bare = training(&directory).num_epochs(3).checkpoint(2);
    let other = Net::new(&device, SEED + 1);
    assert_eq!(bare.launch(learner(other, RATE)).model.bits(), expected);

    // And from the bare model into the wrapped one, whose steps go on where they were.
    let directory = base.path().join("b");
    training(&directory).num_epochs(2).launch(learner(start(), RATE));
    let (second, reports) = monitor(&base.path().join("run-b"));
    let other = second.wrap(Net::new(&device, SEED + 1)).with_start_step(2 * EPOCH);
    let result = training(&directory).num_epochs(3).checkpoint(2).launch(learner(other, RATE));
    result.model.finish();
    assert_eq!(result.model.into_inner().bits(), expected);
    assert_each_step_once(&reports, 2 * EPOCH..=3 * EPOCH);
}

fn accumulation() {
    let (_guard, device) = alone_with_device();
    let base = tempfile::tempdir().unwrap();
    let run = base.path().join("run");
    let (monitor, reports) = monitor(&run);
    let directory = base.path().join("a");
    training(&directory)
        .num_epochs(2)
        .grads_accumulation(4)
        .with_metric_logger(monitor.metric_logger(&directory))
        .launch(learner(monitor.wrap(Net::new(&device, SEED)), RATE));
    let summary = monitor.finish();
    assert_eq!(summary.scalars_dropped, 0);
    assert_each_step_once(&reports, 0..=6);

    let steps = |name| scalar(&run, name).iter().map(|(step, _)| *step).collect::<Vec<_>>();
    let expected = [1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 6, 6];
    assert_eq!(steps("Loss/train"), expected);
    assert_eq!((steps("Loss/train_epoch"), steps("Loss/valid")), (vec![3, 6], vec![3, 6]));
    // The values are those of burn's own files: one a batch, then one of the epoch.
    let of = |split: &str, name| -> Vec<f64> {
        let text =
            |epoch| fs::read_to_string(directory.join(format!("{split}/epoch-{epoch}/{name}")));
        let both = text(1).unwrap() + &text(2).unwrap();
        both.lines().map(|line| line.split(',').next().unwrap().parse().unwrap()).collect()
    };
    let values = |name| scalar(&run, name).iter().map(|(_, value)| *value).collect::<Vec<_>>();
    let (train, epochs) = (values("Loss/train"), values("Loss/train_epoch"));
    let logged = [&train[..10], &epochs[..1], &train[10..], &epochs[1..]].concat();
    assert_eq!(logged, of("train", "Loss.log"));
    let valid = of("valid", "Loss.log");
    assert_eq!(values("Loss/valid"), [valid[3], valid[7]]);
}

fn no_numbers() {
    let (_guard, device) = alone_with_device();
    let base = tempfile::tempdir().unwrap();
    let run = base.path().join("run");
    let (monitor, _reports) = monitor(&run);
    let directory = base.path().join("a");
    bare_training(&directory)
        .num_epochs(3)
        .grads_accumulation(4)
        .metric_train(monitor.metric())
        .with_metric_logger(monitor.metric_logger(&directory))
        .launch(learner(monitor.wrap(Net::new(&device, SEED)), RATE));
    monitor.finish();
    let info: Value = serde_json::from_slice(&fs::read(run.join("run.json")).unwrap()).unwrap();
    assert_eq!(info["epochs"], serde_json::json!({ "1": 3, "2": 6, "3": 9 }));
}

fn frozen() {
    let (_guard, device) = alone_with_device();
    let base = tempfile::tempdir().unwrap();
    let (capture, reports) = Capture::new();
    let config = MonitorConfig::new(base.path().join("run")).with_every(7).with_sink(capture);
    let monitor = config.init().unwrap();
    let mut model = Net::new(&device, SEED);
    model.first = model.first.no_grad();
    let training = training(&base.path().join("a")).num_epochs(1);
    // burn gives the model back without gradients, where nothing can be told of freezing.
    training.launch(learner(monitor.wrap(model), RATE)).model.finish();
    let reports: Vec<_> = reports.try_iter().collect();
    assert_eq!(reports.iter().map(|r| r.step).collect::<Vec<_>>(), [0, 0, 7, 7, 10, 10]);
    for report in &reports {
        let noted = report.report.notes.contains(&"frozen".into());
        assert_eq!(noted, report.layer.name == "first.weight", "step {}", report.step);
        assert_eq!(report.report.drift.is_some(), !noted && report.step > 0);
    }
}

/// Epochs whose checkpoints are kept, and those that were trained.
fn chosen(directory: &Path) -> (BTreeSet<PathBuf>, usize) {
    let kept = files(&directory.join("checkpoint")).into_keys().collect();
    (kept, fs::read_dir(directory.join("train")).unwrap().count())
}

fn decisions() {
    let (_guard, device) = alone_with_device();
    let base = tempfile::tempdir().unwrap();
    let model = Net::new(&device, SEED);
    let condition = StoppingCondition::NoImprovementSince { n_epochs: 2 };
    let (plain, watched) = (base.path().join("plain"), base.path().join("watched"));
    let loss = LossMetric::new();
    macro_rules! deciding {
        ($directory:expr) => {
            training($directory)
                .num_epochs(12)
                .early_stopping(MetricEarlyStoppingStrategy::new(
                    &loss,
                    Aggregate::Mean,
                    Direction::Lowest,
                    Split::Valid,
                    condition.clone(),
                ))
                .with_checkpointing_strategy(
                    ComposedCheckpointingStrategy::builder()
                        .add(KeepLastNCheckpoints::new(1))
                        .add(MetricCheckpointingStrategy::new(
                            &loss,
                            Aggregate::Mean,
                            Direction::Lowest,
                            Split::Valid,
                        ))
                        .build(),
                )
        };
    }
    // So fast that the loss on other data grows again.
    let rate = 6.0;
    deciding!(&plain).launch(learner(model.clone(), rate));
    let (monitor, _reports) = monitor(&base.path().join("run"));
    deciding!(&watched)
        .with_metric_logger(monitor.metric_logger(&watched))
        .launch(learner(monitor.wrap(model), rate));
    monitor.finish();
    let (kept, epochs) = chosen(&plain);
    assert_eq!(chosen(&watched), (kept.clone(), epochs));
    // The test decides something: training stopped early, and not with its best epoch.
    assert!((3..12).contains(&epochs), "{epochs} epochs");
    assert!(kept.len() > 3, "{kept:?}");
}

fn conversions() {
    let (_guard, device) = alone_with_device();
    let base = tempfile::tempdir().unwrap();
    let (monitor, reports) = monitor(&base.path().join("run"));
    device.seed(SEED);
    let mut model = monitor.wrap(Net::lazy(&device));
    let mut optim = SgdConfig::new().init();
    for _ in 0..3 {
        model = model.fork(&device).to_device(&device).materialize().valid().train();
        let batch = batches(1).iter().next().unwrap().unwrap();
        let output = TrainStep::step(&model, batch.to_device(&device));
        model = model.optimize(&mut optim, RATE.into(), output.grads);
        let record = model.clone().into_record();
        model = model.load_record(record);
    }
    assert_eq!(model.num_params(), Net::lazy(&device).num_params());
    assert_eq!(model.to_string(), (*model).to_string());
    model.finish();
    assert_each_step_once(&reports, 0..=3);
}

fn two_devices() {
    let (_guard, device) = alone_with_device();
    let base = tempfile::tempdir().unwrap();
    for (name, optim) in
        [("main", MultiDeviceOptim::OptimMainDevice), ("sharded", MultiDeviceOptim::OptimSharded)]
    {
        let run = base.path().join(name);
        let (monitor, reports) = monitor(&run);
        let devices = vec![device.clone(), device.clone()];
        let directory = base.path().join(format!("{name}-files"));
        training(&directory)
            .num_epochs(2)
            .with_training_strategy(ExecutionStrategy::multi(devices, optim).into())
            .with_metric_logger(monitor.metric_logger(&directory))
            .launch(learner(monitor.wrap(Net::new(&device, SEED)), RATE));
        let summary = monitor.finish();
        assert_eq!((summary.counts.dropped.total(), summary.warnings_total), (0, 0), "{name}");
        // Ten batches on two devices: five updates an epoch, of two batches each.
        assert_each_step_once(&reports, 0..=10);
        let losses = scalar(&run, "Loss/train");
        let steps: Vec<u64> = losses.iter().map(|(step, _)| *step).collect();
        assert_eq!(steps, (1..=10).flat_map(|step| [step, step]).collect::<Vec<_>>(), "{name}");
    }
}

/// What burn's data-parallel workers do, each on its thread with a fork of the learner. Their gradients
/// are the same here without being averaged, which needs devices with collective operations.
fn replicas() {
    let (_guard, device) = alone_with_device();
    let base = tempfile::tempdir().unwrap();
    let plain = training(&base.path().join("plain")).num_epochs(1);
    let plain = plain.launch(learner(Net::new(&device, SEED), RATE)).model.bits();
    let train = |replica: &mut Learner<Monitored<Net>>, barrier: &Barrier| {
        for batch in batches(EPOCH as usize).iter() {
            let output = replica.train_step(batch.unwrap().to_device(&device));
            // Gradients are averaged here: nobody updates before all have theirs.
            barrier.wait();
            replica.lr_step();
            replica.optimizer_step(output.grads);
        }
        replica.model().bits()
    };
    let (first, reports) = monitor(&base.path().join("run"));
    let learner = learner(first.wrap(Net::new(&device, SEED)), RATE);
    let barrier = Barrier::new(3);
    let ends: Vec<_> = std::thread::scope(|scope| {
        let start = |_| {
            let mut replica = learner.clone();
            replica.fork(&device);
            let (train, barrier) = (&train, &barrier);
            scope.spawn(move || train(&mut replica, barrier))
        };
        let replicas: Vec<_> = (0..3).map(start).collect();
        replicas.into_iter().map(|replica| replica.join().unwrap()).collect()
    });
    let summary = first.finish();
    assert_eq!((summary.counts.dropped.total(), summary.warnings_total), (0, 0));
    assert_each_step_once(&reports, 0..=EPOCH);
    assert!(ends.iter().all(|end| *end == plain));
}

fn second_phase() {
    let (_guard, device) = alone_with_device();
    let base = tempfile::tempdir().unwrap();
    let (monitor, reports) = monitor(&base.path().join("run"));
    let first = training(&base.path().join("a")).num_epochs(1);
    let first = first.launch(learner(monitor.wrap(Net::new(&device, SEED)), RATE));
    let again = monitor.wrap(first.model.into_inner().train());
    let second = training(&base.path().join("b")).num_epochs(1).launch(learner(again, RATE / 10.0));
    second.model.finish();
    assert_each_step_once(&reports, 0..=2 * EPOCH);
}

fn disabled() {
    let (_guard, device) = alone_with_device();
    let base = tempfile::tempdir().unwrap();
    let monitor = Monitor::disabled();
    let plain = training(&base.path().join("plain")).num_epochs(1);
    let plain = plain.launch(learner(Net::new(&device, SEED), RATE));
    let directory = base.path().join("watched");
    let watched = training(&directory)
        .num_epochs(1)
        .with_metric_logger(monitor.metric_logger(&directory))
        .launch(learner(monitor.wrap(Net::new(&device, SEED)).with_start_step(5), RATE));
    assert_eq!(watched.model.bits(), plain.model.bits());
    assert!(watched.model.finish().complete);
}

fn example() {
    let _guard = alone_with_device();
    let base = tempfile::tempdir().unwrap();
    let run = base.path().join("run");
    let mut options = crate::learner::Options::parse_from([
        "learner",
        "--epochs=2",
        "--points=1024",
        "--every=8",
    ]);
    options.run = run.clone();
    let summary = crate::learner::train(&options, burn::train::Interrupter::new()).unwrap();
    // Eight batches of 128 points an epoch.
    assert_eq!((summary.ticks, summary.counts.analysed, summary.warnings_total), (3, 6, 0));
    assert_eq!(scalar(&run, "Accuracy/valid").len(), 2);
    assert_eq!(scalar(&run, "Learning Rate/train").len(), 16);
    assert!(run.join("checkpoint").is_dir() && run.join("metrics.jsonl").is_file());
}
