//! How one tensor is read as matrices: its sides, by what the user says, its name and its shape.

use super::norm::{Gain, Norm, norm};
use super::wanted::Rules;
use crate::formats::{Convention, Element, Entry, Source, Usage};
use rmt_core::Orientation;
use rmt_core::layers::{
    LayerId, LayerKind, Sides, by_shape, is_adapter, is_weight, not_a_weight, sides,
};
use rmt_monitor::{Layout, Matrices};
use std::collections::HashMap;

const ASSUMED: &str = "sides assumed [in, out]; --layout overrides";
/// A convolution's groups cannot be seen from its tensor.
const CONV: &str = "convolution read as one matrix [out, in/groups·k], whatever its groups; \
                    --layout NAME=conv:GROUPS takes them apart";
const STACK: &str = "assumed to be one of a stack of matrices [in, out]; --layout \
                     NAME=stack-out-in if they are [out, in]";
const DEPTHWISE: &str = "a depthwise convolution: a filter for each channel, and no matrix";
const ONE_INPUT: &str = "one input per filter: where it is a depthwise convolution, it is no matrix; --exclude \
                         leaves it out";
const LINEAR: &str = "a linear layer by its bias or its width, though it is called an embedding";
const FORMED: &str = "formed from its direction and its gain (weight norm)";
const NOT_FORMED: &str = "the direction of a weight norm, not the weight: its gain is of a shape that is not \
                          known";
const ORIGINAL: &str = "what a parametrization makes the weight from, not the weight";
const ROUNDING: &str = "their rounding is noise with a bulk of its own, under which what was small is hidden; \
                        the smallest singular values are those of the rounding";
const GATE_UP: &str = "gate and up projection in one matrix";

/// Below it, the last sides of a tensor may be anything, not those of a stack of matrices.
const LEAST_GUESSED: usize = 16;

/// Matrices that have a side as long as the model is wide, at least.
const COMMON: usize = 6;
/// And how many times as many as have one of another length.
const LESS_COMMON: usize = 4;

/// A stack of more is none of experts, and would flood a plan.
const MOST_PARTS: usize = 1 << 14;

/// Why a tensor is not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Left {
    /// It has one side.
    Vector,
    /// In words.
    Why(String),
    /// It may be a weight, but cannot be read, for this reason.
    Unread(String),
}

/// A tensor's reading as matrices.
#[derive(Debug, Clone)]
pub(super) struct Reading {
    /// Kind and block; no part.
    pub(super) layer: LayerId,
    pub(super) matrices: Matrices,
    /// Whether it is a matrix by its own sides, and may hold several projections.
    pub(super) plain: bool,
    pub(super) notes: Vec<String>,
    /// Where the tensor is a direction.
    pub(super) gain: Option<Gain>,
}

/// A checkpoint as a whole.
pub(super) struct Checkpoint<'a> {
    convention: Convention,
    entries: &'a [Entry],
    /// How the model uses each, where the format tells.
    usages: Vec<Option<Usage>>,
    /// Number of each tensor, by name.
    numbers: HashMap<&'a str, usize>,
    /// How many matrices have a side of this length.
    widths: HashMap<usize, usize>,
    /// The sides of GPT-2's matrices, where their shapes agree on them.
    gpt2: Option<Orientation>,
}

impl<'a> Checkpoint<'a> {
    pub(super) fn new(source: &'a dyn Source) -> Self {
        let entries = source.entries();
        let told = |entry: &Entry| match entry.shape.as_slice() {
            &[rows, columns] if by_shape(&entry.name) => {
                match sides(&LayerId::from_name(entry.name.as_str()), [rows, columns]) {
                    Sides::Known(orientation) => Some(orientation),
                    _ => None,
                }
            }
            _ => None,
        };
        let mut told = entries.iter().filter_map(told);
        let gpt2 = told.next().filter(|first| told.all(|other| other == *first));
        let numbers =
            entries.iter().enumerate().map(|(number, entry)| (entry.name.as_str(), number));
        let mut widths: HashMap<usize, usize> = HashMap::new();
        for entry in entries {
            if let &[rows, columns] = entry.shape.as_slice() {
                *widths.entry(rows).or_default() += 1;
                *widths.entry(columns).or_default() += 1;
            }
        }
        let convention = source.convention();
        let usages = (0..entries.len()).map(|number| source.usage(number)).collect();
        Self { convention, entries, usages, numbers: numbers.collect(), widths, gpt2 }
    }

