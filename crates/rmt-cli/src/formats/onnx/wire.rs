//! The wire format of Protocol Buffers, field by field: long values are passed over, not read.
//!
//! Source: <https://protobuf.dev/programming-guides/encoding>.

use super::super::file::Input;

/// Bytes that are read at a time.
const WINDOW: u64 = 1 << 14;

/// The value of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value {
    Number(u64),
    /// A text, bytes, a message or packed numbers: where, and how many bytes.
    Range(Range),
    /// Four or eight bytes.
    Fixed,
}

/// Bytes of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) at: u64,
    pub(super) length: u64,
}

/// A reader of a file with the bytes that it saw last.
pub(super) struct Reader<'a> {
    input: &'a Input,
    begin: u64,
    held: Vec<u8>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(input: &'a Input) -> Self {
        Self { input, begin: 0, held: Vec::new() }
    }

    /// Hands every field of a message to `take`.
    pub(super) fn fields(
        &mut self,
        message: Range,
        mut take: impl FnMut(&mut Self, u64, Value) -> Result<(), String>,
    ) -> Result<(), String> {
        let end = message.at.saturating_add(message.length);
        let mut at = message.at;
        while at < end {
            let key = self.number(&mut at, end)?;
            let value = match key & 7 {
                0 => Value::Number(self.number(&mut at, end)?),
                1 => passed(&mut at, 8, end)?,
                2 => {
                    let length = self.number(&mut at, end)?;
                    let begin = at;
                    passed(&mut at, length, end)?;
                    Value::Range(Range { at: begin, length })
                }
                5 => passed(&mut at, 4, end)?,
                kind => return Err(format!("a field of type {kind} is of no known encoding")),
            };
            take(self, key >> 3, value)?;
        }
        Ok(())
    }

    /// Numbers that follow each other.
    pub(super) fn numbers(
        &mut self,
        packed: Range,
        mut take: impl FnMut(u64) -> Result<(), String>,
    ) -> Result<(), String> {
        let end = packed.at.saturating_add(packed.length);
        let mut at = packed.at;
        while at < end {
            take(self.number(&mut at, end)?)?;
        }
        Ok(())
    }

    /// A text of at most `most` bytes.
    pub(super) fn text(&self, range: Range, most: u64) -> Result<String, String> {
        if range.length > most {
            return Err(format!("a name of {} bytes is too long", range.length));
        }
        let bytes = self.input.bytes(range.at, range.length)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn number(&mut self, at: &mut u64, end: u64) -> Result<u64, String> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            if *at >= end {
                return Err("a message ends within a number".into());
            }
            let byte = self.byte(*at)?;
            *at += 1;
            number |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err("a number has more than ten bytes".into())
    }

    fn byte(&mut self, at: u64) -> Result<u8, String> {
        let place = |begin: u64, held: &[u8]| {
            let place = usize::try_from(at.checked_sub(begin)?).ok()?;
            held.get(place).copied()
        };
        if let Some(byte) = place(self.begin, &self.held) {
            return Ok(byte);
        }
        self.held = self.input.bytes(at, WINDOW.min(self.input.length().saturating_sub(at)))?;
        self.begin = at;
        place(at, &self.held).ok_or_else(|| "the file ends within a message".into())
    }
}

fn passed(at: &mut u64, length: u64, end: u64) -> Result<Value, String> {
    *at = at
        .checked_add(length)
        .filter(|&next| next <= end)
        .ok_or("a field reaches beyond the end of its message")?;
    Ok(Value::Fixed)
}
