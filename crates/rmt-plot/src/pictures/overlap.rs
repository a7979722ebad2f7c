//! Overlap of the singular vectors with the principal directions of the activations.

use super::{counted, marker_paint, markers};
use crate::drawing::{Drawing, Glyph, Paint, Shape};
use crate::ink::Ink;
use crate::number::figure;
use crate::scale::{Scale, range};
use crate::sheet::{Axes, Key, Sample, Sheet, heading};
use rmt_core::LayerReport;

/// The range of an overlap if the singular vectors are independent of the activations.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct NullBand {
    /// Lower end of the band.
    pub low: f64,
    /// Mean.
    pub mean: f64,
    /// Upper end of the band.
    pub high: f64,
}

impl NullBand {
    /// A band around a mean.
    pub fn new(low: f64, mean: f64, high: f64) -> Self {
        Self { low, mean, high }
    }
}

/// The data that [`overlap`] draws: O_k = max_j |v_k·f_j| of each right singular vector v_k with
/// the eigenvectors f_j of the activations' covariance.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct OverlapData<'a> {
    /// Name of the layer.
    pub name: &'a str,
    /// Number of optimizer updates made before the weights were taken.
    pub step: u64,
    /// O_k in descending order of the singular values. A missing overlap is not finite.
    pub overlaps: &'a [f64],
    /// The null band.
    pub band: NullBand,
    /// Number of singular values significantly above the bulk.
    pub above: usize,
    /// Number of singular values significantly below the bulk.
    pub below: usize,
}

impl<'a> OverlapData<'a> {
    /// Overlaps with their null band, and no significant singular value.
    pub fn new(name: &'a str, step: u64, overlaps: &'a [f64], band: NullBand) -> Self {
        Self { name, step, overlaps, band, above: 0, below: 0 }
    }

    /// Marks the vectors of the `above` largest and the `below` smallest singular values.
    #[must_use]
    pub fn with_significant(self, above: usize, below: usize) -> Self {
        Self { above, below, ..self }
    }
}

/// Radius of a dot among many, and among few.
const MANY: f64 = 1.8;
const FEW: f64 = 2.8;
/// Vectors up to which there are few.
const FEW_VECTORS: usize = 200;
const ABOVE: (Glyph, f64) = (Glyph::Up, 4.5);
const BELOW: (Glyph, f64) = (Glyph::Down, 4.5);

/// Draws the [`overlap`] picture of a report. `None` if the report has no profile with overlaps or
/// no null band.
pub fn overlap_of(report: &LayerReport) -> Option<Drawing> {
    let overlaps = &report.profile.as_ref()?.overlaps;
    let activation = report.report.activation.as_ref()?;
    if overlaps.is_empty() {
        return None;
    }
    let band = NullBand::new(activation.band_low?, activation.null_mean?, activation.band_high?);
    let name = report.layer.path();
    let significant = |count: Option<usize>| count.unwrap_or(0);
    let data = OverlapData::new(&name, report.step, overlaps, band)
        .with_significant(significant(activation.count_above), significant(activation.count_below));
    Some(overlap(&data))
}

