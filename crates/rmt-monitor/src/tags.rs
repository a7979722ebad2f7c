//! Names of curves in TensorBoard: one table, fixed from the start.
//!
//! TensorBoard makes a group of what stands before the first `/`; the numbers keep the groups in
//! the order in which they are read. The user's own tags are left as they are.

use crate::visible;
use rmt_core::statistics::activation::{ActivationReport, ProjectionReport, TRACE_SHARES};
use rmt_core::statistics::drift::Drift;
use rmt_core::{MatrixReport, shown};
use std::collections::{HashMap, HashSet};

/// Summary of the run and the monitor's own health.
pub const SUMMARY: &str = "rmt_0_summary";
/// Counts and means over the layers of a kind.
pub const KINDS: &str = "rmt_0_summary_by_kind";
/// The largest singular values.
pub const ABOVE: &str = "rmt_1_above";
/// The smallest singular values.
pub const BELOW: &str = "rmt_2_below";
/// Singular vectors.
pub const VECTORS: &str = "rmt_3_vectors";
/// The bulk of the spectrum.
pub const BULK: &str = "rmt_4_bulk";
/// Activations, and where the weights point in them.
pub const OVERLAP: &str = "rmt_5_overlap";
/// Change since the first snapshot.
pub const DRIFT: &str = "rmt_6_drift";
/// Norms, ranks and the power-law exponent.
pub const HEAVY_TAIL: &str = "rmt_7_heavy_tail";
/// Gradients.
pub const GRADIENTS: &str = "rmt_8_gradients";

/// Whether a tag of this name is in one of the monitor's groups.
pub fn is_own(name: &str) -> bool {
    let groups =
        [SUMMARY, KINDS, ABOVE, BELOW, VECTORS, BULK, OVERLAP, DRIFT, HEAVY_TAIL, GRADIENTS];
    name.split_once('/').is_some_and(|(group, _)| groups.contains(&group))
}

/// A statistic that is drawn as a curve.
pub struct Curve {
    /// Group.
    pub group: &'static str,
    /// Name within the group.
    pub name: &'static str,
    /// Whether it is written with [`Detail::Lean`](crate::Detail) too.
    pub lean: bool,
    /// Its value, where there is one.
    pub value: fn(&MatrixReport) -> Option<f64>,
}

/// A p-value as −log₁₀ p, so that evidence grows upwards; at most 300.
fn evidence(p: Option<f64>) -> Option<f64> {
    p.map(shown::evidence)
}

fn count(n: Option<usize>) -> Option<f64> {
    n.map(|n| n as f64)
}

/// Ratio of two statistics.
fn ratio(a: Option<f64>, b: Option<f64>) -> Option<f64> {
    a.zip(b).map(|(a, b)| a / b).filter(|r| r.is_finite())
}

/// In units of σ√n, in which the edges are at 1 ± √q whatever the shape; where both edges and both
/// ends are known, so that each has the points of the others.
fn normalised(report: &MatrixReport, value: Option<f64>) -> Option<f64> {
    let all = [report.largest, report.smallest, report.edge_low, report.edge_high];
    let unit = report.scale? * (report.large_side as f64).sqrt();
    all.iter().all(Option::is_some).then(|| ratio(value, Some(unit)))?
}

/// Change since the previous snapshot.
fn previous(report: &MatrixReport) -> Option<&Drift> {
    report.drift.as_ref()?.previous.as_deref()
}

/// A figure of the layer's input.
fn activation(
    report: &MatrixReport,
    figure: impl Fn(&ActivationReport) -> Option<f64>,
) -> Option<f64> {
    report.activation.as_ref().and_then(figure)
}

/// Projections onto the subspace with 90 % of the trace.
fn projection(activation: &ActivationReport) -> Option<&ProjectionReport> {
    let [_, most, _] = TRACE_SHARES;
    activation.projections.iter().find(|projection| projection.trace == most)
}

/// −log₁₀ of the p-value of an end of the spectrum.
pub const EVIDENCE: &str = "minus_log10_p";
/// The largest singular value in units of σ√n.
pub const LARGEST: &str = "largest_normalised";
/// The smallest one.
pub const SMALLEST: &str = "smallest_normalised";
/// The lower edge of the bulk in these units.
pub const EDGE_LOW: &str = "edge_low_normalised";
/// The upper one.
pub const EDGE_HIGH: &str = "edge_high_normalised";
/// The curves of the group of overlaps that are shown together, with their band.
pub const OVERLAP_BAND: [&str; 5] = ["above", "below", "bulk", "band_low", "band_high"];

