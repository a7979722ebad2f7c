//! Trajectories: a few figures over the steps.

use super::{counted, line, markers};
use crate::drawing::{Drawing, Glyph, Paint, Shape};
use crate::ink::{Ink, SERIES};
use crate::scale::{Scale, range};
use crate::sheet::{Axes, Key, Sample, Sheet};
use crate::text::{clean, fit};

/// A range of values at one step.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct BandPoint {
    /// Number of optimizer updates.
    pub step: u64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl BandPoint {
    /// A range from `low` to `high`.
    pub fn new(step: u64, low: f64, high: f64) -> Self {
        Self { step, low, high }
    }
}

/// The data that [`trajectory`] draws.
///
/// ```
/// use rmt_plot::{BandPoint, Trajectory, trajectory};
/// let data = Trajectory::new("blocks.0.up", "singular value ν")
///     .with_series("largest", [(0, 2.9), (100, 3.4), (200, 5.1)])
///     .with_band("bulk", [0, 100, 200].map(|step| BandPoint::new(step, 1.0, 3.0)));
/// assert!(trajectory(&data).to_svg().contains("largest"));
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Trajectory {
    /// Title of the picture.
    pub title: String,
    /// Quantity on the y axis, with its unit.
    pub quantity: String,
    /// Name and (step, value) pairs of each curve. A value that is not finite interrupts its curve.
    pub series: Vec<(String, Vec<(u64, f64)>)>,
    /// Name and points of a range to compare the curves with, such as the bulk between its edges.
    pub band: Option<(String, Vec<BandPoint>)>,
    /// Whether the y axis is logarithmic.
    pub logarithmic: bool,
}

impl Trajectory {
    /// A trajectory without curves.
    pub fn new(title: impl Into<String>, quantity: impl Into<String>) -> Self {
        let (title, quantity) = (title.into(), quantity.into());
        Self { title, quantity, series: Vec::new(), band: None, logarithmic: false }
    }

    /// Adds a curve. The first six curves have colours. Further curves are grey and unnamed.
    #[must_use]
    pub fn with_series(
        mut self,
        name: impl Into<String>,
        points: impl IntoIterator<Item = (u64, f64)>,
    ) -> Self {
        self.series.push((name.into(), points.into_iter().collect()));
        self
    }

    /// Adds a shaded range.
    #[must_use]
    pub fn with_band(
        mut self,
        name: impl Into<String>,
        points: impl IntoIterator<Item = BandPoint>,
    ) -> Self {
        self.band = Some((name.into(), points.into_iter().collect()));
        self
    }

    /// Makes the y axis logarithmic. Values that are not positive are left out.
    #[must_use]
    pub fn with_logarithmic_axis(mut self) -> Self {
        self.logarithmic = true;
        self
    }

    fn drawable(&self, y: f64) -> bool {
        y.is_finite() && (!self.logarithmic || y > 0.0)
    }
}

/// Points up to which each is marked.
const MARKED: usize = 40;
/// Pixels that a name in the legend may take.
const NAME: f64 = 180.0;
/// Lengths of dash and gap: curves differ in them as well as in colour.
const DASHES: [Option<[f64; 2]>; SERIES] =
    [None, Some([7.0, 3.0]), Some([2.0, 2.5]), None, Some([7.0, 3.0]), Some([2.0, 2.5])];

