//! What all pictures have around their data: title, legend, axes and notes.

use crate::drawing::{Anchor, DEFAULT_HEIGHT, DEFAULT_WIDTH, Drawing, Glyph, Paint, Shape};
use crate::font;
use crate::ink::Ink;
use crate::scale::{Scale, Ticks};
use crate::text::{clean, fit};

/// Sizes of text in pixels. Pictures are often shown smaller than they are.
pub(crate) const TITLE: f64 = 15.0;
pub(crate) const LABEL: f64 = 13.0;
pub(crate) const NOTE: f64 = 11.5;

/// Room at the edges of the picture.
pub(crate) const MARGIN: f64 = 12.0;
/// Length of a tick.
const TICK: f64 = 4.0;
/// Distance of two lines of the legend.
const LEGEND_LINE: f64 = 18.0;
/// Width of a legend's sample.
const SAMPLE: f64 = 20.0;

/// Where the data are drawn, in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Area {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) right: f64,
    pub(crate) bottom: f64,
}

/// A line of the legend: the sample beside its name.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Key {
    pub(crate) label: String,
    pub(crate) samples: Vec<(Sample, Paint)>,
}

/// What stands for a kind of mark.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Sample {
    Marker(Glyph, f64),
    Line,
    Block,
}

impl Key {
    pub(crate) fn new(sample: Sample, paint: Paint, label: impl Into<String>) -> Self {
        Self { label: label.into(), samples: vec![(sample, paint)] }
    }

    /// The same with another sample drawn over the first.
    pub(crate) fn with(mut self, sample: Sample, paint: Paint) -> Self {
        self.samples.push((sample, paint));
        self
    }
}

/// Axis labels and scales.
pub(crate) struct Axes {
    pub(crate) x: Scale,
    pub(crate) y: Scale,
    pub(crate) x_label: String,
    pub(crate) y_label: String,
    /// Room between the zero of y and the x axis, in pixels, for marks on the x axis.
    pub(crate) strip: f64,
}

/// A picture under construction.
pub(crate) struct Sheet {
    pub(crate) drawing: Drawing,
    /// Where the next line from the top begins.
    top: f64,
    /// Where the next line from the bottom ends.
    bottom: f64,
}

/// The data's part of a picture.
pub(crate) struct Plot {
    pub(crate) area: Area,
    /// Bottom of the y axis: above [`Area::bottom`] by the strip.
    pub(crate) base: f64,
    x: Scale,
    y: Scale,
}

/// The title of a picture of a layer: its name, shortened where it must be, and what is said of it.
pub(crate) fn heading(name: &str, rest: &str) -> String {
    let rest = format!(" · {rest}");
    let room = f64::from(DEFAULT_WIDTH) - 2.0 * MARGIN - font::width(&rest, TITLE);
    fit(&clean(name), TITLE, room) + &rest
}

impl Sheet {
    /// An empty sheet of the default size with its title; `legend` stands below it, `notes` at the
    /// bottom.
    pub(crate) fn new(title: &str, description: &str, legend: &[Key], notes: &[String]) -> Self {
        Self::of_height(DEFAULT_HEIGHT, title, description, legend, notes)
    }

    /// The same with another height.
    pub(crate) fn of_height(
        height: u32,
        title: &str,
        description: &str,
        legend: &[Key],
        notes: &[String],
    ) -> Self {
        Self::of_size((DEFAULT_WIDTH, height), title, description, legend, notes)
    }

    /// The same with another width, too.
    pub(crate) fn of_size(
        (width, height): (u32, u32),
        title: &str,
        description: &str,
        legend: &[Key],
        notes: &[String],
    ) -> Self {
        let drawing = Drawing::new(width, height, title, description);
        let bottom = f64::from(height) - 8.0;
        let mut sheet = Self { drawing, top: 8.0, bottom };
        sheet.title(title);
        sheet.legend(legend);
        for note in notes.iter().rev() {
            sheet.note(note);
        }
        sheet
    }

    fn width(&self) -> f64 {
        f64::from(self.drawing.width())
    }

    fn title(&mut self, title: &str) {
        let text = fit(&clean(title), TITLE, self.width() - 2.0 * MARGIN);
        let baseline = self.top + TITLE;
        self.drawing.write((MARGIN, baseline), &text, TITLE, Anchor::Start, Ink::Text);
        self.top = baseline + 7.0;
    }

