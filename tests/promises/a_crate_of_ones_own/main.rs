use burn::module::Module;
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
    let mut model = Mlp {
        hidden: LinearConfig::new(24, 40).init(&device),
        output: LinearConfig::new(40, 24).init(&device),
    };
    let mut optim = AdamWConfig::new().init();

    let monitor = MonitorConfig::new("runs/mine").with_every(10).init()?;
    monitor.observe(0, &model);
    for step in 1..=30 {
        let x = Tensor::<2>::random([64, 24], Distribution::Normal(0.0, 1.0), &device);
        let loss = (model.forward(x.clone()) - x).square().mean();
        let grads = GradientsParams::from_grads(loss.backward(), &model);
        model = optim.step(1e-2, model, grads);
        monitor.observe(step, &model);
        monitor.scalar(step, "loss/train", &loss);
    }
    for layer in &monitor.finish_at(30, &model).layers {
        println!("{}: {}", layer.first.layer.name, layer.last.report.verdict);
    }
    Ok(())
}
