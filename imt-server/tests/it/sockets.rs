//! The socket: what is understood, who is sent away, and who is too slow.

use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::time::Duration;

use axum::http::HeaderValue;
use bytes::Bytes;
use imt_core::directory::{Role, Scopes};
use imt_core::id::{AttemptId, InstanceId, JobIndex, PipelineId};
use imt_core::pipeline::read;
use imt_core::plan::{Trigger, build};
use imt_core::ports::{
    Credentials as _, LogAppend, LogPositions, MAX_PIECE_BYTES, NewPipeline, Projects as _, RunnerInfo, Store as _,
    StreamKind,
};
use imt_core::schedule::{Change, ChangeKind};
use imt_server::Limits;
use serde_json::{Value, json};
use tokio::task::spawn_blocking;
use tungstenite::client::IntoClientRequest as _;
use tungstenite::{Message, WebSocket};

use crate::common::{World, deed, now};

type Socket = WebSocket<std::net::TcpStream>;

/// What comes over a socket.
#[derive(Debug, PartialEq)]
enum Heard {
    Said(Value),
    Closed(Option<u16>),
}

fn open(address: SocketAddr, token: &str) -> Socket {
    let stream = std::net::TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let mut request = format!("ws://{address}/ws").into_client_request().unwrap();
    let value = HeaderValue::try_from(format!("Bearer {token}")).unwrap();
    request.headers_mut().insert("authorization", value);
    tungstenite::client(request, stream).unwrap().0
}

