//! Whatever happens to the monitor's files, its sinks or its worker: training ends with the weights
//! that it has unwatched and with status 0, what was lost is counted by reason and said, what was
//! written before can be read, and logging goes on when the fault goes away.

use crate::faults::{CHILD, FAULTS, Fault, Means, NULLS};
use libtest_mimic::{Completion, Failed, Trial};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;
use tempfile::TempDir;

/// Runs of each fault, which strikes each at another step.
fn repetitions() -> u64 {
    std::env::var("RMT_FAULT_RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(2)
}

pub(crate) fn tests() -> Vec<Trial> {
    let trial = |fault: &'static Fault| {
        let name = format!("a_fault_costs_what_it_says::{}", fault.name);
        Trial::ignorable_test(name, move || match missing(fault.means) {
            Some(why) if std::env::var_os("RMT_REQUIRE_ALL").is_some_and(|x| x == "1") => {
                Err(why.into())
            }
            Some(why) => Ok(Completion::ignored_with(why)),
            None => {
                (0..repetitions()).try_for_each(|seed| strike(fault, seed))?;
                Ok(Completion::Completed)
            }
        })
    };
    FAULTS.iter().map(trial).collect()
}

const LIBFAKETIME: [&str; 2] = [
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
];

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

/// A process in which file systems can be mounted that nobody else sees.
fn unshare() -> Command {
    let mut command = Command::new("unshare");
    if !is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    command.arg("--mount");
    command
}

/// Why a fault cannot be brought about here.
fn missing(means: Means) -> Option<&'static str> {
    let works = |command: &mut Command| command.output().is_ok_and(|made| made.status.success());
    match means {
        Means::Plain | Means::Nobody => None,
        Means::Mount => {
            let mount = ["mount", "-t", "tmpfs", "tmpfs", "/tmp"];
            (!works(unshare().args(mount))).then_some("no file system can be mounted")
        }
        Means::Limit => {
            (!works(Command::new("prlimit").arg("--version"))).then_some("there is no prlimit")
        }
        Means::Clock => LIBFAKETIME
            .iter()
            .all(|path| !Path::new(path).exists())
            .then_some("libfaketime is not installed"),
    }
}

fn strike(fault: &Fault, seed: u64) -> Result<(), Failed> {
    let base = tempfile::tempdir().unwrap();
    let exe = std::env::current_exe().unwrap();
    let mut command = match fault.means {
        Means::Plain => Command::new(&exe),
        Means::Mount => {
            let mut command = unshare();
            let script = r#"mount -t tmpfs -o size=4m tmpfs "$0" && exec "$1""#;
            command.args(["sh", "-c", script]).arg(base.path()).arg(&exe);
            command
        }
        Means::Nobody => {
            // Who may not be able to enter the build's directories.
            let copy = base.path().join("trust");
            // By a program: a thread that starts another one now would inherit the file open for writing,
            // and such a file cannot be run.
            assert!(Command::new("cp").args([&exe, &copy]).status().unwrap().success());
            std::fs::set_permissions(base.path(), PermissionsExt::from_mode(0o777)).unwrap();
            let mut command = Command::new(copy);
            if is_root() {
                command.uid(65534).gid(65534);
            }
            command
        }
        Means::Limit => {
            let mut command = Command::new("sh");
            command.args(["-c", r#"trap "" XFSZ; exec "$0""#]).arg(&exe);
            command
        }
        Means::Clock => {
            let clock = base.path().join("clock");
            std::fs::write(&clock, "+0").unwrap();
            let library = LIBFAKETIME.iter().find(|path| Path::new(path).exists()).unwrap();
            let mut command = Command::new(&exe);
            command
                .env("LD_PRELOAD", library)
                .env("FAKETIME_TIMESTAMP_FILE", clock)
                .env("FAKETIME_NO_CACHE", "1")
                .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
            command
        }
    };
    static SIMULATED: OnceLock<TempDir> = OnceLock::new();
    let nulls = SIMULATED.get_or_init(|| {
        let nulls = tempfile::tempdir().unwrap();
        std::fs::set_permissions(nulls.path(), PermissionsExt::from_mode(0o777)).unwrap();
        nulls
    });
    command.env(NULLS, nulls.path());
    let [name, directory, number] = CHILD;
    command.env(name, fault.name).env(directory, base.path()).env(number, seed.to_string());
    let output = command.output().unwrap();
    match output.status.success() {
        true => Ok(()),
        false => {
            let said = String::from_utf8_lossy(&output.stderr);
            Err(format!("seed {seed}: {}: {said}", output.status).into())
        }
    }
}
