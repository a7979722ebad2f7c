//! Texts to learn, character by character.

use anyhow::{Result, ensure};
use burn::tensor::{Device, Int, Tensor, TensorData};
use rand::RngExt;
use rand_xoshiro::Xoshiro256PlusPlus;

/// Between two texts of one file: a form feed.
const BETWEEN: char = '\u{c}';

/// Prose: documentation of this workspace, as it was once. No edit of the documentation changes it.
pub fn prose() -> Vec<&'static str> {
    include_str!("texts/prose.txt").split(BETWEEN).collect()
}

/// Program text: sources of this workspace, likewise.
pub fn sources() -> Vec<&'static str> {
    include_str!("texts/sources.txt").split(BETWEEN).collect()
}

/// Share of each text, its end, that is validated with.
const VALIDATION: f64 = 0.1;
/// Batches, spread over what is validated with, at most.
const VALIDATION_BATCHES: usize = 16;

/// The characters that a model knows, in their order.
#[derive(Clone, Debug)]
pub struct Vocabulary(Vec<char>);

impl Vocabulary {
    /// The characters of these texts.
    pub fn of(texts: &[&str]) -> Self {
        let mut all: Vec<char> = texts.iter().flat_map(|text| text.chars()).collect();
        all.sort_unstable();
        all.dedup();
        Self(all)
    }

    /// How many there are.
    pub fn size(&self) -> usize {
        self.0.len()
    }

    /// The numbers of a text's characters; those that are not known are left out.
    pub fn encode(&self, text: &str) -> Vec<i32> {
        text.chars().filter_map(|c| self.0.binary_search(&c).ok()).map(|n| n as i32).collect()
    }

    /// The characters of these numbers.
    pub fn decode(&self, tokens: &[i32]) -> String {
        tokens.iter().filter_map(|&token| self.0.get(token as usize)).collect()
    }
}

/// Sequences of characters, and the character that follows at each place.
#[derive(Clone, Debug)]
pub struct Batch {
    /// `[sequences, context]`.
    pub inputs: Tensor<2, Int>,
    /// `[sequences, context]`.
    pub targets: Tensor<2, Int>,
}

impl Batch {
    /// Of windows of one length, one longer than the context.
    fn new(windows: &[&[i32]], device: &Device) -> Self {
        let shape = [windows.len(), windows.first().map_or(0, |window| window.len() - 1)];
        let tensor = |from: usize| {
            let tokens = windows.iter().flat_map(|window| &window[from..from + shape[1]]);
            let tokens: Vec<i32> = tokens.copied().collect();
            Tensor::from_data(TensorData::new(tokens, shape), device)
        };
        Self { inputs: tensor(0), targets: tensor(1) }
    }
}

/// A text in two parts: one to train on, one to validate with.
#[derive(Clone, Debug)]
pub struct Corpus {
    train: Vec<i32>,
    /// What is validated with.
    pub validation: Vec<Batch>,
    /// Mean loss there, in nats, of one who knows how often each character occurs and nothing else.
    pub unigram_loss: f64,
    context: usize,
    batch: usize,
    device: Device,
}

impl Corpus {
    /// Batches of `batch` sequences of `context` characters; the last tenth of each of the texts is
    /// kept for validation.
    ///
    /// # Errors
    /// Where the texts are shorter than that needs.
    pub fn new(
        texts: &[&str],
        vocabulary: &Vocabulary,
        [batch, context]: [usize; 2],
        device: &Device,
    ) -> Result<Self> {
        let (mut train, mut kept) = (Vec::new(), Vec::new());
        for text in texts {
            let mut tokens = vocabulary.encode(text);
            kept.extend(tokens.split_off((tokens.len() as f64 * (1.0 - VALIDATION)) as usize));
            train.extend(tokens);
        }
        let windows: Vec<&[i32]> = kept.chunks_exact(context + 1).collect();
        let batches: Vec<&[&[i32]]> = windows.chunks(batch).collect();
        let enough = train.len() > context && !batches.is_empty();
        ensure!(enough, "the text is too short for a context of {context} characters");
        let spread = batches.iter().step_by(batches.len().div_ceil(VALIDATION_BATCHES));
        let validation = spread.map(|windows| Batch::new(windows, device)).collect();

        // One more of each, so that none is impossible.
        let mut counts = vec![1.0; vocabulary.size()];
        train.iter().for_each(|&token| counts[token as usize] += 1.0);
        let total: f64 = counts.iter().sum();
        let losses = kept.iter().map(|&token| (total / counts[token as usize]).ln());
        let unigram_loss = losses.sum::<f64>() / kept.len() as f64;
        Ok(Self { train, validation, unigram_loss, context, batch, device: device.clone() })
    }

    /// Random sequences of what is trained on.
    pub fn draw(&self, rng: &mut Xoshiro256PlusPlus) -> Batch {
        let last = self.train.len() - self.context;
        let starts: Vec<usize> = (0..self.batch).map(|_| rng.random_range(..last)).collect();
        let windows = starts.iter().map(|&start| &self.train[start..=start + self.context]);
        Batch::new(&windows.collect::<Vec<_>>(), &self.device)
    }
}
