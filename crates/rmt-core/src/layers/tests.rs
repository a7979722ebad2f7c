//! Names of real models: every kind and every block.

use super::LayerKind::{self, *};
use super::{LayerId, not_a_weight};

fn hold(expected: &[(&str, LayerKind, Option<usize>)]) {
    for (name, kind, block) in expected {
        let id = LayerId::from_name(*name);
        assert_eq!((id.kind, id.block), (*kind, *block), "{name}");
        assert_eq!(not_a_weight(name), None, "{name}");
    }
}

/// The same names in blocks of `prefix`, which has `#` for their number.
fn hold_in_blocks(prefix: &str, expected: &[(&str, LayerKind)]) {
    for block in [0, 11] {
        for (name, kind) in expected {
            let name = format!("{}{name}", prefix.replace('#', &block.to_string()));
            hold(&[(&name, *kind, Some(block))]);
        }
    }
}

#[test]
fn burn_names() {
    hold(&[
        ("embedding.weight", Embedding, None),
        ("embedding_token.weight", Embedding, None),
        ("transformer.layers.11.mha.output.weight", AttentionOutput, Some(11)),
        ("transformer.layers.0.pwff.linear_inner.weight", Up, Some(0)),
        ("transformer.layers.0.pwff.linear_outer.weight", Down, Some(0)),
        ("blocks.2.mha.key.weight", Key, Some(2)),
        ("conv1.weight", Conv, None),
        ("blocks.2.mha.key.weight.lora.a", Key, Some(2)),
        ("blocks.2.mha.key.weight.lora.product", Key, Some(2)),
        ("lm_head.weight", Head, None),
        ("output.weight", Head, None),
        ("", Other, None),
        ("weight", Other, None),
        ("position_embedding.weight", Embedding, None),
        ("blocks.3.attention_output.weight", AttentionOutput, Some(3)),
        ("blocks.3.up.weight", Up, Some(3)),
        ("blocks.3.down.weight", Down, Some(3)),
        // A network of one's own: its first layers are no feed-forward block.
        ("fc1.weight", Other, None),
        ("linear1.weight", Other, None),
        ("linear_inner.weight", Other, None),
        ("hidden.weight", Other, None),
    ]);
}

#[test]
fn pytorch_transformer() {
    hold_in_blocks(
        "encoder.layers.#.",
        &[
            ("self_attn.in_proj_weight", Other),
            ("self_attn.out_proj.weight", AttentionOutput),
            ("multihead_attn.out_proj.weight", AttentionOutput),
            ("multihead_attn.q_proj_weight", Query),
            ("multihead_attn.k_proj_weight", Key),
            ("multihead_attn.v_proj_weight", Value),
            ("linear1.weight", Up),
            ("linear2.weight", Down),
        ],
    );
}

#[test]
fn bert_and_its_kin() {
    let block = [
        ("attention.self.query.weight", Query),
        ("attention.self.key.weight", Key),
        ("attention.self.value.weight", Value),
        ("attention.output.dense.weight", AttentionOutput),
        ("crossattention.output.dense.weight", AttentionOutput),
        ("intermediate.dense.weight", Up),
        ("output.dense.weight", Down),
    ];
    for prefix in ["bert.encoder.layer.#.", "encoder.layer.#.", "roberta.encoder.layer.#."] {
        hold_in_blocks(prefix, &block);
    }
    hold(&[
        ("bert.embeddings.word_embeddings.weight", Embedding, None),
        ("bert.embeddings.position_embeddings.weight", Embedding, None),
        ("bert.embeddings.token_type_embeddings.weight", Embedding, None),
        ("bert.pooler.dense.weight", Other, None),
        ("cls.predictions.transform.dense.weight", Other, None),
        ("cls.predictions.decoder.weight", Head, None),
        ("cls.seq_relationship.weight", Head, None),
        ("classifier.weight", Head, None),
        ("qa_outputs.weight", Head, None),
        // RoBERTa's heads.
        ("lm_head.dense.weight", Other, None),
        ("lm_head.decoder.weight", Head, None),
        ("classifier.dense.weight", Other, None),
        ("classifier.out_proj.weight", Head, None),
        // ALBERT: a linear layer with the name of an embedding.
        ("albert.encoder.embedding_hidden_mapping_in.weight", Other, None),
    ]);
    hold_in_blocks(
        "distilbert.transformer.layer.#.",
        &[
            ("attention.q_lin.weight", Query),
            ("attention.k_lin.weight", Key),
            ("attention.v_lin.weight", Value),
            ("attention.out_lin.weight", AttentionOutput),
            ("ffn.lin1.weight", Up),
            ("ffn.lin2.weight", Down),
        ],
    );
    hold(&[("vocab_projector.weight", Head, None), ("vocab_transform.weight", Other, None)]);
}

