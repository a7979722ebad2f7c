//! PyTorch's checkpoints: pickles with the tensors beside them.
//!
//! The pickle is read as data ([`super::pickle`]) and nothing in it is executed. Everything in it that has a
//! shape is an entry; what cannot be read is one of [`Element::Unread`], with the reason.

mod objects;
mod storages;
mod walk;

use super::archive::{Archive, Member};
use super::checkpoint::{Weights, weights};
use super::decode::bytes;
use super::file::Input;
use super::names::{natural, quoted};
use super::pickle::{self, Node, Tree};
use super::{Convention, Element, Entry, FormatError, Source};
use objects::What;
use rmt_monitor::WeightValues;
use std::collections::HashMap;
use std::io::{BufReader, copy, sink};
use std::sync::Arc;
use storages::{Place, Storages};
use walk::walk;

/// Extensions of its files.
pub(super) const EXTENSIONS: [&str; 6] = ["pt", "pth", "ckpt", "bin", "tar", "pkl"];
/// The member of a zip archive that holds the tensors' names and shapes.
const TREE: &str = "data.pkl";
/// Where a tar archive says that it is one.
const TAR: usize = 257;
/// What a file before 1.6 starts with: a pickle of a number.
const MAGIC: &[u8] = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.";

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
    entries: Vec<Entry>,
    /// Where each is in the pickle.
    paths: Vec<String>,
    tensors: Vec<What>,
    storages: Storages,
    notes: Vec<String>,
}

/// A file in its parts.
struct Parts {
    tree: Tree,
    /// Bytes of the pickle.
    length: u64,
    storages: Storages,
}

impl PyTorch {
    /// A zip archive, as `torch.save` writes it since 1.6.
    pub(super) fn open_zip(
        input: Arc<Input>,
        archive: Archive,
        members: &[Member],
    ) -> Result<Self, FormatError> {
        check(&input, members)?;
        let parts = zipped(&input, archive, members).map_err(|problem| wrong(&input, &problem))?;
        Self::new(&input, parts)
    }

    /// A file that starts with a pickle.
    pub(super) fn open(input: Arc<Input>, head: &[u8]) -> Result<Self, FormatError> {
        if head.get(TAR..).is_some_and(|magic| magic.starts_with(b"ustar")) {
            let problem = "the tar format of PyTorch before 0.1.10 is not read: load it and save it with a later one";
            return Err(input.error(problem));
        }
        let parts = plain(&input, head.starts_with(MAGIC));
        let parts = parts.map_err(|problem| wrong(&input, &problem))?;
        Self::new(&input, parts)
    }

    /// Tells the weights among what is in the pickle.
    fn new(input: &Input, parts: Parts) -> Result<Self, FormatError> {
        let Parts { tree, length, storages } = parts;
        let found = walk(&tree, length).map_err(|problem| input.error(problem))?;
        drop(tree);
        let mut tensors: HashMap<String, What> = HashMap::new();
        let mut names: Vec<(String, bool)> = Vec::new();
        for (path, what, training) in found.tensors {
            let path = unique(path, &tensors);
            names.push((path.clone(), training));
            tensors.insert(path, what);
        }
        names.sort_by(|(a, _), (b, _)| natural(a, b));
        let Weights { mut names, mut notes } = weights(&found.top, names);
        names.sort_by(|(_, a), (_, b)| natural(a, b));
        if found.too_deep {
            notes.push("values that lie deeper than 400 levels are not looked at".into());
        }
        let mut source =
            Self { entries: Vec::new(), paths: Vec::new(), tensors: Vec::new(), storages, notes };
        for (path, name) in names {
            let Some(what) = tensors.remove(&path) else { continue };
            source.entries.push(source.entry(name, &what, input.length()));
            source.paths.push(path);
            source.tensors.push(what);
        }
        Ok(source)
    }

    fn entry(&self, name: String, what: &What, file: u64) -> Entry {
        let (shape, element) = match what {
            What::View(view) => (view.shape.clone(), view.element.clone()),
            What::Array(array) => (array.shape.clone(), array.element.clone()),
            What::Unread(shape, why) => (shape.clone(), Element::Unread(why.clone())),
        };
        let size = bytes(&element, &shape);
        let element = match what {
            What::View(view) if !matches!(element, Element::Other(_)) => {
                // A view that repeats its storage may be of any size.
                if size.is_none_or(|size| size > file) {
                    Element::Unread(format!(
                        "a view of shape {shape:?}, which repeats its values and is larger than the file of {file} bytes"
                    ))
                } else if let Err(problem) = self.storages.place(&view.key) {
                    Element::Unread(problem)
                } else {
                    element
                }
            }
            _ => element,
        };
        Entry { name, shape, element, bytes: size.unwrap_or(0) }
    }
}

fn wrong(input: &Input, problem: &str) -> FormatError {
    input.error(format!("it cannot be read as a PyTorch checkpoint: {problem}"))
}

/// The path, or where it is taken, with a number behind it.
fn unique(path: String, taken: &HashMap<String, What>) -> String {
    let mut name = path.clone();
    let mut number = 2;
    while taken.contains_key(&name) {
        name = format!("{path}#{number}");
        number += 1;
    }
    name
}

