//! Null distributions, simulated exactly and cheaply, seeded.

mod cache;
mod frame;
mod overlap;
mod sampler;
mod shipped;
mod spectral;
mod tail;
mod vector;

use cache::CachedNull;
pub use cache::{NullCache, NullKey, NullKind};
pub use frame::simulate_frame;
pub(crate) use overlap::OUTSIDE_BAND;
pub use overlap::OverlapNull;
pub(crate) use overlap::bisect;
pub use sampler::WishartSampler;
pub use spectral::SpectralNull;
pub use tail::{LEVELS, PValue, TailTable};
pub use vector::VectorNull;

use crate::RmtError;
use crate::laws::scale::ScaleEstimator;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Null distributions. They come from the shipped table where it covers the case. Otherwise they
/// are simulated at first use and shared by all matrices of the shape.
///
/// `Nulls` is a cheap handle, and clones share simulated nulls. The same seed gives the same
/// p-values on every machine, whichever matrix comes first.
#[derive(Debug, Clone)]
pub struct Nulls {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    seed: u64,
    shipped: bool,
    cache: Option<Box<dyn NullCache>>,
    spectral: Shared<(usize, usize, ScaleEstimator), SpectralNull>,
    vector: Shared<(usize, usize), VectorNull>,
    frame: Shared<usize, TailTable>,
    overlap: Shared<(usize, usize), OverlapNull>,
}

/// Larger bases follow this one where they are simulated: a draw costs O(N³).
const LARGEST_FRAME: usize = 128;
/// Draws behind a simulated null of a basis.
const FRAME_DRAWS: usize = 1999;

/// A map whose entries are made once, without holding up askers for other keys.
type Shared<K, V> = Mutex<HashMap<K, Arc<OnceLock<Result<Arc<V>, RmtError>>>>>;

fn get_or_make<K: Hash + Eq, V>(
    map: &Shared<K, V>,
    key: K,
    make: impl FnOnce() -> Result<V, RmtError>,
) -> Result<Arc<V>, RmtError> {
    let cell = {
        let mut map = map.lock().unwrap_or_else(PoisonError::into_inner);
        map.entry(key).or_default().clone()
    };
    cell.get_or_init(|| make().map(Arc::new)).clone()
}

impl Nulls {
    /// The default seed of all programs.
    pub const DEFAULT_SEED: u64 = shipped::SEED;

    /// Uses the shipped table, and simulates from `seed` where the table does not cover the case.
    pub fn new(seed: u64) -> Self {
        Self::with(seed, true, None)
    }

    /// Simulates every null from `seed`, at exactly the requested shape.
    pub fn simulated(seed: u64) -> Self {
        Self::with(seed, false, None)
    }

    /// The same nulls, with simulated ones kept in `cache` beyond the life of the program.
    #[must_use]
    pub fn with_cache(&self, cache: impl NullCache + 'static) -> Self {
        Self::with(self.inner.seed, self.inner.shipped, Some(Box::new(cache)))
    }

    fn with(seed: u64, shipped: bool, cache: Option<Box<dyn NullCache>>) -> Self {
        let (spectral, vector, frame, overlap) = Default::default();
        Self { inner: Arc::new(Inner { seed, shipped, cache, spectral, vector, frame, overlap }) }
    }

    /// Seed of the simulations.
    pub fn seed(&self) -> u64 {
        self.inner.seed
    }

    /// The null of the spectrum of m×n matrices whose scale is estimated by `estimator`.
    ///
    /// # Errors
    /// [`RmtError::Domain`] unless 2 ≤ `small` ≤ `large`.
    pub fn spectral(
        &self,
        small: usize,
        large: usize,
        estimator: ScaleEstimator,
    ) -> Result<Arc<SpectralNull>, RmtError> {
        // Random matrices lose no value to a fit, but for the level's share of them.
        let estimator = estimator.single_fit();
        get_or_make(&self.inner.spectral, (small, large, estimator), || {
            if let Some(null) = self.shipped_spectral(small, large, estimator) {
                return Ok(null);
            }
            let draws = SpectralNull::draws_for(small);
            let key = NullKey {
                kind: NullKind::Spectral { small, large, estimator },
                draws,
                seed: self.inner.seed,
            };
            self.cached(&key, || {
                SpectralNull::simulate(small, large, estimator, draws, self.inner.seed)
            })
        })
    }

    /// The null after significant values were removed from a matrix whose own null is `whole`:
    /// of the remaining shape where the shipped table has it at no cost, else `whole` itself.
    pub(crate) fn reduced(
        &self,
        small: usize,
        large: usize,
        estimator: ScaleEstimator,
        whole: &Arc<SpectralNull>,
    ) -> Arc<SpectralNull> {
        self.shipped_spectral(small, large, estimator).map_or_else(|| whole.clone(), Arc::new)
    }

    fn shipped_spectral(
        &self,
        small: usize,
        large: usize,
        estimator: ScaleEstimator,
    ) -> Option<SpectralNull> {
        let default = estimator.single_fit() == ScaleEstimator::default();
        let served = self.inner.shipped && default;
        served.then(|| shipped::spectral(small, large)).flatten()
    }

