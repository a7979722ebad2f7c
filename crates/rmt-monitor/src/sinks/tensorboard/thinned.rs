//! Which reports of a layer are shown: the first ones, of every doubling from then on as many, and the
//! last. A reader that keeps so many per tag misses nothing, and a file grows as the logarithm of the run.

use rmt_core::LayerReport;
use std::collections::BTreeMap;

/// Counts the reports of each layer.
#[derive(Debug)]
pub(super) struct Thinned {
    /// How many of every doubling.
    of_a_doubling: u64,
    layers: BTreeMap<String, Layer>,
}

#[derive(Debug, Default)]
struct Layer {
    reports: u64,
    /// The latest report, unless it was shown.
    left: Option<LayerReport>,
}

impl Thinned {
    /// All up to twice this number, then so many of each doubling.
    pub(super) fn new(of_a_doubling: u64) -> Self {
        Self { of_a_doubling: of_a_doubling.max(1), layers: BTreeMap::new() }
    }

    /// Whether this report of the layer `name` is shown now; what is kept of it until the end, if not,
    /// is what `keep` says.
    pub(super) fn due(
        &mut self,
        name: &str,
        report: &LayerReport,
        keep: impl FnOnce(&LayerReport) -> LayerReport,
    ) -> bool {
        let layer = self.layers.entry(name.to_owned()).or_default();
        layer.reports += 1;
        let doublings = (layer.reports / self.of_a_doubling).checked_ilog2().unwrap_or(0);
        let due = layer.reports.is_multiple_of(1 << doublings);
        layer.left = (!due).then(|| keep(report));
        due
    }

    /// Names and latest reports of the layers that were not shown since.
    pub(super) fn left(&mut self) -> Vec<(String, LayerReport)> {
        let layers = self.layers.iter_mut();
        layers.filter_map(|(name, layer)| Some((name.clone(), layer.left.take()?))).collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::sinks::samples::report;

    fn due(of_a_doubling: u64, reports: u64) -> (Vec<u64>, Thinned) {
        let mut thinned = Thinned::new(of_a_doubling);
        let sample = report(0);
        let due = |step: &u64| {
            let mut report = sample.clone();
            report.step = *step;
            thinned.due("a", &report, LayerReport::clone)
        };
        ((0..reports).filter(due).collect(), thinned)
    }

    #[test]
    fn one_of_each_doubling_and_the_last() {
        let (shown, mut pictures) = due(1, 20);
        assert_eq!(shown, [0, 1, 3, 7, 15]);
        let left = pictures.left();
        assert_eq!((left.len(), left[0].1.step), (1, 19));
        assert!(pictures.left().is_empty());
    }

    #[test]
    fn all_at_first_and_as_many_of_each_doubling() {
        let (shown, _) = due(512, 10_000);
        assert!(shown.iter().copied().take(1023).eq(0..1023));
        let within = |from, to| shown.iter().filter(|step| (from..to).contains(*step)).count();
        assert_eq!((within(1023, 2047), within(2047, 4095), within(4095, 8191)), (512, 512, 512));
        let (few, mut none) = due(512, 1023);
        assert_eq!((few.len(), none.left().len()), (1023, 0));
    }
}