fn hear(socket: &mut Socket) -> Heard {
    loop {
        match socket.read() {
            Ok(Message::Text(text)) => return Heard::Said(serde_json::from_str(&text).unwrap()),
            Ok(Message::Close(frame)) => return Heard::Closed(frame.map(|frame| frame.code.into())),
            Ok(_) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

fn until_closed(socket: &mut Socket) -> Option<u16> {
    loop {
        if let Heard::Closed(code) = hear(socket) {
            return code;
        }
    }
}

fn say(socket: &mut Socket, value: &Value) {
    socket.send(Message::text(value.to_string())).unwrap();
}

fn follow(id: u32, project: &str) -> Value {
    json!({"type": "follow", "id": id, "project": project, "pipeline": 1})
}

/// Pipeline 1 of the shop: it goes on for ever, and has a log of so many pieces of the largest size.
async fn pipeline(world: &World, pieces: u64) {
    let spec = read(b"jobs: { a: { script: x } }", "pipeline.yml").spec.unwrap();
    let plan = build(&spec, &world.project.name, Trigger::manual()).unwrap();
    let id = PipelineId::generate();
    let runner = RunnerInfo {
        instance: InstanceId::new("runner"),
        labels: Vec::new(),
        driving: Vec::new(),
        lease: Duration::from_hours(1),
    };
    let new = NewPipeline { id, plan, at: now(), idempotency_key: None };
    let claim = world.store.enqueue(new, Some(&runner)).await.unwrap().claim.unwrap();
    let attempt = AttemptId { pipeline: id, job: JobIndex(0), number: 1 };
    let kinds = [ChangeKind::PipelineStarted, ChangeKind::AttemptCreated { attempt }];
    let changes: Vec<Change> = kinds.into_iter().map(|kind| Change { at: now(), kind }).collect();
    world.store.commit(&claim, 1, &changes).await.unwrap();
    let bytes = Bytes::from(vec![b'x'; MAX_PIECE_BYTES]);
    for nth in 0..pieces {
        let offset = nth * MAX_PIECE_BYTES as u64;
        let (raw, stream) = (LogPositions::default(), StreamKind::Stdout);
        let piece = LogAppend { offset, stream, bytes: bytes.clone(), at: now(), raw, dropped: 0 };
        world.store.append_log(&claim, attempt, &[piece]).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_understood_closes_it_and_what_is_refused_does_not() {
    let world = World::new().await;
    pipeline(&world, 0).await;
    let (_, token) = world.token(&world.owner, "all", Scopes::all(), None).await;
    let (address, _serving) = world.serve(Limits::default()).await;
    let talking = move || {
        let mut socket = open(address, &token);
        say(&mut socket, &follow(1, "shed"));
        let Heard::Said(said) = hear(&mut socket) else { panic!("it is told") };
        assert_eq!((&said["type"], &said["id"], &said["code"]), (&json!("refused"), &json!(1), &json!("not_found")));
        say(&mut socket, &follow(2, "shop"));
        assert!(matches!(hear(&mut socket), Heard::Said(said) if said["type"] == "event" && said["id"] == 2));
        say(&mut socket, &follow(2, "shop"));
        let conflict = loop {
            if let Heard::Said(said) = hear(&mut socket)
                && said["type"] == "refused"
            {
                break said;
            }
        };
        assert_eq!(conflict["code"], "conflict");
        say(&mut socket, &json!({"type": "shout"}));
        assert_eq!(until_closed(&mut socket), Some(4400));
    };
    spawn_blocking(talking).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_signed_out_or_put_out_of_the_project_is_sent_away() {
    let world = World::new().await;
    pipeline(&world, 0).await;
    let member = world.user("member").await;
    world.belongs(&member, Role::Member).await;
    let (revoked, first) = world.token(&member, "first", Scopes::all(), None).await;
    let (_, second) = world.token(&member, "second", Scopes::all(), None).await;
    let (address, _serving) = world.serve(Limits::default()).await;
    let opened = move |token: String| {
        let mut socket = open(address, &token);
        say(&mut socket, &follow(1, "shop"));
        assert!(matches!(hear(&mut socket), Heard::Said(_)));
        socket
    };
    let mut socket = spawn_blocking(move || opened(first)).await.unwrap();
    world.store.revoke_token(member.id, revoked, &deed()).await.unwrap();
    assert_eq!(spawn_blocking(move || until_closed(&mut socket)).await.unwrap(), Some(4401));
    let mut socket = spawn_blocking(move || opened(second)).await.unwrap();
    world.store.remove_member(world.project.id, member.id, &deed()).await.unwrap();
    assert_eq!(spawn_blocking(move || until_closed(&mut socket)).await.unwrap(), Some(4403));
}

/// One that takes nothing holds up nobody, and is cut off; whoever reads has all of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_takes_nothing_is_cut_off() {
    const PIECES: u64 = 400;
    let world = World::new().await;
    pipeline(&world, PIECES).await;
    let (_, token) = world.token(&world.owner, "all", Scopes::all(), None).await;
    let (address, _serving) = world.serve(Limits::default()).await;
    let reading = move || {
        let mut slow = open(address, &token);
        say(&mut slow, &follow(1, "shop"));
        let mut quick = open(address, &token);
        say(&mut quick, &follow(1, "shop"));
        let mut bytes = 0;
        while bytes < PIECES * MAX_PIECE_BYTES as u64 {
            let Heard::Said(said) = hear(&mut quick) else { panic!("it goes on") };
            bytes += said["text"].as_str().map_or(0, |text| text.len() as u64);
        }
        // Long enough for the patience of this server to be over; what is in the pipes is less than what there is.
        let before = std::time::Instant::now();
        let mut came = 0;
        std::thread::sleep(Duration::from_secs(2));
        while let Ok(message) = slow.read() {
            came += message.len() as u64;
        }
        assert!(came < PIECES * MAX_PIECE_BYTES as u64, "{came} bytes came");
        assert!(before.elapsed() < Duration::from_secs(20), "it was cut off, and did not run into our own limit");
    };
    spawn_blocking(reading).await.unwrap();
}

/// A socket is one of the connections, and gives way to nobody.
#[tokio::test(flavor = "multi_thread")]
async fn a_socket_keeps_its_place() {
    let world = World::new().await;
    pipeline(&world, 0).await;
    let (_, token) = world.token(&world.owner, "all", Scopes::all(), None).await;
    let (address, _serving) = world.serve(Limits { connections: 1, ..Limits::default() }).await;
    let talking = move || {
        let mut socket = open(address, &token);
        say(&mut socket, &follow(1, "shop"));
        assert!(matches!(hear(&mut socket), Heard::Said(_)));
        let mut other = std::net::TcpStream::connect(address).unwrap();
        other.write_all(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        other.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
        let mut answer = [0; b"HTTP/1.1 200".len()];
        assert!(other.read(&mut answer).is_err(), "it waits");
        drop(socket);
        other.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        other.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200");
    };
    spawn_blocking(talking).await.unwrap();
}
