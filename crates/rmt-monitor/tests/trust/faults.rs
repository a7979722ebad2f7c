//! Faults as they strike a training process, and what must be left when it has ended.

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
    fault("disk_full", Means::Mount, disk_full),
    fault("file_size_limit", Means::Limit, file_size_limit),
    fault("one_device_full", Means::Mount, one_file_full),
    fault("directory_removed", Means::Plain, directory_removed),
    fault("directory_moved_away", Means::Plain, directory_moved_away),
    fault("replaced_by_a_file", Means::Plain, replaced_by_a_file),
    fault("read_only_from_the_start", Means::Nobody, read_only_from_the_start),
    fault("read_only_in_mid_run", Means::Nobody, read_only_in_mid_run),
    fault("files_removed", Means::Plain, files_removed),
    fault("symbolic_link", Means::Plain, symbolic_link),
    fault("name_is_no_text", Means::Plain, name_is_no_text),
    fault("clock_set_back", Means::Clock, clock_set_back),
    fault("same_directory", Means::Plain, same_directory),
    fault("sink_hangs", Means::Plain, sink_hangs),
    fault("sink_panics", Means::Plain, sink_panics),
    fault("analysis_panics", Means::Plain, analysis_panics),
    fault("worker_panics", Means::Plain, worker_panics),
    fault("matrix_over_budget", Means::Plain, matrix_over_budget),
    fault("page_disk_full", Means::Mount, page_disk_full),
    fault("page_directory_removed", Means::Plain, page_directory_removed),
    fault("page_cannot_be_replaced", Means::Plain, page_cannot_be_replaced),
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

fn disk_full(child: &Child) {
    let mut run = child.start();
    let ballast = child.base.join("ballast");
    let summary = run.through(
        |_| {
            let mut file = fs::File::create(&ballast).unwrap();
            let full = io::copy(&mut io::repeat(7), &mut file).unwrap_err();
            assert_eq!(full.kind(), io::ErrorKind::StorageFull);
        },
        |_| fs::remove_file(&ballast).unwrap(),
    );
    lost(&summary, &BOTH, "disk_full");
    run.has(&child.spared());
    assert!(event_files(&run.path).len() >= 2);
    assert!(run.path.join("summary.json").exists());
}

fn file_size_limit(child: &Child) {
    let mut run = child.start();
    let limit = |bytes: &str| {
        let pid = std::process::id().to_string();
        let limit = format!("--fsize={bytes}:");
        let set = Command::new("prlimit").args(["--pid", &pid, &limit]).status();
        assert!(set.unwrap().success());
    };
    let summary = run.through(|_| limit("1024"), |_| limit("unlimited"));
    lost(&summary, &BOTH, "file_too_large");
    run.has(&child.spared());
}

/// The device that is always full, in the place of one file.
fn one_file_full(child: &Child) {
    let mut run = child.start();
    let summary = run.through(
        |path| {
            let file = path.join("metrics.jsonl");
            fs::rename(&file, path.join("earlier")).unwrap();
            fs::write(&file, "").unwrap();
            let mount = Command::new("mount").args(["--bind", "/dev/full"]).arg(&file).status();
            assert!(mount.unwrap().success());
        },
        |path| {
            let file = path.join("metrics.jsonl");
            // Lazily: the sink has it open.
            assert!(Command::new("umount").arg("--lazy").arg(&file).status().unwrap().success());
            fs::rename(path.join("earlier"), &file).unwrap();
        },
    );
    lost(&summary, &["jsonl"], "disk_full");
    run.has(&child.spared());
    // The other files were no worse for it.
    assert_eq!(steps_in_events(&run.path).len() as u64, STEPS + 1);
    let scalars = fs::read_to_string(run.path.join("scalars.jsonl")).unwrap();
    assert_eq!(scalars.matches("\"name\":\"loss\"").count() as u64, STEPS);
}

fn directory_removed(child: &Child) {
    let mut run = child.start();
    let summary =
        run.through(|path| fs::remove_dir_all(path).unwrap(), |path| fs::create_dir(path).unwrap());
    lost(&summary, &BOTH, "not_found");
    run.has(&(child.to..=STEPS).collect::<Vec<_>>());
    for file in ["run.json", "summary.json", "warnings.jsonl"] {
        assert!(run.path.join(file).exists(), "{file}");
    }
}

fn directory_moved_away(child: &Child) {
    let mut run = child.start();
    let away = child.base.join("away");
    let summary =
        run.through(|path| fs::rename(path, &away).unwrap(), |path| fs::create_dir(path).unwrap());
    lost(&summary, &BOTH, "not_found");
    run.has(&(child.to..=STEPS).collect::<Vec<_>>());
    run.path = away;
    run.has(&(0..child.from).collect::<Vec<_>>());
}

