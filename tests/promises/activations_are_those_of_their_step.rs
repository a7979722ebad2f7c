//! What a probe says at step s is of the inputs that the weights W_s were given in training, and of
//! nothing else; and training is what it is without.

use crate::support::activations::{
    D, HIDDEN, Mlp, Named, activation, at_start, difference, on_its_own_thread, said, spectrum,
    tokens, watched,
};
use crate::support::alone_with_device;
use crate::support::learner::{Batch, INPUTS, bare_training, learner};
use crate::support::spectra::{entries, singular_values};
#[cfg(feature = "wgpu")]
use crate::support::vulkan::test_on_vulkan;
use burn::module::Module;
use burn::nn::loss::{MseLoss, Reduction};
use burn::nn::{Linear, LinearConfig};
use burn::optim::{AdamWConfig, GradientsParams, SgdConfig};
use burn::store::ModuleRecord;
use burn::tensor::activation::{gelu, relu, softmax};
use burn::tensor::{Device, Distribution, Tensor};
use burn::train::{ExecutionStrategy, InferenceStep, RegressionOutput, TrainOutput, TrainStep};
use burn_rmt::ActivationConfig;
use burn_rmt::{Monitor, Tapped, tap};
use libtest_mimic::Trial;
use rmt_core::LayerReport;
use rmt_core::statistics::activation::ActivationReport;
use std::collections::BTreeMap;

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        on_its_own_thread(module_path!(), "inputs_and_weights_are_of_one_step", one_step),
        on_its_own_thread(module_path!(), "an_evaluation_changes_nothing", evaluation),
        on_its_own_thread(module_path!(), "micro_batches_are_one_batch", micro_batches),
        on_its_own_thread(module_path!(), "a_transformer_trains_with_probes", transformer),
        on_its_own_thread(module_path!(), "around_the_learner", around_the_learner),
        on_its_own_thread(module_path!(), "a_model_with_taps_is_the_model", transparent),
        #[cfg(feature = "wgpu")]
        test_on_vulkan(module_path!(), "accumulated_on_the_device", |device| {
            std::thread::scope(|scope| scope.spawn(|| on_the_device(device)).join()).unwrap();
        }),
    ]
}

fn one_step() {
    let (_guard, device) = alone_with_device();
    let (_base, monitor, reports) = watched(3, |config| config);
    let mut model = Mlp::new(&device);
    let mut optim = SgdConfig::new().init();
    let mut expected = BTreeMap::new();
    monitor.observe(0, &model);
    for step in 0..8 {
        // Two micro-batches of each step.
        let mut inputs = [Vec::new(), Vec::new()];
        let mut loss = Tensor::<1>::zeros([1], &device);
        for half in 0..2 {
            let x = tokens(&device, 8, 100 + 2 * step + half);
            loss = loss + (model.forward(x.clone()) - x.clone()).square().mean();
            let hidden = model.valid().hidden(x.clone().without_autodiff());
            inputs[0].extend(entries(x));
            inputs[1].extend(entries(hidden));
        }
        let weights = [&model.first, &model.second].map(|layer| entries(layer.weight.val()));
        expected.insert(step, (inputs, weights));
        let grads = GradientsParams::from_grads(loss.backward(), &model);
        model = optim.step(0.05, model, grads);
        monitor.observe(step + 1, &model);
    }
    let summary = monitor.finish();
    assert_eq!((summary.counts.analysed, summary.warnings_total), (6, 0), "{summary:?}");
    let reports = said(&reports);
    for step in [0, 3, 6] {
        let (inputs, weights) = &expected[&step];
        for (k, (layer, side)) in
            [("first.weight", D), ("second.weight", HIDDEN)].iter().enumerate()
        {
            let (found, eigenvalues) = activation(&reports, layer, step);
            assert_eq!((found.tokens, found.features), (128, *side));
            let exact = spectrum(&inputs[k], *side);
            let error = difference(eigenvalues, &exact[..eigenvalues.len()]);
            assert!(error < 1e-9, "{layer} {step}: {error:e}");
            // Of another step they are not.
            let other = &expected[&(step + 1)].0[k];
            assert!(difference(eigenvalues, &spectrum(other, *side)[..eigenvalues.len()]) > 1e-3);
            let nu = singular_values(&weights[k], *side);
            let profile = reports[&(layer.to_string(), step)].profile.as_ref().unwrap();
            assert!(difference(&profile.singular_values, &nu) < 1e-6);
            assert_eq!(profile.overlaps.len(), D);
            assert!(found.overlap_bulk.is_some() && found.band_high.is_some());
        }
    }
}

