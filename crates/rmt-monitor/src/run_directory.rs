//! The run directory, and the file `run.json` in it.

use crate::error::InitError;
use crate::guard::lock;
use crate::record::wall_time;
use crate::settings::Settings;
use crate::sub_runs;
use crate::visible::escaped;
use crate::whole_file;
use rmt_core::Orientation;
use rmt_core::report::SCHEMA;
use rmt_core::shard::Shard;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// The file that describes the run.
const RUN: &str = "run.json";

/// Contents of `run.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RunInfo {
    /// Version of the report schema.
    pub schema: u32,
    /// Session in this directory, from 0.
    pub session: u32,
    /// First session of those, up to this one, that had the same number of processes.
    #[serde(default)]
    pub shared_since: u32,
    /// Time of the start, in seconds since 1970.
    pub started: f64,
    /// Versions of the programs.
    pub versions: Versions,
    /// Device of the first snapshot's weights.
    pub device: Option<String>,
    /// All settings.
    pub settings: Settings,
    /// The watched matrices of the first snapshot.
    pub layers: Vec<WatchedLayer>,
    /// Number of updates made by the end of each epoch, if the training loop reports it.
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

/// What a session needs to know of the ones before, whatever their other settings were.
#[derive(Deserialize)]
struct Earlier {
    session: u32,
    #[serde(default)]
    shared_since: u32,
    #[serde(default)]
    settings: EarlierSettings,
    #[serde(default)]
    epochs: BTreeMap<u64, u64>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct EarlierSettings {
    shard: Option<Shard>,
}

impl Earlier {
    /// Of an object only: a list would be read as its fields in order.
    fn read(bytes: &[u8]) -> serde_json::Result<Self> {
        let object: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(bytes)?;
        serde_json::from_value(object.into())
    }

    fn world(&self) -> Option<usize> {
        self.settings.shard.map(|shard| shard.world)
    }
}

/// Versions of the programs that wrote a run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Versions {
    /// Version of this crate.
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
    /// Name of the part, for a parameter that holds several matrices.
    #[serde(default)]
    pub part: Option<String>,
    /// [rows, columns] as stored.
    pub shape: [usize; 2],
    /// Storage type, such as `f32`.
    pub dtype: String,
    /// The input side.
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
    /// The run's other directories, as found when this one was opened.
    others: Vec<PathBuf>,
    /// Held until the run is finished.
    lock: Arc<Lock>,
}

/// The directory, locked where the system can do that: so another monitor that writes there is noticed.
/// It keeps nobody out.
#[derive(Debug)]
struct Lock {
    handle: Mutex<Option<File>>,
    taken: bool,
}

impl Lock {
    fn on(directory: &Path) -> Arc<Self> {
        let handle = File::open(directory).ok();
        let tried = handle.as_ref().map(File::try_lock);
        let taken = matches!(tried, Some(Err(TryLockError::WouldBlock)));
        Arc::new(Self { handle: Mutex::new(handle), taken })
    }
}

