//! What a parameter's name tells: its kind and its block. One table for all readers of weights.

use serde::{Deserialize, Serialize};

/// The part a matrix plays in its network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LayerKind {
    /// Attention query projection.
    Query,
    /// Attention key projection.
    Key,
    /// Attention value projection.
    Value,
    /// Projection of the attention heads' result.
    AttentionOutput,
    /// First matrix of a feed-forward block.
    Up,
    /// Gating matrix of a feed-forward block.
    Gate,
    /// Last matrix of a feed-forward block.
    Down,
    /// Token or position embedding.
    Embedding,
    /// Projection to the vocabulary or the classes.
    Head,
    /// Convolution kernel.
    Conv,
    /// Anything else.
    Other,
}

/// A watched matrix: its name and what the name tells.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LayerId {
    /// Dotted path of the parameter, as the framework names it.
    pub name: String,
    /// Its part in the network.
    pub kind: LayerKind,
    /// Index of the block it belongs to: the first number in the path.
    pub block: Option<usize>,
    /// Head or fused part, where a parameter holds several matrices.
    pub part: Option<String>,
}

impl LayerId {
    /// Reads kind and block off a dotted path; names that are not known are `Other`.
    ///
    /// ```
    /// use rmt_core::layers::{LayerId, LayerKind};
    /// let id = LayerId::from_name("encoder.layers.3.mha.query.weight");
    /// assert_eq!((id.kind, id.block), (LayerKind::Query, Some(3)));
    /// ```
    pub fn from_name(name: impl Into<String>) -> Self {
        let name = name.into();
        let (kind, block) = {
            let parts: Vec<&str> = name.split('.').collect();
            let block = parts.iter().find_map(|part| part.parse().ok());
            (kind_of(&parts), block)
        };
        Self { name, kind, block, part: None }
    }

    /// The same parameter's part of this name.
    #[must_use]
    pub fn with_part(mut self, part: impl Into<String>) -> Self {
        self.part = Some(part.into());
        self
    }

    /// What tells this matrix from every other one: the parameter's name and, behind a dot, the part.
    ///
    /// ```
    /// use rmt_core::layers::LayerId;
    /// let id = LayerId::from_name("experts.weight");
    /// assert_eq!((id.path(), id.with_part("3").path()), ("experts.weight".into(), "experts.weight.3".into()));
    /// ```
    pub fn path(&self) -> String {
        match &self.part {
            Some(part) => format!("{}.{part}", self.name),
            None => self.name.clone(),
        }
    }
}

/// burn's names: (module, parent or "" for any) → kind.
const NAMES: &[(&str, &str, LayerKind)] = &[
    ("query", "", LayerKind::Query),
    ("key", "", LayerKind::Key),
    ("value", "", LayerKind::Value),
    ("output", "mha", LayerKind::AttentionOutput),
    ("output", "self_attn", LayerKind::AttentionOutput),
    ("output", "cross_attn", LayerKind::AttentionOutput),
    ("linear_inner", "pwff", LayerKind::Up),
    ("linear_outer", "pwff", LayerKind::Down),
];

fn kind_of(parts: &[&str]) -> LayerKind {
    let modules = match parts {
        // A low-rank adapter plays the part of the matrix that it adapts.
        [rest @ .., "weight"] | [rest @ .., "weight", "lora", _] => rest,
        all => all,
    };
    let (module, parent) = match modules {
        [.., parent, module] => (*module, *parent),
        [module] => (*module, ""),
        [] => return LayerKind::Other,
    };
    if let Some((_, _, kind)) = NAMES
        .iter()
        .find(|(name, above, _)| *name == module && (above.is_empty() || *above == parent))
    {
        return *kind;
    }
    if module.starts_with("embedding") || module.ends_with("embedding") {
        LayerKind::Embedding
    } else if module.starts_with("conv") {
        LayerKind::Conv
    } else if module == "head" || module.ends_with("_head") {
        LayerKind::Head
    } else {
        LayerKind::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn burn_names() {
        for (name, kind, block) in [
            ("embedding.weight", LayerKind::Embedding, None),
            ("embedding_token.weight", LayerKind::Embedding, None),
            ("transformer.layers.11.mha.output.weight", LayerKind::AttentionOutput, Some(11)),
            ("transformer.layers.0.pwff.linear_inner.weight", LayerKind::Up, Some(0)),
            ("transformer.layers.0.pwff.linear_outer.weight", LayerKind::Down, Some(0)),
            ("blocks.2.mha.key.weight", LayerKind::Key, Some(2)),
            ("conv1.weight", LayerKind::Conv, None),
            ("blocks.2.mha.key.weight.lora.a", LayerKind::Key, Some(2)),
            ("lm_head.weight", LayerKind::Head, None),
            ("output.weight", LayerKind::Other, None),
            ("", LayerKind::Other, None),
            ("weight", LayerKind::Other, None),
        ] {
            let id = LayerId::from_name(name);
            assert_eq!((id.kind, id.block), (kind, block), "{name}");
        }
    }
}
