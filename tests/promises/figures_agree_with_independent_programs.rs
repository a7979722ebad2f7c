//! Figures agree with programs that share nothing with this one: LAPACK, WeightWatcher, and the laws
//! computed by other routes. The programs lie beside their figures in `tests/golden`.

use crate::support::{binomial_interval, generator, test};
use libtest_mimic::Trial;
use rmt_core::laws::{MarchenkoPastur, tracy_widom};
use rmt_core::spectrum::{decompose, singular_values};
use rmt_core::statistics::heavy_tail::PowerLaw;
use rmt_core::{Analyser, AnalysisOptions, Context, Matrix, Nulls, Orientation};
use serde_json::Value;
use std::collections::BTreeMap;

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test(module_path!(), "singular_values_with_lapack", lapack),
        test(module_path!(), "heavy_tail_with_weightwatcher", weightwatcher),
        test(module_path!(), "the_error_of_alpha_with_weightwatcher", coverage),
        test(module_path!(), "marchenko_pastur_with_quadrature", marchenko_pastur),
        test(module_path!(), "tracy_widom_with_painleve", tracy_widom_law),
    ]
}

fn golden(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn size(case: &Value, name: &str) -> usize {
    usize::try_from(case[name].as_u64().unwrap()).unwrap()
}

fn numbers(list: &Value) -> Vec<f64> {
    list.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

/// Every singular value: to 1e-8 up to a condition number of 1e5, to 1e-6 up to 1e8.
fn lapack() {
    let file = golden(include_str!("../golden/singular_values.json"));
    let cases = file["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 44);
    let mut largest = BTreeMap::new();
    for case in cases {
        let (rows, cols) = (size(case, "rows"), size(case, "cols"));
        let (m, seed) = (rows.min(cols), case["seed"].as_u64().unwrap());
        let built = |values: Vec<f64>| generator::with_singular_values(&values, rows, cols, seed);
        let parameters = numbers(&case["parameters"]);
        let a = match case["spectrum"].as_str().unwrap() {
            "normal" => generator::normal(rows, cols, seed),
            "geometric" => built(generator::geometric(m, parameters[0])),
            "cliff" => built(generator::cliff(m, parameters[0])),
            "cluster" => built(generator::cluster(m, parameters[0], parameters[1])),
            other => panic!("{other}"),
        };
        let sum = generator::checksum(a.iter().copied());
        assert_eq!(sum, case["checksum"].as_str().unwrap(), "not the same matrix");
        let condition = case["condition"].as_f64().unwrap();
        let name = format!("{rows}×{cols} {} {condition:e}", case["spectrum"]);
        let tolerance = if condition <= 1e5 { 1e-8 } else { 1e-6 };
        assert!(case["lapack_error"].as_f64().unwrap() < 1e-2 * tolerance);
        let expected = numbers(&case["singular_values"]);
        let matrix = Matrix::new(a.as_slice(), rows, cols, Orientation::OutIn).unwrap();
        let routes =
            [singular_values(&matrix).unwrap(), decompose(&matrix).unwrap().singular_values];
        for (found, route) in routes.iter().zip(["values", "with vectors"]) {
            assert_eq!(found.len(), m);
            let worst =
                found.iter().zip(&expected).map(|(x, y)| (x / y - 1.0).abs()).fold(0.0, f64::max);
            let group = largest.entry(tolerance.to_string()).or_insert(0.0_f64);
            *group = group.max(worst);
            assert!(worst <= tolerance, "{name} {route}: {worst:e}");
        }
    }
    println!("largest relative error of a singular value, by tolerance: {largest:?}");
}

fn weightwatcher() {
    let file = golden(include_str!("../golden/weightwatcher_figures.json"));
    assert_eq!(file["weightwatcher"], "0.7.7");
    // The null of each shape is simulated; without the tests only the first takes that time.
    let whole = AnalysisOptions::default();
    let mut without_tests = AnalysisOptions::default();
    without_tests.min_side = 1000;
    let [whole, without_tests] =
        [whole, without_tests].map(|options| Analyser::new(options, Nulls::default()).unwrap());
    let cases = file["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 26);
    let (mut fitted, mut cut) = (0, 0);
    for (index, case) in cases.iter().enumerate() {
        let (rows, cols) = (size(case, "rows"), size(case, "cols"));
        let (kind, seed) = (case["kind"].as_str().unwrap(), case["seed"].as_u64().unwrap());
        let entries = match kind {
            "normal" => generator::normal(rows, cols, seed),
            "heavy_tailed" => generator::heavy_tailed(rows, cols, seed),
            "low_rank_plus_noise" => {
                generator::low_rank_plus_noise(rows, cols, size(case, "rank"), seed)
            }
            "low_rank" => generator::low_rank(rows, cols, size(case, "rank"), seed),
            "twice" => generator::twice(rows, cols, seed),
            other => panic!("{other}"),
        };
        let factor = case["factor"].as_f64().unwrap();
        let a: Vec<f32> = entries.iter().map(|x| (x * factor) as f32).collect();
        let sum = generator::checksum(a.iter().map(|&x| f64::from(x)));
        assert_eq!(sum, case["checksum"].as_str().unwrap(), "not the same matrix");
        let matrix = Matrix::new(a.as_slice(), rows, cols, Orientation::OutIn).unwrap();
        let analyser = if index == 0 { &whole } else { &without_tests };
        let report = analyser.analyse(&matrix, Context::default()).unwrap().report;
        let ours = report.heavy_tail.unwrap();
        let name = format!("{kind} {rows}×{cols} times {factor}");
        let theirs = &case["figures"];

        let above_cut = size(case, "above_cut");
        let others = [
            ("log_norm", ours.log_norm),
            ("stable_rank", ours.stable_rank),
            ("spectral_norm", ours.spectral_norm),
            ("entropy", ours.entropy),
            ("matrix_rank", Some(ours.matrix_rank as f64)),
        ];
        let of_the_fit = [
            ("alpha", ours.alpha),
            ("alpha_sigma", ours.alpha_sigma),
            ("alpha_weighted", ours.alpha_weighted),
            ("xmin", ours.xmin),
            ("distance", ours.distance),
            ("tail_count", ours.tail_count.map(|k| k as f64)),
            ("log_alpha_norm", ours.log_alpha_norm),
        ];
        let left_out = theirs["log_norm"].is_null();
        assert_eq!(left_out, rows.min(cols) < 8, "{name}");
        for (figure, found) in others {
            let found = found.unwrap();
            if let Some(expected) = theirs[figure].as_f64() {
                close(&name, figure, found, expected);
            }
        }
        assert_eq!(ours.matrix_rank_storage, size(case, "matrix_rank_storage"));
        let mentions =
            |words: &str| report.notes.iter().any(|note| note.to_string().contains(words));
        if above_cut < 8 {
            // They leave the matrix out, fit fewer than 8 values, or say -1.
            assert!(of_the_fit.iter().all(|(_, found)| found.is_none()), "{name}");
            assert!(mentions(&format!("alpha: {above_cut} eigenvalues above 1e-5")), "{name}");
        } else {
            fitted += 1;
            for (figure, found) in of_the_fit {
                close(&name, figure, found.unwrap(), theirs[figure].as_f64().unwrap());
            }
        }
        let bites = above_cut < ours.matrix_rank;
        cut += usize::from(bites);
        assert_eq!(mentions("a cut that depends on the scale"), bites, "{name}");
    }
    assert_eq!((fitted, cut), (21, 3));
}

fn close(matrix: &str, figure: &str, found: f64, expected: f64) {
    let error = (found / expected - 1.0).abs();
    assert!(error < 1e-10, "{matrix}: {figure} {found} {expected}");
}

/// The share of samples from a power law whose α lies within 1.96 σ_α of the truth. It is less than
/// the 95 % of a fit with x_min known, for σ_α leaves out the choice of x_min.
fn coverage() {
    let file = golden(include_str!("../golden/weightwatcher_figures.json"));
    let theirs = &file["coverage"];
    let (size, alpha) = (size(theirs, "size"), theirs["alpha"].as_f64().unwrap());
    let share = theirs["inside"].as_f64().unwrap() / theirs["samples"].as_f64().unwrap();
    let mut generator = generator::Generator::new(7);
    let samples = 1000;
    let inside = (0..samples)
        .filter(|_| {
            let sample: Vec<f64> =
                (0..size).map(|_| (1.0 - generator.uniform()).powf(-1.0 / (alpha - 1.0))).collect();
            let law = PowerLaw::fit(&sample).unwrap();
            (law.alpha - alpha).abs() < 1.96 * law.alpha_sigma
        })
        .count() as u64;
    println!("{inside} of {samples} within 1.96 sigma, WeightWatcher {share}");
    // Their share is itself an estimate from 4000 samples.
    let error = 2.6 * (share * (1.0 - share) / 4000.0).sqrt();
    let (low, _) = binomial_interval(samples, share - error, 0.01);
    let (_, high) = binomial_interval(samples, share + error, 0.01);
    assert!((low..=high).contains(&inside), "{inside} not in {low}..={high}");
}

fn marchenko_pastur() {
    let file = golden(include_str!("../golden/laws.json"));
    let laws = file["marchenko_pastur"].as_array().unwrap();
    assert_eq!(laws.len(), 9);
    let (mut worst_cdf, mut worst_quantile) = (0.0_f64, 0.0_f64);
    for row in laws {
        let q = row["aspect"].as_f64().unwrap();
        let law = MarchenkoPastur::new(q).unwrap();
        for pair in row["cdf"].as_array().unwrap() {
            let [x, expected] = numbers(pair)[..] else { panic!() };
            worst_cdf = worst_cdf.max((law.cdf(x) - expected).abs());
            // The lower tail relative to itself, as far as x holds it.
            let relative = 1e-9 + 1e-15 * x / (x - law.lower_edge());
            assert!((law.cdf(x) / expected - 1.0).abs() < relative, "q={q} F({x})");
        }
        for pair in row["quantile"].as_array().unwrap() {
            let [p, expected] = numbers(pair)[..] else { panic!() };
            worst_quantile = worst_quantile.max((law.quantile(p) - expected).abs());
        }
    }
    println!(
        "largest error of the distribution {worst_cdf:.1e}, of quantiles {worst_quantile:.1e}"
    );
    assert!(worst_cdf < 1e-9 && worst_quantile < 1e-9, "{worst_cdf:e} {worst_quantile:e}");
}

fn tracy_widom_law() {
    let file = golden(include_str!("../golden/laws.json"));
    let law = &file["tracy_widom"];
    let table = law["cdf_survival"].as_array().unwrap();
    assert_eq!(table.len(), 82);
    let mut worst = 0.0_f64;
    for row in table {
        let [s, cdf, survival] = numbers(row)[..] else { panic!() };
        // Either tail relative to itself.
        let errors = [tracy_widom::cdf(s) / cdf - 1.0, tracy_widom::survival(s) / survival - 1.0];
        worst = errors.iter().fold(worst, |worst, e| worst.max(e.abs()));
    }
    for (name, inverse) in [
        ("quantile", tracy_widom::quantile as fn(f64) -> f64),
        ("upper_quantile", tracy_widom::upper_quantile),
    ] {
        for row in law[name].as_array().unwrap() {
            let [p, expected] = numbers(row)[..] else { panic!() };
            worst = worst.max((inverse(p) - expected).abs());
        }
    }
    println!("largest error {worst:.1e}");
    assert!(worst < 1e-6, "{worst:e}");
}
