//! However a run ends, with `finish` or without, once or from several threads: what was taken is
//! analysed, written and summed up.

use crate::support::{Heard, Model, steps_in_events, steps_in_jsonl, test};
use libtest_mimic::Trial;
use rmt_monitor::TensorBoardConfig;
use rmt_monitor::{Admission, Bare, Engine, MonitorConfig, Summary};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test("the_end_is_always_reported::dropped_without_finish", dropped),
        test("the_end_is_always_reported::unwound_by_a_panic", unwound),
        test("the_end_is_always_reported::finished_by_several_threads", several),
    ]
}

const STEPS: u64 = 6;

fn train(run: &Path) -> Engine {
    let config = MonitorConfig::<Bare>::new(run).with_every(1).with_null_cache(None);
    let engine =
        config.with_tensorboard(TensorBoardConfig::new().with_pictures(false)).init().unwrap();
    let mut model = Model::new(1);
    for step in 0..STEPS {
        engine.submit(step, Admission::Normal, model.snapshot());
        engine.scalar(step, "loss", Box::new(model.update()));
    }
    engine
}

fn whole(run: &Path) {
    let text = std::fs::read(run.join("summary.json")).unwrap();
    let summary: Summary = serde_json::from_slice(&text).unwrap();
    assert!(summary.complete);
    assert_eq!(
        (summary.ticks, summary.counts.analysed, summary.scalars),
        (STEPS, 2 * STEPS, STEPS)
    );
    let steps = (0..STEPS).collect();
    assert_eq!(steps_in_jsonl(run), (steps, 0));
    assert_eq!(steps_in_events(run), (0..STEPS).collect());
}

fn dropped() {
    let base = tempfile::tempdir().unwrap();
    drop(train(base.path()));
    whole(base.path());
}

fn unwound() {
    let base = tempfile::tempdir().unwrap();
    let training = catch_unwind(AssertUnwindSafe(|| {
        let _engine = train(base.path());
        panic!("training fails on purpose");
    }));
    assert!(training.is_err());
    whole(base.path());
}

fn several() {
    let base = tempfile::tempdir().unwrap();
    let engine = train(base.path());
    let summaries: Vec<Summary> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| engine.clone().finish())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(summaries.iter().all(|summary| *summary == summaries[0]));
    whole(base.path());
    // What comes later is counted, and changes no file.
    engine.submit(STEPS, Admission::Wait, Model::new(1).snapshot());
    engine.scalar(STEPS, "loss", Box::new(1.0));
    engine.resume(STEPS);
    assert_eq!((engine.counts().dropped.finished, engine.scalar_counts().dropped.finished), (2, 1));
    assert!(Heard::any("the monitor is finished"));
    whole(base.path());
}
