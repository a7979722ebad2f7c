//! The state of a run: still training, or ended.

use maud::{Markup, html};

/// Seconds after which the page of a running run reloads itself.
pub const RELOAD: u64 = 10;

/// Around the line that says how the run is doing, so that it can be replaced.
const BEGIN: &str = "<p class=\"state\"";
const STOP: &str = "</p>";
/// Where a browser without scripts is told to reload.
const WITHOUT_SCRIPTS: [&str; 2] = ["<noscript><meta http-equiv=\"refresh\"", "</noscript>\n"];

/// State of a run.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct State {
    /// Latest step with a report; `None` before the first.
    pub step: Option<u64>,
    /// Time at which the page was written, in seconds since 1970.
    pub written: f64,
    /// How the run ended; `None` while it is running.
    pub end: Option<End>,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Everything submitted was analysed or counted as dropped.
    Complete,
    /// The monitor ended before that point.
    Incomplete,
}

impl State {
    /// State of a running run.
    pub fn running(step: Option<u64>, written: f64) -> Self {
        Self { step, written, end: None }
    }

    /// State of the same run after its end.
    #[must_use]
    pub fn ended(self, end: End) -> Self {
        Self { end: Some(end), ..self }
    }

    /// The line below the title.
    pub(crate) fn line(&self) -> Markup {
        let goes_on = self.end.is_none();
        let word = match self.end {
            None => "Running.",
            Some(End::Complete) => "Finished.",
            Some(End::Incomplete) => INCOMPLETE,
        };
        html! {
            p.state data-reload=[goes_on.then_some(RELOAD)] {
                b { (word) } " Written"
                @if let Some(step) = self.step { " at step " (step) }
                ", " time data-seconds=(format!("{:.0}", self.written)) { (utc(self.written)) " UTC" } "."
                @if goes_on { " This page reloads itself every " (RELOAD) " seconds." }
            }
            "\n"
        }
    }

    /// What makes a browser without scripts reload.
    pub(crate) fn without_scripts(&self) -> Markup {
        html! {
            @if self.end.is_none() {
                noscript { meta http-equiv="refresh" content=(RELOAD); } "\n"
            }
        }
    }
}

const INCOMPLETE: &str = "Ended before everything was analysed and written.";

/// Marks the page of a running run as ended and incomplete, for programs that no longer have the
/// [`Run`]. `None` if the text is no such page.
///
/// [`Run`]: crate::Run
pub fn ended(page: &str) -> Option<String> {
    let [begin, end] = WITHOUT_SCRIPTS;
    let (head, rest) = page.split_once(begin)?;
    let (_, rest) = rest.split_once(end)?;
    let (middle, rest) = rest.split_once(BEGIN)?;
    let (line, rest) = rest.split_once(STOP)?;
    let (_, written) = line.split_once("</b>")?;
    let (written, _) = written.split_once("</time>.")?;
    Some(format!("{head}{middle}{BEGIN}><b>{INCOMPLETE}</b>{written}</time>.{STOP}{rest}"))
}

/// Date and time, such as `2026-11-28 10:17:13`.
fn utc(seconds: f64) -> String {
    // To the end of the year 9999.
    let seconds = seconds.clamp(0.0, 253_402_300_799.0) as u64;
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // Days since 0000-03-01, in eras of 400 years; years begin in March.
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let (day, month) = (day - (153 * month + 2) / 5 + 1, (month + 2) % 12 + 1);
    let year = year + 400 * era + u64::from(month <= 2);
    let (hour, minute) = (second / 3_600, second / 60 % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{:02}", second % 60)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::{Run, page};

    #[test]
    fn times_are_those_of_the_calendar() {
        for (seconds, text) in [
            (0.0, "1970-01-01 00:00:00"),
            (951_782_399.9, "2000-02-28 23:59:59"),
            (951_782_400.0, "2000-02-29 00:00:00"),
            (1_764_325_033.0, "2025-11-28 10:17:13"),
            (4_107_542_400.0, "2100-03-01 00:00:00"),
            (f64::NAN, "1970-01-01 00:00:00"),
            (f64::MAX, "9999-12-31 23:59:59"),
        ] {
            assert_eq!(utc(seconds), text);
        }
    }

    #[test]
    fn a_page_that_goes_on_reloads_and_one_that_ended_does_not() {
        let running = State::running(Some(7), 951_782_400.0);
        let of = |state: State| page(&[Run::new("x")], Some(&state));
        let live = of(running);
        for part in
            ["data-reload=\"10\"", "http-equiv=\"refresh\"", "<b>Running.</b>", "at step 7, <time"]
        {
            assert!(live.contains(part), "{part}: {live}");
        }
        for (end, word) in [(End::Complete, "Finished."), (End::Incomplete, INCOMPLETE)] {
            let over = of(running.ended(end));
            assert!(!over.contains("data-reload=") && !over.contains("http-equiv=\"refresh\""));
            assert!(over.contains(word));
        }
        assert_eq!(ended(&live).unwrap(), of(running.ended(End::Incomplete)));
        assert_eq!(ended(&of(running.ended(End::Complete))), None);
        assert_eq!(ended("anything else"), None);
    }
}
