//! The byte budget of the queue, and the order in which matrices of an oversized snapshot are
//! taken.

use crate::snapshot::{GradientSnapshot, LayerSnapshot};
use rmt_core::layers::LayerId;
use std::collections::HashSet;

/// The default byte budget is at least this.
const LEAST_BUDGET: u64 = 256 << 20;

/// A matrix that asks for room.
pub(super) trait Held {
    fn layer(&mut self) -> &mut LayerId;
    fn path(&self) -> String;
    /// Of all that it holds.
    fn bytes(&self) -> u64;
}

impl Held for LayerSnapshot {
    fn layer(&mut self) -> &mut LayerId {
        &mut self.layer
    }

    fn path(&self) -> String {
        self.layer.path()
    }

    fn bytes(&self) -> u64 {
        self.held_bytes()
    }
}

impl Held for GradientSnapshot {
    fn layer(&mut self) -> &mut LayerId {
        &mut self.layer
    }

    fn path(&self) -> String {
        self.layer.path()
    }

    fn bytes(&self) -> u64 {
        self.bytes
    }
}

pub(super) fn total_bytes(layers: &[impl Held]) -> u64 {
    layers.iter().map(Held::bytes).fold(0, u64::saturating_add)
}

/// Keeps of `layers` the first that fit together, beginning with the one that was cut first last time. Returns the
/// others, of which the first is the one to begin with next time.
pub(super) fn cut<T: Held>(
    next: &mut Option<String>,
    layers: &mut Vec<T>,
    fits: impl Fn(u64) -> bool,
) -> Vec<T> {
    if let Some(path) = next.take() {
        let start = layers.iter().position(|layer| layer.path() == path).unwrap_or(0);
        layers.rotate_left(start);
    }
    let mut bytes = 0_u64;
    let fitting = layers.iter().take_while(|layer| {
        bytes = bytes.saturating_add(layer.bytes());
        fits(bytes)
    });
    let kept = fitting.count();
    let left = layers.split_off(kept);
    *next = left.first().map(Held::path);
    left
}

/// Gives each matrix of a snapshot a path of its own. Its reports, drift and curves go by that path:
/// the second `a` becomes `a#2`. Returns the place and the former name of each that was renamed.
pub(super) fn tell_apart(layers: &mut [impl Held]) -> Vec<(usize, String)> {
    let mut seen = HashSet::with_capacity(layers.len());
    let paths: Vec<String> = layers.iter().map(Held::path).collect();
    let again: Vec<usize> =
        (0..paths.len()).filter(|&place| !seen.insert(paths[place].as_str())).collect();
    let mut taken: HashSet<String> = match again.is_empty() {
        true => return Vec::new(),
        false => paths.iter().cloned().collect(),
    };
    let mut renamed = Vec::with_capacity(again.len());
    for place in again {
        let layer = layers[place].layer();
        let name = layer.name.clone();
        for number in 2_u64.. {
            layer.name = format!("{name}#{number}");
            if taken.insert(layer.path()) {
                break;
            }
        }
        renamed.push((place, name));
    }
    renamed
}

/// Twice the first snapshot, at least 256 MiB, at most a quarter of memory.
pub(super) fn default_budget(first_snapshot: u64) -> u64 {
    use sysinfo::{MemoryRefreshKind, RefreshKind, System};
    let memory = RefreshKind::nothing().with_memory(MemoryRefreshKind::nothing().with_ram());
    let total = System::new_with_specifics(memory).total_memory();
    let wanted = first_snapshot.saturating_mul(2).max(LEAST_BUDGET);
    if total == 0 { wanted } else { wanted.min((total / 4).max(1)) }
}
