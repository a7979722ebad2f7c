//! Floating-point numbers of eight bits, and the scales that stand beside them.
//!
//! `weight_scale_inv` (DeepSeek's, by blocks), `weight_scale` (of the matrix, of rows or of channels) and `scale_weight` are all
//! multiplied: w = scale·stored.
//!
//! Source: Micikevicius et al., FP8 formats for deep learning, arXiv:2209.05433.

use super::{Convention, Element, Entry, FormatError, Source, Usage};
use half::f16;
use rmt_monitor::WeightValues;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

/// Four bits of exponent, three of fraction; no infinity.
pub(super) fn e4m3(bits: u8) -> f32 {
    if bits & 0x7F == 0x7F {
        return f32::NAN;
    }
    // The same bits in half precision have an exponent that is 8 too small.
    let (sign, rest) = (u16::from(bits & 0x80) << 8, u16::from(bits & 0x7F) << 7);
    f16::from_bits(sign | rest).to_f32() * 256.0
}

/// Five bits of exponent, two of fraction: the first half of half precision.
pub(super) fn e5m2(bits: u8) -> f32 {
    f16::from_bits(u16::from(bits) << 8).to_f32()
}

/// Sides of blocks, the most common first.
const BLOCKS: [usize; 4] = [128, 64, 32, 16];
/// Ends of the names of scales: (of the weight's name, what is in its place).
const SCALES: [(&str, &str); 5] = [
    ("", "_scale_inv"),
    ("", "_scale"),
    (".weight", ".scale_weight"),
    (".weight", ".weight_scale"),
    (".weight", ".scale"),
];

/// A checkpoint whose numbers of eight bits have scales.
struct Scaled {
    path: PathBuf,
    source: Box<dyn Source>,
    entries: Vec<Entry>,
    forms: Vec<Form>,
}

/// Number of a tensor in the source, and its scale.
struct Form {
    number: usize,
    scale: Option<Scale>,
}

/// Number of its tensor, and sides of the blocks that have a number of it each.
struct Scale {
    number: usize,
    blocks: Vec<usize>,
}

/// The checkpoint with every scale multiplied in; itself where it has none.
pub(super) fn scaled(path: &Path, source: Box<dyn Source>) -> Box<dyn Source> {
    let all = source.entries();
    let is_small = |entry: &Entry| matches!(entry.element, Element::F8E4M3 | Element::F8E5M2);
    if !all.iter().any(is_small) {
        return source;
    }
    let numbers: HashMap<&str, usize> =
        all.iter().enumerate().map(|(number, entry)| (entry.name.as_str(), number)).collect();
    let scale_of = |name: &str| {
        SCALES.iter().find_map(|(end, instead)| {
            let module = name.strip_suffix(end)?;
            numbers.get(format!("{module}{instead}").as_str()).copied()
        })
    };
    let mut taken = HashSet::new();
    let mut formed: Vec<(Entry, Form)> = Vec::new();
    let alone = |number| Form { number, scale: None };
    for (number, entry) in all.iter().enumerate() {
        let scale = is_small(entry).then(|| scale_of(&entry.name)).flatten();
        let scale = scale.and_then(|scale| Some((scale, all.get(scale)?)));
        let Some((at, scale)) = scale else {
            formed.push((entry.clone(), alone(number)));
            continue;
        };
        taken.insert(at);
        match blocks(&entry.shape, &scale.shape) {
            Some(blocks) => {
                let scale = Some(Scale { number: at, blocks });
                formed.push((entry.clone(), Form { number, scale }));
            }
            None => {
                let why = format!("its scale of shape {:?} does not fit it", scale.shape);
                let entry = Entry { element: Element::Unread(why), ..entry.clone() };
                formed.push((entry, alone(number)));
            }
        }
    }
    formed.retain(|(_, form)| !taken.contains(&form.number));
    let (entries, forms) = formed.into_iter().unzip();
    Box::new(Scaled { path: path.to_owned(), source, entries, forms })
}

/// Sides of the blocks that have a scale each, one scale for all where it has no sides.
fn blocks(shape: &[usize], scales: &[usize]) -> Option<Vec<usize>> {
    if scales.iter().all(|&side| side == 1) {
        return Some(shape.iter().map(|&side| side.max(1)).collect());
    }
    // One scale a row.
    if let (&[rows], [first, rest @ ..]) = (scales, shape) {
        let all = rest.iter().map(|&side| side.max(1));
        return (rows == *first).then(|| [1].into_iter().chain(all).collect());
    }
    if shape.len() != scales.len() {
        return None;
    }
    let side = |(&side, &scales): (&usize, &usize)| match scales {
        0 => None,
        1 => Some(side.max(1)),
        _ if scales == side => Some(1),
        _ => {
            let fits = |block: &usize| side.div_ceil(*block) == scales;
            let exact = side.is_multiple_of(scales).then(|| side / scales);
            let first = BLOCKS.first().copied().filter(fits);
            first.or(exact).or_else(|| BLOCKS.into_iter().find(fits))
        }
    };
    shape.iter().zip(scales).map(side).collect()
}

