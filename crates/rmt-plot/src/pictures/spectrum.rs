//! The singular values against the Marchenko–Pastur law.

use super::ends::Counted;
use super::{copies, counted, line, marker_paint, markers};
use crate::drawing::{Drawing, Glyph, Paint, Shape};
use crate::ink::Ink;
use crate::number::figure;
use crate::scale::Scale;
use crate::sheet::{Axes, Key, Plot, Sample, Sheet, heading};
use rmt_core::laws::MarchenkoPastur;
use rmt_core::signs::{Bins, SpectrumBand};
use rmt_core::statistics::kurtosis::KurtosisCorrection;
use rmt_core::{LayerReport, MatrixReport};
use std::collections::BTreeMap;

/// How far right of ν₊ values are drawn, in widths of the bulk: what lies beyond is said in a note,
/// so that one large value does not squeeze the bulk.
pub(super) const REACH: f64 = 1.5;
/// Room right of the last value for the mark of what lies beyond, in widths of the bulk.
const MARK_ROOM: f64 = 0.1;
/// Points of the law's curve.
const CURVE: usize = 200;
/// Height of the strip below zero in which single values are marked.
const STRIP: f64 = 18.0;
/// Radius of an outlier's triangle.
pub(super) const RADIUS: f64 = 5.0;

/// Draws the singular values as a density histogram with the Marchenko–Pastur law of the report's
/// scale and shape and its edges ν₋ and ν₊. Every value is a line below zero, and a triangle there
/// if it lies beyond an edge. As many triangles from each end are filled as directions are
/// structure or, if structure was not separated from scale, as values are significant. The band is
/// the range of the spectra of sign-flipped copies
/// ([`Profile::copies`](rmt_core::Profile::copies)), if the report has it.
///
/// The edges lie on borders of bins. `None` without a profile or a scale.
pub fn spectrum(layer: &LayerReport) -> Option<Drawing> {
    let picture = Spectrum::new(layer)?;
    Some(picture.draw(layer))
}

pub(super) struct Spectrum {
    /// Descending, finite.
    pub(super) values: Vec<f64>,
    law: MarchenkoPastur,
    /// σ√n.
    pub(super) unit: f64,
    /// What the entries' kurtosis does to the law.
    correction: KurtosisCorrection,
    pub(super) edges: (f64, f64),
    /// Values at each end that are marked, and how many of them are filled.
    pub(super) above: (usize, usize),
    pub(super) below: (usize, usize),
    /// What is said of the filled ones, above and below, and their counts.
    pub(super) counted: Counted,
    band: Option<SpectrumBand>,
    /// Values too large for the axis.
    pub(super) beyond: usize,
    /// Centre of each bin with something in it, and the density there.
    bars: Vec<(f64, f64)>,
    bin: f64,
}

impl Spectrum {
    pub(super) fn new(layer: &LayerReport) -> Option<Self> {
        let (report, profile) = (&layer.report, layer.profile.as_ref()?);
        let law = MarchenkoPastur::for_shape(report.small_side, report.large_side).ok()?;
        let unit = report.scale? * (report.large_side as f64).sqrt();
        if !(unit.is_normal() && unit > 0.0) {
            return None;
        }
        let mut values = profile.singular_values.clone();
        values.retain(|value| value.is_finite());
        values.sort_by(|a, b| b.total_cmp(a));
        let count = values.len();
        let (largest, smallest) = (*values.first()?, *values.last()?);
        let bounds = (unit * law.lower_edge().sqrt(), unit * law.upper_edge().sqrt());
        // Those of the report are displaced by the kurtosis of the entries.
        let edges = (report.edge_low.unwrap_or(bounds.0), report.edge_high.unwrap_or(bounds.1));
        let correction = correction(report, bounds.1);
        let width = edges.1 - edges.0;
        if !(width.is_normal() && width > 0.0) {
            return None;
        }
        let bins = Bins::between([edges.0, edges.1], count)?;
        let bin = bins.width;
        let end = largest.min(edges.1 + REACH * width).max(edges.1);
        let beyond = values.partition_point(|value| *value > end);
        let mut counts = BTreeMap::new();
        for value in values.iter().skip(beyond) {
            *counts.entry(bins.of(*value)).or_insert(0_usize) += 1;
        }
        let density = |n: usize| n as f64 / (count as f64 * bin);
        let bars = counts.iter().map(|(i, n)| (bins.left(*i) + 0.5 * bin, density(*n)));
        let bars = bars.collect();
        let counted = Counted::of(report);
        let marked = |outside: usize, filled: usize| {
            let filled = filled.min(count);
            (outside.max(filled), filled)
        };
        let above = values.partition_point(|value| *value > edges.1);
        let below = count - values.partition_point(|value| *value >= edges.0);
        let above = marked(above, counted.above);
        let below = marked(below, counted.below);
        (smallest >= 0.0).then_some(Self {
            values,
            law,
            unit,
            correction,
            edges,
            above,
            below,
            counted,
            band: profile.copies.clone(),
            beyond,
            bars,
            bin,
        })
    }

