//! Tests every weight initializer of burn against random matrix theory: all that draw independent
//! entries must be found random.
//!
//! ```text
//! cargo run --release --example initializers
//! ```

use anyhow::Result;
use burn::module::Param;
use burn::nn::Initializer;
use burn::tensor::Tensor;
use clap::Parser;
use rmt_core::report::TestName;
use rmt_core::sanity::{Case, Expectation, Requirement, SanityReport, sanity};
use rmt_core::{Analyser, AnalysisOptions, Nulls, Orientation};
use rmt_examples::Backend;
use std::process::ExitCode;

/// Checks burn's weight initializers against random matrix theory.
#[derive(Debug, Parser)]
pub struct Options {
    /// Seed of the device.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Number of matrices per initializer and shape.
    #[arg(long, default_value_t = 1)]
    repetitions: usize,
    /// Greatest probability that a run over random matrices fails.
    #[arg(long, default_value_t = 0.01)]
    level: f64,
    /// Device that draws the matrices.
    #[arg(long, value_enum, default_value_t)]
    device: Backend,
}

/// (inputs, outputs).
const SHAPES: [[usize; 2]; 4] = [[64, 64], [64, 256], [256, 160], [256, 256]];

/// Every initializer, and what its matrices must be found to be.
fn initializers() -> Vec<(&'static str, Initializer, Expectation)> {
    use TestName::{Above, Bulk, Left, Right};
    let (gain, fan_out_only) = (1.0, false);
    let random = Expectation::random();
    // An offset is one strong direction, the constant one, on both sides.
    let offset = Expectation::deviates(&[Above, Left, Right]).with_significant_above(1);
    // Rank one: there is no bulk, and whatever lies above zero stands out.
    let rank_one = Expectation::deviates(&[Above]);
    let orthogonal = Expectation::degenerate().with(&Bulk, Requirement::Deviate);
    vec![
        ("Uniform", Initializer::Uniform { min: -0.1, max: 0.1 }, random),
        ("Normal", Initializer::Normal { mean: 0.0, std: 0.02 }, random),
        ("KaimingUniform", Initializer::KaimingUniform { gain, fan_out_only }, random),
        ("KaimingNormal", Initializer::KaimingNormal { gain, fan_out_only }, random),
        ("XavierUniform", Initializer::XavierUniform { gain }, random),
        ("XavierNormal", Initializer::XavierNormal { gain }, random),
        ("Uniform from 0", Initializer::Uniform { min: 0.0, max: 0.2 }, offset),
        ("Normal, mean 0.02", Initializer::Normal { mean: 0.02, std: 0.02 }, offset),
        ("Ones", Initializer::Ones, rank_one),
        ("Constant", Initializer::Constant { value: 0.5 }, rank_one),
        ("Zeros", Initializer::Zeros, Expectation::degenerate()),
        ("Orthogonal", Initializer::Orthogonal { gain }, orthogonal),
    ]
}

/// Draws every initializer at every shape and holds it against its expectation.
pub fn experiment(options: &Options) -> Result<SanityReport> {
    let device = options.device.device()?;
    device.seed(options.seed);
    let analyser = Analyser::new(AnalysisOptions::default(), Nulls::default())?;
    let cases: Vec<_> = SHAPES
        .iter()
        .flat_map(|shape| initializers().into_iter().map(move |named| (named, *shape)))
        .flat_map(|case| std::iter::repeat_n(case, options.repetitions))
        .collect();
    let drawn = cases.into_iter().map(|((name, initializer, expectation), [rows, cols])| {
        let (label, orientation) = (name.into(), Orientation::InOut);
        let weight: Param<Tensor<2>> =
            initializer.init_with([rows, cols], Some(rows), Some(cols), &device);
        let values = weight.val().into_data().try_into_vec_as::<f64>()?;
        Ok::<_, anyhow::Error>(Case { label, rows, cols, orientation, values, expectation })
    });
    sanity(&analyser, options.level, drawn, |_| {})
}

fn main() -> ExitCode {
    match experiment(&Options::parse()) {
        Ok(report) => {
            println!("{report}");
            if report.passed() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
