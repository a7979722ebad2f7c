//! GGUF byte by byte; its quantized types are compared with ggml's in `tests/cases`.

use crate::support::{bytes_refused, file, names, opened, values};
use rmt_cli::formats::Element;
use rmt_monitor::WeightValues;

fn text(text: &str) -> Vec<u8> {
    [&(text.len() as u64).to_le_bytes()[..], text.as_bytes()].concat()
}

/// A tensor in the list: name, sides (the first varies fastest), type, offset.
fn tensor(name: &str, sides: &[u64], kind: u32, offset: u64) -> Vec<u8> {
    let sides_of: Vec<u8> = sides.iter().flat_map(|side| side.to_le_bytes()).collect();
    let count = (sides.len() as u32).to_le_bytes();
    let end = [&kind.to_le_bytes()[..], &offset.to_le_bytes()].concat();
    [text(name), count.to_vec(), sides_of, end].concat()
}

/// A file of these tensors, aligned to 64 bytes, with a text and arrays in its metadata.
fn gguf(tensors: &[Vec<u8>], data: &[u8]) -> Vec<u8> {
    let mut bytes = b"GGUF\x03\0\0\0".to_vec();
    bytes.extend((tensors.len() as u64).to_le_bytes());
    bytes.extend(3u64.to_le_bytes());
    bytes.extend([text("general.name"), 8u32.to_le_bytes().to_vec(), text("a")].concat());
    bytes.extend([text("general.alignment"), [4u32, 64].map(u32::to_le_bytes).concat()].concat());
    let list = [&8u32.to_le_bytes()[..], &2u64.to_le_bytes(), &text("x"), &text("")].concat();
    bytes.extend([text("tokens"), 9u32.to_le_bytes().to_vec(), list].concat());
    tensors.iter().for_each(|tensor| bytes.extend(tensor));
    bytes.resize(bytes.len().next_multiple_of(64), 0);
    bytes.extend(data);
    bytes
}

/// Three by two in single precision, and a row of one block of four bits.
pub(crate) fn sample() -> Vec<u8> {
    let single: Vec<u8> = (0..6).flat_map(|x| (x as f32).to_le_bytes()).collect();
    // A scale of 1, then 0 and 15 in every byte.
    let block = [&[0, 0x3C][..], &[0xF0; 16]].concat();
    let tensors = [tensor("a.weight", &[2, 3], 0, 0), tensor("b.weight", &[32, 1], 2, 64)];
    gguf(&tensors, &[&single[..], &[0; 40], &block].concat())
}

#[test]
fn sides_are_turned_and_blocks_dequantized() {
    let (_directory, path) = file("a.gguf", &sample());
    let source = opened(&path);
    assert_eq!(names(&*source), ["a.weight", "b.weight"]);
    assert_eq!(source.entries()[0].shape, [3, 2]);
    let single = (0..6).map(|x| x as f32).collect();
    assert_eq!(values(&*source, "a.weight"), WeightValues::F32(single));
    assert_eq!(source.entries()[1].element, Element::Quantized("Q4_0".into()));
    let block = [[-8.0; 16], [7.0; 16]].concat();
    assert_eq!(values(&*source, "b.weight"), WeightValues::F32(block));
}

#[test]
fn a_header_that_lies_is_refused() {
    let one = |tensor: Vec<u8>| gguf(&[tensor], &[0; 64]);
    bytes_refused("a.gguf", b"GGUF\x03\0\0\0", "ends within its header");
    bytes_refused("a.gguf", b"GGUF\x09\0\0\0\0\0\0\0", "version 9");
    bytes_refused("a.gguf", &one(tensor("a", &[64, 64], 0, 0)), "lies beyond the end");
    bytes_refused("a.gguf", &one(tensor("a", &[33], 2, 0)), "do not fit its type");
    bytes_refused("a.gguf", &one(tensor("a", &[u64::MAX, 9], 0, 0)), "lies beyond the end");
    bytes_refused("a.gguf", &one(tensor("a", &[1; 9], 0, 0)), "9 sides");
    bytes_refused("a.gguf", &one(tensor("a", &[4], 0, u64::MAX)), "lies beyond the end");
    let twice = [tensor("a", &[4], 0, 0), tensor("a", &[4], 0, 32)];
    bytes_refused("a.gguf", &gguf(&twice, &[0; 64]), "two tensors have the name");
    let long =
        [&b"GGUF\x03\0\0\0"[..], &[1, 0, 0, 0, 0, 0, 0, 0], &[1, 0, 0, 0, 0, 0, 0, 0], &[0xFF; 8]];
    bytes_refused("a.gguf", &long.concat(), "more than the file has");
}
