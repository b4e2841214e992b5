//! The conformance suite of [`DeploymentStore`], for stores that have it: every promise of the port as a named case.
//!
//! ```
//! imt_core::deployment_suite!(async || std::sync::Arc::new(imt_core::store::MemoryStore::new()));
//! ```
//!
//! As with [`store_suite`](super::store_suite), the maker gives a new, empty store each time; one that seals what it keeps
//! needs keys.

mod driving;
mod fixture;
mod kept;
mod pruning;
mod queue;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::ports::DeploymentStore;

type CaseFn = fn(Arc<dyn DeploymentStore>) -> Pin<Box<dyn Future<Output = ()> + Send>>;

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
    pub async fn run(&self, store: Arc<dyn DeploymentStore>) {
        (self.run)(store).await;
    }
}

/// Runs one case by name, for [`deployment_suite!`](crate::deployment_suite).
///
/// # Panics
/// If it fails, or there is no such case.
#[doc(hidden)]
pub async fn run_named(name: &str, store: Arc<dyn DeploymentStore>) {
    cases().iter().find(|case| case.name == name).expect("the macro lists the cases there are").run(store).await;
}

/// Makes one test per case of the conformance suite of [`DeploymentStore`](crate::ports::DeploymentStore), each named like its
/// case.
#[macro_export]
macro_rules! deployment_suite {
    ($make:expr) => {
        $crate::__deployment_suite_cases! { __deployment_suite_tests [$make] }
    };
}

/// The one list of all cases, handed to another macro.
#[doc(hidden)]
#[macro_export]
macro_rules! __deployment_suite_cases {
    ($then:ident $args:tt) => {
        $crate::$then! { $args
            queue {
                what_is_accepted_is_there
                numbers_count_per_project
                a_key_stands_for_the_first_deployment
                an_id_is_accepted_once
                what_breaks_a_rule_is_refused
                unknown_deployments_are_not_found
                the_longest_waiting_comes_first
                a_target_that_is_busy_is_left_alone
                a_newer_deployment_supersedes_what_is_queued
                several_make_way_at_once
            }
            driving {
                a_held_deployment_is_nobody_elses
                an_expired_lease_can_be_taken
                a_stale_claim_writes_nothing
                a_released_claim_writes_nothing
                the_state_is_the_fold_of_the_events
                services_stand_as_they_were_seen_last
                a_commit_is_recorded_once
                the_end_gives_the_claim_back
                a_cancel_reaches_the_holder
                a_cancel_ends_what_nobody_has_taken_up
                a_log_is_read_as_it_was_written
                a_takeover_cuts_the_old_writer_off
            }
            kept {
                deployments_are_listed_newest_first
                what_a_pipeline_has_led_to_is_found
                what_is_driven_is_found_with_its_driver
                settings_come_back_as_they_were_given
                targets_are_remembered_until_they_are_forgotten
                accepting_remembers_the_target
                a_copy_of_a_release_is_kept_whole
                copies_go_with_the_next_that_is_kept
            }
            pruning {
                what_nothing_keeps_is_pruned
                what_is_not_over_is_never_pruned
                pruning_leaves_nothing_and_uses_no_number_again
            }
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __deployment_suite_tests {
    ([$make:expr] $($module:ident { $($name:ident)* })*) => {
        $($(
            #[::tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $name() {
                let make = $make;
                $crate::testkit::deployment_suite::run_named(stringify!($name), make().await).await;
            }
        )*)*
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __deployment_suite_table {
    ([] $($module:ident { $($name:ident)* })*) => {
        vec![$($(Case { name: stringify!($name), run: |store| Box::pin($module::$name(store)) },)*)*]
    };
}

/// All cases.
pub fn cases() -> Vec<Case> {
    crate::__deployment_suite_cases! { __deployment_suite_table [] }
}
