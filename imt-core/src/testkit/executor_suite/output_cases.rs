//! Cases about output: every byte of each stream, in order, whoever reads and whenever.

use std::time::Duration;

use futures_util::StreamExt as _;

use super::behaviour::{Behaviour, err, out};
use super::bench::{Bench, assert_bytes};
use super::{Act, Printed};
use crate::ports::{Exit, LogPositions, StreamKind};

async fn prints_exactly(bench: &Bench<'_>, acts: Vec<Act>) {
    let wanted = Behaviour(acts.clone()).prints();
    let ran = bench.run(&bench.job(acts)).await;
    assert_eq!(ran.exit, Exit::Code(0));
    assert_printed(&ran.printed, &wanted);
}

fn assert_printed(got: &Printed, wanted: &Printed) {
    assert_bytes(&got.stdout, &wanted.stdout, "stdout");
    assert_bytes(&got.stderr, &wanted.stderr, "stderr");
}

/// NUL, invalid UTF-8, empty lines, carriage returns, no newline at the end; stdout and stderr apart.
pub async fn streams_are_exact(bench: &mut Bench<'_>) {
    let every_byte: Vec<u8> = (0..=255).collect();
    let acts = vec![
        out(b"\n\n\n"),
        err(b"\0\0"),
        out(&every_byte),
        err(b"\xff\xfe\xc3("),
        out(b"a\r\nb\rc"),
        err(&every_byte),
        out(b" no newline"),
    ];
    prints_exactly(bench, acts).await;
}

/// One line of 1 MiB that never ends.
pub async fn long_line_is_exact(bench: &mut Bench<'_>) {
    prints_exactly(bench, vec![Act::Fill(StreamKind::Stdout, 'x', 1 << 20), err(b"and more")]).await;
}

/// Many lines, switching between the streams.
pub async fn many_lines_are_exact(bench: &mut Bench<'_>) {
    let mut acts = Vec::new();
    for _ in 0..10 {
        acts.extend([Act::Count(StreamKind::Stdout, 5_000), Act::Count(StreamKind::Stderr, 5_000), out(b"\n")]);
    }
    prints_exactly(bench, acts).await;
}

/// What is printed is readable while the job runs.
pub async fn output_is_live(bench: &mut Bench<'_>) {
    let handle = bench.sleeper(vec![err(b"x\n")]).await;
    let wait = tokio::time::timeout(Duration::from_millis(50), bench.executor.wait(&handle)).await;
    assert!(wait.is_err(), "the job still runs");
    bench.stop(&handle, Duration::ZERO).await;
}

/// A reader that goes on from positions gets exactly the rest, while the job runs and after.
pub async fn reading_resumes_from_positions(bench: &mut Bench<'_>) {
    let acts = vec![Act::Count(StreamKind::Stdout, 2_000), Act::Count(StreamKind::Stderr, 1_000)];
    let wanted = Behaviour(acts.clone()).prints();
    let handle = bench.begin(&bench.job(acts)).await;
    for (stdout, stderr) in [(0, 0), (1, 0), (0, 1), (4_321, 1_234), (8_893, 0), (0, 3_893), (8_893, 3_893)] {
        let got = bench.read(&handle, LogPositions { stdout: stdout as u64, stderr: stderr as u64 }).await;
        let rest = Printed { stdout: wanted.stdout[stdout..].to_vec(), stderr: wanted.stderr[stderr..].to_vec() };
        assert_printed(&got, &rest);
    }
    let mut first = bench.executor.logs(&handle, LogPositions::default()).await.expect("logs");
    let chunk = first.next().await.expect("some output").expect("a chunk");
    drop(first);
    let mut all = Printed::default();
    all.of(chunk.stream).extend_from_slice(&chunk.bytes);
    let done = LogPositions { stdout: all.stdout.len() as u64, stderr: all.stderr.len() as u64 };
    let rest = bench.read(&handle, done).await;
    all.stdout.extend_from_slice(&rest.stdout);
    all.stderr.extend_from_slice(&rest.stderr);
    assert_printed(&all, &wanted);
}

/// Two readers at once each get everything.
pub async fn two_readers_get_the_same(bench: &mut Bench<'_>) {
    let acts = vec![Act::Count(StreamKind::Stdout, 20_000), Act::Count(StreamKind::Stderr, 20_000)];
    let wanted = Behaviour(acts.clone()).prints();
    let handle = bench.begin(&bench.job(acts)).await;
    let start = LogPositions::default();
    let (one, two) = tokio::join!(bench.read(&handle, start), bench.read(&handle, start));
    assert_printed(&one, &wanted);
    assert_printed(&two, &wanted);
}

/// The job ends although nobody reads 4 MiB of output, and who reads afterwards gets all of it, twice.
pub async fn late_reader_gets_all(bench: &mut Bench<'_>) {
    let acts = vec![Act::Fill(StreamKind::Stdout, 'a', 3 << 20), Act::Fill(StreamKind::Stderr, 'b', 1 << 20)];
    let wanted = Behaviour(acts.clone()).prints();
    let handle = bench.begin(&bench.job(acts)).await;
    assert_eq!(bench.wait(&handle).await, Exit::Code(0));
    for _ in 0..2 {
        assert_printed(&bench.read(&handle, LogPositions::default()).await, &wanted);
    }
}

/// A reader that goes away in the middle does no harm to the job or to others.
pub async fn dropped_reader_changes_nothing(bench: &mut Bench<'_>) {
    let acts = vec![Act::Count(StreamKind::Stdout, 100_000), Act::Exit(4)];
    let wanted = Behaviour(acts.clone()).prints();
    let handle = bench.begin(&bench.job(acts)).await;
    let mut reader = bench.executor.logs(&handle, LogPositions::default()).await.expect("logs");
    reader.next().await.expect("some output").expect("a chunk");
    drop(reader);
    assert_eq!(bench.wait(&handle).await, Exit::Code(4));
    assert_printed(&bench.read(&handle, LogPositions::default()).await, &wanted);
}
