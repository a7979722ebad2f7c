//! From a checkpoint into a burn module, parameter by parameter.

use std::collections::{BTreeSet, HashMap};

use anyhow::{Context, Result, bail, ensure};
use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Tensor, TensorData};
use rmt_cli::formats::Source;
use rmt_monitor::WeightValues;

/// Where a checkpoint has a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The tensor's path in the file.
    pub name: String,
    /// Whether it is stored [out, in], as PyTorch's linear layers are; burn has [in, out].
    pub transposed: bool,
    /// Of a fused projection, which part of how many along the last side.
    pub part: Option<(usize, usize)>,
}

/// How a model's parameters are named in its checkpoint.
#[derive(Clone, Copy)]
pub struct Names<'a> {
    /// Of a parameter, by its path in the module; `None` where the checkpoint has no such thing.
    pub stored: &'a dyn Fn(&str) -> Option<Stored>,
    /// Tensors that repeat another one, which comes second. The values must be the same.
    pub tied: &'a [(&'a str, &'a str)],
    /// Ends of names of tensors that are no parameters, such as the numbers of the places.
    pub buffers: &'a [&'a str],
}

/// The model with the values of the checkpoint.
///
/// ```no_run
/// # use std::path::Path;
/// # use burn::{module::Module, nn::{Linear, LinearConfig}, tensor::{Device, Tensor}};
/// # use burn_rmt::{ActivationConfig, MonitorConfig};
/// # use rmt_examples::models::load::{Names, Stored, load};
/// # #[derive(Module, Debug)]
/// # struct MyModel { head: Linear }
/// # impl MyModel {
/// #     fn new(device: &Device) -> Self { Self { head: LinearConfig::new(8, 8).init(device) } }
/// #     fn loss(&self, batch: &Tensor<2>) -> Tensor<1> { self.head.forward(batch.clone()).sum() }
/// # }
/// # fn main() -> anyhow::Result<()> {
/// # let (device, held_out) = (Device::flex(), Vec::<Tensor<2>>::new());
/// let source = rmt_cli::formats::open(Path::new("model.safetensors"))?;
/// let stored = |path: &str| {
///     let name = path.replace("blocks", "encoder.layer");
///     Some(Stored { name, transposed: true, part: None })
/// };
/// let tied = &[("head.weight", "embedding.weight")];
/// let names = Names { stored: &stored, tied, buffers: &["position_ids"] };
/// let model = load(MyModel::new(&device), source.as_ref(), &names)?;
///
/// // As it is, with the inputs of its layers.
/// let monitor = MonitorConfig::new("runs/mine")
///     .with_activations(ActivationConfig::new().with_in_evaluation(true))
///     .init()?;
/// monitor.observe(0, &model);
/// for batch in &held_out {
///     let _ = model.loss(batch);
/// }
/// monitor.finish_at(0, &model);
/// # Ok(()) }
/// ```
///
/// # Errors
/// Where a parameter is missing there or has other sides, a tensor is of no use to the model, or
/// one that should repeat another does not: all of them in one line.
pub fn load<M: Module>(model: M, source: &dyn Source, names: &Names<'_>) -> Result<M> {
    let places = (0..source.entries().len()).map(|at| (source.path(at).to_owned(), at));
    let mut loader = Loader {
        source,
        names,
        places: places.collect(),
        used: BTreeSet::new(),
        path: Vec::new(),
        problems: Vec::new(),
    };
    let model = model.map(&mut loader);
    for &(copy, original) in names.tied {
        if loader.places.contains_key(copy)
            && let Err(problem) = loader.same(copy, original)
        {
            loader.problems.push(format!("{problem:#}"));
        }
    }
    let unused = loader.places.keys().filter(|name| {
        !loader.used.contains(*name) && !names.buffers.iter().any(|end| name.ends_with(end))
    });
    let mut unused: Vec<&String> = unused.collect();
    unused.sort();
    let unused = unused.into_iter().map(|name| format!("{name} is of no use to the model"));
    let problems: Vec<String> = loader.problems.iter().cloned().chain(unused).collect();
    if !problems.is_empty() {
        bail!("the checkpoint does not fit the model: {}", problems.join("; "));
    }
    Ok(model)
}

struct Loader<'a> {
    source: &'a dyn Source,
    names: &'a Names<'a>,
    places: HashMap<String, usize>,
    used: BTreeSet<String>,
    path: Vec<String>,
    problems: Vec<String>,
}

impl Loader<'_> {
    fn read(&mut self, name: &str) -> Result<(Vec<usize>, Vec<f32>)> {
        let place = *self.places.get(name).with_context(|| format!("{name} is missing"))?;
        self.used.insert(name.to_owned());
        let entry = self.source.entries().get(place).context("an entry")?;
        let values = match self.source.read(place)? {
            WeightValues::F32(values) => values,
            WeightValues::F64(values) => values.into_iter().map(|x| x as f32).collect(),
        };
        Ok((entry.shape.clone(), values))
    }

    fn same(&mut self, copy: &str, original: &str) -> Result<()> {
        let same = self.read(copy)? == self.read(original)?;
        ensure!(same, "{copy} does not repeat {original}");
        Ok(())
    }

    /// The values of the parameter at this path, which has these sides.
    fn values(&mut self, path: &str, sides: &[usize]) -> Result<TensorData> {
        let stored = (self.names.stored)(path);
        let stored = stored.with_context(|| format!("{path} has no name in the checkpoint"))?;
        let (mut shape, mut values) = self.read(&stored.name)?;
        if let (Some((part, of)), Some(last)) = (stored.part, shape.last_mut()) {
            let (whole, kept) = (*last, *last / of);
            let rows = values.chunks_exact(whole);
            values = rows.flat_map(|row| row[part * kept..][..kept].to_vec()).collect();
            *last = kept;
        }
        if let (true, &[rows, columns]) = (stored.transposed, shape.as_slice()) {
            let entry = |at: usize| values[at % rows * columns + at / rows];
            values = (0..values.len()).map(entry).collect();
            shape = vec![columns, rows];
        }
        let name = &stored.name;
        ensure!(shape == sides, "{name} has sides {shape:?} in the place of {sides:?}");
        Ok(TensorData::new(values, shape))
    }
}

impl ModuleMapper for Loader<'_> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let sides = param.val().dims();
        match self.values(&self.path.join("."), &sides) {
            Ok(data) => param.map(|old| {
                let new = Tensor::from_data(data, &old.device());
                if old.is_require_grad() { new.require_grad() } else { new }
            }),
            Err(problem) => {
                self.problems.push(format!("{problem:#}"));
                param
            }
        }
    }
}
