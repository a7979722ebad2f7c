//! A small network learns to add modulo a prime: it memorizes first, and generalizes much later.
//!
//! ```text
//! cargo run --release --example grokking
//! ```
//!
//! The network sees 35 % of all pairs `(a, b)` with their sum mod 59. It knows these by heart within
//! two hundred steps, while it gets every pair wrong that it has seen in neither order. Weight decay
//! goes on shrinking the weights, and some three thousand steps later the network has found the rule
//! and answers the pairs it never saw: grokking (Power et al., 2022,
//! <https://arxiv.org/abs/2201.02177>). It takes under a minute on the CPU; `--device wgpu` is for a
//! GPU.
//!
//! Meanwhile a monitor compares its weights with random matrices. At the end a table has what
//! each weight matrix was at the start and what it has become, and says where to see more.

use std::collections::HashSet;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::{Result, ensure};
use burn::module::Module;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::nn::{Embedding, EmbeddingConfig, Linear, LinearConfig};
use burn::optim::{AdamWConfig, GradientsParams};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Int, Tensor, TensorData};
use burn_rmt::{Monitor, MonitorConfig};
use clap::Parser;
use rand::{SeedableRng, seq::SliceRandom};
use rand_xoshiro::Xoshiro256PlusPlus;
use rmt_examples::Backend;

// ------------------------------------------------------------------------------------------------
// Options

/// Trains a network on addition modulo a number until it groks.
#[derive(Parser, Clone, Debug)]
pub struct Options {
    /// Number of optimizer steps
    #[arg(long, default_value_t = 4000)]
    pub steps: u64,
    /// Number of steps between evaluations of the accuracy, and between observations of the weights
    #[arg(long, default_value_t = 50)]
    pub every: u64,
    /// Directory for the run; a number is appended if it exists
    #[arg(long, default_value = "runs/grokking")]
    pub run: PathBuf,
    /// Seed of the split into training and test pairs, and of the initial weights
    #[arg(long, default_value_t = 2)]
    pub seed: u64,
    /// Pairs are added modulo this number
    #[arg(long, default_value_t = 59)]
    pub modulus: usize,
    /// Device to train on
    #[arg(long, value_enum, default_value_t)]
    pub device: Backend,
}

impl Options {
    /// Fails, with one line that says why, when these options cannot be trained with.
    pub fn check(&self) -> Result<()> {
        ensure!(self.steps >= 1, "--steps must be at least 1, not {}", self.steps);
        ensure!(self.every >= 1, "--every must be at least 1, not {}", self.every);
        ensure!(self.modulus >= 3, "--modulus must be at least 3, not {}", self.modulus);
        Ok(())
    }
}

/// The fraction of all pairs that is trained on. With much less the network never generalizes, with
/// much more it generalizes at once.
const TRAIN_FRACTION: f64 = 0.35;
/// Test accuracy above which we say that the network has grokked.
const GROKKED: f64 = 0.95;

const LEARNING_RATE: f64 = 1e-3;
/// Large, as this is the force that makes the network give up memorizing.
const WEIGHT_DECAY: f32 = 1.0;
const BETA_2: f32 = 0.98;

const EMBEDDING: usize = 128;
const HIDDEN: usize = 256;

// ------------------------------------------------------------------------------------------------
// Data

/// Pairs `(a, b)`, split at random into those trained on and those tested on.
#[derive(Clone, Debug)]
pub struct Data {
    /// The pairs that the network is trained on.
    pub train: Examples,
    /// The pairs that it never sees, in neither order.
    pub test: Examples,
}

/// Some pairs with their sums, as one batch.
#[derive(Clone, Debug)]
pub struct Examples {
    /// One pair a row, `[n, 2]`.
    pub pairs: Tensor<2, Int>,
    /// Their sums modulo the modulus, `[n]`.
    pub sums: Tensor<1, Int>,
}

impl Data {
    /// The pairs of all numbers below `modulus`. The split depends on `seed` only: it is drawn from
    /// a generator of its own, not from that of the device.
    pub fn new(modulus: usize, seed: u64, device: &Device) -> Self {
        let p = modulus as i32;
        let mut pairs: Vec<[i32; 2]> = (0..p).flat_map(|a| (0..p).map(move |b| [a, b])).collect();
        pairs.shuffle(&mut Xoshiro256PlusPlus::seed_from_u64(seed));

        let batch = |pairs: &[[i32; 2]]| {
            let sums = pairs.iter().map(|[a, b]| (a + b) % p).collect();
            let (n, pairs) = (pairs.len(), pairs.concat());
            Examples {
                pairs: Tensor::from_data(TensorData::new(pairs, [n, 2]), device),
                sums: Tensor::from_data(TensorData::new::<i32, _>(sums, [n]), device),
            }
        };
        // The network cannot tell (a, b) from (b, a), so a pair is only new in both orders.
        let mut test = pairs.split_off((TRAIN_FRACTION * pairs.len() as f64) as usize);
        let trained: HashSet<_> = pairs.iter().collect();
        test.retain(|[a, b]| !trained.contains(&[*b, *a]));
        Self { train: batch(&pairs), test: batch(&test) }
    }
}

// ------------------------------------------------------------------------------------------------
// Model

/// Two numbers in, one score for every possible sum out.
#[derive(Module, Debug)]
pub struct Network {
    /// One vector a number, shared by both places.
    pub embedding: Embedding,
    /// From the embedding to the hidden layer.
    pub hidden: Linear,
    /// From the hidden layer to one score a sum.
    pub output: Linear,
}

