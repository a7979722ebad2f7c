//! Walks a model and takes handles on its weight matrices.

use crate::handles::WeightHandle;
use crate::layout::layout;
use burn_core::module::{Module, ModuleVisitor, Param, ParamId};
use burn_core::tensor::{DType, Tensor};
use rmt_core::layers::{LayerId, LayerKind};
use rmt_monitor::{Engine, LayerSnapshot};
use std::collections::HashMap;

/// What a walk found.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) layers: Vec<LayerSnapshot>,
    /// Names of watched matrices that burn has not initialized yet.
    pub(crate) uninitialized: Vec<String>,
    /// Names of parameters with more than two axes that no layout is known for.
    pub(crate) not_matrices: Vec<String>,
    /// Where the first of them lives; asked for until the run has started.
    pub(crate) device: Option<String>,
}

/// Which layers are taken.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Due {
    pub(crate) step: u64,
    /// All of them, whatever the schedule says.
    pub(crate) all: bool,
}

/// Walks `model`; never initializes a parameter, never synchronizes a device.
pub(crate) fn collect<M: Module>(engine: &Engine, model: &M, due: Due) -> Found {
    let mut collector = Collector {
        engine,
        due,
        watched: 0,
        wants_device: !engine.started(),
        path: Vec::new(),
        owners: Vec::new(),
        seen: HashMap::new(),
        found: Found::default(),
    };
    model.visit(&mut collector);
    collector.found
}

struct Collector<'a> {
    engine: &'a Engine,
    due: Due,
    /// Matrices met so far.
    watched: usize,
    wants_device: bool,
    path: Vec<String>,
    /// Type of the module that each path component is a field of.
    owners: Vec<String>,
    /// Tied parameters have one id: first path wins. `None`: seen, but not taken.
    seen: HashMap<ParamId, Option<usize>>,
    found: Found,
}

impl ModuleVisitor for Collector<'_> {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.path.push(name.to_owned());
        self.owners.push(container_type.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
        self.owners.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if D < 2 {
            return;
        }
        let name = self.path.join(".");
        if !self.engine.watches(&name) {
            return;
        }
        if let Some(index) = self.seen.get(&param.id) {
            if let Some(layer) = index.and_then(|index| self.found.layers.get_mut(index)) {
                layer.notes.push(format!("tied: also {name}"));
            }
            return;
        }
        self.seen.insert(param.id, None);
        let owner = self.owners.last().map_or("", String::as_str);
        let Some(layout) = layout(owner, param.lazy_shape().as_slice()) else {
            self.found.not_matrices.push(name);
            return;
        };
        let number = self.watched;
        self.watched += 1;
        if !self.due.all && !self.engine.layer_due(self.due.step, number) {
            return;
        }
        if !param.is_initialized() {
            self.found.uninitialized.push(name);
            return;
        }
        let tensor = param.base();
        // Without autodiff (a model made for evaluation) nothing can be told of freezing.
        let frozen = tensor.is_autodiff().then(|| !tensor.is_require_grad());
        let dtype = tensor.dtype();
        let mut layer = LayerId::from_name(name);
        if let (LayerKind::Other, Some(kind)) = (layer.kind, layout.kind) {
            layer.kind = kind;
        }
        let mut notes: Vec<String> = layout.note.map(Into::into).into_iter().collect();
        if matches!(dtype, DType::F16 | DType::BF16) {
            notes.push(format!("{} weights, widened", dtype.name()));
        }
        let [rows, cols] = layout.shape;
        if self.wants_device {
            self.wants_device = false;
            self.found.device = Some(format!("{:?}", tensor.device()));
        }
        self.seen.insert(param.id, Some(self.found.layers.len()));
        self.found.layers.push(LayerSnapshot {
            layer,
            shape: layout.shape,
            orientation: layout.orientation,
            dtype: dtype.name().into(),
            bytes: (rows * cols * dtype.size()) as u64,
            frozen,
            notes,
            weights: Box::new(WeightHandle(tensor.without_autodiff())),
        });
    }
}
