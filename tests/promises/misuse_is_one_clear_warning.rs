//! A loop that calls the monitor otherwise than it is meant to be called is told so, once; what was
//! measured stays right.

use crate::support::{Backwards, Capture, alone_with_device, test};
use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::optim::{GradientsParams, SgdConfig};
use burn::tensor::{Device, Distribution, Tensor};
use burn_rmt::DriftConfig;
use burn_rmt::{LayerKind, LayerReport, Monitor, MonitorConfig, Summary};
use libtest_mimic::Trial;
use std::path::Path;
use std::sync::mpsc::Receiver;

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test(module_path!(), "a_step_that_is_observed_again_is_taken_once", again),
        test(module_path!(), "and_again_before_its_first_forward", again_before_a_forward),
        test(module_path!(), "steps_that_go_back", back),
        test(module_path!(), "two_models_in_one_monitor", two_models),
        test(module_path!(), "a_model_before_its_first_forward", uninitialized),
        test(module_path!(), "a_pattern_that_matches_nothing", patterns),
        test(module_path!(), "a_scalar_with_a_name_of_the_monitors", reserved),
        test(module_path!(), "finish_at_takes_the_last_weights", last),
        test(module_path!(), "a_layer_of_ones_own_called_linear", own_linear),
        test(module_path!(), "kinds_are_those_of_the_modules_or_as_said", kinds),
    ]
}

fn start(run: &Path) -> (Monitor, Receiver<LayerReport>) {
    let (capture, reports) = Capture::new();
    let config =
        MonitorConfig::new(run).with_every(1).with_drift(DriftConfig::new().with_previous(true));
    (config.with_sink(capture).init().unwrap(), reports)
}

fn messages(summary: &Summary) -> Vec<&str> {
    summary.warnings.iter().map(|warning| &warning.message[..]).collect()
}

/// One update, of the mean of all outputs.
fn updated(model: Backwards, device: &Device) -> Backwards {
    let x = Tensor::<2>::random([4, 24], Distribution::Default, device);
    let grads = GradientsParams::from_grads(model.forward(x).mean().backward(), &model);
    SgdConfig::new().init().step(0.5, model, grads)
}

fn again() {
    let (_guard, device) = alone_with_device();
    device.seed(1);
    let base = tempfile::tempdir().unwrap();
    let (monitor, reports) = start(&base.path().join("x"));
    let mut model = initialized(Backwards::new(&device));
    for step in 0..3 {
        // Once for each of three batches whose gradients are accumulated.
        (0..3).for_each(|_| monitor.observe(step, &model));
        model = updated(model, &device);
    }
    let summary = monitor.finish();
    assert_eq!((summary.counts.submitted, summary.counts.analysed), (6, 6));
    assert_eq!(messages(&summary), [""; 0]);
    let moved: Vec<f64> = reports
        .try_iter()
        .filter(|report| report.step > 0)
        .filter_map(|report| report.report.drift?.previous?.relative_norm)
        .collect();
    assert_eq!(moved.len(), 4);
    assert!(moved.iter().all(|&norm| norm > 0.0), "{moved:?}");
}

/// What burn initializes in its first forward is waited for all the same.
fn again_before_a_forward() {
    let (_guard, device) = alone_with_device();
    let base = tempfile::tempdir().unwrap();
    let (monitor, _reports) = start(&base.path().join("x"));
    let mut model = Backwards::new(&device);
    (0..3).for_each(|_| monitor.observe(0, &model));
    model = updated(model, &device);
    monitor.observe(1, &model);
    let summary = monitor.finish();
    assert_eq!(messages(&summary), [""; 0]);
    assert_eq!((summary.counts.submitted, summary.counts.analysed), (4, 4));
}

fn back() {
    let (_guard, device) = alone_with_device();
    let base = tempfile::tempdir().unwrap();
    let (monitor, _reports) = start(&base.path().join("x"));
    let model = initialized(Backwards::new(&device));
    for step in [0, 5, 3, 4, 2] {
        monitor.observe(step, &model);
    }
    let summary = monitor.finish();
    let expected = "step 3 was observed after step 5";
    assert!(matches!(messages(&summary)[..], [one] if one.starts_with(expected)), "{summary:?}");
    assert!(messages(&summary)[0].contains("resume(3)"));
    // Said, it is meant.
    let (monitor, _reports) = start(&base.path().join("y"));
    [0, 5].iter().for_each(|&step| monitor.observe(step, &model));
    monitor.resume(3);
    [3, 4].iter().for_each(|&step| monitor.observe(step, &model));
    let summary = monitor.finish();
    assert!(!messages(&summary).iter().any(|said| said.contains("was observed after")));
    assert_eq!(summary.counts.analysed, 8);
}

