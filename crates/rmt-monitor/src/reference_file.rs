//! The first snapshot of a run on disk, so that a resumed run goes on measuring drift from it.

use crate::snapshot::WeightValues;
use rmt_core::statistics::drift::Reference;
use rmt_core::{Analyser, Context, Matrix, Values};
use safetensors::View;
use safetensors::tensor::{Dtype, Metadata};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The watched matrices by path, as first seen.
const FILE: &str = "reference.safetensors";
/// Key of the file's metadata: the session that took them.
const SESSION: &str = "session";
/// Longest header of such a file, as its format has it.
const LONGEST_HEADER: u64 = 100_000_000;

/// The run's first snapshot: written by the session that takes it, read by the ones that resume it.
#[derive(Debug, Default)]
pub(crate) struct FirstSnapshot {
    /// Earlier sessions', of matrices not seen in this one yet.
    unseen: BTreeMap<String, Stored>,
    /// This directory's file is an earlier session's, and stays.
    inherited: bool,
    /// Matrices in the file.
    written: usize,
}

/// Where a matrix lies: it is read when it is needed, one at a time.
#[derive(Debug)]
struct Stored {
    session: u32,
    shape: [usize; 2],
    dtype: Dtype,
    file: Arc<File>,
    /// First byte in the file, and how many.
    place: (u64, usize),
}

impl FirstSnapshot {
    /// What earlier sessions kept in `directory` or in `others` of the same run, whichever process
    /// kept it; of several the latest session's. And what of it cannot be read.
    pub(crate) fn inherit(directory: &Path, others: &[PathBuf]) -> (Self, Vec<String>) {
        let (mut found, mut problems) = (Self::default(), Vec::new());
        for path in std::iter::once(directory).chain(others.iter().map(PathBuf::as_path)) {
            let path = path.join(FILE);
            match index(&path) {
                Ok(matrices) => {
                    // Its own comes first.
                    found.inherited |= path.parent() == Some(directory) && !matrices.is_empty();
                    matrices.into_iter().for_each(|(name, stored)| found.know(name, stored));
                }
                Err(error) => problems.push(format!("{}: {error}", path.display())),
            }
        }
        (found, problems)
    }

    fn know(&mut self, name: String, stored: Stored) {
        let later = |known: &Stored| known.session < stored.session;
        if self.unseen.get(&name).is_none_or(later) {
            self.unseen.insert(name, stored);
        }
    }

    /// The run's first snapshot of the matrix `name`, which is `now`: once, where an earlier session
    /// kept it; or why it cannot be compared with.
    pub(crate) fn restore(
        &mut self,
        analyser: &Analyser,
        name: &str,
        now: &Matrix<'_>,
    ) -> Option<Result<Reference, String>> {
        let stored = self.unseen.remove(name)?;
        let [rows, cols] = stored.shape;
        if [rows, cols] != [now.rows(), now.cols()] {
            let shape = format!("[{rows}, {cols}]");
            let what = "use another run directory for another model";
            return Some(Err(format!("it had shape {shape} there; {what}")));
        }
        let values = match stored.read() {
            Ok(values) => values,
            Err(error) => return Some(Err(error.to_string())),
        };
        let matrix = Matrix::new(values.as_values(), rows, cols, now.orientation());
        let keep = Context::default().with_keep(true);
        match matrix.and_then(|matrix| analyser.analyse(&matrix, keep)) {
            Ok(analysis) => analysis.reference.map(Ok),
            Err(error) => Some(Err(error.to_string())),
        }
    }

