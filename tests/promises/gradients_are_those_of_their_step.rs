//! The gradient at step s is that of the weights W_s, its update the one that leads to W_{s+1}; it is
//! taken where asked for and due, and training is what it is without.

use crate::support::learner::{Net, files, learner, training};
use crate::support::spectra::{entries, norm, singular_values};
use crate::support::tensorboard::{Environment, Loader, with_both_loaders};
use crate::support::{Backwards, alone_with_device, bits, rows, test};
use crate::tensorboard_serves_the_run::scalars as served_scalars;
use burn::module::{Lora, Module, Param};
use burn::optim::{GradientsParams, SgdConfig};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Distribution, Tensor};
use burn::train::{ExecutionStrategy, MultiDeviceOptim};
use burn_rmt::AnalysisOptions;
use burn_rmt::{Layout, Monitor, MonitorConfig};
use libtest_mimic::{Failed, Trial};
use std::collections::BTreeMap;
use std::path::Path;

pub(crate) fn tests() -> Vec<Trial> {
    let mut tests = vec![
        test(module_path!(), "figures_are_those_of_the_tensors", figures),
        test(module_path!(), "an_update_that_is_not_seen_has_no_ratio", not_seen),
        test(module_path!(), "a_frozen_or_excluded_layer_has_none", left_out),
        test(module_path!(), "each_matrix_of_a_parameter_has_its_own", parts),
        test(module_path!(), "a_product_of_factors_has_none", adapters),
        test(module_path!(), "nan_is_a_warning", nan),
        test(module_path!(), "around_the_learner", around_the_learner),
        test(module_path!(), "summed_over_devices", two_devices),
    ];
    tests.extend(with_both_loaders(module_path!(), served));
    tests
}

const RATE: f64 = 0.5;
const STEPS: u64 = 11;
const EVERY: u64 = 4;
const LAYERS: [&str; 2] = ["first.weight", "second.weight"];

/// A loop of one's own; `each` sees the step, the model and its gradients before the update.
fn train(
    device: &Device,
    monitor: &Monitor,
    mut each: impl FnMut(u64, &Backwards, &mut GradientsParams),
) -> (Vec<u32>, Vec<u32>) {
    device.seed(5);
    let mut model = Backwards::new(device);
    let mut optim = SgdConfig::new().init();
    let mut losses = Vec::new();
    monitor.observe(0, &model);
    for step in 0..STEPS {
        let x = Tensor::<2>::random([32, 24], Distribution::Normal(0.0, 1.0), device);
        let output = model.second.forward(relu(model.first.forward(x.clone())));
        let loss = (output - x.slice([0..32, 0..20])).square().mean();
        let mut grads = GradientsParams::from_grads(loss.backward(), &model);
        each(step, &model, &mut grads);
        monitor.gradients(step, &model, &grads);
        model = optim.step(RATE, model, grads);
        monitor.observe(step + 1, &model);
        losses.push(loss.try_into_scalar::<f32>().unwrap().to_bits());
    }
    (losses, bits(&model))
}

/// Values of one statistic of gradients, by layer and step.
fn logged(run: &Path, statistic: &str) -> BTreeMap<(String, u64), f64> {
    let prefix = format!("rmt_8_gradients/{statistic}/");
    let rows = rows(run, "scalars.jsonl").into_iter().filter_map(|row| {
        let layer = row["name"].as_str()?.strip_prefix(&prefix)?.to_owned();
        Some(((layer, row["step"].as_u64()?), row["value"].as_f64()?))
    });
    rows.collect()
}

/// Each of `layers` at each of `steps`.
fn keys(layers: &[&str], steps: &[u64]) -> Vec<(String, u64)> {
    layers
        .iter()
        .flat_map(|&layer| steps.iter().map(move |&step| (layer.to_owned(), step)))
        .collect()
}

fn steps_of(found: &BTreeMap<(String, u64), f64>) -> Vec<(String, u64)> {
    found.keys().cloned().collect()
}

