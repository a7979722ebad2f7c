//! The side thread: reads, analyses, writes. Nothing that happens here reaches training.

mod frozen;
mod gradients;
mod priority;
mod slot;
mod tracking;

use crate::alerts::{Alerts, read_alerts};
use crate::guard::{discard, guarded};
use crate::history::History;
use crate::ledger::{DropReason, Outcome};
use crate::record::{Health, LayerSummary, PAGE, Record, Scalars, Tick, wall_time};
use crate::reference_file::FirstSnapshot;
use crate::shared::{Shared, lock};
use crate::sinks::Sink;
use crate::snapshot::{GradientSnapshot, LayerSnapshot, Scalar};
use crate::tags;
use crossbeam::channel::{Receiver, RecvTimeoutError};
use frozen::{FrozenLayers, Standing};
use rmt_core::notes::Note;
use rmt_core::report::Verdict;
use rmt_core::{Analyser, LayerReport, Matrix};
use slot::Slot;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tracking::Tracking;

/// Longest time that a written scalar stays invisible to readers.
const FLUSH_INTERVAL: Duration = Duration::from_millis(200);

/// Scalars of one step that are written together, at most.
const SCALARS_TOGETHER: usize = 1024;

/// What becomes of drift without the run's first snapshot.
const NO_REFERENCE: &str = "drift is measured from this session's first snapshot";

/// What the training side sends.
pub(crate) enum Job {
    Start { step: u64 },
    Snapshot { step: u64, layers: Vec<LayerSnapshot>, full: bool },
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
    history: History,
    tracking: Tracking,
    frozen: FrozenLayers,
    first: FirstSnapshot,
    scalars: Scalars,
    alerts: Alerts,
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
            history: History::new(&shared.settings),
            tracking: Tracking::new(shared.settings.full_every),
            alerts: Alerts::new(shared.settings.alerts.clone()),
            shared,
            analyser,
            sinks: Slot::all(sinks),
            session,
            ticks: 0,
            frozen: FrozenLayers::default(),
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

    fn tick(&mut self, step: u64, layers: Vec<LayerSnapshot>, full: bool) {
        let span = tracing::info_span!(target: "rmt", "tick", step);
        let _entered = span.enter();
        let started = Instant::now();
        if self.ticks == 0 {
            self.go_on(step);
        }
        let mut reports = Vec::with_capacity(layers.len());
        for layer in layers {
            // What is already computed is still written.
            if self.shared.ledger.abandoned() {
                let _ = discard(layer);
                continue;
            }
            let bytes = layer.held_bytes();
            let name = layer.layer.path();
            let outcome = guarded(|| self.layer(step, layer, full));
            let outcome = match outcome {
                Ok(Ok(report)) => {
                    reports.push(report);
                    Outcome::Analysed
                }
                Ok(Err((reason, problem))) => {
                    self.warn(step, &name, format!("`{name}` was not analysed: {problem}"));
                    Outcome::Dropped(reason)
                }
                Err(said) => {
                    self.warn(step, &name, format!("`{name}`: its analysis panicked: {said}"));
                    Outcome::Dropped(DropReason::AnalysisFailed)
                }
            };
            self.shared.ledger.complete(bytes, outcome);
        }
        self.remember(&reports);
        let alerts: Vec<_> = reports.iter().flat_map(|report| self.alerts.of(report)).collect();
        self.shared.alert(&alerts);
        if self.ticks == 0 {
            // A copy: the file system may hang, and others need the lock.
            let info = lock(&self.shared.info).clone();
            if let Err(error) = self.shared.directory.write_run(&info) {
                self.warn(step, "run.json", format!("run.json: {error}"));
            }
        }
        let latest = self.shared.latest_step.load(Ordering::Relaxed);
        let (queue_bytes, counts) = {
            let state = self.shared.ledger.lock();
            (state.bytes_in_flight, state.counts.clone())
        };
        let tick_seconds = started.elapsed().as_secs_f64();
        let lag_steps = latest.saturating_sub(step);
        let tick = Tick {
            session: self.session,
            step,
            wall_time: wall_time(),
            spectral_edge: self.history.spectral_edge(step),
            reports,
            alerts: Some(self.alerts.total()),
            health: Some(Health { lag_steps, queue_bytes, tick_seconds, counts }),
        };
        tracing::debug!(
            target: "rmt",
            matrices = tick.reports.len(),
            lag_steps,
            seconds = tick_seconds,
            "tick analysed"
        );
        self.ticks += 1;
        lock(&self.shared.progress).ticks = self.ticks;
        self.write_scalars();
        self.write(step, &Record::Tick(&tick));
        if !alerts.is_empty() {
            self.write(step, &Record::Alerts(&alerts));
        }
        self.flush();
        self.keep_reference(step);
    }

