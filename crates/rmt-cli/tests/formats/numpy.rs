//! NumPy's files.

use crate::support::{bytes_refused, file, names, opened, values};
use rmt_cli::formats::{Convention, Element};
use rmt_monitor::WeightValues;
use std::io::{Cursor, Write};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// A file of version 1 with this header.
pub(crate) fn npy(header: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    bytes
}

/// The header that NumPy writes.
pub(crate) fn header(descr: &str, fortran: bool, shape: &str) -> String {
    let fortran = if fortran { "True" } else { "False" };
    format!("{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}\n")
}

/// An archive of these members.
pub(crate) fn npz(members: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(method);
    for (name, bytes) in members {
        writer.start_file(*name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn singles(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|x| x.to_le_bytes()).collect()
}

#[test]
fn an_array_is_called_as_its_file() {
    let bytes = npy(&header("<f4", false, "(2, 3)"), &singles(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
    let (_directory, path) = file("attention.npy", &bytes);
    let source = opened(&path);
    assert_eq!(names(&*source), ["attention"]);
    assert_eq!(source.convention(), Convention::Unknown);
    assert_eq!(source.entries()[0].shape, [2, 3]);
    let expected = WeightValues::F32(vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    assert_eq!(values(&*source, "attention"), expected);
}

#[test]
fn both_orders_of_bytes_and_of_sides_are_read() {
    let big: Vec<u8> =
        [1.0f64, 2.0, 3.0, 4.0, 5.0, 6.0].iter().flat_map(|x| x.to_be_bytes()).collect();
    let (_directory, path) = file("a.npy", &npy(&header(">f8", true, "(2, 3)"), &big));
    let expected = WeightValues::F64(vec![1.0, 3.0, 5.0, 2.0, 4.0, 6.0]);
    assert_eq!(values(&*opened(&path), "a"), expected);
    let half = npy(&header(">f2", false, "(1,)"), &[0xC0, 0x00]);
    let (_directory, path) = file("a.npy", &half);
    assert_eq!(values(&*opened(&path), "a"), WeightValues::F32(vec![-2.0]));
}

#[test]
fn every_version_of_the_header_is_read() {
    for version in [1, 2, 3] {
        let mut bytes = npy(&header("<f4", false, "()"), &singles(&[7.0]));
        bytes[6] = version;
        if version > 1 {
            bytes.splice(10..10, [0, 0]);
        }
        let (_directory, path) = file("a.npy", &bytes);
        assert_eq!(values(&*opened(&path), "a"), WeightValues::F32(vec![7.0]), "{version}");
    }
    let mut bytes = npy(&header("<f4", false, "()"), &singles(&[7.0]));
    bytes[6] = 4;
    bytes_refused("a.npy", &bytes, "version [4, 0]");
}

#[test]
fn other_types_are_listed_and_never_unpickled() {
    let types = [
        ("|O", "object"),
        ("<i8", "i8"),
        ("|V3", "V3"),
        ("<f16", "longdouble"),
        ("<c8", "c8"),
        ("|b1", "b1"),
        ("<U7", "U7"),
    ];
    for (descr, name) in types {
        let bytes = npy(&header(descr, false, "(1,)"), include_bytes!("../files/hostile.pkl"));
        let (_directory, path) = file("a.npy", &bytes);
        let source = opened(&path);
        assert_eq!(source.entries()[0].element, Element::Other(name.into()));
        assert!(source.read(0).unwrap_err().to_string().contains(name));
    }
    let structured = "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}";
    let (_directory, path) = file("a.npy", &npy(structured, &[0; 4]));
    assert_eq!(opened(&path).entries()[0].element, Element::Other("structured".into()));
}

#[test]
fn headers_that_lie_are_refused() {
    let good = header("<f4", false, "(2,)");
    let refusals = [
        (npy(&good, &[0; 7]), "does not fit"),
        (npy(&header("<f4", false, "(4294967296, 4294967296)"), &[0; 8]), "does not fit"),
        (npy(&header("<f4", false, "(18446744073709551615,)"), &[0; 8]), "does not fit"),
        (npy(&header("<f4", false, "(18446744073709551616,)"), &[0; 8]), "cannot be read"),
        (npy(&header("<f4", false, "(-1,)"), &[0; 8]), "cannot be read"),
        (npy(&header("<f4", false, "2"), &[0; 8]), "no tuple"),
        (npy(&header("<f4", false, "('a',)"), &[0; 8]), "not a side"),
        (npy("{'descr': '<f4', 'shape': (2,)}", &[0; 8]), "fortran_order"),
        (npy("{'descr': 3, 'fortran_order': False, 'shape': (2,)}", &[0; 8]), "not a type"),
        (npy("{'descr': '<f4', 'fortran_order': 1, 'shape': (2,)}", &[0; 8]), "neither True"),
        (npy("{'shape': (), 'shape': ()}", &[]), "twice"),
        (npy("__import__('os').system('x')", &[]), "not a Python dict"),
        (npy(&good, &[])[..40].to_vec(), "header of"),
        (b"\x93NUMPY".to_vec(), "ends within"),
        (b"\x93NUMPY\x02\x00\xff\xff\xff\xff{}".to_vec(), "header of 4294967295"),
        (b"\x93NUMPX\x01\x00".to_vec(), "known format"),
    ];
    for (bytes, because) in refusals {
        bytes_refused("a.npy", &bytes, because);
    }
}

#[test]
fn an_archive_has_its_arrays_in_the_order_they_were_saved() {
    let b = npy(&header("<f4", false, "(2,)"), &singles(&[1.0, 2.0]));
    let a = npy(&header("<f8", true, "(2, 2)"), &[0; 32]);
    let pickled = npy(&header("|O", false, "(1,)"), b"no pickle");
    let members: [(&str, &[u8]); 5] = [
        ("b.npy", &b),
        ("layers/a.npy", &a),
        ("objects.npy", &pickled),
        ("readme.txt", b"hello"),
        ("empty.npy", &npy(&header("<f4", false, "(0, 3)"), &[])),
    ];
    for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
        let (_directory, path) = file("arrays.npz", &npz(&members, method));
        let source = opened(&path);
        assert_eq!(names(&*source), ["b", "layers/a", "objects", "empty"]);
        assert_eq!(source.convention(), Convention::Unknown);
        assert_eq!(values(&*source, "b"), WeightValues::F32(vec![1.0, 2.0]));
        assert_eq!(values(&*source, "layers/a"), WeightValues::F64(vec![0.0; 4]));
        assert_eq!(values(&*source, "empty"), WeightValues::F32(vec![]));
        assert!(source.read(2).unwrap_err().to_string().contains("object"));
        assert_eq!(source.notes(), ["1 members of the archive are not arrays"]);
    }
}

#[test]
fn threads_read_one_archive_at_once() {
    let data: Vec<f32> = (0..100_000).map(|i| i as f32).collect();
    let a = npy(&header("<f4", false, "(100000,)"), &singles(&data));
    let (_directory, path) = file("a.npz", &npz(&[("a.npy", &a)], CompressionMethod::Deflated));
    let source = opened(&path);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert_eq!(values(&*source, "a"), WeightValues::F32(data.clone())));
        }
    });
}

