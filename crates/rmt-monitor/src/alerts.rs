//! Alerts: facts of a run that need attention. Each is given when it begins, and again only after it has ended.

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
