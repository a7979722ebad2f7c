//! `rmt inspect` and `rmt compare` as their users run them.

#![allow(clippy::unwrap_used)]

mod adapters;
mod answers;
mod checkpoint;
mod compare;
mod film;
mod golden;
#[path = "../hostile/mod.rs"]
mod hostile;
mod inspect;
#[cfg(target_os = "linux")]
mod memory;
mod parts;
mod ranked;
mod report;
mod scripts;

use std::path::Path;
use std::process::{Command, Output};

/// Runs the program in `directory`, without a terminal.
fn rmt(directory: &Path, arguments: &[&str]) -> Output {
    command(directory, arguments).output().unwrap()
}

fn command(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rmt"));
    // Simulated nulls are kept among the build's files, not the user's.
    command.env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"));
    command.current_dir(directory).args(arguments);
    command
}

/// What it prints, once it has ended as it should.
fn printed(directory: &Path, arguments: &[&str], status: i32) -> String {
    let output = rmt(directory, arguments);
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(status), "{arguments:?}: {errors}");
    assert!(status != 0 || errors.is_empty(), "{errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// The one line that it fails with.
fn failure(directory: &Path, arguments: &[&str], status: i32) -> String {
    let output = rmt(directory, arguments);
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(status), "{arguments:?}: {errors}");
    assert_eq!(errors.lines().count(), 1, "{errors}");
    errors
}
