//! Makes the tables of `docs/calibration_signs.md`: how often the sign null rejects where there is no structure, and how many
//! planted directions it counts, also over their strength.
//!
//!     cargo run --release -p rmt-generators --bin sign_calibration -- rates
//!     cargo run --release -p rmt-generators --bin sign_calibration -- counts
//!     cargo run --release -p rmt-generators --bin sign_calibration -- detection
//!
//! A shape after it, as 128x512, measures that one alone; `--quick` draws a tenth as many matrices. The seeds are fixed.

use rmt_generators::signs::{Part, table};
use std::io::Write;
use std::process::ExitCode;

/// What is measured, of which shape, and whether quickly.
fn asked(arguments: impl Iterator<Item = String>) -> Option<(Part, Option<[usize; 2]>, bool)> {
    let (mut part, mut only, mut quick) = (None, None, false);
    for argument in arguments {
        match argument.as_str() {
            "rates" => part = Some(Part::Rates),
            "counts" => part = Some(Part::Counts),
            "detection" => part = Some(Part::Detection),
            "--quick" => quick = true,
            shape => {
                let (rows, cols) = shape.split_once('x')?;
                only = Some([rows.parse().ok()?, cols.parse().ok()?]);
            }
        }
    }
    Some((part?, only, quick))
}

fn main() -> ExitCode {
    let Some((part, only, quick)) = asked(std::env::args().skip(1)) else {
        eprintln!("usage: sign_calibration rates|counts|detection [ROWSxCOLUMNS] [--quick]");
        return ExitCode::FAILURE;
    };
    let stdout = std::io::stdout();
    match table(part, only, quick, &mut |line| writeln!(stdout.lock(), "{line}")) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
