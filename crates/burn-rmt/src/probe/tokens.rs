//! Inputs on their way to the worker.

use crate::handles::{WeightHandle, read_error, read_with_keep};
use burn_core::tensor::{Bool, DType, Int, Tensor, TensorData};
use rmt_core::statistics::activation::{Activation, Covariance};
use rmt_monitor::{ReadError, Tokens, WeightValues, Weights};

/// Tokens × features of one forward.
#[derive(Debug, Clone)]
pub(crate) struct Batch {
    pub(crate) input: Tensor<2>,
    /// Which tokens count; all without.
    pub(crate) keep: Option<Tensor<1, Bool>>,
    /// Tokens of each sequence.
    pub(crate) item: usize,
    /// Sequences that came before.
    pub(crate) first: u64,
}

impl Batch {
    fn tokens(&self) -> usize {
        self.input.dims()[0]
    }

    /// Of which half a token is.
    fn half(&self, token: usize) -> usize {
        usize::from((self.first + (token / self.item.max(1)) as u64) % 2 == 1)
    }
}

/// Handles on tokens in main memory.
#[derive(Debug, Default)]
pub(crate) struct Handles {
    batches: Vec<Batch>,
    note: Option<String>,
}

impl Handles {
    pub(crate) fn add(&mut self, batch: Batch) {
        self.batches.push(batch);
    }

    pub(crate) fn bytes(&self) -> u64 {
        let bytes = |batch: &Batch| {
            let [tokens, features] = batch.input.dims();
            tokens * (features * batch.input.dtype().size() + usize::from(batch.keep.is_some()))
        };
        self.batches.iter().map(|batch| bytes(batch) as u64).sum()
    }

    pub(crate) fn with_note(self, note: Option<String>) -> Self {
        Self { note, ..self }
    }
}

impl Tokens for Handles {
    fn read(self: Box<Self>) -> Result<Activation, ReadError> {
        let features = self.batches.first().map_or(0, |batch| batch.input.dims()[1]);
        let mut halves = [Covariance::new(features), Covariance::new(features)];
        for batch in self.batches {
            let kept = batch.keep.as_ref().map(|keep| doubles(weights(keep))).transpose()?;
            let counts =
                |token: usize| kept.as_ref().is_none_or(|kept| kept.get(token) == Some(&1.0));
            let values = Box::new(WeightHandle(batch.input.clone())).read()?;
            for (half, covariance) in halves.iter_mut().enumerate() {
                let of_half = |token: usize| batch.half(token) == half && counts(token);
                let tokens = match &values {
                    WeightValues::F32(all) => WeightValues::F32(rows(all, features, of_half)),
                    WeightValues::F64(all) => WeightValues::F64(rows(all, features, of_half)),
                };
                covariance.add(tokens.as_values()).map_err(read_error)?;
            }
        }
        finished(halves, self.note)
    }
}

/// The chosen rows.
fn rows<T: Copy>(values: &[T], length: usize, chosen: impl Fn(usize) -> bool) -> Vec<T> {
    let rows = values.chunks_exact(length.max(1)).enumerate();
    rows.filter(|(token, _)| chosen(*token)).flat_map(|(_, row)| row.iter().copied()).collect()
}

fn finished(halves: [Covariance; 2], note: Option<String>) -> Result<Activation, ReadError> {
    let activation = Activation::new(halves).map_err(read_error)?;
    Ok(match note {
        Some(note) => activation.with_note(note),
        None => activation,
    })
}

/// Sums on a device, in single precision, of the differences from the first batch's mean.
#[derive(Debug)]
pub(crate) struct Accumulated {
    /// c, 1 × features.
    shift: Tensor<2>,
    halves: [Sums; 2],
    note: Option<String>,
}

/// Of one half of the tokens.
#[derive(Debug, Default)]
struct Sums {
    /// Tokens without a mask.
    tokens: u64,
    /// Those that a mask kept.
    kept: Option<Tensor<1>>,
    /// Σ(x − c) and Σ(x − c)(x − c)ᵀ.
    moments: Option<(Tensor<2>, Tensor<2>)>,
}

