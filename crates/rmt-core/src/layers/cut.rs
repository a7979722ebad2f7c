//! Cuts parts out of a stored tensor.

use std::ops::Range;

/// A set of rows or columns of a matrix: `count` runs of `length`, each `stride` after the previous
/// one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lanes {
    start: usize,
    length: usize,
    stride: usize,
    count: usize,
}

impl Lanes {
    /// One run of `length`, from `start` on.
    pub fn run(start: usize, length: usize) -> Self {
        Self { start, length, stride: length, count: 1 }
    }

    /// `count` runs of `length`, the first at `start`, each `stride` after the previous one.
    pub fn runs(start: usize, length: usize, stride: usize, count: usize) -> Self {
        Self { start, length, stride, count }
    }

    /// Number of rows or columns.
    pub fn len(self) -> usize {
        self.length.saturating_mul(self.count)
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Splits into equal parts, in order. `None` if the parts would not be equal, or if a part
    /// would hold a piece of one run beside other runs.
    pub fn split(self, parts: usize) -> Option<Vec<Self>> {
        if parts == 0 || self.is_empty() || !self.len().is_multiple_of(parts) {
            return None;
        }
        let each = self.len() / parts;
        let (length, count) = if self.length.is_multiple_of(each) {
            (each, 1)
        } else if each.is_multiple_of(self.length) {
            (self.length, each / self.length)
        } else {
            return None;
        };
        let part = |number: usize| {
            let skipped = number * each;
            let start = self.start + skipped / self.length * self.stride + skipped % self.length;
            Self { start, length, stride: self.stride, count }
        };
        Some((0..parts).map(part).collect())
    }

    /// The runs, as ranges of indices.
    fn ranges(self) -> impl Iterator<Item = Range<usize>> {
        (0..self.count).map(move |run| {
            let start = self.start.saturating_add(run.saturating_mul(self.stride));
            start..start.saturating_add(self.length)
        })
    }
}

/// A matrix within a stored tensor: rows and columns of one of the tensor's matrices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// Entries before the stored matrix's first.
    offset: usize,
    /// Columns of the stored matrix.
    stored: usize,
    rows: Lanes,
    columns: Lanes,
}

impl Cut {
    /// The matrix with this number in a stack of matrices [rows, columns]. Number 0 is all of a
    /// single matrix.
    pub fn of(number: usize, [rows, columns]: [usize; 2]) -> Self {
        let offset = number.saturating_mul(rows).saturating_mul(columns);
        Self { offset, stored: columns, rows: Lanes::run(0, rows), columns: Lanes::run(0, columns) }
    }

    /// [rows, columns] of the part.
    pub fn shape(&self) -> [usize; 2] {
        [self.rows.len(), self.columns.len()]
    }

    /// Keeps these rows only. The indices are those of the stored matrix.
    #[must_use]
    pub fn with_rows(self, rows: Lanes) -> Self {
        Self { rows, ..self }
    }

    /// Keeps these columns only. The indices are those of the stored matrix.
    #[must_use]
    pub fn with_columns(self, columns: Lanes) -> Self {
        Self { columns, ..self }
    }

    /// Splits the rows or the columns into equal parts. `None` if they do not split (see
    /// [`Lanes::split`]).
    pub fn split(self, rows: bool, parts: usize) -> Option<Vec<Self>> {
        if rows {
            Some(self.rows.split(parts)?.into_iter().map(|part| self.with_rows(part)).collect())
        } else {
            let parts = self.columns.split(parts)?.into_iter();
            Some(parts.map(|part| self.with_columns(part)).collect())
        }
    }

    /// The part's entries, row by row, from the tensor's entries. `None` if the tensor has too few.
    pub fn take<T: Copy>(&self, values: &[T]) -> Option<Vec<T>> {
        let [rows, columns] = self.shape();
        let len = rows.checked_mul(columns).filter(|&len| len <= values.len())?;
        let mut part = Vec::with_capacity(len);
        for row in self.rows.ranges().flatten() {
            let first = row.checked_mul(self.stored)?.checked_add(self.offset)?;
            for run in self.columns.ranges() {
                let (start, end) = (first.checked_add(run.start)?, first.checked_add(run.end)?);
                part.extend_from_slice(values.get(start..end)?);
            }
        }
        // Fewer where an index has no successor.
        (part.len() == len).then_some(part)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn too_few_values_are_refused() {
        let cut = Cut::of(1, [2, 3]);
        assert_eq!(cut.take(&[0; 11]), None);
        assert_eq!(cut.take(&(0..12).collect::<Vec<_>>()), Some((6..12).collect()));
        let beyond = Cut::of(0, [2, 3]).with_rows(Lanes::run(usize::MAX, 2));
        assert_eq!(beyond.take(&[0; 6]), None);
        assert_eq!(Cut::of(usize::MAX, [2, 3]).take(&[0; 6]), None);
        let huge = Cut::of(0, [usize::MAX, usize::MAX]);
        assert_eq!(huge.take(&[0; 6]), None);
    }

    #[test]
    fn what_does_not_split_is_refused() {
        assert_eq!(Lanes::run(0, 6).split(0), None);
        assert_eq!(Lanes::run(0, 6).split(4), None);
        assert_eq!(Lanes::run(0, 0).split(1), None);
        // Three parts of four out of runs of six would straddle them.
        assert_eq!(Lanes::runs(0, 6, 10, 2).split(3), None);
    }

    proptest! {
        /// Runs of rows and columns against the formula of the index.
        #[test]
        fn strided_cuts_are_the_index_formula(
            (length, gap, count) in (1usize..5, 0usize..5, 1usize..4),
            (start, beyond) in (0usize..4, 0usize..4),
            (other, number) in (1usize..6, 0usize..3),
            by_rows: bool,
        ) {
            let stride = length + gap;
            let side = start + count * stride + beyond;
            let lanes = Lanes::runs(start, length, stride, count);
            let shape = if by_rows { [side, other] } else { [other, side] };
            let values: Vec<usize> = (0..(number + 1) * side * other).collect();
            let whole = Cut::of(number, shape);
            let cut = if by_rows { whole.with_rows(lanes) } else { whole.with_columns(lanes) };
            let index = |i: usize| start + i / length * stride + i % length;
            let [rows, columns] = cut.shape();
            let naive: Vec<usize> = (0..rows)
                .flat_map(|r| (0..columns).map(move |c| (r, c)))
                .map(|(r, c)| if by_rows { (index(r), c) } else { (r, index(c)) })
                .map(|(r, c)| number * side * other + r * shape[1] + c)
                .collect();
            prop_assert_eq!(cut.take(&values), Some(naive));
        }

        /// Parts of parts: equal, and together the whole in its order.
        #[test]
        fn a_split_is_the_whole_in_order(
            (length, gap, count) in (1usize..13, 0usize..4, 1usize..7),
            parts in 1usize..13,
        ) {
            let lanes = Lanes::runs(3, length, length + gap, count);
            let indices = |lanes: Lanes| lanes.ranges().flatten().collect::<Vec<_>>();
            if let Some(split) = lanes.split(parts) {
                prop_assert_eq!(split.len(), parts);
                prop_assert!(split.iter().all(|part| part.len() * parts == lanes.len()));
                let joined: Vec<usize> = split.into_iter().flat_map(indices).collect();
                prop_assert_eq!(joined, indices(lanes));
            } else {
                let each = lanes.len() / parts;
                let straddles = || !length.is_multiple_of(each) && !each.is_multiple_of(length);
                prop_assert!(!lanes.len().is_multiple_of(parts) || straddles());
            }
        }
    }
}
