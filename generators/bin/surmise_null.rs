//! Prints the quantiles in `crates/rmt-core/src/statistics/spacing/surmise_null.rs`, in a quarter of an hour:
//!
//!     cargo run --release -p rmt-generators --bin surmise_null

use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use rmt_core::RmtError;
use rmt_core::nulls::WishartSampler;
use rmt_core::statistics::spacing::{surmise_distance, unfold};

/// Smaller side, and draws for each of two aspect ratios.
const SIZES: [(usize, usize); 9] = [
    (92, 10_000),
    (128, 10_000),
    (192, 10_000),
    (256, 10_000),
    (512, 5000),
    (1024, 4000),
    (2048, 2000),
    (4096, 750),
    (8192, 150),
];
const TAILS: [f64; 18] = [
    0.999, 0.99, 0.95, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002,
    0.001,
];

fn main() -> Result<(), RmtError> {
    let mut all = Vec::new();
    for (small, draws) in SIZES {
        for large in [small, 2 * small] {
            let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
            let mut sampler = WishartSampler::new(small, large)?;
            for _ in 0..draws {
                let Some(positions) = unfold::by_broadening(sampler.draw(&mut rng)) else {
                    continue;
                };
                let spacings = unfold::spacings(unfold::interior(&positions));
                let n = spacings.len() as f64;
                all.push((n.sqrt() + 0.3) * surmise_distance(&spacings) / (1.0 + 5e-5 * n));
            }
        }
    }
    all.sort_by(f64::total_cmp);
    for p in TAILS {
        println!("({:.4}, {p}),", all[((1.0 - p) * all.len() as f64) as usize]);
    }
    Ok(())
}
