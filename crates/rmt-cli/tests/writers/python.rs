//! Python with the packages that write the files, in a pinned virtual environment made at first use.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The interpreter, made if need be; or why it cannot be had.
pub(crate) fn interpreter() -> Result<PathBuf, String> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().ok_or("no target directory")?;
    let requirements = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/writers/requirements.txt");
    let wanted = fs::read_to_string(&requirements).map_err(|e| e.to_string())?;
    // One process makes it, the others wait; the marker is written last.
    let lock = File::create(target.join("writers-venv.lock")).map_err(|e| e.to_string())?;
    lock.lock().map_err(|e| e.to_string())?;
    let directory = target.join("writers-venv");
    let marker = directory.join("complete.txt");
    let python = directory.join("bin/python");
    if fs::read_to_string(&marker).is_ok_and(|made| made == wanted) {
        return Ok(python);
    }
    let text = |path: &Path| path.to_string_lossy().into_owned();
    run("python3", &["-m", "venv", "--clear", &text(&directory)])?;
    let quiet = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
    run(&text(&python), &[&quiet[..], &["--requirement", &text(&requirements)]].concat())?;
    fs::write(marker, wanted).map_err(|e| e.to_string())?;
    Ok(python)
}

/// What a program prints.
pub(crate) fn run(program: &str, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .map_err(|error| format!("{program}: {error}"))?;
    if output.status.success() {
        return String::from_utf8(output.stdout).map_err(|error| format!("{program}: {error}"));
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().last().unwrap_or("no message");
    Err(format!("{program} {}: {last}", arguments.join(" ")))
}
