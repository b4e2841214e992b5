//! Logs as they are read: in pieces, searched, and by the items of a script.

use std::time::Duration;

use axum::http::StatusCode;
use bytes::Bytes;
use imt_core::deploy::machine::DeploymentSpec;
use imt_core::deploy::settings::{DeploymentSettings, Reach, TargetSettings};
use imt_core::id::{CommitId, DeploymentId, InstanceId};
use imt_core::ports::{
    Claimant, DeploymentStore, LogAppend, LogPositions, MAX_PIECE_BYTES, NewDeployment, StreamKind, Target,
};
use serde_json::{Value, json};

use crate::common::now;
use crate::logged::Logged;

const LOG: &str = "pipelines/1/jobs/0/log";

async fn one_job() -> Logged {
    Logged::new("jobs: { a: { script: [make, \"if x; then\\n y\\nfi\", make test] } }").await
}

/// The lines of what was found.
fn lines(found: &Value) -> Vec<u64> {
    found["items"].as_array().unwrap().iter().map(|item| item["line"].as_u64().unwrap()).collect()
}

/// Whatever part is asked for, while it grows and when it is whole.
#[tokio::test]
async fn pieces_say_how_long_the_log_is_so_far() {
    let logged = one_job().await;
    let parts = ["", "?offset=0", "?offset=1", "?offset=1000000", "?line=1", "?line=1000", "?tail=1"];
    let (mut bytes, mut text) = (0, String::new());
    for (printed, stream) in [
        ("", StreamKind::Stdout),
        ("one", StreamKind::Stdout),
        (" line\n", StreamKind::Stdout),
        ("two\nthree", StreamKind::Stderr),
        ("\n", StreamKind::System),
    ] {
        if !printed.is_empty() {
            logged.print(0, stream, printed).await;
        }
        bytes += printed.len();
        text.push_str(printed);
        for part in parts {
            let told = logged.json(&format!("{LOG}/pieces{part}")).await;
            let expected = (json!(bytes), json!(text.lines().count()), json!(false));
            assert_eq!((told["bytes"].clone(), told["lines"].clone(), told["is_whole"].clone()), expected, "{part}");
        }
    }
    // More than one answer has.
    for _ in 0..10 {
        logged.print(0, StreamKind::Stdout, Bytes::from(vec![b'x'; MAX_PIECE_BYTES])).await;
    }
    bytes += 10 * MAX_PIECE_BYTES;
    for is_whole in [false, true] {
        if is_whole {
            logged.end(0).await;
        }
        for part in parts {
            let told = logged.json(&format!("{LOG}/pieces{part}")).await;
            let expected = (json!(bytes), json!(4), json!(is_whole));
            assert_eq!((told["bytes"].clone(), told["lines"].clone(), told["is_whole"].clone()), expected, "{part}");
        }
    }
}

#[tokio::test]
async fn lines_are_found_in_all_streams_and_across_pieces() {
    let logged = one_job().await;
    for (stream, text) in [
        (StreamKind::Stdout, "$ make\nfine\n\x1b[31mEr"),
        (StreamKind::Stdout, "r\x1b[0mor: grün\n"),
        (StreamKind::Stderr, "no error, no ERROR\n"),
        (StreamKind::System, "last error"),
    ] {
        logged.print(0, stream, text).await;
    }
    let found = logged.json(&format!("{LOG}/search?q=ERROR")).await;
    let expected = json!({"items": [
        {"line": 2, "offset": 12, "stream": "stdout", "text": "Error: grün", "column": 0, "cut": 0},
        {"line": 3, "offset": 34, "stream": "stderr", "text": "no error, no ERROR", "column": 3, "cut": 0},
        {"line": 4, "offset": 53, "stream": "system", "text": "last error", "column": 5, "cut": 0},
    ], "is_whole": false});
    assert_eq!(found, expected);
    assert_eq!(lines(&logged.json(&format!("{LOG}/search?q=error&line=3")).await), [3, 4]);
    assert_eq!(lines(&logged.json(&format!("{LOG}/search?q=GR%C3%9CN")).await), [2]);
    assert_eq!(lines(&logged.json(&format!("{LOG}/search?q=error&line=100")).await), [] as [u64; 0]);
    let first = logged.json(&format!("{LOG}/search?q=error&limit=1")).await;
    assert_eq!((lines(&first), &first["next_line"]), (vec![2], &json!(3)));
    logged.end(0).await;
    let nothing = logged.json(&format!("{LOG}/search?q=nothing&attempt=1")).await;
    assert_eq!(nothing, json!({"items": [], "is_whole": true}));
}

