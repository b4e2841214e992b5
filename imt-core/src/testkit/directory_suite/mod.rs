//! The conformance suite of [`Directory`], for stores that have it: every promise of the port as a named case.
//!
//! ```
//! imt_core::directory_suite!(async || {
//!     let store = std::sync::Arc::new(imt_core::store::MemoryStore::new());
//!     (store.clone(), store)
//! });
//! ```
//!
//! The maker gives two handles on one new, empty store, as two servers have them; one that seals what it keeps needs keys. Each
//! call of a case goes to the other of the two.

mod audit;
mod codes;
mod deliveries;
mod fixture;
mod found;
mod looks;
mod members;
mod projects;
mod reports;
mod sessions;
mod tokens;
mod users;

use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::ports::Directory;

pub use projects::a_name_in_use_is_adopted_only_on_purpose;

/// Two servers at one store, used in turn.
#[derive(Clone)]
pub struct Servers {
    both: [Arc<dyn Directory>; 2],
    turn: Arc<AtomicUsize>,
}

impl Servers {
    /// Out of two handles on one store.
    pub fn new(one: Arc<dyn Directory>, two: Arc<dyn Directory>) -> Self {
        Self { both: [one, two], turn: Arc::default() }
    }
}

impl Deref for Servers {
    type Target = dyn Directory;

    fn deref(&self) -> &Self::Target {
        self.both[self.turn.fetch_add(1, Ordering::Relaxed) % 2].as_ref()
    }
}

type CaseFn = fn(Servers) -> Pin<Box<dyn Future<Output = ()> + Send>>;

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
    pub async fn run(&self, servers: Servers) {
        (self.run)(servers).await;
    }
}

/// Runs one case by name, for [`directory_suite!`](crate::directory_suite).
///
/// # Panics
/// If it fails, or there is no such case.
#[doc(hidden)]
pub async fn run_named(name: &str, servers: Servers) {
    cases().iter().find(|case| case.name == name).expect("the macro lists the cases there are").run(servers).await;
}

/// Makes one test per case of the conformance suite of [`Directory`](crate::ports::Directory), each named like its case.
#[macro_export]
macro_rules! directory_suite {
    ($make:expr) => {
        $crate::__directory_suite_cases! { __directory_suite_tests [$make] }
    };
}

/// The one list of all cases, handed to another macro.
#[doc(hidden)]
#[macro_export]
macro_rules! __directory_suite_cases {
    ($then:ident $args:tt) => {
        $crate::$then! { $args
            users {
                a_stranger_is_admitted_as_it_is_said
                who_is_known_is_known_by_identity_alone
                sign_ins_at_once_make_one_user
                a_disabled_user_stays_outside
                the_last_administrator_stays
                users_are_listed_in_pages
                users_are_found_by_a_verified_address
            }
            codes {
                a_code_is_taken_once
                a_code_is_good_for_its_kind_and_time
                codes_that_are_over_are_forgotten
            }
            sessions {
                a_session_ends_idle_or_at_its_time
                a_session_is_seen_once_a_minute
                sessions_are_listed_and_closed
                the_session_unused_longest_makes_way
            }
            tokens {
                a_token_is_known_by_its_hash
                tokens_are_listed_and_revoked
                tokens_have_an_end
            }
            projects {
                a_project_is_made_with_its_owner
                a_project_is_made_with_its_secrets
                a_name_is_taken_once
                access_tells_strangers_nothing
                projects_are_listed_by_name
                settings_are_set_by_whoever_saw_them
                secrets_go_with_the_settings_they_are_for
                projects_go_into_the_archive_and_back
                secrets_are_set_and_never_listed
                what_breaks_a_rule_is_refused
                projects_are_found_by_their_repository
                projects_of_a_repository_are_read_in_pages
            }
            members {
                members_are_set_and_listed
                the_last_owner_stays
            }
            deliveries {
                a_delivery_is_kept_once
                a_body_counts_once_whatever_is_above_it
                a_delivery_at_once_is_kept_once
                deliveries_are_taken_oldest_first
                a_renewed_claim_is_kept
                deliveries_of_some_projects_are_left
                a_stale_claim_settles_nothing
                what_is_to_be_tried_again_waits
                deliveries_are_listed_newest_first
                a_replay_opens_it_again
                settled_deliveries_are_pruned
            }
            found {
                a_missed_push_is_kept_once
                the_delivery_of_a_found_push_is_no_news
                a_push_back_is_found
                a_push_that_is_known_is_not_found
                found_and_delivered_at_once_is_one_news
                what_a_later_push_replaced_is_not_found
            }
            looks {
                looks_are_taken_in_turn
                a_look_that_failed_rests
                a_look_knows_since_when
                noted_heads_are_known
            }
            reports {
                the_newest_status_is_reported
                statuses_come_in_order
                what_was_not_sent_waits
                a_report_has_one_holder
                settled_reports_are_pruned
                how_a_report_went_is_told
                what_is_reported_only_grows
            }
            audit {
                every_deed_is_written
                what_changes_nothing_is_not_written
                the_log_is_read_in_pages
            }
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __directory_suite_tests {
    ([$make:expr] $($module:ident { $($name:ident)* })*) => {
        $($(
            #[::tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $name() {
                let make = $make;
                let (one, two) = make().await;
                let servers = $crate::testkit::directory_suite::Servers::new(one, two);
                $crate::testkit::directory_suite::run_named(stringify!($name), servers).await;
            }
        )*)*
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __directory_suite_table {
    ([] $($module:ident { $($name:ident)* })*) => {
        vec![$($(Case { name: stringify!($name), run: |servers| Box::pin($module::$name(servers)) },)*)*]
    };
}

/// All cases.
pub fn cases() -> Vec<Case> {
    crate::__directory_suite_cases! { __directory_suite_table [] }
}
