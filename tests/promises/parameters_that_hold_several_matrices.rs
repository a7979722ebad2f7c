//! Stacked experts, grouped convolutions, low-rank adapters and quantized weights: every matrix that
//! a parameter holds has a series of its own, read as the user says.

use crate::support::{Capture, alone_with_device, rows, test};
use burn::module::{Lora, Module, Param, Quantizer};
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{Linear, LinearConfig};
use burn::tensor::quantization::{Calibration, QuantScheme, QuantValue};
use burn::tensor::{Device, Distribution, Tensor};
use burn_rmt::{Layout, MonitorConfig, Schedule, Summary};
use libtest_mimic::Trial;
use rmt_core::layers::LayerKind;
use rmt_core::{Analyser, AnalysisOptions, Context, LayerReport, Matrix, Nulls};
use rmt_core::{Orientation, Profile, Verdict};

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test(module_path!(), "each_part_has_its_own_series", parts),
        test(module_path!(), "a_layout_that_does_not_fit_is_said", unfit),
        test(module_path!(), "adapters_and_their_product", adapters),
        test(module_path!(), "a_product_is_due_with_its_second_factor", adapters_in_turns),
        test(module_path!(), "quantized_is_never_random", quantized),
    ]
}

#[derive(Module, Debug)]
struct Parts {
    experts: Param<Tensor<3>>,
    conv: Conv2d,
    bare: Param<Tensor<2>>,
}

const EXPERTS: [usize; 3] = [11, 20, 30];
const GROUPS: usize = 2;

impl Parts {
    fn new(device: &Device) -> Self {
        let normal = Distribution::Normal(0.0, 1.0);
        let conv = Conv2dConfig::new([8, 48], [3, 3]).with_groups(GROUPS).init(device);
        let _ = conv.weight.val();
        Self {
            experts: Param::from_tensor(Tensor::random(EXPERTS, normal, device)),
            conv,
            bare: Param::from_tensor(Tensor::random([20, 30], normal, device)),
        }
    }

    /// The same, with each expert scaled by a factor of its own.
    fn moved(self) -> Self {
        let Self { experts, conv, bare } = self;
        let step = Tensor::arange(0..EXPERTS[0] as i64, &experts.device()).float();
        let step = step.reshape([EXPERTS[0], 1, 1]);
        Self {
            experts: experts.map(|w| (w * (step * 0.1 + 1.1)).detach().require_grad()),
            conv,
            bare,
        }
    }
}

fn values<const D: usize>(tensor: &Param<Tensor<D>>) -> Vec<f32> {
    tensor.val().into_data().try_into_vec::<f32>().unwrap()
}

fn watch<M: Module + 'static>(config: MonitorConfig, models: &[M]) -> (Summary, Vec<LayerReport>) {
    let (capture, reports) = Capture::new();
    let monitor = config.with_every(1).with_sink(capture).init().unwrap();
    for (step, model) in models.iter().enumerate() {
        monitor.observe(step as u64, model);
    }
    let summary = monitor.finish();
    (summary, reports.try_iter().collect())
}

/// The analysis of these values on their own, in double precision, as drift has it.
fn profile(values: &[f32], [rows, cols]: [usize; 2], orientation: Orientation) -> Profile {
    let analyser = Analyser::new(AnalysisOptions::default(), Nulls::default()).unwrap();
    let matrix = Matrix::new(values, rows, cols, orientation).unwrap();
    analyser.analyse(&matrix, Context::default().with_keep(true)).unwrap().profile
}

