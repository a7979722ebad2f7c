//! The handle that training holds: lets snapshots in, and never waits unless asked to.

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod frozen_tests;
mod gradients;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod hung_disk_tests;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod shard_tests;
pub(crate) mod weights;

use crate::error::{InitError, ResumeError};
use crate::filter::Filter;
use crate::globs;
use crate::guard::lock;
use crate::layout::Layout;
use crate::ledger::{Counts, DropReason, Ledger};
use crate::null_cache::DiskCache;
use crate::run_directory::RunDirectory;
use crate::schedule::Timetable;
use crate::settings::Settings;
use crate::share::Share;
use crate::shared::Shared;
#[cfg(feature = "pictures")]
use crate::sinks::Page;
#[cfg(feature = "tensorboard")]
use crate::sinks::TensorBoard;
use crate::sinks::{Jsonl, Sink};
use crate::snapshot::Scalar;
use crate::summary::{LayerSummary, Status, Summary};
use crate::visible;
use crate::worker::{Job, Worker};
use crossbeam::channel::{self, Receiver, Sender};
use rmt_core::layers::{LayerId, LayerKind};
use rmt_core::report::Verdict;
use rmt_core::shard::Shard;
use rmt_core::statistics::drift::SpectralEdge;
use rmt_core::{Analyser, Nulls};
use std::collections::HashSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;

/// Bytes that one waiting scalar counts for, beside its name.
const SCALAR_BYTES: u64 = 64;
/// What is said where two monitors write to one directory.
const SHARED: &str = "another monitor that is not finished writes to this run directory: their rows \
                      and curves are mixed; resume a run in one program at a time, or share it by with_shard";
/// The default byte budget is at least this.
const LEAST_BUDGET: u64 = 256 << 20;

/// A started monitor, whatever the framework: a queue bounded in bytes, and one worker thread.
///
/// Clones share one run. Dropping the last clone finishes the run.
#[derive(Debug, Clone)]
pub struct Engine {
    owner: Arc<Owner>,
}

/// Finishes the run when the last handle goes, also while a panic unwinds.
#[derive(Debug)]
struct Owner {
    shared: Arc<Shared>,
    jobs: Sender<Job>,
    /// Disconnected when the worker thread has ended.
    ended: Receiver<()>,
    summary: Mutex<Option<Summary>>,
}

impl Engine {
    pub(crate) fn start(
        mut settings: Settings,
        own: Vec<Box<dyn Sink>>,
    ) -> Result<Self, InitError> {
        let zero =
            |setting| InitError::Setting { setting, problem: "it must be at least 1".into() };
        if settings.run_directory.as_os_str().is_empty() {
            let problem = "it is empty; name a directory, such as runs/x".into();
            return Err(InitError::Setting { setting: "run_directory", problem });
        }
        let timetable = Timetable::new(settings.schedule)?;
        if settings.budget_bytes == Some(0) {
            return Err(zero("budget_bytes"));
        }
        if settings.full_every == 0 {
            return Err(zero("full_every"));
        }
        if settings.spectral_edge_window > 0 {
            SpectralEdge::new(settings.spectral_edge_window)?;
        }
        if let Some(Err(error)) = settings.shard.map(Shard::checked) {
            return Err(InitError::Setting { setting: "shard", problem: error.to_string() });
        }
        let (tensorboard, pictures) = (cfg!(feature = "tensorboard"), cfg!(feature = "pictures"));
        for (setting, on, feature, known) in [
            ("tensorboard", settings.tensorboard, "tensorboard", tensorboard),
            ("page", settings.page, "pictures", pictures),
            ("pictures", settings.pictures, "pictures", pictures),
        ] {
            if on && !known {
                let problem = format!("it needs the feature `{feature}` of rmt-monitor");
                return Err(InitError::Setting { setting, problem });
            }
        }
        settings.alerts.check()?;
        let filter = Filter::new(&settings)?;
        let mut nulls = Nulls::new(settings.seed);
        if let Some(directory) = &settings.null_cache {
            nulls = nulls.with_cache(DiskCache::new(directory));
        }
        let analyser = Analyser::new(settings.analysis.clone(), nulls)?;
        let asked = settings.run_directory.clone();
        let (directory, info) = RunDirectory::open(&settings)?;
        settings.run_directory.clone_from(&info.settings.run_directory);
        let session = info.session;
        let mut sinks: Vec<Box<dyn Sink>> = Vec::new();
        if settings.jsonl {
            let sink = Jsonl::new(directory.path(), settings.profiles_every);
            sinks.push(Box::new(sink.with_session(session)));
        }
        #[cfg(feature = "tensorboard")]
        if settings.tensorboard {
            let sink = TensorBoard::new(directory.path()).with_settings(&settings);
            sinks.push(Box::new(sink));
        }
        #[cfg(feature = "pictures")]
        if settings.page {
            sinks.push(Box::new(Page::new(directory.path())));
        }
        sinks.extend(own);
        let shared = Arc::new(Shared {
            ledger: Ledger::default(),
            latest_step: AtomicU64::new(0),
            first_step: OnceLock::new(),
            share: Share::new(settings.shard),
            info: Mutex::new(info),
            progress: Mutex::default(),
            filter,
            timetable,
            directory,
            asked,
            settings,
            stuck: AtomicBool::new(false),
        });
        shared.ledger.lock().budget = shared.settings.budget_bytes;
        if shared.directory.shared_with_another() {
            shared.warn(0, SHARED.to_owned());
        }
        let (jobs, receiver) = channel::unbounded();
        let (ending, ended) = channel::bounded(0);
        let worker = Worker::new(shared.clone(), analyser, sinks, session);
        thread::Builder::new()
            .name("rmt-worker".into())
            .spawn(move || {
                let _ending = ending;
                worker.run(receiver);
            })
            .map_err(InitError::Thread)?;
        let owner = Owner { shared, jobs, ended, summary: Mutex::new(None) };
        Ok(Self { owner: Arc::new(owner) })
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.owner.shared.settings
    }

