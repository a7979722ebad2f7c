//! Reads stored spectra of a run.

use crate::error::ReaderError;
use crate::file_names::PROFILES;
use crate::rows;
use rmt_core::Profile;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// A stored spectrum of a layer, with the session and step of its report.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct StoredProfile {
    /// Session that wrote it, from 0.
    pub session: u32,
    /// Number of optimizer updates made before the weights were taken.
    pub step: u64,
    /// The spectrum.
    #[serde(flatten)]
    pub profile: Profile,
}

#[derive(Deserialize)]
struct Row {
    name: String,
    part: Option<String>,
    #[serde(flatten)]
    stored: StoredProfile,
}

/// The last spectrum of each layer, by the layer's path, from `profiles.jsonl` of the run in
/// `directory` and of the processes that shared it. The highest step counts, and for it the highest
/// session. Lines that are cut short are skipped. A run without such a file has no spectra.
///
/// # Errors
/// [`ReaderError`] if a file cannot be read, or a line is neither a spectrum nor cut short.
pub fn read_last_profiles(
    directory: impl AsRef<Path>,
) -> Result<BTreeMap<String, StoredProfile>, ReaderError> {
    let mut last: BTreeMap<String, StoredProfile> = BTreeMap::new();
    each(directory.as_ref(), |path, stored| {
        let when = |stored: &StoredProfile| (stored.step, stored.session);
        if last.get(&path).is_none_or(|before| when(before) <= when(&stored)) {
            last.insert(path, stored);
        }
    })?;
    Ok(last)
}

/// The spectra of the layer with this path, as they stand in the files of [`read_last_profiles`]: a session that
/// goes back says something of a step again.
///
/// # Errors
/// [`ReaderError`] if a file cannot be read, or a line is neither a spectrum nor cut short.
pub fn read_profiles(
    directory: impl AsRef<Path>,
    layer: &str,
) -> Result<Vec<StoredProfile>, ReaderError> {
    let mut found = Vec::new();
    each(directory.as_ref(), |path, stored| found.extend((path == layer).then_some(stored)))?;
    Ok(found)
}

/// Calls `take` with each spectrum and the path of its layer.
fn each(directory: &Path, mut take: impl FnMut(String, StoredProfile)) -> Result<(), ReaderError> {
    rows::each(directory, PROFILES, |row, _| {
        if let Some(Row { name, part, stored }) = row {
            let layer = rmt_core::layers::LayerId::from_name(name);
            let layer = part.into_iter().fold(layer, rmt_core::layers::LayerId::with_part);
            take(layer.path(), stored);
        }
        Ok(())
    })?;
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::fs;

    fn line(session: u32, step: u64, part: &str, largest: f64) -> String {
        format!(
            "{{\"session\":{session},\"step\":{step},\"name\":\"a\",\"part\":{part},\
             \"singular_values\":[{largest}],\"left_p\":[],\"right_p\":[]}}\n"
        )
    }

    #[test]
    fn the_last_of_each_layer_comes_back() {
        let base = tempfile::tempdir().unwrap();
        assert!(read_last_profiles(base.path()).unwrap().is_empty());
        let own = [line(0, 0, "null", 1.0), line(1, 7, "null", 2.0), line(0, 7, "null", 3.0)];
        fs::write(base.path().join(PROFILES), own.concat() + "{\"session\":2,").unwrap();
        fs::create_dir(base.path().join("rank_1")).unwrap();
        fs::write(base.path().join("rank_1").join(PROFILES), line(0, 3, "\"q\"", 4.0)).unwrap();
        let found = read_last_profiles(base.path()).unwrap();
        let found: Vec<_> = found
            .iter()
            .map(|(path, s)| (path.as_str(), s.step, s.session, s.profile.singular_values[0]))
            .collect();
        assert_eq!(found, [("a", 7, 1, 2.0), ("a.q", 3, 0, 4.0)]);
        let all = read_profiles(base.path(), "a").unwrap();
        let all: Vec<_> = all.iter().map(|stored| (stored.step, stored.session)).collect();
        assert_eq!(all, [(0, 0), (7, 1), (7, 0)]);
        assert!(read_profiles(base.path(), "b").unwrap().is_empty());
        fs::write(base.path().join(PROFILES), "[]\n").unwrap();
        let error = read_last_profiles(base.path()).unwrap_err().to_string();
        assert!(error.contains(PROFILES) && error.contains('1'), "{error}");
        assert!(read_last_profiles(base.path().join("missing")).is_err());
    }
}