fn replaced_by_a_file(child: &Child) {
    let mut run = child.start();
    let away = child.base.join("away");
    let summary = run.through(
        |path| {
            fs::rename(path, &away).unwrap();
            fs::write(path, "a file").unwrap();
        },
        |path| {
            assert_eq!(fs::read(path).unwrap(), b"a file");
            fs::remove_file(path).unwrap();
            fs::rename(&away, path).unwrap();
        },
    );
    lost(&summary, &BOTH, "not_a_directory");
    run.has(&child.spared());
}

fn permissions(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn read_only_from_the_start(child: &Child) {
    let mut run = child.start();
    permissions(&run.path, 0o555);
    assert!(fs::write(run.path.join("x"), "").is_err(), "permissions do not bind this user");
    run.train(child.to - 1);
    permissions(&run.path, 0o755);
    run.train(STEPS);
    let summary = run.end();
    lost(&summary, &ALL, "permission_denied");
    run.has(&(child.to..=STEPS).collect::<Vec<_>>());
}

/// Files that are open stay writable.
fn read_only_in_mid_run(child: &Child) {
    let mut run = child.start();
    let mut summary = run.through(|path| permissions(path, 0o555), |_| {});
    // The end is not on the page, which is replaced as a whole, and no file is begun for the warning of it.
    for sink in ["page", "jsonl"] {
        let lost = summary.sinks.remove(sink).unwrap().lost;
        assert_eq!(lost.into_keys().collect::<Vec<_>>(), ["permission_denied"], "{sink}");
    }
    nothing_lost(&run, &summary);
    assert!(!run.path.join("summary.json").exists());
    assert!(summary.warnings.iter().any(|w| w.message.starts_with("summary.json: ")));
    assert!(Heard::any("summary.json: "));
    permissions(&run.path, 0o755);
}

/// Each by itself: new ones are begun.
fn files_removed(child: &Child) {
    let mut run = child.start();
    let clear = |path: &Path| {
        for entry in fs::read_dir(path).unwrap() {
            fs::remove_file(entry.unwrap().path()).unwrap();
        }
    };
    let summary = run.through(clear, |_| {});
    lost(&summary, &[], "");
    run.has(&(child.from..=STEPS).collect::<Vec<_>>());
}

fn symbolic_link(child: &Child) {
    // The directory itself may be one.
    let (real, outside) = (child.base.join("real"), child.base.join("outside"));
    fs::create_dir(&real).unwrap();
    symlink(&real, child.base.join("run")).unwrap();
    fs::write(&outside, "precious").unwrap();
    let mut run = child.start();
    let names = ["metrics.jsonl", "summary.json", "run.json"];
    let summary = run.through(
        |path| {
            fs::rename(path.join("metrics.jsonl"), path.join("earlier")).unwrap();
            let _ = fs::remove_file(path.join("run.json"));
            names.iter().for_each(|name| symlink(&outside, path.join(name)).unwrap());
        },
        |path| fs::rename(path.join("earlier"), path.join("metrics.jsonl")).unwrap(),
    );
    assert_eq!(fs::read(&outside).unwrap(), b"precious");
    lost(&summary, &["jsonl"], "permission_denied");
    run.has(&child.spared());
    assert!(!run.path.join("summary.json").is_symlink());
}

fn name_is_no_text(child: &Child) {
    let path = child.base.join(OsStr::from_bytes(b"run \xff\xfe \x1b[31m"));
    let mut run = child.start_with(path, |config| config);
    let other = OsStr::from_bytes(b"rank_\xff");
    let summary = run.through(|path| fs::create_dir(path.join(other)).unwrap(), |_| {});
    nothing_lost(&run, &summary);
    let text = fs::read_to_string(run.path.join("run.json")).unwrap();
    assert!(text.contains('\u{fffd}') && !text.contains('\u{1b}'));
}

fn clock_set_back(child: &Child) {
    let clock = child.base.join("clock");
    let set = |to: &str| fs::write(&clock, to).unwrap();
    let seconds = || {
        let now = std::time::SystemTime::now();
        now.duration_since(std::time::SystemTime::UNIX_EPOCH).unwrap().as_secs()
    };
    let before = seconds();
    let mut run = child.start();
    run.train(child.from);
    run.engine.finish();
    let model = run.model;
    // Between two sessions, and again within the second.
    set("-3600");
    assert!(seconds() < before, "the clock was not set");
    let mut run = child.start();
    (run.model, run.step) = (model, child.from);
    run.engine.resume(child.from);
    run.observe(&Model::snapshot);
    run.train(child.to);
    set("-7200");
    run.train(STEPS);
    assert_eq!(run.model.fingerprint(), unwatched(child.seed));
    let summary = run.engine.finish();
    lost(&summary, &[], "");
    run.has(&(0..=STEPS).collect::<Vec<_>>());
    // Readers take the files in the order of their names.
    let files = event_files(&run.path);
    let last_step = |path: &PathBuf| {
        let events = crate::support::events(&fs::read(path).unwrap());
        events.iter().map(|event| event.get_step()).max().unwrap()
    };
    let last: Vec<_> = files.iter().map(last_step).collect();
    assert_eq!(last, [child.from as i64, STEPS as i64]);
}

fn same_directory(child: &Child) {
    if child.base.join("second").exists() {
        let mut run = child.start();
        let summary = run.through(|_| {}, |_| {});
        nothing_lost(&run, &summary);
        assert_eq!(summary.session, 1);
        assert!(summary.warnings.iter().any(|w| w.message.starts_with("another monitor")));
        assert!(Heard::any("another monitor"));
        return;
    }
    let mut run = child.start();
    run.train(child.from);
    fs::write(child.base.join("second"), "").unwrap();
    let mut other = Command::new(std::env::current_exe().unwrap()).spawn().unwrap();
    run.train(STEPS);
    assert!(other.wait().unwrap().success());
    let summary = run.end();
    nothing_lost(&run, &summary);
    // Every line of both is whole.
    let (steps, torn) = steps_in_jsonl(&run.path);
    assert_eq!((steps.len() as u64, torn), (STEPS + 1, 0));
    let text = fs::read_to_string(run.path.join("metrics.jsonl")).unwrap();
    assert_eq!(text.lines().count() as u64, 2 * 2 * (STEPS + 1));
    assert_eq!(event_files(&run.path).len(), 2);
}

fn sink_hangs(child: &Child) {
    let (turnstile, ticks) = Turnstile::new();
    let (turnstile, gate) = turnstile.held(child.from);
    let path = child.base.join("run");
    let config = config(&path).with_finish_timeout(Duration::from_millis(100));
    let engine = config.with_sink(turnstile).init().unwrap();
    let mut run = Run { child, path, engine, ticks, model: Model::new(child.seed), step: 0 };
    run.train(child.from - 1);
    while run.step < STEPS {
        let loss = run.model.update();
        run.step += 1;
        run.engine.scalar(run.step, "loss", Box::new(loss));
        run.engine.submit(run.step, Admission::Normal, run.model.snapshot());
    }
    // The gate stays shut: it comes back all the same.
    let summary = run.end();
    assert!(!summary.complete);
    assert!(summary.counts.dropped.finish_timeout > 0);
    assert!(summary.scalar_counts.dropped.finish_timeout > 0);
    assert_eq!(summary.sinks["turnstile"].lost["finish_timeout"], 1);
    assert!(Heard::any("did not finish"));
    run.has(&(0..child.from).collect::<Vec<_>>());
    assert!(run.path.join("summary.json").exists());
    assert!(page(&run.path).contains(NOT_ALL));
    drop(gate);
}

/// Panics when it is given a step, and again when it is dropped.
struct Bomb(u64);

impl Sink for Bomb {
    fn name(&self) -> &str {
        "bomb"
    }

    fn write(&mut self, record: &Record<'_>) -> Result<(), SinkError> {
        let struck = matches!(record, Record::Tick(tick) if tick.step == self.0);
        assert!(!struck, "the sink panics on purpose");
        Ok(())
    }
}

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("dropped on purpose");
    }
}

