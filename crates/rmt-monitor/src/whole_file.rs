//! Files that readers see whole or not at all.

#[cfg(test)]
pub(crate) mod hanging;

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

/// Distinguishes the unfinished files of one process.
static PARTIAL: AtomicU64 = AtomicU64::new(0);

/// Writes a whole file or none of it, and brings it to the disk. A symbolic link at `path` is replaced, and
/// a directory is not made.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    #[cfg(test)]
    hanging::pass(path);
    // Its own: another process may be writing the same file.
    let number = PARTIAL.fetch_add(1, Ordering::Relaxed);
    let mut partial = path.as_os_str().to_owned();
    partial.push(format!(".{}-{number}.partial", process::id()));
    let partial = PathBuf::from(partial);
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
