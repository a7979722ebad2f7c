//! Faults of the code that the worker calls.

use super::*;

pub(super) fn sink_hangs(child: &Child) {
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

pub(super) fn sink_panics(child: &Child) {
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

pub(super) fn analysis_panics(child: &Child) {
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

pub(super) fn worker_panics(child: &Child) {
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

pub(super) fn matrix_over_budget(child: &Child) {
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
