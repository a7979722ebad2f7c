//! Which reports give an alert.

use super::{Alert, AlertKind, AlertSettings, Trigger};
use rmt_core::notes::Note;
use rmt_core::{LayerReport, MatrixReport, shown};
use std::collections::HashSet;

/// Watches the reports of a session.
#[derive(Debug)]
pub(crate) struct Alerts {
    settings: AlertSettings,
    /// Paths of the matrices that deviated in an earlier session.
    deviated: HashSet<String>,
    total: u64,
}

/// What is remembered of a matrix.
#[derive(Debug, Default)]
pub(crate) struct Baseline {
    stable_rank: Option<f64>,
    over_edge: Option<f64>,
    scale: Option<f64>,
    /// Given, and not armed again.
    given: HashSet<AlertKind>,
}

/// A figure beside its first value.
struct Change {
    first: f64,
    now: f64,
}

impl Change {
    /// Remembers the first value that can be compared with.
    fn of(first: &mut Option<f64>, now: Option<f64>) -> Option<Self> {
        let now = now.filter(|now| now.is_finite())?;
        if first.is_none() && now > 0.0 {
            *first = Some(now);
        }
        Some(Self { first: (*first)?, now })
    }

    fn ratio(&self) -> f64 {
        self.now / self.first
    }
}

impl Alerts {
    pub(crate) fn new(settings: AlertSettings) -> Self {
        Self { settings, deviated: HashSet::new(), total: 0 }
    }

    /// First deviations of earlier sessions are not reported again.
    pub(crate) fn inherit(&mut self, alerts: impl Iterator<Item = Alert>) {
        let first = alerts.filter(|alert| alert.alert == AlertKind::FirstDeviation);
        self.deviated.extend(first.map(|alert| alert.layer));
    }

    /// Alerts given so far.
    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// The alerts that this report of the matrix with this baseline gives.
    pub(crate) fn of(&mut self, baseline: &mut Baseline, report: &LayerReport) -> Vec<Alert> {
        let path = report.layer.path();
        let mut alerts = Vec::new();
        for kind in AlertKind::ALL {
            let state = baseline.state(kind, &self.settings, &report.report);
            let message = match state {
                State::On(message) => message,
                State::Off => {
                    baseline.given.remove(&kind);
                    continue;
                }
                State::Between => continue,
            };
            let known = kind == AlertKind::FirstDeviation && self.deviated.contains(&path);
            if baseline.given.insert(kind) && !known {
                let message = format!("`{path}`: {message}");
                let (step, layer) = (report.step, path.clone());
                alerts.push(Alert { step, layer, alert: kind, level: kind.level(), message });
            }
        }
        self.total += alerts.len() as u64;
        alerts
    }
}

/// Where a report stands.
enum State {
    /// Beyond the threshold, in words.
    On(String),
    /// Neither: what was, stays.
    Between,
    /// Back.
    Off,
}

impl Baseline {
    fn state(&mut self, kind: AlertKind, settings: &AlertSettings, report: &MatrixReport) -> State {
        match kind {
            AlertKind::FirstDeviation => {
                match settings.first_deviation && report.verdict.deviates() {
                    true => State::On(deviation(report)),
                    // The first is the only one.
                    false => State::Between,
                }
            }
            AlertKind::NonFiniteWeight => {
                let said = report.notes.iter().find(|note| matches!(note, Note::NotFinite { .. }));
                match said {
                    Some(said) if settings.non_finite_weight => State::On(said.to_string()),
                    _ => State::Off,
                }
            }
            AlertKind::RankCollapse => {
                let rank = report.heavy_tail.as_ref().and_then(|tail| tail.stable_rank);
                let change = Change::of(&mut self.stable_rank, rank);
                falls(settings.rank_collapse, change, "its stable rank")
            }
            AlertKind::ExplodingOutlier => {
                let ratio = report.largest.zip(report.edge_high).map(|(x, edge)| x / edge);
                let change = Change::of(&mut self.over_edge, ratio);
                let what = "its largest singular value over the edge of the bulk";
                grows(settings.exploding_outlier, change, Change::ratio, what)
            }
            AlertKind::BulkScaleShift => {
                let change = Change::of(&mut self.scale, report.scale);
                let either = |change: &Change| change.ratio().max(change.ratio().recip());
                grows(settings.bulk_scale_shift, change, either, "the scale of its bulk")
            }
        }
    }
}

