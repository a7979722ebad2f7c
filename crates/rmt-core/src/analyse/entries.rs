//! The first stage: the entries as they are tested.

use crate::RmtError;
use crate::notes::Note;
use crate::spectrum::{Equilibrate, Matrix, equilibrated};
use crate::statistics::entries::EntryMoments;

/// Finite entries of a matrix that is not empty.
pub(super) struct Entries<'a> {
    /// The matrix as it is stored.
    pub(super) stored: &'a Matrix<'a>,
    /// With its lines brought to one scale, where that is asked for and changes anything.
    equilibrated: Option<Vec<f64>>,
    /// Of the entries that are tested.
    pub(super) moments: EntryMoments,
}

impl<'a> Entries<'a> {
    /// The entries as they are stored, or why nothing can be said of them.
    pub(super) fn of(stored: &'a Matrix<'a>) -> Result<Self, Note> {
        let of = stored.values().len();
        if of == 0 {
            return Err(Note::Empty);
        }
        let moments = EntryMoments::of(stored);
        if moments.largest == f64::INFINITY {
            let count = stored.values().iter().filter(|x| !x.is_finite()).count();
            return Err(Note::NotFinite { count, of });
        }
        Ok(Self { stored, equilibrated: None, moments })
    }

    /// With `lines` brought to one scale.
    ///
    /// # Errors
    /// [`Note::EquilibratedOverflows`].
    pub(super) fn equilibrated(self, lines: Equilibrate) -> Result<Self, Note> {
        let Some(values) = equilibrated(self.stored, lines) else { return Ok(self) };
        if values.iter().any(|x| !x.is_finite()) {
            return Err(Note::EquilibratedOverflows(lines));
        }
        let mut entries = Self { equilibrated: Some(values), ..self };
        if let Ok(tested) = entries.tested() {
            entries.moments = EntryMoments::of(&tested);
        }
        Ok(entries)
    }

    /// Whether they are not tested as they are stored.
    pub(super) fn are_equilibrated(&self) -> bool {
        self.equilibrated.is_some()
    }

    /// The matrix that is tested.
    ///
    /// # Errors
    /// None: its shape is the stored one's.
    pub(super) fn tested(&self) -> Result<Matrix<'_>, RmtError> {
        let Some(values) = &self.equilibrated else { return Ok(*self.stored) };
        let (rows, cols) = (self.stored.rows(), self.stored.cols());
        Matrix::new(&values[..], rows, cols, self.stored.orientation())
    }
}