fn same(a: &BTreeMap<(String, u64), LayerReport>, b: &BTreeMap<(String, u64), LayerReport>) {
    for layer in ["first.weight", "second.weight"] {
        assert_eq!(activation(a, layer, 0), activation(b, layer, 0));
    }
}

fn evaluation() {
    let (_guard, device) = alone_with_device();
    let x = tokens(&device, 8, 7);
    let other = tokens(&device, 8, 8).without_autodiff();
    let train = |model: &Mlp| drop(model.forward(x.clone()));
    // With its data on the device of training, too.
    let evaluate = |model: &Mlp| {
        drop(model.valid().forward(other.clone()));
        drop(model.valid().forward(other.clone().autodiff()));
    };
    let (alone, _) = at_start(&device, |config| config, train);
    let (beside, _) = at_start(
        &device,
        |config| config,
        |model| {
            evaluate(model);
            train(model);
            evaluate(model);
        },
    );
    same(&alone, &beside);
    assert_eq!(activation(&alone, "first.weight", 0).0.tokens, 64);
    // Where it is asked for, it counts.
    let (both, _) = at_start(
        &device,
        |config| config.with_activations(ActivationConfig::new().with_in_evaluation(true)),
        |model| {
            evaluate(model);
            train(model);
        },
    );
    assert_eq!(activation(&both, "first.weight", 0).0.tokens, 192);
}

fn micro_batches() {
    let (_guard, device) = alone_with_device();
    let x = tokens(&device, 12, 7);
    let (whole, _) = at_start(&device, |config| config, |model| drop(model.forward(x.clone())));
    let (parts, _) = at_start(
        &device,
        |config| config,
        |model| {
            for part in 0..4 {
                drop(model.forward(x.clone().narrow(0, 3 * part, 3)));
            }
        },
    );
    for layer in ["first.weight", "second.weight"] {
        let ((a, of_a), (b, of_b)) = (activation(&whole, layer, 0), activation(&parts, layer, 0));
        assert_eq!((a.tokens, b.tokens), (96, 96));
        // A forward of three sequences may round otherwise than one of twelve.
        assert!(difference(of_a, of_b) < 1e-6);
        let figures = |a: &ActivationReport| {
            [a.overlap_bulk, a.overlap_bulk_error, a.effective_rank, a.effective_rank_error]
                .map(Option::unwrap)
        };
        for (x, y) in figures(a).into_iter().zip(figures(b)) {
            assert!((x - y).abs() <= 1e-4 * x.abs(), "{layer}: {x} {y}");
        }
    }
}

/// A decoder block of a user's own.
#[derive(Module, Debug)]
struct Block {
    query: Tapped<Linear>,
    key: Tapped<Linear>,
    value: Tapped<Linear>,
    attention_output: Tapped<Linear>,
    up: Tapped<Linear>,
    down: Tapped<Linear>,
}

#[derive(Module, Debug)]
struct Transformer {
    blocks: Vec<Block>,
}

impl Transformer {
    fn new(device: &Device) -> Self {
        let layer = |from, to| LinearConfig::new(from, to).init(device).into();
        let block = |_| Block {
            query: layer(D, D),
            key: layer(D, D),
            value: layer(D, D),
            attention_output: layer(D, D),
            up: layer(D, 4 * D),
            down: layer(4 * D, D),
        };
        Self { blocks: (0..2).map(block).collect() }
    }

