//! The first snapshot of a run on disk, so that a resumed run goes on measuring drift from it.

use crate::snapshot::WeightValues;
use rmt_core::Values;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// A matrix as first seen.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) shape: [usize; 2],
    pub(crate) values: WeightValues,
}

/// `reference.safetensors` in a run directory: the watched matrices by name, as first seen.
fn path(directory: &Path) -> PathBuf {
    directory.join("reference.safetensors")
}

/// Writes the whole file or none of it.
pub(crate) fn write<'a>(
    directory: &Path,
    matrices: impl Iterator<Item = (&'a str, [usize; 2], Values<'a>)>,
) -> io::Result<()> {
    let encoded: Vec<(&str, [usize; 2], Dtype, Vec<u8>)> = matrices
        .map(|(name, shape, values)| match values {
            Values::F32(v) => {
                (name, shape, Dtype::F32, v.iter().flat_map(|x| x.to_le_bytes()).collect())
            }
            Values::F64(v) => {
                (name, shape, Dtype::F64, v.iter().flat_map(|x| x.to_le_bytes()).collect())
            }
        })
        .collect();
    let views: Result<Vec<(&str, TensorView<'_>)>, _> = encoded
        .iter()
        .map(|(name, shape, dtype, bytes)| {
            TensorView::new(*dtype, shape.to_vec(), bytes).map(|view| (*name, view))
        })
        .collect();
    let bytes = views.and_then(|views| safetensors::serialize(views, None));
    let partial = directory.join("reference.safetensors.partial");
    fs::write(&partial, bytes.map_err(io::Error::other)?)?;
    fs::rename(&partial, path(directory))
}

/// What an earlier session kept; nothing if there is no file.
pub(crate) fn read(directory: &Path) -> io::Result<BTreeMap<String, Stored>> {
    let bytes = match fs::read(path(directory)) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(error),
    };
    let tensors = SafeTensors::deserialize(&bytes).map_err(io::Error::other)?;
    let mut stored = BTreeMap::new();
    for (name, view) in tensors.iter() {
        let &[rows, cols] = view.shape() else { continue };
        let values = match view.dtype() {
            Dtype::F32 => WeightValues::F32(numbers(view.data(), f32::from_le_bytes)),
            Dtype::F64 => WeightValues::F64(numbers(view.data(), f64::from_le_bytes)),
            _ => continue,
        };
        stored.insert(name.to_owned(), Stored { shape: [rows, cols], values });
    }
    Ok(stored)
}

fn numbers<T, const N: usize>(bytes: &[u8], number: fn([u8; N]) -> T) -> Vec<T> {
    bytes.as_chunks::<N>().0.iter().map(|chunk| number(*chunk)).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn comes_back_bit_by_bit_and_foreign_bytes_are_an_error() {
        let directory = tempfile::tempdir().unwrap();
        assert!(read(directory.path()).unwrap().is_empty());
        let (a, b) = ([1.5_f32, -0.0, f32::MIN_POSITIVE, 3e38], [0.1_f64, f64::MAX]);
        let matrices = [("a.0", [2, 2], Values::F32(&a)), ("b", [1, 2], Values::F64(&b))];
        write(directory.path(), matrices.into_iter()).unwrap();
        let found = read(directory.path()).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!((found["a.0"].shape, found["b"].shape), ([2, 2], [1, 2]));
        assert_eq!(found["a.0"].values, WeightValues::F32(a.to_vec()));
        assert_eq!(found["b"].values, WeightValues::F64(b.to_vec()));
        fs::write(path(directory.path()), b"not that").unwrap();
        assert!(read(directory.path()).is_err());
        assert!(write(&directory.path().join("missing"), std::iter::empty()).is_err());
    }
}
