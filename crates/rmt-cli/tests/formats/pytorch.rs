//! PyTorch's files, written by PyTorch; see `make_with_torch.py`.

use crate::hostile;
use crate::support::{bytes_refused, file, names, opened, values};
use rmt_cli::formats::{Convention, Element, Source};
use rmt_monitor::WeightValues;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use zip::CompressionMethod;
use zip::write::SimpleFileOptions;

fn written(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files").join(name)
}

/// Entry of the matrices that the program makes.
fn exact(row: usize, column: usize) -> f64 {
    row as f64 - 1.0 + column as f64 / 8.0
}

fn matrix(rows: std::ops::Range<usize>, columns: std::ops::Range<usize>) -> Vec<f64> {
    rows.flat_map(|row| columns.clone().map(move |column| exact(row, column))).collect()
}

fn single(values: &[f64]) -> WeightValues {
    WeightValues::F32(values.iter().map(|&x| x as f32).collect())
}

#[test]
fn every_type_is_read_from_both_containers() {
    let expected = matrix(0..3, 0..4);
    for name in ["types.pt", "legacy.pt"] {
        let source = opened(&written(name));
        assert_eq!(names(&*source), ["bfloat16", "float16", "float32", "float64", "int64"]);
        assert_eq!(source.convention(), Convention::OutIn);
        assert!(source.notes().is_empty());
        for half in ["float32", "float16", "bfloat16"] {
            assert_eq!(values(&*source, half), single(&expected), "{half}");
        }
        assert_eq!(values(&*source, "float64"), WeightValues::F64(expected.clone()));
        assert_eq!(source.entries()[4].element, Element::Other("I64".into()));
        assert!(source.read(4).unwrap_err().to_string().contains("I64"));
    }
}

#[test]
fn a_training_checkpoint_gives_its_weights() {
    let source = opened(&written("training.pt"));
    assert_eq!(names(&*source), ["down.weight", "up.weight"]);
    assert_eq!(values(&*source, "up.weight"), single(&matrix(0..3, 0..4)));
    assert_eq!(values(&*source, "down.weight"), single(&matrix(0..2, 0..3)));
    let notes = source.notes();
    assert!(notes[0].starts_with("2 tensors of the optimizer's"), "{notes:?}");
    assert!(notes[1].contains("\"state_dict\"") && notes[2].contains("\"module.\""), "{notes:?}");
}

#[test]
fn an_optimizer_is_no_model() {
    let source = opened(&written("optimizer_alone.pt"));
    assert!(source.entries().is_empty());
    assert!(source.notes()[0].starts_with("2 tensors"));
}

#[test]
fn a_whole_module_gives_its_state() {
    let source = opened(&written("module.pt"));
    assert_eq!(names(&*source), ["down.weight", "up.weight"]);
    assert_eq!(values(&*source, "up.weight"), single(&matrix(0..3, 0..4)));
}

#[test]
fn views_are_gathered_and_one_larger_than_the_file_is_refused() {
    let source = opened(&written("views.pt"));
    let transposed: Vec<f64> = (0..6).flat_map(|c| (0..4).map(move |r| exact(r, c))).collect();
    assert_eq!(values(&*source, "transposed"), single(&transposed));
    let transposed: Vec<f64> = (0..6).flat_map(|c| (0..2).map(move |r| exact(r, c))).collect();
    assert_eq!(values(&*source, "parameter"), single(&transposed));
    assert_eq!(values(&*source, "rows"), single(&matrix(1..3, 0..6)));
    assert_eq!(values(&*source, "columns"), single(&matrix(0..4, 1..3)));
    assert_eq!(values(&*source, "same"), single(&matrix(0..4, 0..6)));
    assert_eq!(values(&*source, "scalar"), WeightValues::F32(vec![2.5]));
    assert_eq!(values(&*source, "empty"), WeightValues::F32(vec![]));
    let repeated = names(&*source).iter().position(|&name| name == "repeated").unwrap();
    let said = source.read(repeated).unwrap_err().to_string();
    assert!(said.contains("\"repeated\"") && said.contains("larger than the file"), "{said}");
}

#[test]
fn two_tensors_of_one_path_have_two_names() {
    let source = opened(&written("one_path.pt"));
    assert_eq!(names(&*source), ["a.b", "a.b#2"]);
    assert_ne!(values(&*source, "a.b"), values(&*source, "a.b#2"));
}

