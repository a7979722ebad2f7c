//! The records of an event file, framed as TensorFlow frames them.

use std::io::{self, Write};

/// Writes records: length (u64), its checksum (u32), the bytes, their checksum (u32), all little-endian.
pub(super) struct Records<W: Write> {
    writer: W,
}

impl<W: Write> Records<W> {
    pub(super) fn new(writer: W) -> Self {
        Self { writer }
    }

    pub(super) fn write(&mut self, record: &[u8]) -> io::Result<()> {
        let length = (record.len() as u64).to_le_bytes();
        self.writer.write_all(&length)?;
        self.writer.write_all(&masked(crc32c(&length)).to_le_bytes())?;
        self.writer.write_all(record)?;
        self.writer.write_all(&masked(crc32c(record)).to_le_bytes())
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

/// Castagnoli's polynomial, lowest power first.
const POLYNOMIAL: u32 = 0x82f6_3b78;

/// Remainders of each byte.
const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < table.len() {
        let (mut remainder, mut bit) = (byte as u32, 0);
        while bit < 8 {
            remainder = (remainder >> 1) ^ (POLYNOMIAL * (remainder & 1));
            bit += 1;
        }
        table[byte] = remainder;
        byte += 1;
    }
    table
};

/// CRC-32C (RFC 3720).
fn crc32c(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| (crc >> 8) ^ TABLE[usize::from(crc as u8 ^ byte)];
    !bytes.iter().fold(!0, step)
}

/// A checksum as it is stored, so that the checksum of what holds one is not a constant.
fn masked(crc: u32) -> u32 {
    crc.rotate_right(15).wrapping_add(0xa282_ead8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tensorboard_rs::masked_crc32c::masked_crc32c;

    #[test]
    fn checksum_vectors_of_rfc_3720() {
        for (data, crc) in [
            (vec![0_u8; 32], 0x8a91_36aa_u32),
            (vec![0xff; 32], 0x62a8_ab43),
            ((0..32).collect(), 0x46dd_794e),
            ((0..32).rev().collect(), 0x113f_db5c),
        ] {
            assert_eq!(crc32c(&data), crc);
            assert_eq!(masked(crc), masked_crc32c(&data));
        }
    }
}
