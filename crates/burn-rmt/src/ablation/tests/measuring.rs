//! What is measured of the copies.

use super::super::{Ablation, AblationError, Select, deciles, groups, outliers};
use super::{Net, normal, param, values};
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Tensor};
use rmt_core::spectrum::singular_values;
use rmt_core::{Matrix, Orientation};

#[test]
fn each_group_loses_the_squares_of_its_values() {
    let net = Net::new(&Device::flex());
    // ‖W‖² = Σν², here of all three matrices at once.
    let squares = |tensor: Tensor<2>| -> Vec<f64> {
        let [rows, cols] = tensor.dims();
        let entries = values(tensor);
        let matrix = Matrix::new(&entries[..], rows, cols, Orientation::InOut).unwrap();
        singular_values(&matrix).unwrap().iter().map(|x| x * x).collect()
    };
    let all = [net.up.weight.val(), net.down.weight.val(), net.bare.val()].map(squares);
    for n in [10, 7, 1] {
        let table = groups(&net, Select::all(), n, |net| vec![net.energy()]).unwrap();
        assert_eq!((table.rows.len(), table.matrices, table.values, table.batches), (n, 3, 60, 1));
        let mut removed = 0;
        for (g, row) in table.rows.iter().enumerate() {
            let ranks = g * 20 / n..(g + 1) * 20 / n;
            let lost: f64 =
                all.iter().map(|values| values[ranks.clone()].iter().sum::<f64>()).sum();
            assert!((row.delta_loss + lost).abs() < 1e-5 * table.baseline_loss, "{n} {g}");
            assert_eq!(row.removed, 3 * ranks.len());
            assert_eq!((row.delta_error, &row.note), (None, &None));
            removed += row.removed;
        }
        assert_eq!(removed, 60);
    }
    assert!(matches!(
        groups(&net, Select::all(), 0, |_| vec![0.0]),
        Err(AblationError::Setting { setting: "groups", .. })
    ));
}

#[test]
fn differences_are_paired() {
    let net = Net::new(&Device::flex());
    // d = (1, 0, 1): mean ⅔, s = √⅓, standard error s/√3 = ⅓.
    let mut calls = 0;
    let losses = |_: &Net| {
        calls += 1;
        if calls == 1 { vec![1.0, 2.0, 4.0] } else { vec![2.0, 2.0, 5.0] }
    };
    let table = groups(&net, Select::name("up"), 2, losses).unwrap();
    assert_eq!(calls, 3);
    let row = &table.rows[1];
    assert!((table.baseline_loss - 7.0 / 3.0).abs() < 1e-15 && row.loss == 3.0);
    assert!((row.delta_loss - 2.0 / 3.0).abs() < 1e-15);
    assert!((row.delta_error.unwrap() - 1.0 / 3.0).abs() < 1e-15);
    assert!((row.perplexity - 3.0_f64.exp()).abs() < 1e-12);
    assert!((row.delta_perplexity - (3.0_f64.exp() - (7.0_f64 / 3.0).exp())).abs() < 1e-12);
}

#[test]
fn groups_without_values_are_not_measured() {
    let device = Device::flex();
    let mut layer: Linear = LinearConfig::new(3, 5).with_bias(false).init(&device);
    layer.weight = param(3, 5, 8, &device);
    let mut progress = Vec::new();
    let table = Ablation::new(Select::all())
        .with_progress(|done, total| progress.push((done, total)))
        .deciles(&layer, |layer| vec![values(layer.weight.val()).iter().map(|x| x * x).sum()])
        .unwrap();
    assert_eq!(progress, [(1, 4), (2, 4), (3, 4), (4, 4)]);
    let measured: Vec<usize> = (0..10).filter(|&g| table.rows[g].removed > 0).collect();
    // ⌊3g/10⌋ steps at g = 4, 7 and 10.
    assert_eq!(measured, [3, 6, 9]);
    for (g, row) in table.rows.iter().enumerate() {
        assert_eq!(row.note.is_none() && row.delta_loss < 0.0, measured.contains(&g));
        assert_eq!(row.note.is_some() && row.delta_loss == 0.0, !measured.contains(&g));
    }
}

