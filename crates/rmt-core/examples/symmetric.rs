//! What the ways to a symmetric eigenproblem cost.
//!
//! ```text
//! cargo run --release -p rmt-core --example symmetric -- [--vectors] [N …]
//! ```
//!
//! Gram matrices of square Gaussian ones, on one thread; prints a line for each n: n, and the least
//! seconds of three runs, of values alone in one stage and in two, or of vectors. `benches/symmetric.py` runs it beside LAPACK.

use rand::SeedableRng;
use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;
use rmt_core::RmtError;
use rmt_core::spectrum::{Reduction, symmetric_eigen, symmetric_eigenvalues};
use std::time::Instant;

const RUNS: usize = 3;

fn main() -> Result<(), RmtError> {
    let (options, sizes): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|argument| argument.starts_with('-'));
    let vectors = options.iter().any(|option| option == "--vectors");
    for n in sizes.iter().filter_map(|text| text.parse().ok()) {
        let gram = gram(n);
        if vectors {
            println!("{n} {:.5}", least(|| symmetric_eigen(&gram, n).map(|_| ()))?);
            continue;
        }
        let [one, two] = [Reduction::OneStage, Reduction::TwoStages]
            .map(|reduction| least(|| symmetric_eigenvalues(&gram, n, reduction).map(|_| ())));
        println!("{n} {:.5} {:.5}", one?, two?);
    }
    Ok(())
}

/// Least seconds of the runs.
fn least(run: impl Fn() -> Result<(), RmtError>) -> Result<f64, RmtError> {
    let mut least = f64::INFINITY;
    for _ in 0..RUNS {
        let start = Instant::now();
        run()?;
        least = least.min(start.elapsed().as_secs_f64());
    }
    Ok(least)
}

/// A·Aᵀ by columns, plainly: only the time after it counts.
fn gram(n: usize) -> Vec<f64> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(n as u64);
    let a: Vec<f64> = (0..n * n).map(|_| StandardNormal.sample(&mut rng)).collect();
    let mut gram = vec![0.0; n * n];
    for k in 0..n {
        let column = &a[k * n..(k + 1) * n];
        for (x, row) in column.iter().zip(gram.chunks_exact_mut(n)) {
            row.iter_mut().zip(column).for_each(|(sum, y)| *sum += x * y);
        }
    }
    gram
}
