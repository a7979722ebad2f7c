//! Where along the spectrum the singular vectors stop being random.

use super::{line, markers};
use crate::drawing::{Drawing, Glyph, Paint};
use crate::ink::Ink;
use crate::number::figure;
use crate::scale::{Scale, range};
use crate::sheet::{Axes, Key, Sample, Sheet, heading};
use rmt_core::laws::combination::VECTOR_LEVEL;
use rmt_core::nulls::VectorNull;
use rmt_core::{LayerReport, Profile, shown};

/// Smaller p-values are drawn here: where a vector is this far from random, how far says nothing
/// more, and the rest of the spectrum would be pressed flat.
const FLOOR: f64 = 1e-12;
/// What the axis reaches in any case, so that noise does not look like evidence.
const LEAST: f64 = 4.0;

/// One side's p-values: centre (index of the singular value, from 1) and p.
struct Side {
    points: Vec<(f64, f64)>,
    ink: Ink,
    glyph: (Glyph, f64),
    name: &'static str,
}

/// Draws −log₁₀ p of the pooled entries of neighbouring left and right singular vectors against the
/// index of the singular value, with the level of a single window and that of all windows together.
/// With too few vectors for windows it draws single vectors.
///
/// `None` without p-values.
pub fn vectors(layer: &LayerReport) -> Option<Drawing> {
    let profile = layer.profile.as_ref()?;
    let windowed = !profile.window_starts.is_empty();
    let sides = [
        (Ink::Left, Glyph::Dot, 3.4, "left (output)"),
        (Ink::Right, Glyph::Square, 3.2, "right (input)"),
    ];
    let sides = sides.map(|(ink, glyph, radius, name)| {
        let points = p_values(profile, ink == Ink::Left, windowed);
        Side { points, ink, glyph: (glyph, radius), name }
    });
    let tests = sides.iter().flat_map(|side| &side.points).filter(|(_, p)| p.is_finite()).count();
    if tests == 0 {
        return None;
    }
    let together = layer.report.level / tests as f64;
    let what = if windowed { "window" } else { "vector" };
    let (single_paint, together_paint) = (
        Paint::stroke(Ink::Muted, 1.2).dashed(2.0, 3.0),
        Paint::stroke(Ink::Text, 1.2).dashed(7.0, 3.0),
    );
    let mut legend: Vec<Key> = sides
        .iter()
        .map(|side| {
            let sample = Sample::Marker(side.glyph.0, side.glyph.1);
            Key::new(Sample::Line, thin(side.ink), side.name).with(sample, Paint::fill(side.ink))
        })
        .collect();
    legend.push(Key::new(Sample::Line, single_paint, format!("p = {VECTOR_LEVEL}")));
    let label = format!("level {} over all {tests} {what}s", layer.report.level);
    legend.push(Key::new(Sample::Line, together_paint, label));
    let mut notes = Vec::new();
    let floored = sides.iter().flat_map(|side| &side.points).filter(|(_, p)| *p < FLOOR).count();
    if floored > 0 {
        let floor = figure(FLOOR, 1);
        notes.push(format!(
            "floor: {floored} of {tests} p-values below {floor} are drawn at {floor}"
        ));
    }
    let title = heading(&layer.layer.path(), &format!("step {}", layer.step));
    let rejected =
        sides.each_ref().map(|side| side.points.iter().filter(|(_, p)| *p <= VECTOR_LEVEL).count());
    let description = format!(
        "p-values of singular vectors against the Porter–Thomas law along the spectrum: {} left \
         and {} right {what}s of {tests} in all have p ≤ {VECTOR_LEVEL}.",
        rejected[0], rejected[1],
    );
    let mut sheet = Sheet::new(&title, &description, &legend, &notes);
    let all = || sides.iter().flat_map(|side| side.points.iter().copied());
    let most = range(all().map(|(_, p)| evidence(p))).map_or(LEAST, |(_, high)| high.max(LEAST));
    let count = profile.left_p.len().max(profile.right_p.len()).max(profile.singular_values.len());
    let last = range(all().map(|(x, _)| x)).map_or(1.0, |(_, high)| high);
    let plot = sheet.plot(Axes {
        x: Scale::linear(1.0, last.max(count as f64).max(2.0)).padded(0.02, 0.02).whole(),
        y: Scale::linear(0.0, most.max(evidence(together))).padded(0.0, 0.05),
        x_label: if windowed {
            format!("index of the singular value (1 = largest), {} to a window", VectorNull::WINDOW)
        } else {
            "index of the singular value (1 = largest)".into()
        },
        y_label: format!("−log₁₀ p of a {what}"),
        strip: 0.0,
    });
    let drawing = &mut sheet.drawing;
    for (level, paint) in [(VECTOR_LEVEL, single_paint), (together, together_paint)] {
        drawing.add(plot.level(evidence(level)), paint);
    }
    for side in &sides {
        let places = || side.points.iter().map(|(x, p)| plot.point(*x, evidence(*p)));
        line(drawing, places(), thin(side.ink));
        markers(drawing, places(), side.glyph, Paint::fill(side.ink));
    }
    Some(sheet.drawing)
}

