//! Whatever the data, every picture is sound.

use super::heat_map::heat_map;
use super::heat_map_data::HeatMapData;
use super::overlap::{NullBand, OverlapData, overlap};
use super::spectrum::spectrum;
use super::trajectory::{BandPoint, Trajectory, trajectory};
use super::vectors::vectors;
use crate::drawing::{Drawing, Glyph, Shape};
use crate::ink::Ink;
use crate::test_support::{assert_sound, centres, layer, pure_noise, spiked};
use proptest::prelude::*;

/// Every kind of double, extreme ones more often than by chance.
fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        3 => prop::num::f64::ANY,
        3 => 0.0..1.0_f64,
        1 => prop::sample::select(vec![
            0.0, -0.0, 1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN, 1e308,
            -1e308, 1e-308, 5e-324, 1.0 + 1e-15,
        ]),
    ]
}

fn values(most: usize) -> impl Strategy<Value = Vec<f64>> {
    prop_oneof![
        prop::collection::vec(value(), 0..most),
        (value(), 0..most).prop_map(|(value, count)| vec![value; count]),
    ]
}

fn steps() -> impl Strategy<Value = u64> {
    prop_oneof![0..100_u64, any::<u64>()]
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        ".{0,60}",
        "[<>&\"'\\x00-\\x1f]{0,10}",
        "[漢字\u{202e}🦀]{0,80}",
        Just("a.very.long.name".repeat(625)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn overlaps(
        name in name(),
        step in steps(),
        overlaps in values(60),
        band in [value(), value(), value()],
        above in 0..70_usize,
        below in 0..70_usize,
    ) {
        let [low, mean, high] = band;
        let band = NullBand { low, mean, high };
        let data = OverlapData::new(&name, step, &overlaps, band).with_significant(above, below);
        assert_sound(&overlap(&data));
    }

    #[test]
    fn reports(
        name in name(),
        step in steps(),
        singular_values in values(60),
        p_values in [values(30), values(30)],
        windows in [values(9), values(9)],
        starts in prop::collection::vec(any::<usize>(), 0..9),
        figures in prop::collection::vec(prop::option::of(value()), 3),
        counts in prop::collection::vec(prop::option::of(any::<usize>()), 4),
        sides in prop::sample::select(vec![(64, 128), (0, 0), (1, usize::MAX), (5, 3)]),
    ) {
        let mut layer = pure_noise();
        (layer.layer.name, layer.step) = (name, step);
        let profile = layer.profile.as_mut().unwrap();
        profile.singular_values = singular_values;
        [profile.left_p, profile.right_p] = p_values;
        [profile.left_windows, profile.right_windows] = windows;
        profile.window_starts = starts;
        let report = &mut layer.report;
        (report.scale, report.edge_low, report.edge_high) = (figures[0], figures[1], figures[2]);
        (report.outliers_above, report.outliers_below) = (counts[0], counts[1]);
        (report.significant_above, report.significant_below) = (counts[2], counts[3]);
        (report.small_side, report.large_side) = sides;
        spectrum(&layer).iter().chain(&vectors(&layer)).for_each(assert_sound);
    }

    #[test]
    fn spectra_of_an_ordinary_scale(
        singular_values in prop::collection::vec(0.0..40.0_f64, 1..200),
        scale in 0.5..2.0_f64,
    ) {
        let mut layer = pure_noise();
        layer.profile.as_mut().unwrap().singular_values = singular_values;
        (layer.report.scale, layer.report.edge_low, layer.report.edge_high) =
            (Some(scale), None, None);
        assert_sound(&spectrum(&layer).unwrap());
    }

    #[test]
    fn heat_maps(
        title in name(),
        names in prop::collection::vec(name(), 0..6),
        rows in 0..80_usize,
        columns in prop::collection::vec(steps(), 0..150),
        cells in values(200),
        limits in prop::option::of((value(), value())),
    ) {
        let rows = names.into_iter().chain((0..rows).map(|i| format!("a.layer.{i}.weight")));
        let mut data = HeatMapData::new(title, rows.collect(), columns).with_values(cells);
        data.limits = limits;
        assert_sound(&heat_map(&data));
    }

    #[test]
    fn trajectories(
        title in name(),
        quantity in name(),
        series in prop::collection::vec(
            (name(), prop::collection::vec((steps(), value()), 0..60)), 0..9),
        band in prop::option::of(prop::collection::vec((steps(), value(), value()), 0..20)),
        logarithmic: bool,
    ) {
        let mut data = Trajectory::new(title, quantity);
        (data.series, data.logarithmic) = (series, logarithmic);
        if let Some(band) = band {
            let point = |(step, low, high)| BandPoint { step, low, high };
            data = data.with_band("band", band.into_iter().map(point));
        }
        assert_sound(&trajectory(&data));
    }
}

/// Every path of the SVG as its subpaths' first points.
fn starts(svg: &str, class: &str) -> Vec<(f64, f64)> {
    let document = roxmltree::Document::parse(svg).unwrap();
    let groups = document.descendants().filter(|node| node.attribute("class") == Some(class));
    let paths = groups.flat_map(|group| group.children()).filter_map(|path| path.attribute("d"));
    let subpaths = paths.flat_map(|path| path.split('M').skip(1).map(str::to_owned));
    let number = |text: &str| text.parse::<f64>().unwrap();
    subpaths
        .map(|subpath| {
            let (x, rest) = subpath.split_once(',').unwrap();
            let y = rest.split(|c: char| !matches!(c, '0'..='9' | '.' | '-')).next().unwrap();
            (number(x), number(y))
        })
        .collect()
}

#[test]
fn the_svg_has_the_data_to_a_hundredth_of_a_pixel() {
    let overlaps: Vec<f64> = (0..40).map(|k| 0.2 + 0.01 * f64::from(k * k % 17)).collect();
    let band = NullBand { low: 0.2, mean: 0.3, high: 0.4 };
    let drawing = overlap(&OverlapData::new("layer", 1, &overlaps, band));
    let found = starts(&drawing.to_svg(), "s-bulk");
    assert_eq!(found.len(), 1 + overlaps.len(), "the legend's and one for each vector");
    for (k, (x, y)) in found.iter().skip(1).enumerate() {
        let share = (overlaps[k] - overlaps[0]) / (overlaps[1] - overlaps[0]);
        let expected = found[1].1 + share * (found[2].1 - found[1].1);
        // The two that fix the axis are rounded too.
        assert!((y - expected).abs() < 0.01 * (1.0 + 2.0 * share.abs()), "{k}");
        let step = (found[40].0 - found[1].0) / 39.0;
        assert!((x - found[1].0 - step * k as f64).abs() < 0.02);
    }
}

#[test]
fn pixels_have_the_colours_of_the_marks() {
    let drawing = spectrum(&spiked()).unwrap();
    let rgb = drawing.to_rgb();
    let at = |x: f64, y: f64| rgb.pixel(x as u32, y as u32).unwrap();
    for (glyph, ink) in [(Glyph::Up, Ink::Above), (Glyph::Down, Ink::Below)] {
        for (x, y) in centres(&drawing, glyph, ink, true) {
            assert_eq!(at(x, y), ink.light(), "{glyph:?}");
        }
    }
    assert_eq!(at(0.0, 0.0), [255; 3]);
    // Text is there, in its colour.
    let title = drawing.marks().iter().find_map(|mark| match &mark.shape {
        Shape::Text(text) => Some((text.x as u32, text.y as u32)),
        _ => None,
    });
    let (x, y) = title.unwrap();
    let dark = (x..x + 200).flat_map(|x| (y - 12..y).map(move |y| (x, y)));
    let dark = dark.filter(|(x, y)| rgb.pixel(*x, *y) == Some(Ink::Text.light())).count();
    assert!(dark > 100, "{dark}");
}

/// As TensorBoard's users, and pages, see them.
#[test]
fn every_picture_of_real_reports_is_sound() {
    let axis: Vec<f64> = (0..32 * 48).map(|i| f64::from(u8::from(i % 49 == 0))).collect();
    for report in [pure_noise(), spiked(), layer(&axis, 48), layer(&vec![1.0; 40 * 40], 40)] {
        spectrum(&report).iter().chain(&vectors(&report)).for_each(assert_sound);
    }
}

#[test]
fn the_same_report_gives_the_same_picture() {
    let drawn = |report| -> Drawing { spectrum(report).unwrap() };
    let (first, second) = (drawn(&spiked()), drawn(&spiked()));
    assert_eq!(first.to_svg(), second.to_svg());
    assert_eq!(first.to_rgb(), second.to_rgb());
}
