//! BERT (Devlin et al., 2019), as `modeling_bert.py` of transformers computes it without dropout. Each
//! linear layer shows the monitor its inputs.

use burn::module::{Module, Param};
use burn::nn::{
    Embedding, EmbeddingConfig, Initializer, LayerNorm, LayerNormConfig, Linear, LinearConfig,
};
use burn::tensor::activation::gelu;
use burn::tensor::module::attention;
use burn::tensor::{Device, Int, Tensor};
use burn_rmt::Tapped;
use serde::Deserialize;

use super::Pretrained;
use super::load::Stored;

/// What `config.json` says of the sizes.
#[derive(Clone, Debug, Deserialize)]
pub struct BertConfig {
    /// Tokens that it knows.
    pub vocab_size: usize,
    /// Width of the model.
    pub hidden_size: usize,
    /// How many blocks there are.
    pub num_hidden_layers: usize,
    /// Heads of attention in each.
    pub num_attention_heads: usize,
    /// Width of the inner layer of the feed-forward block.
    pub intermediate_size: usize,
    /// Places that it knows.
    pub max_position_embeddings: usize,
    /// Kinds of segments.
    pub type_vocab_size: usize,
    /// Added to a variance.
    pub layer_norm_eps: f64,
    /// Standard deviation of the weights before training.
    pub initializer_range: f64,
}

/// Tokens in; what is known at each place out.
#[derive(Module, Debug)]
pub struct Bert {
    token_embedding: Embedding,
    position_embedding: Embedding,
    segment_embedding: Embedding,
    embedding_norm: LayerNorm,
    blocks: Vec<Block>,
    pooler: Linear,
    token_head: Option<TokenHead>,
    /// Of whole sequences; their training is over, and nothing here asks them.
    sequence_heads: Vec<Linear>,
}

/// Attention and a feed-forward block, each with its norm behind it.
#[derive(Module, Debug)]
pub struct Block {
    query: Tapped<Linear>,
    key: Tapped<Linear>,
    value: Tapped<Linear>,
    attention_output: Tapped<Linear>,
    attention_norm: LayerNorm,
    up: Tapped<Linear>,
    down: Tapped<Linear>,
    output_norm: LayerNorm,
    heads: usize,
}

/// From what is known at a place to scores of tokens; the last matrix is the token embedding.
#[derive(Module, Debug)]
pub struct TokenHead {
    transform: Tapped<Linear>,
    norm: LayerNorm,
    bias: Param<Tensor<1>>,
}

/// What a checkpoint has beside the encoder.
#[derive(Clone, Copy, Debug)]
pub struct Parts {
    /// What stands before the names of the encoder's tensors.
    pub prefix: &'static str,
    /// Whether there is a head of tokens.
    pub token_head: bool,
    /// Heads of whole sequences, with their number of outputs.
    pub sequence_heads: &'static [(&'static str, usize)],
}

impl Parts {
    /// Where a checkpoint of transformers has the parameter at this path.
    pub fn stored(&self, path: &str) -> Option<Stored> {
        let (module, parameter) = path.rsplit_once('.')?;
        let parameter = match parameter {
            "gamma" => "weight",
            "beta" => "bias",
            other => other,
        };
        let of_encoder = |name: &str| format!("{}{name}", self.prefix);
        let name = match module {
            "token_embedding" => of_encoder("embeddings.word_embeddings"),
            "position_embedding" => of_encoder("embeddings.position_embeddings"),
            "segment_embedding" => of_encoder("embeddings.token_type_embeddings"),
            "embedding_norm" => of_encoder("embeddings.LayerNorm"),
            "pooler" => of_encoder("pooler.dense"),
            "token_head" => "cls.predictions".to_owned(),
            "token_head.transform" => "cls.predictions.transform.dense".to_owned(),
            "token_head.norm" => "cls.predictions.transform.LayerNorm".to_owned(),
            _ => match module.split_once('.')? {
                ("sequence_heads", number) => {
                    let (name, _) = self.sequence_heads.get(number.parse::<usize>().ok()?)?;
                    (*name).to_owned()
                }
                (_, place) => {
                    let (number, layer) = place.split_once('.')?;
                    let layer = match layer {
                        "query" | "key" | "value" => format!("attention.self.{layer}"),
                        "attention_output" => "attention.output.dense".to_owned(),
                        "attention_norm" => "attention.output.LayerNorm".to_owned(),
                        "up" => "intermediate.dense".to_owned(),
                        "down" => "output.dense".to_owned(),
                        "output_norm" => "output.LayerNorm".to_owned(),
                        _ => return None,
                    };
                    of_encoder(&format!("encoder.layer.{number}.{layer}"))
                }
            },
        };
        let transposed = !module.ends_with("embedding");
        Some(Stored { name: format!("{name}.{parameter}"), transposed, part: None })
    }
}

