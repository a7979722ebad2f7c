//! The JSON in the header of a safetensors file; its length is right, and up to 255 bytes of data follow.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rmt_fuzz::{answer, with_length};

fuzz_target!(|input: &[u8]| {
    let Some((&data, text)) = input.split_first() else { return };
    let mut bytes = with_length(8, text);
    bytes.resize(bytes.len() + usize::from(data), 0x41);
    answer("a.safetensors", &bytes);
});
