//! PEFT's adapters: low-rank changes s·B·A of the weights of a base model, alone or added to it.

mod config;
mod names;
mod product;

use super::file::Input;
use super::names::{natural, quoted};
use super::{Convention, Element, Entry, FormatError, Source};
use config::Config;
use names::{Factors, sorted};
use product::Product;
use rmt_monitor::WeightValues;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// The file beside the weights that says what they are.
const CONFIG: &str = "adapter_config.json";

/// Where the settings of the adapter at this path are, if it is one.
pub(super) fn config_beside(path: &Path) -> Option<PathBuf> {
    let directory = if path.is_dir() { path } else { path.parent().unwrap_or(Path::new("")) };
    let config = directory.join(CONFIG);
    config.is_file().then_some(config)
}

/// What stands for a tensor of the base model.
enum Form {
    /// A tensor of the adapter's file.
    Own(usize),
    /// A low-rank change, added to the tensor of this number in the base.
    Changed(Product, Option<usize>),
}

/// An adapter's weights under the names of its base model.
struct Adapter {
    path: PathBuf,
    own: Box<dyn Source>,
    base: Option<Box<dyn Source>>,
    entries: Vec<Entry>,
    forms: Vec<Form>,
    notes: Vec<String>,
}

/// Reads a checkpoint as the adapter that its settings say it is.
pub(super) fn over(
    path: &Path,
    config: &Path,
    own: Box<dyn Source>,
    base: Option<Box<dyn Source>>,
) -> Result<Box<dyn Source>, FormatError> {
    let input = Input::open(config)?;
    let config = Config::read(&input).map_err(|problem| input.error(problem))?;
    let sorted = sorted(own.entries().iter().map(|entry| entry.name.as_str()));
    if config.other_kind().is_some() || sorted.factors.is_empty() {
        return match (config.other_kind(), base) {
            (Some(kind), Some(_)) => {
                let problem = format!(
                    "an adapter of type {kind}, which cannot be added to a base here: merge it with PEFT (merge_and_unload) and inspect the result"
                );
                Err(FormatError::new(path, problem))
            }
            _ => Ok(own),
        };
    }
    let known = base.as_ref().map(|base| Known::new(base.as_ref()));
    let mut formed: Vec<(Entry, Form)> = Vec::new();
    for (module, factors) in &sorted.factors {
        let name = format!("{module}.weight");
        let made = made(&name, module, factors, &config, own.as_ref(), known.as_ref());
        formed.push(made.unwrap_or_else(|why| {
            let element = Element::Unread(why);
            (Entry { name, shape: Vec::new(), element, bytes: 0 }, Form::Own(0))
        }));
    }
    for (number, name) in sorted.whole {
        let Some(entry) = own.entries().get(number) else { continue };
        formed.push((Entry { name, ..entry.clone() }, Form::Own(number)));
    }
    formed.sort_by(|(a, _), (b, _)| natural(&a.name, &b.name));
    let changed = formed.iter().filter(|(_, form)| matches!(form, Form::Changed(..))).count();
    let mut notes = Vec::new();
    match &base {
        None => notes.push(format!(
            "an adapter: {changed} weights are its changes scale·B·A; --base adds them to the model"
        )),
        Some(base) => {
            let others = base.entries().len().saturating_sub(changed);
            notes.push(format!(
                "{changed} weights of the base with the adapter's change scale·B·A; its {others} other tensors are \
                 left out"
            ));
        }
    }
    if config.has_magnitudes() && base.is_none() {
        notes.push("DoRA: the changes are without its magnitudes, which --base applies".into());
    }
    let (entries, forms): (Vec<Entry>, Vec<Form>) = formed.into_iter().unzip();
    super::names::distinct(&entries).map_err(|problem| FormatError::new(path, problem))?;
    Ok(Box::new(Adapter { path: path.to_owned(), own, base, entries, forms, notes }))
}

