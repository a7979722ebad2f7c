//! Keeping simulated nulls beyond the life of a program.

use super::{OverlapNull, SpectralNull, TailTable, VectorNull};
use crate::laws::scale::ScaleEstimator;
use serde::{Deserialize, Serialize};

/// Keeps simulated nulls; the form on disk is not this crate's concern.
///
/// Neither method may fail: a cache that cannot be read has nothing, and one that cannot be written
/// keeps nothing. What `load` returns is checked to be a null of the right kind, so a corrupt entry
/// is simulated again and stored over.
pub trait NullCache: std::fmt::Debug + Send + Sync {
    /// The tables stored under exactly this key.
    fn load(&self, key: &NullKey) -> Option<Vec<TailTable>>;
    /// Keeps `tables` under `key`.
    fn store(&self, key: &NullKey, tables: &[TailTable]);
}

/// What a simulated null depends on, with [`NullKey::VERSION`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NullKey {
    /// Which statistics, of which random matrices.
    pub kind: NullKind,
    /// Draws B.
    pub draws: usize,
    /// Seed of the simulation.
    pub seed: u64,
}

impl NullKey {
    /// Raised whenever a statistic or its simulation changes, so that older entries do not serve.
    pub const VERSION: u32 = 1;
}

/// Statistics and the law they are simulated under.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum NullKind {
    /// Both edges and the bulk of Gaussian matrices: [`SpectralNull`].
    Spectral {
        /// m.
        small: usize,
        /// n.
        large: usize,
        /// How the scale is estimated on each draw.
        estimator: ScaleEstimator,
    },
    /// Uniform unit vectors: [`VectorNull`].
    Vector {
        /// N.
        length: usize,
        /// Vectors pooled.
        width: usize,
    },
    /// Orthonormal bases: [`simulate_frame`](super::simulate_frame).
    Frame {
        /// N.
        length: usize,
    },
    /// Overlaps of unit vectors: [`OverlapNull`].
    Overlap {
        /// N.
        length: usize,
        /// J.
        directions: usize,
    },
}

/// A null as a list of tables and back.
pub(super) trait CachedNull: Sized {
    fn to_tables(&self) -> Vec<TailTable>;
    fn from_tables(key: &NullKey, tables: Vec<TailTable>) -> Option<Self>;
}

impl CachedNull for SpectralNull {
    fn to_tables(&self) -> Vec<TailTable> {
        vec![self.above.clone(), self.below.clone(), self.bulk.clone()]
    }

    fn from_tables(_: &NullKey, tables: Vec<TailTable>) -> Option<Self> {
        let [above, below, bulk] = tables.try_into().ok()?;
        Some(Self { above, below, bulk })
    }
}

impl CachedNull for VectorNull {
    fn to_tables(&self) -> Vec<TailTable> {
        vec![self.table().clone()]
    }

    fn from_tables(key: &NullKey, tables: Vec<TailTable>) -> Option<Self> {
        let NullKind::Vector { length, width } = key.kind else { return None };
        let [table] = tables.try_into().ok()?;
        Some(Self::new(length, width, table))
    }
}

impl CachedNull for OverlapNull {
    fn to_tables(&self) -> Vec<TailTable> {
        self.table().cloned().into_iter().collect()
    }

    fn from_tables(key: &NullKey, tables: Vec<TailTable>) -> Option<Self> {
        let NullKind::Overlap { length, directions } = key.kind else { return None };
        let [table] = tables.try_into().ok()?;
        Some(Self::from_table(length, directions, table))
    }
}

impl CachedNull for TailTable {
    fn to_tables(&self) -> Vec<TailTable> {
        vec![self.clone()]
    }

    fn from_tables(_: &NullKey, tables: Vec<TailTable>) -> Option<Self> {
        let [table] = tables.try_into().ok()?;
        Some(table)
    }
}
