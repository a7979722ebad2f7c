//! One spectrum over the steps: as a film, and as a strip of a few steps.

use super::look::Look;
use super::spectrum::{LAW, RADIUS, edge_paint};
use super::{counted, line, marker_paint, markers};
use crate::drawing::{Anchor, Drawing, Glyph, Paint, Shape};
use crate::film::Film;
use crate::ink::Ink;
use crate::scale::{Scale, range};
use crate::sheet::{Area, Axes, Key, LABEL, Plot, Sample, Sheet, heading};
use crate::text::{clean, fit};
use rmt_core::LayerReport;
use rmt_core::signs::Bins;

/// Width of the picture: that of a column of text on a wide page.
const WIDTH: u32 = 800;
/// Height of the spectra.
const SPECTRA: f64 = 270.0;
/// Height of the curves below them.
const CURVES: f64 = 150.0;
/// Height of the strip below zero in which the values are marked.
const STRIP: f64 = 16.0;
/// Height of the density axis, in heights of the law, so that one tall bar does not flatten the law. The height of a bar
/// that is cut off is written beside it.
const TALLEST: f64 = 2.5;
/// The colours of the curves: none of them stands for an end of the spectrum.
const INKS: [Ink; 2] = [Ink::Left, Ink::Right];
/// Pixels that a curve's name in the legend may take.
const NAME: f64 = 170.0;

/// What [`film`] and [`filmstrip`] draw.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Course {
    /// Reports of one layer with their profiles, in order of step.
    pub looks: Vec<LayerReport>,
    /// What the curves below the spectra show, with its unit.
    pub quantity: String,
    /// Name and (step, value) of each curve, in order of step.
    pub curves: Vec<(String, Vec<(u64, f64)>)>,
}

impl Course {
    /// A course without curves. Drawn so, it shows the numbers of coloured values over the steps.
    pub fn new(looks: Vec<LayerReport>) -> Self {
        Self { looks, quantity: "value".into(), curves: Vec::new() }
    }

    /// Names what the curves show.
    #[must_use]
    pub fn with_quantity(self, quantity: impl Into<String>) -> Self {
        Self { quantity: quantity.into(), ..self }
    }

    /// Adds a curve. The first two have colours; further ones are grey.
    #[must_use]
    pub fn with_curve(
        mut self,
        name: impl Into<String>,
        points: impl IntoIterator<Item = (u64, f64)>,
    ) -> Self {
        self.curves.push((name.into(), points.into_iter().collect()));
        self
    }
}

/// A film of a layer's spectrum, one frame per look.
///
/// A frame has the histogram of the singular values at that look against the Marchenko–Pastur law, in units of σ√n as
/// estimated at that look. Below it are the curves over the steps, with a cursor. The largest and the smallest values
/// are coloured: as many as are structure, or where structure was not told apart, as many as are significant.
///
/// `None` if no look has a profile and a scale.
///
/// ```
/// # use rmt_core::{Analyser, AnalysisOptions, Context, LayerReport, Matrix, Nulls, Orientation, layers::LayerId};
/// use rmt_plot::{Course, film};
/// # let entries: Vec<f64> = (0..32 * 64).map(|k| f64::from(k * k).sin()).collect();
/// # let matrix = Matrix::new(&entries[..], 32, 64, Orientation::OutIn)?;
/// # let analyser = Analyser::new(AnalysisOptions::default(), Nulls::default())?;
/// # let analysis = analyser.analyse(&matrix, Context::default())?;
/// # let layer = LayerId::from_name("up.weight");
/// # let report = LayerReport::new(0, 0, layer, "f64".into(), analysis.report).with_profile(analysis.profile);
/// let course = Course::new(vec![report]).with_quantity("loss").with_curve("loss/train", [(0, 4.1), (10, 3.2)]);
/// let film = film(&course).ok_or("no spectrum")?;
/// assert_eq!(film.frames(), 1);
/// assert!(film.to_svg().contains("loss/train"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn film(course: &Course) -> Option<Film> {
    let picture = Picture::new(course)?;
    let mut sheet = picture.sheet("as it trains");
    let [spectra, curves] = picture.rooms(&sheet);
    let plot = sheet.plot_within(spectra, picture.axes(), true);
    let below = picture.curves(&mut sheet, curves);
    let fixed = sheet.drawing.marks().len();
    let frames = picture.looks.iter().map(|look| {
        look.draw(&mut sheet.drawing, &plot, picture.bins);
        let at = (plot.area.right - 4.0, plot.area.top + 16.0);
        look.says(&mut sheet.drawing, at, Anchor::End);
        picture.cursor(&mut sheet.drawing, &below, look.step);
        sheet.drawing.take_from(fixed)
    });
    let frames = frames.collect();
    Some(Film::new(sheet.drawing, frames))
}