    /// Writes `first`, what no earlier session kept, whenever that has more matrices than the file.
    pub(crate) fn keep(
        &mut self,
        directory: &Path,
        session: u32,
        first: Vec<(&str, [usize; 2], Values<'_>)>,
    ) -> io::Result<()> {
        if self.inherited || first.len() == self.written {
            return Ok(());
        }
        // A fault is reported once: it is not tried again until there is more to write.
        self.written = first.len();
        write(directory, session, first)
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
fn write(
    directory: &Path,
    session: u32,
    matrices: Vec<(&str, [usize; 2], Values<'_>)>,
) -> io::Result<()> {
    let path = directory.join(FILE);
    let metadata = HashMap::from([(SESSION.to_owned(), session.to_string())]);
    let entries = matrices.into_iter().map(|(name, shape, values)| (name, Entry { shape, values }));
    safetensors::serialize_to_file(entries, Some(metadata), &path).map_err(io::Error::other)?;
    // It is made as a temporary file, which nobody else may read; the run's other files may be.
    let permissions = fs::metadata(directory.join("run.json")).map(|run| run.permissions());
    permissions.and_then(|permissions| fs::set_permissions(&path, permissions))
}

/// What a file holds, if there is one: its header alone is read.
fn index(path: &Path) -> io::Result<Vec<(String, Stored)>> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let length = file.metadata()?.len();
    let mut header = [0; 8];
    file.read_exact(&mut header)?;
    let header = u64::from_le_bytes(header);
    let data = header.saturating_add(8);
    if header > LONGEST_HEADER || data > length {
        return Err(io::Error::other("it is no safetensors file"));
    }
    let mut text = vec![0; header as usize];
    file.read_exact(&mut text)?;
    let header: Metadata = serde_json::from_slice(&text)?;
    let session = header.metadata().as_ref().and_then(|said| said.get(SESSION)?.parse().ok());
    let file = Arc::new(file);
    let mut matrices = Vec::new();
    for (name, info) in header.tensors() {
        let (&[rows, cols], (begin, end)) = (&info.shape[..], info.data_offsets) else { continue };
        let bytes = match info.dtype {
            Dtype::F32 => 4,
            Dtype::F64 => 8,
            _ => continue,
        };
        let entries = rows.checked_mul(cols).and_then(|entries| entries.checked_mul(bytes));
        let place = (data.saturating_add(begin as u64), end.saturating_sub(begin));
        if entries != Some(place.1) || data.saturating_add(end as u64) > length {
            return Err(io::Error::other(format!("it is cut short or damaged at `{name}`")));
        }
        let (session, dtype, file) = (session.unwrap_or(0), info.dtype, file.clone());
        matrices.push((name, Stored { session, shape: [rows, cols], dtype, file, place }));
    }
    Ok(matrices)
}

impl Stored {
    fn read(&self) -> io::Result<WeightValues> {
        let (begin, length) = self.place;
        let mut file = self.file.as_ref();
        file.seek(SeekFrom::Start(begin))?;
        let mut bytes = vec![0; length];
        file.read_exact(&mut bytes)?;
        Ok(match self.dtype {
            Dtype::F32 => WeightValues::F32(numbers(&bytes, f32::from_le_bytes)),
            _ => WeightValues::F64(numbers(&bytes, f64::from_le_bytes)),
        })
    }
}

fn numbers<T, const N: usize>(bytes: &[u8], number: fn([u8; N]) -> T) -> Vec<T> {
    bytes.as_chunks::<N>().0.iter().map(|chunk| number(*chunk)).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::history::{History, Keep};
    use crate::settings::Settings;

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

    fn read(path: &Path) -> BTreeMap<String, ([usize; 2], WeightValues)> {
        let found = index(&path.join(FILE)).unwrap().into_iter();
        found.map(|(name, stored)| (name, (stored.shape, stored.read().unwrap()))).collect()
    }

    #[test]
    fn comes_back_bit_by_bit_and_foreign_bytes_are_an_error() {
        let directory = directory();
        let path = directory.path();
        assert!(read(path).is_empty());
        write(path, 0, matrices()).unwrap();
        let found = read(path);
        assert_eq!(found.len(), 2);
        assert_eq!(found["a.0"], ([2, 2], WeightValues::F32(A.to_vec())));
        assert_eq!(found["b"], ([1, 2], WeightValues::F64(B.to_vec())));
        let of = |name| fs::metadata(path.join(name)).unwrap().permissions();
        assert_eq!(of(FILE), of("run.json"));
        let whole = fs::read(path.join(FILE)).unwrap();
        let cut = whole[..whole.len() - 1].to_vec();
        let lie = [&u64::MAX.to_le_bytes()[..], &whole].concat();
        for bytes in [cut, lie, b"not that".to_vec(), b"short".to_vec()] {
            fs::write(path.join(FILE), bytes).unwrap();
            let (found, problems) = FirstSnapshot::inherit(path, &[]);
            assert!(found.unseen.is_empty() && problems[0].contains(FILE), "{problems:?}");
        }
        assert!(write(&path.join("missing"), 0, Vec::new()).is_err());
    }

    #[test]
    fn is_written_by_the_session_that_takes_it() {
        let directory = directory();
        let path = directory.path();
        let mut own = FirstSnapshot::default();
        own.keep(path, 0, matrices().into_iter().take(1).collect()).unwrap();
        assert_eq!(read(path).len(), 1);
        own.keep(path, 0, matrices()).unwrap();
        assert_eq!(read(path).len(), 2);
        let (mut later, problems) = FirstSnapshot::inherit(path, &[]);
        assert_eq!((later.unseen.len(), problems.len()), (2, 0));
        later.keep(path, 1, matrices().into_iter().take(1).collect()).unwrap();
        assert_eq!(read(path).len(), 2);
    }

    #[test]
    fn of_several_directories_the_latest_session_counts() {
        let (own, other, damaged) = (directory(), directory(), directory());
        fs::write(damaged.path().join(FILE), b"not that").unwrap();
        let a = |session, values| {
            let path = if session == 5 { other.path() } else { own.path() };
            write(path, session, vec![("a", [2, 2], Values::F32(values))]).unwrap();
        };
        let others = [other.path().to_owned(), damaged.path().to_owned()];
        let found = || {
            let (found, problems) = FirstSnapshot::inherit(own.path(), &others);
            assert_eq!(problems.len(), 1);
            (found.inherited, found.unseen["a"].read().unwrap())
        };
        a(5, &A);
        assert_eq!(found(), (false, WeightValues::F32(A.to_vec())));
        for (session, expected) in [(4, A), (6, [1.0; 4])] {
            a(session, &[1.0; 4]);
            assert_eq!(found(), (true, WeightValues::F32(expected.to_vec())));
        }
    }

    #[test]
    fn only_what_no_other_file_has_is_written() {
        let (own, other) = (directory(), directory());
        let values: Vec<f64> = (0..600_u32).map(|i| f64::from((i * 7919) % 101) - 50.0).collect();
        write(other.path(), 0, vec![("a", [20, 30], Values::F64(&values))]).unwrap();
        let (mut first, _) = FirstSnapshot::inherit(own.path(), &[other.path().to_owned()]);
        let analyser =
            Analyser::new(rmt_core::AnalysisOptions::default(), rmt_core::Nulls::new(1)).unwrap();
        let orientation = rmt_core::Orientation::OutIn;
        let now = Matrix::new(Values::F64(&values), 20, 30, orientation).unwrap();
        assert!(first.restore(&analyser, "b", &now).is_none());
        let keep = Keep::new(&Settings::default());
        let [mut a, mut b] = [History::default(), History::default()];
        a.restore(first.restore(&analyser, "a", &now).unwrap().unwrap());
        for (step, history) in [&mut a, &mut b].into_iter().enumerate() {
            let mut analysis = analyser.analyse(&now, Context::default().with_keep(true)).unwrap();
            let reference = analysis.reference.unwrap();
            history.remember(keep, step as u64, &now, reference, &mut analysis.report);
        }
        let seen = [("a", &a), ("b", &b)];
        for (number, expected) in [(1, &[][..]), (2, &["b"])] {
            let kept = seen.iter().take(number).filter_map(|(name, history)| {
                let (shape, values) = history.own_first()?;
                Some((*name, shape, values))
            });
            first.keep(own.path(), 1, kept.collect()).unwrap();
            assert_eq!(read(own.path()).into_keys().collect::<Vec<_>>(), expected);
        }
    }
}