impl Bert {
    /// Random weights, as before training.
    pub fn new(config: &BertConfig, parts: &Parts, device: &Device) -> Self {
        let width = config.hidden_size;
        let initializer = Initializer::Normal { mean: 0.0, std: config.initializer_range };
        let embedding = |number| {
            let initializer = initializer.clone();
            EmbeddingConfig::new(number, width).with_initializer(initializer).init(device)
        };
        let linear = |inputs, outputs| {
            let config = LinearConfig::new(inputs, outputs);
            config.with_initializer(initializer.clone()).init(device)
        };
        let norm = || LayerNormConfig::new(width).with_epsilon(config.layer_norm_eps).init(device);
        let block = |_| Block {
            query: linear(width, width).into(),
            key: linear(width, width).into(),
            value: linear(width, width).into(),
            attention_output: linear(width, width).into(),
            attention_norm: norm(),
            up: linear(width, config.intermediate_size).into(),
            down: linear(config.intermediate_size, width).into(),
            output_norm: norm(),
            heads: config.num_attention_heads,
        };
        Self {
            token_embedding: embedding(config.vocab_size),
            position_embedding: embedding(config.max_position_embeddings),
            segment_embedding: embedding(config.type_vocab_size),
            embedding_norm: norm(),
            blocks: (0..config.num_hidden_layers).map(block).collect(),
            pooler: linear(width, width),
            token_head: parts.token_head.then(|| TokenHead {
                transform: linear(width, width).into(),
                norm: norm(),
                bias: Initializer::Zeros.init([config.vocab_size], device),
            }),
            sequence_heads: parts.sequence_heads.iter().map(|head| linear(width, head.1)).collect(),
        }
    }
}

impl Block {
    fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let [n, length, width] = x.dims();
        let by_head =
            |x: Tensor<3>| x.reshape([n, length, self.heads, width / self.heads]).swap_dims(1, 2);
        let [query, key, value] = [&self.query, &self.key, &self.value]
            .map(|projection| by_head(projection.forward(x.clone())));
        let seen = attention(query, key, value, None, None, Default::default()).swap_dims(1, 2);
        let seen = self.attention_output.forward(seen.reshape([n, length, width]));
        let x = self.attention_norm.forward(seen + x);
        let inner = gelu(self.up.forward(x.clone()));
        self.output_norm.forward(self.down.forward(inner) + x)
    }
}

impl Pretrained for Bert {
    fn hidden(&self, tokens: Tensor<2, Int>) -> Tensor<3> {
        let ([n, length], device) = (tokens.dims(), tokens.device());
        let places = Tensor::<1, Int>::arange(0..length as i64, &device).unsqueeze();
        let segments = Tensor::<2, Int>::zeros([n, length], &device);
        let x = self.token_embedding.forward(tokens)
            + self.position_embedding.forward(places)
            + self.segment_embedding.forward(segments);
        let x = self.embedding_norm.forward(x);
        self.blocks.iter().fold(x, |x, block| block.forward(x))
    }

    fn scores(&self, hidden: Tensor<2>) -> Tensor<2> {
        let tokens = self.token_embedding.weight.val().transpose();
        match &self.token_head {
            Some(head) => {
                let hidden = head.norm.forward(gelu(head.transform.forward(hidden)));
                hidden.matmul(tokens) + head.bias.val().unsqueeze()
            }
            None => hidden.matmul(tokens),
        }
    }
}
