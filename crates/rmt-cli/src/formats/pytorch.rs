//! PyTorch's checkpoints: pickles with the tensors beside them.
//!
//! The crate `pytorch-reader` interprets the pickle's opcodes and executes nothing. What that takes is found
//! out before ([`super::pickle`]): at most 8 MiB, and 128 bytes for each byte of the pickle.

use super::archive::{Archive, Member};
use super::checkpoint::{Top, weights};
use super::decode::{Layout, bytes, decode};
use super::file::Input;
use super::names::{distinct, natural, quoted};
use super::{Convention, Element, Entry, FormatError, Source, pickle};
use pytorch_reader::{DType, PickleValue, PytorchError, PytorchReader, Tensor};
use rmt_monitor::WeightValues;
use std::collections::{HashMap, HashSet};
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

/// Extensions of its files.
pub(super) const EXTENSIONS: [&str; 4] = ["pt", "pth", "ckpt", "bin"];
/// The member of a zip archive that holds the tensors' names and shapes.
const TREE: &str = "data.pkl";
/// Where a tar archive says that it is one.
const TAR: usize = 257;

/// Whether a file with this start may be a pickle.
pub(super) fn is_pickle(head: &[u8]) -> bool {
    matches!(head, [0x80, 0..=5, ..])
}

/// Whether a zip archive with these members is a checkpoint.
pub(super) fn is_archive(members: &[Member]) -> bool {
    members.iter().any(is_tree)
}

/// Whether a member is the pickle of a checkpoint.
fn is_tree(member: &Member) -> bool {
    member.name == TREE || member.name.strip_suffix(TREE).is_some_and(|root| root.ends_with('/'))
}

/// Refuses archives that unpack to more than the file holds: `torch.save` stores, and does not deflate.
fn check(input: &Input, members: &[Member]) -> Result<(), FormatError> {
    match members.iter().find(|member| member.size > input.length()) {
        Some(Member { name, size, .. }) => Err(input.error(format!(
            "member {} unpacks to {size} bytes, more than the file has: unpack it and save it again with torch.save",
            quoted(name)
        ))),
        None => Ok(()),
    }
}

/// A reader of such a checkpoint.
pub(super) struct PyTorch {
    path: PathBuf,
    length: u64,
    entries: Vec<Entry>,
    tensors: Vec<Tensor>,
    notes: Vec<String>,
}

impl PyTorch {
    /// A zip archive, as `torch.save` writes it since 1.6.
    pub(super) fn open_zip(
        input: &Input,
        mut archive: Archive,
        members: &[Member],
    ) -> Result<Self, FormatError> {
        check(input, members)?;
        // The reader takes the one with the shortest path; which of several is its own affair.
        for member in members.iter().filter(|member| is_tree(member)) {
            // It refuses what cannot be unpacked.
            let Ok(tree) = archive.by_index(member.number) else { continue };
            pickle::check(BufReader::new(tree.take(member.size)))
                .map_err(|problem| input.error(problem))?;
        }
        Self::interpret(input)
    }

    /// A file that starts with a pickle.
    pub(super) fn open(input: &Input, head: &[u8]) -> Result<Self, FormatError> {
        if head.get(TAR..).is_some_and(|magic| magic.starts_with(b"ustar")) {
            let problem = "the tar format of PyTorch before 0.1.10 is not read: load it and save it with a later one";
            return Err(input.error(problem));
        }
        let whole = input.window(0, input.length());
        pickle::check(BufReader::new(whole)).map_err(|problem| input.error(problem))?;
        Self::interpret(input)
    }

