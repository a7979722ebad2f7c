//! Tied, frozen, half-precision, bare and never initialized parameters: each is analysed as what
//! it is, once, or named with the reason.

use crate::support::{Capture, alone_with_device, test};
use burn::module::{Module, Param};
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{Embedding, EmbeddingConfig, Linear, LinearConfig};
use burn::tensor::{DType, Device, Distribution, Tensor};
use burn_rmt::AnalysisOptions;
use burn_rmt::{MonitorConfig, Summary};
use libtest_mimic::Trial;
use rmt_core::layers::LayerKind;
use rmt_core::{LayerReport, Orientation, Verdict};

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test(module_path!(), "each_is_read_as_what_it_is", each_kind),
        test(module_path!(), "never_initialized_is_said", never_initialized),
        test(module_path!(), "include_and_exclude", include_and_exclude),
    ]
}

#[derive(Module, Debug)]
struct Zoo {
    embedding: Embedding,
    layers: Vec<Linear>,
    conv: Conv2d,
    bare: Param<Tensor<2>>,
    experts: Param<Tensor<3>>,
    small: Param<Tensor<3>>,
    bias: Param<Tensor<1>>,
    tied: Param<Tensor<2>>,
}

impl Zoo {
    fn new(device: &Device) -> Self {
        let normal = Distribution::Normal(0.0, 1.0);
        let bare = Param::from_tensor(Tensor::random([20, 30], normal, device));
        Self {
            embedding: EmbeddingConfig::new(50, 24).init(device),
            layers: (0..2).map(|_| LinearConfig::new(24, 32).init(device)).collect(),
            conv: Conv2dConfig::new([3, 32], [3, 3]).init(device),
            tied: bare.clone(),
            bare,
            experts: Param::from_tensor(Tensor::random([2, 20, 30], normal, device)),
            small: Param::from_tensor(Tensor::random([8, 20, 3], normal, device)),
            bias: Param::from_tensor(Tensor::random([64], normal, device)),
        }
    }

    /// As a first forward would, in no order that matters here.
    fn initialize(self) -> Self {
        let _ = (self.embedding.weight.val(), self.conv.weight.val());
        self.layers.iter().for_each(|layer| drop(layer.weight.val()));
        self
    }
}

fn watch(
    configure: impl FnOnce(MonitorConfig) -> MonitorConfig,
    models: &[Zoo],
) -> (Summary, Vec<LayerReport>) {
    let base = tempfile::tempdir().unwrap();
    let (capture, reports) = Capture::new();
    let config = MonitorConfig::new(base.path().join("x")).with_every(1).with_sink(capture);
    let monitor = configure(config).init().unwrap();
    for (step, model) in models.iter().enumerate() {
        monitor.observe(step as u64, model);
    }
    let summary = monitor.finish();
    (summary, reports.try_iter().collect())
}

fn each_kind() {
    let (_guard, device) = alone_with_device();
    device.seed(5);
    let mut zoo = Zoo::new(&device).initialize();
    zoo.layers[1] = zoo.layers[1].clone().no_grad();
    let half = zoo.layers[0].weight.clone().map(|w| w.cast(DType::BF16).detach().require_grad());
    zoo.layers[0].weight = half;
    let (summary, reports) = watch(|c| c, &[zoo.clone(), zoo]);
    assert_eq!((summary.counts.analysed, summary.counts.dropped.total()), (14, 0));
    let of =
        |name: &str, step| reports.iter().find(|r| r.layer.name == name && r.step == step).unwrap();
    let notes = |name, step| {
        of(name, step).report.notes.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    };

    let embedding = of("embedding.weight", 0);
    assert_eq!((embedding.layer.kind, embedding.report.shape), (LayerKind::Embedding, [50, 24]));
    assert_eq!(embedding.report.orientation, Orientation::InOut);
    assert_eq!(embedding.report.verdict, Verdict::Random);

    let conv = of("conv.weight", 0);
    assert_eq!((conv.layer.kind, conv.report.shape), (LayerKind::Conv, [32, 27]));
    assert_eq!(conv.report.orientation, Orientation::OutIn);

    // Half precision is widened, and said so.
    let half = of("layers.0.weight", 0);
    assert_eq!((half.dtype.as_str(), half.layer.block), ("bf16", Some(0)));
    assert!(notes("layers.0.weight", 0).contains("bf16"));
    assert!(half.report.spacing_ratio.is_some());

    // Frozen: analysed at the first tick, repeated later.
    let frozen = [of("layers.1.weight", 0), of("layers.1.weight", 1)];
    assert!(frozen.iter().all(|r| r.report.notes.contains(&"frozen".into())));
    assert_eq!(frozen[0].report, frozen[1].report);
    // What is not frozen is analysed each time: from the second tick on it has a drift.
    assert_eq!(of("bare", 0).report.drift, None);
    let drift = of("bare", 1).report.drift.as_ref().unwrap();
    assert_eq!(drift.relative_norm, Some(0.0));

    // Bare: the orientation is assumed. Tied: once, under its first path.
    assert_eq!(of("bare", 0).report.orientation, Orientation::Assumed);
    assert!(notes("bare", 0).contains("assumed") && notes("bare", 0).contains("tied: also tied"));
    assert!(!reports.iter().any(|r| ["tied", "small", "bias"].contains(&r.layer.name.as_str())));
    assert!(summary.warnings.iter().any(|w| w.message.contains("`small`")));
}

fn never_initialized() {
    let (_guard, device) = alone_with_device();
    let zoo = Zoo::new(&device);
    let (summary, reports) = watch(|c| c, &[zoo]);
    // The four lazy matrices were due, and are named; the bare ones were there.
    assert_eq!(reports.len(), 3);
    assert_eq!((summary.counts.submitted, summary.counts.dropped.not_initialized), (7, 4));
    let named = "`embedding.weight`, `layers.0.weight`, `layers.1.weight` and 1 more were not analysed: \
                 they were never initialized";
    let said = summary.warnings.iter().filter(|w| w.message.starts_with(named)).count();
    assert_eq!(said, 1, "{:?}", summary.warnings);
}

fn include_and_exclude() {
    let (_guard, device) = alone_with_device();
    let zoo = Zoo::new(&device).initialize();
    let configure =
        |c: MonitorConfig| c.with_include("layers.*").with_include("conv.*").with_exclude("*.1.*");
    let (_, reports) = watch(configure, std::slice::from_ref(&zoo));
    let names: Vec<_> = reports.iter().map(|r| r.layer.name.as_str()).collect();
    assert_eq!(names, ["layers.0.weight", "conv.weight"]);
    // A smallest side below which nothing is concluded.
    let (_, reports) = watch(
        |c| c.with_include("embedding.*").with_analysis(AnalysisOptions::new().with_min_side(25)),
        std::slice::from_ref(&zoo),
    );
    assert_eq!(reports[0].report.verdict, Verdict::NotEstimable);
    assert!(reports[0].report.notes[0].to_string().contains("below the 25"));
    let (summary, _) = watch(|c| c.with_include("nothing"), &[zoo]);
    let said = |text: &str| summary.warnings.iter().any(|w| w.message.contains(text));
    assert!(said("no weight matrix") && said("`nothing` in `include` matches no parameter"));
}
