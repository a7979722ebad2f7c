//! Ctrl-C in an example that trains ends the training, not the program: what was taken is written and
//! summed up, and the status is 0.

use crate::support::require_all;
use libtest_mimic::{Completion, Failed, Trial};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use std::{fs, thread};

/// Those that train with a monitor, with options that let them go on for longer than the test.
const EXAMPLES: [(&str, &[&str]); 4] = [
    ("grokking", &["--steps", "100000"]),
    ("char_lm", &["--every", "1", "--steps", "100000"]),
    ("learner", &["--epochs", "10000", "--every", "1"]),
    ("sweep", &["--steps", "100000"]),
];

pub(crate) fn tests() -> Vec<Trial> {
    let trial = |(name, options): (&'static str, &'static [&'static str])| {
        let full = format!("ctrl_c_ends_an_example_with_its_summary::{name}");
        Trial::ignorable_test(full, move || match program(name) {
            Some(program) => interrupted(&program, options).map(|()| Completion::Completed),
            None if require_all() => Err("the example is not built".into()),
            None => Ok(Completion::ignored_with("the example is not built")),
        })
    };
    EXAMPLES.into_iter().map(trial).collect()
}

/// An example as cargo built it, beside the tests.
fn program(name: &str) -> Option<PathBuf> {
    let tests = std::env::current_exe().ok()?;
    let program = tests.parent()?.parent()?.join("examples").join(name);
    program.exists().then_some(program)
}

fn below(directory: &Path) -> Vec<PathBuf> {
    fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}

fn interrupted(program: &Path, options: &[&str]) -> Result<(), Failed> {
    let base = tempfile::tempdir()?;
    let mut child = Command::new(program)
        .args(options)
        .current_dir(base.path())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    // Until its first tick is there, or it has ended by itself.
    let run = loop {
        let begun = |run: &PathBuf| {
            fs::metadata(run.join("metrics.jsonl")).is_ok_and(|file| file.len() > 0)
        };
        // A sweep has its runs a level below.
        let mut runs = below(&base.path().join("runs"));
        runs.extend(runs.clone().iter().flat_map(|run| below(run)));
        if let Some(run) = runs.into_iter().find(begun) {
            break run;
        }
        if let Some(status) = child.try_wait()? {
            return Err(format!("it ended before: {status}").into());
        }
        thread::sleep(Duration::from_millis(5));
    };
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status()?.success());
    let output = child.wait_with_output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {said}", output.status);
    let summary: serde_json::Value = serde_json::from_slice(&fs::read(run.join("summary.json"))?)?;
    assert_eq!(summary["complete"], true);
    assert_eq!(summary["counts"]["submitted"], summary["counts"]["analysed"]);
    let steps = |layer: &serde_json::Value| layer["last"]["step"].as_u64();
    let last =
        summary["layers"].as_array().and_then(|layers| layers.iter().filter_map(steps).max());
    // It did not go on to its end.
    assert!(last.is_some_and(|step| step < 100_000), "{last:?}");
    Ok(())
}
