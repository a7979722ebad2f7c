//! Walks a model and takes handles on its weight matrices.

use crate::handles::{PartHandle, ProductHandle, WeightHandle};
use crate::layout::{Reading, Unread, part_of, reading};
use burn_core::module::{Module, ModuleVisitor, Param};
use burn_core::tensor::{DType, Tensor};
use rmt_core::Orientation;
use rmt_core::layers::{LayerId, LayerKind};
use rmt_monitor::observer::{Later, Model, Walk};
use rmt_monitor::{LayerSnapshot, Matrices, Weights};

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

/// A model's weights. A walk never initializes a parameter, never synchronizes a device.
pub(crate) struct Shown<'a, M>(pub(crate) &'a M);

impl<M: Module + 'static> Model for Shown<'_, M> {
    fn walk(&self, walk: &mut Walk<'_>) {
        collect_from(&WeightsThemselves, walk, self.0);
    }

    fn later(&self) -> Option<Later> {
        // A clone shares its lazy cells with the model as it is now.
        let held = self.0.clone();
        Some(Box::new(move |walk| collect_from(&WeightsThemselves, walk, &held)))
    }
}

/// Walks `model`, and takes what `source` has for each initialized parameter.
pub(crate) fn collect_from<M: Module, S: Source>(source: &S, walk: &mut Walk<'_>, model: &M) {
    model.visit(&mut Collector { source, walk, place: Place::default(), factor: None });
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

struct Collector<'a, 'w, S> {
    source: &'a S,
    walk: &'a mut Walk<'w>,
    place: Place,
    /// The factor a of the adapter being walked, where its product is asked for.
    factor: Option<Factor>,
}

impl<S: Source> ModuleVisitor for Collector<'_, '_, S> {
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
        if !self.walk.meet(&name, param.id.val()) {
            return;
        }
        let engine = self.walk.engine();
        let min_side = engine.settings().analysis.min_side;
        let shape = param.lazy_shape();
        let shape = shape.as_slice();
        let reading = match reading(self.place.owner(), shape, engine.layout(&name), min_side) {
            Ok(reading) => reading,
            Err(why) => return self.walk.unreadable(unread(&name, shape, why)),
        };
        self.remember_factor(&name, param);
        if !self.walk.is_due() {
            return;
        }
        if !param.is_initialized() {
            return self.walk.uninitialized(name);
        }
        if let Some(tensor) = self.source.tensor(param) {
            let matrices = self.matrices(&name, reading, tensor);
            self.walk.take(param.id.val(), matrices);
        }
    }
}

impl<S: Source> Collector<'_, '_, S> {
    /// Handles on the matrices of an initialized parameter.
    fn matrices<const D: usize>(
        &mut self,
        name: &str,
        reading: Reading,
        tensor: Tensor<D>,
    ) -> Vec<LayerSnapshot> {
        self.walk.on_device(|| format!("{:?}", tensor.device()));
        // Without autodiff (a model made for evaluation) nothing can be told of freezing.
        let frozen = tensor.is_autodiff().then(|| !tensor.is_require_grad());
        let dtype = tensor.dtype();
        let quantized = matches!(dtype, DType::QFloat(_));
        let layer = reading.layer(name, self.kind(name));
        let mut notes: Vec<String> = reading.note.map(Into::into).into_iter().collect();
        if quantized {
            notes.push("quantized weights, dequantized".into());
        } else if matches!(dtype, DType::F16 | DType::BF16) {
            notes.push(format!("{} weights, widened", dtype.name()));
        }
        let Matrices { parts, shape, orientation, .. } = reading.matrices;
        // What is packed is unpacked to single precision.
        let entry = if quantized { size_of::<f32>() } else { dtype.size() };
        let handle = WeightHandle(tensor.without_autodiff());
        let snapshot = |layer, shape: [usize; 2], entry: usize, notes: &[String], weights| {
            let mut snapshot = LayerSnapshot::new(layer, shape, orientation, weights);
            snapshot.bytes = (shape[0] * shape[1] * entry) as u64;
            snapshot.dtype = dtype.name().into();
            snapshot.notes = notes.to_vec();
            (snapshot.frozen, snapshot.quantized) = (frozen, quantized);
            snapshot
        };
        if parts != 1 {
            let parts = PartHandle::cut(Box::new(handle), parts).enumerate();
            let layer = |part: usize| layer.clone().with_part(part.to_string());
            return parts
                .map(|(part, weights)| {
                    snapshot(layer(part), shape, entry, &notes, Box::new(weights))
                })
                .collect();
        }
        let product = self.product(name, shape, &handle).map(|(layer, shape, weights)| {
            snapshot(layer, shape, size_of::<f64>(), &[PRODUCT_NOTE.to_owned()], weights)
        });
        let matrix = snapshot(layer, shape, entry, &notes, Box::new(handle));
        std::iter::once(matrix).chain(product).collect()
    }

    /// What the user says of the part that a parameter plays, or else burn's modules around it.
    fn kind(&self, name: &str) -> Option<LayerKind> {
        self.walk.engine().kind(name).or_else(|| self.place.kind())
    }

    /// A layer of the user's own that is called `Linear` too may be stored [out, in]: its bias, of as many entries
    /// as it has outputs, shows it.
    fn know_bias(&mut self, name: &str, shape: &[usize]) {
        let (Some(layer), &[outputs]) = (name.strip_suffix("bias"), shape) else { return };
        let engine = self.walk.engine();
        let Some(weight) = self.walk.last_taken() else { return };
        let [rows, cols] = weight.shape;
        let of_this = weight.layer.name.strip_suffix("weight") == Some(layer);
        let given = engine.layout(&weight.layer.name).is_some();
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
        let asked = !self.walk.is_of_gradients() && self.walk.engine().settings().lora_products;
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
            "`{name}` is not analysed: the shape {shape:?} is not a matrix, and its layout is \
             unknown; state one with with_layout"
        ),
        Unread::Unfit(layout) => {
            format!(
                "`{name}` is not analysed: its shape {shape:?} does not fit the layout {layout:?}"
            )
        }
    }
}
