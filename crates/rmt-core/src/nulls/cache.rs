//! Keeps simulated nulls beyond the life of a program.

use super::{OverlapNull, SpectralNull, TailTable, VectorNull};
use crate::laws::scale::ScaleEstimator;
use serde::{Deserialize, Serialize};

/// A store of simulated nulls. The implementation decides their form on disk.
///
/// Neither method may fail: an unreadable cache has no entries, and an unwritable one keeps none.
/// The caller checks that `load` returned a null of the right kind, so a corrupt entry is simulated
/// again and overwritten.
pub trait NullCache: std::fmt::Debug + Send + Sync {
    /// The tables stored under exactly this key.
    fn load(&self, key: &NullKey) -> Option<Vec<TailTable>>;
    /// Keeps `tables` under `key`.
    fn store(&self, key: &NullKey, tables: &[TailTable]);
}

/// Identifies a simulated null, together with [`NullKey::VERSION`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NullKey {
    /// The statistics, and the random matrices they are simulated on.
    pub kind: NullKind,
    /// Number B of draws.
    pub draws: usize,
    /// Seed of the simulation.
    pub seed: u64,
}

impl NullKey {
    /// Raised whenever a statistic or its simulation changes, so that older entries do not serve.
    pub const VERSION: u32 = 1;
}

/// The simulated statistics, and the law they are simulated under.
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
        /// The estimator of the scale on each draw.
        estimator: ScaleEstimator,
    },
    /// Uniform unit vectors: [`VectorNull`].
    Vector {
        /// N.
        length: usize,
        /// Number of pooled vectors.
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
