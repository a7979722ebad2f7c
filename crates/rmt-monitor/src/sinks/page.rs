//! The live page of a run.

mod earlier;
mod pace;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

use super::Sink;
use crate::alerts::{Alert, AlertLevel, Finding, Findings, NOTHING_FOUND};
use crate::error::SinkError;
use crate::record::{Record, Tick, wall_time};
use crate::summary::{Summary, Warning};
use crate::whole_file;
use pace::Pace;
use rmt_page::{End, MARK, MARK_WITHIN, Run, State};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Why the page is not written over what is there.
const FOREIGN: &str = "this file is not a page of rmt; move it away";

/// Writes `index.html`, the page that `rmt report` makes, during the run. It opens from disk. It
/// reloads itself until the run ends.
///
/// It is written at the first tick, whenever some layer's number of reports has doubled, at every
/// alert or warning, and at the end. Between the first and the last time it is written at most
/// every 10 seconds and for at most 2 % of the time. A postponed page is written once its time has
/// come. The file is replaced as a whole, so a reader never sees half of it. Its memory is bounded,
/// however long the run is ([`Run::bounded`]).
///
/// In a resumed run the page has the reports and alerts of earlier sessions up to the step where
/// this one begins. They are read once, at the first tick.
///
/// If the page cannot be written, the following records try again, and count as lost until it
/// succeeds. A file with that name that is not a page of this program stays as it is.
#[derive(Debug)]
pub struct Page {
    directory: PathBuf,
    path: PathBuf,
    run: Run,
    findings: Findings,
    pace: Pace,
    /// The first step of this session, once it is known.
    begun: Option<u64>,
    /// Earlier sessions were read.
    read: bool,
    latest: Option<u64>,
    /// What is there is known to be a page.
    ours: bool,
    /// There is something new that should be shown.
    pending: bool,
    /// The last attempt failed for this reason.
    failed: Option<(io::ErrorKind, String)>,
    /// How the run ended, once it has.
    end: Option<End>,
}

impl Page {
    /// Writes into `directory`, which must exist.
    pub fn new(directory: &Path) -> Self {
        Self::with_pace(directory, Pace::default())
    }

    /// Sets the shortest time from one page to the next, instead of 10 seconds. With zero the page
    /// is written at every record, whatever time that takes.
    #[must_use]
    pub fn with_interval(mut self, least: Duration) -> Self {
        self.pace = Pace::default().with_least(least);
        self
    }

    fn with_pace(directory: &Path, pace: Pace) -> Self {
        Self {
            path: path(directory),
            directory: directory.to_owned(),
            run: Run::bounded(name(directory)),
            findings: Findings::default(),
            pace,
            begun: None,
            read: false,
            latest: None,
            ours: false,
            pending: false,
            failed: None,
            end: None,
        }
    }

    /// Says on the page in `directory` that the run ended before everything was analysed, if it says that
    /// the run goes on.
    pub(crate) fn end(directory: &Path) -> io::Result<()> {
        let path = path(directory);
        // Nothing is read through a link, nor what is no page.
        if path.is_symlink() || !path.exists() || !is_page(&path)? {
            return Ok(());
        }
        match rmt_page::ended(&fs::read_to_string(&path)?) {
            Some(page) => whole_file::replace(&path, page.as_bytes()),
            None => Ok(()),
        }
    }

    fn start(&mut self, step: u64) {
        // Of the same process: the files have what was shown.
        self.run = Run::bounded(self.run.name());
        self.findings = Findings::default();
        (self.begun, self.read, self.latest) = (Some(step), false, None);
        self.pace.begin();
    }

    fn tick(&mut self, tick: &Tick) -> Result<(), SinkError> {
        let begun = *self.begun.get_or_insert(tick.step);
        let mut read = Ok(());
        let first = !std::mem::replace(&mut self.read, true);
        self.pending |= first;
        if first && (tick.session > 0 || begun > 0) {
            let (run, found, directory) = (&mut self.run, &mut self.findings, &self.directory);
            read = self.pace.timed(|| earlier::read(directory, tick.session, begun, run, found));
            if let Err(error) = &read {
                let message = format!("earlier reports are not all on this page: {error}");
                self.run.warn(rmt_page::Warning { step: tick.step, message });
            }
        }
        for report in &tick.reports {
            self.pending |= self.run.add(report).reports().is_power_of_two();
        }
        self.latest = Some(tick.step);
        let written = self.write_if_due();
        read.map_err(|error| SinkError::Other(error.to_string())).and(written)
    }

    fn write_if_due(&mut self) -> Result<(), SinkError> {
        let failed = self.failed.is_some();
        if (self.pending || failed || self.pace.every_record()) && self.pace.due(failed) {
            return self.write_page();
        }
        self.still_there()
    }

