//! Feeds a monitor what nobody means to feed, in a program that aborts on any panic, whichever crate it
//! is of: it ends with status 0, or a panic was reachable from input.
//!
//! ```text
//! cargo rustc --release -p rmt-monitor --example hostile -- -C panic=abort
//! target/release/examples/hostile
//! ```

#![allow(clippy::expect_used)]

#[path = "../tests/trust/hostile.rs"]
#[allow(unreachable_pub)]
mod hostile;

use std::process::ExitCode;

/// Snapshots of hostile numbers.
const STEPS: u64 = 5_000;

fn main() -> ExitCode {
    let base = std::env::temp_dir().join(format!("rmt-hostile-{}", std::process::id()));
    let (names, of_names) = hostile::names(&base.join("names"));
    let of_numbers = hostile::numbers(&base.join("numbers"), STEPS);
    println!("{} names and {STEPS} matrices of numbers: no panic", names.len());
    println!("names: {:?}\nnumbers: {:?}", of_names.counts, of_numbers.counts);
    let counted = of_names.counts.outstanding() == 0 && of_numbers.counts.outstanding() == 0;
    let _ = std::fs::remove_dir_all(&base);
    // Where panics unwind, this would show nothing.
    let aborts = cfg!(panic = "abort");
    if !aborts {
        println!("but this build unwinds: use -C panic=abort");
    }
    if counted && aborts { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
