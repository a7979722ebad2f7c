//! The layout of a parameter, by the module that owns it.

use rmt_core::Orientation;
use rmt_core::layers::{LayerId, LayerKind};
use rmt_monitor::{Layout, Matrices};

/// A parameter's reading as matrices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) matrices: Matrices,
    /// What the owner says of the kind, where the name does not.
    pub(crate) kind: Option<LayerKind>,
    pub(crate) note: Option<&'static str>,
}

impl Reading {
    /// The layer of this name. Its kind is what the user said, what burn's module around it says, the name's or,
    /// where that says nothing, the owner's.
    pub(crate) fn layer(&self, name: &str, sure: Option<LayerKind>) -> LayerId {
        let mut layer = LayerId::from_name(name);
        match (sure, layer.kind, self.kind) {
            (Some(kind), ..) | (None, LayerKind::Other, Some(kind)) => layer.kind = kind,
            _ => {}
        }
        layer
    }
}

/// The part of a module that is the `field` of one of burn's own, of this type ("Struct:SwiGlu", say).
pub(crate) fn part_of(module: &str, field: &str) -> Option<LayerKind> {
    let module = module.strip_prefix("Struct:").unwrap_or(module);
    Some(match (module, field) {
        ("MultiHeadAttention" | "CrossAttention", "query") => LayerKind::Query,
        ("MultiHeadAttention" | "CrossAttention", "key") => LayerKind::Key,
        ("MultiHeadAttention" | "CrossAttention", "value") => LayerKind::Value,
        ("MultiHeadAttention" | "CrossAttention", "output") => LayerKind::AttentionOutput,
        ("PositionWiseFeedForward", "linear_inner") => LayerKind::Up,
        ("PositionWiseFeedForward", "linear_outer") => LayerKind::Down,
        // silu(x·inner) ⊙ x·outer
        ("SwiGlu", "linear_inner") => LayerKind::Gate,
        ("SwiGlu", "linear_outer") => LayerKind::Up,
        _ => return None,
    })
}

/// A convolution's groups cannot be seen from its parameter.
const GROUPS_NOTE: &str = "convolution read as one matrix, whatever its groups";
const STACK_NOTE: &str = "assumed to be one of a stack of matrices [in, out]";

/// Why a parameter has no reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unread {
    /// More than two axes, and nothing known of them.
    Unknown,
    /// The layout that the user gave does not fit its shape.
    Unfit(Layout),
}