#[test]
fn losses_that_cannot_be_compared_are_refused() {
    let net = Net::new(&Device::flex());
    let after = |first: Vec<f64>, later: Vec<f64>| {
        let mut first = Some(first);
        let error =
            deciles(&net, Select::name("up"), |_| first.take().unwrap_or_else(|| later.clone()));
        error.unwrap_err()
    };
    assert!(matches!(after(vec![], vec![]), AblationError::NoLosses { .. }));
    let counts = after(vec![1.0, 2.0], vec![1.0]);
    assert!(matches!(counts, AblationError::LossCount { expected: 2, found: 1, .. }));
    let infinite = after(vec![1.0], vec![f64::INFINITY]).to_string();
    assert!(infinite.contains("0 (largest)") && infinite.contains("batch 0"), "{infinite}");
    let nan = after(vec![1.0, f64::NAN], vec![1.0]);
    assert!(matches!(nan, AblationError::LossNotFinite { batch: 1, .. }));
}

#[test]
fn tables_are_read_by_people_and_programs() {
    let net = Net::new(&Device::flex());
    let mut loss = 2.0;
    let table = groups(&net, Select::name("up"), 3, |_| {
        loss += 0.25;
        vec![loss, loss]
    })
    .unwrap();
    assert_eq!(
        table.to_string(),
        "20 singular values of 1 matrix, 2 batches\n\
         selection  group         removed  loss    Δ loss   ± (paired)  perplexity  Δ perplexity\n\
         ───────────────────────────────────────────────────────────────────────────────────────\n\
         up         none          0        2.2500  –        –           9.4877      –\n\
         up         0 (largest)   6        2.5000  +0.2500  0.0000      12.1825     +2.6948\n\
         up         1             7        2.7500  +0.5000  0.0000      15.6426     +6.1549\n\
         up         2 (smallest)  7        3.0000  +0.7500  0.0000      20.0855     +10.5978\n"
    );
    let written = table.to_table();
    assert_eq!(written.rows.len(), 4);
    assert_eq!(written.rows[1][..3], ["up", "0 (largest)", "6"]);
    let json = serde_json::to_value(&table).unwrap();
    assert_eq!(json["rows"][2]["removed"], 7);
    assert_eq!(json["rows"][2]["delta_loss"], 0.75);
    assert_eq!(json["baseline_loss"], 2.25);
}

#[test]
fn a_planted_signal_costs_and_the_bulk_does_not() {
    let device = Device::flex();
    // Noise of σ = 1 and a signal θ·√n·u·vᵀ, θ = 4, well above its limit of q^¼ = 0.84.
    let (rows, cols) = (40, 80);
    let unit = |n: usize| 1.0 / (n as f64).sqrt();
    let signal = 4.0 * 80.0_f64.sqrt() * unit(rows) * unit(cols);
    let mut layer: Linear = LinearConfig::new(rows, cols).with_bias(false).init(&device);
    layer.weight = param(rows, cols, 11, &device).map(|w| w + signal);
    // Inputs that lie along u, the ones, up to noise.
    let x = normal(64, rows, 12, &device) * 0.3 + 1.0;
    let wanted = layer.forward(x.clone());
    let losses = |layer: &Linear| -> Vec<f64> {
        let error = (layer.forward(x.clone()) - wanted.clone()).square();
        let batches = error.chunk(8, 0);
        batches.into_iter().map(|b| f64::from(b.mean().into_scalar::<f32>())).collect()
    };
    let table = outliers(&layer, Select::all(), losses).unwrap();
    let [above, bulk, below, bulk_below] = &table.rows[..] else { unreachable!() };
    assert_eq!((above.group.as_str(), above.removed, bulk.removed), ("above", 1, 1));
    // The input along u has length √40: the signal gives θ²·80·40/80 = 640 of each output's
    // square; a bulk value gives what chance has of u.
    assert!(above.delta_loss > 300.0 && above.delta_error.unwrap() < 50.0, "{above:?}");
    assert!(bulk.delta_loss < 0.05 * above.delta_loss, "{bulk:?}");
    assert!(bulk.spread.is_some_and(|spread| spread > 0.0));
    assert_eq!(bulk.note.as_deref(), Some("mean of 5 draws"));
    for row in [below, bulk_below] {
        assert_eq!((row.removed, row.delta_loss), (0, 0.0));
        assert!(row.note.as_deref().is_some_and(|note| note.contains("not measured")));
    }
    // Seeded; another seed draws others.
    let with_seed = |seed| Ablation::new(Select::all()).with_seed(seed).outliers(&layer, losses);
    assert_eq!(with_seed(0).unwrap(), table);
    assert_ne!(with_seed(1).unwrap().rows[1].delta_loss, bulk.delta_loss);
    assert_eq!(with_seed(1).unwrap().rows[0], *above);
    let none = Ablation::new(Select::all()).with_draws(0).outliers(&layer, losses);
    assert!(matches!(none, Err(AblationError::Setting { setting: "draws", .. })));
}

