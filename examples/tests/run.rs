//! Every example is run, with an empty environment, and judged by what it prints.

use std::process::Command;

fn printed_by(program: &str) -> String {
    let output =
        Command::new(program).env_clear().env("PATH", "/usr/bin:/bin").output().expect("an example that starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program}: {:?} {errors}", output.status);
    String::from_utf8(output.stdout).expect("plain text")
}

#[test]
fn embed_minimal_runs_a_pipeline() {
    assert_eq!(printed_by(env!("CARGO_BIN_EXE_embed_minimal")), "pipeline #1 ended: success\n");
}

#[test]
fn custom_executor_runs_a_shell_and_keeps_the_exit_code() {
    assert_eq!(printed_by(env!("CARGO_BIN_EXE_custom_executor")), "failed with exit code 3\n");
}

#[test]
fn a_custom_executor_takes_thirty_lines() {
    let lines = include_str!("../custom_executor.rs").lines().count();
    assert!(lines <= 30, "custom_executor.rs has {lines} lines");
}

#[test]
fn custom_store_keeps_a_journal_of_the_whole_pipeline() {
    let journal = printed_by(env!("CARGO_BIN_EXE_custom_store"));
    let types: Vec<String> = journal
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("a JSON line")["type"].to_string())
        .collect();
    for wanted in
        ["pipeline_started", "attempt_created", "attempt_started", "attempt_ended", "job_ended", "pipeline_ended"]
    {
        assert!(types.iter().any(|seen| seen.trim_matches('"') == wanted), "no {wanted} in {types:?}");
    }
    assert_eq!(types.last().map(String::as_str), Some("\"pipeline_ended\""));
}
