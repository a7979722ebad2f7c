//! What other writers do under the faults that the monitor is tested with: one writer, one fault, one
//! process. `faults.py` beside this runs them all and reads what is left.
//!
//! ```text
//! faults <tensorboard-rs|burn|rmt> <none|disk_full|directory_removed|killed|two_writers> <directory>
//! ```

use anyhow::{Context, Result, bail};
use burn::train::logger::{AsyncLogger, FileLogger, Logger};
use rmt_monitor::{Bare, Engine, MonitorConfig};
use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use tensorboard_rs::summary_writer::SummaryWriter;

/// Steps that are logged; the fault strikes before `FROM` and goes away before `TO`.
const STEPS: usize = 30;
const FROM: usize = 10;
const TO: usize = 20;
/// Numbers that are logged at each step.
const CURVES: usize = 100;
/// Between two steps, so that a writer that works on the side has time to.
const STEP: Duration = Duration::from_millis(60);

trait Writer {
    fn log(&mut self, step: usize, flush: bool);
}

impl Writer for SummaryWriter {
    fn log(&mut self, step: usize, flush: bool) {
        (0..CURVES).for_each(|k| self.add_scalar(&format!("loss/{k}"), 0.5, step));
        if flush {
            self.flush();
        }
    }
}

/// One file a metric, a line a value, as burn's `FileMetricLogger` writes them.
struct BurnFiles(AsyncLogger<String>);

impl Writer for BurnFiles {
    fn log(&mut self, step: usize, _: bool) {
        (0..CURVES).for_each(|k| self.0.log(format!("{step},loss/{k},0.5")));
    }
}

impl Writer for Engine {
    fn log(&mut self, step: usize, _: bool) {
        let step = step as u64;
        (0..CURVES).for_each(|k| self.scalar(step, &format!("loss/{k}"), Box::new(0.5)));
    }
}

fn writer(name: &str, directory: &Path) -> Result<Box<dyn Writer>> {
    Ok(match name {
        "tensorboard-rs" => Box::new(SummaryWriter::new(directory)),
        "burn" => {
            fs::create_dir_all(directory)?;
            Box::new(BurnFiles(AsyncLogger::new(FileLogger::new(directory.join("loss.log")))))
        }
        "rmt" => Box::new(MonitorConfig::<Bare>::new(directory).init()?),
        _ => bail!("no writer `{name}`"),
    })
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, fault, directory] = arguments.as_slice() else {
        bail!("a writer, a fault and a directory are needed");
    };
    let directory = Path::new(directory);
    let beside = directory.with_extension("ballast");
    let mut writers = vec![writer(name, directory)?];
    if fault == "two_writers" {
        writers.push(writer(name, directory)?);
    }
    for step in 0..STEPS {
        match (fault.as_str(), step) {
            ("disk_full", FROM) => {
                let full = io::copy(&mut io::repeat(7), &mut fs::File::create(&beside)?);
                full.err().context("the disk is not full")?;
            }
            ("disk_full", TO) => fs::remove_file(&beside)?,
            ("directory_removed", FROM) => fs::remove_dir_all(directory)?,
            ("directory_removed", TO) => fs::create_dir(directory)?,
            ("killed", TO) => {
                Command::new("kill").args(["-KILL", &std::process::id().to_string()]).status()?;
            }
            _ => {}
        }
        // A killed process is one that nobody had flushed for.
        writers.iter_mut().for_each(|writer| writer.log(step, fault != "killed"));
        std::thread::sleep(STEP);
    }
    drop(writers);
    println!("training ended");
    Ok(())
}
