//! From bytes of a file to values, half precision widened, in row-major order.

use super::Element;
use super::file::{SHRUNK, reserve};
use super::float8::{e4m3, e5m2};
use half::{bf16, f16};
use rmt_monitor::WeightValues;
use std::io::{ErrorKind, Read};

/// Bytes that are converted at a time. A multiple of every type's size.
const CHUNK: usize = 1 << 18;

/// How a tensor's values lie in their stream.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout<'a> {
    pub(super) element: &'a Element,
    pub(super) shape: &'a [usize],
    pub(super) big_endian: bool,
    /// The first side varies fastest.
    pub(super) fortran: bool,
}

/// Number of entries of a shape, or `None` where it is larger than any memory.
pub(super) fn count(shape: &[usize]) -> Option<usize> {
    // A side of 0 makes it empty, however large the others are.
    if shape.contains(&0) {
        return Some(0);
    }
    shape.iter().try_fold(1, |product: usize, &side| product.checked_mul(side))
}

/// Bytes of one entry, of the types that are read.
pub(super) fn size(element: &Element) -> Option<usize> {
    match element {
        Element::F8E4M3 | Element::F8E5M2 => Some(1),
        Element::F16 | Element::BF16 => Some(2),
        Element::F32 => Some(4),
        Element::F64 => Some(8),
        Element::Quantized(_) | Element::Other(_) | Element::Unread(_) => None,
    }
}

/// Bytes of a tensor, of the types that are read.
pub(super) fn bytes(element: &Element, shape: &[usize]) -> Option<u64> {
    let bytes = count(shape)?.checked_mul(size(element)?)?;
    u64::try_from(bytes).ok()
}

/// Reads a tensor. The caller has checked that its stream is long enough to be worth the memory.
pub(super) fn decode(source: &mut dyn Read, layout: &Layout<'_>) -> Result<WeightValues, String> {
    match layout.element {
        Element::F16 => {
            values(source, layout, |b| f16::from_le_bytes(b).to_f32()).map(WeightValues::F32)
        }
        Element::BF16 => {
            values(source, layout, |b| bf16::from_le_bytes(b).to_f32()).map(WeightValues::F32)
        }
        Element::F32 => values(source, layout, f32::from_le_bytes).map(WeightValues::F32),
        Element::F64 => values(source, layout, f64::from_le_bytes).map(WeightValues::F64),
        Element::F8E4M3 => values(source, layout, |[b]| e4m3(b)).map(WeightValues::F32),
        Element::F8E5M2 => values(source, layout, |[b]| e5m2(b)).map(WeightValues::F32),
        Element::Quantized(name) | Element::Other(name) => Err(unread(name)),
        Element::Unread(why) => Err(why.clone()),
    }
}

/// Why a tensor of this type is not read.
pub(super) fn unread(name: &str) -> String {
    format!("values of type {name} are not read as weights; f16, bf16, f32 and f64 are")
}

fn values<const N: usize, T: Copy + Default>(
    source: &mut dyn Read,
    layout: &Layout<'_>,
    convert: impl Fn([u8; N]) -> T,
) -> Result<Vec<T>, String> {
    let count = count(layout.shape).ok_or("its shape is larger than any memory")?;
    let mut values = reserve(count)?;
    if layout.fortran {
        values.resize(count, T::default());
        let mut places = RowMajor::new(layout.shape);
        each(source, layout.big_endian, count, |elements| {
            for element in elements {
                if let Some(place) = values.get_mut(places.next_place()) {
                    *place = convert(*element);
                }
            }
        })?;
    } else {
        each(source, layout.big_endian, count, |elements| {
            values.extend(elements.iter().map(|element| convert(*element)));
        })?;
    }
    Ok(values)
}

/// Hands on so many values in the order of the stream, a chunk after the other, their lowest byte first.
fn each<const N: usize>(
    source: &mut dyn Read,
    big_endian: bool,
    count: usize,
    mut sink: impl FnMut(&[[u8; N]]),
) -> Result<(), String> {
    let mut left = count.saturating_mul(N);
    let mut buffer = vec![0; CHUNK.min(left)];
    while left > 0 {
        let length = buffer.len().min(left);
        let Some(chunk) = buffer.get_mut(..length) else { break };
        source.read_exact(chunk).map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => SHRUNK.to_owned(),
            _ => error.to_string(),
        })?;
        let (elements, _) = chunk.as_chunks_mut::<N>();
        if big_endian {
            elements.iter_mut().for_each(|element| element.reverse());
        }
        sink(elements);
        left -= length;
    }
    Ok(())
}