#[test]
fn transformers_of_pictures() {
    hold_in_blocks(
        "vit.encoder.layer.#.",
        &[
            ("attention.attention.query.weight", Query),
            ("attention.attention.key.weight", Key),
            ("attention.attention.value.weight", Value),
            ("attention.output.dense.weight", AttentionOutput),
            ("intermediate.dense.weight", Up),
            ("output.dense.weight", Down),
        ],
    );
    hold_in_blocks(
        "blocks.#.",
        &[
            ("attn.qkv.weight", Other),
            ("attn.proj.weight", AttentionOutput),
            ("mlp.fc1.weight", Up),
            ("mlp.fc2.weight", Down),
        ],
    );
    hold(&[
        ("vit.embeddings.patch_embeddings.projection.weight", Conv, None),
        ("vit.embeddings.position_embeddings", Embedding, None),
        ("patch_embed.proj.weight", Conv, None),
        ("pos_embed", Embedding, None),
        ("head.weight", Head, None),
        ("vision_model.embeddings.patch_embedding.weight", Other, None),
        ("vision_model.embeddings.position_embedding.weight", Embedding, None),
        ("text_projection.weight", Other, None),
        ("down_blocks.0.attentions.1.transformer_blocks.0.attn1.to_q.weight", Query, Some(0)),
        (
            "down_blocks.0.attentions.1.transformer_blocks.0.attn1.to_out.0.weight",
            AttentionOutput,
            Some(0),
        ),
        ("layer1.0.conv1.weight", Conv, Some(0)),
    ]);
}

