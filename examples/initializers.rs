//! Every weight initializer of burn against random matrix theory: all that draw independent
//! entries must be found random.
//!
//! ```text
//! cargo run --release --example initializers
//! ```

use anyhow::Result;
use burn::module::Param;
use burn::nn::Initializer;
use burn::tensor::{Device, Tensor};
use clap::Parser;
use rmt_core::sanity::{Case, Expectation, SanityReport, sanity};
use rmt_core::{Analyser, AnalysisOptions, Nulls};
use std::process::ExitCode;

/// Checks burn's weight initializers against random matrix theory.
#[derive(Debug, Parser)]
pub struct Options {
    /// Seed of the device.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Probability that the whole run finds any random matrix deviating.
    #[arg(long, default_value_t = 0.01)]
    level: f64,
}

/// (inputs, outputs).
const SHAPES: [[usize; 2]; 4] = [[64, 64], [64, 256], [256, 160], [256, 256]];

/// Every initializer, and what its matrices must be found to be.
fn initializers() -> Vec<(&'static str, Initializer, Expectation)> {
    use Expectation::{Degenerate, Deviates, Random};
    let (gain, fan_out_only) = (1.0, false);
    vec![
        ("Uniform", Initializer::Uniform { min: -0.1, max: 0.1 }, Random),
        ("Normal", Initializer::Normal { mean: 0.0, std: 0.02 }, Random),
        ("KaimingUniform", Initializer::KaimingUniform { gain, fan_out_only }, Random),
        ("KaimingNormal", Initializer::KaimingNormal { gain, fan_out_only }, Random),
        ("XavierUniform", Initializer::XavierUniform { gain }, Random),
        ("XavierNormal", Initializer::XavierNormal { gain }, Random),
        // An offset is one strong direction: the constant one.
        ("Uniform from 0", Initializer::Uniform { min: 0.0, max: 0.2 }, Deviates),
        ("Normal, mean 0.02", Initializer::Normal { mean: 0.02, std: 0.02 }, Deviates),
        // Rank one, and nothing else.
        ("Ones", Initializer::Ones, Deviates),
        ("Constant", Initializer::Constant { value: 0.5 }, Deviates),
        // No bulk to compare with.
        ("Zeros", Initializer::Zeros, Degenerate),
        ("Orthogonal", Initializer::Orthogonal { gain }, Degenerate),
    ]
}

/// Draws every initializer at every shape and holds it against its expectation.
pub fn experiment(options: &Options) -> Result<SanityReport> {
    let device = Device::flex();
    device.seed(options.seed);
    let analyser = Analyser::new(AnalysisOptions::default(), Nulls::default())?;
    let cases: Vec<_> = SHAPES
        .iter()
        .flat_map(|shape| initializers().into_iter().map(move |named| (named, *shape)))
        .collect();
    let drawn = cases.into_iter().map(|((name, initializer, expectation), [rows, cols])| {
        let weight: Param<Tensor<2>> =
            initializer.init_with([rows, cols], Some(rows), Some(cols), &device);
        let values = weight.val().into_data().try_into_vec_as::<f64>()?;
        Ok::<_, anyhow::Error>(Case { label: name.into(), rows, cols, values, expectation })
    });
    sanity(&analyser, options.level, drawn, |_| {})
}

fn main() -> ExitCode {
    match experiment(&Options::parse()) {
        Ok(report) => {
            println!("{}\n{}", report.table(), report.conclusion());
            if report.passed() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
