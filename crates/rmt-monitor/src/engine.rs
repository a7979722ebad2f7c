//! The handle that training holds. It admits snapshots, and never waits unless asked to.

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod frozen_tests;
mod gradients;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod hung_disk_tests;
mod owner;
mod room;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod shard_tests;
mod start;
pub(crate) mod weights;

use crate::error::ResumeError;
use crate::guard::lock;
use crate::layout::Layout;
use crate::ledger::{Counts, DropReason};
use crate::settings::Settings;
use crate::snapshot::Scalar;
use crate::summary::{LayerSummary, Status, Summary};
use crate::visible;
use crate::worker::Job;
use owner::Owner;
use rmt_core::layers::LayerKind;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Bytes that one waiting scalar counts for, beside its name.
const SCALAR_BYTES: u64 = 64;

/// A started monitor, whatever the framework: a queue bounded in bytes, and one worker thread.
///
/// Clones share one run. Dropping the last clone finishes the run.
#[derive(Debug, Clone)]
pub struct Engine {
    owner: Arc<Owner>,
}

impl Engine {
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
        let deviates = |layer: &&LayerSummary| layer.last.report.verdict.deviates();
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
