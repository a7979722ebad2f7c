//! A second framework, whole: layers in vectors, a training loop over them, and the adapter that lets a monitor
//! watch it, with gradients and inputs.
//!
//! ```text
//! cargo run --release -p rmt-monitor --example plain_loop
//! ```
//!
//! An adapter shows its framework's parameters through `Model`; the `Observer` does the rest. A framework whose
//! tensors live on a device hands over `Weights` of its own in the place of `WeightValues`: a handle, which the worker
//! thread reads. A crate implements `Adapter` too, so that `MonitorConfig::init` gives a monitor with its own types.

use rmt_core::{Orientation, layers::LayerId};
use rmt_monitor::observer::{Model, Observer, Walk, taps};
use rmt_monitor::{Bare, InitError, LayerSnapshot, MonitorConfig, Summary, WeightValues};

/// A layer, or its gradient: name, sides [in, out] and values, row by row.
struct Matrix(&'static str, [usize; 2], Vec<f32>);

/// A model, or its gradients.
struct Layers(Vec<Matrix>);

impl Model for Layers {
    fn walk(&self, walk: &mut Walk<'_>) {
        taps::met(); // forwards of this model call taps
        for (id, Matrix(name, shape, values)) in (0..).zip(&self.0) {
            walk.matrix(name, id, || {
                let weights = Box::new(WeightValues::F32(values.clone()));
                LayerSnapshot::new(LayerId::from_name(*name), *shape, Orientation::InOut, weights)
            });
        }
    }
}

/// The gradient of a layer that learns to give the first of its inputs at every output.
fn gradient(Matrix(name, [rows, cols], weights): &Matrix, inputs: &[f32]) -> Matrix {
    let mut slopes = vec![0.0; rows * cols];
    for (x, j) in inputs.chunks(*rows).flat_map(|x| (0..*cols).map(move |j| (x, j))) {
        let y: f32 = x.iter().enumerate().map(|(i, x)| x * weights[i * cols + j]).sum();
        x.iter().enumerate().for_each(|(i, xi)| slopes[i * cols + j] += xi * (y - x[0]) / 256.0);
    }
    Matrix(name, [*rows, *cols], slopes)
}

/// Trains two layers on random inputs, with a monitor that writes to `run`.
///
/// # Errors
/// If the monitor cannot start.
pub fn train(run: &std::path::Path, steps: usize) -> Result<Summary, InitError> {
    let pseudorandom = |n: std::ops::Range<u16>| n.map(|k| f32::from(k).powi(2).sin()).collect();
    let inputs: Vec<f32> = pseudorandom(0..256 * 32);
    let matrix = |name, from| Matrix(name, [32, 48], pseudorandom(from..from + 32 * 48));
    let mut model = Layers(vec![matrix("up", 10_000), matrix("gate", 20_000)]);
    let engine = MonitorConfig::<Bare>::new(run).with_every(10).init()?;
    let monitor = Observer::new(engine, "vectors 1.0");
    for step in 0..steps {
        monitor.observe(step, &model);
        model.0.iter().for_each(|layer| monitor.tap(layer.0, &inputs, 32));
        let gradients = Layers(model.0.iter().map(|layer| gradient(layer, &inputs)).collect());
        monitor.gradients(step, &model, &gradients);
        for (layer, gradient) in model.0.iter_mut().zip(&gradients.0) {
            layer.2.iter_mut().zip(&gradient.2).for_each(|(w, slope)| *w -= 0.1 * slope);
        }
    }
    Ok(monitor.finish_at(steps, &model))
}

fn main() -> Result<(), InitError> {
    train("runs/vectors".as_ref(), 100).map(|summary| print!("{summary}"))
}
