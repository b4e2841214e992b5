//! Two servers and three runners on one PostgreSQL, each killed time after time: what was accepted is run, once, and whoever
//! follows it hears all of it, once.
//!
//! `IMT_FLEET_ROUNDS` is how often each of the five is killed, `IMT_FLEET_CALLERS` how many hand pipelines in side by side.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use imt_e2e::dice::{Dice, number, seed};
use imt_e2e::fleet::{ALL, Caller, Fleet};
use imt_e2e::records::Records;
use imt_e2e::repository::Repository;
use imt_e2e::runner::numbered;
use imt_e2e::server::{Heard, Hook, PIPELINE};
use imt_e2e::wait::until;
use serde_json::{Value, json};
use ureq::http::Method;

const PIPELINES: &str = "/api/v1/projects/shop/pipelines";
const DELIVERIES: &str = "/api/v1/projects/shop/deliveries";
/// How many lines each pipeline prints.
const LINES: u32 = 30;
const SCRIPT: &str = r#"for n in $(seq 0 29); do echo "$IMT_BRANCH $n"; sleep 0.03; done"#;
/// A server that was killed keeps what it worked on for half a minute; a pipeline that was lost again and again takes its time.
const PATIENCE: Duration = PIPELINE.saturating_mul(2);

/// What is to be killed next, each once in a round.
fn shuffled(dice: &mut Dice) -> Vec<usize> {
    let mut order: Vec<usize> = (0..ALL).collect();
    for last in (1..ALL).rev() {
        let place = dice.next() % (last as u64 + 1);
        order.swap(last, usize::try_from(place).expect("a place"));
    }
    order
}

/// What a follower has heard, from whichever server.
#[derive(Default)]
struct Followed {
    /// By attempt.
    logs: BTreeMap<u64, String>,
    events: BTreeSet<u64>,
    position: Option<Value>,
    /// How often it went on elsewhere.
    moves: u64,
}

impl Followed {
    /// Takes what was said; whether it was the end.
    fn hear(&mut self, said: &Value) -> bool {
        match said["type"].as_str().expect("a type") {
            "end" => return true,
            "event" => {
                let event = said["position"]["event"].as_u64().expect("a number");
                assert!(self.events.insert(event), "an event came twice: {said}");
            }
            "log" => {
                let log = self.logs.entry(said["attempt"].as_u64().expect("a number")).or_default();
                assert_eq!(
                    said["offset"].as_u64(),
                    u64::try_from(log.len()).ok(),
                    "a byte is missing or doubled: {said}"
                );
                log.push_str(said["text"].as_str().expect("text"));
            }
            _ => panic!("it cannot be followed: {said}"),
        }
        self.position = Some(said["position"].clone());
        false
    }

    /// Hears what one server says until the end (`Some`), or until there has been enough of it or it is gone.
    fn listen(&mut self, caller: &Caller, pipeline: u64, enough: u64) -> Option<()> {
        let mut socket = caller.client().try_socket().ok()?;
        let follow =
            json!({"type": "follow", "id": 1, "project": "shop", "pipeline": pipeline, "position": self.position});
        socket.try_say(&follow).ok()?;
        for _ in 0..enough {
            match socket.try_hear() {
                Ok(Heard::Said(said)) if self.hear(&said) => return Some(()),
                Ok(Heard::Said(_)) => {}
                Ok(Heard::Closed(_)) | Err(_) => break,
            }
        }
        None
    }

    /// All of a pipeline, from one server and the other.
    fn to_the_end(caller: &mut Caller, pipeline: u64, dice: &mut Dice) -> Self {
        let mut followed = Self::default();
        until(&format!("the end of pipeline {pipeline}"), PATIENCE, || {
            let end = followed.listen(caller, pipeline, 5 + dice.next() % 40);
            if end.is_none() {
                caller.go_on();
                followed.moves += u64::from(followed.position.is_some());
            }
            end
        });
        followed
    }
}

/// What a stream of pipelines came to.
#[derive(Default)]
struct Stream {
    is_over: AtomicBool,
    begun: AtomicU64,
    told: AtomicU64,
    moves: AtomicU64,
    attempts: AtomicU64,
    /// The number of the pipeline of each branch.
    accepted: Mutex<BTreeMap<String, u64>>,
}

/// Ends a stream, also when a test fails.
struct Ending<'a>(&'a AtomicBool);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl Stream {
    /// One pipeline after the other, each of a branch of its own, until it is enough.
    fn hand_in(&self, caller: &mut Caller, hook: &Hook, commit: &str, mut dice: Dice) {
        while !self.is_over.load(Ordering::SeqCst) {
            let nth = self.begun.fetch_add(1, Ordering::SeqCst);
            let branch = format!("b{nth}");
            let pipeline = if dice.next().is_multiple_of(2) {
                by_call(caller, &branch, commit, &mut dice)
            } else {
                self.told.fetch_add(1, Ordering::SeqCst);
                by_push(caller, hook, &branch, commit, &mut dice)
            };
            self.accepted.lock().expect("nobody panics").insert(branch.clone(), pipeline);
            let followed = Followed::to_the_end(caller, pipeline, &mut dice);
            self.moves.fetch_add(followed.moves, Ordering::SeqCst);
            self.attempts.fetch_add(assert_heard_all(caller, pipeline, &branch, &followed), Ordering::SeqCst);
        }
    }
}

/// The pipeline that a call starts, which is now and then repeated at the other server.
fn by_call(caller: &mut Caller, branch: &str, commit: &str, dice: &mut Dice) -> u64 {
    let order = json!({"branch": branch, "commit": commit, "idempotency_key": branch});
    let (_, accepted) = caller.call(&Method::POST, PIPELINES, Some(&order));
    if dice.next().is_multiple_of(4) {
        caller.go_on();
        let (status, again) = caller.call(&Method::POST, PIPELINES, Some(&order));
        assert_eq!((status, &again["number"]), (200, &accepted["number"]), "{branch}: it was accepted before");
    }
    accepted["number"].as_u64().expect("a number")
}

