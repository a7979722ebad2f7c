//! The colours of a heat map and their bar.

use crate::colour_map::viridis;
use crate::drawing::{Anchor, DEFAULT_WIDTH, Drawing, Paint, Shape};
use crate::font;
use crate::ink::Ink;
use crate::scale::{Scale, Ticks};
use crate::sheet::{Area, MARGIN, NOTE};
use crate::text::{clean, fit};

/// Width of the colour bar, and from its cells to its labels.
const BAR: f64 = 14.0;
const BAR_LABELS: f64 = 35.0;

/// Shades of the colour bar and of the cells.
const SHADES: u8 = 255;

/// The colour scale.
pub(super) struct Colours {
    scale: Scale,
    /// Whether colours go by the square root of the place on it.
    root: bool,
    /// Whether values may lie outside.
    limited: bool,
    /// Height of the bar.
    height: f64,
    ticks: Ticks,
}

impl Colours {
    /// For cells of this height: the bar is as high, but not huge, and has room for what is written along it.
    pub(super) fn new((low, high): (f64, f64), root: bool, limited: bool, height: f64) -> Self {
        let scale = Scale::linear(low, high);
        let height = height.clamp(165.0, 300.0);
        let ticks = scale.ticks((height / 40.0) as usize);
        Self { scale, root, limited, height, ticks }
    }

    /// Room for the bar and its labels, in pixels from the cells.
    pub(super) fn room(&self) -> f64 {
        let labels = self.ticks.ticks.iter().map(|tick| font::width(&tick.label, NOTE));
        BAR_LABELS + labels.fold(0.0, f64::max) + 8.0 + NOTE
    }

    /// Shade of a value; `None` for NaN.
    pub(super) fn shade(&self, value: f64) -> Option<u8> {
        let at = match value {
            value if value.is_nan() => return None,
            f64::INFINITY => 1.0,
            f64::NEG_INFINITY => 0.0,
            value => self.scale.at(value)?,
        };
        Some((f64::from(SHADES) * self.along(at.clamp(0.0, 1.0))).round() as u8)
    }

    /// Place of a value along the colours.
    fn along(&self, at: f64) -> f64 {
        if self.root { at.sqrt() } else { at }
    }

    /// Colour of a shade.
    pub(super) fn colour(&self, shade: u8) -> Ink {
        Ink::Fixed(viridis(f64::from(shade) / f64::from(SHADES)))
    }

    /// Draws the colour bar right of the cells.
    pub(super) fn bar(&self, drawing: &mut Drawing, area: Area, quantity: &str) {
        let left = area.right + 14.0;
        let height = self.height;
        let steps = 50;
        let slice = height / f64::from(steps);
        for i in 0..steps {
            let top = (area.top + f64::from(i) * slice).round();
            let bottom = (area.top + f64::from(i + 1) * slice).round();
            let at = 1.0 - (f64::from(i) + 0.5) / f64::from(steps);
            let rect = [left, top, BAR, bottom - top];
            drawing.add(Shape::Rects(vec![rect]), Paint::fill(Ink::Fixed(viridis(at))));
        }
        for tick in &self.ticks.ticks {
            let y = area.top + (1.0 - self.along(tick.at.clamp(0.0, 1.0))) * height;
            let x = left + BAR;
            drawing.add(Shape::Segments(vec![[x, y, x + 4.0, y]]), Paint::stroke(Ink::Muted, 1.0));
            let at = (area.right + BAR_LABELS, y + font::CAPITAL * NOTE / 2.0);
            drawing.write(at, &tick.label, NOTE, Anchor::Start, Ink::Muted);
        }
        let factor =
            self.ticks.factor.as_ref().map(|factor| format!(", {factor}")).unwrap_or_default();
        let beyond = if self.limited { " (ends: and beyond)" } else { "" };
        let label = format!("{}{factor}{beyond}", clean(quantity));
        let at = (f64::from(DEFAULT_WIDTH) - MARGIN, area.top + height / 2.0);
        drawing.write_upwards(at, &fit(&label, NOTE, height + 8.0), NOTE, Ink::Text);
    }
}
