//! Walks a model and takes handles on its weight matrices.

use crate::handles::{PartHandle, ProductHandle, WeightHandle};
use crate::layout::{Reading, Unread, part_of, reading};
use burn_core::module::{Module, ModuleVisitor, Param, ParamId};
use burn_core::tensor::{DType, Tensor};
use rmt_core::Orientation;
use rmt_core::layers::{LayerId, LayerKind};
use rmt_monitor::{Engine, LayerSnapshot, Matrices, Weights};
use std::collections::HashMap;
use std::ops::Range;

/// What a walk found.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) layers: Vec<LayerSnapshot>,
    /// Watched parameters that are read as matrices, due or not.
    pub(crate) watched: usize,
    /// Names of watched matrices that burn has not initialized yet.
    pub(crate) uninitialized: Vec<String>,
    /// Parameters with no known layout, or one that does not fit: what is said of each.
    pub(crate) not_matrices: Vec<String>,
    /// Where the first of them lives; asked for until the run has started.
    pub(crate) device: Option<String>,
    /// Names of all parameters that may hold matrices, watched or not, until the run has started.
    pub(crate) parameters: Option<Vec<String>>,
    /// Paths and identities of all watched matrices, due or not; tied ones under each path.
    pub(crate) ids: Vec<(String, ParamId)>,
    /// Each parameter's matrices among `layers`.
    pub(crate) places: HashMap<ParamId, Range<usize>>,
}

/// Which layers are taken.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Due {
    pub(crate) step: u64,
    /// All of them, whatever the schedule says.
    pub(crate) all: bool,
    /// The products of low-rank adapters too, where they are asked for. They have no gradient of their own.
    pub(crate) products: bool,
}

/// What is taken of a parameter.
pub(crate) trait Source {
    /// A tensor of the parameter's shape; `None` to leave it out.
    fn tensor<const D: usize>(&self, param: &Param<Tensor<D>>) -> Option<Tensor<D>>;
}

struct WeightsThemselves;

impl Source for WeightsThemselves {
    fn tensor<const D: usize>(&self, param: &Param<Tensor<D>>) -> Option<Tensor<D>> {
        Some(param.base())
    }
}

/// Walks `model`; never initializes a parameter, never synchronizes a device.
pub(crate) fn collect<M: Module>(engine: &Engine, model: &M, due: Due) -> Found {
    collect_from(&WeightsThemselves, engine, model, due)
}

/// The same, of what `source` has for each initialized parameter.
pub(crate) fn collect_from<M: Module, S: Source>(
    source: &S,
    engine: &Engine,
    model: &M,
    due: Due,
) -> Found {
    let mut collector = Collector {
        source,
        engine,
        due,
        wants_device: !engine.started(),
        place: Place::default(),
        factor: None,
        found: Found { parameters: (!engine.started()).then(Vec::new), ..Found::default() },
    };
    model.visit(&mut collector);
    collector.found
}

/// Where a walk is.
#[derive(Debug, Default)]
pub(crate) struct Place {
    path: Vec<String>,
    /// Type of the module that each component of the path is a field of.
    owners: Vec<String>,
}

impl Place {
    pub(crate) fn enter(&mut self, name: &str, container_type: &str) {
        self.path.push(name.to_owned());
        self.owners.push(container_type.to_owned());
    }

    pub(crate) fn exit(&mut self) {
        self.path.pop();
        self.owners.pop();
    }

    /// The dotted path.
    pub(crate) fn name(&self) -> String {
        self.path.join(".")
    }

    /// What burn's own modules around the parameter say of its part, the innermost first.
    pub(crate) fn kind(&self) -> Option<LayerKind> {
        let mut fields = self.owners.iter().zip(&self.path).rev();
        fields.find_map(|(owner, field)| part_of(owner, field))
    }

    /// Type of the module that the last component is a field of.
    pub(crate) fn owner(&self) -> &str {
        self.owners.last().map_or("", String::as_str)
    }
}

struct Collector<'a, S> {
    source: &'a S,
    engine: &'a Engine,
    due: Due,
    wants_device: bool,
    place: Place,
    /// The factor a of the adapter being walked, where its product is asked for.
    factor: Option<Factor>,
    found: Found,
}

