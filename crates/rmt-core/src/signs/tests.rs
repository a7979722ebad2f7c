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
    let (mut rejected, mut open) = (0, 0);
    for trial in 0..trials {
        let mut a = gaussian(rows, cols, 100 + 7 * trial);
        with_scales(&mut a, cols, 0.6, 1000 + 7 * trial);
        let (found, structure) = report(&a, rows, cols, trial);
        rejected += usize::from(found.signs.rejected);
        let counted = structure.above.count + structure.below.unwrap().count;
        assert!(found.signs.rejected || counted == 0, "{structure:?}");
        open += usize::from(!found.signs.rejected && structure.above.most > 0);
        // The entries in another order have lost the scale of rows and columns.
        assert!(found.permuted.is_none_or(|rung| rung.rejected), "{found:?}");
    }
    let (low, high) = binomial_interval(trials as usize, 0.05, 0.01);
    assert!((low..=high).contains(&rejected), "{rejected}");
    assert!(open > 0);
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
    assert!(random.copies == COPIES && random.signs.p > 0.04, "{random:?}");
    assert_eq!(sign_test(&matrix, 99, 0.01, 1).unwrap().signs, random.signs);
    plant(&mut a, 40, 60, 2, 1.0, 3);
    let matrix = Matrix::new(&a[..], 40, 60, Orientation::OutIn).unwrap();
    let planted = sign_null(&matrix, 99, 0.01, 1).unwrap().unwrap().signs.unwrap();
    assert_eq!((planted.copies, planted.signs.p, planted.signs.rejected), (99, 0.01, true));
}

/// A planted matrix of deviation 1 in its own units: W = D_a^{1/2}(N + θ√n·u vᵀ)D_b^{1/2}.
fn planted(rows: usize, cols: usize, spread: f64, strengths: &[f64], seed: u64) -> Vec<f64> {
    let mut a = gaussian(rows, cols, seed);
    let length = |x: &[f64]| x.iter().map(|x| x * x).sum::<f64>().sqrt();
    for (k, strength) in (1..).zip(strengths) {
        let (u, v) = (gaussian(1, rows, seed + 1000 * k), gaussian(1, cols, seed + 2000 * k));
        let factor = strength * (rows.max(cols) as f64).sqrt() / (length(&u) * length(&v));
        for (e, x) in a.iter_mut().enumerate() {
            *x += factor * u[e / cols] * v[e % cols];
        }
    }
    with_scales(&mut a, cols, spread, seed + 500);
    a
}

#[test]
fn standard_errors_are_those_of_repetitions() {
    let (rows, cols, trials) = (64, 160, 40);
    for spread in [0.0, 0.4] {
        for strengths in [[12.0, 1.6], [3.0, 1.6], [1.7, 1.2]] {
            let signal: f64 = strengths.iter().map(|x| x * x).sum();
            let share = signal / (signal + rows as f64);
            let mut z = [Vec::new(), Vec::new()];
            for trial in 0..trials {
                let a = planted(rows, cols, spread, &strengths, 10 + trial);
                let (_, found) = report(&a, rows, cols, trial);
                if found.above.count == 2 {
                    let strength = found.strength.unwrap() - strengths[0];
                    z[0].push(strength / found.strength_error.unwrap());
                    z[1].push((found.norm_share - share) / found.norm_share_error);
                }
            }
            for (z, of) in z.iter().zip(["strength", "share"]) {
                assert!(z.len() as u64 > trials / 2, "{of}: {}", z.len());
                let count = z.len() as f64;
                let mean = z.iter().sum::<f64>() / count;
                let deviation = (z.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count).sqrt();
                let found = format!("{spread} {strengths:?} {of}: {mean:.2} ± {deviation:.2}");
                assert!(mean.abs() < 1.2 && (0.7..1.4).contains(&deviation), "{found}");
            }
        }
    }
}

#[test]
fn planted_values_are_outside_the_band_and_no_others() {
    let (trials, mut others, mut inside) = (20, 0, 0);
    for (rows, cols) in [(60, 150), (150, 60), (80, 80)] {
        for trial in 0..trials {
            let strengths = [4.0, 5.0, 6.0, 7.0];
            let a = planted(rows, cols, 0.3, &strengths, 7 + trial);
            let matrix = Matrix::new(&a[..], rows, cols, Orientation::OutIn).unwrap();
            let nu = crate::spectrum::singular_values(&matrix).unwrap();
            let (found, residual) =
                sign_null_with(&matrix, COPIES, 0.01, 3, true).unwrap().unwrap();
            let count = found.structure.unwrap().above.count;
            assert!((4..=5).contains(&count), "{count}");
            let unit = (cols.max(rows) as f64).sqrt();
            let edges = [0.2 * unit, 2.0 * unit];
            let band = residual.unwrap().band(edges, nu.len(), 1).unwrap().unwrap();
            let [low, high] = band.range();
            inside += nu[..4].iter().filter(|&&x| x <= high).count();
            others += nu[4..].iter().filter(|&&x| x > high || x < low).count();
            // Of all values but the planted ones.
            let area = |side: &[f64]| side.iter().sum::<f64>() * band.width;
            let left = (nu.len() - 4) as f64 / nu.len() as f64;
            assert!(area(&band.least) < left && left < area(&band.most));
        }
    }
    // The largest of noise is beyond those of five copies in one of six matrices, but seldom by a bin.
    assert!(inside == 0 && others <= 4, "{inside} inside, {others} others outside");
}
