//! `rmt report`: a page of what a run, or several beside each other, came to.

mod load;
mod options;
mod place;
mod run;

pub use options::Options;
pub use run::run;
