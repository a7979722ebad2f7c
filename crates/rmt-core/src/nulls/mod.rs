//! Null distributions, simulated exactly and cheaply, seeded.

mod bulk;
mod sampler;
mod vector;

pub use bulk::BulkNull;
pub use sampler::WishartSampler;
pub use vector::VectorNull;

use crate::RmtError;
use crate::statistics::scale::ScaleEstimator;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Null distributions in memory, simulated at first use and shared by all matrices of a shape.
///
/// `Nulls` is a cheap handle; clones share what was simulated. The same seed gives the same
/// p-values on every machine, whichever matrix asks first.
#[derive(Debug, Clone)]
pub struct Nulls {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    seed: u64,
    bulk: Shared<(usize, usize, ScaleEstimator), BulkNull>,
    vector: Shared<usize, VectorNull>,
}

/// A map whose entries are made once, without holding up askers for other keys.
type Shared<K, V> = Mutex<HashMap<K, Arc<OnceLock<Arc<V>>>>>;

fn get_or_simulate<K: Hash + Eq, V>(
    map: &Shared<K, V>,
    key: K,
    make: impl FnOnce() -> V,
) -> Arc<V> {
    let cell = {
        let mut map = map.lock().unwrap_or_else(PoisonError::into_inner);
        map.entry(key).or_default().clone()
    };
    cell.get_or_init(|| Arc::new(make())).clone()
}

impl Nulls {
    /// The seed that every program uses unless it is told another one.
    pub const DEFAULT_SEED: u64 = 0x2410_1777;

    /// Nulls simulated from `seed`.
    pub fn new(seed: u64) -> Self {
        let inner = Inner { seed, bulk: Mutex::default(), vector: Mutex::default() };
        Self { inner: Arc::new(inner) }
    }

    /// The null of m·D for m×n matrices whose scale is estimated by `estimator`.
    ///
    /// # Errors
    /// [`RmtError::Domain`] unless 1 ≤ `small` ≤ `large`.
    pub fn bulk(
        &self,
        small: usize,
        large: usize,
        estimator: ScaleEstimator,
    ) -> Result<Arc<BulkNull>, RmtError> {
        let recipe = bulk::Recipe::new(small, large, estimator)?;
        Ok(get_or_simulate(&self.inner.bulk, (small, large, estimator), || {
            recipe.simulate(BulkNull::draws_for(small), self.inner.seed)
        }))
    }

    /// The null of the Kolmogorov–Smirnov distance of a unit vector of `length` entries.
    pub fn vector(&self, length: usize) -> Arc<VectorNull> {
        get_or_simulate(&self.inner.vector, VectorNull::simulated_length(length), || {
            VectorNull::simulate(length, VectorNull::DRAWS, self.inner.seed)
        })
        .rescaled(length)
    }
}

impl Default for Nulls {
    fn default() -> Self {
        Self::new(Self::DEFAULT_SEED)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn simulated_once_and_the_same_whoever_asks_first() {
        let estimator = ScaleEstimator::default();
        let (one, two) = (Nulls::new(3), Nulls::new(3));
        let first = one.bulk(16, 20, estimator).unwrap();
        one.bulk(18, 20, estimator).unwrap();
        assert!(Arc::ptr_eq(&first, &one.clone().bulk(16, 20, estimator).unwrap()));
        two.bulk(18, 20, estimator).unwrap();
        assert_eq!(first, two.bulk(16, 20, estimator).unwrap());
        assert_ne!(first, Nulls::new(4).bulk(16, 20, estimator).unwrap());
        assert!(one.bulk(5, 4, estimator).is_err() && one.bulk(0, 4, estimator).is_err());
    }
}
