//! One array of NumPy: a header that is a Python dict, then the values in either order of the sides.
//!
//! An array of Python objects is a pickle: it is listed by its type and never unpickled.

use super::decode::bytes;
use super::file::Input;
use super::literal::{Literal, dict};
use super::raw::{Place, Raw};
use super::{Convention, Element, Entry, FormatError};
use std::io::Read;

/// What a file starts with.
pub(super) const MAGIC: &[u8] = b"\x93NUMPY";
/// Bytes of a header that are read at most; NumPy's own readers take 10,000.
const LONGEST_HEADER: u64 = 1 << 20;

/// What the header says.
#[derive(Debug, Clone)]
pub(super) struct Header {
    pub(super) element: Element,
    pub(super) shape: Vec<usize>,
    pub(super) big_endian: bool,
    pub(super) fortran: bool,
    /// Bytes in front of the values.
    pub(super) length: u64,
    /// Bytes of the values; of a type that is not read, all that follow.
    pub(super) bytes: u64,
}

/// Opens a file, whose one tensor is called as the file.
pub(super) fn open(input: Input) -> Result<Raw, FormatError> {
    let length = input.length();
    let header = header(&mut input.window(0, length), length);
    let header = header.map_err(|problem| input.error(problem))?;
    let name = input.path().file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let Header { element, shape, big_endian, fortran, length, bytes } = header;
    let place = Place { offset: length, big_endian, fortran };
    Raw::new(input, vec![(Entry { name, shape, element, bytes }, place)], Convention::Unknown)
}

/// Reads the header of an array of so many bytes, header included.
pub(super) fn header(stream: &mut dyn Read, available: u64) -> Result<Header, String> {
    let start = exactly(stream, 8)?;
    let (magic, version) = start.split_at(MAGIC.len());
    if magic != MAGIC {
        return Err("it does not start as a NumPy array does".into());
    }
    let digits = match version {
        [1, _] => 2,
        [2 | 3, _] => 4,
        other => return Err(format!("version {other:?} of NumPy's format is not known")),
    };
    let number = exactly(stream, digits)?;
    let text = number.iter().rev().fold(0, |sum, &digit| sum << 8 | u64::from(digit));
    let length = 8 + digits + text;
    if length > available || text > LONGEST_HEADER {
        return Err(format!("a NumPy header of {text} bytes in a file of {available}"));
    }
    let text = exactly(stream, text)?;
    // Latin-1 before version 3; names of fields, where the two differ, are not used.
    let text = String::from_utf8_lossy(&text);
    let wrong = |problem| format!("its NumPy header cannot be read: {problem}");
    let pairs = dict(text.trim_end_matches('\0')).map_err(wrong)?;
    interpret(&pairs, length, available.saturating_sub(length)).map_err(wrong)
}

fn exactly(stream: &mut dyn Read, length: u64) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    stream.take(length).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 == length {
        Ok(bytes)
    } else {
        Err("it ends within its NumPy header".into())
    }
}

fn interpret(pairs: &[(String, Literal)], length: u64, rest: u64) -> Result<Header, String> {
    let find = |key: &str| {
        let found = pairs.iter().find(|(name, _)| name == key);
        found.map(|(_, value)| value).ok_or_else(|| format!("it lacks {key:?}"))
    };
    let (element, big_endian) = match find("descr")? {
        Literal::Text(descr) => element(descr),
        Literal::Several(_) => (Element::Other("structured".into()), false),
        other => return Err(format!("{other:?} is not a type")),
    };
    let Literal::Bool(fortran) = *find("fortran_order")? else {
        return Err("fortran_order is neither True nor False".into());
    };
    let Literal::Several(sides) = find("shape")? else {
        return Err("the shape is no tuple".into());
    };
    let side = |side: &Literal| match side {
        Literal::Number(side) => {
            usize::try_from(*side).map_err(|_| "a side is too long".to_owned())
        }
        other => Err(format!("{other:?} is not a side")),
    };
    let shape: Vec<usize> = sides.iter().map(side).collect::<Result<_, _>>()?;
    let bytes = match &element {
        Element::Quantized(_) | Element::Other(_) | Element::Unread(_) => rest,
        known => bytes(known, &shape).filter(|&bytes| bytes <= rest).ok_or_else(|| {
            format!("an array of shape {shape:?} does not fit into the {rest} bytes that follow")
        })?,
    };
    Ok(Header { element, shape, big_endian, fortran, length, bytes })
}

/// The type that NumPy calls so, and whether it is big-endian.
fn element(descr: &str) -> (Element, bool) {
    let order = descr.chars().next().filter(|order| "<>=|".contains(*order));
    let kind = descr.trim_start_matches(['<', '>', '=', '|']);
    let big_endian = match order {
        Some('>') => true,
        Some('<' | '|') => false,
        _ => cfg!(target_endian = "big"),
    };
    let element = match kind {
        "f2" => Element::F16,
        "f4" => Element::F32,
        "f8" => Element::F64,
        // What ml_dtypes writes in the place of a type that NumPy does not know.
        "bfloat16" | "V2" => Element::BF16,
        // Not half precision: these count bytes.
        "f16" => Element::Other("longdouble".into()),
        "O" => Element::Other("object".into()),
        other => Element::Other(other.into()),
    };
    (element, big_endian)
}
