//! HDF5, as Keras writes models: every dataset under the names of the groups that it is in.

use super::archive::{Archive, Member};
use super::decode::{Layout, bytes, decode};
use super::file::{Input, reserve};
use super::names::{distinct, natural, quoted};
use super::{Convention, Element, Entry, FormatError, Source, Usage};
use hdf5_reader::error::Error as Fault;
use hdf5_reader::group::Group;
use hdf5_reader::{ByteOrder, Dataset, Datatype, Hdf5File, OpenOptions, RangeRequestStorage};
use rmt_core::Orientation;
use rmt_monitor::WeightValues;
use std::collections::HashSet;
use std::io;
use std::sync::Arc;

/// First bytes of a file.
pub(super) const MAGIC: &[u8] = b"\x89HDF\r\n\x1a\n";
/// The member of a model of Keras 3 that holds its weights.
const WEIGHTS: &str = "model.weights.h5";
/// Groups in groups.
const DEEPEST: usize = 64;
/// Groups and datasets of a file.
const MOST: usize = 1 << 20;
/// Limit in bytes of a part of a dataset and of the header of an object: a hostile file may claim more.
const LARGEST_CHUNK: usize = 64 << 20;
const LARGEST_HEADER: usize = 1 << 20;
/// Groups of what is no weight.
const TRAINING: [&str; 3] = ["optimizer", "optimizer_weights", "metrics"];

/// A reader of such a file.
pub(super) struct Hdf5 {
    input: Arc<Input>,
    entries: Vec<Entry>,
    found: Vec<Found>,
    notes: Vec<String>,
}

/// A dataset, and its path in the file.
struct Found {
    path: String,
    dataset: Option<Dataset>,
    big_endian: bool,
}

pub(super) fn open(input: Arc<Input>) -> Result<Hdf5, FormatError> {
    let length = input.length();
    within(&input, 0, length)
}

/// A model of Keras 3: an archive with such a file in it.
pub(super) fn open_zip(
    input: &Arc<Input>,
    archive: &mut Archive,
    members: &[Member],
) -> Result<Hdf5, FormatError> {
    let wanted = members.iter().find(|member| member.name == WEIGHTS);
    let wanted = wanted.or_else(|| members.iter().find(|member| member.name.ends_with(".h5")));
    let Some(member) = wanted else { return Err(input.error("there is no HDF5 file in it")) };
    let place = {
        let stream =
            archive.by_index(member.number).map_err(|error| input.error(error.to_string()))?;
        (stream.compression() == zip::CompressionMethod::Stored)
            .then(|| stream.data_start())
            .flatten()
    };
    let Some(at) = place else {
        return Err(input.error(format!(
            "{} in it is packed: unpack it (unzip) and inspect that",
            quoted(&member.name)
        )));
    };
    within(input, at, member.size)
}

/// A range of a file that is one of HDF5.
fn within(input: &Arc<Input>, at: u64, length: u64) -> Result<Hdf5, FormatError> {
    let problem = |error: Fault| input.error(format!("it cannot be read as HDF5: {error}"));
    let held = Arc::clone(input);
    let read = move |offset: u64, length: usize| {
        let place =
            at.checked_add(offset).ok_or(io::ErrorKind::UnexpectedEof).map_err(io::Error::from)?;
        Ok(held.bytes(place, length as u64).map_err(io::Error::other)?)
    };
    let options = OpenOptions::default()
        .with_chunk_cache_bytes(0)
        .with_max_chunk_bytes(LARGEST_CHUNK)
        .with_max_object_header_bytes(LARGEST_HEADER);
    let storage = Arc::new(RangeRequestStorage::new(length, read));
    let file = Hdf5File::from_storage_with_options(storage, options).map_err(problem)?;
    let mut walk = Walk::default();
    walk.group(&file.root_group().map_err(problem)?, "", 0).map_err(|why| input.error(why))?;
    let Walk { found, left_out, .. } = walk;
    let mut named: Vec<(Entry, Found)> =
        found.into_iter().map(|found| (entry(&found, length), found)).collect();
    named.sort_by(|(a, _), (b, _)| natural(&a.name, &b.name));
    let (entries, found): (Vec<Entry>, Vec<Found>) = named.into_iter().unzip();
    distinct(&entries).map_err(|why| input.error(why))?;
    let note = format!("{left_out} tensors of the optimizer's and trainer's state are left out");
    let notes = (left_out > 0).then_some(note).into_iter().collect();
    Ok(Hdf5 { input: Arc::clone(input), entries, found, notes })
}

