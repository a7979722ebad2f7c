#![allow(clippy::unwrap_used)]

use super::*;
use crate::test_support::gaussian;

/// C by two passes in the order of the definition.
fn two_pass(values: &[f64], n: usize) -> Vec<f64> {
    let count = (values.len() / n) as f64;
    let mean: Vec<f64> = (0..n)
        .map(|j| {
            let shift = values[j];
            shift + values.iter().skip(j).step_by(n).map(|x| x - shift).sum::<f64>() / count
        })
        .collect();
    let product = |i: usize, j: usize| {
        values.chunks(n).map(|x| (x[i] - mean[i]) * (x[j] - mean[j])).sum::<f64>() / count
    };
    (0..n * n).map(|k| product(k / n, k % n)).collect()
}

fn of(values: &[f64], n: usize) -> Covariance {
    let mut covariance = Covariance::new(n);
    covariance.add(Values::F64(values)).unwrap();
    covariance
}

fn entries(covariance: &Covariance) -> Vec<f64> {
    let n = covariance.features();
    (0..n * n).map(|k| covariance.entry(k / n, k % n).unwrap()).collect()
}

/// Largest difference relative to the largest entry.
fn error(found: &[f64], expected: &[f64]) -> f64 {
    let largest = expected.iter().fold(0.0_f64, |a, x| a.max(x.abs()));
    found.iter().zip(expected).map(|(x, y)| (x - y).abs()).fold(0.0, f64::max) / largest
}

/// Tokens with correlated features of unit variance about `mean`.
fn tokens(count: usize, n: usize, mean: f64, seed: u64) -> Vec<f64> {
    let mut values = gaussian(count, n, seed);
    for token in values.chunks_mut(n) {
        for j in 1..n {
            token[j] = 0.6 * token[j - 1] + 0.8 * token[j];
        }
        token.iter_mut().enumerate().for_each(|(j, x)| *x += mean * (1.0 + j as f64));
    }
    values
}

#[test]
fn equal_to_two_passes_however_far_the_mean_is() {
    for (mean, n, count) in [(0.0, 7, 500), (1e3, 7, 500), (1e6, 40, 3000)] {
        let values = tokens(count, n, mean, 1);
        let expected = two_pass(&values, n);
        let found = entries(&of(&values, n));
        assert!(error(&found, &expected) < 1e-10, "{mean:e}: {}", error(&found, &expected));
        // Token by token: as many merges as there are.
        let mut single = Covariance::new(n);
        values.chunks(n).for_each(|token| single.add(Values::F64(token)).unwrap());
        assert_eq!(single.tokens(), count as u64);
        let found = entries(&single);
        assert!(error(&found, &expected) < 1e-10, "{mean:e}: {}", error(&found, &expected));
    }
}

#[test]
fn blocks_of_bounded_size_are_one_large_block() {
    let n = 1500;
    let values = tokens(2 * (BLOCK / n) + 9, n, 3.0, 2);
    let found = of(&values, n);
    let count = (values.len() / n) as f64;
    for (i, j) in [(0, 0), (700, 699), (1499, 3), (3, 1499)] {
        let mean = |j: usize| values.iter().skip(j).step_by(n).sum::<f64>() / count;
        let (x, y) = (mean(i), mean(j));
        let expected = values.chunks(n).map(|t| (t[i] - x) * (t[j] - y)).sum::<f64>() / count;
        assert!((found.entry(i, j).unwrap() - expected).abs() < 1e-11);
    }
}

