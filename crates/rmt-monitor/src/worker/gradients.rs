//! What the worker does with gradients.

use super::Worker;
use crate::error::ReadError;
use crate::guard::{discard, guarded};
use crate::ledger::{DropReason, Outcome};
use crate::record::{GradientTick, Record, wall_time};
use crate::snapshot::{GradientSnapshot, WeightValues, Weights};
use rmt_core::statistics::gradient::GradientReport;
use rmt_core::{Matrix, Orientation};

/// A report, and why it has no update ratio where it should.
type Found = Result<(GradientReport, Option<String>), (DropReason, String)>;

impl Worker {
    /// Analyses and writes the gradients at the weights after `step` updates.
    pub(super) fn gradients(&mut self, step: u64, layers: Vec<GradientSnapshot>) {
        let span = tracing::info_span!(target: "rmt", "gradients", step);
        let _entered = span.enter();
        let mut reports = Vec::with_capacity(layers.len());
        let mut matrices = Vec::with_capacity(layers.len());
        for snapshot in layers {
            if self.shared.ledger.abandoned() {
                let _ = discard(snapshot);
                continue;
            }
            let GradientSnapshot { layer, shape, bytes, gradient, update } = snapshot;
            let found = guarded(|| report(shape, gradient, update));
            let name = layer.path();
            let (outcome, problem) = match found {
                Ok(Ok((report, problem))) => {
                    let problem = problem.map(|why| format!("`{name}`: no update ratio: {why}"));
                    reports.push((layer, report));
                    matrices.push(self.matrices.index(&name));
                    (Outcome::Analysed, problem)
                }
                Ok(Err((reason, why))) => {
                    let problem = format!("the gradient of `{name}` was not analysed: {why}");
                    (Outcome::Dropped(reason), Some(problem))
                }
                Err(said) => {
                    let problem =
                        format!("the gradient of `{name}`: its analysis panicked: {said}");
                    (Outcome::Dropped(DropReason::AnalysisFailed), Some(problem))
                }
            };
            self.shared.ledger.complete_gradient(bytes, outcome);
            if let Some(problem) = problem {
                self.warn(step, &format!("gradient {name}"), problem);
            }
        }
        if reports.is_empty() {
            return;
        }
        let (session, wall_time) = (self.session, wall_time());
        let tick = GradientTick { session, step, wall_time, reports, matrices };
        self.write_scalars();
        self.write(step, &Record::Gradients(&tick));
    }
}

fn report(
    [rows, cols]: [usize; 2],
    gradient: Box<dyn Weights>,
    update: Option<[Box<dyn Weights>; 2]>,
) -> Found {
    let values = gradient.read().map_err(|e| (DropReason::ReadFailed, e.to_string()))?;
    let failed = |e: rmt_core::RmtError| (DropReason::AnalysisFailed, e.to_string());
    // Sides have no part in it.
    let matrix =
        Matrix::new(values.as_values(), rows, cols, Orientation::Assumed).map_err(failed)?;
    let report = GradientReport::new(&matrix).map_err(failed)?;
    let Some(update) = update else { return Ok((report, None)) };
    Ok(match read(update) {
        Ok([before, after]) => (report.with_update(before.as_values(), after.as_values()), None),
        Err(problem) => (report, Some(problem)),
    })
}

/// Both, or what became of it: the gradient is not lost with them.
fn read(update: [Box<dyn Weights>; 2]) -> Result<[WeightValues; 2], String> {
    let read = move || -> Result<[WeightValues; 2], ReadError> {
        let [before, after] = update;
        Ok([before.read()?, after.read()?])
    };
    match guarded(read) {
        Ok(read) => read.map_err(|error| error.to_string()),
        Err(said) => Err(format!("reading the weights panicked: {said}")),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;
    use crate::config::{Bare, MonitorConfig};
    use crate::error::SinkError;
    use crate::sinks::Sink;
    use rmt_core::layers::LayerId;
    use std::sync::mpsc::{Sender, channel};

    struct Unreadable;

    impl Weights for Unreadable {
        fn read(self: Box<Self>) -> Result<WeightValues, ReadError> {
            Err(ReadError("the device is gone".into()))
        }
    }

    struct Panicking;

    impl Weights for Panicking {
        fn read(self: Box<Self>) -> Result<WeightValues, ReadError> {
            panic!("on purpose");
        }
    }

    struct Capture(Sender<GradientTick>);

    impl Sink for Capture {
        fn name(&self) -> &str {
            "capture"
        }

        fn write(&mut self, record: &Record<'_>) -> Result<(), SinkError> {
            if let Record::Gradients(tick) = record {
                self.0.send((*tick).clone()).map_err(|e| SinkError::Other(e.to_string()))?;
            }
            Ok(())
        }
    }

    fn values(values: [f64; 4]) -> Box<dyn Weights> {
        Box::new(WeightValues::F64(values.into()))
    }

    #[test]
    fn a_fault_is_a_warning_and_nothing_else_is_lost() {
        let base = tempfile::tempdir().unwrap();
        let (sender, ticks) = channel();
        let config = MonitorConfig::<Bare>::new(base.path().join("x"));
        let engine = config.with_sink(Capture(sender)).init().unwrap();
        let good = || values([3.0, 0.0, 0.0, 4.0]);
        let after = || values([3.3, 0.0, 0.0, 3.6]);
        let case = |name: &str, gradient: Box<dyn Weights>, after: Box<dyn Weights>| {
            let (layer, update) = (LayerId::from_name(name), Some([good(), after]));
            GradientSnapshot { layer, shape: [2, 2], bytes: 100, gradient, update }
        };
        let layers = vec![
            case("unreadable", Box::new(Unreadable), after()),
            case("panics", Box::new(Panicking), after()),
            case("nan", values([0.0, f64::NAN, 0.0, 1.0]), after()),
            case("after_unreadable", good(), Box::new(Unreadable)),
            case("after_panics", good(), Box::new(Panicking)),
            case("good", good(), after()),
        ];
        engine.submit_gradients(7, layers);
        let summary = engine.finish();
        let counts = &summary.gradients;
        assert_eq!((counts.submitted, counts.analysed), (6, 3));
        assert_eq!((counts.dropped.read_failed, counts.dropped.analysis_failed), (1, 2));
        assert_eq!(summary.warnings_total, 5);
        for name in ["unreadable", "panics", "nan", "after_unreadable", "after_panics"] {
            let named = |message: &str| message.contains(&format!("`{name}`"));
            assert!(summary.warnings.iter().any(|w| w.step == 7 && named(&w.message)), "{name}");
        }
        let tick = ticks.try_iter().next().unwrap();
        let found: Vec<_> =
            tick.reports.iter().map(|(id, r)| (&id.name[..], r.update_ratio.is_some())).collect();
        assert_eq!((tick.step, tick.session), (7, 0));
        assert_eq!(found, [("after_unreadable", false), ("after_panics", false), ("good", true)]);
        assert!((tick.reports[2].1.update_ratio.unwrap() - 0.1).abs() < 1e-12);
    }
}
