//! What is drawn of one matrix, and what is remembered of it.

use super::bins::{BINS_TO_EDGE, bins};
use super::message::{Value, Values};
use super::pictures::pictures;
use super::thinned::Thinned;
use crate::settings::Detail;
use crate::tags::{self, TagNames};
use rmt_core::LayerReport;
use rmt_core::figures::curves;
use rmt_core::report::Verdict;
use rmt_core::statistics::gradient::GradientReport;

/// Width of a bin of p-values.
const P_BIN: f64 = 0.05;
/// Reports of a matrix of which pictures are drawn, of each doubling: they are large beside curves, and
/// readers keep ten of a tag.
const PICTURES: u64 = 1;
/// The same of histograms, of which TensorBoard keeps 500, and of curves, of which it keeps 1,000.
const HISTOGRAMS: u64 = 256;
const POINTS: u64 = 512;

/// What is drawn of every matrix.
#[derive(Debug, Clone, Copy)]
pub(super) struct Drawn {
    pub(super) detail: Detail,
    pub(super) pictures: bool,
}

/// What is remembered of one matrix.
#[derive(Debug, Default)]
pub(super) struct Plotted {
    /// The latest: not every tick has every matrix.
    pub(super) verdict: Option<Verdict>,
    points: Thinned,
    histograms: Thinned,
    pictures: Thinned,
    widths: Widths,
}

/// Widths of a histogram's bins: fixed at the first that is known, so that steps compare.
#[derive(Debug, Default)]
struct Widths {
    spectrum: Option<f64>,
    overlaps: Option<f64>,
    gradient: Option<f64>,
}

/// Where the values of one matrix go.
pub(super) struct Sheet<'a> {
    pub(super) names: &'a mut TagNames,
    pub(super) path: &'a str,
    pub(super) values: &'a mut Values,
}

impl Sheet<'_> {
    fn add(&mut self, group: &str, statistic: &str, value: Value) {
        let tag = self.names.tag(group, statistic, self.path);
        self.values.push((tag, value));
    }

    fn scalar(&mut self, group: &str, statistic: &str, value: f64) {
        self.add(group, statistic, Value::Scalar(value as f32));
    }

    fn curves(&mut self, report: &LayerReport, detail: Detail) {
        for (curve, figure) in curves().filter(|(c, _)| c.lean || detail == Detail::All) {
            if let Some(value) = figure.drawn(&report.report) {
                self.scalar(curve.group, curve.name, value);
            }
        }
    }

    /// p-values of the vectors, on one grid: those of random vectors are equally many everywhere.
    fn p_values(&mut self, report: &LayerReport) {
        let Some(profile) = &report.profile else { return };
        for (statistic, p) in [(tags::LEFT_P, &profile.left_p), (tags::RIGHT_P, &profile.right_p)] {
            self.add(tags::VECTORS, statistic, Value::Histogram(bins(&descending(p), P_BIN)));
        }
    }

    fn pictures(&mut self, report: &LayerReport) {
        for (group, name, picture) in pictures(report) {
            self.add(group, name, picture);
        }
    }
}

impl Plotted {
    /// Draws what is due of a report.
    pub(super) fn report(&mut self, report: &LayerReport, drawn: Drawn, mut sheet: Sheet<'_>) {
        let all = drawn.detail == Detail::All;
        if all || self.points.due(POINTS, report, LayerReport::without_profile) {
            sheet.curves(report, drawn.detail);
        }
        // Between full analyses there is no spectrum.
        if report.profile.is_none() {
            return;
        }
        if all || self.histograms.due(HISTOGRAMS, report, LayerReport::clone) {
            self.widths.histograms(report, &mut sheet);
        }
        let due = drawn.pictures && self.pictures.due(PICTURES, report, LayerReport::clone);
        if due {
            sheet.pictures(report);
        }
        if due || all {
            sheet.p_values(report);
        }
    }

    /// What was reported since the last curves, histograms and pictures, each with its step.
    pub(super) fn left(&mut self, detail: Detail, names: &mut TagNames) -> Vec<(u64, Values)> {
        let Self { points, histograms, pictures, widths, .. } = self;
        let mut left = Vec::new();
        let mut draw = |thinned: &mut Thinned, on: &mut dyn FnMut(&LayerReport, Sheet<'_>)| {
            let Some(report) = thinned.left() else { return };
            let (path, mut values) = (report.layer.path(), Values::new());
            on(&report, Sheet { names: &mut *names, path: &path, values: &mut values });
            left.push((report.step, values));
        };
        draw(points, &mut |report, mut sheet| sheet.curves(report, detail));
        draw(histograms, &mut |report, mut sheet| widths.histograms(report, &mut sheet));
        draw(pictures, &mut |report, mut sheet| sheet.pictures(report));
        left
    }

    /// Draws what a gradient gave.
    pub(super) fn gradient(&mut self, report: &GradientReport, mut sheet: Sheet<'_>) {
        for (statistic, value) in report.scalars() {
            sheet.scalar(tags::GRADIENTS, statistic, value);
        }
        if report.spectral_norm > 0.0 {
            let width = report.spectral_norm / BINS_TO_EDGE;
            let width = *self.widths.gradient.get_or_insert(width);
            let bins = bins(&report.singular_values, width);
            sheet.add(tags::GRADIENTS, tags::SINGULAR_VALUES, Value::Histogram(bins));
        }
    }

    /// Width of the bins of gradients.
    #[cfg(test)]
    pub(super) fn gradient_width(&self) -> Option<f64> {
        self.widths.gradient
    }
}

impl Widths {
    fn histograms(&mut self, report: &LayerReport, sheet: &mut Sheet<'_>) {
        let Some(profile) = &report.profile else { return };
        if let Some(edge) = report.report.edge_high.or(report.report.largest) {
            let width = *self.spectrum.get_or_insert(edge / BINS_TO_EDGE);
            let bins = bins(&profile.singular_values, width);
            sheet.add(tags::BULK, tags::SINGULAR_VALUES, Value::Histogram(bins));
        }
        // In bins as wide as a step of the null's upper end.
        if let Some(edge) = report.report.activation.as_ref().and_then(|report| report.band_high) {
            let width = *self.overlaps.get_or_insert(edge / BINS_TO_EDGE);
            let bins = bins(&descending(&profile.overlaps), width);
            sheet.add(tags::OVERLAP, tags::OVERLAP_COUNTS, Value::Histogram(bins));
        }
    }
}

/// Those that are finite, the largest first.
fn descending(values: &[f64]) -> Vec<f64> {
    let mut values: Vec<f64> = values.iter().copied().filter(|x| x.is_finite()).collect();
    values.sort_unstable_by(|x, y| y.total_cmp(x));
    values
}
