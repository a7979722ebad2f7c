//! One matrix of a checkpoint, read and analysed.

use crate::checkpoint::Checkpoint;
use crate::entries;
use crate::matrices::{Planned, read};
use rmt_core::notes::Note;
use rmt_core::report::Verdict;
use rmt_core::statistics::drift::Reference;
use rmt_core::{Analyser, Analysis, Context, LayerReport, Matrix, Orientation, Profile};
use rmt_monitor::WeightValues;

/// The result for one matrix.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// Number of its checkpoint.
    pub(crate) checkpoint: usize,
    /// In the public schema; of a matrix that failed, not estimable for the reason in its notes.
    pub(crate) report: LayerReport,
    /// Why it could not be read or analysed.
    pub(crate) failed: Option<String>,
}

/// A row, and what only a comparison needs.
pub(crate) struct Measured {
    pub(crate) row: Row,
    pub(crate) reference: Option<Reference>,
}

/// A matrix within one of the checkpoints.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) number: usize,
    pub(crate) checkpoint: &'a Checkpoint,
    pub(crate) matrix: &'a Planned,
}

impl Place<'_> {
    /// Reads the matrix and analyses it; nothing of it is kept but the report, with its spectrum.
    /// With `pictures` it has what only pictures need.
    pub(crate) fn measure(self, analyser: &Analyser, pictures: bool) -> Row {
        let context = Context::default().with_band(pictures);
        self.measure_in(analyser, context, |values| values).row
    }

    /// The same in a context, after `change` was made to the values.
    pub(crate) fn measure_in(
        self,
        analyser: &Analyser,
        context: Context<'_>,
        change: impl FnOnce(WeightValues) -> WeightValues,
    ) -> Measured {
        match self.analysed(analyser, context, change) {
            Ok(Analysis { report, profile, reference, .. }) => {
                let report = self.layer_report(report).with_profile(profile);
                let row = Row { checkpoint: self.number, report, failed: None };
                Measured { row, reference }
            }
            Err(reason) => Measured { row: self.failed(analyser, reason), reference: None },
        }
    }

    /// The row of a matrix that could not be analysed.
    pub(crate) fn failed(self, analyser: &Analyser, reason: String) -> Row {
        let Planned { shape, orientation, .. } = *self.matrix;
        let report = self.layer_report(analyser.unread(shape, orientation, reason.clone()));
        let report = report.with_profile(Profile::default());
        Row { checkpoint: self.number, report, failed: Some(reason) }
    }

    fn analysed(
        self,
        analyser: &Analyser,
        context: Context<'_>,
        change: impl FnOnce(WeightValues) -> WeightValues,
    ) -> Result<Analysis, String> {
        let Planned { shape: [rows, cols], orientation, .. } = *self.matrix;
        let values = read(self.checkpoint.source.as_ref(), self.matrix);
        let values = change(values.map_err(|error| error.to_string())?);
        let matrix = Matrix::new(values.as_values(), rows, cols, orientation);
        let analysis = matrix.and_then(|matrix| analyser.analyse(&matrix, context));
        let mut analysis = analysis.map_err(|error| error.to_string())?;
        let more = entries::notes(values.as_values(), rows, cols, &analysis.report);
        analysis.report.notes.extend(more);
        Ok(analysis)
    }

    fn layer_report(self, mut report: rmt_core::MatrixReport) -> LayerReport {
        // The plan says once that the sides are assumed: it knows the option that states them.
        if self.matrix.orientation == Orientation::Assumed && !self.matrix.notes.is_empty() {
            report.notes.retain(|note| !matches!(note, Note::OrientationAssumed));
        }
        if self.matrix.quantized && report.verdict == Verdict::Random {
            report.verdict = Verdict::NotEstimable;
            report.notes.push(Note::Quantized);
        }
        report.notes.extend(self.matrix.notes.iter().map(|note| Note::from(note.as_str())));
        let (layer, dtype) = (self.matrix.layer.clone(), self.matrix.dtype.clone());
        LayerReport::new(0, self.checkpoint.step, layer, dtype, report)
    }
}
