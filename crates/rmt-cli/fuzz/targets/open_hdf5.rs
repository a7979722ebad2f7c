//! A whole HDF5 file.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rmt_fuzz::answer;

fuzz_target!(|bytes: &[u8]| answer("a.h5", bytes));
