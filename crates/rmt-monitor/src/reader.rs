//! Reads the reports of a run, including one that several processes shared.

use crate::error::ReaderError;
use crate::file_names::{METRICS, WARNINGS};
use crate::rows::{self, Stored};
use crate::summary::Warning;
use rmt_core::LayerReport;
use rmt_core::report::SCHEMA;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

/// The monitor's warnings from `warnings.jsonl` of the run in `directory` and of the processes that
/// shared it, in order of session and step. Lines that are cut short are skipped. A run without
/// such a file has no warnings.
///
/// # Errors
/// [`ReaderError`] if a file cannot be read, or a line is neither a warning nor cut short.
pub fn read_warnings(directory: impl AsRef<Path>) -> Result<Vec<Stored<Warning>>, ReaderError> {
    let mut warnings: Vec<Stored<Warning>> = rows::all(directory.as_ref(), WARNINGS)?;
    warnings.sort_by_key(|stored| (stored.session, stored.what.step));
    Ok(warnings)
}

/// The reports of a run.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Reports {
    /// One report per step and matrix, in order of step and path.
    pub reports: Vec<LayerReport>,
    /// Number of rows that a later session, or a later row for the same step and matrix, replaced.
    pub replaced: usize,
    /// Number of lines that were cut short, by a killed process, a full disk or a power failure.
    pub torn_lines: usize,
    /// Number of files read: the run's own, or one per process that shared it.
    pub runs: usize,
}

/// Where a row was, and the row.
struct Row {
    file: usize,
    report: LayerReport,
}

/// Reads `metrics.jsonl` of the run in `directory`, and of the processes (`rank_*`) that shared it.
///
/// Of several rows for one step and matrix, the row of the highest session counts, and within one
/// file and session the last row. A session that goes back to an earlier step replaces all rows of
/// earlier sessions from that step on, even if it ends before their last step, because those rows
/// describe other weights. A session with another number of processes gets a higher number than all
/// sessions before it.
///
/// # Errors
/// [`ReaderError`] if there is no such file, if a file cannot be read, if a line is
/// neither a report nor cut short, or if two processes of one session report different figures of
/// one matrix.
pub fn read_reports(directory: impl AsRef<Path>) -> Result<Reports, ReaderError> {
    let mut found = Reports::default();
    let mut rows: BTreeMap<(u64, String), Row> = BTreeMap::new();
    found.runs = each_report(directory.as_ref(), |report, files| match report {
        Some(report) => found.add(&mut rows, report, files),
        None => {
            found.torn_lines += 1;
            Ok(())
        }
    })?;
    let begun = sessions(rows.values());
    let read = rows.len();
    found.reports = rows
        .into_values()
        .map(|row| row.report)
        .filter(|report| {
            let later = begun[&report.layer.path()].range(report.session + 1..);
            later.into_iter().all(|(_, first)| *first > report.step)
        })
        .collect();
    found.replaced += read - found.reports.len();
    Ok(found)
}

/// Of each matrix, the first step of each session.
fn sessions<'a>(rows: impl Iterator<Item = &'a Row>) -> HashMap<String, BTreeMap<u32, u64>> {
    let mut found: HashMap<String, BTreeMap<u32, u64>> = HashMap::new();
    // In order of step.
    for Row { report, .. } in rows {
        found.entry(report.layer.path()).or_default().entry(report.session).or_insert(report.step);
    }
    found
}

/// Calls `take` with each report as it stands in the files, directory by directory, and with `None` for a
/// line that is cut short; the last of the paths is the file that it is in. Gives the number of files.
pub(crate) fn each_report(
    directory: &Path,
    mut take: impl FnMut(Option<LayerReport>, &[PathBuf]) -> Result<(), ReaderError>,
) -> Result<usize, ReaderError> {
    let files =
        rows::each(directory, METRICS, |report: Option<LayerReport>, place| match report {
            Some(LayerReport { schema, .. }) if schema > SCHEMA => {
                Err(place.error(format!("it is of schema {schema}, this version reads {SCHEMA}")))
            }
            report => take(report, place.files),
        })?;
    match files {
        0 => Err(ReaderError::Nothing { directory: directory.to_owned() }),
        files => Ok(files),
    }
}

