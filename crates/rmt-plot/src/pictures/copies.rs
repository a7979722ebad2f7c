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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::ink::Ink;
    use crate::pictures::spectrum::spectrum;
    use crate::test_support::{assert_sound, planted, rects, spiked};

    #[test]
    fn the_band_is_drawn_where_there_is_one() {
        let mut report = spiked();
        report.profile.as_mut().unwrap().copies = None;
        assert!(rects(&spectrum(&report).unwrap(), Ink::Copies, 0).is_empty());
        let band = planted().profile.unwrap().copies.unwrap();
        report.profile.as_mut().unwrap().copies = Some(band.clone().with_since(64));
        let drawing = spectrum(&report).unwrap();
        assert_sound(&drawing);
        assert!(drawing.to_svg().contains("5 copies with random signs, step 64"));
        let drawn = rects(&drawing, Ink::Copies, 1);
        let bins = band.least.iter().zip(&band.most).filter(|(least, most)| most > least);
        // In proportion to what they are apart.
        let heights: Vec<f64> = bins.map(|(least, most)| most - least).collect();
        assert_eq!(drawn.len(), heights.len());
        let per_density = drawn[0][3] / heights[0];
        for (rect, height) in drawn.iter().zip(&heights) {
            assert!((rect[3] - per_density * height).abs() < 1e-6);
        }
    }
}
