//! 8-bit floats of safetensors with the scales of DeepSeek, of compressed-tensors and of none.

use crate::support::{file, names, opened, values};
use rmt_cli::formats::Element;
use rmt_monitor::WeightValues;

/// A file of these tensors: name, type, sides, bytes.
pub(crate) fn safetensors(tensors: &[(&str, &str, &[usize], Vec<u8>)]) -> Vec<u8> {
    let (mut header, mut data) = (serde_json::Map::new(), Vec::new());
    for (name, dtype, shape, bytes) in tensors {
        let begin = data.len();
        data.extend(bytes);
        let told = serde_json::json!({ "dtype": dtype, "shape": shape, "data_offsets": [begin, data.len()] });
        header.insert((*name).to_owned(), told);
    }
    let header = serde_json::to_vec(&header).unwrap();
    [&(header.len() as u64).to_le_bytes()[..], &header, &data].concat()
}

fn single(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// 1 in four bits of exponent and three of fraction.
const ONE: u8 = 0x38;

/// A tensor: name, type, sides, bytes.
type Tensor = (&'static str, &'static str, &'static [usize], Vec<u8>);

/// A scale for each row, none, and one that does not fit.
fn small() -> Vec<Tensor> {
    vec![
        ("b.weight", "F8_E4M3", &[2, 3], vec![ONE; 6]),
        ("b.weight_scale", "BF16", &[2, 1], vec![0x80, 0x3F, 0x00, 0x40]),
        ("c.weight", "F8_E5M2", &[2, 2], vec![0x3C, 0x40, 0xBC, 0x00]),
        ("d.weight", "F8_E4M3", &[2, 2], vec![ONE; 4]),
        ("d.weight_scale", "F32", &[3, 2], single(&[1.0; 6])),
    ]
}

pub(crate) fn sample() -> Vec<u8> {
    safetensors(&small())
}

#[test]
fn scales_are_multiplied_in_and_are_no_tensors_of_their_own() {
    let mut tensors = small();
    tensors.push(("a.weight", "F8_E4M3", &[130, 129], vec![ONE; 130 * 129]));
    tensors.push(("a.weight_scale_inv", "F32", &[2, 2], single(&[2.0, 3.0, 5.0, 7.0])));
    let (_directory, path) = file("a.safetensors", &safetensors(&tensors));
    let source = opened(&path);
    assert_eq!(names(&*source), ["a.weight", "b.weight", "c.weight", "d.weight"]);
    let WeightValues::F32(blocks) = values(&*source, "a.weight") else { panic!("not single") };
    let at = |row: usize, column: usize| blocks[129 * row + column];
    assert_eq!([at(0, 0), at(127, 128), at(128, 127), at(129, 128)], [2.0, 3.0, 5.0, 7.0]);
    assert_eq!(blocks.iter().sum::<f32>(), 2.0 * 16384.0 + 3.0 * 128.0 + 5.0 * 256.0 + 14.0);
    assert_eq!(values(&*source, "b.weight"), WeightValues::F32(vec![1.0, 1.0, 1.0, 2.0, 2.0, 2.0]));
    assert_eq!(values(&*source, "c.weight"), WeightValues::F32(vec![1.0, 2.0, -1.0, 0.0]));
    let Element::Unread(why) = &source.entries()[3].element else { panic!("it was read") };
    assert_eq!(why, "its scale of shape [3, 2] does not fit it");
    assert!(source.notes()[0].starts_with("2 tensors of eight bits"), "{:?}", source.notes());
}
