//! What the magnitudes of the entries carry by themselves.

use super::lines::{Lines, MassiveEntry};
use crate::listed::{LISTED, Listed};
use crate::spectrum::Matrix;
use crate::statistics::finite;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

/// A row or column stands out beyond so many times the median of their root mean squares.
pub const OUTSTANDING: f64 = 4.0;

/// The scale of the entries over rows and columns, and what is unusual in it. None of it says anything of directions.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Magnitudes {
    /// Rows as stored.
    pub rows: LineScales,
    /// Columns as stored.
    pub cols: LineScales,
    /// Share of the variance of ln|w| over the entries that are not zero that their rows and columns explain, adjusted for
    /// the number of both: 0 where all have one scale.
    pub explained: Option<f64>,
    /// Share of entries that are zero.
    pub zeros: f64,
    /// Entries beyond [`MASSIVE`](super::MASSIVE) standard deviations of the others.
    pub massive_count: usize,
    /// The largest of them.
    pub massive: Vec<MassiveEntry>,
}

/// The scales of the rows or of the columns.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LineScales {
    /// Coefficient of variation of their root mean squares, massive entries and lines of zeros apart.
    pub variation: Option<f64>,
    /// Lines of zeros: padding, dead units.
    pub zero: Listed,
    /// Lines that are equal to an earlier one, zeros apart.
    pub equal: Listed,
    /// Lines beyond [`OUTSTANDING`] times the median.
    pub outstanding: Listed,
}

impl Magnitudes {
    /// Those of a matrix of finite entries, of which `lines` has the massive ones.
    pub(crate) fn of(matrix: &Matrix<'_>, lines: &Lines) -> Self {
        let cols = matrix.cols();
        let mut values: Vec<f64> = matrix.values().iter().collect();
        let zeros = values.iter().filter(|x| **x == 0.0).count() as f64 / values.len() as f64;
        let alike = [true, false].map(|by_rows| Side::new(&values, cols, by_rows).alike());
        for entry in &lines.massive {
            values[entry.row * cols + entry.col] = 0.0;
        }
        let [of_rows, of_cols] =
            [true, false].map(|by_rows| Side::new(&values, cols, by_rows).scales());
        let [rows_alike, cols_alike] = alike;
        let with =
            |scales: LineScales, [zero, equal]: [Listed; 2]| LineScales { zero, equal, ..scales };
        Self {
            rows: with(of_rows, rows_alike),
            cols: with(of_cols, cols_alike),
            explained: explained(&values, cols),
            zeros,
            massive_count: lines.massive.len(),
            massive: lines.massive.iter().take(LISTED).copied().collect(),
        }
    }
}

/// The rows or the columns of a matrix that is stored row by row.
struct Side<'a> {
    values: &'a [f64],
    count: usize,
    /// From one line to the next, and from one entry of a line to the next.
    strides: [usize; 2],
    length: usize,
}

impl<'a> Side<'a> {
    fn new(values: &'a [f64], cols: usize, by_rows: bool) -> Self {
        let rows = values.len() / cols;
        match by_rows {
            true => Self { values, count: rows, strides: [cols, 1], length: cols },
            false => Self { values, count: cols, strides: [1, cols], length: rows },
        }
    }

    fn line(&self, k: usize) -> impl Iterator<Item = f64> + '_ {
        let [next, step] = self.strides;
        self.values.iter().skip(k * next).step_by(step).take(self.length).copied()
    }

    /// Lines of zeros, and lines that are equal to an earlier one.
    fn alike(&self) -> [Listed; 2] {
        let zero = |k: &usize| self.line(*k).all(|x| x == 0.0);
        let mut seen: HashMap<u64, Vec<usize>> = HashMap::new();
        let equal = |k: &usize| {
            let mut hash = DefaultHasher::new();
            // A zero has two signs.
            self.line(*k).for_each(|x| (x + 0.0).to_bits().hash(&mut hash));
            let before = seen.entry(hash.finish()).or_default();
            let found = !zero(k) && before.iter().any(|&j| self.line(j).eq(self.line(*k)));
            before.push(*k);
            found
        };
        let equal = Listed::of((0..self.count).filter(equal));
        [Listed::of((0..self.count).filter(zero)), equal]
    }

    fn scales(&self) -> LineScales {
        let root = |k| {
            let (sum, count) = self.line(k).fold((0.0, 0_usize), |(sum, count), x| {
                (sum + x * x, count + usize::from(x != 0.0))
            });
            (count > 0).then(|| (sum / self.length as f64).sqrt())
        };
        let roots: Vec<Option<f64>> = (0..self.count).map(root).collect();
        let mut known: Vec<f64> = roots.iter().flatten().copied().collect();
        known.sort_unstable_by(f64::total_cmp);
        let Some(&median) = known.get(known.len() / 2) else { return LineScales::default() };
        let beyond = |k: &usize| roots[*k].is_some_and(|x| x > OUTSTANDING * median);
        let count = known.len() as f64;
        let mean = known.iter().sum::<f64>() / count;
        let square = known.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (count - 1.0);
        LineScales {
            variation: finite(square.sqrt() / mean),
            outstanding: Listed::of((0..self.count).filter(beyond)),
            ..LineScales::default()
        }
    }
}

