//! Several arrays of NumPy in a zip archive, stored or deflated.

use super::archive::{Archive, Member};
use super::decode::{Layout, decode};
use super::file::Input;
use super::names::{distinct, quoted};
use super::npy::{self, Header};
use super::{Convention, Entry, FormatError, Source};
use rmt_monitor::WeightValues;
use std::io::Read;
use std::sync::Arc;

/// A reader of such an archive, in the order in which the arrays were saved.
pub(super) struct Npz {
    input: Arc<Input>,
    archive: Archive,
    entries: Vec<Entry>,
    /// Of each array: its member of the archive, and its header.
    arrays: Vec<(usize, Header)>,
    notes: Vec<String>,
}

impl Npz {
    /// Reads the header of each array.
    pub(super) fn open(
        input: Arc<Input>,
        archive: Archive,
        members: &[Member],
    ) -> Result<Self, FormatError> {
        let mut npz =
            Self { input, archive, entries: Vec::new(), arrays: Vec::new(), notes: Vec::new() };
        let mut others = 0;
        for member in members {
            let Some(name) = member.name.strip_suffix(".npy") else {
                others += 1;
                continue;
            };
            let header = header(&mut npz.archive, member);
            let header = header.map_err(|problem| npz.error(name, problem))?;
            let (shape, element) = (header.shape.clone(), header.element.clone());
            npz.entries.push(Entry { name: name.into(), shape, element, bytes: header.bytes });
            npz.arrays.push((member.number, header));
        }
        if others > 0 {
            npz.notes.push(format!("{others} members of the archive are not arrays"));
        }
        distinct(&npz.entries).map_err(|problem| npz.input.error(problem))?;
        Ok(npz)
    }

    fn error(&self, name: &str, problem: impl AsRef<str>) -> FormatError {
        self.input.error(format!("array {}: {}", quoted(name), problem.as_ref()))
    }
}

fn header(archive: &mut Archive, member: &Member) -> Result<Header, String> {
    if member.is_bomb() {
        return Err(format!("it claims to unpack to {} bytes, which is impossible", member.size));
    }
    let mut stream = archive.by_index(member.number).map_err(|error| error.to_string())?;
    let header = npy::header(&mut stream, member.size)?;
    let size = header.length.saturating_add(header.bytes);
    if size != member.size {
        return Err(format!("its header claims {size} bytes, but it has {}", member.size));
    }
    Ok(header)
}

impl Source for Npz {
    fn entries(&self) -> &[Entry] {
        &self.entries
    }

    fn convention(&self) -> Convention {
        Convention::Unknown
    }

    fn notes(&self) -> Vec<String> {
        self.notes.clone()
    }

    fn read(&self, entry: usize) -> Result<WeightValues, FormatError> {
        let Some((found, (member, header))) = self.entries.get(entry).zip(self.arrays.get(entry))
        else {
            return Err(self.input.error(format!("it has no array of number {entry}")));
        };
        values(self.archive.clone(), *member, header)
            .map_err(|problem| self.error(&found.name, problem))
    }
}

fn values(mut archive: Archive, member: usize, header: &Header) -> Result<WeightValues, String> {
    let mut stream = archive.by_index(member).map_err(|error| error.to_string())?;
    let skipped = std::io::copy(&mut (&mut stream).take(header.length), &mut std::io::sink());
    skipped.map_err(|error| error.to_string())?;
    let layout = Layout {
        element: &header.element,
        shape: &header.shape,
        big_endian: header.big_endian,
        fortran: header.fortran,
    };
    let values = decode(&mut stream, &layout)?;
    // The checksum is compared at the end, which only a read beyond the last value reaches.
    match stream.read(&mut [0]) {
        Ok(0) => Ok(values),
        Ok(_) => Err("it unpacks to more than it claims".into()),
        Err(error) => Err(error.to_string()),
    }
}
