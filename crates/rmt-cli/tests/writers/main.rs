//! Files that their own writers wrote, in Python: every singular value is what NumPy finds.
//!
//! Without Python and its packages the test is listed as ignored, with the reason; with
//! `RMT_REQUIRE_ALL=1` it fails instead.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use rmt_cli::formats::{Convention, Element, open};
use rmt_core::spectrum::singular_values;
use rmt_core::{Analyser, AnalysisOptions, Context, Matrix, Nulls, Orientation};
use rmt_test_python::{environment, run};
use serde::Deserialize;
use std::path::Path;
use std::process::ExitCode;

/// Relative, of every singular value: of matrices of condition 1e6 the smallest included.
const TOLERANCE: f64 = 1e-6;

/// A matrix as NumPy wrote it.
#[derive(Deserialize)]
struct Expected {
    file: String,
    name: String,
    shape: [usize; 2],
    ends: [f64; 2],
    singular: Vec<f64>,
}

fn main() -> ExitCode {
    let test = Trial::ignorable_test("singular_values_are_those_that_numpy_finds", || {
        let requirements =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/writers/requirements.txt");
        let tmpdir = Path::new(env!("CARGO_TARGET_TMPDIR"));
        match environment("writers-venv", tmpdir, &requirements) {
            Ok(programs) => agree(&programs.join("python")).map(|()| Completion::Completed),
            Err(why) if std::env::var_os("RMT_REQUIRE_ALL").is_some_and(|v| v == "1") => {
                Err(why.into())
            }
            Err(why) => Ok(Completion::ignored_with(why)),
        }
    });
    libtest_mimic::run(&Arguments::from_args(), vec![test]).exit_code()
}

fn agree(interpreter: &Path) -> Result<(), Failed> {
    let directory = tempfile::tempdir()?;
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/writers/make.py");
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let written = run(&text(interpreter), &[&text(&program), &text(directory.path())])?;
    let expected: Vec<Expected> = serde_json::from_str(&written)?;
    assert!(expected.len() > 100, "{}", expected.len());
    for matrix in &expected {
        check(directory.path(), matrix);
    }

    let source = open(&directory.path().join("deflated.npz"))?;
    assert_eq!(source.convention(), Convention::Unknown);
    for (name, element) in [("objects", "object"), ("whole", "i8")] {
        let at = source.entries().iter().position(|entry| entry.name == name).unwrap();
        assert_eq!(source.entries()[at].element, Element::Other(element.into()));
        assert!(source.read(at).is_err());
    }
    Ok(())
}

fn check(directory: &Path, expected: &Expected) {
    let label = format!("{} {}", expected.file, expected.name);
    let source = open(&directory.join(&expected.file)).unwrap_or_else(|error| panic!("{error}"));
    let at = source.entries().iter().position(|entry| entry.name == expected.name);
    let at = at.unwrap_or_else(|| panic!("{label}: {:?}", source.entries()));
    assert_eq!(source.entries()[at].shape, expected.shape, "{label}");
    let values = source.read(at).unwrap_or_else(|error| panic!("{error}"));
    let [rows, cols] = expected.shape;
    let ends = [0, rows * cols - 1].map(|at| values.as_values().iter().nth(at).unwrap());
    assert_eq!(ends, expected.ends, "{label}");
    let matrix = Matrix::new(values.as_values(), rows, cols, Orientation::Assumed).unwrap();
    let found = singular_values(&matrix).unwrap();
    assert_eq!(found.len(), expected.singular.len(), "{label}");
    for (found, expected) in found.iter().zip(&expected.singular) {
        assert!((found / expected - 1.0).abs() < TOLERANCE, "{label}: {found} {expected}");
    }
    check_report(&label, &matrix, &expected.singular);
}

/// Counts are those of NumPy's values, and what is a sum over them is that sum.
fn check_report(label: &str, matrix: &Matrix<'_>, values: &[f64]) {
    let analyser = Analyser::new(AnalysisOptions::default(), Nulls::default()).unwrap();
    let report = analyser.analyse(matrix, Context::default()).unwrap().report;
    let count = |is: &dyn Fn(f64) -> bool| values.iter().filter(|&&value| is(value)).count();
    let heavy = report.heavy_tail.as_ref().unwrap();
    let largest = values[0];
    let cut = largest * matrix.large_side() as f64 * f64::EPSILON;
    assert_eq!(heavy.matrix_rank, count(&|value| value > cut), "{label}");
    if let (Some(low), Some(high)) = (report.edge_low, report.edge_high) {
        assert_eq!(report.outliers_above, Some(count(&|value| value > high)), "{label}");
        assert_eq!(report.outliers_below, Some(count(&|value| value < low)), "{label}");
    }
    let sum: f64 = values.iter().map(|value| value * value).sum();
    for (name, found, expected) in [
        ("stable_rank", heavy.stable_rank, sum / (largest * largest)),
        ("log_norm", heavy.log_norm, sum.log10()),
        ("spectral_norm", heavy.spectral_norm, largest * largest),
        ("smallest", report.smallest, values[values.len() - 1]),
    ] {
        let found = found.unwrap();
        let near = (found - expected).abs() < 3.0 * TOLERANCE * expected.abs().max(1e-9);
        assert!(near, "{label}: {name} {found} {expected}");
    }
}
