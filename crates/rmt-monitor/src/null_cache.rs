//! Simulated nulls on disk, so that a shape outside the shipped table is simulated once on a
//! machine.

use crate::whole_file;
use rmt_core::nulls::{NullCache, NullKey, NullKind, TailTable};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use std::path::PathBuf;

/// A directory with one file per null. The file name states the shape, the seed and whatever else
/// the null depends on.
///
/// Each file is written under a temporary name and renamed, so concurrent programs see whole files
/// only. Writers of the same null write the same figures. A file that does not parse, or has
/// another version or key, is replaced. A fault of the cache never fails an analysis: it becomes a
/// `tracing` event of target `rmt`.
#[derive(Debug, Clone)]
pub struct DiskCache {
    directory: PathBuf,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    version: u32,
    key: NullKey,
    tables: Vec<TailTable>,
}

impl DiskCache {
    /// A cache in `directory`, which is made when the first null is stored.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into() }
    }

    /// The directory `rmt` in the user's cache directory; `None` if the platform has no such
    /// directory.
    pub fn default_directory() -> Option<PathBuf> {
        dirs::cache_dir().map(|caches| caches.join("rmt").join("nulls"))
    }

    fn path(&self, key: &NullKey) -> PathBuf {
        let what = match &key.kind {
            NullKind::Spectral { small, large, estimator } => {
                format!("spectral-{small}x{large}-{}", estimator.name())
            }
            NullKind::Vector { length, width } => format!("vector-{length}-{width}"),
            NullKind::Frame { length } => format!("frame-{length}"),
            // A kind that this crate does not know yet: its own description, which serde names.
            other => format!("{other:?}").replace(|c: char| !c.is_ascii_alphanumeric(), "-"),
        };
        let (version, draws, seed) = (NullKey::VERSION, key.draws, key.seed);
        self.directory.join(format!("v{version}-{what}-b{draws}-s{seed:x}.json"))
    }
}

impl NullCache for DiskCache {
    fn load(&self, key: &NullKey) -> Option<Vec<TailTable>> {
        let path = self.path(key);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => {
                tracing::warn!(target: "rmt", path = %path.display(), %error, "null cache");
                return None;
            }
        };
        match serde_json::from_slice::<Entry>(&text) {
            Ok(entry) if entry.version == NullKey::VERSION && entry.key == *key => {
                Some(entry.tables)
            }
            _ => {
                let path = path.display();
                tracing::warn!(target: "rmt", %path, "corrupt entry of the null cache: simulated again");
                None
            }
        }
    }

    fn store(&self, key: &NullKey, tables: &[TailTable]) {
        let path = self.path(key);
        let entry = Entry { version: NullKey::VERSION, key: key.clone(), tables: tables.to_vec() };
        let written = fs::create_dir_all(&self.directory)
            .and_then(|()| whole_file::replace(&path, &serde_json::to_vec(&entry)?));
        if let Err(error) = written {
            tracing::warn!(target: "rmt", path = %path.display(), %error, "null not cached");
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use rmt_core::{Nulls, ScaleEstimator};
    use std::path::Path;
    use std::sync::Barrier;

    const ESTIMATOR: ScaleEstimator = ScaleEstimator::Median;

    fn files(directory: &Path) -> Vec<PathBuf> {
        let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
        let mut files: Vec<_> = entries.filter(|path| path.is_file()).collect();
        files.sort();
        files
    }

    #[test]
    fn a_null_is_simulated_once_and_reads_back_as_itself() {
        let base = tempfile::tempdir().unwrap();
        let directory = base.path().join("made").join("on demand");
        let cache = DiskCache::new(&directory);
        let nulls = || Nulls::new(5).with_cache(cache.clone());
        let first = nulls().spectral(6, 9, ESTIMATOR).unwrap();
        nulls().vector(6, 3).unwrap();
        let names: Vec<_> = files(&directory)
            .iter()
            .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
            .collect();
        assert_eq!(names, ["v1-spectral-6x9-median-b9999-s5.json", "v1-vector-6-3-b99999-s5.json"]);
        // A table that is changed on disk is the one that is used: it is read, not simulated.
        let path = &files(&directory)[0];
        let mut entry: Entry = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        entry.tables.swap(0, 2);
        fs::write(path, serde_json::to_vec(&entry).unwrap()).unwrap();
        let second = nulls().spectral(6, 9, ESTIMATOR).unwrap();
        assert_eq!((&second.above, &second.bulk), (&first.bulk, &first.above));
    }

    #[test]
    fn what_is_corrupt_is_simulated_again_and_replaced() {
        let base = tempfile::tempdir().unwrap();
        let cache = DiskCache::new(base.path());
        let nulls = || Nulls::new(5).with_cache(cache.clone());
        let first = nulls().spectral(6, 9, ESTIMATOR).unwrap();
        let path = files(base.path()).remove(0);
        let whole = fs::read(&path).unwrap();
        let text = String::from_utf8(whole.clone()).unwrap();
        for bad in [
            Vec::new(),
            b"\0\xff not json".to_vec(),
            whole[..whole.len() / 2].to_vec(),
            text.replace("\"version\":1", "\"version\":0").into_bytes(),
            text.replace("\"seed\":5", "\"seed\":6").into_bytes(),
            text.replace("\"rate\":", "\"rate\":-").into_bytes(),
        ] {
            assert_ne!(bad, whole);
            fs::write(&path, &bad).unwrap();
            assert_eq!(nulls().spectral(6, 9, ESTIMATOR).unwrap(), first);
            assert_eq!(fs::read(&path).unwrap(), whole);
        }
        // A directory in its place can neither be read nor replaced: simulated all the same.
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert_eq!(nulls().spectral(6, 9, ESTIMATOR).unwrap(), first);
        assert!(path.is_dir());
        assert!(files(&base.path().join(".unfinished/files")).is_empty());
    }

    #[test]
    fn concurrent_writers_leave_one_whole_file() {
        let base = tempfile::tempdir().unwrap();
        let gate = Barrier::new(4);
        let found: Vec<_> = std::thread::scope(|scope| {
            let one = || {
                let nulls = Nulls::new(5).with_cache(DiskCache::new(base.path()));
                gate.wait();
                nulls.spectral(6, 9, ESTIMATOR).unwrap()
            };
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(one)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(found.windows(2).all(|pair| pair[0] == pair[1]));
        assert_eq!(files(base.path()).len(), 1);
        let text = fs::read(&files(base.path())[0]).unwrap();
        assert_eq!(serde_json::from_slice::<Entry>(&text).unwrap().tables[0], found[0].above);
    }
}
