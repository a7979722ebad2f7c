//! safetensors files.

use crate::support::{bytes_refused, file, names, opened, refused, values};
use rmt_cli::formats::{Convention, Element};
use rmt_monitor::WeightValues;
use safetensors::tensor::{Dtype, TensorView, serialize};

/// A header, its length, and so many bytes of data.
pub(crate) fn by_hand(header: &str, data: usize) -> Vec<u8> {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.resize(bytes.len() + data, 0);
    bytes
}

/// A file with a tensor of each type that is read, and one that is not.
pub(crate) fn sample() -> Vec<u8> {
    let single: Vec<u8> =
        [1.0f32, -2.0, 3.5, 0.0, 5.0, 6.0].iter().flat_map(|x| x.to_le_bytes()).collect();
    let double: Vec<u8> = [0.1f64, -1e300].iter().flat_map(|x| x.to_le_bytes()).collect();
    let half: Vec<u8> = [0x3C00u16, 0xC000].iter().flat_map(|x| x.to_le_bytes()).collect();
    let brain: Vec<u8> = [0x3F80u16, 0xC020].iter().flat_map(|x| x.to_le_bytes()).collect();
    let view = |dtype, shape: &[usize], data| TensorView::new(dtype, shape.to_vec(), data).unwrap();
    let tensors = [
        ("layer.10.weight", view(Dtype::F32, &[2, 3], &single[..])),
        ("layer.2.weight", view(Dtype::F64, &[1, 2], &double)),
        ("half", view(Dtype::F16, &[2, 1], &half)),
        ("brain", view(Dtype::BF16, &[2], &brain)),
        ("steps", view(Dtype::I64, &[1], &[7, 0, 0, 0, 0, 0, 0, 0])),
        ("none", view(Dtype::F32, &[0, 4], &[])),
    ];
    serialize(tensors, None).unwrap()
}

#[test]
fn every_type_is_read_in_the_order_of_the_names() {
    let (_directory, path) = file("model.safetensors", &sample());
    let source = opened(&path);
    assert_eq!(source.convention(), Convention::OutIn);
    assert_eq!(
        names(&*source),
        ["brain", "half", "layer.2.weight", "layer.10.weight", "none", "steps"]
    );
    assert_eq!(source.entries()[3].shape, [2, 3]);
    assert_eq!(source.entries()[3].bytes, 24);
    assert_eq!(source.entries()[0].element, Element::BF16);
    assert_eq!(source.entries()[1].element, Element::F16);
    let single = WeightValues::F32(vec![1.0, -2.0, 3.5, 0.0, 5.0, 6.0]);
    assert_eq!(values(&*source, "layer.10.weight"), single);
    assert_eq!(values(&*source, "layer.2.weight"), WeightValues::F64(vec![0.1, -1e300]));
    assert_eq!(values(&*source, "half"), WeightValues::F32(vec![1.0, -2.0]));
    assert_eq!(values(&*source, "brain"), WeightValues::F32(vec![1.0, -2.5]));
    assert_eq!(values(&*source, "none"), WeightValues::F32(vec![]));
}

#[test]
fn a_type_that_is_no_weight_is_listed_and_not_read() {
    let (_directory, path) = file("model.safetensors", &sample());
    let source = opened(&path);
    assert_eq!(source.entries()[5].element, Element::Other("I64".into()));
    let said = source.read(5).unwrap_err().to_string();
    assert!(said.contains("\"steps\"") && said.contains("I64"), "{said}");
}

#[test]
fn the_content_tells_the_format_whatever_the_name() {
    let (_directory, path) = file("weights.pt", &sample());
    assert_eq!(opened(&path).entries().len(), 6);
}

#[test]
fn a_header_that_is_longer_than_the_file_is_refused() {
    for length in [u64::MAX, u64::MAX - 7, 1 << 40, 100_000_001, 3] {
        let mut bytes = length.to_le_bytes().to_vec();
        bytes.extend(b"{}");
        bytes_refused("a.safetensors", &bytes, "safetensors header of");
    }
    bytes_refused("a.safetensors", b"{}", "shorter");
}

#[test]
fn headers_that_lie_are_refused() {
    let refusals = [
        (r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}"#, 8, "cannot be read"),
        (r#"{"a":3}"#, 0, "cannot be read"),
        (r#"{"a":{"dtype":"F33","shape":[2],"data_offsets":[0,8]}}"#, 8, "F33"),
        (r#"{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}"#, 8, "cannot be read"),
        (r#"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#, 8, "wrong"),
        (r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#, 8, "wrong"),
        (r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, 7, "truncated"),
        (r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, 9, "not written to its end"),
        (
            r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#,
            12,
            "wrong",
        ),
        (
            r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}}"#,
            16,
            "occurs twice",
        ),
        (
            r#"{"a":{"dtype":"F64","shape":[4294967296,4294967296],"data_offsets":[0,8]}}"#,
            8,
            "wrong",
        ),
        (r#"{"a":{"dtype":"F64","shape":[2305843009213693952],"data_offsets":[0,8]}}"#, 8, "wrong"),
        (
            r#"{"a":{"dtype":"F32","shape":[],"data_offsets":[18446744073709551612,18446744073709551615]}}"#,
            4,
            "wrong",
        ),
    ];
    for (header, data, because) in refusals {
        bytes_refused("a.safetensors", &by_hand(header, data), because);
    }
    let deep = "[".repeat(100_000);
    for name in ["a", "__metadata__"] {
        let header = format!("{{\"{name}\":{deep}");
        bytes_refused("a.safetensors", &by_hand(&header, 0), "cannot be read");
    }
}

#[test]
fn a_file_that_shrinks_while_it_is_open_is_an_error() {
    let (_directory, path) = file("model.safetensors", &sample());
    let source = opened(&path);
    let whole = std::fs::metadata(&path).unwrap().len();
    std::fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(whole - 24).unwrap();
    let errors: Vec<String> =
        (0..5).filter_map(|i| source.read(i).err()).map(|error| error.to_string()).collect();
    assert!(!errors.is_empty());
    assert!(errors.iter().all(|error| error.contains("has shrunk")), "{errors:?}");
}

#[test]
fn what_is_no_file_is_refused_at_once() {
    let directory = tempfile::tempdir().unwrap();
    refused(&directory.path().join("missing.safetensors"), "No such file");
    bytes_refused("empty.safetensors", b"", "empty");
    bytes_refused("a.txt", b"hello", "not a checkpoint of a known format");
    #[cfg(unix)]
    {
        let pipe = directory.path().join("pipe.safetensors");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        refused(&pipe, "neither a file nor a directory");
        refused(std::path::Path::new("/dev/zero"), "neither a file nor a directory");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_name_that_is_not_utf8_is_read() {
    use std::os::unix::ffi::OsStrExt;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(std::ffi::OsStr::from_bytes(b"m\xff\xfe.safetensors"));
    std::fs::write(&path, sample()).unwrap();
    assert_eq!(opened(&path).entries().len(), 6);
    assert_eq!(opened(directory.path()).entries().len(), 6);
    std::fs::write(&path, b"nothing").unwrap();
    refused(&path, "shorter");
}
