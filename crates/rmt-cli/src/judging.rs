//! How matrices are judged: the options that subcommands share, and the analyser that they make.

use anyhow::Result;
use clap::{Args, ValueEnum};
use rmt_core::{Analyser, AnalysisOptions, NullModel, Nulls, ScaleEstimator};
use rmt_monitor::DiskCache;
use std::str::FromStr;

/// Permuted matrices behind a p-value unless the user says how many.
const PERMUTATIONS: usize = 199;

/// Estimator of the bulk's scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scale {
    /// The median singular value.
    Median,
    /// The middle 80 % of the singular values.
    #[value(alias = "trimmed-quantiles")]
    Trimmed,
    /// The root mean square of the entries, which is not robust to outliers.
    Entries,
    /// Like trimmed, repeated without the significant outliers; for spectra with many outliers.
    Fit,
}

impl From<Scale> for ScaleEstimator {
    fn from(scale: Scale) -> Self {
        match scale {
            Scale::Median => Self::Median,
            Scale::Trimmed => Self::TrimmedQuantiles,
            Scale::Entries => Self::Entries,
            Scale::Fit => Self::Fit,
        }
    }
}

/// What p-values are computed against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Null {
    Table,
    Simulate,
    Permutation(usize),
}

impl FromStr for Null {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, number) = match text.split_once(':') {
            Some((name, number)) => (name, Some(number)),
            None => (text, None),
        };
        match (name, number.map(str::parse)) {
            ("table", None) => Ok(Self::Table),
            ("simulate", None) => Ok(Self::Simulate),
            ("permutation", None) => Ok(Self::Permutation(PERMUTATIONS)),
            ("permutation", Some(Ok(permutations))) => Ok(Self::Permutation(permutations)),
            _ => Err("the nulls are table, simulate, permutation and permutation:B".into()),
        }
    }
}

/// Options that say how matrices are judged.
#[derive(Debug, Args)]
#[command(next_help_heading = "Analysis")]
pub(crate) struct Judging {
    /// Estimator of the bulk's scale.
    #[arg(long, value_enum, default_value = "trimmed")]
    scale: Scale,
    /// Greatest probability that a random matrix is found to deviate.
    #[arg(long, default_value_t = 0.01)]
    level: f64,
    /// Null that p-values are computed against: the shipped table of random matrices, random
    /// matrices simulated at exactly the shape, or B random orders of the matrix's own entries. The
    /// last is for entries with heavy tails and takes B decompositions per matrix.
    #[arg(long, value_name = "table|simulate|permutation[:B]", default_value = "table")]
    null: Null,
    /// Skips the singular vectors and their tests. It is about twice as fast for matrices that are
    /// not square.
    #[arg(long)]
    no_vectors: bool,
    /// Skips the correlation traps, which are outliers that remain when the entries are permuted.
    /// It saves a second decomposition of each matrix, without vectors.
    #[arg(long)]
    no_traps: bool,
    /// Skips the sign null, which separates structure from scale. With the sign null a deviating
    /// matrix takes several times as long.
    #[arg(long)]
    no_signs: bool,
}

impl Judging {
    /// An analyser that judges matrices with smaller sides from `min_side` on.
    pub(crate) fn analyser(&self, min_side: Option<usize>) -> Result<Analyser> {
        let mut options = AnalysisOptions::default();
        options.scale_estimator = self.scale.into();
        options.level = self.level;
        options.min_side = min_side.unwrap_or(options.min_side);
        options.vectors = !self.no_vectors;
        options.correlation_traps = !self.no_traps;
        options.sign_copies = if self.no_signs { 0 } else { options.sign_copies };
        if let Null::Permutation(permutations) = self.null {
            options.null_model = NullModel::Permutation { permutations };
        }
        let nulls = match self.null {
            Null::Simulate => Nulls::simulated(Nulls::DEFAULT_SEED),
            Null::Table | Null::Permutation(_) => Nulls::default(),
        };
        analyser(options, nulls)
    }
}

/// An analyser whose simulated nulls are kept among the user's caches.
pub(crate) fn analyser(options: AnalysisOptions, mut nulls: Nulls) -> Result<Analyser> {
    if let Some(directory) = DiskCache::default_directory() {
        nulls = nulls.with_cache(DiskCache::new(directory));
    }
    Ok(Analyser::new(options, nulls)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nulls_by_name() {
        assert_eq!("table".parse(), Ok(Null::Table));
        assert_eq!("simulate".parse(), Ok(Null::Simulate));
        assert_eq!("permutation".parse(), Ok(Null::Permutation(199)));
        assert_eq!("permutation:40".parse(), Ok(Null::Permutation(40)));
        for bad in ["", "tables", "table:3", "permutation:", "permutation:x", "permutation:-1"] {
            assert!(bad.parse::<Null>().is_err(), "{bad}");
        }
    }
}
