//! One spectrum among those of a layer over the steps, in units of σ√n, so that the law stays where it is.

use super::spectrum::{LAW, RADIUS, REACH, Spectrum, edge_paint};
use super::{line, marker_paint, markers};
use crate::drawing::{Anchor, Drawing, Glyph, Paint, Shape};
use crate::ink::Ink;
use crate::number::figure;
use crate::sheet::{LABEL, Plot, TITLE};
use rmt_core::LayerReport;
use rmt_core::signs::Bins;

/// A spectrum, in units of σ√n.
pub(super) struct Look {
    pub(super) step: u64,
    pub(super) spectrum: Spectrum,
}

impl Look {
    /// `None` without a profile or a scale.
    pub(super) fn new(report: &LayerReport) -> Option<Self> {
        Some(Self { step: report.step, spectrum: Spectrum::new(report)? })
    }

    pub(super) fn edges(&self) -> (f64, f64) {
        let (low, high) = self.spectrum.edges;
        (low / self.spectrum.unit, high / self.spectrum.unit)
    }

    fn values(&self) -> impl DoubleEndedIterator<Item = f64> + '_ {
        self.spectrum.values.iter().map(|value| value / self.spectrum.unit)
    }

    pub(super) fn counts(&self) -> [f64; 2] {
        [self.spectrum.counted.above as f64, self.spectrum.counted.below as f64]
    }

    /// Numbers of values that are coloured, above and below.
    fn coloured(&self) -> [usize; 2] {
        [self.spectrum.above.1, self.spectrum.below.1]
    }

    /// The largest value that has a place on the axis.
    pub(super) fn largest(&self) -> f64 {
        let (low, high) = self.edges();
        let end = high + REACH * (high - low);
        self.values().find(|value| *value <= end).unwrap_or(high).max(high)
    }

    pub(super) fn curve(&self) -> Vec<(f64, f64)> {
        let unit = self.spectrum.unit;
        self.spectrum.curve().into_iter().map(|(x, y)| (x / unit, y * unit)).collect()
    }

    /// The bins that are not empty, each with three densities that add up: of the values below, of these and the bulk,
    /// and of all.
    pub(super) fn bars(&self, bins: Bins) -> Vec<(i64, [f64; 3])> {
        let [above, below] = self.coloured();
        let count = self.spectrum.values.len();
        let mut bars = std::collections::BTreeMap::new();
        for (number, value) in self.values().enumerate() {
            let kind = if number < above { 2 } else { usize::from(number + below < count) };
            let sums: &mut [f64; 3] = bars.entry(bins.of(value)).or_default();
            sums.iter_mut().skip(kind).for_each(|sum| *sum += 1.0 / (count as f64 * bins.width));
        }
        bars.into_iter().collect()
    }

    pub(super) fn words(&self) -> String {
        let [above, below] = &self.spectrum.counted.shown;
        format!("step {}: {above} above, {below} below", self.step)
    }

    pub(super) fn says(&self, drawing: &mut Drawing, (x, y): (f64, f64), anchor: Anchor) {
        let words = self.words();
        let (step, counts) = words.split_once(": ").unwrap_or((&words, ""));
        drawing.write((x, y), step, TITLE, anchor, Ink::Text);
        drawing.write((x, y + 18.0), counts, LABEL, anchor, Ink::Muted);
    }

    pub(super) fn draw(&self, drawing: &mut Drawing, plot: &Plot, bins: Bins) {
        let bars = self.bars(bins);
        for (kind, ink) in [Ink::Below, Ink::Bars, Ink::Above].into_iter().enumerate() {
            let rects = bars.iter().filter_map(|(bin, sums)| {
                let bottom =
                    kind.checked_sub(1).and_then(|before| sums.get(before)).unwrap_or(&0.0);
                let [left, right] = [bins.left(*bin), bins.left(*bin + 1)];
                let [left, right] = [plot.across_within(left)?, plot.across_within(right)?];
                let [bottom, top] = [plot.up_within(*bottom)?, plot.up_within(*sums.get(kind)?)?];
                let wide = right - left - 0.6;
                (bottom > top && wide > 0.0).then_some([left, top, wide, bottom - top])
            });
            drawing.add(Shape::Rects(rects.collect()), Paint::fill(ink));
        }
        let tall = bars.iter().filter(|(_, [.., top])| plot.up(*top).is_none());
        let tallest = tall.max_by(|a, b| a.1[2].total_cmp(&b.1[2]));
        if let Some((bin, [.., top])) = tallest
            && let Some(x) = plot.across_within(bins.left(bin + 1))
        {
            let words = format!("to {}", figure(*top, 2));
            drawing.write(
                (x + 4.0, plot.area.top + LABEL),
                &words,
                LABEL,
                Anchor::Start,
                Ink::Muted,
            );
        }
        let base = [plot.area.left, plot.base, plot.area.right, plot.base];
        drawing.add(Shape::Segments(vec![base]), Paint::stroke(Ink::Grid, 1.0));
        let (low, high) = self.edges();
        let edges = [low, high].into_iter().filter_map(|edge| {
            let x = plot.across(edge)?;
            Some([x, plot.area.top, x, plot.area.bottom])
        });
        drawing.add(Shape::Segments(edges.collect()), edge_paint());
        line(drawing, self.curve().into_iter().map(|(x, y)| plot.point(x, y)), LAW);
        self.rug(drawing, plot);
    }

    /// The values one by one below zero: the coloured ones as triangles, the others as lines.
    fn rug(&self, drawing: &mut Drawing, plot: &Plot) {
        let [above, below] = self.coloured();
        let between = self.spectrum.values.len().saturating_sub(above + below);
        let (top, bottom) = (plot.base + 4.0, plot.area.bottom - 3.0);
        let mut last = f64::NAN;
        let ticks = self.values().skip(above).take(between).filter_map(|value| {
            // Half a pixel apart at least: closer ones are one line.
            let x = (2.0 * plot.across(value)?).round() / 2.0;
            (x != std::mem::replace(&mut last, x)).then_some([x, top, x, bottom])
        });
        let ticks = ticks.collect();
        drawing.add(Shape::Segments(ticks), Paint::stroke(Ink::Bulk, 0.7).opacity(0.7));
        let middle = (plot.base + plot.area.bottom) / 2.0;
        let place = |value: f64| Some((plot.across(value)?, middle));
        let lower = self.values().rev().take(below).map(place);
        markers(drawing, lower, (Glyph::Down, RADIUS), marker_paint(Ink::Below, true));
        let upper = self.values().take(above).map(place);
        markers(drawing, upper, (Glyph::Up, RADIUS), marker_paint(Ink::Above, true));
        let beyond = self.values().take(above).any(|value| plot.across(value).is_none());
        let end = beyond.then_some((plot.area.right + 6.0, middle));
        markers(drawing, [end], (Glyph::Rightwards, RADIUS), marker_paint(Ink::Above, true));
    }
}
