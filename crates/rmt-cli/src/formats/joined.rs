//! A checkpoint in several files of any format, with an index that says which tensor is where.

use super::file::Input;
use super::names::{natural, quoted};
use super::shards::{by_file, is_plain, weight_map};
use super::{Convention, Entry, FormatError, Source, Usage};
use rmt_monitor::WeightValues;
use std::path::{Path, PathBuf};

/// A reader of such a checkpoint.
pub(super) struct Joined {
    index: PathBuf,
    entries: Vec<Entry>,
    /// Of each tensor: which file, and its number there.
    places: Vec<(usize, usize)>,
    sources: Vec<Box<dyn Source>>,
}

impl Joined {
    /// Opens every file that the index names.
    pub(super) fn open(
        index: &Input,
        open: fn(&Path) -> Result<Box<dyn Source>, FormatError>,
    ) -> Result<Self, FormatError> {
        let map = weight_map(index).map_err(|problem| index.error(problem))?;
        let directory = index.path().parent().unwrap_or(Path::new(""));
        let wanted = by_file(&map);
        let mut found: Vec<(Entry, (usize, usize))> = Vec::new();
        let mut sources = Vec::new();
        for (number, (file, mut names)) in wanted.into_iter().enumerate() {
            let shown = quoted(file);
            if !is_plain(file) {
                return Err(index.error(format!("shard {shown} is not a file beside the index")));
            }
            let path = directory.join(file);
            if !path.exists() {
                return Err(FormatError::new(
                    &path,
                    "the index names this shard, but it is missing",
                ));
            }
            let source = open(&path)?;
            let held = source.entries().iter().enumerate();
            let held = held.filter(|(_, entry)| names.remove(entry.name.as_str()));
            found.extend(held.map(|(at, entry)| (entry.clone(), (number, at))));
            sources.push(source);
            if let Some(lost) = names.into_iter().min() {
                let lost = quoted(lost);
                let problem =
                    format!("it places tensor {lost} in shard {shown}, which does not have it");
                return Err(index.error(problem));
            }
        }
        found.sort_by(|(a, _), (b, _)| natural(&a.name, &b.name));
        let (entries, places) = found.into_iter().unzip();
        Ok(Self { index: index.path().to_owned(), entries, places, sources })
    }

    fn place(&self, entry: usize) -> Option<(&dyn Source, usize)> {
        let &(source, number) = self.places.get(entry)?;
        Some((self.sources.get(source)?.as_ref(), number))
    }
}

impl Source for Joined {
    fn entries(&self) -> &[Entry] {
        &self.entries
    }

    fn convention(&self) -> Convention {
        self.sources.first().map_or(Convention::Unknown, |source| source.convention())
    }

    fn notes(&self) -> Vec<String> {
        let mut notes: Vec<String> =
            self.sources.iter().flat_map(|source| source.notes()).collect();
        notes.sort();
        notes.dedup();
        notes
    }

    fn usage(&self, entry: usize) -> Option<Usage> {
        let (source, number) = self.place(entry)?;
        source.usage(number)
    }

    fn fingerprint(&self, entry: usize) -> Option<Vec<u64>> {
        let (source, number) = self.place(entry)?;
        source.fingerprint(number)
    }

    fn read(&self, entry: usize) -> Result<WeightValues, FormatError> {
        let Some((source, number)) = self.place(entry) else {
            let problem = format!("it has no tensor of number {entry}");
            return Err(FormatError::new(&self.index, problem));
        };
        source.read(number)
    }
}
