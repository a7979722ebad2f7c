//! GPT-2 (Radford et al., 2019), as `modeling_gpt2.py` of transformers computes it without dropout. Each
//! linear layer shows the monitor its inputs. Queries, keys and values, which the checkpoint has
//! side by side in one matrix, are matrices of their own.

use burn::module::Module;
use burn::nn::{
    Embedding, EmbeddingConfig, Initializer, LayerNorm, LayerNormConfig, Linear, LinearConfig,
};
use burn::tensor::activation::gelu_approximate;
use burn::tensor::module::attention;
use burn::tensor::ops::AttentionModuleOptions;
use burn::tensor::{Device, Int, Tensor};
use burn_rmt::Tapped;
use serde::Deserialize;

use super::Pretrained;
use super::load::Stored;

/// Width of the inner layer of the feed-forward block, in widths of the model.
const EXPANSION: usize = 4;

/// What `config.json` says of the sizes.
#[derive(Clone, Debug, Deserialize)]
pub struct Gpt2Config {
    /// Tokens that it knows.
    pub vocab_size: usize,
    /// Width of the model.
    pub n_embd: usize,
    /// How many blocks there are.
    pub n_layer: usize,
    /// Heads of attention in each.
    pub n_head: usize,
    /// Places that it knows.
    pub n_positions: usize,
    /// Added to a variance.
    pub layer_norm_epsilon: f64,
    /// Standard deviation of the weights before training.
    pub initializer_range: f64,
}

/// Tokens in; what is known at each place out. The head is the token embedding.
#[derive(Module, Debug)]
pub struct Gpt2 {
    token_embedding: Embedding,
    position_embedding: Embedding,
    blocks: Vec<Block>,
    norm: LayerNorm,
}

/// Attention and a feed-forward block, each with its norm before it.
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
    heads: usize,
}

/// Where a checkpoint of transformers has the parameter at this path.
pub fn stored(path: &str) -> Option<Stored> {
    let (module, parameter) = path.rsplit_once('.')?;
    let parameter = match parameter {
        "gamma" => "weight",
        "beta" => "bias",
        other => other,
    };
    let (module, part) = match module {
        "token_embedding" => ("wte".to_owned(), None),
        "position_embedding" => ("wpe".to_owned(), None),
        "norm" => ("ln_f".to_owned(), None),
        _ => {
            let (number, layer) = module.strip_prefix("blocks.")?.split_once('.')?;
            let (layer, part) = match layer {
                "query" => ("attn.c_attn", Some((0, 3))),
                "key" => ("attn.c_attn", Some((1, 3))),
                "value" => ("attn.c_attn", Some((2, 3))),
                "attention_output" => ("attn.c_proj", None),
                "attention_norm" => ("ln_1", None),
                "up" => ("mlp.c_fc", None),
                "down" => ("mlp.c_proj", None),
                "feed_forward_norm" => ("ln_2", None),
                _ => return None,
            };
            (format!("h.{number}.{layer}"), part)
        }
    };
    let name = format!("transformer.{module}.{parameter}");
    Some(Stored { name, transposed: false, part })
}

impl Gpt2 {
    /// Random weights, as before training.
    pub fn new(config: &Gpt2Config, device: &Device) -> Self {
        let width = config.n_embd;
        let initializer = Initializer::Normal { mean: 0.0, std: config.initializer_range };
        let embedding = |number| {
            let initializer = initializer.clone();
            EmbeddingConfig::new(number, width).with_initializer(initializer).init(device)
        };
        let linear = |inputs, outputs| {
            let config = LinearConfig::new(inputs, outputs);
            Tapped::new(config.with_initializer(initializer.clone()).init(device))
        };
        let norm =
            || LayerNormConfig::new(width).with_epsilon(config.layer_norm_epsilon).init(device);
        let block = |_| Block {
            attention_norm: norm(),
            query: linear(width, width),
            key: linear(width, width),
            value: linear(width, width),
            attention_output: linear(width, width),
            feed_forward_norm: norm(),
            up: linear(width, EXPANSION * width),
            down: linear(EXPANSION * width, width),
            heads: config.n_head,
        };
        Self {
            token_embedding: embedding(config.vocab_size),
            position_embedding: embedding(config.n_positions),
            blocks: (0..config.n_layer).map(block).collect(),
            norm: norm(),
        }
    }
}

impl Block {
    fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let [n, length, width] = x.dims();
        let by_head =
            |x: Tensor<3>| x.reshape([n, length, self.heads, width / self.heads]).swap_dims(1, 2);
        let normed = self.attention_norm.forward(x.clone());
        let [query, key, value] = [&self.query, &self.key, &self.value]
            .map(|projection| by_head(projection.forward(normed.clone())));
        let causal = AttentionModuleOptions { is_causal: true, ..Default::default() };
        let seen = attention(query, key, value, None, None, causal).swap_dims(1, 2);
        let x = x + self.attention_output.forward(seen.reshape([n, length, width]));
        let inner = self.up.forward(self.feed_forward_norm.forward(x.clone()));
        x + self.down.forward(gelu_approximate(inner))
    }
}

impl Pretrained for Gpt2 {
    fn hidden(&self, tokens: Tensor<2, Int>) -> Tensor<3> {
        let length = tokens.dims()[1] as i64;
        let places = Tensor::<1, Int>::arange(0..length, &tokens.device()).unsqueeze();
        let x = self.token_embedding.forward(tokens) + self.position_embedding.forward(places);
        self.norm.forward(self.blocks.iter().fold(x, |x, block| block.forward(x)))
    }

    fn scores(&self, hidden: Tensor<2>) -> Tensor<2> {
        hidden.matmul(self.token_embedding.weight.val().transpose())
    }
}
