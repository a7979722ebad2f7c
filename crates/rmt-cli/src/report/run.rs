//! From runs to the page.

use super::load::load;
use super::options::Options;
use super::{compare, html, single};
use crate::output::Output;
use anyhow::Result;

/// Writes the page.
///
/// # Errors
/// When a run cannot be read, parts are missing or doubled, or the page cannot be written.
pub fn run(options: &Options) -> Result<()> {
    let runs = load(&options.runs)?;
    let (title, contents) = match runs.as_slice() {
        [run] => (run.name.clone(), single::contents(run)),
        runs => (format!("{} runs", runs.len()), compare::contents(runs)),
    };
    let page = html::page(&title, &contents);
    let inputs: Vec<_> = options.runs.iter().filter(|path| path.is_file()).cloned().collect();
    Output::open(Some(&options.output), &inputs)?.print(page)
}
