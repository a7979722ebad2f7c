//! The directories of a run: its own, and one for each process that shares it.

use crate::file_names::METRICS;
use rmt_core::shard::Shard;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// What the name of a process' directory begins with; its rank follows.
const PREFIX: &str = "rank_";

/// Where a process writes: below `run_directory`, with as many digits as the last rank has.
pub(crate) fn own_directory(run_directory: &Path, shard: Option<Shard>) -> PathBuf {
    match shard {
        Some(Shard { rank, world }) => {
            let width = world.saturating_sub(1).to_string().len();
            run_directory.join(format!("{PREFIX}{rank:0width$}"))
        }
        None => run_directory.to_owned(),
    }
}

/// Whether a directory of this name is a process'.
pub(crate) fn is_rank(name: &str) -> bool {
    let rank = name.strip_prefix(PREFIX).unwrap_or_default();
    !rank.is_empty() && rank.bytes().all(|c| c.is_ascii_digit())
}

/// Every directory that holds a part of the run, in order: the run's own, then those of ranks.
pub(crate) fn directories(run_directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut ranks = Vec::new();
    for entry in fs::read_dir(run_directory)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        if name.is_some_and(is_rank) && path.is_dir() {
            ranks.push(path);
        }
    }
    ranks.sort();
    ranks.insert(0, run_directory.to_owned());
    Ok(ranks)
}

/// The file by which a directory is known to hold a run, or the part of one process.
pub(crate) const MARKS: [&str; 2] = ["run.json", METRICS];

/// Whether `directory` itself holds a run, or the part of one process.
pub(crate) fn is_marked(directory: &Path) -> bool {
    MARKS.iter().any(|name| directory.join(name).exists())
}

/// Whether a run is in `run_directory`, of one process or of several.
pub(crate) fn holds_run(run_directory: &Path) -> io::Result<bool> {
    Ok(directories(run_directory)?.iter().any(|path| is_marked(path)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_in_order_and_nothing_else_is_one() {
        let base = tempfile::tempdir().unwrap();
        let own = |rank, world| own_directory(base.path(), Some(Shard { rank, world }));
        assert_eq!(own_directory(base.path(), None), base.path());
        assert_eq!(
            (own(3, 10), own(3, 11)),
            (base.path().join("rank_3"), base.path().join("rank_03"))
        );
        assert_eq!(own(7, 101), base.path().join("rank_007"));
        for name in ["rank_10", "rank_09", "rank_", "rank_x", "ranks", "other"] {
            fs::create_dir(base.path().join(name)).unwrap();
        }
        fs::write(base.path().join("rank_3"), "a file").unwrap();
        let expected = [base.path().to_owned(), own(9, 20), own(10, 20)];
        assert_eq!(directories(base.path()).unwrap(), expected);
        assert!(directories(&base.path().join("missing")).is_err());
    }
}
