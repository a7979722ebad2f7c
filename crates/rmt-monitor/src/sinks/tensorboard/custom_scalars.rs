//! The layout of TensorBoard's custom-scalars page.

use super::wire::Wire;
use crate::tags::{self, TagNames};
use rmt_core::LayerReport;
use rmt_core::layers::LayerKind;
use std::collections::HashMap;

/// The tag that the plug-in looks for.
pub(super) const CONFIG: &str = "custom_scalars__config__";
/// Layers in one chart, at most: more cannot be told apart.
const IN_ONE_CHART: usize = 10;

/// What is charted of each layer.
#[derive(Debug, Default)]
pub(super) struct Layout {
    layers: Vec<Charted>,
    /// Their places, by name.
    index: HashMap<String, usize>,
    /// The layers changed since the layout was last made.
    changed: bool,
}

#[derive(Debug)]
struct Charted {
    name: String,
    kind: LayerKind,
    spectrum: bool,
    overlap: bool,
}

impl Layout {
    /// Learns which curves there are.
    pub(super) fn learn(&mut self, name: &str, report: &LayerReport) {
        let spectrum = report.report.edge_high.is_some();
        let overlap = report.report.activation.is_some();
        let known = self.index.get(name).copied();
        match known.and_then(|at| self.layers.get_mut(at)) {
            Some(layer) => {
                self.changed |= (spectrum && !layer.spectrum) || (overlap && !layer.overlap);
                layer.spectrum |= spectrum;
                layer.overlap |= overlap;
            }
            None => {
                self.index.insert(name.to_owned(), self.layers.len());
                let (name, kind) = (name.to_owned(), report.layer.kind);
                self.layers.push(Charted { name, kind, spectrum, overlap });
                self.changed |= spectrum || overlap;
            }
        }
    }

    /// The layout as a message, if it is another than before.
    pub(super) fn changed(&mut self, names: &mut TagNames) -> Option<Vec<u8>> {
        std::mem::take(&mut self.changed).then(|| self.message(names).into_bytes())
    }

    fn message(&self, names: &mut TagNames) -> Wire {
        let mut margins = category("Singular values against the edges of the bulk");
        let mut evidence = category("Evidence against a random matrix (−log₁₀ p)");
        for (kind, layers) in self.by_kind() {
            let mut parts = layers.chunks(IN_ONE_CHART);
            let many = parts.len() > 1;
            for (part, layers) in (1..).zip(&mut parts) {
                let of = if many { format!("{kind} ({part})") } else { kind.to_string() };
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
        let with_overlap: Vec<&Charted> = self.layers.iter().filter(|l| l.overlap).collect();
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

    /// Names of the layers with a spectrum, by kind, in the order in which the kinds come first.
    fn by_kind(&self) -> Vec<(LayerKind, Vec<&str>)> {
        let mut kinds: Vec<(LayerKind, Vec<&str>)> = Vec::new();
        for layer in self.layers.iter().filter(|layer| layer.spectrum) {
            match kinds.iter_mut().find(|(kind, _)| *kind == layer.kind) {
                Some((_, names)) => names.push(&layer.name),
                None => kinds.push((layer.kind, vec![&layer.name])),
            }
        }
        kinds
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
    use rmt_core::layers::LayerId;
    use rmt_core::{Analyser, AnalysisOptions, Context, Matrix, Nulls, Orientation};

    fn report(name: &str) -> LayerReport {
        let values: Vec<f64> = (0..20 * 30).map(|k| f64::from(k * 7919 % 1009) - 504.0).collect();
        let matrix = Matrix::new(&values[..], 20, 30, Orientation::OutIn).unwrap();
        let analyser = Analyser::new(AnalysisOptions::default(), Nulls::default()).unwrap();
        let report = analyser.analyse(&matrix, Context::default()).unwrap().report;
        LayerReport::new(0, 0, LayerId::from_name(name), "f64".into(), report)
    }

    #[test]
    fn expressions_are_of_one_tag() {
        assert_eq!(exactly("g/a.0.w[1]+(x)"), r"^g/a\.0\.w\[1\]\+\(x\)$");
    }

    #[test]
    fn the_layout_is_made_when_the_layers_change() {
        let (mut layout, mut names) = (Layout::default(), TagNames::default());
        assert_eq!(layout.changed(&mut names), None);
        let mut query = report("b.0.query.weight");
        layout.learn("b.0.query.weight", &query);
        let holds = |bytes: &[u8], text: &str| {
            bytes.windows(text.len()).any(|part| part == text.as_bytes())
        };
        let first = layout.changed(&mut names).unwrap();
        for text in [
            "query: largest singular value, in units of σ√n",
            "rmt_4_bulk/smallest_normalised/b.0.query.weight",
            "rmt_4_bulk/edge_low_normalised/b.0.query.weight",
            r"^rmt_1_above/minus_log10_p/b\.0\.query\.weight$",
        ] {
            assert!(holds(&first, text), "{text}");
        }
        assert!(!holds(&first, "rmt_5_overlap"));
        layout.learn("b.0.query.weight", &query);
        assert_eq!(layout.changed(&mut names), None);
        query.report.activation = Some(Default::default());
        layout.learn("b.0.query.weight", &query);
        let second = layout.changed(&mut names).unwrap();
        assert!(holds(&second, r"^rmt_5_overlap/band_low/b\.0\.query\.weight$"));
        // Many layers of a kind are several charts.
        for k in 0..IN_ONE_CHART {
            let name = format!("c.{k}.query.weight");
            layout.learn(&name, &report(&name));
        }
        let many = layout.changed(&mut names).unwrap();
        assert!(holds(&many, "query (2): smallest singular value"));
    }
}
