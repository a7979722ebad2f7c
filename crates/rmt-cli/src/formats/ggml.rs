//! Types of GGUF's tensors, and the values of quantized blocks by the formulas of ggml.

use half::f16;

/// A type: its name, values in a block, bytes of a block.
#[derive(Debug, Clone, Copy)]
pub(super) struct Blocks {
    pub(super) name: &'static str,
    pub(super) values: u64,
    pub(super) bytes: u64,
    decode: Option<Decode>,
}

/// Writes the values of a block.
type Decode = fn(&[u8], &mut Vec<f32>) -> Option<()>;

/// The type of this number.
pub(super) fn blocks(number: u32) -> Option<Blocks> {
    let of = |name, values, bytes, decode| Some(Blocks { name, values, bytes, decode });
    match number {
        2 => of("Q4_0", 32, 18, Some(q4_0)),
        3 => of("Q4_1", 32, 20, Some(q4_1)),
        6 => of("Q5_0", 32, 22, Some(q5_0)),
        7 => of("Q5_1", 32, 24, Some(q5_1)),
        8 => of("Q8_0", 32, 34, Some(q8_0)),
        10 => of("Q2_K", 256, 84, Some(q2_k)),
        11 => of("Q3_K", 256, 110, Some(q3_k)),
        12 => of("Q4_K", 256, 144, Some(q4_k)),
        13 => of("Q5_K", 256, 176, Some(q5_k)),
        14 => of("Q6_K", 256, 210, Some(q6_k)),
        16 => of("IQ2_XXS", 256, 66, None),
        17 => of("IQ2_XS", 256, 74, None),
        18 => of("IQ3_XXS", 256, 98, None),
        19 => of("IQ1_S", 256, 50, None),
        20 => of("IQ4_NL", 32, 18, Some(iq4_nl)),
        21 => of("IQ3_S", 256, 110, None),
        22 => of("IQ2_S", 256, 82, None),
        23 => of("IQ4_XS", 256, 136, None),
        24 => of("I8", 1, 1, None),
        25 => of("I16", 1, 2, None),
        26 => of("I32", 1, 4, None),
        27 => of("I64", 1, 8, None),
        29 => of("IQ1_M", 256, 56, None),
        34 => of("TQ1_0", 256, 54, None),
        35 => of("TQ2_0", 256, 66, None),
        39 => of("MXFP4", 32, 17, None),
        _ => None,
    }
}

impl Blocks {
    /// Whether its values are computed here.
    pub(super) fn is_read(&self) -> bool {
        self.decode.is_some()
    }

    /// The values of a block.
    pub(super) fn decode(&self, block: &[u8], values: &mut Vec<f32>) -> Option<()> {
        self.decode?(block, values)
    }
}

/// The number in half precision at this place.
fn half(block: &[u8], at: usize) -> Option<f32> {
    Some(f16::from_le_bytes(*block.get(at..)?.first_chunk()?).to_f32())
}

/// Low halves of the bytes, then high ones.
fn nibbles(bytes: &[u8]) -> impl Iterator<Item = u8> {
    bytes.iter().map(|byte| byte & 15).chain(bytes.iter().map(|byte| byte >> 4))
}

fn q4_0(block: &[u8], values: &mut Vec<f32>) -> Option<()> {
    let d = half(block, 0)?;
    values.extend(nibbles(block.get(2..18)?).map(|q| d * (f32::from(q) - 8.0)));
    Some(())
}

fn q4_1(block: &[u8], values: &mut Vec<f32>) -> Option<()> {
    let (d, least) = (half(block, 0)?, half(block, 2)?);
    values.extend(nibbles(block.get(4..20)?).map(|q| d * f32::from(q) + least));
    Some(())
}

/// Low bits in halves of bytes, the fifth ones in a number of 32.
fn fives<'a>(high: &[u8], low: &'a [u8]) -> Option<impl Iterator<Item = f32> + 'a> {
    let high = u32::from_le_bytes(*high.first_chunk()?);
    let value = move |(at, q): (usize, u8)| f32::from(q | ((high >> at & 1) as u8) << 4);
    Some(nibbles(low).enumerate().map(value))
}

fn q5_0(block: &[u8], values: &mut Vec<f32>) -> Option<()> {
    let d = half(block, 0)?;
    values.extend(fives(block.get(2..6)?, block.get(6..22)?)?.map(|q| d * (q - 16.0)));
    Some(())
}

fn q5_1(block: &[u8], values: &mut Vec<f32>) -> Option<()> {
    let (d, least) = (half(block, 0)?, half(block, 2)?);
    values.extend(fives(block.get(4..8)?, block.get(8..24)?)?.map(|q| d * q + least));
    Some(())
}

