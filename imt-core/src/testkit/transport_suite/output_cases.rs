//! Cases about output: every byte of both streams, apart, live, and before the end.

use std::time::{Duration, Instant};

use futures_util::StreamExt as _;

use super::bench::{Bench, assert_bytes, noise};
use crate::ports::{RemoteCommand, RemoteExit, RunEvent, StreamKind};

/// NUL, invalid UTF-8, no newline at the end; each stream by itself.
pub async fn both_streams_are_exact(bench: &Bench) {
    let text = r"printf '\000\377\n\n'; printf '\303(\000' >&2; printf 'a\r\nb'; printf '\n\n' >&2";
    let output = bench.output(RemoteCommand::shell(text)).await.expect("it runs");
    assert_eq!(&output.stdout[..], b"\0\xff\n\na\r\nb");
    assert_eq!(&output.stderr[..], b"\xc3(\0\n\n");
    assert_eq!(output.exit, RemoteExit::Code(0));
}

/// 8 MB on each stream at once, more than any window or pipe holds.
pub async fn megabytes_of_both_are_exact(bench: &Bench) {
    let content = noise(8_000_000);
    let command = RemoteCommand::shell("cat >f; cat f >&2 & cat f; wait").cwd(&bench.dir).stdin(content.clone());
    let output = bench.output(command).await.expect("it runs");
    assert_bytes(&output.stdout, &content, "stdout");
    assert_bytes(&output.stderr, &content, "stderr");
}

/// What is printed is there while the command runs.
pub async fn output_is_live(bench: &Bench) {
    let text = "echo ready; until [ -e go ]; do sleep 0.02; done; echo over";
    let mut stream = bench.connection.run(RemoteCommand::shell(text).cwd(&bench.dir)).await.expect("it begins");
    let first = stream.next().await.expect("an item").expect("no error");
    assert_eq!(first, RunEvent::Output(StreamKind::Stdout, "ready\n".into()));
    bench.must_say("touch go").await;
    let second = stream.next().await.expect("an item").expect("no error");
    assert_eq!(second, RunEvent::Output(StreamKind::Stdout, "over\n".into()));
    assert_eq!(stream.next().await.expect("an item").expect("no error"), RunEvent::Exit(RemoteExit::Code(0)));
    assert!(stream.next().await.is_none(), "nothing follows the end");
}

/// Many short commands that end right after a big write: none loses its last bytes.
pub async fn all_output_comes_before_the_end(bench: &Bench) {
    for round in 0..30 {
        let text = "head -c 60000 /dev/zero; head -c 60000 /dev/zero >&2; exit 3";
        let output = bench.output(RemoteCommand::shell(text)).await.expect("it runs");
        assert_eq!((output.stdout.len(), output.stderr.len()), (60_000, 60_000), "round {round}");
        assert_eq!(output.exit, RemoteExit::Code(3));
    }
}

/// A background child holds both streams; the command is over without it, and the child lives on.
pub async fn a_child_left_behind_keeps_nothing_open(bench: &Bench) {
    let began = Instant::now();
    let command = RemoteCommand::shell("sleep 300 & echo $! >pid; echo over").cwd(&bench.dir);
    let output = bench.output(command).await.expect("it runs");
    assert_eq!((&output.stdout[..], output.exit), (&b"over\n"[..], RemoteExit::Code(0)));
    assert!(began.elapsed() < Duration::from_secs(15), "it waited for the child: {:?}", began.elapsed());
    bench.must_say("kill $(cat pid)").await;
}

/// As before, with more output than a pipe holds right before the end.
pub async fn what_was_printed_before_a_child_was_left_is_whole(bench: &Bench) {
    let content = noise(3_000_000);
    let text = "cat >f; sleep 300 & echo $! >pid; cat f; exit 7";
    let command = RemoteCommand::shell(text).cwd(&bench.dir).stdin(content.clone());
    let output = bench.output(command).await.expect("it runs");
    assert_bytes(&output.stdout, &content, "stdout");
    assert_eq!(output.exit, RemoteExit::Code(7));
    bench.must_say("kill $(cat pid)").await;
}
