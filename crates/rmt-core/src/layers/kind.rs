//! Kinds of layers.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Groups things by the kind of their layer, in the order of first occurrence.
pub fn by_kind<T>(things: impl IntoIterator<Item = (LayerKind, T)>) -> Vec<(LayerKind, Vec<T>)> {
    let mut kinds: Vec<(LayerKind, Vec<T>)> = Vec::new();
    for (kind, thing) in things {
        match kinds.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, things)) => things.push(thing),
            None => kinds.push((kind, vec![thing])),
        }
    }
    kinds
}

/// The role of a matrix in its network.
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
    /// Attention output projection.
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
    /// Any other matrix.
    Other,
}

impl LayerKind {
    /// Every kind.
    pub const ALL: [Self; 11] = [
        Self::Query,
        Self::Key,
        Self::Value,
        Self::AttentionOutput,
        Self::Up,
        Self::Gate,
        Self::Down,
        Self::Embedding,
        Self::Head,
        Self::Conv,
        Self::Other,
    ];

    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Key => "key",
            Self::Value => "value",
            Self::AttentionOutput => "attention_output",
            Self::Up => "up",
            Self::Gate => "gate",
            Self::Down => "down",
            Self::Embedding => "embedding",
            Self::Head => "head",
            Self::Conv => "conv",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for LayerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for LayerKind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        let kind = Self::ALL.into_iter().find(|kind| kind.name() == text);
        kind.ok_or_else(|| UnknownKind(text.to_owned()))
    }
}

/// A text that is not the name of a kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownKind(pub String);

impl fmt::Display for UnknownKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = LayerKind::ALL.map(LayerKind::name).join(", ");
        write!(f, "`{}` is not a kind of layer; the kinds are {known}", self.0)
    }
}

impl std::error::Error for UnknownKind {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_reports_and_read_back() {
        for kind in LayerKind::ALL {
            let name = kind.to_string();
            assert_eq!(serde_json::to_value(kind).ok(), Some(name.as_str().into()));
            assert_eq!(name.parse(), Ok(kind));
        }
        let error = "qeury".parse::<LayerKind>().err().map(|e| e.to_string()).unwrap_or_default();
        assert!(error.contains("`qeury`") && error.contains("attention_output"), "{error}");
    }
}
