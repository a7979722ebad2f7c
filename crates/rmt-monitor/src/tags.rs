//! Fixed names in TensorBoard. The names of a matrix's curves are in [`rmt_core::figures`].
//!
//! TensorBoard groups tags by the part before the first `/`. The numbers in the names keep the
//! groups in reading order. The user's own tags stay as they are.

use crate::visible;
use std::collections::{HashMap, HashSet};

/// Summary of the run and the monitor's own health.
pub const SUMMARY: &str = "rmt_0_summary";
/// Counts and means over the layers of a kind.
pub const KINDS: &str = "rmt_0_summary_by_kind";
pub use rmt_core::figures::group::{ABOVE, BELOW, BULK, DRIFT, HEAVY_TAIL, OVERLAP, VECTORS};
/// Gradients.
pub const GRADIENTS: &str = "rmt_8_gradients";

/// Whether a tag of this name is in one of the monitor's groups.
pub fn is_own(name: &str) -> bool {
    let groups =
        [SUMMARY, KINDS, ABOVE, BELOW, VECTORS, BULK, OVERLAP, DRIFT, HEAVY_TAIL, GRADIENTS];
    name.split_once('/').is_some_and(|(group, _)| groups.contains(&group))
}

/// −log₁₀ of the p-value of an end of the spectrum.
pub const EVIDENCE: &str = "minus_log10_p";
/// The largest singular value in units of σ√n.
pub const LARGEST: &str = "largest_normalized";
/// The smallest singular value in units of σ√n.
pub const SMALLEST: &str = "smallest_normalized";
/// The lower edge of the bulk in units of σ√n.
pub const EDGE_LOW: &str = "edge_low_normalized";
/// The upper edge of the bulk in units of σ√n.
pub const EDGE_HIGH: &str = "edge_high_normalized";
/// The curves of the group of overlaps that are shown together, with their band.
pub const OVERLAP_BAND: [&str; 5] = ["above", "below", "bulk", "band_low", "band_high"];

/// Name of the curve of the number of layers that deviate.
pub const DEVIATING: &str = "layers_deviating";

/// Name of the curve of the number of layers that were followed instead of analysed in full. It is
/// absent where all are analysed in full.
pub const TRACKED: &str = "layers_tracked";

/// Name of the curve of the strongest signal behind any singular value.
pub const LARGEST_SIGNAL: &str = "largest_signal";

/// Name of the text that has the findings; it sorts before the others. The curve of the number of alerts is `alerts`.
pub const FINDINGS: &str = "findings";

/// Name of the text that says how to read a run.
pub const GUIDE: &str = "guide";

/// Name of the text that says how a run ended.
pub const RESULT: &str = "result";

/// Name of the histogram of a layer's singular values.
pub const SINGULAR_VALUES: &str = "singular_values";

/// Name of the histogram of the left vectors' p-values.
pub const LEFT_P: &str = "left_p";

/// Name of the histogram of the right vectors' p-values.
pub const RIGHT_P: &str = "right_p";

/// Name of the picture of the evidence of every layer at every step.
pub const HEAT_MAP: &str = "evidence";

/// Name of the picture of the share of structure in every layer at every step.
pub const SHARE_MAP: &str = "structure";

/// Name of the picture of the structure's share of the squared norm.
pub const NORM_MAP: &str = "structure_norm";

/// Name of the picture of the spectrum against its law.
pub const SPECTRUM: &str = "spectrum";

/// Name of the picture of the vectors' p-values along the spectrum.
pub const PROFILE: &str = "profile";

/// Name of the picture of the overlaps with the activations, by singular value.
pub const OVERLAPS: &str = "overlaps";

/// Name of the histogram of these overlaps.
pub const OVERLAP_COUNTS: &str = "overlap";

/// Layer names for tags. Numbers in the dotted path are padded to the width of the longest, so that
/// layer 10 follows layer 9. JSONL files keep the true path.
#[derive(Debug, Clone, Default)]
pub struct TagNames {
    names: HashMap<String, String>,
    /// The values of `names`: no two layers share a tag.
    taken: HashSet<String>,
    widths: HashMap<String, usize>,
}

impl TagNames {
    /// Learns the names. Call it with all names before the first [`tag`](Self::tag).
    pub fn learn<'a>(&mut self, names: impl Iterator<Item = &'a str>) {
        for name in names {
            let mut prefix = String::new();
            for part in name.split('.') {
                if is_number(part) {
                    let width = self.widths.entry(prefix.clone()).or_default();
                    *width = (*width).max(part.len());
                }
                prefix.push_str(part);
                prefix.push('.');
            }
        }
    }

    /// The tag of `statistic` in `group` for the layer `name`.
    pub fn tag(&mut self, group: &str, statistic: &str, name: &str) -> String {
        let layer = match self.names.get(name) {
            Some(layer) => layer,
            None => {
                let mut layer = self.padded(name);
                while !self.taken.insert(layer.clone()) {
                    layer.push('_');
                }
                self.names.entry(name.to_owned()).or_insert(layer)
            }
        };
        format!("{group}/{statistic}/{layer}")
    }

    fn padded(&self, name: &str) -> String {
        let mut prefix = String::new();
        let mut padded = Vec::new();
        for part in name.split('.') {
            let width = self.widths.get(&prefix).copied().unwrap_or(0);
            let clean = visible::name(part).replace('/', "_");
            padded.push(if is_number(part) { format!("{clean:0>width$}") } else { clean });
            prefix.push_str(part);
            prefix.push('.');
        }
        let joined = padded.join(".");
        if joined.is_empty() { "unnamed".into() } else { joined }
    }
}

fn is_number(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rmt_core::figures::curves;

    #[test]
    fn numbers_are_padded_to_the_width_of_their_list() {
        let mut tags = TagNames::default();
        let names = ["a.0.w", "a.11.b.2.w", "a.11.b.3.w", "c.5.w", ""];
        tags.learn(names.into_iter());
        assert_eq!(tags.tag(ABOVE, "x", "a.0.w"), "rmt_1_above/x/a.00.w");
        assert_eq!(tags.tag(ABOVE, "x", "a.11.b.2.w"), "rmt_1_above/x/a.11.b.2.w");
        assert_eq!(tags.tag(ABOVE, "x", "c.5.w"), "rmt_1_above/x/c.5.w");
        assert_eq!(tags.tag(ABOVE, "x", ""), "rmt_1_above/x/unnamed");
        assert_eq!(tags.tag(ABOVE, "x", "un/known\n.7"), "rmt_1_above/x/un_known_.7");
        assert_eq!(tags.tag(ABOVE, "x", "un_known\t.7"), "rmt_1_above/x/un_known_.7_");
        assert_eq!(tags.tag(ABOVE, "y", "un/known\n.7"), "rmt_1_above/y/un_known_.7");
    }

    #[test]
    fn charts_are_of_curves_that_are_always_written() {
        // The layout of the custom-scalars page names curves that are always written.
        let lean = |group, name| {
            curves().any(|(curve, _)| curve.lean && (curve.group, curve.name) == (group, name))
        };
        let margins = [LARGEST, SMALLEST, EDGE_LOW, EDGE_HIGH].map(|name| (BULK, name));
        let overlaps = OVERLAP_BAND.map(|name| (OVERLAP, name));
        let evidence = [(ABOVE, EVIDENCE), (BELOW, EVIDENCE)];
        for (group, name) in margins.into_iter().chain(overlaps).chain(evidence) {
            assert!(lean(group, name), "{group}/{name}");
        }
    }
}
