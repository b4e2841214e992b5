//! The conformance suite of the [`Transport`](crate::ports::Transport) port: its contract as cases.
//!
//! An adapter implements [`Subject`] and calls the macro [`transport_suite!`](crate::transport_suite) in a test file; each case becomes a test
//! of its own:
//!
//! ```text
//! imt_core::transport_suite!(MySubject::new());
//! ```
//!
//! The calling crate needs `tokio` with `macros` and `rt-multi-thread`. The host has a POSIX shell and `/proc`; all that
//! the cases make there is below one directory. A case that needs more than [`LIMIT`] fails.

mod bench;
pub mod command_cases;
pub mod end_cases;
pub mod file_cases;
pub mod output_cases;

use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::time::Duration;

use futures_util::FutureExt as _;

pub use bench::{Bench, Subject};

/// How long a case may take in all.
pub const LIMIT: Duration = Duration::from_mins(1);

/// A case, running on a bench.
pub type Case<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Runs one case on a subject, and removes its directory whatever happens. What the macro's tests call.
///
/// # Panics
/// When the case fails or takes too long.
pub async fn run_case(subject: &dyn Subject, case: impl for<'a> FnOnce(&'a Bench) -> Case<'a> + Send) {
    let bench = Bench::new(subject).await;
    let outcome = AssertUnwindSafe(tokio::time::timeout(LIMIT, case(&bench))).catch_unwind().await;
    let cleaned = AssertUnwindSafe(tokio::time::timeout(LIMIT, bench.clean_up())).catch_unwind().await;
    match outcome {
        Err(panic) => std::panic::resume_unwind(panic),
        Ok(Err(_)) => panic!("the case took longer than {LIMIT:?}"),
        Ok(Ok(())) => assert!(matches!(cleaned, Ok(Ok(()))), "the directory of the case could not be removed"),
    }
}

/// Makes one test of each case of the suite. See [`testkit::transport_suite`](crate::testkit::transport_suite).
#[macro_export]
macro_rules! transport_suite {
    ($subject:expr) => {
        $crate::transport_suite! { @tests $subject;
            output_cases: both_streams_are_exact, megabytes_of_both_are_exact, output_is_live,
                all_output_comes_before_the_end, a_child_left_behind_keeps_nothing_open,
                what_was_printed_before_a_child_was_left_is_whole;
            command_cases: codes_are_kept, signals_are_told, a_missing_program_is_127, input_is_exact,
                input_that_nobody_reads_is_no_error, no_input_ends_at_once, the_environment_is_exact,
                secrets_are_in_no_argument, the_directory_is_kept, a_missing_directory_is_told,
                odd_arguments_are_exact, what_cannot_be_said_is_refused, twenty_at_once;
            end_cases: a_deadline_ends_the_whole_tree, a_deadline_kills_what_does_not_listen,
                a_command_in_time_keeps_its_end, a_dropped_stream_ends_the_command, a_dropped_call_ends_the_command,
                others_outlive_an_ended_one, what_lets_go_goes_on, a_closed_connection_takes_no_more,
                a_lost_command_is_told;
            file_cases: a_file_is_exact, modes_are_exact, a_file_is_replaced, a_link_is_replaced,
                odd_names_are_exact, a_missing_directory_is_told_and_nothing_made, a_directory_is_not_replaced,
                fifty_megabytes, many_at_once, readers_see_old_or_new, a_dropped_put_leaves_the_old_one,
                a_missing_file_is_told, a_directory_is_no_file, a_file_of_a_bigger_size_is_refused,
                paths_begin_at_home;
        }
    };
    (@tests $subject:expr; $($group:ident: $($case:ident),+;)+) => {
        $($(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let subject = $subject;
                $crate::testkit::transport_suite::run_case(&subject, |bench| {
                    Box::pin($crate::testkit::transport_suite::$group::$case(bench))
                })
                .await;
            }
        )+)+
    };
}
