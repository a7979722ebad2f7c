//! GGUF: metadata, a list of tensors, then the tensors, quantized in blocks or not.

use super::decode::bytes;
use super::file::{Input, SHRUNK, Window, reserve};
use super::ggml::{Blocks, blocks};
use super::names::{distinct, natural, quoted};
use super::raw::{self, Place};
use super::{Convention, Element, Entry, FormatError, Source};
use rmt_monitor::WeightValues;
use std::io::{BufReader, Read, copy, sink};

/// What a file starts with.
pub(super) const MAGIC: &[u8] = b"GGUF";
/// Arrays within arrays of the metadata.
const DEEPEST: usize = 4;
/// Sides of a tensor; the format has four.
const MOST_SIDES: u32 = 8;
/// Tensors start at a multiple of it, unless the metadata say otherwise.
const ALIGNMENT: u64 = 32;
/// Blocks that are read at a time.
const AT_A_TIME: u64 = 1024;

/// A reader of such a file.
pub(super) struct Gguf {
    input: Input,
    entries: Vec<Entry>,
    /// Of each tensor: where it begins, and its blocks if it has some.
    places: Vec<(Place, Option<Blocks>)>,
}

/// Opens one.
pub(super) fn open(input: Input) -> Result<Gguf, FormatError> {
    let mut tensors = tensors(&input)
        .map_err(|problem| input.error(format!("it cannot be read as a GGUF file: {problem}")))?;
    distinct(tensors.iter().map(|(entry, ..)| entry)).map_err(|problem| input.error(problem))?;
    tensors.sort_by(|(a, ..), (b, ..)| natural(&a.name, &b.name));
    let (entries, places) = tensors.into_iter().map(|(entry, at, of)| (entry, (at, of))).unzip();
    Ok(Gguf { input, entries, places })
}

/// The header as a stream, and how much of it was read.
struct Header<'a> {
    stream: BufReader<Window<&'a Input>>,
    read: u64,
    length: u64,
}

impl Header<'_> {
    fn number<const N: usize>(&mut self) -> Result<u64, String> {
        let mut number = [0; 8];
        let wanted = number.get_mut(..N).unwrap_or_default();
        self.stream.read_exact(wanted).map_err(|_| "it ends within its header".to_owned())?;
        self.read += N as u64;
        Ok(u64::from_le_bytes(number))
    }

    fn text(&mut self) -> Result<String, String> {
        let length = self.number::<8>()?;
        self.within(length)?;
        let mut text = Vec::new();
        let read = (&mut self.stream).take(length).read_to_end(&mut text);
        if read.ok() != usize::try_from(length).ok() {
            return Err("it ends within its header".into());
        }
        self.read += length;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    /// That so many bytes may follow.
    fn within(&self, bytes: u64) -> Result<(), String> {
        match self.read.checked_add(bytes) {
            Some(end) if end <= self.length => Ok(()),
            _ => Err(format!("its header claims {bytes} bytes, more than the file has")),
        }
    }

    fn pass(&mut self, bytes: u64) -> Result<(), String> {
        self.within(bytes)?;
        let passed = copy(&mut (&mut self.stream).take(bytes), &mut sink());
        self.read += bytes;
        if passed.ok() == Some(bytes) { Ok(()) } else { Err("it ends within its header".into()) }
    }

    /// Reads a value of the metadata; a number is given back.
    fn value(&mut self, kind: u64, depth: usize) -> Result<Option<u64>, String> {
        match kind {
            0 | 1 | 7 => self.number::<1>().map(Some),
            2 | 3 => self.number::<2>().map(Some),
            4..=6 => self.number::<4>().map(Some),
            10..=12 => self.number::<8>().map(Some),
            8 => {
                let length = self.number::<8>()?;
                self.pass(length).map(|()| None)
            }
            9 if depth < DEEPEST => {
                let (kind, count) = (self.number::<4>()?, self.number::<8>()?);
                let size = match kind {
                    0 | 1 | 7 => 1,
                    2 | 3 => 2,
                    4..=6 => 4,
                    10..=12 => 8,
                    _ => {
                        // Each takes a byte at least.
                        self.within(count)?;
                        for _ in 0..count {
                            self.value(kind, depth + 1)?;
                        }
                        return Ok(None);
                    }
                };
                let bytes = count.checked_mul(size).ok_or("an array is larger than any file")?;
                self.pass(bytes).map(|()| None)
            }
            other => Err(format!("its metadata have a value of the unknown type {other}")),
        }
    }
}

type Tensor = (Entry, Place, Option<Blocks>);

