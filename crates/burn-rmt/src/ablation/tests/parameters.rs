//! What becomes of each kind of parameter.

use super::super::{Ablation, AblationError, Select, deciles, kinds, prune, remove};
use super::{Net, difference, norm, param, values};
use burn::module::{Lora, Module, Param, Quantizer};
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{Embedding, EmbeddingConfig, Linear, LinearConfig};
use burn::tensor::quantization::{Calibration, QuantScheme, QuantValue};
use burn::tensor::{DType, Device, Tensor};
use rmt_core::layers::LayerKind;
use rmt_core::spectrum::{decompose, singular_values};
use rmt_core::{Matrix, Orientation};
use rmt_monitor::Layout;

fn matrix(values: &[f64], rows: usize, cols: usize) -> Matrix<'_> {
    Matrix::new(values, rows, cols, Orientation::InOut).unwrap()
}

#[test]
fn removing_nothing_changes_no_bit() {
    let net = Net::new(&Device::flex());
    let copy = remove(&net, Select::all(), |_, _| false).unwrap();
    assert_eq!(copy.up.weight.val().into_data(), net.up.weight.val().into_data());
    assert_eq!(copy.down.weight.val().into_data(), net.down.weight.val().into_data());
    assert_eq!(copy.bare.val().into_data(), net.bare.val().into_data());
}

#[test]
fn removing_all_leaves_exactly_zero_and_the_bias() {
    let net = Net::new(&Device::flex());
    let copy = remove(&net, Select::glob("*p.weight"), |_, _| true).unwrap();
    assert_eq!(values(copy.up.weight.val()), vec![0.0; 600]);
    assert_eq!(values(copy.up.bias.unwrap().val()), vec![1.0; 30]);
    // What is not selected stays.
    assert_eq!(copy.down.weight.val().into_data(), net.down.weight.val().into_data());
}

#[test]
fn the_groups_sum_to_the_matrix() {
    let net = Net::new(&Device::flex());
    let whole = values(net.up.weight.val());
    let mut sum = vec![0.0; whole.len()];
    for group in 0..10 {
        let within = |k: usize, m: usize| (group * m / 10..(group + 1) * m / 10).contains(&k);
        let copy = remove(&net, Select::name("up"), within).unwrap();
        let left = values(copy.up.weight.val());
        sum.iter_mut().zip(whole.iter().zip(left)).for_each(|(sum, (x, y))| *sum += x - y);
    }
    assert!(difference(&sum, &whole) < 1e-6 * norm(&whole));
}

#[test]
fn what_is_left_has_the_other_singular_values() {
    let net = Net::new(&Device::flex());
    for (share, left) in [(0.25, 15), (0.0, 20), (1.0, 0)] {
        let pruned = prune(&net, Select::name("down.weight"), share).unwrap();
        let (before, after) = (values(net.down.weight.val()), values(pruned.down.weight.val()));
        let before = singular_values(&matrix(&before, 30, 20)).unwrap();
        let after = singular_values(&matrix(&after, 30, 20)).unwrap();
        for (k, (before, after)) in before.iter().zip(&after).enumerate() {
            let expected = if k < left { *before } else { 0.0 };
            // Entries in single precision.
            assert!((after - expected).abs() < 1e-6 * before.max(10.0), "{k}: {after} {expected}");
        }
    }
    for share in [-0.1, 1.1, f64::NAN] {
        assert!(matches!(prune(&net, Select::all(), share), Err(AblationError::Share(_))));
    }
}

#[test]
fn the_model_is_untouched_and_the_copy_trains_as_it_did() {
    let device = Device::flex().autodiff();
    let mut net = Net::new(&device);
    net.bare = net.bare.set_require_grad(false);
    let before = [&net.up.weight, &net.down.weight, &net.bare].map(|p| p.val().into_data());
    let copy = remove(&net, Select::all(), |k, _| k % 2 == 0).unwrap();
    let pairs = [
        (&net.up.weight, &copy.up.weight),
        (&net.down.weight, &copy.down.weight),
        (&net.bare, &copy.bare),
    ];
    for (number, (before, (was, is))) in before.into_iter().zip(pairs).enumerate() {
        assert_eq!(was.val().into_data(), before);
        assert_ne!(is.val().into_data(), before);
        assert_eq!((was.id, is.val().is_autodiff()), (is.id, true));
        assert_eq!([was, is].map(|p| p.val().is_require_grad()), [number < 2; 2]);
    }
    // Evaluation and back: what was frozen is frozen.
    let again = copy.valid().train();
    assert!(again.up.weight.val().is_require_grad() && !again.bare.val().is_require_grad());
    // A copy has gradients of its own.
    let grads = copy.up.weight.val().square().sum().backward();
    let grad = copy.up.weight.val().grad(&grads).unwrap();
    let doubled: Vec<f64> = values(copy.up.weight.val()).iter().map(|x| 2.0 * x).collect();
    assert_eq!(values(grad), doubled);
    assert!(net.up.weight.val().grad(&grads).is_none());
}