    /// Interprets the pickle, and tells the weights in it.
    fn interpret(input: &Input) -> Result<Self, FormatError> {
        let path = input.path();
        let wrong =
            |error| input.error(format!("it cannot be read as a PyTorch checkpoint: {error}"));
        let (top, twice) = top(path).map_err(wrong)?;
        if let Some(name) = twice {
            return Err(input.error(format!("two tensors have the path {}", quoted(&name))));
        }
        let mut tensors = PytorchReader::new(path).map_err(wrong)?.into_tensors();
        let mut names: Vec<String> = tensors.keys().cloned().collect();
        names.sort_by(|a, b| natural(a, b));
        let mut weights = weights(&top, names);
        weights.names.sort_by(|(_, a), (_, b)| natural(a, b));
        let mut source = Self {
            path: path.to_owned(),
            length: input.length(),
            entries: Vec::new(),
            tensors: Vec::new(),
            notes: weights.notes,
        };
        for (path, name) in weights.names {
            let Some(tensor) = tensors.remove(&path) else { continue };
            source.entries.push(entry(name, &tensor));
            source.tensors.push(tensor);
        }
        distinct(&source.entries).map_err(|problem| input.error(problem))?;
        Ok(source)
    }
}

/// What the keys at the top hold, and a path that two tensors have, which the reader would not tell.
fn top(path: &Path) -> Result<(HashMap<String, Top>, Option<String>), PytorchError> {
    let value = PytorchReader::read_pickle_data(path, None)?;
    let twice = twice(&value, &mut String::new(), &mut HashSet::new());
    let PickleValue::Dict(keys) = value else { return Ok((HashMap::new(), None)) };
    let top = |value: &PickleValue| match value {
        PickleValue::Dict(_) | PickleValue::List(_) => Top::Tree,
        _ => Top::Leaf,
    };
    Ok((keys.iter().map(|(key, value)| (key.clone(), top(value))).collect(), twice))
}

/// A path that comes twice in a tree, whose depth the reader bounds. One path is held, and those of tensors.
fn twice(value: &PickleValue, path: &mut String, seen: &mut HashSet<String>) -> Option<String> {
    let mut below = |key: &str, value: &PickleValue| {
        let length = path.len();
        if length > 0 {
            path.push('.');
        }
        path.push_str(key);
        let found = twice(value, path, seen);
        path.truncate(length);
        found
    };
    match value {
        PickleValue::Dict(values) => values.iter().find_map(|(key, value)| below(key, value)),
        PickleValue::List(values) => {
            let mut numbered = values.iter().enumerate();
            numbered.find_map(|(at, value)| below(&at.to_string(), value))
        }
        PickleValue::Unsupported(kind) if kind == "torch.Tensor" => {
            (!seen.insert(path.clone())).then(|| path.clone())
        }
        _ => None,
    }
}

fn entry(name: String, tensor: &Tensor) -> Entry {
    let element = match tensor.dtype() {
        DType::F16 => Element::F16,
        DType::BF16 => Element::BF16,
        DType::F32 => Element::F32,
        DType::F64 => Element::F64,
        other => Element::Other(format!("{other:?}")),
    };
    Entry { name, shape: tensor.shape().to_vec(), element, bytes: tensor.byte_len() as u64 }
}

impl Source for PyTorch {
    fn entries(&self) -> &[Entry] {
        &self.entries
    }

    fn convention(&self) -> Convention {
        Convention::OutIn
    }

    fn notes(&self) -> Vec<String> {
        self.notes.clone()
    }

    fn read(&self, entry: usize) -> Result<WeightValues, FormatError> {
        let Some((found, tensor)) = self.entries.get(entry).zip(self.tensors.get(entry)) else {
            let problem = format!("it has no tensor of number {entry}");
            return Err(FormatError::new(&self.path, problem));
        };
        values(found, tensor, self.length).map_err(|problem| {
            FormatError::new(&self.path, format!("tensor {}: {problem}", quoted(&found.name)))
        })
    }
}

fn values(entry: &Entry, tensor: &Tensor, length: u64) -> Result<WeightValues, String> {
    let Entry { element, shape, .. } = entry;
    if let Element::Other(name) = element {
        return Err(super::decode::unread(name));
    }
    // A view that repeats its storage may be of any size.
    if bytes(element, shape).is_none_or(|bytes| bytes > length) {
        return Err(format!("a view of shape {shape:?} is larger than the file of {length} bytes"));
    }
    let held = tensor.read().map_err(|error| error.to_string())?;
    // They come in the order of this machine.
    let big_endian = cfg!(target_endian = "big");
    decode(&mut &held[..], &Layout { element, shape, big_endian, fortran: false })
}