/// The weight of a module with the form that gives its values; the reason where there is none.
fn made(
    name: &str,
    module: &str,
    factors: &Factors,
    config: &Config,
    own: &dyn Source,
    base: Option<&Known<'_>>,
) -> Result<(Entry, Form), String> {
    let entry = |number: Option<usize>, what: &str| {
        let found = number.and_then(|number| Some((number, own.entries().get(number)?)));
        let (number, entry) =
            found.ok_or_else(|| format!("a change of low rank without its factor {what}"))?;
        match &entry.element {
            Element::Other(name) => {
                Err(format!("its factor {what} is stored as {name}, which is not read"))
            }
            Element::Unread(why) => Err(format!("its factor {what}: {why}")),
            _ => Ok((number, entry)),
        }
    };
    let ((a, one), (b, other)) = (entry(factors.a, "A")?, entry(factors.b, "B")?);
    let transposed = factors.embedding || config.in_out();
    let mut product = Product::new((a, &one.shape), (b, &other.shape), transposed)?;
    product.scale = config.scale(module, product.rank)?;
    let shape = product.shape.clone();
    let Some(base) = base else {
        let element = Element::F64;
        let bytes = one.bytes.saturating_add(other.bytes);
        return Ok((
            Entry { name: name.to_owned(), shape, element, bytes },
            Form::Changed(product, None),
        ));
    };
    let (number, weight) = base.find(name)?;
    if weight.shape != shape {
        return Err(format!(
            "its change has the shape {shape:?}, the base's weight {:?}",
            weight.shape
        ));
    }
    let element = match &weight.element {
        Element::Other(name) => {
            return Err(format!("the base's weight is stored as {name}, which is not read"));
        }
        Element::Unread(why) => return Err(format!("the base's weight: {why}")),
        Element::F64 => Element::F64,
        _ => Element::F32,
    };
    if let Some(magnitude) = factors.magnitude {
        if transposed {
            return Err(
                "DoRA of an embedding, or of a layer stored [in, out], is not applied".into()
            );
        }
        let lengths =
            own.entries().get(magnitude).map(|entry| entry.shape.iter().product::<usize>());
        if lengths != shape.first().copied() {
            return Err("its magnitudes are not one per row".into());
        }
        product.magnitude = Some(magnitude);
    }
    let entry = Entry { name: weight.name.clone(), shape, element, bytes: weight.bytes };
    Ok((entry, Form::Changed(product, Some(number))))
}

/// The tensors of a base model by name, and by names without their beginnings.
struct Known<'a> {
    entries: &'a [Entry],
    numbers: HashMap<&'a str, usize>,
    /// `None` where several have this end.
    ends: HashMap<&'a str, Option<usize>>,
}

/// Components that may stand before a name on one side alone.
const MOST_BEFORE: usize = 3;

impl<'a> Known<'a> {
    fn new(base: &'a dyn Source) -> Self {
        let entries = base.entries();
        let (mut numbers, mut known) = (HashMap::new(), HashMap::new());
        for (number, entry) in entries.iter().enumerate() {
            numbers.insert(entry.name.as_str(), number);
            for end in ends(&entry.name) {
                known.entry(end).and_modify(|known| *known = None).or_insert(Some(number));
            }
        }
        Self { entries, numbers, ends: known }
    }

    fn find(&self, name: &str) -> Result<(usize, &'a Entry), String> {
        let whole = |name: &str| self.numbers.get(name).copied();
        let number = match (whole(name), self.ends.get(name)) {
            (Some(number), _) | (None, Some(&Some(number))) => number,
            (None, Some(None)) => {
                let name = quoted(name);
                return Err(format!("several tensors of the base have names that end in {name}"));
            }
            (None, None) => ends(name)
                .find_map(whole)
                .ok_or_else(|| format!("the base has no {}", quoted(name)))?,
        };
        let entry = self.entries.get(number).ok_or("the base has lost a tensor")?;
        Ok((number, entry))
    }
}

/// A name without one, two, … of its first components; the end has two at least.
fn ends(name: &str) -> impl Iterator<Item = &str> {
    let dots = name.match_indices('.').map(|(at, _)| at + 1);
    dots.take(MOST_BEFORE).filter_map(move |at| name.get(at..)).filter(|end| end.contains('.'))
}

impl Source for Adapter {
    fn entries(&self) -> &[Entry] {
        &self.entries
    }

    fn convention(&self) -> Convention {
        self.base.as_ref().map_or(Convention::OutIn, |base| base.convention())
    }

    fn notes(&self) -> Vec<String> {
        let base = self.base.iter().flat_map(|base| base.notes());
        self.notes.iter().cloned().chain(self.own.notes()).chain(base).collect()
    }

    fn read(&self, entry: usize) -> Result<WeightValues, FormatError> {
        let Some((entry, form)) = self.entries.get(entry).zip(self.forms.get(entry)) else {
            return Err(FormatError::new(
                &self.path,
                format!("it has no tensor of number {entry}"),
            ));
        };
        if let Element::Unread(why) = &entry.element {
            return Err(FormatError::new(&self.path, why));
        }
        match (form, &self.base) {
            (Form::Own(number), _) => self.own.read(*number),
            (Form::Changed(product, None), _) | (Form::Changed(product, Some(_)), None) => {
                product.alone(self.own.as_ref()).map(WeightValues::F64)
            }
            (Form::Changed(product, Some(number)), Some(base)) => {
                product.added(self.own.as_ref(), base.read(*number)?)
            }
        }
    }
}