fn two_models() {
    let (_guard, device) = alone_with_device();
    let base = tempfile::tempdir().unwrap();
    let models = [initialized(Backwards::new(&device)), initialized(Backwards::new(&device))];
    let warned = |name: &str, calls: &[(u64, usize)]| {
        let (monitor, _reports) = start(&base.path().join(name));
        calls.iter().for_each(|&(step, model)| monitor.observe(step, &models[model]));
        let summary = monitor.finish();
        let said = messages(&summary).into_iter().map(str::to_owned).collect::<Vec<_>>();
        assert!(said.len() <= 1, "{said:?}");
        said.first().is_some_and(|said| said.starts_with("one monitor was given two models"))
    };
    assert!(warned("at_one_step", &[(0, 0), (0, 1), (1, 0), (1, 1)]));
    assert!(warned("in_turns", &[(0, 0), (1, 1), (2, 0), (3, 1)]));
    // One that was loaded from a checkpoint in its place.
    assert!(!warned("once", &[(0, 0), (1, 0), (2, 1), (3, 1)]));
    assert!(!warned("one", &[(0, 0), (0, 0), (1, 0), (2, 0)]));
}

fn uninitialized() {
    let (_guard, device) = alone_with_device();
    let base = tempfile::tempdir().unwrap();
    let (monitor, _reports) = start(&base.path().join("x"));
    let layers: Vec<Linear> = (0..20).map(|_| LinearConfig::new(20, 20).init(&device)).collect();
    monitor.observe(0, &layers);
    monitor.observe(1, &layers);
    let summary = monitor.finish();
    assert_eq!(summary.counts.dropped.not_initialized, 40);
    let said = messages(&summary);
    assert_eq!(said.len(), 1, "{said:?}");
    let said = said[0];
    let expected = "`0.weight`, `1.weight`, `2.weight` and 17 more were not analysed: they were never \
                    initialized, which happens at a parameter's first use; observe the model after \
                    a forward";
    assert_eq!(said, expected);
}

fn patterns() {
    let (_guard, device) = alone_with_device();
    let base = tempfile::tempdir().unwrap();
    let config = MonitorConfig::new(base.path().join("x")).with_every(1);
    let monitor = config.with_include("second.*").with_exclude("frist.*").init().unwrap();
    let model = initialized(Backwards::new(&device));
    (0..3).for_each(|step| monitor.observe(step, &model));
    let summary = monitor.finish();
    let expected = "`frist.*` in `exclude` matches no parameter; the nearest are `first.weight`, `second.weight`";
    assert_eq!(messages(&summary), [expected]);
}

fn reserved() {
    let (_guard, _device) = alone_with_device();
    let base = tempfile::tempdir().unwrap();
    let (monitor, _reports) = start(&base.path().join("x"));
    monitor.scalar(0, "rmt_1_above/significant/a", 1.0);
    monitor.scalar(0, "rmt_1_above", 1.0);
    monitor.scalar(0, "loss/rmt_1_above/a", 1.0);
    let summary = monitor.finish();
    assert_eq!((summary.scalars, summary.scalar_counts.dropped.reserved), (2, 1));
    let [said] = messages(&summary)[..] else { panic!("{:?}", messages(&summary)) };
    assert!(said.contains("`rmt_1_above/significant/a` was not written"), "{said}");
}

fn last() {
    let (_guard, device) = alone_with_device();
    device.seed(1);
    let base = tempfile::tempdir().unwrap();
    for every in [2, 3] {
        let (capture, reports) = Capture::new();
        let run = base.path().join(format!("every_{every}"));
        let config = MonitorConfig::new(run).with_every(every).with_sink(capture);
        let monitor = config.init().unwrap();
        let mut model = initialized(Backwards::new(&device));
        for step in 0..=4 {
            monitor.observe(step, &model);
            if step < 4 {
                model = updated(model, &device);
            }
        }
        let summary = monitor.finish_at(4, &model);
        assert_eq!((summary.layers[0].last.step, summary.counts.dropped.total()), (4, 0));
        let steps: Vec<u64> = reports.try_iter().map(|report| report.step).collect();
        // Once, also where it was due.
        assert_eq!(steps.iter().filter(|&&step| step == 4).count(), 2, "{steps:?}");
    }
}

