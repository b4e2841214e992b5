//! The socket: what is understood, who is sent away, and who is too slow.

use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::time::Duration;

use axum::http::HeaderValue;
use bytes::Bytes;
use imt_core::directory::{Role, Scopes};
use imt_core::ports::{Credentials as _, MAX_PIECE_BYTES, Projects as _, StreamKind};
use imt_server::Limits;
use serde_json::{Value, json};
use tokio::task::spawn_blocking;
use tungstenite::client::IntoClientRequest as _;
use tungstenite::{Message, WebSocket};

use crate::common::deed;
use crate::logged::Logged;

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
async fn pipeline(pieces: u64) -> Logged {
    let logged = Logged::new("jobs: { a: { script: x } }").await;
    let bytes = Bytes::from(vec![b'x'; MAX_PIECE_BYTES]);
    for _ in 0..pieces {
        logged.print(0, StreamKind::Stdout, bytes.clone()).await;
    }
    logged
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_understood_closes_it_and_what_is_refused_does_not() {
    let Logged { world, token, .. } = pipeline(0).await;
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
    let Logged { world, .. } = pipeline(0).await;
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

/// Of two jobs that have printed, each follower is told what it wants; and one goes on with a job's log from the byte it names.
#[tokio::test(flavor = "multi_thread")]
async fn who_follows_some_jobs_is_told_no_other_ones_logs() {
    let logged = Logged::new("jobs: { a: { script: x }, b: { script: x } }").await;
    logged.print(0, StreamKind::Stdout, "one\n").await;
    logged.print(1, StreamKind::Stdout, "uno\ndue\n").await;
    for job in [0, 1] {
        logged.end(job).await;
    }
    logged.finish().await;
    let attempt = logged.attempt(1);
    let Logged { world, token, .. } = logged;
    let (address, _serving) = world.serve(Limits::default()).await;
    let talking = move || {
        let mut socket = open(address, &token);
        let mut told = |with: Value| {
            let mut follow = follow(1, "shop");
            follow.as_object_mut().unwrap().extend(with.as_object().unwrap().clone());
            say(&mut socket, &follow);
            let (mut events, mut text) = (0, String::new());
            loop {
                let Heard::Said(said) = hear(&mut socket) else { panic!("it is told") };
                match said["type"].as_str().unwrap() {
                    "event" => events += 1,
                    "log" => text.push_str(said["text"].as_str().unwrap()),
                    "end" => return (events, text),
                    other => panic!("{other}"),
                }
            }
        };
        let (events, all) = told(json!({}));
        assert_eq!(all, "one\nuno\ndue\n");
        assert_eq!(told(json!({"jobs": []})), (events, String::new()));
        assert_eq!(told(json!({"jobs": [1]})), (events, "uno\ndue\n".to_owned()));
        assert_eq!(told(json!({"jobs": [0, 1]})), (events, all));
        let position = json!({"event": 0, "logs": {attempt.to_string(): 4}});
        assert_eq!(told(json!({"jobs": [1], "position": position})), (events, "due\n".to_owned()));
    };
    spawn_blocking(talking).await.unwrap();
}

/// One that takes nothing holds up nobody, and is cut off; whoever reads has all of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_takes_nothing_is_cut_off() {
    const PIECES: u64 = 400;
    let Logged { world, token, .. } = pipeline(PIECES).await;
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
    let Logged { world, token, .. } = pipeline(0).await;
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
