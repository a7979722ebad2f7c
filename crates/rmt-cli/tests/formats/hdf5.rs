//! HDF5 as Keras writes it; `make_with_h5py.py` wrote the files.

use crate::support::{bytes_refused, file, names, opened, values};
use rmt_cli::formats::{Element, Usage};
use rmt_core::Orientation;
use rmt_monitor::WeightValues;

pub(crate) const KERAS_2: &[u8] = include_bytes!("../files/keras.h5");
pub(crate) const KERAS_3: &[u8] = include_bytes!("../files/model.keras");

fn counted(end: usize) -> WeightValues {
    WeightValues::F32((0..end).map(|x| x as f32).collect())
}

#[test]
fn groups_are_names_and_packed_values_are_read() {
    let (_directory, path) = file("keras.h5", KERAS_2);
    let source = opened(&path);
    let expected =
        ["conv/kernel", "dense/bias", "dense/kernel", "emb/embeddings", "packed/kernel", "steps"];
    assert_eq!(names(&*source), expected);
    assert_eq!(values(&*source, "dense/kernel"), counted(6));
    assert_eq!(values(&*source, "packed/kernel"), counted(64));
    let wide = (0..24).map(f64::from).collect();
    assert_eq!(values(&*source, "conv/kernel"), WeightValues::F64(wide));
    assert_eq!(values(&*source, "emb/embeddings"), counted(6));
    assert_eq!(source.entries()[3].element, Element::F16);
    assert_eq!(source.entries()[5].element, Element::Other("I64".into()));
    let uses = (0..4).map(|at| source.usage(at)).collect::<Vec<_>>();
    let linear = Some(Usage::Linear(Orientation::InOut));
    assert_eq!(uses, [Some(Usage::Kernel), None, linear, Some(Usage::Embedding)]);
    assert_eq!(source.path(2), "model_weights/dense/dense/kernel:0");
    assert!(source.notes()[0].starts_with("1 tensors of the optimizer's"), "{:?}", source.notes());
}

#[test]
fn a_model_of_keras_3_is_an_archive_with_one() {
    let (_directory, path) = file("model.keras", KERAS_3);
    let source = opened(&path);
    assert_eq!(names(&*source), ["dense/kernel", "dense/vars/1"]);
    assert_eq!(values(&*source, "dense/kernel"), counted(6));
}

#[test]
fn what_is_cut_is_refused() {
    bytes_refused("a.h5", &KERAS_2[..KERAS_2.len() / 2], "HDF5");
    bytes_refused("a.h5", &KERAS_2[..64], "HDF5");
}