/// All that is in a file.
#[derive(Default)]
struct Walk {
    found: Vec<Found>,
    /// Where groups are: a file may lead back to one that was seen.
    seen: HashSet<u64>,
    left_out: usize,
}

impl Walk {
    fn group(&mut self, group: &Group, path: &str, depth: usize) -> Result<(), String> {
        if depth > DEEPEST || self.seen.len() + self.found.len() > MOST {
            return Err(format!("its groups are more than {MOST}, or more than {DEEPEST} deep"));
        }
        if !self.seen.insert(group.address()) {
            return Ok(());
        }
        let shown =
            |error: Fault| format!("it cannot be read as HDF5: group {}: {error}", quoted(path));
        let (groups, datasets) = group.members().map_err(shown)?;
        let (_, names) = group.member_names().map_err(shown)?;
        let below =
            |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") };
        let opened: HashSet<String> =
            datasets.iter().map(|dataset| last(dataset.name()).to_owned()).collect();
        let lost = names.iter().filter(|name| !opened.contains(last(name)));
        let lost = lost.map(|name| Found { path: below(name), dataset: None, big_endian: false });
        self.found.extend(lost);
        for dataset in datasets {
            let path = below(last(dataset.name()));
            self.found.push(Found { path, dataset: Some(dataset), big_endian: false });
        }
        let top = path.is_empty();
        for group in groups {
            let name = last(group.name()).to_owned();
            let before = self.found.len();
            self.group(&group, &below(&name), depth + 1)?;
            if top && TRAINING.contains(&name.as_str()) {
                self.left_out += self.found.len() - before;
                self.found.truncate(before);
            }
        }
        for found in &mut self.found {
            found.big_endian = matches!(
                found.dataset.as_ref().map(Dataset::dtype),
                Some(Datatype::FloatingPoint { byte_order: ByteOrder::BigEndian, .. })
            );
        }
        Ok(())
    }
}

fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// A path as the name of a parameter with so many sides: without what Keras puts around it, and what it says twice.
/// Keras 3 numbers the parameters of a layer.
fn name(path: &str, sides: usize) -> String {
    let path = path.strip_suffix(":0").unwrap_or(path);
    let path = path.strip_prefix("model_weights/").unwrap_or(path);
    let path = path.strip_prefix("_layer_checkpoint_dependencies/").unwrap_or(path);
    let path = path.strip_prefix("layers/").unwrap_or(path);
    let mut parts: Vec<&str> = path.split('/').collect();
    parts.dedup();
    if let [.., layer, "vars", number] = *parts
        && sides > 1
    {
        let word = match number {
            "0" if layer.contains("embedding") => "embeddings",
            "0" => "kernel",
            "1" => "recurrent_kernel",
            _ => return parts.join("/"),
        };
        parts.truncate(parts.len() - 2);
        parts.push(word);
    }
    parts.join("/")
}

