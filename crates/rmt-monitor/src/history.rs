//! What the worker keeps of a matrix's earlier snapshots.

use crate::settings::Settings;
use rmt_core::notes::Note;
use rmt_core::statistics::drift::{Drift, Edge, Reference, SpectralEdge};
use rmt_core::{Context, Matrix, MatrixReport, Values};
use std::collections::VecDeque;
use std::sync::Arc;

/// Which snapshots are kept, the same of every matrix.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Keep {
    first: bool,
    previous: bool,
    window: usize,
}

impl Keep {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            first: settings.drift.on,
            previous: settings.drift.on && settings.drift.previous,
            window: settings.drift.spectral_edge_window,
        }
    }

    /// Whether the weights are kept as last seen.
    fn latest(self) -> bool {
        self.previous || self.window > 0
    }
}

/// The first and the latest snapshot of one matrix, and its last updates.
#[derive(Default)]
pub(crate) struct History {
    first: Option<Arc<Reference>>,
    /// The first snapshot is that of an earlier session.
    restored: bool,
    latest: Option<Latest>,
    updates: Option<Updates>,
}

struct Latest {
    step: u64,
    snapshot: Arc<Reference>,
}

struct Updates {
    edge: SpectralEdge,
    /// Steps that each update leads from and to, as many as the window holds.
    steps: VecDeque<(u64, u64)>,
}

impl History {
    /// What the matrix is compared with.
    pub(crate) fn context(&self, keep: Keep) -> Context<'_> {
        let latest = self.latest.as_ref().filter(|_| keep.previous);
        Context::default()
            .with_reference(self.first.as_deref())
            .with_previous(latest.map(|latest| &*latest.snapshot))
            .with_keep(keep.latest() || (keep.first && self.first.is_none()))
    }

    /// Drift is measured from `reference`, an earlier session's first snapshot.
    pub(crate) fn restore(&mut self, reference: Reference) {
        (self.first, self.restored) = (Some(Arc::new(reference)), true);
    }

    /// Shape and values as first seen, unless an earlier session saw them.
    pub(crate) fn own_first(&self) -> Option<([usize; 2], Values<'_>)> {
        let first = self.first.as_ref().filter(|_| !self.restored)?;
        Some((first.shape(), first.values()?))
    }

    /// Keeps `now`, the snapshot of `matrix` at `step`, and adds the spectral edge to its report.
    pub(crate) fn remember(
        &mut self,
        keep: Keep,
        step: u64,
        matrix: &Matrix<'_>,
        now: Reference,
        report: &mut MatrixReport,
    ) {
        if keep.window > 0 {
            match self.update(step, matrix, keep.window) {
                Ok(Some(edge)) => {
                    report.drift.get_or_insert_with(Drift::default).spectral_edge = Some(edge);
                }
                Ok(None) => {}
                Err(error) => {
                    self.updates = None;
                    report.notes.push(Note::Other(format!("spectral edge restarted: {error}")));
                }
            }
        }
        let now = Arc::new(now);
        if keep.first {
            self.first.get_or_insert_with(|| now.clone());
        }
        if keep.latest() {
            self.latest = Some(Latest { step, snapshot: now });
        }
    }

    /// Adds the update from the latest snapshot to `matrix`.
    fn update(
        &mut self,
        step: u64,
        matrix: &Matrix<'_>,
        window: usize,
    ) -> Result<Option<Edge>, rmt_core::RmtError> {
        let Some(latest) = &self.latest else { return Ok(None) };
        let Some(old) = latest.snapshot.values() else { return Ok(None) };
        if latest.snapshot.shape() != [matrix.rows(), matrix.cols()] {
            self.updates = None;
            return Ok(None);
        }
        let update: Vec<f64> = matrix.values().iter().zip(old.iter()).map(|(x, y)| x - y).collect();
        let updates = match &mut self.updates {
            Some(updates) => updates,
            None => {
                let edge = SpectralEdge::new(window)?;
                self.updates.insert(Updates { edge, steps: VecDeque::new() })
            }
        };
        let edge = updates.edge.push(update.as_slice())?;
        if updates.steps.len() == window {
            updates.steps.pop_front();
        }
        updates.steps.push_back((latest.step, step));
        Ok(edge)
    }
}

