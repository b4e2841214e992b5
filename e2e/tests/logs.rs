//! Bytes in, bytes out: what a job prints is what `imt` prints, to the byte.

use std::fmt::Write as _;

use imt_e2e::imt::{Home, Output, Running};
use imt_e2e::project::Project;

const LINES: usize = 1_000_000;
/// 99 bytes and a newline.
const LINE: usize = 100;

/// Compares without printing megabytes.
fn assert_same(what: &str, got: &[u8], expected: &[u8]) {
    if got == expected {
        return;
    }
    let at = got.iter().zip(expected).position(|(a, b)| a != b).unwrap_or(got.len().min(expected.len()));
    let around =
        |bytes: &[u8]| String::from_utf8_lossy(&bytes[at.saturating_sub(40)..bytes.len().min(at + 40)]).into_owned();
    panic!(
        "{what}: {} bytes instead of {}, the first difference at {at}:\n  got      {:?}\n  expected {:?}",
        got.len(),
        expected.len(),
        around(got),
        around(expected)
    );
}

fn a_million_lines(executor: &str) {
    let pad = "x".repeat(LINE - 10);
    let project = Project::new("image: IMAGE\njobs: { print: { script: sh print.sh } }");
    project
        .write("print.sh", &format!("awk 'BEGIN {{ for (i = 0; i < {LINES}; i++) printf \"%08d {pad}\\n\", i }}'\n"));
    let mut expected = String::with_capacity(LINES * LINE + 64);
    expected.push_str("$ sh print.sh\n");
    for i in 0..LINES {
        writeln!(expected, "{i:08} {pad}").expect("a string takes text");
    }
    let home = Home::new();
    let mut command = home.imt();
    command.arg("run").arg(project.path()).args(["--executor", executor, "--output", "plain"]);
    let finished = Running::start(command, Output::Bytes).finish();
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    assert_same(executor, &finished.stdout, expected.as_bytes());
}

#[test]
fn a_hundred_megabytes_in_a_million_lines_on_docker() {
    a_million_lines("docker");
}

#[test]
fn a_hundred_megabytes_in_a_million_lines_on_local() {
    a_million_lines("local");
}

/// Both streams with everything that breaks those who think in lines of text.
const ODD: &str = r"
printf 'nul \000 bad \377\376 utf-8 \303\050\n'
printf '\n\n\n\n'
i=0
while [ $i -lt 2000 ]; do
  echo out $i
  echo err $i >&2
  i=$((i + 1))
done
awk 'BEGIN { for (i = 0; i < 200000; i++) print }'
printf 'carriage\rreturn\r\n' >&2
printf '\377' >&2
head -c 10485760 /dev/zero | tr '\000' y
";

fn odd_streams() -> (Vec<u8>, Vec<u8>) {
    let mut stdout = b"$ sh odd.sh\nnul \0 bad \xff\xfe utf-8 \xc3(\n\n\n\n\n".to_vec();
    let mut stderr = Vec::new();
    for i in 0..2000 {
        stdout.extend(format!("out {i}\n").bytes());
        stderr.extend(format!("err {i}\n").bytes());
    }
    stdout.extend(std::iter::repeat_n(b'\n', 200_000));
    stdout.extend(std::iter::repeat_n(b'y', 10 << 20));
    stderr.extend(b"carriage\rreturn\r\n\xff");
    (stdout, stderr)
}

fn each_stream_comes_out_as_it_went_in(executor: &str) {
    let project = Project::new("image: IMAGE\njobs: { odd: { script: sh odd.sh } }");
    project.write("odd.sh", ODD);
    let finished = Home::new().run_json(project.path(), ["--executor", executor]).finish();
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    let (mut stdout, mut stderr) = odd_streams();
    // An event is a line; that the last one had no newline is what plain output shows (below).
    stdout.push(b'\n');
    stderr.push(b'\n');
    assert_same("stdout", &finished.stream("odd", "stdout"), &stdout);
    assert_same("stderr", &finished.stream("odd", "stderr"), &stderr);
}

#[test]
fn each_stream_comes_out_as_it_went_in_on_docker() {
    each_stream_comes_out_as_it_went_in("docker");
}

#[test]
fn each_stream_comes_out_as_it_went_in_on_local() {
    each_stream_comes_out_as_it_went_in("local");
}

#[test]
fn plain_output_invents_no_newline() {
    let project = Project::new("image: IMAGE\njobs: { one: { script: \"printf 'no newline \\\\000 here'\" } }");
    for executor in ["docker", "local"] {
        let home = Home::new();
        let mut command = home.imt();
        command.arg("run").arg(project.path()).args(["--executor", executor, "--output", "plain"]);
        let finished = Running::start(command, Output::Bytes).finish();
        assert_eq!(finished.code, Some(0), "{}", finished.stderr);
        assert_same(executor, &finished.stdout, b"$ printf 'no newline \\000 here'\nno newline \0 here");
    }
}
