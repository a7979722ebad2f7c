//! From runs to the page.

use super::load::{load, rows};
use super::options::Options;
use super::place::beside;
use crate::answers;
use crate::output::Output;
use crate::terminal::clean;
use anyhow::Result;
use rmt_page::Run;

/// Writes the page.
///
/// # Errors
/// If a run cannot be read, parts are missing or doubled, or the page cannot be written.
pub fn run(options: &Options) -> Result<()> {
    if options.answers {
        let mut output = Output::open(None, &[])?;
        for (path, rows) in rows(&options.runs)? {
            let name = clean(&path.display().to_string());
            output.print(format!("{name}\n{}", answers::of_run(&rows)))?;
        }
        return Ok(());
    }
    let (paths, runs): (Vec<_>, Vec<Run>) = load(&options.runs)?.into_iter().unzip();
    let page = rmt_page::page(&runs, None);
    let output = options.output.clone().map_or_else(|| beside(&paths), Ok)?;
    let inputs: Vec<_> = options.runs.iter().filter(|path| path.is_file()).cloned().collect();
    Output::open(Some(&output), &inputs)?.print(page)?;
    if options.output.is_none() {
        let written = format!("wrote {}\n", clean(&output.display().to_string()));
        Output::open(None, &[])?.print(written)?;
    }
    Ok(())
}
