//! safetensors: a JSON header, then the tensors without gaps.

use super::file::Input;
use super::raw::{Place, Raw};
use super::unique::pairs;
use super::{Convention, Element, Entry, FormatError};
use ::safetensors::Dtype;
use ::safetensors::tensor::{Metadata, TensorInfo};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use std::fmt;

/// Bytes of the header's length, in front of it.
const PREFIX: u64 = 8;
/// The format's own limit on its header.
const LONGEST_HEADER: u64 = 100_000_000;

/// Whether a file of this length that starts with these bytes is one.
pub(super) fn is_one(head: &[u8], length: u64) -> bool {
    let header = head.first_chunk().map(|bytes| u64::from_le_bytes(*bytes));
    header.is_some_and(|header| header <= length) && head.get(8) == Some(&b'{')
}

/// Opens one: reads its header, and checks that the tensors cover the rest of the file.
pub(super) fn open(input: Input) -> Result<Raw, FormatError> {
    let tensors = tensors(&input).map_err(|problem| input.error(problem))?;
    Raw::new(input, tensors, Convention::OutIn)
}

fn tensors(input: &Input) -> Result<Vec<(Entry, Place)>, String> {
    let prefix = input.head(PREFIX)?;
    let length = prefix.first_chunk().map(|bytes| u64::from_le_bytes(*bytes));
    let length = length.ok_or("it is shorter than the length of a safetensors header")?;
    if input.length() > PREFIX && input.bytes(PREFIX, 1)? != b"{" {
        return Err("it is not a safetensors file, despite its name: it does not begin with the length of a header and the header".into());
    }
    let data = length.checked_add(PREFIX).filter(|&data| data <= input.length());
    let Some(data) = data.filter(|_| length <= LONGEST_HEADER) else {
        return Err(format!(
            "a safetensors header of {length} bytes in a file of {}: it is truncated, or no safetensors file",
            input.length()
        ));
    };
    let header = input.bytes(PREFIX, length)?;
    let header: Header = serde_json::from_slice(&header)
        .map_err(|error| format!("its safetensors header cannot be read: {error}"))?;
    let mut infos = header.0;
    infos.sort_by_key(|(_, info)| info.data_offsets);
    // Its own checks: no gaps, no overlaps, sizes that are those of the shapes.
    let metadata = Metadata::new(None, infos.clone())
        .map_err(|error| format!("its safetensors header is wrong: {error}"))?;
    let covered = metadata.data_len() as u64;
    if data.checked_add(covered) != Some(input.length()) {
        return Err(format!(
            "its header claims {covered} bytes of tensors, but it has {}: it is truncated, or was not written to its end",
            input.length().saturating_sub(data)
        ));
    }
    Ok(infos.into_iter().map(|(name, info)| tensor(name, info, data)).collect())
}

fn tensor(name: String, info: TensorInfo, data: u64) -> (Entry, Place) {
    let (start, end) = info.data_offsets;
    let bytes = end.saturating_sub(start) as u64;
    let entry = Entry { name, shape: info.shape, element: element(info.dtype), bytes };
    (entry, Place { offset: data.saturating_add(start as u64), ..Place::default() })
}

fn element(dtype: Dtype) -> Element {
    match dtype {
        Dtype::F16 => Element::F16,
        Dtype::BF16 => Element::BF16,
        Dtype::F32 => Element::F32,
        Dtype::F64 => Element::F64,
        Dtype::F8_E4M3 => Element::F8E4M3,
        Dtype::F8_E5M2 => Element::F8E5M2,
        other => Element::Other(format!("{other:?}")),
    }
}

/// What the header says of each tensor, without the writer's remarks.
struct Header(Vec<(String, TensorInfo)>);

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Map;

        impl<'de> Visitor<'de> for Map {
            type Value = Header;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map of tensors")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Header, A::Error> {
                pairs(map, Some("__metadata__")).map(Header)
            }
        }

        deserializer.deserialize_map(Map)
    }
}
