use super::*;
use crate::test_support::gaussian;
use proptest::prelude::*;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

/// Error of an eigenvalue, over the norm.
const VALUES: f64 = 1e-13;

/// What is left of AU − UΛ, over the norm, and of UᵀU − 1; largest entry.
const VECTORS: f64 = 1e-12;

fn mat(n: usize, entry: impl Fn(usize, usize) -> f64) -> Mat<f64> {
    Mat::from_fn(n, n, |i, j| entry(i.max(j), i.min(j)))
}

fn normal(n: usize, columns: usize, seed: u64) -> Mat<f64> {
    let entries = gaussian(n, columns, seed);
    Mat::from_fn(n, columns, |i, j| entries[i * columns + j])
}

/// HDH with a reflection H.
fn turned(diagonal: &[f64], seed: u64) -> Mat<f64> {
    let n = diagonal.len();
    let v = gaussian(n, 1, seed);
    let square: f64 = v.iter().map(|x| x * x).sum();
    let vdv: f64 = v.iter().zip(diagonal).map(|(v, d)| v * d * v).sum();
    let t = 2.0 / square;
    mat(n, |i, j| {
        let middle = if i == j { diagonal[i] } else { 0.0 };
        middle - t * v[i] * v[j] * (diagonal[i] + diagonal[j]) + t * t * vdv * v[i] * v[j]
    })
}

/// One of each kind that is named.
fn kinds(n: usize) -> Vec<(&'static str, Mat<f64>)> {
    let g = normal(n, n, n as u64);
    let low = normal(n, n.div_ceil(2), 7 + n as u64);
    let last = n.max(2) as f64 - 1.0;
    let graded = |i: usize| 10_f64.powf(-12.0 * i as f64 / last);
    let clustered: Vec<f64> = (0..n).map(|i| ((i % 3) as f64) + 1e-9 * i as f64 / last).collect();
    let geometric: Vec<f64> = (0..n).map(graded).collect();
    vec![
        ("Gaussian", mat(n, |i, j| g[(i, j)])),
        ("graded", mat(n, |i, j| g[(i, j)] * graded(i).sqrt() * graded(j).sqrt())),
        ("graded the other way", mat(n, |i, j| g[(i, j)] * graded(n - 1 - i) * graded(n - 1 - j))),
        ("geometric", turned(&geometric, n as u64)),
        ("clustered", turned(&clustered, n as u64)),
        ("rank-deficient", &low * low.transpose()),
        ("tridiagonal", mat(n, |i, j| [2.0, -1.0].get(i - j).copied().unwrap_or(0.0))),
        ("zero diagonal", mat(n, |i, j| if i == j + 1 { g[(i, j)] } else { 0.0 })),
    ]
}

/// The lower triangle, and something else above it.
fn lower(a: &Mat<f64>) -> Mat<f64> {
    let n = a.nrows();
    Mat::from_fn(n, n, |i, j| if i >= j { a[(i, j)] } else { f64::NAN })
}

fn norm(values: &[f64]) -> f64 {
    values.iter().fold(f64::MIN_POSITIVE, |largest, x| largest.max(x.abs()))
}

fn largest_error(found: &[f64], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let error = found.iter().zip(expected).map(|(x, y)| (x - y).abs()).fold(0.0, f64::max);
    assert!(found.iter().all(|x| x.is_finite()));
    error / norm(expected)
}

type Way<T> = fn(Mat<f64>) -> Result<T, EvdError>;

const VALUES_ALONE: [(&str, Way<Vec<f64>>); 2] =
    [("one stage", eigenvalues_in_one_stage), ("two stages", eigenvalues_in_two_stages)];

/// Asks numpy, which asks LAPACK: n and then n² entries each; n values of each come back.
const LAPACK: &str = "
import struct, sys
import numpy
while head := sys.stdin.buffer.read(8):
    n, = struct.unpack('=Q', head)
    a = numpy.frombuffer(sys.stdin.buffer.read(8 * n * n)).reshape(n, n)
    sys.stdout.buffer.write(numpy.linalg.eigvalsh(a).tobytes())
    sys.stdout.buffer.flush()