    fn legend(&mut self, keys: &[Key]) {
        if keys.is_empty() {
            return;
        }
        let right = self.width() - MARGIN;
        let mut x = MARGIN;
        let mut middle = self.top + LEGEND_LINE / 2.0;
        for key in keys {
            let label = fit(&clean(&key.label), LABEL, right - MARGIN - SAMPLE - 6.0);
            let width = SAMPLE + 6.0 + font::width(&label, LABEL);
            if x > MARGIN && x + width > right {
                (x, middle) = (MARGIN, middle + LEGEND_LINE);
            }
            for (sample, paint) in &key.samples {
                self.sample(*sample, *paint, x, middle);
            }
            let baseline = middle + font::CAPITAL * LABEL / 2.0;
            let at = (x + SAMPLE + 6.0, baseline);
            self.drawing.write(at, &label, LABEL, Anchor::Start, Ink::Text);
            x += width + 18.0;
        }
        self.top = middle + LEGEND_LINE / 2.0;
    }

    fn sample(&mut self, sample: Sample, paint: Paint, x: f64, middle: f64) {
        let shape = match sample {
            Sample::Marker(glyph, radius) => {
                Shape::Markers { at: vec![(x + SAMPLE / 2.0, middle)], glyph, radius }
            }
            Sample::Line => Shape::Segments(vec![[x, middle, x + SAMPLE, middle]]),
            Sample::Block => Shape::Rects(vec![[x, middle - 5.0, SAMPLE, 10.0]]),
        };
        self.drawing.add(shape, paint);
    }

    fn note(&mut self, note: &str) {
        let text = fit(&clean(note), NOTE, self.width() - 2.0 * MARGIN);
        let at = (MARGIN, self.bottom - font::DESCENT * NOTE);
        self.drawing.write(at, &text, NOTE, Anchor::Start, Ink::Muted);
        self.bottom -= NOTE + 4.0;
    }

    /// Room left between legend and notes.
    pub(crate) fn free(&self) -> (f64, f64) {
        (self.top, self.bottom)
    }

    /// Draws the axes into the room that is left, and gives the place of the data.
    pub(crate) fn plot(&mut self, axes: Axes) -> Plot {
        let (top, bottom) = self.free();
        self.plot_within(Area { left: 0.0, top, right: self.width(), bottom }, axes, true)
    }

    /// Draws the axes into `room`, and gives the place of the data. Where the y axis is that of a plot to the
    /// left, it has no labels here.
    pub(crate) fn plot_within(&mut self, room: Area, axes: Axes, labelled_y: bool) -> Plot {
        let Axes { x, y, x_label, y_label, strip } = axes;
        let top = room.top + 12.0;
        // Ticks, their labels and the axis label.
        let bottom = (room.bottom - LABEL - 6.0 - LABEL - TICK - 6.0).round() + 0.5;
        let base = bottom - strip;
        let mut y_ticks = y.ticks((((base - top) / 42.0) as usize).max(2));
        let widest = y_ticks.ticks.iter().map(|tick| font::width(&tick.label, LABEL));
        let widest = widest.fold(font::width("00", LABEL), f64::max);
        let beside = if labelled_y { MARGIN + LABEL + 8.0 + widest + TICK + 3.0 } else { MARGIN };
        let left = (room.left + beside).round() + 0.5;
        if !labelled_y {
            y_ticks.ticks.iter_mut().for_each(|tick| tick.label.clear());
        }
        let right = room.right - MARGIN - 14.0;
        let x_ticks = fitting(&x, right - left);
        let area = Area { left, top, right: right.round() + 0.5, bottom };
        let plot = Plot { area, base, x, y };
        self.ticks(&plot, &x_ticks, &y_ticks);
        let across = area.right - area.left;
        let labelled = |label: &str, ticks: &Ticks, room: f64| match &ticks.factor {
            Some(factor) => fit(&format!("{label}, {factor}"), LABEL, room),
            None => fit(label, LABEL, room),
        };
        let (middle, baseline) = ((area.left + area.right) / 2.0, room.bottom - 4.0);
        let label = labelled(&x_label, &x_ticks, across);
        self.drawing.write((middle, baseline), &label, LABEL, Anchor::Middle, Ink::Text);
        if !labelled_y {
            return plot;
        }
        let label = labelled(&y_label, &y_ticks, area.bottom - area.top + 24.0);
        let at = (room.left + MARGIN + font::CAPITAL * LABEL, (area.top + area.bottom) / 2.0);
        self.drawing.write_upwards(at, &label, LABEL, Ink::Text);
        plot
    }

