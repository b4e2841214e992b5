//! Cases about commands that are ended, and connections that are.

use std::time::{Duration, Instant};

use futures_util::StreamExt as _;

use super::bench::{Bench, assert_kind, collect};
use crate::ports::{RemoteCommand, RemoteExit, RunEvent, StreamKind, TransportErrorKind};

/// A shell with a child and a grandchild that say who they are, and wait.
const TREE: &str = "(sleep 300 & echo $! >grandchild; wait) & echo $! >child; echo $$ >self; \
                    until [ -s grandchild ]; do sleep 0.02; done; echo ready; wait";
/// What holds when none of them is left; a zombie counts as gone.
const TREE_IS_GONE: &str = "! { for f in self child grandchild; do cat \"/proc/$(cat $f)/cmdline\" 2>/dev/null; done | tr -d '\\0' | grep -q .; }";

async fn ready(stream: &mut crate::ports::RunStream) {
    let first = stream.next().await.expect("an item").expect("no error");
    assert_eq!(first, RunEvent::Output(StreamKind::Stdout, "ready\n".into()));
}

/// Nothing of it is left when the error comes.
pub async fn a_deadline_ends_the_whole_tree(bench: &Bench) {
    let command = RemoteCommand::shell(TREE).cwd(&bench.dir).deadline(Duration::from_millis(1500));
    let began = Instant::now();
    let error = assert_kind(bench.output(command).await, TransportErrorKind::Deadline);
    assert!(began.elapsed() >= Duration::from_millis(1500), "too early");
    assert!(error.help.is_none(), "{error:?}");
    bench.must_say(TREE_IS_GONE).await;
}

/// SIGTERM is ignored; SIGKILL is not.
pub async fn a_deadline_kills_what_does_not_listen(bench: &Bench) {
    let text = "trap '' TERM; echo $$ >self; touch child grandchild; while :; do sleep 0.1; done";
    let command = RemoteCommand::shell(text).cwd(&bench.dir).deadline(Duration::from_secs(1));
    assert_kind(bench.output(command).await, TransportErrorKind::Deadline);
    bench
        .must_say(
            "rm child grandchild; ! [ -s /proc/$(cat self)/cmdline ] || ! cat /proc/$(cat self)/cmdline | grep -q .",
        )
        .await;
}

/// A deadline that is not met changes nothing.
pub async fn a_command_in_time_keeps_its_end(bench: &Bench) {
    let command = RemoteCommand::shell("exit 9").deadline(Duration::from_secs(30));
    bench.ends_with(command, RemoteExit::Code(9)).await;
}

/// Letting go of the stream ends the tree.
pub async fn a_dropped_stream_ends_the_command(bench: &Bench) {
    let mut stream = bench.connection.run(RemoteCommand::shell(TREE).cwd(&bench.dir)).await.expect("it begins");
    ready(&mut stream).await;
    drop(stream);
    bench.until(TREE_IS_GONE).await;
}

/// Whenever the call is dropped: in the end nothing runs.
pub async fn a_dropped_call_ends_the_command(bench: &Bench) {
    for millis in [0, 1, 2, 4, 8, 16, 32] {
        let command = RemoteCommand::shell("echo $$ >>pids; exec sleep 300").cwd(&bench.dir);
        let call = async { drop(bench.connection.run(command).await) };
        // Dropped wherever it happens to be; the end is the same.
        let _wherever = tokio::time::timeout(Duration::from_millis(millis), call).await;
    }
    let gone = "! { for p in $(cat pids 2>/dev/null); do cat /proc/$p/cmdline 2>/dev/null; done | tr -d '\\0' | grep -q sleep; }";
    bench.until(gone).await;
}

/// Ending one leaves its neighbours alone.
pub async fn others_outlive_an_ended_one(bench: &Bench) {
    let waits = RemoteCommand::shell("echo ready; until [ -e go ]; do sleep 0.02; done; exit 5").cwd(&bench.dir);
    let mut other = bench.connection.run(waits).await.expect("it begins");
    ready(&mut other).await;
    let late = RemoteCommand::new(["sleep", "300"]).deadline(Duration::from_millis(300));
    assert_kind(bench.output(late).await, TransportErrorKind::Deadline);
    bench.must_say("touch go").await;
    let end = other.next().await.expect("an item").expect("no error");
    assert_eq!(end, RunEvent::Exit(RemoteExit::Code(5)));
}

/// A process that let go of the mark in its environment, and of the streams, outlives its starter's end.
pub async fn what_lets_go_goes_on(bench: &Bench) {
    let text = "env -u IMT_COMMAND setsid sh -c 'echo $$ >pid; exec sleep 300' </dev/null >/dev/null 2>&1 & \
                until [ -s pid ]; do sleep 0.02; done; echo ready; wait";
    let mut stream = bench.connection.run(RemoteCommand::shell(text).cwd(&bench.dir)).await.expect("it begins");
    ready(&mut stream).await;
    drop(stream);
    let late = RemoteCommand::new(["sleep", "300"]).deadline(Duration::from_millis(100));
    assert_kind(bench.output(late).await, TransportErrorKind::Deadline);
    bench.must_say("kill $(cat pid)").await;
}

/// After goodbye nothing is sent; a new connection works.
pub async fn a_closed_connection_takes_no_more(bench: &Bench) {
    bench.connection.close().await;
    bench.connection.close().await;
    assert_kind(bench.output(RemoteCommand::new(["true"])).await, TransportErrorKind::NotConnected);
    assert_kind(bench.connection.get("/etc/passwd", 1 << 20).await, TransportErrorKind::NotConnected);
    let put = bench.connection.put(&bench.path("f"), "x".into(), crate::ports::FileMode::PRIVATE).await;
    assert_kind(put, TransportErrorKind::NotConnected);
    let again = bench.transport.connect().await.expect("a new connection");
    let output = collect(&*again, RemoteCommand::new(["true"])).await.expect("it runs");
    assert!(output.exit.is_success());
}

/// A command in flight when the connection closes has an unknown outcome, and says so.
pub async fn a_lost_command_is_told(bench: &Bench) {
    let command = RemoteCommand::shell("echo $$ >pid; echo ready; exec sleep 300").cwd(&bench.dir);
    let mut stream = bench.connection.run(command).await.expect("it begins");
    ready(&mut stream).await;
    bench.connection.close().await;
    let error = assert_kind(stream.next().await.expect("an item"), TransportErrorKind::ConnectionLost);
    assert!(error.outcome_is_unknown());
    assert!(stream.next().await.is_none(), "an error is the last item");
    let again = bench.transport.connect().await.expect("a new connection");
    let kill = RemoteCommand::shell("kill $(cat pid)").cwd(&bench.dir);
    collect(&*again, kill).await.expect("it runs");
}
