//! Reads the user's scalars of a run back.

use crate::error::ReaderError;
use crate::file_names::SCALARS;
use crate::rows;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

#[derive(Deserialize)]
struct Row {
    session: u32,
    step: u64,
    name: String,
    value: f64,
}

/// The scalars in `scalars.jsonl` of the run in `directory` and of the processes that shared it: of each name its
/// (step, value), in order of step. A session that goes back takes the place of what earlier ones said from its first
/// step on. Lines that are cut short are passed over; there may be no file.
///
/// # Errors
/// [`ReaderError`] if a file cannot be read, or a line is neither a scalar nor cut short.
pub fn read_scalars(
    directory: impl AsRef<Path>,
) -> Result<BTreeMap<String, Vec<(u64, f64)>>, ReaderError> {
    let mut sessions: BTreeMap<(String, u32), BTreeMap<u64, f64>> = BTreeMap::new();
    rows::each(directory.as_ref(), SCALARS, |row, _| {
        if let Some(Row { session, step, name, value }) = row {
            sessions.entry((name, session)).or_default().insert(step, value);
        }
        Ok(())
    })?;
    let mut curves: BTreeMap<String, BTreeMap<u64, f64>> = BTreeMap::new();
    // In order of session.
    for ((name, _), points) in sessions {
        let curve = curves.entry(name).or_default();
        if let Some(first) = points.keys().next() {
            curve.split_off(first);
        }
        curve.extend(points);
    }
    Ok(curves.into_iter().map(|(name, points)| (name, points.into_iter().collect())).collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_session_that_goes_back_takes_the_place_of_what_was_said() {
        let base = tempfile::tempdir().unwrap();
        assert!(read_scalars(base.path()).unwrap().is_empty());
        let line = |session: u32, step: u64, name: &str, value: f64| {
            format!(
                "{{\"session\":{session},\"step\":{step},\"wall_time\":0,\"name\":\"{name}\",\"value\":{value}}}\n"
            )
        };
        let lines = [
            line(1, 5, "loss", 9.0),
            line(0, 0, "loss", 1.0),
            line(0, 7, "loss", 3.0),
            line(0, 5, "loss", 2.0),
            line(0, 5, "accuracy/test", 0.5),
        ];
        fs::write(base.path().join(SCALARS), lines.concat() + "{\"session\":2,").unwrap();
        let found = read_scalars(base.path()).unwrap();
        assert_eq!(found["loss"], [(0, 1.0), (5, 9.0)]);
        assert_eq!(found["accuracy/test"], [(5, 0.5)]);
        fs::write(base.path().join(SCALARS), "[]\n").unwrap();
        assert!(read_scalars(base.path()).unwrap_err().to_string().contains(SCALARS));
        assert!(read_scalars(base.path().join("missing")).is_err());
    }
}