#[test]
fn a_deflated_array_may_be_all_zeros_and_not_more() {
    let zeros = npy(&header("<f4", false, "(1000000,)"), &vec![0; 4_000_000]);
    let bytes = npz(&[("a.npy", &zeros)], CompressionMethod::Deflated);
    assert!(bytes.len() < 10_000);
    let (_directory, path) = file("a.npz", &bytes);
    assert_eq!(values(&*opened(&path), "a"), WeightValues::F32(vec![0.0; 1_000_000]));

    // The directory claims more than deflate can make of it.
    let mut bomb = bytes.clone();
    let directory = bomb.windows(4).rposition(|w| w == b"PK\x01\x02").unwrap();
    bomb[directory + 24..directory + 28].copy_from_slice(&0x7fff_ffffu32.to_le_bytes());
    bytes_refused("a.npz", &bomb, "which is impossible");

    // It claims less than there is, and so does the array.
    let short = npy(&header("<f4", false, "(10,)"), &[0; 40]);
    let mut small =
        npz(&[("a.npy", &[&short[..], &[0; 4_000_000]].concat())], CompressionMethod::Deflated);
    let directory = small.windows(4).rposition(|w| w == b"PK\x01\x02").unwrap();
    small[directory + 24..directory + 28].copy_from_slice(&(short.len() as u32).to_le_bytes());
    let (_directory, path) = file("a.npz", &small);
    let said = opened(&path).read(0).unwrap_err().to_string();
    assert!(said.contains("larger than its declared"), "{said}");
}

#[test]
fn archives_that_lie_are_refused() {
    let array = npy(&header("<f4", false, "(2,)"), &[0; 8]);
    let longer = npy(&header("<f4", false, "(2,)"), &[0; 9]);
    let stored = |members: &[(&str, &[u8])]| npz(members, CompressionMethod::Stored);
    bytes_refused("a.npz", &stored(&[("a.npy", &longer)]), "its header claims");
    bytes_refused("a.npz", &stored(&[("a.npy", b"hello")]), "ends within");
    bytes_refused("a.npz", &stored(&[("a.txt", b"hello")]), "neither NumPy arrays");
    bytes_refused("a.npz", &stored(&[]), "neither NumPy arrays");
    bytes_refused("a.npz", b"PK\x03\x04hello", "zip directory");

    // A wrong checksum is noticed when the values are read.
    let mut damaged = stored(&[("a.npy", &array)]);
    let last = damaged.windows(4).position(|w| w == b"PK\x01\x02").unwrap() - 1;
    damaged[last] ^= 1;
    let (_directory, path) = file("a.npz", &damaged);
    assert!(opened(&path).read(0).unwrap_err().to_string().contains("checksum"));

    // The second name becomes the first.
    let mut twice = stored(&[("a.npy", &array), ("b.npy", &array)]);
    for at in 0..twice.len() - 5 {
        if &twice[at..at + 5] == b"b.npy" {
            twice[at] = b'a';
        }
    }
    bytes_refused("a.npz", &twice, "one name");

    // Both members claim the bytes of the first.
    let mut overlapping = stored(&[("a.npy", &array), ("b.npy", &array)]);
    let second = overlapping.windows(4).rposition(|w| w == b"PK\x01\x02").unwrap();
    overlapping[second + 42..second + 46].copy_from_slice(&0u32.to_le_bytes());
    bytes_refused("a.npz", &overlapping, "overlap");
}