impl Accumulated {
    pub(crate) fn new(first: &Batch) -> Self {
        let input = first.input.clone().cast(DType::F32);
        let shift = match &first.keep {
            None => input.mean_dim(0),
            Some(keep) => {
                let keep = weights(keep);
                let count = keep.clone().sum_dim(0).clamp_min(1.0);
                (input * keep).sum_dim(0) / count
            }
        };
        Self { shift, halves: Default::default(), note: None }
    }

    pub(crate) fn add(&mut self, batch: Batch) {
        let device = batch.input.device();
        for (half, sums) in self.halves.iter_mut().enumerate() {
            let of_half: Vec<i64> = (0..batch.tokens())
                .filter(|&token| batch.half(token) == half)
                .map(|token| token as i64)
                .collect();
            let count = of_half.len();
            if count == 0 {
                continue;
            }
            let chosen = |tensor: Tensor<2>| match count == batch.tokens() {
                true => tensor,
                false => {
                    let indices = TensorData::new(of_half.clone(), [count]);
                    tensor.select(0, Tensor::<1, Int>::from_data(indices, &device))
                }
            };
            let mut centred = chosen(batch.input.clone()).cast(DType::F32) - self.shift.clone();
            match &batch.keep {
                None => sums.tokens += count as u64,
                Some(keep) => {
                    let keep = chosen(weights(keep));
                    centred = centred * keep.clone();
                    let kept = keep.sum();
                    sums.kept = Some(match sums.kept.take() {
                        Some(earlier) => earlier + kept,
                        None => kept,
                    });
                }
            }
            let sum = centred.clone().sum_dim(0);
            let product = centred.clone().transpose().matmul(centred);
            sums.moments = Some(match sums.moments.take() {
                Some((sums, products)) => (sums + sum, products + product),
                None => (sum, product),
            });
        }
    }

    pub(crate) fn bytes(&self) -> u64 {
        let features = self.shift.dims()[1];
        let matrices = self.halves.iter().filter(|half| half.moments.is_some()).count();
        (size_of::<f32>() * (features + matrices * features * (features + 1))) as u64
    }

    pub(crate) fn with_note(self, note: Option<String>) -> Self {
        Self { note, ..self }
    }
}

/// 1 for a token that counts and 0 for one that does not, as a column.
fn weights(keep: &Tensor<1, Bool>) -> Tensor<2> {
    keep.clone().float().cast(DType::F32).unsqueeze_dim(1)
}

impl Tokens for Accumulated {
    fn read(self: Box<Self>) -> Result<Activation, ReadError> {
        let shift = doubles(self.shift)?;
        let mut halves = [Covariance::new(shift.len()), Covariance::new(shift.len())];
        for (covariance, sums) in halves.iter_mut().zip(self.halves) {
            let kept = sums.kept.map(doubles).transpose()?;
            let kept = kept.and_then(|kept| kept.first().copied()).unwrap_or(0.0);
            let tokens = sums.tokens + kept.round().max(0.0) as u64;
            let Some((sum, products)) = sums.moments.filter(|_| tokens > 0) else { continue };
            let (sum, products) = (doubles(sum)?, doubles(products)?);
            *covariance = Covariance::from_shifted_sums(tokens, &shift, &sum, &products)
                .map_err(read_error)?
                .with_rounding(f64::from(f32::EPSILON));
        }
        let mut activation = finished(halves, self.note)?;
        if let Some(error) = rounding(&activation) {
            activation = activation.with_note(format!(
                "covariance of activations accumulated on the device in single precision: entries \
                 in error by about {error:.0e} of their variances"
            ));
        }
        Ok(activation)
    }
}

/// ε·(max |mean|/sd + √T): the inputs' own rounding, and that of a sum of T products.
fn rounding(activation: &Activation) -> Option<f64> {
    let pooled = activation.pooled().ok()?;
    let ratios = pooled.mean().iter().enumerate().filter_map(|(i, mean)| {
        let variance = pooled.entry(i, i)?;
        (variance > 0.0).then(|| mean.abs() / variance.sqrt())
    });
    let ratio = ratios.fold(0.0, f64::max);
    Some(f64::from(f32::EPSILON) * (ratio + (pooled.tokens() as f64).sqrt()))
}

fn doubles<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f64>, ReadError> {
    read_with_keep(tensor, |tensor| tensor.try_into_vec_as::<f64>().map_err(read_error))
}
