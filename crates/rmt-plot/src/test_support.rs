//! What tests of several modules need: reading a drawing back.

use crate::drawing::{Drawing, Glyph, Shape, Text};
use crate::font;
use crate::ink::Ink;
use rand::SeedableRng;
use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;
use rmt_core::layers::LayerId;
use rmt_core::{Analyser, AnalysisOptions, Context, LayerReport, Matrix, Nulls, Orientation};

/// The report of a matrix with rows of this length.
#[allow(clippy::unwrap_used)]
pub(crate) fn layer(entries: &[f64], cols: usize) -> LayerReport {
    let matrix = Matrix::new(entries, entries.len() / cols, cols, Orientation::OutIn).unwrap();
    let analyser = Analyser::new(AnalysisOptions::default(), Nulls::default()).unwrap();
    let analysis = analyser.analyse(&matrix, Context::default().with_band(true)).unwrap();
    let id = LayerId::from_name("blocks.3.up.weight");
    LayerReport::new(0, 100, id, "f64".into(), analysis.report).with_profile(analysis.profile)
}

fn gaussian(count: usize) -> Vec<f64> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(11);
    (0..count).map(|_| StandardNormal.sample(&mut rng)).collect()
}

/// 64×128 independent entries.
pub(crate) fn pure_noise() -> LayerReport {
    layer(&gaussian(64 * 128), 128)
}

/// The same with one direction added, localized on both sides, and one row weakened.
pub(crate) fn spiked() -> LayerReport {
    let mut entries = gaussian(64 * 128);
    entries[5 * 128 + 7] += 40.0;
    for entry in &mut entries[128..256] {
        *entry *= 0.1;
    }
    layer(&entries, 128)
}

/// The same with a direction that is spread over all entries.
pub(crate) fn planted() -> LayerReport {
    let mut entries = gaussian(64 * 128);
    let signs = |k: usize| if k.is_multiple_of(2) { 1.0 } else { -1.0 };
    for (k, entry) in entries.iter_mut().enumerate() {
        *entry += 0.5 * signs(k / 128 / 3) * signs(k % 128 / 5);
    }
    layer(&entries, 128)
}

/// Centres of all markers of this kind, in the order in which they were drawn.
pub(crate) fn centres(drawing: &Drawing, kind: Glyph, ink: Ink, filled: bool) -> Vec<(f64, f64)> {
    let fill = Some(if filled { ink } else { Ink::Ground });
    let marked = drawing.marks().iter().filter(|mark| {
        mark.paint.fill == fill
            && (filled || mark.paint.stroke.is_some_and(|stroke| stroke.ink == ink))
    });
    marked
        .filter_map(|mark| match &mark.shape {
            Shape::Markers { at, glyph, .. } if *glyph == kind => Some(at.clone()),
            _ => None,
        })
        .flatten()
        .collect()
}

/// Points of the lines in this colour.
pub(crate) fn lines(drawing: &Drawing, ink: Ink) -> Vec<Vec<(f64, f64)>> {
    let stroked =
        |mark: &&crate::drawing::Mark| mark.paint.stroke.is_some_and(|stroke| stroke.ink == ink);
    let marks = drawing.marks().iter().filter(stroked);
    marks
        .filter_map(|mark| match &mark.shape {
            Shape::Line(points) => Some(points.clone()),
            _ => None,
        })
        .collect()
}

/// Rectangles of this colour, without the first `skipped` marks of it (the legend's).
pub(crate) fn rects(drawing: &Drawing, ink: Ink, skipped: usize) -> Vec<[f64; 4]> {
    let marks = drawing.marks().iter().filter(|mark| mark.paint.fill == Some(ink));
    let rects = marks.filter_map(|mark| match &mark.shape {
        Shape::Rects(rects) => Some(rects.clone()),
        _ => None,
    });
    rects.skip(skipped).flatten().collect()
}

/// The box around a text: left, top, right, bottom.
fn bounds(text: &Text) -> [f64; 4] {
    let (width, before) = (font::width(&text.text, text.size), text.before());
    let (up, down) = (font::CAPITAL * text.size, font::DESCENT * text.size);
    if text.upwards {
        [text.x - up, text.y + before - width, text.x + down, text.y + before]
    } else {
        [text.x - before, text.y - up, text.x - before + width, text.y + down]
    }
}

/// Every mark lies on the canvas, no two texts overlap, the SVG is well-formed XML that loads
/// nothing, and the pixels have the drawing's size.
#[allow(clippy::unwrap_used)]
pub(crate) fn assert_sound(drawing: &Drawing) {
    let (width, height) = (f64::from(drawing.width()), f64::from(drawing.height()));
    let inside = |x: f64, y: f64| {
        (-0.01..=width + 0.01).contains(&x) && (-0.01..=height + 0.01).contains(&y)
    };
    let mut texts = Vec::new();
    for mark in drawing.marks() {
        let corners: Vec<(f64, f64)> = match &mark.shape {
            Shape::Rects(rects) => {
                rects.iter().flat_map(|[x, y, w, h]| [(*x, *y), (x + w, y + h)]).collect()
            }
            Shape::Segments(lines) => {
                lines.iter().flat_map(|[a, b, c, d]| [(*a, *b), (*c, *d)]).collect()
            }
            Shape::Line(points) | Shape::Area(points) => points.clone(),
            Shape::Markers { at, .. } => at.clone(),
            Shape::Text(text) => {
                let [left, top, right, bottom] = bounds(text);
                texts.push((text, bounds(text)));
                vec![(left, top), (right, bottom)]
            }
        };
        for (x, y) in corners {
            assert!(inside(x, y), "({x}, {y}) is outside {width}×{height}: {mark:?}");
        }
    }
    for (i, (a, [left, top, right, bottom])) in texts.iter().enumerate() {
        for (b, other) in &texts[i + 1..] {
            let apart =
                other[0] >= *right || other[2] <= *left || other[1] >= *bottom || other[3] <= *top;
            assert!(apart, "{:?} overlaps {:?}", a.text, b.text);
        }
    }
    let svg = drawing.to_svg();
    let document = roxmltree::Document::parse(&svg).unwrap();
    for node in document.descendants() {
        assert!(!["script", "image", "use", "foreignObject"].contains(&node.tag_name().name()));
        for attribute in node.attributes() {
            assert!(!attribute.name().starts_with("on") && !attribute.name().ends_with("href"));
        }
    }
    let rgb = drawing.to_rgb();
    assert_eq!((rgb.width, rgb.height), (drawing.width(), drawing.height()));
    assert_eq!(rgb.pixels.len(), 3 * (rgb.width * rgb.height) as usize);
}
