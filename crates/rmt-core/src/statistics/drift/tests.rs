#![allow(clippy::unwrap_used)]

use super::*;
use crate::nulls::Nulls;
use crate::spectrum::{Orientation, decompose};
use crate::test_support::gaussian;
use crate::{Analyser, AnalysisOptions, Context, ScaleEstimator};
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

struct Taken {
    values: Vec<f64>,
    shape: [usize; 2],
}

impl Taken {
    fn new(values: &[f64], rows: usize, cols: usize) -> Self {
        Self { values: values.to_vec(), shape: [rows, cols] }
    }

    fn matrix(&self) -> Matrix<'_> {
        let [rows, cols] = self.shape;
        Matrix::new(self.values.as_slice(), rows, cols, Orientation::OutIn).unwrap()
    }

    fn reference(&self, k: usize) -> Reference {
        Reference::new(&self.matrix(), &decompose(&self.matrix()).unwrap(), k)
    }

    fn against(&self, reference: &Reference) -> Drift {
        let d = decompose(&self.matrix()).unwrap();
        drift(&self.matrix(), &d, Some(reference), None, None).unwrap()
    }
}

/// U diag(ν) Vᵀ with U and V of the first axes, the leading pair turned by `angle` towards the
/// axes after them.
fn turned(nu: &[f64], n: usize, angle: f64) -> Taken {
    let m = nu.len();
    let mut a = vec![0.0; m * n];
    for (k, &x) in nu.iter().enumerate() {
        a[k * n + k] = x;
    }
    // A rotation of columns 0 and m: the right vector of ν₁ leaves the span of the others.
    for row in a.chunks_mut(n) {
        let (x, y) = (row[0], row[m]);
        row[0] = angle.cos() * x - angle.sin() * y;
        row[m] = angle.sin() * x + angle.cos() * y;
    }
    Taken::new(&a, m, n)
}

#[test]
fn closed_forms() {
    let (old, new) =
        (Taken::new(&[3.0, 0.0, 0.0, 4.0], 2, 2), Taken::new(&[6.0, 0.0, 0.0, 8.0], 2, 2));
    let reference = old.reference(1);
    let still = old.against(&reference);
    assert_eq!((still.relative_norm, still.spectrum_distance), (Some(0.0), Some(0.0)));
    assert_eq!((still.angle_top, still.angle_bottom), (Some(0.0), Some(0.0)));
    let moved = new.against(&reference);
    assert!((moved.relative_norm.unwrap() - 1.0).abs() < 1e-15);
    assert!((moved.spectrum_distance.unwrap() - 3.5).abs() < 1e-14);
    assert_eq!((moved.angle_top, &moved.reason), (Some(0.0), &None));
    let row = Taken::new(&[3.0, 0.0, 0.0, 4.0], 1, 4).against(&reference);
    assert_eq!(row, Drift { reason: row.reason.clone(), ..Drift::default() });
    assert!(row.reason.unwrap().contains("another shape"));
    let from_zero = new.against(&Taken::new(&[0.0; 4], 2, 2).reference(1));
    assert_eq!((from_zero.relative_norm, from_zero.angle_top), (None, None));
    let reason = from_zero.reason.unwrap();
    assert!(reason.contains("no finite norm") && reason.contains("top subspace"), "{reason}");
    let d = decompose(&new.matrix()).unwrap();
    assert_eq!(drift(&new.matrix(), &d, None, None, None), None);
}

#[test]
fn a_rotation_by_a_known_angle_is_found() {
    let nu: Vec<f64> = (0..12).map(|k| 12.0 - f64::from(k)).collect();
    for angle in [1e-6_f64, 0.3, 1.2] {
        let reference = turned(&nu, 20, 0.0).reference(3);
        let found = turned(&nu, 20, angle).against(&reference);
        assert_eq!(found.dimension, Some(3));
        // Of the six principal angles of the top, one on the right side is `angle`.
        let expected = (angle.sin().powi(2) / 6.0).sqrt().asin();
        assert!((found.angle_top.unwrap() / expected - 1.0).abs() < 1e-8, "{found:?}");
        assert!((found.angle_top_largest.unwrap() / angle - 1.0).abs() < 1e-8);
        assert!(found.angle_bottom.unwrap() < 1e-12 && found.spectrum_distance.unwrap() < 1e-12);
        let random = (0.5_f64 * (3.0 / 12.0 + 3.0 / 20.0)).sqrt().acos();
        assert!((found.angle_random.unwrap() - random).abs() < 1e-12);
    }
}

#[test]
fn independent_matrices_are_as_far_apart_as_random_subspaces() {
    let trials = 60;
    let (mut top, mut bottom) = (0.0, 0.0);
    let mut random = 0.0;
    for seed in 0..trials {
        let old = Taken::new(&gaussian(40, 70, 2 * seed), 40, 70).reference(SUBSPACE_DIMENSION);
        let found = Taken::new(&gaussian(40, 70, 2 * seed + 1), 40, 70).against(&old);
        top += found.angle_top.unwrap().cos().powi(2) / trials as f64;
        bottom += found.angle_bottom.unwrap().cos().powi(2) / trials as f64;
        random = found.angle_random.unwrap().cos().powi(2);
    }
    // One pair spreads by about .02: four standard errors are .01.
    assert!(
        (top - random).abs() < 0.01 && (bottom - random).abs() < 0.01,
        "{top} {bottom} {random}"
    );
}

