//! Which looks give an alert.

use super::look::{Baseline, Seen};
use super::rules::{self, Around, State};
use super::{Alert, AlertKind, AlertSettings};
use crate::matrices::{MatrixIndex, PerMatrix};
use rmt_core::LayerReport;
use std::collections::HashSet;

/// Watches the reports of a session.
#[derive(Debug)]
pub(crate) struct Alerts {
    settings: AlertSettings,
    /// The history of each matrix.
    baselines: PerMatrix<Baseline>,
    /// Given of all matrices together, and not armed again.
    given: HashSet<AlertKind>,
    /// Whether matrices looked random at the first look: what goes on from a trained model may move little.
    from_scratch: bool,
    total: u64,
}

impl Alerts {
    pub(crate) fn new(settings: AlertSettings) -> Self {
        Self {
            settings,
            baselines: PerMatrix::default(),
            given: HashSet::new(),
            from_scratch: false,
            total: 0,
        }
    }

    /// Alerts given so far.
    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// The alerts of a tick, whose reports are of these matrices.
    pub(crate) fn of_tick(
        &mut self,
        matrices: &[MatrixIndex],
        reports: &[LayerReport],
    ) -> Vec<Alert> {
        let mut seen: Vec<Seen> = Vec::with_capacity(reports.len());
        for (matrix, report) in matrices.iter().zip(reports) {
            let baseline = self.baselines.of(*matrix);
            baseline.look(report);
            seen.push(baseline.seen.clone());
        }
        let around = Around::of(seen.iter());
        self.from_scratch |= around.looks_random();
        let mut alerts = self.of_all(reports, &seen, &around);
        for (matrix, report) in matrices.iter().zip(reports) {
            let baseline = self.baselines.of(*matrix);
            of_one(&self.settings, report, baseline, &around, &mut alerts);
        }
        self.total += alerts.len() as u64;
        alerts
    }

    fn of_all(&mut self, reports: &[LayerReport], seen: &[Seen], around: &Around) -> Vec<Alert> {
        let mut alerts = Vec::new();
        let asked = |kind: &AlertKind| {
            rules::is_of_all(*kind) && (self.from_scratch || *kind != AlertKind::BarelyMoves)
        };
        for kind in AlertKind::ALL.into_iter().filter(asked) {
            let Some(message) =
                new(rules::of_all(kind, &self.settings, around), kind, &mut self.given)
            else {
                continue;
            };
            let figures = seen.iter().map(|seen| rules::most(kind, seen));
            let most = reports.iter().zip(figures).filter_map(|(report, x)| Some((report, x?)));
            if let Some((report, _)) = most.max_by(|a, b| a.1.total_cmp(&b.1)) {
                alerts.push(Alert::new(kind, report.step, &report.layer.path(), &message));
            }
        }
        alerts
    }
}

fn of_one(
    settings: &AlertSettings,
    report: &LayerReport,
    baseline: &mut Baseline,
    around: &Around,
    alerts: &mut Vec<Alert>,
) {
    for kind in AlertKind::ALL.into_iter().filter(|kind| !rules::is_of_all(*kind)) {
        let state = rules::of_one(kind, settings, baseline, around, report);
        if let Some(message) = new(state, kind, &mut baseline.given) {
            alerts.push(Alert::new(kind, report.step, &report.layer.path(), &message));
        }
    }
}

/// The message of an alert, unless it was given before.
fn new(state: State, kind: AlertKind, given: &mut HashSet<AlertKind>) -> Option<String> {
    match state {
        State::On(message) => given.insert(kind).then_some(message),
        State::Off => {
            given.remove(&kind);
            None
        }
        State::Between => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
