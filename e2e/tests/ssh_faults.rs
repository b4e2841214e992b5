//! SSH over bad networks, through other hosts, and to peers that do not answer.

use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::future::join_all;
use imt_core::ports::{
    Connection, FileMode, RemoteCommand, RemoteExit, RunEvent, RunStream, StreamKind, TransportError,
    TransportErrorKind,
};
use imt_e2e::fault_proxy::{Direction, FaultProxy, Faults};
use imt_e2e::ssh::{Server, address, connect, fingerprint_in, options_at, say};
use imt_e2e::wait::{SOON, until_told};
use imt_ssh::SshOptions;
use rustix::process::{Pid, Signal, kill_process};
use tokio::net::TcpListener;

const BOTH: [Server; 2] = [Server::OpenSsh, Server::Dropbear];
/// A dead peer is noticed within the interval (1 s) times one more than the questions (3); three times that on a busy machine.
const NOTICED: Duration = Duration::from_secs(3 * 4);

fn through(proxy: &FaultProxy, server: Server) -> SshOptions {
    options_at(proxy.address(), server.fingerprint())
}

/// A command that has begun, and its process id.
async fn sleeper(connection: &dyn Connection) -> (RunStream, String) {
    let mut stream = connection.run(RemoteCommand::shell("echo $$; exec sleep 300")).await.expect("it begins");
    let Some(Ok(RunEvent::Output(StreamKind::Stdout, pid))) = stream.next().await else { panic!("it says nothing") };
    (stream, String::from_utf8_lossy(&pid).trim().to_owned())
}

async fn loss(stream: &mut RunStream) -> TransportError {
    let error = stream.next().await.expect("an item").expect_err("the connection is lost");
    assert_eq!(error.kind, TransportErrorKind::ConnectionLost, "{error:?}");
    assert!(stream.next().await.is_none());
    error
}

async fn refused(options: SshOptions) -> TransportError {
    match connect(options).await {
        Ok(_) => panic!("nobody can be there"),
        Err(error) => error,
    }
}

async fn kill(server: Server, pid: &str) {
    let connection = connect(server.options()).await.expect("a connection");
    say(&*connection, &format!("kill {pid}")).await.expect("it is there");
}

#[tokio::test]
async fn a_host_behind_another_is_reached() {
    for (jump, target) in [(Server::OpenSsh, Server::Dropbear), (Server::Dropbear, Server::OpenSsh)] {
        let connection = connect(target.options().jump(jump.options())).await.unwrap();
        let content = Bytes::from(vec![7; 3_000_000]);
        let path = format!("/tmp/imt-jump-{}", std::process::id());
        connection.put(&path, content.clone(), FileMode::PRIVATE).await.unwrap();
        assert_eq!(connection.get(&path, 4_000_000).await.unwrap(), content);
        say(&*connection, &format!("rm {path}")).await.unwrap();
        // Each of the two is recognised by itself.
        let mut stranger = jump.options();
        stranger.pin = imt_ssh::HostPin::Fingerprint(fingerprint_in("stranger.pub"));
        let error = refused(target.options().jump(stranger)).await;
        assert_eq!(error.kind, TransportErrorKind::HostKeyChanged, "{error:?}");
        let nobody = options_at("127.0.0.1:1".parse().unwrap(), target.fingerprint());
        assert_eq!(refused(nobody.jump(jump.options())).await.kind, TransportErrorKind::Unreachable);
    }
}

#[tokio::test]
async fn nobody_there_is_told_at_once() {
    let mut options = options_at("127.0.0.1:1".parse().unwrap(), Server::OpenSsh.fingerprint());
    assert_eq!(refused(options.clone()).await.kind, TransportErrorKind::Unreachable);
    options.address.host = "no-such-host.invalid".to_owned();
    let error = refused(options).await;
    assert_eq!(error.kind, TransportErrorKind::Unreachable);
    assert!(error.is_retryable() && !error.outcome_is_unknown());
}

