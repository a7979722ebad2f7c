//! The matrices of a model, by their paths.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::Tensor;

/// The model with `change` made of every matrix whose dotted path is wanted.
pub fn changed<M: Module>(
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
pub fn matrices<M: Module>(model: &M) -> Vec<(String, Tensor<2>)> {
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

/// The first model with its matrices and those of the second taken together.
pub fn paired<M: Module>(a: &M, b: &M, with: impl Fn(Tensor<2>, Tensor<2>) -> Tensor<2>) -> M {
    matrices(b).into_iter().fold(a.clone(), |model, (path, other)| {
        changed(model, |at| at == path, |weight| with(weight, other.clone()))
    })
}
