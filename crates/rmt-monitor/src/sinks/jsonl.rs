//! JSONL files: one JSON object per line.

use super::Sink;
use super::files::{no_link, still_at};
use crate::error::SinkError;
use crate::file_names::{ALERTS, METRICS, PROFILES, SCALARS, WARNINGS};
use crate::matrices::{MatrixIndex, PerMatrix};
use crate::record::{GradientTick, Health, Record, Scalars, Tick};
use crate::rows::Stored;
use crate::tags;
use crate::visible::to_json_line;
use rmt_core::LayerReport;
use rmt_core::layers::LayerId;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Writes `metrics.jsonl` (layer reports only), `scalars.jsonl` (the user's scalars, and figures of
/// the monitor, the whole model and gradients), `profiles.jsonl` (full spectra of some reports),
/// `gradients.jsonl` (full spectra of gradients, equally often), `tables.jsonl` (one object per row
/// of a table), `alerts.jsonl` and `warnings.jsonl`.
///
/// Each record reaches its file in one write, so a killed process leaves at most one torn line, the
/// last. Nothing is buffered, so `flush` has nothing to do. A file that was removed or replaced is
/// begun anew. A symbolic link in its place is refused, so that nothing outside the directory is
/// written. At the end of the run the files are synchronized to disk (`fsync`).
#[derive(Debug)]
pub struct Jsonl {
    directory: PathBuf,
    files: BTreeMap<&'static str, Lines>,
    session: u32,
    profiles_every: u64,
    /// Reports so far, and gradients: not every tick has every matrix.
    counts: PerMatrix<u64>,
    gradient_counts: PerMatrix<u64>,
}

#[derive(Serialize)]
struct ScalarRow<'a> {
    session: u32,
    step: u64,
    name: &'a str,
    value: f64,
    wall_time: f64,
}

/// A row of one matrix.
#[derive(Serialize)]
struct MatrixRow<'a, T: Serialize> {
    session: u32,
    step: u64,
    name: &'a str,
    part: Option<&'a str>,
    #[serde(flatten)]
    what: T,
}

impl<'a, T: Serialize> MatrixRow<'a, T> {
    fn new(session: u32, step: u64, layer: &'a LayerId, what: T) -> Self {
        Self { session, step, name: &layer.name, part: layer.part.as_deref(), what }
    }
}

/// The spectrum of a gradient.
#[derive(Serialize)]
struct Spectrum<'a> {
    singular_values: &'a [f64],
}

#[derive(Serialize)]
struct TableRow<'a> {
    table: &'a str,
    step: u64,
    #[serde(flatten)]
    cells: BTreeMap<&'a String, &'a String>,
}

impl Jsonl {
    /// Appends to the files in `directory`. Writes the spectra of a layer with every
    /// `profiles_every`-th of its reports; 0 writes none.
    pub fn new(directory: &Path, profiles_every: u64) -> Self {
        Self {
            directory: directory.to_owned(),
            files: BTreeMap::new(),
            session: 0,
            profiles_every,
            counts: PerMatrix::default(),
            gradient_counts: PerMatrix::default(),
        }
    }

    /// Sets the session that alerts and warnings belong to. The default is 0.
    pub fn with_session(mut self, session: u32) -> Self {
        self.session = session;
        self
    }

    fn append<T: Serialize>(
        &mut self,
        name: &'static str,
        rows: impl Iterator<Item = T>,
    ) -> Result<(), SinkError> {
        let file = self.files.entry(name);
        file.or_insert_with(|| Lines::new(self.directory.join(name))).append(rows)
    }

    fn scalars(
        &mut self,
        (session, step, wall_time): (u32, u64, f64),
        scalars: &[(String, f64)],
    ) -> Result<(), SinkError> {
        let rows = scalars.iter().map(|(name, value)| ScalarRow {
            session,
            step,
            name,
            value: *value,
            wall_time,
        });
        self.append(SCALARS, rows)
    }

    fn tick(&mut self, tick: &Tick) -> Result<(), SinkError> {
        let health = tick.health.iter().flat_map(Health::scalars);
        let health = health.map(|(name, x)| (format!("monitor/{name}"), x));
        let model = tick.scalars().into_iter().map(|(name, x)| (format!("model/{name}"), x));
        let scalars: Vec<(String, f64)> = health.chain(model).collect();
        // Every file is tried, whatever becomes of the others.
        let metrics = self.append(METRICS, tick.reports.iter());
        let scalars = self.scalars((tick.session, tick.step, tick.wall_time), &scalars);
        let profiles = if self.profiles_every > 0 { self.profiles(tick) } else { Ok(()) };
        metrics.and(scalars).and(profiles)
    }

