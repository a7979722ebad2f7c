//! Antibodies for models that know them: heavy chains of human germline genes (IMGT, as the package
//! airrship has them), a V, a D and a J segment joined amino acid by amino acid.
//!
//! Antibodies of blood have mutations, and random nucleotides where segments meet; these have none.

use std::path::Path;

use anyhow::{Context, Result};
use rand::SeedableRng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand_xoshiro::Xoshiro256PlusPlus;

/// How many are made.
const CHAINS: usize = 4000;

/// Different ones, in an order that the seed decides.
///
/// # Errors
/// Where a file of segments cannot be read.
pub fn antibodies(folder: &Path, seed: u64) -> Result<Vec<String>> {
    let segments = |name: &str, frames: &dyn Fn(usize) -> Vec<usize>| {
        let file = folder.join(format!("imgt_human_IGH{name}.fasta"));
        let text = std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
        Ok::<_, anyhow::Error>(translated(&text, frames))
    };
    let v = segments("V", &|_| vec![0])?;
    // A D segment is read in whichever frame has no stop.
    let d = segments("D", &|_| vec![0, 1, 2])?;
    let j = segments("J", &|first| vec![first])?;
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut all = Vec::with_capacity(CHAINS);
    for _ in 0..CHAINS {
        let parts = [&v, &d, &j].map(|segments| segments.choose(&mut rng));
        all.push(parts.into_iter().flatten().map(String::as_str).collect::<String>());
    }
    all.sort_unstable();
    all.dedup();
    all.shuffle(&mut rng);
    Ok(all)
}

/// The functional segments of a file in which IMGT's gaps are dots; `frames` are the places to begin at,
/// given the first codon that the file names, from 0.
fn translated(text: &str, frames: &dyn Fn(usize) -> Vec<usize>) -> Vec<String> {
    let mut found = Vec::new();
    for record in text.split('>').skip(1) {
        let Some((head, lines)) = record.split_once('\n') else { continue };
        let fields: Vec<&str> = head.split('|').collect();
        if fields.get(3) != Some(&"F") {
            continue;
        }
        let first = fields.get(7).and_then(|first| first.trim().parse::<usize>().ok()).unwrap_or(1);
        let bases: Vec<u8> = lines.bytes().filter(u8::is_ascii_alphabetic).collect();
        for frame in frames(first.saturating_sub(1)) {
            let codons = bases.get(frame..).unwrap_or_default().chunks_exact(3);
            found.extend(codons.map(amino_acid).collect::<Option<String>>());
        }
    }
    found.retain(|segment| !segment.is_empty());
    found
}

/// `None` for a stop, and for what is no codon.
fn amino_acid(codon: &[u8]) -> Option<char> {
    /// The standard code, T before C before A before G.
    const CODE: &[u8; 64] = b"FFLLSSSSYY**CC*WLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG";
    let number = codon.iter().try_fold(0, |number, base| {
        let base = b"TCAG".iter().position(|known| *known == base.to_ascii_uppercase())?;
        Some(4 * number + base)
    })?;
    CODE.get(number).map(|letter| char::from(*letter)).filter(|letter| *letter != '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_read_in_their_frame_without_stops() {
        let file = ">A|V1|Homo|F|V|1|2|1|\natg...tgg\n>B|V2|Homo|P|V|1|2|1|\natg\n>C|V3|Homo|F|V|1|2|2|\naatgtga\n";
        assert_eq!(translated(file, &|_| vec![0]), ["MW", "NV"]);
        assert_eq!(translated(file, &|first| vec![first]), ["MW"]);
    }
}
