//! A copy of a model with changed values in some of its parameters.

use burn_core::module::{Module, ModuleMapper, Param, ParamId};
use burn_core::tensor::{DType, Tensor, TensorData};
use std::any::Any;
use std::collections::HashMap;

/// The values that take the place of a parameter's, in its own type.
pub(super) struct Replacement {
    data: TensorData,
    dtype: DType,
    /// The tensor made of them, for parameters that are tied to the first.
    made: Option<Box<dyn Any>>,
}

impl Replacement {
    pub(super) fn new(data: TensorData, dtype: DType) -> Self {
        Self { data, dtype, made: None }
    }

    /// A tensor of the values, as `old` in everything else.
    fn tensor<const D: usize>(&mut self, old: &Tensor<D>) -> Tensor<D> {
        let made = self.made.as_ref().and_then(|made| made.downcast_ref::<Tensor<D>>());
        let fits = |made: &&Tensor<D>| {
            made.device() == old.device() && made.is_require_grad() == old.is_require_grad()
        };
        if let Some(made) = made.filter(fits) {
            // Tied parameters are clones of one tensor: their gradients are one, too.
            return made.clone();
        }
        let mut tensor = Tensor::from_data(self.data.clone(), (&old.device(), self.dtype));
        if old.is_require_grad() {
            tensor = tensor.require_grad();
        }
        self.made = Some(Box::new(tensor.clone()));
        tensor
    }
}

/// A copy of the model with these parameters' values replaced. All others are handles on the same
/// storage, which is copy-on-write.
pub(super) fn replaced<M: Module>(model: &M, values: HashMap<ParamId, Replacement>) -> M {
    model.clone().map(&mut Replace(values))
}

struct Replace(HashMap<ParamId, Replacement>);

impl ModuleMapper for Replace {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        match self.0.get_mut(&param.id) {
            // Keeps the identity, and what `train` and `valid` restore.
            Some(replacement) => param.map(|old| replacement.tensor(&old)),
            None => param,
        }
    }
}
