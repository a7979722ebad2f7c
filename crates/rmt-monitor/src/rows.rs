//! Reads the rows of a file of a run, in every directory of the run.

use crate::error::ReaderError;
use crate::sub_runs;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

/// A row of a file, and the session that wrote it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Stored<T> {
    /// Session that wrote it, from 0.
    pub session: u32,
    /// The alert or the warning.
    #[serde(flatten)]
    pub what: T,
}

/// Where a row stands.
pub(crate) struct Place<'a> {
    /// The files so far, the row's own last.
    pub(crate) files: &'a [PathBuf],
    /// Counted from 1.
    line: usize,
}

impl Place<'_> {
    /// What is wrong with the row.
    pub(crate) fn error(&self, problem: String) -> ReaderError {
        let path = self.files.last().cloned().unwrap_or_default();
        ReaderError::Row { path, line: self.line, problem }
    }
}

/// Calls `take` with each row of the files called `name`, directory by directory, and with `None` for a line that is
/// cut short; blank lines are passed over. Gives the number of files, which may be 0.
pub(crate) fn each<R: DeserializeOwned>(
    directory: &Path,
    name: &str,
    mut take: impl FnMut(Option<R>, &Place<'_>) -> Result<(), ReaderError>,
) -> Result<usize, ReaderError> {
    let io = |path: &Path| {
        let path = path.to_owned();
        move |cause| ReaderError::Io { path, cause }
    };
    let mut files = Vec::new();
    for run in sub_runs::directories(directory).map_err(io(directory))? {
        let path = run.join(name);
        let mut reader = match File::open(&path) {
            Ok(file) => BufReader::new(file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(io(&path)(error)),
        };
        files.push(path.clone());
        let (mut bytes, mut line) = (Vec::new(), 0);
        while reader.read_until(b'\n', &mut bytes).map_err(io(&path))? > 0 {
            line += 1;
            if !bytes.trim_ascii().is_empty() {
                let place = Place { files: &files, line };
                take(row(&bytes).map_err(|problem| place.error(problem))?, &place)?;
            }
            bytes.clear();
        }
    }
    Ok(files.len())
}

/// All rows of the files called `name` but those that are cut short. There may be no file.
pub(crate) fn all<R: DeserializeOwned>(
    directory: &Path,
    name: &str,
) -> Result<Vec<R>, ReaderError> {
    let mut rows = Vec::new();
    each(directory, name, |row, _| {
        rows.extend(row);
        Ok(())
    })?;
    Ok(rows)
}

/// The row on a line, or nothing where the line is cut short. A session that goes on after a fault ends a torn line
/// and begins a new one, so that it need not be the last.
fn row<R: DeserializeOwned>(line: &[u8]) -> Result<Option<R>, String> {
    // Its end is no part of what may be half a string.
    match serde_json::from_slice(line.trim_ascii_end()) {
        Ok(row) => Ok(Some(row)),
        Err(error) if error.is_eof() => Ok(None),
        // Room that a file system had given when the power went: no line of JSON has such a byte.
        Err(_) if line.contains(&0) => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}