/// Every curve of a layer.
pub const CURVES: &[Curve] = &[
    Curve { group: ABOVE, name: "significant", lean: true, value: |r| count(r.significant_above) },
    Curve { group: ABOVE, name: "outliers", lean: false, value: |r| count(r.outliers_above) },
    Curve {
        group: ABOVE,
        name: "largest_over_edge",
        lean: true,
        value: |r| ratio(r.largest, r.edge_high),
    },
    Curve { group: ABOVE, name: EVIDENCE, lean: true, value: |r| evidence(r.p_above) },
    Curve {
        group: ABOVE,
        name: "signal_strength",
        lean: false,
        value: |r| Some(r.signal.first()?.strength),
    },
    Curve { group: BELOW, name: "significant", lean: true, value: |r| count(r.significant_below) },
    Curve { group: BELOW, name: "outliers", lean: false, value: |r| count(r.outliers_below) },
    Curve {
        group: BELOW,
        name: "smallest_over_edge",
        lean: false,
        value: |r| ratio(r.smallest, r.edge_low),
    },
    Curve { group: BELOW, name: EVIDENCE, lean: true, value: |r| evidence(r.p_below) },
    Curve {
        group: VECTORS,
        name: "left_rejected",
        lean: true,
        value: |r| Some(r.left.as_ref()?.ks_rejected),
    },
    Curve {
        group: VECTORS,
        name: "right_rejected",
        lean: true,
        value: |r| Some(r.right.as_ref()?.ks_rejected),
    },
    Curve { group: VECTORS, name: "left_ipr", lean: false, value: |r| Some(r.left.as_ref()?.ipr) },
    Curve {
        group: VECTORS,
        name: "right_ipr",
        lean: false,
        value: |r| Some(r.right.as_ref()?.ipr),
    },
    Curve { group: BULK, name: "distance", lean: false, value: |r| r.bulk_distance },
    Curve { group: BULK, name: "minus_log10_p", lean: false, value: |r| evidence(r.p_bulk) },
    Curve { group: BULK, name: "spacing_ratio", lean: false, value: |r| r.spacing_ratio },
    Curve {
        group: BULK,
        name: "brody_exponent",
        lean: false,
        value: |r| Some(r.levels.as_ref()?.brody.as_ref()?.exponent),
    },
    Curve { group: BULK, name: LARGEST, lean: true, value: |r| normalised(r, r.largest) },
    Curve { group: BULK, name: SMALLEST, lean: true, value: |r| normalised(r, r.smallest) },
    Curve { group: BULK, name: EDGE_LOW, lean: true, value: |r| normalised(r, r.edge_low) },
    Curve { group: BULK, name: EDGE_HIGH, lean: true, value: |r| normalised(r, r.edge_high) },
    Curve { group: BULK, name: "scale", lean: true, value: |r| r.scale },
    Curve {
        group: OVERLAP,
        name: "above",
        lean: true,
        value: |r| activation(r, |a| a.overlap_above),
    },
    Curve {
        group: OVERLAP,
        name: "below",
        lean: true,
        value: |r| activation(r, |a| a.overlap_below),
    },
    Curve {
        group: OVERLAP,
        name: "bulk",
        lean: true,
        value: |r| activation(r, |a| a.overlap_bulk),
    },
    Curve {
        group: OVERLAP,
        name: "band_low",
        lean: true,
        value: |r| activation(r, |a| a.band_low),
    },
    Curve {
        group: OVERLAP,
        name: "band_high",
        lean: true,
        value: |r| activation(r, |a| a.band_high),
    },
    Curve {
        group: OVERLAP,
        name: "projection_above",
        lean: false,
        value: |r| activation(r, |a| projection(a)?.above),
    },
    Curve {
        group: OVERLAP,
        name: "projection_below",
        lean: false,
        value: |r| activation(r, |a| projection(a)?.below),
    },
    Curve {
        group: OVERLAP,
        name: "projection_random",
        lean: false,
        value: |r| activation(r, |a| Some(projection(a)?.null_mean)),
    },
    Curve {
        group: OVERLAP,
        name: "angle_above",
        lean: false,
        value: |r| activation(r, |a| a.angle_above),
    },
    Curve {
        group: OVERLAP,
        name: "angle_below",
        lean: false,
        value: |r| activation(r, |a| a.angle_below),
    },
    Curve {
        group: OVERLAP,
        name: "effective_rank",
        lean: false,
        value: |r| activation(r, |a| a.effective_rank),
    },
    Curve {
        group: DRIFT,
        name: "relative_norm",
        lean: true,
        value: |r| r.drift.as_ref()?.relative_norm,
    },
    Curve {
        group: DRIFT,
        name: "spectrum_distance",
        lean: false,
        value: |r| r.drift.as_ref()?.spectrum_distance,
    },
    Curve { group: DRIFT, name: "angle_top", lean: false, value: |r| r.drift.as_ref()?.angle_top },
    Curve {
        group: DRIFT,
        name: "angle_bottom",
        lean: false,
        value: |r| r.drift.as_ref()?.angle_bottom,
    },
    Curve {
        group: DRIFT,
        name: "change_significant",
        lean: false,
        value: |r| count(r.drift.as_ref()?.change.as_ref()?.spectrum.significant_above),
    },
    Curve {
        group: DRIFT,
        name: "change_minus_log10_p",
        lean: false,
        value: |r| evidence(r.drift.as_ref()?.change.as_ref()?.spectrum.p_above),
    },
    Curve { group: DRIFT, name: "update_norm", lean: false, value: |r| previous(r)?.relative_norm },
    Curve {
        group: DRIFT,
        name: "update_angle_top",
        lean: false,
        value: |r| previous(r)?.angle_top,
    },
    Curve {
        group: DRIFT,
        name: "update_angle_bottom",
        lean: false,
        value: |r| previous(r)?.angle_bottom,
    },
    Curve {
        group: DRIFT,
        name: "update_significant",
        lean: false,
        value: |r| count(previous(r)?.change.as_ref()?.spectrum.significant_above),
    },
    Curve {
        group: DRIFT,
        name: "update_minus_log10_p",
        lean: false,
        value: |r| evidence(previous(r)?.change.as_ref()?.spectrum.p_above),
    },
    Curve {
        group: DRIFT,
        name: "update_stable_rank",
        lean: false,
        value: |r| previous(r)?.change.as_ref()?.stable_rank,
    },
    Curve {
        group: DRIFT,
        name: "spectral_edge_ratio",
        lean: false,
        value: |r| r.drift.as_ref()?.spectral_edge.as_ref()?.ratio,
    },
    Curve {
        group: HEAVY_TAIL,
        name: "traps",
        lean: false,
        value: |r| count(r.traps.as_ref()?.count),
    },
    Curve {
        group: HEAVY_TAIL,
        name: "traps_largest_over_edge",
        lean: false,
        value: |r| r.traps.as_ref()?.largest_over_edge,
    },
    Curve {
        group: HEAVY_TAIL,
        name: "stable_rank",
        lean: true,
        value: |r| r.heavy_tail.as_ref()?.stable_rank,
    },
    Curve {
        group: HEAVY_TAIL,
        name: "log_norm",
        lean: false,
        value: |r| r.heavy_tail.as_ref()?.log_norm,
    },
    Curve {
        group: HEAVY_TAIL,
        name: "alpha",
        lean: false,
        value: |r| r.heavy_tail.as_ref()?.alpha,
    },
    Curve {
        group: HEAVY_TAIL,
        name: "alpha_weighted",
        lean: false,
        value: |r| r.heavy_tail.as_ref()?.alpha_weighted,
    },
    Curve {
        group: HEAVY_TAIL,
        name: "log_alpha_norm",
        lean: false,
        value: |r| r.heavy_tail.as_ref()?.log_alpha_norm,
    },
    Curve {
        group: HEAVY_TAIL,
        name: "entropy",
        lean: false,
        value: |r| r.heavy_tail.as_ref()?.entropy,
    },
];