#[tokio::test]
async fn a_host_that_says_nothing_is_given_up() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let mut options = options_at(listener.local_addr().unwrap(), Server::OpenSsh.fingerprint());
    options.connect_timeout = Duration::from_secs(1);
    let began = Instant::now();
    let error = refused(options).await;
    assert_eq!(error.kind, TransportErrorKind::Unreachable, "{error:?}");
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_host_that_hangs_up_in_the_login_is_told() {
    let proxy = FaultProxy::start(Server::OpenSsh.socket(), 1).await;
    // Wherever it stops: in the greeting, in the agreement on keys, in the login.
    for after in [10, 500, 1_500] {
        proxy.set(Direction::ToClient, Faults { half_close_after: Some(after), ..Faults::default() });
        let mut options = through(&proxy, Server::OpenSsh);
        options.connect_timeout = Duration::from_secs(2);
        let error = refused(options).await;
        let kinds = [TransportErrorKind::Unreachable, TransportErrorKind::AuthenticationRefused];
        assert!(kinds.contains(&error.kind), "{after}: {error:?}");
    }
}

#[tokio::test]
async fn a_frozen_peer_is_noticed() {
    for server in BOTH {
        let connection = connect(server.options()).await.unwrap();
        let (mut stream, pid) = sleeper(&*connection).await;
        // The server's own process for this connection is the parent of the command.
        let parent = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        let parent = parent.rsplit_once(')').unwrap().1.split_whitespace().nth(1).unwrap().parse().unwrap();
        let parent = Pid::from_raw(parent).unwrap();
        kill_process(parent, Signal::STOP).unwrap();
        let began = Instant::now();
        loss(&mut stream).await;
        assert!(began.elapsed() < NOTICED, "{server:?}: {:?}", began.elapsed());
        let error = connection.get("x", 1).await.unwrap_err();
        assert_eq!(error.kind, TransportErrorKind::NotConnected, "{error:?}");
        kill_process(parent, Signal::CONT).unwrap();
        kill(server, &pid).await;
    }
}

#[tokio::test]
async fn a_lost_route_is_noticed() {
    for server in BOTH {
        let proxy = FaultProxy::start(server.socket(), 1).await;
        let connection = connect(through(&proxy, server)).await.unwrap();
        let (mut stream, pid) = sleeper(&*connection).await;
        proxy.set_both(Faults { stalled: true, ..Faults::default() });
        let began = Instant::now();
        loss(&mut stream).await;
        assert!(began.elapsed() < NOTICED, "{server:?}: {:?}", began.elapsed());
        kill(server, &pid).await;
    }
}

#[tokio::test]
async fn a_cut_in_a_command_is_an_unknown_outcome() {
    for server in BOTH {
        let proxy = FaultProxy::start(server.socket(), 1).await;
        let connection = connect(through(&proxy, server)).await.unwrap();
        let (mut stream, pid) = sleeper(&*connection).await;
        proxy.cut_all();
        assert!(loss(&mut stream).await.outcome_is_unknown());
        for _ in 0..2 {
            let error = connection.get("x", 1).await.unwrap_err();
            assert_eq!(error.kind, TransportErrorKind::NotConnected, "nothing reconnects by itself: {error:?}");
        }
        // The way is free again for those who ask for it.
        assert_eq!(say(&*connect(through(&proxy, server)).await.unwrap(), "echo in").await.unwrap(), "in\n");
        kill(server, &pid).await;
    }
}

