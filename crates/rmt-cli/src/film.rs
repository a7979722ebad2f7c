//! `rmt film`: the spectrum of one matrix of a run over the steps, as a picture that moves or as a strip.

use crate::output::Output;
use crate::terminal::clean;
use anyhow::{Context, Result, bail};
use clap::Args;
use rmt_core::LayerReport;
use rmt_monitor::{StoredProfile, read_profiles, read_reports, read_scalars};
use rmt_plot::{Course, film, filmstrip};
use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

const ABOUT: &str = "\
Draws the spectrum of one matrix of a run over the steps, as an SVG that moves.

Each frame has the histogram of the singular values at one step against the Marchenko-Pastur law, with the values
that are structure in colour. Below are the curves of --curve, with a cursor at that step; without it, the numbers of
values that are structure. The picture needs no scripts and loads nothing, so that it moves as an image of a README,
too. --still draws a few steps side by side instead.

The run must have spectra: the file profiles.jsonl in its directory.";

const EXAMPLES: &str = "\
Examples:
  rmt film runs/a blocks.0.up.weight -o up.svg
      how this matrix moves
  rmt film runs/grokking hidden.weight --curve accuracy/train --curve accuracy/test -o film.svg
      the same, with two scalars of the run below
  rmt film runs/grokking hidden.weight --curve accuracy/test --still --steps 0,150,2000,4000 -o strip.svg
      four steps side by side";

/// Frames, unless another number is asked for.
const FRAMES: usize = 24;
/// Steps side by side, likewise.
const STILL: usize = 4;
/// Names that a message has room for.
const NAMED: usize = 12;

/// Options of `rmt film`.
#[derive(Debug, Args)]
#[command(about = "Draws the spectrum of one matrix of a run over the steps")]
#[command(long_about = ABOUT, after_help = EXAMPLES)]
pub struct Options {
    /// Directory of the run.
    #[arg(value_name = "RUN_DIR")]
    run: PathBuf,
    /// Name of the matrix.
    #[arg(value_name = "MATRIX")]
    matrix: String,
    /// A scalar of the run to draw below; may be given twice or more.
    #[arg(long = "curve", value_name = "NAME")]
    curves: Vec<String>,
    /// Draws the steps side by side.
    #[arg(long)]
    still: bool,
    /// Steps to draw, spread evenly [default: 24, with --still 4].
    #[arg(long, value_name = "N")]
    frames: Option<NonZeroUsize>,
    /// The steps to draw.
    #[arg(long, value_name = "STEP,...", value_delimiter = ',', conflicts_with = "frames")]
    steps: Vec<u64>,
    /// Writes there instead of to standard output.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Writes the picture.
///
/// # Errors
/// When the run cannot be read, has no spectrum of the matrix or not that curve, or the picture cannot be written.
pub fn run(options: &Options) -> Result<()> {
    let name = || clean(&options.run.display().to_string()).to_string();
    let looks = looks(&options.run, &options.matrix).with_context(name)?;
    let looks = chosen(options, looks).with_context(name)?;
    let course = course(options, looks).with_context(name)?;
    let picture = if options.still {
        filmstrip(&course).map(|drawing| drawing.to_svg())
    } else {
        film(&course).map(|film| film.to_svg())
    };
    let picture = picture.context("the spectra have no scale, or no value")?;
    Output::open(options.output.as_deref(), &[])?.print(picture)
}

/// The reports of a matrix that have spectra, with them, in order of step.
fn looks(run: &Path, matrix: &str) -> Result<Vec<LayerReport>> {
    let reports = read_reports(run)?.reports;
    let when = |stored: StoredProfile| ((stored.step, stored.session), stored.profile);
    let mut spectra: HashMap<_, _> = read_profiles(run, matrix)?.into_iter().map(when).collect();
    let mut looks = Vec::new();
    let mut names: Vec<String> = Vec::new();
    for report in reports {
        let path = report.layer.path();
        if path != matrix {
            if !names.contains(&path) {
                names.push(path);
            }
        } else if let Some(profile) = spectra.remove(&(report.step, report.session)) {
            looks.push(report.with_profile(profile));
        }
    }
    if looks.is_empty() {
        bail!("no spectrum of {}; other matrices of the run: {}", clean(matrix), some(&names));
    }
    looks.sort_by_key(|look| look.step);
    Ok(looks)
}

/// Those that are to be drawn.
fn chosen(options: &Options, mut looks: Vec<LayerReport>) -> Result<Vec<LayerReport>> {
    let there: Vec<u64> = looks.iter().map(|look| look.step).collect();
    for step in &options.steps {
        if !there.contains(step) {
            let there: Vec<_> = there.iter().map(u64::to_string).collect();
            bail!(
                "no spectrum of {} at step {step}; steps: {}",
                clean(&options.matrix),
                some(&there)
            );
        }
    }
    let steps = if options.steps.is_empty() {
        let default = if options.still { STILL } else { FRAMES };
        spread(&there, options.frames.map_or(default, NonZeroUsize::get))
    } else {
        options.steps.clone()
    };
    looks.retain(|look| steps.contains(&look.step));
    Ok(looks)
}

/// Of steps in order `count` at most that lie evenly from the first to the last.
fn spread(steps: &[u64], count: usize) -> Vec<u64> {
    let (Some(first), Some(last)) = (steps.first(), steps.last()) else { return Vec::new() };
    let apart = (last - first) as f64 / count.saturating_sub(1).max(1) as f64;
    let nearest = |number: usize| {
        let wanted = *last as f64 - apart * number as f64;
        let distance = |step: &u64| (*step as f64 - wanted).abs();
        steps.iter().copied().min_by(|a, b| distance(a).total_cmp(&distance(b)))
    };
    let mut found: Vec<u64> = (0..count).filter_map(nearest).collect();
    found.dedup();
    found
}

/// These looks, above the curves that are asked for.
fn course(options: &Options, looks: Vec<LayerReport>) -> Result<Course> {
    if options.curves.is_empty() {
        return Ok(Course::new(looks));
    }
    let scalars = read_scalars(&options.run)?;
    let group = |name: &String| name.split_once('/').map(|(group, _)| group.to_owned());
    let groups: Vec<_> = options.curves.iter().map(group).collect();
    let shared = groups.first().cloned().flatten();
    let shared = shared.filter(|_| groups.windows(2).all(|pair| pair.first() == pair.last()));
    let mut course = Course::new(looks).with_quantity(shared.unwrap_or_else(|| "value".into()));
    for name in &options.curves {
        let Some(points) = scalars.get(name) else {
            let there: Vec<_> = scalars.keys().cloned().collect();
            bail!("no scalar {}; there are: {}", clean(name), some(&there));
        };
        course = course.with_curve(name, points.iter().copied());
    }
    Ok(course)
}

/// The first of these names, in one line.
fn some(names: &[String]) -> String {
    let shown: Vec<_> = names.iter().take(NAMED).map(|name| clean(name).to_string()).collect();
    match names.len().saturating_sub(NAMED) {
        0 if names.is_empty() => "none".into(),
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_lie_evenly_and_have_both_ends() {
        let steps: Vec<u64> = (0..=80).map(|k| 50 * k).collect();
        assert_eq!(spread(&steps, 5), [4000, 3000, 2000, 1000, 0]);
        assert_eq!(spread(&steps, 1), [4000]);
        assert_eq!(spread(&steps, 500).len(), 81);
        assert_eq!(spread(&[0, 10, 1000], 24), [1000, 10, 0]);
        assert!(spread(&[], 3).is_empty());
    }
}
