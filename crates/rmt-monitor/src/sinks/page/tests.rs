//! When the page is written, what becomes of it when it cannot be, and what it has of earlier sessions.

use super::*;
use crate::alerts::{Alert, AlertKind};
use crate::matrices::MatrixNumbers;
use crate::samples::report;
use crate::sinks::Jsonl;
use rmt_core::LayerReport;
use std::sync::{Arc, Mutex};

/// A clock that a test sets.
#[derive(Clone, Default)]
struct Clock(Arc<Mutex<Duration>>);

impl Clock {
    fn set(&self, seconds: u64) {
        *self.0.lock().unwrap() = Duration::from_secs(seconds);
    }

    fn pace(&self) -> Pace {
        let own = self.clone();
        Pace::by(Box::new(move || *own.0.lock().unwrap()))
    }
}

fn tick(session: u32, step: u64, report: &LayerReport) -> Tick {
    let mut report = report.clone();
    (report.session, report.step) = (session, step);
    report.report.largest = Some(step as f64 + 0.25);
    Tick::new(session, step, vec![report], &mut MatrixNumbers::default())
}

/// The step that the page says, where there is a page.
fn shown(directory: &Path) -> Option<u64> {
    let page = fs::read_to_string(directory.join("index.html")).ok()?;
    let (_, rest) = page.split_once("at step ")?;
    rest.split_once(',')?.0.parse().ok()
}

fn page(directory: &Path) -> String {
    fs::read_to_string(directory.join("index.html")).unwrap()
}

#[test]
fn it_is_written_at_first_at_every_doubling_and_at_the_end() {
    let base = tempfile::tempdir().unwrap();
    let clock = Clock::default();
    let mut sink = Page::with_pace(base.path(), clock.pace());
    let report = report(0);
    let mut steps = Vec::new();
    for step in 0..40 {
        clock.set(100 * step);
        sink.write(&Record::Tick(&tick(0, step, &report))).unwrap();
        sink.flush().unwrap();
        steps.push(shown(base.path()).unwrap());
    }
    steps.dedup();
    assert_eq!(steps, [0, 1, 3, 7, 15, 31]);
    assert!(page(base.path()).contains("data-reload=\"10\""));
    let summary = Summary { complete: true, ..Summary::default() };
    sink.write(&Record::End(&summary)).unwrap();
    let last = page(base.path());
    assert!(last.contains("Finished.") && !last.contains("data-reload="), "{last}");
    assert_eq!(shown(base.path()), Some(39));
    // What is told afterwards does not make it go on.
    clock.set(100_000);
    sink.write(&Record::Warning(&Warning { step: 39, message: "late".into() })).unwrap();
    let last = page(base.path());
    assert!(last.contains("late") && last.contains("Finished."));
    drop(sink);
    assert_eq!(page(base.path()), last);
    assert_eq!(fs::read_dir(base.path().join(".unfinished/files")).unwrap().count(), 0);
}

#[test]
fn what_is_put_off_is_written_when_its_time_has_come() {
    let base = tempfile::tempdir().unwrap();
    let clock = Clock::default();
    let mut sink = Page::with_pace(base.path(), clock.pace());
    let report = report(0);
    for (seconds, step, expected) in [(5, 0, 0), (14, 1, 0), (14, 2, 0)] {
        clock.set(seconds);
        sink.write(&Record::Tick(&tick(0, step, &report))).unwrap();
        sink.flush().unwrap();
        assert_eq!(shown(base.path()), Some(expected));
    }
    // No tick comes any more.
    clock.set(15);
    sink.flush().unwrap();
    assert_eq!(shown(base.path()), Some(2));
    // An alert is worth a page.
    clock.set(60);
    let alert = Alert {
        step: 2,
        layer: "a".into(),
        alert: AlertKind::NonFiniteWeight,
        level: AlertKind::NonFiniteWeight.level(),
        message: "`a`: <b>one".into(),
    };
    sink.write(&Record::Alerts(&[alert])).unwrap();
    assert!(page(base.path()).contains("<b>1</b><span>error<"));
    assert!(page(base.path()).contains("&lt;b&gt;one"));
    // And so is a warning, in its time.
    let warning = Warning { step: 2, message: "it is <slow>".into() };
    sink.write(&Record::Warning(&warning)).unwrap();
    assert!(!page(base.path()).contains("it is"));
    clock.set(70);
    sink.flush().unwrap();
    assert!(page(base.path()).contains("it is &lt;slow&gt;"));
}

#[test]
fn it_takes_one_fiftieth_of_the_time_at_most() {
    let now = Clock::default();
    let mut pace = now.pace();
    let take = |pace: &mut Pace, from: u64, cost: u64| {
        now.set(from);
        let clock = now.clone();
        pace.page(|| clock.set(from + cost));
    };
    assert!(pace.due(false));
    take(&mut pace, 100, 3);
    // 3 s of 150 s.
    for (at, due) in [(113, false), (249, false), (250, true)] {
        now.set(at);
        assert_eq!(pace.due(false), due, "{at}");
    }
    // One that is written before its time is paid for as well.
    take(&mut pace, 200, 1);
    now.set(299);
    assert!(!pace.due(true));
    now.set(300);
    assert!(pace.due(true));
    pace.begin();
    now.set(0);
    assert!(pace.due(false), "a session's first page does not wait");
}