#[test]
fn suppressed_values_are_the_outliers_below() {
    let device = Device::flex();
    // One direction of the small side without its noise: a value far below the bulk.
    let mut layer: Linear = LinearConfig::new(30, 120).with_bias(false).init(&device);
    let noise = normal(30, 120, 13, &device);
    let along = Tensor::<2>::ones([30, 30], &device) / 30.0;
    layer.weight = layer.weight.map(|_| noise.clone() - along.matmul(noise) * 0.95);
    let losses = |layer: &Linear| vec![values(layer.weight.val()).iter().map(|x| x * x).sum()];
    let table = outliers(&layer, Select::all(), losses).unwrap();
    let [above, _, below, bulk] = &table.rows[..] else { unreachable!() };
    assert_eq!((above.removed, below.removed, bulk.removed), (0, 1, 1));
    // Of ‖W‖², the removed squares.
    let entries = values(layer.weight.val());
    let matrix = Matrix::new(&entries[..], 30, 120, Orientation::InOut).unwrap();
    let nu = singular_values(&matrix).unwrap();
    assert!((below.delta_loss + nu[29].powi(2)).abs() < 1e-3, "{below:?}");
    assert!(-bulk.delta_loss >= nu[28].powi(2) && -bulk.delta_loss <= nu[0].powi(2), "{bulk:?}");
}

#[test]
fn small_matrices_have_no_counted_outliers() {
    let device = Device::flex();
    let mut layer: Linear = LinearConfig::new(8, 12).with_bias(false).init(&device);
    layer.weight = param(8, 12, 14, &device);
    let table = outliers(&layer, Select::all(), |_| vec![1.0]).unwrap();
    assert_eq!(table.rows[0].removed, 0);
    let note = table.rows[0].note.clone().unwrap_or_default();
    assert!(note.contains("of 1 of the 1 selected cannot be estimated"), "{note}");
}

/// The counts are those of a report with every test, though vectors are left out.
#[test]
fn outliers_are_those_of_a_default_report() {
    use super::super::outliers::default_analyser;
    use rmt_core::{Analyser, AnalysisOptions, Context, Nulls};
    let quick = default_analyser().unwrap();
    let full = Analyser::new(AnalysisOptions::default(), Nulls::default()).unwrap();
    let device = Device::flex();
    let mut found = 0;
    for seed in 0..6 {
        let strength = 0.05 * seed as f64;
        let entries = values(normal(24, 60, seed, &device) + strength);
        let matrix = Matrix::new(&entries[..], 24, 60, Orientation::InOut).unwrap();
        let of = |analyser: &Analyser| {
            let report = analyser.analyse(&matrix, Context::default()).unwrap().report;
            (report.significant_above, report.significant_below)
        };
        assert_eq!(of(&quick), of(&full));
        found += of(&full).0.unwrap();
    }
    assert!(found > 0);
    assert_eq!(quick.options().test_level(), full.options().test_level());
}
