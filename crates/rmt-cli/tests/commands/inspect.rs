//! What `rmt inspect` selects, says, writes and exits with.

use crate::checkpoint::{matrix, transformer, write};
use crate::{failure, printed, rmt};
use rmt_core::{LayerReport, Verdict};
use rmt_monitor::read_reports;
use serde_json::Value;
use std::fs;
use std::path::Path;

fn rows(directory: &Path, arguments: &[&str]) -> Vec<LayerReport> {
    let all = [&["inspect"], arguments, &["--format", "jsonl"]].concat();
    let text = printed(directory, &all, 0);
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn checkpoint() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    write(&directory.path().join("model.safetensors"), &transformer(2.0));
    directory
}

fn names(rows: &[LayerReport]) -> Vec<String> {
    rows.iter().map(|row| row.layer.path()).collect()
}

#[test]
fn matrices_are_chosen_by_name_and_kind() {
    let directory = checkpoint();
    let path = directory.path();
    let of = |arguments: &[&str]| names(&rows(path, &[&["model.safetensors"], arguments].concat()));
    let all = of(&[]);
    // A fused projection is three matrices.
    assert_eq!(all.len(), 9 + 3 + 1, "{all:?}");
    assert!(all.contains(&"h.0.attn.c_attn.weight.key".to_owned()));
    let second = of(&["--include", "encoder.*", "--exclude", "*.0.*"]);
    assert!(second.len() == 4 && second.iter().all(|name| name.contains(".1.")), "{second:?}");
    assert_eq!(of(&["--kind", "up,down"]).len(), 4);
    assert_eq!(of(&["--kind-of", "tiny*=head", "--kind", "head"]).len(), 1);
    // The order is the same however many work at it.
    assert_eq!(of(&["--jobs", "1"]), of(&["--jobs", "5"]));
}

#[test]
fn figures_depend_on_what_is_asked_for_and_not_on_the_format() {
    let directory = checkpoint();
    let path = directory.path();
    let plain = rows(path, &["model.safetensors"]);
    let without = rows(path, &["model.safetensors", "--no-traps"]);
    assert!(plain.iter().any(|row| row.report.traps.is_some()));
    assert!(without.iter().all(|row| row.report.traps.is_none()));
    assert_eq!(without[0].report.left, plain[0].report.left);
    let fast = rows(path, &["model.safetensors", "--no-vectors"]);
    for (with, without) in plain.iter().zip(&fast) {
        assert!(without.report.left.is_none() && without.report.right.is_none());
        if with.report.verdict != Verdict::NotEstimable {
            assert_eq!((with.report.tests.len(), without.report.tests.len()), (5, 3));
            let same = (with.report.largest.unwrap() / without.report.largest.unwrap()) - 1.0;
            assert!(same.abs() < 1e-9);
        }
    }
    // Without the second decomposition everything else is what it was, to the last digit.
    let without_traps = rows(path, &["model.safetensors", "--no-traps"]);
    assert_eq!(plain.len(), without_traps.len());
    for (mut with, without) in plain.clone().into_iter().zip(without_traps) {
        assert_eq!(with.report.traps.take().is_some(), with.report.verdict.deviates());
        assert_eq!(with, without);
    }
    for estimator in ["median", "entries", "fit"] {
        let arguments = ["model.safetensors", "--scale", estimator, "--kind", "up"];
        let scaled = rows(path, &arguments);
        assert_eq!(scaled[0].report.scale_estimator, estimator);
    }
    let arguments = ["inspect", "model.safetensors", "--kind", "up", "--format", "jsonl"];
    let text = printed(path, &[&arguments[..], &["--spectrum"]].concat(), 0);
    let row: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    let values = row["singular_values"].as_array().unwrap();
    assert_eq!((values.len(), values[0].as_f64()), (48, row["largest"].as_f64()));
    let file = [&arguments[..], &["-o", "rows.jsonl"]].concat();
    assert_eq!(printed(path, &file, 0), "");
    assert_eq!(fs::read_to_string(path.join("rows.jsonl")).unwrap(), printed(path, &arguments, 0));
}

#[test]
fn an_expectation_is_the_exit_status() {
    let directory = checkpoint();
    let path = directory.path();
    let with = |more: &[&str]| {
        let all = [&["inspect", "model.safetensors"], more].concat();
        rmt(path, &all).status.code()
    };
    assert_eq!(with(&["--expect", "random"]), Some(2));
    assert_eq!(with(&["--expect", "deviates"]), Some(0));
    let first_block = ["--expect", "random", "--exclude", "*.1.*"];
    assert_eq!(with(&[&first_block[..], &["--exclude", "packed.*"]].concat()), Some(0));
    // What is packed cannot be judged.
    assert_eq!(with(&first_block), Some(2));
    assert_eq!(with(&["--expect", "deviates", "--exclude", "*.1.*"]), Some(2));
    // Nothing that could be judged, no matrix at all, options that have no meaning: errors.
    assert_eq!(with(&["--expect", "random", "--include", "tiny*"]), Some(1));
    assert_eq!(with(&["--include", "nothing"]), Some(1));
    assert_eq!(with(&["--frobnicate"]), Some(1));
    assert_eq!(with(&["--level", "2"]), Some(1));
}

