//! The table of names: the kind that a parameter's path stands for.

use super::LayerKind::{self, *};

/// (End of the module's path, kind); the first that fits counts. A component matches itself; one
/// that begins or ends with `*` matches what ends or begins like it; `#` is a number. `^` in front:
/// the whole path.
const KINDS: &[(&str, LayerKind)] = &[
    // Traps: linear layers named like embeddings.
    ("patch_embedding", Other),
    ("embedding_hidden_mapping_in", Other),
    // Queries, keys and values: burn and BERT; Llama, BART and OPT; DeBERTa; DistilBERT;
    // diffusers; T5; Llama as Meta stores it; GGUF; PyTorch with keys of another width; GPT-2's
    // cross attention.
    // RWKV, whose feed-forward blocks have keys and values too.
    ("ffn.key", Up),
    ("ffn.value", Down),
    ("ffn.receptance", Gate),
    ("feed_forward.key", Up),
    ("feed_forward.value", Down),
    ("feed_forward.receptance", Gate),
    ("query", Query),
    ("key", Key),
    ("value", Value),
    ("q_proj", Query),
    ("k_proj", Key),
    ("v_proj", Value),
    ("q_linear", Query),
    ("k_linear", Key),
    ("v_linear", Value),
    ("linear_q", Query),
    ("linear_k", Key),
    ("linear_v", Value),
    ("query_proj", Query),
    ("key_proj", Key),
    ("value_proj", Value),
    ("q_lin", Query),
    ("k_lin", Key),
    ("v_lin", Value),
    ("to_q", Query),
    ("to_k", Key),
    ("to_v", Value),
    ("*Attention.q", Query),
    ("*Attention.k", Key),
    ("*Attention.v", Value),
    ("attention.wq", Query),
    ("attention.wk", Key),
    ("attention.wv", Value),
    ("attn_q", Query),
    ("attn_k", Key),
    ("attn_v", Value),
    ("q_proj_weight", Query),
    ("k_proj_weight", Key),
    ("v_proj_weight", Value),
    ("q_attn", Query),
    // Attention outputs: burn; BERT; NeoX, BLOOM, Falcon and Phi; the rest by its parent, since
    // `out_proj` and `c_proj` are elsewhere too.
    ("mha.output", AttentionOutput),
    ("self_attn.output", AttentionOutput),
    ("cross_attn.output", AttentionOutput),
    ("att.output", AttentionOutput),
    ("attention.output", AttentionOutput),
    ("*att*.out", AttentionOutput),
    ("*att*.linear_out", AttentionOutput),
    ("*attention.output.dense", AttentionOutput),
    ("*att*.dense", AttentionOutput),
    ("*att*.out_proj", AttentionOutput),
    ("*att*.c_proj", AttentionOutput),
    ("*att*.proj", AttentionOutput),
    ("*att*.Wo", AttentionOutput),
    ("*Attention.o", AttentionOutput),
    ("attention.wo", AttentionOutput),
    ("o_proj", AttentionOutput),
    ("out_lin", AttentionOutput),
    ("to_out.#", AttentionOutput),
    ("attn_output", AttentionOutput),
    ("attention_output", AttentionOutput),
    // Feed-forward blocks. `fc1` and `linear1` alone are any network's first layer.
    // ALBERT.
    ("#.ffn", Up),
    ("ffn_output", Down),
    ("pwff.linear_inner", Up),
    ("pwff.linear_outer", Down),
    ("#.up", Up),
    ("#.down", Down),
    ("#.linear1", Up),
    ("#.linear2", Down),
    ("intermediate.dense", Up),
    ("output.dense", Down),
    ("ffn.lin1", Up),
    ("ffn.lin2", Down),
    ("gate_proj", Gate),
    ("up_proj", Up),
    ("gate_up_proj", Up),
    ("down_proj", Down),
    ("experts.#.w1", Gate),
    ("experts.#.w3", Up),
    ("experts.#.w2", Down),
    ("feed_forward.w1", Gate),
    ("feed_forward.w3", Up),
    ("feed_forward.w2", Down),
    ("#.fc1", Up),
    ("#.fc2", Down),
    ("mlp.fc1", Up),
    ("mlp.fc2", Down),
    ("mlp.fc_in", Up),
    ("mlp.fc_out", Down),
    ("DenseReluDense.wi", Up),
    ("DenseReluDense.wi_0", Gate),
    ("DenseReluDense.wi_1", Up),
    ("DenseReluDense.wo", Down),
    ("c_fc", Up),
    ("mlp.c_proj", Down),
    ("dense_h_to_4h", Up),
    ("dense_4h_to_h", Down),
    ("ffn_gate", Gate),
    ("ffn_up", Up),
    ("ffn_down", Down),
    ("ffn_gate_exps", Gate),
    ("ffn_up_exps", Up),
    ("ffn_down_exps", Down),
    // Embeddings and heads.
    ("wte", Embedding),
    ("wpe", Embedding),
    ("embed_in", Embedding),
    ("embed_tokens*", Embedding),
    ("embed_positions", Embedding),
    ("pos_embed", Embedding),
    ("pos_emb", Embedding),
    ("tok_emb", Embedding),
    ("token_emb", Embedding),
    ("token_embd", Embedding),
    ("^shared", Embedding),
    ("^model.shared", Embedding),
    ("relative_attention_bias", Embedding),
    ("relative_position_bias_table", Embedding),
    ("*embeddings", Embedding),
    ("embedding*", Embedding),
    ("*embedding", Embedding),
    // EfficientNet's last convolution.
    ("*conv_head", Conv),
    ("embed_out", Head),
    ("head", Head),
    ("*_head", Head),
    ("predictions.decoder", Head),
    ("lm_head.decoder", Head),
    ("seq_relationship", Head),
    ("classifier", Head),
    ("classifier.out_proj", Head),
    ("qa_outputs", Head),
    ("vocab_projector", Head),
    ("^score", Head),
    // A classifier's last layer, where it is the network's own.
    ("^output", Head),
    ("^fc", Head),
    ("_fc", Head),
    ("^proj_out", Head),
    // Convolutions.
    ("conv*", Conv),
    ("patch_embed.proj", Conv),
    ("patch_embeddings.projection", Conv),
];

