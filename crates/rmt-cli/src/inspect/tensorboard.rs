//! Checkpoints as the steps of one run, as a monitor would have written it.

use crate::measure::Row;
use anyhow::{Context, Result, bail};
use rmt_monitor::sinks::{Jsonl, TensorBoard};
use rmt_monitor::{MatrixNumbers, Record, Sink, Tick};
use std::fs;
use std::path::Path;

/// What takes the steps, the lowest first.
pub(super) struct Run {
    sinks: [Box<dyn Sink>; 2],
    numbers: MatrixNumbers,
}

impl Run {
    /// A run that begins at `step`.
    ///
    /// # Errors
    /// When the directory cannot be made, or has a run already.
    pub(super) fn create(directory: &Path, step: u64) -> Result<Self> {
        let name = || directory.display().to_string();
        fs::create_dir_all(directory).with_context(name)?;
        for entry in fs::read_dir(directory).with_context(name)? {
            let file = entry.with_context(name)?.file_name();
            let file = file.to_string_lossy();
            if file == "metrics.jsonl" || file.contains(".tfevents.") {
                bail!("{}: it already has a run ({file}); choose another directory", name());
            }
        }
        let mut run = Self {
            sinks: [Box::new(Jsonl::new(directory, 1)), Box::new(TensorBoard::new(directory))],
            numbers: MatrixNumbers::default(),
        };
        run.write(&Record::Start { session: 0, step })?;
        Ok(run)
    }

    /// Writes the rows of one checkpoint.
    pub(super) fn step(&mut self, step: u64, rows: Vec<Row>) -> Result<()> {
        let reports = rows.into_iter().map(|row| row.report).collect();
        let tick = Tick::new(0, step, reports, &mut self.numbers);
        self.write(&Record::Tick(&tick))
    }

    fn write(&mut self, record: &Record<'_>) -> Result<()> {
        for sink in &mut self.sinks {
            sink.write(record)?;
            sink.flush()?;
        }
        Ok(())
    }
}