#[test]
fn micro_batches_equal_one_batch_and_merging_is_associative() {
    let n = 24;
    let values = tokens(400, n, 50.0, 3);
    let whole = of(&values, n);
    let mut batches = Covariance::new(n);
    values.chunks(100 * n).for_each(|batch| batches.add(Values::F64(batch)).unwrap());
    assert!(error(&entries(&batches), &entries(&whole)) < 1e-12);
    assert!(error(batches.mean(), whole.mean()) < 1e-14);
    let parts: Vec<Covariance> =
        [0..30, 30..31, 31..400].map(|rows| of(&values[rows.start * n..rows.end * n], n)).into();
    let merged = |a: &Covariance, b: &Covariance| {
        let mut sum = a.clone();
        sum.merge(b).unwrap();
        sum
    };
    let left = merged(&merged(&parts[0], &parts[1]), &parts[2]);
    let right = merged(&parts[0], &merged(&parts[1], &parts[2]));
    assert_eq!((left.tokens(), right.tokens()), (400, 400));
    for sum in [&left, &right, &merged(&Covariance::new(n), &whole)] {
        assert!(error(&entries(sum), &entries(&whole)) < 1e-12);
        assert!(error(sum.mean(), whole.mean()) < 1e-14);
    }
    assert_eq!(entries(&merged(&whole, &Covariance::new(n))), entries(&whole));
    assert!(merged(&whole, &whole).merge(&Covariance::new(n + 1)).is_err());
}

#[test]
fn single_precision_is_widened() {
    let values = tokens(300, 9, 2.0, 4);
    let single: Vec<f32> = values.iter().map(|&x| x as f32).collect();
    let widened: Vec<f64> = single.iter().map(|&x| f64::from(x)).collect();
    let mut found = Covariance::new(9);
    found.add(Values::F32(&single)).unwrap();
    assert_eq!(entries(&found), entries(&of(&widened, 9)));
    assert!(error(&entries(&found), &two_pass(&widened, 9)) < 1e-13);
}

#[test]
fn what_is_refused_leaves_nothing() {
    let values = tokens(50, 6, 1.0, 5);
    let mut covariance = of(&values, 6);
    let (before, mean) = (entries(&covariance), covariance.mean().to_vec());
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let mut more = tokens(20, 6, 1.0, 6);
        more[100] = bad;
        let refused = covariance.add(Values::F64(&more)).unwrap_err();
        assert!(matches!(refused, RmtError::Domain { .. }));
    }
    let refused = covariance.add(Values::F64(&values[..7])).unwrap_err();
    assert!(matches!(refused, RmtError::Shape { rows: 2, cols: 6, found: 7, .. }));
    covariance.add(Values::F32(&[])).unwrap();
    assert_eq!((covariance.tokens(), covariance.mean()), (50, &mean[..]));
    assert_eq!(entries(&covariance), before);
    assert_eq!((covariance.entry(6, 0), Covariance::new(2).entry(0, 0)), (None, None));
    let mut none = Covariance::new(0);
    assert!(none.add(Values::F32(&[])).is_ok() && none.add(Values::F32(&[1.0])).is_err());
}

#[test]
fn shifted_sums_are_the_same_covariance() {
    let (n, count) = (5, 200);
    let values = tokens(count, n, 100.0, 7);
    let shift: Vec<f64> = values[..n].to_vec();
    let moved: Vec<f64> = values.iter().enumerate().map(|(k, x)| x - shift[k % n]).collect();
    let sums: Vec<f64> = (0..n).map(|j| moved.iter().skip(j).step_by(n).sum()).collect();
    let products: Vec<f64> =
        (0..n * n).map(|k| moved.chunks(n).map(|x| x[k / n] * x[k % n]).sum()).collect();
    let found = Covariance::from_shifted_sums(200, &shift, &sums, &products).unwrap();
    let whole = of(&values, n);
    assert!(error(&entries(&found), &entries(&whole)) < 1e-12);
    assert!(error(found.mean(), whole.mean()) < 1e-14);
    let empty = Covariance::from_shifted_sums(0, &shift, &[0.0; 5], &[0.0; 25]).unwrap();
    assert_eq!(empty.tokens(), 0);
    for (tokens, sums, products) in
        [(0, &sums[..], &products[..]), (9, &sums[1..], &products), (9, &sums, &products[1..])]
    {
        assert!(Covariance::from_shifted_sums(tokens, &shift, sums, products).is_err());
    }
    let mut bad = products.clone();
    bad[3] = f64::NAN;
    assert!(Covariance::from_shifted_sums(9, &shift, &sums, &bad).is_err());
}