fn close(a: f64, b: f64, tolerance: f64) -> bool {
    (a / b - 1.0).abs() < tolerance
}

fn figures() {
    let (_guard, device) = alone_with_device();
    let base = tempfile::tempdir().unwrap();
    let run = base.path().join("x");
    let config = MonitorConfig::new(&run).with_every(EVERY).with_profiles_every(2);
    let monitor = config.init().unwrap();
    let mut seen = BTreeMap::new();
    let watched = train(&device, &monitor, |step, model, grads| {
        for (name, layer) in LAYERS.into_iter().zip([&model.first, &model.second]) {
            let gradient = entries(grads.get::<2>(layer.weight.id).unwrap());
            let weights = layer.weight.val();
            let [rows, _] = weights.dims();
            seen.insert((name.to_owned(), step), (rows, gradient, norm(&entries(weights))));
        }
    });
    let summary = monitor.finish();
    assert_eq!(train(&device, &Monitor::disabled(), |_, _, _| {}), watched);

    let due = keys(&LAYERS, &[0, 4, 8]);
    let counts = &summary.gradients;
    assert_eq!((counts.submitted, counts.analysed, summary.warnings_total), (6, 6, 0));
    assert_eq!(summary.counts.submitted, 6);
    let [norms, spectral, ranks, ratios] =
        ["norm", "spectral_norm", "stable_rank", "update_ratio"].map(|name| logged(&run, name));
    for found in [&norms, &spectral, &ranks, &ratios] {
        assert_eq!(steps_of(found), due);
    }
    for key in &due {
        let (rows, gradient, weights) = &seen[key];
        let (frobenius, values) = (norm(gradient), singular_values(gradient, *rows));
        assert!(close(norms[key], frobenius, 1e-10), "{key:?}");
        assert!(close(spectral[key], values[0], 1e-8), "{key:?}");
        assert!(close(ranks[key], (frobenius / values[0]).powi(2), 1e-8), "{key:?}");
        assert!(close(ratios[key], RATE * frobenius / weights, 1e-5), "{key:?}");
    }
    // Spectra of every other one.
    let spectra = rows(&run, "gradients.jsonl");
    let mut steps = Vec::new();
    for row in &spectra {
        let key = (row["name"].as_str().unwrap().to_owned(), row["step"].as_u64().unwrap());
        let (rows, gradient, _) = &seen[&key];
        let found = row["singular_values"].as_array().unwrap();
        let expected = singular_values(gradient, *rows);
        assert_eq!(found.len(), expected.len());
        let largest = expected[0];
        for (found, expected) in found.iter().zip(expected) {
            assert!((found.as_f64().unwrap() - expected).abs() < 1e-8 * largest, "{key:?}");
        }
        steps.push(key);
    }
    steps.sort();
    assert_eq!(steps, keys(&LAYERS, &[0, 8]));
}

fn not_seen() {
    let (_guard, device) = alone_with_device();
    device.seed(1);
    let base = tempfile::tempdir().unwrap();
    let run = base.path().join("x");
    let monitor = MonitorConfig::new(&run).with_every(2).init().unwrap();
    let model = Backwards::new(&device);
    let grads = || {
        let x = Tensor::<2>::random([4, 24], Distribution::Default, &device);
        GradientsParams::from_grads(model.forward(x).mean().backward(), &model)
    };
    // The model is not drawn yet at its first look.
    monitor.observe(0, &model);
    monitor.gradients(0, &model, &grads());
    monitor.observe(1, &model);
    // Followed by another step, by other gradients, and by the end.
    monitor.gradients(2, &model, &grads());
    monitor.observe(4, &model);
    monitor.gradients(4, &model, &grads());
    monitor.gradients(6, &model, &grads());
    monitor.gradients(7, &model, &grads());
    let summary = monitor.finish();
    assert_eq!((summary.gradients.analysed, summary.warnings_total), (8, 0));
    assert_eq!(steps_of(&logged(&run, "norm")), keys(&LAYERS, &[0, 2, 4, 6]));
    let ratios = logged(&run, "update_ratio");
    assert_eq!(steps_of(&ratios), keys(&LAYERS, &[0]));
    assert!(ratios.values().all(|&ratio| ratio == 0.0));
}

