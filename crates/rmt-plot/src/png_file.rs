//! Encoded pictures.

use flate2::Compression;
use flate2::write::ZlibEncoder;
use std::io::{self, Write};

/// The bytes that every PNG file begins with.
const SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1a\n";
/// Bits of a channel; red, green and blue; the only compression and the only set of filters; not interlaced.
const FORMAT: [u8; 5] = [8, 2, 0, 0, 0];
/// Before each row: its bytes as they are. Flat colours: a filter would make the file a fifth larger, and take
/// as long as all the rest.
const NO_FILTER: u8 = 0;

/// A PNG file of pixels (red, green, blue, row by row).
///
/// # Errors
/// If there are none, or not as many as `width` and `height` ask for.
pub(crate) fn encode(width: u32, height: u32, pixels: &[u8]) -> io::Result<Vec<u8>> {
    let row = 3 * width as usize;
    if row == 0 || pixels.is_empty() || Some(pixels.len()) != row.checked_mul(height as usize) {
        return Err(io::Error::other("the number of pixels is not width times height"));
    }
    let mut file = SIGNATURE.to_vec();
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &FORMAT].concat();
    chunk(&mut file, b"IHDR", &header)?;
    let mut rows = Vec::with_capacity(pixels.len() + height as usize);
    for row in pixels.chunks(row) {
        rows.push(NO_FILTER);
        rows.extend_from_slice(row);
    }
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(&rows)?;
    chunk(&mut file, b"IDAT", &encoder.finish()?)?;
    chunk(&mut file, b"IEND", &[])?;
    Ok(file)
}

/// Length, name, content, and the checksum of name and content.
fn chunk(file: &mut Vec<u8>, name: &[u8; 4], content: &[u8]) -> io::Result<()> {
    let length = u32::try_from(content.len()).map_err(io::Error::other)?;
    file.extend_from_slice(&length.to_be_bytes());
    file.extend_from_slice(name);
    file.extend_from_slice(content);
    let mut sum = crc32fast::Hasher::new();
    sum.update(name);
    sum.update(content);
    file.extend_from_slice(&sum.finalize().to_be_bytes());
    Ok(())
}