#[test]
fn previous_stands_beside_the_first_and_is_measured_once_where_it_is_the_same() {
    let (a, b) = (gaussian(24, 40, 1), gaussian(24, 40, 2));
    let step = |s: f64| -> Vec<f64> { a.iter().zip(&b).map(|(x, y)| x + s * y).collect() };
    let [first, second, third] = [0.0, 0.01, 0.03].map(|s| Taken::new(&step(s), 24, 40));
    let (start, last) = (first.reference(5), second.reference(5));
    let d = decompose(&third.matrix()).unwrap();
    let nulls = Nulls::default();
    let judge = Judge::new(ScaleEstimator::default(), 0.002, 16, &nulls);
    let found = drift(&third.matrix(), &d, Some(&start), Some(&last), Some(&judge)).unwrap();
    let since = found.previous.as_deref().unwrap();
    let ratio =
        found.change.as_ref().unwrap().norm.unwrap() / since.change.as_ref().unwrap().norm.unwrap();
    assert!((ratio - 1.5).abs() < 1e-9, "{ratio}");
    assert!(found.angle_top.unwrap() > since.angle_top.unwrap());
    let same = drift(&third.matrix(), &d, Some(&start), Some(&start), Some(&judge)).unwrap();
    assert_eq!(same.previous.as_deref(), Some(&Drift { previous: None, ..same.clone() }));
    let only = drift(&third.matrix(), &d, None, Some(&last), None).unwrap();
    assert_eq!(only.relative_norm, None);
    assert_eq!(only.previous.unwrap().relative_norm, since.relative_norm);
    // Without weights the spectrum and the subspaces remain.
    let bare = Reference::without_weights(&first.matrix(), &decompose(&first.matrix()).unwrap(), 5);
    let found = drift(&third.matrix(), &d, Some(&bare), None, Some(&judge)).unwrap();
    assert_eq!((found.relative_norm, &found.change), (None, &None));
    assert!(found.angle_top.is_some() && found.reason.unwrap().contains("without weights"));
}

#[test]
fn under_small_uniform_updates_the_bulk_does_not_move() {
    // A trained-looking matrix: noise and a signal of rank two; 100 updates of uniform noise, each
    // 1e-4 of the entries' deviation.
    let (m, n) = (48, 96);
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(3);
    let mut w = gaussian(m, n, 11);
    for (k, strength) in [(0, 40.0), (1, 30.0)] {
        w[k * n + k] += strength;
    }
    let analyser = Analyser::new(AnalysisOptions::default(), Nulls::default()).unwrap();
    let before = Taken::new(&w, m, n);
    let first = analyser.analyse(&before.matrix(), Context::default()).unwrap().report;
    let reference = before.reference(2);
    for _ in 0..100 {
        let size = 2.0 * 3.0_f64.sqrt() * 1e-4;
        w.iter_mut().for_each(|x| *x += size * (rng.random::<f64>() - 0.5));
    }
    let after = Taken::new(&w, m, n);
    let context = Context::default().with_reference(Some(&reference));
    let last = analyser.analyse(&after.matrix(), context).unwrap().report;
    let drift = last.drift.as_ref().unwrap();
    // Moved by 1e-3 of its norm, in no direction …
    assert!((drift.relative_norm.unwrap() / 1e-3 - 1.0).abs() < 0.2, "{drift:?}");
    let change = drift.change.as_ref().unwrap();
    let change = &change.spectrum;
    assert_eq!((change.significant_above, change.significant_below), (Some(0), Some(0)));
    assert!(change.p_bulk.unwrap() > 0.002);
    // … so that each value moves by about as much as its σ, a hundredth of their spacing, …
    assert!(drift.spectrum_distance.unwrap() < 2e-3, "{drift:?}");
    let moved = |a: Option<f64>, b: Option<f64>| (a.unwrap() - b.unwrap()).abs();
    assert!(moved(first.scale, last.scale) < 1e-3);
    assert!(moved(first.bulk_distance, last.bulk_distance) < 0.05);
    assert_eq!(first.significant_above, last.significant_above);
    assert_eq!(first.significant_below, last.significant_below);
    assert_eq!(first.verdict, last.verdict);
    // … and the signal's directions turn by σ√n·1e-3/ν ≈ 4e-4.
    assert!(drift.angle_top.unwrap() < 1e-3, "{drift:?}");
}

#[test]
fn a_row_reads_back_as_itself() {
    let a = Taken::new(&gaussian(20, 30, 1), 20, 30);
    let b = Taken::new(&gaussian(20, 30, 2), 20, 30);
    let d = decompose(&b.matrix()).unwrap();
    let reference = a.reference(5);
    let found = drift(&b.matrix(), &d, Some(&reference), Some(&reference), None).unwrap();
    let text = serde_json::to_string(&found).unwrap();
    assert_eq!(serde_json::from_str::<Drift>(&text).unwrap(), found);
    // A row of before these keys.
    let old = r#"{"relative_norm":0.5,"spectrum_distance":null}"#;
    assert_eq!(serde_json::from_str::<Drift>(old).unwrap().relative_norm, Some(0.5));
}

/// Both parts.
fn drift(
    matrix: &Matrix<'_>,
    decomposition: &Decomposition,
    reference: Option<&Reference>,
    previous: Option<&Reference>,
    judge: Option<&Judge<'_>>,
) -> Option<Drift> {
    let moved = moved(matrix, reference, previous, judge)?;
    Some(moved.with_spectra(matrix, decomposition, reference, previous))
}