impl<S: Source> ModuleVisitor for Collector<'_, S> {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.place.enter(name, container_type);
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.place.exit();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let name = self.place.name();
        if D == 1 && self.place.owner() == LINEAR {
            self.know_bias(&name, param.lazy_shape().as_slice());
        }
        if D < 2 {
            return;
        }
        if let Some(parameters) = &mut self.found.parameters {
            parameters.push(name.clone());
        }
        if !self.engine.watches(&name) {
            return;
        }
        self.found.ids.push((name.clone(), param.id));
        // Tied parameters have one id: the first path wins.
        if let Some(matrices) = self.found.places.get(&param.id) {
            let tied = self.found.layers.get_mut(matrices.clone()).unwrap_or_default();
            tied.iter_mut().for_each(|layer| layer.notes.push(format!("tied: also {name}")));
            return;
        }
        self.found.places.insert(param.id, 0..0);
        let owner = self.place.owner();
        let min_side = self.engine.settings().analysis.min_side;
        let shape = param.lazy_shape();
        let shape = shape.as_slice();
        let reading = match reading(owner, shape, self.engine.layout(&name), min_side) {
            Ok(reading) => reading,
            Err(why) => {
                self.found.not_matrices.push(unread(&name, shape, why));
                return;
            }
        };
        self.remember_factor(&name, param);
        let number = self.found.watched;
        self.found.watched += 1;
        if !self.due.all && !self.engine.layer_due(self.due.step, number) {
            return;
        }
        if !param.is_initialized() {
            self.found.uninitialized.push(name);
            return;
        }
        let Some(tensor) = self.source.tensor(param) else { return };
        let first = self.found.layers.len();
        self.take(&name, reading, tensor);
        self.found.places.insert(param.id, first..self.found.layers.len());
    }
}