fn left_out() {
    let (_guard, device) = alone_with_device();
    device.seed(2);
    let base = tempfile::tempdir().unwrap();
    for (name, excluded) in [("excluded", true), ("frozen", false)] {
        let run = base.path().join(name);
        let mut config = MonitorConfig::new(&run).with_every(1);
        let mut model = Backwards::new(&device);
        if excluded {
            config = config.with_exclude("first.*");
        } else {
            model.first = burn::module::Module::no_grad(model.first);
        }
        let monitor = config.init().unwrap();
        let x = Tensor::<2>::random([4, 24], Distribution::Default, &device);
        let loss = model.forward(x).mean();
        let grads = GradientsParams::from_grads(loss.backward(), &model);
        monitor.gradients(0, &model, &grads);
        let summary = monitor.finish();
        assert_eq!((summary.gradients.submitted, summary.gradients.analysed), (1, 1), "{name}");
        assert_eq!(steps_of(&logged(&run, "norm")), keys(&["second.weight"], &[0]));
    }
}

/// dA·dB is no gradient of A·B.
fn adapters() {
    let (_guard, device) = alone_with_device();
    device.seed(2);
    let model = Backwards::new(&device).apply_lora(Lora::new(4, 8.0));
    let base = tempfile::tempdir().unwrap();
    let run = base.path().join("x");
    let monitor = MonitorConfig::new(&run)
        .with_lora_products(true)
        .with_analysis(AnalysisOptions::new().with_min_side(4))
        .init()
        .unwrap();
    let x = Tensor::<2>::random([4, 24], Distribution::Default, &device);
    let loss = model.forward(x).mean();
    let grads = GradientsParams::from_grads(loss.backward(), &model);
    monitor.observe(0, &model);
    monitor.gradients(0, &model, &grads);
    let summary = monitor.finish();
    let names: Vec<&str> = summary.layers.iter().map(|layer| &layer.first.layer.name[..]).collect();
    let products = names.iter().filter(|name| name.ends_with(".product")).count();
    assert_eq!((products, summary.warnings_total), (2, 0), "{names:?}");
    let mut factors: Vec<&str> =
        names.iter().copied().filter(|n| n.ends_with(".a") || n.ends_with(".b")).collect();
    factors.sort_unstable();
    assert_eq!((factors.len(), summary.gradients.analysed), (4, 4));
    assert_eq!(steps_of(&logged(&run, "norm")), keys(&factors, &[0]));
}

#[derive(Module, Debug)]
struct Experts {
    weights: Param<Tensor<3>>,
}

fn parts() {
    let (_guard, device) = alone_with_device();
    device.seed(3);
    let normal = Distribution::Normal(0.0, 1.0);
    let model =
        Experts { weights: Param::from_tensor(Tensor::random([11, 20, 24], normal, &device)) };
    // The loss is linear in the weights: the gradient of expert e is (e + 1)·C.
    let c = Tensor::<3>::random([1, 20, 24], normal, &device);
    let factors = Tensor::arange(1..12, &device).float().reshape([11, 1, 1]);
    let loss = (model.weights.val() * c.clone() * factors).sum();
    let mut grads = GradientsParams::from_grads(loss.backward(), &model);
    let base = tempfile::tempdir().unwrap();
    let run = base.path().join("x");
    let config = MonitorConfig::new(&run).with_layout("weights", Layout::Stack);
    let monitor = config.init().unwrap();
    monitor.observe(0, &model);
    monitor.gradients(0, &model, &grads);
    let moved = grads.remove::<3>(model.weights.id).unwrap() * 0.01;
    let weights = model.weights.clone().map(|w| (w - moved).detach().require_grad());
    let before = entries(model.weights.val().reshape([11 * 20, 24]));
    monitor.observe(1, &Experts { weights });
    let summary = monitor.finish();
    assert_eq!((summary.gradients.analysed, summary.warnings_total), (11, 0));
    let (norms, ratios) = (logged(&run, "norm"), logged(&run, "update_ratio"));
    assert_eq!((norms.len(), ratios.len()), (11, 11));
    let unit = norm(&entries(c.reshape([20, 24])));
    for (part, weights) in before.chunks(20 * 24).enumerate() {
        let (key, factor) = ((format!("weights.{part}"), 0), (part + 1) as f64);
        assert!(close(norms[&key], factor * unit, 1e-6), "{key:?}");
        assert!(close(ratios[&key], 0.01 * factor * unit / norm(weights), 1e-4), "{key:?}");
    }
    let spectra = rows(&run, "gradients.jsonl");
    let parts: Vec<_> = spectra.iter().map(|row| row["part"].as_str().unwrap()).collect();
    assert_eq!(parts, (0..11).map(|part| part.to_string()).collect::<Vec<_>>());
}

