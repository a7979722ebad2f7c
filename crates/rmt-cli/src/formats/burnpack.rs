//! burn's own format (`.bpk`): a CBOR header by name, then the tensors at their offsets.
//!
//! Its header is read here and not by the crate `burn-pack`: that one takes memory for the header
//! before it looks at the file's length, and brings sixty crates of a framework that this program does
//! not use.

use super::decode::{bytes, size};
use super::file::Input;
use super::names::quoted;
use super::raw::{Place, Raw};
use super::unique::Pairs;
use super::{Convention, Element, Entry, FormatError};
use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use std::fmt;

/// What a file starts with: 0x4255524E.
pub(super) const MAGIC: &[u8] = b"NRUB";
/// The one version there is.
const VERSION: u16 = 1;
/// Magic, version, and length of the header that follows.
const PREFIX: u64 = 10;
/// The format's own limit on its header.
const LONGEST_HEADER: u64 = 100 << 20;
/// The format's own limit on the nesting of its header.
const DEEPEST: usize = 128;
/// Tensors start at a multiple of it.
const ALIGNMENT: u64 = 256;

/// Also has `metadata` and `scalars`, which are no weights.
#[derive(Deserialize)]
struct Header {
    tensors: Pairs<Descriptor>,
}

#[derive(Deserialize)]
struct Descriptor {
    dtype: Kind,
    shape: Vec<u64>,
    /// Start and end, from the start of the data.
    data_offsets: (u64, u64),
}

/// Opens one.
pub(super) fn open(input: Input) -> Result<Raw, FormatError> {
    let tensors = tensors(&input).map_err(|problem| input.error(problem))?;
    Raw::new(input, tensors, Convention::Unknown)
}

fn tensors(input: &Input) -> Result<Vec<(Entry, Place)>, String> {
    let prefix = input.head(PREFIX)?;
    let &[_, _, _, _, v0, v1, l0, l1, l2, l3] = &prefix[..] else {
        return Err("it is shorter than the start of a burn pack".into());
    };
    let version = u16::from_le_bytes([v0, v1]);
    if version > VERSION {
        return Err(format!(
            "version {version} of burn's format is unknown; {VERSION} is supported"
        ));
    }
    let length = u64::from(u32::from_le_bytes([l0, l1, l2, l3]));
    if PREFIX + length > input.length() || length > LONGEST_HEADER {
        let whole = input.length();
        return Err(format!("a header of {length} bytes in a file of {whole}: it is truncated"));
    }
    let header = input.bytes(PREFIX, length)?;
    let header: Header = ciborium::de::from_reader_with_recursion_limit(&header[..], DEEPEST)
        .map_err(|error| format!("its header cannot be read: {error}"))?;
    let data = (PREFIX + length).next_multiple_of(ALIGNMENT);
    let tensors = header.tensors.0.into_iter().map(|(name, descriptor)| {
        let problem = format!("tensor {}: its shape and its place do not agree", quoted(&name));
        tensor(name, descriptor, data).ok_or(problem)
    });
    let tensors: Vec<(Entry, Place)> = tensors.collect::<Result<_, _>>()?;
    apart(&tensors)?;
    Ok(tensors)
}

fn tensor(name: String, descriptor: Descriptor, data: u64) -> Option<(Entry, Place)> {
    let sides = descriptor.shape.into_iter().map(usize::try_from);
    let shape: Vec<usize> = sides.collect::<Result<_, _>>().ok()?;
    let (start, end) = descriptor.data_offsets;
    let length = end.checked_sub(start)?;
    let element = descriptor.dtype.0;
    if size(&element).is_some() && bytes(&element, &shape)? != length {
        return None;
    }
    let place = Place { offset: data.checked_add(start)?, ..Place::default() };
    Some((Entry { name, shape, element, bytes: length }, place))
}

/// That no two tensors share a byte.
fn apart(tensors: &[(Entry, Place)]) -> Result<(), String> {
    let mut ranges: Vec<_> = tensors.iter().filter(|(entry, _)| entry.bytes > 0).collect();
    ranges.sort_by_key(|(_, place)| place.offset);
    let overlap = ranges.windows(2).find_map(|pair| match pair {
        [(first, at), (second, next)] => {
            (at.offset.saturating_add(first.bytes) > next.offset).then_some((first, second))
        }
        _ => None,
    });
    match overlap {
        Some((first, second)) => {
            Err(format!("tensors {} and {} overlap", quoted(&first.name), quoted(&second.name)))
        }
        None => Ok(()),
    }
}

/// An element's type: a word, or for quantized and boolean ones a word with what belongs to it.
struct Kind(Element);

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Name;

        impl<'de> Visitor<'de> for Name {
            type Value = Kind;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a type")
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<Kind, E> {
                Ok(Kind(match name {
                    "F16" => Element::F16,
                    "BF16" => Element::BF16,
                    // Flexible in how it is computed with; stored as single precision.
                    "F32" | "Flex32" => Element::F32,
                    "F64" => Element::F64,
                    other => Element::Other(other.into()),
                }))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Kind, A::Error> {
                let Some((name, IgnoredAny)) = map.next_entry::<String, _>()? else {
                    return Err(A::Error::custom("a type without a name"));
                };
                Ok(Kind(Element::Other(name)))
            }
        }

        deserializer.deserialize_any(Name)
    }
}