#[test]
fn llama_and_its_kin() {
    hold_in_blocks(
        "model.layers.#.",
        &[
            ("self_attn.q_proj.weight", Query),
            ("self_attn.k_proj.weight", Key),
            ("self_attn.v_proj.weight", Value),
            ("self_attn.o_proj.weight", AttentionOutput),
            ("mlp.gate_proj.weight", Gate),
            ("mlp.up_proj.weight", Up),
            ("mlp.down_proj.weight", Down),
            // Phi-3
            ("self_attn.qkv_proj.weight", Other),
            ("mlp.gate_up_proj.weight", Up),
            // Phi-2
            ("self_attn.dense.weight", AttentionOutput),
            ("mlp.fc1.weight", Up),
            ("mlp.fc2.weight", Down),
            // Mixtral: the number of an expert is none of a block.
            ("block_sparse_moe.gate.weight", Other),
            ("block_sparse_moe.experts.3.w1.weight", Gate),
            ("block_sparse_moe.experts.3.w2.weight", Down),
            ("block_sparse_moe.experts.3.w3.weight", Up),
            // Qwen's experts
            ("mlp.gate.weight", Other),
            ("mlp.experts.3.up_proj.weight", Up),
            ("mlp.shared_expert.down_proj.weight", Down),
            ("mlp.experts.gate_up_proj", Up),
            ("mlp.experts.down_proj", Down),
            // PEFT's adapters
            ("self_attn.q_proj.lora_A.weight", Query),
            ("self_attn.v_proj.lora_B.default.weight", Value),
            ("mlp.down_proj.base_layer.weight", Down),
        ],
    );
    hold(&[
        ("model.embed_tokens.weight", Embedding, None),
        ("lm_head.weight", Head, None),
        ("score.weight", Head, None),
        ("base_model.model.model.embed_tokens.lora_embedding_A", Embedding, None),
        (
            "base_model.model.model.layers.7.self_attn.o_proj.lora_A.weight",
            AttentionOutput,
            Some(7),
        ),
        ("model.decoder.layers.3.fc1.weight", Up, Some(3)),
        ("model.decoder.layers.3.fc2.weight", Down, Some(3)),
        ("model.decoder.layers.3.self_attn.out_proj.weight", AttentionOutput, Some(3)),
        ("model.decoder.embed_positions.weight", Embedding, None),
        ("model.shared.weight", Embedding, None),
        ("proj_out.weight", Head, None),
        // Meta's own names
        ("tok_embeddings.weight", Embedding, None),
        ("layers.4.attention.wq.weight", Query, Some(4)),
        ("layers.4.attention.wo.weight", AttentionOutput, Some(4)),
        ("layers.4.feed_forward.w1.weight", Gate, Some(4)),
        ("layers.4.feed_forward.w2.weight", Down, Some(4)),
        // GGUF
        ("token_embd.weight", Embedding, None),
        ("blk.5.attn_q.weight", Query, Some(5)),
        ("blk.5.attn_output.weight", AttentionOutput, Some(5)),
        ("blk.5.ffn_gate.weight", Gate, Some(5)),
        ("blk.5.ffn_gate_inp.weight", Other, Some(5)),
        ("blk.5.ffn_down_exps.weight", Down, Some(5)),
        // Mamba has no attention.
        ("backbone.layers.0.mixer.in_proj.weight", Other, Some(0)),
        ("backbone.layers.0.mixer.out_proj.weight", Other, Some(0)),
        ("backbone.layers.0.mixer.conv1d.weight", Conv, Some(0)),
    ]);
}

#[test]
fn t5() {
    hold_in_blocks(
        "encoder.block.#.layer.",
        &[
            ("0.SelfAttention.q.weight", Query),
            ("0.SelfAttention.k.weight", Key),
            ("0.SelfAttention.v.weight", Value),
            ("0.SelfAttention.o.weight", AttentionOutput),
            ("0.SelfAttention.relative_attention_bias.weight", Embedding),
            ("1.EncDecAttention.o.weight", AttentionOutput),
            ("1.DenseReluDense.wi.weight", Up),
            ("1.DenseReluDense.wi_0.weight", Gate),
            ("1.DenseReluDense.wi_1.weight", Up),
            ("1.DenseReluDense.wo.weight", Down),
        ],
    );
    hold(&[
        ("shared.weight", Embedding, None),
        ("model.layers.0.mlp.shared.weight", Other, Some(0)),
        ("encoder.embed_tokens.weight", Embedding, None),
    ]);
}

#[test]
fn gpt2_and_gpt_neox() {
    for prefix in ["transformer.h.#.", "h.#."] {
        hold_in_blocks(
            prefix,
            &[
                ("attn.c_attn.weight", Other),
                ("attn.c_proj.weight", AttentionOutput),
                ("crossattention.q_attn.weight", Query),
                ("crossattention.c_proj.weight", AttentionOutput),
                ("mlp.c_fc.weight", Up),
                ("mlp.c_proj.weight", Down),
                ("attn.c_attn.lora_A.weight", Other),
                // GPT-Neo and GPT-J
                ("attn.attention.out_proj.weight", AttentionOutput),
                ("attn.out_proj.weight", AttentionOutput),
                ("mlp.fc_in.weight", Up),
                ("mlp.fc_out.weight", Down),
                // BLOOM and Falcon
                ("self_attention.query_key_value.weight", Other),
                ("self_attention.dense.weight", AttentionOutput),
                ("mlp.dense_h_to_4h.weight", Up),
                ("mlp.dense_4h_to_h.weight", Down),
            ],
        );
    }
    hold_in_blocks(
        "gpt_neox.layers.#.",
        &[
            ("attention.query_key_value.weight", Other),
            ("attention.dense.weight", AttentionOutput),
            ("mlp.dense_h_to_4h.weight", Up),
            ("mlp.dense_4h_to_h.weight", Down),
        ],
    );
    hold(&[
        ("transformer.wte.weight", Embedding, None),
        ("transformer.wpe.weight", Embedding, None),
        ("gpt_neox.embed_in.weight", Embedding, None),
        ("embed_out.weight", Head, None),
        ("transformer.word_embeddings.weight", Embedding, None),
        // A compiled or distributed model has a prefix.
        ("_orig_mod.transformer.h.2.mlp.c_fc.weight", Up, Some(2)),
        ("module.transformer.wte.weight", Embedding, None),
    ]);
    for mask in ["transformer.h.0.attn.bias", "gpt_neox.layers.0.attention.bias"] {
        assert!(not_a_weight(mask).is_some());
    }
}