/// Draws one or several curves over the steps, with a range to compare them with.
pub fn trajectory(data: &Trajectory) -> Drawing {
    let sorted = |points: &[(u64, f64)]| {
        let mut points = points.to_vec();
        points.sort_by_key(|point| point.0);
        points
    };
    let series: Vec<_> = data.series.iter().map(|(name, points)| (name, sorted(points))).collect();
    let mut band: Vec<BandPoint> = data.band.iter().flat_map(|band| band.1.clone()).collect();
    band.sort_by_key(|point| point.step);
    band.retain(|point| data.drawable(point.low) && data.drawable(point.high));

    let mut legend: Vec<Key> = Vec::new();
    if let (Some((name, _)), false) = (&data.band, band.is_empty()) {
        legend.push(Key::new(Sample::Block, Paint::fill(Ink::Band), short(name)));
    }
    legend.extend(series.iter().take(SERIES).enumerate().map(|(i, (name, points))| {
        let key = Key::new(Sample::Line, curve(i), short(name));
        if points.len() <= MARKED { key.with(MARKER, Paint::fill(Ink::Series(i))) } else { key }
    }));
    let mut notes = Vec::new();
    if series.len() > SERIES {
        notes.push(format!("{} in grey", counted(series.len() - SERIES, "further curve")));
    }
    let values = || series.iter().flat_map(|(_, points)| points.iter().map(|point| point.1));
    let left_out = values().filter(|y| y.is_finite() && !data.drawable(*y)).count();
    if left_out > 0 {
        let values = counted(left_out, "value");
        notes.push(format!("{values} at or below zero left out of the logarithmic axis"));
    }
    let names: Vec<_> = series.iter().take(SERIES).map(|(name, _)| short(name)).collect();
    let description = format!("{} over the steps: {}.", clean(&data.quantity), names.join(", "));
    let mut sheet = Sheet::new(&data.title, &description, &legend, &notes);

    let steps = series.iter().flat_map(|(_, points)| points.iter().map(|point| point.0));
    let steps = steps.chain(band.iter().map(|point| point.step)).map(|step| step as f64);
    let (first, last) = range(steps).unwrap_or((0.0, 1.0));
    let ends = band.iter().flat_map(|point| [point.low, point.high]);
    let (low, high) =
        range(values().filter(|y| data.drawable(*y)).chain(ends)).unwrap_or((0.1, 1.0));
    let y = if data.logarithmic { Scale::logarithmic(low, high) } else { Scale::linear(low, high) };
    let plot = sheet.plot(Axes {
        // A single step stands at the left.
        x: Scale::linear(first, if last > first { last } else { first + 1.0 })
            .padded(0.01, 0.02)
            .whole(),
        y: y.padded_to_zero(0.06),
        x_label: "step".into(),
        y_label: data.quantity.clone(),
        strip: 0.0,
    });
    let drawing = &mut sheet.drawing;
    let place = |step: u64, y: f64| data.drawable(y).then(|| plot.point(step as f64, y)).flatten();
    if values().all(|y| !data.drawable(y)) {
        plot.nothing(drawing);
    }
    let lower = band.iter().map(|point| place(point.step, point.low));
    let upper = band.iter().rev().map(|point| place(point.step, point.high));
    drawing.add(Shape::Area(lower.chain(upper).flatten().collect()), Paint::fill(Ink::Band));
    // The first on top.
    for (i, (_, points)) in series.iter().enumerate().rev() {
        let places = || points.iter().map(|(step, y)| place(*step, *y));
        line(drawing, places(), curve(i));
        // A point alone is no line.
        let Sample::Marker(glyph, radius) = MARKER else { continue };
        let alone = |at: usize| {
            let there = |at: Option<usize>| {
                at.and_then(|at| points.get(at)).is_some_and(|(step, y)| place(*step, *y).is_some())
            };
            !there(at.checked_sub(1)) && !there(at.checked_add(1))
        };
        let marked = places().enumerate();
        let marked = marked.filter(|(at, _)| (points.len() <= MARKED && i < SERIES) || alone(*at));
        let paint = Paint::fill(Ink::Series(i));
        markers(drawing, marked.map(|(_, place)| place), (glyph, radius), paint);
    }
    sheet.drawing
}

const MARKER: Sample = Sample::Marker(Glyph::Dot, 2.8);

fn short(name: &str) -> String {
    fit(&clean(name), crate::sheet::LABEL, NAME)
}