fn entry(found: &Found, file: u64) -> Entry {
    let sides = found.dataset.as_ref().map_or(0, |dataset| dataset.shape().len());
    let name = name(&found.path, sides);
    let Some(dataset) = &found.dataset else {
        let element = Element::Unread("a dataset of a type that is not known".into());
        return Entry { name, shape: Vec::new(), element, bytes: 0 };
    };
    let shape: Option<Vec<usize>> =
        dataset.shape().iter().map(|&side| usize::try_from(side).ok()).collect();
    let Some(shape) = shape else {
        let element = Element::Unread("a dataset larger than any memory".into());
        return Entry { name, shape: Vec::new(), element, bytes: 0 };
    };
    let element = match dataset.dtype() {
        Datatype::FloatingPoint { size: 2, .. } => half(dataset),
        Datatype::FloatingPoint { size: 4, .. } => Element::F32,
        Datatype::FloatingPoint { size: 8, .. } => Element::F64,
        Datatype::FixedPoint { size, signed, .. } => {
            let sign = if *signed { "I" } else { "U" };
            Element::Other(format!("{sign}{}", u16::from(*size) * 8))
        }
        Datatype::Opaque { size: 2, .. } => {
            Element::Other("two bytes without a type, as Keras writes bfloat16".into())
        }
        _ => Element::Other("another type than numbers".into()),
    };
    let size = bytes(&element, &shape);
    // What is packed may be larger than the file, but not beyond reason.
    let most = if dataset.chunks().is_some() { file.saturating_mul(LARGEST_RATIO) } else { file };
    let element = match size {
        Some(size) if size > most => Element::Unread(format!("{size} bytes in a file of {file}")),
        _ => element,
    };
    Entry { name, shape, element, bytes: size.unwrap_or(0) }
}

/// Bytes that a packed one can stand for.
const LARGEST_RATIO: u64 = 1100;

/// Which of the types of two bytes: their exponents have five bits or eight.
fn half(dataset: &Dataset) -> Element {
    /// Where a description of floating point has the size of the exponent.
    const EXPONENT: usize = 13;
    match dataset.raw_datatype().ok().and_then(|told| told.get(EXPONENT).copied()) {
        Some(5) => Element::F16,
        Some(8) => Element::BF16,
        _ => Element::Other("floating point of two bytes".into()),
    }
}

impl Source for Hdf5 {
    fn entries(&self) -> &[Entry] {
        &self.entries
    }

    fn convention(&self) -> Convention {
        Convention::Unknown
    }

    fn notes(&self) -> Vec<String> {
        self.notes.clone()
    }

    fn path(&self, entry: usize) -> &str {
        self.found.get(entry).map_or("", |found| &found.path)
    }

    fn usage(&self, entry: usize) -> Option<Usage> {
        let entry = self.entries.get(entry)?;
        Some(match entry.shape.len() {
            2 if last(&entry.name).starts_with("embeddings") => Usage::Embedding,
            2 => Usage::Linear(Orientation::InOut),
            3..=5 => Usage::Kernel,
            _ => return None,
        })
    }

    fn read(&self, entry: usize) -> Result<WeightValues, FormatError> {
        let Some((entry, found)) = self.entries.get(entry).zip(self.found.get(entry)) else {
            return Err(self.input.error(format!("it has no tensor of number {entry}")));
        };
        let layout = Layout {
            element: &entry.element,
            shape: &entry.shape,
            big_endian: found.big_endian,
            fortran: false,
        };
        let values = match (&found.dataset, &entry.element) {
            (Some(dataset), Element::F16 | Element::BF16 | Element::F32 | Element::F64) => {
                reserve(entry.bytes).and_then(|mut bytes: Vec<u8>| {
                    bytes.resize(usize::try_from(entry.bytes).unwrap_or(0), 0);
                    dataset.read_raw_bytes_into(&mut bytes).map_err(|error| error.to_string())?;
                    decode(&mut bytes.as_slice(), &layout)
                })
            }
            _ => decode(&mut io::empty(), &layout),
        };
        values.map_err(|problem| {
            self.input.error(format!("tensor {}: {problem}", quoted(&entry.name)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_names() {
        for (path, expected) in [
            ("model_weights/dense_1/dense_1/kernel:0", "dense_1/kernel"),
            ("layers/dense/vars/0", "dense/kernel"),
            ("layers/lstm/cell/vars/1", "lstm/cell/recurrent_kernel"),
            ("layers/embedding_2/vars/0", "embedding_2/embeddings"),
            ("_layer_checkpoint_dependencies/block1_conv1/vars/2", "block1_conv1/vars/2"),
        ] {
            assert_eq!(name(path, 2), expected);
        }
        assert_eq!(name("layers/dense/vars/1", 1), "dense/vars/1");
    }
}
