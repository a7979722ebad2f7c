//! What makes the tables of `crates/rmt-core/data`: the nulls that are shipped, and the measured rates of every
//! decision.

pub mod calibration;
pub mod nulls;
pub mod signs;
