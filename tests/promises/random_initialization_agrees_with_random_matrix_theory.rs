//! Random weights agree with random matrix theory, at the stated level and no other; rank-one
//! signals a little above the detection limit are found.

use crate::grokking::Network;
use crate::support::{alone_with_device, binomial_interval, test};
use libtest_mimic::Trial;
use rand::SeedableRng;
use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;
use rmt_core::report::{FAMILY, TestName};
use rmt_core::{Analyser, AnalysisOptions, Context, Matrix, MatrixReport, Nulls, Orientation};
use std::collections::BTreeMap;

pub(crate) fn tests() -> Vec<Trial> {
    vec![test(module_path!(), "level_and_power_over_200_seeds", level_and_power)]
}

const SEEDS: u64 = 200;
const MODULUS: usize = 59;

fn level_and_power() {
    let (_guard, device) = alone_with_device();
    let analyser = Analyser::new(AnalysisOptions::default(), Nulls::default()).unwrap();
    let analyse = |values: &[f32], [rows, cols]: [usize; 2]| {
        let matrix = Matrix::new(values, rows, cols, Orientation::InOut).unwrap();
        analyser.analyse(&matrix, Context::default()).unwrap().report
    };
    let mut p_values: BTreeMap<(&str, &TestName), Vec<f64>> = BTreeMap::new();
    let mut found: BTreeMap<(&str, &str, &str), u64> = BTreeMap::new();
    for seed in 1..=SEEDS {
        device.seed(seed);
        for (name, shape, values) in initial_weights(&device) {
            let report = analyse(&values, shape);
            for test in &FAMILY {
                p_values.entry((name, test)).or_default().push(report.test(test).unwrap().p);
            }
            for (strength, multiple) in [("1.5", 1.5), ("1.75", 1.75)] {
                let mut with_signal = values.clone();
                add_signal(&mut with_signal, shape, multiple, seed);
                let report = analyse(&with_signal, shape);
                for level in ["0.01", "0.05"] {
                    let deviates = u64::from(deviates(&report, level.parse().unwrap()));
                    *found.entry((name, strength, level)).or_default() += deviates;
                }
            }
        }
    }
    let cells = p_values.len() * 2;
    assert_eq!(cells, 30);
    for ((name, test), p) in &p_values {
        for level in [0.01, 0.05] {
            let rejected = p.iter().filter(|&&p| p <= level).count() as u64;
            let (low, high) = binomial_interval(SEEDS, level, 0.01 / cells as f64);
            assert!(
                (low..=high).contains(&rejected),
                "{name} {test} at {level}: {rejected} of {SEEDS} not in {low}..={high}"
            );
        }
    }
    println!("deviate with a signal (strength, family-wise level), of {SEEDS}: {found:?}");
    let all_at_5_percent: u64 =
        found.iter().filter(|((_, s, l), _)| (*s, *l) == ("1.5", "0.05")).map(|(_, n)| n).sum();
    assert!(all_at_5_percent * 10 >= 3 * SEEDS * 9, "{all_at_5_percent} of {}", 3 * SEEDS);
    for ((name, strength, level), count) in found {
        // At 1.5 × the limit and level 0.01, 59 rows are too few for 90 %: even a test of the
        // largest singular value that knew σ and its exact null would find 82 % (59×128) and
        // 89 % (59×256); see detection_bound.py beside this file.
        if strength == "1.75" || name == "hidden" {
            let case = format!("{name} at {strength}, level {level}");
            assert!(count * 10 >= SEEDS * 9, "{case}: {count} of {SEEDS} deviate");
        }
    }
}

/// The verdict at a family-wise level: Bonferroni over the tests.
fn deviates(report: &MatrixReport, level: f64) -> bool {
    report.tests.iter().any(|test| test.p <= level / FAMILY.len() as f64)
}

/// The example's weights as its training would find them: a forward draws them.
fn initial_weights(device: &burn::tensor::Device) -> Vec<(&'static str, [usize; 2], Vec<f32>)> {
    let network = Network::new(MODULUS, device);
    let pairs = burn::tensor::Tensor::<2, burn::tensor::Int>::zeros([1, 2], device);
    let _ = network.forward(pairs);
    [
        ("embedding", &network.embedding.weight),
        ("hidden", &network.hidden.weight),
        ("output", &network.output.weight),
    ]
    .map(|(name, weight)| {
        let tensor = weight.val();
        (name, tensor.dims(), tensor.into_data().try_into_vec_as::<f32>().unwrap())
    })
    .into()
}

/// W + θ·σ√n·u vᵀ along random directions, θ = `multiple` times the detection limit q^{1/4}.
fn add_signal(values: &mut [f32], [rows, cols]: [usize; 2], multiple: f64, seed: u64) {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut unit = |length: usize| -> Vec<f64> {
        let v: Vec<f64> = (0..length).map(|_| StandardNormal.sample(&mut rng)).collect();
        let norm = v.iter().map(|x| x * x).sum::<f64>().sqrt();
        v.iter().map(|x| x / norm).collect()
    };
    let (u, v) = (unit(rows), unit(cols));
    let (m, n) = (rows.min(cols) as f64, rows.max(cols) as f64);
    let sigma = (values.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>() / (m * n)).sqrt();
    let strength = multiple * (m / n).powf(0.25) * sigma * n.sqrt();
    for (i, row) in values.chunks_mut(cols).enumerate() {
        for (x, v) in row.iter_mut().zip(&v) {
            *x += (strength * u[i] * v) as f32;
        }
    }
}
