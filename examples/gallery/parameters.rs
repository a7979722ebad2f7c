//! Changes of one weight of a model, or of all of them, and of their gradients.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::optim::GradientsParams;
use burn::tensor::{DType, Tensor};

/// The model with `change` made of every matrix whose dotted path is wanted.
pub(super) fn changed<M: Module>(
    model: M,
    wanted: impl Fn(&str) -> bool,
    change: impl Fn(Tensor<2>) -> Tensor<2>,
) -> M {
    model.map(&mut Changer { path: Vec::new(), wanted, change })
}

struct Changer<W, C> {
    path: Vec<String>,
    wanted: W,
    change: C,
}

impl<W: Fn(&str) -> bool, C: Fn(Tensor<2>) -> Tensor<2>> ModuleMapper for Changer<W, C> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if D != 2 || !(self.wanted)(&self.path.join(".")) {
            return param;
        }
        param.map(|tensor| {
            let (shape, trained) = (tensor.dims(), tensor.is_require_grad());
            let values = tensor.detach().reshape([shape[0], shape[1]]);
            (self.change)(values).reshape(shape).detach().set_require_grad(trained)
        })
    }
}

/// Every matrix of the model by its dotted path.
pub(super) fn matrices<M: Module>(model: &M) -> Vec<(String, Tensor<2>)> {
    let mut keeper = Keeper::default();
    model.visit(&mut keeper);
    keeper.found
}

#[derive(Default)]
struct Keeper {
    path: Vec<String>,
    found: Vec<(String, Tensor<2>)>,
}

impl ModuleVisitor for Keeper {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let tensor = param.val();
        if let [rows, cols] = tensor.dims()[..] {
            self.found.push((self.path.join("."), tensor.reshape([rows, cols])));
        }
    }
}

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