    /// Until a page that failed is written, what follows is not there either.
    fn still_there(&self) -> Result<(), SinkError> {
        match &self.failed {
            Some((kind, said)) => Err(self.error(io::Error::new(*kind, said.clone()))),
            None => Ok(()),
        }
    }

    fn write_page(&mut self) -> Result<(), SinkError> {
        let running = State::running(self.latest, wall_time());
        let state = self.end.map_or(running, |end| running.ended(end));
        let findings = self.findings.all().into_iter().map(rmt_page::Finding::from).collect();
        self.run.found(findings, NOTHING_FOUND);
        let (run, path, ours) = (&self.run, &self.path, self.ours);
        let written = self.pace.page(|| {
            if !ours && !may_replace(path)? {
                return Err(io::Error::new(io::ErrorKind::AlreadyExists, FOREIGN));
            }
            let page = rmt_page::page(std::slice::from_ref(run), Some(&state));
            whole_file::replace(path, page.as_bytes())
        });
        self.pending &= written.is_err();
        self.ours = written.is_ok();
        self.failed = written.as_ref().err().map(|error| (error.kind(), error.to_string()));
        written.map_err(|cause| self.error(cause))
    }

    fn error(&self, cause: io::Error) -> SinkError {
        SinkError::Io { path: self.path.clone(), cause }
    }

    fn finish(&mut self, summary: &Summary) -> Result<(), SinkError> {
        self.end = Some(if summary.complete { End::Complete } else { End::Incomplete });
        self.write_page()
    }
}

impl Sink for Page {
    fn name(&self) -> &str {
        "page"
    }

    fn write(&mut self, record: &Record<'_>) -> Result<(), SinkError> {
        match record {
            Record::Start { step, .. } => {
                self.start(*step);
                self.still_there()
            }
            Record::Tick(tick) => self.tick(tick),
            Record::Alerts(alerts) => {
                for alert in *alerts {
                    self.findings.add(alert);
                    self.run.alert(alert.clone().into());
                }
                self.pending = true;
                self.write_if_due()
            }
            Record::Warning(warning) => {
                self.run.warn(Warning::clone(warning).into());
                // Without a report there is nothing to show beside it.
                self.pending = !self.run.is_empty();
                self.write_if_due()
            }
            Record::End(summary) => self.finish(summary),
            // They are not on the page: only an earlier failure matters.
            Record::Gradients(_) | Record::Scalars(_) | Record::Table { .. } => self.still_there(),
        }
    }

    /// Writes what was put off, if its time has come.
    fn flush(&mut self) -> Result<(), SinkError> {
        match self.pending && self.failed.is_none() && self.pace.due(false) {
            true => self.write_page(),
            false => Ok(()),
        }
    }
}

/// A run whose end nobody told is over all the same: its worker panicked, or was given up.
impl Drop for Page {
    fn drop(&mut self) {
        if self.end.is_none() && self.ours {
            self.end = Some(End::Incomplete);
            let _ = self.write_page();
        }
    }
}

fn path(directory: &Path) -> PathBuf {
    directory.join("index.html")
}

/// What the page calls the run: the directory's last name, and of a process that shares a run the run's too.
fn name(directory: &Path) -> String {
    let whole = directory.canonicalize().unwrap_or_else(|_| directory.to_owned());
    let last = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
    let own = last(&whole).unwrap_or_default();
    match whole.parent().and_then(last) {
        Some(run) if crate::sub_runs::is_rank(&own) => format!("{run}/{own}"),
        _ => own,
    }
}

fn may_replace(path: &Path) -> io::Result<bool> {
    // A link is replaced, whatever it leads to.
    Ok(path.is_symlink() || !path.exists() || is_page(path)?)
}

/// Whether the file is a page of this program.
fn is_page(path: &Path) -> io::Result<bool> {
    let mut head = Vec::new();
    File::open(path)?.take(MARK_WITHIN as u64).read_to_end(&mut head)?;
    Ok(String::from_utf8_lossy(&head).contains(MARK))
}

impl From<AlertLevel> for rmt_page::Level {
    fn from(level: AlertLevel) -> Self {
        match level {
            AlertLevel::Info => Self::Info,
            AlertLevel::Warning => Self::Warning,
            AlertLevel::Error => Self::Error,
        }
    }
}

impl From<Warning> for rmt_page::Warning {
    fn from(Warning { step, message }: Warning) -> Self {
        Self { step, message }
    }
}

impl From<Finding> for rmt_page::Finding {
    fn from(finding: Finding) -> Self {
        let lines = finding.lines();
        let Finding { finding, level, title, step, .. } = finding;
        Self {
            level: level.into(),
            title,
            name: finding.name().to_owned(),
            step,
            lines: lines.into(),
        }
    }
}

impl From<Alert> for rmt_page::Alert {
    fn from(Alert { step, layer, alert, level, message }: Alert) -> Self {
        let what = alert.name().replace('_', " ");
        Self { step, layer, what, level: level.into(), message }
    }
}
