//! The shortest complete training loop with burn, watched in five lines.
//!
//! ```text
//! cargo run --release --example custom_loop
//! ```

use burn::module::Module;
use burn::nn::loss::{MseLoss, Reduction};
use burn::nn::{Linear, LinearConfig};
use burn::optim::{AdamWConfig, GradientsParams};
use burn::tensor::activation::relu;
use burn::tensor::{Distribution, Tensor};
use burn_rmt::{MonitorConfig, unused_run_directory};
use clap::Parser;
use rmt_examples::Backend;
use std::sync::atomic::Ordering;

#[derive(Module, Debug)]
struct Mlp {
    hidden: Linear,
    output: Linear,
}

impl Mlp {
    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.output.forward(relu(self.hidden.forward(x)))
    }
}

#[derive(Parser, Debug)]
struct Options {
    /// What it is trained on
    #[arg(long, value_enum, default_value_t)]
    device: Backend,
}

fn main() -> anyhow::Result<()> {
    let device = Options::parse().device.device()?.autodiff();
    device.seed(0);

    // The targets depend on four directions among the sixty-four of the inputs.
    let normal = Distribution::Normal(0.0, 1.0);
    let inputs = Tensor::<2>::random([1024, 64], normal, &device);
    let directions = Tensor::<2>::random([64, 4], normal, &device) / 8.0;
    let targets = inputs.clone().matmul(directions).sin();

    let mut model = Mlp {
        hidden: LinearConfig::new(64, 128).init(&device),
        output: LinearConfig::new(128, 4).init(&device),
    };
    let mut optim = AdamWConfig::new().init();

    let stop = rmt_examples::stop_on_ctrl_c()?;
    let monitor = MonitorConfig::new(unused_run_directory("runs/loop")).with_every(50).init()?;
    monitor.observe(0, &model); // the weights before the first update
    for step in 1..=1000 {
        let outputs = model.forward(inputs.clone());
        let loss = MseLoss::new().forward(outputs, targets.clone(), Reduction::Mean);
        let grads = GradientsParams::from_grads(loss.backward(), &model);
        model = optim.step(1e-2, model, grads);
        monitor.observe(step, &model);
        monitor.scalar(step, "loss/train", &loss);
        if step % 100 == 0 {
            println!("step {step}: loss {:.1e}", loss.try_into_scalar::<f64>()?);
        }
        if stop.load(Ordering::Relaxed) {
            break;
        }
    }
    let summary = monitor.finish();
    for layer in &summary.layers {
        let (first, last) = (&layer.first, &layer.last);
        let (from, to) = (first.report.verdict, last.report.verdict);
        println!("{}: {from} at step {}, {to} at step {}", first.layer.name, first.step, last.step);
    }
    Ok(())
}
