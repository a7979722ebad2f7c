//! One TensorBoard event file: our own file handling around the record framing and messages.
//!
//! Of `tensorboard-rs` only the record layer and its checksum are used; its writers panic on I/O
//! errors and abort from `Drop` on a full disk.

use super::message::{Value, event, session_start};
use super::wire::Wire;
use crate::sinks::files::still_at;
use crate::visible;
use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};
use tensorboard_rs::record_writer::RecordWriter;

/// What the name of every event file begins with; ten digits of seconds since 1970 follow.
const PREFIX: &str = "events.out.tfevents.";

/// Distinguishes the files of one process.
static FILES: AtomicU64 = AtomicU64::new(0);

/// Takes nothing after an error: without it, `BufWriter` would write the rest when dropped.
struct UntilError<W> {
    inner: W,
    failed: bool,
}

impl<W> UntilError<W> {
    fn guarded<T>(&mut self, action: impl FnOnce(&mut W) -> io::Result<T>) -> io::Result<T> {
        if self.failed {
            return Err(io::Error::other("the file failed before and is not continued"));
        }
        let result = action(&mut self.inner);
        self.failed = result.as_ref().is_err_and(|e| e.kind() != io::ErrorKind::Interrupted);
        result
    }
}

impl<W: Write> Write for UntilError<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.guarded(|inner| inner.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.guarded(W::flush)
    }
}

/// An event file that is only ever appended to, and never after an error.
pub(super) struct EventFile {
    writer: RecordWriter<BufWriter<UntilError<File>>>,
    /// The file behind it.
    file: File,
    path: PathBuf,
    /// Histogram and text tags whose metadata this file already has: it is needed once per file.
    described: HashSet<String>,
    broken: bool,
}

impl EventFile {
    /// A new file in `directory`. With `start`, a session starts at that step, and readers drop what
    /// earlier sessions' files say of it and of later ones.
    pub(super) fn create(directory: &Path, start: Option<u64>) -> io::Result<Self> {
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let number = FILES.fetch_add(1, Ordering::Relaxed);
        let place = place(directory, seconds.as_secs())?;
        let name = format!("{PREFIX}{place:010}.rmt.{}.{number:06}", process::id());
        let path = directory.join(name);
        let file = OpenOptions::new().write(true).create_new(true).open(&path)?;
        let inner = file.try_clone()?;
        let writer = RecordWriter::new(BufWriter::new(UntilError { inner, failed: false }));
        let mut created = Self { writer, file, path, described: HashSet::new(), broken: false };
        let wall_time = seconds.as_secs_f64();
        created.append(event(wall_time, 0).text(3, "brain.Event:2"))?;
        if let Some(step) = start {
            created.append(session_start(wall_time, step))?;
        }
        Ok(created)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// One event with every value; values that are not finite and empty tags are left out.
    pub(super) fn write(
        &mut self,
        step: u64,
        wall_time: f64,
        values: impl IntoIterator<Item = (String, Value)>,
    ) -> io::Result<()> {
        let mut summary = Wire::default();
        for (tag, value) in values {
            let tag = visible::name(&tag);
            if !tag.is_empty() && value.is_finite() {
                let plain = matches!(value, Value::Scalar(_));
                let describe = !plain && self.described.insert(tag.clone());
                summary = summary.message(1, &value.message(&tag, describe));
            }
        }
        if summary.is_empty() {
            return Ok(());
        }
        self.append(event(wall_time, step).message(5, &summary))
    }

    /// Hands everything to the operating system.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.guarded(RecordWriter::flush)
    }

    /// Whether it is still where it was made.
    pub(super) fn still_there(&self) -> bool {
        still_at(&self.file, &self.path)
    }

    /// Brings what was flushed to the disk.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn append(&mut self, event: Wire) -> io::Result<()> {
        self.guarded(|writer| writer.write(&event.into_bytes()))
    }

    fn guarded(
        &mut self,
        action: impl FnOnce(&mut RecordWriter<BufWriter<UntilError<File>>>) -> io::Result<()>,
    ) -> io::Result<()> {
        if self.broken {
            return Err(io::Error::other("the file failed before and is not continued"));
        }
        let result = action(&mut self.writer);
        self.broken = result.is_err();
        result
    }
}