    /// The law's curve (ν, density), displaced like the edges, by ν′ = ν·displacement(ν): the
    /// density is that of ν over dν′/dν. Closer points at its ends, where it is steep.
    pub(super) fn curve(&self) -> Vec<(f64, f64)> {
        let (low, high) = (self.law.lower_edge().sqrt(), self.law.upper_edge().sqrt());
        let displaced = |s: f64| s * self.correction.displacement(self.unit * s);
        let step = 1e-4 * (high - low);
        (0..=CURVE)
            .map(|i| {
                let angle = std::f64::consts::PI * i as f64 / CURVE as f64;
                let s = low + (high - low) * (0.5 - 0.5 * angle.cos());
                let slope = (displaced(s + step) - displaced(s - step)) / (2.0 * step);
                let density = self.law.singular_density(s) / slope;
                (self.unit * displaced(s), density / self.unit)
            })
            .collect()
    }

    fn legend(&self) -> Vec<Key> {
        let mut keys = vec![
            Key::new(
                Sample::Block,
                Paint::fill(Ink::Bars),
                counted(self.values.len(), "singular value"),
            ),
            Key::new(Sample::Line, LAW, "Marchenko–Pastur law"),
            Key::new(Sample::Line, edge_paint(), "edges ν₋, ν₊"),
        ];
        keys.extend(self.band.as_ref().map(copies::key));
        let Counted { word, shown: [above, below], .. } = &self.counted;
        let sides = [
            ("below", "below ν₋", below, self.below, Glyph::Down, Ink::Below),
            ("above", "above ν₊", above, self.above, Glyph::Up, Ink::Above),
        ];
        for (side, edge, count, (marked, filled), glyph, ink) in sides {
            let mut key = |filled: bool, label: String| {
                let sample = Sample::Marker(glyph, RADIUS);
                keys.push(Key::new(sample, marker_paint(ink, filled), label));
            };
            key(true, format!("{word} {side}: {count}"));
            if marked > filled {
                key(false, format!("others {edge}: {}", marked - filled));
            }
        }
        keys
    }

    fn draw(&self, layer: &LayerReport) -> Drawing {
        let verdict = layer.report.verdict.to_string().replace('_', " ");
        let rest = format!("step {} · {verdict}", layer.step);
        let title = heading(&layer.layer.path(), &rest);
        let (low, high) = (figure(self.edges.0, 4), figure(self.edges.1, 4));
        let Counted { word, shown: [above, below], since, .. } = &self.counted;
        let [others_above, others_below] =
            [self.above, self.below].map(|(marked, filled)| marked - filled);
        let description = format!(
            "Histogram of {} against the Marchenko–Pastur law between {low} and {high}. Of {word}: {above} \
             above, {below} below. Beyond the edges without that: {others_above} above, {others_below} below. \
             Verdict: {verdict}.",
            counted(self.values.len(), "singular value"),
        );
        let mut notes = Vec::new();
        notes.extend(since.map(|step| format!("{word} as counted at step {step}")));
        if let (1.., Some(largest)) = (self.beyond, self.values.first()) {
            let values = counted(self.beyond, "value");
            notes.push(format!("{values} beyond the axis, up to ν = {}", figure(*largest, 4)));
        }
        let mut sheet = Sheet::new(&title, &description, &self.legend(), &notes);
        let curve = self.curve();
        let highest = curve.iter().chain(&self.bars).map(|point| point.1);
        let highest = highest.filter(|x| x.is_finite()).fold(0.0, f64::max);
        let highest = highest.max(self.band.as_ref().map_or(0.0, copies::highest));
        let smallest = self.values.last().map_or(self.edges.0, |x| x.min(self.edges.0));
        let shown = self.values.get(self.beyond).map_or(self.edges.1, |x| x.max(self.edges.1));
        // Room for the mark of what lies beyond.
        let room = if self.beyond > 0 { MARK_ROOM * (self.edges.1 - self.edges.0) } else { 0.0 };
        let plot = sheet.plot(Axes {
            x: Scale::linear(smallest, shown + room).padded_to_zero(0.04),
            y: Scale::linear(0.0, highest).padded(0.0, 0.05),
            x_label: "singular value ν (unit of the weights)".into(),
            y_label: "density (per unit of ν)".into(),
            strip: STRIP,
        });
        self.data(&mut sheet.drawing, &plot, &curve);
        sheet.drawing
    }