#[derive(Module, Debug)]
struct Tied {
    embedding: Embedding,
    head: Param<Tensor<2>>,
}

#[test]
fn tied_weights_are_changed_once_and_stay_tied() {
    let device = Device::flex().autodiff();
    let mut embedding = EmbeddingConfig::new(24, 18).init(&device);
    embedding.weight = param(24, 18, 5, &device);
    let mut tied = Tied { head: embedding.weight.clone(), embedding };
    // Also where only the second of its names is selected.
    for select in [Select::all(), Select::name("head"), Select::kind(LayerKind::Embedding)] {
        let copy = remove(&tied, select.clone(), |k, _| k < 5).unwrap();
        let (embedding, head) = (copy.embedding.weight, copy.head);
        assert_eq!((embedding.id, head.id), (tied.head.id, tied.head.id));
        let data = head.val().into_data();
        assert_eq!(embedding.val().into_data(), data);
        let left = values(head.val());
        let left = singular_values(&matrix(&left, 24, 18)).unwrap();
        assert!(left[12] > 0.1 && left[13] < 1e-4, "{left:?}");
        // One leaf: the gradients of both uses come together.
        let loss = embedding.val().sum() + head.val().sum();
        let grads = loss.backward();
        assert_eq!(values(head.val().grad(&grads).unwrap()), vec![2.0; 24 * 18]);
        let table = deciles(&tied, select, |_| vec![1.0]).unwrap();
        assert_eq!((table.matrices, table.values), (1, 18));
    }
    tied.head = tied.head.map(|w| (w * 2.0).detach().require_grad());
    let error = remove(&tied, Select::all(), |_, _| true).unwrap_err();
    assert!(matches!(error, AblationError::Untied { layer, .. } if layer == "head"));
}

#[derive(Module, Debug)]
struct Convolutions {
    grouped: Conv2d,
    position: Param<Tensor<3>>,
}

#[test]
fn convolutions_are_read_by_their_layout() {
    let device = Device::flex();
    let mut grouped = Conv2dConfig::new([4, 6], [3, 3]).with_groups(2).init(&device);
    // [6, 2, 3, 3]: two groups [3, 2·3·3].
    grouped.weight = Param::from_tensor(param(6, 18, 7, &device).val().reshape([6, 2, 3, 3]));
    let position = Param::from_tensor(Tensor::ones([1, 5, 8], &device));
    let net = Convolutions { grouped, position };
    let whole = values(net.grouped.weight.val());
    let expected = |parts: usize| -> Vec<f64> {
        whole
            .chunks(whole.len() / parts)
            .flat_map(|part| {
                let matrix = matrix(part, 6 / parts, 18);
                decompose(&matrix).unwrap().without(&matrix, |k| k == 0).unwrap()
            })
            .collect()
    };
    let name = || Select::name("grouped");
    let one = remove(&net, name(), |k, _| k == 0).unwrap();
    let layout = Layout::Conv { groups: 2 };
    let two = Ablation::new(name()).with_layout("grouped.*", layout);
    let two = two.remove(&net, |k, m| (k, m) == (0, 3)).unwrap();
    for (copy, parts) in [(one, 1), (two, 2)] {
        let left = values(copy.grouped.weight.val());
        assert!(difference(&left, &expected(parts)) < 1e-6 * norm(&whole), "{parts}");
    }
    // No layout is known for a stack of small matrices: refused, unless it is given or left out.
    let error = remove(&net, Select::all(), |_, _| true).unwrap_err();
    assert!(matches!(&error, AblationError::NotAMatrix { layer, .. } if layer == "position"));
    assert!(error.to_string().contains("with_layout"), "{error}");
    assert!(remove(&net, Select::all().except("position"), |_, _| true).is_ok());
    let given = Ablation::new(Select::all()).with_layout("position", Layout::InOut);
    let copy = given.remove(&net, |_, _| true).unwrap();
    assert_eq!(values(copy.position.val()), vec![0.0; 40]);
    let unfit = Ablation::new(name()).with_layout("*", Layout::Conv { groups: 4 });
    assert!(matches!(unfit.remove(&net, |_, _| true), Err(AblationError::Unfit { .. })));
    assert_eq!(kinds(&net), [LayerKind::Conv]);
}

