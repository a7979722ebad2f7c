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
use crate::plateau::Plateau;
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

/// A started monitor for any framework: a queue bounded in bytes, and one worker thread.
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

    /// Directory of the run, with the number that was appended if there is one. For a process that
    /// shares the run, its own directory below that.
    pub fn run_directory(&self) -> &Path {
        self.owner.shared.directory.path()
    }

    /// Session in this directory, from 0.
    pub fn session(&self) -> u32 {
        lock(&self.owner.shared.info).session
    }

    /// Whether any layer is due at `step`. It costs a few integer tests, and one for an evenly
    /// spaced schedule.
    #[inline]
    pub fn due(&self, step: u64) -> bool {
        self.owner.shared.timetable.due(step)
    }

    /// Whether the watched layer with this number, in the order of the model, is due at `step`.
    /// Some layer must be due.
    pub fn layer_due(&self, step: u64, layer: usize) -> bool {
        self.owner.shared.timetable.layer_due(step, layer)
    }

    /// Whether layers that are due at `step` are analysed in full: at one of every `full_every` due
    /// steps, including the first. Inputs are measured only then. The worker may analyse further
    /// snapshots in full.
    pub fn full_due(&self, step: u64) -> bool {
        let shared = &self.owner.shared;
        shared.timetable.times_before(step).is_multiple_of(shared.settings.full_every)
    }

    /// Reports the current step of training, from which the worker's lag is measured. A step that
    /// goes back gives a warning.
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

    /// Whether the parameter with this name is watched.
    pub fn watches(&self, name: &str) -> bool {
        self.owner.shared.filter.watches(name)
    }

    /// The layout that the user set for the parameter with this name.
    pub fn layout(&self, name: &str) -> Option<Layout> {
        self.owner.shared.filter.layout(name)
    }

    /// The kind that the user set for the parameter with this name.
    pub fn kind(&self, name: &str) -> Option<LayerKind> {
        self.owner.shared.filter.kind(name)
    }

    /// Whether anything was submitted yet.
    pub fn started(&self) -> bool {
        self.owner.shared.ledger.lock().counts.submitted > 0
    }

    /// Records the framework, and the device if it is known, in `run.json`.
    pub fn describe(&self, framework: &str, device: Option<String>) {
        let mut info = lock(&self.owner.shared.info);
        info.versions.framework = Some(framework.to_owned());
        info.device = device.or(info.device.take());
    }

    /// States that training continues from the weights after `step` updates. This session replaces
    /// earlier records of later steps, and drift is measured from the run's own first snapshot.
    /// Without `with_resume(true)` in the settings it only gives a warning, since then the run is a
    /// new one.
    pub fn resume(&self, step: u64) {
        let shared = &self.owner.shared;
        if !shared.settings.resume {
            let (asked, own) = (shared.asked.display(), self.run_directory().display());
            let message = format!(
                "resume({step}) was called in a new run, {own}: to continue the run in {asked}, set \
                 with_resume(true), as in MonitorConfig::new({:?}).with_resume(true)",
                shared.asked
            );
            self.warn_once(step, message);
        }
        shared.latest_step.store(step, Ordering::Relaxed);
        self.send(Job::Start { step });
    }

    /// Records in `run.json` that `step` updates were made by the end of `epoch`. The file is
    /// written at once, not by the worker, so a killed run can continue from any checkpoint that
    /// the caller saves next. A hanging file system costs one second, once.
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

    /// Number of updates made by the end of `epoch`, as an earlier session recorded it.
    ///
    /// # Errors
    /// [`ResumeError`] if `run.json` does not record it.
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

    /// Counts due parameters that could not be taken, and warns once for all of them. If several
    /// processes share the model, one of them counts.
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
                "never initialized, which happens at a parameter's first use; observe the model after a forward"
            }
            _ => "not available",
        };
        let message = match names {
            [name] => format!("`{name}` was not analysed: it was {why}"),
            _ => format!("{} were not analysed: they were {why}", visible::several(names)),
        };
        shared.warn_once(step, &names.join(" "), message);
    }

    /// Gives the warning `message` once per run, in the summary and as a `tracing` event.
    pub fn warn_once(&self, step: u64, message: String) {
        self.owner.shared.warn_once(step, &message.clone(), message);
    }

    /// Logs a number under its own name. A number that is not finite is not written; it gives a
    /// warning.
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

    /// A handle that reports when the model has gained no learned direction for `looks` looks:
    /// `if plateau.reached() { break; }`.
    pub fn plateau(&self, looks: u64) -> Plateau {
        Plateau::new(self.owner.shared.idle.clone(), looks)
    }

    /// The current state of the run.
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

    /// Counts of matrices so far.
    pub fn counts(&self) -> Counts {
        self.owner.shared.ledger.lock().counts.clone()
    }

    /// Counts of scalars so far.
    pub fn scalar_counts(&self) -> Counts {
        self.owner.shared.ledger.lock().scalars.clone()
    }

    /// Waits until everything submitted is analysed and written, at most as long as the finish
    /// timeout, and returns the summary. If the file system hangs, it takes at most a second more
    /// and gives up on `summary.json`. Later calls return the same summary.
    pub fn finish(&self) -> Summary {
        self.owner.finish()
    }

    fn send(&self, job: Job) {
        // The worker is gone only after the ledger was closed and counted.
        let _ = self.owner.jobs.send(job);
    }
}
