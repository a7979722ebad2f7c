//! Whatever happens to the monitor in a process that trains: it ends with the weights and the losses
//! that it has without one, and with status 0. (What becomes of the log is rmt-monitor's own promise,
//! with more faults.)

use crate::support::{alone_with_device, bits, require_all, test, train};
use burn_rmt::{Monitor, MonitorConfig};
use libtest_mimic::{Completion, Failed, Trial};
use rmt_monitor::{Record, Sink, SinkError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;
use std::{fs, hash::DefaultHasher, hash::Hasher};

/// Set for the process that trains: the fault, and where it may write.
const CHILD: [&str; 2] = ["RMT_TEST_TRAIN_THROUGH", "RMT_TEST_TRAIN_IN"];

const FAULTS: [&str; 5] =
    ["none", "directory_removed", "file_in_its_place", "sink_hangs", "sink_panics"];
const DISK_FULL: &str = "disk_full";

const STEPS: u64 = 40;
/// When it strikes, and when it goes away.
const FROM: u64 = 10;
const TO: u64 = 25;

pub(crate) fn tests() -> Vec<Trial> {
    let disk_full = Trial::ignorable_test("a_fault_never_reaches_training::disk_full", disk_full);
    vec![test(module_path!(), "whatever_it_is", whatever_it_is), disk_full]
}

/// The fault and the directory, if this process is to train through one.
pub(crate) fn child() -> Option<[PathBuf; 2]> {
    let [fault, directory] = CHILD.map(|name| std::env::var_os(name).map(PathBuf::from));
    Some([fault?, directory?])
}

/// Panics, or hangs for good, at the fault's first step.
struct Faulty(Option<Receiver<()>>);

impl Sink for Faulty {
    fn name(&self) -> &str {
        "faulty"
    }

    fn write(&mut self, record: &Record<'_>) -> Result<(), SinkError> {
        if matches!(record, Record::Tick(tick) if tick.step == FROM) {
            match &self.0 {
                Some(gate) => _ = gate.recv(),
                None => panic!("on purpose"),
            }
        }
        Ok(())
    }
}

/// Says of each tick that the files before it have been given it.
struct Turnstile(Sender<u64>);

impl Sink for Turnstile {
    fn name(&self) -> &str {
        "turnstile"
    }

    fn write(&mut self, record: &Record<'_>) -> Result<(), SinkError> {
        if let Record::Tick(tick) = record {
            let _ = self.0.send(tick.step);
        }
        Ok(())
    }
}

/// Trains through the fault, and says what the weights and losses are.
pub(crate) fn train_through([fault, base]: &[PathBuf; 2]) -> ExitCode {
    let (_guard, device) = alone_with_device();
    let (fault, path) = (fault.to_str().unwrap(), base.join("x"));
    let mut config = MonitorConfig::new(&path).with_every(1);
    let (opener, gate) = channel();
    match fault {
        "sink_hangs" => {
            config = config.with_finish_timeout(Duration::from_millis(100));
            config = config.with_sink(Faulty(Some(gate)));
        }
        "sink_panics" => config = config.with_sink(Faulty(None)),
        _ => {}
    }
    let (passed, ticks) = channel();
    let monitor = config.with_sink(Turnstile(passed)).init().unwrap();
    // So that the fault strikes after the ticks up to FROM, and lasts for those up to TO.
    let wait_for = |step: u64| assert!(ticks.iter().any(|passed| passed == step), "{step}");
    let ballast = base.join("ballast");
    let (losses, model) = train(&device, 1, STEPS, &monitor, |step, _| {
        if fault != "sink_hangs" && [FROM, TO].contains(&step) {
            wait_for(step);
        }
        match (fault, step) {
            (DISK_FULL, FROM) => {
                let mut file = fs::File::create(&ballast).unwrap();
                let full = io::copy(&mut io::repeat(7), &mut file).unwrap_err();
                assert_eq!(full.kind(), io::ErrorKind::StorageFull);
            }
            (DISK_FULL, TO) => fs::remove_file(&ballast).unwrap(),
            ("directory_removed", FROM) => remove(&path),
            ("directory_removed", TO) => fs::create_dir(&path).unwrap(),
            ("file_in_its_place", FROM) => {
                fs::rename(&path, base.join("away")).unwrap();
                fs::write(&path, "").unwrap();
            }
            _ => {}
        }
    });
    let summary = monitor.finish();
    let counts = &summary.counts;
    assert_eq!(counts.submitted, counts.analysed + counts.dropped.total());
    let lost: u64 = summary.sinks.values().flat_map(|sink| sink.lost.values()).sum();
    let lost = lost + counts.dropped.total();
    assert_eq!(lost > 0, fault != "none", "{summary:?}");
    assert_eq!(summary.complete, fault != "sink_hangs");
    drop(opener);
    let said = writeln!(io::stdout(), "{:016x}", digest(&losses, &bits(&model)));
    if said.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Removes a directory that somebody writes to.
fn remove(directory: &Path) {
    while let Err(error) = fs::remove_dir_all(directory) {
        assert_eq!(error.kind(), io::ErrorKind::DirectoryNotEmpty);
    }
}

fn digest(losses: &[u32], weights: &[u32]) -> u64 {
    let mut hasher = DefaultHasher::new();
    losses.iter().chain(weights).for_each(|&bits| hasher.write_u32(bits));
    hasher.finish()
}

/// What is left of training through a fault, by a process started with `command`.
fn through(fault: &str, base: &Path, mut command: Command) -> String {
    let output = command.env(CHILD[0], fault).env(CHILD[1], base).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{fault}: {}: {said}", output.status);
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn unwatched() -> String {
    let (_guard, device) = alone_with_device();
    let (losses, model) = train(&device, 1, STEPS, &Monitor::disabled(), |_, _| {});
    format!("{:016x}", digest(&losses, &bits(&model)))
}

fn whatever_it_is() {
    let expected = unwatched();
    for fault in FAULTS {
        let base = tempfile::tempdir().unwrap();
        let command = Command::new(std::env::current_exe().unwrap());
        assert_eq!(through(fault, base.path(), command), expected, "{fault}");
    }
}

/// A small file system of its own that runs full.
fn disk_full() -> Result<Completion, Failed> {
    let base = tempfile::tempdir()?;
    let in_small = |then: &str| {
        let mut command = Command::new("unshare");
        let mount = r#"mount -t tmpfs -o size=4m tmpfs "$0" && "#;
        command.args(["--map-root-user", "--user", "--mount", "sh", "-c"]);
        command.arg(format!("{mount}{then}")).arg(base.path());
        command
    };
    if !in_small("true").output().is_ok_and(|made| made.status.success()) {
        let why = "no file system can be mounted";
        return if require_all() { Err(why.into()) } else { Ok(Completion::ignored_with(why)) };
    }
    let mut command = in_small(r#"exec "$1""#);
    command.arg(std::env::current_exe()?);
    assert_eq!(through(DISK_FULL, base.path(), command), unwatched());
    Ok(Completion::Completed)
}
