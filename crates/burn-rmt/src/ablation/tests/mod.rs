#![allow(clippy::unwrap_used)]

mod measuring;
mod parameters;

use burn::module::{Module, Param};
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Tensor, TensorData};
use rmt_core::sanity::EntryLaw;

/// Normal entries.
fn normal(rows: usize, cols: usize, seed: u64, device: &Device) -> Tensor<2> {
    let values = EntryLaw::Normal.draw(rows, cols, seed);
    Tensor::from_data(TensorData::new(values, [rows, cols]), device)
}

fn param(rows: usize, cols: usize, seed: u64, device: &Device) -> Param<Tensor<2>> {
    Param::from_tensor(normal(rows, cols, seed, device))
}

/// A layer with a bias, one without, and a bare matrix.
#[derive(Module, Debug)]
struct Net {
    up: Linear,
    down: Linear,
    bare: Param<Tensor<2>>,
}

impl Net {
    fn new(device: &Device) -> Self {
        let mut up = LinearConfig::new(20, 30).init(device);
        up.weight = param(20, 30, 1, device);
        up.bias = Some(Param::from_tensor(Tensor::ones([30], device)));
        let mut down = LinearConfig::new(30, 20).with_bias(false).init(device);
        down.weight = param(30, 20, 2, device);
        Self { up, down, bare: param(20, 20, 3, device) }
    }

    /// Sum of squares of all weights: removing singular values lowers it by their squares.
    fn energy(&self) -> f64 {
        [self.up.weight.val(), self.down.weight.val(), self.bare.val()]
            .map(|w| f64::from(w.square().sum().into_scalar::<f32>()))
            .iter()
            .sum()
    }
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data().try_into_vec_as::<f64>().unwrap()
}

fn norm(values: &[f64]) -> f64 {
    values.iter().map(|x| x * x).sum::<f64>().sqrt()
}

fn difference(a: &[f64], b: &[f64]) -> f64 {
    norm(&a.iter().zip(b).map(|(a, b)| a - b).collect::<Vec<_>>())
}