/// The looks of [`film`] side by side, on one axis, with a cursor for each. More than four are narrow.
///
/// `None` if no look has a profile and a scale.
pub fn filmstrip(course: &Course) -> Option<Drawing> {
    let picture = Picture::new(course)?;
    let mut sheet = picture.sheet("at a few steps");
    let [mut room, curves] = picture.rooms(&sheet);
    let (right, count) = (room.right, picture.looks.len() as f64);
    // Room for the words above each.
    room.top += 34.0;
    // The first has the labels of the y axis beside it.
    let labels = 48.0;
    let width = (right - labels) / count;
    for (number, look) in picture.looks.iter().enumerate() {
        room.right = labels + width * (number + 1) as f64;
        let plot = sheet.plot_within(room, picture.axes(), number == 0);
        look.draw(&mut sheet.drawing, &plot, picture.bins);
        look.says(&mut sheet.drawing, (plot.area.left, plot.area.top - 28.0), Anchor::Start);
        room.left = room.right;
    }
    let below = picture.curves(&mut sheet, curves);
    for look in &picture.looks {
        picture.cursor(&mut sheet.drawing, &below, look.step);
    }
    Some(sheet.drawing)
}

struct Picture {
    /// The layer's path.
    name: String,
    quantity: String,
    curves: Vec<(String, Vec<(u64, f64)>)>,
    looks: Vec<Look>,
    bins: Bins,
    /// Largest value on the x axis, and on the y axis.
    largest: f64,
    highest: f64,
}

impl Picture {
    fn new(course: &Course) -> Option<Self> {
        let looks: Vec<Look> = course.looks.iter().filter_map(Look::new).collect();
        let first = looks.first()?;
        let bins = Bins::between(first.edges().into(), first.spectrum.values.len())?;
        let largest = looks.iter().map(Look::largest).fold(0.0, f64::max);
        let highest = |heights: &dyn Fn(&Look) -> Vec<f64>| {
            let heights = looks.iter().flat_map(heights);
            heights.filter(|x| x.is_finite()).fold(0.0, f64::max)
        };
        let law = highest(&|look| look.curve().into_iter().map(|point| point.1).collect());
        let bars = highest(&|look| look.bars(bins).into_iter().map(|(_, [.., top])| top).collect());
        let highest = bars.clamp(law, TALLEST * law);
        let name = course.looks.first().map(|look| look.layer.path()).unwrap_or_default();
        let (mut quantity, mut curves) = (course.quantity.clone(), course.curves.clone());
        if curves.is_empty() {
            quantity = "directions".into();
            curves = [(0, "number above"), (1, "number below")]
                .map(|(side, name)| {
                    let count = |look: &Look| (look.step, look.counts()[side]);
                    (name.to_owned(), looks.iter().map(count).collect())
                })
                .into();
        }
        Some(Self { name, quantity, curves, looks, bins, largest, highest })
    }

