//! `rmt`: random matrix theory for weights, from the command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    rmt_cli::arguments::main()
}
