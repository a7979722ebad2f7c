//! What it takes to open a pickle: at most 8 MiB, and 128 bytes for each of its own, beside its bytes. And to read all of a
//! damaged file of HDF5: at most 8 MiB, and twice what its bytes could unpack to.
//! A program of its own, for its allocator counts.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod hostile;

use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use rmt_cli::formats::open;
use std::alloc::{GlobalAlloc, Layout, System};
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes that are allocated, and the most that were.
struct Counting {
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Counting {
    fn more(&self, bytes: usize) {
        let now = self.now.fetch_add(bytes, Ordering::Relaxed) + bytes;
        self.most.fetch_max(now, Ordering::Relaxed);
    }

    fn less(&self, bytes: usize) {
        self.now.fetch_sub(bytes, Ordering::Relaxed);
    }
}

// SAFETY: all is left to the allocator of the system; only sizes are counted.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.more(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        self.less(layout.size());
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // The system moves a large block without copying it; a small one may be there twice for a moment.
        self.less(layout.size());
        self.more(size);
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting { now: AtomicUsize::new(0), most: AtomicUsize::new(0) };

/// The tests are counted one at a time.
static ALONE: Mutex<()> = Mutex::new(());

/// Most bytes that opening a file with these takes, and what it fails with.
fn opening(path: &Path, bytes: &[u8]) -> (u64, Option<String>) {
    fs::write(path, bytes).unwrap();
    let before = COUNTING.now.load(Ordering::Relaxed);
    COUNTING.most.store(before, Ordering::Relaxed);
    let failed = open(path).err().map(|error| error.to_string());
    (COUNTING.most.load(Ordering::Relaxed).saturating_sub(before) as u64, failed)
}

#[test]
fn opening_a_pickle_takes_no_more_than_is_said() {
    let _alone = ALONE.lock();
    let directory = tempfile::tempdir().unwrap();
    let mut files = hostile::files();
    for values in [30_000, 100_000, 1_000_000] {
        files.extend(hostile::dense(values).into_iter().map(|(what, tree)| (what, "a.pkl", tree)));
    }
    for (what, name, bytes) in files {
        let (most, _) = opening(&directory.path().join(name), &bytes);
        let length = bytes.len() as u64;
        let limit = (8 << 20) + 128 * length;
        assert!(most <= limit + 2 * length, "{what} in {name}: {most} bytes for {length}");
    }
    // In any order.
    let mut numbers = Xoshiro256PlusPlus::seed_from_u64(1);
    let mut opened = 0;
    for number in 0..4000 {
        let bytes = hostile::random(10 + number % 100, &mut |end| numbers.random_range(0..end));
        let (most, failed) = opening(&directory.path().join("random.pkl"), &bytes);
        let limit = (8 << 20) + 130 * bytes.len() as u64;
        assert!(most <= limit, "{most} bytes for {}: {}", bytes.len(), bytes.escape_ascii());
        opened += usize::from(failed.is_none());
    }
    assert!((2000..4000).contains(&opened), "{opened}");
}

#[test]
fn reading_damaged_hdf5_takes_no_more_than_its_bytes_could_unpack_to() {
    const RATIO: u64 = 1100;
    let _alone = ALONE.lock();
    let directory = tempfile::tempdir().unwrap();
    let mut numbers = Xoshiro256PlusPlus::seed_from_u64(2);
    let mut read = 0;
    for (name, whole) in [
        ("a.h5", &include_bytes!("files/keras.h5")[..]),
        ("a.keras", &include_bytes!("files/model.keras")[..]),
    ] {
        let path = directory.path().join(name);
        for _ in 0..3000 {
            let mut bytes = whole.to_vec();
            for _ in 0..numbers.random_range(1..5) {
                let at = numbers.random_range(0..bytes.len());
                bytes[at] = numbers.random();
            }
            fs::write(&path, &bytes).unwrap();
            let before = COUNTING.now.load(Ordering::Relaxed);
            COUNTING.most.store(before, Ordering::Relaxed);
            if let Ok(source) = open(&path) {
                read += (0..source.entries().len()).filter(|&at| source.read(at).is_ok()).count();
            }
            let most = COUNTING.most.load(Ordering::Relaxed).saturating_sub(before) as u64;
            let limit = (8 << 20) + 2 * RATIO * bytes.len() as u64;
            assert!(most <= limit, "{most} bytes for {}: {}", bytes.len(), bytes.escape_ascii());
        }
    }
    assert!(read > 3000, "{read}");
}
