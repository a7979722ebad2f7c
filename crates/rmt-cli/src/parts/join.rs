//! Reads parts and puts them together; what is missing or doubled is refused by name.

use super::header::{Header, written};
use crate::terminal::clean;
use anyhow::{Context, Result, bail};
use rmt_core::LayerReport;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

/// Names that a message has at most.
const NAMED: usize = 5;

/// Whether a file is a part: whether its first line is an object that says of which.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn is_part(path: &Path) -> Result<bool> {
    let name = || path.display().to_string();
    let mut line = Vec::new();
    BufReader::new(File::open(path).with_context(name)?)
        .read_until(b'\n', &mut line)
        .with_context(name)?;
    let first: Result<serde_json::Value, _> = serde_json::from_slice(&line);
    Ok(first.is_ok_and(|first| first.get("shard").is_some()))
}

/// A part that was read.
pub(crate) struct Part {
    path: PathBuf,
    pub(crate) header: Header,
    /// The line of each matrix, by step and path.
    rows: HashMap<(u64, String), Vec<u8>>,
}

impl Part {
    /// Reads a part.
    ///
    /// # Errors
    /// When it cannot be read, is no part, or has a matrix twice or one that is not its own.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let name = || path.display().to_string();
        let mut reader = BufReader::new(File::open(path).with_context(name)?);
        let mut line = Vec::new();
        reader.read_until(b'\n', &mut line).with_context(name)?;
        let header: Header = serde_json::from_slice(&line).with_context(|| {
            format!("{}: its first line is not that of a part, as --shard writes it", name())
        })?;
        header.shard.checked().with_context(name)?;
        let mut rows = HashMap::new();
        let rank = header.shard.rank;
        let mine = header.matrices.iter().filter(|matrix| matrix.rank == rank);
        let own: HashSet<(u64, &str)> = mine.map(|m| (m.step, m.path.as_str())).collect();
        loop {
            let mut line = Vec::new();
            if reader.read_until(b'\n', &mut line).with_context(name)? == 0 {
                break;
            }
            let report: LayerReport = match serde_json::from_slice(line.trim_ascii_end()) {
                Ok(report) => report,
                // A process was killed while it wrote: its matrix is missing, and named below.
                Err(error) if error.is_eof() => continue,
                Err(error) => return Err(error).with_context(name),
            };
            let path = report.layer.path();
            if !own.contains(&(report.step, path.as_str())) {
                bail!(
                    "{}: {} is no matrix of part {}",
                    name(),
                    clean(&path),
                    written(header.shard)
                );
            }
            match rows.entry((report.step, path)) {
                Entry::Occupied(entry) => {
                    bail!("{}: {} is there twice", name(), clean(&entry.key().1));
                }
                Entry::Vacant(entry) => {
                    if line.last() != Some(&b'\n') {
                        line.push(b'\n');
                    }
                    entry.insert(line);
                }
            }
        }
        Ok(Self { path: path.to_owned(), header, rows })
    }

    fn name(&self) -> String {
        self.path.display().to_string()
    }
}

/// The lines of all parts together, in the order of an inspection that is not shared, byte for byte
/// what it would have written.
///
/// # Errors
/// When they are not the parts of one inspection, each of them once and complete.
pub(crate) fn join(parts: &[Part]) -> Result<Vec<&[u8]>> {
    let Some((first, others)) = parts.split_first() else { bail!("there is no part") };
    let mut by_rank: HashMap<usize, &Part> = HashMap::from([(first.header.shard.rank, first)]);
    for part in others {
        if !part.header.is_beside(&first.header) {
            let (one, two) = (first.name(), part.name());
            bail!("{one} and {two} are not parts of one inspection: {}", difference(first, part));
        }
        if let Some(other) = by_rank.insert(part.header.shard.rank, part) {
            let (one, two) = (other.name(), part.name());
            bail!("{one} and {two} are both part {}", written(part.header.shard));
        }
    }
    let world = first.header.shard.world;
    let absent: Vec<usize> = (0..world).filter(|rank| !by_rank.contains_key(rank)).collect();
    if !absent.is_empty() {
        let names = absent.iter().map(|rank| format!("{rank}/{world}"));
        let matrices = first.header.matrices.iter().filter(|m| absent.contains(&m.rank));
        let matrices: Vec<&str> = matrices.map(|m| m.path.as_str()).collect();
        let word = if absent.len() == 1 { "part" } else { "parts" };
        bail!("{word} {} missing, with {}", some(names.collect()), listed(&matrices));
    }
    let mut lines = Vec::with_capacity(first.header.matrices.len());
    let mut lost: Vec<(&Part, Vec<&str>)> = Vec::new();
    for matrix in &first.header.matrices {
        let Some(part) = by_rank.get(&matrix.rank) else {
            bail!("{}: {} is of no part", first.name(), clean(&matrix.path));
        };
        match part.rows.get(&(matrix.step, matrix.path.clone())) {
            Some(line) => lines.push(line.as_slice()),
            None => match lost.iter_mut().find(|(of, _)| of.path == part.path) {
                Some((_, names)) => names.push(&matrix.path),
                None => lost.push((part, vec![&matrix.path])),
            },
        }
    }
    if let Some((part, names)) = lost.first() {
        let shard = written(part.header.shard);
        bail!("{}: part {shard} is not complete, it lacks {}", part.name(), listed(names));
    }
    Ok(lines)
}

fn difference(one: &Part, two: &Part) -> &'static str {
    match (&one.header, &two.header) {
        (a, b) if a.shard.world != b.shard.world => "of different numbers of parts",
        (a, b) if a.matrices != b.matrices => "of different matrices",
        _ => "of different checkpoints or options",
    }
}

fn listed(matrices: &[&str]) -> String {
    let word = if matrices.len() == 1 { "matrix" } else { "matrices" };
    let names = some(matrices.iter().map(|name| clean(name)).collect());
    format!("{} {word}: {names}", matrices.len())
}

fn some(mut names: Vec<String>) -> String {
    let more = names.len() > NAMED;
    names.truncate(NAMED);
    names.join(", ") + if more { ", …" } else { "" }
}