    fn forward(&self, mut x: Tensor<3>) -> Tensor<3> {
        for block in &self.blocks {
            let (q, k) = (block.query.forward(x.clone()), block.key.forward(x.clone()));
            let scores = q.matmul(k.swap_dims(1, 2)) / (D as f64).sqrt();
            let mixed = softmax(scores, 2).matmul(block.value.forward(x.clone()));
            x = x + block.attention_output.forward(mixed);
            x = x.clone() + block.down.forward(gelu(block.up.forward(x)));
        }
        x
    }
}

fn transformer() {
    let (_guard, device) = alone_with_device();
    let train = |monitor: &Monitor| {
        device.seed(4);
        let mut model = Transformer::new(&device);
        let mut optim = AdamWConfig::new().init();
        let mut losses = Vec::new();
        monitor.observe(0, &model);
        for step in 1..=10 {
            let x = Tensor::<3>::random([6, 8, D], Distribution::Normal(0.0, 1.0), &device);
            let loss = (model.forward(x.clone()) - x.flip([1])).square().mean();
            let grads = GradientsParams::from_grads(loss.backward(), &model);
            model = optim.step(1e-2, model, grads);
            monitor.observe(step, &model);
            losses.push(loss.try_into_scalar::<f32>().unwrap().to_bits());
        }
        let weights: Vec<u32> = model
            .blocks
            .iter()
            .flat_map(|b| [&b.query, &b.key, &b.value, &b.attention_output, &b.up, &b.down])
            .flat_map(|layer| layer.weight.val().into_data().try_into_vec_as::<f32>().unwrap())
            .map(f32::to_bits)
            .collect();
        (losses, weights)
    };
    let (_base, monitor, reports) =
        watched(4, |config| config.with_overflow(burn_rmt::Overflow::Block));
    let with = train(&monitor);
    let summary = monitor.finish();
    assert_eq!(with, train(&Monitor::disabled()));
    assert_eq!((summary.counts.analysed, summary.warnings_total), (36, 0), "{summary:?}");
    let reports = said(&reports);
    let kinds = ["query", "key", "value", "attention_output", "up", "down"];
    for (block, kind) in (0..2).flat_map(|block| kinds.map(|kind| (block, kind))) {
        for step in [0, 4, 8] {
            let layer = format!("blocks.{block}.{kind}.weight");
            let (found, eigenvalues) = activation(&reports, &layer, step);
            let features = if kind == "down" { 4 * D } else { D };
            assert_eq!((found.tokens, found.features), (48, features));
            assert!(
                found.rank.unwrap() == eigenvalues.len() && found.effective_rank.unwrap() > 1.0
            );
        }
    }
    // The three that are given the same say the same of it.
    let of = |kind: &str| activation(&reports, &format!("blocks.1.{kind}.weight"), 8).1.to_vec();
    assert_eq!((of("query"), of("query")), (of("key"), of("value")));
    assert_ne!(of("query"), of("up"));
}

/// For burn's own loop.
#[derive(Module, Debug)]
struct TappedNet {
    first: Tapped<Linear>,
    second: Linear,
}

impl TappedNet {
    fn output(&self, batch: Batch) -> RegressionOutput {
        let hidden = relu(self.first.forward(batch.inputs));
        tap("second", &hidden);
        let output = self.second.forward(hidden);
        let loss = MseLoss::new().forward(output.clone(), batch.targets.clone(), Reduction::Mean);
        RegressionOutput::new(loss, output, batch.targets)
    }
}

impl TrainStep for TappedNet {
    type Input = Batch;
    type Output = RegressionOutput;
    fn step(&self, batch: Batch) -> TrainOutput<RegressionOutput> {
        let output = self.output(batch);
        TrainOutput::new(self, output.loss.backward(), output)
    }
}

impl InferenceStep for TappedNet {
    type Input = Batch;
    type Output = RegressionOutput;
    fn step(&self, batch: Batch) -> RegressionOutput {
        self.output(batch)
    }
}

