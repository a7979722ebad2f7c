//! What the worker does with the user's scalars.

use super::Worker;
use crate::guard::guarded;
use crate::ledger::{DropReason, Outcome};
use crate::record::{Record, wall_time};
use crate::snapshot::Scalar;
use crate::tags;

/// Scalars of one step that are written together, at most.
const TOGETHER: usize = 1024;

impl Worker {
    pub(super) fn scalar(&mut self, step: u64, name: String, value: Box<dyn Scalar>) {
        if step != self.scalars.step {
            self.write_scalars();
        }
        let read = guarded(|| value.read());
        let (reason, problem) = match read {
            Ok(Ok(_)) if name.is_empty() => (DropReason::Unnamed, "its name is empty".to_owned()),
            Ok(Ok(_)) if tags::is_own(&name) => (
                DropReason::Reserved,
                "the name is reserved for the monitor's own curves".to_owned(),
            ),
            Ok(Ok(value)) if value.is_finite() => {
                self.scalars.step = step;
                self.scalars.values.push((name, value));
                if self.scalars.values.len() >= TOGETHER {
                    self.write_scalars();
                }
                return;
            }
            Ok(Ok(value)) => (DropReason::NotFinite, format!("it is {value}")),
            Ok(Err(error)) => (DropReason::ReadFailed, error.to_string()),
            Err(said) => (DropReason::ReadFailed, format!("reading it panicked: {said}")),
        };
        self.shared.ledger.complete_scalars(Outcome::Dropped(reason), 1);
        let key = format!("scalar {name}");
        self.warn(step, &key, format!("scalar `{name}` was not written: {problem}"));
    }

    pub(super) fn write_scalars(&mut self) {
        if self.scalars.values.is_empty() {
            return;
        }
        let mut scalars = std::mem::take(&mut self.scalars);
        scalars.session = self.session;
        scalars.wall_time = wall_time();
        let number = scalars.values.len() as u64;
        self.shared.ledger.complete_scalars(Outcome::Analysed, number);
        self.write(scalars.step, &Record::Scalars(&scalars));
    }
}