fn sink_panics(child: &Child) {
    let bombs =
        |config: MonitorConfig| config.with_sink(Bomb(child.from)).with_sink(Bomb(child.to));
    let mut run = child.start_with(child.base.join("run"), bombs);
    let summary = run.through(|_| {}, |_| {});
    lost(&summary, &["bomb", "bomb#2"], "panicked");
    assert!(summary.sinks["bomb"].lost["panicked"] > summary.sinks["bomb#2"].lost["panicked"]);
    assert!(summary.warnings.iter().any(|w| w.message.contains("the sink panics on purpose")));
    assert!(summary.warnings.iter().any(|w| w.message.contains("when it was dropped")));
    run.has(&(0..=STEPS).collect::<Vec<_>>());
    assert!(summary.complete);
}

struct Unreadable;

impl Weights for Unreadable {
    fn read(self: Box<Self>) -> Result<WeightValues, ReadError> {
        panic!("reading panics on purpose");
    }
}

fn analysis_panics(child: &Child) {
    let mut run = child.start();
    run.train(child.from - 1);
    run.train_on(child.to - 1, |model| {
        vec![
            snapshot("blocks.0.up.weight", &model.layers[0]),
            handle("blocks.1.up.weight", Box::new(Unreadable)),
        ]
    });
    run.train(STEPS);
    let summary = run.end();
    assert_eq!(summary.counts.dropped.analysis_failed, child.to - child.from);
    assert_eq!(summary.counts.dropped.total(), child.to - child.from);
    assert!(Heard::any("`blocks.1.up.weight`: its analysis panicked: reading panics on purpose"));
    lost(&summary, &[], "");
    // The other layer's reports are all there.
    run.has(&(0..=STEPS).collect::<Vec<_>>());
    let warnings = fs::read_to_string(run.path.join("warnings.jsonl")).unwrap();
    assert!(warnings.contains("its analysis panicked"), "{warnings}");
}