    /// Directory of the run, with its number where it was given one; of a process that shares the run, its
    /// own below that.
    pub fn run_directory(&self) -> &Path {
        self.owner.shared.directory.path()
    }

    /// Number of the program run in this directory, from 0.
    pub fn session(&self) -> u32 {
        lock(&self.owner.shared.info).session
    }

    /// Whether any layer is due at `step`: integer tests, one for an evenly spaced schedule.
    #[inline]
    pub fn due(&self, step: u64) -> bool {
        self.owner.shared.timetable.due(step)
    }

    /// Whether the watched layer of this number, in the order of the model, is due at `step`, at
    /// which any is.
    pub fn layer_due(&self, step: u64, layer: usize) -> bool {
        self.owner.shared.timetable.layer_due(step, layer)
    }

    /// Whether what is due at `step` is analysed in full, whatever else the worker finds that it has to: one of
    /// every `full_every` times that a layer is due, the first included. Inputs are only measured then.
    pub fn full_due(&self, step: u64) -> bool {
        let shared = &self.owner.shared;
        shared.timetable.times_before(step).is_multiple_of(shared.settings.full_every)
    }

    /// How far training has come: what the worker's lag is measured from. A warning where it goes back.
    #[inline]
    pub fn reached(&self, step: u64) {
        let before = self.owner.shared.latest_step.swap(step, Ordering::Relaxed);
        if step < before {
            self.went_back(before, step);
        }
    }

    #[cold]
    fn went_back(&self, before: u64, step: u64) {
        let message = format!(
            "step {step} was observed after step {before}: steps are numbers of updates and must not go back. \
             Where training goes on from an earlier state, call resume({step}) first"
        );
        self.owner.shared.warn_once(step, "steps go back", message);
    }

    /// Whether a parameter of this name is watched.
    pub fn watches(&self, name: &str) -> bool {
        self.owner.shared.filter.watches(name)
    }

    /// How the parameter of this name is read as matrices, where the user said so.
    pub fn layout(&self, name: &str) -> Option<Layout> {
        self.owner.shared.filter.layout(name)
    }

    /// The part that the parameter of this name plays, where the user said so.
    pub fn kind(&self, name: &str) -> Option<LayerKind> {
        self.owner.shared.filter.kind(name)
    }

    /// Whether anything was submitted yet.
    pub fn started(&self) -> bool {
        self.owner.shared.ledger.lock().counts.submitted > 0
    }

    /// Names the framework, and the device where it is known, in `run.json`.
    pub fn describe(&self, framework: &str, device: Option<String>) {
        let mut info = lock(&self.owner.shared.info);
        info.versions.framework = Some(framework.to_owned());
        info.device = device.or(info.device.take());
    }

