//! Whether a file is still what its path names.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

/// Whether `path` still names the open `file`: it was not removed, moved or replaced.
pub(super) fn still_at(file: &File, path: &Path) -> bool {
    let (Ok(ours), Ok(there)) = (file.metadata(), path.metadata()) else { return false };
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        (ours.dev(), ours.ino()) == (there.dev(), there.ino())
    }
    #[cfg(not(unix))]
    {
        ours.is_file() == there.is_file()
    }
}

/// Opens no symbolic link at `path`.
pub(super) fn no_link<'a>(
    options: &'a mut OpenOptions,
    path: &Path,
) -> io::Result<&'a mut OpenOptions> {
    if path.is_symlink() {
        return Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            "it is a symbolic link, which is not written through; remove it",
        ));
    }
    // One made in between is refused by the system, with a less clear message.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(options, libc::O_NOFOLLOW);
    Ok(options)
}