/// Places in row-major order of entries that come with the first side fastest.
struct RowMajor {
    /// Of each side: its length, its step in row-major order, and the index along it.
    sides: Vec<(usize, usize, usize)>,
    place: usize,
}

impl RowMajor {
    fn new(shape: &[usize]) -> Self {
        let mut step = 1;
        let mut sides: Vec<(usize, usize, usize)> = Vec::new();
        // Sides of one entry do not matter to the order, and a hostile header may have many.
        for &side in shape.iter().rev().filter(|&&side| side != 1) {
            sides.push((side, step, 0));
            step = step.saturating_mul(side);
        }
        sides.reverse();
        Self { sides, place: 0 }
    }

    fn next_place(&mut self) -> usize {
        let place = self.place;
        for (side, step, index) in &mut self.sides {
            *index += 1;
            self.place += *step;
            if *index < *side {
                break;
            }
            self.place -= *step * *side;
            *index = 0;
        }
        place
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn read(bytes: &[u8], element: Element, shape: &[usize], flags: [bool; 2]) -> WeightValues {
        let [big_endian, fortran] = flags;
        let layout = Layout { element: &element, shape, big_endian, fortran };
        decode(&mut &bytes[..], &layout).unwrap()
    }

    #[test]
    fn half_precision_is_widened_exactly() {
        let bits: Vec<u8> = (0..=u16::MAX).flat_map(u16::to_le_bytes).collect();
        let WeightValues::F32(halves) = read(&bits, Element::F16, &[65536], [false; 2]) else {
            unreachable!()
        };
        let WeightValues::F32(brains) = read(&bits, Element::BF16, &[65536], [false; 2]) else {
            unreachable!()
        };
        for bits in 0..=u16::MAX {
            let brain = f32::from_bits(u32::from(bits) << 16);
            assert!(brains[usize::from(bits)].to_bits() == brain.to_bits() || brain.is_nan());
            // Sign, exponent and fraction by hand.
            let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
            let exponent = i32::from(bits >> 10 & 31);
            let fraction = f32::from(bits & 1023) / 1024.0;
            let half = match exponent {
                31 if fraction == 0.0 => sign * f32::INFINITY,
                31 => f32::NAN,
                0 => sign * fraction * 2f32.powi(-14),
                _ => sign * (1.0 + fraction) * 2f32.powi(exponent - 15),
            };
            let read = halves[usize::from(bits)];
            assert!(read == half || (read.is_nan() && half.is_nan()), "{bits:#x}");
        }
    }

    #[test]
    fn both_byte_orders_are_read() {
        let value = 1.5e-3f64;
        let big = read(&value.to_be_bytes(), Element::F64, &[1], [true, false]);
        assert_eq!(big, WeightValues::F64(vec![value]));
        let little = read(&1.25f32.to_le_bytes(), Element::F32, &[], [false; 2]);
        assert_eq!(little, WeightValues::F32(vec![1.25]));
    }

    #[test]
    fn fortran_order_of_any_rank_becomes_row_major() {
        for shape in [vec![], vec![5], vec![2, 3], vec![3, 1, 2], vec![2, 3, 4], vec![2, 0, 3]] {
            let count = count(&shape).unwrap();
            // The stream holds, in its order, each entry's place in row-major order.
            let mut index = vec![0; shape.len()];
            let mut stream = Vec::new();
            for _ in 0..count {
                let place = index.iter().zip(&shape).fold(0, |place, (i, side)| place * side + i);
                stream.extend((place as f32).to_le_bytes());
                for (i, side) in index.iter_mut().zip(&shape) {
                    *i += 1;
                    if *i < *side {
                        break;
                    }
                    *i = 0;
                }
            }
            let expected = WeightValues::F32((0..count).map(|place| place as f32).collect());
            assert_eq!(read(&stream, Element::F32, &shape, [false, true]), expected, "{shape:?}");
        }
    }

    #[test]
    fn a_stream_longer_than_one_chunk_is_read_whole() {
        let many = CHUNK / 4 * 2 + 3;
        let stream: Vec<u8> = (0..many).flat_map(|i| (i as f32).to_le_bytes()).collect();
        let expected = WeightValues::F32((0..many).map(|i| i as f32).collect());
        assert_eq!(read(&stream, Element::F32, &[many], [false; 2]), expected);
        let short = stream.get(..stream.len() - 1).unwrap();
        let layout =
            Layout { element: &Element::F32, shape: &[many], big_endian: false, fortran: false };
        assert_eq!(decode(&mut &short[..], &layout).unwrap_err(), SHRUNK);
    }
}