mod own {
    use super::{Device, Distribution, Module, Tensor};
    use burn::module::Param;

    /// As PyTorch stores it.
    #[derive(Module, Debug)]
    pub(super) struct Linear {
        pub(super) weight: Param<Tensor<2>>,
        pub(super) bias: Param<Tensor<1>>,
    }

    impl Linear {
        pub(super) fn new([rows, cols]: [usize; 2], bias: usize, device: &Device) -> Self {
            let weight = Tensor::random([rows, cols], Distribution::Normal(0.0, 1.0), device);
            let bias = Tensor::zeros([bias], device);
            Self { weight: Param::from_tensor(weight), bias: Param::from_tensor(bias) }
        }
    }
}

fn own_linear() {
    use rmt_core::Orientation::{Assumed, InOut, OutIn};
    let (_guard, device) = alone_with_device();
    let base = tempfile::tempdir().unwrap();
    for (name, shape, bias, expected) in [
        ("out_in", [20, 30], 20, OutIn),
        ("in_out", [20, 30], 30, InOut),
        ("neither", [20, 30], 7, Assumed),
    ] {
        let (monitor, _reports) = start(&base.path().join(name));
        monitor.observe(0, &own::Linear::new(shape, bias, &device));
        let summary = monitor.finish();
        let report = &summary.layers[0].last.report;
        assert_eq!(report.orientation, expected, "{name}");
        let noted =
            report.notes.iter().any(|note| note.to_string().starts_with("read as [out, in]"));
        assert_eq!(noted, expected == OutIn);
    }
}

#[derive(Module, Debug)]
struct Net {
    attn: burn::nn::attention::MultiHeadAttention,
    ffn: burn::nn::transformer::PositionWiseFeedForward,
    glu: burn::nn::SwiGlu,
    pos_emb: burn::nn::Embedding,
    recurrent: burn::nn::Lstm,
    mixer: Linear,
    output: Linear,
}

fn kinds() {
    use burn::nn::attention::MultiHeadAttentionConfig;
    use burn::nn::transformer::PositionWiseFeedForwardConfig;
    use burn::nn::{EmbeddingConfig, LstmConfig, SwiGluConfig};
    let (_guard, device) = alone_with_device();
    let base = tempfile::tempdir().unwrap();
    let model = Net {
        attn: MultiHeadAttentionConfig::new(32, 4).init(&device),
        ffn: PositionWiseFeedForwardConfig::new(32, 64).init(&device),
        glu: SwiGluConfig::new(32, 48).init(&device),
        pos_emb: EmbeddingConfig::new(40, 32).init(&device),
        recurrent: LstmConfig::new(32, 24, true).init(&device),
        mixer: LinearConfig::new(32, 32).init(&device),
        output: LinearConfig::new(32, 20).init(&device),
    };
    let model = initialized(model);
    let config = MonitorConfig::new(base.path().join("x")).with_kind("mixer.*", LayerKind::Gate);
    let monitor = config.init().unwrap();
    monitor.observe(0, &model);
    let summary = monitor.finish();
    let kind = |name: &str| {
        let layer = summary.layers.iter().find(|layer| layer.last.layer.name == name);
        layer.unwrap_or_else(|| panic!("{name}: {:?}", summary.warnings)).last.layer.kind
    };
    for (name, expected) in [
        ("attn.query.weight", LayerKind::Query),
        ("attn.output.weight", LayerKind::AttentionOutput),
        ("ffn.linear_inner.weight", LayerKind::Up),
        ("ffn.linear_outer.weight", LayerKind::Down),
        ("glu.linear_inner.weight", LayerKind::Gate),
        ("glu.linear_outer.weight", LayerKind::Up),
        ("pos_emb.weight", LayerKind::Embedding),
        ("mixer.weight", LayerKind::Gate),
        ("output.weight", LayerKind::Head),
        // Each gate has matrices of its own.
        ("recurrent.input_gate.input_transform.weight", LayerKind::Other),
        ("recurrent.cell_gate.hidden_transform.weight", LayerKind::Other),
    ] {
        assert_eq!(kind(name), expected, "{name}");
    }
}

/// The same, with every parameter initialized, as a forward does.
fn initialized<M: Module>(model: M) -> M {
    struct All;
    impl burn::module::ModuleMapper for All {
        fn map_float<const D: usize>(
            &mut self,
            param: burn::module::Param<Tensor<D>>,
        ) -> burn::module::Param<Tensor<D>> {
            let _ = param.val();
            param
        }
    }
    model.map(&mut All)
}
