//! The dict in the header of a NumPy array; the frame around it is right.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rmt_fuzz::{answer, with_length};

fuzz_target!(|text: &[u8]| {
    let text = &text[..text.len().min(4096)];
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend(with_length(2, text));
    bytes.extend([0x41; 256]);
    answer("a.npy", &bytes);
});
