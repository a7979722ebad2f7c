//! The index of safetensors shards, beside one shard that is in order.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rmt_fuzz::{answer, directory, with_length};
use std::sync::Once;

fuzz_target!(|text: &[u8]| {
    static SHARD: Once = Once::new();
    SHARD.call_once(|| {
        let header = br#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#;
        let bytes = [with_length(8, header), vec![0; 4]].concat();
        std::fs::write(directory().join("s"), bytes).expect("the shard is written");
    });
    answer("model.safetensors.index.json", text);
});
