//! The conformance suite of the [`Executor`](crate::ports::Executor) port: its contract as cases.
//!
//! An adapter implements [`Subject`] and calls the macro [`executor_suite!`](crate::executor_suite) in a test file, once
//! with `core` (every executor) and, if it runs shell scripts, once with `shell`; each case becomes a test of its own:
//!
//! ```text
//! imt_core::executor_suite!(core: MySubject::new());
//! imt_core::executor_suite!(shell: MySubject::new());
//! ```
//!
//! The calling crate needs `tokio` with `macros` and `rt-multi-thread`. A case that needs more than [`LIMIT`] fails.

mod behaviour;
mod bench;
pub mod core_cases;
pub mod end_cases;
pub mod output_cases;
pub mod shell_cases;

use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::time::Duration;

use futures_util::FutureExt as _;

pub use behaviour::{Act, Behaviour, Printed};
pub use bench::{Bench, Capability, Subject};

/// How long a case may take in all.
pub const LIMIT: Duration = Duration::from_mins(2);

/// A case, running on a bench.
pub type Case<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Runs one case on a subject, and cleans up after it whatever happens. What the macro's tests call.
///
/// # Panics
/// When the case fails, takes too long, or leaves something that `cleanup` does not remove.
pub async fn run_case(subject: &dyn Subject, case: impl for<'a> FnOnce(&'a mut Bench<'a>) -> Case<'a> + Send) {
    let mut bench = Bench::new(subject).await;
    let (pipeline, workspace) = (bench.pipeline, bench.workspace.clone());
    let outcome = AssertUnwindSafe(tokio::time::timeout(LIMIT, case(&mut bench))).catch_unwind().await;
    let last = subject.executor().await;
    let cleaned = last.cleanup(pipeline, workspace.as_deref()).await;
    match outcome {
        Err(panic) => std::panic::resume_unwind(panic),
        Ok(Err(_)) => panic!("the case took longer than {LIMIT:?}"),
        Ok(Ok(())) => cleaned.expect("the cleanup after the case"),
    }
}

/// Makes one test of each case of the suite. See [`testkit::executor_suite`](crate::testkit::executor_suite).
#[macro_export]
macro_rules! executor_suite {
    (core: $subject:expr) => {
        $crate::executor_suite! { @tests $subject;
            output_cases: streams_are_exact, long_line_is_exact, many_lines_are_exact, output_is_live,
                reading_resumes_from_positions, two_readers_get_the_same, late_reader_gets_all,
                dropped_reader_changes_nothing;
            core_cases: exit_codes_are_kept, prepare_is_idempotent, start_prepares_if_nobody_has,
                start_is_idempotent, wait_is_repeatable, attempts_run_side_by_side, attach_of_unknown_is_none,
                restart_finds_what_survives, restart_finds_what_ended, cleanup_is_idempotent,
                cleanup_kills_what_runs, cleanup_removes_what_is_prepared, cleanup_ends_preparations,
                cleanup_ends_starts_in_flight, cleanup_ends_dropped_starts, release_ends_what_is_held;
            end_cases: stop_ends_a_sleeper, stop_lets_it_clean_up, stop_kills_after_the_grace,
                stop_without_grace_kills, shorter_grace_wins, stop_is_idempotent, stop_after_the_end_changes_nothing,
                dropped_stop_goes_on, stop_of_one_leaves_others;
        }
    };
    (shell: $subject:expr) => {
        $crate::executor_suite! { @tests $subject;
            shell_cases: environment_is_exact, environment_is_clean, stdin_is_empty, script_is_one_shell,
                big_script_runs, secrets_are_not_in_arguments, workspace_is_shared, nothing_runs_before_the_start,
                script_that_kills_its_shell, script_that_closes_its_output, background_children_end_with_the_script,
                daemons_end_with_the_script, stop_kills_the_whole_tree, replaced_shell_is_stopped,
                locked_files_can_be_removed;
        }
    };
    (@tests $subject:expr; $($group:ident: $($case:ident),+;)+) => {
        $($(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let subject = $subject;
                $crate::testkit::executor_suite::run_case(&subject, |bench| {
                    Box::pin($crate::testkit::executor_suite::$group::$case(bench))
                })
                .await;
            }
        )+)+
    };
}

#[cfg(test)]
mod tests;
