//! Rows of one of a run's files, in every directory of the run.

use crate::error::ReaderError;
use crate::reader::Lines;
use crate::sub_runs;
use serde::de::DeserializeOwned;
use std::fs::File;
use std::io;
use std::path::Path;

/// Calls `take` with each row of `file`, directory by directory. Lines that are cut short are passed over;
/// there may be no file.
pub(crate) fn each<R: DeserializeOwned>(
    directory: &Path,
    file: &str,
    mut take: impl FnMut(R),
) -> Result<(), ReaderError> {
    let io = |path: &Path| {
        let path = path.to_owned();
        move |cause| ReaderError::Io { path, cause }
    };
    for run in sub_runs::directories(directory).map_err(io(directory))? {
        let path = run.join(file);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(io(&path)(error)),
        };
        let mut lines = Lines::new(file);
        while lines.advance().map_err(io(&path))? {
            match serde_json::from_slice(lines.line.trim_ascii_end()) {
                Ok(row) => take(row),
                Err(error) if error.is_eof() => {}
                // Room that a file system had given when the power went.
                Err(_) if lines.line.contains(&0) => {}
                Err(error) => {
                    let (line, problem) = (lines.number, error.to_string());
                    return Err(ReaderError::Row { path, line, problem });
                }
            }
        }
    }
    Ok(())
}
