//! What analysing costs, by size and by number of matrices: decompositions, the statistics on top of them, and
//! draws of the null.
//!
//! ```text
//! cargo run --release -p rmt-core --example costs -- [LARGEST]
//! ```
//!
//! Square Gaussian matrices of side 256, 512, … up to LARGEST (2048 by default; 4096 takes some minutes), then
//! 1, 2, 4, … 64 of 256×256, on one thread; each time is the least of a few. Prints Markdown, and the exponents
//! with which the times grow, over all sizes and over the last doubling. `benches/growth.py` draws it.

#![allow(clippy::expect_used)]

use rand::SeedableRng;
use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;
use rmt_core::nulls::WishartSampler;
use rmt_core::spectrum::{decompose, singular_values};
use rmt_core::{Analyser, AnalysisOptions, Context, Matrix, Nulls, Orientation, RmtError};
use std::hint::black_box;
use std::time::Instant;

const SMALLEST: usize = 256;
const MOST_MATRICES: usize = 64;

/// Least seconds of as many runs as fit into about a second, at least two.
fn seconds(mut run: impl FnMut()) -> f64 {
    let begun = Instant::now();
    let mut least = f64::INFINITY;
    let mut runs = 0;
    while runs < 2 || (runs < 20 && begun.elapsed().as_secs_f64() < 1.0) {
        let start = Instant::now();
        run();
        least = least.min(start.elapsed().as_secs_f64());
        runs += 1;
    }
    least
}

/// Slope of log time against log n by least squares.
fn exponent(points: &[(f64, f64)]) -> f64 {
    let n = points.len() as f64;
    let logs: Vec<(f64, f64)> = points.iter().map(|(x, y)| (x.ln(), y.ln())).collect();
    let (mx, my) = logs.iter().fold((0.0, 0.0), |m, p| (m.0 + p.0 / n, m.1 + p.1 / n));
    let covariance: f64 = logs.iter().map(|(x, y)| (x - mx) * (y - my)).sum();
    covariance / logs.iter().map(|(x, _)| (x - mx).powi(2)).sum::<f64>()
}

/// The same over all points and between the last two.
fn exponents(points: &[(f64, f64)]) -> String {
    let last = points.get(points.len().saturating_sub(2)..).unwrap_or(points);
    format!("n^{:.2}, n^{:.2}", exponent(points), exponent(last))
}

fn gaussian(n: usize, rng: &mut Xoshiro256PlusPlus) -> Vec<f32> {
    (0..n * n).map(|_| StandardNormal.sample(rng)).collect()
}

/// Where the correlation traps are asked for, each matrix is decomposed twice.
fn analyser(correlation_traps: bool) -> Result<Analyser, RmtError> {
    let mut options = AnalysisOptions::default();
    options.correlation_traps = correlation_traps;
    Analyser::new(options, Nulls::default())
}

fn by_size(largest: usize) -> Result<(), RmtError> {
    let (once, twice) = (analyser(false)?, analyser(true)?);
    let mut columns = vec![Vec::new(); 4];
    println!(
        "| n | values | values and vectors | all statistics | statistics over decomposition | all, with the permuted matrix | dense draw over a draw of the null |"
    );
    println!("|---|---|---|---|---|---|---|");
    let mut n = SMALLEST;
    while n <= largest {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(n as u64);
        let entries = gaussian(n, &mut rng);
        let matrix = Matrix::new(&entries[..], n, n, Orientation::OutIn)?;
        let analyse = |analyser: &Analyser| {
            black_box(analyser.analyse(&matrix, Context::default()).expect("it is finite"));
        };
        let times = [
            seconds(|| drop(black_box(singular_values(&matrix)))),
            seconds(|| drop(black_box(decompose(&matrix)))),
            seconds(|| analyse(&once)),
            seconds(|| analyse(&twice)),
        ];
        let mut own = Xoshiro256PlusPlus::seed_from_u64(1);
        let mut sampler = WishartSampler::new(n, n)?;
        let together = WishartSampler::TOGETHER;
        let draws = || sampler.for_each(together, &mut own, |nu| _ = black_box(nu[0]));
        let null = seconds(draws) / together as f64;
        let drawn = seconds(|| drop(black_box(gaussian(n, &mut rng))));
        for (column, time) in columns.iter_mut().zip(times) {
            column.push((n as f64, time));
        }
        let [values, vectors, all, trapped] = times.map(|t| format!("{:.1} ms", 1e3 * t));
        println!(
            "| {n} | {values} | {vectors} | {all} | {:+.1} % | {trapped} | {:.0} |",
            100.0 * (times[2] / times[1] - 1.0),
            (times[0] + drawn) / null
        );
        n *= 2;
    }
    let [values, vectors, all, trapped] = [0, 1, 2, 3].map(|k| exponents(&columns[k]));
    println!("| growth | {values} | {vectors} | {all} | | {trapped} | |");
    Ok(())
}

fn by_number() -> Result<(), RmtError> {
    let analyser = analyser(true)?;
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(2);
    let all: Vec<Vec<f32>> = (0..MOST_MATRICES).map(|_| gaussian(SMALLEST, &mut rng)).collect();
    let mut points = Vec::new();
    println!("| matrices of {SMALLEST}×{SMALLEST} | all, with the permuted matrix | each |");
    println!("|---|---|---|");
    let mut number = 1;
    while number <= MOST_MATRICES {
        let time = seconds(|| {
            for entries in &all[..number] {
                let matrix = Matrix::new(&entries[..], SMALLEST, SMALLEST, Orientation::OutIn);
                let matrix = matrix.expect("it has as many entries");
                black_box(analyser.analyse(&matrix, Context::default()).expect("it is finite"));
            }
        });
        points.push((number as f64, time));
        println!("| {number} | {:.1} ms | {:.1} ms |", 1e3 * time, 1e3 * time / number as f64);
        number *= 2;
    }
    println!("| growth | {} | |", exponents(&points));
    Ok(())
}

fn main() -> Result<(), RmtError> {
    let largest = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(2048);
    by_size(largest)?;
    println!();
    by_number()
}
