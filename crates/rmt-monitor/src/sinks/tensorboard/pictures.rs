//! Which pictures are drawn of a report.

use crate::tags;
use rmt_core::LayerReport;
use rmt_plot::Drawing;

/// A picture with its place among the tags.
pub(super) struct Picture {
    pub(super) group: &'static str,
    pub(super) name: &'static str,
    pub(super) drawing: Drawing,
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
    use crate::samples::report;

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