";

#[test]
fn values_are_those_of_lapack() {
    let target = std::env::current_exe().unwrap();
    let target = target.ancestors().nth(3).unwrap();
    let requirements = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/requirements.txt");
    let made = rmt_test_python::environment("tensorboard-venv", &target.join("tmp"), &requirements);
    let programs = match made {
        Ok(programs) => programs,
        Err(why) if std::env::var_os("RMT_REQUIRE_ALL").is_none() => {
            return eprintln!("not compared with LAPACK: {why}");
        }
        Err(why) => panic!("{why}"),
    };
    let mut python = Command::new(programs.join("python"))
        .args(["-c", LAPACK])
        .env("OPENBLAS_NUM_THREADS", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut to, mut from) = (python.stdin.take().unwrap(), python.stdout.take().unwrap());
    let mut worst = [0.0_f64; 2];
    for n in (1..=513).chain([2048]) {
        for (kind, a) in kinds(n) {
            let mut bytes = (n as u64).to_ne_bytes().to_vec();
            (0..n)
                .for_each(|j| a.col_as_slice(j).iter().for_each(|x| bytes.extend(x.to_ne_bytes())));
            to.write_all(&bytes).unwrap();
            to.flush().unwrap();
            let mut bytes = vec![0; 8 * n];
            from.read_exact(&mut bytes).unwrap();
            let expected: Vec<f64> =
                bytes.chunks_exact(8).map(|x| f64::from_ne_bytes(x.try_into().unwrap())).collect();
            for ((way, values), worst) in VALUES_ALONE.into_iter().zip(&mut worst) {
                let error = largest_error(&values(lower(&a)).unwrap(), &expected);
                *worst = worst.max(error);
                assert!(error < VALUES, "{kind}, n = {n}, {way}: {error:e}");
            }
        }
    }
    println!("largest error over the norm, one stage and two: {worst:?}");
    drop(to);
    assert!(python.wait().unwrap().success());
}

/// Residual and orthogonality of the vectors.
fn check(kind: &str, a: &Mat<f64>) {
    let n = a.nrows();
    let (values, vectors) = &eigen(lower(a)).unwrap();
    let size = norm(values);
    assert!(values.is_sorted());
    let gram = vectors.transpose() * vectors;
    let image = a * vectors;
    for j in 0..n {
        for i in 0..n {
            let orthogonal = (gram[(i, j)] - f64::from(u8::from(i == j))).abs();
            let residual = (image[(i, j)] - vectors[(i, j)] * values[j]).abs() / size;
            assert!(orthogonal < VECTORS, "{kind}, n = {n}: UᵀU {orthogonal:e}");
            assert!(residual < VECTORS, "{kind}, n = {n}: residual {residual:e}");
        }
    }
}

#[test]
fn vectors_are_orthogonal_and_leave_no_residual() {
    for n in (1..=70).chain((71..513).step_by(31)).chain([512, 513]) {
        for (kind, a) in kinds(n) {
            check(kind, &a);
        }
    }
    check("Gaussian", &kinds(2048).swap_remove(0).1);
}

#[test]
fn done_twice_it_is_the_same_to_the_last_digit() {
    for n in [1, 2, 3, 31, 65, 200, 301] {
        let low = normal(n, n + 3, 5);
        let gram = &low * low.transpose();
        let (values, vectors) = eigen(gram.clone()).unwrap();
        let again = leading_eigen_twice(|| gram.clone(), <[f64]>::len).unwrap();
        assert!(again.0 == values && again.1 == vectors, "{n}");
    }
}

#[test]
fn second_difference_matrix_in_closed_form() {
    // Eigenvalues of tridiag(−1, 2, −1): 4 sin²(kπ / (2(n+1))).
    for n in [1_usize, 2, 3, 10, 257, 1500] {
        let a = mat(n, |i, j| [2.0, -1.0].get(i - j).copied().unwrap_or(0.0));
        let angle = |k: usize| k as f64 * std::f64::consts::PI / (2.0 * (n + 1) as f64);
        let expected: Vec<f64> = (1..=n).map(|k| 4.0 * angle(k).sin().powi(2)).collect();
        let error = largest_error(&eigenvalues(a).unwrap(), &expected);
        assert!(error < 1e-14, "{n}: {error:e}");
    }
}

