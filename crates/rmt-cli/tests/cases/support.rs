//! The files, and the program run on them.

use rmt_test_python::{environment, run};
use serde_json::Value;
use std::collections::HashMap;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::OnceLock;

/// The files that `make.py` wrote, and the singular values of matrices in them by file and name.
pub(crate) struct Cases {
    directory: tempfile::TempDir,
    pub(crate) singular: HashMap<String, HashMap<String, Vec<f64>>>,
}

/// Written once.
pub(crate) fn cases() -> &'static Result<Cases, String> {
    static CASES: OnceLock<Result<Cases, String>> = OnceLock::new();
    CASES.get_or_init(|| {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let tmpdir = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let requirements = here.join("tests/cases/requirements.txt");
        let programs = environment("cases-venv", tmpdir, &requirements)?;
        let directory = tempfile::tempdir().map_err(|error| error.to_string())?;
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let program = text(&here.join("tests/cases/make.py"));
        let python = text(&programs.join("python"));
        let written = run(&python, &[&program, &text(directory.path())])?;
        let singular = serde_json::from_str(&written).map_err(|error| error.to_string())?;
        Ok(Cases { directory, singular })
    })
}

impl Cases {
    /// Runs the program on files of the directory.
    pub(crate) fn rmt(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rmt"));
        command.env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"));
        command.current_dir(self.directory.path()).args(arguments).output().unwrap()
    }

    /// What it prints, once it has ended with this status, and what it says on the side.
    pub(crate) fn said(&self, arguments: &[&str], status: i32) -> (String, String) {
        let output = self.rmt(arguments);
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let (printed, said) = (text(output.stdout), text(output.stderr));
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {said}");
        (printed, said)
    }

    /// The rows of an inspection.
    pub(crate) fn rows(&self, arguments: &[&str]) -> Vec<Value> {
        let all = [&["inspect", "--format", "jsonl"], arguments].concat();
        let (printed, _) = self.said(&all, 0);
        printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Names and parts of the matrices in a file.
    pub(crate) fn names(&self, file: &str) -> Vec<String> {
        self.rows(&[file]).iter().map(path).collect()
    }

    /// Every matrix of the file whose singular values are known has them.
    pub(crate) fn agree(&self, file: &str) {
        let rows = self.rows(&[file, "--spectrum"]);
        let known = self.singular.get(file).unwrap_or_else(|| panic!("nothing is known of {file}"));
        for (name, expected) in known {
            let row = rows.iter().find(|row| path(row) == *name);
            let row = row.unwrap_or_else(|| panic!("{file} has no {name}"));
            let found: Vec<f64> = serde_json::from_value(row["singular_values"].clone()).unwrap();
            assert_eq!(found.len(), expected.len(), "{file} {name}");
            for (found, expected) in found.iter().zip(expected) {
                assert!((found / expected - 1.0).abs() < 1e-6, "{file} {name}: {found} {expected}");
            }
        }
    }
}

/// The name of a row's matrix and, behind a dot, of its part.
pub(crate) fn path(row: &Value) -> String {
    let name = row["name"].as_str().unwrap();
    row["part"].as_str().map_or(name.to_owned(), |part| format!("{name}.{part}"))
}

/// Whether a note of the row says this.
pub(crate) fn notes(row: &Value, says: &str) -> bool {
    row["notes"].as_array().unwrap().iter().any(|note| note.as_str().unwrap().contains(says))
}