#[test]
fn errors_are_one_line_that_names_the_file() {
    let directory = checkpoint();
    let path = directory.path();
    let fails = |arguments: &[&str], words: &[&str]| {
        let line = failure(path, arguments, 1);
        assert!(words.iter().all(|word| line.contains(word)), "{line}");
    };
    fails(&["inspect", "missing.pt"], &["error: ", "missing.pt"]);
    fs::write(path.join("text.safetensors"), "this is no checkpoint").unwrap();
    fails(&["inspect", "text.safetensors"], &["text.safetensors"]);
    fails(&["inspect", "model.safetensors", "--include", "a[b"], &["a[b"]);
    // Bytes end before the last tensor does: said at once, by the header.
    let whole = fs::read(path.join("model.safetensors")).unwrap();
    fs::write(path.join("cut.safetensors"), &whole[..whole.len() - 100]).unwrap();
    fails(&["inspect", "cut.safetensors"], &["cut.safetensors"]);
    fails(&["compare", "model.safetensors", "missing.npy"], &["missing.npy"]);
}

#[test]
fn options_that_have_no_meaning_say_so_and_never_exit_with_2() {
    let directory = checkpoint();
    let model = "model.safetensors";
    for (arguments, word) in [
        (vec!["inspect"], "required"),
        (vec!["inspect", model, "--level", "x"], "invalid value"),
        (vec!["inspect", model, "--jobs", "0"], "jobs"),
        (vec!["inspect", model, "--scale", "mean"], "median"),
        (vec!["inspect", model, "--null", "gauss"], "permutation"),
        (vec!["inspect", model, "--null", "permutation:3"], "permutations = 3"),
        (vec!["inspect", model, "--kind", "hed"], "hed"),
        (vec!["inspect", model, "--kind-of", "x"], "GLOB=KIND"),
        (vec!["inspect", model, "--layout", "rows"], "layout"),
        (vec!["inspect", model, "--heads", "3:2"], "heads"),
        (vec!["inspect", model, "--step", "1,2"], "2 steps for 1 checkpoints"),
        (vec!["inspect", model, "--spectrum"], "--format jsonl"),
        (vec!["inspect", model, "--format", "xml"], "jsonl"),
        (vec!["inspect", model, "-o", model], "choose another file"),
        (vec!["compare", model], "required"),
        (vec!["compare", model, model, "--random"], "--random"),
        (vec!["compare", model, model, "--seed", "3"], "--seed"),
        (vec!["compare", model, model, "--include", "none"], "no matrix to compare"),
        (vec!["completions", "dos"], "bash"),
        (vec![], "Usage"),
    ] {
        let output = rmt(directory.path(), &arguments);
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {errors}");
        assert!(errors.contains(word) && !errors.contains("panicked"), "{arguments:?}: {errors}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn a_matrix_that_is_not_finite_is_said_and_the_others_are_there() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let mut bad = matrix("bad.weight", [32, 48], 1, 0.0);
    bad.3[..4].copy_from_slice(&f32::NAN.to_le_bytes());
    write(&path.join("m.safetensors"), &[bad, matrix("good.weight", [32, 48], 2, 0.0)]);
    let rows = rows(path, &["m.safetensors"]);
    let verdicts: Vec<_> = rows.iter().map(|row| row.report.verdict).collect();
    assert_eq!(verdicts, [Verdict::NotEstimable, Verdict::Random]);
    let text = printed(path, &["inspect", "m.safetensors"], 0);
    assert!(text.contains("not finite"), "{text}");
}

#[test]
fn checkpoints_become_the_steps_of_a_run() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    for (step, learned) in [(0, 0.0), (50, 1.0), (100, 2.0)] {
        write(&path.join(format!("step{step}.safetensors")), &transformer(learned));
    }
    // In whichever order they are given.
    let files = ["step100.safetensors", "step0.safetensors", "step50.safetensors"];
    let arguments = [&["inspect"], &files[..], &["--tensorboard", "run"]].concat();
    printed(path, &arguments, 0);
    let found = read_reports(path.join("run")).unwrap().reports;
    assert_eq!(found.len(), 3 * 13);
    let mut steps: Vec<u64> = found.iter().map(|row| row.step).collect();
    steps.dedup();
    assert_eq!(steps, [0, 50, 100]);
    let deviating = |step| {
        let of = found.iter().filter(|row| row.step == step);
        of.filter(|row| row.report.verdict == Verdict::Structure).count()
    };
    assert_eq!([0, 100].map(deviating), [0, 2]);
    let events = fs::read_dir(path.join("run")).unwrap();
    let events =
        events.filter(|e| e.as_ref().unwrap().path().to_string_lossy().contains("tfevents"));
    assert_eq!(events.count(), 1);
    // A run is not written over, and steps can be given.
    failure(path, &arguments, 1);
    let given = [&["inspect"], &files[..], &["--tensorboard", "other", "--step", "3,1,2"]].concat();
    printed(path, &given, 0);
    let text = fs::read_to_string(path.join("other/metrics.jsonl")).unwrap();
    let first: LayerReport = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    assert_eq!(first.step, 1);
}

#[test]
fn help_teaches_and_shells_complete() {
    let directory = tempfile::tempdir().unwrap();
    for (command, word) in [("inspect", "--tensorboard"), ("compare", "--random")] {
        let help = printed(directory.path(), &[command, "--help"], 0);
        assert!(help.contains("Examples:") && help.contains(word), "{help}");
    }
    for shell in ["bash", "zsh", "fish"] {
        let script = printed(directory.path(), &["completions", shell], 0);
        assert!(script.contains("no-vectors") && script.contains("compare"), "{shell}");
    }
}
