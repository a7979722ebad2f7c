//! `rmt sanity` says what it found, in its output, its files and its exit status.

#![allow(clippy::unwrap_used)]

use std::process::{Command, Output};

fn rmt(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rmt"));
    // Simulated nulls are kept among the build's files, not the user's.
    command.env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"));
    command.arg("sanity").args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn at_its_defaults_every_law_is_as_expected() {
    let output = rmt(&[]);
    let out = text(&output.stdout);
    assert!(output.status.success(), "{out}\n{}", text(&output.stderr));
    assert!(out.contains("all 68 matrices are as expected"), "{out}");
    for word in ["agree", "deviate", "degenerate"] {
        assert!(out.contains(word), "{word}: {out}");
    }
    // Piped output has no colours and no progress bar.
    assert!(!out.contains('\u{1b}') && output.stderr.is_empty());
}

#[test]
fn repetitions_and_estimators_keep_the_level() {
    for estimator in ["median", "fit", "entries"] {
        // Whatever the estimator, every law is found to be what it is.
        let shapes = ["--shapes", "64x96", "--repetitions", "20"];
        let output = rmt(&[&shapes[..], &["--scale-estimator", estimator]].concat());
        let out = text(&output.stdout);
        assert!(output.status.success(), "{estimator}: {out}");
        assert!(out.contains("all 340 matrices are as expected"), "{out}");
        // One line a law, with counts and their limits.
        let normal = out.lines().find(|line| line.starts_with("normal ")).unwrap();
        assert_eq!(normal.matches("(≤ ").count(), 5, "{normal}");
        assert_eq!(out.lines().filter(|line| line.contains("64×96")).count(), 17, "{out}");
    }
}

#[test]
fn what_is_not_as_expected_fails_by_name() {
    // Too small to be estimated at all.
    let output = rmt(&["--laws", "normal", "--shapes", "5x9"]);
    assert_eq!(output.status.code(), Some(1));
    let out = text(&output.stdout);
    assert!(out.contains("normal 5×9 (not_estimable instead of random)"), "{out}");
    // The last line says it, on standard error where the output is for programs.
    assert!(out.trim_end().lines().last().unwrap().contains("1 of 1 matrices"), "{out}");
    let output = rmt(&["--laws", "normal", "--shapes", "5x9", "--format", "jsonl"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("normal 5×9 (not_estimable instead of random)"));
}

#[test]
fn bad_options_are_one_clear_error() {
    for (arguments, expected) in [
        (&["--laws", "cauchy"][..], "the laws are normal, uniform"),
        (&["--shapes", "0x5"], "at least 1"),
        (&["--shapes", "64"], "ROWSxCOLUMNS"),
        (&["--shapes", "99999999999x99999999999"], "entries"),
        (&["--shapes", "18446744073709551616x2"], "ROWSxCOLUMNS"),
        (&["--level", "2"], "level = 2"),
        (&["--level", "nan"], "level = NaN"),
        (&["--repetitions", "0"], "nothing to draw"),
        (&["--repetitions", "4294967295"], "more than 1000000 matrices"),
        (&["--laws", "row_scale+x"], "LAW+K plants K directions"),
        (&["--laws", "sparse:0"], "sparse:K keeps one entry in K"),
    ] {
        let output = rmt(arguments);
        assert!(!output.status.success(), "{arguments:?}");
        let error = text(&output.stderr);
        assert!(error.starts_with("error: ") && error.contains(expected), "{arguments:?}: {error}");
        assert!(!error.contains("panicked"), "{error}");
    }
}

#[test]
fn a_run_directory_that_cannot_be_made_is_named() {
    let base = tempfile::tempdir().unwrap();
    let file = base.path().join("file");
    std::fs::write(&file, "").unwrap();
    let directory = file.join("run");
    let options = ["--laws", "normal", "--shapes", "32x32", "--run-directory"];
    let output = rmt(&[&options[..], &[directory.to_str().unwrap()]].concat());
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("file"), "{}", text(&output.stderr));
    // What was found is not lost.
    assert!(text(&output.stdout).contains("as expected"));
}

#[test]
fn rows_are_json_and_the_table_is_logged() {
    let base = tempfile::tempdir().unwrap();
    let directory = base.path().join("run");
    let options = ["--laws", "offset,orthogonal", "--shapes", "48x64", "--format", "jsonl"];
    let output = rmt(&[&options[..], &["--run-directory", directory.to_str().unwrap()]].concat());
    assert!(output.status.success());
    let rows: Vec<serde_json::Value> =
        text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0]["label"], "offset");
    assert_eq!(rows[0]["found"], "structure");
    assert_eq!(rows[0]["structure"][0], 1);
    assert_eq!(rows[0]["rungs"][0]["outcome"], "deviate");
    assert_eq!(rows[0]["tests"][0]["outcome"], "deviate");
    assert_eq!(rows[1]["found"], "degenerate");
    let logged = std::fs::read_to_string(directory.join("tables.jsonl")).unwrap();
    let first: serde_json::Value = serde_json::from_str(logged.lines().next().unwrap()).unwrap();
    assert_eq!((&first["table"], &first["law"]), (&"sanity".into(), &"offset".into()));
    // What was logged there before stays.
    let again = ["--laws", "normal", "--shapes", "32x32", "--repetitions", "2", "--run-directory"];
    assert!(rmt(&[&again[..], &[directory.to_str().unwrap()]].concat()).status.success());
    let logged = std::fs::read_to_string(directory.join("tables.jsonl")).unwrap();
    let names: Vec<String> = logged
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["table"].to_string())
        .collect();
    let (one, rates) = ("\"sanity\"", "\"sanity_rates\"");
    assert_eq!(names, [one, one, one, one, rates]);
    let events = std::fs::read_dir(&directory).unwrap();
    let is_event = |name: &str| name.starts_with("events.out.tfevents.");
    assert!(events.map(|e| e.unwrap().file_name()).any(|n| is_event(n.to_str().unwrap())));
}
