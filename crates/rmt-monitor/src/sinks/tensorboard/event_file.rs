//! One TensorBoard event file, which is continued in no way after an error.

use super::records::Records;
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

/// What the name of every event file begins with; ten digits of seconds since 1970 follow.
const PREFIX: &str = "events.out.tfevents.";

/// Distinguishes the files of one process.
static FILES: AtomicU64 = AtomicU64::new(0);

/// `SummaryMetadata.data_class` of tensors, and of pictures.
const DATA_CLASS_TENSOR: u64 = 2;
const DATA_CLASS_BLOB_SEQUENCE: u64 = 3;
/// `TensorProto.dtype`.
const FLOAT: u64 = 1;
const DOUBLE: u64 = 2;
const STRING: u64 = 7;

/// What is drawn at one tag and step.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    /// A point of a curve.
    Scalar(f32),
    /// Bins: [left edge, right edge, count].
    Histogram(Vec<[f64; 3]>),
    /// Markdown.
    Text(String),
    /// A layout of custom scalars, as a message.
    Layout(Vec<u8>),
    /// Data of the HParams page, as a message.
    HParams(Vec<u8>),
    /// A picture.
    Image {
        /// Pixels.
        width: u32,
        /// Pixels.
        height: u32,
        /// As a PNG file.
        png: Vec<u8>,
    },
}

impl Value {
    fn is_finite(&self) -> bool {
        match self {
            Self::Scalar(x) => x.is_finite(),
            Self::Histogram(bins) => {
                !bins.is_empty() && bins.iter().flatten().all(|x| x.is_finite())
            }
            Self::Text(text) => !text.is_empty(),
            Self::Layout(message) | Self::HParams(message) => !message.is_empty(),
            Self::Image { png, .. } => !png.is_empty(),
        }
    }
}

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
    writer: Records<BufWriter<UntilError<File>>>,
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
        let writer = Records::new(BufWriter::new(UntilError { inner, failed: false }));
        let mut created = Self { writer, file, path, described: HashSet::new(), broken: false };
        let now = seconds.as_secs_f64();
        created.append(&Wire::default().double(EVENT_TIME, now).text(3, "brain.Event:2"))?;
        if let Some(step) = start {
            // `SessionLog.status` is `START`.
            let log = Wire::default().integer(1, 1);
            created.append(&event(step, now).message(7, &log))?;
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
        let (mut summary, mut any) = (Wire::default(), false);
        for (tag, value) in values {
            let tag = visible::name(tag);
            if !tag.is_empty() && value.is_finite() {
                let described = self.described.contains(&tag);
                if !described && !matches!(value, Value::Scalar(_)) {
                    self.described.insert(tag.clone());
                }
                summary = summary.message(1, &message(&tag, value, !described));
                any = true;
            }
        }
        if !any {
            return Ok(());
        }
        self.append(&event(step, wall_time).message(5, &summary))
    }

    /// Hands everything to the operating system.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.guarded(Records::flush)
    }

    /// Whether it is still where it was made.
    pub(super) fn still_there(&self) -> bool {
        still_at(&self.file, &self.path)
    }

    /// Brings what was flushed to the disk.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn append(&mut self, event: &Wire) -> io::Result<()> {
        self.guarded(|writer| writer.write(event.as_bytes()))
    }

    fn guarded(
        &mut self,
        action: impl FnOnce(&mut Records<BufWriter<UntilError<File>>>) -> io::Result<()>,
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

/// Field of an `Event`: seconds since 1970.
const EVENT_TIME: u64 = 1;

/// An `Event` without what happened. Steps are signed.
fn event(step: u64, wall_time: f64) -> Wire {
    Wire::default().double(EVENT_TIME, wall_time).integer(2, step.min(i64::MAX as u64))
}

/// A `Summary.Value`.
fn message(tag: &str, value: Value, describe: bool) -> Wire {
    let message = Wire::default().text(1, tag);
    let described = |tensor: &Wire, metadata: Wire| {
        let message = message.clone().message(8, tensor);
        if describe { message.message(9, &metadata) } else { message }
    };
    match value {
        // Both of TensorBoard's loaders know a plain value as a scalar, without any metadata.
        Value::Scalar(x) => message.float(2, x),
        Value::Histogram(bins) => {
            let bytes: Vec<u8> = bins.iter().flatten().flat_map(|x| x.to_le_bytes()).collect();
            let tensor = tensor(DOUBLE, &[bins.len(), 3]).bytes(4, &bytes);
            described(&tensor, metadata("histograms", b"", DATA_CLASS_TENSOR))
        }
        Value::Text(text) => {
            let tensor = tensor(STRING, &[]).text(8, &text);
            described(&tensor, metadata("text", b"", DATA_CLASS_TENSOR))
        }
        Value::Layout(layout) => {
            let tensor = tensor(STRING, &[]).bytes(8, &layout);
            described(&tensor, metadata("custom_scalars", b"", DATA_CLASS_TENSOR))
        }
        // All of it is in the metadata, beside an empty vector.
        Value::HParams(data) => message
            .message(8, &tensor(FLOAT, &[0]))
            .message(9, &metadata("hparams", &data, DATA_CLASS_TENSOR)),
        Value::Image { width, height, png } => {
            // A vector of strings: width, height, then the pictures of the step.
            let [width, height] = [width, height].map(|pixels| pixels.to_string());
            let tensor = tensor(STRING, &[3]).text(8, &width).text(8, &height).bytes(8, &png);
            described(&tensor, metadata("images", b"", DATA_CLASS_BLOB_SEQUENCE))
        }
    }
}

/// A `TensorProto` of this shape without its values; a scalar has an empty shape.
fn tensor(dtype: u64, shape: &[usize]) -> Wire {
    let sizes = shape.iter().map(|&size| Wire::default().integer(1, size as u64));
    let shape = sizes.fold(Wire::default(), |shape, size| shape.message(2, &size));
    Wire::default().integer(1, dtype).message(2, &shape)
}

/// A `SummaryMetadata` for the plug-in of this name, with what it is given.
fn metadata(plugin: &str, content: &[u8], data_class: u64) -> Wire {
    let plugin = Wire::default().text(1, plugin);
    let plugin = if content.is_empty() { plugin } else { plugin.bytes(2, content) };
    Wire::default().message(1, &plugin).integer(4, data_class)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use protobuf::Message as _;
    use tensorboard_proto::event::{Event, SessionLog_SessionStatus};
    use tensorboard_rs::masked_crc32c::masked_crc32c;

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
        let mut writer = Records::new(BufWriter::new(until_error));
        writer.write(b"a record").unwrap();
        assert_eq!(writer.flush().unwrap_err().kind(), io::ErrorKind::StorageFull);
        drop(writer);
        assert_eq!(disk.1.len(), 5);
    }
}
