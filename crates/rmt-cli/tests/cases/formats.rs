//! Files of other programs, and what is none that is read.

use crate::Test;
use crate::support::{Cases, notes, path};

pub(crate) const TESTS: &[Test] = &[
    ("gguf_is_read_and_dequantized", gguf_is_read_and_dequantized),
    ("bfloat16_of_numpy_is_read", bfloat16_of_numpy_is_read),
    ("what_is_not_read_is_told_for_what_it_is", what_is_not_read),
    ("directories_are_opened_as_libraries_leave_them", directories),
    ("names_are_those_that_are_asked_for", names_that_are_asked_for),
    ("every_skipped_tensor_is_named_on_request", every_skipped_tensor_is_named),
];

fn gguf_is_read_and_dequantized(cases: &Cases) {
    cases.agree("quantized.gguf");
    let rows = cases.rows(&["quantized.gguf"]);
    let of = |name: &str| rows.iter().find(|row| path(row) == name).unwrap();
    assert_eq!((rows.len(), &of("Q4_K.weight")["dtype"]), (14, &"Q4_K".into()));
    assert!(notes(of("Q4_K.weight"), "dequantized"), "{}", of("Q4_K.weight"));
    assert_eq!(of("blk.0.attn_q.weight")["kind"], "query");
    assert_eq!(of("blk.0.attn_q.weight")["orientation"], "out_in");
    // Rounded values are never said to be random.
    let rounded = |name: &str| of(name)["verdict"] != "random";
    assert!(rounded("Q4_K.weight") && rounded("Q8_0.weight"));
    let (table, _) = cases.said(&["inspect", "quantized.gguf", "-v"], 0);
    assert!(table.contains("IQ2_XXS.weight") && table.contains("stored as IQ2_XXS"), "{table}");
}

fn bfloat16_of_numpy_is_read(cases: &Cases) {
    cases.agree("brain.npy");
}

fn what_is_not_read(cases: &Cases) {
    for (file, words) in [
        ("pointer.safetensors", &["Git LFS", "git lfs pull"][..]),
        ("page.bin", &["web page"]),
        ("keras.h5", &["HDF5"]),
        ("lite.tflite", &["TensorFlow Lite"]),
        ("packed.pt", &["gunzip"]),
        ("flax.msgpack", &["Flax", "safetensors"]),
        ("model.bin", &["CTranslate2"]),
        ("text.safetensors", &["not a safetensors file"]),
        ("cut.pt", &["cut short"]),
        ("distributed", &["dcp_to_torch"]),
        ("zero", &["zero_to_fp32.py"]),
        ("saved", &["SavedModel"]),
        ("orbax", &["Orbax"]),
    ] {
        let (_, said) = cases.said(&["inspect", file], 1);
        assert!(words.iter().all(|word| said.contains(word)), "{file}: {said}");
        assert_eq!(said.lines().count(), 1, "{file}: {said}");
    }
}

fn directories(cases: &Cases) {
    assert_eq!(cases.names("shards"), ["a.weight", "b.weight"]);
    let rows = cases.rows(&["formats"]);
    assert_eq!((rows.len(), &rows[0]["dtype"]), (1, &"f32".into()));
    let (table, _) = cases.said(&["inspect", "formats"], 0);
    let note = "model.safetensors is read, and not model.fp16.safetensors, pytorch_model.bin";
    assert!(table.contains(note), "{table}");
    assert_eq!(cases.names("tar"), ["fc1.weight", "fc2.weight"]);
}

fn names_that_are_asked_for(cases: &Cases) {
    let names =
        |arguments: &[&str]| -> Vec<String> { cases.rows(arguments).iter().map(path).collect() };
    let both = ["ema.fc1.weight", "ema.fc2.weight", "fc1.weight", "fc2.weight"];
    assert_eq!(names(&["ema.pt"]), both);
    for key in ["ema", "model"] {
        assert_eq!(names(&["ema.pt", "--key", key]), ["fc1.weight", "fc2.weight"]);
    }
    let renamed = ["ema.pt", "--key", "ema", "--rename", "fc1=mlp.up", "--strip-prefix", "fc2."];
    assert_eq!(names(&renamed), ["mlp.up.weight", "weight"]);
    let (_, said) = cases.said(&["inspect", "ema.pt", "--key", "teacher"], 1);
    assert!(said.contains("\"teacher\"") && said.contains("ema.fc1.bias"), "{said}");
    assert_eq!(cases.names("flat.pt"), ["fc.weight"]);
}

fn every_skipped_tensor_is_named(cases: &Cases) {
    let (printed, said) = cases.said(&["inspect", "nothing.pt", "-v"], 1);
    for name in ["a.bias", "b.bias", "c.weight"] {
        assert!(printed.lines().any(|line| line.trim() == name), "{name}: {printed}");
    }
    assert!(said.contains("1 skipped, 2 of one side only"), "{said}");
    let (_, said) = cases.said(&["inspect", "nothing.pt", "--kind", "head"], 1);
    assert!(!said.contains("0 "), "{said}");
}
