//! The side thread: reads, analyses, writes. Nothing that happens here reaches training.

mod earlier;
mod frozen;
mod gradients;
mod priority;
mod scalars;
mod slot;
mod tick;
mod told_apart;
mod tracking;
mod watched;

use crate::alerts::Alerts;
use crate::guard::{discard, guarded, lock};
use crate::history::Keep;
use crate::ledger::DropReason;
use crate::plateau::Growth;
use crate::record::{PAGE, Record, Scalars};
use crate::reference_file::FirstSnapshot;
use crate::shared::Shared;
use crate::sinks::Sink;
use crate::snapshot::{GradientSnapshot, LayerSnapshot, Scalar};
use crossbeam::channel::{Receiver, RecvTimeoutError};
use rmt_core::Analyser;
use slot::Slot;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use watched::WatchedMatrices;

/// Longest time that a written scalar stays invisible to readers.
const FLUSH_INTERVAL: Duration = Duration::from_millis(200);

/// Whether a snapshot is analysed in full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Full {
    /// Both ends are followed, where that is possible.
    No,
    /// It is its turn.
    Due,
    /// It is the last one.
    Last,
}

/// What the training side sends.
pub(crate) enum Job {
    Start { step: u64 },
    Snapshot { step: u64, layers: Vec<LayerSnapshot>, full: Full },
    Gradients { step: u64, layers: Vec<GradientSnapshot> },
    Scalar { step: u64, name: String, value: Box<dyn Scalar>, bytes: u64 },
    Finish,
}

impl Job {
    /// Lets the handles go, each on its own.
    fn discard(self) {
        match self {
            Self::Snapshot { layers, .. } => layers.into_iter().for_each(|layer| {
                let LayerSnapshot { weights, activation, .. } = layer;
                let _ = (discard(weights), discard(activation));
            }),
            Self::Gradients { layers, .. } => layers.into_iter().for_each(|layer| {
                let _ = (discard(layer.gradient), layer.update.map(|pair| pair.map(discard)));
            }),
            Self::Scalar { value, .. } => {
                let _ = discard(value);
            }
            Self::Start { .. } | Self::Finish => {}
        }
    }
}

pub(crate) struct Worker {
    shared: Arc<Shared>,
    analyser: Analyser,
    sinks: Vec<Slot>,
    session: u32,
    ticks: u64,
    keep: Keep,
    matrices: WatchedMatrices,
    first: FirstSnapshot,
    scalars: Scalars,
    alerts: Alerts,
    growth: Growth,
    last_flush: Instant,
}

impl Worker {
    pub(crate) fn new(
        shared: Arc<Shared>,
        analyser: Analyser,
        sinks: Vec<Box<dyn Sink>>,
        session: u32,
    ) -> Self {
        Self {
            keep: Keep::new(&shared.settings),
            matrices: WatchedMatrices::default(),
            alerts: Alerts::new(shared.settings.alerts.clone()),
            growth: Growth::default(),
            shared,
            analyser,
            sinks: Slot::all(sinks),
            session,
            ticks: 0,
            first: FirstSnapshot::default(),
            scalars: Scalars::default(),
            last_flush: Instant::now(),
        }
    }

    /// Works until told to finish. A panic outside the guarded parts ends the worker, with what is
    /// outstanding counted.
    pub(crate) fn run(mut self, jobs: Receiver<Job>) {
        if self.shared.settings.low_priority {
            priority::lower();
        }
        let shared = self.shared.clone();
        let step = || shared.latest_step.load(Ordering::Relaxed);
        if let Err(said) = guarded(|| self.work(&jobs)) {
            shared.ledger.abandon(DropReason::WorkerPanicked);
            lock(&shared.progress).worker_panicked = true;
            shared.warn(
                step(),
                format!("the worker thread panicked: nothing more is analysed: {said}"),
            );
        }
        // Handles and sinks are others' code: each is let go on its own.
        while let Ok(job) = jobs.try_recv() {
            job.discard();
        }
        for Slot { sink, name, .. } in std::mem::take(&mut self.sinks) {
            if let Err(said) = discard(sink) {
                shared.warn(step(), format!("sink {name} panicked when it was dropped: {said}"));
            }
        }
    }

    fn work(&mut self, jobs: &Receiver<Job>) {
        loop {
            match jobs.recv_timeout(FLUSH_INTERVAL) {
                Ok(Job::Start { step }) => {
                    self.write_scalars();
                    self.write(step, &Record::Start { session: self.session, step });
                }
                Ok(Job::Snapshot { step, layers, full }) => self.tick(step, layers, full),
                Ok(Job::Gradients { step, layers }) => self.gradients(step, layers),
                Ok(Job::Scalar { step, name, value, bytes }) => {
                    self.scalar(step, name, value);
                    self.shared.ledger.release_scalar(bytes);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Ok(Job::Finish) | Err(RecvTimeoutError::Disconnected) => break,
            }
            if self.shared.ledger.abandoned() {
                return;
            }
            if self.last_flush.elapsed() >= FLUSH_INTERVAL {
                self.flush();
            }
        }
        self.write_scalars();
        self.write_warnings();
        let summary = self.shared.summary();
        self.write(self.shared.latest_step.load(Ordering::Relaxed), &Record::End(&summary));
        self.flush();
        // Here, and not where training waits: the file system may hang.
        let page = self.shared.directory.path().join(PAGE);
        lock(&self.shared.progress).page = page.is_file().then_some(page);
    }

    /// A warning once per key, in the summary, as an event, and, with the next flush, to the sinks.
    fn warn(&mut self, step: u64, key: &str, message: String) {
        self.shared.warn_once(step, key, message);
    }

    /// Gives the sinks what was warned of, by whichever thread, since the last time.
    fn write_warnings(&mut self) {
        for warning in self.shared.unwritten_warnings() {
            self.write(warning.step, &Record::Warning(&warning));
        }
    }

    fn write(&mut self, step: u64, record: &Record<'_>) {
        for slot in &mut self.sinks {
            slot.write(&self.shared, step, record);
        }
    }

    fn flush(&mut self) {
        self.write_scalars();
        self.write_warnings();
        self.last_flush = Instant::now();
        let step = self.shared.latest_step.load(Ordering::Relaxed);
        for slot in &mut self.sinks {
            slot.flush(&self.shared, step);
        }
    }
}
