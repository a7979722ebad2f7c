//! The matrices that are this process's, where several share a model.

use crate::guard::lock;
use rmt_core::layers::LayerId;
use rmt_core::shard::{Shard, Split};
use std::sync::Mutex;

/// All matrices, or one rank's part of them.
#[derive(Debug)]
pub(crate) struct Share(Option<(usize, Mutex<Split>)>);

impl Share {
    pub(crate) fn new(shard: Option<Shard>) -> Self {
        Self(shard.map(|shard| (shard.rank, Mutex::new(Split::new(shard.world)))))
    }

    /// Keeps of `layers` those that are this process's. Every process must be shown the same ones in
    /// the same order.
    pub(crate) fn retain<T>(&self, layers: &mut Vec<T>, of: impl Fn(&T) -> (&LayerId, [usize; 2])) {
        let Some((own, split)) = &self.0 else { return };
        let shown = layers.iter().map(&of).map(|(layer, shape)| (layer.path(), shape));
        let ranks = lock(split).assign(&shown.collect::<Vec<_>>());
        let mut ranks = ranks.into_iter();
        layers.retain(|_| ranks.next() == Some(*own));
    }

    /// Whether this process counts what all of them see and none has, so that it is counted once.
    pub(crate) fn speaks_for_all(&self) -> bool {
        self.0.as_ref().is_none_or(|(own, _)| *own == 0)
    }
}