#[tokio::test]
async fn what_cannot_be_looked_for_is_refused() {
    let logged = one_job().await;
    for (query, status) in [
        ("", StatusCode::BAD_REQUEST),
        ("?q=", StatusCode::UNPROCESSABLE_ENTITY),
        (&*format!("?q={}", "x".repeat(201)), StatusCode::UNPROCESSABLE_ENTITY),
        (&*format!("?q={}", "%C3%A4".repeat(200)), StatusCode::OK),
        ("?q=x&limit=x", StatusCode::BAD_REQUEST),
        ("?q=x&other=x", StatusCode::BAD_REQUEST),
        ("?q=%00", StatusCode::BAD_REQUEST),
        ("?q=x&attempt=2", StatusCode::NOT_FOUND),
        ("?q=x&line=18446744073709551615", StatusCode::OK),
    ] {
        let answered = logged.get(&format!("{LOG}/search{query}")).await;
        assert_eq!(answered.status, status, "{query}");
    }
    let none = logged.get("pipelines/1/jobs/1/log/search?q=x").await;
    assert_eq!(none.status, StatusCode::NOT_FOUND);
}

/// An answer costs a part of the log only, and says where to go on, also from within a line that is longer than that.
#[tokio::test]
async fn a_long_log_is_looked_through_in_parts() {
    let logged = one_job().await;
    let line = [&[b'x'; 1023][..], b"\n"].concat();
    let lines_of = |many: usize| Bytes::from(line.repeat(many));
    let megabytes = async |many: usize| {
        for _ in 0..many * 16 {
            logged.print(0, StreamKind::Stdout, lines_of(64)).await;
        }
    };
    megabytes(12).await;
    logged.print(0, StreamKind::Stdout, "needle 1\n").await;
    for _ in 0..(20 << 20) / MAX_PIECE_BYTES {
        logged.print(0, StreamKind::Stdout, Bytes::from(vec![b'y'; MAX_PIECE_BYTES])).await;
    }
    logged.print(0, StreamKind::Stdout, "\nneedle 2\n").await;
    logged.end(0).await;
    let (mut line, mut found, mut answers) = (0, Vec::new(), 0);
    loop {
        let told = logged.json(&format!("{LOG}/search?q=needle&line={line}")).await;
        found.extend(lines(&told));
        answers += 1;
        let Some(next) = told["next_line"].as_u64() else { break };
        assert!(next > line);
        line = next;
    }
    let first = 12 * 1024;
    assert_eq!(found, [first, first + 2]);
    assert!((3..=6).contains(&answers), "{answers} answers");
}

