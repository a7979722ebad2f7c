//! The sign null on matrices of which the answer is known.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::spectrum::Orientation;
use crate::test_support::{binomial_interval, gaussian};

fn report(values: &[f64], rows: usize, cols: usize, seed: u64) -> (SignReport, StructureReport) {
    let matrix = Matrix::new(values, rows, cols, Orientation::OutIn).unwrap();
    let found = sign_null(&matrix, COPIES, 0.05, seed).unwrap().unwrap();
    (found.signs.unwrap(), found.structure.unwrap())
}

/// Rows and columns of log-normal scale, of this standard deviation of the logarithm.
fn with_scales(values: &mut [f64], cols: usize, spread: f64, seed: u64) {
    let (r, c) = (gaussian(1, values.len() / cols, seed), gaussian(1, cols, seed + 1));
    for (k, x) in values.iter_mut().enumerate() {
        *x *= (spread * (r[k / cols] + c[k % cols])).exp();
    }
}

/// Adds directions of strengths 2.5 to 6 times the limit q^{1/4}, of noise of this deviation.
fn plant(values: &mut [f64], rows: usize, cols: usize, count: usize, deviation: f64, seed: u64) {
    let (m, n) = (rows.min(cols) as f64, rows.max(cols) as f64);
    for k in 0..count {
        let (u, v) =
            (gaussian(1, rows, seed + 2 * k as u64), gaussian(1, cols, seed + 2 * k as u64 + 1));
        let strength = (2.5 + 3.5 * k as f64 / count as f64) * (m / n).powf(0.25) * deviation;
        let factor = strength / m.sqrt();
        for (e, x) in values.iter_mut().enumerate() {
            *x += factor * u[e / cols] * v[e % cols];
        }
    }
}

#[test]
fn scale_alone_is_not_structure() {
    let (rows, cols, trials) = (96, 48, 60);
    let mut rejected = 0;
    for trial in 0..trials {
        let mut a = gaussian(rows, cols, 100 + 7 * trial);
        with_scales(&mut a, cols, 0.6, 1000 + 7 * trial);
        let (found, _) = report(&a, rows, cols, trial);
        rejected += usize::from(found.signs.rejected);
        // The entries in another order have lost the scale of rows and columns.
        assert!(found.permuted.is_none_or(|rung| rung.rejected), "{found:?}");
    }
    let (low, high) = binomial_interval(trials as usize, 0.05, 0.01);
    assert!((low..=high).contains(&rejected), "{rejected}");
}

#[test]
fn tails_are_accepted_in_another_order() {
    let (rows, cols) = (64, 128);
    let a: Vec<f64> = gaussian(rows, cols, 4).iter().map(|x| x.powi(3)).collect();
    let (found, structure) = report(&a, rows, cols, 1);
    assert!(!found.signs.rejected && !found.permuted.unwrap().rejected, "{found:?}");
    assert_eq!(structure.above.count, 0);
}

#[test]
fn directions_are_counted_below_scales() {
    for (rows, cols) in [(128, 128), (64, 192), (192, 64)] {
        for spread in [0.0, 0.3, 0.6] {
            let mut a = gaussian(rows, cols, 9);
            with_scales(&mut a, cols, spread, 10);
            let deviation = (a.iter().map(|x| x * x).sum::<f64>() / (rows * cols) as f64).sqrt();
            plant(&mut a, rows, cols, 6, deviation, 20);
            let (found, structure) = report(&a, rows, cols, 3);
            assert!(found.signs.rejected && found.permuted.is_none());
            let above = structure.above;
            assert!((5..=7).contains(&above.count), "{rows}x{cols} {spread}: {structure:?}");
            assert!(above.most >= above.count && !above.cut_off);
            assert_eq!(structure.below.is_some(), rows != cols);
            assert!(structure.below.is_none_or(|below| below.count <= 1), "{found:?}");
            assert!(
                structure.norm_share > 0.0 && structure.norm_share <= structure.norm_share_most
            );
            assert!(structure.strength.unwrap() > 1.0);
        }
    }
}

#[test]
fn a_mean_is_structure_and_so_is_a_rank() {
    let ones = vec![1.0; 40 * 60];
    let (found, structure) = report(&ones, 40, 60, 1);
    assert!(found.signs.rejected);
    assert_eq!((structure.above.count, structure.above.cut_off), (1, false));
    let product: Vec<f64> = {
        let (u, v) = (gaussian(40, 3, 1), gaussian(3, 60, 2));
        let at = |i: usize, j: usize| (0..3).map(|k| u[i * 3 + k] * v[k * 60 + j]).sum();
        (0..40 * 60).map(|e| at(e / 60, e % 60)).collect()
    };
    let (found, structure) = report(&product, 40, 60, 1);
    assert_eq!((structure.above.count, structure.above.cut_off), (3, false), "{found:?}");
    assert!(structure.norm_share > 0.9);
}

#[test]
fn unusual_shapes_and_the_same_again() {
    let a = gaussian(30, 90, 5);
    assert_eq!(report(&a, 30, 90, 2), report(&a, 30, 90, 2));
    let of = |values: &[f64], rows, cols| {
        let matrix = Matrix::new(values, rows, cols, Orientation::OutIn).unwrap();
        sign_null(&matrix, COPIES, 0.05, 1).unwrap()
    };
    assert!(of(&[0.0; 12], 3, 4).is_none());
    assert!(of(&[1.0, 2.0, 3.0], 1, 3).unwrap().signs.is_none());
    assert!(of(&a[..6], 2, 3).unwrap().signs.is_some());
    // One row that is not zero.
    let mut one = vec![0.0; 12];
    one[..4].copy_from_slice(&a[..4]);
    assert!(of(&one, 3, 4).unwrap().signs.is_none());
}

#[test]
fn more_copies_where_none_is_as_extreme() {
    let mut a = gaussian(40, 60, 5);
    let matrix = Matrix::new(&a[..], 40, 60, Orientation::OutIn).unwrap();
    let random = sign_null(&matrix, 99, 0.01, 1).unwrap().unwrap().signs.unwrap();
    assert!(random.copies == MOST_TOGETHER && random.signs.p > 0.04, "{random:?}");
    plant(&mut a, 40, 60, 2, 1.0, 3);
    let matrix = Matrix::new(&a[..], 40, 60, Orientation::OutIn).unwrap();
    let planted = sign_null(&matrix, 99, 0.01, 1).unwrap().unwrap().signs.unwrap();
    assert_eq!((planted.copies, planted.signs.p, planted.signs.rejected), (99, 0.01, true));
}
