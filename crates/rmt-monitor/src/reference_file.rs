//! The first snapshot of a run on disk, so that a resumed run goes on measuring drift from it.

use crate::snapshot::WeightValues;
use rmt_core::statistics::drift::Reference;
use rmt_core::{Analyser, Context, Matrix, Values};
use safetensors::View;
use safetensors::tensor::{Dtype, SafeTensors};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, io};

/// The watched matrices by path, as first seen.
const FILE: &str = "reference.safetensors";

/// The run's first snapshot: written by the session that takes it, read by the ones that resume it.
#[derive(Debug, Default)]
pub(crate) struct FirstSnapshot {
    /// An earlier session's, of matrices not seen in this one yet.
    unseen: BTreeMap<String, Stored>,
    /// The file is an earlier session's, and stays.
    inherited: bool,
    /// Matrices in the file.
    written: usize,
}

#[derive(Debug)]
struct Stored {
    shape: [usize; 2],
    values: WeightValues,
}

impl FirstSnapshot {
    /// What an earlier session kept in `directory`, if any did.
    pub(crate) fn inherit(directory: &Path) -> io::Result<Self> {
        let unseen = read(directory)?;
        Ok(Self { inherited: !unseen.is_empty(), unseen, written: 0 })
    }

    /// The run's first snapshot of the matrix `name`, which is `now`: once, where an earlier session
    /// kept it; or why it cannot be compared with.
    pub(crate) fn restore(
        &mut self,
        analyser: &Analyser,
        name: &str,
        now: &Matrix<'_>,
    ) -> Option<Result<Reference, String>> {
        let Stored { shape: [rows, cols], values } = self.unseen.remove(name)?;
        if [rows, cols] != [now.rows(), now.cols()] {
            let shape = format!("[{rows}, {cols}]");
            let what = "use another run directory for another model";
            return Some(Err(format!("it had shape {shape} there; {what}")));
        }
        let matrix = Matrix::new(values.as_values(), rows, cols, now.orientation());
        let keep = Context::default().with_keep(true);
        let analysis = matrix.and_then(|matrix| analyser.analyse(&matrix, keep));
        match analysis {
            Ok(analysis) => analysis.reference.map(Ok),
            Err(error) => Some(Err(error.to_string())),
        }
    }

    /// Writes `first`, whenever it has more matrices than the file.
    pub(crate) fn keep<'a>(
        &mut self,
        directory: &Path,
        first: impl Iterator<Item = (&'a str, [usize; 2], Values<'a>)>,
    ) -> io::Result<()> {
        if self.inherited {
            return Ok(());
        }
        let first: Vec<_> = first.collect();
        if first.len() == self.written {
            return Ok(());
        }
        // A fault is said once: it is not tried again until there is more to write.
        self.written = first.len();
        write(directory, first)
    }
}

/// A matrix whose bytes are made when they are written: one at a time, never all.
struct Entry<'a> {
    shape: [usize; 2],
    values: Values<'a>,
}

impl View for Entry<'_> {
    fn dtype(&self) -> Dtype {
        match self.values {
            Values::F32(_) => Dtype::F32,
            Values::F64(_) => Dtype::F64,
        }
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        match self.values {
            Values::F32(v) => v.iter().flat_map(|x| x.to_le_bytes()).collect(),
            Values::F64(v) => v.iter().flat_map(|x| x.to_le_bytes()).collect(),
        }
    }

    fn data_len(&self) -> usize {
        match self.values {
            Values::F32(v) => size_of_val(v),
            Values::F64(v) => size_of_val(v),
        }
    }
}

/// Writes the whole file or none of it.
fn write(directory: &Path, matrices: Vec<(&str, [usize; 2], Values<'_>)>) -> io::Result<()> {
    let path = directory.join(FILE);
    let entries = matrices.into_iter().map(|(name, shape, values)| (name, Entry { shape, values }));
    safetensors::serialize_to_file(entries, None, &path).map_err(io::Error::other)?;
    // It is made as a temporary file, which nobody else may read; the run's other files may be.
    let permissions = fs::metadata(directory.join("run.json")).map(|run| run.permissions());
    permissions.and_then(|permissions| fs::set_permissions(&path, permissions))
}

fn read(directory: &Path) -> io::Result<BTreeMap<String, Stored>> {
    let bytes = match fs::read(directory.join(FILE)) {
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

    const A: [f32; 4] = [1.5, -0.0, f32::MIN_POSITIVE, 3e38];
    const B: [f64; 2] = [0.1, f64::MAX];

    fn matrices() -> Vec<(&'static str, [usize; 2], Values<'static>)> {
        vec![("a.0", [2, 2], Values::F32(&A)), ("b", [1, 2], Values::F64(&B))]
    }

    fn directory() -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("run.json"), "{}").unwrap();
        directory
    }

    #[test]
    fn comes_back_bit_by_bit_and_foreign_bytes_are_an_error() {
        let directory = directory();
        let path = directory.path();
        assert!(read(path).unwrap().is_empty());
        write(path, matrices()).unwrap();
        let found = read(path).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!((found["a.0"].shape, found["b"].shape), ([2, 2], [1, 2]));
        assert_eq!(found["a.0"].values, WeightValues::F32(A.to_vec()));
        assert_eq!(found["b"].values, WeightValues::F64(B.to_vec()));
        let of = |name| fs::metadata(path.join(name)).unwrap().permissions();
        assert_eq!(of(FILE), of("run.json"));
        fs::write(path.join(FILE), b"not that").unwrap();
        assert!(FirstSnapshot::inherit(path).is_err());
        assert!(write(&path.join("missing"), Vec::new()).is_err());
    }

    #[test]
    fn is_written_by_the_session_that_takes_it() {
        let directory = directory();
        let path = directory.path();
        let mut own = FirstSnapshot::default();
        own.keep(path, matrices().into_iter().take(1)).unwrap();
        assert_eq!(read(path).unwrap().len(), 1);
        own.keep(path, matrices().into_iter()).unwrap();
        assert_eq!(read(path).unwrap().len(), 2);
        let mut later = FirstSnapshot::inherit(path).unwrap();
        later.keep(path, matrices().into_iter().take(1)).unwrap();
        assert_eq!(read(path).unwrap().len(), 2);
    }
}