#[test]
fn what_cannot_be_written_is_an_error_until_it_can() {
    let base = tempfile::tempdir().unwrap();
    let directory = base.path().join("run");
    let clock = Clock::default();
    let mut sink = Page::with_pace(&directory, clock.pace());
    let report = report(0);
    for step in 0..3 {
        let error = sink.write(&Record::Tick(&tick(0, step, &report))).unwrap_err();
        assert_eq!(error.reason(), "not_found");
        assert!(error.to_string().contains("index.html"), "{error}");
        sink.flush().unwrap();
    }
    assert!(!directory.exists(), "a removed directory is not made again");
    fs::create_dir(&directory).unwrap();
    sink.write(&Record::Tick(&tick(0, 3, &report))).unwrap();
    assert_eq!(shown(&directory), Some(3));
    fs::remove_dir_all(&directory).unwrap();
    let summary = Summary::default();
    let error = sink.write(&Record::End(&summary)).unwrap_err();
    assert_eq!(error.reason(), "not_found");
}

#[test]
fn what_is_no_page_is_left_and_a_link_is_not_written_through() {
    let base = tempfile::tempdir().unwrap();
    let path = base.path().join("index.html");
    fs::write(&path, "<p>mine").unwrap();
    let report = report(0);
    let first = |directory: &Path| {
        let mut sink = Page::new(directory);
        let written = sink.write(&Record::Tick(&tick(0, 0, &report)));
        (sink, written)
    };
    let (sink, written) = first(base.path());
    assert!(written.unwrap_err().to_string().contains(FOREIGN));
    drop(sink);
    Page::end(base.path()).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"<p>mine");
    #[cfg(unix)]
    {
        let outside = base.path().join("outside");
        fs::rename(&path, &outside).unwrap();
        std::os::unix::fs::symlink(&outside, &path).unwrap();
        first(base.path()).1.unwrap();
        assert_eq!(fs::read(&outside).unwrap(), b"<p>mine");
        assert!(!path.is_symlink() && shown(base.path()) == Some(0));
    }
}

#[test]
fn a_run_whose_end_nobody_told_is_over() {
    let base = tempfile::tempdir().unwrap();
    let report = report(0);
    let write = |sink: &mut Page| sink.write(&Record::Tick(&tick(0, 0, &report)));
    let mut sink = Page::new(base.path());
    write(&mut sink).unwrap();
    Page::end(base.path()).unwrap();
    let told = page(base.path());
    assert!(told.contains("Ended before everything") && !told.contains("data-reload="));
    drop(sink);
    assert!(page(base.path()).contains("Ended before everything"));
    let mut sink = Page::new(base.path());
    write(&mut sink).unwrap();
    assert!(page(base.path()).contains("Running."));
    sink.write(&Record::End(&Summary::default())).unwrap();
    assert!(page(base.path()).contains("Ended before everything"));
    Page::end(&base.path().join("missing")).unwrap();
}

/// Sessions 0 and 1, of which the second goes on from step 50, and what a third has on its page.
#[test]
fn a_resumed_run_shows_the_sessions_before_it() {
    let base = tempfile::tempdir().unwrap();
    let report = report(0);
    let mut log = Jsonl::new(base.path(), 0);
    for (session, steps) in [(0, 0..=80), (1, 50..=90)] {
        log.write(&Record::Start { session, step: *steps.start() }).unwrap();
        let message = format!("session {session} went wrong");
        log.write(&Record::Warning(&Warning { step: 10, message })).unwrap();
        for step in steps.step_by(10) {
            let mut tick = tick(session, step, &report);
            tick.reports[0].report.scale = Some(f64::from(session) + 1.5);
            log.write(&Record::Tick(&tick)).unwrap();
        }
    }
    let mut sink = Page::new(base.path());
    sink.write(&Record::Start { session: 2, step: 70 }).unwrap();
    assert_eq!(shown(base.path()), None);
    let now = tick(2, 70, &report);
    log.write(&Record::Tick(&now)).unwrap();
    sink.write(&Record::Tick(&now)).unwrap();
    let layer = &sink.run.layers()[0];
    let kept: Vec<_> = layer.looks().iter().map(|look| (look.step, look.largest)).collect();
    let expected: Vec<_> = (0..8).map(|k| (10 * k, Some(10.0 * k as f64 + 0.25))).collect();
    assert_eq!(kept, expected);
    assert_eq!(shown(base.path()), Some(70));
    assert!(page(base.path()).contains("<b>8</b><span>snapshots"));
    for earlier in ["session 0 went wrong", "session 1 went wrong"] {
        assert_eq!(page(base.path()).matches(earlier).count(), 1, "{earlier}");
    }
    // A log that cannot be read is said on the page, which is written all the same.
    let log = base.path().join("metrics.jsonl");
    fs::write(&log, "no report\n").unwrap();
    let mut sink = Page::new(base.path());
    let error = sink.write(&Record::Tick(&tick(3, 80, &report))).unwrap_err();
    assert!(error.to_string().contains("metrics.jsonl, line 1"), "{error}");
    assert!(page(base.path()).contains("earlier reports are not all on this page"));
    sink.write(&Record::Tick(&tick(3, 90, &report))).unwrap();
}
