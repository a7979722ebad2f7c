//! Makes `calibration.csv`: the measured false-positive rate of every decision, and its power.
//!
//!     cargo run --release -p rmt-generators --bin calibration > crates/rmt-core/data/calibration.csv
//!
//! Some two hours on two cores. With a directory as argument, what is measured is kept there, and
//! the program goes on from it when it is started again; `--kept` after it makes the table of what
//! is kept, with rows of kind `missing` for the rest. The seeds are fixed here.
//!
//! Columns: `kind`, `law` of the entries, `rows`, `cols`, `statistic`, `parameter`, `matrices`,
//! `count`, `value`, `expected`, `low`, `high`, `draws`. By kind:
//!
//! - `level`: of `matrices` random matrices `count` have p ≤ `parameter`; `low`…`high` is the
//!   interval of that count at family-wise 99 % over the whole table, the noise of the simulated
//!   null (`draws`; its p-values have the floor 1/(draws + 1)) included.
//! - `outside`: levels outside their plain 99 % interval, of how many, and the interval of that.
//! - `uniform`: p of a Kolmogorov–Smirnov test that the p-values of a statistic, pooled over all
//!   cells, are uniform (randomized within the atoms of discrete ones); `low` is what it must exceed.
//! - `signal`: a rank-one signal at θ/q^¼ = `parameter`: `detected` by p_above (`deviates`: by the
//!   verdict), mean `strength` θ̂ where detected, and mean squared cosines of its vectors, beside
//!   theory.
//! - `suppression`: a direction of variance ℓ with ℓ/(1−√q) = `parameter`, likewise.

use rmt_generators::calibration::table;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let kept = std::env::args_os().nth(1).map(PathBuf::from);
    let measuring = std::env::args_os().nth(2).is_none_or(|argument| argument != "--kept");
    let stdout = std::io::stdout();
    match table(kept.as_deref(), measuring, &mut |line| writeln!(stdout.lock(), "{line}")) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
