//! Which pictures are drawn, and when.

use crate::tags;
use rmt_core::LayerReport;
use rmt_plot::Drawing;
use std::collections::BTreeMap;

/// A picture with its place among the tags.
pub(super) struct Picture {
    pub(super) group: &'static str,
    pub(super) name: &'static str,
    pub(super) drawing: Drawing,
}

/// Pictures are large beside curves, and few of one tag are kept by readers: a layer is drawn when
/// the number of its reports has doubled, and as it was last.
#[derive(Debug, Default)]
pub(super) struct Pictures {
    layers: BTreeMap<String, Layer>,
}

#[derive(Debug, Default)]
struct Layer {
    reports: u64,
    /// The latest report, unless it was drawn.
    left: Option<LayerReport>,
}

impl Pictures {
    /// Whether this report of the layer `name` is drawn now.
    pub(super) fn due(&mut self, name: &str, report: &LayerReport) -> bool {
        let layer = self.layers.entry(name.to_owned()).or_default();
        layer.reports += 1;
        let due = layer.reports.is_power_of_two();
        layer.left = (!due).then(|| report.clone());
        due
    }

    /// Names and latest reports of the layers that were not drawn since.
    pub(super) fn left(&mut self) -> Vec<(String, LayerReport)> {
        let layers = self.layers.iter_mut();
        layers.filter_map(|(name, layer)| Some((name.clone(), layer.left.take()?))).collect()
    }
}

/// The pictures of one report.
pub(super) fn pictures(report: &LayerReport) -> Vec<Picture> {
    let all = [
        (tags::BULK, tags::SPECTRUM, rmt_plot::spectrum(report)),
        (tags::VECTORS, tags::PROFILE, rmt_plot::vectors(report)),
        (tags::OVERLAP, tags::OVERLAPS, rmt_plot::overlap_of(report)),
    ];
    let drawn = all.into_iter().filter_map(|(group, name, drawing)| {
        drawing.map(|drawing| Picture { group, name, drawing })
    });
    drawn.collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use rmt_core::layers::LayerId;
    use rmt_core::{Analyser, AnalysisOptions, Context, Matrix, Nulls, Orientation};

    fn report(step: u64) -> LayerReport {
        let values: Vec<f64> = (0..20 * 30).map(|k| f64::from(k * 7919 % 1009) - 504.0).collect();
        let matrix = Matrix::new(values.as_slice(), 20, 30, Orientation::OutIn).unwrap();
        let analyser = Analyser::new(AnalysisOptions::default(), Nulls::default()).unwrap();
        let analysis = analyser.analyse(&matrix, Context::default()).unwrap();
        LayerReport::new(0, step, LayerId::from_name("a"), "f64".into(), analysis.report)
            .with_profile(analysis.profile)
    }

    #[test]
    fn drawn_at_doublings_and_at_last() {
        let mut pictures = Pictures::default();
        let due: Vec<u64> = (0..20).filter(|&step| pictures.due("a", &report(step))).collect();
        assert_eq!(due, [0, 1, 3, 7, 15]);
        let left = pictures.left();
        assert_eq!((left.len(), left[0].1.step), (1, 19));
        assert!(pictures.left().is_empty());
    }

    #[test]
    fn what_is_known_is_drawn() {
        let mut report = report(0);
        let names = |report: &LayerReport| -> Vec<_> {
            super::pictures(report).iter().map(|picture| picture.name).collect()
        };
        assert_eq!(names(&report), [tags::SPECTRUM, tags::PROFILE]);
        let overlaps = vec![0.4; 20];
        report.profile.as_mut().unwrap().overlaps = overlaps;
        assert_eq!(names(&report), [tags::SPECTRUM, tags::PROFILE]);
        let mut activation = rmt_core::statistics::activation::ActivationReport::default();
        (activation.band_low, activation.band_high) = (Some(0.3), Some(0.6));
        activation.null_mean = Some(0.4);
        report.report.activation = Some(activation);
        assert_eq!(names(&report), [tags::SPECTRUM, tags::PROFILE, tags::OVERLAPS]);
        assert!(super::pictures(&report.without_profile()).is_empty());
    }
}
