//! Handles on tensors that the worker thread reads.

use burn_core::tensor::{DType, Tensor};
use rmt_monitor::{ReadError, Scalar, WeightValues, Weights};
use std::sync::{Arc, Mutex, PoisonError};

/// A parameter as it was at its step. Storage is copy-on-write and optimizers build new tensors, so
/// holding the handle holds the values.
pub(crate) struct WeightHandle<const D: usize>(pub(crate) Tensor<D>);

impl<const D: usize> Weights for WeightHandle<D> {
    fn read(self: Box<Self>) -> Result<WeightValues, ReadError> {
        let tensor = self.0;
        match tensor.dtype() {
            DType::F64 => read_with_keep(tensor, |t| {
                Ok(WeightValues::F64(t.try_into_vec_as::<f64>().map_err(read_error)?))
            }),
            DType::F32 | DType::Flex32 | DType::F16 | DType::BF16 => {
                read_with_keep(tensor, single_precision)
            }
            DType::QFloat(_) => read_with_keep(tensor, |t| single_precision(t.dequantize())),
            other => Err(ReadError(format!("weights of type {} are not read", other.name()))),
        }
    }
}

fn single_precision<const D: usize>(tensor: Tensor<D>) -> Result<WeightValues, ReadError> {
    Ok(WeightValues::F32(tensor.try_into_vec_as::<f32>().map_err(read_error)?))
}

/// One of the equal parts of a parameter, which is read once for all of them.
pub(crate) struct PartHandle {
    whole: Arc<Mutex<Whole>>,
    part: usize,
    parts: usize,
}

enum Whole {
    Unread(Box<dyn Weights>),
    Read(Result<WeightValues, ReadError>),
}

impl PartHandle {
    /// All parts, in storage order.
    pub(crate) fn cut(whole: Box<dyn Weights>, parts: usize) -> impl Iterator<Item = Self> {
        let whole = Arc::new(Mutex::new(Whole::Unread(whole)));
        (0..parts).map(move |part| Self { whole: whole.clone(), part, parts })
    }
}

impl Weights for PartHandle {
    fn read(self: Box<Self>) -> Result<WeightValues, ReadError> {
        let mut whole = self.whole.lock().unwrap_or_else(PoisonError::into_inner);
        if let Whole::Unread(_) = &*whole {
            let panicked = Whole::Read(Err(ReadError("reading it panicked".into())));
            if let Whole::Unread(handle) = std::mem::replace(&mut *whole, panicked) {
                *whole = Whole::Read(handle.read());
            }
        }
        let missing = || ReadError("it has fewer values than its shape says".into());
        match &*whole {
            Whole::Read(Ok(WeightValues::F32(v))) => {
                Ok(WeightValues::F32(self.of(v).ok_or_else(missing)?))
            }
            Whole::Read(Ok(WeightValues::F64(v))) => {
                Ok(WeightValues::F64(self.of(v).ok_or_else(missing)?))
            }
            Whole::Read(Err(error)) => Err(error.clone()),
            Whole::Unread(_) => Err(missing()),
        }
    }
}

impl PartHandle {
    fn of<T: Clone>(&self, values: &[T]) -> Option<Vec<T>> {
        let each = values.len() / self.parts;
        values.get(self.part * each..(self.part + 1) * each).map(<[T]>::to_vec)
    }
}

/// The product a·b of a low-rank adapter, formed on the worker.
pub(crate) struct ProductHandle {
    pub(crate) a: Box<dyn Weights>,
    pub(crate) b: Box<dyn Weights>,
    /// d_in, rank, d_out.
    pub(crate) sides: [usize; 3],
}

impl Weights for ProductHandle {
    fn read(self: Box<Self>) -> Result<WeightValues, ReadError> {
        let (a, b) = (self.a.read()?, self.b.read()?);
        let widened = |values: WeightValues| values.as_values().iter().collect::<Vec<f64>>();
        let (a, b) = (widened(a), widened(b));
        let [rows, rank, cols] = self.sides;
        if a.len() != rows * rank || b.len() != rank * cols || rank == 0 || cols == 0 {
            return Err(ReadError("the factors of the adapter do not fit each other".into()));
        }
        let mut product = vec![0.0; rows * cols];
        for (row, factors) in product.chunks_exact_mut(cols).zip(a.chunks_exact(rank)) {
            for (factor, values) in factors.iter().zip(b.chunks_exact(cols)) {
                row.iter_mut().zip(values).for_each(|(sum, value)| *sum += factor * value);
            }
        }
        Ok(WeightValues::F64(product))
    }
}

/// Reads while a second handle keeps the storage from being reused in place: some backends copy
/// the bytes only when they are first looked at, and an update queued before that would be seen.
pub(crate) fn read_with_keep<const D: usize, T>(
    tensor: Tensor<D>,
    read: impl FnOnce(Tensor<D>) -> Result<T, ReadError>,
) -> Result<T, ReadError> {
    let keep = tensor.clone();
    let values = read(tensor);
    drop(keep);
    values
}

pub(crate) fn read_error(error: impl std::fmt::Display) -> ReadError {
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
    impl<const D: usize> Sealed for &burn_core::tensor::Tensor<D> {}
}

/// The values that [`Monitor::scalar`](crate::Monitor::scalar) accepts: a number, or a reference to
/// a tensor with one element. The worker thread reads the tensor, so it never synchronizes
/// training.
pub trait IntoScalar: sealed::Sealed {
    /// Converts to the value, or to a handle on it.
    fn into_scalar(self) -> Box<dyn Scalar>;
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl sealed::Sealed for $number {}

        impl IntoScalar for $number {
            fn into_scalar(self) -> Box<dyn Scalar> {
                // Whole numbers beyond 2⁵³ are rounded.
                Box::new(self as f64)
            }
        }
    )*};
}

numbers!(f64, f32, u8, u16, u32, u64, usize, i8, i16, i32, i64, isize);

impl<const D: usize> IntoScalar for &Tensor<D> {
    fn into_scalar(self) -> Box<dyn Scalar> {
        Box::new(ScalarHandle(self.clone().without_autodiff()))
    }
}
