//! Runs as the page has them.

use crate::parts::{Part, is_part, join};
use crate::terminal::clean;
use anyhow::{Context, Result, bail};
use rmt_core::signs::SpectrumBand;
use rmt_core::{LayerReport, Profile};
use rmt_monitor::{
    Alert, Findings, NOTHING_FOUND, ReaderError, Stored, read_alerts, read_last_profiles,
    read_reports, read_warnings,
};
use rmt_page::Run;
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Component, Path, PathBuf};

/// A run of these rows, in order of step and then of the model, with its alerts where it was watched.
fn run(name: String, rows: &[LayerReport], alerts: Option<Vec<Stored<Alert>>>) -> Result<Run> {
    let mut run = Run::new(name.clone());
    let mut sessions = HashMap::new();
    for row in rows {
        let path = row.layer.path();
        if sessions.insert((row.step, path.clone()), row.session).is_some() {
            bail!("{name}: {} is there twice at step {}", clean(&path), row.step);
        }
        run.add(row);
    }
    if run.is_empty() {
        bail!(NOTHING);
    }
    let Some(alerts) = alerts else { return Ok(run) };
    let mut findings = Findings::default();
    // Those of reports that a later session took the place of are left out.
    for Stored { session, what: alert, .. } in alerts {
        let of_it = sessions.get(&(alert.step, alert.layer.clone()));
        if of_it.is_none_or(|row| *row == session) {
            findings.add(&alert);
            run.alert(alert.into());
        }
    }
    run.found(findings.all().into_iter().map(rmt_page::Finding::from).collect(), NOTHING_FOUND);
    Ok(run)
}

/// What is wrong with a run without reports.
const NOTHING: &str = "there is no report in it";

/// The rows of each run in these directories.
///
/// # Errors
/// When one is no directory of a run, or cannot be read.
pub(super) fn rows(paths: &[PathBuf]) -> Result<Vec<(PathBuf, Vec<LayerReport>)>> {
    let mut runs = Vec::new();
    for path in paths {
        let name = || clean(&path.display().to_string());
        if !path.is_dir() {
            bail!(
                "{}: it is no directory of a run; rmt inspect --answers reads checkpoints",
                name()
            );
        }
        runs.extend(directories(path).with_context(name)?);
    }
    Ok(runs)
}

/// Reads runs, each with where it is. Parts of one inspection are one run, and a directory of runs is all
/// of them.
///
/// # Errors
/// When one cannot be read, or parts are missing or doubled.
pub(super) fn load(paths: &[PathBuf]) -> Result<Vec<(PathBuf, Run)>> {
    let mut runs: Vec<(PathBuf, Vec<LayerReport>)> = Vec::new();
    let mut inspections: Vec<(usize, Vec<Part>)> = Vec::new();
    for path in paths {
        if path.is_dir() {
            runs.extend(directories(path)?);
        } else if is_part(path)? {
            let part = Part::read(path)?;
            let beside = |(_, parts): &&mut (usize, Vec<Part>)| {
                parts.first().is_some_and(|first| first.header.is_beside(&part.header))
            };
            match inspections.iter_mut().find(beside) {
                Some((_, parts)) => parts.push(part),
                None => {
                    inspections.push((runs.len(), vec![part]));
                    runs.push((path.clone(), Vec::new()));
                }
            }
        } else {
            let name = || path.display().to_string();
            let lines = BufReader::new(File::open(path).with_context(name)?).split(b'\n');
            let lines = lines.collect::<Result<Vec<_>, _>>().with_context(name)?;
            let rows = rows_of(lines.iter().map(Vec::as_slice)).with_context(name)?;
            runs.push((path.clone(), rows));
        }
    }
    for (place, parts) in &inspections {
        if let Some((_, joined)) = runs.get_mut(*place) {
            *joined = rows_of(join(parts)?.into_iter())?;
        }
    }
    let names = names(&runs.iter().map(|(path, _)| path.as_path()).collect::<Vec<_>>());
    let named = names.into_iter().zip(runs);
    named
        .map(|(name, (path, rows))| {
            let alerts = if path.is_dir() { Some(read_alerts(&path)?) } else { None };
            let warnings = if path.is_dir() { read_warnings(&path)? } else { Vec::new() };
            let mut run = run(name, &rows, alerts).with_context(|| path.display().to_string())?;
            warnings.into_iter().for_each(|stored| run.warn(stored.what.into()));
            Ok((path, run))
        })
        .collect()
}

/// The run in a directory, or all runs in directories of it. Of these, what has no report yet is noted.
fn directories(path: &Path) -> Result<Vec<(PathBuf, Vec<LayerReport>)>> {
    let nothing = match directory(path) {
        Ok(rows) => return Ok(vec![(path.to_owned(), rows)]),
        Err(error) => match error.downcast_ref::<ReaderError>() {
            Some(ReaderError::Nothing { .. }) => error,
            _ => return Err(error),
        },
    };
    let name = || path.display().to_string();
    let entries = path.read_dir().and_then(|entries| entries.collect::<Result<Vec<_>, _>>());
    let mut below: Vec<PathBuf> =
        entries.with_context(name)?.into_iter().map(|entry| entry.path()).collect();
    below.retain(|path| path.is_dir());
    below.sort();
    let mut runs = Vec::new();
    for path in below {
        match directory(&path) {
            Ok(rows) if rows.is_empty() => {
                eprintln!("note: {}: {NOTHING}", clean(&path.display().to_string()));
            }
            Ok(rows) => runs.push((path, rows)),
            Err(error) => match error.downcast_ref::<ReaderError>() {
                Some(ReaderError::Nothing { .. }) => {}
                _ => return Err(error),
            },
        }
    }
    if runs.is_empty() {
        return Err(nothing.context("no run, and no directory of runs"));
    }
    Ok(runs)
}

