//! At most five lines, beyond `use`, are added to a training loop: what is left without them is a whole program.

use crate::support::test;
use libtest_mimic::Trial;
use std::collections::BTreeSet;

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test(module_path!(), "in_the_shortest_example", custom_loop),
        test(module_path!(), "around_the_learner", learner),
        test(module_path!(), "the_shortest_example_needs_no_other_crate", crates),
    ]
}

/// The lines of `example` that name the monitor or `also` are as many as `calls`, each with its own.
fn assert_lines(example: &str, also: &str, calls: &[&str]) {
    let lines: Vec<&str> = example
        .lines()
        .map(str::trim)
        .filter(|line| !line.starts_with("//") && !line.starts_with("use "))
        // Where burn's own files go is the program's choice.
        .filter(|line| !line.contains("run_directory()"))
        .filter(|line| line.contains("monitor") || line.contains("Monitor") || line.contains(also))
        .collect();
    assert_eq!(lines.len(), calls.len(), "{lines:#?}");
    for (line, call) in lines.iter().zip(calls) {
        assert!(line.contains(call), "{line} has no {call}");
    }
}

/// The example without the lines that name the monitor: that it compiles is the test.
#[allow(dead_code, unused_imports, unused_variables)]
mod without {
    include!(concat!(env!("OUT_DIR"), "/custom_loop_without_monitor.rs"));

    pub(super) const TRAINS: fn() -> super::Ended = main;
}

/// What the example ends with.
type Ended = Result<(), Box<dyn std::error::Error>>;

fn custom_loop() {
    let _: fn() -> Ended = without::TRAINS;
    assert!(
        !include_str!(concat!(env!("OUT_DIR"), "/custom_loop_without_monitor.rs")).contains("rmt")
    );
    let calls = ["MonitorConfig::new(", "observe(step, ", "scalar(", "finish_at("];
    assert_lines(include_str!("../../examples/custom_loop.rs"), "finish()", &calls);
}

fn learner() {
    let calls = ["MonitorConfig::new(", "metric_logger(", "metric()", "wrap(model)", "finish()"];
    assert_lines(include_str!("../../examples/learner.rs"), "finish()", &calls);
}

/// It can be copied into a crate that has what the README adds: burn and burn-rmt.
fn crates() {
    let example = include_str!("../../examples/custom_loop.rs");
    let code = example.lines().filter(|line| !line.trim_start().starts_with("//"));
    let mut roots = BTreeSet::new();
    for line in code {
        for word in line.split(|c: char| !(c.is_alphanumeric() || "_:.".contains(c))) {
            if let Some((root, _)) = word.split_once("::") {
                roots.insert(root);
            }
        }
    }
    // No type, and no method.
    roots.retain(|root| root.starts_with(|c: char| c.is_lowercase()) && !root.contains('.'));
    assert_eq!(roots, BTreeSet::from(["burn", "burn_rmt", "std"]));
}
