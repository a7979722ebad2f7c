//! Python programs that tests ask, in pinned virtual environments made at first use.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The programs (`bin`) of the environment `name` beside the build's temporary directory (`tmpdir`, as
/// `CARGO_TARGET_TMPDIR` has it), with the packages of the file `requirements`; made if need be.
///
/// # Errors
/// Why it cannot be had, in a line.
pub fn environment(name: &str, tmpdir: &Path, requirements: &Path) -> Result<PathBuf, String> {
    let target = tmpdir.parent().ok_or("no target directory")?;
    let wanted = fs::read_to_string(requirements).map_err(|e| e.to_string())?;
    // One process makes it, the others wait; the marker is written last.
    let lock = File::create(target.join(format!("{name}.lock"))).map_err(|e| e.to_string())?;
    lock.lock().map_err(|e| e.to_string())?;
    let directory = target.join(name);
    let marker = directory.join("complete.txt");
    let programs = directory.join("bin");
    if fs::read_to_string(&marker).is_ok_and(|made| made == wanted) {
        return Ok(programs);
    }
    let text = |path: &Path| path.to_string_lossy().into_owned();
    run("python3", &["-m", "venv", "--clear", &text(&directory)])?;
    let quiet = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
    let requirements = text(requirements);
    let install = [&quiet[..], &["--requirement", &requirements]].concat();
    run(&text(&programs.join("python")), &install)?;
    fs::write(marker, wanted).map_err(|e| e.to_string())?;
    Ok(programs)
}

/// What a program prints.
///
/// # Errors
/// The last line that it fails with.
pub fn run(program: &str, arguments: &[&str]) -> Result<String, String> {
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