/// # Errors
/// When it is no run ([`ReaderError::Nothing`]), or cannot be read.
fn directory(path: &Path) -> Result<Vec<LayerReport>> {
    let mut rows = read_reports(path)?.reports;
    let mut profiles = read_last_profiles(path)?;
    for row in &mut rows {
        let path = row.layer.path();
        let of_it = |p: &rmt_monitor::StoredProfile| (p.step, p.session) == (row.step, row.session);
        if profiles.get(&path).is_some_and(of_it) {
            row.profile = profiles.remove(&path).map(|stored| stored.profile);
        }
    }
    // The reader has them in the order of their names, which puts block 10 before block 2. Without
    // the model's own order, that of the blocks is something.
    let order = order(path);
    let place = |row: &LayerReport| order.get(&row.layer.path()).copied().unwrap_or(usize::MAX);
    rows.sort_by_key(|row| (row.step, place(row), row.layer.block));
    Ok(rows)
}

/// Place of each layer in the model, as `run.json` says; nothing without it.
fn order(directory: &Path) -> BTreeMap<String, usize> {
    #[derive(Deserialize)]
    struct Info {
        layers: Vec<Layer>,
    }
    #[derive(Deserialize)]
    struct Layer {
        name: String,
        part: Option<String>,
    }
    let text = std::fs::read(directory.join("run.json")).unwrap_or_default();
    let layers = serde_json::from_slice::<Info>(&text).map_or_else(|_| Vec::new(), |i| i.layers);
    let path = |Layer { name, part }| {
        let layer = rmt_core::layers::LayerId::from_name(name);
        part.into_iter().fold(layer, rmt_core::layers::LayerId::with_part).path()
    };
    layers.into_iter().map(path).enumerate().map(|(place, path)| (path, place)).collect()
}

/// # Errors
/// When a line is not a report.
fn rows_of<'a>(lines: impl Iterator<Item = &'a [u8]>) -> Result<Vec<LayerReport>> {
    #[derive(Deserialize)]
    struct Spectrum {
        #[serde(default)]
        singular_values: Vec<f64>,
        copies: Option<SpectrumBand>,
    }
    let mut rows = Vec::new();
    for (number, line) in lines.enumerate() {
        if line.trim_ascii().is_empty() {
            continue;
        }
        let place = || format!("line {}", number + 1);
        let report: LayerReport = serde_json::from_slice(line).with_context(place)?;
        if report.schema > rmt_core::report::SCHEMA {
            bail!("line {}: it is of schema {}, which is too new", number + 1, report.schema);
        }
        let Spectrum { singular_values, copies } =
            serde_json::from_slice(line).with_context(place)?;
        rows.push(if singular_values.is_empty() {
            report
        } else {
            let mut profile = Profile::default();
            (profile.singular_values, profile.copies) = (singular_values, copies);
            report.with_profile(profile)
        });
    }
    rows.sort_by_key(|row| row.step);
    Ok(rows)
}

/// The last component of each path, without the ending of a file; where two end alike, as many components
/// before it as tell them apart.
fn names(paths: &[&Path]) -> Vec<String> {
    let components = |path: &&Path| -> Vec<String> {
        // `.` and `..` have none.
        let path = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
        let whole = if path.is_dir() { path } else { path.with_extension("") };
        let names = whole.components().filter_map(|component| match component {
            Component::Normal(name) => Some(name.to_string_lossy().into_owned()),
            _ => None,
        });
        names.collect()
    };
    let all: Vec<Vec<String>> = paths.iter().map(components).collect();
    let last = |own: &[String], count: usize| {
        own.get(own.len().saturating_sub(count)..).unwrap_or_default().join("/")
    };
    let alone = |number: usize, name: &String, count: usize| {
        let mut others = all.iter().enumerate().filter(|(other, _)| *other != number);
        others.all(|(_, other)| last(other, count) != *name)
    };
    let name = |(number, (own, path)): (usize, (&Vec<String>, &&Path))| {
        let short = (1..=own.len()).map(|count| (count, last(own, count)));
        let mut short = short.filter(|(count, name)| alone(number, name, *count));
        // The same twice, or a.x and a.y.
        short.next().map_or_else(|| path.display().to_string(), |(_, name)| name)
    };
    all.iter().zip(paths).enumerate().map(name).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn runs_that_end_alike_are_told_apart_by_what_is_before() {
        let of = |paths: &[&str]| names(&paths.iter().map(Path::new).collect::<Vec<_>>());
        assert_eq!(of(&["x/a.jsonl", "y/b", "z/b.jsonl"]), ["a", "y/b", "z/b"]);
        assert_eq!(of(&["v/a/run", "w/a/run", "w/b/run"]), ["v/a/run", "w/a/run", "b/run"]);
        assert_eq!(of(&["a.x", "a.y", "a"]), ["a.x", "a.y", "a"]);
        assert_eq!(of(&["run.jsonl"]), ["run"]);
    }

    #[test]
    fn the_name_of_a_directory_has_no_ending() {
        let base = tempfile::tempdir().unwrap();
        let paths = ["normal_0.2_width_64", "normal_0.2_width_256"].map(|n| base.path().join(n));
        paths.iter().for_each(|path| std::fs::create_dir(path).unwrap());
        let paths: Vec<&Path> = paths.iter().map(AsRef::as_ref).collect();
        assert_eq!(names(&paths), ["normal_0.2_width_64", "normal_0.2_width_256"]);
    }
}
