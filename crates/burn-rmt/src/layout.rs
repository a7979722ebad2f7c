//! How a parameter is read as a matrix, by the module that owns it.

use rmt_core::Orientation;
use rmt_core::layers::LayerKind;

/// A parameter's reading as a matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layout {
    /// [rows, columns] in row-major order.
    pub(crate) shape: [usize; 2],
    pub(crate) orientation: Orientation,
    /// What the owner says of the kind, where the name does not.
    pub(crate) kind: Option<LayerKind>,
    pub(crate) note: Option<&'static str>,
}

/// A convolution's groups cannot be seen from its parameter.
const GROUPS_NOTE: &str = "convolution read as one matrix, whatever its groups";

/// Reads a parameter of `shape` that belongs to a module of type `owner` ("Struct:Linear", say).
/// `None` when it is not a matrix.
pub(crate) fn layout(owner: &str, shape: &[usize]) -> Option<Layout> {
    let owner = owner.strip_prefix("Struct:").unwrap_or(owner);
    match (owner, shape) {
        (_, [] | [_]) => None,
        // [d_in, d_out]; `LinearLayout::Col` too is held so in memory.
        ("Linear", &[rows, cols]) => plain([rows, cols], Orientation::InOut, None),
        // [entries, d]: an entry's index is the input.
        ("Embedding", &[rows, cols]) => {
            plain([rows, cols], Orientation::InOut, Some(LayerKind::Embedding))
        }
        // [in, out/groups, k…]
        (name, [first, rest @ ..]) if name.starts_with("ConvTranspose") => {
            conv([*first, rest.iter().product()], Orientation::InOut)
        }
        // [out, in/groups, k…]
        (name, [first, rest @ ..])
            if name.starts_with("Conv") || name.starts_with("DeformConv") =>
        {
            conv([*first, rest.iter().product()], Orientation::OutIn)
        }
        (_, &[rows, cols]) => plain([rows, cols], Orientation::Assumed, None),
        _ => None,
    }
}

fn plain(shape: [usize; 2], orientation: Orientation, kind: Option<LayerKind>) -> Option<Layout> {
    Some(Layout { shape, orientation, kind, note: None })
}

fn conv(shape: [usize; 2], orientation: Orientation) -> Option<Layout> {
    Some(Layout { shape, orientation, kind: Some(LayerKind::Conv), note: Some(GROUPS_NOTE) })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn owners_decide() {
        let of = |owner, shape: &[usize]| {
            layout(owner, shape).map(|layout| (layout.shape, layout.orientation))
        };
        assert_eq!(of("Struct:Linear", &[3, 5]), Some(([3, 5], Orientation::InOut)));
        assert_eq!(of("Struct:Embedding", &[9, 4]), Some(([9, 4], Orientation::InOut)));
        assert_eq!(of("Struct:Conv2d", &[8, 3, 5, 5]), Some(([8, 75], Orientation::OutIn)));
        assert_eq!(of("Struct:Conv1d", &[8, 3, 5]), Some(([8, 15], Orientation::OutIn)));
        assert_eq!(
            of("Struct:ConvTranspose2d", &[4, 6, 2, 2]),
            Some(([4, 24], Orientation::InOut))
        );
        assert_eq!(of("Struct:Mine", &[3, 5]), Some(([3, 5], Orientation::Assumed)));
        assert_eq!(of("Struct:Mine", &[2, 3, 5]), None);
        assert_eq!(of("Struct:Linear", &[5]), None);
        assert_eq!(of("", &[]), None);
        assert_eq!(layout("Struct:Embedding", &[9, 4]).unwrap().kind, Some(LayerKind::Embedding));
    }
}
