//! Names and numbers of any kind crash nothing, reach no file unescaped and break no tag. No panic is
//! caught on the way, so a build that aborts on panics is as safe.

use crate::hostile;
use crate::support::{events, test};
use libtest_mimic::Trial;
use rmt_monitor::read_reports;
use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::sync::atomic::{AtomicU64, Ordering};

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test("hostile_input_is_only_input::names", names),
        test("hostile_input_is_only_input::numbers", numbers),
    ]
}

/// Panics of worker threads so far that no test is there for.
static PANICS: AtomicU64 = AtomicU64::new(0);

/// Counts panics that would end the process if it did not unwind; a panic of a test's own thread fails
/// that test. Those that are there on purpose say so, and nothing else is said of them.
pub(crate) fn count_panics() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if info.to_string().contains("on purpose") {
            return;
        }
        if std::thread::current().name() == Some("rmt-worker") {
            PANICS.fetch_add(1, Ordering::Relaxed);
        }
        before(info);
    }));
}

fn names() {
    let base = tempfile::tempdir().unwrap();
    let run = base.path().join("x");
    let (given, summary) = hostile::names(&run);
    assert_eq!(PANICS.load(Ordering::Relaxed), 0);
    assert_eq!(summary.counts.analysed, 2 * given.len() as u64);
    // Of scalars only the empty name and those of the monitor's own curves are refused.
    let dropped = &summary.scalar_counts.dropped;
    assert_eq!((dropped.unnamed, dropped.unnamed + dropped.reserved), (2, dropped.total()));

    // No file but the event file, whose messages are binary, has a control character.
    for entry in fs::read_dir(&run).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|kind| kind == "json" || kind == "jsonl") {
            let text = fs::read_to_string(&path).unwrap();
            let hidden = text.chars().find(|&c| c.is_control() && c != '\n');
            assert_eq!(hidden, None, "{}", path.display());
        }
    }
    // Each has its own rows, under its own name, or with a number where names are the same.
    let reports = read_reports(&run).unwrap().reports;
    let found: BTreeSet<_> = reports.iter().map(|report| report.layer.name.clone()).collect();
    assert_eq!(reports.len(), 2 * given.len());
    assert_eq!(found.len(), given.len());
    given.iter().for_each(|name| assert!(found.contains(name), "{name:?}"));

    let mut curves = HashSet::new();
    for path in crate::support::event_files(&run) {
        for event in events(&fs::read(path).unwrap()) {
            let mut tags = HashSet::new();
            for value in &event.get_summary().value {
                let tag = value.get_tag();
                assert!(!tag.is_empty() && !tag.contains(char::is_control), "{tag:?}");
                // What a user logs twice at a step is there twice.
                let again = !tags.insert(tag.to_owned());
                assert!(!again || tag == "twice", "twice: {tag:?}");
                if let Some(layer) = tag.strip_prefix("rmt_7_heavy_tail/stable_rank/") {
                    assert!(!layer.contains('/') && !layer.is_empty());
                    curves.insert(layer.to_owned());
                }
            }
        }
    }
    assert_eq!(curves.len(), given.len());
    for warning in &summary.warnings {
        assert!(!warning.message.contains(char::is_control), "{warning:?}");
    }
}

fn numbers() {
    let base = tempfile::tempdir().unwrap();
    let run = base.path().join("x");
    let summary = hostile::numbers(&run, 400);
    assert_eq!(PANICS.load(Ordering::Relaxed), 0);
    let counts = &summary.counts;
    assert_eq!(counts.outstanding(), 0);
    assert!(counts.analysed > counts.submitted / 2, "{counts:?}");
    // Shapes that are none.
    assert_eq!(counts.dropped.analysis_failed, counts.dropped.total());
    assert!(counts.dropped.analysis_failed > 0);
    let scalars = &summary.scalar_counts;
    assert_eq!(scalars.dropped.not_finite, scalars.dropped.total());
    assert!(scalars.dropped.not_finite > 0 && scalars.analysed > 0);
    let reports = read_reports(&run).unwrap();
    assert_eq!((reports.reports.len() as u64, reports.torn_lines), (counts.analysed, 0));
    for path in crate::support::event_files(&run) {
        for event in events(&fs::read(path).unwrap()) {
            let values = event.get_summary().value.iter();
            let scalars = values.filter(|value| value.has_simple_value());
            assert!(scalars.clone().all(|value| value.get_simple_value().is_finite()));
        }
    }
}
