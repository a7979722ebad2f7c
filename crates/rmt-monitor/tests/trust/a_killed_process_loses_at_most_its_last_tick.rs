//! Killed with SIGKILL at any instant: every file can be read, by the reader of reports and by
//! TensorBoard's own, and every tick is there whose flush had returned.

use crate::support::{Model, Random, Turnstile, event_files, steps_in_events};
use libtest_mimic::{Completion, Failed, Trial};
use rmt_monitor::{Admission, Bare, MonitorConfig, RunInfo, read_reports};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

/// Set for the process that is to be killed: its run directory.
const CHILD: &str = "RMT_TRUST_TRAIN_UNTIL_KILLED";

/// Kills, each at another instant.
fn kills() -> u64 {
    std::env::var("RMT_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(50)
}

pub(crate) fn tests() -> Vec<Trial> {
    let name = "a_killed_process_loses_at_most_its_last_tick::at_any_instant";
    vec![Trial::ignorable_test(name, killed)]
}

/// The run directory, if this process is the one to be killed.
pub(crate) fn child() -> Option<PathBuf> {
    std::env::var_os(CHILD).map(PathBuf::from)
}

/// Trains, and says on standard output which ticks were flushed by every sink before.
pub(crate) fn train_forever(directory: &Path) -> ExitCode {
    let (turnstile, ticks) = Turnstile::new();
    let config = MonitorConfig::<Bare>::new(directory).with_every(1).with_null_cache(None);
    let engine = config.with_profiles_every(1).with_sink(turnstile).init().unwrap();
    let mut model = Model::new(1);
    let mut out = std::io::stdout().lock();
    for step in 0_u64.. {
        engine.submit(step, Admission::Normal, model.snapshot());
        engine.scalar(step, "loss", Box::new(model.update()));
        let flushed = ticks.recv().unwrap();
        if writeln!(out, "{flushed}").and_then(|()| out.flush()).is_err() {
            break;
        }
    }
    ExitCode::SUCCESS
}

/// Kills a process in mid-run; the ticks that it had announced.
fn kill(directory: &Path, random: &mut Random) -> Vec<u64> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .env(CHILD, directory)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut announced = BufReader::new(child.stdout.take().unwrap()).lines();
    let step = |line: std::io::Result<String>| line.unwrap().parse::<u64>().unwrap();
    let wanted = 1 + random.below(12) as usize;
    let mut steps: Vec<u64> = announced.by_ref().take(wanted).map(step).collect();
    // Not a wait for anything: wherever it is by then.
    std::thread::sleep(Duration::from_micros(random.below(6_000)));
    child.kill().unwrap();
    child.wait().unwrap();
    steps.extend(announced.map(step));
    steps
}

fn killed() -> Result<Completion, Failed> {
    let python = match tensorboard() {
        Ok(python) => python,
        Err(why) if std::env::var_os("RMT_REQUIRE_ALL").is_some_and(|x| x == "1") => {
            return Err(why.into());
        }
        Err(why) => return Ok(Completion::ignored_with(why)),
    };
    let base = tempfile::tempdir().unwrap();
    let mut random = Random(11);
    let (mut begun, mut torn, mut announced) = (0, 0, BTreeMap::new());
    for number in 0..kills() {
        let directory = base.path().join(number.to_string());
        let steps = kill(&directory, &mut random);
        let last = *steps.last().unwrap();
        let reports = read_reports(&directory).unwrap();
        assert!(reports.torn_lines <= 1);
        torn += reports.torn_lines;
        let events = steps_in_events(&directory);
        for step in &steps {
            let rows = reports.reports.iter().filter(|report| report.step == *step).count();
            assert_eq!(rows, 2, "kill {number}, step {step}");
            assert!(events.contains(step), "kill {number}, step {step}: {events:?}");
        }
        // At most the tick that was being written is there in part.
        assert!(events.iter().all(|&step| step <= last + 1), "{last}: {events:?}");
        assert!(reports.reports.iter().all(|report| report.step <= last + 1));
        begun += usize::from(reports.reports.iter().any(|report| report.step > last));
        let run = std::fs::read(directory.join("run.json")).unwrap();
        let run: RunInfo = serde_json::from_slice(&run).unwrap();
        assert_eq!(run.layers.len(), 2);
        assert_eq!(event_files(&directory).len(), 1);
        announced.insert(number.to_string(), steps);
    }
    println!("{} kills: {begun} with a tick begun, {torn} with a torn line", announced.len());

    // One process of Python reads them all.
    let read = rmt_test_python::run(
        &python.to_string_lossy(),
        &["-c", READER, &base.path().to_string_lossy()],
    )?;
    let read: BTreeMap<String, Vec<u64>> = serde_json::from_str(&read).unwrap();
    for (run, steps) in &announced {
        for step in steps {
            assert!(read[run].contains(step), "run {run}, step {step}: {:?}", read[run]);
        }
    }
    Ok(Completion::Completed)
}

/// Steps of each run's curves, by TensorBoard's own loader.
const READER: &str = r#"
import json, os, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
steps = {}
for run in os.listdir(sys.argv[1]):
    found = EventAccumulator(os.path.join(sys.argv[1], run), size_guidance={"scalars": 0})
    found.Reload()
    tags = [tag for tag in found.Tags()["scalars"] if tag.startswith("rmt_1_above/")]
    assert len(tags) >= 2, tags
    each = [{event.step for event in found.Scalars(tag)} for tag in tags]
    steps[run] = sorted(set.intersection(*each))
print(json.dumps(steps))
"#;

/// Python with TensorBoard, in a pinned virtual environment that is made at first use.
fn tensorboard() -> Result<PathBuf, String> {
    let requirements = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/requirements.txt");
    let tmpdir = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let programs = rmt_test_python::environment("tensorboard-venv", tmpdir, &requirements);
    let programs = programs.map_err(|why| format!("TensorBoard cannot be installed: {why}"))?;
    Ok(programs.join("python"))
}
