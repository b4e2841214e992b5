//! Before the pipeline begins: asking for secrets, and interrupts while `imt` still looks around.

mod support;

use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use support::pty::Terminal;
use support::{World, until_it_hears};

const ASKING: [&str; 5] = ["run", "--executor", "local", "--secret", "TOKEN"];

fn world() -> World {
    World::new("jobs: { x: { script: 'echo \"<${#TOKEN}> <$TOKEN>\"' } }")
}

#[test]
fn a_secret_is_hidden_from_the_moment_it_is_asked_for() {
    // More than once, because what is looked for is a matter of moments.
    for _ in 0..5 {
        let (world, mut terminal) = (world(), Terminal::open());
        let child = terminal.start(&mut world.imt(&ASKING));
        terminal.until("TOKEN: ");
        assert!(!terminal.shows_typing());
        terminal.types("correct horse\n");
        let (status, seen) = terminal.finish(child);
        assert_eq!(status.code(), Some(0), "{seen}");
        assert!(seen.contains("<13> <***>") && !seen.contains("correct horse"), "{seen}");
        assert!(terminal.shows_typing());
    }
}

#[test]
fn a_secret_typed_ahead_is_not_lost() {
    let (world, mut terminal) = (world(), Terminal::open());
    terminal.types("typed ahead\n");
    let child = terminal.start(&mut world.imt(&ASKING));
    let (status, seen) = terminal.finish(child);
    assert_eq!(status.code(), Some(0), "{seen}");
    assert!(seen.contains("<11> <***>"), "{seen}");
}

#[test]
fn one_interrupt_at_the_prompt_ends_it_and_leaves_the_terminal_as_it_was() {
    for signal in [Signal::INT, Signal::TERM] {
        let (world, mut terminal) = (world(), Terminal::open());
        let child = terminal.start(&mut world.imt(&ASKING));
        terminal.until("TOKEN: ");
        kill_process(Pid::from_child(&child), signal).unwrap();
        let (status, seen) = terminal.finish(child);
        assert_eq!(status.code(), Some(12), "{seen}");
        assert!(terminal.shows_typing());
    }
}

#[test]
fn the_end_of_input_at_the_prompt_is_no_value() {
    let (world, mut terminal) = (world(), Terminal::open());
    let child = terminal.start(&mut world.imt(&ASKING));
    terminal.until("TOKEN: ");
    terminal.types("\u{4}");
    let (status, seen) = terminal.finish(child);
    assert_eq!(status.code(), Some(2), "{seen}");
    assert!(seen.contains("no value for secret `TOKEN`") && seen.contains("environment variable"), "{seen}");
    assert!(terminal.shows_typing());
}

#[test]
fn one_interrupt_ends_what_waits_for_its_files() {
    for signal in [Signal::INT, Signal::TERM] {
        let world = world();
        // Nobody ever writes to it, so reading it takes for ever.
        rustix::fs::mkfifoat(rustix::fs::CWD, world.project().join("slow.yml"), 0o600.into()).unwrap();
        let mut command = world.imt(&["run", "--executor", "local", "--file", "slow.yml"]);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        until_it_hears(&child, signal);
        kill_process(Pid::from_child(&child), signal).unwrap();
        support::within_deadline(child).assert_says(12, &[]);
    }
}

#[test]
fn a_variable_is_asked_for_without_showing_it() {
    let set = ["var", "set", "TOKEN", "--secret", "--project", "shop"];
    let (world, mut terminal) = (world(), Terminal::open());
    let child = terminal.start(&mut world.imt(&set));
    terminal.until("TOKEN: ");
    assert!(!terminal.shows_typing());
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let (status, seen) = terminal.finish(child);
    assert_eq!(status.code(), Some(12), "{seen}");
    assert!(terminal.shows_typing());

    let mut terminal = Terminal::open();
    let child = terminal.start(&mut world.imt(&set));
    terminal.until("TOKEN: ");
    terminal.types("correct horse\n");
    let (status, seen) = terminal.finish(child);
    assert_eq!(status.code(), Some(0), "{seen}");
    assert!(seen.contains("Set the secret TOKEN of shop") && !seen.contains("correct horse"), "{seen}");
}
