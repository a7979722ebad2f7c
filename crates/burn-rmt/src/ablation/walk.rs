//! Walks over the parameters of a model that may hold matrices.

use crate::handles::WeightHandle;
use crate::layout::{Reading, Unread, reading};
use crate::visitor::Place;
use burn_core::module::{Module, ModuleVisitor, Param, ParamId};
use burn_core::tensor::{DType, Tensor};
use rmt_core::AnalysisOptions;
use rmt_core::layers::LayerKind;
use rmt_monitor::{Layout, Weights};

/// A parameter of two axes or more, under one of its paths.
pub(super) struct Parameter {
    pub(super) name: String,
    /// Type of the module that it is a field of.
    owner: String,
    /// What burn's modules around it say of its part.
    pub(super) part: Option<LayerKind>,
    pub(super) id: ParamId,
    pub(super) shape: Vec<usize>,
    /// `None` where burn has not initialized it yet.
    pub(super) stored: Option<(DType, Box<dyn Weights>)>,
}

impl Parameter {
    /// How it is read as matrices, as `given` where the user said so.
    pub(super) fn reading(&self, given: Option<Layout>) -> Result<Reading, Unread> {
        reading(&self.owner, &self.shape, given, AnalysisOptions::default().min_side)
    }
}

/// What a walk found, in the order of the model.
#[derive(Default)]
pub(super) struct Found {
    pub(super) found: Vec<Parameter>,
    /// The first parameter, of any number of axes, that burn has not initialized yet.
    pub(super) uninitialized: Option<String>,
}

/// Walks the model and takes handles; never initializes a parameter.
pub(super) fn walk<M: Module>(model: &M) -> Found {
    let mut walker = Walker::default();
    model.visit(&mut walker);
    walker.found
}

#[derive(Default)]
struct Walker {
    place: Place,
    found: Found,
}

impl ModuleVisitor for Walker {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.place.enter(name, container_type);
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.place.exit();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let name = self.place.name();
        let initialized = param.is_initialized();
        if !initialized && self.found.uninitialized.is_none() {
            self.found.uninitialized = Some(name.clone());
        }
        if D < 2 {
            return;
        }
        let stored = initialized.then(|| {
            let tensor = param.base().without_autodiff();
            (tensor.dtype(), Box::new(WeightHandle(tensor)) as Box<dyn Weights>)
        });
        self.found.found.push(Parameter {
            name,
            owner: self.place.owner().to_owned(),
            part: self.place.kind(),
            id: param.id,
            shape: param.lazy_shape().as_slice().to_vec(),
            stored,
        });
    }
}
