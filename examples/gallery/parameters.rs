//! Weights that take no gradients, and changes of gradients.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::optim::GradientsParams;
use burn::tensor::{DType, Tensor};

/// The model with the matrix of this path taking no gradients.
pub(super) fn frozen<M: Module>(model: M, path: &str) -> M {
    model.map(&mut Freezer { path: Vec::new(), wanted: path })
}

struct Freezer<'a> {
    path: Vec<String>,
    wanted: &'a str,
}

impl ModuleMapper for Freezer<'_> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let wanted = self.path.join(".") == self.wanted;
        if wanted { param.set_require_grad(false) } else { param }
    }
}

/// What is done to gradients on their way to the optimizer.
#[derive(Clone, Debug)]
pub(super) struct Gradients {
    /// The loss was multiplied by this before the backward pass.
    pub(super) loss_scale: f32,
    /// Whether they are divided by it again.
    pub(super) unscaled: bool,
    /// Whether they pass through half precision.
    pub(super) half: bool,
    /// The matrix that the optimizer is not told of.
    pub(super) left_out: Option<String>,
}

impl Gradients {
    /// Does it.
    pub(super) fn pass<M: Module>(&self, model: &M, grads: GradientsParams) -> GradientsParams {
        if self.left_out.is_none() && !self.half && self.loss_scale == 1.0 {
            return grads;
        }
        let mut visitor = Passing { path: Vec::new(), how: self, grads };
        model.visit(&mut visitor);
        visitor.grads
    }
}

struct Passing<'a> {
    path: Vec<String>,
    how: &'a Gradients,
    grads: GradientsParams,
}

impl ModuleVisitor for Passing<'_> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let id: ParamId = param.id;
        let Some(mut gradient) = self.grads.remove::<D>(id) else { return };
        if self.how.left_out.as_deref() == Some(&self.path.join(".")) {
            return;
        }
        if self.how.half {
            gradient = gradient.cast(DType::F16).cast(DType::F32);
        }
        if self.how.unscaled {
            gradient = gradient.div_scalar(self.how.loss_scale);
        }
        self.grads.register(id, gradient);
    }
}
