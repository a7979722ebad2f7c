//! Weight norms: a weight that is stored as its direction v and its gain g, w = g·v/‖v‖.

use crate::formats::Entry;
use rmt_monitor::WeightValues;
use std::collections::HashMap;

/// (End of the direction's name, end of the gain's); the weight ends in `weight`.
const NAMES: [(&str, &str); 2] = [
    ("weight_v", "weight_g"),
    ("parametrizations.weight.original1", "parametrizations.weight.original0"),
];

/// Where a direction's gain is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gain {
    /// Number of the tensor.
    pub entry: usize,
    /// Equal parts of the direction, in storage order, that have a gain each.
    pub parts: usize,
}

/// What a tensor is by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Norm {
    /// A direction, of the weight of this name; its gain, where it is of a shape that is known.
    Direction { weight: String, gain: Option<Gain> },
    /// What another parametrization keeps in the place of a weight.
    Original,
}

/// Whether a tensor is no weight but what one is made of, among tensors by name.
pub(super) fn norm(
    entry: &Entry,
    numbers: &HashMap<&str, usize>,
    entries: &[Entry],
) -> Option<Norm> {
    let end = |name: &str, end: &str| {
        let rest = name.strip_suffix(end)?;
        (rest.is_empty() || rest.ends_with('.')).then(|| rest.to_owned())
    };
    for (direction, gain) in NAMES {
        let Some(module) = end(&entry.name, direction) else { continue };
        let Some(&number) = numbers.get(format!("{module}{gain}").as_str()) else { continue };
        let shape = entries.get(number).map_or(&[][..], |gain| &gain.shape);
        let weight = format!("{module}weight");
        let parts = match (shape.iter().product::<usize>(), entry.shape.as_slice()) {
            (1, _) => Some(1),
            // One gain per row.
            (gains, [rows, ..]) if gains == *rows && shape.first() == Some(rows) => Some(gains),
            _ => None,
        };
        let gain = parts.map(|parts| Gain { entry: number, parts });
        // The weight may be there as well.
        let weight =
            if numbers.contains_key(weight.as_str()) { entry.name.clone() } else { weight };
        return Some(Norm::Direction { weight, gain });
    }
    let parametrized =
        entry.name.contains(".parametrizations.") || entry.name.ends_with(".weight_orig");
    parametrized.then_some(Norm::Original)
}

/// The weight of a direction and its gains; `None` where they do not fit.
pub(super) fn formed(direction: WeightValues, gains: &WeightValues) -> Option<WeightValues> {
    let gains: Vec<f64> = gains.as_values().iter().collect();
    Some(match direction {
        WeightValues::F32(mut values) => {
            scale(&mut values, &gains, f64::from, |x| x as f32)?;
            WeightValues::F32(values)
        }
        WeightValues::F64(mut values) => {
            scale(&mut values, &gains, |x| x, |x| x)?;
            WeightValues::F64(values)
        }
    })
}

fn scale<T: Copy>(
    values: &mut [T],
    gains: &[f64],
    wide: impl Fn(T) -> f64,
    narrow: impl Fn(f64) -> T,
) -> Option<()> {
    if gains.is_empty() || !values.len().is_multiple_of(gains.len()) || values.is_empty() {
        return None;
    }
    let each = values.len() / gains.len();
    for (part, gain) in values.chunks_mut(each).zip(gains) {
        let norm = part.iter().map(|&x| wide(x).powi(2)).sum::<f64>().sqrt();
        part.iter_mut().for_each(|x| *x = narrow(gain * wide(*x) / norm));
    }
    Some(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn rows_have_the_norm_of_their_gain() {
        let direction = WeightValues::F32(vec![3.0, 4.0, 0.0, 2.0]);
        let gains = WeightValues::F32(vec![10.0, 1.0]);
        let weight = formed(direction.clone(), &gains).unwrap();
        assert_eq!(weight, WeightValues::F32(vec![6.0, 8.0, 0.0, 1.0]));
        assert_eq!(formed(direction, &WeightValues::F32(vec![1.0; 3])), None);
    }
}
