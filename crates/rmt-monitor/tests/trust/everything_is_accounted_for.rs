//! Many threads, slow and failing sinks, bursts, faults, and `finish` at any moment: submitted =
//! analysed + dropped, by reason, of matrices and of scalars, and what threads submitted is what was
//! counted.

use crate::support::{Random, test};
use libtest_mimic::Trial;
use rmt_core::Orientation;
use rmt_core::layers::LayerId;
use rmt_monitor::TensorBoardConfig;
use rmt_monitor::{
    Admission, Bare, Engine, LayerSnapshot, MonitorConfig, Overflow, ReadError, Record, Scalar,
    Sink, SinkError, WeightValues, Weights,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

pub(crate) fn tests() -> Vec<Trial> {
    vec![test("everything_is_accounted_for::under_random_schedules", random_schedules)]
}

/// Random schedules that are tried.
const SCHEDULES: u64 = 60;
const THREADS: u64 = 4;
const CALLS: u64 = 60;

/// Fails, panics and lingers as its generator says.
struct Erratic(Random);

impl Sink for Erratic {
    fn name(&self) -> &str {
        "erratic"
    }

    fn write(&mut self, _: &Record<'_>) -> Result<(), SinkError> {
        self.flush()
    }

    fn flush(&mut self) -> Result<(), SinkError> {
        match self.0.below(200) {
            0 => panic!("the sink panics on purpose"),
            1..20 => Err(SinkError::Other("on purpose".into())),
            20..60 => {
                (0..self.0.below(300)).for_each(|_| std::thread::yield_now());
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

/// Counts the reports that reach a sink.
struct Reports(Arc<AtomicU64>);

impl Sink for Reports {
    fn name(&self) -> &str {
        "reports"
    }

    fn write(&mut self, record: &Record<'_>) -> Result<(), SinkError> {
        if let Record::Tick(tick) = record {
            self.0.fetch_add(tick.reports.len() as u64, Ordering::Relaxed);
        }
        Ok(())
    }
}

/// A handle that gives values, fails or panics.
struct Handle(u64);

impl Weights for Handle {
    fn read(self: Box<Self>) -> Result<WeightValues, ReadError> {
        match self.0 {
            0 => panic!("reading panics on purpose"),
            1 => Err(ReadError("the device is gone".into())),
            2 => Ok(WeightValues::F32(vec![f32::NAN; 6])),
            // Too few for its shape.
            3 => Ok(WeightValues::F64(vec![1.0; 5])),
            _ => Ok(WeightValues::F32(vec![0.5, -1.0, 2.0, 0.25, 1.0, -3.0])),
        }
    }
}

impl Scalar for Handle {
    fn read(self: Box<Self>) -> Result<f64, ReadError> {
        match self.0 {
            0 => panic!("reading panics on purpose"),
            1 => Err(ReadError("the device is gone".into())),
            2 => Ok(f64::NAN),
            _ => Ok(1.5),
        }
    }
}

fn layer(number: u64, random: &mut Random) -> LayerSnapshot {
    let bytes = random.below(60);
    let mut layer = LayerSnapshot::new(
        LayerId::from_name(format!("layer.{number}")),
        [2, 3],
        Orientation::OutIn,
        Box::new(Handle(random.below(12))),
    );
    layer.bytes = bytes;
    layer
}

/// One thread's calls; how many matrices and scalars it submitted.
fn call(engine: &Engine, mut random: Random) -> (u64, u64) {
    let (mut matrices, mut scalars) = (0, 0);
    for step in 0..CALLS {
        match random.below(100) {
            0..55 => {
                let number = random.below(4);
                let layers = (0..number).map(|k| layer(k, &mut random)).collect();
                let wait = random.below(20) == 0;
                let admission = if wait { Admission::Wait } else { Admission::Normal };
                engine.submit(step, admission, layers);
                matrices += number;
            }
            55..97 => {
                let name = if random.below(10) == 0 { "" } else { "loss" };
                engine.scalar(step, name, Box::new(Handle(random.below(12))));
                scalars += 1;
            }
            97 => _ = engine.counts(),
            98 => std::thread::yield_now(),
            // Once in a few schedules, while the others go on.
            _ if random.below(6) == 0 => _ = engine.finish(),
            _ => {}
        }
    }
    (matrices, scalars)
}

fn random_schedules() {
    let mut complete = 0;
    for seed in 0..SCHEDULES {
        let mut random = Random(seed);
        let base = tempfile::tempdir().unwrap();
        let written = Arc::new(AtomicU64::new(0));
        let timeouts = [Duration::ZERO, Duration::from_millis(2), Duration::from_secs(600)];
        let overflow = [Overflow::Skip, Overflow::Skip, Overflow::Block];
        let mut config = MonitorConfig::<Bare>::new(base.path().join("x"))
            .with_every(1)
            .with_null_cache(None)
            .with_tensorboard(TensorBoardConfig::new().with_pictures(false))
            .with_budget_bytes(20 + random.below(200))
            .with_overflow(overflow[random.below(3) as usize])
            .with_finish_timeout(timeouts[random.below(3) as usize])
            .with_sink(Reports(written.clone()));
        if random.below(2) == 0 {
            config = config.with_sink(Erratic(Random(seed)));
        }
        let engine = config.init().unwrap();
        let seeds: Vec<u64> = (0..THREADS).map(|_| random.next()).collect();
        let submitted = std::thread::scope(|scope| {
            let threads: Vec<_> = seeds
                .into_iter()
                .map(|seed| {
                    scope.spawn({
                        let engine = &engine;
                        move || call(engine, Random(seed))
                    })
                })
                .collect();
            let each = threads.into_iter().map(|thread| thread.join().unwrap());
            each.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
        });
        let summary = engine.finish();
        assert_eq!(summary, engine.finish());
        for counts in [&summary.counts, &summary.scalar_counts] {
            assert_eq!(counts.outstanding(), 0, "seed {seed}: {counts:?}");
        }
        for (sink, counts) in &summary.sinks {
            let lost: u64 = counts.lost.values().sum();
            assert_eq!(counts.records, counts.written + lost, "seed {seed}, {sink}: {counts:?}");
        }
        // Calls after the end are counted too.
        let (counts, scalars) = (engine.counts(), engine.scalar_counts());
        assert_eq!((counts.submitted, scalars.submitted), submitted, "seed {seed}");
        assert_eq!((counts.outstanding(), scalars.outstanding()), (0, 0), "seed {seed}");
        if summary.complete {
            complete += 1;
            assert_eq!(written.load(Ordering::Relaxed), summary.counts.analysed, "seed {seed}");
        }
    }
    // Both ends came about.
    assert!((1..SCHEDULES).contains(&complete), "{complete}");
}