#[test]
fn code_in_a_pickle_is_not_run() {
    let here = Path::new("rmt-was-here");
    for name in ["hostile.pt", "hostile.pkl"] {
        let source = opened(&written(name));
        assert!(source.entries().is_empty());
        assert!(!here.exists());
    }
}

#[test]
fn a_checkpoint_that_unpacks_to_more_than_its_file_is_refused() {
    for (method, because) in [
        (CompressionMethod::Deflated, "unpacks to 50000000 bytes"),
        (CompressionMethod::Stored, "cannot be read as a PyTorch checkpoint"),
    ] {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let options = SimpleFileOptions::default().compression_method(method);
        writer.start_file("model/data.pkl", options).unwrap();
        writer.write_all(&vec![0; 50_000_000]).unwrap();
        let bytes = writer.finish().unwrap().into_inner();
        bytes_refused("bomb.pt", &bytes, because);
    }
}

#[test]
fn what_is_no_checkpoint_is_refused() {
    bytes_refused("a.pt", b"hello, world", "cannot be read as a PyTorch checkpoint");
    bytes_refused("a.bin", &[0; 1000], "cannot be read as a PyTorch checkpoint");
    bytes_refused("a.pkl", b"\x80\x02", "cannot be read as a PyTorch checkpoint");
    let mut tar = vec![0; 512];
    tar[257..262].copy_from_slice(b"ustar");
    bytes_refused("a.pt", &tar, "tar format");
}

#[test]
fn pickles_that_stand_for_more_than_they_are_long_are_answered() {
    let files = hostile::files();
    assert!(files.len() > 90);
    let mut refusals = 0;
    for (what, name, bytes) in files {
        let (_directory, path) = file(name, &bytes);
        // Without a tensor in it, what is shared takes no more than what is not.
        match rmt_cli::formats::open(&path) {
            Ok(source) => assert!(source.entries().len() <= bytes.len(), "{what} in {name}"),
            Err(error) => {
                let said = error.to_string();
                assert!(!said.contains('\n'), "{what} in {name}: {said}");
                refusals += usize::from(said.contains("stands for more than it is long"));
            }
        }
    }
    // Tensors below a long name, each with all of it in its own.
    assert!(refusals > 0);
}

#[test]
fn pickles_that_repeat_nothing_are_interpreted() {
    for (what, bytes) in hostile::dense(1000) {
        let (_directory, path) = file("a.pkl", &bytes);
        let source = opened(&path);
        assert!(source.entries().is_empty(), "{what}");
    }
}

#[test]
fn what_is_no_pickle_is_refused() {
    // Lists in lists: whatever walks them must not run out of stack.
    let deep = [&b"\x80\x02"[..], &b"]".repeat(20_000), &b"a".repeat(19_999), b"."].concat();
    let (_directory, path) = file("deep.pkl", &deep);
    assert!(opened(&path).notes()[0].contains("deeper than"));
    // Texts that claim to be as long as a disk.
    bytes_refused("long.pkl", b"\x80\x04X\xff\xff\xff\xffabc.", "4294967295 more were expected");
    let longer = b"\x80\x04\x8d\xff\xff\xff\xff\xff\xff\xff\x7fabc.";
    bytes_refused("longer.pkl", longer, "9223372036854775807 more were expected");
    bytes_refused("unknown.pkl", b"\x80\x02\xff.", "0xff at byte 3 is no step");
    bytes_refused("extension.pkl", b"\x80\x02\x82\x01.", "0x82 at byte 3 is no step");
    bytes_refused("empty.pkl", b"\x80\x02.", "from an empty stack");
    bytes_refused("slot.pkl", b"\x80\x02h\x07.", "slot 7, which is empty");
}

#[test]
fn a_damaged_storage_is_an_error() {
    let mut bytes = std::fs::read(written("types.pt")).unwrap();
    // The first value of the first storage: f32 -1.
    let at = bytes.windows(8).position(|w| w == [0, 0, 128, 191, 0, 0, 96, 191]).unwrap();
    bytes[at] ^= 1;
    let (_directory, path) = file("types.pt", &bytes);
    let source = opened(&path);
    let failed: Vec<String> =
        (0..4).filter_map(|i| source.read(i).err()).map(|error| error.to_string()).collect();
    assert_eq!(failed.len(), 1, "{failed:?}");
    let said = failed[0].to_lowercase();
    assert!(said.contains("\"float32\"") && said.contains("checksum"), "{failed:?}");
}

#[test]
fn sources_are_shared_by_threads() {
    fn shared<T: Send + Sync + ?Sized>(_: &T) {}
    shared::<dyn Source>(&*opened(&written("types.pt")));
}
