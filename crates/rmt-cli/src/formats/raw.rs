//! A file whose tensors lie in it as they are, at known places.

use super::decode::{Layout, bytes, decode, size};
use super::file::Input;
use super::names::{distinct, natural, quoted};
use super::{Convention, Entry, FormatError, Source};
use rmt_monitor::WeightValues;

/// Where a tensor lies and how.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Place {
    /// From the start of the file.
    pub(super) offset: u64,
    pub(super) big_endian: bool,
    /// The first side varies fastest.
    pub(super) fortran: bool,
}

/// A reader of such a file.
#[derive(Debug)]
pub(super) struct Raw {
    input: Input,
    entries: Vec<Entry>,
    places: Vec<Place>,
    convention: Convention,
}

impl Raw {
    /// Tensors in the order of their names, each checked to lie within the file.
    pub(super) fn new(
        input: Input,
        mut tensors: Vec<(Entry, Place)>,
        convention: Convention,
    ) -> Result<Self, FormatError> {
        for (entry, place) in &tensors {
            let end = place.offset.checked_add(entry.bytes);
            if end.is_none_or(|end| end > input.length()) {
                let name = quoted(&entry.name);
                return Err(input.error(format!("tensor {name} lies beyond the end of the file")));
            }
            // Memory is taken for the shape, so it is the shape that the file must cover.
            if size(&entry.element).is_some()
                && bytes(&entry.element, &entry.shape) != Some(entry.bytes)
            {
                let name = quoted(&entry.name);
                let problem = format!("tensor {name} has {} bytes, not its shape's", entry.bytes);
                return Err(input.error(problem));
            }
        }
        distinct(tensors.iter().map(|(entry, _)| entry)).map_err(|e| input.error(e))?;
        tensors.sort_by(|(a, _), (b, _)| natural(&a.name, &b.name));
        let (entries, places) = tensors.into_iter().unzip();
        Ok(Self { input, entries, places, convention })
    }

    /// Its tensors and their places.
    pub(super) fn into_tensors(self) -> impl Iterator<Item = (Entry, Place)> {
        self.entries.into_iter().zip(self.places)
    }
}

impl Source for Raw {
    fn entries(&self) -> &[Entry] {
        &self.entries
    }

    fn convention(&self) -> Convention {
        self.convention
    }

    fn fingerprint(&self, entry: usize) -> Option<Vec<u64>> {
        let (entry, place) = (self.entries.get(entry)?, self.places.get(entry)?);
        self.input.samples(place.offset, entry.bytes)
    }

    fn read(&self, entry: usize) -> Result<WeightValues, FormatError> {
        let (Some(entry), Some(&place)) = (self.entries.get(entry), self.places.get(entry)) else {
            return Err(self.input.error(format!("it has no tensor of number {entry}")));
        };
        read(&self.input, entry, place)
    }
}

/// The values of a tensor that lies within the file.
pub(super) fn read(
    input: &Input,
    entry: &Entry,
    place: Place,
) -> Result<WeightValues, FormatError> {
    let layout = Layout {
        element: &entry.element,
        shape: &entry.shape,
        big_endian: place.big_endian,
        fortran: place.fortran,
    };
    let problem = |problem| input.error(format!("tensor {}: {problem}", quoted(&entry.name)));
    decode(&mut input.window(place.offset, entry.bytes), &layout).map_err(problem)
}
