//! What the loss of a pretrained model is measured on.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use burn::tensor::{Device, Int, Tensor, TensorData};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus;

use super::vocabulary::Vocabulary;

/// Tokens in a passage, without those of its begin and its end.
const PASSAGE: usize = 40;

/// Share of the tokens that are hidden, as in BERT's own training.
const HIDDEN: f64 = 0.15;

/// Sequences of one length each, so that none is padded and every token counts.
// Three handles or two.
#[allow(clippy::large_enum_variant)]
#[derive(Clone, Debug)]
pub enum Batch {
    /// Tokens to be predicted.
    Tokens {
        /// `[n, length]`.
        tokens: Tensor<2, Int>,
        /// Where something is predicted, counted through the batch.
        places: Tensor<1, Int>,
        /// What is right there.
        targets: Tensor<1, Int>,
    },
    /// Texts that belong together, row by row.
    Pairs {
        /// `[n, length]`.
        first: Tensor<2, Int>,
        /// `[n, length]`.
        second: Tensor<2, Int>,
    },
}

fn whole<const D: usize>(tokens: Vec<i32>, shape: [usize; D], device: &Device) -> Tensor<D, Int> {
    Tensor::from_data(TensorData::new(tokens, shape), device)
}

/// Batches of `size` sequences of one length, in random order; what fills no batch is left out.
///
/// # Errors
/// Where the sequences make fewer than `count` batches.
pub fn of_one_length(
    mut sequences: Vec<Vec<i32>>,
    [count, size]: [usize; 2],
    seed: u64,
) -> Result<Vec<Vec<Vec<i32>>>> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    sequences.shuffle(&mut rng);
    let mut by_length: BTreeMap<usize, Vec<Vec<i32>>> = BTreeMap::new();
    for sequence in sequences {
        by_length.entry(sequence.len()).or_default().push(sequence);
    }
    let groups = by_length.into_values();
    let mut batches: Vec<Vec<Vec<i32>>> = groups
        .flat_map(|group| group.chunks_exact(size).map(<[_]>::to_vec).collect::<Vec<_>>())
        .collect();
    batches.shuffle(&mut rng);
    let found = batches.len();
    ensure!(found >= count, "the text makes {found} batches of {size}, fewer than {count}");
    batches.truncate(count);
    Ok(batches)
}

/// Hides 15 % of the tokens of each sequence, but for its first and last, behind the token `mask`; they
/// are to be predicted.
pub fn masked(
    sequences: &[Vec<i32>],
    mask: i32,
    rng: &mut Xoshiro256PlusPlus,
    device: &Device,
) -> Batch {
    let length = sequences.first().map_or(0, Vec::len);
    let inside = length.saturating_sub(2);
    let hidden = ((HIDDEN * inside as f64).round() as usize).clamp(1.min(inside), inside);
    let (mut tokens, mut places, mut targets) = (Vec::new(), Vec::new(), Vec::new());
    for sequence in sequences {
        let from = tokens.len();
        tokens.extend(sequence);
        for place in rand::seq::index::sample(rng, inside, hidden) {
            let at = from + 1 + place;
            places.push(at as i32);
            targets.push(tokens[at]);
            tokens[at] = mask;
        }
    }
    let predicted = [places.len()];
    Batch::Tokens {
        tokens: whole(tokens, [sequences.len(), length], device),
        places: whole(places, predicted, device),
        targets: whole(targets, predicted, device),
    }
}

/// Each token but the first is to be predicted from those before it.
pub fn next(sequences: &[Vec<i32>], device: &Device) -> Batch {
    let length = sequences.first().map_or(0, Vec::len);
    let predicting = |at: &usize| !(at + 1).is_multiple_of(length.max(1));
    let places: Vec<usize> = (0..sequences.len() * length).filter(predicting).collect();
    let tokens = sequences.concat();
    let targets = places.iter().map(|at| tokens[at + 1]).collect();
    let predicted = [places.len()];
    Batch::Tokens {
        places: whole(places.into_iter().map(|at| at as i32).collect(), predicted, device),
        targets: whole(targets, predicted, device),
        tokens: whole(tokens, [sequences.len(), length], device),
    }
}

/// Passages of 40 tokens and those that follow them in the same text, in random order; each batch on the
/// device that `place` has for its number.
///
/// # Errors
/// Where the texts make fewer than `count` batches of `size` pairs.
pub fn pairs<'a>(
    texts: &[Vec<i32>],
    vocabulary: &Vocabulary,
    [count, size]: [usize; 2],
    seed: u64,
    place: &dyn Fn(usize) -> &'a Device,
) -> Result<Vec<Batch>> {
    let both = texts.iter().flat_map(|text| text.chunks_exact(2 * PASSAGE));
    let mut both: Vec<&[i32]> = both.collect();
    let found = both.len() / size;
    ensure!(found >= count, "the text makes {found} batches of {size} pairs, fewer than {count}");
    both.shuffle(&mut Xoshiro256PlusPlus::seed_from_u64(seed));
    let side = |number: usize, batch: &[&[i32]], from: usize| {
        let passages = batch.iter().flat_map(|both| vocabulary.enclosed(&both[from..][..PASSAGE]));
        whole(passages.collect(), [batch.len(), PASSAGE + 2], place(number))
    };
    let batches = both.chunks_exact(size).take(count).enumerate();
    let batches = batches.map(|(number, batch)| Batch::Pairs {
        first: side(number, batch, 0),
        second: side(number, batch, PASSAGE),
    });
    Ok(batches.collect())
}