    fn layer(
        &mut self,
        step: u64,
        snapshot: LayerSnapshot,
        full: bool,
    ) -> Result<LayerReport, (DropReason, String)> {
        let LayerSnapshot {
            layer,
            shape,
            orientation,
            dtype,
            frozen,
            quantised,
            mut notes,
            weights,
            activation,
            ..
        } = snapshot;
        let path = layer.path();
        let values = weights.read().map_err(|e| (DropReason::ReadFailed, e.to_string()))?;
        let standing = self.frozen.standing(&path, frozen, &values);
        if let Some(note) = standing.note() {
            notes.push(note.to_owned());
        }
        // What a frozen layer is given changes all the same.
        if activation.is_none()
            && let Standing::Unchanged(earlier) = standing
        {
            let mut report = earlier.clone();
            report.step = step;
            return Ok(report);
        }
        let frozen = standing.frozen();
        let failed = |e: rmt_core::RmtError| (DropReason::AnalysisFailed, e.to_string());
        let [rows, cols] = shape;
        let matrix = Matrix::new(values.as_values(), rows, cols, orientation).map_err(failed)?;
        if !frozen {
            self.restore(step, &path, &matrix);
        }
        if !full && let Some(report) = self.tracking.follow(&self.analyser, &path, &matrix) {
            let mut report = LayerReport::new(self.session, step, layer, dtype, report);
            report.report.notes.extend(notes.into_iter().map(Note::from));
            never_random(&mut report, quantised);
            return Ok(report);
        }
        // What is frozen never moves.
        let past = (!frozen).then(|| self.history.of(&path));
        let context = past.as_ref().map(|past| past.context()).unwrap_or_default();
        let activation = activation.and_then(|activation| match activation.tokens.read() {
            Ok(activation) => Some(activation),
            Err(error) => {
                notes.push(format!("activations were not read: {error}"));
                None
            }
        });
        let context = context.with_activation(activation.as_ref());
        let tracking = self.shared.settings.tracking().filter(|_| !frozen);
        let context = context.with_tracking(tracking);
        let mut analysis = self.analyser.analyse(&matrix, context).map_err(failed)?;
        self.tracking.keep(step, &path, analysis.tracker);
        if let Some(now) = analysis.reference {
            self.history.remember(step, &path, &matrix, now, &mut analysis.report);
        }
        let mut report = LayerReport::new(self.session, step, layer, dtype, analysis.report)
            .with_profile(analysis.profile);
        report.report.notes.extend(notes.into_iter().map(Note::from));
        never_random(&mut report, quantised);
        if frozen {
            report.report.notes.push(Note::Frozen);
            self.frozen.keep(path, &values, report.clone());
        }
        Ok(report)
    }

    /// Looks for what earlier sessions left. Training that begins anew has nothing of them.
    fn go_on(&mut self, step: u64) {
        let begun = self.shared.first_step.get().copied().unwrap_or(step);
        if self.session == 0 || begun == 0 {
            return;
        }
        self.find_alerts(step, begun);
        if self.shared.settings.keeps_reference() {
            self.find_reference(step);
        }
    }

    /// Learns what earlier sessions, before the step `begun`, said for the first time.
    fn find_alerts(&mut self, step: u64, begun: u64) {
        let directory = self.shared.directory.clone();
        for path in std::iter::once(directory.path()).chain(directory.others().iter().map(|p| &**p))
        {
            match read_alerts(path) {
                Ok(found) => {
                    let earlier = found.into_iter().map(|stored| stored.alert);
                    self.alerts.inherit(earlier.filter(|alert| alert.step < begun));
                }
                Err(error) => {
                    let message = format!("alerts of earlier sessions may be repeated: {error}");
                    self.warn(step, "alerts", message);
                }
            }
        }
    }

