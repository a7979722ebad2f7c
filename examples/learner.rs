//! burn's own training loop, `SupervisedTraining`, with the monitor in five lines.
//!
//! ```text
//! cargo run --release --example learner
//! ```
//!
//! A network learns which of twenty directions in space a point is nearest to. Checkpoints, early
//! stopping and burn's renderer (its text interface in a terminal) are as they are without the
//! monitor; the lines that it adds are marked.

use anyhow::{Result, ensure};
use burn::data::dataloader::batcher::Batcher;
use burn::data::dataloader::{DataLoader, DataLoaderBuilder};
use burn::data::dataset::InMemDataset;
use burn::module::Module;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::nn::{Linear, LinearConfig};
use burn::optim::AdamWConfig;
use burn::tensor::activation::relu;
use burn::tensor::{Device, Int, Tensor, TensorData};
use burn::train::metric::store::{Aggregate, Direction, Split};
use burn::train::metric::{AccuracyMetric, LearningRateMetric, LossMetric};
use burn::train::{
    ClassificationOutput, InferenceStep, Interrupter, Learner, MetricEarlyStoppingStrategy,
    StoppingCondition, SupervisedTraining, TrainOutput, TrainStep,
};
use burn_rmt::{MonitorConfig, Summary};
use clap::Parser;
use rand::SeedableRng;
use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;
use rmt_examples::Backend;
use std::path::PathBuf;
use std::sync::Arc;

/// Trains a classifier with burn's `Learner`, watched.
#[derive(Parser, Clone, Debug)]
pub struct Options {
    /// Greatest number of passes over the data
    #[arg(long, default_value_t = 20)]
    pub epochs: usize,
    /// Number of training points; a quarter as many are drawn for validation
    #[arg(long, default_value_t = 8192)]
    pub points: usize,
    /// Number of optimizer steps between observations of the weights
    #[arg(long, default_value_t = 32)]
    pub every: u64,
    /// Directory for the run; a number is appended if it exists
    #[arg(long, default_value = "runs/learner")]
    pub run: PathBuf,
    /// Seed of the data and the initial weights
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Device to train on
    #[arg(long, value_enum, default_value_t)]
    pub device: Backend,
}

impl Options {
    /// Fails, with one line that says why, when these options cannot be trained with.
    pub fn check(&self) -> Result<()> {
        ensure!(self.epochs >= 1, "--epochs must be at least 1, not {}", self.epochs);
        let least = 4 * BATCH;
        ensure!(self.points >= least, "--points must be at least {least}, not {}", self.points);
        Ok(())
    }
}

const DIMENSION: usize = 64;
const HIDDEN: usize = 256;
const CLASSES: usize = 20;
const BATCH: usize = 128;
const LEARNING_RATE: f64 = 1e-3;

// ------------------------------------------------------------------------------------------------
// Data

/// A point and the direction it is nearest to.
type Point = (Vec<f32>, i32);

/// Points and their classes, as tensors.
#[derive(Clone, Debug)]
pub struct Batch {
    points: Tensor<2>,
    classes: Tensor<1, Int>,
}

struct Points;

impl Batcher<Point, Batch> for Points {
    fn batch(&self, items: Vec<Point>, device: &Device) -> Batch {
        let n = items.len();
        let (points, classes): (Vec<_>, Vec<_>) = items.into_iter().unzip();
        let points = TensorData::new(points.concat(), [n, DIMENSION]);
        let classes = TensorData::new(classes, [n]);
        Batch {
            points: Tensor::from_data(points, device),
            classes: Tensor::from_data(classes, device),
        }
    }
}

