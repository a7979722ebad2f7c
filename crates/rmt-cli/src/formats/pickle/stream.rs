//! The arguments of opcodes, read from a stream.

use super::value::{LONGEST_WORD, word};
use std::io::{self, BufRead, Read};

/// A pickle's bytes, and how many of them were read. Every method answers `None` where the stream ends.
pub(super) struct Stream<R> {
    reader: R,
    consumed: u64,
}

impl<R: BufRead> Stream<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader, consumed: 0 }
    }

    pub(super) fn consumed(&self) -> u64 {
        self.consumed
    }

    /// A number of fixed size, least significant byte first.
    pub(super) fn number(&mut self, bytes: usize) -> Option<u64> {
        let mut number = [0; 8];
        self.reader.read_exact(number.get_mut(..bytes)?).ok()?;
        self.consumed = self.consumed.saturating_add(bytes as u64);
        Some(u64::from_le_bytes(number))
    }

    /// A text behind its length: the length, and which of the words that matter it is.
    pub(super) fn text(&mut self, digits: usize) -> Option<(u64, Option<&'static str>)> {
        let length = self.number(digits)?;
        match usize::try_from(length) {
            Ok(short) if short <= LONGEST_WORD => {
                let mut buffer = [0; LONGEST_WORD];
                let text = buffer.get_mut(..short)?;
                self.reader.read_exact(text).ok()?;
                self.consumed = self.consumed.saturating_add(length);
                Some((length, word(text)))
            }
            _ => {
                let passed =
                    io::copy(&mut self.reader.by_ref().take(length), &mut io::sink()).ok()?;
                self.consumed = self.consumed.saturating_add(passed);
                (passed == length).then_some((length, None))
            }
        }
    }

    /// A line without its end.
    pub(super) fn line(&mut self) -> Option<Vec<u8>> {
        let mut line = Vec::new();
        let read = self.reader.read_until(b'\n', &mut line).ok()?;
        self.consumed = self.consumed.saturating_add(read as u64);
        (line.pop()? == b'\n').then_some(line)
    }

    /// The same, where a carriage return before the end belongs to it.
    pub(super) fn trimmed_line(&mut self) -> Option<Vec<u8>> {
        let mut line = self.line()?;
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        Some(line)
    }

    /// A line that numbers a slot of the memo.
    pub(super) fn index(&mut self) -> Option<u32> {
        std::str::from_utf8(&self.trimmed_line()?).ok()?.parse().ok()
    }
}
