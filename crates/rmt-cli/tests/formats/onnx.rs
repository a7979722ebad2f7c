//! Models of ONNX byte by byte.

use crate::support::{bytes_refused, file, names, opened, values};
use rmt_cli::formats::{Element, Usage};
use rmt_core::Orientation;
use rmt_monitor::WeightValues;
use std::fs;

fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

/// A field of a number, and of bytes.
fn number(field: u64, value: u64) -> Vec<u8> {
    [varint(field << 3), varint(value)].concat()
}

fn range(field: u64, bytes: &[u8]) -> Vec<u8> {
    [&varint(field << 3 | 2)[..], &varint(bytes.len() as u64), bytes].concat()
}

fn tensor(name: &str, kind: u64, shape: &[u64], data: &[u8]) -> Vec<u8> {
    let sides: Vec<u8> = shape.iter().flat_map(|&side| number(1, side)).collect();
    [&sides[..], &number(2, kind), &range(8, name.as_bytes()), data].concat()
}

/// A node: operator, name, inputs, output, attributes.
fn node(operator: &str, name: &str, inputs: &[&str], output: &str, more: &[u8]) -> Vec<u8> {
    let inputs: Vec<u8> = inputs.iter().flat_map(|input| range(1, input.as_bytes())).collect();
    let named =
        [range(2, output.as_bytes()), range(3, name.as_bytes()), range(4, operator.as_bytes())];
    [&inputs[..], &named.concat(), more].concat()
}

fn attribute(name: &str, value: &[u8]) -> Vec<u8> {
    range(5, &[&range(1, name.as_bytes())[..], value].concat())
}

fn model(nodes: &[Vec<u8>], tensors: &[Vec<u8>]) -> Vec<u8> {
    let nodes = nodes.iter().flat_map(|node| range(1, node));
    let tensors = tensors.iter().flat_map(|tensor| range(5, tensor));
    let graph: Vec<u8> = nodes.chain(tensors).collect();
    [number(1, 8), range(2, b"pytorch"), range(7, &graph)].concat()
}

