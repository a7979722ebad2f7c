//! Faults as they strike a training process, and what must be left when it has ended.

mod code;
mod files;
mod page;

use crate::support::{
    Heard, Model, PANIC_AT, Random, Turnstile, event_files, handle, snapshot, steps_in_events,
    steps_in_jsonl,
};
use rmt_monitor::sinks::Page;
use rmt_monitor::{
    Admission, Bare, Engine, LayerSnapshot, MonitorConfig, ReadError, Record, Sink, SinkError,
    Summary, WeightValues, Weights,
};
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::mpsc::Receiver;
use std::time::Duration;

/// Set for a process that trains: the fault's name, where it may write, and the seed.
pub(crate) const CHILD: [&str; 3] = ["RMT_TRUST_FAULT", "RMT_TRUST_BASE", "RMT_TRUST_SEED"];

/// Where all of them keep the nulls that they simulate.
pub(crate) const NULLS: &str = "RMT_TRUST_NULLS";

/// Updates that are made.
const STEPS: u64 = 24;

/// A fault, and what it takes to bring it about.
pub(crate) struct Fault {
    pub(crate) name: &'static str,
    pub(crate) means: Means,
    strike: fn(&Child),
}

/// How the process is started that a fault strikes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Means {
    /// As it is.
    Plain,
    /// With a small file system of its own.
    Mount,
    /// As a user whom permissions bind.
    Nobody,
    /// Where a file that grows too large is an error, not the end.
    Limit,
    /// By a clock that can be set.
    Clock,
}

const fn fault(name: &'static str, means: Means, strike: fn(&Child)) -> Fault {
    Fault { name, means, strike }
}

pub(crate) const FAULTS: [Fault; 22] = [
    fault("none", Means::Plain, none),
    fault("disk_full", Means::Mount, files::disk_full),
    fault("file_size_limit", Means::Limit, files::file_size_limit),
    fault("one_device_full", Means::Mount, files::one_file_full),
    fault("directory_removed", Means::Plain, files::directory_removed),
    fault("directory_moved_away", Means::Plain, files::directory_moved_away),
    fault("replaced_by_a_file", Means::Plain, files::replaced_by_a_file),
    fault("read_only_from_the_start", Means::Nobody, files::read_only_from_the_start),
    fault("read_only_in_mid_run", Means::Nobody, files::read_only_in_mid_run),
    fault("files_removed", Means::Plain, files::files_removed),
    fault("symbolic_link", Means::Plain, files::symbolic_link),
    fault("name_is_no_text", Means::Plain, files::name_is_no_text),
    fault("clock_set_back", Means::Clock, files::clock_set_back),
    fault("same_directory", Means::Plain, files::same_directory),
    fault("sink_hangs", Means::Plain, code::sink_hangs),
    fault("sink_panics", Means::Plain, code::sink_panics),
    fault("analysis_panics", Means::Plain, code::analysis_panics),
    fault("worker_panics", Means::Plain, code::worker_panics),
    fault("matrix_over_budget", Means::Plain, code::matrix_over_budget),
    fault("page_disk_full", Means::Mount, page::page_disk_full),
    fault("page_directory_removed", Means::Plain, page::page_directory_removed),
    fault("page_cannot_be_replaced", Means::Plain, page::page_cannot_be_replaced),
];

/// The process that is struck.
pub(crate) struct Child {
    fault: &'static Fault,
    base: PathBuf,
    seed: u64,
    /// Steps from which on, and until which, there is the fault.
    from: u64,
    to: u64,
}

/// The process to be struck, if this is it.
pub(crate) fn child() -> Option<Child> {
    let [name, base, seed] = CHILD.map(std::env::var_os);
    let (name, seed) = (name?, seed?.to_str()?.parse().ok()?);
    let fault = FAULTS.iter().find(|fault| fault.name == name)?;
    let mut random = Random(seed);
    let from = 4 + random.below(8);
    let to = from + 4 + random.below(4);
    Some(Child { fault, base: base?.into(), seed, from, to })
}

/// What the weights are when nothing watches.
pub(crate) fn unwatched(seed: u64) -> u64 {
    let mut model = Model::new(seed);
    (0..STEPS).for_each(|_| _ = model.update());
    model.fingerprint()
}

fn config(path: &Path) -> MonitorConfig {
    let nulls = std::env::var_os(NULLS).map(PathBuf::from);
    MonitorConfig::<Bare>::new(path).with_resume(true).with_every(1).with_null_cache(nulls)
}

/// A watched run.
struct Run<'a> {
    child: &'a Child,
    path: PathBuf,
    engine: Engine,
    ticks: Receiver<u64>,
    model: Model,
    step: u64,
}

impl Child {
    pub(crate) fn run(&self) -> ExitCode {
        Heard::listen();
        (self.fault.strike)(self);
        ExitCode::SUCCESS
    }