fn around_the_learner() {
    let (_guard, device) = alone_with_device();
    let (base, monitor, reports) = watched(4, |config| config);
    device.seed(2);
    let model = TappedNet {
        first: LinearConfig::new(INPUTS, 24).init(&device).into(),
        second: LinearConfig::new(24, 18).init(&device),
    };
    let training = bare_training(base.path()).num_epochs(2);
    let training = training
        .with_training_strategy(ExecutionStrategy::SingleDevice(device.clone()).into())
        .grads_accumulation(2);
    training.launch(learner(monitor.wrap(model), 0.05)).model.finish();
    let reports = said(&reports);
    // Twenty batches of four, two of them an update; validations between them do not count.
    for layer in ["first.weight", "second.weight"] {
        for step in [0, 4, 8] {
            assert_eq!(activation(&reports, layer, step).0.tokens, 8, "{layer} {step}");
        }
        // No forward was made by the last weights.
        assert!(reports[&(layer.to_owned(), 10)].report.activation.is_none());
    }
}

fn transparent() {
    let (_guard, device) = alone_with_device();
    device.seed(1);
    let bare = Named { up: LinearConfig::new(D, HIDDEN).init(&device) };
    let tapped: Tapped<Linear> = bare.up.clone().into();
    let x = tokens(&device, 2, 1);
    assert_eq!(entries(tapped.forward(x.clone())), entries(bare.up.forward(x)));
    assert_eq!(tapped.weight.id, bare.up.weight.id);
    assert_eq!(tapped.num_params(), bare.up.num_params());
    let printed = |model: &dyn std::fmt::Display| model.to_string();
    #[derive(Module, Debug)]
    struct Shell<L: Module> {
        up: L,
    }
    let shells = [printed(&Shell { up: tapped.clone() }), printed(&Shell { up: bare.up.clone() })];
    assert_eq!(shells[0], shells[1]);
    // A checkpoint of one is a checkpoint of the other.
    let base = tempfile::tempdir().unwrap();
    let path = base.path().join("model");
    Shell { up: tapped }.into_record().save(&path).unwrap();
    let other = Shell { up: LinearConfig::new(D, HIDDEN).init(&device) };
    let loaded = other.load_record(ModuleRecord::load(&path).unwrap());
    assert_eq!(entries(loaded.up.weight.val()), entries(bare.up.weight.val()));
}

#[cfg(feature = "wgpu")]
fn on_the_device(device: &Device) {
    let (_base, monitor, reports) = watched(10, |config| config);
    device.seed(1);
    let model = Named { up: LinearConfig::new(D, HIDDEN).init(device) };
    let _ = model.up.forward(Tensor::<2>::zeros([1, D], device));
    // A mean of a hundred standard deviations, in micro-batches of which the first is no rule.
    let batch = |seed: u64| {
        device.seed(seed);
        let x = Tensor::<3>::random([16, 32, D], Distribution::Normal(0.0, 1.0), device);
        x + 100.0 + seed as f64 / 10.0
    };
    let batches: Vec<Tensor<3>> = (0..4).map(batch).collect();
    tap("up", &batches[0]);
    monitor.observe(0, &model);
    for x in &batches {
        tap("up", x);
        drop(model.up.forward(x.clone()));
    }
    monitor.observe(1, &model);
    let exact: Vec<f64> = batches.into_iter().flat_map(entries).collect();
    let summary = monitor.finish();
    assert_eq!(summary.warnings_total, 0, "{summary:?}");
    let reports = said(&reports);
    let (found, eigenvalues) = activation(&reports, "up.weight", 0);
    assert_eq!((found.tokens, found.rank), (2048, Some(D)));
    for (x, y) in eigenvalues.iter().zip(spectrum(&exact, D)) {
        assert!((x / y - 1.0).abs() < 1e-4, "{x} {y}");
    }
    let notes = reports[&("up.weight".to_owned(), 0)]
        .report
        .notes
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("; ");
    assert!(notes.contains("accumulated on the device in single precision"), "{notes}");
    assert!(notes.contains("by about 2e-5"), "{notes}");
}