fn parts() {
    let (_guard, device) = alone_with_device();
    device.seed(3);
    let first = Parts::new(&device);
    let (experts, conv) = (values(&first.experts), values(&first.conv.weight));
    let models = [first.clone(), first.moved()];
    let base = tempfile::tempdir().unwrap();
    let config = MonitorConfig::new(base.path().join("x"))
        .with_layout("exp*", Layout::Stack)
        .with_layout("*.weight", Layout::Conv { groups: GROUPS })
        .with_layout("bare", Layout::OutIn);
    let (summary, reports) = watch(config, &models);
    assert_eq!((summary.counts.analysed, summary.warnings_total), (28, 0));
    let of = |name: &str, part: Option<usize>, step: u64| {
        let part = part.map(|part| part.to_string());
        let is = |r: &&LayerReport| r.layer.name == name && r.layer.part == part && r.step == step;
        reports.iter().find(is).unwrap()
    };
    let same = |report: &LayerReport, whole: &[f32], part: usize, parts: usize| {
        let each = whole.len() / parts;
        let values = &whole[part * each..(part + 1) * each];
        let expected = profile(values, report.report.shape, report.report.orientation);
        assert_eq!(report.profile.as_ref().unwrap(), &expected, "{}", report.layer.path());
        // What the user said is not said to be a guess.
        let notes =
            report.report.notes.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        assert!(!notes.contains("assumed") && !notes.contains("groups"), "{notes}");
    };
    for part in 0..EXPERTS[0] {
        let report = of("experts", Some(part), 0);
        assert_eq!(report.report.shape, [20, 30]);
        assert_eq!(report.report.orientation, Orientation::InOut);
        same(report, &experts, part, EXPERTS[0]);
        // Each part's drift is its own: W moved to (1.1 + part/10)·W.
        let drift = of("experts", Some(part), 1).report.drift.as_ref().unwrap();
        let expected = 0.1 + 0.1 * part as f64;
        assert!((drift.relative_norm.unwrap() - expected).abs() < 1e-6, "{part}: {drift:?}");
    }
    for group in 0..GROUPS {
        let report = of("conv.weight", Some(group), 0);
        assert_eq!((report.report.shape, report.layer.kind), ([24, 36], LayerKind::Conv));
        assert_eq!(report.report.orientation, Orientation::OutIn);
        same(report, &conv, group, GROUPS);
    }
    assert_eq!(of("bare", None, 0).report.orientation, Orientation::OutIn);
    // Spectra on disk and the first snapshot have every part, too.
    let run = base.path().join("x");
    assert_eq!(rows(&run, "profiles.jsonl").len(), 14);
    let kept = std::fs::read(run.join("reference.safetensors")).unwrap();
    let header = String::from_utf8_lossy(&kept);
    assert!(header.contains("\"experts.10\"") && header.contains("\"conv.weight.1\""));
    let run: serde_json::Value =
        serde_json::from_slice(&std::fs::read(run.join("run.json")).unwrap()).unwrap();
    assert_eq!(run["layers"][10]["part"], "10");
}

fn unfit() {
    let (_guard, device) = alone_with_device();
    let base = tempfile::tempdir().unwrap();
    let config = MonitorConfig::new(base.path().join("x"))
        .with_layout("conv.*", Layout::Conv { groups: 5 })
        .with_include("conv.*")
        .with_include("bare");
    let (summary, reports) = watch(config, &[Parts::new(&device)]);
    assert_eq!(reports.len(), 1);
    let expected = "`conv.weight` is not analysed: its shape [48, 4, 3, 3] does not fit \
                    the layout Conv { groups: 5 }";
    assert_eq!(summary.warnings[0].message, expected);
    let config = MonitorConfig::new(base.path().join("y"));
    let error = config.with_layout("*", Layout::Conv { groups: 0 }).init().unwrap_err();
    assert_eq!(error.to_string(), "setting `layout`: a convolution has at least 1 group");
    let config = MonitorConfig::new(base.path().join("y"));
    let error = config.with_layout("a[b", Layout::Stack).init().unwrap_err().to_string();
    assert!(error.contains("`a[b` in `layout`"), "{error}");
}

#[derive(Module, Debug)]
struct Query {
    query: Linear,
}

impl Query {
    fn new(device: &Device) -> Self {
        let query = LinearConfig::new(48, 64).init(device);
        let _ = query.weight.val();
        Self { query }
    }
}

