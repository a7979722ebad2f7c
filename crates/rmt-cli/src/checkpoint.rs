//! A checkpoint that is open: its matrices, and the step that it was taken at.

use crate::formats::{self, Source};
use crate::matrices::{Plan, Planned, plan};
use crate::selection::Selection;
use crate::steps::steps_of;
use anyhow::{Result, bail};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// A file, its matrices, and the step that its weights are of.
pub(crate) struct Checkpoint {
    pub(crate) path: PathBuf,
    pub(crate) step: u64,
    pub(crate) source: Box<dyn Source>,
    pub(crate) plan: Plan,
}

impl Checkpoint {
    /// What it is called in tables.
    pub(crate) fn name(&self) -> String {
        self.path.display().to_string()
    }
}

/// Opens every path. Steps are those given, else what the names say.
///
/// # Errors
/// When a file cannot be read, or the steps do not fit the files.
pub(crate) fn open_all(
    paths: &[PathBuf],
    steps: &[u64],
    selection: &Selection,
) -> Result<Vec<Checkpoint>> {
    let steps = match steps {
        [] => steps_of(paths.iter().map(PathBuf::as_path)),
        given if given.len() == paths.len() => given.to_vec(),
        given => bail!("--step gives {} steps for {} checkpoints", given.len(), paths.len()),
    };
    let mut seen = HashMap::new();
    for (step, path) in steps.iter().zip(paths) {
        if let Some(other) = seen.insert(step, path) {
            let (one, two) = (other.display(), path.display());
            bail!("--step: {one} and {two} cannot both be of step {step}");
        }
    }
    let open = |(path, step): (&PathBuf, u64)| open(path, step, selection);
    paths.iter().zip(steps).map(open).collect()
}

/// # Errors
/// When it cannot be read.
pub(crate) fn open(path: &Path, step: u64, selection: &Selection) -> Result<Checkpoint> {
    let source = formats::open(path)?;
    let plan = plan(source.as_ref(), &selection.wanted(path)?)?;
    Ok(Checkpoint { path: path.to_owned(), step, source, plan })
}

/// What a matrix costs: m²n multiplications, for each decomposition.
pub(crate) fn cost(matrix: &Planned) -> f64 {
    let [rows, cols] = matrix.shape.map(|side| side as f64);
    rows.min(cols) * rows * cols
}