/// Where in the order of a run's files a new one stands: `now`, or after those that are there already,
/// were they made in the same second or by a clock that was ahead. Readers take the files in the order
/// of their names, and pass over one that comes before what they have read.
fn place(directory: &Path, now: u64) -> io::Result<u64> {
    const DIGITS: usize = 10;
    let mut place = now;
    for entry in fs::read_dir(directory)? {
        let name = entry?.file_name();
        let digits = name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.get(..DIGITS));
        let earlier = digits.and_then(|digits| digits.parse::<u64>().ok());
        // With more digits the order would be lost for good.
        let after = earlier.map_or(0, |earlier| earlier + 1);
        if after < 10_u64.pow(DIGITS as u32) {
            place = place.max(after);
        }
    }
    Ok(place)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use protobuf::Message;
    use tensorboard_proto::event::{Event, SessionLog_SessionStatus};
    use tensorboard_rs::masked_crc32c::masked_crc32c;

    /// The masked CRC-32C of TFRecord files, from its definition.
    fn masked(crc: u32) -> u32 {
        crc.rotate_right(15).wrapping_add(0xa282_ead8)
    }

    fn records(path: &Path) -> Vec<Event> {
        let bytes = fs::read(path).unwrap();
        let mut rest = bytes.as_slice();
        let mut events = Vec::new();
        while !rest.is_empty() {
            let length = u64::from_le_bytes(rest[..8].try_into().unwrap()) as usize;
            let header_crc = u32::from_le_bytes(rest[8..12].try_into().unwrap());
            assert_eq!(header_crc, masked_crc32c(&rest[..8]));
            let data = &rest[12..12 + length];
            let crc = u32::from_le_bytes(rest[12 + length..16 + length].try_into().unwrap());
            assert_eq!(crc, masked_crc32c(data));
            events.push(Event::parse_from_bytes(data).unwrap());
            rest = &rest[16 + length..];
        }
        events
    }

    #[test]
    fn checksum_vectors_of_rfc_3720() {
        for (data, crc) in [
            (vec![0_u8; 32], 0x8a91_36aa_u32),
            (vec![0xff; 32], 0x62a8_ab43),
            ((0..32).collect(), 0x46dd_794e),
            ((0..32).rev().collect(), 0x113f_db5c),
        ] {
            assert_eq!(masked_crc32c(&data), masked(crc));
        }
    }

    #[test]
    fn a_scalar_takes_nine_bytes_beside_its_tag() {
        let tags = ["loss", "rmt_1_above/significant/layers.00.attention.query"];
        let size_of = |tags: &[&str]| {
            let directory = tempfile::tempdir().unwrap();
            let mut file = EventFile::create(directory.path(), None).unwrap();
            file.flush().unwrap();
            let empty = fs::metadata(file.path()).unwrap().len();
            // The first of a tag and later ones alike.
            let sizes = [1, 2].map(|step| {
                let value = |tag: &&str| ((*tag).to_owned(), Value::Scalar(0.1));
                file.write(step, 1e9, tags.iter().map(value)).unwrap();
                file.flush().unwrap();
                fs::metadata(file.path()).unwrap().len()
            });
            assert_eq!(sizes[1] - sizes[0], sizes[0] - empty);
            sizes[0] - empty
        };
        // The record's frame 16, wall time 9, step 2, the length of the summary 2.
        let event = 16 + 9 + 2 + 2;
        for tag in tags {
            assert_eq!(size_of(&[tag]), event + 9 + tag.len() as u64, "{tag}");
        }
        let both = tags.iter().map(|tag| 9 + tag.len() as u64).sum::<u64>();
        assert_eq!(size_of(&tags), event + both);
    }

    #[test]
    fn reads_back_what_was_written() {
        let directory = tempfile::tempdir().unwrap();
        let mut file = EventFile::create(directory.path(), Some(40)).unwrap();
        let bins = vec![[0.0, 1.0, 3.0], [1.0, 1.5, 2.0]];
        for step in [40, 50] {
            let values = [
                ("a".to_owned(), Value::Scalar(2.5)),
                ("nan".to_owned(), Value::Scalar(f32::NAN)),
                (String::new(), Value::Scalar(1.0)),
                ("h".to_owned(), Value::Histogram(bins.clone())),
                ("empty".to_owned(), Value::Histogram(Vec::new())),
            ];
            file.write(step, 1.25, values).unwrap();
        }
        // Nothing to say makes no event.
        file.write(60, 1.25, [("x".to_owned(), Value::Scalar(f32::INFINITY))]).unwrap();
        file.flush().unwrap();
        let events = records(file.path());
        assert_eq!(events.len(), 4);
        assert_eq!(events[0].get_file_version(), "brain.Event:2");
        assert_eq!(events[1].get_session_log().get_status(), SessionLog_SessionStatus::START);
        assert_eq!(events[1].get_step(), 40);
        for (event, step) in events[2..].iter().zip([40, 50]) {
            assert_eq!((event.get_step(), event.get_wall_time()), (step, 1.25));
            let values = &event.get_summary().value;
            assert_eq!(values.len(), 2);
            assert_eq!((values[0].get_tag(), values[0].get_simple_value()), ("a", 2.5));
            assert_eq!(values[1].has_metadata(), step == 40);
            let content = values[1].get_tensor().get_tensor_content();
            let expected: Vec<u8> = bins.iter().flatten().flat_map(|x| x.to_le_bytes()).collect();
            assert_eq!(content, expected);
        }
    }

    #[test]
    fn names_are_unique_and_a_missing_directory_is_an_error() {
        let directory = tempfile::tempdir().unwrap();
        let names: HashSet<_> = (0..20)
            .map(|_| EventFile::create(directory.path(), None).unwrap().path().to_owned())
            .collect();
        assert_eq!(names.len(), 20);
        assert!(EventFile::create(&directory.path().join("missing"), None).is_err());
    }

    #[test]
    fn a_new_file_comes_after_those_that_are_there() {
        let directory = tempfile::tempdir().unwrap();
        let place = || place(directory.path(), 1000).unwrap();
        assert_eq!(place(), 1000);
        let taken = |name: &str| fs::write(directory.path().join(format!("{PREFIX}{name}")), "");
        for name in ["0000000999.x", "nonsense", "12", "9999999999.x"] {
            taken(name).unwrap();
        }
        assert_eq!(place(), 1000);
        taken("0000001000.x").unwrap();
        assert_eq!(place(), 1001);
        taken("0000005000.rmt.1.000000").unwrap();
        assert_eq!(place(), 5001);
        assert!(super::place(&directory.path().join("missing"), 0).is_err());
    }

    #[test]
    fn nothing_is_appended_after_an_error() {
        let directory = tempfile::tempdir().unwrap();
        let mut file = EventFile::create(directory.path(), None).unwrap();
        file.flush().unwrap();
        let before = fs::metadata(file.path()).unwrap().len();
        assert!(file.guarded(|_| Err(io::Error::other("full"))).is_err());
        assert!(file.write(1, 0.0, [("a".to_owned(), Value::Scalar(1.0))]).is_err());
        assert!(file.flush().is_err());
        let path = file.path().to_owned();
        drop(file);
        assert_eq!(fs::metadata(path).unwrap().len(), before);
    }

    #[test]
    fn what_is_buffered_at_an_error_is_not_written_later() {
        /// Full at first, with room later.
        struct Disk(Vec<io::Result<usize>>, Vec<u8>);
        impl Write for &mut Disk {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                let taken = self.0.pop().unwrap_or(Ok(bytes.len()))?.min(bytes.len());
                self.1.extend_from_slice(&bytes[..taken]);
                Ok(taken)
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut disk = Disk(vec![Err(io::ErrorKind::StorageFull.into()), Ok(5)], Vec::new());
        let until_error = UntilError { inner: &mut disk, failed: false };
        let mut writer = RecordWriter::new(BufWriter::new(until_error));
        writer.write(b"a record").unwrap();
        assert_eq!(writer.flush().unwrap_err().kind(), io::ErrorKind::StorageFull);
        drop(writer);
        assert_eq!(disk.1.len(), 5);
    }
}