fn nan() {
    let (_guard, device) = alone_with_device();
    let base = tempfile::tempdir().unwrap();
    let run = base.path().join("x");
    let monitor = MonitorConfig::new(&run).with_every(EVERY).init().unwrap();
    let mut poisoned = |step: u64, model: &Backwards, grads: &mut GradientsParams| {
        if step == 8 {
            let id = model.first.weight.id;
            let gradient = grads.get::<2>(id).unwrap();
            grads.register(id, gradient.slice_fill([3..4, 5..6], f32::NAN));
        }
    };
    let watched = train(&device, &monitor, &mut poisoned);
    let summary = monitor.finish();
    assert_eq!(train(&device, &Monitor::disabled(), &mut poisoned), watched);
    let counts = &summary.gradients;
    assert_eq!((counts.submitted, counts.analysed, counts.dropped.analysis_failed), (6, 5, 1));
    let named = |message: &str| message.contains("`first.weight`") && message.contains("finite");
    assert!(summary.warnings.iter().any(|w| w.step == 8 && named(&w.message)), "{summary:?}");
    let norms = steps_of(&logged(&run, "norm"));
    let (first, second) = (keys(&LAYERS[..1], &[0, 4]), keys(&LAYERS[1..], &[0, 4, 8]));
    assert_eq!(norms, [first, second].concat());
    for file in ["scalars.jsonl", "gradients.jsonl"] {
        let text = std::fs::read_to_string(run.join(file)).unwrap();
        assert!(!text.contains("NaN") && !text.contains("null,\"wall"), "{file}");
    }
}

const SEED: u64 = 11;
const LEARNER_RATE: f64 = 0.3;

/// With plain gradient descent, every logged update is the rate times the logged gradient.
fn assert_descent(run: &Path, steps: &[u64]) {
    let (norms, ratios) = (logged(run, "norm"), logged(run, "update_ratio"));
    let due = keys(&Net::LAYERS, steps);
    assert_eq!((steps_of(&norms), steps_of(&ratios)), (due.clone(), due.clone()));
    let weights: BTreeMap<(String, u64), f64> = rows(run, "metrics.jsonl")
        .iter()
        .map(|row| {
            let key = (row["name"].as_str().unwrap().to_owned(), row["step"].as_u64().unwrap());
            // log₁₀ of the squared norm.
            let log_norm = row["heavy_tail"]["log_norm"].as_f64().unwrap();
            (key, 10_f64.powf(log_norm / 2.0))
        })
        .collect();
    for key in &due {
        let expected = LEARNER_RATE * norms[key] / weights[key];
        assert!(close(ratios[key], expected, 1e-5), "{key:?}: {} {expected}", ratios[key]);
    }
}

