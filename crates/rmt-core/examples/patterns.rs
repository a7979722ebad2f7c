//! What the entries of a matrix cost beside Gaussian ones, for counting instructions: `.ci/instructions` does,
//! and fails where a pattern takes more than three times as many.
//!
//! ```text
//! patterns                        # names of the patterns, one a line
//! patterns PATTERN SIDE [ROUTE]   # analyses it; without a route, only makes it
//! ```
//!
//! Routes: `values` (singular values alone), `vectors` (and singular vectors).

use rand::SeedableRng;
use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;
use rmt_core::{Analyser, AnalysisOptions, Context, Matrix, Nulls, Orientation};
use std::error::Error;
use std::hint::black_box;

/// Entry (i, j) of a matrix with n rows and columns, from a Gaussian one at the same place.
type Entry = fn(usize, usize, usize, f64) -> f64;

/// Rank, grading and zeros, alone and together.
const PATTERNS: [(&str, Entry); 25] = [
    ("gaussian", |_, _, _, x| x),
    // As the updates of a layer behind dead units: one column of zeros among many that nearly vanish.
    ("dead_units", |_, j, n, x| if j == 0 { 0.0 } else { x * nearly(j < n / 9, 1e-9) }),
    ("dead_inputs", |i, _, n, x| if i == 0 { 0.0 } else { x * nearly(i < n / 9, 1e-9) }),
    ("nearly_dead", |_, j, n, x| x * nearly(j < n / 9, 1e-9)),
    ("zero_column", |_, j, _, x| x * nearly(j == 0, 0.0)),
    ("zero_row", |i, _, _, x| x * nearly(i == 0, 0.0)),
    ("zero_cross", |i, j, _, x| x * nearly(i == 0 || j == 7, 0.0)),
    ("half_of_the_columns", |_, j, n, x| x * nearly(j < n / 2, 0.0)),
    ("half_of_the_rows", |i, _, n, x| x * nearly(i < n / 2, 0.0)),
    ("tenth_of_the_columns", |_, j, n, x| x * nearly(j < n / 10, 0.0)),
    ("graded_rows", |i, _, n, x| x * graded(i, n, 16.0)),
    ("graded_columns", |_, j, n, x| x * graded(j, n, 16.0)),
    ("steep_rows", |i, _, n, x| x * graded(i, n, 130.0)),
    ("steep_rows_and_columns", |i, j, n, x| x * graded(i, n, 130.0) * graded(j, n, 130.0)),
    ("isolated_rows", |i, _, _, x| x * [1.0, 1e-4, 1e-8, 1e-12].get(i).unwrap_or(&1e-15)),
    ("two_rows", |i, _, _, x| x * [1.0, 1e-4].get(i).unwrap_or(&1e-7)),
    ("two_scales", |i, _, _, x| x * nearly(i % 2 == 0, 1e-6)),
    ("fourteen_scales", |i, _, _, x| x * 10_f64.powi(-((i * 5 % 14) as i32))),
    ("rank_one", |i, j, _, _| (1.0 + i as f64).sin() * (1.0 + j as f64).cos()),
    ("rank_one_and_noise", |i, j, _, x| {
        (1.0 + i as f64).sin() * (1.0 + j as f64).cos() + 1e-10 * x
    }),
    ("hilbert", |i, j, _, _| 1.0 / (1 + i + j) as f64),
    ("identity", |i, j, _, _| nearly(i != j, 0.0)),
    ("one_entry", |i, j, _, x| x * nearly(i + j > 0, 0.0)),
    ("sparse", |_, _, _, x| x * nearly(x < 2.3, 0.0)),
    ("blocks", |i, j, n, x| x * nearly(8 * i / n != 8 * j / n, 0.0)),
];

/// `factor` where `it` holds, else 1.
fn nearly(it: bool, factor: f64) -> f64 {
    if it { factor } else { 1.0 }
}

/// From 1 down over so many `decades`, evenly.
fn graded(k: usize, n: usize, decades: f64) -> f64 {
    10_f64.powf(-decades * k as f64 / n as f64)
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, side, route @ ..] = arguments.as_slice() else {
        PATTERNS.iter().for_each(|(name, _)| println!("{name}"));
        return Ok(());
    };
    let entry = PATTERNS.iter().find(|pattern| pattern.0 == name).ok_or("no such pattern")?.1;
    let n: usize = side.parse()?;
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    let mut gaussian = || -> f64 { StandardNormal.sample(&mut rng) };
    let entries: Vec<f64> = (0..n * n).map(|k| entry(k / n, k % n, n, gaussian())).collect();
    let matrix = Matrix::new(&entries[..], n, n, Orientation::OutIn)?;
    let mut options = AnalysisOptions::default();
    match route.first().map(String::as_str) {
        None => {
            black_box(entries);
            return Ok(());
        }
        Some("values") => options.vectors = false,
        Some("vectors") => {}
        Some(_) => return Err("no such route".into()),
    }
    // Without the ladder, which a matrix that looks random does not climb.
    let context = Context::default().with_ladder(false);
    black_box(Analyser::new(options, Nulls::default())?.analyse(&matrix, context)?);
    Ok(())
}
