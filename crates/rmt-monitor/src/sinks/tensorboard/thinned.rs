//! Which reports of a matrix are shown: the first ones, of every doubling from then on as many, and the
//! last. A reader that keeps so many per tag misses nothing, and a file grows as the logarithm of the run.

use rmt_core::LayerReport;

/// Counts the reports of one matrix.
#[derive(Debug, Default)]
pub(super) struct Thinned {
    reports: u64,
    /// The latest report, unless it was shown.
    left: Option<LayerReport>,
}

impl Thinned {
    /// Whether this report is shown now: of the first `2·of_a_doubling` all are, then `of_a_doubling` of each
    /// doubling of their number. What `keep` makes of it is kept until the end, if not.
    pub(super) fn due(
        &mut self,
        of_a_doubling: u64,
        report: &LayerReport,
        keep: impl FnOnce(&LayerReport) -> LayerReport,
    ) -> bool {
        self.reports += 1;
        let doublings = (self.reports / of_a_doubling).checked_ilog2().unwrap_or(0);
        let due = self.reports.is_multiple_of(1 << doublings);
        self.left = (!due).then(|| keep(report));
        due
    }

    /// The latest report, unless it was shown.
    pub(super) fn left(&mut self) -> Option<LayerReport> {
        self.left.take()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::samples::report;

    fn due(of_a_doubling: u64, reports: u64) -> (Vec<u64>, Thinned) {
        let mut thinned = Thinned::default();
        let sample = report(0);
        let due = |step: &u64| {
            let mut report = sample.clone();
            report.step = *step;
            thinned.due(of_a_doubling, &report, LayerReport::clone)
        };
        ((0..reports).filter(due).collect(), thinned)
    }

    #[test]
    fn one_of_each_doubling_and_the_last() {
        let (shown, mut pictures) = due(1, 20);
        assert_eq!(shown, [0, 1, 3, 7, 15]);
        assert_eq!(pictures.left().unwrap().step, 19);
        assert!(pictures.left().is_none());
    }

    #[test]
    fn all_at_first_and_as_many_of_each_doubling() {
        let (shown, _) = due(512, 10_000);
        assert!(shown.iter().copied().take(1023).eq(0..1023));
        let within = |from, to| shown.iter().filter(|step| (from..to).contains(*step)).count();
        assert_eq!((within(1023, 2047), within(2047, 4095), within(4095, 8191)), (512, 512, 512));
        let (few, mut none) = due(512, 1023);
        assert!(few.len() == 1023 && none.left().is_none());
    }
}
