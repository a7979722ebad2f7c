//! What the training side and the worker both see.

use crate::alerts::{Alert, Findings};
use crate::filter::Filter;
use crate::guard::{lock, within};
use crate::ledger::Ledger;
use crate::run_directory::{RunDirectory, RunInfo};
use crate::schedule::Timetable;
use crate::settings::Settings;
use crate::share::Share;
use crate::summary::{KindSummary, LayerSummary, SinkCounts, Summary, Warning};
use crate::visible;
use std::collections::{BTreeMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

/// Warnings kept in the summary.
const WARNINGS_KEPT: usize = 100;
/// Warnings that wait for the sinks, at most: those of a few hundred milliseconds.
const WARNINGS_WAITING: usize = 1000;
/// Different warnings that are remembered, so that none is repeated.
const WARNINGS_REMEMBERED: usize = 1 << 16;
/// Alerts kept in the summary.
const ALERTS_KEPT: usize = 100;
/// Longest time that training waits for a file.
const PATIENCE: Duration = Duration::from_secs(1);
/// Why it waits no longer.
const STUCK: &str = "the file system did not answer within a second";

/// State of one run.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) directory: RunDirectory,
    /// The run directory as it was asked for: without the number of a new run.
    pub(crate) asked: PathBuf,
    pub(crate) ledger: Ledger,
    pub(crate) latest_step: AtomicU64,
    /// The step of the first snapshot, whether or not any of it is this process's.
    pub(crate) first_step: OnceLock<u64>,
    pub(crate) share: Share,
    pub(crate) info: Mutex<RunInfo>,
    pub(crate) progress: Mutex<Progress>,
    pub(crate) filter: Filter,
    pub(crate) timetable: Timetable,
    /// Looks since the model gained a learned direction.
    pub(crate) idle: Arc<AtomicU64>,
    /// A write that training waited for has not come back.
    pub(crate) stuck: AtomicBool,
}

/// What the summary is made of, kept up to date by the worker.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    pub(crate) ticks: u64,
    pub(crate) layers: Vec<LayerSummary>,
    pub(crate) sink_failures: BTreeMap<String, u64>,
    pub(crate) sinks: BTreeMap<String, SinkCounts>,
    /// The page of the run, once it is there at the end.
    pub(crate) page: Option<PathBuf>,
    /// Nothing is analysed any more.
    pub(crate) worker_panicked: bool,
    alerts: Vec<Alert>,
    alerts_total: u64,
    findings: Findings,
    warnings: Vec<Warning>,
    warnings_total: u64,
    /// Warnings that the sinks were not given yet.
    unwritten: Vec<Warning>,
    /// Hashes of warnings that are given once.
    said: HashSet<u64>,
}

impl Shared {
    /// The summary so far.
    pub(crate) fn summary(&self) -> Summary {
        let progress = lock(&self.progress);
        let (counts, gradients, scalars) = {
            let state = self.ledger.lock();
            (state.counts.clone(), state.gradients.clone(), state.scalars.clone())
        };
        let mut sinks = progress.sinks.clone();
        sinks.values_mut().for_each(SinkCounts::settle);
        Summary {
            session: lock(&self.info).session,
            run_directory: self.directory.path().to_owned(),
            page: progress.page.clone(),
            tensorboard: self.settings.tensorboard.on.then(|| self.settings.run_directory.clone()),
            ticks: progress.ticks,
            counts,
            gradients,
            scalars: scalars.analysed,
            scalars_dropped: scalars.dropped.total(),
            scalar_counts: scalars,
            layers: progress.layers.clone(),
            kinds: KindSummary::all(&progress.layers),
            findings: progress.findings.all(),
            alerts: progress.alerts.clone(),
            alerts_total: progress.alerts_total,
            warnings: progress.warnings.clone(),
            warnings_total: progress.warnings_total,
            sink_failures: progress.sink_failures.clone(),
            sinks,
            complete: !progress.worker_panicked,
        }
    }

    /// Keeps a warning for the summary and says it as an event.
    pub(crate) fn warn(&self, step: u64, message: String) -> Warning {
        // It may name what others named.
        let message = visible::line(&message);
        tracing::warn!(target: "rmt", step, "{message}");
        let warning = Warning { step, message };
        let mut progress = lock(&self.progress);
        progress.warnings_total += 1;
        if progress.warnings.len() < WARNINGS_KEPT {
            progress.warnings.push(warning.clone());
        }
        if progress.unwritten.len() < WARNINGS_WAITING {
            progress.unwritten.push(warning.clone());
        }
        warning
    }

    /// Keeps alerts for the summary and says them as events.
    pub(crate) fn alert(&self, alerts: &[Alert]) {
        alerts.iter().for_each(Alert::say);
        let mut progress = lock(&self.progress);
        progress.alerts_total += alerts.len() as u64;
        alerts.iter().for_each(|alert| progress.findings.add(alert));
        let room = ALERTS_KEPT.saturating_sub(progress.alerts.len());
        progress.alerts.extend(alerts.iter().take(room).cloned());
    }

    /// Writes of whole files, which training waits for: not longer than that, and never for two at once.
    pub(crate) fn patiently(
        &self,
        write: impl FnOnce() -> io::Result<()> + Send + 'static,
    ) -> io::Result<()> {
        if self.stuck.load(Ordering::Acquire) {
            return Err(io::Error::new(io::ErrorKind::TimedOut, STUCK));
        }
        within(PATIENCE, write).unwrap_or_else(|| {
            self.stuck.store(true, Ordering::Release);
            Err(io::Error::new(io::ErrorKind::TimedOut, STUCK))
        })
    }

    /// The warnings since the last call.
    pub(crate) fn unwritten_warnings(&self) -> Vec<Warning> {
        std::mem::take(&mut lock(&self.progress).unwritten)
    }

    /// [`warn`](Self::warn), unless `key` was warned of before.
    pub(crate) fn warn_once(&self, step: u64, key: &str, message: String) -> Option<Warning> {
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        let new = {
            let said = &mut lock(&self.progress).said;
            // Bounded: after so many others one may be repeated.
            if said.len() >= WARNINGS_REMEMBERED {
                said.clear();
            }
            said.insert(hasher.finish())
        };
        new.then(|| self.warn(step, message))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::config::{Bare, MonitorConfig};
    use std::fs;

    #[test]
    fn every_warning_counts_and_is_written_and_none_twice() {
        let base = tempfile::tempdir().unwrap();
        let run = base.path().join("x");
        let config = MonitorConfig::<Bare>::new(&run).with_tensorboard(false).with_page(false);
        let engine = config.init().unwrap();
        let many = 3 * WARNINGS_KEPT as u64;
        for _ in 0..2 {
            (0..many).for_each(|number| engine.warn_once(number, format!("warning {number}")));
        }
        let summary = engine.finish();
        assert_eq!((summary.warnings_total, summary.warnings.len()), (many, WARNINGS_KEPT));
        let written = fs::read_to_string(run.join("warnings.jsonl")).unwrap();
        assert_eq!(written.lines().count() as u64, many);
        assert!((0..many).all(|number| written.contains(&format!("warning {number}\""))));
    }
}
