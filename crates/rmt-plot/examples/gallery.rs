//! Every picture once, as SVG and PNG, from simulated matrices:
//!
//! ```text
//! cargo run --release -p rmt-plot --example gallery -- pictures
//! ```

use rand::{Rng, RngExt, SeedableRng};
use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;
use rmt_core::layers::LayerId;
use rmt_core::{Analyser, AnalysisOptions, Context, LayerReport, Matrix, Nulls, Orientation};
use rmt_plot::{
    BandPoint, Course, Drawing, HeatMapData, NullBand, OverlapData, Trajectory, film, filmstrip,
    heat_map, overlap, spectrum, trajectory, vectors,
};
use std::error::Error;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("where to write the pictures?")?;
    let folder = Path::new(&folder);
    std::fs::create_dir_all(folder)?;
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    let analyser = Analyser::new(AnalysisOptions::default(), Nulls::default())?;

    let rows = (256, 512);
    let noise = gaussian(rows.0 * rows.1, &mut rng);
    let learned = learned(&noise, rows, 6.0, &mut rng);
    let far = self::learned(&noise, rows, 40.0, &mut rng);
    let square = gaussian(128 * 128, &mut rng);
    for (name, entries, cols) in [
        ("random", &noise, rows.1),
        ("learned", &learned, rows.1),
        ("far", &far, rows.1),
        ("square", &square, 128),
        ("small", &gaussian(20 * 40, &mut rng), 40),
    ] {
        let report = analyse(&analyser, entries, cols)?;
        for (picture, drawing) in [("spectrum", spectrum(&report)), ("vectors", vectors(&report))] {
            write(folder, &format!("{picture}-{name}"), &drawing.ok_or("nothing to draw")?)?;
        }
    }

    let band = NullBand::new(0.0964, 0.1214, 0.1699);
    let overlaps: Vec<f64> = (0..768)
        .map(|k| {
            let signal = if k < 12 {
                0.6 / (1.0 + 0.2 * k as f64)
            } else if k > 760 {
                0.1
            } else {
                0.0
            };
            0.1214 + signal + 0.012 * normal(&mut rng)
        })
        .collect();
    let name = "transformer.encoder.layers.11.feed_forward.up_projection.weight";
    let data = OverlapData::new(name, 12_000, &overlaps, band).with_significant(12, 7);
    write(folder, "overlap", &overlap(&data))?;
    let mut later = analyse(&analyser, &learned, rows.1)?;
    later.step += 100;
    let course = Course::new(vec![analyse(&analyser, &noise, rows.1)?, later])
        .with_quantity("loss")
        .with_curve("loss/train", [(0, 4.1), (2_850, 0.2)]);
    write(folder, "filmstrip", &filmstrip(&course).ok_or("nothing to draw")?)?;
    let film = film(&course).ok_or("nothing to draw")?;
    std::fs::write(folder.join("film.svg"), film.to_svg())?;

    let hostile = "<script>alert('&')</script>\u{202e}\u{0}".repeat(400);
    let data = OverlapData::new(&hostile, u64::MAX, &overlaps[..40], band);
    write(folder, "overlap-hostile", &overlap(&data))?;

    for (name, layers, steps) in [("small", 12, 30), ("large", 200, 500), ("one", 1, 1)] {
        let kinds = ["query", "key", "value", "output", "up", "down"];
        let rows = (0..layers).map(|i| format!("model.layers.{}.{}.weight", i / 6, kinds[i % 6]));
        let columns = (0..steps).map(|i| 100 * i as u64).collect();
        let mut data = HeatMapData::new("evidence above the bulk", rows.collect(), columns);
        for row in 0..layers {
            for step in 0..steps {
                let evidence = 12.0 * step as f64 / steps as f64 * ((row % 6) as f64 - 1.0) / 4.0;
                let value = evidence.max(0.0) + rng.random::<f64>();
                data.set(row, step, if row == 3 && step % 7 == 2 { f64::NAN } else { value });
            }
        }
        write(folder, &format!("heat-map-{name}"), &heat_map(&data))?;
    }

    let steps = || (0..=40).map(|i| 250 * i);
    let edges = |step: u64| {
        let high = 38.0 + step as f64 / 5_000.0;
        BandPoint::new(step, high - 32.0, high)
    };
    let largest = steps().map(|step| (step, 37.5 + (step as f64 / 2_000.0).powi(2)));
    let smallest = steps().map(|step| (step, 6.4 - step as f64 / 4_000.0));
    let data = Trajectory::new(name, "singular value ν")
        .with_band("bulk, ν₋ to ν₊", steps().map(edges))
        .with_series("largest", largest)
        .with_series("smallest", smallest);
    write(folder, "trajectory", &trajectory(&data))?;
    let many = (0..9).fold(Trajectory::new("p-values above", "p"), |data, i| {
        let points =
            (0..500).map(|s| (s, (-0.002 * (i * s) as f64 + 0.2 * normal(&mut rng)).exp()));
        data.with_series(format!("model.layers.{i}.up"), points.collect::<Vec<_>>())
    });
    write(folder, "trajectory-many", &trajectory(&many.with_logarithmic_axis()))?;
    Ok(())
}

fn write(folder: &Path, name: &str, drawing: &Drawing) -> Result<(), Box<dyn Error>> {
    std::fs::write(folder.join(format!("{name}.svg")), drawing.to_svg())?;
    std::fs::write(folder.join(format!("{name}.png")), drawing.to_rgb().to_png()?)?;
    Ok(())
}

fn normal(rng: &mut impl Rng) -> f64 {
    StandardNormal.sample(rng)
}

fn gaussian(count: usize, rng: &mut impl Rng) -> Vec<f64> {
    (0..count).map(|_| normal(rng)).collect()
}

/// Three directions of this strength added, sparse on the input side, and five rows weakened.
fn learned(
    noise: &[f64],
    (rows, cols): (usize, usize),
    strength: f64,
    rng: &mut impl Rng,
) -> Vec<f64> {
    let mut entries = noise.to_vec();
    for i in 0..3 {
        let left = gaussian(rows, rng);
        for (row, left) in left.iter().enumerate() {
            for col in (40 * i)..(40 * i + 10) {
                entries[row * cols + col] += strength * left / (3.0 + i as f64);
            }
        }
    }
    for entry in &mut entries[..5 * cols] {
        *entry *= 0.15;
    }
    entries
}

fn analyse(
    analyser: &Analyser,
    entries: &[f64],
    cols: usize,
) -> Result<LayerReport, Box<dyn Error>> {
    let matrix = Matrix::new(entries, entries.len() / cols, cols, Orientation::OutIn)?;
    let analysis = analyser.analyse(&matrix, Context::default())?;
    let id = LayerId::from_name("transformer.encoder.layers.3.pwff.linear_inner.weight");
    let report = LayerReport::new(0, 2_750, id, "f64".into(), analysis.report);
    Ok(report.with_profile(analysis.profile))
}
