//! Makes `spectral_nulls.csv` and `vector_nulls.csv`, the shipped tables of null distributions.
//!
//!     cargo run --release -p rmt-generators --bin null_table -- spectral > crates/rmt-core/data/spectral_nulls.csv
//!     cargo run --release -p rmt-generators --bin null_table -- vector > crates/rmt-core/data/vector_nulls.csv
//!
//! About an hour and ten minutes on one core. The figures depend on `Nulls::DEFAULT_SEED` alone.

use rmt_core::RmtError;
use rmt_core::nulls::VectorNull;
use rmt_generators::nulls;
use std::process::ExitCode;

fn main() -> ExitCode {
    let made = match std::env::args().nth(1).as_deref() {
        Some("spectral") => spectral(),
        Some("vector") => vector(),
        _ => {
            eprintln!("which table? `spectral` or `vector`");
            return ExitCode::FAILURE;
        }
    };
    match made {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn spectral() -> Result<(), RmtError> {
    println!("statistic,small side,difference,draws,rate,rate error,quantiles");
    for small in nulls::SMALL_SIDES {
        for difference in nulls::differences(small) {
            nulls::spectral_lines(small, difference)?.iter().for_each(|line| println!("{line}"));
        }
    }
    Ok(())
}

fn vector() -> Result<(), RmtError> {
    println!("statistic,length,width,draws,rate,rate error,quantiles");
    for width in [1, VectorNull::WINDOW] {
        for length in nulls::LENGTHS {
            println!("{}", nulls::vector_line(length, width)?);
        }
    }
    // Judged by the lines above, as they stand in the file that this program was built with: run
    // it twice when those change.
    for length in nulls::FRAMES {
        println!("{}", nulls::frame_line(length)?);
    }
    Ok(())
}