    fn word(&self) -> &'static str {
        self.looks.last().map_or("", |look| look.spectrum.counted.word)
    }

    fn sheet(&self, how: &str) -> Sheet {
        let title = heading(&self.name, &format!("its singular values {how}"));
        let steps: Vec<_> = self.looks.iter().map(Look::words).collect();
        let description = format!(
            "Histograms of the singular values against the Marchenko–Pastur law, over {}. {}.",
            counted(self.looks.len(), "step"),
            steps.join("; ")
        );
        let word = self.word();
        let triangle = |glyph| Sample::Marker(glyph, RADIUS);
        let mut keys = vec![
            Key::new(Sample::Block, Paint::fill(Ink::Bars), "singular values"),
            Key::new(Sample::Line, LAW, "Marchenko–Pastur law"),
            Key::new(Sample::Line, edge_paint(), "its edges"),
            Key::new(triangle(Glyph::Up), marker_paint(Ink::Above, true), format!("{word} above")),
            Key::new(
                triangle(Glyph::Down),
                marker_paint(Ink::Below, true),
                format!("{word} below"),
            ),
        ];
        keys.extend(self.curves.iter().enumerate().map(|(number, (name, _))| {
            Key::new(Sample::Line, curve(number), fit(&clean(name), LABEL, NAME))
        }));
        let height = SPECTRA + CURVES + 70.0;
        Sheet::of_size((WIDTH, height as u32), &title, &description, &keys, &[])
    }

    /// Where the spectra and the curves are.
    fn rooms(&self, sheet: &Sheet) -> [Area; 2] {
        let (top, bottom) = sheet.free();
        let (left, right) = (0.0, f64::from(WIDTH));
        let middle = bottom - CURVES;
        [Area { left, top, right, bottom: middle }, Area { left, top: middle, right, bottom }]
    }

    fn axes(&self) -> Axes {
        Axes {
            x: Scale::linear(0.0, self.largest).padded(0.0, 0.04),
            y: Scale::linear(0.0, self.highest),
            x_label: "singular value ν/(σ√n)".into(),
            y_label: "density".into(),
            strip: STRIP,
        }
    }

    fn curves(&self, sheet: &mut Sheet, room: Area) -> Plot {
        let curves = &self.curves;
        let steps = curves.iter().flat_map(|(_, points)| points.iter().map(|point| point.0));
        let steps = steps.chain(self.looks.iter().map(|look| look.step));
        let (first, last) = range(steps.map(|step| step as f64)).unwrap_or((0.0, 1.0));
        let values = curves.iter().flat_map(|(_, points)| points.iter().map(|point| point.1));
        let (low, high) = range(values).unwrap_or((0.0, 1.0));
        let axes = Axes {
            // A single step stands at the left.
            x: Scale::linear(first, if last > first { last } else { first + 1.0 })
                .padded(0.005, 0.005)
                .whole(),
            y: Scale::linear(low, high).padded_to_zero(0.06),
            x_label: "step".into(),
            y_label: self.quantity.clone(),
            strip: 0.0,
        };
        let plot = sheet.plot_within(room, axes, true);
        for (number, (_, points)) in curves.iter().enumerate().rev() {
            let places = points.iter().map(|(step, value)| plot.point(*step as f64, *value));
            line(&mut sheet.drawing, places, curve(number));
        }
        plot
    }

    /// A line at the step, and a dot on each curve.
    fn cursor(&self, drawing: &mut Drawing, plot: &Plot, step: u64) {
        let Some(x) = plot.across(step as f64) else { return };
        let upright = [x, plot.area.top, x, plot.area.bottom];
        drawing.add(Shape::Segments(vec![upright]), Paint::stroke(Ink::Text, 1.4));
        for (number, (_, points)) in self.curves.iter().enumerate() {
            // What it was last.
            let last = points.iter().rfind(|point| point.0 <= step);
            let place = last.and_then(|(_, value)| Some((x, plot.up(*value)?)));
            markers(drawing, [place], (Glyph::Dot, 4.5), Paint::fill(ink(number)));
        }
    }
}

fn ink(number: usize) -> Ink {
    INKS.get(number).copied().unwrap_or(Ink::Bulk)
}

