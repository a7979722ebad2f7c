//! The paths on which rmt-core spends its time, one a run, for counting their instructions:
//! `.ci/instructions` does, and fails where they have grown.
//!
//! ```text
//! hot_paths analyse|values|decompose|null|nothing
//! ```

use rand::SeedableRng;
use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;
use rmt_core::nulls::WishartSampler;
use rmt_core::spectrum::{decompose, singular_values};
use rmt_core::{Analyser, AnalysisOptions, Context, Matrix, Nulls, Orientation, RmtError};
use std::hint::black_box;

const ROWS: usize = 256;
const COLS: usize = 384;

fn main() -> Result<(), RmtError> {
    let path = std::env::args().nth(1).unwrap_or_default();
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    let entries: Vec<f32> = (0..ROWS * COLS).map(|_| StandardNormal.sample(&mut rng)).collect();
    let matrix = Matrix::new(&entries[..], ROWS, COLS, Orientation::OutIn)?;
    let analyser = Analyser::new(AnalysisOptions::default(), Nulls::default())?;
    match path.as_str() {
        "analyse" => drop(black_box(analyser.analyse(&matrix, Context::default())?)),
        "values" => drop(black_box(singular_values(&matrix)?)),
        "decompose" => drop(black_box(decompose(&matrix)?)),
        "null" => {
            black_box(WishartSampler::new(ROWS, COLS)?.draw(&mut rng));
        }
        // What the others are measured from.
        _ => drop(black_box((&matrix, &analyser))),
    }
    Ok(())
}
