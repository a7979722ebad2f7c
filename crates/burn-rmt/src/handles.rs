//! Tensors that cross to the worker thread and are read there.

use burn_core::tensor::{DType, Tensor};
use rmt_monitor::{ReadError, Scalar, WeightValues, Weights};

/// A weight as it was at its step. Storage is copy-on-write and optimizers build new tensors, so
/// holding the handle holds the values.
pub(crate) struct WeightHandle<const D: usize>(pub(crate) Tensor<D>);

impl<const D: usize> Weights for WeightHandle<D> {
    fn read(self: Box<Self>) -> Result<WeightValues, ReadError> {
        let tensor = self.0;
        match tensor.dtype() {
            DType::F64 => read_with_keep(tensor, |t| {
                Ok(WeightValues::F64(t.try_into_vec_as::<f64>().map_err(read_error)?))
            }),
            DType::F32 | DType::Flex32 | DType::F16 | DType::BF16 => read_with_keep(tensor, |t| {
                Ok(WeightValues::F32(t.try_into_vec_as::<f32>().map_err(read_error)?))
            }),
            other => Err(ReadError(format!("weights of type {} are not read", other.name()))),
        }
    }
}

/// Reads while a second handle keeps the storage from being reused in place: some backends copy
/// the bytes only when they are first looked at, and an update queued before that would be seen.
fn read_with_keep<const D: usize, T>(
    tensor: Tensor<D>,
    read: impl FnOnce(Tensor<D>) -> Result<T, ReadError>,
) -> Result<T, ReadError> {
    let keep = tensor.clone();
    let values = read(tensor);
    drop(keep);
    values
}

fn read_error(error: impl std::fmt::Display) -> ReadError {
    ReadError(error.to_string())
}

struct ScalarHandle<const D: usize>(Tensor<D>);

impl<const D: usize> Scalar for ScalarHandle<D> {
    fn read(self: Box<Self>) -> Result<f64, ReadError> {
        let values = read_with_keep(self.0, |t| t.try_into_vec_as::<f64>().map_err(read_error))?;
        match values.as_slice() {
            [value] => Ok(*value),
            more => Err(ReadError(format!("a scalar was expected, not {} values", more.len()))),
        }
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for f64 {}
    impl Sealed for f32 {}
    impl<const D: usize> Sealed for &burn_core::tensor::Tensor<D> {}
}

/// What [`Monitor::scalar`](crate::Monitor::scalar) takes: `f64`, `f32` or a reference to a tensor
/// with one element, which is read on the worker thread and never synchronizes training.
pub trait IntoScalar: sealed::Sealed {
    /// The value, or a handle on it.
    fn into_scalar(self) -> Box<dyn Scalar>;
}

impl IntoScalar for f64 {
    fn into_scalar(self) -> Box<dyn Scalar> {
        Box::new(self)
    }
}

impl IntoScalar for f32 {
    fn into_scalar(self) -> Box<dyn Scalar> {
        Box::new(f64::from(self))
    }
}

impl<const D: usize> IntoScalar for &Tensor<D> {
    fn into_scalar(self) -> Box<dyn Scalar> {
        Box::new(ScalarHandle(self.clone().without_autodiff()))
    }
}
