//! The recorded inputs of a layer until the worker reads them.

use crate::handles::{WeightHandle, read_error, read_with_keep};
use burn_core::tensor::{Bool, DType, Int, Tensor, TensorData};
use rmt_core::statistics::activation::{Activation, Covariance};
use rmt_monitor::observer::{Batches, Inputs, Part, activation, held_or};
use rmt_monitor::{ActivationSnapshot, ReadError, Tokens, WeightValues, Weights};

/// Keeps the first tokens of `input`: handles on the host, sums on another device.
pub(super) fn kept<const D: usize>(
    input: &Tensor<D>,
    mask: Option<Tensor<1, Bool>>,
) -> impl Fn(Option<Box<dyn Inputs>>, Part) -> Box<dyn Inputs> {
    move |held, part| {
        let all: usize = input.dims().iter().product::<usize>() / part.features;
        let input = input.clone().without_autodiff().reshape([all, part.features]);
        let mask = mask.clone().map(|mask| mask.without_autodiff());
        let (input, mask) = match part.tokens < all {
            true => {
                (input.narrow(0, 0, part.tokens), mask.map(|mask| mask.narrow(0, 0, part.tokens)))
            }
            false => (input, mask),
        };
        let dtype = input.dtype();
        let widened = matches!(dtype, DType::F16 | DType::BF16);
        let note = widened.then(|| format!("{} activations, widened", dtype.name()));
        if on_host(&input) {
            let mut batches = held_or(held, Batches::default);
            let entries = part.features * dtype.size() + usize::from(mask.is_some());
            let mask = mask.map(|mask| Box::new(MaskHandle(mask)) as Box<dyn Weights>);
            let bytes = (part.tokens * entries) as u64;
            batches.add(part, bytes, Box::new(WeightHandle(input)), mask, note);
            batches
        } else {
            let mask = mask.as_ref().map(weights);
            let mut sums = held_or(held, || Accumulated::new(&input, mask.as_ref()));
            sums.add(&input, mask.as_ref(), part);
            sums.note = sums.note.take().or(note);
            sums
        }
    }
}

/// Whether the values are in main memory, where a handle is read without a copy from the device. burn
/// has no other word for it than the device's own.
fn on_host<const D: usize>(tensor: &Tensor<D>) -> bool {
    let device = format!("{:?}", tensor.device());
    HOST_DEVICES.iter().any(|host| device.contains(host))
}

/// What burn's devices in main memory call themselves.
const HOST_DEVICES: [&str; 3] = ["Flex", "NdArray", "LibTorch(Cpu"];

/// Which tokens count, until the worker reads it.
struct MaskHandle(Tensor<1, Bool>);

impl Weights for MaskHandle {
    fn read(self: Box<Self>) -> Result<WeightValues, ReadError> {
        Ok(WeightValues::F64(doubles(weights(&self.0))?))
    }
}

/// Sums on a device, in single precision, of the differences from the first batch's mean.
#[derive(Debug)]
struct Accumulated {
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
    fn new(first: &Tensor<2>, mask: Option<&Tensor<2>>) -> Self {
        let input = first.clone().cast(DType::F32);
        let shift = match mask {
            None => input.mean_dim(0),
            Some(keep) => {
                let count = keep.clone().sum_dim(0).clamp_min(1.0);
                (input * keep.clone()).sum_dim(0) / count
            }
        };
        Self { shift, halves: Default::default(), note: None }
    }

    fn add(&mut self, input: &Tensor<2>, mask: Option<&Tensor<2>>, part: Part) {
        for (half, sums) in self.halves.iter_mut().enumerate() {
            let of_half: Vec<i64> = (0..part.tokens)
                .filter(|&token| part.half(token) == half)
                .map(|token| token as i64)
                .collect();
            let count = of_half.len();
            if count == 0 {
                continue;
            }
            let chosen = |tensor: Tensor<2>| match count == part.tokens {
                true => tensor,
                false => {
                    let indices = TensorData::new(of_half.clone(), [count]);
                    tensor.select(0, Tensor::<1, Int>::from_data(indices, &input.device()))
                }
            };
            let mut centred = chosen(input.clone()).cast(DType::F32) - self.shift.clone();
            match mask {
                None => sums.tokens += count as u64,
                Some(keep) => {
                    let keep = chosen(keep.clone());
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

    fn bytes(&self) -> u64 {
        let features = self.shift.dims()[1];
        let matrices = self.halves.iter().filter(|half| half.moments.is_some()).count();
        (size_of::<f32>() * (features + matrices * features * (features + 1))) as u64
    }
}

impl Inputs for Accumulated {
    fn snapshot(self: Box<Self>) -> ActivationSnapshot {
        ActivationSnapshot::new(self.bytes(), self)
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
        let mut activation = activation(halves, self.note)?;
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
