//! The arguments of opcodes, read from a stream.

use std::io::{self, BufRead, Read};

/// A pickle's bytes, and how many of them were read.
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

    fn short(&self, wanted: u64) -> String {
        format!("it ends at byte {} where {wanted} more were expected", self.consumed)
    }

    /// A number of fixed size, least significant byte first.
    pub(super) fn number(&mut self, bytes: usize) -> Result<u64, String> {
        let mut number = [0; 8];
        let wanted = number.get_mut(..bytes).unwrap_or_default();
        if self.reader.read_exact(wanted).is_err() {
            return Err(self.short(bytes as u64));
        }
        self.consumed = self.consumed.saturating_add(bytes as u64);
        Ok(u64::from_le_bytes(number))
    }

    /// So many bytes; memory is taken as they come.
    pub(super) fn bytes(&mut self, length: u64) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        let read = self.reader.by_ref().take(length).read_to_end(&mut bytes);
        if read.is_err() || bytes.len() as u64 != length {
            return Err(self.short(length));
        }
        self.consumed = self.consumed.saturating_add(length);
        Ok(bytes)
    }

    /// A text behind its length. What is not UTF-8 is replaced.
    pub(super) fn text(&mut self, digits: usize) -> Result<String, String> {
        let length = self.number(digits)?;
        Ok(lossy(self.bytes(length)?))
    }

    /// Passes bytes behind their length, and says where they are.
    pub(super) fn pass(&mut self, digits: usize) -> Result<(u64, u64), String> {
        let length = self.number(digits)?;
        let at = self.consumed;
        let passed = io::copy(&mut self.reader.by_ref().take(length), &mut io::sink());
        if passed.ok() != Some(length) {
            return Err(self.short(length));
        }
        self.consumed = self.consumed.saturating_add(length);
        Ok((at, length))
    }

    /// A line without its end.
    pub(super) fn line(&mut self) -> Result<String, String> {
        let mut line = Vec::new();
        let read = self.reader.read_until(b'\n', &mut line).map_err(|error| error.to_string())?;
        if line.pop() != Some(b'\n') {
            return Err(self.short(1));
        }
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        self.consumed = self.consumed.saturating_add(read as u64);
        Ok(lossy(line))
    }
}

/// Without a copy where it is UTF-8.
fn lossy(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}
