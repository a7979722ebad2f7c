//! A picture as a list of marks. Both renderers draw from it.

use crate::font;
use crate::ink::Ink;
use crate::text::clean;

/// Default width of a picture in pixels.
pub const DEFAULT_WIDTH: u32 = 640;
/// Default height of a picture in pixels.
pub const DEFAULT_HEIGHT: u32 = 400;

/// A picture. The functions of this crate make it; [`to_svg`](Self::to_svg) and
/// [`to_rgb`](Self::to_rgb) render it. Coordinates are pixels from the upper left corner, x to the
/// right and y downwards.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawing {
    width: u32,
    height: u32,
    title: String,
    description: String,
    marks: Vec<Mark>,
}

/// A shape and how it is painted.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Mark {
    pub(crate) shape: Shape,
    pub(crate) paint: Paint,
}

/// What is drawn.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Shape {
    /// Rectangles \[x, y, width, height\].
    Rects(Vec<[f64; 4]>),
    /// An open line through the points.
    Line(Vec<(f64, f64)>),
    /// Separate straight lines.
    Segments(Vec<[f64; 4]>),
    /// A closed area.
    Area(Vec<(f64, f64)>),
    /// One glyph at each point.
    Markers { at: Vec<(f64, f64)>, glyph: Glyph, radius: f64 },
    /// A line of text.
    Text(Text),
}

/// A line of text: where its baseline is anchored.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Text {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) text: String,
    pub(crate) size: f64,
    pub(crate) anchor: Anchor,
    /// Whether it reads upwards, turned by a quarter about its anchor.
    pub(crate) upwards: bool,
}

/// Which part of a text stands at its anchor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// The shape of a data point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Glyph {
    Dot,
    Up,
    Down,
    /// Towards what lies outside the picture.
    Rightwards,
    Square,
}

/// Fill, stroke or both.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Paint {
    pub(crate) fill: Option<Ink>,
    pub(crate) stroke: Option<Stroke>,
    pub(crate) opacity: f64,
}

/// How lines are drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Stroke {
    pub(crate) ink: Ink,
    pub(crate) width: f64,
    /// Lengths of dash and gap; `None`: unbroken.
    pub(crate) dash: Option<[f64; 2]>,
}

impl Paint {
    /// An area of one colour.
    pub(crate) fn fill(ink: Ink) -> Self {
        Self { fill: Some(ink), stroke: None, opacity: 1.0 }
    }

    /// An unbroken line.
    pub(crate) fn stroke(ink: Ink, width: f64) -> Self {
        let stroke = Stroke { ink, width, dash: None };
        Self { fill: None, stroke: Some(stroke), opacity: 1.0 }
    }

    /// The same line, broken.
    pub(crate) fn dashed(mut self, dash: f64, gap: f64) -> Self {
        if let Some(stroke) = &mut self.stroke {
            stroke.dash = Some([dash, gap]);
        }
        self
    }

    /// The same, seen through.
    pub(crate) fn opacity(self, opacity: f64) -> Self {
        Self { opacity, ..self }
    }
}

impl Glyph {
    /// Corners about the centre for a radius of 1, all of about the same area; none for a dot.
    pub(crate) fn corners(self) -> &'static [(f64, f64)] {
        match self {
            Self::Dot => &[],
            Self::Up => &[(0.0, -1.15), (1.1, 0.8), (-1.1, 0.8)],
            Self::Down => &[(0.0, 1.15), (1.1, -0.8), (-1.1, -0.8)],
            Self::Rightwards => &[(1.15, 0.0), (-0.8, 1.1), (-0.8, -1.1)],
            Self::Square => &[(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)],
        }
    }
}

impl Text {
    /// How much of it stands before its anchor, in pixels.
    pub(crate) fn before(&self) -> f64 {
        let width = font::width(&self.text, self.size);
        match self.anchor {
            Anchor::Start => 0.0,
            Anchor::Middle => width / 2.0,
            Anchor::End => width,
        }
    }
}

impl Drawing {
    pub(crate) fn new(width: u32, height: u32, title: &str, description: &str) -> Self {
        let (title, description) = (clean(title), clean(description));
        let mut drawing = Self { width, height, title, description, marks: Vec::new() };
        let ground = vec![[0.0, 0.0, f64::from(width), f64::from(height)]];
        drawing.add(Shape::Rects(ground), Paint::fill(Ink::Ground));
        drawing
    }

    /// Width in pixels.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Height in pixels.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// Title of the picture, in one line.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Description of the picture in words, for readers who do not see it.
    pub fn description(&self) -> &str {
        &self.description
    }

    pub(crate) fn marks(&self) -> &[Mark] {
        &self.marks
    }

    /// Takes the marks from this number on out of it.
    pub(crate) fn take_from(&mut self, number: usize) -> Vec<Mark> {
        self.marks.split_off(number.min(self.marks.len()))
    }

    /// Adds a mark; one that is nowhere (empty, or not finite) is left out.
    pub(crate) fn add(&mut self, shape: Shape, paint: Paint) {
        let finite = |points: &[(f64, f64)]| {
            !points.is_empty() && points.iter().all(|(x, y)| x.is_finite() && y.is_finite())
        };
        let quads = |quads: &[[f64; 4]]| {
            !quads.is_empty() && quads.iter().flatten().all(|value| value.is_finite())
        };
        let drawable = match &shape {
            Shape::Rects(rects) => quads(rects),
            Shape::Segments(segments) => quads(segments),
            Shape::Line(points) => points.len() > 1 && finite(points),
            Shape::Area(points) => points.len() > 2 && finite(points),
            Shape::Markers { at, .. } => finite(at),
            Shape::Text(text) => !text.text.trim().is_empty() && finite(&[(text.x, text.y)]),
        };
        if drawable {
            self.marks.push(Mark { shape, paint });
        }
    }

    /// Adds a horizontal line of text, whose text has been made harmless.
    pub(crate) fn write(
        &mut self,
        (x, y): (f64, f64),
        text: &str,
        size: f64,
        anchor: Anchor,
        ink: Ink,
    ) {
        let text = Text { x, y, text: clean(text), size, anchor, upwards: false };
        self.add(Shape::Text(text), Paint::fill(ink));
    }

    /// Adds a line of text that reads upwards.
    pub(crate) fn write_upwards(&mut self, (x, y): (f64, f64), text: &str, size: f64, ink: Ink) {
        let anchor = Anchor::Middle;
        let text = Text { x, y, text: clean(text), size, anchor, upwards: true };
        self.add(Shape::Text(text), Paint::fill(ink));
    }
}
