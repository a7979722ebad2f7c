//! Figures of matrices, by kind.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use burn_rmt::{ActivationConfig, LayerKind, LayerReport, Record, Sink, SinkError, Table};

use crate::spread;

/// The kinds of matrices that the claims are about.
pub const KINDS: [LayerKind; 6] = [
    LayerKind::Query,
    LayerKind::Key,
    LayerKind::Value,
    LayerKind::AttentionOutput,
    LayerKind::Up,
    LayerKind::Down,
];

/// Mean and standard error.
pub fn with_error(values: &[f64]) -> [f64; 2] {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|x| (x - mean).powi(2)).sum();
    [mean, (squares / (n - 1.0) / n).sqrt()]
}

/// One column a figure, one row a kind: mean ± standard deviation over the matrices of the kind.
#[derive(Clone, Debug)]
pub struct Figures {
    /// Of the table.
    pub name: &'static str,
    /// What it shows.
    pub title: &'static str,
    columns: Vec<(&'static str, usize)>,
    rows: BTreeMap<usize, Vec<Vec<f64>>>,
}

impl Figures {
    /// Without rows.
    pub fn new(name: &'static str, title: &'static str, columns: &[(&'static str, usize)]) -> Self {
        Self { name, title, columns: columns.to_vec(), rows: BTreeMap::new() }
    }

    /// Adds those of a matrix of a kind that is told of; what it does not have is left out.
    pub fn add(&mut self, kind: LayerKind, values: &[Option<f64>]) {
        let Some(kind) = KINDS.iter().position(|known| *known == kind) else { return };
        let empty = vec![Vec::new(); self.columns.len()];
        for (cell, value) in self.rows.entry(kind).or_insert(empty).iter_mut().zip(values) {
            cell.extend(value.filter(|value| value.is_finite()));
        }
    }

    /// Mean ± standard deviation.
    pub fn table(&self) -> Table {
        let heads = std::iter::once("kind").chain(self.columns.iter().map(|column| column.0));
        let row = |(kind, cells): (&usize, &Vec<Vec<f64>>)| {
            let cells = cells.iter().zip(&self.columns);
            let cells = cells.map(|(values, column)| spread(values, column.1));
            std::iter::once(KINDS[*kind].to_string()).chain(cells).collect()
        };
        Table::new(heads.map(str::to_owned).collect(), self.rows.iter().map(row).collect())
    }
}

/// Keeps each report with its spectrum.
#[derive(Clone, Debug, Default)]
pub struct Keeper(Arc<Mutex<Vec<LayerReport>>>);

impl Keeper {
    /// All so far.
    pub fn all(&self) -> Vec<LayerReport> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Sink for Keeper {
    fn name(&self) -> &str {
        "pretrained"
    }

    fn write(&mut self, record: &Record<'_>) -> Result<(), SinkError> {
        if let Record::Tick(tick) = record {
            let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            kept.extend(tick.reports.iter().cloned());
        }
        Ok(())
    }
}

/// How long the end may wait for the last matrix.
pub const PATIENCE: Duration = Duration::from_secs(3600);

/// Tokens that a covariance is made of, at most.
const TOKENS: u64 = 16_384;

/// What is taken of the inputs of a tapped layer.
pub fn activations() -> ActivationConfig {
    // A forward with autodiff that no backward follows would keep what it computed.
    ActivationConfig::new().with_tokens(TOKENS).with_in_evaluation(true)
}

/// Where each singular value is, by the bare edges of the Marchenko–Pastur law: 1 above, −1 below.
pub fn ends(row: &LayerReport) -> Option<Vec<i8>> {
    let (low, high) = (row.report.edge_low?, row.report.edge_high?);
    let values = &row.profile.as_ref()?.singular_values;
    Some(values.iter().map(|x| i8::from(*x > high) - i8::from(*x < low)).collect())
}

/// Mean overlap above, below and between the bare edges.
pub fn overlaps_by_end(row: &LayerReport) -> Option<[f64; 3]> {
    let (ends, overlaps) = (ends(row)?, &row.profile.as_ref()?.overlaps);
    Some([1, -1, 0].map(|end: i8| {
        let found = ends.iter().zip(overlaps).filter(|pair| *pair.0 == end).map(|pair| *pair.1);
        let found: Vec<f64> = found.collect();
        found.iter().sum::<f64>() / found.len() as f64
    }))
}