impl Scaled {
    fn times_scales(&self, values: WeightValues, entry: usize) -> Option<WeightValues> {
        let shape = &self.entries.get(entry)?.shape;
        let Some(Scale { number, blocks }) = &self.forms.get(entry)?.scale else {
            return Some(values);
        };
        let scales = self.source.read(*number).ok()?;
        let scales: Vec<f64> = scales.as_values().iter().collect();
        let WeightValues::F32(mut values) = values else { return None };
        let counts: Vec<usize> =
            shape.iter().zip(blocks).map(|(side, block)| side.div_ceil(*block)).collect();
        // Runs of the last side that share a scale.
        let (last, block) = (*shape.last()?, *blocks.last()?);
        for (row, values) in values.chunks_mut(last.max(1)).enumerate() {
            let (mut rest, mut place, mut step) = (row, 0, *counts.last()?);
            for ((&side, &block), &count) in shape.iter().zip(blocks).zip(&counts).rev().skip(1) {
                place += rest % side.max(1) / block * step;
                (rest, step) = (rest / side.max(1), step * count);
            }
            for (run, values) in values.chunks_mut(block).enumerate() {
                let scale = *scales.get(place + run)? as f32;
                values.iter_mut().for_each(|value| *value *= scale);
            }
        }
        Some(WeightValues::F32(values))
    }
}

impl Source for Scaled {
    fn entries(&self) -> &[Entry] {
        &self.entries
    }

    fn convention(&self) -> Convention {
        self.source.convention()
    }

    fn notes(&self) -> Vec<String> {
        let scaled = self.forms.iter().filter(|form| form.scale.is_some()).count();
        let note =
            format!("{scaled} tensors of eight bits are multiplied by the scales beside them");
        let note = (scaled > 0).then_some(note);
        self.source.notes().into_iter().chain(note).collect()
    }

    fn path(&self, entry: usize) -> &str {
        self.forms.get(entry).map_or("", |form| self.source.path(form.number))
    }

    fn usage(&self, entry: usize) -> Option<Usage> {
        self.source.usage(self.forms.get(entry)?.number)
    }

    fn read(&self, entry: usize) -> Result<WeightValues, FormatError> {
        let Some(Form { number, .. }) = self.forms.get(entry) else {
            return Err(FormatError::new(
                &self.path,
                format!("it has no tensor of number {entry}"),
            ));
        };
        let values = self.source.read(*number)?;
        self.times_scales(values, entry).ok_or_else(|| {
            FormatError::new(&self.path, "the scales of a tensor of eight bits cannot be read")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_eight_bits_are_their_formulas() {
        for bits in 0..=u8::MAX {
            let sign = if bits >> 7 == 1 { -1.0 } else { 1.0 };
            let (exponent, fraction) = (i32::from(bits >> 3 & 15), f32::from(bits & 7) / 8.0);
            let expected = match exponent {
                15 if bits & 7 == 7 => f32::NAN,
                0 => sign * fraction * 2f32.powi(-6),
                _ => sign * (1.0 + fraction) * 2f32.powi(exponent - 7),
            };
            let found = e4m3(bits);
            assert!(found == expected || (found.is_nan() && expected.is_nan()), "{bits:#x}");
            let (exponent, fraction) = (i32::from(bits >> 2 & 31), f32::from(bits & 3) / 4.0);
            let expected = match exponent {
                31 if fraction == 0.0 => sign * f32::INFINITY,
                31 => f32::NAN,
                0 => sign * fraction * 2f32.powi(-14),
                _ => sign * (1.0 + fraction) * 2f32.powi(exponent - 15),
            };
            let found = e5m2(bits);
            assert!(found == expected || (found.is_nan() && expected.is_nan()), "{bits:#x}");
        }
    }

    #[test]
    fn blocks_follow_from_the_number_of_scales() {
        assert_eq!(blocks(&[256, 576], &[2, 5]), Some(vec![128, 128]));
        assert_eq!(blocks(&[7, 9], &[1, 1]), Some(vec![7, 9]));
        assert_eq!(blocks(&[7, 9], &[]), Some(vec![7, 9]));
        assert_eq!(blocks(&[7, 9], &[7, 1]), Some(vec![1, 9]));
        assert_eq!(blocks(&[7, 9], &[7]), Some(vec![1, 9]));
        assert_eq!(blocks(&[8, 64, 96], &[8, 1, 96]), Some(vec![1, 64, 1]));
        assert_eq!(blocks(&[96, 40], &[3, 2]), Some(vec![32, 20]));
        assert_eq!(blocks(&[7, 9], &[9]), None);
        assert_eq!(blocks(&[7, 9], &[2, 2]), None);
        assert_eq!(blocks(&[7, 9], &[0, 2]), None);
    }
}
