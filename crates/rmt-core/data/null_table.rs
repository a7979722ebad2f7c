//! Makes `spectral_nulls.csv` and `vector_nulls.csv`, the shipped tables of null distributions.
//!
//!     cargo run --release --workspace --example null_table -- spectral > crates/rmt-core/data/spectral_nulls.csv
//!     cargo run --release --workspace --example null_table -- vector > crates/rmt-core/data/vector_nulls.csv
//!
//! About an hour and ten minutes on one core. The figures depend on the seed in `nulls::shipped`
//! alone.

use rmt_core::RmtError;
use rmt_core::nulls::VectorNull;
use rmt_core::nulls::shipped;
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
    for small in shipped::SMALL_SIDES {
        for difference in shipped::differences(small) {
            shipped::spectral_lines(small, difference)?.iter().for_each(|line| println!("{line}"));
        }
    }
    Ok(())
}

fn vector() -> Result<(), RmtError> {
    println!("statistic,length,width,draws,rate,rate error,quantiles");
    for width in [1, VectorNull::WINDOW] {
        for length in shipped::LENGTHS {
            println!("{}", shipped::vector_line(length, width)?);
        }
    }
    // Judged by the lines above, as they stand in the file that this program was built with: run
    // it twice when those change.
    for length in shipped::FRAMES {
        println!("{}", shipped::frame_line(length)?);
    }
    Ok(())
}
