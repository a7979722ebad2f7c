//! Adapters of PEFT: their changes alone, and added to a base.

use crate::float8::safetensors;
use crate::support::names;
use rmt_cli::formats::{Element, Source, is_adapter, open_on};
use rmt_monitor::WeightValues;
use std::fs;
use std::path::Path;

fn single(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// An adapter with these settings, as PEFT writes it.
fn adapter(config: &str, tensors: &[(&str, &[usize], &[f32])]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let named: Vec<_> = tensors
        .iter()
        .map(|(name, shape, values)| (format!("base_model.model.{name}"), *shape, single(values)))
        .collect();
    let named: Vec<_> = named
        .iter()
        .map(|(name, shape, bytes)| (name.as_str(), "F32", *shape, bytes.clone()))
        .collect();
    fs::write(directory.path().join("adapter_model.safetensors"), safetensors(&named)).unwrap();
    fs::write(directory.path().join("adapter_config.json"), config).unwrap();
    directory
}

fn base(tensors: &[(&str, &[usize], &[f32])]) -> (tempfile::TempDir, std::path::PathBuf) {
    let named: Vec<_> = tensors
        .iter()
        .map(|(name, shape, values)| (*name, "F32", *shape, single(values)))
        .collect();
    crate::support::file("model.safetensors", &safetensors(&named))
}

fn opened(path: &Path, base: Option<&Path>) -> Box<dyn Source> {
    open_on(path, base).unwrap_or_else(|error| panic!("{error}"))
}

fn wide(source: &dyn Source, name: &str) -> Vec<f64> {
    crate::support::values(source, name).as_values().iter().collect()
}

const LINEAR: &[(&str, &[usize], &[f32])] = &[
    ("h.0.fc.lora_A.weight", &[2, 3], &[1.0, 0.0, 2.0, 0.0, 1.0, 0.0]),
    ("h.0.fc.lora_B.weight", &[2, 2], &[1.0, 0.0, 0.0, 3.0]),
    ("score.modules_to_save.weight", &[1, 2], &[8.0, 9.0]),
];

#[test]
fn a_change_is_the_product_with_its_scale() {
    let of = |config: &str| {
        let directory = adapter(config, LINEAR);
        assert!(is_adapter(directory.path()));
        let source = opened(directory.path(), None);
        assert_eq!(names(&*source), ["h.0.fc.weight", "score.weight"]);
        assert_eq!(source.entries()[0].shape, [2, 3]);
        wide(&*source, "h.0.fc.weight")
    };
    let plain = [1.0, 0.0, 2.0, 0.0, 3.0, 0.0];
    let times = |scale: f64| plain.map(|value: f64| value * scale);
    assert_eq!(of(r#"{"peft_type": "LORA", "r": 2, "lora_alpha": 8}"#), times(4.0));
    let root = of(r#"{"peft_type": "LORA", "r": 2, "lora_alpha": 8, "use_rslora": true}"#);
    assert_eq!(root, times(8.0 / 2f64.sqrt()));
    let patterns = r#"{"peft_type": "LORA", "r": 64, "lora_alpha": 8, "rank_pattern": {"h\\.\\d+\\.fc": 2},
        "alpha_pattern": {"other": 1, "fc": 6}}"#;
    assert_eq!(of(patterns), times(3.0));
}

#[test]
fn a_change_is_added_to_the_base() {
    let config = r#"{"peft_type": "LORA", "r": 2, "lora_alpha": 2}"#;
    let directory = adapter(config, LINEAR);
    // The base has a prefix that the adapter does not know, and more tensors.
    let one = ("transformer.h.0.fc.weight", &[2, 3][..], &[1.0f32; 6][..]);
    let (_base, path) = base(&[one, ("transformer.h.1.fc.weight", &[2, 3], &[1.0; 6])]);
    let source = opened(directory.path(), Some(&path));
    assert_eq!(names(&*source), ["score.weight", "transformer.h.0.fc.weight"]);
    let sum = vec![2.0, 1.0, 3.0, 1.0, 4.0, 1.0];
    assert_eq!(crate::support::values(&*source, one.0), WeightValues::F32(sum));
    assert_eq!(wide(&*source, "score.weight"), [8.0, 9.0]);
    assert!(source.notes()[0].contains("1 weights of the base"), "{:?}", source.notes());
}

#[test]
fn transposed_layers_embeddings_and_convolutions_have_the_shape_of_their_weight() {
    let config = r#"{"peft_type": "LORA", "r": 1, "lora_alpha": 1, "fan_in_fan_out": true}"#;
    let factors: &[(&str, &[usize], &[f32])] = &[
        ("c_fc.lora_A.default.weight", &[1, 3], &[1.0, 2.0, 3.0]),
        ("c_fc.lora_B.default.weight", &[2, 1], &[1.0, 10.0]),
    ];
    let source = opened(adapter(config, factors).path(), None);
    assert_eq!(source.entries()[0].shape, [3, 2]);
    let config = r#"{"peft_type": "LORA", "r": 1, "lora_alpha": 1}"#;
    let factors: &[(&str, &[usize], &[f32])] = &[
        ("conv.lora_A.weight", &[1, 2, 1, 2], &[1.0, 2.0, 3.0, 4.0]),
        ("conv.lora_B.weight", &[2, 1, 1, 1], &[1.0, 10.0]),
        ("wte.lora_embedding_A", &[1, 3], &[1.0, 2.0, 3.0]),
        ("wte.lora_embedding_B", &[2, 1], &[1.0, 10.0]),
    ];
    let directory = adapter(config, factors);
    let source = opened(directory.path(), None);
    assert_eq!(source.entries()[0].shape, [2, 2, 1, 2]);
    assert_eq!(wide(&*source, "conv.weight"), [1.0, 2.0, 3.0, 4.0, 10.0, 20.0, 30.0, 40.0]);
    assert_eq!(source.entries()[1].shape, [3, 2]);
    assert_eq!(wide(&*source, "wte.weight"), [1.0, 10.0, 2.0, 20.0, 3.0, 30.0]);
}

#[test]
fn magnitudes_are_applied_to_the_sum() {
    let config = r#"{"peft_type": "LORA", "r": 1, "lora_alpha": 1, "use_dora": true}"#;
    let directory = adapter(
        config,
        &[
            ("fc.lora_A.weight", &[1, 2], &[3.0, 0.0]),
            ("fc.lora_B.weight", &[2, 1], &[1.0, 0.0]),
            ("fc.lora_magnitude_vector", &[2], &[10.0, 2.0]),
        ],
    );
    let (_base, path) = base(&[("fc.weight", &[2, 2], &[0.0, 4.0, 0.5, 0.0])]);
    let source = opened(directory.path(), Some(&path));
    assert_eq!(wide(&*source, "fc.weight"), [6.0, 8.0, 2.0, 0.0]);
}

#[test]
fn what_does_not_fit_is_named() {
    let unread = |config: &str, tensors, base: Option<&Path>| {
        let directory = adapter(config, tensors);
        let source = opened(directory.path(), base);
        let entry = source.entries().iter().find(|entry| entry.name == "h.0.fc.weight").unwrap();
        let Element::Unread(why) = &entry.element else { panic!("it was read") };
        why.clone()
    };
    let config = r#"{"peft_type": "LORA", "r": 2, "lora_alpha": 2}"#;
    let rank = r#"{"peft_type": "LORA", "r": 4, "lora_alpha": 2}"#;
    assert!(unread(rank, LINEAR, None).contains("rank 2, adapter_config.json says 4"));
    assert!(unread(config, &LINEAR[..1], None).contains("without its factor B"));
    let bad = [LINEAR[0], ("h.0.fc.lora_B.weight", &[2, 1], &[1.0, 1.0])];
    assert!(unread(config, &bad, None).contains("do not fit"));
    let (_base, other) = base(&[("h.1.fc.weight", &[2, 3], &[1.0; 6])]);
    assert!(unread(config, LINEAR, Some(&other)).contains("the base has no \"h.0.fc.weight\""));
    let (_base, small) = base(&[("h.0.fc.weight", &[2, 2], &[1.0; 4])]);
    assert!(unread(config, LINEAR, Some(&small)).contains("[2, 3], the base's weight [2, 2]"));
    let broken = adapter("{", LINEAR);
    let Err(error) = open_on(broken.path(), None) else { panic!("it was opened") };
    assert!(error.to_string().contains("adapter_config.json"), "{error}");
    let hostile = r#"{"r": 2, "rank_pattern": {"(a{1000}){1000}": 1}}"#;
    let Err(error) = open_on(adapter(hostile, LINEAR).path(), None) else {
        panic!("it was opened")
    };
    assert!(error.to_string().contains("pattern"), "{error}");
}