    /// Tells that training goes on from the weights after `step` updates: what earlier sessions
    /// logged of later steps is replaced, and drift is measured from the run's own first snapshot. A
    /// warning where the settings do not say that a run is gone on with: then this is a new one.
    pub fn resume(&self, step: u64) {
        let shared = &self.owner.shared;
        if !shared.settings.resume {
            let (asked, own) = (shared.asked.display(), self.run_directory().display());
            let message = format!(
                "resume({step}) was called in a new run, {own}: to go on with the run in {asked}, set \
                 with_resume(true), as in MonitorConfig::new({:?}).with_resume(true)",
                shared.asked
            );
            self.warn_once(step, message);
        }
        shared.latest_step.store(step, Ordering::Relaxed);
        self.send(Job::Start { step });
    }

    /// Keeps in `run.json` that `step` updates were made by the end of `epoch`. It is written at once,
    /// not by the worker: whatever checkpoint the caller saves next, a killed run can go on from it. A
    /// file system that hangs costs a second, once.
    pub fn epoch_ended(&self, epoch: u64, step: u64) {
        let shared = &self.owner.shared;
        let info = {
            let mut info = lock(&shared.info);
            info.epoch_ended(epoch, step);
            info.clone()
        };
        let directory = shared.directory.clone();
        if let Err(error) = shared.patiently(move || directory.write_run(&info)) {
            shared.warn_once(step, "run.json", format!("run.json: {error}"));
        }
    }

    /// Updates made by the end of `epoch`, as an earlier session kept it.
    ///
    /// # Errors
    /// [`ResumeError`] where `run.json` does not say.
    pub fn epoch_step(&self, epoch: u64) -> Result<u64, ResumeError> {
        let info = lock(&self.owner.shared.info);
        info.epochs.get(&epoch).copied().ok_or_else(|| ResumeError {
            path: self.run_directory().to_owned(),
            epoch,
            known: match (info.epochs.keys().next(), info.epochs.keys().next_back()) {
                (Some(first), Some(last)) => format!("epochs {first} to {last}"),
                _ => "none".to_owned(),
            },
            resumed: self.owner.shared.settings.resume,
        })
    }

    /// Counts due parameters that could not be taken: once, where several processes share the model. One warning
    /// for all.
    pub fn not_taken(&self, step: u64, names: &[String], reason: DropReason) {
        let shared = &self.owner.shared;
        if names.is_empty() || !shared.share.speaks_for_all() {
            return;
        }
        {
            let mut state = shared.ledger.lock();
            for _ in names {
                state.submit();
                state.drop_one(reason);
            }
        }
        let why = match reason {
            DropReason::NotInitialized => {
                "never initialized, which happens where a parameter is first used: observe the model after a forward"
            }
            _ => "not to be had",
        };
        let message = match names {
            [name] => format!("`{name}` was not analysed: it was {why}"),
            _ => format!("{} were not analysed: they were {why}", visible::several(names)),
        };
        shared.warn_once(step, &names.join(" "), message);
    }

    /// Warns of patterns in the settings that match none of the model's parameters, with the nearest names.
    pub fn check_patterns(&self, step: u64, parameters: &[String]) {
        for (setting, pattern) in globs::unmatched(&self.owner.shared.settings, parameters) {
            let nearest = globs::nearest(pattern, parameters);
            let message = match nearest.is_empty() {
                true => {
                    format!("`{pattern}` in `{setting}` matches no parameter: the model has none")
                }
                false => {
                    let nearest = nearest.join("`, `");
                    format!(
                        "`{pattern}` in `{setting}` matches no parameter; the nearest are `{nearest}`"
                    )
                }
            };
            self.warn_once(step, message);
        }
    }

    /// Warns of `message` once a run, in the summary and as a `tracing` event.
    pub fn warn_once(&self, step: u64, message: String) {
        self.owner.shared.warn_once(step, &message.clone(), message);
    }

    /// Logs a number of the user's under its own name. Not finite: a warning, and not written.
    pub fn scalar(&self, step: u64, name: &str, value: Box<dyn Scalar>) {
        let bytes = SCALAR_BYTES.saturating_add(name.len() as u64);
        // Its own statement, so that the ledger is free again for whoever hears the warning.
        let admitted = self.owner.shared.ledger.lock().admit_scalar(bytes);
        match admitted {
            Ok(()) => self.send(Job::Scalar { step, name: name.to_owned(), value, bytes }),
            Err(reason) => {
                let why = match reason {
                    DropReason::Finished => "the monitor is finished",
                    _ => "the queue is full",
                };
                let message = format!("{why}: scalars were dropped");
                self.owner.shared.warn_once(step, &message.clone(), message);
            }
        }
    }

