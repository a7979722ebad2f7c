//! What in a run should be looked at now: said once when it begins, and again only after it was over.

mod findings;
mod kinds;
mod look;
mod rules;
mod settings;
mod stored;
mod watch;
mod words;

pub use findings::{Finding, Findings, NOTHING_FOUND};
pub use kinds::{Alert, AlertKind, AlertLevel};
pub use settings::{AlertSettings, Trigger};
pub use stored::read_alerts;
pub(crate) use watch::Alerts;
pub use words::{Basis, Words};
