//! The directory of a run, and what is said of the run itself.

use crate::error::InitError;
use crate::record::wall_time;
use crate::settings::Settings;
use rmt_core::Orientation;
use rmt_core::report::SCHEMA;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Contents of `run.json`: what was run, with which settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RunInfo {
    /// Version of the report schema.
    pub schema: u32,
    /// Number of the program run in this directory, from 0.
    pub session: u32,
    /// When it started, seconds since 1970.
    pub started: f64,
    /// Program and version.
    pub versions: Versions,
    /// Where the first snapshot's weights live.
    pub device: Option<String>,
    /// All settings.
    pub settings: Settings,
    /// The watched matrices, as of the first snapshot.
    pub layers: Vec<WatchedLayer>,
    /// Updates made at the end of each epoch, where the training loop says.
    #[serde(default)]
    pub epochs: BTreeMap<u64, u64>,
}

impl RunInfo {
    /// Later epochs that are known are those of a session before this one.
    pub(crate) fn epoch_ended(&mut self, epoch: u64, step: u64) {
        self.epochs.retain(|known, _| *known < epoch);
        self.epochs.insert(epoch, step);
    }
}

/// What a session needs to know of the one before, whatever its settings were.
#[derive(Deserialize)]
struct Earlier {
    session: u32,
    #[serde(default)]
    epochs: BTreeMap<u64, u64>,
}

/// Versions of the programs that wrote a run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Versions {
    /// Of this crate.
    pub rmt_monitor: String,
    /// The framework and its version.
    pub framework: Option<String>,
}

/// One watched matrix.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct WatchedLayer {
    /// Dotted path.
    pub name: String,
    /// Which of the parameter's matrices.
    #[serde(default)]
    pub part: Option<String>,
    /// [rows, columns] as stored.
    pub shape: [usize; 2],
    /// Storage type.
    pub dtype: String,
    /// Which side is the input.
    pub orientation: Orientation,
}

impl WatchedLayer {
    pub(crate) fn of(layer: &crate::snapshot::LayerSnapshot) -> Self {
        Self {
            name: layer.layer.name.clone(),
            part: layer.layer.part.clone(),
            shape: layer.shape,
            dtype: layer.dtype.clone(),
            orientation: layer.orientation,
        }
    }
}

/// An opened run directory.
#[derive(Debug, Clone)]
pub(crate) struct RunDirectory {
    path: PathBuf,
}

impl RunDirectory {
    /// Makes the directory, finds the session's number and writes `run.json`.
    pub(crate) fn open(settings: &Settings) -> Result<(Self, RunInfo), InitError> {
        let path = settings.run_directory.clone();
        let failed = |doing| {
            let path = path.clone();
            move |cause| InitError::RunDirectory { path, doing, cause }
        };
        fs::create_dir_all(&path).map_err(failed("it cannot be made"))?;
        let directory = Self { path: path.clone() };
        let (session, epochs) = match fs::read(directory.run_json()) {
            Ok(bytes) => {
                let earlier: Earlier = serde_json::from_slice(&bytes).map_err(|error| {
                    InitError::ForeignRun { path: path.clone(), problem: error.to_string() }
                })?;
                (earlier.session + 1, earlier.epochs)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => (0, BTreeMap::new()),
            Err(error) => return Err(failed("its run.json cannot be read")(error)),
        };
        let info = RunInfo {
            schema: SCHEMA,
            session,
            started: wall_time(),
            versions: Versions { rmt_monitor: env!("CARGO_PKG_VERSION").into(), framework: None },
            device: None,
            settings: settings.clone(),
            layers: Vec::new(),
            epochs,
        };
        directory.write_run(&info).map_err(failed("it cannot be written"))?;
        Ok((directory, info))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    fn run_json(&self) -> PathBuf {
        self.path.join("run.json")
    }

    pub(crate) fn write_run(&self, info: &RunInfo) -> io::Result<()> {
        replace(&self.run_json(), info)
    }

    pub(crate) fn write_summary(&self, summary: &crate::record::Summary) -> io::Result<()> {
        replace(&self.path.join("summary.json"), summary)
    }
}

/// Writes a whole JSON file or none of it.
fn replace(path: &Path, value: &impl Serialize) -> io::Result<()> {
    let mut text = serde_json::to_vec_pretty(value)?;
    text.push(b'\n');
    let partial = path.with_extension("json.partial");
    let mut file = fs::File::create(&partial)?;
    file.write_all(&text)?;
    drop(file);
    fs::rename(&partial, path)
}

/// `base`, or the first of `base-2`, `base-3`, … that does not exist: for programs that start a
/// new run each time.
pub fn unused_run_directory(base: impl Into<PathBuf>) -> PathBuf {
    let base = base.into();
    if !base.exists() {
        return base;
    }
    let name = base.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    (2_u64..)
        .map(|number| base.with_file_name(format!("{name}-{number}")))
        .find(|path| !path.exists())
        .unwrap_or(base)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn settings(path: &Path) -> Settings {
        Settings { run_directory: path.into(), ..Settings::default() }
    }

    #[test]
    fn sessions_count_up_and_foreign_files_are_refused() {
        let base = tempfile::tempdir().unwrap();
        let path = base.path().join("a/b");
        let (directory, first) = RunDirectory::open(&settings(&path)).unwrap();
        assert_eq!((directory.path(), first.session), (path.as_path(), 0));
        let (_, second) = RunDirectory::open(&settings(&path)).unwrap();
        assert_eq!(second.session, 1);
        fs::write(path.join("run.json"), "{}").unwrap();
        let error = RunDirectory::open(&settings(&path)).unwrap_err();
        assert!(matches!(error, InitError::ForeignRun { .. }), "{error}");
    }

    #[test]
    fn unused_names() {
        let base = tempfile::tempdir().unwrap();
        let wanted = base.path().join("run");
        assert_eq!(unused_run_directory(&wanted), wanted);
        fs::create_dir(&wanted).unwrap();
        assert_eq!(unused_run_directory(&wanted), base.path().join("run-2"));
        fs::create_dir(base.path().join("run-2")).unwrap();
        assert_eq!(unused_run_directory(&wanted), base.path().join("run-3"));
    }
}
