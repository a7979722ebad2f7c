//! Files made byte by byte, and what is read of them.

use rmt_cli::formats::{Source, open};
use rmt_monitor::WeightValues;
use std::path::{Path, PathBuf};

/// A file of these bytes in a directory of its own, which lives as long as the first of the pair.
pub(crate) fn file(name: &str, bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    (directory, path)
}

/// What opening it fails with, as the user sees it.
pub(crate) fn refusal(path: &Path) -> String {
    match open(path) {
        Ok(source) => panic!("it was opened: {:?}", source.entries()),
        Err(error) => error.to_string(),
    }
}

/// Opens it and checks that it is refused in one line that says this.
pub(crate) fn refused(path: &Path, because: &str) {
    let said = refusal(path);
    assert!(said.contains(because), "{said:?} does not say {because:?}");
    assert!(!said.contains('\n'), "{said:?}");
    assert!(said.contains(&*path.parent().unwrap().to_string_lossy()), "{said:?}");
}

/// The same for a file of these bytes.
pub(crate) fn bytes_refused(name: &str, bytes: &[u8], because: &str) {
    let (_directory, path) = file(name, bytes);
    refused(&path, because);
}

/// Opens a file that is in order.
pub(crate) fn opened(path: &Path) -> Box<dyn Source> {
    open(path).unwrap_or_else(|error| panic!("{error}"))
}

/// Names, in the order of the source.
pub(crate) fn names(source: &dyn Source) -> Vec<&str> {
    source.entries().iter().map(|entry| entry.name.as_str()).collect()
}

/// Values of the tensor of this name.
pub(crate) fn values(source: &dyn Source, name: &str) -> WeightValues {
    let at = names(source).iter().position(|&other| other == name);
    let at = at.unwrap_or_else(|| panic!("no {name} in {:?}", names(source)));
    source.read(at).unwrap_or_else(|error| panic!("{error}"))
}

/// Opens the file and reads all that it says it has. Errors are as good as values; what matters is
/// that there is an answer, and that it is one line.
pub(crate) fn answer(path: &Path) -> bool {
    let source = match open(path) {
        Ok(source) => source,
        Err(error) => {
            assert!(!error.problem.contains('\n'), "{:?}", error.problem);
            return false;
        }
    };
    let mut whole = true;
    for number in 0..source.entries().len() {
        match source.read(number) {
            Ok(_) => {}
            Err(error) => {
                assert!(!error.problem.contains('\n'), "{:?}", error.problem);
                whole = false;
            }
        }
    }
    assert!(source.read(source.entries().len()).is_err());
    let _ = (source.notes(), source.convention());
    whole
}
