//! The data that crosses from the training thread to the worker: handles, not copies.

use crate::error::ReadError;
use rmt_core::layers::LayerId;
use rmt_core::statistics::activation::Activation;
use rmt_core::{Orientation, Values};
use std::hash::{DefaultHasher, Hasher};

/// Weights read from their device.
#[derive(Debug, Clone, PartialEq)]
pub enum WeightValues {
    /// Single precision, also for half precision after widening.
    F32(Vec<f32>),
    /// Double precision.
    F64(Vec<f64>),
}

impl WeightValues {
    /// The values as a view.
    pub fn as_values(&self) -> Values<'_> {
        match self {
            Self::F32(v) => Values::F32(v),
            Self::F64(v) => Values::F64(v),
        }
    }

    /// A hash of the entries, bit by bit.
    pub(crate) fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        match self {
            Self::F32(v) => v.iter().for_each(|x| hasher.write_u32(x.to_bits())),
            Self::F64(v) => v.iter().for_each(|x| hasher.write_u64(x.to_bits())),
        }
        hasher.finish()
    }
}

/// A handle on one matrix as it was at its step. The worker thread reads it later.
pub trait Weights: Send {
    /// Reads the values from their device, row by row.
    ///
    /// # Errors
    /// [`ReadError`] if the device fails.
    fn read(self: Box<Self>) -> Result<WeightValues, ReadError>;
}

impl Weights for WeightValues {
    fn read(self: Box<Self>) -> Result<WeightValues, ReadError> {
        Ok(*self)
    }
}

/// The inputs of a layer in the forwards of one step. The worker thread reads them later.
pub trait Tokens: Send {
    /// Reads the inputs, or the sums that were accumulated on their device.
    ///
    /// # Errors
    /// [`ReadError`] if the device fails, or the inputs have no covariance.
    fn read(self: Box<Self>) -> Result<Activation, ReadError>;
}

impl Tokens for Activation {
    fn read(self: Box<Self>) -> Result<Activation, ReadError> {
        Ok(*self)
    }
}

/// A layer's inputs on their way to the worker.
#[non_exhaustive]
pub struct ActivationSnapshot {
    /// Size on the device, in bytes.
    pub bytes: u64,
    /// Handles on the inputs.
    pub tokens: Box<dyn Tokens>,
}

impl ActivationSnapshot {
    /// Handles on inputs that take this many bytes on their device.
    pub fn new(bytes: u64, tokens: Box<dyn Tokens>) -> Self {
        Self { bytes, tokens }
    }
}

/// One matrix of a snapshot.
#[non_exhaustive]
pub struct LayerSnapshot {
    /// Identity of the matrix.
    pub layer: LayerId,
    /// [rows, columns] as stored.
    pub shape: [usize; 2],
    /// The input side.
    pub orientation: Orientation,
    /// Storage type, such as `f32`.
    pub dtype: String,
    /// Size of the weights on their device, in bytes.
    pub bytes: u64,
    /// Whether training leaves the matrix unchanged. A frozen matrix is analysed once, and its row
    /// is repeated until its values change. `None` means unknown, as for a model made for
    /// evaluation: then the last known state holds.
    pub frozen: Option<bool>,
    /// Whether the values lie on a quantization grid. A quantized matrix never gets the verdict
    /// `random`.
    pub quantized: bool,
    /// Notes for the reader of the report.
    pub notes: Vec<String>,
    /// The handle.
    pub weights: Box<dyn Weights>,
    /// The layer's inputs in the forwards of the same step, if it has a tap.
    pub activation: Option<ActivationSnapshot>,
}

impl LayerSnapshot {
    /// A trained matrix in single precision. Set the other fields if the matrix differs from that.
    pub fn new(
        layer: LayerId,
        shape: [usize; 2],
        orientation: Orientation,
        weights: Box<dyn Weights>,
    ) -> Self {
        Self {
            layer,
            shape,
            orientation,
            dtype: "f32".into(),
            bytes: (shape[0] * shape[1] * size_of::<f32>()) as u64,
            frozen: Some(false),
            quantized: false,
            notes: Vec::new(),
            weights,
            activation: None,
        }
    }

    /// Bytes of weights and inputs together.
    pub fn held_bytes(&self) -> u64 {
        let activation = self.activation.as_ref().map_or(0, |activation| activation.bytes);
        self.bytes.saturating_add(activation)
    }

    /// Lets the inputs go, and says why.
    pub(crate) fn shed_activation(&mut self, why: &str) {
        if self.activation.take().is_some() {
            self.notes.push(format!("activations were dropped: {why}"));
        }
    }
}

impl std::fmt::Debug for LayerSnapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LayerSnapshot")
            .field("layer", &self.layer)
            .field("shape", &self.shape)
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}

/// The gradient of one matrix, and the weights before and after its update.
#[non_exhaustive]
pub struct GradientSnapshot {
    /// Identity of the matrix.
    pub layer: LayerId,
    /// [rows, columns] as stored.
    pub shape: [usize; 2],
    /// Size of gradient and weights on the device, in bytes.
    pub bytes: u64,
    /// The gradient at W_s.
    pub gradient: Box<dyn Weights>,
    /// W_s and W_{s+1}, if both are known.
    pub update: Option<[Box<dyn Weights>; 2]>,
}

impl GradientSnapshot {
    /// A gradient of this many bytes without a known update.
    pub fn new(layer: LayerId, shape: [usize; 2], bytes: u64, gradient: Box<dyn Weights>) -> Self {
        Self { layer, shape, bytes, gradient, update: None }
    }
}

impl std::fmt::Debug for GradientSnapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GradientSnapshot")
            .field("layer", &self.layer)
            .field("shape", &self.shape)
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}

/// A number to log, perhaps still on its device.
pub trait Scalar: Send {
    /// Reads the value.
    ///
    /// # Errors
    /// [`ReadError`] if the device fails, or the value is not a single number.
    fn read(self: Box<Self>) -> Result<f64, ReadError>;
}

impl Scalar for f64 {
    fn read(self: Box<Self>) -> Result<f64, ReadError> {
        Ok(*self)
    }
}

/// How a snapshot is admitted when the byte budget is short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// If the queue is full, the snapshot is dropped and counted. If it is larger than the budget,
    /// it is cut by layer.
    Normal,
    /// The call waits for room, at most as long as the finish timeout, and then admits the
    /// snapshot.
    Wait,
}
