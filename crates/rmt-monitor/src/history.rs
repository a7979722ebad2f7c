//! What the worker keeps of earlier snapshots.

use crate::settings::Settings;
use rmt_core::statistics::drift::{Drift, Edge, Reference, SpectralEdge};
use rmt_core::{Context, Matrix, MatrixReport, Values};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// The first and the latest snapshot of every matrix, and the last updates.
pub(crate) struct History {
    first: bool,
    previous: bool,
    window: usize,
    layers: BTreeMap<String, Layer>,
}

#[derive(Default)]
struct Layer {
    first: Option<Arc<Reference>>,
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

/// What a matrix is compared with.
pub(crate) struct Past {
    first: Option<Arc<Reference>>,
    previous: Option<Arc<Reference>>,
    keep: bool,
}

impl Past {
    pub(crate) fn context(&self) -> Context<'_> {
        Context::default()
            .with_reference(self.first.as_deref())
            .with_previous(self.previous.as_deref())
            .with_keep(self.keep)
    }
}

impl History {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            first: settings.drift.on,
            previous: settings.drift.on && settings.drift.previous,
            window: settings.drift.spectral_edge_window,
            layers: BTreeMap::new(),
        }
    }

    /// Whether the weights are kept as last seen.
    fn keeps_latest(&self) -> bool {
        self.previous || self.window > 0
    }

    pub(crate) fn of(&self, name: &str) -> Past {
        let layer = self.layers.get(name);
        let first = layer.and_then(|layer| layer.first.clone());
        let latest = layer.and_then(|layer| layer.latest.as_ref());
        let previous = latest.filter(|_| self.previous).map(|latest| latest.snapshot.clone());
        let keep = self.keeps_latest() || (self.first && first.is_none());
        Past { first, previous, keep }
    }

    /// Drift is measured from `reference`, whatever the first snapshot here is.
    pub(crate) fn begin(&mut self, name: &str, reference: Reference) {
        self.layers.entry(name.to_owned()).or_default().first = Some(Arc::new(reference));
    }

    /// Every matrix as first seen: path, shape, values.
    pub(crate) fn first(&self) -> impl Iterator<Item = (&str, [usize; 2], Values<'_>)> {
        self.layers.iter().filter_map(|(name, layer)| {
            let first = layer.first.as_ref()?;
            Some((name.as_str(), first.shape(), first.values()?))
        })
    }

    /// Keeps `now`, the snapshot of `matrix` at `step`, and adds the spectral edge to its report.
    pub(crate) fn remember(
        &mut self,
        step: u64,
        name: &str,
        matrix: &Matrix<'_>,
        now: Reference,
        report: &mut MatrixReport,
    ) {
        let keeps_latest = self.keeps_latest();
        let layer = self.layers.entry(name.to_owned()).or_default();
        if self.window > 0 {
            match layer.update(step, matrix, self.window) {
                Ok(Some(edge)) => {
                    report.drift.get_or_insert_with(Drift::default).spectral_edge = Some(edge);
                }
                Ok(None) => {}
                Err(error) => {
                    layer.updates = None;
                    report.notes.push(format!("spectral edge, begun anew: {error}"));
                }
            }
        }
        let now = Arc::new(now);
        if self.first {
            layer.first.get_or_insert_with(|| now.clone());
        }
        if keeps_latest {
            layer.latest = Some(Latest { step, snapshot: now });
        }
    }

    /// The spectral edge of all matrices together, of updates that end at `step`; `None` unless
    /// every matrix has a full window over the same steps.
    pub(crate) fn spectral_edge(&self, step: u64) -> Option<Edge> {
        let mut sum: Vec<f64> = Vec::new();
        let mut entries = 0;
        let mut steps: Option<&VecDeque<(u64, u64)>> = None;
        for layer in self.layers.values() {
            let updates = layer.updates.as_ref()?;
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
}

impl Layer {
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::settings::DriftConfig;
    use rmt_core::{Analyser, AnalysisOptions, Nulls, Orientation};

    const SHAPE: [usize; 2] = [20, 30];

    fn settings(drift: bool, previous: bool, window: usize) -> Settings {
        let drift = DriftConfig::from(drift).with_previous(previous);
        Settings { drift: drift.with_spectral_edge_window(window), ..Settings::default() }
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

    fn tick(history: &mut History, analyser: &Analyser, name: &str, step: u64) -> MatrixReport {
        let values = weights(name.len() as u64, step);
        let matrix =
            Matrix::new(values.as_slice(), SHAPE[0], SHAPE[1], Orientation::OutIn).unwrap();
        let past = history.of(name);
        let mut analysis = analyser.analyse(&matrix, past.context()).unwrap();
        if let Some(now) = analysis.reference {
            history.remember(step, name, &matrix, now, &mut analysis.report);
        }
        analysis.report
    }

    fn distance(a: &[f32], b: &[f32]) -> f64 {
        let squares = |x: f64| x * x;
        a.iter().zip(b).map(|(x, y)| squares(f64::from(x - y))).sum::<f64>().sqrt()
    }

    #[test]
    fn first_and_previous_are_what_they_say() {
        let (mut history, analyser) = (History::new(&settings(true, true, 0)), analyser());
        assert_eq!(tick(&mut history, &analyser, "a", 0).drift, None);
        let expected = |from: u64, to: u64| {
            let (from, to) = (weights(1, from), weights(1, to));
            distance(&to, &from) / distance(&from, &vec![0.0; from.len()])
        };
        for (previous, step) in [(0, 10), (10, 30)] {
            let drift = tick(&mut history, &analyser, "a", step).drift.unwrap();
            assert!((drift.relative_norm.unwrap() / expected(0, step) - 1.0).abs() < 1e-6);
            let since = drift.previous.unwrap().relative_norm.unwrap();
            assert!((since / expected(previous, step) - 1.0).abs() < 1e-6);
            assert_eq!(drift.spectral_edge, None);
        }
        assert_eq!(history.spectral_edge(30), None);
    }

    #[test]
    fn nothing_is_kept_that_is_not_asked_for() {
        for (settings, first, previous) in [
            (settings(false, true, 0), false, false),
            (settings(true, false, 0), true, false),
            (settings(true, true, 0), true, true),
        ] {
            let (mut history, analyser) = (History::new(&settings), analyser());
            tick(&mut history, &analyser, "a", 0);
            tick(&mut history, &analyser, "a", 1);
            let drift = tick(&mut history, &analyser, "a", 2).drift;
            assert_eq!(drift.is_some(), first || previous);
            let drift = drift.unwrap_or_default();
            assert_eq!(
                (drift.relative_norm.is_some(), drift.previous.is_some()),
                (first, previous)
            );
            let layer = history.layers.get("a");
            assert_eq!(layer.is_some_and(|layer| layer.first.is_some()), first);
            assert_eq!(layer.is_some_and(|layer| layer.latest.is_some()), previous);
        }
    }

    #[test]
    fn the_edge_of_the_model_needs_every_matrix_over_the_same_steps() {
        let (mut history, analyser) = (History::new(&settings(false, false, 3)), analyser());
        let mut both = |step: u64, second: bool| {
            let one = tick(&mut history, &analyser, "a", step).drift;
            let two = second.then(|| tick(&mut history, &analyser, "bb", step).drift).flatten();
            let edge = |drift: Option<Drift>| drift.and_then(|drift| drift.spectral_edge);
            (edge(one), edge(two), history.spectral_edge(step))
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
