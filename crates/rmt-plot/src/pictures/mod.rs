//! The pictures, one file each.

mod colour_bar;
mod copies;
pub(crate) mod course;
mod ends;
pub(crate) mod followed;
pub(crate) mod heat_map;
pub(crate) mod heat_map_data;
mod look;
pub(crate) mod overlap;
pub(crate) mod spectrum;
pub(crate) mod trajectory;
pub(crate) mod vectors;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

use crate::drawing::{Drawing, Glyph, Paint, Shape};
use crate::ink::Ink;
use std::collections::HashSet;

/// Draws one glyph at each place that has one; of several within half a pixel, one.
fn markers(
    drawing: &mut Drawing,
    places: impl IntoIterator<Item = Option<(f64, f64)>>,
    (glyph, radius): (Glyph, f64),
    paint: Paint,
) {
    let mut seen = HashSet::new();
    let at = places
        .into_iter()
        .flatten()
        .filter(|(x, y)| seen.insert(((2.0 * x).round() as i64, (2.0 * y).round() as i64)))
        .collect();
    drawing.add(Shape::Markers { at, glyph, radius }, paint);
}

/// Draws a line through the places, interrupted where there is none.
fn line(drawing: &mut Drawing, places: impl IntoIterator<Item = Option<(f64, f64)>>, paint: Paint) {
    let mut points = Vec::new();
    for place in places.into_iter().chain(std::iter::once(None)) {
        match place {
            Some(point) => points.push(point),
            None => drawing.add(Shape::Line(thinned(std::mem::take(&mut points))), paint),
        }
    }
}

/// The same line in at most four points per pixel across: of those in one column of pixels, the
/// first, the lowest, the highest and the last, so that no peak is lost. Points must be in order.
fn thinned(points: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    let mut kept: Vec<(f64, f64)> = Vec::new();
    for column in points.chunk_by(|a, b| a.0.floor() == b.0.floor()) {
        if column.len() <= 4 {
            kept.extend(column);
            continue;
        }
        let by_height = |a: &&(f64, f64), b: &&(f64, f64)| a.1.total_cmp(&b.1);
        let (low, high) = (column.iter().min_by(by_height), column.iter().max_by(by_height));
        for point in [column.first(), low, high, column.last()].into_iter().flatten() {
            if kept.last() != Some(point) {
                kept.push(*point);
            }
        }
    }
    kept
}

/// "1 value", "2 values".
fn counted(count: usize, one: &str) -> String {
    format!("{count} {one}{}", if count == 1 { "" } else { "s" })
}

/// A filled marker, or an open one in the same colour.
fn marker_paint(ink: Ink, filled: bool) -> Paint {
    if filled {
        return Paint::fill(ink);
    }
    Paint { fill: Some(Ink::Ground), ..Paint::stroke(ink, 1.4) }
}
