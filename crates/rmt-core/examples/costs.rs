//! What analysing costs, by size: decompositions, the statistics on top of them, and draws of the null.
//!
//! ```text
//! cargo run --release -p rmt-core --example costs -- [LARGEST]
//! ```
//!
//! Square Gaussian matrices of side 256, 512, … up to LARGEST (2048 by default), on one thread; each time
//! is the least of a few. Then a model of 1, 2, … 64 matrices of side 256. Prints Markdown, and the
//! exponents with which the times grow; `benches/growth.py` draws them.

#![allow(clippy::expect_used)]

use rand::SeedableRng;
use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;
use rmt_core::nulls::WishartSampler;
use rmt_core::spectrum::{decompose, singular_values};
use rmt_core::{Analyser, AnalysisOptions, Context, Matrix, Nulls, Orientation, RmtError};
use std::hint::black_box;
use std::time::Instant;

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

fn main() -> Result<(), RmtError> {
    let largest = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(2048);
    let mut options = AnalysisOptions::default();
    options.correlation_traps = false;
    let analyser = Analyser::new(options, Nulls::default())?;
    let whole = Analyser::new(AnalysisOptions::default(), Nulls::default())?;
    let mut columns = vec![Vec::new(); 4];
    println!(
        "| n | values | values and vectors | all statistics | statistics over decomposition | all, with the permuted matrix | dense draw over a draw of the null |"
    );
    println!("|---|---|---|---|---|---|---|");
    let mut n = 256;
    while n <= largest {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(n as u64);
        let mut dense =
            || -> Vec<f32> { (0..n * n).map(|_| StandardNormal.sample(&mut rng)).collect() };
        let entries = dense();
        let matrix = Matrix::new(&entries[..], n, n, Orientation::OutIn)?;
        let analyse = |analyser: &Analyser| {
            black_box(analyser.analyse(&matrix, Context::default()).expect("it is finite"));
        };
        let times = [
            seconds(|| drop(black_box(singular_values(&matrix)))),
            seconds(|| drop(black_box(decompose(&matrix)))),
            seconds(|| analyse(&analyser)),
            seconds(|| analyse(&whole)),
        ];
        let mut own = Xoshiro256PlusPlus::seed_from_u64(1);
        let mut sampler = WishartSampler::new(n, n)?;
        let null = seconds(|| {
            black_box(sampler.draw(&mut own));
        });
        let drawn = seconds(|| drop(black_box(dense())));
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
    let exponents: Vec<String> = columns.iter().map(|c| format!("n^{:.2}", exponent(c))).collect();
    println!(
        "| growth | {} | {} | {} | | {} | |",
        exponents[0], exponents[1], exponents[2], exponents[3]
    );
    layers(&whole)
}

/// Time against the number of matrices, one after the other.
fn layers(analyser: &Analyser) -> Result<(), RmtError> {
    const SIDE: usize = 256;
    let models: Vec<Vec<f32>> = (0..64)
        .map(|seed| {
            let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
            (0..SIDE * SIDE).map(|_| StandardNormal.sample(&mut rng)).collect()
        })
        .collect();
    println!("\n| matrices of {SIDE}×{SIDE} | all, with the permuted matrix |\n|---|---|");
    let mut points = Vec::new();
    for count in [1, 2, 4, 8, 16, 32, 64] {
        let time = seconds(|| {
            for entries in &models[..count] {
                let matrix = Matrix::new(&entries[..], SIDE, SIDE, Orientation::OutIn);
                let report = matrix.and_then(|m| analyser.analyse(&m, Context::default()));
                black_box(report.expect("it is finite"));
            }
        });
        points.push((count as f64, time));
        println!("| {count} | {:.1} ms |", 1e3 * time);
    }
    println!("| growth | L^{:.2} |", exponent(&points));
    Ok(())
}
