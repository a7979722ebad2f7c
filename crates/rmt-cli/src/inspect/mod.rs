//! `rmt inspect`: every weight matrix of checkpoints against random matrix theory.

mod aggregate;
mod dry_run;
mod expect;
mod jsonl;
mod options;
mod ranking;
mod run;
mod summary;
mod table;
mod tensorboard;

pub use options::Options;
pub use run::run;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests;
