//! burn's own files.

use crate::support::{bytes_refused, file, names, opened, values};
use ciborium::{Value, cbor};
use rmt_cli::formats::{Convention, Element};
use rmt_monitor::WeightValues;

/// Written by burn's own writer; see `make_with_burn_pack`.
pub(crate) const WRITTEN: &[u8] = include_bytes!("../files/burn.bpk");

/// A file with this header, and so many bytes of data.
fn pack(header: &Value, data: usize) -> Vec<u8> {
    let mut cbor = Vec::new();
    ciborium::ser::into_writer(header, &mut cbor).unwrap();
    let mut bytes = b"NRUB\x01\x00".to_vec();
    bytes.extend((cbor.len() as u32).to_le_bytes());
    bytes.extend(cbor);
    bytes.resize(bytes.len().next_multiple_of(256) + data, 0);
    bytes
}

#[test]
fn what_burn_writes_is_read() {
    let (_directory, path) = file("model.bpk", WRITTEN);
    let source = opened(&path);
    assert_eq!(source.convention(), Convention::Unknown);
    assert_eq!(
        names(&*source),
        ["brain", "half", "layer.2.weight", "layer.10.weight", "mask", "quantised", "steps"]
    );
    let exact: Vec<f64> = (0..12).map(|i| f64::from(i / 4 - 1) + f64::from(i % 4) / 8.0).collect();
    let single = WeightValues::F32(exact.iter().map(|&x| x as f32).collect());
    assert_eq!(values(&*source, "layer.2.weight"), WeightValues::F64(exact));
    for name in ["layer.10.weight", "half", "brain"] {
        assert_eq!(values(&*source, name), single, "{name}");
    }
    assert_eq!(source.entries()[3].shape, [3, 4]);
    for (at, name) in [(4, "Bool"), (5, "QFloat"), (6, "I64")] {
        assert_eq!(source.entries()[at].element, Element::Other(name.into()));
        assert!(source.read(at).unwrap_err().to_string().contains(name));
    }
}

#[test]
fn headers_that_lie_are_refused() {
    let tensor = |dtype: &str, shape: &[u64], start: u64, end: u64| {
        cbor!({ "dtype" => dtype, "shape" => shape, "data_offsets" => [start, end] }).unwrap()
    };
    let one = |tensor: Value| cbor!({ "tensors" => { "a" => tensor } }).unwrap();
    let two = |name: &str, first: Value, second: Value| {
        let pairs = vec![(Value::Text("a".into()), first), (Value::Text(name.into()), second)];
        Value::Map(vec![(Value::Text("tensors".into()), Value::Map(pairs))])
    };
    let refusals = [
        (one(tensor("F32", &[2], 0, 8)), 7, "beyond the end"),
        (one(tensor("F32", &[3], 0, 8)), 8, "do not agree"),
        (one(tensor("F32", &[2], 8, 0)), 8, "do not agree"),
        (one(tensor("F32", &[1 << 32, 1 << 32], 0, 0)), 8, "do not agree"),
        (one(tensor("F32", &[2], u64::MAX - 8, u64::MAX)), 8, "do not agree"),
        (one(tensor("I64", &[2], 0, u64::MAX)), 8, "beyond the end"),
        (two("b", tensor("F32", &[2], 0, 8), tensor("F32", &[2], 4, 12)), 12, "overlap"),
        (two("a", tensor("F32", &[2], 0, 8), tensor("F32", &[2], 8, 16)), 16, "occurs twice"),
        (cbor!({ "tensors" => 3 }).unwrap(), 0, "cannot be read"),
        (cbor!({ "metadata" => {} }).unwrap(), 0, "tensors"),
        (
            one(cbor!({ "dtype" => {}, "shape" => [], "data_offsets" => [0, 0] }).unwrap()),
            0,
            "name",
        ),
    ];
    for (header, data, because) in refusals {
        bytes_refused("a.bpk", &pack(&header, data), because);
    }
    bytes_refused("a.bpk", b"NRUB\x01", "shorter");
    bytes_refused("a.bpk", b"NRUB\x02\x00\x00\x00\x00\x00", "version 2");
    bytes_refused("a.bpk", b"NRUB\x01\x00\xff\xff\xff\xff", "header of 4294967295");
    // Lists in lists, without end.
    let mut deep = b"NRUB\x01\x00\x00\x00\x01\x00".to_vec();
    deep.resize(deep.len() + 65536, 0x81);
    bytes_refused("a.bpk", &deep, "header cannot be read");
    // A text that claims to be as long as a disk.
    let mut long = b"NRUB\x01\x00\x0a\x00\x00\x00\xa1\x7b".to_vec();
    long.extend([0, 0, 0xff, 0, 0, 0, 0, 0]);
    bytes_refused("a.bpk", &long, "header cannot be read");
}
