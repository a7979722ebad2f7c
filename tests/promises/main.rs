//! What the product promises to its users: one module a promise, named for it.
//!
//! A test whose outside program is missing is listed as ignored, with the reason; with
//! `RMT_REQUIRE_ALL=1` it fails instead.
// Two examples train the transformer of a third.
#![allow(clippy::duplicate_mod)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

mod a_crate_of_ones_own_builds_from_the_packages;
mod a_fault_never_reaches_training;
mod a_held_worker_never_blocks_training;
mod a_killed_process_leaves_readable_files;
mod a_layer_that_does_not_learn_is_named;
mod a_panic_in_training_loses_nothing_that_was_taken;
mod a_resumed_run_is_one_series;
mod a_snapshot_over_budget_is_cut_by_layer;
mod a_transformer_is_watched_with_its_inputs;
mod activations_are_those_of_their_step;
mod activations_of_several_models_do_not_mix;
mod answers_agree_with_the_loss;
mod bad_configuration_is_a_clear_error;
mod checkpoints_of_burn_are_read_as_they_are;
mod ctrl_c_ends_an_example_with_its_summary;
mod documents_hold;
mod documents_say_each_thing_once;
mod every_kind_of_parameter_is_accounted_for;
mod false_positive_rates_are_what_they_claim;
mod faults_are_named_before_the_loss_shows_them;
mod figures_agree_with_independent_programs;
mod gradients_are_those_of_their_step;
mod grokking_ends_with_outliers_above;
mod inputs_that_are_left_out_say_why;
mod misuse_is_one_clear_warning;
mod nan_in_a_weight_is_reported_and_training_goes_on;
#[cfg(feature = "wgpu")]
mod on_a_gpu_every_snapshot_is_of_its_step;
mod parameters_that_hold_several_matrices;
mod pictures_hold;
mod pretrained_models_compute_what_the_originals_do;
mod random_initialization_agrees_with_random_matrix_theory;
mod random_initializers_agree_with_theory;
mod runs_are_compared_by_what_they_were_given;
mod several_processes_share_a_run;
mod step_zero_is_what_training_starts_from;
mod structure_is_told_from_scale;
mod tensorboard_serves_the_run;
mod tensorboard_shows_every_page;
mod the_experiments_of_the_paper_run;
mod the_learner_trains_as_without_the_monitor;
mod the_monitor_is_five_lines;
mod the_page_of_a_run_shows_it_while_it_goes_on;
mod training_ends_at_a_plateau;
mod weights_are_taken_as_scheduled;

/// The example, as its users run it.
#[path = "../../examples/grokking.rs"]
#[allow(dead_code, unreachable_pub)]
mod grokking;

/// A transformer, as its users train it.
#[path = "../../examples/char_lm.rs"]
#[allow(dead_code, unreachable_pub)]
mod char_lm;

/// What transformers show of the paper's claims, as its readers run it.
#[path = "../../examples/reproduction.rs"]
#[allow(dead_code, unreachable_pub)]
mod reproduction;

/// Pruning before and after fine-tuning, as its readers run it.
#[path = "../../examples/fine_tuning.rs"]
#[allow(dead_code, unreachable_pub)]
mod fine_tuning;

/// Pretrained transformers, as their readers watch them.
#[path = "../../examples/pretrained.rs"]
#[allow(dead_code, unreachable_pub)]
mod pretrained;

/// Runs that are compared, as their readers make them.
#[path = "../../examples/sweep.rs"]
#[allow(dead_code, unreachable_pub)]
mod sweep;

/// burn's own training loop, watched, as its users run it.
#[path = "../../examples/learner.rs"]
#[allow(dead_code, unreachable_pub)]
mod learner;

/// The experiment on burn's initializers, as its users run it.
#[path = "../../examples/initializers.rs"]
#[allow(dead_code, unreachable_pub)]
mod initializers;

use libtest_mimic::Arguments;
use std::process::ExitCode;

fn main() -> ExitCode {
    if let Some(directory) = a_killed_process_leaves_readable_files::child() {
        return a_killed_process_leaves_readable_files::train_forever(&directory);
    }
    if let Some(child) = a_fault_never_reaches_training::child() {
        return a_fault_never_reaches_training::train_through(&child);
    }
    if let Some(rank) = several_processes_share_a_run::rank() {
        return several_processes_share_a_run::train_as(rank);
    }
    let tests = [
        a_crate_of_ones_own_builds_from_the_packages::tests(),
        a_fault_never_reaches_training::tests(),
        a_held_worker_never_blocks_training::tests(),
        a_killed_process_leaves_readable_files::tests(),
        a_layer_that_does_not_learn_is_named::tests(),
        a_panic_in_training_loses_nothing_that_was_taken::tests(),
        a_resumed_run_is_one_series::tests(),
        a_snapshot_over_budget_is_cut_by_layer::tests(),
        activations_are_those_of_their_step::tests(),
        activations_of_several_models_do_not_mix::tests(),
        a_transformer_is_watched_with_its_inputs::tests(),
        answers_agree_with_the_loss::tests(),
        bad_configuration_is_a_clear_error::tests(),
        checkpoints_of_burn_are_read_as_they_are::tests(),
        ctrl_c_ends_an_example_with_its_summary::tests(),
        documents_hold::tests(),
        documents_say_each_thing_once::tests(),
        every_kind_of_parameter_is_accounted_for::tests(),
        false_positive_rates_are_what_they_claim::tests(),
        faults_are_named_before_the_loss_shows_them::tests(),
        figures_agree_with_independent_programs::tests(),
        gradients_are_those_of_their_step::tests(),
        grokking_ends_with_outliers_above::tests(),
        inputs_that_are_left_out_say_why::tests(),
        misuse_is_one_clear_warning::tests(),
        nan_in_a_weight_is_reported_and_training_goes_on::tests(),
        #[cfg(feature = "wgpu")]
        on_a_gpu_every_snapshot_is_of_its_step::tests(),
        parameters_that_hold_several_matrices::tests(),
        pictures_hold::tests(),
        pretrained_models_compute_what_the_originals_do::tests(),
        random_initialization_agrees_with_random_matrix_theory::tests(),
        random_initializers_agree_with_theory::tests(),
        runs_are_compared_by_what_they_were_given::tests(),
        several_processes_share_a_run::tests(),
        step_zero_is_what_training_starts_from::tests(),
        structure_is_told_from_scale::tests(),
        tensorboard_serves_the_run::tests(),
        tensorboard_shows_every_page::tests(),
        the_experiments_of_the_paper_run::tests(),
        the_learner_trains_as_without_the_monitor::tests(),
        the_monitor_is_five_lines::tests(),
        the_page_of_a_run_shows_it_while_it_goes_on::tests(),
        training_ends_at_a_plateau::tests(),
        weights_are_taken_as_scheduled::tests(),
    ];
    libtest_mimic::run(&Arguments::from_args(), tests.into_iter().flatten().collect()).exit_code()
}
