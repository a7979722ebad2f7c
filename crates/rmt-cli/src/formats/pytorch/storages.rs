//! Where the values lie: members of a zip archive, or ranges of the file.

use super::objects::{Array, Bytes, View};
use crate::formats::archive::{Archive, Member};
use crate::formats::decode::{Layout, bytes, count, decode, size};
use crate::formats::file::{Input, reserve};
use rmt_monitor::WeightValues;
use std::collections::HashMap;
use std::io::{Read, copy, sink};
use std::sync::Arc;

/// A range of bytes.
#[derive(Debug, Clone)]
pub(super) enum Place {
    /// All of a member of the archive.
    Member { number: usize, size: u64, checksum: u32 },
    /// A range of the file.
    Range { at: u64, size: u64 },
}

impl Place {
    pub(super) fn member(member: &Member) -> Self {
        Self::Member { number: member.number, size: member.size, checksum: member.checksum }
    }

    pub(super) fn size(&self) -> u64 {
        match self {
            Self::Member { size, .. } | Self::Range { size, .. } => *size,
        }
    }
}

/// The file, its archive, and the storages by their keys.
pub(super) struct Storages {
    pub(super) input: Arc<Input>,
    pub(super) archive: Option<Archive>,
    pub(super) places: HashMap<Arc<str>, Place>,
    pub(super) big_endian: bool,
    /// The pickle itself, which holds arrays.
    pub(super) pickle: Place,
}

impl Storages {
    /// Hands on so many bytes from `start` of a place on.
    fn within<T>(
        &self,
        place: &Place,
        start: u64,
        length: u64,
        take: impl FnOnce(&mut dyn Read) -> Result<T, String>,
    ) -> Result<T, String> {
        if start.checked_add(length).is_none_or(|end| end > place.size()) {
            return Err(format!("it reaches beyond its storage of {} bytes", place.size()));
        }
        let (number, size) = match *place {
            Place::Range { at, .. } => {
                return take(&mut self.input.window(at.saturating_add(start), length));
            }
            Place::Member { number, size, .. } => (number, size),
        };
        let mut archive = self.archive.clone().ok_or("the file is no archive")?;
        let mut stream = archive.by_index(number).map_err(|error| error.to_string())?;
        let failed = |error: std::io::Error| error.to_string();
        copy(&mut (&mut stream).take(start), &mut sink()).map_err(failed)?;
        let taken = take(&mut (&mut stream).take(length))?;
        // The checksum is compared at the end; a small part of a storage is not worth reading all of it.
        if length >= size / 2 {
            copy(&mut stream, &mut sink()).map_err(failed)?;
        }
        Ok(taken)
    }

    /// The place of a storage.
    pub(super) fn place(&self, key: &str) -> Result<&Place, String> {
        self.places.get(key).ok_or_else(|| "its values are not in the file".into())
    }

    /// The values of a view in row-major order.
    pub(super) fn view(&self, view: &View) -> Result<WeightValues, String> {
        let View { key, element, offset, shape, strides } = view;
        let place = self.place(key)?;
        let item = size(element).ok_or("not of a type that is read")? as u64;
        let first = offset.checked_mul(item).ok_or("it begins beyond any file")?;
        let layout = Layout { element, shape, big_endian: self.big_endian, fortran: false };
        if count(shape) == Some(0) || in_order(shape, strides) {
            let length = bytes(element, shape).ok_or("its shape is larger than any memory")?;
            return self.within(place, first, length, |stream| decode(stream, &layout));
        }
        let span = span(shape, strides).ok_or("its strides are larger than any storage")?;
        let length = span.checked_mul(item).ok_or("its strides are larger than any storage")?;
        let span = usize::try_from(span).map_err(|error| error.to_string())?;
        let shape_of_span = [span];
        let line = Layout { shape: &shape_of_span, ..layout };
        let held = self.within(place, first, length, |stream| decode(stream, &line))?;
        Ok(match held {
            WeightValues::F32(held) => WeightValues::F32(gathered(&held, shape, strides)?),
            WeightValues::F64(held) => WeightValues::F64(gathered(&held, shape, strides)?),
        })
    }

    /// The values of an array in row-major order.
    pub(super) fn array(&self, array: &Array) -> Result<WeightValues, String> {
        let Array { element, shape, big_endian, fortran, bytes: held } = array;
        let layout = Layout { element, shape, big_endian: *big_endian, fortran: *fortran };
        let length = bytes(element, shape).ok_or("not of a type that is read")?;
        match held {
            Bytes::At(at, held) if *held == length => {
                self.within(&self.pickle, *at, length, |stream| decode(stream, &layout))
            }
            Bytes::Held(held) if held.len() as u64 == length => decode(&mut &held[..], &layout),
            _ => Err(format!("it does not have the {length} bytes of its shape")),
        }
    }

    /// Equal for storages of equal bytes, as far as checksums and places tell.
    pub(super) fn fingerprint(&self, view: &View) -> Option<Vec<u64>> {
        let mut print: Vec<u64> = vec![view.offset];
        print.extend(&view.strides);
        match self.places.get(&view.key)? {
            Place::Member { size, checksum, .. } => print.extend([*size, u64::from(*checksum)]),
            Place::Range { at, size } => print.extend(self.input.samples(*at, *size)?),
        }
        Some(print)
    }
}

/// Whether the values lie one after the other.
fn in_order(shape: &[usize], strides: &[u64]) -> bool {
    let mut step = 1u64;
    for (&side, &stride) in shape.iter().zip(strides).rev() {
        if side != 1 && stride != step {
            return false;
        }
        step = step.saturating_mul(side as u64);
    }
    true
}

/// Entries from the first to the last.
fn span(shape: &[usize], strides: &[u64]) -> Option<u64> {
    shape.iter().zip(strides).try_fold(1u64, |span, (&side, &stride)| {
        span.checked_add(stride.checked_mul((side as u64).checked_sub(1)?)?)
    })
}

fn gathered<T: Copy>(held: &[T], shape: &[usize], strides: &[u64]) -> Result<Vec<T>, String> {
    let count = count(shape).ok_or("its shape is larger than any memory")?;
    let mut values = reserve(count)?;
    let mut index = vec![0usize; shape.len()];
    let mut at = 0usize;
    for _ in 0..count {
        values.push(*held.get(at).ok_or("it reaches beyond its storage")?);
        for ((place, &side), &stride) in index.iter_mut().zip(shape).zip(strides).rev() {
            let stride = usize::try_from(stride).unwrap_or(usize::MAX);
            *place += 1;
            at = at.wrapping_add(stride);
            if *place < side {
                break;
            }
            at = at.wrapping_sub(stride.wrapping_mul(side));
            *place = 0;
        }
    }
    Ok(values)
}
