//! A pickle, plain or of PyTorch before 1.6.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rmt_fuzz::answer;

fuzz_target!(|bytes: &[u8]| answer("a.pt", bytes));
