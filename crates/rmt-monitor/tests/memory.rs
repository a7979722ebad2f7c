//! What waits for the worker never takes more than the byte budget, and a run that goes on does not
//! grow, by the count of an allocator.
//!
//! ```text
//! RMT_SOAK_SECONDS=1200 cargo test --release -p rmt-monitor --test memory -- --nocapture
//! ```
//!
//! makes the second part as long as that, and prints what was in use along the way.

#![allow(clippy::unwrap_used)]

use rmt_core::Orientation;
use rmt_core::layers::LayerId;
use rmt_monitor::TensorBoardConfig;
use rmt_monitor::{
    Admission, Bare, LayerSnapshot, MonitorConfig, Record, Sink, SinkError, WeightValues,
};
use std::alloc::{GlobalAlloc, Layout, System};
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

/// Counts bytes that are in use, and the most that were.
struct Counting {
    now: AtomicU64,
    most: AtomicU64,
}

impl Counting {
    fn more(&self, bytes: usize) {
        let now = self.now.fetch_add(bytes as u64, Ordering::Relaxed) + bytes as u64;
        self.most.fetch_max(now, Ordering::Relaxed);
    }

    fn less(&self, bytes: usize) {
        self.now.fetch_sub(bytes as u64, Ordering::Relaxed);
    }

    fn now(&self) -> u64 {
        self.now.load(Ordering::Relaxed)
    }
}

// SAFETY: all is left to the allocator of the system; only sizes are counted.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.more(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        self.less(layout.size());
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting { now: AtomicU64::new(0), most: AtomicU64::new(0) };

/// Holds the worker at the first tick, or passes on that a tick was flushed.
struct Turnstile {
    gate: Option<Receiver<()>>,
    ticks: Sender<()>,
    told: bool,
}

impl Sink for Turnstile {
    fn name(&self) -> &str {
        "turnstile"
    }

    fn write(&mut self, record: &Record<'_>) -> Result<(), SinkError> {
        if matches!(record, Record::Tick(_)) {
            self.told = true;
            if let Some(gate) = self.gate.take() {
                let _ = self.ticks.send(());
                let _ = gate.recv();
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), SinkError> {
        if std::mem::take(&mut self.told) {
            let _ = self.ticks.send(());
        }
        Ok(())
    }
}

fn snapshot(number: u64, [rows, cols]: [usize; 2]) -> Vec<LayerSnapshot> {
    let mut x = number;
    let mut value = || {
        x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (x >> 40) as f32 / (1 << 23) as f32 - 1.0
    };
    let values = (0..rows * cols).map(|_| value()).collect();
    vec![LayerSnapshot::new(
        LayerId::from_name("layer.weight"),
        [rows, cols],
        Orientation::OutIn,
        Box::new(WeightValues::F32(values)),
    )]
}

#[test]
fn memory_is_bounded() {
    let base = tempfile::tempdir().unwrap();
    a_held_worker(&base.path().join("held"));
    a_run_that_goes_on(&base.path().join("long"));
}

/// A million snapshots, scalars among them, while the worker is held.
fn a_held_worker(run: &Path) {
    const CALLS: u64 = 1_000_000;
    const SHAPE: [usize; 2] = [16, 16];
    const BYTES: u64 = 4 * 16 * 16;
    const BUDGET: u64 = 1 << 20;
    // What one snapshot takes beside its values: its name, its box, its place in the queue.
    const BESIDE: u64 = 800;
    let (opener, gate) = channel();
    let (ticks, told) = channel();
    let engine = MonitorConfig::<Bare>::new(run)
        .with_every(1)
        .with_null_cache(None)
        .with_tensorboard(TensorBoardConfig::new().with_pictures(false))
        .with_budget_bytes(BUDGET)
        .with_sink(Turnstile { gate: Some(gate), ticks, told: false })
        .init()
        .unwrap();
    engine.submit(0, Admission::Normal, snapshot(0, SHAPE));
    told.recv().unwrap();
    let before = COUNTING.now();
    COUNTING.most.store(before, Ordering::Relaxed);
    for step in 1..=CALLS {
        engine.submit(step, Admission::Normal, snapshot(step, SHAPE));
    }
    let most = COUNTING.most.load(Ordering::Relaxed) - before;
    let held = engine.counts();
    // As many as the budget has room for wait, and they are what memory is used for.
    assert_eq!(held.submitted - held.analysed - held.dropped.total(), BUDGET / BYTES);
    println!("{CALLS} snapshots, budget {BUDGET} bytes: at most {most} bytes more in use");
    assert!(most >= BUDGET, "{most}");
    assert!(most <= BUDGET + BUDGET / BYTES * BESIDE, "{most}");

    // Scalars have room of their own, and no more than that.
    let before = COUNTING.now();
    COUNTING.most.store(before, Ordering::Relaxed);
    for step in 0..CALLS {
        engine.scalar(step, "loss/train", Box::new(0.5));
    }
    let most = COUNTING.most.load(Ordering::Relaxed) - before;
    println!("{CALLS} scalars: at most {most} bytes more in use");
    assert!(engine.scalar_counts().dropped.queue_full > 0);
    assert!(most <= 64 << 20, "{most}");
    drop(opener);
    let summary = engine.finish();
    assert_eq!(summary.counts.analysed, 1 + BUDGET / BYTES);
    assert_eq!((summary.counts.outstanding(), summary.scalar_counts.outstanding()), (0, 0));
}

/// Ten thousand ticks, or as many as a given time has.
fn a_run_that_goes_on(run: &Path) {
    const TICKS: u64 = 10_000;
    /// Every so often, the files are removed: a disk is not endless either.
    const CLEAR: u64 = 1_000;
    let soak = std::env::var("RMT_SOAK_SECONDS").ok().and_then(|s| s.parse().ok());
    let soak: Option<Duration> = soak.map(Duration::from_secs);
    let shape = if soak.is_some() { [64, 96] } else { [8, 12] };
    let (ticks, told) = channel();
    let engine = MonitorConfig::<Bare>::new(run)
        .with_every(1)
        .with_null_cache(None)
        .with_sink(Turnstile { gate: None, ticks, told: false })
        .init()
        .unwrap();
    let (started, mut said) = (Instant::now(), Duration::ZERO);
    let (mut early, mut step) = (0, 0);
    loop {
        engine.submit(step, Admission::Normal, snapshot(step, shape));
        engine.scalar(step, "loss/train", Box::new(0.5));
        told.recv().unwrap();
        step += 1;
        if step % CLEAR != 0 {
            continue;
        }
        let now = COUNTING.now();
        if step == 2 * CLEAR {
            early = now;
        }
        let elapsed = started.elapsed();
        if soak.is_some() && elapsed >= said {
            println!("{:.0} s, {step} ticks: {now} bytes in use", elapsed.as_secs_f64());
            said += Duration::from_secs(60);
        }
        let entries = fs::read_dir(run).unwrap().map(|entry| entry.unwrap().path());
        entries.filter(|path| path.is_file()).for_each(|path| fs::remove_file(path).unwrap());
        if step >= TICKS && soak.is_none_or(|soak| elapsed >= soak) {
            break;
        }
    }
    let late = COUNTING.now();
    println!("{step} ticks: {early} bytes in use after {}, {late} at the end", 2 * CLEAR);
    assert!(late <= early + (64 << 10), "{early} bytes in use at first, {late} later");
    let summary = engine.finish();
    assert!(summary.complete && summary.warnings_total == 0, "{:?}", summary.warnings);
    assert_eq!(summary.counts.analysed, step);
}