/// Draws the overlap O_k against the index k of the singular value (1 = largest), with the band and
/// mean of the null. Vectors of significant outliers are triangles, which point up above the bulk
/// and down below it. Vectors of the bulk are grey dots.
pub fn overlap(data: &OverlapData<'_>) -> Drawing {
    let NullBand { low, mean, high } = data.band;
    let count = data.overlaps.len();
    let above = data.above.min(count);
    let below = data.below.min(count - above);
    let bulk = above..count - below;
    let banded = [low, mean, high].iter().all(|x| x.is_finite());
    let (bulk_paint, band_paint) = (Paint::fill(Ink::Bulk), Paint::fill(Ink::Band));
    let mean_paint = Paint::stroke(Ink::Muted, 1.4).dashed(5.0, 3.0);
    let bulk_glyph = (Glyph::Dot, if count > FEW_VECTORS { MANY } else { FEW });
    let mut legend = Vec::new();
    let marked = |glyph: (Glyph, f64), paint, label: &str, count| {
        let sample = Sample::Marker(glyph.0, glyph.1);
        Key::new(sample, paint, format!("{label} ({count})"))
    };
    let (above_paint, below_paint) =
        (marker_paint(Ink::Above, true), marker_paint(Ink::Below, true));
    legend.push(marked(ABOVE, above_paint, "above the bulk", above));
    legend.push(marked(BELOW, below_paint, "below", below));
    legend.push(marked(bulk_glyph, bulk_paint, "not significant", bulk.len()));
    if banded {
        legend.push(
            Key::new(Sample::Block, band_paint, "null: band, mean").with(Sample::Line, mean_paint),
        );
    }
    let finite = data.overlaps.iter().filter(|x| x.is_finite()).count();
    let notes: Vec<String> = (finite < count)
        .then(|| format!("{} without a finite overlap left out", counted(count - finite, "vector")))
        .into_iter()
        .collect();
    let title = heading(data.name, &format!("step {}", data.step));
    let description = format!(
        "Overlap of {} with the principal directions of the activations, by the rank of the \
         singular value. Null: mean {}, band {} to {}. {above} significantly above the bulk, \
         {below} below.",
        counted(count, "right singular vector"),
        figure(mean, 3),
        figure(low, 3),
        figure(high, 3),
    );
    let mut sheet = Sheet::new(&title, &description, &legend, &notes);
    let band = [low, mean, high].into_iter().filter(|_| banded);
    let (least, most) = range(data.overlaps.iter().copied().chain(band)).unwrap_or((0.0, 1.0));
    let plot = sheet.plot(Axes {
        x: Scale::linear(1.0, count.max(2) as f64).padded(0.02, 0.02).whole(),
        y: Scale::linear(least.min(0.0), most).padded(0.0, 0.04),
        x_label: "index k of the singular value (1 = largest)".into(),
        y_label: "overlap Oₖ = maxⱼ |vₖ·fⱼ|".into(),
        strip: 0.0,
    });
    let drawing = &mut sheet.drawing;
    if let (true, Some(top), Some(bottom)) =
        (banded, plot.up(low.max(high)), plot.up(low.min(high)))
    {
        let area = plot.area;
        let rect = [area.left, top, area.right - area.left, bottom - top];
        drawing.add(Shape::Rects(vec![rect]), band_paint);
        drawing.add(plot.level(mean), mean_paint);
    }
    if finite == 0 {
        plot.nothing(drawing);
    }
    // Outliers last, so that the bulk does not hide them.
    for (indices, glyph, paint) in [
        (bulk, bulk_glyph, bulk_paint),
        (0..above, ABOVE, above_paint),
        (count - below..count, BELOW, below_paint),
    ] {
        let values = data.overlaps.iter().enumerate().take(indices.end).skip(indices.start);
        let places = values.map(|(k, value)| plot.point(k as f64 + 1.0, *value));
        markers(drawing, places, glyph, paint);
    }
    sheet.drawing
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{assert_sound, centres};

    const BAND: NullBand = NullBand { low: 0.2, mean: 0.3, high: 0.5 };

    #[test]
    fn the_points_are_the_data() {
        let overlaps = [0.9, 0.7, 0.31, 0.29, 0.33, 0.27, 0.6];
        let drawing =
            overlap(&OverlapData::new("layer", 5, &overlaps, BAND).with_significant(2, 1));
        assert_sound(&drawing);
        let found = [(Glyph::Up, Ink::Above), (Glyph::Dot, Ink::Bulk), (Glyph::Down, Ink::Below)]
            .map(|(glyph, ink)| centres(&drawing, glyph, ink, true));
        // The first of each is the legend's.
        let points: Vec<_> = found.iter().flat_map(|points| points.iter().skip(1)).collect();
        assert_eq!(found.each_ref().map(|points| points.len() - 1), [2, 4, 1]);
        // Affine in both coordinates: fixed by the first and the last point.
        let (first, last) = (points[0], points[6]);
        for (k, point) in points.iter().enumerate() {
            let x = first.0 + (last.0 - first.0) * k as f64 / 6.0;
            let y = first.1 + (last.1 - first.1) * (overlaps[k] - 0.9) / (0.6 - 0.9);
            assert!((point.0 - x).abs() < 1e-9 && (point.1 - y).abs() < 1e-9, "{k}: {point:?}");
        }
        // Larger is higher.
        assert!(first.1 < last.1);
        assert_eq!(drawing.title(), "layer · step 5");
    }

    #[test]
    fn counts_that_exceed_the_vectors_are_cut() {
        let drawing = overlap(&OverlapData::new("l", 0, &[0.5, 0.4], BAND).with_significant(9, 9));
        assert_eq!(centres(&drawing, Glyph::Up, Ink::Above, true).len(), 3);
        assert_eq!(centres(&drawing, Glyph::Down, Ink::Below, true).len(), 1);
    }
}
