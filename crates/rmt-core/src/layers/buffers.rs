//! Tensors in checkpoints that are no weights.

use super::names::{component, components};

const BIAS: &str = "a bias or a mask, not a weight";
const MASK: &str = "a mask, not a weight";
const TABLE: &str = "a table of positions, not a weight";
const FIXED: &str = "a fixed transform, not a weight";
const RUNNING: &str = "statistics of a normalization, not a weight";
const OPTIMIZER: &str = "state of an optimizer, not a weight";
const SCALES: &str = "belongs to a quantized weight, which is not read; analyse the model before it \
                      was quantized";

/// (Last component of the name, what it is).
const BUFFERS: &[(&str, &str)] = &[
    ("bias", BIAS),
    ("*_bias", BIAS),
    ("bias_*", BIAS),
    ("*mask", MASK),
    ("pe", TABLE),
    ("pos_table", TABLE),
    ("position_enc", TABLE),
    ("sinusoid*", TABLE),
    ("inv_freq*", TABLE),
    ("freqs_cis", TABLE),
    ("cos_cached", TABLE),
    ("sin_cached", TABLE),
    ("position_ids", TABLE),
    ("relative_position_index", TABLE),
    ("*basis_buffer", FIXED),
    ("forward_basis", FIXED),
    ("inverse_basis", FIXED),
    ("mel_basis", FIXED),
    ("mel_filters", FIXED),
    ("*filterbank", FIXED),
    ("*fourier_basis", FIXED),
    ("running_*", RUNNING),
    ("num_batches_tracked", RUNNING),
    ("exp_avg*", OPTIMIZER),
    ("max_exp_avg*", OPTIMIZER),
    ("square_avg", OPTIMIZER),
    ("grad_avg", OPTIMIZER),
    ("acc_delta", OPTIMIZER),
    ("momentum_buffer", OPTIMIZER),
    ("scales", SCALES),
    ("*_scale", SCALES),
    ("*_scales", SCALES),
    ("*_scale_inv", SCALES),
    ("*_scale_2", SCALES),
    ("qzeros", SCALES),
    ("*zero_point", SCALES),
    ("*absmax", SCALES),
    ("*quant_map", SCALES),
    ("SCB", SCALES),
    ("g_idx", SCALES),
];

/// A description of the tensor with this name, if it is not a weight. Biases with two or more sides
/// are those of experts, or causal masks.
///
/// ```
/// use rmt_core::layers::not_a_weight;
/// assert!(not_a_weight("transformer.h.0.attn.bias").is_some());
/// assert!(not_a_weight("transformer.h.0.attn.c_attn.weight").is_none());
/// ```
pub fn not_a_weight(name: &str) -> Option<&'static str> {
    let parts = components(name);
    let last = parts.last()?;
    // A learned table of T5 and Swin ends in `bias` too, but as a module or a table.
    if parts.iter().any(|part| component(part, "stft*")) {
        return Some(FIXED);
    }
    let found = BUFFERS.iter().find(|(pattern, _)| component(last, pattern));
    found.map(|(_, what)| *what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_are_told_from_weights() {
        for name in [
            "transformer.h.0.attn.bias",
            "transformer.h.0.attn.masked_bias",
            "gpt_neox.layers.0.attention.bias",
            "model.layers.0.self_attn.rotary_emb.inv_freq",
            "layers.0.blocks.1.attn_mask",
            "bert.embeddings.position_ids",
            "bn1.running_mean",
            "model.layers.0.mlp.experts.gate_up_proj_bias",
            "rnn.bias_ih_l0",
            "optimizer.state.0.exp_avg",
            "optimizer.state.0.exp_avg_sq",
        ] {
            let why = not_a_weight(name).unwrap_or_default();
            assert!(why.contains("not a weight"), "{name}: {why}");
        }
        for name in ["stft_conv.weight", "model.stft.forward_basis_buffer", "front.mel_basis"] {
            assert_eq!(not_a_weight(name), Some(FIXED), "{name}");
        }
        for name in [
            "model.layers.0.self_attn.q_proj.scales",
            "model.layers.0.self_attn.q_proj.qzeros",
            "model.layers.0.self_attn.q_proj.weight_scale",
            "model.layers.0.self_attn.q_proj.weight_scale_inv",
            "model.layers.0.mlp.down_proj.weight.absmax",
            "model.layers.0.mlp.down_proj.weight.nested_quant_map",
            "model.layers.0.mlp.experts.gate_up_proj_scales",
        ] {
            let why = not_a_weight(name).unwrap_or_default();
            assert!(why.contains("quantized"), "{name}: {why}");
        }
        for name in [
            "weight",
            "encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight",
            "layers.0.blocks.0.attn.relative_position_bias_table",
            "model.layers.0.self_attn.in_proj_weight",
            "mask_decoder.output.weight",
            "",
        ] {
            assert_eq!(not_a_weight(name), None, "{name}");
        }
    }
}
