//! The page of a run, or of several beside each other: one HTML file that stands alone.
//!
//! # Should I use this?
//!
//! Use it to make a page of reports of [`rmt_core`]. `rmt report` and the monitor do so. The crate knows
//! nothing of files and threads: it takes reports and gives a text.
//!
//! A [`Run`] takes reports one by one and keeps of each only the few figures that the page draws. With
//! [`Run::bounded`] its memory has a bound too, however long the run is.
//!
//! The page loads nothing and says so to the browser. It is readable without scripts. Names are escaped,
//! whatever is in them. Figures of tables are in full in the attribute `data-v`.
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

/// What stands near the top of every page, by which programs know that they may write over it.
pub const MARK: &str = "<meta name=\"generator\" content=\"rmt\">";

/// Bytes of a page within which [`MARK`] stands.
pub const MARK_WITHIN: usize = 512;

/// The page of one run, or of several beside each other. `state` says whether the run goes on; `None`
/// where nobody knows.
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