    /// How the run is doing.
    pub fn status(&self) -> Status {
        let shared = &self.owner.shared;
        let counts = self.counts();
        let progress = lock(&shared.progress);
        let deviates = |layer: &&LayerSummary| layer.last.report.verdict == Verdict::Deviates;
        let analysed = progress.layers.iter().map(|layer| layer.last.step).max();
        let latest = shared.latest_step.load(Ordering::Relaxed);
        Status {
            layers: progress.layers.len(),
            deviating: progress.layers.iter().filter(deviates).count(),
            lag_steps: latest.saturating_sub(analysed.unwrap_or(0)),
            counts,
        }
    }

    /// The counts so far.
    pub fn counts(&self) -> Counts {
        self.owner.shared.ledger.lock().counts.clone()
    }

    /// Scalars counted so far.
    pub fn scalar_counts(&self) -> Counts {
        self.owner.shared.ledger.lock().scalars.clone()
    }

    /// Waits until everything submitted is analysed and written, at most the finish timeout, and
    /// says what became of it. (Where the file system hangs, at most a second more: `summary.json` is
    /// then given up.) Later calls return the same summary.
    pub fn finish(&self) -> Summary {
        self.owner.finish()
    }

    fn send(&self, job: Job) {
        // The worker is gone only after the ledger was closed and counted.
        let _ = self.owner.jobs.send(job);
    }
}

impl Owner {
    fn finish(&self) -> Summary {
        let mut finished = lock(&self.summary);
        if let Some(summary) = finished.as_ref() {
            return summary.clone();
        }
        let shared = &self.shared;
        shared.ledger.close();
        let _ = self.jobs.send(Job::Finish);
        let ended = self.ended.recv_timeout(shared.settings.finish_timeout);
        let timed_out = matches!(ended, Err(channel::RecvTimeoutError::Timeout));
        let step = shared.latest_step.load(Ordering::Relaxed);
        if timed_out {
            shared.ledger.abandon(DropReason::FinishTimeout);
            let seconds = shared.settings.finish_timeout.as_secs_f64();
            shared.warn(step, format!("the worker did not finish within {seconds} s"));
        }
        // What another thread let in just before may have been sent just after the end.
        shared.ledger.abandon(DropReason::Finished);
        let mut summary = shared.summary();
        summary.complete &= !timed_out;
        let (directory, kept) = (shared.directory.clone(), summary.clone());
        let info = lock(&shared.info).clone();
        #[cfg(feature = "pictures")]
        let hangs = timed_out && shared.settings.page;
        let write = move || {
            // A worker that hangs does not say on the page that the run is over. The page may be missing.
            #[cfg(feature = "pictures")]
            let _ = if hangs { Page::end(directory.path()) } else { Ok(()) };
            directory.restore_run(&info).and(directory.write_summary(&kept))
        };
        if let Err(error) = shared.patiently(write) {
            let message = format!("summary.json: {error}");
            summary.warnings.push(shared.warn(step, message));
            summary.warnings_total += 1;
        }
        shared.directory.release();
        *finished = Some(summary.clone());
        summary
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.finish();
    }
}

/// Gives each matrix of a snapshot a path of its own, by which its reports, drift and curves are kept:
/// the second `a` becomes `a#2`. Returns the place and the former name of each that was renamed.
fn tell_apart<T>(layers: &mut [T], id: impl Fn(&mut T) -> &mut LayerId) -> Vec<(usize, String)> {
    let mut seen = HashSet::with_capacity(layers.len());
    let paths: Vec<String> = layers.iter_mut().map(|layer| id(layer).path()).collect();
    let again: Vec<usize> =
        (0..paths.len()).filter(|&place| !seen.insert(paths[place].as_str())).collect();
    let mut taken: HashSet<String> = match again.is_empty() {
        true => return Vec::new(),
        false => paths.iter().cloned().collect(),
    };
    let mut renamed = Vec::with_capacity(again.len());
    for place in again {
        let layer = id(&mut layers[place]);
        let name = layer.name.clone();
        for number in 2_u64.. {
            layer.name = format!("{name}#{number}");
            if taken.insert(layer.path()) {
                break;
            }
        }
        renamed.push((place, name));
    }
    renamed
}

/// Twice the first snapshot, at least 256 MiB, at most a quarter of memory.
fn default_budget(first_snapshot: u64) -> u64 {
    use sysinfo::{MemoryRefreshKind, RefreshKind, System};
    let memory = RefreshKind::nothing().with_memory(MemoryRefreshKind::nothing().with_ram());
    let total = System::new_with_specifics(memory).total_memory();
    let wanted = first_snapshot.saturating_mul(2).max(LEAST_BUDGET);
    if total == 0 { wanted } else { wanted.min((total / 4).max(1)) }
}
