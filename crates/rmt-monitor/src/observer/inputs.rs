//! The inputs that a layer's tap receives, and the part of them that is kept.

use crate::error::ReadError;
use crate::snapshot::{ActivationSnapshot, Tokens, WeightValues, Weights};
use rmt_core::statistics::activation::{Activation, Covariance};
use std::any::Any;

/// The kind of forward that an input comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A forward of training.
    Training,
    /// A forward of evaluation.
    Evaluation,
    /// A forward through which gradients flow.
    Tracked,
    /// A forward without gradients that may belong to training, as that of the first layer does. It
    /// counts unless other inputs of the layer are tracked.
    Untracked,
}

/// An input's shape and origin.
#[derive(Debug, Clone, Copy)]
pub struct Input {
    tokens: usize,
    features: usize,
    sequence: usize,
    origin: Origin,
    mask: Option<usize>,
}

impl Input {
    /// An input of this shape. The last axis holds the features, the first axis the sequences, and
    /// the others the tokens of a sequence. With two axes the first holds tokens.
    pub fn new(shape: &[usize], origin: Origin) -> Self {
        let (features, others) =
            shape.split_last().map_or((0, shape), |(last, rest)| (*last, rest));
        let sequence = others.split_first().map_or(1, |(_, inner)| inner.iter().product());
        Self { tokens: others.iter().product(), features, sequence, origin, mask: None }
    }

    /// Adds a mask with this number of entries, which must be one per token.
    #[must_use]
    pub fn with_mask(self, entries: usize) -> Self {
        Self { mask: Some(entries), ..self }
    }

    pub(super) fn origin(&self) -> Origin {
        self.origin
    }

    /// Number of tokens, of all sequences together.
    pub fn tokens(&self) -> usize {
        self.tokens
    }

    /// Number of features per token.
    pub fn features(&self) -> usize {
        self.features
    }
}

/// The part of an input that is kept, which is its first tokens.
#[derive(Debug, Clone, Copy)]
pub struct Part {
    /// Number of tokens.
    pub tokens: usize,
    /// Number of features per token.
    pub features: usize,
    sequence: usize,
    /// Sequences of the layer that came before.
    before: u64,
}

impl Part {
    /// The half, 0 or 1, that a token belongs to. Alternate sequences make the two halves, whatever
    /// their batches. Standard errors come from the difference of the halves.
    pub fn half(&self, token: usize) -> usize {
        usize::from((self.before + (token / self.sequence.max(1)) as u64) % 2 == 1)
    }
}

/// A layer's inputs as a framework keeps them until the next step is observed.
pub trait Inputs: Any + Send {
    /// Converts the inputs for the worker.
    fn snapshot(self: Box<Self>) -> ActivationSnapshot;
}

/// Adds the kept part of an input to the held inputs of its layer.
pub type Keep<'a> = dyn Fn(Option<Box<dyn Inputs>>, Part) -> Box<dyn Inputs> + 'a;

/// The held inputs if they have this type, or a new value.
pub fn held_or<I: Inputs>(held: Option<Box<dyn Inputs>>, new: impl FnOnce() -> I) -> Box<I> {
    let held = held.and_then(|held| (held as Box<dyn Any>).downcast().ok());
    held.unwrap_or_else(|| Box::new(new()))
}

/// One layer's inputs of one step, as far as the token budget goes.
#[derive(Default)]
pub(super) struct Gathered {
    features: usize,
    tokens: u64,
    /// Sequences so far.
    sequences: u64,
    /// Whether gradients flow through the inputs: then others are those of an evaluation.
    tracked: bool,
    held: Option<Box<dyn Inputs>>,
}

