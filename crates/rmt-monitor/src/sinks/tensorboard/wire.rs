//! Protocol messages, field by field: those of TensorBoard's plug-ins are in no crate.

/// A message under construction.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Wire(Vec<u8>);

const VARINT: u64 = 0;
const FIXED64: u64 = 1;
const BYTES: u64 = 2;
const FIXED32: u64 = 5;

impl Wire {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    fn number(&mut self, mut x: u64) {
        while x >= 0x80 {
            self.0.push(x as u8 | 0x80);
            x >>= 7;
        }
        self.0.push(x as u8);
    }

    fn key(&mut self, field: u64, kind: u64) {
        self.number(field << 3 | kind);
    }

    #[must_use]
    pub(super) fn integer(mut self, field: u64, x: u64) -> Self {
        self.key(field, VARINT);
        self.number(x);
        self
    }

    #[must_use]
    pub(super) fn double(mut self, field: u64, x: f64) -> Self {
        self.key(field, FIXED64);
        self.0.extend_from_slice(&x.to_le_bytes());
        self
    }

    #[must_use]
    pub(super) fn float(mut self, field: u64, x: f32) -> Self {
        self.key(field, FIXED32);
        self.0.extend_from_slice(&x.to_le_bytes());
        self
    }

    #[must_use]
    pub(super) fn text(self, field: u64, text: &str) -> Self {
        self.bytes(field, text.as_bytes())
    }

    #[must_use]
    pub(super) fn message(self, field: u64, message: &Self) -> Self {
        self.bytes(field, &message.0)
    }

    #[must_use]
    pub(super) fn bytes(mut self, field: u64, bytes: &[u8]) -> Self {
        self.key(field, BYTES);
        self.number(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_of_the_encoding() {
        // Of the protocol buffers' documentation.
        assert_eq!(Wire::default().integer(1, 150).into_bytes(), [0x08, 0x96, 0x01]);
        let text = Wire::default().text(2, "testing");
        assert_eq!(text.clone().into_bytes(), b"\x12\x07testing");
        assert_eq!(Wire::default().message(3, &text).into_bytes(), b"\x1a\x09\x12\x07testing");
        assert_eq!(Wire::default().float(2, 2.0).into_bytes(), b"\x15\0\0\0\x40");
        assert_eq!(Wire::default().double(1, 1.0).into_bytes(), b"\x09\0\0\0\0\0\0\xf0\x3f");
    }
}
