//! Losses per batch, compared with the losses of the same batches before.

use super::AblationError;
use super::means::{mean, paired};
use super::selected::{Removal, Selected};
use super::table::AblationRow;
use burn_core::module::Module;

/// What the rows of the model as it is are called in errors.
const BASELINE: &str = "the model as it is";

/// Why a row without removed values has the losses of the model as it is.
const NOTHING: &str = "no such value: not measured";

/// Is told how many of all measurements are made.
pub(super) type Progress<'a> = Option<Box<dyn FnMut(usize, usize) + 'a>>;

/// Measures copies of one model.
pub(super) struct Meter<'a, M, F> {
    pub(super) model: &'a M,
    pub(super) selected: &'a Selected,
    pub(super) selection: String,
    pub(super) loss: F,
    pub(super) progress: Progress<'a>,
    pub(super) done: usize,
    pub(super) total: usize,
}

impl<M: Module, F: FnMut(&M) -> Vec<f64>> Meter<'_, M, F> {
    /// Losses of the model as it is.
    pub(super) fn baseline(&mut self) -> Result<Vec<f64>, AblationError> {
        let copy = self.model.clone();
        let losses = self.losses(BASELINE, &copy)?;
        if losses.is_empty() {
            return Err(AblationError::NoLosses { group: BASELINE.into() });
        }
        Ok(losses)
    }

    /// Losses without these values; `None` where there are none, and the model would be as it is.
    pub(super) fn without(
        &mut self,
        group: &str,
        removal: &Removal,
        baseline: &[f64],
    ) -> Result<Option<Vec<f64>>, AblationError> {
        if removal.count() == 0 {
            return Ok(None);
        }
        let copy = self.selected.without(self.model, removal)?;
        let losses = self.losses(group, &copy)?;
        if losses.len() != baseline.len() {
            let (group, expected, found) = (group.to_owned(), baseline.len(), losses.len());
            return Err(AblationError::LossCount { group, expected, found });
        }
        Ok(Some(losses))
    }

    fn losses(&mut self, group: &str, model: &M) -> Result<Vec<f64>, AblationError> {
        let losses = (self.loss)(model);
        if let Some((batch, &value)) = losses.iter().enumerate().find(|(_, x)| !x.is_finite()) {
            return Err(AblationError::LossNotFinite { group: group.into(), batch, value });
        }
        self.done += 1;
        if let Some(progress) = &mut self.progress {
            progress(self.done, self.total);
        }
        Ok(losses)
    }

    /// The row of a group whose losses are these, or those of the model as it is.
    pub(super) fn row(
        &self,
        group: &str,
        removed: usize,
        baseline: &[f64],
        losses: Option<&[f64]>,
    ) -> AblationRow {
        let (delta_loss, delta_error) = paired(baseline, losses.unwrap_or(baseline));
        let (before, loss) = (mean(baseline), mean(losses.unwrap_or(baseline)));
        AblationRow {
            selection: self.selection.clone(),
            group: group.to_owned(),
            removed,
            loss,
            delta_loss,
            delta_error,
            spread: None,
            perplexity: loss.exp(),
            delta_perplexity: loss.exp() - before.exp(),
            note: losses.is_none().then(|| NOTHING.to_owned()),
        }
    }
}
