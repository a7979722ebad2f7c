//! Models of ONNX: the tensors in the file and in those beside it, and how operators use them.

mod graph;
mod wire;

use super::decode::{self, Layout, bytes};
use super::file::{Input, SHRUNK};
use super::names::{natural, quoted};
use super::{Convention, Element, Entry, FormatError, Source, Usage};
use graph::{Data, Model, Tensor, Use};
use rmt_core::Orientation;
use rmt_monitor::WeightValues;
use std::collections::HashSet;
use std::path::{Component, Path, PathBuf};
use wire::{Range, Reader};

/// Whether a file with this start may be one: a version, then the name of the program that wrote it.
pub(super) fn is_one(head: &[u8]) -> bool {
    matches!(head, [0x08, 1..=63, 0x12, length, ..] if *length > 0 && head.get(4..4 + usize::from(*length)).is_some_and(|name| name.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ')))
}

/// A reader of such a model.
pub(super) struct Onnx {
    input: Input,
    entries: Vec<Entry>,
    tensors: Vec<(Tensor, Option<Usage>)>,
    notes: Vec<String>,
}

pub(super) fn open(input: Input) -> Result<Onnx, FormatError> {
    let whole = Range { at: 0, length: input.length() };
    let model = graph::read(&mut Reader::new(&input), whole);
    let model = model.map_err(|problem| {
        input.error(format!("it cannot be read as an ONNX model: {problem}; it may be truncated"))
    })?;
    if !model.found {
        return Err(input.error("it is not an ONNX model: it has no graph"));
    }
    let Model { tensors, uses, .. } = model;
    let names: HashSet<&str> = tensors.iter().map(|tensor| tensor.name.as_str()).collect();
    let mut taken: HashSet<String> = names.into_iter().map(str::to_owned).collect();
    let mut own = HashSet::new();
    let (mut renamed, mut found) = (0, Vec::new());
    for tensor in tensors {
        // Graphs within graphs may have names of their own.
        let mut name = tensor.name.clone();
        let mut number = 2;
        while !own.insert(name.clone()) {
            name = format!("{}#{number}", tensor.name);
            number += 1;
        }
        let used = uses.get(&tensor.name);
        if let Some(better) = used.and_then(|used| named(&tensor, used))
            && taken.insert(better.clone())
        {
            renamed += 1;
            name = better;
        }
        let usage = used.and_then(usage);
        found.push((entry(name, &tensor, &input), (tensor, usage)));
    }
    found.sort_by(|(a, _), (b, _)| natural(&a.name, &b.name));
    let (entries, tensors) = found.into_iter().unzip();
    let note = format!("{renamed} tensors without names have those of the operators that use them");
    let notes = (renamed > 0).then_some(note).into_iter().collect();
    Ok(Onnx { input, entries, tensors, notes })
}

/// The name that the operator has, of a tensor that has a number alone.
fn named(tensor: &Tensor, used: &Use) -> Option<String> {
    let numbered = tensor.name.starts_with("onnx::") || tensor.name.parse::<u64>().is_ok();
    let (module, _) = used.node.trim_start_matches('/').rsplit_once('/')?;
    (numbered && tensor.shape.len() > 1).then(|| format!("{}.weight", module.replace('/', ".")))
}

fn usage(used: &Use) -> Option<Usage> {
    let in_out =
        |turned: bool| Usage::Linear(if turned { Orientation::OutIn } else { Orientation::InOut });
    match (used.operator.as_str(), used.input) {
        ("MatMul" | "Gemm" | "FusedMatMul", 1) => Some(in_out(used.transposed)),
        ("MatMul", 0) => Some(in_out(!used.transposed)),
        ("Conv", 1) => Some(Usage::Convolution),
        ("LSTM" | "GRU" | "RNN", 1 | 2) => Some(in_out(true)),
        ("Gather", 0) => Some(Usage::Embedding),
        _ => None,
    }
}

fn element(kind: u64) -> Element {
    let other = match kind {
        1 => return Element::F32,
        10 => return Element::F16,
        11 => return Element::F64,
        16 => return Element::BF16,
        17 => return Element::F8E4M3,
        19 => return Element::F8E5M2,
        2 => "U8",
        3 => "I8",
        4 => "U16",
        5 => "I16",
        6 => "I32",
        7 => "I64",
        8 => "STRING",
        9 => "BOOL",
        12 => "U32",
        13 => "U64",
        14 => "C64",
        15 => "C128",
        21 => "U4",
        22 => "I4",
        kind => return Element::Other(format!("type {kind} of ONNX")),
    };
    Element::Other(other.into())
}

/// What the header says of it, checked against what is there.
fn entry(name: String, tensor: &Tensor, input: &Input) -> Entry {
    let (shape, element) = (tensor.shape.clone(), element(tensor.kind));
    let Some(size) = bytes(&element, &shape) else {
        return Entry { name, shape, element, bytes: 0 };
    };
    let wrong = match &tensor.data {
        Data::Raw(range) if range.length == size => None,
        Data::Raw(range) => Some(format!("it has {} bytes, not its shape's", range.length)),
        // A number has one byte at least.
        Data::Numbers(range)
            if size / decode::size(&element).unwrap_or(1) as u64 <= range.length =>
        {
            None
        }
        Data::Numbers(range) => Some(format!("it has {} bytes, not its shape's", range.length)),
        Data::External { file, offset, length } => outside(input.path(), file)
            .and_then(|path| {
                let held = std::fs::metadata(&path)
                    .map_err(|error| format!("its data are in {}: {error}", quoted(file)))?
                    .len();
                let end = offset.checked_add(size);
                let whole = length.is_none_or(|length| length == size)
                    && end.is_some_and(|end| end <= held);
                whole
                    .then_some(())
                    .ok_or_else(|| format!("its data are not all in {}", quoted(file)))
            })
            .err(),
        Data::Nowhere if size == 0 => None,
        Data::Nowhere => Some("it has no data".into()),
        Data::Pieces => Some("its data are in pieces, which are not read".into()),
    };
    let element = wrong.map_or(element, Element::Unread);
    Entry { name, shape, element, bytes: size }
}

/// The path of a file beside the model; none may lead elsewhere.
fn outside(model: &Path, file: &str) -> Result<PathBuf, String> {
    let plain = Path::new(file)
        .components()
        .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if !plain || file.is_empty() || file.contains(['\\', ':', '\0']) {
        return Err(format!("its data are in {}, which is not a file beside it", quoted(file)));
    }
    Ok(model.parent().unwrap_or(Path::new("")).join(file))
}

impl Onnx {
    fn values(&self, entry: &Entry, tensor: &Tensor) -> Result<WeightValues, String> {
        let layout = Layout {
            element: &entry.element,
            shape: &entry.shape,
            big_endian: false,
            fortran: false,
        };
        match &tensor.data {
            Data::Raw(range) => {
                decode::decode(&mut self.input.window(range.at, range.length), &layout)
            }
            Data::Numbers(range) => {
                let size = decode::size(&entry.element).unwrap_or(0);
                let mut bytes = super::file::reserve(entry.bytes)?;
                Reader::new(&self.input).numbers(*range, |number| {
                    if bytes.len() as u64 >= entry.bytes {
                        return Err(SHRUNK.into());
                    }
                    bytes.extend(number.to_le_bytes().iter().take(size));
                    Ok(())
                })?;
                decode::decode(&mut bytes.as_slice(), &layout)
            }
            Data::External { file, offset, .. } => {
                let input = Input::open(&outside(self.input.path(), file)?)
                    .map_err(|error| error.to_string())?;
                decode::decode(&mut input.window(*offset, entry.bytes), &layout)
            }
            Data::Nowhere | Data::Pieces => decode::decode(&mut std::io::empty(), &layout),
        }
    }
}

impl Source for Onnx {
    fn entries(&self) -> &[Entry] {
        &self.entries
    }

    fn convention(&self) -> Convention {
        Convention::OutIn
    }

    fn notes(&self) -> Vec<String> {
        self.notes.clone()
    }

    fn path(&self, entry: usize) -> &str {
        self.tensors.get(entry).map_or("", |(tensor, _)| &tensor.name)
    }

    fn usage(&self, entry: usize) -> Option<Usage> {
        self.tensors.get(entry)?.1
    }

    fn fingerprint(&self, entry: usize) -> Option<Vec<u64>> {
        match self.tensors.get(entry)?.0.data {
            Data::Raw(range) => self.input.samples(range.at, range.length),
            _ => None,
        }
    }

    fn read(&self, entry: usize) -> Result<WeightValues, FormatError> {
        let Some((entry, (tensor, _))) = self.entries.get(entry).zip(self.tensors.get(entry))
        else {
            return Err(self.input.error(format!("it has no tensor of number {entry}")));
        };
        self.values(entry, tensor).map_err(|problem| {
            self.input.error(format!("tensor {}: {problem}", quoted(&entry.name)))
        })
    }
}
