//! Killed with SIGKILL in mid-run, all ticks but the last are readable.

use crate::support::tensorboard::{Environment, Loader, encode, with_both_loaders};
use crate::support::{alone_with_device, test, train};
use burn_rmt::MonitorConfig;
use libtest_mimic::{Failed, Trial};
use rmt_monitor::{Record, Sink, SinkError};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use tensorboard_rs::masked_crc32c::masked_crc32c;

pub(crate) fn tests() -> Vec<Trial> {
    let mut tests = with_both_loaders(module_path!(), served);
    tests.push(test(module_path!(), "every_announced_tick_is_there", killed));
    tests
}

/// Set for the process that is to be killed: its run directory.
const CHILD: &str = "RMT_TEST_TRAIN_UNTIL_KILLED";

/// The run directory, if this process is the one to be killed.
pub(crate) fn child() -> Option<PathBuf> {
    std::env::var_os(CHILD).map(PathBuf::from)
}

/// Trains, announcing each tick on standard output once every sink has flushed it.
pub(crate) fn train_forever(directory: &Path) -> ExitCode {
    let (_guard, device) = alone_with_device();
    let config = MonitorConfig::new(directory).with_every(1).with_profiles_every(1);
    let Ok(monitor) = config.with_sink(Announce { tick: None }).init() else {
        return ExitCode::FAILURE;
    };
    train(&device, 1, u64::MAX, &monitor, |_, _| {});
    ExitCode::SUCCESS
}

/// Comes after the built-in sinks, so its flush is called when theirs have returned.
struct Announce {
    tick: Option<u64>,
}

impl Sink for Announce {
    fn name(&self) -> &str {
        "announce"
    }

    fn write(&mut self, record: &Record<'_>) -> Result<(), SinkError> {
        if let Record::Tick(tick) = record {
            self.tick = Some(tick.step);
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), SinkError> {
        if let Some(step) = self.tick.take() {
            let mut out = std::io::stdout().lock();
            let written = writeln!(out, "{step}").and_then(|()| out.flush());
            written.map_err(|error| SinkError::Other(error.to_string()))?;
        }
        Ok(())
    }
}

/// Trains until some ticks were announced, and is killed; those ticks.
fn kill(directory: &Path) -> Vec<u64> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .env(CHILD, directory)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let announced = BufReader::new(child.stdout.take().unwrap()).lines();
    let steps: Vec<u64> = announced.take(8).map(|l| l.unwrap().parse().unwrap()).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(steps.len(), 8);
    steps
}

/// TensorBoard shows every tick that was announced.
fn served(environment: &Environment, loader: Loader) -> Result<(), Failed> {
    let base = tempfile::tempdir()?;
    let steps = kill(&base.path().join("x"));
    let server = environment.serve(base.path(), loader)?;
    let tag = encode("rmt_4_bulk/scale/first.weight");
    let curve = format!("/data/plugin/scalars/scalars?run=x&tag={tag}");
    let has = |step: &u64, points: &serde_json::Value| {
        let points = points.as_array().into_iter().flatten();
        points.filter_map(|point| point[1].as_u64()).any(|found| found == *step)
    };
    server.wait_for(&curve, |points| steps.iter().all(|step| has(step, points)))?;
    Ok(())
}

fn killed() {
    let base = tempfile::tempdir().unwrap();
    let directory = base.path().join("x");
    let steps = kill(&directory);

    // Every line but perhaps the last is whole; every announced tick has both layers.
    for (file, rows_a_tick) in [("metrics.jsonl", 2), ("profiles.jsonl", 2)] {
        let mut found: BTreeMap<u64, usize> = BTreeMap::new();
        for row in whole_lines(&directory.join(file)) {
            *found.entry(row["step"].as_u64().unwrap()).or_default() += 1;
        }
        for step in &steps {
            assert_eq!(found.get(step), Some(&rows_a_tick), "{file}, step {step}");
        }
    }
    assert!(!whole_lines(&directory.join("scalars.jsonl")).is_empty());
    let run = std::fs::read(directory.join("run.json")).unwrap();
    let run: serde_json::Value = serde_json::from_slice(&run).unwrap();
    assert_eq!(run["layers"].as_array().unwrap().len(), 2);

    let events = std::fs::read_dir(&directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.to_string_lossy().contains("tfevents"))
        .unwrap();
    // The version, then at least one event a tick.
    let records = whole_records(&std::fs::read(events).unwrap());
    assert!(records > steps.len(), "{records} records");
}

fn whole_lines(path: &Path) -> Vec<serde_json::Value> {
    let bytes = std::fs::read(path).unwrap();
    let whole = bytes.iter().rposition(|&b| b == b'\n').map_or(0, |end| end + 1);
    let text = std::str::from_utf8(&bytes[..whole]).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Counts records with right checksums; only the last may be torn.
fn whole_records(mut bytes: &[u8]) -> usize {
    let crc = |data: &[u8]| masked_crc32c(data).to_le_bytes();
    let mut count = 0;
    while bytes.len() >= 12 {
        let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        assert_eq!(bytes[8..12], crc(&bytes[..8]));
        if bytes.len() < length + 16 {
            break;
        }
        assert_eq!(bytes[12 + length..16 + length], crc(&bytes[12..12 + length]));
        bytes = &bytes[16 + length..];
        count += 1;
    }
    count
}
