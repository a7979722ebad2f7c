//! What a parameter's name tells: its kind and its block, which side of it is the input, and whether
//! it holds several projections in one. One table for all readers of weights.

mod buffers;
mod cut;
mod ends;
mod fused;
mod kind;
mod names;
mod sides;
#[cfg(test)]
mod tests;

pub use buffers::not_a_weight;
pub use cut::{Cut, Lanes};
pub use ends::{Shortened, without_shared_ends};
pub use fused::{Fused, FusedPart, Heads, Side, fused, heads_of};
pub use kind::{LayerKind, UnknownKind, by_kind};
pub use sides::{Sides, by_shape, is_adapter, is_weight, sides};

use serde::{Deserialize, Serialize};

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
            let parts = names::components(&name);
            let block = parts.iter().find_map(|part| names::number(part));
            (names::kind_of(names::owner(&parts)), block)
        };
        Self { name, kind, block, part: None }
    }

    /// The same parameter's part of this name.
    #[must_use]
    pub fn with_part(mut self, part: impl Into<String>) -> Self {
        self.part = Some(part.into());
        self
    }

    /// What stands before the block's number in the name: what the blocks of one stack have in common, such
    /// as `encoder.layers`.
    ///
    /// ```
    /// use rmt_core::layers::LayerId;
    /// assert_eq!(LayerId::from_name("decoder.layers.3.linear1.weight").stack(), Some("decoder.layers"));
    /// assert_eq!(LayerId::from_name("head.weight").stack(), None);
    /// ```
    pub fn stack(&self) -> Option<&str> {
        let mut parts = names::components(&self.name).into_iter();
        let number = parts.find(|part| names::number(part).is_some())?;
        let before = (number.as_ptr() as usize).checked_sub(self.name.as_ptr() as usize)?;
        self.name.get(..before).map(|stack| stack.trim_end_matches(['.', '/']))
    }

    /// Identifies the matrix: the parameter's name and, behind a dot, the part.
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
