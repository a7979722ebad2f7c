//! Names of curves in TensorBoard: one table, fixed from the start.
//!
//! TensorBoard makes a group of what stands before the first `/`; the numbers keep the groups in
//! the order in which they are read. The user's own tags are left as they are.

use rmt_core::MatrixReport;
use rmt_core::statistics::activation::{ActivationReport, ProjectionReport, TRACE_SHARES};
use rmt_core::statistics::drift::Drift;
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

/// A statistic that is drawn as a curve.
pub struct Curve {
    /// Group.
    pub group: &'static str,
    /// Name within the group.
    pub name: &'static str,
    /// Its value, where there is one.
    pub value: fn(&MatrixReport) -> Option<f64>,
}

/// A p-value as −log₁₀ p, so that evidence grows upwards; p = 0 is shown as 300.
fn evidence(p: Option<f64>) -> Option<f64> {
    p.map(|p| -p.max(1e-300).log10())
}

fn count(n: Option<usize>) -> Option<f64> {
    n.map(|n| n as f64)
}

/// Ratio of two statistics.
fn ratio(a: Option<f64>, b: Option<f64>) -> Option<f64> {
    a.zip(b).map(|(a, b)| a / b).filter(|r| r.is_finite())
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

/// Every curve of a layer.
pub const CURVES: &[Curve] = &[
    Curve { group: ABOVE, name: "significant", value: |r| count(r.significant_above) },
    Curve { group: ABOVE, name: "outliers", value: |r| count(r.outliers_above) },
    Curve { group: ABOVE, name: "largest_over_edge", value: |r| ratio(r.largest, r.edge_high) },
    Curve { group: ABOVE, name: "minus_log10_p", value: |r| evidence(r.p_above) },
    Curve { group: ABOVE, name: "signal_strength", value: |r| Some(r.signal.first()?.strength) },
    Curve { group: BELOW, name: "significant", value: |r| count(r.significant_below) },
    Curve { group: BELOW, name: "outliers", value: |r| count(r.outliers_below) },
    Curve { group: BELOW, name: "smallest_over_edge", value: |r| ratio(r.smallest, r.edge_low) },
    Curve { group: BELOW, name: "minus_log10_p", value: |r| evidence(r.p_below) },
    Curve { group: VECTORS, name: "left_rejected", value: |r| Some(r.left.as_ref()?.ks_rejected) },
    Curve {
        group: VECTORS,
        name: "right_rejected",
        value: |r| Some(r.right.as_ref()?.ks_rejected),
    },
    Curve { group: VECTORS, name: "left_ipr", value: |r| Some(r.left.as_ref()?.ipr) },
    Curve { group: VECTORS, name: "right_ipr", value: |r| Some(r.right.as_ref()?.ipr) },
    Curve { group: BULK, name: "distance", value: |r| r.bulk_distance },
    Curve { group: BULK, name: "minus_log10_p", value: |r| evidence(r.p_bulk) },
    Curve { group: BULK, name: "spacing_ratio", value: |r| r.spacing_ratio },
    Curve {
        group: BULK,
        name: "brody_exponent",
        value: |r| Some(r.levels.as_ref()?.brody.as_ref()?.exponent),
    },
    Curve { group: BULK, name: "scale", value: |r| r.scale },
    Curve { group: OVERLAP, name: "above", value: |r| activation(r, |a| a.overlap_above) },
    Curve { group: OVERLAP, name: "below", value: |r| activation(r, |a| a.overlap_below) },
    Curve { group: OVERLAP, name: "bulk", value: |r| activation(r, |a| a.overlap_bulk) },
    Curve { group: OVERLAP, name: "band_high", value: |r| activation(r, |a| a.band_high) },
    Curve {
        group: OVERLAP,
        name: "projection_above",
        value: |r| activation(r, |a| projection(a)?.above),
    },
    Curve {
        group: OVERLAP,
        name: "projection_below",
        value: |r| activation(r, |a| projection(a)?.below),
    },
    Curve {
        group: OVERLAP,
        name: "projection_random",
        value: |r| activation(r, |a| Some(projection(a)?.null_mean)),
    },
    Curve { group: OVERLAP, name: "angle_above", value: |r| activation(r, |a| a.angle_above) },
    Curve { group: OVERLAP, name: "angle_below", value: |r| activation(r, |a| a.angle_below) },
    Curve {
        group: OVERLAP,
        name: "effective_rank",
        value: |r| activation(r, |a| a.effective_rank),
    },
    Curve { group: DRIFT, name: "relative_norm", value: |r| r.drift.as_ref()?.relative_norm },
    Curve {
        group: DRIFT,
        name: "spectrum_distance",
        value: |r| r.drift.as_ref()?.spectrum_distance,
    },
    Curve { group: DRIFT, name: "angle_top", value: |r| r.drift.as_ref()?.angle_top },
    Curve { group: DRIFT, name: "angle_bottom", value: |r| r.drift.as_ref()?.angle_bottom },
    Curve {
        group: DRIFT,
        name: "change_significant",
        value: |r| count(r.drift.as_ref()?.change.as_ref()?.significant_above),
    },
    Curve {
        group: DRIFT,
        name: "change_minus_log10_p",
        value: |r| evidence(r.drift.as_ref()?.change.as_ref()?.p_above),
    },
    Curve { group: DRIFT, name: "update_norm", value: |r| previous(r)?.relative_norm },
    Curve { group: DRIFT, name: "update_angle_top", value: |r| previous(r)?.angle_top },
    Curve { group: DRIFT, name: "update_angle_bottom", value: |r| previous(r)?.angle_bottom },
    Curve {
        group: DRIFT,
        name: "update_significant",
        value: |r| count(previous(r)?.change.as_ref()?.significant_above),
    },
    Curve {
        group: DRIFT,
        name: "update_minus_log10_p",
        value: |r| evidence(previous(r)?.change.as_ref()?.p_above),
    },
    Curve {
        group: DRIFT,
        name: "update_stable_rank",
        value: |r| previous(r)?.change.as_ref()?.stable_rank,
    },
    Curve {
        group: DRIFT,
        name: "spectral_edge_ratio",
        value: |r| r.drift.as_ref()?.spectral_edge.as_ref()?.ratio,
    },
    Curve { group: HEAVY_TAIL, name: "traps", value: |r| count(r.traps.as_ref()?.count) },
    Curve {
        group: HEAVY_TAIL,
        name: "traps_largest_over_edge",
        value: |r| r.traps.as_ref()?.largest_over_edge,
    },
    Curve { group: HEAVY_TAIL, name: "stable_rank", value: |r| r.heavy_tail.as_ref()?.stable_rank },
    Curve { group: HEAVY_TAIL, name: "log_norm", value: |r| r.heavy_tail.as_ref()?.log_norm },
    Curve { group: HEAVY_TAIL, name: "alpha", value: |r| r.heavy_tail.as_ref()?.alpha },
    Curve {
        group: HEAVY_TAIL,
        name: "alpha_weighted",
        value: |r| r.heavy_tail.as_ref()?.alpha_weighted,
    },
    Curve {
        group: HEAVY_TAIL,
        name: "log_alpha_norm",
        value: |r| r.heavy_tail.as_ref()?.log_alpha_norm,
    },
    Curve { group: HEAVY_TAIL, name: "entropy", value: |r| r.heavy_tail.as_ref()?.entropy },
];

/// Name of the text that lists alerts; the curve of their number is `alerts`.
pub const ALERTS: &str = "alert_list";

/// Name of the text that says how to read a run.
pub const GUIDE: &str = "guide";

/// Name of the text that says how a run ended.
pub const RESULT: &str = "result";

/// Name of the histogram of a layer's singular values.
pub const SINGULAR_VALUES: &str = "singular_values";

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
            let clean: String =
                part.chars().map(|c| if c.is_control() || c == '/' { '_' } else { c }).collect();
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
    }
}
