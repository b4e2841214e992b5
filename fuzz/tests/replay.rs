//! Runs every input of the corpora through its target, without the fuzzer.

use std::fs;
use std::path::Path;

use imt_fuzz::{TARGETS, Target};

fn replay(&(name, body): &Target) -> usize {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
    let mut inputs: Vec<_> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("a readable folder").path())
        .collect();
    inputs.sort();
    for input in &inputs {
        // Shown by the test harness only when the target panics on it.
        println!("{}", input.display());
        body(&fs::read(input).expect("a readable file"));
    }
    inputs.len()
}

#[test]
fn every_input_of_the_corpora_passes() {
    for target in TARGETS {
        let count = replay(target);
        assert!(count >= 100, "the corpus of {} has only {count} inputs", target.0);
    }
}

#[test]
fn every_corpus_has_a_target() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for entry in fs::read_dir(folder).expect("the corpora") {
        let name = entry.expect("a readable folder").file_name();
        assert!(TARGETS.iter().any(|(target, _)| name.to_str() == Some(target)), "{name:?} has no target");
    }
}
