//! placeholder

mod covariance;

pub use covariance::Covariance;
