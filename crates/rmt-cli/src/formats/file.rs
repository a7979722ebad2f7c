//! A file that is read by position.

use super::FormatError;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// An open file and its length when it was opened.
#[derive(Debug)]
pub(super) struct Input {
    path: PathBuf,
    #[cfg(unix)]
    file: File,
    /// Elsewhere a read by position moves the cursor that all threads share.
    #[cfg(not(unix))]
    file: std::sync::Mutex<File>,
    length: u64,
}

impl Input {
    /// Opens a plain file; anything else (a pipe, a device) might never answer.
    pub(super) fn open(path: &Path) -> Result<Self, FormatError> {
        let failed = |error: io::Error| FormatError::new(path, error.to_string());
        let plain = |file_type: fs::FileType| {
            let other = "it is neither a file nor a directory";
            if file_type.is_file() { Ok(()) } else { Err(FormatError::new(path, other)) }
        };
        // Before it is opened: opening a pipe waits for its writer.
        plain(fs::metadata(path).map_err(failed)?.file_type())?;
        let file = File::open(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        plain(metadata.file_type())?;
        if metadata.len() == 0 {
            return Err(FormatError::new(path, "the file is empty"));
        }
        #[cfg(not(unix))]
        let file = std::sync::Mutex::new(file);
        Ok(Self { path: path.to_owned(), file, length: metadata.len() })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// An error about this file.
    pub(super) fn error(&self, problem: impl AsRef<str>) -> FormatError {
        FormatError::new(&self.path, problem)
    }

    #[cfg(unix)]
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(&self.file, buffer, offset)
    }

    #[cfg(not(unix))]
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut file = self.file.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        file.seek(SeekFrom::Start(offset))?;
        file.read(buffer)
    }

    /// The bytes of a range; memory is taken only when the range lies within the file.
    pub(super) fn bytes(&self, offset: u64, length: u64) -> Result<Vec<u8>, String> {
        if offset.checked_add(length).is_none_or(|end| end > self.length) {
            return Err(format!("the file ends before the {length} bytes at {offset}"));
        }
        let mut bytes = reserve(length)?;
        let mut window = self.window(offset, length);
        window.read_to_end(&mut bytes).map_err(|error| error.to_string())?;
        if bytes.len() as u64 == length { Ok(bytes) } else { Err(SHRUNK.into()) }
    }

    /// The first bytes, at most so many.
    pub(super) fn head(&self, most: u64) -> Result<Vec<u8>, String> {
        self.bytes(0, most.min(self.length))
    }

    /// A few bytes of a range, spread over it: equal for equal ranges.
    pub(super) fn samples(&self, offset: u64, length: u64) -> Option<Vec<u64>> {
        let mut samples = vec![length];
        let last = length.checked_sub(SAMPLE)?;
        for number in 0..SAMPLES {
            let at = last / (SAMPLES - 1) * number;
            let bytes = self.bytes(offset.checked_add(at)?, SAMPLE).ok()?;
            samples.extend(bytes.as_chunks().0.iter().map(|bytes| u64::from_le_bytes(*bytes)));
        }
        Some(samples)
    }

    /// A range as a stream with a cursor of its own.
    pub(super) fn window(&self, offset: u64, length: u64) -> Window<&Self> {
        Window { input: self, start: offset, length, at: 0 }
    }
}

impl AsRef<Self> for Input {
    fn as_ref(&self) -> &Self {
        self
    }
}

/// Ranges of a sample and their length: noise repeats none of them.
const SAMPLES: u64 = 16;
const SAMPLE: u64 = 32;

/// What a read past the end of a checked range means.
pub(super) const SHRUNK: &str =
    "its data end too early: it is truncated, or has shrunk since it was opened";

/// An empty vector with room for so many entries, or an error where memory is short.
pub(super) fn reserve<T>(entries: impl TryInto<usize>) -> Result<Vec<T>, String> {
    let entries = entries.try_into().unwrap_or(usize::MAX);
    let mut vector = Vec::new();
    let size = || entries.saturating_mul(size_of::<T>());
    vector
        .try_reserve_exact(entries)
        .map_err(|_| format!("{} bytes of memory could not be allocated", size()))?;
    Ok(vector)
}

/// A range of a file as a stream.
#[derive(Debug, Clone)]
pub(super) struct Window<I> {
    input: I,
    start: u64,
    length: u64,
    at: u64,
}

impl Window<Arc<Input>> {
    /// The whole file, for a reader that outlives this call.
    pub(super) fn whole(input: Arc<Input>) -> Self {
        let length = input.length;
        Self { input, start: 0, length, at: 0 }
    }
}

impl<I: AsRef<Input>> Read for Window<I> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.length.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let wanted = buffer.len().min(left);
        let Some(buffer) = buffer.get_mut(..wanted) else { return Ok(0) };
        let read = self.input.as_ref().read_at(buffer, self.start.saturating_add(self.at))?;
        self.at = self.at.saturating_add(read as u64);
        Ok(read)
    }
}

impl<I> Seek for Window<I> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::Current(offset) => self.at.checked_add_signed(offset),
            SeekFrom::End(offset) => self.length.checked_add_signed(offset),
        };
        self.at = at.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.at)
    }
}