    /// Reads a tensor.
    pub(super) fn reading(&self, entry: &Entry, rules: &Rules<'_>) -> Result<Reading, Left> {
        let (name, shape) = (entry.name.as_str(), entry.shape.as_slice());
        let vector = shape.iter().filter(|&&side| side != 1).count() < 2;
        if let Element::Unread(why) = &entry.element
            && (shape.is_empty() || !vector)
        {
            return Err(Left::Unread(format!("not read: {why}")));
        }
        if shape.len() < 2 {
            return Err(Left::Vector);
        }
        if let Some(what) = not_a_weight(name) {
            return Err(if vector { Left::Vector } else { Left::Why(what.into()) });
        }
        // Before its sides: packed weights may have one alone.
        if let Element::Other(element) = &entry.element {
            return Err(Left::Unread(format!(
                "stored as {element}, which is not read as weights; analyse the model in floating \
                 point"
            )));
        }
        if shape.contains(&0) {
            return Err(Left::Why(format!("empty: its sides are {shape:?}")));
        }
        let size = shape.iter().try_fold(size_of::<f64>(), |size, &side| size.checked_mul(side));
        if size.is_none() {
            return Err(Left::Why(format!("its sides {shape:?} are larger than any memory")));
        }
        if vector {
            return Err(Left::Vector);
        }
        let norm = norm(entry, &self.numbers, self.entries);
        let name = match &norm {
            Some(Norm::Direction { weight, gain: Some(_) }) => weight.as_str(),
            _ => name,
        };
        let mut layer = LayerId::from_name(name);
        let kind = rules.kinds.of(name).copied();
        let linear = kind.is_none() && layer.kind == LayerKind::Embedding && self.is_linear(entry);
        if linear {
            layer.kind = LayerKind::Other;
        }
        layer.kind = kind.unwrap_or(layer.kind);
        let usage = self.numbers.get(entry.name.as_str());
        let usage = usage.and_then(|number| self.usages.get(*number).copied()?);
        if usage == Some(Usage::Embedding) && kind.is_none() && layer.kind == LayerKind::Other {
            layer.kind = LayerKind::Embedding;
        }
        let mut reading = self.sides(layer, shape, usage, rules)?;
        if kind.is_none()
            && reading.conv
            && matches!(reading.layer.kind, LayerKind::Other | LayerKind::Embedding)
        {
            reading.layer.kind = LayerKind::Conv;
        }
        let Read { layer, matrices, plain, note, .. } = reading;
        if matrices.parts > MOST_PARTS {
            let why = format!("{} matrices in one tensor: more than {MOST_PARTS}", matrices.parts);
            return Err(Left::Why(why));
        }
        // A convolution with one output.
        if matrices.shape.contains(&1) {
            return Err(Left::Vector);
        }
        let mut notes: Vec<String> = note.map(Into::into).into_iter().collect();
        if linear {
            notes.push(LINEAR.into());
        }
        let gain = match norm {
            Some(Norm::Direction { gain: Some(gain), .. }) => {
                notes.push(FORMED.into());
                Some(gain)
            }
            Some(Norm::Direction { gain: None, .. }) => {
                notes.push(NOT_FORMED.into());
                None
            }
            Some(Norm::Original) => {
                notes.push(ORIGINAL.into());
                None
            }
            None => None,
        };
        if !plain && name.contains("gate_up_proj") {
            notes.push(GATE_UP.into());
        }
        if entry.element.is_coarse() {
            let name = entry.element.name().to_lowercase();
            notes.push(format!("{name} weights, dequantized: {ROUNDING}"));
        }
        if matches!(entry.element, Element::F16 | Element::BF16) {
            notes.push(format!("{} weights, widened", entry.element.name()));
        }
        Ok(Reading { layer, matrices, plain, notes, gain })
    }

