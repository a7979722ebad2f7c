//! Colours, by what a mark means.

use std::borrow::Cow;

/// What a mark means. Each theme has a colour for it; shapes differ as well, so that no meaning
/// hangs on colour alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ink {
    /// What is drawn on.
    Ground,
    /// Titles and labels.
    Text,
    /// Axes, ticks and notes.
    Muted,
    /// Lines behind the data.
    Grid,
    /// What looks random.
    Bulk,
    /// Bars of a histogram.
    Bars,
    /// The range of a null hypothesis.
    Band,
    /// Sign-flipped copies of the matrix.
    Copies,
    /// Values above the bulk.
    Above,
    /// Values below the bulk.
    Below,
    /// Vectors on the output side.
    Left,
    /// Vectors on the input side.
    Right,
    /// Where there is no value.
    Missing,
    /// A curve among several, by its position.
    Series(usize),
    /// A colour of a colour map, the same in every theme.
    Fixed([u8; 3]),
}

/// Curves that have a colour of their own.
pub(crate) const SERIES: usize = 6;

/// Name in CSS, colour on light and on dark ground. The saturated colours on light ground are those
/// of Okabe & Ito, "Color universal design" (2008), distinct for every kind of colour vision; those
/// on dark ground are the same hues, lighter.
struct Colours(&'static str, [u8; 3], [u8; 3]);

const GROUND: Colours = Colours("ground", [0xff, 0xff, 0xff], [0x16, 0x18, 0x1d]);
const TEXT: Colours = Colours("text", [0x1a, 0x1a, 0x1a], [0xe8, 0xe8, 0xe8]);
const MUTED: Colours = Colours("muted", [0x59, 0x59, 0x59], [0xb4, 0xb4, 0xb4]);
const GRID: Colours = Colours("grid", [0xe6, 0xe6, 0xe6], [0x33, 0x36, 0x3d]);
const BULK: Colours = Colours("bulk", [0x8c, 0x8c, 0x8c], [0x99, 0x99, 0x99]);
const BAND: Colours = Colours("band", [0xd3, 0xdc, 0xe6], [0x36, 0x44, 0x54]);
const COPIES: Colours = Colours("copies", [0x00, 0x9e, 0x73], [0x35, 0xcf, 0xa3]);
const BARS: Colours = Colours("bars", [0xb7, 0xc4, 0xd3], [0x4c, 0x5d, 0x71]);
const ABOVE: Colours = Colours("above", [0xd5, 0x5e, 0x00], [0xff, 0x94, 0x3d]);
const BELOW: Colours = Colours("below", [0x00, 0x72, 0xb2], [0x5d, 0xb8, 0xf2]);
const LEFT: Colours = Colours("left", [0x00, 0x9e, 0x73], [0x35, 0xcf, 0xa3]);
const RIGHT: Colours = Colours("right", [0xcc, 0x79, 0xa7], [0xe8, 0xa0, 0xc8]);
const MISSING: Colours = Colours("missing", [0xdd, 0xdd, 0xdd], [0x45, 0x48, 0x4f]);
const CURVES: [Colours; SERIES] = [
    Colours("curve-1", [0x00, 0x72, 0xb2], [0x5d, 0xb8, 0xf2]),
    Colours("curve-2", [0xd5, 0x5e, 0x00], [0xff, 0x94, 0x3d]),
    Colours("curve-3", [0x00, 0x9e, 0x73], [0x35, 0xcf, 0xa3]),
    Colours("curve-4", [0xcc, 0x79, 0xa7], [0xe8, 0xa0, 0xc8]),
    Colours("curve-5", [0xe6, 0x9f, 0x00], [0xff, 0xc2, 0x47]),
    Colours("curve-6", [0x56, 0xb4, 0xe9], [0x9a, 0xd7, 0xff]),
];

impl Ink {
    fn colours(self) -> Option<&'static Colours> {
        Some(match self {
            Self::Ground => &GROUND,
            Self::Text => &TEXT,
            Self::Muted => &MUTED,
            Self::Grid => &GRID,
            Self::Bulk => &BULK,
            Self::Bars => &BARS,
            Self::Band => &BAND,
            Self::Copies => &COPIES,
            Self::Above => &ABOVE,
            Self::Below => &BELOW,
            Self::Left => &LEFT,
            Self::Right => &RIGHT,
            Self::Missing => &MISSING,
            Self::Series(i) => CURVES.get(i).unwrap_or(&BULK),
            Self::Fixed(_) => return None,
        })
    }

    /// Colour on light ground.
    pub(crate) fn light(self) -> [u8; 3] {
        match (self, self.colours()) {
            (Self::Fixed(colour), _) => colour,
            (_, Some(colours)) => colours.1,
            (_, None) => TEXT.1,
        }
    }

    /// Colour on dark ground.
    pub(crate) fn dark(self) -> [u8; 3] {
        match (self, self.colours()) {
            (Self::Fixed(colour), _) => colour,
            (_, Some(colours)) => colours.2,
            (_, None) => TEXT.2,
        }
    }

    /// Name in CSS, where the colour hangs on the theme.
    pub(crate) fn name(self) -> Option<&'static str> {
        self.colours().map(|colours| colours.0)
    }
}

/// `#rrggbb`.
pub(crate) fn hex([r, g, b]: [u8; 3]) -> Cow<'static, str> {
    match [r, g, b] {
        [0, 0, 0] => Cow::Borrowed("#000"),
        [255, 255, 255] => Cow::Borrowed("#fff"),
        _ => Cow::Owned(format!("#{r:02x}{g:02x}{b:02x}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance of WCAG 2.1.
    fn luminance(colour: [u8; 3]) -> f64 {
        let linear = |c: u8| {
            let c = f64::from(c) / 255.0;
            if c <= 0.03928 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(colour[0]) + 0.7152 * linear(colour[1]) + 0.0722 * linear(colour[2])
    }

    fn contrast(a: [u8; 3], b: [u8; 3]) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn text_has_the_contrast_that_wcag_asks_for_and_marks_stand_out() {
        for (ink, least) in [
            (Ink::Text, 7.0),
            (Ink::Muted, 4.5),
            (Ink::Above, 3.0),
            (Ink::Below, 3.0),
            (Ink::Left, 3.0),
            (Ink::Right, 3.0),
            (Ink::Bulk, 3.0),
        ] {
            let light = contrast(ink.light(), Ink::Ground.light());
            let dark = contrast(ink.dark(), Ink::Ground.dark());
            assert!(light >= least && dark >= least, "{ink:?}: {light:.2} {dark:.2}");
        }
    }

    #[test]
    fn more_curves_than_colours_are_grey() {
        assert_eq!(Ink::Series(SERIES).light(), Ink::Bulk.light());
        assert_eq!(Ink::Fixed([1, 2, 3]).dark(), [1, 2, 3]);
        assert_eq!(hex([1, 2, 255]), "#0102ff");
        assert_eq!(hex([255; 3]), "#fff");
    }
}