fn q8_0(block: &[u8], values: &mut Vec<f32>) -> Option<()> {
    let d = half(block, 0)?;
    values.extend(block.get(2..34)?.iter().map(|&q| d * f32::from(q as i8)));
    Some(())
}

/// Numbers of two bits: in runs of 32 bytes, the lowest bits of all bytes first.
fn twos(bytes: &[u8]) -> impl Iterator<Item = u8> {
    let runs = bytes.chunks_exact(32);
    runs.flat_map(|run| (0..4).flat_map(move |pair| run.iter().map(move |q| q >> (2 * pair) & 3)))
}

fn q2_k(block: &[u8], values: &mut Vec<f32>) -> Option<()> {
    let (scales, low) = (block.get(..16)?, block.get(16..80)?);
    let (d, least) = (half(block, 80)?, half(block, 82)?);
    for (at, q) in twos(low).enumerate() {
        let scale = *scales.get(at / 16)?;
        values.push(d * f32::from(scale & 15) * f32::from(q) - least * f32::from(scale >> 4));
    }
    Some(())
}

fn q3_k(block: &[u8], values: &mut Vec<f32>) -> Option<()> {
    let (high, low, packed) = (block.get(..32)?, block.get(32..96)?, block.get(96..108)?);
    let d = half(block, 108)?;
    // Sixteen scales: four low bits in halves of bytes, two high bits in the last four bytes.
    let scale = |at: usize| {
        let low = *packed.get(at % 8)? >> (4 * (at / 8)) & 15;
        let high = *packed.get(8 + at % 4)? >> (2 * (at / 4)) & 3;
        Some(f32::from(low | high << 4) - 32.0)
    };
    for (at, q) in twos(low).enumerate() {
        let above = *high.get(at % 32)? >> (at / 32) & 1;
        let q = f32::from(q) - if above == 1 { 0.0 } else { 4.0 };
        values.push(d * scale(at / 16)? * q);
    }
    Some(())
}

/// Scale and least value of one of eight parts, six bits each in twelve bytes.
fn six_bits(packed: &[u8], part: usize) -> Option<(f32, f32)> {
    let byte = |at: usize| packed.get(at).copied();
    let (scale, least) = if part < 4 {
        (byte(part)? & 63, byte(part + 4)? & 63)
    } else {
        let both = byte(part + 4)?;
        (both & 15 | byte(part - 4)? >> 6 << 4, both >> 4 | byte(part)? >> 6 << 4)
    };
    Some((f32::from(scale), f32::from(least)))
}

fn q4_k(block: &[u8], values: &mut Vec<f32>) -> Option<()> {
    let (d, least, packed) = (half(block, 0)?, half(block, 2)?, block.get(4..16)?);
    let runs = block.get(16..144)?.chunks_exact(32);
    for (at, q) in runs.flat_map(nibbles).enumerate() {
        let (scale, low) = six_bits(packed, at / 32)?;
        values.push(d * scale * f32::from(q) - least * low);
    }
    Some(())
}

fn q5_k(block: &[u8], values: &mut Vec<f32>) -> Option<()> {
    let (d, least, packed) = (half(block, 0)?, half(block, 2)?, block.get(4..16)?);
    let (high, low) = (block.get(16..48)?, block.get(48..176)?);
    for (at, q) in low.chunks_exact(32).flat_map(nibbles).enumerate() {
        let fifth = *high.get(at % 32)? >> (at / 32) & 1;
        let (scale, low) = six_bits(packed, at / 32)?;
        values.push(d * scale * f32::from(q | fifth << 4) - least * low);
    }
    Some(())
}

fn q6_k(block: &[u8], values: &mut Vec<f32>) -> Option<()> {
    let (low, high) = (block.get(..128)?, block.get(128..192)?);
    let (scales, d) = (block.get(192..208)?, half(block, 208)?);
    let fours = low.chunks_exact(64).flat_map(nibbles);
    for (at, (q, sixth)) in fours.zip(twos(high)).enumerate() {
        let scale = f32::from(*scales.get(at / 16)? as i8);
        values.push(d * scale * (f32::from(q | sixth << 4) - 32.0));
    }
    Some(())
}

/// Values that the four bits of IQ4_NL stand for.
const UNEVEN: [i8; 16] = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];

fn iq4_nl(block: &[u8], values: &mut Vec<f32>) -> Option<()> {
    let d = half(block, 0)?;
    for q in nibbles(block.get(2..18)?) {
        values.push(d * f32::from(*UNEVEN.get(usize::from(q))?));
    }
    Some(())
}
