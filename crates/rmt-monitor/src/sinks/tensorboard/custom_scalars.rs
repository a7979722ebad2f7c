//! The layout of TensorBoard's custom-scalars page.

use super::wire::Wire;
use crate::matrices::{MatrixIndex, PerMatrix};
use crate::tags::{self, TagNames};
use rmt_core::LayerReport;
use rmt_core::layers::{LayerKind, by_kind};

/// The tag that the plug-in looks for.
pub(super) const CONFIG: &str = "custom_scalars__config__";
/// Layers in one chart, at most: more cannot be told apart.
const IN_ONE_CHART: usize = 10;

/// What is charted of each matrix.
#[derive(Debug, Default)]
pub(super) struct Layout {
    matrices: PerMatrix<Charted>,
    /// They changed since the layout was last made.
    changed: bool,
}

#[derive(Debug, Default)]
struct Charted {
    name: String,
    kind: Option<LayerKind>,
    spectrum: bool,
    overlap: bool,
}

impl Layout {
    /// Learns which curves there are.
    pub(super) fn learn(&mut self, matrix: MatrixIndex, report: &LayerReport) {
        let charted = self.matrices.of(matrix);
        let spectrum = report.report.edge_high.is_some() && !charted.spectrum;
        let overlap = report.report.activation.is_some() && !charted.overlap;
        if spectrum || overlap {
            (charted.name, charted.kind) = (report.layer.path(), Some(report.layer.kind));
            charted.spectrum |= spectrum;
            charted.overlap |= overlap;
            self.changed = true;
        }
    }

    /// The layout as a message, if it is another than before.
    pub(super) fn changed(&mut self, names: &mut TagNames) -> Option<Vec<u8>> {
        std::mem::take(&mut self.changed).then(|| self.message(names).into_bytes())
    }

    fn message(&self, names: &mut TagNames) -> Wire {
        let mut margins = category("Singular values against the edges of the bulk");
        let mut evidence = category("Evidence against a random matrix (−log₁₀ p)");
        let with_spectrum = self.matrices.all.iter().filter(|matrix| matrix.spectrum);
        let with_spectrum = with_spectrum.filter_map(|m| Some((m.kind?, m.name.as_str())));
        for (kind, layers) in by_kind(with_spectrum) {
            let mut parts = layers.chunks(IN_ONE_CHART);
            let many = parts.len() > 1;
            let kind = match (kind, &layers[..]) {
                // Its own name says more than its kind.
                (_, [alone]) => (*alone).to_owned(),
                (LayerKind::Other, _) => "layers of no known kind".into(),
                (kind, _) => kind.to_string(),
            };
            for (part, layers) in (1..).zip(&mut parts) {
                let of = if many { format!("{kind} ({part})") } else { kind.clone() };
                for (end, value) in [("largest", tags::LARGEST), ("smallest", tags::SMALLEST)] {
                    let series = layers.iter().map(|name| {
                        let mut tag = |curve| names.tag(tags::BULK, curve, name);
                        [tag(value), tag(tags::EDGE_LOW), tag(tags::EDGE_HIGH)]
                    });
                    let title = format!("{of}: {end} singular value, in units of σ√n");
                    margins = margins.message(CHART, &margin_chart(&title, series));
                }
                for (end, group) in [("above", tags::ABOVE), ("below", tags::BELOW)] {
                    let curves = layers.iter().map(|name| names.tag(group, tags::EVIDENCE, name));
                    let title = format!("{of}: {end} the bulk");
                    evidence = evidence.message(CHART, &line_chart(&title, curves));
                }
            }
        }
        let mut layout = Wire::default().message(CATEGORY, &margins).message(CATEGORY, &evidence);
        let with_overlap: Vec<&Charted> = self.matrices.all.iter().filter(|m| m.overlap).collect();
        if !with_overlap.is_empty() {
            let mut overlaps = category("Overlap with the input against its band");
            for Charted { name, .. } in with_overlap {
                let curves = tags::OVERLAP_BAND.map(|curve| names.tag(tags::OVERLAP, curve, name));
                overlaps = overlaps.message(CHART, &line_chart(name, curves.into_iter()));
            }
            layout = layout.message(CATEGORY, &overlaps);
        }
        layout
    }
}

