//! `rmt report`: a page of what a run, or several beside each other, came to.

mod alerts;
mod compare;
mod decimate;
mod html;
mod load;
mod notes;
mod options;
mod run;
mod series;
mod single;
mod tables;

pub use options::Options;
pub use run::run;
