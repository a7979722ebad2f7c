//! The layouts in which parameters are read as matrices.

use rmt_core::Orientation;
use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// How one parameter is read as one or several matrices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Layout {
    /// One matrix [in, out]. With more axes, all but the last belong to the input.
    InOut,
    /// One matrix [out, in]. With more axes, all but the first belong to the input.
    OutIn,
    /// A convolution's kernel [out, in/groups, k…]: one matrix [out/groups, in/groups·k…] per
    /// group. A transposed convolution [in, out/groups, k…] gives one matrix [in/groups,
    /// out/groups·k…] per group.
    Conv {
        /// Number of groups.
        groups: usize,
    },
    /// [E…, in, out]: one matrix [in, out] for each of the leading indices, such as experts.
    Stack,
    /// [E…, out, in]: one matrix [out, in] for each of the leading indices.
    StackOutIn,
}

/// The matrices of a parameter: its entries in storage order, cut into equal parts of one matrix
/// each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Matrices {
    /// Number of matrices.
    pub parts: usize,
    /// [rows, columns] of each matrix, in row-major order.
    pub shape: [usize; 2],
    /// The input side.
    pub orientation: Orientation,
}

impl Layout {
    /// The matrices of a parameter of `shape`; `None` where the layout does not fit it.
    pub fn matrices(self, shape: &[usize]) -> Option<Matrices> {
        let of = |parts, shape, orientation| Some(Matrices { parts, shape, orientation });
        match (self, shape) {
            (_, [] | [_]) => None,
            (Self::InOut, [rest @ .., last]) => {
                of(1, [rest.iter().product(), *last], Orientation::InOut)
            }
            (Self::OutIn, [first, rest @ ..]) => {
                of(1, [*first, rest.iter().product()], Orientation::OutIn)
            }
            (Self::Conv { groups }, [first, rest @ ..]) => {
                if groups == 0 || !first.is_multiple_of(groups) {
                    return None;
                }
                of(groups, [first / groups, rest.iter().product()], Orientation::OutIn)
            }
            (Self::Stack, [stack @ .., rows, cols]) => {
                of(stack.iter().product(), [*rows, *cols], Orientation::InOut)
            }
            (Self::StackOutIn, [stack @ .., rows, cols]) => {
                of(stack.iter().product(), [*rows, *cols], Orientation::OutIn)
            }
        }
    }
}

/// As options of programs are written: `in-out`, `out-in`, `stack`, `stack-out-in`, `conv` (of one
/// group) and `conv:GROUPS`.
impl FromStr for Layout {
    type Err = UnknownLayout;

    fn from_str(text: &str) -> Result<Self, UnknownLayout> {
        let unknown = || UnknownLayout(text.to_owned());
        Ok(match text {
            "in-out" => Self::InOut,
            "out-in" => Self::OutIn,
            "stack" => Self::Stack,
            "stack-out-in" => Self::StackOutIn,
            "conv" => Self::Conv { groups: 1 },
            _ => {
                let groups = text.strip_prefix("conv:").and_then(|groups| groups.parse().ok());
                Self::Conv { groups: groups.filter(|&groups| groups > 0).ok_or_else(unknown)? }
            }
        })
    }
}

/// A text that is not the name of a layout.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a layout; the layouts are in-out, out-in, stack, stack-out-in, conv and conv:GROUPS \
     (of at least 1 group)"
)]
pub struct UnknownLayout(pub String);

impl Matrices {
    /// The same matrices with another orientation.
    #[must_use]
    pub fn with_orientation(self, orientation: Orientation) -> Self {
        Self { orientation, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layouts_cut_in_storage_order() {
        let of = |layout: Layout, shape: &[usize]| {
            layout.matrices(shape).map(|m| (m.parts, m.shape, m.orientation))
        };
        let (in_out, out_in) = (Orientation::InOut, Orientation::OutIn);
        assert_eq!(of(Layout::InOut, &[3, 5]), Some((1, [3, 5], in_out)));
        assert_eq!(of(Layout::InOut, &[2, 2, 3, 5]), Some((1, [12, 5], in_out)));
        assert_eq!(of(Layout::OutIn, &[8, 3, 2]), Some((1, [8, 6], out_in)));
        assert_eq!(of(Layout::Conv { groups: 4 }, &[8, 3, 2]), Some((4, [2, 6], out_in)));
        assert_eq!(of(Layout::Conv { groups: 3 }, &[8, 3, 2]), None);
        assert_eq!(of(Layout::Conv { groups: 0 }, &[8, 3]), None);
        assert_eq!(of(Layout::Stack, &[4, 3, 5]), Some((4, [3, 5], in_out)));
        assert_eq!(of(Layout::StackOutIn, &[4, 3, 5]), Some((4, [3, 5], out_in)));
        assert_eq!(of(Layout::Stack, &[3, 5]), Some((1, [3, 5], in_out)));
        assert_eq!(of(Layout::Stack, &[5]), None);
        assert_eq!(of(Layout::OutIn, &[]), None);
    }

    #[test]
    fn layouts_are_read_from_options() {
        for (text, layout) in [
            ("in-out", Layout::InOut),
            ("out-in", Layout::OutIn),
            ("stack", Layout::Stack),
            ("stack-out-in", Layout::StackOutIn),
            ("conv", Layout::Conv { groups: 1 }),
            ("conv:4", Layout::Conv { groups: 4 }),
        ] {
            assert_eq!(text.parse(), Ok(layout));
        }
        for wrong in ["", "rows", "conv:", "conv:0", "conv:x"] {
            assert_eq!(wrong.parse::<Layout>(), Err(UnknownLayout(wrong.into())));
        }
    }
}