    fn start(&self) -> Run<'_> {
        self.start_with(self.base.join("run"), |config| config)
    }

    fn start_with(
        &self,
        path: PathBuf,
        change: impl FnOnce(MonitorConfig) -> MonitorConfig,
    ) -> Run<'_> {
        let (turnstile, ticks) = Turnstile::new();
        let engine = change(config(&path)).with_sink(turnstile).init().unwrap();
        Run { child: self, path, engine, ticks, model: Model::new(self.seed), step: 0 }
    }

    /// Steps outside the time of the fault.
    fn spared(&self) -> Vec<u64> {
        (0..=STEPS).filter(|step| !(self.from..self.to).contains(step)).collect()
    }
}

impl Run<'_> {
    /// Trains until the step is `end`, each tick written before the next update.
    fn train(&mut self, end: u64) {
        self.train_on(end, Model::snapshot);
    }

    fn train_on(&mut self, end: u64, snapshot: impl Fn(&Model) -> Vec<LayerSnapshot>) {
        while self.step < end {
            if self.step == 0 {
                self.observe(&snapshot);
            }
            let loss = self.model.update();
            self.step += 1;
            self.engine.scalar(self.step, "loss", Box::new(loss));
            self.observe(&snapshot);
        }
    }

    fn observe(&mut self, snapshot: &impl Fn(&Model) -> Vec<LayerSnapshot>) {
        self.engine.submit(self.step, Admission::Normal, snapshot(&self.model));
        // None comes once the worker is gone.
        let _ = self.ticks.recv();
    }

    /// Trains through a fault that `strike` brings about and `mend` takes away.
    fn through(&mut self, strike: impl FnOnce(&Path), mend: impl FnOnce(&Path)) -> Summary {
        self.train(self.child.from - 1);
        strike(&self.path);
        self.train(self.child.to - 1);
        mend(&self.path);
        self.train(STEPS);
        self.end()
    }

    /// What holds of every run: training has the weights that it has unwatched, and the counts add up.
    fn end(&self) -> Summary {
        assert_eq!(self.step, STEPS);
        assert_eq!(self.model.fingerprint(), unwatched(self.child.seed));
        let summary = self.engine.finish();
        for counts in [&summary.counts, &summary.gradients, &summary.scalar_counts] {
            assert_eq!(counts.submitted, counts.analysed + counts.dropped.total(), "{counts:?}");
        }
        assert_eq!(summary.counts.submitted, 2 * (STEPS + 1));
        assert_eq!(summary.scalar_counts.submitted, STEPS);
        for (sink, counts) in &summary.sinks {
            let lost: u64 = counts.lost.values().sum();
            assert_eq!(counts.records, counts.written + lost, "{sink}: {counts:?}");
        }
        if let Ok(text) = fs::read(self.path.join("summary.json")) {
            let read: Summary = serde_json::from_slice(&text).unwrap();
            assert_eq!(read.counts, summary.counts);
        }
        summary
    }

    /// Every step of `steps` is in both logs, and both sinks went on.
    fn has(&self, steps: &[u64]) {
        let (jsonl, events) = (steps_in_jsonl(&self.path).0, steps_in_events(&self.path));
        for step in steps {
            assert!(jsonl.contains(step), "step {step} is not among {jsonl:?}");
            assert!(events.contains(step), "step {step} is not among the events: {events:?}");
        }
    }
}

/// Each of the sinks lost records for this reason and no other, and said so.
fn lost(summary: &Summary, sinks: &[&str], reason: &str) {
    for sink in sinks {
        let counts = &summary.sinks[*sink];
        assert_eq!(counts.lost.keys().collect::<Vec<_>>(), [reason], "{sink}: {counts:?}");
        assert!(summary.sink_failures[*sink] > 0);
        let part = format!("sink {sink}: ");
        assert!(summary.warnings.iter().any(|w| w.message.starts_with(&part)));
        assert!(Heard::any(&part), "{sink}");
        let again = Heard::any(&format!("sink {sink} writes again"));
        assert!(again || reason == "panicked", "{sink}");
    }
    for (sink, counts) in &summary.sinks {
        assert!(sinks.contains(&sink.as_str()) || counts.lost.is_empty(), "{sink}: {counts:?}");
    }
}

const BOTH: [&str; 2] = ["jsonl", "tensorboard"];
/// With the page, where it is written during the fault: it seldom is.
const ALL: [&str; 3] = ["jsonl", "page", "tensorboard"];

fn nothing_lost(run: &Run<'_>, summary: &Summary) {
    lost(summary, &[], "");
    assert!(summary.complete);
    run.has(&(0..=STEPS).collect::<Vec<_>>());
    assert_eq!(summary.counts.analysed, summary.counts.submitted);
}

fn none(child: &Child) {
    let mut run = child.start();
    let summary = run.through(|_| {}, |_| {});
    nothing_lost(&run, &summary);
    assert_eq!((summary.warnings_total, event_files(&run.path).len()), (0, 1));
}

/// What a page says of a run that ended too early.
const NOT_ALL: &str = "Ended before everything was analysed and written.";

fn page(run: &Path) -> String {
    let page = fs::read_to_string(run.join("index.html")).unwrap();
    assert!(page.ends_with("</html>\n"), "half a page");
    page
}
