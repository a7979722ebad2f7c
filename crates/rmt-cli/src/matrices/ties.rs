//! Matrices that a checkpoint holds twice: one storage, or equal bytes.

use super::Planned;
use crate::formats::{Entry, Source};
use rmt_core::layers::LayerKind;
use rmt_monitor::WeightValues;
use std::collections::HashMap;

/// Shape and type of a tensor.
type Kind<'a> = (&'a [usize], String);

/// Takes out what is there twice, and gives the names to what remains: the first, but an embedding before a
/// head.
pub(super) fn once(source: &dyn Source, matrices: Vec<Planned>) -> Vec<Planned> {
    let entries = source.entries();
    let mut order: Vec<usize> = matrices.iter().map(|matrix| matrix.entry).collect();
    order.dedup();
    // Tensors that may be equal, by what is known without reading them.
    let mut alike: HashMap<(Kind<'_>, Vec<u64>), Vec<usize>> = HashMap::new();
    let mut shapes: HashMap<Kind<'_>, usize> = HashMap::new();
    let key = |entry: &'_ Entry| format!("{:?}", entry.element);
    for entry in order.iter().filter_map(|&number| entries.get(number)) {
        *shapes.entry((&entry.shape, key(entry))).or_default() += 1;
    }
    for &number in &order {
        let Some(entry) = entries.get(number) else { continue };
        // Only one of this shape: nothing to look at.
        if shapes.get(&(entry.shape.as_slice(), key(entry))).is_none_or(|&count| count < 2) {
            continue;
        }
        if let Some(print) = source.fingerprint(number) {
            alike.entry(((&entry.shape, key(entry)), print)).or_default().push(number);
        }
    }
    let is_head = |number: usize| {
        matrices.iter().any(|m| m.entry == number && m.layer.kind == LayerKind::Head)
    };
    let mut instead: HashMap<usize, usize> = HashMap::new();
    for group in alike.values().filter(|group| group.len() > 1) {
        let first =
            group.iter().copied().find(|&number| !is_head(number)).or(group.first().copied());
        let Some(first) = first else { continue };
        let Some(values) = source.read(first).ok().filter(|values| !is_constant(values)) else {
            continue;
        };
        for &other in group.iter().filter(|&&other| other != first) {
            if source.read(other).is_ok_and(|found| same(&found, &values)) {
                instead.insert(other, first);
            }
        }
    }
    if instead.is_empty() {
        return matrices;
    }
    let (gone, mut kept): (Vec<Planned>, Vec<Planned>) =
        matrices.into_iter().partition(|matrix| instead.contains_key(&matrix.entry));
    for matrix in gone {
        let first = instead.get(&matrix.entry);
        let twin = kept.iter_mut().find(|other| {
            Some(&other.entry) == first && other.shape == matrix.shape && other.cut == matrix.cut
        });
        match twin {
            Some(twin) => {
                twin.notes
                    .push(format!("also stored as {}, with the same values", matrix.layer.path()));
                twin.aliases.push(matrix.layer.path());
            }
            // Cut in another way: another set of matrices.
            None => kept.push(matrix),
        }
    }
    kept
}

/// Matrices of equal entries are equal by their making, not tied.
fn is_constant(values: &WeightValues) -> bool {
    let values = values.as_values();
    let mut values = values.iter().map(f64::to_bits);
    let first = values.next();
    values.all(|value| Some(value) == first)
}

fn same(a: &WeightValues, b: &WeightValues) -> bool {
    let (a, b) = (a.as_values(), b.as_values());
    a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| a.to_bits() == b.to_bits())
}