fn adapters() {
    let (_guard, device) = alone_with_device();
    device.seed(4);
    let model = Query::new(&device).apply_lora(Lora::new(4, 8.0));
    let base = tempfile::tempdir().unwrap();
    let names =
        |reports: &[LayerReport]| reports.iter().map(|r| r.layer.name.clone()).collect::<Vec<_>>();
    let config = MonitorConfig::new(base.path().join("x"));
    let (_, reports) = watch(config, std::slice::from_ref(&model));
    assert_eq!(names(&reports), ["query.weight", "query.weight.lora.a", "query.weight.lora.b"]);
    let config = MonitorConfig::new(base.path().join("y"))
        .with_lora_products(true)
        .with_analysis(AnalysisOptions::new().with_min_side(4));
    let (summary, reports) = watch(config, &[model.clone(), model]);
    assert_eq!((summary.counts.analysed, summary.counts.dropped.total()), (8, 0));
    assert_eq!(names(&reports[..4])[3], "query.weight.lora.product");
    assert!(reports.iter().all(|r| r.layer.kind == LayerKind::Query));
    // The matrix that is adapted is frozen; its factors are not.
    let frozen = |r: &LayerReport| r.report.notes.contains(&"frozen".into());
    assert_eq!(
        reports.iter().map(frozen).collect::<Vec<_>>(),
        [true, false, false, false].repeat(2)
    );
    assert_eq!((reports[1].report.shape, reports[2].report.shape), ([48, 4], [4, 64]));
    // b is zero at first, and so is the product.
    assert_eq!(
        (reports[3].report.shape, reports[3].report.verdict),
        ([48, 64], Verdict::Degenerate)
    );
}

fn adapters_in_turns() {
    let (_guard, device) = alone_with_device();
    device.seed(4);
    let model = Query::new(&device).apply_lora(Lora::new(4, 8.0));
    let base = tempfile::tempdir().unwrap();
    let config = MonitorConfig::new(base.path().join("x"))
        .with_lora_products(true)
        .with_analysis(AnalysisOptions::new().with_min_side(4));
    let (capture, reports) = Capture::new();
    let config = config.with_schedule(Schedule::Staggered(6)).with_sink(capture);
    let monitor = config.init().unwrap();
    (0..=18).for_each(|step| monitor.observe(step, &model));
    let summary = monitor.finish();
    assert_eq!((summary.counts.dropped.total(), summary.warnings_total), (0, 0));
    let reports: Vec<LayerReport> = reports.try_iter().collect();
    let steps = |name: &str| -> Vec<u64> {
        let of = reports.iter().filter(|report| report.layer.name == name);
        of.map(|report| report.step).collect()
    };
    assert_eq!(steps("query.weight.lora.b").len(), 4);
    assert_eq!(steps("query.weight.lora.product"), steps("query.weight.lora.b"));
    assert_ne!(steps("query.weight.lora.a"), steps("query.weight.lora.b"));
}

fn quantized() {
    let (_guard, device) = alone_with_device();
    device.seed(6);
    let model = Query::new(&device);
    let base = tempfile::tempdir().unwrap();
    let config = MonitorConfig::new(base.path().join("x"));
    let (_, plain) = watch(config, std::slice::from_ref(&model));
    assert_eq!(plain[0].report.verdict, Verdict::Random);
    let scheme: QuantScheme = device.settings().quantization.scheme.with_value(QuantValue::Q8S);
    let model = model.quantize_weights(&mut Quantizer::new(Calibration::MinMax, scheme));
    let config = MonitorConfig::new(base.path().join("y"));
    let (summary, reports) = watch(config, &[model]);
    assert_eq!(summary.counts.analysed, 1, "{:?}", summary.warnings);
    // Eight bits change the spectrum little, yet the verdict is withheld.
    let largest = |report: &LayerReport| report.report.largest.unwrap();
    assert!((largest(&reports[0]) / largest(&plain[0]) - 1.0).abs() < 0.01);
    assert_eq!(reports[0].report.verdict, Verdict::NotEstimable);
    let notes =
        reports[0].report.notes.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    assert!(notes.contains("dequantized") && notes.contains("never called random"), "{notes}");
}