impl Gathered {
    /// Adds the tokens of `input`, up to `limit` in all; those of an evaluation where it is asked for.
    pub(super) fn add(
        &mut self,
        input: &Input,
        evaluation: bool,
        limit: u64,
        keep: &Keep<'_>,
    ) -> Result<(), String> {
        match input.origin {
            Origin::Untracked if self.tracked && !evaluation => return Ok(()),
            Origin::Tracked if !self.tracked && !evaluation => {
                // What came before was no training.
                *self = Self { tracked: true, ..Self::default() };
            }
            _ => {}
        }
        let &Input { tokens, features, sequence, mask, .. } = input;
        if tokens == 0 || features == 0 {
            return Ok(());
        }
        if self.features != 0 && self.features != features {
            return Err(format!("inputs of {} and of {features} features", self.features));
        }
        if let Some(entries) = mask.filter(|entries| *entries != tokens) {
            return Err(format!("a mask of {entries} entries for {tokens} tokens"));
        }
        self.features = features;
        let room = limit.saturating_sub(self.tokens);
        if room == 0 {
            return Ok(());
        }
        let taken = usize::try_from(room).map_or(tokens, |room| room.min(tokens));
        let part = Part { tokens: taken, features, sequence, before: self.sequences };
        self.tokens += taken as u64;
        self.sequences += taken.div_ceil(sequence) as u64;
        self.held = Some(keep(self.held.take(), part));
        Ok(())
    }

    /// On its way to the worker; `None` without tokens.
    pub(super) fn snapshot(self) -> Option<ActivationSnapshot> {
        self.held.map(Inputs::snapshot)
    }
}

/// Tokens in main memory.
#[derive(Default)]
pub struct Batches(Vec<Batch>);

struct Batch {
    part: Part,
    bytes: u64,
    values: Box<dyn Weights>,
    mask: Option<Box<dyn Weights>>,
    note: Option<String>,
}

impl Batches {
    /// Adds tokens × features values of this many bytes, a mask that is 1 for each token that
    /// counts, and a note for the report.
    pub fn add(
        &mut self,
        part: Part,
        bytes: u64,
        values: Box<dyn Weights>,
        mask: Option<Box<dyn Weights>>,
        note: Option<String>,
    ) {
        self.0.push(Batch { part, bytes, values, mask, note });
    }
}

impl Inputs for Batches {
    fn snapshot(self: Box<Self>) -> ActivationSnapshot {
        let bytes = self.0.iter().map(|batch| batch.bytes).sum();
        ActivationSnapshot { bytes, tokens: self }
    }
}

impl Tokens for Batches {
    fn read(self: Box<Self>) -> Result<Activation, ReadError> {
        let features = self.0.first().map_or(0, |batch| batch.part.features);
        let mut halves = [Covariance::new(features), Covariance::new(features)];
        let mut note = None;
        for batch in self.0 {
            note = note.or(batch.note);
            let mask = batch.mask.map(Weights::read).transpose()?;
            let counts = |token: usize| match &mask {
                None => true,
                Some(WeightValues::F32(mask)) => mask.get(token) == Some(&1.0),
                Some(WeightValues::F64(mask)) => mask.get(token) == Some(&1.0),
            };
            let values = batch.values.read()?;
            for (half, covariance) in halves.iter_mut().enumerate() {
                let chosen = |token: usize| batch.part.half(token) == half && counts(token);
                let tokens = match &values {
                    WeightValues::F32(all) => WeightValues::F32(rows(all, features, chosen)),
                    WeightValues::F64(all) => WeightValues::F64(rows(all, features, chosen)),
                };
                covariance.add(tokens.as_values()).map_err(|error| ReadError(error.to_string()))?;
            }
        }
        activation(halves, note)
    }
}

/// The activation with the covariances of both halves and a note for the report.
///
/// # Errors
/// [`ReadError`] if their numbers of features differ.
pub fn activation(halves: [Covariance; 2], note: Option<String>) -> Result<Activation, ReadError> {
    let activation = Activation::new(halves).map_err(|error| ReadError(error.to_string()))?;
    Ok(match note {
        Some(note) => activation.with_note(note),
        None => activation,
    })
}

/// The chosen rows.
fn rows<T: Copy>(values: &[T], length: usize, chosen: impl Fn(usize) -> bool) -> Vec<T> {
    let rows = values.chunks_exact(length.max(1)).enumerate();
    rows.filter(|(token, _)| chosen(*token)).flat_map(|(_, row)| row.iter().copied()).collect()
}