/// Name of the curve of the number of layers whose verdict is "deviates".
pub const DEVIATING: &str = "layers_deviating";

/// Name of the curve of the number of layers that were followed and not analysed in full, where any is.
pub const TRACKED: &str = "layers_tracked";

/// Name of the curve of the strongest signal behind any singular value.
pub const LARGEST_SIGNAL: &str = "largest_signal";

/// Name of the text that lists alerts; the curve of their number is `alerts`.
pub const ALERTS: &str = "alert_list";

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

/// Name of the picture of the spectrum against its law.
pub const SPECTRUM: &str = "spectrum";

/// Name of the picture of the vectors' p-values along the spectrum.
pub const PROFILE: &str = "profile";

/// Name of the picture of the overlaps with the activations, by singular value.
pub const OVERLAPS: &str = "overlaps";

/// Name of their histogram.
pub const OVERLAP_COUNTS: &str = "overlap";

/// Layer names as they stand in tags: numbers in the dotted path padded to the width of their
/// list, so that layer 10 follows layer 9. JSONL keeps the true path.
#[derive(Debug, Clone, Default)]
pub struct TagNames {
    names: HashMap<String, String>,
    /// The values of `names`: no two layers share a tag.
    taken: HashSet<String>,
    widths: HashMap<String, usize>,
}

impl TagNames {
    /// Learns all names before the first is asked for.
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
    fn tags_are_unique() {
        let all: HashSet<_> = CURVES.iter().map(|c| (c.group, c.name)).collect();
        assert_eq!(all.len(), CURVES.len());
        // The layout of the custom-scalars page names curves that are always written.
        let lean =
            |group, name| CURVES.iter().any(|c| c.lean && (c.group, c.name) == (group, name));
        let margins = [LARGEST, SMALLEST, EDGE_LOW, EDGE_HIGH].map(|name| (BULK, name));
        let overlaps = OVERLAP_BAND.map(|name| (OVERLAP, name));
        let evidence = [(ABOVE, EVIDENCE), (BELOW, EVIDENCE)];
        for (group, name) in margins.into_iter().chain(overlaps).chain(evidence) {
            assert!(lean(group, name), "{group}/{name}");
        }
    }
}
