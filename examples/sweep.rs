//! The same task with several initializers, widths and weight decays, one run each: TensorBoard's
//! HParams page then compares their settings with the final figures of their weights.
//!
//! ```text
//! cargo run --release --example sweep
//! ```
//!
//! A network learns a function of four directions among the sixty-four of its inputs, from noisy
//! examples: what it should learn is of low rank, what it can learn by heart is noise. The sixteen runs
//! take about a minute on the CPU.

use anyhow::{Result, ensure};
use burn::module::Module;
use burn::nn::loss::{MseLoss, Reduction};
use burn::nn::{Initializer, Linear, LinearConfig};
use burn::optim::{AdamWConfig, GradientsParams};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Distribution, Tensor};
use burn_rmt::{MonitorConfig, Summary, Table, unused_run_directory};
use clap::Parser;
use rmt_core::shown::{self, NONE};
use rmt_examples::Backend;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

/// Trains one network for each initializer, width and weight decay.
#[derive(Parser, Debug)]
pub struct Options {
    /// Number of steps per run
    #[arg(long, default_value_t = 1000)]
    steps: u64,
    /// Directory for the runs, with one directory each; a number is appended if it exists
    #[arg(long, default_value = "runs/sweep")]
    run: PathBuf,
    /// Device to train on
    #[arg(long, value_enum, default_value_t)]
    device: Backend,
}

const INPUTS: usize = 64;
const EXAMPLES: usize = 512;
/// Standard deviation of the noise on the targets, which themselves are of order one.
const NOISE: f64 = 0.5;

const WIDTHS: [usize; 2] = [64, 256];
const WEIGHT_DECAYS: [f32; 4] = [0.0, 0.01, 0.1, 1.0];

fn initializers() -> [(&'static str, Initializer); 2] {
    let kaiming = Initializer::KaimingUniform { gain: 1.0, fan_out_only: false };
    [("kaiming_uniform", kaiming), ("normal_0.2", Initializer::Normal { mean: 0.0, std: 0.2 })]
}

#[derive(Module, Debug)]
struct Mlp {
    hidden: Linear,
    output: Linear,
}

impl Mlp {
    fn new(width: usize, initializer: &Initializer, device: &Device) -> Self {
        let layer = |inputs, outputs| {
            LinearConfig::new(inputs, outputs).with_initializer(initializer.clone()).init(device)
        };
        Self { hidden: layer(INPUTS, width), output: layer(width, 16) }
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.output.forward(relu(self.hidden.forward(x)))
    }
}

/// Inputs and targets to train on, and as many to validate with.
struct Data {
    train: (Tensor<2>, Tensor<2>),
    valid: (Tensor<2>, Tensor<2>),
}

impl Data {
    fn new(device: &Device) -> Self {
        device.seed(1);
        let normal = |rows, columns| {
            Tensor::<2>::random([rows, columns], Distribution::Normal(0.0, 1.0), device)
        };
        let (directions, readout) = (normal(INPUTS, 4) / 8.0, normal(4, 16));
        let half = || {
            let inputs = normal(EXAMPLES, INPUTS);
            let targets = inputs.clone().matmul(directions.clone()).sin().matmul(readout.clone());
            (inputs, targets + normal(EXAMPLES, 16) * NOISE)
        };
        Self { train: half(), valid: half() }
    }
}

/// What became of one run.
struct Run {
    given: [String; 3],
    loss: f64,
    validation: f64,
    summary: Summary,
}

/// Every run in its own directory, until `stop` is set; a table of all.
pub fn experiment(options: &Options, stop: &AtomicBool) -> Result<Table> {
    ensure!(options.steps >= 1, "--steps must be at least 1, not {}", options.steps);
    let device = options.device.device()?.autodiff();
    let data = Data::new(&device);
    let base = unused_run_directory(&options.run)?;
    let mut runs = Vec::new();
    for (name, initializer) in initializers() {
        for (width, decay) in WIDTHS.iter().flat_map(|w| WEIGHT_DECAYS.map(|decay| (*w, decay))) {
            if stop.load(Ordering::Relaxed) {
                break;
            }
            let directory = base.join(format!("{name}_width_{width}_decay_{decay}"));
            let config = MonitorConfig::new(directory)
                .with_every((options.steps / 20).max(1))
                .with_hyperparameter("initializer", name)
                .with_hyperparameter("width", width)
                .with_hyperparameter("weight_decay", f64::from(decay));
            let model = Mlp::new(width, &initializer, &device);
            let (loss, validation, summary) = train(options, config, model, decay, &data, stop)?;
            let given = [name.to_owned(), width.to_string(), decay.to_string()];
            runs.push(Run { given, loss, validation, summary });
        }
    }
    let table = table(&runs);
    println!("{}", table);
    let command = format!("tensorboard --logdir {}", base.display());
    println!("To compare the runs (HParams): {command} (to install it: pip install tensorboard)");
    Ok(table)
}

fn train(
    options: &Options,
    config: MonitorConfig,
    mut model: Mlp,
    decay: f32,
    data: &Data,
    stop: &AtomicBool,
) -> Result<(f64, f64, Summary)> {
    let mut optim = AdamWConfig::new().with_weight_decay(decay).init();
    let monitor = config.init()?;
    let mse = |model: &Mlp, (inputs, targets): &(Tensor<2>, Tensor<2>)| {
        MseLoss::new().forward(model.forward(inputs.clone()), targets.clone(), Reduction::Mean)
    };
    let mut step = 0;
    while step < options.steps && !stop.load(Ordering::Relaxed) {
        monitor.observe(step, &model);
        let loss = mse(&model, &data.train);
        let grads = GradientsParams::from_grads(loss.backward(), &model);
        model = optim.step(3e-3, model, grads);
        step += 1;
        monitor.scalar(step, "loss/train", &loss);
    }
    monitor.observe_last(step, &model);
    let [loss, validation] = [&data.train, &data.valid].map(|half| mse(&model.valid(), half));
    let validation = validation.try_into_scalar::<f64>()?;
    monitor.scalar(step, "loss/valid", validation);
    Ok((loss.try_into_scalar::<f64>()?, validation, monitor.finish()))
}

/// A row each.
fn table(runs: &[Run]) -> Table {
    let figures =
        ["loss", "validation", "hidden: above", "strongest signal", "stable rank", "drift"];
    let columns = ["initializer", "width", "weight decay"].into_iter().chain(figures);
    let rows = runs.iter().map(|run| {
        let hidden = run.summary.layers.first().map(|layer| &layer.last.report);
        let number = |x: Option<f64>| x.map_or(NONE.into(), |x| format!("{x:.2}"));
        let above = hidden.map_or(NONE.into(), shown::above);
        let signal = hidden.and_then(|report| Some(report.signal.first()?.strength));
        let rank = hidden.and_then(|report| report.heavy_tail.as_ref()?.stable_rank);
        let drift = hidden.and_then(|report| report.drift.as_ref()?.relative_norm);
        let mut row = run.given.to_vec();
        row.extend([format!("{:.3}", run.loss), format!("{:.3}", run.validation)]);
        row.push(above);
        row.extend([signal, rank, drift].map(number));
        row
    });
    let columns = columns.map(str::to_owned).collect();
    Table::new(columns, rows.collect())
}

fn main() -> ExitCode {
    let run = || {
        let stop = rmt_examples::stop_on_ctrl_c()?;
        experiment(&Options::parse(), stop).map(|_| ())
    };
    rmt_examples::exit_code(run())
}