/// Which tests reject.
fn deviation(report: &MatrixReport) -> String {
    let rejected: Vec<String> = report
        .tests
        .iter()
        .filter(|test| test.rejected)
        .map(|test| format!("{} ({})", test.name, shown::p_is(test.p)))
        .collect();
    format!("deviates from a random matrix for the first time: {}", rejected.join(", "))
}

fn words(what: &str, change: &Change) -> String {
    let Change { first, now } = change;
    let (now, first) = (figure(*now), figure(*first));
    format!("{what} is {now}, {:.2} times its first value {first}", change.ratio())
}

/// As people write it.
fn figure(x: f64) -> String {
    if (1e-2..1e4).contains(&x.abs()) { format!("{x:.3}") } else { format!("{x:.2e}") }
}

fn falls(trigger: Option<Trigger>, change: Option<Change>, what: &str) -> State {
    let (Some(Trigger { at, rearm }), Some(change)) = (trigger, change) else {
        return State::Between;
    };
    match change.ratio() {
        ratio if ratio < at => State::On(words(what, &change)),
        ratio if ratio >= rearm => State::Off,
        _ => State::Between,
    }
}

fn grows(
    trigger: Option<Trigger>,
    change: Option<Change>,
    factor: impl Fn(&Change) -> f64,
    what: &str,
) -> State {
    let (Some(Trigger { at, rearm }), Some(change)) = (trigger, change) else {
        return State::Between;
    };
    match factor(&change) {
        factor if factor > at => State::On(words(what, &change)),
        factor if factor <= rearm => State::Off,
        _ => State::Between,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::samples;
    use rmt_core::Verdict;
    use rmt_core::layers::LayerId;
    use rmt_core::{Analyser, AnalysisOptions, Context, Matrix, Nulls, Orientation};

    fn analysed(step: u64, values: &[f64]) -> LayerReport {
        let analyser = Analyser::new(AnalysisOptions::default(), Nulls::default()).unwrap();
        let matrix = Matrix::new(values, 2, values.len() / 2, Orientation::OutIn).unwrap();
        let report = analyser.analyse(&matrix, Context::default()).unwrap().report;
        LayerReport::new(0, step, LayerId::from_name("a"), "f64".into(), report)
    }

    /// A report with these figures.
    fn report(step: u64, rank: f64, over_edge: f64, scale: f64) -> LayerReport {
        let mut report = samples::report(step);
        report.report.verdict = Verdict::Random;
        report.report.heavy_tail.as_mut().unwrap().stable_rank = Some(rank);
        (report.report.largest, report.report.edge_high) = (Some(2.0 * over_edge), Some(2.0));
        report.report.scale = Some(scale);
        report
    }

    fn given(reports: impl Iterator<Item = LayerReport>) -> Vec<(u64, AlertKind)> {
        let mut alerts = Alerts::new(AlertSettings::default());
        let mut baseline = Baseline::default();
        let found: Vec<_> = reports
            .flat_map(|report| alerts.of(&mut baseline, &report))
            .map(|a| (a.step, a.alert))
            .collect();
        assert_eq!(alerts.total(), found.len() as u64);
        found
    }

    /// Noise of at most 1, the same every time.
    fn noise(step: u64) -> f64 {
        (step.wrapping_mul(2_654_435_761) % 1000) as f64 / 500.0 - 1.0
    }

    #[test]
    fn a_figure_that_wavers_about_its_threshold_gives_one_alert() {
        // Ratios of 4 ± 0.5 cross the threshold again and again, but never come back below 3.
        let series = |step: u64| if step == 0 { 1.0 } else { 4.0 + 0.5 * noise(step) };
        let crossings = (1..1000).filter(|&s| (series(s) > 4.0) != (series(s + 1) > 4.0)).count();
        assert!(crossings > 100);
        let found = given((0..1000).map(|step| report(step, 1.0, series(step), 1.0)));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].1, AlertKind::ExplodingOutlier);
    }

    #[test]
    fn it_is_given_again_after_the_figure_was_back() {
        let ratios = [1.0, 5.0, 3.5, 5.0, 2.9, 3.9, 4.1];
        let outliers = ratios.iter().zip(0..).map(|(&x, step)| report(step, 1.0, x, 1.0));
        let found = given(outliers);
        assert_eq!(found, [(1, AlertKind::ExplodingOutlier), (6, AlertKind::ExplodingOutlier)]);
        let ranks = [8.0, 1.9, 3.0, 1.9, 3.2, 1.9];
        let found = given(ranks.iter().zip(0..).map(|(&x, step)| report(step, x, 1.0, 1.0)));
        assert_eq!(found, [(1, AlertKind::RankCollapse), (5, AlertKind::RankCollapse)]);
        // Up, then straight down to the other side: one departure; then back and down again.
        let scales = [1.0, 2.1, 0.4, 1.0, 0.49];
        let found = given(scales.iter().zip(0..).map(|(&x, step)| report(step, 1.0, 1.0, x)));
        assert_eq!(found, [(1, AlertKind::BulkScaleShift), (4, AlertKind::BulkScaleShift)]);
    }

    #[test]
    fn a_layer_deviates_for_the_first_time_once() {
        let verdicts = [Verdict::Random, Verdict::Deviates, Verdict::Random, Verdict::Deviates];
        let found = given(verdicts.iter().zip(0..).map(|(&verdict, step)| {
            let mut report = report(step, 1.0, 1.0, 1.0);
            report.report.verdict = verdict;
            report
        }));
        assert_eq!(found, [(1, AlertKind::FirstDeviation)]);
    }

    #[test]
    fn a_weight_that_is_not_finite_is_said_until_all_are() {
        let values = [[1.0; 6], [f64::NAN; 6], [f64::NAN; 6], [1.0; 6], [f64::INFINITY; 6]];
        let found = given(values.iter().zip(0..).map(|(values, step)| analysed(step, values)));
        assert_eq!(found, [(1, AlertKind::NonFiniteWeight), (4, AlertKind::NonFiniteWeight)]);
        let mut alerts = Alerts::new(AlertSettings::default());
        let alert = &alerts.of(&mut Baseline::default(), &analysed(3, &[f64::NAN; 6]))[0];
        assert_eq!(alert.message, "`a`: 6 of 6 entries are not finite");
    }

    #[test]
    fn none_is_given_where_none_is_wanted() {
        let mut alerts = Alerts::new(AlertSettings::none());
        let mut baseline = Baseline::default();
        for (step, figure) in (0..).zip([1.0, 1e-3, 1e3]) {
            let mut report = report(step, figure, figure, figure);
            report.report.verdict = Verdict::Deviates;
            assert!(alerts.of(&mut baseline, &report).is_empty());
        }
        assert!(alerts.of(&mut baseline, &analysed(3, &[f64::NAN; 6])).is_empty());
        // Figures that are not there, or 0 at first, are no baseline.
        let mut alerts = Alerts::new(AlertSettings::default());
        let mut baseline = Baseline::default();
        let given: usize = (0..)
            .zip([0.0, 1.0, 1.0])
            .map(|(step, figure)| {
                alerts.of(&mut baseline, &report(step, figure, figure, figure)).len()
            })
            .sum();
        assert_eq!(given, 0);
    }
}
