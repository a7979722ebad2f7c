//! Of the inputs of a layer a mask, a limit and the queue leave some out; what cannot be measured says why.

use crate::support::activations::{
    D, HIDDEN, Mlp, Named, activation, at_start, difference, on_its_own_thread, said, spectrum,
    tokens, watched,
};
use crate::support::alone_with_device;
use crate::support::spectra::entries;
use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Bool, DType, Distribution, Tensor, TensorData};
use burn_rmt::{ActivationConfig, tap, tap_masked};
use libtest_mimic::Trial;

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        on_its_own_thread(module_path!(), "a_mask_drops_tokens", mask),
        on_its_own_thread(module_path!(), "tokens_are_limited", limit),
        on_its_own_thread(module_path!(), "what_is_not_measured_says_why", refused),
        on_its_own_thread(module_path!(), "a_full_queue_lets_activations_go_first", shed),
    ]
}

fn mask() {
    let (_guard, device) = alone_with_device();
    let (_base, monitor, reports) = watched(10, |config| config);
    let model = Named { up: LinearConfig::new(D, HIDDEN).init(&device) };
    let x = tokens(&device, 12, 5);
    let keep: Vec<bool> = (0..96).map(|k| k % 8 < 5).collect();
    let kept: Vec<f64> = entries(x.clone())
        .chunks(D)
        .zip(&keep)
        .filter(|(_, keep)| **keep)
        .flat_map(|(row, _)| row.to_vec())
        .collect();
    let keep = Tensor::<2, Bool>::from_data(TensorData::new(keep, [12, 8]), &device);
    monitor.observe(0, &model);
    tap_masked("up", &x, &keep);
    drop(model.up.forward(x));
    monitor.finish();
    let reports = said(&reports);
    let (found, eigenvalues) = activation(&reports, "up.weight", 0);
    assert_eq!(found.tokens, 60);
    assert!(difference(eigenvalues, &spectrum(&kept, D)) < 1e-9);
}

fn limit() {
    let (_guard, device) = alone_with_device();
    let x = tokens(&device, 12, 5);
    let forward = |model: &Mlp| (0..3).for_each(|_| drop(model.forward(x.clone())));
    let (found, _) = at_start(
        &device,
        |config| config.with_activations(ActivationConfig::new().with_tokens(100)),
        forward,
    );
    assert_eq!(activation(&found, "first.weight", 0).0.tokens, 100);
    let (none, summary) = at_start(
        &device,
        |config| config.with_activations(ActivationConfig::new().with_tokens(0)),
        forward,
    );
    assert!(none.values().all(|report| report.report.activation.is_none()));
    assert_eq!((none.len(), summary.warnings_total), (2, 0));
}

#[derive(Module, Debug)]
struct Odd {
    conv: Conv2d,
    up: Linear,
    half: Linear,
}

fn refused() {
    let (_guard, device) = alone_with_device();
    let (_base, monitor, reports) = watched(10, |config| config);
    let model = Odd {
        conv: Conv2dConfig::new([8, 24], [3, 3]).init(&device),
        up: LinearConfig::new(D, HIDDEN).init(&device),
        half: LinearConfig::new(D, HIDDEN).init(&device),
    };
    monitor.observe(0, &model);
    let image = Tensor::<4>::random([2, 8, 6, 6], Distribution::Default, &device);
    tap("conv", &image);
    drop(model.conv.forward(image));
    let x = tokens(&device, 12, 5);
    // The output in the place of the input.
    tap("up", &model.up.forward(x.clone()));
    tap("half", &x.clone().cast(DType::F16));
    tap("absent", &x);
    let keep = Tensor::<1, Bool>::from_data(TensorData::new(vec![true; 5], [5]), &device);
    tap_masked("half", &x, &keep);
    drop(model.half.forward(x));
    let summary = monitor.finish();
    let reports = said(&reports);
    let notes = |layer: &str| {
        reports[&(layer.to_owned(), 0)]
            .report
            .notes
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("; ")
    };
    assert!(notes("conv.weight").contains("activations of convolutions are not measured"));
    let wrong = "the activation has 40 features, but the weight takes 24";
    assert!(notes("up.weight").contains(wrong), "{}", notes("up.weight"));
    assert!(notes("half.weight").contains("f16 activations, widened"), "{}", notes("half.weight"));
    assert_eq!(activation(&reports, "half.weight", 0).0.tokens, 96);
    let warnings: Vec<&str> = summary.warnings.iter().map(|w| w.message.as_str()).collect();
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(warnings[1].contains("a mask of 5 entries for 96 tokens"));
    assert!(warnings[0].contains("`absent` matches no watched weight"));
}

fn shed() {
    let (_guard, device) = alone_with_device();
    let weights = 4 * 2 * (D * HIDDEN) as u64;
    let x = tokens(&device, 200, 5);
    let (found, summary) = at_start(
        &device,
        |config| config.with_budget_bytes(weights + 1),
        |model| drop(model.forward(x.clone())),
    );
    assert_eq!((summary.counts.analysed, summary.counts.dropped.total()), (2, 0));
    assert!(summary.warnings[0].message.contains("larger than the whole byte budget"));
    for report in found.values() {
        assert!(report.report.activation.is_none());
        assert!(
            report
                .report
                .notes
                .iter()
                .any(|note| note.to_string().contains("activations were dropped"))
        );
    }
}
