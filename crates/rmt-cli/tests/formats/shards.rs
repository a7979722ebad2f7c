//! Checkpoints in several files, and directories.

use crate::safetensors::{by_hand, sample};
use crate::support::{names, opened, refused, values};
use rmt_cli::formats::Convention;
use rmt_monitor::WeightValues;
use std::fs;
use std::path::Path;

const INDEX: &str = "model.safetensors.index.json";

/// Two shards and an index with this map.
fn model(directory: &Path, map: &str) {
    let first = r#"{"l.10.w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"unlisted":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#;
    let second = r#"{"l.2.w":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}}"#;
    let mut bytes = by_hand(first, 0);
    bytes.extend([1.5f32, 2.5].iter().flat_map(|x| x.to_le_bytes()));
    fs::write(directory.join("model-1.safetensors"), bytes).unwrap();
    let mut bytes = by_hand(second, 0);
    bytes.extend(0.1f64.to_le_bytes());
    fs::write(directory.join("model-2.safetensors"), bytes).unwrap();
    let index = format!(r#"{{"metadata":{{"total_size":16}},"weight_map":{map}}}"#);
    fs::write(directory.join(INDEX), index).unwrap();
}

const GOOD: &str = r#"{"l.10.w":"model-1.safetensors","l.2.w":"model-2.safetensors"}"#;

#[test]
fn the_index_says_what_there_is() {
    let directory = tempfile::tempdir().unwrap();
    model(directory.path(), GOOD);
    for path in [directory.path(), &directory.path().join(INDEX)] {
        let source = opened(path);
        assert_eq!(names(&*source), ["l.2.w", "l.10.w"]);
        assert_eq!(source.convention(), Convention::OutIn);
        assert_eq!(values(&*source, "l.10.w"), WeightValues::F32(vec![1.5]));
        assert_eq!(values(&*source, "l.2.w"), WeightValues::F64(vec![0.1]));
        assert!(source.read(2).is_err());
    }
}

#[cfg(unix)]
#[test]
fn shards_may_be_links_as_in_a_cache() {
    let directory = tempfile::tempdir().unwrap();
    let blobs = directory.path().join("blobs");
    let snapshot = directory.path().join("snapshot");
    fs::create_dir(&blobs).unwrap();
    fs::create_dir(&snapshot).unwrap();
    model(&blobs, GOOD);
    for name in [INDEX, "model-1.safetensors", "model-2.safetensors"] {
        std::os::unix::fs::symlink(Path::new("../blobs").join(name), snapshot.join(name)).unwrap();
    }
    assert_eq!(opened(&snapshot).entries().len(), 2);
}

#[test]
fn an_index_that_lies_is_refused() {
    let refusals = [
        (
            r#"{"l.10.w":"model-2.safetensors"}"#,
            "it places tensor \"l.10.w\" in shard \"model-2.safetensors\"",
        ),
        (r#"{"l.10.w":"model-3.safetensors"}"#, "missing"),
        (r#"{"l.10.w":"../model-1.safetensors"}"#, "not a file beside the index"),
        (r#"{"l.10.w":"./model-1.safetensors"}"#, "not a file beside the index"),
        (r#"{"l.10.w":"/etc/passwd"}"#, "not a file beside the index"),
        (r#"{"l.10.w":".."}"#, "not a file beside the index"),
        (r#"{"l.10.w":"."}"#, "not a file beside the index"),
        (r#"{"l.10.w":""}"#, "not a file beside the index"),
        (r#"{"l.10.w":"a\\b"}"#, "not a file beside the index"),
        (r#"{"l.10.w":"C:model-1.safetensors"}"#, "not a file beside the index"),
        (r#"{"l.10.w":"a\u0000b"}"#, "not a file beside the index"),
        (r#"{"l.2.w":"model-2.safetensors","l.2.w":"model-2.safetensors"}"#, "occurs twice"),
        (r#"{"l.2.w":3}"#, "cannot be read"),
        (r#"["l.2.w"]"#, "cannot be read"),
        // The index itself is no shard.
        (r#"{"l.2.w":"model.safetensors.index.json"}"#, "not a safetensors file"),
    ];
    for (map, because) in refusals {
        let directory = tempfile::tempdir().unwrap();
        model(directory.path(), map);
        refused(&directory.path().join(INDEX), because);
    }
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join(INDEX), "{}").unwrap();
    refused(&directory.path().join(INDEX), "weight_map");
}

#[test]
fn a_shard_that_changes_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    model(directory.path(), GOOD);
    let source = opened(directory.path());
    fs::write(directory.path().join("model-2.safetensors"), sample()).unwrap();
    let said = source.read(0).unwrap_err().to_string();
    assert!(said.contains("model-2.safetensors") && said.contains("has changed"), "{said}");
    fs::remove_file(directory.path().join("model-2.safetensors")).unwrap();
    assert!(source.read(0).is_err());
}

#[test]
fn a_directory_stands_for_its_only_checkpoint() {
    let directory = tempfile::tempdir().unwrap();
    refused(&directory.path().join("."), "there is no checkpoint in this directory");
    // What trainers put beside a model does not count.
    for name in ["optimizer.pt", "rng_state_0.pth", "training_args.bin", "config.json", "a.txt"] {
        fs::write(directory.path().join(name), "x").unwrap();
    }
    refused(&directory.path().join("."), "there is no checkpoint in this directory");
    fs::write(directory.path().join("model.safetensors"), sample()).unwrap();
    assert_eq!(opened(directory.path()).entries().len(), 6);
    fs::write(directory.path().join("ema.PT"), "x").unwrap();
    refused(
        &directory.path().join("."),
        "it holds 2 checkpoints; name one: ema.PT, model.safetensors",
    );
}