fn single(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// Every way of holding data in the file, and a constant in a graph within the graph.
pub(crate) fn sample() -> Vec<u8> {
    let six = single(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    let halves: Vec<u8> = [0x3C00u64, 0x4000, 0xC000, 0].into_iter().flat_map(varint).collect();
    let inner = tensor("", 1, &[1, 2], &range(9, &single(&[7.0, 8.0])));
    let constant = node("Constant", "", &[], "inner", &attribute("value", &range(5, &inner)));
    let branch = attribute("then_branch", &range(6, &range(1, &constant)));
    model(
        &[
            node("MatMul", "/h.0/attn/query/MatMul", &["x", "onnx::MatMul_7"], "y", &[]),
            node(
                "Gemm",
                "fc",
                &["y", "fc.weight", "fc.bias"],
                "z",
                &attribute("transB", &number(3, 1)),
            ),
            node("Transpose", "", &["turned"], "t", &[]),
            node("MatMul", "last", &["z", "t"], "u", &[]),
            node("Gather", "look", &["table", "ids"], "v", &[]),
            node("If", "", &["c"], "w", &branch),
        ],
        &[
            tensor("onnx::MatMul_7", 1, &[2, 3], &range(9, &six)),
            tensor("fc.weight", 1, &[3, 2], &range(4, &six)),
            tensor("fc.bias", 11, &[1], &range(10, &2.5f64.to_le_bytes())),
            tensor("turned", 10, &[2, 2], &range(5, &halves)),
            tensor("table", 16, &[1, 2], &range(9, &[0x80, 0x3F, 0x00, 0x40])),
            tensor("counts", 7, &[1, 2], &range(9, &[0; 16])),
        ],
    )
}

#[test]
fn tensors_are_read_however_they_are_held() {
    let (_directory, path) = file("a.onnx", &sample());
    let source = opened(&path);
    let expected =
        ["counts", "fc.bias", "fc.weight", "h.0.attn.query.weight", "inner", "table", "turned"];
    assert_eq!(names(&*source), expected);
    let six = WeightValues::F32(vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    assert_eq!(values(&*source, "fc.weight"), six);
    assert_eq!(values(&*source, "h.0.attn.query.weight"), six);
    assert_eq!(values(&*source, "fc.bias"), WeightValues::F64(vec![2.5]));
    assert_eq!(values(&*source, "turned"), WeightValues::F32(vec![1.0, 2.0, -2.0, 0.0]));
    assert_eq!(values(&*source, "table"), WeightValues::F32(vec![1.0, 2.0]));
    assert_eq!(values(&*source, "inner"), WeightValues::F32(vec![7.0, 8.0]));
    assert_eq!(source.entries()[0].element, Element::Other("I64".into()));
    let usage = |name: &str| source.usage(names(&*source).iter().position(|n| *n == name).unwrap());
    let linear = |orientation| Some(Usage::Linear(orientation));
    assert_eq!(usage("h.0.attn.query.weight"), linear(Orientation::InOut));
    assert_eq!(usage("fc.weight"), linear(Orientation::OutIn));
    assert_eq!(usage("turned"), linear(Orientation::OutIn));
    assert_eq!(usage("table"), Some(Usage::Embedding));
    assert_eq!(source.path(3), "onnx::MatMul_7");
}

#[test]
fn data_in_another_file_are_read_beside_the_model_only() {
    let pair = |key: &str, value: &str| {
        range(13, &[range(1, key.as_bytes()), range(2, value.as_bytes())].concat())
    };
    let outside = |file: &str, offset: &str| {
        let data =
            [pair("location", file), pair("offset", offset), pair("length", "8"), number(14, 1)];
        model(&[], &[tensor("a", 1, &[2, 1], &data.concat())])
    };
    let (directory, path) = file("a.onnx", &outside("a.data", "4"));
    fs::write(directory.path().join("a.data"), single(&[9.0, 1.0, 2.0])).unwrap();
    assert_eq!(values(&*opened(&path), "a"), WeightValues::F32(vec![1.0, 2.0]));
    for (name, offset, why) in [
        ("a.data", "8", "not all in"),
        ("b.data", "0", "its data are in \"b.data\""),
        ("../a.data", "0", "not a file beside it"),
        ("/etc/passwd", "0", "not a file beside it"),
    ] {
        fs::write(&path, outside(name, offset)).unwrap();
        let source = opened(&path);
        let Element::Unread(said) = &source.entries()[0].element else { panic!("{name} was read") };
        assert!(said.contains(why), "{name}: {said}");
    }
}

#[test]
fn a_message_that_lies_is_refused() {
    let graph = range(7, &range(5, &tensor("a", 1, &[2, 2], &range(9, &[0; 16]))));
    bytes_refused("a.onnx", &graph[..graph.len() - 1], "reaches beyond the end");
    bytes_refused("a.onnx", &[0x08, 8, 0x12, 1, b'x'], "no graph");
    bytes_refused("a.onnx", &[0x08, 8, 0x12, 1, b'x', 0x3F], "no known encoding");
    bytes_refused("a.onnx", &[&[0x08][..], &[0xFF; 11]].concat(), "more than ten bytes");
    let mut deep = Vec::new();
    for _ in 0..40 {
        deep = range(1, &node("If", "", &[], "", &attribute("then_branch", &range(6, &deep))));
    }
    bytes_refused("a.onnx", &range(7, &deep), "graphs lie in graphs");
    let unread = |data: &[u8], shape: &[u64]| {
        let (_directory, path) = file("a.onnx", &model(&[], &[tensor("a", 1, shape, data)]));
        let Element::Unread(why) = opened(&path).entries()[0].element.clone() else {
            panic!("read")
        };
        why
    };
    assert!(unread(&range(9, &[0; 12]), &[2, 2]).contains("not its shape's"));
    assert!(unread(&[], &[2, 2]).contains("no data"));
    assert!(unread(&[range(4, &[0; 8]), range(4, &[0; 8])].concat(), &[2, 2]).contains("pieces"));
}