fn tensors(input: &Input) -> Result<Vec<Tensor>, String> {
    let length = input.length();
    let mut header = Header { stream: BufReader::new(input.window(0, length)), read: 0, length };
    header.pass(MAGIC.len() as u64)?;
    let version = header.number::<4>()?;
    if !(2..=3).contains(&version) {
        return Err(format!("its version {} is unknown; 2 and 3 are supported", version as u32));
    }
    let (count, pairs) = (header.number::<8>()?, header.number::<8>()?);
    let mut alignment = ALIGNMENT;
    for _ in 0..pairs {
        let key = header.text()?;
        let kind = header.number::<4>()?;
        let value = header.value(kind, 0)?;
        if key == "general.alignment" {
            let valid = value.filter(|value| value.is_power_of_two());
            alignment = valid.ok_or("its alignment is not a power of two")?;
        }
    }
    let mut described = Vec::new();
    for _ in 0..count {
        let name = header.text()?;
        let sides = header.number::<4>()?;
        if sides > u64::from(MOST_SIDES) {
            return Err(format!("tensor {} has {sides} sides", quoted(&name)));
        }
        let mut shape = Vec::new();
        for _ in 0..sides {
            let side = header.number::<8>()?;
            shape.push(usize::try_from(side).map_err(|_| "a side is too long")?);
        }
        // The first side varies fastest.
        shape.reverse();
        let (kind, offset) = (header.number::<4>()?, header.number::<8>()?);
        described.push((name, shape, kind, offset));
    }
    let data = header.read.next_multiple_of(alignment);
    let tensor = |(name, shape, kind, offset)| tensor(name, shape, kind, offset, data, length);
    described.into_iter().map(tensor).collect()
}

fn tensor(
    name: String,
    shape: Vec<usize>,
    kind: u64,
    offset: u64,
    data: u64,
    length: u64,
) -> Result<Tensor, String> {
    let blocks = u32::try_from(kind).ok().and_then(blocks);
    let element = match (kind, blocks) {
        (0, _) => Element::F32,
        (1, _) => Element::F16,
        (28, _) => Element::F64,
        (30, _) => Element::BF16,
        (_, Some(blocks)) if blocks.is_read() => Element::Quantized(blocks.name.into()),
        (_, Some(blocks)) => Element::Other(blocks.name.into()),
        (other, None) => Element::Other(format!("type {other}")),
    };
    let count = super::decode::count(&shape).and_then(|count| u64::try_from(count).ok());
    let size = match blocks {
        None if matches!(element, Element::Other(_)) => Some(0),
        None => bytes(&element, &shape),
        Some(blocks) => {
            // A row is a whole number of blocks.
            let row = shape.last().map_or(1, |&side| side as u64);
            let whole = row.is_multiple_of(blocks.values);
            count.filter(|_| whole).and_then(|n| (n / blocks.values).checked_mul(blocks.bytes))
        }
    };
    let place = data.checked_add(offset);
    let end = size.zip(place).and_then(|(size, place)| place.checked_add(size));
    let (Some(size), Some(offset), Some(_)) = (size, place, end.filter(|&end| end <= length))
    else {
        return Err(format!(
            "tensor {} lies beyond the end of the file, or its sides {shape:?} do not fit its type: it is truncated",
            quoted(&name)
        ));
    };
    let place = Place { offset, ..Place::default() };
    Ok((Entry { name, shape, element, bytes: size }, place, blocks))
}

impl Source for Gguf {
    fn entries(&self) -> &[Entry] {
        &self.entries
    }

    fn convention(&self) -> Convention {
        Convention::OutIn
    }

    fn fingerprint(&self, entry: usize) -> Option<Vec<u64>> {
        let (entry, (place, _)) = (self.entries.get(entry)?, self.places.get(entry)?);
        self.input.samples(place.offset, entry.bytes)
    }

    fn read(&self, entry: usize) -> Result<WeightValues, FormatError> {
        let Some((entry, (place, blocks))) = self.entries.get(entry).zip(self.places.get(entry))
        else {
            return Err(self.input.error(format!("it has no tensor of number {entry}")));
        };
        match blocks {
            Some(blocks) if blocks.is_read() => {
                dequantized(&self.input, entry, place.offset, blocks).map_err(|problem| {
                    self.input.error(format!("tensor {}: {problem}", quoted(&entry.name)))
                })
            }
            _ => raw::read(&self.input, entry, *place),
        }
    }
}

fn dequantized(
    input: &Input,
    entry: &Entry,
    offset: u64,
    blocks: &Blocks,
) -> Result<WeightValues, String> {
    let count = super::decode::count(&entry.shape).ok_or("its shape is larger than any memory")?;
    let mut values = reserve(count)?;
    let mut stream = input.window(offset, entry.bytes);
    let size = usize::try_from(blocks.bytes).map_err(|error| error.to_string())?;
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        let most = blocks.bytes * AT_A_TIME;
        (&mut stream).take(most).read_to_end(&mut buffer).map_err(|error| error.to_string())?;
        if buffer.is_empty() {
            break;
        }
        for block in buffer.chunks(size) {
            blocks.decode(block, &mut values).ok_or(SHRUNK)?;
        }
    }
    if values.len() == count { Ok(WeightValues::F32(values)) } else { Err(SHRUNK.into()) }
}
