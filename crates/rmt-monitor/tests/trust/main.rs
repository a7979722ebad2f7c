//! What is promised of faults, hostile input and accounting, one module a promise.
//!
//! A fault is injected through real means, in a process of its own. A test whose means are missing
//! (root, say) is listed as ignored, with the reason; with `RMT_REQUIRE_ALL=1` it fails instead.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod a_fault_costs_what_it_says;
mod a_killed_process_loses_at_most_its_last_tick;
mod a_loop_without_a_framework_is_watched;
mod an_outlier_shows_at_the_step_where_it_crosses;
mod everything_is_accounted_for;
mod faults;
mod figures_are_the_same_every_time;
mod hostile;
mod hostile_input_is_only_input;
mod support;
mod the_end_is_always_reported;

use libtest_mimic::Arguments;
use std::process::ExitCode;

fn main() -> ExitCode {
    if let Some(child) = faults::child() {
        return child.run();
    }
    if let Some(directory) = a_killed_process_loses_at_most_its_last_tick::child() {
        return a_killed_process_loses_at_most_its_last_tick::train_forever(&directory);
    }
    support::Heard::listen();
    hostile_input_is_only_input::count_panics();
    let tests = [
        a_fault_costs_what_it_says::tests(),
        a_killed_process_loses_at_most_its_last_tick::tests(),
        a_loop_without_a_framework_is_watched::tests(),
        an_outlier_shows_at_the_step_where_it_crosses::tests(),
        everything_is_accounted_for::tests(),
        figures_are_the_same_every_time::tests(),
        hostile_input_is_only_input::tests(),
        the_end_is_always_reported::tests(),
    ];
    libtest_mimic::run(&Arguments::from_args(), tests.into_iter().flatten().collect()).exit_code()
}
