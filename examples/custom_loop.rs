//! The shortest complete training loop with burn, watched in five lines.
//!
//! ```text
//! cargo run --release --example custom_loop
//! ```
//!
//! It can be copied into a project of its own, as `src/main.rs`, with this in `Cargo.toml` and the path of
//! this repository in it:
//!
//! ```toml
//! [package]
//! name = "watched"
//! version = "0.1.0"
//! edition = "2024"
//!
//! [dependencies]
//! burn = { version = "=0.22.1", features = ["flex"] }
//! burn-rmt = { path = "…/crates/burn-rmt" }
//! ```

use burn::module::Module;
use burn::nn::loss::{MseLoss, Reduction};
use burn::nn::{Linear, LinearConfig};
use burn::optim::{AdamWConfig, GradientsParams};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Distribution, Tensor};
use burn_rmt::MonitorConfig;

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

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let device = Device::flex().autodiff();
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

    let monitor = MonitorConfig::new("runs/loop").with_every(50).init()?;
    for step in 0..1000 {
        monitor.observe(step, &model); // the weights after so many updates
        let outputs = model.forward(inputs.clone());
        let loss = MseLoss::new().forward(outputs, targets.clone(), Reduction::Mean);
        let grads = GradientsParams::from_grads(loss.backward(), &model);
        model = optim.step(1e-2, model, grads);
        monitor.scalar(step, "loss/train", &loss);
        if step % 100 == 0 {
            println!("step {step}: loss {:.1e}", loss.try_into_scalar::<f64>()?);
        }
    }
    print!("{}", monitor.finish_at(1000, &model)); // the last weights
    Ok(())
}
