//! Makes the HTML page of one run, or of several runs side by side, as one self-contained file.
//!
//! # Should I use this?
//!
//! Use it to make a page from reports of [`rmt_core`] in your own program. The monitor and `rmt
//! report` already do so for runs and checkpoints. The crate uses no files and no threads: it takes
//! reports and returns a string.
//!
//! A [`Run`] takes reports one by one and keeps only the few figures that the page draws. With
//! [`Run::bounded`] its memory stays bounded, however long the run is.
//!
//! The page loads nothing, and forbids the browser to load anything. It is readable without
//! scripts. All names are escaped. The attribute `data-v` of a table cell has the figure in full
//! precision.
//!
//! ```
//! use rmt_core::{Analyser, AnalysisOptions, Context, LayerReport, Matrix, Nulls, Orientation};
//! use rmt_core::layers::LayerId;
//! use rmt_page::{Run, State, page};
//! let values: Vec<f64> = (0..600_u32).map(|k| f64::from(k * 7919 % 1009) - 504.0).collect();
//! let matrix = Matrix::new(values.as_slice(), 20, 30, Orientation::OutIn)?;
//! let analyser = Analyser::new(AnalysisOptions::default(), Nulls::new(1))?;
//! let analysis = analyser.analyse(&matrix, Context::default())?;
//! let layer = LayerId::from_name("blocks.0.up.weight");
//! let report = LayerReport::new(0, 100, layer, "f64".into(), analysis.report);
//! let mut run = Run::new("run");
//! run.add(&report.with_profile(analysis.profile));
//! let html = page(&[run], None);
//! assert!(html.contains("blocks.0.up.weight"));
//! # Ok::<(), rmt_core::RmtError>(())
//! ```

#![warn(clippy::missing_errors_doc)]

mod alerts;
mod compare;
mod decimate;
mod events;
mod html;
mod look;
mod notes;
mod run;
mod series;
mod single;
mod state;
mod tables;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

pub use events::{Alert, Finding, Level, Warning};
pub use look::Look;
pub use run::{Layer, Run};
pub use state::{End, RELOAD, State, ended};

/// Text near the top of every page. Programs recognize by it that they may overwrite the file.
pub const MARK: &str = "<meta name=\"generator\" content=\"rmt\">";

/// Number of bytes at the start of a page that contain [`MARK`].
pub const MARK_WITHIN: usize = 512;

/// Makes the page of one run, or of several side by side, as HTML. `state` is the state of the run;
/// `None` if it is unknown.
pub fn page(runs: &[Run], state: Option<&State>) -> String {
    let (title, contents) = match runs {
        [run] => (run.name().to_owned(), single::contents(run)),
        runs => (format!("{} runs", runs.len()), compare::contents(runs)),
    };
    html::page(&title, state, &contents)
}

// The example of the README is one of the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