/// `Layout.category`.
const CATEGORY: u64 = 2;
/// `Category.chart`.
const CHART: u64 = 2;

fn category(title: &str) -> Wire {
    Wire::default().text(1, title)
}

/// `Chart { title, multiline { tag, … } }`: each tag is a regular expression.
fn line_chart(title: &str, tags: impl Iterator<Item = String>) -> Wire {
    let lines = tags.fold(Wire::default(), |lines, tag| lines.text(1, &exactly(&tag)));
    Wire::default().text(1, title).message(2, &lines)
}

/// `Chart { title, margin { series { value, lower, upper }, … } }`: plain tags.
fn margin_chart(title: &str, series: impl Iterator<Item = [String; 3]>) -> Wire {
    let margin = series.fold(Wire::default(), |margin, [value, lower, upper]| {
        let series = Wire::default().text(1, &value).text(2, &lower).text(3, &upper);
        margin.message(1, &series)
    });
    Wire::default().text(1, title).message(3, &margin)
}

/// The regular expression of this tag alone.
fn exactly(tag: &str) -> String {
    let mut regex = String::from("^");
    for c in tag.chars() {
        if r"\.^$*+?{}[]|()".contains(c) {
            regex.push('\\');
        }
        regex.push(c);
    }
    regex.push('$');
    regex
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::matrices::MatrixNumbers;
    use crate::samples::report_of;

    #[test]
    fn expressions_are_of_one_tag() {
        assert_eq!(exactly("g/a.0.w[1]+(x)"), r"^g/a\.0\.w\[1\]\+\(x\)$");
    }

    #[test]
    fn the_layout_is_made_when_the_layers_change() {
        let (mut layout, mut names) = (Layout::default(), TagNames::default());
        assert_eq!(layout.changed(&mut names), None);
        let mut query = report_of("b.0.query.weight", 0);
        let mut numbers = MatrixNumbers::default();
        let mut learn = |layout: &mut Layout, report: &LayerReport| {
            layout.learn(numbers.of(&report.layer.path()), report);
        };
        learn(&mut layout, &query);
        let holds = |bytes: &[u8], text: &str| {
            bytes.windows(text.len()).any(|part| part == text.as_bytes())
        };
        let first = layout.changed(&mut names).unwrap();
        for text in [
            "b.0.query.weight: largest singular value, in units of σ√n",
            "rmt_4_bulk/smallest_normalized/b.0.query.weight",
            "rmt_4_bulk/edge_low_normalized/b.0.query.weight",
            r"^rmt_1_above/minus_log10_p/b\.0\.query\.weight$",
        ] {
            assert!(holds(&first, text), "{text}");
        }
        assert!(!holds(&first, "rmt_5_overlap"));
        learn(&mut layout, &query);
        assert_eq!(layout.changed(&mut names), None);
        query.report.activation = Some(Default::default());
        learn(&mut layout, &query);
        let second = layout.changed(&mut names).unwrap();
        assert!(holds(&second, r"^rmt_5_overlap/band_low/b\.0\.query\.weight$"));
        // Two layers of a kind are one chart, also where the kind is none.
        for name in ["c.query.weight", "a.weight", "b.weight"] {
            learn(&mut layout, &report_of(name, 0));
        }
        let two = layout.changed(&mut names).unwrap();
        assert!(holds(&two, "query: largest") && holds(&two, "layers of no known kind: largest"));
        // Many layers of a kind are several charts.
        for k in 0..IN_ONE_CHART {
            learn(&mut layout, &report_of(&format!("c.{k}.query.weight"), 0));
        }
        let many = layout.changed(&mut names).unwrap();
        assert!(holds(&many, "query (2): smallest singular value"));
    }
}