/// The spectral edge of all matrices together, of updates that end at `step`; `None` unless every matrix that
/// is followed has a full window over the same steps. Its last bits depend on the order of the matrices.
pub(crate) fn spectral_edge<'a>(
    histories: impl Iterator<Item = &'a History>,
    step: u64,
) -> Option<Edge> {
    let mut sum: Vec<f64> = Vec::new();
    let mut entries = 0;
    let mut steps: Option<&VecDeque<(u64, u64)>> = None;
    // Frozen matrices have no history.
    for history in histories.filter(|h| h.first.is_some() || h.latest.is_some()) {
        let updates = history.updates.as_ref()?;
        let gram = updates.edge.gram()?;
        if *steps.get_or_insert(&updates.steps) != &updates.steps {
            return None;
        }
        entries += updates.edge.entries();
        sum.resize(gram.len(), 0.0);
        sum.iter_mut().zip(gram).for_each(|(sum, x)| *sum += x);
    }
    let ends_here = steps?.back().is_some_and(|(_, to)| *to == step);
    ends_here.then(|| Edge::from_gram(&sum, entries)).flatten()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::settings::DriftConfig;
    use rmt_core::{Analyser, AnalysisOptions, Nulls, Orientation};

    const SHAPE: [usize; 2] = [20, 30];

    fn keep(drift: bool, previous: bool, window: usize) -> Keep {
        let drift = DriftConfig::from(drift).with_previous(previous);
        let drift = drift.with_spectral_edge_window(window);
        Keep::new(&Settings { drift, ..Settings::default() })
    }

    fn analyser() -> Analyser {
        // Neither needs a simulated null.
        let mut options = AnalysisOptions::default();
        (options.change_spectra, options.correlation_traps) = (false, false);
        options.min_side = 21;
        Analyser::new(options, Nulls::default()).unwrap()
    }

    /// The j-th of the updates of a matrix: entries without structure, from a fixed recurrence.
    fn weights(matrix: u64, step: u64) -> Vec<f32> {
        let mut state = matrix * 1000 + step + 1;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695);
            (state >> 40) as f32 / (1 << 24) as f32 - 0.5
        };
        (0..SHAPE[0] * SHAPE[1]).map(|_| next()).collect()
    }

    /// A snapshot of the matrix of this number.
    fn tick(
        history: &mut History,
        keep: Keep,
        analyser: &Analyser,
        number: u64,
        step: u64,
    ) -> MatrixReport {
        let values = weights(number, step);
        let matrix =
            Matrix::new(values.as_slice(), SHAPE[0], SHAPE[1], Orientation::OutIn).unwrap();
        let mut analysis = analyser.analyse(&matrix, history.context(keep)).unwrap();
        if let Some(now) = analysis.reference {
            history.remember(keep, step, &matrix, now, &mut analysis.report);
        }
        analysis.report
    }

    fn distance(a: &[f32], b: &[f32]) -> f64 {
        let squares = |x: f64| x * x;
        a.iter().zip(b).map(|(x, y)| squares(f64::from(x - y))).sum::<f64>().sqrt()
    }

    #[test]
    fn first_and_previous_are_what_they_say() {
        let (mut history, keep, analyser) = (History::default(), keep(true, true, 0), analyser());
        assert_eq!(tick(&mut history, keep, &analyser, 1, 0).drift, None);
        let expected = |from: u64, to: u64| {
            let (from, to) = (weights(1, from), weights(1, to));
            distance(&to, &from) / distance(&from, &vec![0.0; from.len()])
        };
        for (previous, step) in [(0, 10), (10, 30)] {
            let drift = tick(&mut history, keep, &analyser, 1, step).drift.unwrap();
            assert!((drift.relative_norm.unwrap() / expected(0, step) - 1.0).abs() < 1e-6);
            let since = drift.previous.unwrap().relative_norm.unwrap();
            assert!((since / expected(previous, step) - 1.0).abs() < 1e-6);
            assert_eq!(drift.spectral_edge, None);
        }
        assert_eq!(spectral_edge([&history].into_iter(), 30), None);
    }

    #[test]
    fn nothing_is_kept_that_is_not_asked_for() {
        for (keep, first, previous) in [
            (keep(false, true, 0), false, false),
            (keep(true, false, 0), true, false),
            (keep(true, true, 0), true, true),
        ] {
            let (mut history, analyser) = (History::default(), analyser());
            tick(&mut history, keep, &analyser, 1, 0);
            tick(&mut history, keep, &analyser, 1, 1);
            let drift = tick(&mut history, keep, &analyser, 1, 2).drift;
            assert_eq!(drift.is_some(), first || previous);
            let drift = drift.unwrap_or_default();
            assert_eq!(
                (drift.relative_norm.is_some(), drift.previous.is_some()),
                (first, previous)
            );
            assert_eq!((history.first.is_some(), history.latest.is_some()), (first, previous));
        }
    }

    #[test]
    fn the_edge_of_the_model_needs_every_matrix_over_the_same_steps() {
        let (keep, analyser) = (keep(false, false, 3), analyser());
        // The third is frozen.
        let mut histories: [History; 3] = Default::default();
        let mut both = |step: u64, second: bool| {
            let [a, b, _] = &mut histories;
            let one = tick(a, keep, &analyser, 1, step).drift;
            let two = second.then(|| tick(b, keep, &analyser, 2, step).drift).flatten();
            let edge = |drift: Option<Drift>| drift.and_then(|drift| drift.spectral_edge);
            (edge(one), edge(two), spectral_edge(histories.iter(), step))
        };
        for step in 0..3 {
            assert_eq!(both(step, true), (None, None, None));
        }
        let (one, two, whole) = both(3, true);
        let [one, two, whole] = [one, two, whole].map(|edge| edge.unwrap());
        // Independent updates share no direction: the Gram matrices add up.
        let squares = |edge: &Edge| edge.singular_values.iter().map(|x| x * x).sum::<f64>();
        assert!((squares(&whole) / (squares(&one) + squares(&two)) - 1.0).abs() < 1e-9);
        // One matrix misses a step: its next update spans two, until it has left the window.
        assert_eq!(both(4, false).2, None);
        for step in 5..8 {
            let (one, two, whole) = both(step, true);
            assert!(one.is_some() && two.is_some() && whole.is_none(), "{step}");
        }
        assert!(both(8, true).2.is_some());
    }
}
