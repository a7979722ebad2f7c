//! Shares matrices among several processes without communication between them.

use crate::RmtError;
use crate::spectrum::EIGEN_COPIES;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// One process of several that share the matrices of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Shard {
    /// Rank of this process, from 0.
    pub rank: usize,
    /// Number of processes.
    pub world: usize,
}

impl Shard {
    /// Process `rank` of `world`.
    ///
    /// # Errors
    /// [`RmtError::Shard`] unless rank < world.
    pub fn new(rank: usize, world: usize) -> Result<Self, RmtError> {
        Self { rank, world }.checked()
    }

    /// The same shard, if it is valid. One that was read from a file may be invalid.
    ///
    /// # Errors
    /// [`RmtError::Shard`] unless rank < world.
    pub fn checked(self) -> Result<Self, RmtError> {
        let Self { rank, world } = self;
        if rank < world { Ok(self) } else { Err(RmtError::Shard { rank, world }) }
    }
}

/// a: the symmetric eigenproblem with vectors takes 9m³ operations by the count of Golub & Van Loan
/// (Matrix Computations, §8.3), two to a multiply-add. As timed, from
/// 1024×1024 to 4096×14336, the time is proportional to the whole cost to within a fifth.
const EIGENPROBLEM: f64 = 4.5;

/// Time of the full analysis of a matrix, up to a constant: 2·m²·n + a·m³ with m ≤ n and a = 4.5.
/// The Gram matrix and the vectors of the larger side take m²·n each, and the eigenproblem takes
/// a·m³.
///
/// ```
/// use rmt_core::shard::cost;
/// assert_eq!(cost(10, 20), 2.0 * 100.0 * 20.0 + 4.5 * 1000.0);
/// assert_eq!(cost(20, 10), cost(10, 20));
/// ```
pub fn cost(rows: usize, cols: usize) -> f64 {
    let (m, n) = (rows.min(cols) as f64, rows.max(cols) as f64);
    m * m * (2.0 * n + EIGENPROBLEM * m)
}

/// Approximate peak memory of the full analysis of a well-conditioned matrix, in bytes, without the
/// program itself: 4·m·n + 8·m·max(3.6·m, m + n) with m ≤ n. The first term is the matrix in single
/// precision. The second is the eigenproblem or, after it, the vectors of both sides.
///
/// ```
/// use rmt_core::shard::peak_bytes;
/// // Four copies in double precision of a square matrix, and half as many of a very wide one.
/// assert!((peak_bytes(1000, 1000, false) / 8e6 - 4.1).abs() < 1e-9);
/// assert!(peak_bytes(10, 100_000, false) < 1.6 * 8e6);
/// // Structure is told from scale beside two more copies, and the signs.
/// assert!((peak_bytes(1000, 1000, true) / 8e6 - 6.6).abs() < 1e-9);
/// ```
pub fn peak_bytes(rows: usize, cols: usize, signs: bool) -> f64 {
    let (m, n) = (rows.min(cols) as f64, rows.max(cols) as f64);
    let beside = if signs { SIGN_COPIES * 8.0 * m * n } else { 0.0 };
    4.0 * m * n + 8.0 * m * (EIGEN_COPIES * m).max(m + n) + beside
}

/// Copies of a matrix in double precision that the sign null holds beside a decomposition: its entries, the whitened ones, and
/// the signs of all copies in a word per entry.
const SIGN_COPIES: f64 = 2.5;

/// Assigns matrices to ranks, by longest processing time first.
///
/// Matrices seen before keep their rank. New matrices are taken in descending order of [`cost`],
/// equal ones in the given order. Each goes to the rank with the least cost so far, and among
/// equals to the lowest. No rank then has more than the mean cost plus one matrix. The assignment
/// depends on nothing else, so ranks that see the same matrices in the same order agree.
///
/// ```
/// use rmt_core::shard::Split;
/// let mut split = Split::new(2);
/// assert_eq!(split.assign(&[("a", [64, 64]), ("b", [64, 256]), ("c", [64, 64])]), [1, 0, 1]);
/// assert_eq!(split.assign(&[("b", [64, 256]), ("d", [64, 64])]), [0, 0]);
/// ```
#[derive(Debug, Clone)]
pub struct Split {
    /// Cost so far, by rank.
    loads: Vec<f64>,
    ranks: HashMap<String, usize>,
}

impl Split {
    /// Assigns to `world` ranks, at least one.
    pub fn new(world: usize) -> Self {
        Self { loads: vec![0.0; world.max(1)], ranks: HashMap::new() }
    }

    /// The rank of each of `matrices`. The path identifies a matrix.
    pub fn assign<P: AsRef<str>>(&mut self, matrices: &[(P, [usize; 2])]) -> Vec<usize> {
        let unseen = |(path, _): &&(P, [usize; 2])| !self.ranks.contains_key(path.as_ref());
        let mut new: Vec<(&str, f64)> = matrices
            .iter()
            .filter(unseen)
            .map(|(path, [rows, cols])| (path.as_ref(), cost(*rows, *cols)))
            .collect();
        new.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        for (path, cost) in new {
            self.add(path, cost);
        }
        let rank = |(path, _): &(P, [usize; 2])| self.ranks.get(path.as_ref()).copied();
        matrices.iter().map(|matrix| rank(matrix).unwrap_or(0)).collect()
    }

