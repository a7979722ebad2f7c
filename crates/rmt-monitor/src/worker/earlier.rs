//! What earlier sessions left, and what this one leaves for later ones.

use super::Worker;
use crate::matrices::MatrixIndex;
use crate::reference_file::FirstSnapshot;
use rmt_core::Matrix;

/// What becomes of drift without the run's first snapshot.
const NO_REFERENCE: &str = "drift is measured from this session's first snapshot";

impl Worker {
    /// Looks for what earlier sessions left. Training that begins anew has nothing of them.
    pub(super) fn go_on(&mut self, step: u64) {
        let begun = self.shared.first_step.get().copied().unwrap_or(step);
        if self.session == 0 || begun == 0 {
            return;
        }
        if self.shared.settings.keeps_reference() {
            self.find_reference(step);
        }
    }

    /// Looks for an earlier session's first snapshot.
    fn find_reference(&mut self, step: u64) {
        let directory = &self.shared.directory;
        let (found, problems) = FirstSnapshot::inherit(directory.path(), directory.others());
        self.first = found;
        for problem in problems {
            let key = format!("reference {problem}");
            self.warn(
                step,
                &key,
                format!("{NO_REFERENCE}, where it is not kept elsewhere: {problem}"),
            );
        }
    }

    /// Measures the drift of `matrix`, which is `now`, from the run's first snapshot, where an earlier session
    /// took that.
    pub(super) fn restore(&mut self, step: u64, matrix: MatrixIndex, path: &str, now: &Matrix<'_>) {
        match self.first.restore(&self.analyser, path, now) {
            Some(Ok(reference)) => self.matrices.of(matrix).history.restore(reference),
            Some(Err(problem)) => {
                let key = format!("reference {path}");
                self.warn(step, &key, format!("`{path}`: {NO_REFERENCE}: {problem}"));
            }
            None => {}
        }
    }

    /// Keeps the first snapshot for sessions that go on with the run.
    pub(super) fn keep_reference(&mut self, step: u64) {
        if !self.shared.settings.keeps_reference() {
            return;
        }
        let own = self.matrices.histories().filter_map(|(path, history)| {
            let (shape, values) = history.own_first()?;
            Some((path, shape, values))
        });
        let kept = self.first.keep(self.shared.directory.path(), self.session, own.collect());
        if let Err(error) = kept {
            self.warn(step, "reference", format!("the first snapshot is not kept: {error}"));
        }
    }
}