    fn profiles(&mut self, tick: &Tick) -> Result<(), SinkError> {
        let (every, counts) = (self.profiles_every, &mut self.counts);
        let due = tick.numbered().filter_map(|(matrix, report)| {
            // Between full analyses there is none.
            let profile = report.profile.as_ref()?;
            let LayerReport { session, step, layer, .. } = report;
            turn(counts, matrix, every).then(|| MatrixRow::new(*session, *step, layer, profile))
        });
        let due: Vec<_> = due.collect();
        self.append(PROFILES, due.into_iter())
    }

    fn gradients(&mut self, tick: &GradientTick) -> Result<(), SinkError> {
        let GradientTick { session, step, wall_time, .. } = *tick;
        let scalars: Vec<(String, f64)> = tick
            .reports
            .iter()
            .flat_map(|(layer, report)| {
                let path = layer.path();
                let name = move |x| format!("{}/{x}/{path}", tags::GRADIENTS);
                report.scalars().map(move |(x, value)| (name(x), value))
            })
            .collect();
        let scalars = self.scalars((session, step, wall_time), &scalars);
        let (every, counts) = (self.profiles_every, &mut self.gradient_counts);
        let due: Vec<_> =
            tick.numbered().filter(|(matrix, ..)| turn(counts, *matrix, every)).collect();
        let spectra = due.into_iter().map(|(_, layer, report)| {
            let singular_values = &report.singular_values[..];
            MatrixRow::new(session, step, layer, Spectrum { singular_values })
        });
        scalars.and(self.append("gradients.jsonl", spectra))
    }

    /// Brings every file to the disk.
    fn sync(&mut self) -> Result<(), SinkError> {
        self.files.values().map(Lines::sync).fold(Ok(()), Result::and)
    }
}

/// Counts a report of `matrix`; whether it is one of every `every`, the first included (0: none is).
fn turn(counts: &mut PerMatrix<u64>, matrix: MatrixIndex, every: u64) -> bool {
    let count = counts.of(matrix);
    *count += 1;
    every > 0 && (*count - 1).is_multiple_of(every)
}

impl Sink for Jsonl {
    fn name(&self) -> &str {
        "jsonl"
    }

    fn write(&mut self, record: &Record<'_>) -> Result<(), SinkError> {
        match record {
            Record::Tick(tick) => self.tick(tick),
            Record::Gradients(tick) => self.gradients(tick),
            Record::Scalars(Scalars { session, step, wall_time, values }) => {
                self.scalars((*session, *step, *wall_time), values)
            }
            Record::Table { name, step, table } => {
                let rows = table.rows.iter().map(|cells| TableRow {
                    table: name,
                    step: *step,
                    cells: table.columns.iter().zip(cells).collect(),
                });
                self.append("tables.jsonl", rows)
            }
            Record::Alerts(alerts) => {
                let session = self.session;
                let rows = alerts.iter().map(|what| Stored { session, what });
                self.append(ALERTS, rows)
            }
            Record::Warning(what) => {
                let row = Stored { session: self.session, what };
                self.append(WARNINGS, std::iter::once(row))
            }
            Record::End(_) => self.sync(),
            Record::Start { .. } => Ok(()),
        }
    }
}

/// A file of lines that is opened again after an error, never continuing a torn line.
#[derive(Debug)]
struct Lines {
    path: PathBuf,
    file: Option<File>,
}

impl Lines {
    fn new(path: PathBuf) -> Self {
        Self { path, file: None }
    }

    fn append<T: Serialize>(&mut self, rows: impl Iterator<Item = T>) -> Result<(), SinkError> {
        let mut text = Vec::new();
        for row in rows {
            text.append(&mut to_json_line(&row)?);
        }
        if text.is_empty() {
            return Ok(());
        }
        let written = self.open().and_then(|file| file.write_all(&text));
        written.map_err(|cause| {
            self.file = None;
            SinkError::Io { path: self.path.clone(), cause }
        })
    }