fn curve(i: usize) -> Paint {
    match DASHES.get(i) {
        Some(Some([dash, gap])) => Paint::stroke(Ink::Series(i), 2.0).dashed(*dash, *gap),
        Some(None) => Paint::stroke(Ink::Series(i), 2.0),
        None => Paint::stroke(Ink::Series(i), 1.0).opacity(0.6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{assert_sound, centres, lines};

    #[test]
    fn the_points_are_the_data_in_the_order_of_the_steps() {
        let data = Trajectory::new("t", "loss").with_series("a", [(20, 4.0), (0, 1.0), (10, 2.0)]);
        let drawing = trajectory(&data);
        assert_sound(&drawing);
        let points = &centres(&drawing, Glyph::Dot, Ink::Series(0), true)[1..];
        assert_eq!(points.len(), 3);
        assert!((points[1].0 - points[0].0 - (points[2].0 - points[1].0)).abs() < 1e-9);
        let (first, second) = (points[0].1 - points[1].1, points[1].1 - points[2].1);
        assert!(first > 0.0 && (second - 2.0 * first).abs() < 1e-9);
    }

    #[test]
    fn a_logarithmic_axis_is_one_and_says_what_it_leaves_out() {
        let data = Trajectory::new("t", "p")
            .with_series("a", [(0, 1.0), (1, 10.0), (2, 100.0), (3, 0.0), (4, -1.0)])
            .with_logarithmic_axis();
        let drawing = trajectory(&data);
        assert_sound(&drawing);
        let points = &centres(&drawing, Glyph::Dot, Ink::Series(0), true)[1..];
        assert_eq!(points.len(), 3);
        assert!((points[0].1 - points[1].1 - (points[1].1 - points[2].1)).abs() < 1e-9);
        assert!(drawing.to_svg().contains("2 values at or below zero left out"));
    }

    #[test]
    fn a_gap_interrupts_the_line_and_a_lone_point_is_marked() {
        let mut points: Vec<(u64, f64)> = (0..60).map(|step| (step, step as f64)).collect();
        (points[20].1, points[22].1) = (f64::NAN, f64::INFINITY);
        let drawing = trajectory(&Trajectory::new("t", "y").with_series("a", points));
        assert_sound(&drawing);
        assert_eq!(
            lines(&drawing, Ink::Series(0)).iter().map(Vec::len).collect::<Vec<_>>(),
            [20, 37]
        );
        assert_eq!(centres(&drawing, Glyph::Dot, Ink::Series(0), true).len(), 1);
    }

    #[test]
    fn long_curves_keep_their_peaks_in_few_points() {
        let mut points: Vec<(u64, f64)> =
            (0..100_000).map(|step| (step, (step % 7) as f64)).collect();
        points[54_321].1 = 50.0;
        let drawing = trajectory(&Trajectory::new("t", "y").with_series("a", points));
        let lines = lines(&drawing, Ink::Series(0));
        assert!(lines[0].len() < 4 * 640);
        // The peak is the highest point, at the height of 50 on an axis that ends 6 % above.
        let top = lines[0].iter().map(|point| point.1).fold(f64::INFINITY, f64::min);
        let bottom = lines[0].iter().map(|point| point.1).fold(0.0, f64::max);
        let six = lines[0]
            .iter()
            .map(|point| point.1)
            .filter(|y| *y > top + 1.0)
            .fold(f64::INFINITY, f64::min);
        assert!(((bottom - six) / (bottom - top) - 6.0 / 50.0).abs() < 1e-9);
    }

    #[test]
    fn curves_beyond_the_colours_are_grey_and_counted() {
        let data = (0..9).fold(Trajectory::new("t", "y"), |data, i| {
            data.with_series(format!("layer {i}"), [(0, i as f64), (5, 2.0 * i as f64)])
        });
        let drawing = trajectory(&data);
        assert_sound(&drawing);
        assert!(drawing.to_svg().contains("3 further curves in grey"));
        assert_eq!(lines(&drawing, Ink::Series(SERIES)).len(), 1);
    }
}
