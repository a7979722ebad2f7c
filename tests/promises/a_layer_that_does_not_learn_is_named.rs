//! A layer that does not learn is named. Of a bidirectional LSTM whose last output alone is used, the reverse direction sees
//! one element of each sequence, so its recurrent weights and its forget gate never move.

use crate::support::{alone_with_device, test};
use burn::module::Module;
use burn::nn::{BiLstm, BiLstmConfig, Linear, LinearConfig};
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::{Device, Distribution, Tensor};
use burn_rmt::{AlertKind, MonitorConfig, Overflow};
use libtest_mimic::Trial;
use std::collections::BTreeSet;

pub(crate) fn tests() -> Vec<Trial> {
    vec![test(module_path!(), "in_a_bidirectional_lstm", lstm)]
}

const INPUTS: usize = 20;
const HIDDEN: usize = 24;
const LENGTH: usize = 6;

#[derive(Module, Debug)]
struct Net {
    lstm: BiLstm,
    head: Linear,
}

impl Net {
    fn new(device: &Device) -> Self {
        Self {
            lstm: BiLstmConfig::new(INPUTS, HIDDEN, true).init(device),
            head: LinearConfig::new(2 * HIDDEN, 16).init(device),
        }
    }

    /// Mean squared error against the mean of each sequence.
    fn loss(&self, x: Tensor<3>) -> Tensor<1> {
        let [batch, ..] = x.dims();
        let wanted: Tensor<2> = x.clone().mean_dim(1).squeeze_dim(1);
        let (output, _) = self.lstm.forward(x, None);
        let last = output.slice([0..batch, LENGTH - 1..LENGTH, 0..2 * HIDDEN]);
        let y = self.head.forward(last.reshape([batch, 2 * HIDDEN]));
        (y - wanted.slice([0..batch, 0..16])).square().mean()
    }
}

fn lstm() {
    let (_guard, device) = alone_with_device();
    device.seed(3);
    let base = tempfile::tempdir().unwrap();
    let config = MonitorConfig::new(base.path().join("x")).with_every(10);
    let config = config.with_overflow(Overflow::Block).with_tensorboard(false).with_page(false);
    let monitor = config.init().unwrap();
    let mut model = Net::new(&device);
    let mut optim = AdamConfig::new().init();
    for step in 0..40_u64 {
        monitor.observe(step, &model);
        let x = Tensor::random([32, LENGTH, INPUTS], Distribution::Normal(0.0, 1.0), &device);
        let grads = GradientsParams::from_grads(model.loss(x).backward(), &model);
        model = optim.step(1e-2, model, grads);
    }
    let summary = monitor.finish_at(40_u64, &model);
    let named: BTreeSet<&str> = summary
        .alerts
        .iter()
        .filter(|alert| alert.alert == AlertKind::LayerDoesNotLearn)
        .map(|alert| alert.layer.as_str())
        .collect();
    // What the first step of the reverse direction has no use for.
    let gates = ["input_gate", "forget_gate", "output_gate", "cell_gate"];
    let recurrent = gates.map(|gate| format!("lstm.reverse.{gate}.hidden_transform.weight"));
    let mut wanted: BTreeSet<&str> = recurrent.iter().map(String::as_str).collect();
    wanted.insert("lstm.reverse.forget_gate.input_transform.weight");
    assert_eq!(named, wanted);
}