fn worker_panics(child: &Child) {
    PANIC_AT.store(child.from, std::sync::atomic::Ordering::Relaxed);
    let mut run = child.start();
    run.train(STEPS);
    let summary = run.end();
    assert!(!summary.complete);
    let dropped = &summary.counts.dropped;
    // Those of that step, and perhaps of the next, which was let in before it was known.
    assert!((2..=4).contains(&dropped.worker_panicked), "{dropped:?}");
    assert_eq!(dropped.worker_panicked + dropped.finished, 2 * (STEPS + 1 - child.from));
    let said = "the worker thread panicked: nothing more is analysed: ";
    assert!(summary.warnings.iter().any(|w| w.message.starts_with(said)), "{summary:?}");
    assert!(Heard::any(said));
    run.has(&(0..child.from).collect::<Vec<_>>());
    assert!(page(&run.path).contains(NOT_ALL));
}

fn matrix_over_budget(child: &Child) {
    let budget = 4 * crate::support::BYTES;
    let mut run =
        child.start_with(child.base.join("run"), |config| config.with_budget_bytes(budget));
    run.train(child.from - 1);
    run.train_on(child.to - 1, |model| {
        let mut layers = model.snapshot();
        layers[1].bytes = budget + 1;
        layers
    });
    run.train(STEPS);
    let summary = run.end();
    assert_eq!(summary.counts.dropped.too_large, child.to - child.from);
    assert_eq!(summary.counts.dropped.total(), child.to - child.from);
    assert!(Heard::any("`blocks.1.up.weight` ("));
    assert!(summary.warnings.iter().any(|w| w.message.contains("larger than the whole")));
    run.has(&(0..=STEPS).collect::<Vec<_>>());
}

/// What a page says of a run that ended too early.
const NOT_ALL: &str = "Ended before everything was analysed and written.";

fn page(run: &Path) -> String {
    let page = fs::read_to_string(run.join("index.html")).unwrap();
    assert!(page.ends_with("</html>\n"), "half a page");
    page
}

impl Child {
    /// A run whose page is written at every record.
    fn start_with_page(&self) -> Run<'_> {
        let path = self.base.join("run");
        let sink = Page::new(&path).with_interval(Duration::ZERO);
        self.start_with(path, |config| config.with_page(false).with_sink(sink))
    }
}

/// The page of a run that is over has its last step.
fn page_is_whole(run: &Run<'_>) {
    let page = page(&run.path);
    assert!(page.contains("Finished.") && page.contains(&format!(" at step {STEPS}, ")));
    let entries = fs::read_dir(&run.path).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names = entries.map(|name| name.to_string_lossy().into_owned());
    assert!(!names.any(|name| name.ends_with(".partial")));
}

fn page_disk_full(child: &Child) {
    let mut run = child.start_with_page();
    let ballast = child.base.join("ballast");
    let summary = run.through(
        |_| {
            let mut file = fs::File::create(&ballast).unwrap();
            io::copy(&mut io::repeat(7), &mut file).unwrap_err();
        },
        |path| {
            // The one from before is still there.
            assert!(page(path).contains("Running."));
            fs::remove_file(&ballast).unwrap();
        },
    );
    lost(&summary, &ALL, "disk_full");
    run.has(&child.spared());
    page_is_whole(&run);
}

fn page_directory_removed(child: &Child) {
    let mut run = child.start_with_page();
    // It is not made again before: making it would fail.
    let summary =
        run.through(|path| fs::remove_dir_all(path).unwrap(), |path| fs::create_dir(path).unwrap());
    lost(&summary, &ALL, "not_found");
    page_is_whole(&run);
}

/// A directory in its place.
fn page_cannot_be_replaced(child: &Child) {
    let mut run = child.start_with_page();
    let summary = run.through(
        |path| {
            fs::remove_file(path.join("index.html")).unwrap();
            fs::create_dir(path.join("index.html")).unwrap();
        },
        |path| fs::remove_dir(path.join("index.html")).unwrap(),
    );
    lost(&summary, &["page"], "io");
    run.has(&(0..=STEPS).collect::<Vec<_>>());
    page_is_whole(&run);
}
