//! At most five lines, beyond `use`, are added to a training loop.

use crate::support::test;
use libtest_mimic::Trial;

pub(crate) fn tests() -> Vec<Trial> {
    vec![test(module_path!(), "in_the_shortest_example", five_lines)]
}

fn five_lines() {
    let example = include_str!("../../examples/custom_loop.rs");
    let lines: Vec<&str> = example
        .lines()
        .map(str::trim)
        .filter(|line| !line.starts_with("//") && !line.starts_with("use "))
        .filter(|line| line.contains("monitor") || line.contains("Monitor"))
        .collect();
    let calls = ["MonitorConfig::new(", "observe(0, ", "observe(step, ", "scalar(", "finish()"];
    assert_eq!(lines.len(), calls.len(), "{lines:#?}");
    for (line, call) in lines.iter().zip(calls) {
        assert!(line.contains(call), "{line} has no {call}");
    }
}