    fn sides(
        &self,
        layer: LayerId,
        shape: &[usize],
        usage: Option<Usage>,
        rules: &Rules<'_>,
    ) -> Result<Read, Left> {
        let told = match usage {
            Some(Usage::Linear(orientation)) => Some(orientation),
            Some(Usage::Embedding) => Some(Orientation::InOut),
            _ => None,
        };
        if let Some(layout) = rules.layouts.of(&layer.name).copied() {
            let matrices = fit(layout, shape)?;
            let conv = matches!(layout, Layout::Conv { .. });
            return Ok(Read { layer, matrices, plain: shape.len() == 2, conv, note: None });
        }
        let experts = layer.name.split('.').any(|p| p == "experts" || p.ends_with("_exps"));
        let modules = self.convention == Convention::OutIn && is_weight(&layer.name);
        let conv = usage == Some(Usage::Convolution)
            || (told.is_none() && (layer.kind == LayerKind::Conv || (modules && !experts)));
        let kernel = usage == Some(Usage::Kernel) || layer.name.ends_with("kernel");
        if (3..=5).contains(&shape.len()) && kernel {
            if is_depthwise(&layer.name) {
                return Err(Left::Why(DEPTHWISE.into()));
            }
            // TensorFlow's and JAX's: [k…, in, out].
            let matrices = fit(Layout::InOut, shape)?;
            return Ok(Read { layer, matrices, plain: false, conv: true, note: None });
        }
        if (3..=5).contains(&shape.len()) && conv {
            if let [channels, 1, ..] = shape
                && *channels > 1
            {
                if is_depthwise(&layer.name) {
                    return Err(Left::Why(DEPTHWISE.into()));
                }
                let matrices = fit(Layout::Conv { groups: 1 }, shape)?;
                return Ok(Read {
                    layer,
                    matrices,
                    plain: false,
                    conv: true,
                    note: Some(ONE_INPUT),
                });
            }
            let matrices = fit(Layout::Conv { groups: 1 }, shape)?;
            return Ok(Read { layer, matrices, plain: false, conv: true, note: Some(CONV) });
        }
        // A parameter such as [1, positions, d] is a matrix.
        let mut rest = shape;
        while let [1, inner @ ..] = rest
            && inner.len() >= 2
        {
            rest = inner;
        }
        let wanted = rules.wanted.orientation;
        let stack = experts || (told.is_some() && rest.len() == 3);
        let (matrices, note) = match rest {
            &[rows, columns] => {
                let (orientation, note) = self.linear(&layer, [rows, columns], wanted, told);
                (fit(Layout::InOut, rest)?.with_orientation(orientation), note)
            }
            [.., rows, columns] if stack || self.may_be_stack(rest, *rows, *columns) => {
                let known = wanted.or(told).or_else(|| self.stacked(&layer.name, modules));
                let stack = fit(Layout::Stack, rest)?;
                let note = known.is_none().then_some(STACK);
                (stack.with_orientation(known.unwrap_or(Orientation::Assumed)), note)
            }
            _ => {
                return Err(Left::Why(format!(
                    "{} sides {shape:?} of unknown layout; state it with --layout \
                     NAME=LAYOUT",
                    shape.len()
                )));
            }
        };
        Ok(Read { layer, matrices, plain: rest.len() == 2, conv: false, note })
    }

