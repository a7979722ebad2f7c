//! Files that readers see whole or not at all.

#[cfg(test)]
pub(crate) mod hanging;

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

/// Distinguishes the unfinished files of one process.
static PARTIAL: AtomicU64 = AtomicU64::new(0);

/// Directories beside a file, one in the other, in which it is written before it has its name. burn's Learner lists the run
/// directory and the directories in it after the last epoch, and panics if an entry is gone before it is looked at. So
/// unfinished files lie one level deeper, and these directories stay.
const UNFINISHED: [&str; 2] = [".unfinished", "files"];

/// Writes a whole file or none of it, and brings it to the disk. A symbolic link at `path` is replaced, and
/// the directory of the file is not made.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    #[cfg(test)]
    hanging::pass(path);
    let Some(name) = path.file_name() else { return Err(io::ErrorKind::InvalidFilename.into()) };
    let mut partial = path.with_file_name(UNFINISHED[0]);
    made(&partial)?;
    partial.push(UNFINISHED[1]);
    made(&partial)?;
    // Its own: another process may be writing the same file.
    let number = PARTIAL.fetch_add(1, Ordering::Relaxed);
    let mut name = name.to_owned();
    name.push(format!(".{}-{number}.partial", process::id()));
    partial.push(name);
    let written = File::create_new(&partial).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_data()?;
        fs::rename(&partial, path)
    });
    if written.is_err() {
        let _ = fs::remove_file(&partial);
    }
    written
}

/// Makes a directory, unless it is there.
fn made(directory: &Path) -> io::Result<()> {
    match fs::create_dir(directory) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::thread;

    /// As burn's Learner lists a run directory: every entry, and every entry of a directory, is still there when it is
    /// looked at.
    #[test]
    fn what_a_reader_lists_two_levels_deep_does_not_vanish() {
        let base = tempfile::tempdir().unwrap();
        let path = base.path().join("index.html");
        replace(&path, b"").unwrap();
        thread::scope(|scope| {
            let write = || (0..200).for_each(|k: u8| replace(&path, &[k; 4096]).unwrap());
            let writer = scope.spawn(write);
            while !writer.is_finished() {
                for entry in fs::read_dir(base.path()).unwrap() {
                    let entry = entry.unwrap().path();
                    if fs::metadata(&entry).unwrap().is_dir() {
                        for below in fs::read_dir(entry).unwrap() {
                            fs::metadata(below.unwrap().path()).unwrap();
                        }
                    }
                }
            }
        });
        assert_eq!(fs::read(&path).unwrap(), [199; 4096]);
    }

    #[test]
    fn a_directory_that_is_not_there_is_an_error_and_not_made() {
        let base = tempfile::tempdir().unwrap();
        let error = replace(&base.path().join("missing/file"), b"x").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert!(!base.path().join("missing").exists());
    }
}