#[test]
fn nothing_and_very_little() {
    for (way, values) in VALUES_ALONE {
        assert_eq!(values(Mat::zeros(0, 0)).unwrap(), [0.0; 0], "{way}");
        assert_eq!(values(Mat::zeros(40, 40)).unwrap(), [0.0; 40], "{way}");
        // Scales far from 1, within which squares stay doubles.
        for scale in [1e-120, 1e120] {
            let a = kinds(100).swap_remove(0).1;
            let expected: Vec<f64> =
                values(lower(&a)).unwrap().into_iter().map(|x| x * scale).collect();
            let found = values(mat(100, |i, j| a[(i, j)] * scale)).unwrap();
            assert!(largest_error(&found, &expected) < VALUES, "{way} {scale:e}");
        }
    }
    assert_eq!(eigen(Mat::zeros(0, 0)).unwrap().0, [0.0; 0]);
}

#[test]
fn not_finite_or_not_square_is_refused() {
    let refused = |entries: &[f64], n| {
        let refused = symmetric_eigenvalues(entries, n, Reduction::OneStage);
        matches!(refused, Err(RmtError::Domain { .. })) && symmetric_eigen(entries, n).is_err()
    };
    assert!(refused(&[1.0, 2.0, 3.0], 2) && refused(&[], usize::MAX));
    assert!(refused(&[1.0, f64::NAN, 0.0, 1.0], 2));
    // What stands above the diagonal is not read.
    let entries = [1.0, 2.0, f64::NAN, 1.0];
    let values = symmetric_eigenvalues(&entries, 2, Reduction::TwoStages).unwrap();
    let (again, vectors) = symmetric_eigen(&entries, 2).unwrap();
    for ((x, y), expected) in values.iter().zip(&again).zip([-1.0, 3.0]) {
        assert!((x - expected).abs() < 1e-15 && (y - expected).abs() < 1e-15);
    }
    assert!((vectors[2].abs() - 0.5_f64.sqrt()).abs() < 1e-15);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Any symmetric matrix of small integers, often singular and with equal values: both ways agree,
    /// and with the trace and the norm.
    #[test]
    fn both_ways_keep_trace_and_norm(n in 1_usize..90, entries in proptest::collection::vec(-3_i8..=3, 8100)) {
        let a = mat(n, |i, j| f64::from(entries[i * 90 + j]));
        let square: f64 = (0..n).flat_map(|j| a.col_as_slice(j)).map(|x| x * x).sum();
        let trace: f64 = (0..n).map(|i| a[(i, i)]).sum();
        let size = square.sqrt().max(1.0);
        let [one, two] = VALUES_ALONE.map(|(_, values)| values(lower(&a)).unwrap());
        prop_assert!(one.is_sorted() && two.is_sorted());
        for values in [&one, &two] {
            prop_assert!((values.iter().sum::<f64>() - trace).abs() < 1e-12 * size * n as f64);
            let found: f64 = values.iter().map(|x| x * x).sum();
            prop_assert!((found - square).abs() < 1e-12 * size * size);
        }
        for (x, y) in one.iter().zip(&two) {
            prop_assert!((x - y).abs() < VALUES * size, "{} {}", x, y);
        }
    }

    /// The same matrix in another order of its rows and columns.
    #[test]
    fn order_does_not_count(n in 2_usize..80, seed in 0_u64..1000) {
        let g = normal(n, n, seed);
        let a = mat(n, |i, j| g[(i, j)]);
        let reversed = mat(n, |i, j| a[(n - 1 - i, n - 1 - j)]);
        for (_, values) in VALUES_ALONE {
            let (one, two) = (values(lower(&a)).unwrap(), values(lower(&reversed)).unwrap());
            prop_assert!(largest_error(&one, &two) < VALUES);
        }
    }
}