    /// The null of unit vectors of `length` entries, `width` of them pooled.
    ///
    /// # Errors
    /// [`RmtError::Domain`] unless `length` ≥ 2 and `width` ≥ 1.
    pub fn vector(&self, length: usize, width: usize) -> Result<Arc<VectorNull>, RmtError> {
        get_or_make(&self.inner.vector, (length, width), || {
            if let Some(null) = self.inner.shipped.then(|| shipped::vector(length, width)).flatten()
            {
                return Ok(null);
            }
            // Beyond this length the variable no longer depends on it.
            let simulated = length.min(shipped::longest());
            let (draws, seed) = (VectorNull::DRAWS, self.inner.seed);
            let key = NullKey { kind: NullKind::Vector { length: simulated, width }, draws, seed };
            let null = self.cached(&key, || VectorNull::simulate(simulated, width, draws, seed))?;
            Ok(null.at_length(length))
        })
    }

    /// The null of the combined p of all vectors of an orthonormal basis of `length` dimensions.
    ///
    /// # Errors
    /// [`RmtError::Domain`] unless `length` ≥ 2.
    pub fn frame(&self, length: usize) -> Result<Arc<TailTable>, RmtError> {
        get_or_make(&self.inner.frame, length, || {
            if let Some(table) = self.inner.shipped.then(|| shipped::frame(length)).flatten() {
                return Ok(table);
            }
            let length = length.min(LARGEST_FRAME);
            let vector = self.vector(length, 1)?;
            let (draws, seed) = (FRAME_DRAWS, self.inner.seed);
            let key = NullKey { kind: NullKind::Frame { length }, draws, seed };
            self.cached(&key, || simulate_frame(length, &vector, draws, seed))
        })
    }

    /// The null of the largest overlap of a unit vector of `length` entries with `directions`
    /// orthonormal ones.
    ///
    /// # Errors
    /// [`RmtError::Domain`] unless 1 ≤ `directions` ≤ `length` and 2 ≤ `length`.
    pub fn overlap(&self, length: usize, directions: usize) -> Result<Arc<OverlapNull>, RmtError> {
        get_or_make(&self.inner.overlap, (length, directions), || {
            if length >= OverlapNull::FORMULA_FROM {
                return OverlapNull::new(length, directions);
            }
            let (draws, seed) = (OverlapNull::DRAWS, self.inner.seed);
            let key = NullKey { kind: NullKind::Overlap { length, directions }, draws, seed };
            self.cached(&key, || OverlapNull::simulate(length, directions, draws, seed))
        })
    }

    fn cached<V: CachedNull>(
        &self,
        key: &NullKey,
        simulate: impl FnOnce() -> Result<V, RmtError>,
    ) -> Result<V, RmtError> {
        let Some(cache) = &self.inner.cache else { return simulate() };
        if let Some(null) = cache.load(key).and_then(|tables| V::from_tables(key, tables)) {
            return Ok(null);
        }
        let null = simulate()?;
        cache.store(key, &null.to_tables());
        Ok(null)
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
        let estimator = ScaleEstimator::Median;
        let (one, two) = (Nulls::new(3), Nulls::new(3));
        let first = one.spectral(8, 10, estimator).unwrap();
        one.spectral(9, 10, estimator).unwrap();
        assert!(Arc::ptr_eq(&first, &one.clone().spectral(8, 10, estimator).unwrap()));
        two.spectral(9, 10, estimator).unwrap();
        assert_eq!(first, two.spectral(8, 10, estimator).unwrap());
        assert_ne!(first, Nulls::new(4).spectral(8, 10, estimator).unwrap());
        assert!(one.spectral(5, 4, estimator).is_err() && one.spectral(0, 4, estimator).is_err());
        assert!(one.vector(1, 1).is_err() && one.vector(20, 0).is_err());
    }

    /// Keeps tables in memory, and counts.
    #[derive(Debug, Default, Clone)]
    struct Memory(Arc<Mutex<Kept>>);

    /// Tables, and how often one was stored.
    type Kept = (HashMap<NullKey, Vec<TailTable>>, usize);

    impl NullCache for Memory {
        fn load(&self, key: &NullKey) -> Option<Vec<TailTable>> {
            self.0.lock().unwrap().0.get(key).cloned()
        }

        fn store(&self, key: &NullKey, tables: &[TailTable]) {
            let mut inner = self.0.lock().unwrap();
            inner.0.insert(key.clone(), tables.to_vec());
            inner.1 += 1;
        }
    }

    #[test]
    fn a_cache_is_asked_before_anything_is_simulated() {
        let memory = Memory::default();
        let estimator = ScaleEstimator::Median;
        let first = Nulls::new(3).with_cache(memory.clone());
        let spectral = first.spectral(8, 10, estimator).unwrap();
        let vector = first.vector(8, 2).unwrap();
        let overlap = first.overlap(8, 5).unwrap();
        // From 64 dimensions on nothing is simulated.
        first.overlap(64, 5).unwrap();
        assert_eq!(memory.0.lock().unwrap().1, 3);
        let second = Nulls::new(3).with_cache(memory.clone());
        assert_eq!(second.spectral(8, 10, estimator).unwrap(), spectral);
        assert_eq!(second.vector(8, 2).unwrap(), vector);
        assert_eq!(second.overlap(8, 5).unwrap(), overlap);
        assert_eq!(memory.0.lock().unwrap().1, 3);
        // What is no null of this kind is simulated again, and replaced.
        memory.0.lock().unwrap().0.values_mut().for_each(|tables| tables.truncate(0));
        let third = Nulls::new(3).with_cache(memory.clone());
        assert_eq!(third.spectral(8, 10, estimator).unwrap(), spectral);
        assert_eq!(memory.0.lock().unwrap().1, 4);
        // Another seed is another null.
        Nulls::new(4).with_cache(memory.clone()).spectral(8, 10, estimator).unwrap();
        assert_eq!(memory.0.lock().unwrap().1, 5);
    }
}
