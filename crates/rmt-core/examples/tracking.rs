//! What following a matrix costs beside analysing it in full.
//!
//! ```text
//! cargo run --release -p rmt-core --example tracking
//! ```
//!
//! A Gaussian matrix that moves by a hundredth of its norm from snapshot to snapshot, on one thread: the least of a
//! few full analyses with default options and of as many snapshots, in turns. Prints Markdown.

#![allow(clippy::expect_used)]

use rand::SeedableRng;
use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;
use rmt_core::tracking::TrackingOptions;
use rmt_core::{Analyser, AnalysisOptions, Context, Matrix, Nulls, Orientation, RmtError};
use std::time::Instant;

const SNAPSHOTS: usize = 5;
const MOVES: f64 = 0.01;

fn main() -> Result<(), RmtError> {
    let analyser = Analyser::new(AnalysisOptions::default(), Nulls::default())?;
    let mut bare = AnalysisOptions::default();
    bare.correlation_traps = false;
    let bare = Analyser::new(bare, Nulls::default())?;
    println!(
        "| shape | full | full, without traps | followed | full over followed | ν₁ in error by, at most |"
    );
    println!("|---|---|---|---|---|---|");
    for (m, n) in [(512, 512), (768, 768), (768, 3072), (1024, 1024), (2048, 2048)] {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(m as u64 + n as u64);
        let mut draw =
            || -> Vec<f32> { (0..m * n).map(|_| StandardNormal.sample(&mut rng)).collect() };
        let (start, other) = (draw(), draw());
        let at = |snapshot: usize| -> Vec<f32> {
            let (s, c) = (MOVES * snapshot as f64).sin_cos();
            start.iter().zip(&other).map(|(x, y)| c as f32 * x + s as f32 * y).collect()
        };
        let context = Context::default().with_tracking(Some(TrackingOptions::default()));
        let matrix = Matrix::new(&start[..], m, n, Orientation::OutIn)?;
        let mut tracker = analyser.analyse(&matrix, context)?.tracker.expect("large enough");
        let (mut full, mut without, mut followed) = (f64::MAX, f64::MAX, f64::MAX);
        let mut error = 0.0_f64;
        for snapshot in 1..=SNAPSHOTS {
            let entries = at(snapshot);
            let matrix = Matrix::new(&entries[..], m, n, Orientation::OutIn)?;
            let begun = Instant::now();
            let report = analyser.track(&matrix, &mut tracker)?.expect("it is noise");
            followed = followed.min(begun.elapsed().as_secs_f64());
            let begun = Instant::now();
            let exact = analyser.analyse(&matrix, Context::default())?.report;
            full = full.min(begun.elapsed().as_secs_f64());
            let begun = Instant::now();
            bare.analyse(&matrix, Context::default())?;
            without = without.min(begun.elapsed().as_secs_f64());
            if let (Some(found), Some(exact)) = (report.largest, exact.largest) {
                error = error.max((found / exact - 1.0).abs());
            }
        }
        println!(
            "| {m}×{n} | {:.1} ms | {:.1} ms | {:.1} ms | {:.1} | {error:.1e} |",
            1e3 * full,
            1e3 * without,
            1e3 * followed,
            full / followed
        );
    }
    Ok(())
}