/// Reads a parameter of `shape`, two axes or more, that belongs to a module of type `owner`
/// ("Struct:Linear", say), as `given` where the user said so. Stacks of matrices with a side below
/// `min_side` are not guessed: they may be anything.
pub(crate) fn reading(
    owner: &str,
    shape: &[usize],
    given: Option<Layout>,
    min_side: usize,
) -> Result<Reading, Unread> {
    let owner = owner.strip_prefix("Struct:").unwrap_or(owner);
    // burn's own, and no user's `ConvNet`.
    let transposed = matches!(owner, "ConvTranspose1d" | "ConvTranspose2d" | "ConvTranspose3d");
    let conv = transposed || matches!(owner, "Conv1d" | "Conv2d" | "Conv3d" | "DeformConv2d");
    let kind = match owner {
        "Embedding" => Some(LayerKind::Embedding),
        _ if conv => Some(LayerKind::Conv),
        _ => None,
    };
    let (layout, note) = match (given, shape) {
        (Some(layout), _) => (layout, None),
        // [out, in/groups, k…]
        (None, _) if conv => (Layout::Conv { groups: 1 }, Some(GROUPS_NOTE)),
        // [d_in, d_out] (`LinearLayout::Col` too is held so in memory); [entries, d]: an entry's
        // index is the input.
        (None, [_, _]) => (Layout::InOut, None),
        (None, [_, rows, cols]) if (*rows).min(*cols) >= min_side => {
            (Layout::Stack, Some(STACK_NOTE))
        }
        (None, _) => return Err(Unread::Unknown),
    };
    let mut matrices = layout.matrices(shape).ok_or(Unread::Unfit(layout))?;
    if transposed && matches!(layout, Layout::Conv { .. }) {
        // [in, out/groups, k…]
        matrices = matrices.with_orientation(Orientation::InOut);
    }
    let known = given.is_some() || conv || matches!(owner, "Linear" | "Embedding" | "LoraAdapter");
    if !known {
        matrices = matrices.with_orientation(Orientation::Assumed);
    }
    Ok(Reading { matrices, kind, note })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn owners_decide() {
        let of = |owner, shape: &[usize]| {
            let reading = reading(owner, shape, None, 16);
            reading.map(|r| (r.matrices.parts, r.matrices.shape, r.matrices.orientation)).ok()
        };
        let (in_out, out_in) = (Orientation::InOut, Orientation::OutIn);
        assert_eq!(of("Struct:Linear", &[3, 5]), Some((1, [3, 5], in_out)));
        assert_eq!(of("Struct:Embedding", &[9, 4]), Some((1, [9, 4], in_out)));
        assert_eq!(of("Struct:LoraAdapter", &[9, 4]), Some((1, [9, 4], in_out)));
        assert_eq!(of("Struct:Conv2d", &[8, 3, 5, 5]), Some((1, [8, 75], out_in)));
        assert_eq!(of("Struct:Conv1d", &[8, 3, 5]), Some((1, [8, 15], out_in)));
        assert_eq!(of("Struct:ConvTranspose2d", &[4, 6, 2, 2]), Some((1, [4, 24], in_out)));
        assert_eq!(of("Struct:Mine", &[3, 5]), Some((1, [3, 5], Orientation::Assumed)));
        assert_eq!(of("Struct:ConvNet", &[3, 5]), Some((1, [3, 5], Orientation::Assumed)));
        assert_eq!(of("Struct:ConvNet", &[8, 3, 5, 5]), None);
        assert_eq!(of("Struct:Mine", &[2, 16, 30]), Some((2, [16, 30], Orientation::Assumed)));
        assert_eq!(of("Struct:Mine", &[2, 3, 30]), None);
        assert_eq!(of("Struct:Mine", &[2, 2, 16, 30]), None);
        let embedding = reading("Struct:Embedding", &[9, 4], None, 16).unwrap();
        assert_eq!(embedding.kind, Some(LayerKind::Embedding));
    }

    #[test]
    fn kinds_are_those_of_burns_modules_whatever_the_fields_are_called() {
        let reading = reading("Struct:Linear", &[8, 8], None, 16).unwrap();
        let of = |module, field| reading.layer("a.output.weight", part_of(module, field)).kind;
        assert_eq!(of("Struct:MultiHeadAttention", "output"), LayerKind::AttentionOutput);
        assert_eq!(of("Struct:SwiGlu", "linear_inner"), LayerKind::Gate);
        assert_eq!(of("Struct:Mine", "output"), LayerKind::Other);
        let named = reading.layer("a.query.weight", None);
        assert_eq!((named.kind, named.name.as_str()), (LayerKind::Query, "a.query.weight"));
    }

    #[test]
    fn what_the_user_says_comes_first() {
        let of = |owner, shape: &[usize], layout| {
            let reading = reading(owner, shape, Some(layout), 16)?;
            let Matrices { parts, shape, orientation, .. } = reading.matrices;
            Ok((parts, shape, orientation, reading.note))
        };
        let groups = Layout::Conv { groups: 4 };
        let conv = of("Struct:Conv2d", &[8, 3, 5, 5], groups);
        assert_eq!(conv, Ok((4, [2, 75], Orientation::OutIn, None)));
        let transposed = of("Struct:ConvTranspose2d", &[8, 3, 5, 5], groups);
        assert_eq!(transposed, Ok((4, [2, 75], Orientation::InOut, None)));
        assert_eq!(of("Struct:Conv2d", &[6, 3, 5], groups), Err(Unread::Unfit(groups)));
        let bare = of("Struct:Mine", &[3, 5], Layout::OutIn);
        assert_eq!(bare, Ok((1, [3, 5], Orientation::OutIn, None)));
        let stack = of("Struct:Mine", &[2, 3, 5], Layout::Stack);
        assert_eq!(stack, Ok((2, [3, 5], Orientation::InOut, None)));
    }
}
