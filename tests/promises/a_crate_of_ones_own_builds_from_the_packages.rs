//! A crate outside of the repository that depends on burn-rmt as it is packaged builds, offline, and runs.
//!
//! It goes into the folder of this build, with the features and the profile that burn has here, so that after
//! `cargo test --release --workspace` only what is ours is built again. It is listed as ignored, with the reason,
//! where cargo lacks a crate that it would have to download; with `RMT_REQUIRE_ALL=1` it fails then.

use crate::support::require_all;
use libtest_mimic::{Completion, Failed, Trial};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// What a user writes: the lines of burn-rmt's README, and a loop.
const MANIFEST: &str = include_str!("a_crate_of_ones_own/Cargo.toml");
const PROGRAM: &str = include_str!("a_crate_of_ones_own/main.rs");
const README: &str = include_str!("../../crates/burn-rmt/README.md");
/// Ours that it stands on, from the packages.
const PACKAGES: [&str; 5] = ["rmt-core", "rmt-plot", "rmt-page", "rmt-monitor", "burn-rmt"];

pub(crate) fn tests() -> Vec<Trial> {
    let module = "a_crate_of_ones_own_builds_from_the_packages";
    vec![
        crate::support::test(module, "as_the_readme_says", as_the_readme_says),
        Trial::ignorable_test(format!("{module}::and_runs"), || match fetched() {
            Ok(()) => builds_and_runs().map(|()| Completion::Completed),
            Err(why) if require_all() => Err(why.into()),
            Err(why) => Ok(Completion::ignored_with(why)),
        }),
    ]
}

/// The lines under `[dependencies]` stand in the README.
fn as_the_readme_says() {
    let (_, dependencies) = MANIFEST.split_once("[dependencies]\n").unwrap();
    assert!(dependencies.lines().count() == 2 && README.contains(dependencies), "{dependencies}");
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// What cargo prints in `directory`, offline.
fn cargo(directory: &Path, arguments: &[&str]) -> Result<String, String> {
    run_cargo(directory, &[arguments, &["--offline"]].concat())
}

fn run_cargo(directory: &Path, arguments: &[&str]) -> Result<String, String> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(arguments)
        .current_dir(directory)
        .output()
        .map_err(|error| format!("cargo: {error}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("cargo {}: {said}", arguments.join(" ")));
    }
    String::from_utf8(output.stdout).map_err(|error| error.to_string())
}

/// Fetches all crates of the workspace, also those of other systems, which a build leaves out.
fn fetched() -> Result<(), String> {
    run_cargo(&root(), &["metadata", "--format-version=1", "--locked"]).map(drop)
}

fn builds_and_runs() -> Result<(), Failed> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().ok_or("no target directory")?;
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("a-crate-of-ones-own");
    fs::create_dir_all(folder.join("src"))?;

    let mut package = vec!["package", "--no-verify", "--allow-dirty", "--quiet", "--target-dir"];
    let packed = folder.join("packed").to_string_lossy().into_owned();
    package.push(&packed);
    PACKAGES.iter().for_each(|name| package.extend(["--package", name]));
    cargo(&root(), &package)?;
    PACKAGES.iter().try_for_each(|name| unpack(&folder, name))?;

    fs::write(folder.join("src/main.rs"), PROGRAM)?;
    fs::copy(root().join("Cargo.lock"), folder.join("Cargo.lock"))?;
    let workspace = fs::read_to_string(root().join("Cargo.toml"))?;
    let (_, profile) = workspace.split_once("[profile.release]").ok_or("there is no profile")?;
    let mut rest = String::from("\n[workspace]\n\n[patch.crates-io]\n");
    for name in PACKAGES {
        writeln!(rest, "{name} = {{ path = \"{name}-{}\" }}", env!("CARGO_PKG_VERSION"))?;
    }
    write!(rest, "\n[profile.release]{profile}")?;
    let manifest = folder.join("Cargo.toml");
    fs::write(&manifest, format!("{MANIFEST}{rest}"))?;
    let built = features(&root(), true)?;
    // A feature that is added may ask for one more crate.
    for _ in 0..2 {
        let more = features_to_add(&built, &features(&folder, false)?);
        let known = fs::read_to_string(&manifest)?;
        fs::write(
            &manifest,
            known.replacen("\n[workspace]\n", &format!("{more}\n[workspace]\n"), 1),
        )?;
    }

    let target = target.to_string_lossy();
    let runs = folder.join("runs");
    let _ = fs::remove_dir_all(&runs);
    let said = cargo(&folder, &["run", "--release", "--quiet", "--target-dir", &target])?;
    assert!(said.contains("weight"), "{said}");
    let run = runs.join("mine");
    for file in ["metrics.jsonl", "index.html", "summary.json"] {
        assert!(run.join(file).metadata()?.len() > 0, "{file}");
    }
    Ok(())
}

/// Unpacks a package, if it is another than last time: what is unpacked anew is built anew.
fn unpack(folder: &Path, name: &str) -> Result<(), Failed> {
    let version = env!("CARGO_PKG_VERSION");
    let file = format!("{name}-{version}.crate");
    let packed = fs::read(folder.join("packed/package").join(&file))?;
    let known = folder.join(&file);
    let directory = folder.join(format!("{name}-{version}"));
    if directory.exists() && fs::read(&known).is_ok_and(|known| known == packed) {
        return Ok(());
    }
    let _ = fs::remove_dir_all(&directory);
    fs::write(&known, packed)?;
    // The times in a package are all the same, and cargo looks at times.
    let tar = Command::new("tar").arg("-xmzf").arg(&known).arg("-C").arg(folder).status()?;
    assert!(tar.success(), "tar: {tar}");
    Ok(())
}

/// Features of each crate that is not ours, by name and version. Procedural macros are built alike anyway.
fn features(directory: &Path, workspace: bool) -> Result<Features, String> {
    let edges = if workspace { "no-build,no-proc-macro" } else { "no-build,no-dev,no-proc-macro" };
    let mut arguments = vec!["tree", "--prefix", "none", "--format", "{p}|{f}", "--edges", edges];
    if workspace {
        arguments.push("--workspace");
    }
    let mut found = Features::new();
    for line in cargo(directory, &arguments)?.lines() {
        let Some((package, features)) = line.trim_end_matches(" (*)").split_once('|') else {
            continue;
        };
        let mut words = package.split_whitespace();
        let (Some(name), Some(version), None) = (words.next(), words.next(), words.next()) else {
            continue;
        };
        let named = features.split(',').filter(|feature| !feature.is_empty());
        found
            .entry((name.to_owned(), version.trim_start_matches('v').to_owned()))
            .or_default()
            .extend(named.map(str::to_owned));
    }
    Ok(found)
}

type Features = BTreeMap<(String, String), BTreeSet<String>>;

/// Dependencies that give `own` crates the features that they have in this build.
fn features_to_add(built: &Features, own: &Features) -> String {
    let mut lines = String::new();
    for (package, features) in own {
        let ((name, version), Some(wanted)) = (package, built.get(package)) else { continue };
        if wanted.is_subset(features) || name == "burn" {
            continue;
        }
        let wanted: Vec<_> = wanted.iter().collect();
        let _ = writeln!(
            lines,
            "{name}-{} = {{ package = \"{name}\", version = \"={version}\", \
             default-features = false, features = {wanted:?} }}",
            version.replace(['.', '+'], "-")
        );
    }
    lines
}
