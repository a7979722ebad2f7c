//! The Python wheel holds the program: it is built, installed into a fresh environment, and inspects a file there.
//!
//! Without Python or maturin the test is listed as ignored, with the reason; with `RMT_REQUIRE_ALL=1` it fails
//! instead. The program is built for debugging: that takes a third of the time of an optimized one, and the wheel
//! is the same but for that.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use rmt_test_python::{environment, run};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::{env, fs};

const CRATE: &str = env!("CARGO_MANIFEST_DIR");

fn main() -> ExitCode {
    let test = Trial::ignorable_test("an_installed_wheel_inspects_a_file", || {
        let requirements = Path::new(CRATE).join("tests/wheel/requirements.txt");
        let tmpdir = Path::new(env!("CARGO_TARGET_TMPDIR"));
        match environment("maturin-venv", tmpdir, &requirements) {
            Ok(programs) => inspects(&programs).map(|()| Completion::Completed),
            Err(why) if env::var_os("RMT_REQUIRE_ALL").is_some_and(|v| v == "1") => Err(why.into()),
            Err(why) => Ok(Completion::ignored_with(why)),
        }
    });
    libtest_mimic::run(&Arguments::from_args(), vec![test]).exit_code()
}

fn inspects(programs: &Path) -> Result<(), Failed> {
    let directory = tempfile::tempdir()?;
    let here = |name: &str| directory.path().join(name).to_string_lossy().into_owned();

    let wheel = built(programs, &directory.path().join("wheels"))?;
    let name = wheel.file_name().unwrap_or_default().to_string_lossy();
    let version = env!("CARGO_PKG_VERSION");
    assert!(name.starts_with(&format!("rmt_cli-{version}-py3-none-")), "{name}");

    run("python3", &["-m", "venv", &here("fresh")])?;
    let installed = |program: &str| here(&format!("fresh/bin/{program}"));
    let wheel = wheel.to_string_lossy();
    let alone = ["--quiet", "--disable-pip-version-check", "--no-index", "--no-deps"];
    run(&installed("python"), &[&["-m", "pip", "install"], &alone[..], &[&wheel]].concat())?;

    assert_eq!(run(&installed("rmt"), &["--version"])?.trim(), format!("rmt {version}"));
    fs::write(here("weights.npy"), npy([20, 30]))?;
    let said = run(&installed("rmt"), &["inspect", &here("weights.npy"), "--format", "jsonl"])?;
    let report: serde_json::Value = serde_json::from_str(said.trim())?;
    assert_eq!(report["shape"], serde_json::json!([20, 30]), "{said}");
    let listed = run(&installed("python"), &["-m", "pip", "show", "--files", "rmt-cli"])?;
    assert!(listed.contains("LICENSE-MIT") && listed.contains("bin/rmt"), "{listed}");
    Ok(())
}

/// The wheel, made in `directory` within the folder of this build.
fn built(programs: &Path, directory: &Path) -> Result<PathBuf, Failed> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().ok_or("no target directory")?;
    let output = Command::new(programs.join("maturin"))
        .args(["build", "--profile", "dev", "--compatibility", "linux"])
        .arg("--manifest-path")
        .arg(Path::new(CRATE).join("Cargo.toml"))
        .arg("--target-dir")
        .arg(target)
        .arg("--out")
        .arg(directory)
        // What `.ci/package` builds with too.
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let wheel = fs::read_dir(directory)?.next().ok_or("there is no wheel")?;
    Ok(wheel?.path())
}

/// A file of NumPy's with a matrix of single precision.
fn npy([rows, cols]: [usize; 2]) -> Vec<u8> {
    let header =
        format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {cols}), }}\n");
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend_from_slice(&u16::try_from(header.len()).unwrap().to_le_bytes());
    file.extend_from_slice(header.as_bytes());
    let value = |k: usize| (k * 7919 % 1009) as f32 - 504.0;
    file.extend((0..rows * cols).flat_map(|k| value(k).to_le_bytes()));
    file
}