/// Whether the path of a module ends as `pattern` says (see [`KINDS`]).
pub(super) fn ends(module: &[&str], pattern: &str) -> bool {
    let (pattern, whole) = match pattern.strip_prefix('^') {
        Some(pattern) => (pattern, true),
        None => (pattern, false),
    };
    let mut parts = module.iter().rev();
    let fits = pattern.rsplit('.').all(|p| parts.next().is_some_and(|part| component(part, p)));
    fits && !(whole && parts.next().is_some())
}

/// Whether one component of a path is as one of a pattern (see [`KINDS`]).
pub(super) fn component(part: &str, pattern: &str) -> bool {
    if pattern == "#" {
        return is_number(part);
    }
    match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(_), Some(_)) => part.contains(pattern.trim_matches('*')),
        (Some(end), None) => part.ends_with(end),
        (None, Some(start)) => part.starts_with(start),
        (None, None) => part == pattern,
    }
}

pub(super) fn is_number(part: &str) -> bool {
    number(part).is_some()
}

/// The number that a component is, or that it has behind the word for a block (`layer_3`).
pub(super) fn number(part: &str) -> Option<usize> {
    let digits = match part.rsplit_once('_') {
        Some((word, digits)) if BLOCKS.iter().any(|block| word.ends_with(block)) => digits,
        _ => part,
    };
    // A sign is none of a name.
    digits.parse().ok().filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Words for a block, in front of its number.
const BLOCKS: [&str; 4] = ["layer", "layers", "block", "blocks"];

/// The components of a name: between dots, or in TensorFlow's and JAX's between slashes, where `:0` is of no
/// meaning.
pub(super) fn components(name: &str) -> Vec<&str> {
    if name.contains('/') {
        name.trim_end_matches(":0").split(['.', '/']).collect()
    } else {
        name.split('.').collect()
    }
}

/// The module that a parameter belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Owner<'a> {
    /// Its path; that of the parameter itself where a module holds several (`in_proj_weight`).
    pub(super) module: &'a [&'a str],
    /// Whether the parameter is a factor of a low-rank adapter of the module's weight.
    pub(super) adapter: bool,
}

/// Names of adapters' factors in PEFT's files and in those of image models.
const FACTORS: [&str; 6] =
    ["lora_A", "lora_B", "lora_embedding_A", "lora_embedding_B", "lora_down", "lora_up"];

pub(super) fn owner<'a>(parts: &'a [&'a str]) -> Owner<'a> {
    let (module, adapter) = match parts {
        // burn: {weight}.lora.a
        [rest @ .., "weight", "lora", _] => (rest, true),
        // diffusers
        [rest @ .., "lora", "down" | "up", "weight"] => (rest, true),
        // PEFT, with the adapter's name or without.
        [rest @ .., factor] | [rest @ .., factor, _] | [rest @ .., factor, _, "weight"]
            if FACTORS.contains(factor) =>
        {
            (rest, true)
        }
        [rest @ .., "weight" | "kernel"] => (rest, false),
        all => (all, false),
    };
    // The adapted module itself, in a model that PEFT has wrapped.
    let module = match module {
        [rest @ .., "base_layer"] => rest,
        all => all,
    };
    Owner { module, adapter }
}

/// The part that an owner's weight plays.
pub(super) fn kind_of(owner: Owner<'_>) -> LayerKind {
    let found = KINDS.iter().find(|(pattern, _)| ends(owner.module, pattern));
    found.map_or(Other, |(_, kind)| *kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_the_end_of_a_path() {
        let fits = |path: &str, pattern| ends(&path.split('.').collect::<Vec<_>>(), pattern);
        assert!(fits("a.b.c", "b.c") && fits("c", "c") && !fits("c", "b.c") && !fits("a.bc", "c"));
        assert!(fits("a.self_attn.c", "*att*.c") && !fits("a.mlp.c", "*att*.c"));
        assert!(fits("a.3.c", "#.c") && !fits("a.b.c", "#.c"));
        assert!(fits("conv1", "conv*") && fits("my_head", "*_head") && !fits("head", "*_head"));
        assert!(fits("shared", "^shared") && !fits("mlp.shared", "^shared"));
        assert!(!fits("", "c"));
    }

    /// A later entry that an earlier one always hides would be dead.
    #[test]
    fn no_entry_is_hidden_by_an_earlier_one() {
        for (number, (pattern, kind)) in KINDS.iter().enumerate() {
            let path = pattern.replace('^', "").replace('*', "x").replace('#', "7");
            let path: Vec<&str> = path.split('.').collect();
            let first = KINDS.iter().position(|(earlier, _)| ends(&path, earlier));
            let hiding = first.and_then(|first| KINDS.get(first));
            assert!(first == Some(number), "{pattern} ({kind}) is hidden by {hiding:?}");
        }
    }
}