impl Reports {
    /// Adds a row of the last of `files`.
    fn add(
        &mut self,
        rows: &mut BTreeMap<(u64, String), Row>,
        report: LayerReport,
        files: &[PathBuf],
    ) -> Result<(), ReaderError> {
        let new = Row { file: files.len() - 1, report };
        match rows.entry((new.report.step, new.report.layer.path())) {
            Entry::Vacant(entry) => {
                entry.insert(new);
            }
            Entry::Occupied(mut entry) => {
                let old = entry.get();
                let (before, now) = (old.report.session, new.report.session);
                if old.file != new.file && before == now && old.report != new.report {
                    return Err(ReaderError::Conflict {
                        step: new.report.step,
                        layer: new.report.layer.path(),
                        session: now,
                        files: [files[old.file].clone(), files[new.file].clone()],
                    });
                }
                if now >= before {
                    entry.insert(new);
                }
                self.replaced += 1;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::samples;
    use std::fs;

    /// `content` tells reports of one matrix apart.
    fn report(session: u32, step: u64, name: &str, content: &str) -> LayerReport {
        let mut report = samples::report_of(name, step);
        report.layer = report.layer.with_part("q");
        (report.session, report.profile) = (session, None);
        report.report.notes.push(content.into());
        report
    }

    fn write(directory: &Path, rows: &[LayerReport]) -> PathBuf {
        fs::create_dir_all(directory).unwrap();
        let text = rows.iter().map(|row| serde_json::to_string(row).unwrap() + "\n");
        let path = directory.join(METRICS);
        fs::write(&path, text.collect::<String>()).unwrap();
        path
    }

    fn append(path: &Path, text: &[u8]) {
        let whole = [&fs::read(path).unwrap(), text].concat();
        fs::write(path, whole).unwrap();
    }

    #[test]
    fn rows_come_back_as_they_were_joined_and_in_order() {
        let base = tempfile::tempdir().unwrap();
        let row = |step, name| report(0, step, name, "");
        let mine = row(0, "b.weight");
        write(base.path(), std::slice::from_ref(&mine));
        assert_eq!(read_reports(base.path()).unwrap().reports, std::slice::from_ref(&mine));
        write(&base.path().join("rank_1"), &[row(10, "a.weight"), row(0, "a.weight")]);
        write(&base.path().join("rank_0"), &[row(10, "b.weight"), row(9, "c.weight")]);
        // The same once more is no conflict.
        write(&base.path().join("rank_2"), &[mine]);
        write(&base.path().join("other"), &[row(3, "d.weight")]);
        let found = read_reports(base.path()).unwrap();
        let rows: Vec<_> = found.reports.iter().map(|r| (r.step, r.layer.name.as_str())).collect();
        let expected =
            [(0, "a.weight"), (0, "b.weight"), (9, "c.weight"), (10, "a.weight"), (10, "b.weight")];
        assert_eq!(rows, expected);
        assert_eq!((found.runs, found.replaced, found.torn_lines), (4, 1, 0));
    }

    #[test]
    fn the_highest_session_wins_and_within_one_the_last_row() {
        let base = tempfile::tempdir().unwrap();
        let row = |session, step, content| report(session, step, "a", content);
        let later = [row(1, 10, "later"), row(1, 10, "last"), row(0, 0, "kept")];
        write(&base.path().join("rank_0"), &later);
        write(&base.path().join("rank_1"), &[row(0, 10, "earlier"), row(2, 0, "highest")]);
        let found = read_reports(base.path()).unwrap();
        let contents: Vec<String> =
            found.reports.iter().map(|row| row.report.notes.last().unwrap().to_string()).collect();
        // Session 2 began anew, and has not come to step 10.
        assert_eq!((contents, found.replaced), (vec!["highest".to_owned()], 4));
    }

    #[test]
    fn a_session_that_goes_back_takes_the_place_of_what_came_later() {
        let base = tempfile::tempdir().unwrap();
        let row = |session, step, name| report(session, step, name, "");
        let rows = [
            [row(0, 0, "a"), row(0, 10, "a"), row(0, 20, "a"), row(0, 30, "a")].to_vec(),
            // Of another matrix it says nothing.
            [row(1, 20, "a"), row(0, 30, "b"), row(2, 10, "c")].to_vec(),
        ];
        write(base.path(), &rows.concat());
        let found = read_reports(base.path()).unwrap();
        let kept: Vec<_> =
            found.reports.iter().map(|r| (&r.layer.name[..], r.session, r.step)).collect();
        let expected = [("a", 0, 0), ("a", 0, 10), ("c", 2, 10), ("a", 1, 20), ("b", 0, 30)];
        assert_eq!((kept, found.replaced), (expected.to_vec(), 2));
    }

    #[test]
    fn processes_that_disagree_are_an_error_that_names_both() {
        let base = tempfile::tempdir().unwrap();
        write(&base.path().join("rank_0"), &[report(1, 10, "a", "one")]);
        write(&base.path().join("rank_1"), &[report(1, 10, "a", "other")]);
        let error = read_reports(base.path()).unwrap_err().to_string();
        for part in ["`a.q` at step 10", "session 1", "rank_0/metrics", "rank_1/metrics"] {
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn a_line_that_was_cut_short_is_counted_and_any_other_is_an_error() {
        let base = tempfile::tempdir().unwrap();
        let rows = [report(0, 0, "a", "Größe"), report(0, 10, "a", "")];
        let path = write(base.path(), &rows);
        let whole = fs::read(&path).unwrap();
        let end = whole.iter().position(|&byte| byte == b'\n').unwrap();
        // Wherever it is cut, also within a character.
        for length in (1..end).step_by(7).chain(end - 20..end) {
            fs::write(&path, &whole[..length]).unwrap();
            let found = read_reports(base.path()).unwrap();
            assert_eq!((found.reports.len(), found.torn_lines), (0, 1), "{length}");
        }
        // Whole but for its line's end.
        fs::write(&path, &whole[..end]).unwrap();
        let found = read_reports(base.path()).unwrap();
        assert_eq!((found.reports.len(), found.torn_lines), (1, 0));
        // A later session ends the torn line and goes on.
        fs::write(&path, &whole[..end / 2]).unwrap();
        append(&path, b"\n");
        append(&path, &whole);
        let found = read_reports(base.path()).unwrap();
        assert_eq!((&found.reports[..], found.torn_lines), (&rows[..], 1));

        // Room that was never written.
        fs::write(&path, &whole[..end / 2]).unwrap();
        append(&path, &[0; 700]);
        let found = read_reports(base.path()).unwrap();
        assert_eq!((found.reports.len(), found.torn_lines), (0, 1));

        for line in ["not a report", "{\"schema\": 1}", "{\"a\": 1} {"] {
            fs::write(&path, &whole).unwrap();
            append(&path, format!("\n{line}\n").as_bytes());
            let error = read_reports(base.path()).unwrap_err();
            assert!(matches!(error, ReaderError::Row { line: 4, .. }), "{error}");
            assert!(error.to_string().contains("metrics.jsonl, line 4"), "{error}");
        }
        let mut newer = rows[0].clone();
        newer.schema = SCHEMA + 1;
        write(base.path(), &[newer]);
        let error = read_reports(base.path()).unwrap_err().to_string();
        assert!(error.contains("line 1") && error.contains("schema 2"), "{error}");
    }

    #[test]
    fn nothing_to_read_is_a_clear_error() {
        let base = tempfile::tempdir().unwrap();
        let error = read_reports(base.path()).unwrap_err();
        assert!(matches!(error, ReaderError::Nothing { .. }), "{error}");
        let missing = read_reports(base.path().join("missing")).unwrap_err();
        assert!(missing.to_string().contains("missing"), "{missing}");
        fs::create_dir(base.path().join(METRICS)).unwrap();
        let error = read_reports(base.path()).unwrap_err();
        assert!(matches!(error, ReaderError::Io { .. }), "{error}");
    }
}
