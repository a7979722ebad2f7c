//! `rmt`: random matrix theory for weights, from the command line.

use clap::{Parser, Subcommand};
use rmt_cli::sanity;
use std::process::ExitCode;

/// Random matrix theory for weight matrices.
#[derive(Debug, Parser)]
#[command(name = "rmt", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Draws random matrices and checks that they are found random, and others not.
    Sanity(sanity::Options),
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Sanity(options) => sanity::run(&options),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