    fn entry(&self, name: &str) -> Option<&'a Entry> {
        self.entries.get(*self.numbers.get(name)?)
    }

    /// The sides of the matrix of this name, if it is one.
    pub(super) fn shape_of(&self, name: &str) -> Option<[usize; 2]> {
        <[usize; 2]>::try_from(self.entry(name)?.shape.as_slice()).ok()
    }

    /// Whether what is called an embedding is a linear layer [out, in]: it has a bias as long as its rows, or
    /// its rows are as many as the model is wide, and its columns are not.
    fn is_linear(&self, entry: &Entry) -> bool {
        let &[rows, columns] = entry.shape.as_slice() else { return false };
        let Some(module) = entry.name.strip_suffix(".weight") else { return false };
        if self.convention != Convention::OutIn {
            return false;
        }
        if self.entry(&format!("{module}.bias")).is_some_and(|bias| bias.shape == [rows]) {
            return true;
        }
        // Its own sides are two of them.
        let times = |side: usize| self.widths.get(&side).copied().unwrap_or(0);
        rows != columns && times(rows) >= COMMON.max(LESS_COMMON * times(columns))
    }

    /// burn has no other parameters of three sides that are not convolutions.
    fn may_be_stack(&self, shape: &[usize], rows: usize, columns: usize) -> bool {
        self.convention == Convention::Unknown
            && shape.len() == 3
            && rows.min(columns) >= LEAST_GUESSED
    }

    /// The sides of a matrix [rows, columns], and what is to be said of them.
    fn linear(
        &self,
        layer: &LayerId,
        shape: [usize; 2],
        wanted: Option<Orientation>,
        told: Option<Orientation>,
    ) -> (Orientation, Option<&'static str>) {
        let alike_everywhere = layer.kind == LayerKind::Embedding || is_adapter(&layer.name);
        let known = match sides(layer, shape) {
            _ if wanted.is_some() && !alike_everywhere => wanted,
            _ if told.is_some() => told,
            Sides::Known(orientation) => Some(orientation),
            Sides::AsOthers => self.gpt2,
            Sides::Convention if self.convention == Convention::OutIn => Some(Orientation::OutIn),
            _ => None,
        };
        known.map_or((Orientation::Assumed, Some(ASSUMED)), |orientation| (orientation, None))
    }

    /// The sides of a stack of experts' matrices.
    fn stacked(&self, name: &str, modules: bool) -> Option<Orientation> {
        if modules {
            return Some(Orientation::OutIn);
        }
        // Files of both conventions exist. The first matrix has d on its input side and twice
        // the width of the second on its other; the second has d on its output side.
        let of = |name: String| match self.entry(&name).map(|entry| entry.shape.as_slice()) {
            Some([_, rows, columns]) => Some((*rows, *columns)),
            _ => None,
        };
        let (up, down) = ("gate_up_proj", "down_proj");
        let (first, second) = if name.contains(up) {
            (of(name.to_owned())?, of(name.replace(up, down))?)
        } else {
            (of(name.replace(down, up))?, of(name.to_owned())?)
        };
        let double = |side: usize| side.checked_mul(2);
        if first.0 == second.1 && Some(first.1) == double(second.0) {
            Some(Orientation::InOut)
        } else if Some(first.0) == double(second.1) && first.1 == second.0 {
            Some(Orientation::OutIn)
        } else {
            None
        }
    }
}

/// Whether a convolution is depthwise by its name.
fn is_depthwise(name: &str) -> bool {
    let is = |part: &str| {
        let part = part.to_ascii_lowercase();
        ["depthwise", "dwconv", "conv_dw", "dw_conv"].iter().any(|word| part.contains(word))
            || part == "dw"
    };
    name.split(['.', '/']).any(is) || name.ends_with("mixer.conv1d.weight")
}

/// [`Reading`] in the making.
struct Read {
    layer: LayerId,
    matrices: Matrices,
    plain: bool,
    conv: bool,
    note: Option<&'static str>,
}

fn fit(layout: Layout, shape: &[usize]) -> Result<Matrices, Left> {
    layout.matrices(shape).ok_or_else(|| {
        Left::Why(format!("its sides {shape:?} do not fit {layout:?}; give another --layout"))
    })
}