fn around_the_learner() {
    let (_guard, device) = alone_with_device();
    let base = tempfile::tempdir().unwrap();
    let (plain, watched, run) =
        (base.path().join("plain"), base.path().join("watched"), base.path().join("run"));
    let model = Net::new(&device, SEED);
    training(&plain).num_epochs(2).launch(learner(model.clone(), LEARNER_RATE));
    let config = MonitorConfig::new(&run).with_every(5).with_gradients(true);
    let monitor = config.init().unwrap();
    let training = training(&watched).num_epochs(2);
    let result = training.launch(learner(monitor.wrap(model), LEARNER_RATE));
    let summary = result.model.finish();
    assert_eq!((summary.gradients.analysed, summary.gradients.dropped.total()), (8, 0));
    assert_eq!((summary.counts.analysed, summary.warnings_total), (10, 0));
    // After the last update, at step 20, there is no gradient.
    assert_descent(&run, &[0, 5, 10, 15]);
    let (with, without) = (files(&watched), files(&plain));
    assert!(with == without, "a file differs");
    assert!(with.keys().any(|name| name.starts_with("checkpoint")));
    let info: serde_json::Value =
        serde_json::from_slice(&std::fs::read(run.join("run.json")).unwrap()).unwrap();
    assert_eq!(info["settings"]["gradients"], true);
}

fn two_devices() {
    let (_guard, device) = alone_with_device();
    let base = tempfile::tempdir().unwrap();
    for (name, optim) in
        [("main", MultiDeviceOptim::OptimMainDevice), ("sharded", MultiDeviceOptim::OptimSharded)]
    {
        let devices = || ExecutionStrategy::multi(vec![device.clone(), device.clone()], optim);
        let directory = |which: &str| base.path().join(format!("{name}-{which}"));
        let model = Net::new(&device, SEED);
        let plain = training(&directory("plain")).num_epochs(2);
        let plain = plain.with_training_strategy(devices().into());
        let plain = plain.launch(learner(model.clone(), LEARNER_RATE));
        let run = directory("run");
        let config = MonitorConfig::new(&run).with_every(4).with_gradients(true);
        let monitor = config.init().unwrap();
        let watched = training(&directory("watched")).num_epochs(2);
        let watched = watched.with_training_strategy(devices().into());
        let watched = watched.launch(learner(monitor.wrap(model), LEARNER_RATE));
        assert_eq!(monitor.finish().warnings_total, 0, "{name}");
        assert_eq!(watched.model.bits(), plain.model.bits(), "{name}");
        // Ten batches on two devices: five updates an epoch.
        assert_descent(&run, &[0, 4, 8]);
    }
}

fn served(environment: &Environment, loader: Loader) -> Result<(), Failed> {
    let base = tempfile::tempdir()?;
    let run = base.path().join("x");
    {
        let (_guard, device) = alone_with_device();
        let monitor = MonitorConfig::new(&run).with_every(EVERY).init()?;
        train(&device, &monitor, |_, _, _| {});
        monitor.finish();
    }
    let server = environment.serve(base.path(), loader)?;
    for statistic in ["norm", "spectral_norm", "stable_rank", "update_ratio"] {
        let logged = logged(&run, statistic);
        for layer in LAYERS {
            let tag = format!("rmt_8_gradients/{statistic}/{layer}");
            let of = |step| (step, f64::from(logged[&(layer.to_owned(), step)] as f32));
            assert_eq!(served_scalars(&server, &tag, 3)?, [0, 4, 8].map(of), "{tag}");
        }
    }
    for layer in LAYERS {
        let query =
            "/data/plugin/histograms/histograms?run=x&tag=rmt_8_gradients%2Fsingular_values%2F";
        let complete = |r: &serde_json::Value| r.as_array().is_some_and(|a| a.len() == 3);
        let rows = server.wait_for(&format!("{query}{layer}"), complete)?;
        for (row, step) in rows.as_array().into_iter().flatten().zip([0, 4, 8]) {
            assert_eq!(row[1], step);
            let bins = row[2].as_array().into_iter().flatten();
            let counted: f64 = bins.filter_map(|bin| bin[2].as_f64()).sum();
            assert_eq!(counted, if layer == "first.weight" { 24.0 } else { 20.0 });
        }
    }
    Ok(())
}