    fn data(&self, drawing: &mut Drawing, plot: &Plot, curve: &[(f64, f64)]) {
        let bars = self.bars.iter().filter_map(|(centre, density)| {
            let left = plot.across_within(centre - self.bin / 2.0)?;
            let right = plot.across_within(centre + self.bin / 2.0)?;
            let top = plot.up(*density)?;
            Some([left, top, (right - left - 0.6).max(0.4), plot.base - top])
        });
        drawing.add(Shape::Rects(bars.collect()), Paint::fill(Ink::Bars));
        if let Some(band) = &self.band {
            copies::draw(band, drawing, plot);
        }
        let base = [plot.area.left, plot.base, plot.area.right, plot.base];
        drawing.add(Shape::Segments(vec![base]), Paint::stroke(Ink::Grid, 1.0));
        let edges = [self.edges.0, self.edges.1].into_iter().filter_map(|edge| {
            let x = plot.across(edge)?;
            Some([x, plot.area.top, x, plot.area.bottom])
        });
        drawing.add(Shape::Segments(edges.collect()), edge_paint());
        line(drawing, curve.iter().map(|(x, y)| plot.point(*x, *y)), LAW);
        self.rug(drawing, plot);
    }

    fn rug(&self, drawing: &mut Drawing, plot: &Plot) {
        let middle = (plot.base + plot.area.bottom) / 2.0;
        let count = self.values.len();
        let (top, bottom) = (plot.base + 5.0, plot.area.bottom - 4.0);
        let bulk = self.values.iter().take(count - self.below.0.min(count));
        let mut last = f64::NAN;
        let ticks = bulk.skip(self.above.0).filter_map(|value| {
            // Half a pixel apart at least: closer ones are one line.
            let x = (2.0 * plot.across(*value)?).round() / 2.0;
            (x != std::mem::replace(&mut last, x)).then_some([x, top, x, bottom])
        });
        let ticks = ticks.collect();
        drawing.add(Shape::Segments(ticks), Paint::stroke(Ink::Bulk, 0.7).opacity(0.7));
        let place = |value: &f64| Some((plot.across(*value)?, middle));
        let (outside, significant) = self.above;
        let sides = |filled: bool| {
            let (first, end) = if filled {
                (self.beyond, significant)
            } else {
                (significant.max(self.beyond), outside)
            };
            self.values.iter().take(end).skip(first).map(place)
        };
        let (outside_below, significant_below) = self.below;
        let sides_below = |filled: bool| {
            let (first, end) =
                if filled { (0, significant_below) } else { (significant_below, outside_below) };
            self.values.iter().rev().take(end).skip(first).map(place)
        };
        for filled in [false, true] {
            markers(drawing, sides(filled), (Glyph::Up, RADIUS), marker_paint(Ink::Above, filled));
            let paint = marker_paint(Ink::Below, filled);
            markers(drawing, sides_below(filled), (Glyph::Down, RADIUS), paint);
        }
        let outside = (self.beyond > 0).then_some((plot.area.right - RADIUS, middle));
        let filled = significant >= self.beyond;
        let glyph = (Glyph::Rightwards, RADIUS);
        markers(drawing, [outside], glyph, marker_paint(Ink::Above, filled));
    }
}

/// The displacement of the law by the entries' kurtosis, if it is the one in the report's edges: a
/// permutation null has none.
fn correction(report: &MatrixReport, undisplaced_edge: f64) -> KurtosisCorrection {
    let new = |kurtosis| {
        let scale = report.scale.unwrap_or(1.0);
        KurtosisCorrection::new(kurtosis, report.small_side, report.large_side, scale)
    };
    let correction = new(report.excess_kurtosis.unwrap_or(0.0));
    let expected = undisplaced_edge * correction.edges().1;
    let same = report.edge_high.is_some_and(|edge| (edge - expected).abs() <= 1e-9 * expected);
    if same { correction } else { new(0.0) }
}

pub(super) const LAW: Paint = Paint {
    fill: None,
    stroke: Some(crate::drawing::Stroke { ink: Ink::Text, width: 2.0, dash: None }),
    opacity: 1.0,
};