/// 1 − (1 − R²)(N − 1)/(N − m − n + 1) of the two-way layout of ln|w| over the N entries that are not zero.
fn explained(values: &[f64], cols: usize) -> Option<f64> {
    let rows = values.len() / cols;
    let (mut by_row, mut by_col) = (vec![(0.0, 0.0); rows], vec![(0.0, 0.0); cols]);
    let (mut sum, mut square, mut count) = (0.0, 0.0, 0.0);
    for (k, x) in values.iter().enumerate().filter(|(_, x)| **x != 0.0) {
        let log = x.abs().ln();
        (sum, square, count) = (sum + log, square + log * log, count + 1.0);
        for line in [&mut by_row[k / cols], &mut by_col[k % cols]] {
            *line = (line.0 + log, line.1 + 1.0);
        }
    }
    let mean = sum / count;
    let total = square - count * mean * mean;
    let between = |lines: &[(f64, f64)]| {
        let lines = lines.iter().filter(|(_, count)| *count > 0.0);
        lines.map(|(sum, count)| count * (sum / count - mean).powi(2)).sum::<f64>()
    };
    let share = (between(&by_row) + between(&by_col)) / total;
    let left = count - (rows + cols) as f64 + 1.0;
    if left < 1.0 {
        return None;
    }
    finite((1.0 - (1.0 - share) * (count - 1.0) / left).clamp(0.0, 1.0))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::spectrum::Orientation;
    use crate::test_support::gaussian;

    fn of(values: &[f64], rows: usize, cols: usize) -> Magnitudes {
        let matrix = Matrix::new(values, rows, cols, Orientation::OutIn).unwrap();
        Magnitudes::of(&matrix, &Lines::of(&matrix).unwrap())
    }

    #[test]
    fn entries_of_one_scale() {
        let found = of(&gaussian(200, 300, 1), 200, 300);
        // The root mean square of N normal entries varies by 1/√(2N).
        let ratio = |found: Option<f64>, n: f64| found.unwrap() * (2.0 * n).sqrt();
        assert!((0.8..1.2).contains(&ratio(found.rows.variation, 300.0)), "{found:?}");
        assert!((0.8..1.2).contains(&ratio(found.cols.variation, 200.0)), "{found:?}");
        assert!(found.explained.unwrap() < 0.003, "{found:?}");
        assert_eq!((found.massive_count, found.zeros), (0, 0.0));
        let nothing = Listed::default();
        assert_eq!([&found.rows.zero, &found.rows.equal, &found.rows.outstanding], [&nothing; 3]);
    }

    #[test]
    fn scales_of_rows_and_columns() {
        let (rows, cols) = (200, 300);
        let (r, c) = (gaussian(1, rows, 2), gaussian(1, cols, 3));
        let scaled = |k: usize, x: f64| x * (0.5 * r[k / cols] + 0.25 * c[k % cols]).exp();
        let a: Vec<f64> =
            gaussian(rows, cols, 4).iter().enumerate().map(|(k, &x)| scaled(k, x)).collect();
        let found = of(&a, rows, cols);
        // A log-normal of σ varies by √(e^{σ²} − 1), and ln|x| of a normal x by π/√8.
        let (of_rows, of_cols) = (0.25_f64.exp_m1().sqrt(), 0.0625_f64.exp_m1().sqrt());
        assert!((found.rows.variation.unwrap() / of_rows - 1.0).abs() < 0.2, "{found:?}");
        assert!((found.cols.variation.unwrap() / of_cols - 1.0).abs() < 0.25, "{found:?}");
        let between = 0.25 + 0.0625;
        let share = between / (between + std::f64::consts::PI.powi(2) / 8.0);
        assert!((found.explained.unwrap() - share).abs() < 0.03, "{found:?} {share}");
    }

    #[test]
    fn unusual_lines_are_named() {
        let (rows, cols) = (30, 20);
        let mut a = gaussian(rows, cols, 5);
        for j in 0..cols {
            a[4 * cols + j] = 0.0;
            a[9 * cols + j] = a[2 * cols + j];
            a[17 * cols + j] *= 8.0;
        }
        (0..rows).for_each(|i| a[i * cols + 3] = -0.0);
        a[11 * cols + 5] = 90.0;
        let found = of(&a, rows, cols);
        let one = |index| Listed { count: 1, indices: vec![index] };
        let LineScales { zero, equal, outstanding, .. } = &found.rows;
        assert_eq!([zero, equal, outstanding], [&one(4), &one(9), &one(17)]);
        assert_eq!((&found.cols.zero, &found.cols.equal), (&one(3), &Listed::default()));
        assert_eq!((found.massive_count, found.massive[0].row, found.massive[0].col), (1, 11, 5));
        assert_eq!(found.zeros, (cols + rows - 1) as f64 / (rows * cols) as f64);
    }
}
