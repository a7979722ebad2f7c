//! What an adapter has to bring is little: a loop over vectors gets the reports that a burn model gets.

use crate::support::test;
use libtest_mimic::Trial;
use rmt_core::Orientation;
use rmt_monitor::read_reports;

/// The adapter, as its readers find it.
#[path = "../../examples/plain_loop.rs"]
#[allow(dead_code, unreachable_pub)]
mod plain_loop;

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test("a_loop_over_vectors_reports_weights_gradients_and_inputs", reports),
        test("an_adapter_is_short", short),
    ]
}

fn reports() {
    let base = tempfile::tempdir().unwrap();
    let run = base.path().join("run");
    // Due at steps 0, 10 and 20; the last weights are those of step 25.
    let summary = plain_loop::train(&run, 25).unwrap();
    assert!(summary.complete && summary.warnings.is_empty(), "{:?}", summary.warnings);
    assert_eq!((summary.counts.submitted, summary.counts.analysed), (8, 8));
    assert_eq!((summary.gradients.submitted, summary.gradients.analysed), (6, 6));
    let reports = read_reports(&run).unwrap().reports;
    let seen: Vec<(u64, &str)> = reports.iter().map(|r| (r.step, r.layer.name.as_str())).collect();
    let expected: Vec<(u64, &str)> =
        [0, 10, 20, 25].iter().flat_map(|&step| [(step, "gate"), (step, "up")]).collect();
    assert_eq!(seen, expected);
    for row in &reports {
        let report = &row.report;
        assert_eq!(report.shape, [32, 48]);
        assert_eq!(report.orientation, Orientation::InOut);
        // No forward follows the last weights.
        let tokens = report.activation.as_ref().map(|activation| activation.tokens);
        assert_eq!(tokens, (row.step != 25).then_some(256), "step {}", row.step);
    }
    let scalars = std::fs::read_to_string(run.join("scalars.jsonl")).unwrap();
    for figure in ["norm", "update_ratio"] {
        let name = format!("\"rmt_8_gradients/{figure}/gate\"");
        assert_eq!(scalars.matches(&name).count(), 3, "{figure}");
    }
    let info = std::fs::read_to_string(run.join("run.json")).unwrap();
    assert!(info.contains("vectors 1.0"), "{info}");
}

fn short() {
    let text = include_str!("../../examples/plain_loop.rs");
    let lines = text.lines().filter(|line| !line.starts_with("//!")).count();
    assert!(lines < 60, "{lines}");
}
