//! A checkpoint in several safetensors files, with an index that says which tensor is where.

use super::file::Input;
use super::names::{natural, quoted};
use super::raw::{self, Place};
use super::unique::Pairs;
use super::{Convention, Entry, FormatError, Source, safetensors};
use rmt_monitor::WeightValues;
use serde::Deserialize;
use std::collections::{HashMap, HashSet};
use std::path::{Component, Path, PathBuf};

/// Where the index is in a directory.
pub(super) const INDEX: &str = "model.safetensors.index.json";
/// The same of PyTorch's own format.
pub(super) const PICKLED: &str = "pytorch_model.bin.index.json";
/// Bytes of the largest index that is read: more than any model has names.
const LONGEST_INDEX: u64 = 100_000_000;

#[derive(Deserialize)]
struct Index {
    weight_map: Pairs<String>,
}

/// A reader of such a checkpoint. Each shard's header is read when the checkpoint is opened; the shard
/// is open again only while values are read from it.
#[derive(Debug)]
pub(super) struct Shards {
    index: PathBuf,
    entries: Vec<Entry>,
    /// Of each tensor: which shard, and where in it.
    places: Vec<(usize, Place)>,
    /// Path and length.
    shards: Vec<(PathBuf, u64)>,
}

impl Shards {
    /// Opens the index, and every shard that it names.
    pub(super) fn open(index: &Input) -> Result<Self, FormatError> {
        let map = weight_map(index).map_err(|problem| index.error(problem))?;
        let directory = index.path().parent().unwrap_or(Path::new(""));
        let wanted = by_file(&map);
        let mut tensors = Vec::new();
        let mut shards = Vec::new();
        for (number, (shard, mut names)) in wanted.into_iter().enumerate() {
            if !is_plain(shard) {
                let name = quoted(shard);
                return Err(index.error(format!("shard {name} is not a file beside the index")));
            }
            let path = directory.join(shard);
            if !path.exists() {
                return Err(FormatError::new(
                    &path,
                    "the index names this shard, but it is missing",
                ));
            }
            let input = Input::open(&path)?;
            shards.push((path, input.length()));
            let held = safetensors::open(input)?.into_tensors();
            let held = held.filter(|(entry, _)| names.remove(entry.name.as_str()));
            tensors.extend(held.map(|(entry, place)| (entry, (number, place))));
            if let Some(lost) = names.into_iter().min() {
                let (lost, shard) = (quoted(lost), quoted(shard));
                let problem =
                    format!("it places tensor {lost} in shard {shard}, which does not have it");
                return Err(index.error(problem));
            }
        }
        tensors.sort_by(|(a, _), (b, _)| natural(&a.name, &b.name));
        let (entries, places) = tensors.into_iter().unzip();
        Ok(Self { index: index.path().to_owned(), entries, places, shards })
    }
}

pub(super) fn weight_map(index: &Input) -> Result<Vec<(String, String)>, String> {
    if index.length() > LONGEST_INDEX {
        return Err(format!("an index of {} bytes is larger than any model's", index.length()));
    }
    let text = index.head(index.length())?;
    let index: Index = serde_json::from_slice(&text)
        .map_err(|error| format!("it cannot be read as an index of shards: {error}"))?;
    Ok(index.weight_map.0)
}

/// The files of an index, each with its tensors. They are in the order of the index, so that of several problems always the
/// same one is reported.
pub(super) fn by_file(map: &[(String, String)]) -> Vec<(&str, HashSet<&str>)> {
    let mut wanted: Vec<(&str, HashSet<&str>)> = Vec::new();
    let mut numbers: HashMap<&str, usize> = HashMap::new();
    for (tensor, file) in map {
        let number = *numbers.entry(file).or_insert_with(|| {
            wanted.push((file, HashSet::new()));
            wanted.len() - 1
        });
        if let Some((_, tensors)) = wanted.get_mut(number) {
            tensors.insert(tensor);
        }
    }
    wanted
}

/// Whether a name can only be that of a file in the directory of the index. A link is followed: the
/// cache of Hugging Face is made of them.
pub(super) fn is_plain(shard: &str) -> bool {
    let mut components = Path::new(shard).components();
    let one = matches!(components.next(), Some(Component::Normal(name)) if name == shard);
    one && components.next().is_none() && !shard.contains(['/', '\\', ':', '\0'])
}

impl Source for Shards {
    fn entries(&self) -> &[Entry] {
        &self.entries
    }

    fn convention(&self) -> Convention {
        Convention::OutIn
    }

    fn fingerprint(&self, entry: usize) -> Option<Vec<u64>> {
        let (entry, &(shard, place)) = (self.entries.get(entry)?, self.places.get(entry)?);
        Input::open(&self.shards.get(shard)?.0).ok()?.samples(place.offset, entry.bytes)
    }

    fn read(&self, entry: usize) -> Result<WeightValues, FormatError> {
        let found = self.entries.get(entry).zip(self.places.get(entry));
        let found =
            found.and_then(|(e, &(shard, place))| Some((e, place, self.shards.get(shard)?)));
        let Some((entry, place, (path, length))) = found else {
            let problem = format!("it has no tensor of number {entry}");
            return Err(FormatError::new(&self.index, problem));
        };
        let input = Input::open(path)?;
        if input.length() != *length {
            return Err(input.error("the shard has changed since its header was read"));
        }
        raw::read(&input, entry, place)
    }
}
