//! Of tests: a file system that does not answer.

use crate::guard::lock;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};

struct Gate {
    arrived: Sender<()>,
    opened: Receiver<()>,
}

static GATES: Mutex<BTreeMap<PathBuf, Gate>> = Mutex::new(BTreeMap::new());

/// The next write of the file at `path` says so to the receiver, and hangs until the sender is dropped.
pub(crate) fn hang(path: &Path) -> (Receiver<()>, Sender<()>) {
    let (arrived, arrival) = channel();
    let (opener, opened) = channel();
    lock(&GATES).insert(path.to_owned(), Gate { arrived, opened });
    (arrival, opener)
}

/// Where a file is written.
pub(super) fn pass(path: &Path) {
    let gate = lock(&GATES).remove(path);
    if let Some(Gate { arrived, opened }) = gate {
        let _ = arrived.send(());
        let _ = opened.recv();
    }
}