#[test]
fn adapters_stay_on_their_matrix() {
    let device = Device::flex().autodiff();
    let mut layer: Linear = LinearConfig::new(12, 16).with_bias(false).init(&device);
    layer.weight = param(12, 16, 10, &device);
    let layer = layer.apply_lora(Lora::new(4, 8.0));
    let copy = remove(&layer, Select::name("weight"), |_, _| true).unwrap();
    assert_eq!(values(copy.weight.base()), vec![0.0; 12 * 16]);
    assert!(!copy.weight.base().is_require_grad());
    let [before, after] = [&layer, &copy].map(|l| l.weight.adapter().unwrap().a.val());
    assert_eq!(after.into_data(), before.clone().into_data());
    // The factors are matrices of their own, and stay trainable.
    let factors = remove(&layer, Select::glob("*.lora.a"), |k, _| k > 0).unwrap();
    assert_eq!(factors.weight.base().into_data(), layer.weight.base().into_data());
    let a = factors.weight.adapter().unwrap().a.val();
    assert!(a.is_require_grad());
    let left = values(a);
    let left = singular_values(&matrix(&left, 12, 4)).unwrap();
    assert!(left[0] > 0.1 && left[1] < 1e-5 * left[0], "{left:?}");
}

#[test]
fn half_precision_is_rounded_once() {
    let device = Device::flex();
    for (dtype, digits) in [(DType::F16, 11), (DType::BF16, 8), (DType::F64, 53)] {
        let mut net = Net::new(&device);
        net.bare = net.bare.map(|w| w.cast(dtype));
        let before = values(net.bare.val());
        let copy = remove(&net, Select::name("bare"), |k, _| k < 4).unwrap();
        assert_eq!(copy.bare.val().dtype(), dtype);
        let matrix = matrix(&before, 20, 20);
        let exact = decompose(&matrix).unwrap().without(&matrix, |k| k < 4).unwrap();
        for (left, exact) in values(copy.bare.val()).iter().zip(exact) {
            // To the nearest: half a unit in the last place, of a number above 2⁻¹⁴.
            let unit = (exact.abs().max(1e-4).log2().floor() + 1.0 - f64::from(digits)).exp2();
            assert!((left - exact).abs() <= 0.5 * unit, "{dtype:?}: {left} {exact}");
        }
    }
}

#[test]
fn what_cannot_be_ablated_is_named() {
    let device = Device::flex();
    let net = Net::new(&device);
    let error = remove(&net, Select::name("sideways"), |_, _| true).unwrap_err().to_string();
    assert!(
        error.contains("sideways") && error.contains("up.weight, down.weight, bare"),
        "{error}"
    );
    let error = remove(&net, Select::glob("a[b"), |_, _| true);
    assert!(matches!(error, Err(AblationError::Pattern(_))));

    // Never initialized, selected or not: a forward of a copy would draw it for the model too.
    let mut lazy = net.clone();
    lazy.down = LinearConfig::new(30, 20).init(&device);
    let error = remove(&lazy, Select::all(), |_, _| true).unwrap_err();
    assert!(matches!(error, AblationError::Uninitialized { layer } if layer == "down.weight"));
    let error = deciles(&lazy, Select::name("up"), |_| vec![0.0]).unwrap_err();
    assert!(matches!(error, AblationError::Uninitialized { layer } if layer == "down.weight"));
    assert!(remove(&lazy, Select::name("up"), |_, _| true).is_ok());
    assert!(!lazy.down.weight.is_initialized());

    let mut broken = net.clone();
    broken.bare = broken.bare.map(|w| w / 0.0);
    let error = remove(&broken, Select::all(), |_, _| true).unwrap_err();
    assert!(matches!(error, AblationError::NotFinite { layer, count: 400 } if layer == "bare"));

    let scheme: QuantScheme = device.settings().quantization.scheme.with_value(QuantValue::Q8S);
    let mut layer: Linear = LinearConfig::new(32, 64).with_bias(false).init(&device);
    layer.weight = param(32, 64, 9, &device);
    let layer = layer.quantize_weights(&mut Quantizer::new(Calibration::MinMax, scheme));
    let error = remove(&layer, Select::all(), |_, _| true).unwrap_err();
    assert!(matches!(error, AblationError::Quantized { layer } if layer == "weight"));
}
