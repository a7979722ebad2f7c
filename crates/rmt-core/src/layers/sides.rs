//! The input side of a parameter, as far as its name and shape show it.

use super::names::{components, ends, owner};
use super::{LayerId, LayerKind};
use crate::spectrum::Orientation;

/// Knowledge about the sides of a matrix from its name and shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Sides {
    /// The orientation is known.
    Known(Orientation),
    /// The orientation is that of the checkpoint's other matrices of this family ([`by_shape`]).
    AsOthers,
    /// The matrix belongs to a linear layer, whose orientation is the framework's convention.
    Convention,
    /// The matrix belongs to no linear layer. Only its owner knows the orientation.
    Unknown,
}

/// How a matrix's outputs compare with its inputs in number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Width {
    Wider,
    Narrower,
    Equal,
}

/// GPT-2's names: the same in its own files, as `Conv1D` [in, out], and in those of models that
/// took them over, as linear layers [out, in]. Their shapes tell which.
const GPT2: &[(&str, Width)] = &[
    ("*att*.c_attn", Width::Wider),
    ("*att*.q_attn", Width::Equal),
    ("*att*.c_proj", Width::Equal),
    ("mlp.c_fc", Width::Wider),
    ("mlp.c_proj", Width::Narrower),
];

/// The sides of a parameter [rows, columns], from its name, kind and shape.
///
/// ```
/// use rmt_core::Orientation;
/// use rmt_core::layers::{LayerId, Sides, sides};
/// let of = |name, shape| sides(&LayerId::from_name(name), shape);
/// assert_eq!(of("h.0.mlp.c_fc.weight", [768, 3072]), Sides::Known(Orientation::InOut));
/// assert_eq!(of("h.0.mlp.c_fc.weight", [3072, 768]), Sides::Known(Orientation::OutIn));
/// assert_eq!(of("wte.weight", [50257, 768]), Sides::Known(Orientation::InOut));
/// assert_eq!(of("layers.0.linear1.weight", [2048, 512]), Sides::Convention);
/// ```
pub fn sides(layer: &LayerId, [rows, columns]: [usize; 2]) -> Sides {
    let parts = components(&layer.name);
    let owner = owner(&parts);
    // The factors of an adapter are linear layers, whatever they adapt.
    if owner.adapter {
        return Sides::Convention;
    }
    // Whatever the framework, an embedding is stored entry by entry, and the entry is the input.
    if layer.kind == LayerKind::Embedding {
        return Sides::Known(Orientation::InOut);
    }
    // TensorFlow's and JAX's dense layers.
    if parts.last().is_some_and(|last| last.ends_with("kernel")) {
        return Sides::Known(Orientation::InOut);
    }
    let gpt2 = GPT2.iter().find(|(pattern, _)| ends(owner.module, pattern));
    let rows_are_outputs = match gpt2 {
        Some((_, Width::Wider)) if rows != columns => rows > columns,
        Some((_, Width::Narrower)) if rows != columns => rows < columns,
        Some(_) => return Sides::AsOthers,
        None if is_linear(&parts) => return Sides::Convention,
        None => return Sides::Unknown,
    };
    Sides::Known(if rows_are_outputs { Orientation::OutIn } else { Orientation::InOut })
}

/// Whether the shape of the parameter with this name shows the orientation that [`Sides::AsOthers`]
/// refers to.
pub fn by_shape(name: &str) -> bool {
    let parts = components(name);
    let owner = owner(&parts);
    !owner.adapter && GPT2.iter().any(|(pattern, _)| ends(owner.module, pattern))
}

/// Whether the parameter is a factor of a low-rank adapter.
pub fn is_adapter(name: &str) -> bool {
    owner(&components(name)).adapter
}

/// Whether the name says that the parameter is a weight, such as `weight`, `in_proj_weight` or
/// `weight_ih_l0`. Parameters of modules have such names; a model's own parameters seldom do.
pub fn is_weight(name: &str) -> bool {
    is_linear(&components(name))
}

fn is_linear(parts: &[&str]) -> bool {
    parts.last().is_some_and(|last| {
        *last == "weight" || last.starts_with("weight_") || last.ends_with("_weight")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_shapes_tell_sides() {
        let (in_out, out_in) = (Sides::Known(Orientation::InOut), Sides::Known(Orientation::OutIn));
        for (name, shape, expected) in [
            ("transformer.h.0.attn.c_attn.weight", [768, 2304], in_out),
            ("transformer.h.0.attn.c_attn.weight", [2304, 768], out_in),
            ("transformer.h.0.attn.c_attn.weight", [6400, 6144], out_in),
            ("transformer.h.0.attn.c_proj.weight", [768, 768], Sides::AsOthers),
            ("transformer.h.0.crossattention.q_attn.weight", [768, 768], Sides::AsOthers),
            ("transformer.h.0.mlp.c_proj.weight", [3072, 768], in_out),
            ("transformer.h.0.mlp.c_proj.weight", [768, 3072], out_in),
            ("visual.transformer.resblocks.0.mlp.c_fc.weight", [3072, 768], out_in),
            ("transformer.h.0.mlp.c_fc.weight", [64, 64], Sides::AsOthers),
            ("h.0.attn.c_attn.lora_A.weight", [8, 768], Sides::Convention),
            ("model.embed_tokens.lora_embedding_A", [8, 32000], Sides::Convention),
            ("model.embed_tokens.weight", [32000, 4096], in_out),
            ("model.layers.0.self_attn.q_proj.weight", [4096, 4096], Sides::Convention),
            ("layers.0.self_attn.in_proj_weight", [1536, 512], Sides::Convention),
            ("lstm.weight_ih_l0", [2048, 512], Sides::Convention),
            ("text_projection", [512, 512], Sides::Unknown),
            ("", [1, 1], Sides::Unknown),
        ] {
            assert_eq!(sides(&LayerId::from_name(name), shape), expected, "{name} {shape:?}");
        }
        assert!(by_shape("h.0.mlp.c_fc.weight") && !by_shape("h.0.mlp.c_fc.lora_A.weight"));
        assert!(is_weight("a.weight") && is_weight("weight") && !is_weight("a.bias"));
        assert!(is_adapter("q_proj.lora_A.weight") && !is_adapter("q_proj.weight"));
    }
}
