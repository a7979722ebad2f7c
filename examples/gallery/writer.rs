//! A small transformer: the next character of a text.

use super::training::{Data, Subject};
use crate::text::{Batch, Corpus, Vocabulary, prose, sources};
use crate::transformer::{Hyperparameters, Transformer};
use anyhow::Result;
use burn::tensor::{Device, Tensor};
use rand_xoshiro::Xoshiro256PlusPlus;

const WIDTH: usize = 64;
const BLOCKS: usize = 2;
const BATCH: usize = 8;
const CONTEXT: usize = 32;
/// Batches that are validated with.
const VALIDATED: usize = 4;
/// Characters that no text has.
const UNUSED: u32 = 0xE000;

impl Subject for Transformer {
    type Batch = Batch;

    fn loss(&self, batch: &Batch) -> Tensor<1> {
        Transformer::loss(self, batch)
    }
}

/// What may be wrong with the text.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wrong {
    /// Characters that are known and never come, as a share of those that do.
    pub unused: f64,
    /// Whether every character is the same.
    pub constant: bool,
    /// How many characters are trained on, where they are fewer than they should be.
    pub few: Option<usize>,
}

/// The characters that a transformer is to know.
pub(super) fn vocabulary(wrong: Wrong) -> Vocabulary {
    let texts = prose();
    let unused = (wrong.unused * Vocabulary::of(&texts).size() as f64).round() as u32;
    let unused: String = (0..unused).filter_map(|k| char::from_u32(UNUSED + k)).collect();
    Vocabulary::of(&[texts.as_slice(), &[&unused]].concat())
}

/// A transformer with random weights.
pub(super) fn model(vocabulary: &Vocabulary, device: &Device) -> Transformer {
    let sizes = Hyperparameters {
        width: WIDTH,
        blocks: BLOCKS,
        batch: BATCH,
        context: CONTEXT,
        steps: 0,
        learning_rate: 0.0,
        every: 0,
        seed: 0,
    };
    Transformer::new(vocabulary, &sizes, device)
}

/// The documentation of this workspace, as it was once.
#[derive(Debug)]
pub(super) struct Text {
    trained: Corpus,
    validation: Vec<Batch>,
}

impl Text {
    /// As what is wrong with it wants it.
    ///
    /// # Errors
    /// Where it is too short.
    pub(super) fn new(vocabulary: &Vocabulary, wrong: Wrong, device: &Device) -> Result<Self> {
        let sizes = [BATCH, CONTEXT];
        let whole = Corpus::new(&prose(), vocabulary, sizes, device)?;
        let joined = prose().concat();
        let cut: String = match (wrong.constant, wrong.few) {
            (true, _) => "e".repeat(4096),
            (_, Some(few)) => joined.chars().take(few).collect(),
            _ => {
                let validation = whole.validation.iter().take(VALIDATED).cloned().collect();
                return Ok(Self { trained: whole, validation });
            }
        };
        let trained = Corpus::new(&[&cut], vocabulary, sizes, device)?;
        Ok(Self { trained, validation: whole.validation.into_iter().take(VALIDATED).collect() })
    }
}

impl Text {
    /// The sources of this workspace, as they were once, in the characters of its documentation.
    ///
    /// # Errors
    /// Where they are too short.
    pub(super) fn of_sources(vocabulary: &Vocabulary, device: &Device) -> Result<Self> {
        let trained = Corpus::new(&sources(), vocabulary, [BATCH, CONTEXT], device)?;
        let validation = trained.validation.iter().take(VALIDATED).cloned().collect();
        Ok(Self { trained, validation })
    }
}

impl Data<Batch> for Text {
    /// Characters have no size: a bad batch is one whose loss was not averaged.
    fn draw(&self, rng: &mut Xoshiro256PlusPlus, _: f32) -> Batch {
        self.trained.draw(rng)
    }

    fn validation(&self) -> Vec<Batch> {
        self.validation.clone()
    }
}
