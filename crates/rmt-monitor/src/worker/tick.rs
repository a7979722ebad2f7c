//! What the worker does with a snapshot.

use super::frozen::Standing;
use super::tracking::Followed;
use super::{Full, Worker};
use crate::guard::{discard, guarded, lock};
use crate::history::spectral_edge;
use crate::ledger::{DropReason, Outcome};
use crate::matrices::MatrixIndex;
use crate::record::{Health, Record, Tick, wall_time};
use crate::snapshot::{ActivationSnapshot, LayerSnapshot};
use crate::summary::LayerSummary;
use rmt_core::notes::Note;
use rmt_core::report::Verdict;
use rmt_core::statistics::activation::Activation;
use rmt_core::{Context, LayerReport, Matrix};
use std::sync::atomic::Ordering;
use std::time::Instant;

impl Worker {
    pub(super) fn tick(&mut self, step: u64, layers: Vec<LayerSnapshot>, full: Full) {
        let span = tracing::info_span!(target: "rmt", "tick", step);
        let _entered = span.enter();
        let started = Instant::now();
        if self.ticks == 0 {
            self.go_on(step);
        }
        let mut reports = Vec::with_capacity(layers.len());
        let mut matrices = Vec::with_capacity(layers.len());
        for layer in layers {
            // What is already computed is still written.
            if self.shared.ledger.abandoned() {
                let _ = discard(layer);
                continue;
            }
            let bytes = layer.held_bytes();
            let name = layer.layer.path();
            let matrix = self.matrices.index(&name);
            let outcome = match guarded(|| self.layer(step, matrix, &name, layer, full)) {
                Ok(Ok(report)) => {
                    reports.push(report);
                    matrices.push(matrix);
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
        for (&matrix, report) in matrices.iter().zip(&reports) {
            self.summarize(matrix, report);
        }
        let alerts = self.alerts.of_tick(&matrices, &reports);
        self.shared.alert(&alerts);
        self.shared.idle.store(self.growth.look(&matrices, &reports), Ordering::Relaxed);
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
            spectral_edge: spectral_edge(
                self.matrices.histories().map(|(_, history)| history),
                step,
            ),
            reports,
            matrices,
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
        matrix: MatrixIndex,
        path: &str,
        snapshot: LayerSnapshot,
        full: Full,
    ) -> Result<LayerReport, (DropReason, String)> {
        let LayerSnapshot { layer, shape, orientation, dtype, quantized, mut notes, .. } = snapshot;
        let values = snapshot.weights.read();
        let values = values.map_err(|error| (DropReason::ReadFailed, error.to_string()))?;
        let standing = self.matrices.of(matrix).frozen.standing(snapshot.frozen, &values);
        notes.extend(standing.note().map(str::to_owned));
        // What a frozen matrix is given changes all the same.
        if snapshot.activation.is_none()
            && let Standing::Unchanged(earlier) = standing
        {
            let mut report = earlier.clone();
            report.step = step;
            return Ok(report);
        }
        let frozen = standing.frozen();
        let failed = |e: rmt_core::RmtError| (DropReason::AnalysisFailed, e.to_string());
        let [rows, cols] = shape;
        let weights = Matrix::new(values.as_values(), rows, cols, orientation).map_err(failed)?;
        if !frozen {
            self.restore(step, matrix, path, &weights);
        }
        let settings = &self.shared.settings;
        let watched = self.matrices.of(matrix);
        let finished = |report, notes: Vec<String>| {
            let mut report = LayerReport::new(self.session, step, layer, dtype, report);
            report.report.notes.extend(notes.into_iter().map(Note::from));
            never_random(&mut report, quantized);
            report
        };
        let told_apart = &mut watched.told_apart;
        if full == Full::No
            && let Some(followed) = &mut watched.followed
            && let Some(report) = followed.report(settings.full_every, &self.analyser, &weights)
        {
            let mut report = finished(report, notes);
            told_apart.carry(&mut report);
            return Ok(report);
        }
        let activation = read(snapshot.activation, &mut notes);
        // What is frozen never moves.
        let context = match frozen {
            true => Context::default(),
            false => watched.history.context(self.keep).with_tracking(settings.tracking()),
        };
        let ladder = told_apart.is_due(settings.sign_null, full == Full::Last);
        let band = settings.draws() && told_apart.is_pictured(full == Full::Last);
        let context = context.with_activation(activation.as_ref());
        let context = context.with_ladder(ladder).with_band(band);
        let mut analysis = self.analyser.analyse(&weights, context).map_err(failed)?;
        watched.followed = analysis.tracker.map(|tracker| Followed::new(step, tracker));
        if let Some(now) = analysis.reference {
            watched.history.remember(self.keep, step, &weights, now, &mut analysis.report);
        }
        let mut report = finished(analysis.report, notes).with_profile(analysis.profile);
        told_apart.carry(&mut report);
        if frozen {
            report.report.notes.push(Note::Frozen);
            watched.frozen.keep(&values, report.clone());
        }
        Ok(report)
    }

    /// Keeps the first and the last report of a matrix for the summary.
    fn summarize(&mut self, matrix: MatrixIndex, report: &LayerReport) {
        let place = &mut self.matrices.of(matrix).place;
        // Spectra are in the logs; the summary stays small.
        let bare = report.without_profile();
        let deviates = report.report.verdict.deviates();
        let deviation = deviates.then_some(report.step);
        let layers = &mut lock(&self.shared.progress).layers;
        match place.and_then(|place| layers.get_mut(place)) {
            Some(layer) => {
                layer.last = bare;
                layer.first_deviation = layer.first_deviation.or(deviation);
            }
            None => {
                *place = Some(layers.len());
                let (first, last) = (bare.clone(), bare);
                layers.push(LayerSummary { first, last, first_deviation: deviation });
            }
        }
    }
}

/// A layer's inputs, or a note why there are none.
fn read(snapshot: Option<ActivationSnapshot>, notes: &mut Vec<String>) -> Option<Activation> {
    match snapshot?.tokens.read() {
        Ok(activation) => Some(activation),
        Err(error) => {
            notes.push(format!("activations were not read: {error}"));
            None
        }
    }
}

/// Rounding to a grid is no random initialization, though its spectrum may pass for it.
fn never_random(report: &mut LayerReport, quantized: bool) {
    if quantized && report.report.verdict == Verdict::Random {
        report.report.verdict = Verdict::NotEstimable;
        report.report.notes.push(Note::Quantized);
    }
}
