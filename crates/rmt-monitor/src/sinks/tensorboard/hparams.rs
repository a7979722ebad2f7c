//! Messages of TensorBoard's HParams page.

use super::wire::Wire;
use crate::hyperparameters::Hyperparameter;
use std::collections::BTreeMap;

pub(super) const EXPERIMENT: &str = "_hparams_/experiment";
pub(super) const SESSION_START: &str = "_hparams_/session_start_info";
pub(super) const SESSION_END: &str = "_hparams_/session_end_info";

/// `HParamsPluginData.experiment`, `.session_start_info` and `.session_end_info`.
const DATA_EXPERIMENT: u64 = 2;
const DATA_START: u64 = 3;
const DATA_END: u64 = 4;
/// `DataType` of a hyperparameter.
const STRING: u64 = 1;
const BOOL: u64 = 2;
const FLOAT64: u64 = 3;
/// `Status` of a session.
const SUCCESS: u64 = 1;
const FAILURE: u64 = 2;

fn data(field: u64, message: &Wire) -> Vec<u8> {
    Wire::default().message(field, message).into_bytes()
}

/// A session begins with these values.
pub(super) fn session_start(values: &BTreeMap<String, Hyperparameter>, now: f64) -> Vec<u8> {
    let entry = |(name, value): (&String, &Hyperparameter)| {
        // `google.protobuf.Value`.
        let value = match value {
            Hyperparameter::Number(x) => Wire::default().double(2, *x),
            Hyperparameter::Text(text) => Wire::default().text(3, text),
            Hyperparameter::Flag(on) => Wire::default().integer(4, u64::from(*on)),
        };
        Wire::default().text(1, name).message(2, &value)
    };
    let start = values.iter().map(entry).fold(Wire::default(), |w, entry| w.message(1, &entry));
    data(DATA_START, &start.double(5, now))
}

/// A session is over.
pub(super) fn session_end(complete: bool, now: f64) -> Vec<u8> {
    let status = if complete { SUCCESS } else { FAILURE };
    data(DATA_END, &Wire::default().integer(1, status).double(2, now))
}

/// Names of the columns: hyperparameters, and curves whose last points are the run's figures.
pub(super) fn experiment<'a>(
    values: &BTreeMap<String, Hyperparameter>,
    metrics: impl Iterator<Item = &'a str>,
    now: f64,
) -> Vec<u8> {
    let mut experiment = Wire::default().double(3, now);
    for (name, value) in values {
        let kind = match value {
            Hyperparameter::Number(_) => FLOAT64,
            Hyperparameter::Text(_) => STRING,
            Hyperparameter::Flag(_) => BOOL,
        };
        experiment = experiment.message(4, &Wire::default().text(1, name).integer(4, kind));
    }
    for tag in metrics {
        let name = Wire::default().text(2, tag);
        experiment = experiment.message(5, &Wire::default().message(1, &name));
    }
    data(DATA_EXPERIMENT, &experiment)
}