/// The pipeline of a push that is told of, now and then to both servers.
fn by_push(caller: &mut Caller, hook: &Hook, branch: &str, commit: &str, dice: &mut Dice) -> u64 {
    for _ in 0..=u64::from(dice.next().is_multiple_of(4)) {
        caller.ask("the push is taken", PATIENCE, |client| hook.tell(client, branch, branch, commit).then_some(()));
        caller.go_on();
    }
    let of_branch = format!("{PIPELINES}?branch={branch}");
    until(&format!("the pipeline of {branch}"), PATIENCE, || {
        let (_, listed) = caller.call(&Method::GET, &of_branch, None);
        listed["items"][0]["number"].as_u64()
    })
}

/// That a pipeline succeeded, and its follower has the log of each attempt as the servers have it; how many attempts there were.
fn assert_heard_all(caller: &mut Caller, pipeline: u64, branch: &str, followed: &Followed) -> u64 {
    let path = format!("{PIPELINES}/{pipeline}");
    let (_, shown) = caller.call(&Method::GET, &path, None);
    assert_eq!((&shown["status"], &shown["branch"]), (&json!("success"), &json!(branch)), "{shown:#}");
    let attempts = shown["jobs"][0]["attempts"].as_array().expect("attempts").len() as u64;
    for attempt in 1..=attempts {
        let (_, log) = caller.call(&Method::GET, &format!("{path}/jobs/0/log?attempt={attempt}"), None);
        let heard = followed.logs.get(&attempt).map_or("", String::as_str);
        assert_eq!(log.as_str().unwrap_or_default(), heard, "{branch}: attempt {attempt}");
    }
    let whole = format!("$ {SCRIPT}\n{}", numbered(branch, LINES));
    assert_eq!(followed.logs.get(&attempts), Some(&whole), "{branch}: {shown:#}");
    attempts
}

/// That each pipeline that was accepted exists once and has succeeded, and each delivery is there once and settled.
fn assert_each_once(caller: &mut Caller, accepted: &BTreeMap<String, u64>, told: u64) {
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let seen =
        |line: &Value| (text(&line["branch"]), line["number"].as_u64().expect("a number"), text(&line["status"]));
    let mut found: Vec<(String, u64, String)> = caller.list(PIPELINES).iter().map(seen).collect();
    found.sort_unstable();
    let expected: Vec<(String, u64, String)> =
        accepted.iter().map(|(branch, number)| (branch.clone(), *number, "success".to_owned())).collect();
    assert_eq!(found, expected, "each exists once, and has succeeded");
    let mut deliveries = Vec::new();
    until("all deliveries are settled", PATIENCE, || {
        deliveries = caller.list(DELIVERIES);
        deliveries.iter().all(|delivery| delivery["state"]["state"] != "open").then_some(())
    });
    assert_eq!(deliveries.len() as u64, told, "each delivery is there once");
}

/// Hands in pipelines while each of all is killed and started again, so many times; what that came to, for people.
fn kill_all_in_turn(records: &Records, rounds: u64, callers: u64, mut dice: Dice) -> String {
    let repository = Repository::new("imt-e2e-fleet.");
    let file = format!("jobs:\n  talk:\n    script:\n      - {SCRIPT}\n    retry: {{ max: 10, on: [lost] }}\n");
    repository.write("pipeline.yml", &file);
    let commit = repository.commit();
    let mut fleet = Fleet::start(records);
    let order = json!({"name": "shop", "repo_url": repository.path()});
    let (_, made) = fleet.caller(0).call(&Method::POST, "/api/v1/projects", Some(&order));
    let hook = Hook::of(&made);

    let (stream, began) = (Stream::default(), Instant::now());
    thread::scope(|scope| {
        for nth in 0..callers {
            let mut caller = fleet.caller(usize::try_from(nth).expect("a number"));
            let (stream, hook, commit, dice) = (&stream, &hook, &commit, Dice::new(dice.next()));
            scope.spawn(move || stream.hand_in(&mut caller, hook, commit, dice));
        }
        let _ending = Ending(&stream.is_over);
        for nth in (0..rounds).flat_map(|_| shuffled(&mut dice)).collect::<Vec<_>>() {
            thread::sleep(dice.below(Duration::from_millis(1_500)));
            fleet.kill(nth);
            thread::sleep(dice.below(Duration::from_secs(1)));
            fleet.start_again(nth);
        }
    });
    let (took, told) = (began.elapsed(), stream.told.into_inner());
    let accepted = stream.accepted.into_inner().expect("nobody panics");
    assert_each_once(&mut fleet.caller(0), &accepted, told);
    fleet.stop();
    let (count, attempts, moves) = (accepted.len() as u64, stream.attempts.into_inner(), stream.moves.into_inner());
    let lost = attempts - count;
    format!(
        "{count} pipelines ({told} by webhook) while {ALL} processes were killed {rounds} times each, in {took:.1?}: \
         {lost} attempts were lost, followers went to the other server {moves} times"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_accepted_is_run_and_heard_once_whoever_is_killed() {
    let records = Records::postgres().await;
    let (rounds, callers) = (number("IMT_FLEET_ROUNDS", 1), number("IMT_FLEET_CALLERS", 6));
    let dice = Dice::new(seed());
    let came_to = tokio::task::spawn_blocking(move || kill_all_in_turn(&records, rounds, callers, dice));
    eprintln!("{}", came_to.await.expect("it holds"));
}
