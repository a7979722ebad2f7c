//! The command line as a whole: subcommands, and what the exit status says.

use crate::status::Status;
use crate::{compare, film, inspect, merge, report, sanity};
use anyhow::Result;
use clap::{CommandFactory, Parser, Subcommand};
use std::io;
use std::process::ExitCode;

/// Random matrix theory for weight matrices: where has training left its mark?
///
/// A freshly initialized matrix is a random one. `rmt` says, matrix by matrix and with calibrated
/// p-values, how far the weights of a checkpoint have left that state.
#[derive(Debug, Parser)]
#[command(name = "rmt", version, after_help = EXIT_STATUS)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const EXIT_STATUS: &str = "\
Exit status: 0 when all went well, 1 after an error (one line on standard error says which), 2 when
an expectation (--expect) does not hold.";

#[derive(Debug, Subcommand)]
enum Command {
    Inspect(inspect::Options),
    Compare(compare::Options),
    Merge(merge::Options),
    Report(report::Options),
    Film(film::Options),
    /// Draws random matrices and checks that they are found random, and others not.
    Sanity(sanity::Options),
    /// Prints a completion script for a shell.
    #[command(after_help = COMPLETIONS)]
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

const COMPLETIONS: &str = "\
Examples:
  rmt completions bash > ~/.local/share/bash-completion/completions/rmt
  rmt completions zsh > ~/.zfunc/_rmt
  rmt completions fish > ~/.config/fish/completions/rmt.fish";

/// Runs what the command line asks for.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // clap would exit with 2, which is for expectations here.
            let failed = error.use_stderr();
            let printed = error.print().is_ok();
            return if failed || !printed { ExitCode::FAILURE } else { ExitCode::SUCCESS };
        }
    };
    match run(&arguments.command) {
        Ok(status) => status.into(),
        // Whoever reads the output has seen enough, as `head` does.
        Err(error) if is_broken_pipe(&error) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: &Command) -> Result<Status> {
    match command {
        Command::Inspect(options) => inspect::run(options),
        Command::Compare(options) => compare::run(options),
        Command::Merge(options) => merge::run(options).map(|()| Status::Success),
        Command::Report(options) => report::run(options).map(|()| Status::Success),
        Command::Film(options) => film::run(options).map(|()| Status::Success),
        Command::Sanity(options) => {
            Ok(if sanity::run(options)? { Status::Success } else { Status::Failed })
        }
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Arguments::command(), "rmt", &mut script);
            io::Write::write_all(&mut io::stdout(), &script)?;
            Ok(Status::Success)
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| match cause.downcast_ref::<io::Error>() {
        Some(cause) => cause.kind() == io::ErrorKind::BrokenPipe,
        None => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_option_is_well_formed() {
        Arguments::command().debug_assert();
    }
}