impl<S: Source> Collector<'_, S> {
    /// Takes handles on the matrices of an initialized parameter.
    fn take<const D: usize>(&mut self, name: &str, reading: Reading, tensor: Tensor<D>) {
        if self.wants_device {
            self.wants_device = false;
            self.found.device = Some(format!("{:?}", tensor.device()));
        }
        // Without autodiff (a model made for evaluation) nothing can be told of freezing.
        let frozen = tensor.is_autodiff().then(|| !tensor.is_require_grad());
        let dtype = tensor.dtype();
        let quantised = matches!(dtype, DType::QFloat(_));
        let layer = reading.layer(name, self.kind(name));
        let mut notes: Vec<String> = reading.note.map(Into::into).into_iter().collect();
        if quantised {
            notes.push("quantised weights, dequantised".into());
        } else if matches!(dtype, DType::F16 | DType::BF16) {
            notes.push(format!("{} weights, widened", dtype.name()));
        }
        let Matrices { parts, shape, orientation, .. } = reading.matrices;
        let [rows, cols] = shape;
        // What is packed is unpacked to single precision.
        let entry = if quantised { size_of::<f32>() } else { dtype.size() };
        let handle = WeightHandle(tensor.without_autodiff());
        let snapshot = |layer, weights| LayerSnapshot {
            layer,
            shape,
            orientation,
            dtype: dtype.name().into(),
            bytes: (rows * cols * entry) as u64,
            frozen,
            quantised,
            notes: notes.clone(),
            weights,
            activation: None,
        };
        if parts == 1 {
            let product = self.product(name, shape, &handle);
            self.found.layers.push(snapshot(layer, Box::new(handle)));
            if let Some((id, shape, weights)) = product {
                let [rows, cols] = shape;
                let bytes = (rows * cols * size_of::<f64>()) as u64;
                let notes = vec![PRODUCT_NOTE.to_owned()];
                let of = snapshot(id, weights);
                self.found.layers.push(LayerSnapshot { shape, bytes, notes, ..of });
            }
            return;
        }
        for (part, weights) in PartHandle::cut(Box::new(handle), parts).enumerate() {
            let layer = layer.clone().with_part(part.to_string());
            self.found.layers.push(snapshot(layer, Box::new(weights)));
        }
    }

    /// What the user says of the part that a parameter plays, or else burn's modules around it.
    fn kind(&self, name: &str) -> Option<LayerKind> {
        self.engine.kind(name).or_else(|| self.place.kind())
    }

    /// A layer of the user's own that is called `Linear` too may be stored [out, in]: its bias, of as many entries
    /// as it has outputs, shows it.
    fn know_bias(&mut self, name: &str, shape: &[usize]) {
        let (Some(layer), &[outputs]) = (name.strip_suffix("bias"), shape) else { return };
        let Some(weight) = self.found.layers.last_mut() else { return };
        let [rows, cols] = weight.shape;
        let of_this = weight.layer.name.strip_suffix("weight") == Some(layer);
        let given = self.engine.layout(&weight.layer.name).is_some();
        if given || !of_this || weight.orientation != Orientation::InOut || outputs == cols {
            return;
        }
        if outputs == rows {
            weight.orientation = Orientation::OutIn;
            weight.notes.push(BIAS_NOTE.to_owned());
        } else {
            weight.orientation = Orientation::Assumed;
        }
    }

    /// The name of the adapter whose factor `factor` the parameter `name` is, where its product is taken.
    fn adapter<'n>(&self, name: &'n str, factor: &str) -> Option<&'n str> {
        let asked = self.due.products && self.engine.settings().lora_products;
        let adapter = asked && self.place.owner() == "Struct:LoraAdapter";
        name.strip_suffix(factor).filter(|_| adapter)
    }

    /// Keeps the factor a of an adapter, due or not: the product is due with b.
    fn remember_factor<const D: usize>(&mut self, name: &str, param: &Param<Tensor<D>>) {
        let Some(adapter) = self.adapter(name, ".a").filter(|_| param.is_initialized()) else {
            return;
        };
        let Some(tensor) = self.source.tensor(param) else { return };
        let &[d_in, rank] = tensor.shape().as_slice() else { return };
        let weights = Box::new(WeightHandle(tensor.without_autodiff()));
        self.factor = Some(Factor { adapter: adapter.to_owned(), shape: [d_in, rank], weights });
    }

    /// The product of an adapter whose second factor this is, where it is asked for.
    fn product<const D: usize>(
        &mut self,
        name: &str,
        shape: [usize; 2],
        handle: &WeightHandle<D>,
    ) -> Option<(LayerId, [usize; 2], Box<dyn Weights>)> {
        let adapter = self.adapter(name, ".b")?;
        let a = self.factor.take().filter(|a| a.adapter == adapter)?;
        let weights: Box<dyn Weights> = Box::new(WeightHandle(handle.0.clone()));
        let ([d_in, rank], [_, d_out]) = (a.shape, shape);
        let mut id = LayerId::from_name(format!("{adapter}.product"));
        id.kind = self.kind(name).unwrap_or(id.kind);
        let product = ProductHandle { a: a.weights, b: weights, sides: [d_in, rank, d_out] };
        Some((id, [d_in, d_out], Box::new(product)))
    }
}

/// The module whose weights burn stores [in, out].
const LINEAR: &str = "Struct:Linear";

/// What the report says of a layer that is not burn's `Linear`, whatever its name.
const BIAS_NOTE: &str = "read as [out, in]: its bias has as many entries as it has rows";

/// What a product's report says of it.
const PRODUCT_NOTE: &str =
    "the product a·b of a low-rank adapter, without its scale: its rank is at most the adapter's";

/// The first factor of an adapter.
struct Factor {
    adapter: String,
    shape: [usize; 2],
    weights: Box<dyn Weights>,
}

fn unread(name: &str, shape: &[usize], why: Unread) -> String {
    match why {
        Unread::Unknown => format!(
            "`{name}` is not analysed: {shape:?} is no matrix, and no layout is known for it; give \
             one with with_layout"
        ),
        Unread::Unfit(layout) => {
            format!("`{name}` is not analysed: its shape {shape:?} does not fit {layout:?}")
        }
    }
}
