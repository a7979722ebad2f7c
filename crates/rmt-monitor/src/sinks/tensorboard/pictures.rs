//! Which pictures are drawn: of a report, and of the whole model.

use super::heat;
use super::message::Value;
use crate::record::Tick;
use crate::tags;
use rmt_core::LayerReport;
use rmt_plot::{Drawing, Followed};

/// The pictures of one report: group, name and picture.
pub(super) fn pictures(report: &LayerReport) -> Vec<(&'static str, &'static str, Value)> {
    let all = [
        (tags::BULK, tags::SPECTRUM, rmt_plot::spectrum(report)),
        (tags::VECTORS, tags::PROFILE, rmt_plot::vectors(report)),
        (tags::OVERLAP, tags::OVERLAPS, rmt_plot::overlap_of(report)),
    ];
    let drawn = all.into_iter().filter_map(|(group, name, drawing)| {
        Some((group, name, image(&drawing?, &report.layer.path())?))
    });
    drawn.collect()
}

/// The heat maps of the whole model.
#[derive(Debug, Default)]
pub(super) struct Heat(heat::Heat);

impl Heat {
    /// Adds a tick; the pictures with their names, when they are due.
    pub(super) fn add(&mut self, tick: &Tick) -> Vec<(&'static str, Value)> {
        if self.0.add(tick) { self.draw() } else { Vec::new() }
    }

    /// The pictures, if there is more than was drawn.
    pub(super) fn left(&self) -> Vec<(&'static str, Value)> {
        if self.0.left() { self.draw() } else { Vec::new() }
    }

    fn draw(&self) -> Vec<(&'static str, Value)> {
        let drawn = self.0.draw().into_iter().filter_map(|(figure, drawing)| {
            let name = match figure {
                Followed::Share => tags::SHARE_MAP,
                Followed::NormShare => tags::NORM_MAP,
                _ => tags::HEAT_MAP,
            };
            Some((name, image(&drawing, name)?))
        });
        drawn.collect()
    }
}

/// A drawing of `what`, unless it cannot be made.
fn image(drawing: &Drawing, what: &str) -> Option<Value> {
    let pixels = drawing.to_rgb();
    let (width, height) = (pixels.width, pixels.height);
    match pixels.to_png() {
        Ok(png) => Some(Value::Image { width, height, png }),
        Err(error) => {
            tracing::debug!(target: "rmt", "`{what}`: {error}");
            None
        }
    }
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
            super::pictures(report).iter().map(|(_, name, _)| *name).collect()
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