impl Network {
    /// A network for numbers below `modulus`, with burn's default initializers.
    pub fn new(modulus: usize, device: &Device) -> Self {
        Self {
            embedding: EmbeddingConfig::new(modulus, EMBEDDING).init(device),
            hidden: LinearConfig::new(EMBEDDING, HIDDEN).init(device),
            output: LinearConfig::new(HIDDEN, modulus).init(device),
        }
    }

    /// Scores `[n, modulus]` of pairs `[n, 2]`.
    pub fn forward(&self, pairs: Tensor<2, Int>) -> Tensor<2> {
        let x = self.embedding.forward(pairs).sum_dim(1).squeeze_dim(1);
        self.output.forward(relu(self.hidden.forward(x)))
    }

    /// The fraction of the examples whose sum gets the highest score.
    pub fn accuracy(&self, examples: &Examples) -> Result<f64> {
        let guesses = self.forward(examples.pairs.clone()).argmax(1).squeeze_dim::<1>(1);
        let right = guesses.equal(examples.sums.clone()).int().sum().try_into_scalar::<i64>()?;
        Ok(right as f64 / examples.sums.dims()[0] as f64)
    }
}

// ------------------------------------------------------------------------------------------------
// Training

/// What a training run reached.
#[derive(Debug)]
pub struct Reached {
    /// Steps taken: fewer than asked for when the run was stopped.
    pub steps: u64,
    /// Accuracy on the training pairs after the last step.
    pub train_accuracy: f64,
    /// Accuracy on the test pairs after the last step.
    pub test_accuracy: f64,
    /// The first evaluated step at which every training pair was known.
    pub memorized: Option<u64>,
    /// The first evaluated step at which more than 95 % of the test pairs were known.
    pub grokked: Option<u64>,
    /// The trained network.
    pub model: Network,
}

/// Trains a network from scratch, for `options.steps` steps or until `stop` is set, watched by
/// `monitor`.
pub fn train(options: &Options, monitor: &Monitor, stop: &AtomicBool) -> Result<Reached> {
    options.check()?;

    let device = options.device.device()?.autodiff();
    device.seed(options.seed);
    let data = Data::new(options.modulus, options.seed, &device);
    let mut model = Network::new(options.modulus, &device);
    let mut optim = AdamWConfig::new().with_weight_decay(WEIGHT_DECAY).with_beta_2(BETA_2).init();
    let cross_entropy = CrossEntropyLossConfig::new().init(&device);

    let bar = rmt_examples::progress_bar(options.steps)?;
    let (mut memorized, mut grokked) = (None, None);
    let mut step = 0;
    while step < options.steps && !stop.load(Ordering::Relaxed) {
        monitor.observe(step, &model); // the weights after so many updates
        // One step on all training pairs at once.
        let scores = model.forward(data.train.pairs.clone());
        let loss = cross_entropy.forward(scores, data.train.sums.clone());
        let grads = GradientsParams::from_grads(loss.backward(), &model);
        model = optim.step(LEARNING_RATE, model, grads);
        step += 1;

        monitor.scalar(step, "loss/train", &loss);

        bar.set_position(step);
        if step.is_multiple_of(options.every) {
            let model = model.valid();
            let (train, test) = (model.accuracy(&data.train)?, model.accuracy(&data.test)?);
            monitor.scalar(step, "accuracy/train", train);
            monitor.scalar(step, "accuracy/test", test);
            if train == 1.0 {
                memorized.get_or_insert(step);
            }
            if test > GROKKED {
                grokked.get_or_insert(step);
            }
            let loss = loss.try_into_scalar::<f64>()?;
            let (train, test) = (100.0 * train, 100.0 * test);
            bar.set_message(format!("loss {loss:.2e}  train {train:.1} %  test {test:.1} %"));
        }
    }
    bar.finish_and_clear();
    monitor.observe_last(step, &model);

    let evaluated = model.valid();
    Ok(Reached {
        steps: step,
        train_accuracy: evaluated.accuracy(&data.train)?,
        test_accuracy: evaluated.accuracy(&data.test)?,
        memorized,
        grokked,
        model,
    })
}

// ------------------------------------------------------------------------------------------------
// Result

fn main() -> ExitCode {
    rmt_examples::exit_code(run(&Options::parse()))
}

fn run(options: &Options) -> Result<()> {
    options.check()?;
    let stop = rmt_examples::stop_on_ctrl_c()?;

    let monitor = MonitorConfig::new(&options.run).with_every(options.every).init()?;
    let start = Instant::now();
    let reached = train(options, &monitor, stop)?;
    let seconds = start.elapsed().as_secs_f64();
    let summary = monitor.finish();

    let device = rmt_examples::name(&options.device.device()?);
    println!("{} of {} steps in {seconds:.1} s on {device}", reached.steps, options.steps);
    println!(
        "accuracy: {:.1} % on the training pairs, {:.1} % on the test pairs",
        100.0 * reached.train_accuracy,
        100.0 * reached.test_accuracy
    );
    match (reached.memorized, reached.grokked) {
        (_, Some(step)) => println!("grokked: test accuracy passed 95 % at step {step}"),
        (Some(step), None) => println!("memorized by step {step}, not grokked yet"),
        (None, None) => println!("not even memorized yet"),
    }
    print!("\n{summary}");
    Ok(())
}
