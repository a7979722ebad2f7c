//! `rmt compare`: what changed between two checkpoints, matrix by matrix.

mod csv;
mod finding;
mod jsonl;
mod matching;
mod options;
mod pair;
mod run;
mod table;

pub use options::Options;
pub use run::run;