    fn open(&mut self) -> io::Result<&mut File> {
        let file = match self.file.take() {
            // What is written to a file that was removed is seen by nobody.
            Some(file) if still_at(&file, &self.path) => file,
            _ => {
                let mut options = OpenOptions::new();
                options.create(true).read(true).append(true);
                let mut file = no_link(&mut options, &self.path)?.open(&self.path)?;
                if !ends_a_line(&mut file)? {
                    file.write_all(b"\n")?;
                }
                file
            }
        };
        Ok(self.file.insert(file))
    }

    fn sync(&self) -> Result<(), SinkError> {
        let synced = self.file.as_ref().map_or(Ok(()), File::sync_data);
        synced.map_err(|cause| SinkError::Io { path: self.path.clone(), cause })
    }
}

fn ends_a_line(file: &mut File) -> io::Result<bool> {
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(true);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last == [b'\n'])
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use rmt_core::Table;
    use std::fs;

    fn scalars(step: u64) -> Scalars {
        let values = vec![("loss".into(), 0.5), ("weird \"name\"\n".into(), 1.0)];
        Scalars { session: 2, step, wall_time: 1.5, values }
    }

    #[test]
    fn rows_are_lines_and_a_torn_line_is_not_continued() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("scalars.jsonl");
        let mut sink = Jsonl::new(directory.path(), 1);
        sink.write(&Record::Scalars(&scalars(7))).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().count(), 2);
        let first = text.lines().next().unwrap();
        let expected = r#"{"session":2,"step":7,"name":"loss","value":0.5,"wall_time":1.5}"#;
        assert_eq!(first, expected);
        fs::write(&path, "{\"torn").unwrap();
        let mut sink = Jsonl::new(directory.path(), 1);
        sink.write(&Record::Scalars(&scalars(8))).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().next().unwrap(), "{\"torn");
        assert_eq!(text.lines().count(), 3);
    }

    #[test]
    fn gradients_have_curves_at_each_step_and_spectra_every_so_often() {
        let directory = tempfile::tempdir().unwrap();
        let mut sink = Jsonl::new(directory.path(), 2);
        for step in 0..4 {
            sink.write(&Record::Gradients(&GradientTick::example(step, &["a.weight"]))).unwrap();
        }
        let read = |file| fs::read_to_string(directory.path().join(file)).unwrap();
        let scalars = read("scalars.jsonl");
        let first = scalars.lines().next().unwrap();
        let name = "rmt_8_gradients/norm/a.weight";
        assert!(first.contains(&format!(r#""step":0,"name":"{name}","value":5.0"#)), "{first}");
        assert_eq!(scalars.lines().count(), 4 * 3);
        let row = |step| {
            format!(r#"{{"session":0,"step":{step},"name":"a.weight","part":null,"#)
                + r#""singular_values":[4.0,3.0]}"#
        };
        assert_eq!(read("gradients.jsonl").lines().collect::<Vec<_>>(), [row(0), row(2)]);
        let mut sink = Jsonl::new(directory.path(), 0);
        sink.write(&Record::Gradients(&GradientTick::example(4, &["a.weight"]))).unwrap();
        assert_eq!(read("gradients.jsonl").lines().count(), 2);
    }

    #[test]
    fn a_row_of_a_table_is_an_object() {
        let directory = tempfile::tempdir().unwrap();
        let text = |cells: &[&str]| cells.iter().map(|&cell| cell.to_owned()).collect();
        let rows = vec![text(&["1", "x"]), text(&["2", "y"])];
        let table = Table::new(text(&["a", "b"]), rows);
        Jsonl::new(directory.path(), 0)
            .write(&Record::Table { name: "t", step: 0, table: &table })
            .unwrap();
        let found = fs::read_to_string(directory.path().join("tables.jsonl")).unwrap();
        let expected = [
            r#"{"table":"t","step":0,"a":"1","b":"x"}"#,
            r#"{"table":"t","step":0,"a":"2","b":"y"}"#,
        ];
        assert_eq!(found.lines().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn goes_on_when_the_fault_goes_away() {
        let base = tempfile::tempdir().unwrap();
        let missing = base.path().join("run");
        let mut sink = Jsonl::new(&missing, 1);
        let error = sink.write(&Record::Scalars(&scalars(1))).unwrap_err().to_string();
        assert!(error.contains("scalars.jsonl"), "{error}");
        fs::create_dir(&missing).unwrap();
        sink.write(&Record::Scalars(&scalars(2))).unwrap();
        assert_eq!(fs::read_to_string(missing.join("scalars.jsonl")).unwrap().lines().count(), 2);
    }
}