/// An archive: the pickle with the shortest path, and the storages beside it.
fn zipped(input: &Arc<Input>, mut archive: Archive, members: &[Member]) -> Result<Parts, String> {
    let tree = members.iter().filter(|member| is_tree(member)).min_by_key(|m| m.name.len());
    let member = tree.ok_or("it has no data.pkl")?;
    let root = member.name.strip_suffix(TREE).unwrap_or_default();
    let mut stream = archive.by_index(member.number).map_err(|error| error.to_string())?;
    let mut reader = BufReader::new(&mut stream);
    let (tree, length) = pickle::read(&mut reader)?;
    // The checksum is compared at the end.
    copy(&mut reader, &mut sink()).map_err(|error| error.to_string())?;
    drop(stream);
    let folder = format!("{root}data/");
    let place =
        |member: &Member| Some((member.name.strip_prefix(&folder)?.into(), Place::member(member)));
    let places = members.iter().filter_map(place).collect();
    let order = members.iter().find(|m| m.name.strip_prefix(root) == Some("byteorder"));
    let big_endian = match order {
        Some(order) => {
            let mut stream = archive.by_index(order.number).map_err(|error| error.to_string())?;
            let mut text = Vec::new();
            copy(&mut std::io::Read::take(&mut stream, 16), &mut text)
                .map_err(|e| e.to_string())?;
            text.trim_ascii() == b"big"
        }
        None => false,
    };
    let (input, archive, pickle) = (Arc::clone(input), Some(archive), Place::member(member));
    Ok(Parts { tree, length, storages: Storages { input, archive, places, big_endian, pickle } })
}

/// A file that starts with a pickle; before 1.6, with those of a number, a version and the system.
fn plain(input: &Arc<Input>, saved: bool) -> Result<Parts, String> {
    let mut at = 0;
    let mut next = || {
        let rest = input.window(at, input.length().saturating_sub(at));
        let (tree, length) = pickle::read(BufReader::new(rest))?;
        let begin = at;
        at = at.saturating_add(length);
        Ok::<_, String>((tree, begin, length))
    };
    let mut big_endian = false;
    if saved {
        next()?;
        next()?;
        let (system, ..) = next()?;
        big_endian = system.get(system.root(), "little_endian") == Some(pickle::Value::Bool(false));
    }
    let (tree, begin, length) = next()?;
    let mut places = HashMap::new();
    if saved {
        let (keys, ..) = next()?;
        places = ranges(input, &tree, &keys, at)?;
    }
    let pickle = Place::Range { at: begin, size: length };
    let (input, archive) = (Arc::clone(input), None);
    Ok(Parts { tree, length, storages: Storages { input, archive, places, big_endian, pickle } })
}

/// The storages that follow each other from `at` on, each behind the number of its entries.
fn ranges(
    input: &Input,
    tree: &Tree,
    keys: &Tree,
    mut at: u64,
) -> Result<HashMap<Arc<str>, Place>, String> {
    let mut sizes: HashMap<&str, Option<u64>> = HashMap::new();
    for number in 0..tree.nodes().len() {
        let value = pickle::Value::Node(u32::try_from(number).unwrap_or(u32::MAX));
        if let Some(Node::Persistent(_)) = tree.node(value)
            && let Some(storage) = objects::storage(tree, value)
        {
            sizes.insert(storage.key, objects::size(storage.class));
        }
    }
    let mut places = HashMap::new();
    for key in keys.items(keys.root()).ok_or("its storages are not listed")? {
        let key = keys.text(*key).ok_or("a storage without a name is listed")?;
        let item = sizes.get(key).copied().flatten();
        let item = item.ok_or_else(|| format!("storage {} is of no known type", quoted(key)))?;
        let number = input.bytes(at, 8)?;
        let number = number.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
        let begin = at.saturating_add(8);
        let size = number.checked_mul(item).ok_or("a storage is larger than any file")?;
        at = begin.checked_add(size).filter(|&end| end <= input.length()).ok_or_else(|| {
            format!(
                "storage {} of {size} bytes reaches beyond the end of the file: it is truncated",
                quoted(key)
            )
        })?;
        places.insert(key.into(), Place::Range { at: begin, size });
    }
    Ok(places)
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

    fn path(&self, entry: usize) -> &str {
        self.paths.get(entry).map_or("", String::as_str)
    }

    fn fingerprint(&self, entry: usize) -> Option<Vec<u64>> {
        match self.tensors.get(entry)? {
            What::View(view) => self.storages.fingerprint(view),
            _ => None,
        }
    }

    fn read(&self, entry: usize) -> Result<WeightValues, FormatError> {
        let Some((found, what)) = self.entries.get(entry).zip(self.tensors.get(entry)) else {
            return Err(self.storages.input.error(format!("it has no tensor of number {entry}")));
        };
        let values = match (&found.element, what) {
            (Element::Unread(why), _) => Err(why.clone()),
            (Element::Other(name), _) => Err(super::decode::unread(name)),
            (_, What::View(view)) => self.storages.view(view),
            (_, What::Array(array)) => self.storages.array(array),
            (_, What::Unread(_, why)) => Err(why.clone()),
        };
        values.map_err(|problem| {
            self.storages.input.error(format!("tensor {}: {problem}", quoted(&found.name)))
        })
    }
}