#[test]
fn feed_forward_blocks_with_keys_and_values() {
    hold_in_blocks(
        "blocks.#.",
        &[
            ("att.key.weight", Key),
            ("att.value.weight", Value),
            ("att.output.weight", AttentionOutput),
            ("ffn.key.weight", Up),
            ("ffn.value.weight", Down),
            ("ffn.receptance.weight", Gate),
        ],
    );
    hold(&[("rwkv.blocks.3.feed_forward.key.weight", Up, Some(3))]);
}

#[test]
fn names_that_only_look_like_heads_or_attention() {
    hold(&[
        ("_conv_head.weight", Conv, None),
        ("_fc.weight", Head, None),
        ("albert.encoder.albert_layer_groups.0.albert_layers.0.ffn.weight", Up, Some(0)),
        ("albert.encoder.albert_layer_groups.0.albert_layers.0.ffn_output.weight", Down, Some(0)),
        (
            "albert.encoder.albert_layer_groups.0.albert_layers.0.attention.dense.weight",
            AttentionOutput,
            Some(0),
        ),
        ("encoder.layers.2.attn.q_linear.weight", Query, Some(2)),
        ("encoder.layers.2.attn.out.weight", AttentionOutput, Some(2)),
        ("encoder.encoders.5.self_attn.linear_q.weight", Query, Some(5)),
    ]);
}

#[test]
fn names_with_slashes() {
    hold(&[
        ("bert/encoder/layer_3/attention/self/query/kernel:0", Query, Some(3)),
        ("bert/encoder/layer_11/attention/output/dense/kernel", AttentionOutput, Some(11)),
        ("bert/encoder/layer_0/intermediate/dense/kernel", Up, Some(0)),
        ("bert/encoder/layer_0/output/dense/kernel", Down, Some(0)),
        ("bert/embeddings/word_embeddings", Embedding, None),
        ("h/3/mlp/c_fc/kernel", Up, Some(3)),
    ]);
    assert!(not_a_weight("model/layer_0/attention/bias").is_some());
    let dense = LayerId::from_name("a/dense/kernel");
    assert_eq!(super::sides(&dense, [3, 4]), super::Sides::Known(crate::Orientation::InOut));
}

#[test]
fn blocks_of_two_stacks_are_told_apart() {
    let stack = |name: &str| LayerId::from_name(name).stack().map(str::to_owned);
    for (name, expected) in [
        ("encoder.layers.0.linear1.weight", Some("encoder.layers")),
        ("decoder.layers.0.linear1.weight", Some("decoder.layers")),
        ("atom_conv_layers.0.twoBody_atom.layers.1.weight", Some("atom_conv_layers")),
        ("mlp.layers.0.weight", Some("mlp.layers")),
        ("0.weight", Some("")),
        ("bert/encoder/layer_3/output/dense/kernel", Some("bert/encoder")),
        ("head.weight", None),
    ] {
        assert_eq!(stack(name).as_deref(), expected, "{name}");
    }
}
