//! Numbers of matrices. The state of each matrix is kept in a vector, by its number.

use std::collections::BTreeMap;

/// The number of a matrix in the order in which the run met them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MatrixIndex(usize);

impl MatrixIndex {
    /// The number, from 0.
    pub fn get(self) -> usize {
        self.0
    }
}

/// Numbers matrices in the order in which they are seen.
#[derive(Debug, Clone, Default)]
pub struct MatrixNumbers(BTreeMap<String, MatrixIndex>);

impl MatrixNumbers {
    /// The number of the matrix at this path ([`LayerId::path`](rmt_core::layers::LayerId::path)).
    /// A new path gets the next number.
    pub fn of(&mut self, path: &str) -> MatrixIndex {
        match self.0.get(path) {
            Some(known) => *known,
            None => {
                let new = MatrixIndex(self.0.len());
                self.0.insert(path.to_owned(), new);
                new
            }
        }
    }

    /// Paths and numbers, in the order of the paths.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, MatrixIndex)> {
        self.0.iter().map(|(path, index)| (path.as_str(), *index))
    }
}

/// Something of every matrix.
#[derive(Debug)]
pub(crate) struct PerMatrix<T> {
    /// By number.
    pub(crate) all: Vec<T>,
}

impl<T> Default for PerMatrix<T> {
    fn default() -> Self {
        Self { all: Vec::new() }
    }
}

impl<T: Default> PerMatrix<T> {
    /// That of this matrix, the default at first.
    pub(crate) fn of(&mut self, MatrixIndex(index): MatrixIndex) -> &mut T {
        if self.all.len() <= index {
            self.all.resize_with(index + 1, T::default);
        }
        &mut self.all[index]
    }

    /// That of this matrix, unless nobody asked for it yet.
    pub(crate) fn get(&self, MatrixIndex(index): MatrixIndex) -> Option<&T> {
        self.all.get(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_keeps_its_number() {
        let mut numbers = MatrixNumbers::default();
        let found = ["b", "a", "b", "c", "a"].map(|path| numbers.of(path).get());
        assert_eq!(found, [0, 1, 0, 2, 1]);
        let paths: Vec<&str> = numbers.iter().map(|(path, _)| path).collect();
        assert_eq!(paths, ["a", "b", "c"]);
        let mut state = PerMatrix::<u32>::default();
        *state.of(numbers.of("c")) = 7;
        assert_eq!(state.all, [0, 0, 7]);
        assert_eq!(state.get(numbers.of("d")), None);
    }
}
