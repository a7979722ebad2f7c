//! Outlines and widths of letters.
//!
//! DejaVu Sans is wider than the sans-serif fonts of browsers, so that a label that fits here fits
//! there too.

use std::sync::OnceLock;
use ttf_parser::{Face, GlyphId, OutlineBuilder};

/// Height of capital letters, in units of the size.
pub(crate) const CAPITAL: f64 = 0.73;
/// How far letters reach below the baseline, in units of the size.
pub(crate) const DESCENT: f64 = 0.24;

fn face() -> Option<&'static Face<'static>> {
    static FACE: OnceLock<Option<Face<'static>>> = OnceLock::new();
    FACE.get_or_init(|| Face::parse(dejavu::sans::regular(), 0).ok()).as_ref()
}

fn glyphs(text: &str) -> impl Iterator<Item = (GlyphId, f64)> {
    text.chars().filter_map(|c| {
        let face = face()?;
        // Glyph 0 is the box that stands for a letter that the font lacks.
        let glyph = face.glyph_index(c).unwrap_or(GlyphId(0));
        let advance = f64::from(face.glyph_hor_advance(glyph).unwrap_or(0));
        Some((glyph, advance / f64::from(face.units_per_em())))
    })
}

/// Width of `text` at this size, in pixels.
pub(crate) fn width(text: &str, size: f64) -> f64 {
    size * glyphs(text).map(|(_, advance)| advance).sum::<f64>()
}

/// Draws the outlines of `text`, letter by letter: `builder` gets coordinates in pixels, from the
/// beginning of the baseline, y downwards.
pub(crate) fn outline(text: &str, size: f64, builder: &mut impl OutlineBuilder) {
    let Some(face) = face() else { return };
    let scale = (size / f64::from(face.units_per_em())) as f32;
    let mut x = 0.0;
    for (glyph, advance) in glyphs(text) {
        face.outline_glyph(glyph, &mut Placed { builder, scale, x: x as f32 });
        x += advance * size;
    }
}

/// Scales font units to pixels and turns y over.
struct Placed<'a, B> {
    builder: &'a mut B,
    scale: f32,
    x: f32,
}

impl<B> Placed<'_, B> {
    fn at(&self, x: f32, y: f32) -> (f32, f32) {
        (self.x + self.scale * x, -self.scale * y)
    }
}

impl<B: OutlineBuilder> OutlineBuilder for Placed<'_, B> {
    fn move_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.builder.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.builder.line_to(x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let ((x1, y1), (x, y)) = (self.at(x1, y1), self.at(x, y));
        self.builder.quad_to(x1, y1, x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let ((x1, y1), (x2, y2), (x, y)) = (self.at(x1, y1), self.at(x2, y2), self.at(x, y));
        self.builder.curve_to(x1, y1, x2, y2, x, y);
    }

    fn close(&mut self) {
        self.builder.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_letter_of_the_pictures_is_in_the_font() {
        for c in "νλσ₋₊ₖ₁₀−×⁰¹²³⁴⁵⁶⁷⁸⁹⁻·…–≤≥<>".chars()
        {
            let face = face().map(|face| face.glyph_index(c));
            assert!(matches!(face, Some(Some(_))), "{c} is missing");
        }
    }

    #[test]
    fn widths_grow_with_the_text_and_the_size() {
        assert_eq!(width("", 12.0), 0.0);
        assert!((width("aa", 12.0) - 2.0 * width("a", 12.0)).abs() < 1e-9);
        assert!((width("a", 24.0) - 2.0 * width("a", 12.0)).abs() < 1e-9);
        assert!(width("W", 12.0) > width("i", 12.0));
    }
}
