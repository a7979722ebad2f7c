//! Microbiomes for a model that knows them, made by a rule from the table of the model's own package: the
//! mean and the standard deviation of the share of each genus in the samples that it was trained on.
//!
//! A sample has 62 genera, drawn with odds in proportion to their means; the share of each is its mean
//! times an exponential variable, and they are in the order in which the model reads them, by how many
//! standard deviations the share is above the mean. They stand in for real samples, which no package
//! has; which genera live together is not in them.

use std::path::Path;

use anyhow::{Context, Result};
use rand::SeedableRng;
use rand::seq::index::sample_weighted;
use rand_distr::{Distribution, Exp1};
use rand_xoshiro::Xoshiro256PlusPlus;

const SAMPLES: usize = 1000;
const GENERA: usize = 62;

/// Names of genera, separated by spaces, a sample each.
///
/// # Errors
/// Where the table cannot be read.
pub fn microbiomes(table: &Path, seed: u64) -> Result<Vec<String>> {
    let text = std::fs::read_to_string(table).with_context(|| table.display().to_string())?;
    let genus = |line: &str| {
        let mut fields = line.split(',');
        let (name, mean, deviation) = (fields.next()?, fields.next()?, fields.next()?);
        Some((name.to_owned(), mean.parse::<f64>().ok()?, deviation.trim().parse::<f64>().ok()?))
    };
    let genera: Vec<_> = text.lines().skip(1).filter_map(genus).collect();
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut all = Vec::with_capacity(SAMPLES);
    for _ in 0..SAMPLES {
        let drawn = sample_weighted(&mut rng, genera.len(), |at| genera[at].1, GENERA)?;
        let scored = drawn.iter().map(|at| {
            let (name, mean, deviation) = &genera[at];
            let share: f64 = Exp1.sample(&mut rng);
            (mean * (share - 1.0) / deviation, name.as_str())
        });
        let mut scored: Vec<(f64, &str)> = scored.collect();
        scored.sort_by(|a, b| b.0.total_cmp(&a.0));
        all.push(scored.iter().map(|(_, name)| *name).collect::<Vec<_>>().join(" "));
    }
    Ok(all)
}