/// Normal points, each with the class whose direction it lies closest to.
fn data(options: &Options) -> [Arc<dyn DataLoader<Batch>>; 2] {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(options.seed);
    let mut normal =
        || -> Vec<f32> { (0..DIMENSION).map(|_| StandardNormal.sample(&mut rng)).collect() };
    let directions: Vec<_> = (0..CLASSES).map(|_| normal()).collect();
    let along = |x: &[f32], y: &[f32]| x.iter().zip(y).map(|(a, b)| a * b).sum::<f32>();
    let mut points = |number: usize| -> Vec<Point> {
        let classified = |point: Vec<f32>| {
            let nearest = (0..CLASSES).max_by(|&a, &b| {
                along(&point, &directions[a]).total_cmp(&along(&point, &directions[b]))
            });
            (point, nearest.unwrap_or(0) as i32)
        };
        (0..number).map(|_| classified(normal())).collect()
    };
    [options.points, options.points / 4].map(|number| {
        DataLoaderBuilder::new(Points)
            .batch_size(BATCH)
            .shuffle(options.seed)
            .build(InMemDataset::new(points(number)))
    })
}

// ------------------------------------------------------------------------------------------------
// Model

/// One hidden layer.
#[derive(Module, Debug)]
pub struct Classifier {
    hidden: Linear,
    output: Linear,
}

impl Classifier {
    fn new(device: &Device) -> Self {
        Self {
            hidden: LinearConfig::new(DIMENSION, HIDDEN).init(device),
            output: LinearConfig::new(HIDDEN, CLASSES).init(device),
        }
    }

    fn classify(&self, batch: Batch) -> ClassificationOutput {
        let scores = self.output.forward(relu(self.hidden.forward(batch.points)));
        let loss = CrossEntropyLossConfig::new().init(&scores.device());
        let loss = loss.forward(scores.clone(), batch.classes.clone());
        ClassificationOutput::new(loss, scores, batch.classes)
    }
}

impl TrainStep for Classifier {
    type Input = Batch;
    type Output = ClassificationOutput;
    fn step(&self, batch: Batch) -> TrainOutput<ClassificationOutput> {
        let output = self.classify(batch);
        TrainOutput::new(self, output.loss.backward(), output)
    }
}

impl InferenceStep for Classifier {
    type Input = Batch;
    type Output = ClassificationOutput;
    fn step(&self, batch: Batch) -> ClassificationOutput {
        self.classify(batch)
    }
}

// ------------------------------------------------------------------------------------------------
// Training

/// Trains as `options` say, until `interrupter` stops it; burn's files and the monitor's go into one
/// directory.
pub fn train(options: &Options, interrupter: Interrupter) -> Result<Summary> {
    options.check()?;
    let device = options.device.device()?.autodiff();
    device.seed(options.seed);
    let model = Classifier::new(&device);
    let monitor = MonitorConfig::new(&options.run).with_every(options.every).init()?; // (1)
    let directory = monitor.run_directory().unwrap_or(&options.run).to_owned();

    let [train, valid] = data(options);
    let stop = MetricEarlyStoppingStrategy::new(
        &LossMetric::new(),
        Aggregate::Mean,
        Direction::Lowest,
        Split::Valid,
        StoppingCondition::NoImprovementSince { n_epochs: 3 },
    );
    let training = SupervisedTraining::new(&directory, train, valid)
        .num_epochs(options.epochs)
        .metrics((LossMetric::new(), AccuracyMetric::new()))
        .metric_train_numeric(LearningRateMetric::new())
        .with_default_checkpointers()
        .early_stopping(stop)
        .with_interrupter(interrupter)
        .with_metric_logger(monitor.metric_logger(&directory)) // (2)
        .metric_train(monitor.metric()) // (3)
        .with_application_logger(None)
        .summary();
    let optim = AdamWConfig::new().init();
    let learner = Learner::new(monitor.wrap(model), optim, LEARNING_RATE); // (4)
    Ok(training.launch(learner).model.finish()) // (5)
}

#[allow(dead_code)]
fn main() -> Result<()> {
    // Ctrl-C ends the training, not the program.
    let interrupter = Interrupter::new();
    let stop = interrupter.clone();
    rmt_examples::on_ctrl_c(move || stop.stop(Some("Ctrl-C")))?;
    let summary = train(&Options::parse(), interrupter)?;
    print!("{summary}");
    Ok(())
}