    /// Cost of the matrices of each rank so far.
    pub fn loads(&self) -> &[f64] {
        &self.loads
    }

    fn add(&mut self, path: &str, cost: f64) {
        // A path that was given twice is one matrix.
        if self.ranks.contains_key(path) {
            return;
        }
        let least = self.loads.iter_mut().enumerate().min_by(|(_, a), (_, b)| a.total_cmp(b));
        if let Some((rank, load)) = least {
            *load += cost;
            self.ranks.insert(path.to_owned(), rank);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    type Shapes = Vec<(String, [usize; 2])>;

    /// The matrices of BERT base without its embedding.
    fn blocks() -> Shapes {
        let block = |number: usize| {
            let square = ["query", "key", "value", "output"].map(|name| (name, [768, 768]));
            let outer = [("inner", [768, 3072]), ("outer", [3072, 768])];
            square.into_iter().chain(outer).map(move |(name, s)| (format!("{number}.{name}"), s))
        };
        (0..12).flat_map(block).collect()
    }

    fn bert() -> Shapes {
        let mut all = vec![("embedding".to_owned(), [30_522, 768])];
        all.extend(blocks());
        all
    }

    /// Llama of 7 thousand million parameters.
    fn llama() -> Shapes {
        let block = |number: usize| {
            let square = ["q", "k", "v", "o"].map(|name| (name, [4096, 4096]));
            let outer =
                [("gate", [11_008, 4096]), ("up", [11_008, 4096]), ("down", [4096, 11_008])];
            square.into_iter().chain(outer).map(move |(name, s)| (format!("{number}.{name}"), s))
        };
        let ends = ["embedding", "head"].map(|name| (name.to_owned(), [32_000, 4096]));
        ends.into_iter().chain((0..32).flat_map(block)).collect()
    }

    #[test]
    fn a_shard_that_has_no_meaning_is_an_error() {
        assert_eq!(Shard::new(2, 3).unwrap(), Shard { rank: 2, world: 3 });
        for (rank, world) in [(0, 0), (3, 3), (7, 2)] {
            let error = Shard::new(rank, world).unwrap_err().to_string();
            assert!(error.contains(&format!("rank {rank} of {world}")), "{error}");
        }
    }

    #[test]
    fn the_shares_are_everything_once() {
        for world in [1, 2, 7] {
            let matrices = bert();
            let mut split = Split::new(world);
            let ranks = split.assign(&matrices);
            assert_eq!(ranks.len(), matrices.len());
            for rank in 0..world {
                assert!(ranks.contains(&rank), "{world} ranks, none for {rank}");
            }
            assert!(ranks.iter().all(|&rank| rank < world));
            // The reported loads are those that were dealt out.
            for (rank, load) in split.loads().iter().enumerate() {
                let mine = matrices.iter().zip(&ranks).filter(|(_, of)| **of == rank);
                let sum: f64 = mine.map(|((_, [rows, cols]), _)| cost(*rows, *cols)).sum();
                assert!((sum - load).abs() <= 1e-9 * load);
            }
        }
    }

    #[test]
    fn loads_are_balanced() {
        for (matrices, within) in [(blocks(), 1.2), (bert(), f64::INFINITY), (llama(), 1.2)] {
            let costs = || matrices.iter().map(|(_, [rows, cols])| cost(*rows, *cols));
            for world in [1, 2, 3, 7, 8, 12] {
                let mut split = Split::new(world);
                split.assign(&matrices);
                let mean = costs().sum::<f64>() / world as f64;
                let most = split.loads().iter().copied().fold(0.0, f64::max);
                assert!(most <= within * mean, "{world} ranks: {}", most / mean);
                // One matrix is never split: an embedding may be more than its rank's part.
                let largest = costs().fold(0.0, f64::max);
                assert!(most <= mean + largest && most >= largest);
            }
        }
        // Of twelve it is, and has a rank to itself.
        let mut split = Split::new(12);
        let ranks = split.assign(&bert());
        assert_eq!(ranks.iter().filter(|&&rank| rank == ranks[0]).count(), 1);
        let mean = split.loads().iter().sum::<f64>() / 12.0;
        assert!(split.loads()[ranks[0]] > 1.2 * mean);
    }

    #[test]
    fn ranks_stay_and_later_matrices_join() {
        let all = bert();
        let (early, late) = all.split_at(30);
        let mut split = Split::new(3);
        let before = split.assign(early);
        let added = split.assign(late);
        assert_eq!(split.assign(early), before);
        let joined = split.assign(&all);
        assert_eq!((&joined[..30], &joined[30..]), (&before[..], &added[..]));
        // In another order too, and of another process that was shown the same.
        let mut turned = all.clone();
        turned.reverse();
        let back: Vec<usize> = split.assign(&turned).into_iter().rev().collect();
        assert_eq!(back, joined);
        let mut other = Split::new(3);
        other.assign(early);
        assert_eq!(other.assign(&all), joined);
    }

    #[test]
    fn equal_costs_go_round_and_a_path_given_twice_is_one_matrix() {
        let mut split = Split::new(3);
        let same = ["a", "b", "a", "c", "d"].map(|path| (path, [32, 32]));
        assert_eq!(split.assign(&same), [0, 1, 0, 2, 0]);
        assert_eq!(split.loads()[0], 2.0 * cost(32, 32));
        assert_eq!(Split::new(0).assign(&same), [0; 5]);
    }
}
