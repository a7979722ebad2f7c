//! The same weights and the same seed give the same figures, bit for bit: again, with a cache of
//! nulls or without, and on however many threads.

use crate::support::{Model, SHAPE, test};
use libtest_mimic::Trial;
use rmt_core::{
    Analyser, AnalysisOptions, Context, Matrix, MatrixReport, NullModel, Nulls, Orientation, Values,
};
use rmt_monitor::TensorBoardConfig;
use rmt_monitor::{Admission, Bare, MonitorConfig};
use std::path::Path;

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test("figures_are_the_same_every_time::of_a_run", runs),
        test("figures_are_the_same_every_time::on_any_number_of_threads", threads),
    ]
}

/// The files of a run, but for what the clock says.
fn run(directory: &Path, nulls: Option<&Path>, seed: u64) -> [String; 2] {
    // The seed is of simulated nulls and of permutations.
    let null_model = NullModel::Permutation { permutations: 40 };
    let engine = MonitorConfig::<Bare>::new(directory)
        .with_every(1)
        .with_seed(seed)
        .with_null_cache(nulls.map(Path::to_owned))
        .with_profiles_every(1)
        .with_tensorboard(TensorBoardConfig::new().with_pictures(false))
        .with_analysis(AnalysisOptions::new().with_null_model(null_model))
        .init()
        .unwrap();
    let mut model = Model::new(5);
    for step in 0..8 {
        engine.submit(step, Admission::Wait, model.snapshot());
        model.update();
    }
    assert!(engine.finish().complete);
    ["metrics.jsonl", "profiles.jsonl"]
        .map(|file| std::fs::read_to_string(directory.join(file)).unwrap())
}

fn runs() {
    let base = tempfile::tempdir().unwrap();
    let cache = base.path().join("nulls");
    let first = run(&base.path().join("1"), None, 1);
    for (name, nulls) in [("2", None), ("3", Some(&*cache)), ("4", Some(&*cache))] {
        assert!(first == run(&base.path().join(name), nulls, 1), "run {name} differs");
    }
    assert!(first != run(&base.path().join("5"), None, 2));
}

fn threads() {
    let analyser = Analyser::new(AnalysisOptions::default(), Nulls::new(3)).unwrap();
    let models: Vec<Model> = (0..12).map(Model::new).collect();
    let analyse = |analyser: &Analyser, model: &Model| -> MatrixReport {
        let [rows, cols] = SHAPE;
        let values = Values::F32(&model.layers[0]);
        let matrix = Matrix::new(values, rows, cols, Orientation::OutIn).unwrap();
        analyser.analyse(&matrix, Context::default()).unwrap().report
    };
    let text = |report: &MatrixReport| serde_json::to_string(report).unwrap();
    let expected: Vec<String> = models.iter().map(|m| text(&analyse(&analyser, m))).collect();
    for number in [1, 2, 3, 8] {
        // Its nulls are simulated by whichever thread comes first.
        let fresh = Analyser::new(AnalysisOptions::default(), Nulls::new(3)).unwrap();
        let found: Vec<String> = std::thread::scope(|scope| {
            let part = models.len().div_ceil(number);
            let (fresh, text) = (&fresh, &text);
            let of = |part: &'_ [Model]| -> Vec<String> {
                part.iter().map(|model| text(&analyse(fresh, model))).collect()
            };
            let threads: Vec<_> =
                models.chunks(part).map(|part| scope.spawn(move || of(part))).collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        assert!(found == expected, "{number} threads");
    }
}
