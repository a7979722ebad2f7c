//! Checkpoints as people have them, written by `make.py`: what `rmt` says of each.
//!
//! Without Python and its packages the tests are listed as ignored, with the reason; with `RMT_REQUIRE_ALL=1`
//! they fail instead.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod compared;
mod formats;
mod judged;
mod read;
mod support;

use libtest_mimic::{Arguments, Completion, Trial};
use std::process::ExitCode;
use support::Cases;

type Test = (&'static str, fn(&Cases));

fn main() -> ExitCode {
    let tests: Vec<Test> = [read::TESTS, judged::TESTS, compared::TESTS, formats::TESTS].concat();
    let trial = |(name, test): Test| {
        Trial::ignorable_test(name, move || match support::cases() {
            Ok(cases) => {
                test(cases);
                Ok(Completion::Completed)
            }
            Err(why) if std::env::var_os("RMT_REQUIRE_ALL").is_some_and(|v| v == "1") => {
                Err(why.into())
            }
            Err(why) => Ok(Completion::ignored_with(why)),
        })
    };
    libtest_mimic::run(&Arguments::from_args(), tests.into_iter().map(trial).collect()).exit_code()
}
