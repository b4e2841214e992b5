//! The conformance suite of [`Store`]: every promise of the port as a named case.
//!
//! An adapter proves itself with one line in an integration test, which becomes one test per case:
//!
//! ```
//! imt_core::store_suite!(async || std::sync::Arc::new(imt_core::store::MemoryStore::new()));
//! ```
//!
//! The maker gives a new, empty store each time. The crate that uses the macro needs tokio with `macros` and
//! `rt-multi-thread`. [`cases`] and [`run`] are for those who bring their own harness. A case fails by panicking.
//! Time is real, waiting has a deadline, and random cases name their seed.

mod changes;
mod fencing;
pub(in crate::testkit) mod fixture;
mod log_model;
mod log_reading;
mod logs;
mod queue;
mod record;
mod several;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::ports::Store;

type CaseFn = fn(Arc<dyn Store>) -> Pin<Box<dyn Future<Output = ()> + Send>>;

/// One promise of the port.
#[derive(Clone, Copy)]
pub struct Case {
    /// What is promised.
    pub name: &'static str,
    run: CaseFn,
}

impl Case {
    /// Tries it on an empty store.
    ///
    /// # Panics
    /// If the promise is not kept.
    pub async fn run(&self, store: Arc<dyn Store>) {
        (self.run)(store).await;
    }
}

/// Runs all cases one after another, each on a store of its own.
///
/// # Panics
/// At the first case that fails.
pub async fn run<S: Store + 'static>(make: impl AsyncFn() -> Arc<S>) {
    for case in cases() {
        case.run(make().await).await;
    }
}

/// Runs one case by name, for [`store_suite!`](crate::store_suite).
///
/// # Panics
/// If it fails, or there is no such case.
#[doc(hidden)]
pub async fn run_named(name: &str, store: Arc<dyn Store>) {
    cases().iter().find(|case| case.name == name).expect("the macro lists the cases there are").run(store).await;
}

/// Makes one test per case of the conformance suite of [`Store`](crate::ports::Store), each named like its case.
///
/// Takes an async closure that gives an `Arc` of a new, empty store.
#[macro_export]
macro_rules! store_suite {
    ($make:expr) => {
        $crate::__store_suite_cases! { __store_suite_tests [$make] }
    };
}

/// The one list of all cases, handed to another macro.
#[doc(hidden)]
#[macro_export]
macro_rules! __store_suite_cases {
    ($then:ident $args:tt) => {
        $crate::$then! { $args
            queue {
                load_gives_what_was_accepted
                numbers_count_per_project
                concurrent_enqueues_get_their_own_numbers
                a_key_stands_for_the_first_pipeline
                concurrent_enqueues_with_one_key_make_one_pipeline
                what_is_made_for_a_claimant_is_claimed
                what_is_made_for_a_claimant_is_nobody_elses
                a_repeat_claims_only_what_the_instance_holds
                an_id_is_accepted_once
                unknown_pipelines_are_not_found
                the_longest_waiting_comes_first
                projects_take_turns
                labels_choose_the_runner
                driving_is_left_out
                a_given_pipeline_needs_no_labels
                what_is_over_is_not_claimed
                what_an_instance_holds_is_listed
                many_claimers_one_winner
                many_claimers_share_many_pipelines
                what_breaks_a_rule_is_refused
                an_unknown_project_has_no_variables
            }
            several {
                several_take_turns
                several_begin_with_what_was_left_behind
                several_are_nobody_elses
            }
            fencing {
                tokens_grow
                a_held_pipeline_is_nobody_elses
                the_same_instance_takes_over_at_once
                an_expired_lease_can_be_taken
                renewal_prolongs
                an_expired_claim_that_nobody_took_still_writes
                release_gives_back_once
                a_stale_token_writes_nothing
                a_released_claim_writes_nothing
                the_end_gives_the_claim_back
                as_claimed_is_what_load_answers
                a_claim_is_on_one_pipeline
                a_takeover_cuts_the_old_writer_off
            }
            changes {
                events_are_the_changes_in_order
                the_state_is_the_fold_of_the_events
                a_commit_is_recorded_once
                a_commit_is_seen_whole
                a_dropped_commit_is_all_or_nothing
                events_are_read_in_pages
                a_follower_misses_no_event
                nothing_follows_the_end
                cancels_only_escalate
                a_cancel_ends_what_has_not_begun
                a_cancel_leaves_the_end_to_a_living_holder
                a_cancel_waits_for_the_holder
                concurrent_cancels_are_recorded_once
            }
            logs {
                an_unknown_log_is_empty
                what_is_appended_is_read_at_once
                a_chunk_has_the_time_of_its_first_byte
                offsets_decide_what_is_new
                pieces_are_appended_together
                alternating_streams_stay_apart
                a_piece_has_bounds
                logs_are_kept_apart
                the_end_must_fit
                a_refused_end_leaves_the_log_open
                an_empty_log_can_be_whole
            }
            record {
                what_is_recorded_together_is_there
                logs_are_recorded_without_changes
                a_log_is_recorded_with_what_follows_from_it
                a_log_that_does_not_fit_keeps_the_changes_out
                a_record_is_not_repeated
                a_stale_claim_records_nothing
                no_change_is_recorded_without_its_log
            }
            log_reading {
                lines_begin_where_they_begin
                reading_may_begin_at_any_byte
                past_the_end_there_is_nothing
                pages_are_bounded
                far_lines_are_read_alone
                followers_get_every_byte_once
            }
            log_model {
                random_logs_are_like_the_model
            }
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __store_suite_tests {
    ([$make:expr] $($module:ident { $($name:ident)* })*) => {
        $($(
            #[::tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $name() {
                let make = $make;
                $crate::testkit::store_suite::run_named(stringify!($name), make().await).await;
            }
        )*)*
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __store_suite_table {
    ([] $($module:ident { $($name:ident)* })*) => {
        vec![$($(Case { name: stringify!($name), run: |store| Box::pin($module::$name(store)) },)*)*]
    };
}

/// All cases.
pub fn cases() -> Vec<Case> {
    crate::__store_suite_cases! { __store_suite_table [] }
}