#[tokio::test]
async fn the_items_of_a_script_are_told_where_they_begin() {
    let logged = one_job().await;
    let commands = async || logged.json(&format!("{LOG}/commands")).await;
    assert_eq!(commands().await, json!({"items": [], "is_whole": false}));
    for (stream, text) in [
        (StreamKind::Stdout, "$ make\n"),
        (StreamKind::Stderr, "warning: $ make test\n"),
        (StreamKind::Stdout, "$ make test\n$ if x; then\n"),
        (StreamKind::Stdout, ">  y\n> fi\nno end of line"),
        (StreamKind::Stdout, "$ make test\ndone\n"),
    ] {
        logged.print(0, stream, text).await;
    }
    let told = commands().await;
    let places: Vec<_> = told["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| {
            assert!(item["at"].as_str().unwrap().ends_with('Z'));
            json!([item["item"], item["line"], item["offset"], item["text"]])
        })
        .collect();
    let expected = [json!([0, 0, 0, "make"]), json!([1, 3, 40, "if x; then\n y\nfi"]), json!([2, 6, 77, "make test"])];
    assert_eq!(places, expected);
    assert!(told.get("next_line").is_none());
    let rest = logged.json(&format!("{LOG}/commands?line=4&item=2")).await;
    assert_eq!(rest["items"], json!([told["items"][2]]));
}

#[tokio::test]
async fn the_items_of_a_long_log_are_told_in_parts() {
    let logged = one_job().await;
    logged.print(0, StreamKind::Stdout, "$ make\n").await;
    let line = [&[b'x'; 1023][..], b"\n"].concat();
    for _ in 0..34 * 16 {
        logged.print(0, StreamKind::Stdout, Bytes::from(line.repeat(64))).await;
    }
    logged.print(0, StreamKind::Stdout, "$ if x; then\n>  y\n> fi\n$ make test\n").await;
    let first = logged.json(&format!("{LOG}/commands")).await;
    assert_eq!((lines(&first), &first["next_item"]), (vec![0], &json!(1)));
    let line = first["next_line"].as_u64().unwrap();
    let rest = logged.json(&format!("{LOG}/commands?line={line}&item=1")).await;
    assert_eq!(lines(&rest), [34 * 1024 + 1, 34 * 1024 + 4]);
    assert!(rest.get("next_line").is_none());
}

/// Deployment 1 of the shop has printed this.
async fn deployment(logged: &Logged, text: &str) {
    let store: &dyn DeploymentStore = &*logged.world.store;
    let claimant =
        Claimant { instance: InstanceId::new("runner"), driving: Vec::new(), lease: Duration::from_hours(1) };
    let environment = "production".to_owned();
    let new = NewDeployment {
        id: DeploymentId::generate(),
        target: Target { project: logged.world.project.name.clone(), environment, host: "local".to_owned() },
        commit: CommitId::new("c".repeat(40)),
        spec: DeploymentSpec::new(),
        settings: DeploymentSettings::new("/srv/shop.git".to_owned(), TargetSettings::new(Reach::Local)),
        pipeline: None,
        at: now(),
        idempotency_key: None,
    };
    let id = store.accept(new, None).await.unwrap().id;
    let claim = store.claim(&claimant, Some(id)).await.unwrap().unwrap();
    let (raw, stream, bytes) = (LogPositions::default(), StreamKind::System, Bytes::copy_from_slice(text.as_bytes()));
    let piece = LogAppend { offset: 0, stream, bytes, at: now(), raw, dropped: 0 };
    store.append_log(&claim, &[piece]).await.unwrap();
}

#[tokio::test]
async fn a_deployments_log_is_told_and_searched_as_a_jobs() {
    let logged = one_job().await;
    deployment(&logged, "one\ntwo\nthree").await;
    let told = logged.json("deployments/1/log/pieces?line=1").await;
    assert_eq!((&told["lines"], &told["bytes"], &told["is_whole"]), (&json!(3), &json!(13), &json!(false)));
    assert_eq!(told["items"][0]["text"], "two\nthree");
    assert_eq!(told["items"][0]["stream"], "system");
    let found = logged.json("deployments/1/log/search?q=T").await;
    assert_eq!(lines(&found), [1, 2]);
    assert_eq!(logged.get("deployments/1/log").await.body, b"one\ntwo\nthree");
    for path in ["log", "log/pieces", "log/search?q=x"] {
        assert_eq!(logged.get(&format!("deployments/2/{path}")).await.status, StatusCode::NOT_FOUND);
    }
}
