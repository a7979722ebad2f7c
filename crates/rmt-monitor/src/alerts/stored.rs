//! Reads the alerts of a run back.

use super::Alert;
use crate::error::ReaderError;
use crate::file_names::ALERTS;
use crate::rows::{self, Stored};
use std::path::Path;

/// The alerts in `alerts.jsonl` of the run in `directory` and of the processes that shared it, in order
/// of step; also those of steps that a later session took again. Lines that are cut short are passed
/// over; there may be no file.
///
/// # Errors
/// [`ReaderError`] if a file cannot be read, or a line is neither an alert nor cut short.
pub fn read_alerts(directory: impl AsRef<Path>) -> Result<Vec<Stored<Alert>>, ReaderError> {
    let mut alerts: Vec<Stored<Alert>> = rows::all(directory.as_ref(), ALERTS)?;
    alerts.sort_by_key(|stored| (stored.what.step, stored.session));
    Ok(alerts)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::sinks::{Jsonl, Sink};
    use crate::{AlertKind, Record};
    use std::fs;

    #[test]
    fn what_was_written_comes_back_in_order_of_step() {
        let base = tempfile::tempdir().unwrap();
        assert_eq!(read_alerts(base.path()).unwrap(), []);
        let alert = |step: u64, layer: &str, alert: AlertKind| Alert {
            step,
            layer: layer.to_owned(),
            alert,
            level: alert.level(),
            message: format!("`{layer}`: \"<\u{1b}"),
        };
        let rank = base.path().join("rank_1");
        fs::create_dir(&rank).unwrap();
        let late = alert(9, "a", AlertKind::NonFiniteWeight);
        let early = alert(3, "b.q", AlertKind::UnusedRows);
        for (directory, alert) in [(base.path(), &late), (&rank, &early)] {
            let mut sink = Jsonl::new(directory, 0);
            sink.write(&Record::Alerts(std::slice::from_ref(alert))).unwrap();
            sink.flush().unwrap();
        }
        let path = base.path().join(ALERTS);
        let torn = fs::read_to_string(&path).unwrap() + "{\"session\":0,";
        fs::write(&path, torn).unwrap();
        let found = read_alerts(base.path()).unwrap();
        let stored = |alert: &Alert| Stored { session: 0, what: alert.clone() };
        assert_eq!(found, [stored(&early), stored(&late)]);
        fs::write(&path, "{\"session\":0}\n").unwrap();
        let error = read_alerts(base.path()).unwrap_err().to_string();
        assert!(error.contains("alerts.jsonl, line 1"), "{error}");
    }
}
