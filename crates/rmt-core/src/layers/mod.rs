//! Reads a parameter's name: its kind and block, its input side, and whether it holds several
//! projections. All readers of weights share this one table.

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

/// Identity of a watched matrix: its name, with kind and block read from it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LayerId {
    /// Dotted path of the parameter in the framework.
    pub name: String,
    /// Kind of the layer.
    pub kind: LayerKind,
    /// Index of the block, which is the first number in the path.
    pub block: Option<usize>,
    /// Head or fused part, if the parameter holds several matrices.
    pub part: Option<String>,
}

impl LayerId {
    /// Reads kind and block from a dotted path. Unknown names have the kind `Other`.
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

    /// The part with this name of the same parameter.
    #[must_use]
    pub fn with_part(mut self, part: impl Into<String>) -> Self {
        self.part = Some(part.into());
        self
    }

    /// The part of the name before the block's number, which all blocks of one stack share, such as
    /// `encoder.layers`.
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

    /// Path of the matrix, which identifies it: the parameter's name, followed by a dot and the
    /// part if there is one.
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
