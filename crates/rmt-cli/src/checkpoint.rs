//! A checkpoint that is open: its matrices, and the step that it was taken at.

use crate::formats::{Source, is_adapter};
use crate::matrices::{Plan, plan};
use crate::selection::Selection;
use crate::steps::{Steps, steps_of};
use crate::terminal::clean;
use anyhow::{Error, Result, bail};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// A file, its matrices, and the step that its weights are of.
pub(crate) struct Checkpoint {
    pub(crate) path: PathBuf,
    pub(crate) step: u64,
    /// What the step was taken from, where it was not given.
    pub(crate) step_from: Option<&'static str>,
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
    let (steps, from) = match steps {
        [] => {
            let found = steps_of(paths.iter().map(PathBuf::as_path));
            let Steps { steps, from } = found.map_err(Error::msg)?;
            (steps, Some(from))
        }
        given if given.len() == paths.len() => (given.to_vec(), None),
        given => bail!("--step gives {} steps for {} checkpoints", given.len(), paths.len()),
    };
    let mut seen = HashMap::new();
    for (step, path) in steps.iter().zip(paths) {
        if let Some(other) = seen.insert(step, path) {
            let (one, two) = (other.display(), path.display());
            bail!("--step: {one} and {two} cannot both be of step {step}");
        }
    }
    let mut checkpoints = open_at(paths, steps, selection, None)?;
    checkpoints.iter_mut().for_each(|checkpoint| checkpoint.step_from = from);
    Ok(checkpoints)
}

/// Opens every path as of its step, and says which names that options speak of none of them has. Adapters are
/// added to `--base`, and without it to `base`.
///
/// # Errors
/// When a file cannot be read, or `--base` is given and none is an adapter.
pub(crate) fn open_at(
    paths: &[PathBuf],
    steps: impl IntoIterator<Item = u64>,
    selection: &Selection,
    base: Option<&Path>,
) -> Result<Vec<Checkpoint>> {
    if selection.base.is_some() && !paths.iter().any(|path| is_adapter(path)) {
        bail!("--base: nothing is added to it: no checkpoint has an adapter_config.json beside it");
    }
    let base = selection.base.as_deref().or(base);
    let open = |(path, step): (&PathBuf, u64)| open(path, step, selection, base);
    let checkpoints: Vec<Checkpoint> = paths.iter().zip(steps).map(open).collect::<Result<_>>()?;
    if let Some((first, others)) = checkpoints.split_first() {
        for rule in &first.plan.unused {
            if others.iter().all(|other| other.plan.unused.contains(rule)) {
                let (setting, glob) = rule;
                let option = if *setting == "kind" { "--kind-of" } else { "--layout" };
                eprintln!("note: {option}: no matrix has a name like {}", clean(glob));
            }
        }
    }
    Ok(checkpoints)
}

/// # Errors
/// When it cannot be read.
fn open(path: &Path, step: u64, selection: &Selection, base: Option<&Path>) -> Result<Checkpoint> {
    let source = selection.open(path, base)?;
    let plan = plan(source.as_ref(), &selection.wanted(path)?)?;
    Ok(Checkpoint { path: path.to_owned(), step, step_from: None, source, plan })
}