pub(super) fn edge_paint() -> Paint {
    Paint::stroke(Ink::Muted, 1.2).dashed(2.0, 3.0)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::test_support::{assert_sound, centres, layer, pure_noise, rects, spiked};

    #[test]
    fn the_bars_are_the_histogram() {
        let report = pure_noise();
        let picture = Spectrum::new(&report).unwrap();
        // It integrates to one.
        let sum: f64 = picture.bars.iter().map(|(_, density)| density * picture.bin).sum();
        assert!((sum - 1.0).abs() < 1e-12);
        // Counted without bins.
        let values = &report.profile.as_ref().unwrap().singular_values;
        for (centre, density) in &picture.bars {
            let half = picture.bin / 2.0;
            let inside = |v: &&f64| **v >= centre - half && **v < centre + half;
            let count = values.iter().filter(inside).count() as f64;
            let expected = count / (values.len() as f64 * picture.bin);
            assert!((density - expected).abs() < 1e-9 * expected, "{centre}");
        }
        // Their heights are in proportion to the densities.
        let drawing = spectrum(&report).unwrap();
        assert_sound(&drawing);
        let bars = rects(&drawing, Ink::Bars, 1);
        assert_eq!(bars.len(), picture.bars.len());
        let per_density = bars[0][3] / picture.bars[0].1;
        for (bar, (_, density)) in bars.iter().zip(&picture.bars) {
            assert!((bar[3] - per_density * density).abs() < 1e-6);
        }
    }

    #[test]
    fn the_law_integrates_to_one_between_the_edges_of_the_report() {
        // Uniform entries of a very flat matrix: the edges are displaced visibly.
        let mut state = 1_u32;
        let uniform: Vec<f64> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f64::from(state) / f64::from(u32::MAX) - 0.5
        })
        .take(16 * 256)
        .collect();
        for (report, displaced) in
            [(pure_noise(), 0.999..1.001), (layer(&uniform, 256), 0.985..0.995)]
        {
            let picture = Spectrum::new(&report).unwrap();
            let curve = picture.curve();
            let area: f64 =
                curve.windows(2).map(|w| (w[1].0 - w[0].0) * (w[0].1 + w[1].1) / 2.0).sum();
            assert!((area - 1.0).abs() < 2e-3, "{area}");
            let (first, last) = (curve[0].0, curve[CURVE].0);
            assert!((first - picture.edges.0).abs() < 1e-9 * first, "{first}");
            assert!((last - picture.edges.1).abs() < 1e-9 * last, "{last}");
            let factor = last / (picture.unit * picture.law.upper_edge().sqrt());
            assert!(displaced.contains(&factor), "{factor}");
        }
    }

    #[test]
    fn outliers_are_marked_at_their_values() {
        let report = spiked();
        let drawing = spectrum(&report).unwrap();
        assert_sound(&drawing);
        let found = &report.report;
        // The spike is one massive entry, and the weak row a scale: no structure, and there is no triangle but the legend's.
        assert!(found.significant_above.unwrap() >= 1);
        assert_eq!(found.structure.as_ref().unwrap().above.count, 0);
        assert_eq!(centres(&drawing, Glyph::Up, Ink::Above, true).len(), 1);
        assert!(drawing.title().ends_with("· scale"), "{}", drawing.title());
        let svg = drawing.to_svg();
        assert!(svg.contains("structure above: 0") && !svg.contains("significant"));
        // Where it was not told apart, what is significant.
        let mut untold = report.clone();
        untold.report.structure = None;
        let drawing = spectrum(&untold).unwrap();
        let filled = centres(&drawing, Glyph::Up, Ink::Above, true).len();
        let beyond = Spectrum::new(&untold).unwrap().beyond;
        let significant = untold.report.significant_above.unwrap();
        assert_eq!(filled, 1 + significant - beyond, "legend's and each that is on the axis");
        assert!(drawing.to_svg().contains(&format!("significant above: {significant}")));
    }

    #[test]
    fn values_beyond_the_axis_are_said() {
        let mut report = pure_noise();
        report.profile.as_mut().unwrap().singular_values[0] = 1e9;
        let drawing = spectrum(&report).unwrap();
        assert_sound(&drawing);
        let svg = drawing.to_svg();
        assert!(svg.contains("1 value beyond the axis, up to ν = 1×10⁹"));
        assert_eq!(centres(&drawing, Glyph::Rightwards, Ink::Above, false).len(), 1);
    }

    #[test]
    fn without_a_profile_or_a_scale_there_is_no_picture() {
        assert!(spectrum(&pure_noise().without_profile()).is_none());
        let mut report = pure_noise();
        report.report.scale = None;
        assert!(spectrum(&report).is_none());
        // A matrix of zeros.
        assert!(spectrum(&layer(&[0.0; 32 * 32], 32)).is_none());
    }
}