impl RunDirectory {
    /// Makes the directory, finds the session's number and writes `run.json`; the settings in it name the
    /// directory that was taken.
    ///
    /// The number is above those of all sessions that another number of processes shared, so that of
    /// several rows for one step the highest session's is the latest. Processes that start together
    /// agree on it, whichever comes first: of as many processes as now, only the begin of their row of
    /// sessions counts, which is the same before and after they have started.
    pub(crate) fn open(settings: &Settings) -> Result<(Self, RunInfo), InitError> {
        let mut settings = settings.clone();
        let path = match (settings.shard, settings.resume) {
            (None, false) => {
                settings.run_directory = claimed(&settings.run_directory)?;
                settings.run_directory.clone()
            }
            (Some(shard), false) => claimed_share(&settings.run_directory, shard)?,
            (shard, true) => sub_runs::own_directory(&settings.run_directory, shard),
        };
        let failed = |doing| unusable(&path, doing);
        fs::create_dir_all(&path).map_err(failed("it cannot be made"))?;
        let others = sub_runs::directories(&settings.run_directory);
        let mut others = others.map_err(failed("the run's other directories cannot be listed"))?;
        others.retain(|other| *other != path);
        let lock = Lock::on(&path);
        let directory = Self { path: path.clone(), others, lock };
        let own = match fs::read(directory.run_json()) {
            // Claimed, by this process or by one that was killed before it wrote anything.
            Ok(bytes) if bytes.is_empty() => None,
            Ok(bytes) => {
                let earlier = Earlier::read(&bytes).map_err(|error| InitError::ForeignRun {
                    path: path.clone(),
                    problem: error.to_string(),
                })?;
                Some(earlier)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(failed("its run.json cannot be read")(error)),
        };
        let (session, shared_since, epochs) = directory.succeed(own, &settings);
        let info = RunInfo {
            schema: SCHEMA,
            session,
            shared_since,
            started: wall_time(),
            versions: Versions { rmt_monitor: env!("CARGO_PKG_VERSION").into(), framework: None },
            device: None,
            settings,
            layers: Vec::new(),
            epochs,
        };
        directory.write_run(&info).map_err(failed("it cannot be written"))?;
        Ok((directory, info))
    }

    /// Number of the session after those of `own` directory and of the others, the first one in a row
    /// with its number of processes, and the epochs that the latest which has any knows.
    fn succeed(&self, own: Option<Earlier>, settings: &Settings) -> (u32, u32, BTreeMap<u64, u64>) {
        let world = settings.shard.map(|shard| shard.world);
        let next = own.as_ref().map_or(0, |own| own.session.saturating_add(1));
        let same = own.as_ref().filter(|own| own.world() == world);
        let (mut session, mut since) = (next, same.map_or(next, |own| own.shared_since));
        // What another program left there is not the run's.
        let read = |path: &PathBuf| Earlier::read(&fs::read(path.join(RUN)).ok()?).ok();
        let others: Vec<Earlier> = self.others.iter().filter_map(read).collect();
        for other in &others {
            let together = other.world() == world;
            let least = if together { other.shared_since } else { other.session.saturating_add(1) };
            if session < least {
                (session, since) = (least, least);
            }
        }
        // Of equal sessions the first: its own.
        let known = own.into_iter().chain(others).filter(|earlier| !earlier.epochs.is_empty());
        let latest = known.reduce(|a, b| if b.session > a.session { b } else { a });
        (session, since, latest.map(|latest| latest.epochs).unwrap_or_default())
    }

    /// The run's other directories: those of other processes, or the one above, as of the start.
    pub(crate) fn others(&self) -> &[PathBuf] {
        &self.others
    }

    /// Whether another monitor, of this process or another, had not finished here at the start.
    pub(crate) fn shared_with_another(&self) -> bool {
        self.lock.taken
    }

    /// Lets others have the directory to themselves.
    pub(crate) fn release(&self) {
        *lock(&self.lock.handle) = None;
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    fn run_json(&self) -> PathBuf {
        self.path.join(RUN)
    }

    pub(crate) fn write_run(&self, info: &RunInfo) -> io::Result<()> {
        replace(&self.run_json(), info)
    }

    /// Writes `run.json` again if it went, with the directory say: a later session goes on from it.
    pub(crate) fn restore_run(&self, info: &RunInfo) -> io::Result<()> {
        if self.run_json().exists() { Ok(()) } else { self.write_run(info) }
    }

    pub(crate) fn write_summary(&self, summary: &crate::summary::Summary) -> io::Result<()> {
        replace(&self.path.join("summary.json"), summary)
    }
}

/// Writes a whole JSON file or none of it, and brings it to the disk.
fn replace(path: &Path, value: &impl Serialize) -> io::Result<()> {
    let mut text = escaped(serde_json::to_vec_pretty(value)?);
    text.push(b'\n');
    whole_file::replace(path, &text)
}

fn unusable(path: &Path, doing: &'static str) -> impl FnOnce(io::Error) -> InitError + use<> {
    let path = path.to_owned();
    move |cause| InitError::RunDirectory { path, doing, cause }
}

/// Makes the directory `base`, or the first of `base-2`, `base-3`, … that does not exist, and
/// returns its path. Use it to keep several runs in a common directory; a monitor numbers the
/// directory of a single run itself. Programs that start together get different directories.
///
/// # Errors
/// The system's error if no directory can be made.
pub fn unused_run_directory(base: impl AsRef<Path>) -> io::Result<PathBuf> {
    let base = base.as_ref();
    if let Some(parent) = base.parent() {
        fs::create_dir_all(parent)?;
    }
    numbered(base, |path| taken(fs::create_dir(path)))
}

/// `base`, or the first of `base-2`, `base-3`, … that `claim` gets.
fn numbered(base: &Path, claim: impl Fn(&Path) -> io::Result<bool>) -> io::Result<PathBuf> {
    if claim(base)? {
        return Ok(base.to_owned());
    }
    let Some(name) = base.file_name() else {
        let problem = "it is in use, and has no name of its own that a number could follow";
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, problem));
    };
    let mut number = 2_u64;
    loop {
        let mut name = name.to_owned();
        name.push(format!("-{number}"));
        let path = base.with_file_name(name);
        if claim(&path)? {
            return Ok(path);
        }
        number += 1;
    }
}

/// Whether something was made that must not have been there.
fn taken<T>(made: io::Result<T>) -> io::Result<bool> {
    match made {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

/// A directory without a run, of this name or with a number behind it. It is this monitor's by its
/// `run.json`, which only one can make.
fn claimed(base: &Path) -> Result<PathBuf, InitError> {
    let claim = |path: &Path| {
        // A file of this name is an error, one of a numbered name is in the way.
        if path != base && path.is_file() {
            return Ok(false);
        }
        fs::create_dir_all(path)?;
        Ok(!sub_runs::holds_run(path)? && taken(File::create_new(path.join(RUN)))?)
    };
    numbered(base, claim).map_err(unusable(base, "no run can be started in it"))
}

/// The directory of one of several processes, where no other run is.
///
/// Processes that start together never refuse each other, whichever comes first: each is of another rank
/// and of the same number of processes. So a part of this very rank, or of another number of processes, is
/// of an earlier run; a part of another rank of as many need not be.
fn claimed_share(base: &Path, shard: Shard) -> Result<PathBuf, InitError> {
    let own = sub_runs::own_directory(base, Some(shard));
    let exists = |found: String| InitError::RunExists { path: base.to_owned(), found };
    if base.exists() {
        let all = sub_runs::directories(base);
        let all = all.map_err(unusable(base, "the run's other directories cannot be listed"))?;
        for path in all.iter().filter(|path| **path != own) {
            // What is not read is being written, or is not the run's.
            let earlier = fs::read(path.join(RUN)).ok().and_then(|run| Earlier::read(&run).ok());
            match earlier.map(|earlier| earlier.world()) {
                Some(None) => return Err(exists("the run of one process".into())),
                Some(Some(world)) if world != shard.world => {
                    return Err(exists(format!("a run that {world} processes share")));
                }
                _ => {}
            }
        }
    }
    let found = || exists(format!("a run that rank {} has a part of", shard.rank));
    if sub_runs::is_marked(&own) {
        return Err(found());
    }
    fs::create_dir_all(&own).map_err(unusable(&own, "it cannot be made"))?;
    let made = taken(File::create_new(own.join(RUN)));
    if made.map_err(unusable(&own, "it cannot be written"))? { Ok(own) } else { Err(found()) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
