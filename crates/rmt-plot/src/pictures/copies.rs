//! The band of the copies beside a spectrum.

use super::line;
use crate::drawing::{Drawing, Paint, Shape};
use crate::ink::Ink;
use crate::sheet::{Key, Plot, Sample};
use rmt_core::signs::SpectrumBand;

/// Its line in the legend.
pub(super) fn key(band: &SpectrumBand) -> Key {
    let since = band.since.map(|step| format!(", step {step}")).unwrap_or_default();
    let label = format!("{} copies with random signs{since}", band.copies);
    Key::new(Sample::Block, fill(), label).with(Sample::Line, outline())
}

/// The largest density in it.
pub(super) fn highest(band: &SpectrumBand) -> f64 {
    band.most.iter().copied().filter(|x| x.is_finite()).fold(0.0, f64::max)
}

/// Draws it from the least to the largest of each bin, with an outline.
pub(super) fn draw(band: &SpectrumBand, drawing: &mut Drawing, plot: &Plot) {
    let bins = band.least.iter().zip(&band.most).enumerate();
    let places = bins.filter_map(|(bin, (least, most))| {
        let left = band.from + bin as f64 * band.width;
        let across = [plot.across_within(left)?, plot.across_within(left + band.width)?];
        // Those beyond the axis have no width.
        (across[1] > across[0]).then_some(())?;
        Some((across, plot.up(*least)?, plot.up(*most)?))
    });
    let places: Vec<_> = places.collect();
    let rects = places.iter().filter(|(_, bottom, top)| bottom > top);
    let rects = rects.map(|([left, right], bottom, top)| [*left, *top, right - left, bottom - top]);
    drawing.add(Shape::Rects(rects.collect()), fill());
    let steps = |height: fn(&([f64; 2], f64, f64)) -> f64| {
        let points = places.iter().flat_map(move |place| {
            let ([left, right], y) = (place.0, height(place));
            [Some((left, y)), Some((right, y))]
        });
        points.collect::<Vec<_>>()
    };
    for outlined in [steps(|place| place.1), steps(|place| place.2)] {
        line(drawing, outlined, outline());
    }
}

fn fill() -> Paint {
    Paint::fill(Ink::Copies).opacity(0.3)
}

fn outline() -> Paint {
    Paint::stroke(Ink::Copies, 1.2)
}