    fn ticks(&mut self, plot: &Plot, x: &Ticks, y: &Ticks) {
        let Area { left, right, bottom, .. } = plot.area;
        let snapped = |pixel: f64| pixel.floor() + 0.5;
        let height = |at: f64| snapped(plot.base - at * (plot.base - plot.area.top));
        let across = |at: f64| snapped(left + at * (right - left));
        let lines = y.ticks.iter().map(|tick| [left, height(tick.at), right, height(tick.at)]);
        self.drawing.add(Shape::Segments(lines.collect()), Paint::stroke(Ink::Grid, 1.0));
        let below =
            x.ticks.iter().map(|tick| [across(tick.at), bottom, across(tick.at), bottom + TICK]);
        let axis = std::iter::once([left, bottom, right, bottom]);
        let axes = axis.chain(below).collect();
        self.drawing.add(Shape::Segments(axes), Paint::stroke(Ink::Muted, 1.0));
        for tick in &y.ticks {
            let at = (left - TICK - 3.0, height(tick.at) + font::CAPITAL * LABEL / 2.0);
            self.drawing.write(at, &tick.label, LABEL, Anchor::End, Ink::Muted);
        }
        for tick in &x.ticks {
            let at = (across(tick.at), bottom + TICK + 4.0 + font::CAPITAL * LABEL);
            self.drawing.write(at, &tick.label, LABEL, Anchor::Middle, Ink::Muted);
        }
    }
}

/// As many ticks as have room for their labels side by side.
fn fitting(scale: &Scale, room: f64) -> Ticks {
    let mut most = 8;
    loop {
        let ticks = scale.ticks(most);
        let half = |label: &str| font::width(label, LABEL) / 2.0;
        let apart = ticks
            .ticks
            .iter()
            .zip(ticks.ticks.iter().skip(1))
            .all(|(a, b)| (b.at - a.at) * room >= half(&a.label) + half(&b.label) + 10.0);
        if apart || most <= 2 {
            return ticks;
        }
        most -= 1;
    }
}

/// Whether a place is on its axis, but for rounding.
fn on_axis(at: &f64) -> bool {
    (-1e-9..=1.0 + 1e-9).contains(at)
}

impl Plot {
    /// Place of a data point; `None` if it has none.
    pub(crate) fn point(&self, x: f64, y: f64) -> Option<(f64, f64)> {
        Some((self.across(x)?, self.up(y)?))
    }

    /// Place on the x axis; `None` outside.
    pub(crate) fn across(&self, x: f64) -> Option<f64> {
        Some(self.on_x(self.x.at(x).filter(on_axis)?))
    }

    /// Place on the x axis; for what lies outside, that of its end.
    pub(crate) fn across_within(&self, x: f64) -> Option<f64> {
        Some(self.on_x(self.x.at(x)?.clamp(0.0, 1.0)))
    }

    fn on_x(&self, at: f64) -> f64 {
        self.area.left + at * (self.area.right - self.area.left)
    }

    /// Place on the y axis; `None` outside.
    pub(crate) fn up(&self, y: f64) -> Option<f64> {
        let at = self.y.at(y).filter(on_axis)?;
        Some(self.base - at * (self.base - self.area.top))
    }

    /// Place on the y axis; for what lies outside, that of its end.
    pub(crate) fn up_within(&self, y: f64) -> Option<f64> {
        let at = self.y.at(y)?.clamp(0.0, 1.0);
        Some(self.base - at * (self.base - self.area.top))
    }

    /// Says that there is nothing to see.
    pub(crate) fn nothing(&self, drawing: &mut Drawing) {
        let Area { left, top, right, .. } = self.area;
        let middle = ((left + right) / 2.0, (top + self.base) / 2.0);
        drawing.write(middle, "no values", LABEL, Anchor::Middle, Ink::Muted);
    }

    /// A line across the plot at this height.
    pub(crate) fn level(&self, y: f64) -> Shape {
        let line = self.up(y).map(|y| [self.area.left, y, self.area.right, y]);
        Shape::Segments(line.into_iter().collect())
    }
}
