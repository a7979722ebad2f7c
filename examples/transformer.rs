//! A decoder in the manner of GPT-2 (Radford et al., 2019): pre-norm, with queries, keys and values in
//! matrices of their own, without biases. Each linear layer shows the monitor its inputs.

use anyhow::{Result, ensure};
use burn::module::Module;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::nn::{
    Embedding, EmbeddingConfig, Initializer, LayerNorm, LayerNormConfig, Linear, LinearConfig,
};
use burn::tensor::activation::gelu;
use burn::tensor::module::attention;
use burn::tensor::ops::AttentionModuleOptions;
use burn::tensor::{Device, Int, Tensor, TensorData};
use burn_rmt::Tapped;
use rand::SeedableRng;
use rand::distr::{Distribution, weighted::WeightedIndex};
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::text::{Batch, Vocabulary};

/// Width of an attention head.
pub const HEAD_WIDTH: usize = 32;
/// Width of the inner layer of the feed-forward block, in widths of the model.
const EXPANSION: usize = 4;
const TEMPERATURE: f64 = 0.8;

/// Everything that a run depends on but the text.
#[derive(Clone, Debug)]
pub struct Hyperparameters {
    /// Of the residual stream: a multiple of 32.
    pub width: usize,
    /// How many blocks there are.
    pub blocks: usize,
    /// Sequences in a batch.
    pub batch: usize,
    /// Characters that the model looks back at.
    pub context: usize,
    /// Optimizer steps.
    pub steps: u64,
    /// The largest, after the warm-up.
    pub learning_rate: f64,
    /// Steps from one validation to the next.
    pub every: u64,
    /// Of all random numbers.
    pub seed: u64,
}

/// Characters in, one score for every possible next character out.
#[derive(Module, Debug)]
pub struct Transformer {
    /// One vector a character.
    pub token_embedding: Embedding,
    /// One vector a place.
    pub position_embedding: Embedding,
    /// One after the other.
    pub blocks: Vec<Block>,
    /// Before the head.
    pub norm: LayerNorm,
    /// One score a character.
    pub head: Tapped<Linear>,
}

/// Attention and a feed-forward block. Each linear layer shows the monitor its inputs.
#[derive(Module, Debug)]
pub struct Block {
    attention_norm: LayerNorm,
    query: Tapped<Linear>,
    key: Tapped<Linear>,
    value: Tapped<Linear>,
    attention_output: Tapped<Linear>,
    feed_forward_norm: LayerNorm,
    up: Tapped<Linear>,
    down: Tapped<Linear>,
}

impl Transformer {
    /// Random weights, by burn's default but for the embeddings: at their scale of 1 they would
    /// drown what the blocks add.
    pub fn new(vocabulary: &Vocabulary, sizes: &Hyperparameters, device: &Device) -> Self {
        let embedding = |number| {
            let initializer = Initializer::Normal { mean: 0.0, std: 0.02 };
            EmbeddingConfig::new(number, sizes.width).with_initializer(initializer).init(device)
        };
        Self {
            token_embedding: embedding(vocabulary.size()),
            position_embedding: embedding(sizes.context),
            blocks: (0..sizes.blocks).map(|_| Block::new(sizes.width, device)).collect(),
            norm: LayerNormConfig::new(sizes.width).init(device),
            head: linear(sizes.width, vocabulary.size(), device),
        }
    }

    /// Scores `[n, length, vocabulary]` of sequences `[n, length]`.
    pub fn forward(&self, tokens: Tensor<2, Int>) -> Tensor<3> {
        let length = tokens.dims()[1] as i64;
        let positions = Tensor::<1, Int>::arange(0..length, &tokens.device()).unsqueeze();
        let x = self.token_embedding.forward(tokens) + self.position_embedding.forward(positions);
        let x = self.blocks.iter().fold(x, |x, block| block.forward(x));
        self.head.forward(self.norm.forward(x))
    }

    /// Mean cross-entropy of a batch, in nats.
    pub fn loss(&self, batch: &Batch) -> Tensor<1> {
        let scores = self.forward(batch.inputs.clone()).flatten::<2>(0, 1);
        let cross_entropy = CrossEntropyLossConfig::new().init(&scores.device());
        cross_entropy.forward(scores, batch.targets.clone().flatten(0, 1))
    }
}

impl Block {
    fn new(width: usize, device: &Device) -> Self {
        Self {
            attention_norm: LayerNormConfig::new(width).init(device),
            query: linear(width, width, device),
            key: linear(width, width, device),
            value: linear(width, width, device),
            attention_output: linear(width, width, device),
            feed_forward_norm: LayerNormConfig::new(width).init(device),
            up: linear(width, EXPANSION * width, device),
            down: linear(EXPANSION * width, width, device),
        }
    }

    fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let [n, length, width] = x.dims();
        let by_head =
            |x: Tensor<3>| x.reshape([n, length, width / HEAD_WIDTH, HEAD_WIDTH]).swap_dims(1, 2);
        let normed = self.attention_norm.forward(x.clone());
        let [query, key, value] = [&self.query, &self.key, &self.value]
            .map(|projection| by_head(projection.forward(normed.clone())));
        let causal = AttentionModuleOptions { is_causal: true, ..Default::default() };
        let seen = attention(query, key, value, None, None, causal).swap_dims(1, 2);
        let x = x + self.attention_output.forward(seen.reshape([n, length, width]));

        let inner = gelu(self.up.forward(self.feed_forward_norm.forward(x.clone())));
        x + self.down.forward(inner)
    }
}

fn linear(inputs: usize, outputs: usize, device: &Device) -> Tapped<Linear> {
    LinearConfig::new(inputs, outputs).with_bias(false).init(device).into()
}

/// Mean cross-entropy of each batch, in nats; NaN where it cannot be read. Outside training, so that
/// the layers tell no monitor what they are given.
pub fn batch_losses(model: &Transformer, batches: &[Batch]) -> Vec<f64> {
    let model = model.valid();
    let losses = batches.iter().map(|batch| model.loss(batch).try_into_scalar::<f64>());
    losses.map(|loss| loss.unwrap_or(f64::NAN)).collect()
}

/// Their mean.
pub fn mean(losses: &[f64]) -> f64 {
    losses.iter().sum::<f64>() / losses.len() as f64
}

/// Text as the model writes it, from `prompt` on, at temperature 0.8.
///
/// # Errors
/// If no character of the prompt is known, or the scores cannot be read.
pub fn write_text(
    model: &Transformer,
    vocabulary: &Vocabulary,
    prompt: &str,
    length: usize,
    seed: u64,
) -> Result<String> {
    let model = model.valid();
    let weights = model.position_embedding.weight.val();
    let (context, device) = (weights.dims()[0], weights.device());
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut tokens = vocabulary.encode(prompt);
    ensure!(!tokens.is_empty(), "no character of the prompt {prompt:?} is known");
    let prompted = tokens.len();
    while tokens.len() < prompted + length {
        let seen = &tokens[tokens.len().saturating_sub(context)..];
        let inputs = TensorData::new(seen.to_vec(), [1, seen.len()]);
        let scores = model.forward(Tensor::from_data(inputs, &device));
        let last = scores.slice([0..1, seen.len() - 1..seen.len()]).into_data();
        let last = last.try_into_vec_as::<f64>()?;
        let largest = last.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let odds = last.iter().map(|score| ((score - largest) / TEMPERATURE).exp());
        tokens.push(WeightedIndex::new(odds)?.sample(&mut rng) as i32);
    }
    Ok(vocabulary.decode(&tokens[prompted..]))
}
