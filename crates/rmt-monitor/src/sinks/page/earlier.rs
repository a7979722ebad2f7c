//! What earlier sessions wrote, for the page of one that goes on.

use crate::alerts::{Findings, read_alerts};
use crate::error::ReaderError;
use crate::reader::{each_report, read_warnings};
use crate::rows::Stored;
use rmt_page::Run;
use std::collections::HashMap;
use std::path::Path;

/// The session that a layer's latest rows are of, and its first step.
#[derive(Debug, Clone, Copy)]
struct Begun {
    session: u32,
    step: u64,
}

impl Begun {
    /// Whether what `session` said of `step` still counts.
    fn counts(self, session: u32, step: u64) -> bool {
        session == self.session || (session < self.session && step < self.step)
    }
}

/// Adds what sessions before `now` wrote: the reports and alerts up to the step `end`, and all warnings. Reports are
/// added row by row, so that a long log takes little memory. Of each layer those of the highest session count, and of
/// earlier ones those of the steps before it.
///
/// Spectra are not read: the first report of each layer in this session has one.
///
/// # Errors
/// [`ReaderError`] where a file cannot be read; what was read before stays.
pub(super) fn read(
    directory: &Path,
    now: u32,
    end: u64,
    run: &mut Run,
    findings: &mut Findings,
) -> Result<(), ReaderError> {
    let mut layers: HashMap<String, Begun> = HashMap::new();
    let read = each_report(directory, |report, _| {
        let Some(report) = report.filter(|report| report.step <= end) else { return Ok(()) };
        let (session, step) = (report.session, report.step);
        let path = report.layer.path();
        match layers.get(&path) {
            Some(begun) if session > begun.session => {
                run.retake(&path, step);
                layers.insert(path, Begun { session, step });
            }
            Some(begun) if !begun.counts(session, step) => return Ok(()),
            Some(_) => {}
            None => {
                layers.insert(path, Begun { session, step });
            }
        }
        run.add(&report);
        Ok(())
    });
    match read {
        // A session that wrote none.
        Ok(_) | Err(ReaderError::Nothing { .. }) => {}
        Err(error) => return Err(error),
    }
    for Stored { session, what: alert } in read_alerts(directory)? {
        let begun = layers.get(&alert.layer);
        // Those of the last step come again.
        let counts = alert.step < end && begun.is_none_or(|b| b.counts(session, alert.step));
        if counts {
            findings.add(&alert);
            run.alert(alert.into());
        }
    }
    for stored in read_warnings(directory)?.into_iter().filter(|stored| stored.session < now) {
        run.warn(stored.what.into());
    }
    Ok(())
}