fn thin(ink: Ink) -> Paint {
    Paint::stroke(ink, 1.2).opacity(0.6)
}

/// −log₁₀ p, with the floor; NaN for what is no probability.
fn evidence(p: f64) -> f64 {
    if p >= 0.0 { shown::neg_log_p(p.max(FLOOR)) } else { f64::NAN }
}

fn p_values(profile: &Profile, left: bool, windowed: bool) -> Vec<(f64, f64)> {
    let (single, windows) = if left {
        (&profile.left_p, &profile.left_windows)
    } else {
        (&profile.right_p, &profile.right_windows)
    };
    if windowed {
        // Ranks count from 0, indices from 1.
        let half = (VectorNull::WINDOW as f64 + 1.0) / 2.0;
        profile.window_starts.iter().zip(windows).map(|(s, p)| (*s as f64 + half, *p)).collect()
    } else {
        single.iter().enumerate().map(|(k, p)| (k as f64 + 1.0, *p)).collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::test_support::{assert_sound, centres, layer, pure_noise, spiked};

    #[test]
    fn the_points_are_the_p_values() {
        let report = spiked();
        let profile = report.profile.as_ref().unwrap();
        let drawing = vectors(&report).unwrap();
        assert_sound(&drawing);
        for (glyph, ink, p) in [
            (Glyph::Dot, Ink::Left, &profile.left_windows),
            (Glyph::Square, Ink::Right, &profile.right_windows),
        ] {
            let points = centres(&drawing, glyph, ink, true);
            assert_eq!(points.len(), 1 + p.len(), "the legend's, and one for each window");
            let points = &points[1..];
            let heights: Vec<f64> = p.iter().map(|p| evidence(*p)).collect();
            // Affine: every pair of points gives the same scale.
            let (low, high) = (
                0,
                (1..p.len())
                    .max_by(|a, b| {
                        (heights[*a] - heights[0])
                            .abs()
                            .total_cmp(&(heights[*b] - heights[0]).abs())
                    })
                    .unwrap(),
            );
            let per = (points[high].1 - points[low].1) / (heights[high] - heights[low]);
            assert!(per < 0.0, "evidence grows upwards");
            for (point, height) in points.iter().zip(&heights) {
                let expected = points[low].1 + per * (height - heights[low]);
                assert!((point.1 - expected).abs() < 1e-6);
            }
        }
    }

    #[test]
    fn p_values_below_the_floor_are_said() {
        let mut report = pure_noise();
        assert!(!vectors(&report).unwrap().to_svg().contains("floor:"));
        let profile = report.profile.as_mut().unwrap();
        (profile.left_windows[0], profile.right_windows[1]) = (0.0, 1e-250);
        let windows = profile.left_windows.len() + profile.right_windows.len();
        let svg = vectors(&report).unwrap().to_svg();
        let note = format!("floor: 2 of {windows} p-values below 1×10⁻¹² are drawn at 1×10⁻¹²");
        assert!(svg.contains(&note), "{svg}");
    }

    #[test]
    fn few_vectors_are_drawn_one_by_one() {
        let mut report = pure_noise();
        let profile = report.profile.as_mut().unwrap();
        profile.window_starts.clear();
        let count = profile.left_p.len();
        let drawing = vectors(&report).unwrap();
        assert_eq!(centres(&drawing, Glyph::Dot, Ink::Left, true).len(), 1 + count);
        assert!(vectors(&report.without_profile()).is_none());
        assert!(vectors(&layer(&[0.0; 32 * 32], 32)).is_none());
    }
}