/// The second is dashed, so that the curves differ in more than colour.
fn curve(number: usize) -> Paint {
    let paint = Paint::stroke(ink(number), 2.2);
    if number == 1 { paint.dashed(7.0, 3.0) } else { paint }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::test_support::{assert_sound, centres, lines, planted, pure_noise, rects};

    fn course() -> Course {
        let looks = [(0, pure_noise()), (100, planted()), (200, planted())];
        let looks = looks.map(|(step, mut look)| {
            look.step = step;
            // What was planted, near enough to be on the axis.
            let structure = look.report.structure.as_ref().unwrap().above.count;
            let edge = look.report.edge_high.unwrap();
            let values = &mut look.profile.as_mut().unwrap().singular_values;
            let far = (0..structure).map(|k| edge * (1.5 - 0.1 * k as f64));
            values.iter_mut().zip(far).for_each(|(value, far)| *value = far);
            look
        });
        Course::new(looks.into())
            .with_quantity("accuracy")
            .with_curve("train", [(0, 0.1), (50, 1.0), (200, 1.0)])
            .with_curve("test", [(10, 0.1), (200, 0.9)])
    }

    #[test]
    fn a_frame_has_the_law_the_values_and_the_cursor_of_its_step() {
        let course = course();
        let film = film(&course).unwrap();
        assert_eq!(film.frames(), 3);
        for (number, look) in course.looks.iter().enumerate() {
            let frame = film.frame(number);
            assert_sound(&frame);
            // One in the legend, and one for each that is structure.
            let structure = look.report.structure.as_ref().unwrap();
            let above = centres(&frame, Glyph::Up, Ink::Above, true).len() - 1;
            assert!(above == structure.above.count && (above > 0) == (number > 0), "{above}");
            assert_eq!(rects(&frame, Ink::Above, 0).is_empty(), structure.above.count == 0);
            assert!(frame.to_svg().contains(&format!("step {}<", look.step)));
        }
        // The cursor: the last of a curve up to the step, at the place of the step.
        let dots = |number: usize, ink| centres(&film.frame(number), Glyph::Dot, ink, true);
        assert!(dots(0, INKS[1]).is_empty());
        let [first, second] = [0, 1].map(|number| dots(number, INKS[0])[0]);
        let last = dots(2, INKS[0])[0];
        assert!((last.0 - second.0 - (second.0 - first.0)).abs() < 1e-9);
        assert!(second.1 < first.1 && (second.1 - last.1).abs() < 1e-9);
        let (before, after) = (dots(1, INKS[1])[0], dots(2, INKS[1])[0]);
        assert!(after.1 < before.1, "{before:?} {after:?}");
    }

    #[test]
    fn densities_are_those_of_the_values() {
        let course = course();
        let picture = Picture::new(&course).unwrap();
        for (look, report) in picture.looks.iter().zip(&course.looks) {
            let bars = look.bars(picture.bins);
            let area: f64 = bars.iter().map(|(_, [.., top])| top * picture.bins.width).sum();
            assert!((area - 1.0).abs() < 1e-9, "{area}");
            let count = report.profile.as_ref().unwrap().singular_values.len() as f64;
            let coloured = bars.iter().map(|(_, [_, rest, top])| (top - rest) * picture.bins.width);
            let above = report.report.structure.as_ref().unwrap().above.count as f64;
            assert!((coloured.sum::<f64>() * count - above).abs() < 1e-6);
            let law: f64 =
                look.curve().windows(2).map(|w| (w[1].0 - w[0].0) * (w[0].1 + w[1].1) / 2.0).sum();
            assert!((law - 1.0).abs() < 2e-3, "{law}");
        }
    }

    #[test]
    fn a_tall_bar_says_how_far_it_goes() {
        let mut course = course();
        let values = &mut course.looks[2].profile.as_mut().unwrap().singular_values;
        let kept = values.len() / 4;
        values.iter_mut().skip(kept).for_each(|value| *value = 1e-6);
        let film = film(&course).unwrap();
        assert!(!film.frame(0).to_svg().contains(">to "));
        assert!(film.frame(2).to_svg().contains(">to "));
        assert_sound(&film.frame(2));
    }

    #[test]
    fn a_strip_has_a_plot_and_a_cursor_for_each_step() {
        let course = course();
        let strip = filmstrip(&course).unwrap();
        assert_sound(&strip);
        assert_eq!(centres(&strip, Glyph::Dot, INKS[0], true).len(), 3);
        let svg = strip.to_svg();
        for words in ["step 0<", "step 100<", "step 200<", "accuracy", "density"] {
            assert_eq!(svg.matches(&format!(">{words}")).count(), 1, "{words}");
        }
        // The first curve is the legend's.
        assert!(!lines(&strip, INKS[0]).is_empty());
    }

    #[test]
    fn without_curves_the_counts_are_drawn_and_without_spectra_nothing() {
        let looks = course().looks;
        let svg = film(&Course::new(looks.clone())).unwrap().to_svg();
        assert!(svg.contains("number above") && svg.contains("directions"));
        let bare: Vec<_> = looks.iter().map(LayerReport::without_profile).collect();
        assert!(film(&Course::new(bare.clone())).is_none());
        assert!(filmstrip(&Course::new(bare)).is_none());
        // One look, and a value that is far out.
        let mut look = planted();
        look.profile.as_mut().unwrap().singular_values[0] = 1e9;
        let film = film(&Course::new(vec![look])).unwrap();
        assert_sound(&film.frame(0));
        assert!(!centres(&film.frame(0), Glyph::Rightwards, Ink::Above, true).is_empty());
    }
}
