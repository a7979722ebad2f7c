//! What the training side and the worker both see.

use crate::filter::Filter;
use crate::ledger::Ledger;
use crate::record::{KindSummary, LayerSummary, Summary, Warning};
use crate::run_directory::{RunDirectory, RunInfo};
use crate::schedule::Timetable;
use crate::settings::Settings;
use crate::share::Share;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

/// Warnings kept in the summary.
const WARNINGS_KEPT: usize = 100;

/// State of one run.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) directory: RunDirectory,
    pub(crate) ledger: Ledger,
    pub(crate) latest_step: AtomicU64,
    /// The step of the first snapshot, whether or not any of it is this process's.
    pub(crate) first_step: OnceLock<u64>,
    pub(crate) share: Share,
    pub(crate) info: Mutex<RunInfo>,
    pub(crate) progress: Mutex<Progress>,
    pub(crate) filter: Filter,
    pub(crate) timetable: Timetable,
}

/// What the summary is made of, kept up to date by the worker.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    pub(crate) ticks: u64,
    pub(crate) scalars: u64,
    pub(crate) scalars_dropped: u64,
    pub(crate) layers: Vec<LayerSummary>,
    pub(crate) sink_failures: BTreeMap<String, u64>,
    warnings: Vec<Warning>,
    warnings_total: u64,
    /// What was warned of already, where once is enough.
    said: BTreeSet<String>,
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    /// The summary as of now.
    pub(crate) fn summary(&self) -> Summary {
        let progress = lock(&self.progress);
        let (counts, gradients) = {
            let state = self.ledger.lock();
            (state.counts.clone(), state.gradients.clone())
        };
        Summary {
            session: lock(&self.info).session,
            ticks: progress.ticks,
            counts,
            gradients,
            scalars: progress.scalars,
            scalars_dropped: progress.scalars_dropped,
            layers: progress.layers.clone(),
            kinds: KindSummary::all(&progress.layers),
            warnings: progress.warnings.clone(),
            warnings_total: progress.warnings_total,
            sink_failures: progress.sink_failures.clone(),
            complete: true,
        }
    }

    /// Keeps a warning for the summary and says it as an event.
    pub(crate) fn warn(&self, step: u64, message: String) -> Warning {
        tracing::warn!(target: "rmt", step, "{message}");
        let warning = Warning { step, message };
        let mut progress = lock(&self.progress);
        progress.warnings_total += 1;
        if progress.warnings.len() < WARNINGS_KEPT {
            progress.warnings.push(warning.clone());
        }
        warning
    }

    /// The same, unless `key` was warned of before.
    pub(crate) fn warn_once(&self, step: u64, key: &str, message: String) -> Option<Warning> {
        let new = {
            let mut progress = lock(&self.progress);
            progress.said.len() < WARNINGS_KEPT && progress.said.insert(key.to_owned())
        };
        new.then(|| self.warn(step, message))
    }
}
