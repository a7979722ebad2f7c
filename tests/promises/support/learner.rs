//! A small regression trained by burn's own loop.

use burn::data::dataloader::batcher::Batcher;
use burn::data::dataloader::{DataLoader, DataLoaderBuilder};
use burn::data::dataset::InMemDataset;
use burn::module::Module;
use burn::nn::loss::{MseLoss, Reduction};
use burn::nn::{Linear, LinearConfig};
use burn::optim::SgdConfig;
use burn::tensor::activation::tanh;
use burn::tensor::{Device, Tensor, TensorData};
use burn::train::logger::{EvaluationProgressLogger, TrainingProgressLogger};
use burn::train::metric::{LossMetric, MetricDefinition};
use burn::train::renderer::{
    EvaluationName, MetricState, MetricsRenderer, MetricsRendererEvaluation,
    MetricsRendererTraining,
};
use burn::train::{
    InferenceStep, Learner, LearnerModel, RegressionOutput, SupervisedTraining, TrainOutput,
    TrainStep,
};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(crate) const INPUTS: usize = 16;
const HIDDEN: usize = 24;
const OUTPUTS: usize = 18;

#[derive(Module, Debug)]
pub(crate) struct Net {
    pub(crate) first: Linear,
    pub(crate) second: Linear,
}

impl Net {
    /// Names of its matrices.
    pub(crate) const LAYERS: [&str; 2] = ["first.weight", "second.weight"];

    /// The same weights for the same seed, drawn at once.
    pub(crate) fn new(device: &Device, seed: u64) -> Self {
        device.seed(seed);
        let net = Self::lazy(device);
        let batch = batches(1).iter().next().unwrap().unwrap();
        let _ = net.output(batch.to_device(device));
        net
    }

    /// Weights that are drawn when they are first needed.
    pub(crate) fn lazy(device: &Device) -> Self {
        Self {
            first: LinearConfig::new(INPUTS, HIDDEN).init(device),
            second: LinearConfig::new(HIDDEN, OUTPUTS).init(device),
        }
    }

    /// All weights, as bits.
    pub(crate) fn bits(&self) -> Vec<u32> {
        [&self.first, &self.second]
            .iter()
            .flat_map(|layer| layer.weight.val().into_data().try_into_vec_as::<f32>().unwrap())
            .map(f32::to_bits)
            .collect()
    }

    fn output(&self, batch: Batch) -> RegressionOutput {
        let output = self.second.forward(tanh(self.first.forward(batch.inputs)));
        let loss = MseLoss::new().forward(output.clone(), batch.targets.clone(), Reduction::Mean);
        RegressionOutput::new(loss, output, batch.targets)
    }
}

impl TrainStep for Net {
    type Input = Batch;
    type Output = RegressionOutput;
    fn step(&self, batch: Batch) -> TrainOutput<RegressionOutput> {
        let output = self.output(batch);
        TrainOutput::new(self, output.loss.backward(), output)
    }
}

impl InferenceStep for Net {
    type Input = Batch;
    type Output = RegressionOutput;
    fn step(&self, batch: Batch) -> RegressionOutput {
        self.output(batch)
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Batch {
    pub(crate) inputs: Tensor<2>,
    pub(crate) targets: Tensor<2>,
}

impl Batch {
    pub(crate) fn to_device(&self, device: &Device) -> Self {
        let moved = |tensor: &Tensor<2>| tensor.clone().to_device(device);
        Self { inputs: moved(&self.inputs), targets: moved(&self.targets) }
    }
}

struct ByIndex;

impl Batcher<usize, Batch> for ByIndex {
    fn batch(&self, items: Vec<usize>, device: &Device) -> Batch {
        let tensor = |columns: usize, phase: f32| {
            let entry = |i: usize| move |j: usize| ((i * columns + j) as f32 * phase).sin();
            let values = items.iter().flat_map(|&i| (0..columns).map(entry(i))).collect();
            Tensor::from_data(TensorData::new::<f32, _>(values, [items.len(), columns]), device)
        };
        Batch { inputs: tensor(INPUTS, 1.7), targets: tensor(OUTPUTS, 0.9) }
    }
}

/// Batches of four in a fixed order.
pub(crate) fn batches(number: usize) -> Arc<dyn DataLoader<Batch>> {
    DataLoaderBuilder::new(ByIndex)
        .batch_size(4)
        .build(InMemDataset::new((0..4 * number).collect::<Vec<usize>>()))
}

/// Ten batches an epoch to train on, three to validate with.
pub(crate) fn training<M>(directory: &Path) -> SupervisedTraining<M>
where
    M: LearnerModel
        + TrainStep<Input = Batch, Output = RegressionOutput>
        + InferenceStep<Input = Batch, Output = RegressionOutput>,
{
    bare_training(directory).metrics((LossMetric::new(),)).with_default_checkpointers()
}

/// The same, without metrics and checkpoints.
pub(crate) fn bare_training<M>(directory: &Path) -> SupervisedTraining<M>
where
    M: LearnerModel + TrainStep<Input = Batch> + InferenceStep<Input = Batch>,
{
    SupervisedTraining::new(directory, batches(10), batches(3))
        .with_application_logger(None)
        .renderer(Box::new(Silent))
}

pub(crate) fn learner<M: LearnerModel>(model: M, rate: f64) -> Learner<M> {
    Learner::new(model, SgdConfig::new().init(), rate)
}

/// burn's own renderer prints a line a batch.
struct Silent;

impl MetricsRendererTraining for Silent {
    fn update_train(&mut self, _state: MetricState) {}
    fn update_valid(&mut self, _state: MetricState) {}
}

impl TrainingProgressLogger for Silent {
    fn start(&mut self, _epochs: usize, _from: usize, _items: Option<usize>, _label: Option<&str>) {
    }
    fn start_split(&mut self, _name: &str, _items: usize) {}
    fn update_split(&mut self, _items: usize) {}
    fn update_epoch(&mut self, _epoch: usize) {}
    fn end_split(&mut self) {}
    fn end(&mut self) {}
    fn log_event_training(&mut self, _event: String) {}
}

impl MetricsRendererEvaluation for Silent {
    fn update_test(&mut self, _name: EvaluationName, _state: MetricState) {}
}

impl EvaluationProgressLogger for Silent {
    fn start_global_progress(&mut self, _tests: usize) {}
    fn start_test(&mut self, _name: &str, _items: usize) {}
    fn update_test_progress(&mut self, _items: usize) {}
    fn end_test(&mut self) {}
    fn end_global_progress(&mut self) {}
    fn log_event_evaluation(&mut self, _event: String) {}
}

impl MetricsRenderer for Silent {
    fn manual_close(&mut self) {}
    fn register_metric(&mut self, _definition: MetricDefinition) {}
}

/// Every file below a directory, by its path within.
pub(crate) fn files(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![directory.to_owned()];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(directory).unwrap().to_owned();
                found.insert(name, std::fs::read(path).unwrap());
            }
        }
    }
    found
}
