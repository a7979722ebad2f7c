//! A small classifier: points in space, and which of sixteen directions each is nearest to.

use super::training::{Data, Subject};
use burn::module::Module;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Int, Tensor, TensorData};
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;

const DIMENSION: usize = 64;
const HIDDEN: usize = 96;
const CLASSES: usize = 16;
const BATCH: usize = 32;
/// Points that are trained on, and validated with.
const POINTS: usize = 8192;
const VALIDATED: usize = 1024;

/// Two hidden layers.
#[derive(Module, Debug)]
pub(super) struct Classifier {
    first: Linear,
    second: Linear,
    head: Linear,
    /// Whether the inputs of the head are cut off from their gradients.
    #[module(skip)]
    detached: bool,
}

/// Points and their classes.
#[derive(Clone, Debug)]
pub(super) struct Points {
    points: Tensor<2>,
    classes: Tensor<1, Int>,
}

impl Classifier {
    /// Random weights, by burn's default.
    pub(super) fn new(device: &Device) -> Self {
        Self {
            first: LinearConfig::new(DIMENSION, HIDDEN).init(device),
            second: LinearConfig::new(HIDDEN, HIDDEN).init(device),
            head: LinearConfig::new(HIDDEN, CLASSES).init(device),
            detached: false,
        }
    }

    /// With the inputs of the head cut off from their gradients.
    #[must_use]
    pub(super) fn with_detached(self, detached: bool) -> Self {
        Self { detached, ..self }
    }
}

impl Subject for Classifier {
    type Batch = Points;

    fn loss(&self, batch: &Points) -> Tensor<1> {
        let x = relu(self.first.forward(batch.points.clone()));
        let x = relu(self.second.forward(x));
        let x = if self.detached { x.detach() } else { x };
        let scores = self.head.forward(x);
        CrossEntropyLossConfig::new().init(&scores.device()).forward(scores, batch.classes.clone())
    }
}

/// Points that are drawn anew for every seed, as what is wrong with them wants them.
#[derive(Debug)]
pub(super) struct Cloud {
    points: Vec<Vec<f32>>,
    classes: Vec<i32>,
    validation: Points,
    device: Device,
}

/// What may be wrong with the points.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wrong {
    /// Share of the classes that are shuffled among the points.
    pub shuffled: f64,
    /// Whether every point is the same.
    pub constant: bool,
    /// How many points there are, where they are fewer than they should be.
    pub few: Option<usize>,
}

impl Cloud {
    /// Points of this seed.
    pub(super) fn new(seed: u64, wrong: Wrong, device: &Device) -> Self {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        let directions: Vec<Vec<f32>> = (0..CLASSES).map(|_| normal(&mut rng)).collect();
        let mut points: Vec<Vec<f32>> = (0..POINTS + VALIDATED).map(|_| normal(&mut rng)).collect();
        let mut classes: Vec<i32> =
            points.iter().map(|point| nearest(point, &directions)).collect();
        let (last, own) = (points.split_off(POINTS), classes.split_off(POINTS));
        let validation = batch(&last.iter().collect::<Vec<_>>(), own, 1.0, device);
        let shuffled = (wrong.shuffled * POINTS as f64) as usize;
        classes[..shuffled].shuffle(&mut rng);
        if wrong.constant {
            points = vec![points[0].clone(); POINTS];
        }
        let few = wrong.few.unwrap_or(POINTS);
        // Those whose classes are shuffled are among the others.
        let mut order: Vec<usize> = (0..POINTS).collect();
        order.shuffle(&mut rng);
        let kept: Vec<usize> = order.into_iter().take(few).collect();
        let points = kept.iter().map(|&k| std::mem::take(&mut points[k])).collect();
        let classes = kept.iter().map(|&k| classes[k]).collect();
        Self { points, classes, validation, device: device.clone() }
    }
}

impl Data<Points> for Cloud {
    fn draw(&self, rng: &mut Xoshiro256PlusPlus, factor: f32) -> Points {
        let drawn: Vec<usize> = (0..BATCH).map(|_| rng.random_range(..self.points.len())).collect();
        let points: Vec<&Vec<f32>> = drawn.iter().map(|&k| &self.points[k]).collect();
        let classes = drawn.iter().map(|&k| self.classes[k]).collect();
        batch(&points, classes, factor, &self.device)
    }

    fn validation(&self) -> Vec<Points> {
        vec![self.validation.clone()]
    }
}

fn batch(points: &[&Vec<f32>], classes: Vec<i32>, factor: f32, device: &Device) -> Points {
    let n = points.len();
    let all: Vec<f32> = points.iter().flat_map(|point| point.iter().map(|x| factor * x)).collect();
    Points {
        points: Tensor::from_data(TensorData::new(all, [n, DIMENSION]), device),
        classes: Tensor::from_data(TensorData::new(classes, [n]), device),
    }
}

fn normal(rng: &mut Xoshiro256PlusPlus) -> Vec<f32> {
    (0..DIMENSION).map(|_| StandardNormal.sample(rng)).collect()
}

fn nearest(point: &[f32], directions: &[Vec<f32>]) -> i32 {
    let along = |k: &usize| -> f32 { point.iter().zip(&directions[*k]).map(|(x, y)| x * y).sum() };
    let nearest = (0..directions.len()).max_by(|a, b| along(a).total_cmp(&along(b)));
    nearest.map_or(0, |k| k as i32)
}
