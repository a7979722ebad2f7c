//! The command line as a whole: subcommands, and what the exit status says.

use crate::status::Status;
use crate::{compare, film, inspect, merge, report, sanity};
use anyhow::Result;
use clap::{CommandFactory, Parser, Subcommand};
use std::io;
use std::process::ExitCode;

/// Finds the weight matrices of a checkpoint that have learned structure.
///
/// A freshly initialized matrix is random. `rmt` tests with calibrated p-values how far each weight
/// matrix has moved away from that state, by random matrix theory.
#[derive(Debug, Parser)]
#[command(name = "rmt", version, after_help = EXIT_STATUS)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const EXIT_STATUS: &str = "\
Exit status: 0 if all went well, 1 after an error (with one line on standard error), 2 if an
expectation (--expect) does not hold.";

#[derive(Debug, Subcommand)]
enum Command {
    Inspect(inspect::Options),
    Compare(compare::Options),
    Merge(merge::Options),
    Report(report::Options),
    Film(film::Options),
    /// Draws random matrices, and checks that the analysis finds them random and others not.
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

/// Runs the command line.
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
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_option_is_well_formed() {
        Arguments::command().debug_assert();
    }

    /// The reference in the documentation is the program's own help; `RMT_WRITE=1` writes it.
    #[test]
    fn the_reference_is_the_help() {
        let mut program = Arguments::command();
        program.build();
        let section = |command: &mut clap::Command| {
            let name = command.get_bin_name().unwrap_or(command.get_name()).to_owned();
            let help = command.render_long_help().to_string();
            format!("\n## `{name}`\n\n```text\n{}\n```\n", help.trim_end())
        };
        let mut text = "# Every command and option of `rmt`\n\n\
            Each section is what the program prints after `--help`.\n"
            .to_owned();
        text += &section(&mut program);
        let commands = program.get_subcommands_mut().filter(|command| command.get_name() != "help");
        commands.for_each(|command| text += &section(command));
        let lines = text.lines().map(|line| format!("{}\n", line.trim_end()));
        let text: String = lines.collect();
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/cli.md");
        if std::env::var_os("RMT_WRITE").is_some() {
            std::fs::write(path, &text).unwrap();
        }
        assert!(std::fs::read_to_string(path).unwrap() == text, "write it anew with RMT_WRITE=1");
    }
}
