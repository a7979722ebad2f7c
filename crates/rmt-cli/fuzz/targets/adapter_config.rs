//! The settings of an adapter, beside two factors.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rmt_fuzz::{adapter, answer_in};

fuzz_target!(|bytes: &[u8]| {
    let directory = adapter();
    std::fs::write(directory.join("adapter_config.json"), bytes).expect("the input is written");
    answer_in(&directory.join("adapter_model.safetensors"));
});