    /// Looks for an earlier session's first snapshot.
    fn find_reference(&mut self, step: u64) {
        let directory = &self.shared.directory;
        let (found, problems) = FirstSnapshot::inherit(directory.path(), directory.others());
        self.first = found;
        for problem in problems {
            let key = format!("reference {problem}");
            self.warn(
                step,
                &key,
                format!("{NO_REFERENCE}, where it is not kept elsewhere: {problem}"),
            );
        }
    }

    /// Measures the drift of `name`, which is `now`, from the run's first snapshot.
    fn restore(&mut self, step: u64, name: &str, now: &Matrix<'_>) {
        match self.first.restore(&self.analyser, name, now) {
            Some(Ok(reference)) => self.history.begin(name, reference),
            Some(Err(problem)) => {
                let key = format!("reference {name}");
                self.warn(step, &key, format!("`{name}`: {NO_REFERENCE}: {problem}"));
            }
            None => {}
        }
    }

    fn keep_reference(&mut self, step: u64) {
        if self.shared.settings.keeps_reference() {
            let kept =
                self.first.keep(self.shared.directory.path(), self.session, self.history.first());
            if let Err(error) = kept {
                self.warn(step, "reference", format!("the first snapshot is not kept: {error}"));
            }
        }
    }

    /// First and last report of every layer, for the summary.
    fn remember(&mut self, reports: &[LayerReport]) {
        let mut progress = lock(&self.shared.progress);
        for report in reports {
            // Spectra are in the logs; the summary stays small.
            let bare = report.without_profile();
            let deviates = report.report.verdict == Verdict::Deviates;
            let deviation = deviates.then_some(report.step);
            let known = progress.layers.iter_mut().find(|l| l.first.layer == report.layer);
            match known {
                Some(layer) => {
                    layer.last = bare;
                    layer.first_deviation = layer.first_deviation.or(deviation);
                }
                None => progress.layers.push(LayerSummary {
                    first: bare.clone(),
                    last: bare,
                    first_deviation: deviation,
                }),
            }
        }
    }

    fn scalar(&mut self, step: u64, name: String, value: Box<dyn Scalar>) {
        if step != self.scalars.step {
            self.write_scalars();
        }
        let read = guarded(|| value.read());
        let (reason, problem) = match read {
            Ok(Ok(_)) if name.is_empty() => (DropReason::Unnamed, "its name is empty".to_owned()),
            Ok(Ok(_)) if tags::is_own(&name) => {
                (DropReason::Reserved, "the monitor's own curves are called so".to_owned())
            }
            Ok(Ok(value)) if value.is_finite() => {
                self.scalars.step = step;
                self.scalars.values.push((name, value));
                if self.scalars.values.len() >= SCALARS_TOGETHER {
                    self.write_scalars();
                }
                return;
            }
            Ok(Ok(value)) => (DropReason::NotFinite, format!("it is {value}")),
            Ok(Err(error)) => (DropReason::ReadFailed, error.to_string()),
            Err(said) => (DropReason::ReadFailed, format!("reading it panicked: {said}")),
        };
        self.shared.ledger.complete_scalars(Outcome::Dropped(reason), 1);
        let key = format!("scalar {name}");
        self.warn(step, &key, format!("scalar `{name}` was not written: {problem}"));
    }

    fn write_scalars(&mut self) {
        if self.scalars.values.is_empty() {
            return;
        }
        let mut scalars = std::mem::take(&mut self.scalars);
        scalars.session = self.session;
        scalars.wall_time = wall_time();
        let number = scalars.values.len() as u64;
        self.shared.ledger.complete_scalars(Outcome::Analysed, number);
        self.write(scalars.step, &Record::Scalars(&scalars));
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

/// Rounding to a grid is no random initialization, though its spectrum may pass for it.
fn never_random(report: &mut LayerReport, quantised: bool) {
    if quantised && report.report.verdict == Verdict::Random {
        report.report.verdict = Verdict::NotEstimable;
        report.report.notes.push(Note::Quantised);
    }
}
