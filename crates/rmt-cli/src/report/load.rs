//! Runs as the page has them.

use crate::parts::{Part, is_part, join};
use anyhow::{Context, Result, bail};
use rmt_core::{LayerReport, Profile};
use rmt_monitor::{Alert, read_alerts, read_last_profiles, read_reports};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Component, Path, PathBuf};

/// A run: reports of layers at steps.
pub(super) struct Run {
    /// What it is called beside others.
    pub(super) name: String,
    /// In order of step, then as the model or the file has them; with a profile where it is drawn.
    pub(super) rows: Vec<LayerReport>,
    /// Paths of the layers, in the order of the rows.
    pub(super) layers: Vec<String>,
    /// Steps, in order.
    pub(super) steps: Vec<u64>,
    /// What the monitor called for attention, in order of step.
    pub(super) alerts: Vec<Alert>,
    /// Number of each layer's row at each step.
    places: HashMap<(u64, String), usize>,
}

impl Run {
    fn new(name: String, rows: Vec<LayerReport>) -> Result<Self> {
        let mut seen = BTreeSet::new();
        let mut layers = Vec::new();
        let mut places = HashMap::new();
        for (number, row) in rows.iter().enumerate() {
            let path = row.layer.path();
            if seen.insert(path.clone()) {
                layers.push(path.clone());
            }
            if places.insert((row.step, path.clone()), number).is_some() {
                bail!(
                    "{name}: {} is there twice at step {}",
                    crate::terminal::clean(&path),
                    row.step
                );
            }
        }
        if rows.is_empty() {
            bail!("there is no report in it");
        }
        let steps: BTreeSet<u64> = rows.iter().map(|row| row.step).collect();
        let (steps, alerts) = (steps.into_iter().collect(), Vec::new());
        Ok(Self { name, rows, layers, steps, alerts, places })
    }

    /// The report of a layer at a step.
    pub(super) fn at(&self, step: u64, layer: &str) -> Option<&LayerReport> {
        // A key of borrowed parts would need a type of its own.
        self.places.get(&(step, layer.to_owned())).and_then(|number| self.rows.get(*number))
    }

    /// All reports of a layer, by step.
    pub(super) fn of<'a>(&'a self, layer: &'a str) -> impl Iterator<Item = &'a LayerReport> {
        self.steps.iter().filter_map(move |step| self.at(*step, layer))
    }

    /// The last report of each layer.
    pub(super) fn latest(&self) -> Vec<&LayerReport> {
        self.layers.iter().filter_map(|layer| self.of(layer).last()).collect()
    }

    /// Takes over the alerts of the run in `directory`, but for those of reports that a later session
    /// took the place of.
    fn with_alerts(mut self, directory: &Path) -> Result<Self> {
        let kept = |stored: &rmt_monitor::StoredAlert| {
            let row = self.at(stored.alert.step, &stored.alert.layer);
            row.is_none_or(|row| row.session == stored.session)
        };
        let stored = read_alerts(directory)?.into_iter().filter(kept);
        self.alerts = stored.map(|stored| stored.alert).collect();
        Ok(self)
    }

    /// The last report of a layer that has a spectrum.
    pub(super) fn drawn<'a>(&'a self, layer: &'a str) -> Option<&'a LayerReport> {
        self.of(layer).filter(|row| row.profile.is_some()).last()
    }
}

/// Reads runs; parts of one inspection are one run.
///
/// # Errors
/// When one cannot be read, or parts are missing or doubled.
pub(super) fn load(paths: &[PathBuf]) -> Result<Vec<Run>> {
    let mut runs: Vec<(PathBuf, Vec<LayerReport>)> = Vec::new();
    let mut inspections: Vec<(usize, Vec<Part>)> = Vec::new();
    for path in paths {
        if path.is_dir() {
            runs.push((path.clone(), directory(path)?));
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
            let rows = rows(lines.iter().map(Vec::as_slice)).with_context(name)?;
            runs.push((path.clone(), rows));
        }
    }
    for (place, parts) in &inspections {
        if let Some((_, joined)) = runs.get_mut(*place) {
            *joined = rows(join(parts)?.into_iter())?;
        }
    }
    let names = names(&runs.iter().map(|(path, _)| path.as_path()).collect::<Vec<_>>());
    let named = names.into_iter().zip(runs);
    named
        .map(|(name, (path, rows))| {
            let run = Run::new(name, rows);
            let run = run.and_then(|r| if path.is_dir() { r.with_alerts(&path) } else { Ok(r) });
            run.with_context(|| path.display().to_string())
        })
        .collect()
}

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
fn rows<'a>(lines: impl Iterator<Item = &'a [u8]>) -> Result<Vec<LayerReport>> {
    #[derive(Deserialize)]
    struct Spectrum {
        #[serde(default)]
        singular_values: Vec<f64>,
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
        let Spectrum { singular_values } = serde_json::from_slice(line).with_context(place)?;
        rows.push(if singular_values.is_empty() {
            report
        } else {
            let mut profile = Profile::default();
            profile.singular_values = singular_values;
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