#[tokio::test]
async fn a_cut_in_a_file_leaves_the_old_one() {
    for server in BOTH {
        let proxy = FaultProxy::start(server.socket(), 1).await;
        let direct = connect(server.options()).await.unwrap();
        let dir = format!("/tmp/imt-cut-{}-{server:?}", std::process::id());
        say(&*direct, &format!("mkdir {dir}")).await.unwrap();
        let (path, new) = (format!("{dir}/f"), Bytes::from(vec![b'n'; 20_000_000]));
        direct.put(&path, "old".into(), FileMode::PRIVATE).await.unwrap();
        for after in [10_000, 1_000_000, 15_000_000] {
            proxy.set_both(Faults::default());
            let connection = connect(through(&proxy, server)).await.unwrap();
            proxy.set(Direction::ToServer, Faults { cut_after: Some(after), ..Faults::default() });
            let error = connection.put(&path, new.clone(), FileMode::PRIVATE).await.unwrap_err();
            assert_eq!(error.kind, TransportErrorKind::ConnectionLost, "{error:?}");
            assert_eq!(&direct.get(&path, 30_000_000).await.unwrap()[..], b"old", "{after}");
        }
        until_told("what was begun is removed", SOON, async || {
            (say(&*direct, &format!("ls -A {dir}")).await.unwrap() == "f\n").then_some(())
        })
        .await;
        say(&*direct, &format!("rm -r {dir}")).await.unwrap();
    }
}

#[tokio::test]
async fn a_slow_network_loses_nothing() {
    let proxy = FaultProxy::start(Server::OpenSsh.socket(), 1).await;
    proxy.set_both(Faults { latency: Duration::from_millis(40), ..Faults::default() });
    let connection = connect(through(&proxy, Server::OpenSsh)).await.unwrap();
    // A child holds the streams, so the end is found by asking; what was printed takes its time to come.
    let text = "sleep 300 & echo $!; head -c 400000 /dev/zero; exit 6";
    let mut stream = connection.run(RemoteCommand::shell(text)).await.unwrap();
    let mut printed = Vec::new();
    while let RunEvent::Output(_, bytes) = {
        let event = stream.next().await.unwrap().unwrap();
        if let RunEvent::Exit(exit) = &event {
            assert_eq!(*exit, RemoteExit::Code(6));
        }
        event
    } {
        printed.extend_from_slice(&bytes);
    }
    let line = printed.iter().position(|b| *b == b'\n').unwrap();
    assert_eq!(printed.len() - line - 1, 400_000);
    kill(Server::OpenSsh, std::str::from_utf8(&printed[..line]).unwrap()).await;
}

#[tokio::test]
async fn more_commands_than_the_host_takes_wait_and_run_once() {
    for server in BOTH {
        let mut options = server.options();
        // OpenSSH takes ten at a time.
        options.max_commands = if server == Server::OpenSsh { 30 } else { 4 };
        let connection = connect(options).await.unwrap();
        let path = format!("/tmp/imt-once-{}-{server:?}", std::process::id());
        let text = format!("echo x >>{path}; cat");
        join_all((0..60).map(|nth| {
            let command = RemoteCommand::shell(&text).stdin(format!("{nth}"));
            let connection = &connection;
            async move {
                let stream = connection.run(command).await.unwrap();
                let output = imt_core::ports::RunOutput::collect(stream, 100).await.unwrap();
                assert_eq!((&output.stdout[..], output.exit), (nth.to_string().as_bytes(), RemoteExit::Code(0)));
            }
        }))
        .await;
        assert_eq!(say(&*connection, &format!("wc -l <{path}; rm {path}")).await.unwrap().trim(), "60");
    }
}

#[tokio::test]
async fn a_connection_that_is_let_go_of_is_closed() {
    for server in BOTH {
        let connection = connect(server.options()).await.unwrap();
        let parent = say(&*connection, "cut -d' ' -f4 /proc/$$/stat").await.unwrap();
        let process = format!("/proc/{}/cmdline", parent.trim());
        assert!(std::fs::read(&process).is_ok_and(|words| !words.is_empty()), "the server's part is there");
        drop(connection);
        until_told("the server's part is gone", SOON, async || {
            std::fs::read(&process).map_or(true, |words| words.is_empty()).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn an_address_is_shown_as_it_was_given() {
    let error = refused(options_at("127.0.0.1:1".parse().unwrap(), Server::OpenSsh.fingerprint())).await;
    assert!(error.message.contains(&address("127.0.0.1:1".parse().unwrap()).to_string()), "{error}");
}
