//! Deliveries in a crowd, with the server killed in between: what was answered with success has exactly one pipeline.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use imt_e2e::dice::{Dice, number};
use imt_e2e::repository::Repository;
use imt_e2e::server::{Client, Hook, RunningServer, ServerHost};
use imt_e2e::wait::{until_holds, within};
use rustix::process::Signal;
use serde_json::json;
use ureq::http::Method;

/// How many hosts send at once.
const SENDERS: usize = 8;
/// How often the server is killed.
const KILLS: usize = 4;

/// Tells of a push to a branch of its own; whether it was answered with success.
fn deliver(client: &Client, hook: &Hook, nth: usize, commit: &str) -> bool {
    hook.tell(client, &format!("delivery-{nth}"), &format!("b{nth}"), commit)
}

/// How many pipelines each branch has.
fn by_branch(client: &Client) -> BTreeMap<String, usize> {
    let (mut found, mut cursor) = (BTreeMap::new(), String::new());
    loop {
        let listed = client.get(&format!("/api/v1/projects/shop/pipelines?limit=100{cursor}"));
        for pipeline in listed["items"].as_array().expect("a list") {
            *found.entry(pipeline["branch"].as_str().expect("a branch").to_owned()).or_default() += 1;
        }
        let Some(next) = listed["next"].as_str() else { return found };
        cursor = format!("&cursor={next}");
    }
}

/// Whether something has come of each delivery; those that came last, which take longest, are looked at first.
fn all_settled(client: &Client) -> bool {
    let mut cursor = String::new();
    loop {
        let listed = client.get(&format!("/api/v1/projects/shop/deliveries?limit=100{cursor}"));
        let items = listed["items"].as_array().expect("a list");
        if items.iter().any(|delivery| delivery["state"]["state"] == "open") {
            return false;
        }
        let Some(next) = listed["next"].as_str() else { return true };
        cursor = format!("&cursor={next}");
    }
}

#[test]
fn what_was_answered_with_success_has_exactly_one_pipeline_whatever_happens_to_the_server() {
    let count = usize::try_from(number("IMT_WEBHOOKS", 200)).expect("a count");
    let host = ServerHost::new(&["--runners", "0"]);
    let repository = Repository::new("imt-e2e-webhooks.");
    repository.write("pipeline.yml", "jobs: { unit: { script: true } }\n");
    let commit = repository.commit();
    let mut server = host.start(0);
    let (port, token) = (server.port(), host.token());
    let client = server.client(&token);
    let made = client.call(
        &Method::POST,
        "/api/v1/projects",
        Some(&json!({"name": "shop", "repo_url": repository.path()})),
        201,
    );
    let hook = Hook::of(&made);
    let next = AtomicUsize::new(0);
    // The last server comes out again: it has to outlive the senders.
    let server = thread::scope(|scope| {
        for _ in 0..SENDERS {
            scope.spawn(|| {
                loop {
                    let nth = next.fetch_add(1, Ordering::Relaxed);
                    if nth >= count {
                        return;
                    }
                    // Who gets no answer sends the same again.
                    until_holds("it is taken", Duration::from_mins(2), || deliver(&client, &hook, nth, &commit));
                }
            });
        }
        let mut dice = Dice::new(imt_e2e::dice::seed());
        for kill in 1..=KILLS {
            let due = count * kill / (KILLS + 1);
            until_holds("deliveries", Duration::from_mins(2), || next.load(Ordering::Relaxed) >= due);
            thread::sleep(dice.below(Duration::from_millis(30)));
            server.signal(Signal::KILL);
            drop(server);
            server = host.start(port);
        }
        server
    });
    until_holds("all deliveries are worked on", Duration::from_mins(3), || all_settled(&client));
    let found = by_branch(&client);
    let branches: BTreeMap<String, usize> = (0..count).map(|nth| (format!("b{nth}"), 1)).collect();
    assert_eq!(found, branches, "each delivery has one pipeline");
    drop(server);
}

/// How things stand where something has not come: what is open, what the repository answered, what the server warned of.
fn state(server: RunningServer, client: &Client) -> String {
    let looked = client.get("/api/v1/projects/shop/reconcile");
    let listed = client.get("/api/v1/projects/shop/deliveries?limit=100");
    let items = listed["items"].as_array().expect("a list").iter();
    let open: Vec<String> =
        items.filter(|delivery| delivery["state"]["state"] == "open").map(ToString::to_string).collect();
    server.signal(Signal::TERM);
    let log = server.finish().stderr;
    let warnings: Vec<&str> = log.lines().filter(|line| !line.contains("\"INFO\"")).take(50).collect();
    format!("the repository: {looked}\nopen: {}\nwarnings: {}", open.join("\n"), warnings.join("\n"))
}

/// Waits until the repository has been asked, and answers since when pushes to it are found.
fn looked_at(client: &Client) -> String {
    let mut since = None;
    until_holds("the repository is asked", Duration::from_mins(1), || {
        since = client.get("/api/v1/projects/shop/reconcile")["since"].as_str().map(str::to_owned);
        since.is_some()
    });
    since.expect("a time")
}

#[test]
fn what_nobody_took_is_found_by_asking_the_repository() {
    let count = usize::try_from(number("IMT_WEBHOOKS", 200)).expect("a count");
    let host = ServerHost::new(&["--runners", "0"]);
    let repository = Repository::new("imt-e2e-missed.");
    repository.write("pipeline.yml", "jobs: { unit: { script: true } }\n");
    let commit = repository.commit();
    let mut server = host.start(0);
    let (port, token) = (server.port(), host.token());
    let client = server.client(&token);
    let order = json!({"name": "shop", "repo_url": repository.path()});
    let made = client.call(&Method::POST, "/api/v1/projects", Some(&order), 201);
    let hook = Hook::of(&made);
    let since = looked_at(&client);

    // Each is pushed, and told of once, whoever listens.
    let (next, answered) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let server = thread::scope(|scope| {
        for _ in 0..SENDERS {
            scope.spawn(|| {
                loop {
                    let nth = next.fetch_add(1, Ordering::Relaxed);
                    if nth >= count {
                        return;
                    }
                    repository.branch(&format!("b{nth}"), &commit);
                    answered.fetch_add(usize::from(deliver(&client, &hook, nth, &commit)), Ordering::Relaxed);
                }
            });
        }
        let mut dice = Dice::new(imt_e2e::dice::seed());
        for kill in 1..=KILLS {
            let due = count * kill / (KILLS + 1);
            until_holds("deliveries", Duration::from_mins(2), || next.load(Ordering::Relaxed) >= due);
            thread::sleep(dice.below(Duration::from_millis(30)));
            server.signal(Signal::KILL);
            drop(server);
            server = host.start(port);
        }
        server
    });
    assert!(answered.into_inner() < count, "none was missed: nothing is tried");
    // And one while nobody is there at all, told of too late.
    server.signal(Signal::KILL);
    drop(server);
    repository.branch(&format!("b{count}"), &commit);
    let server = host.start(port);
    let mut branches = BTreeMap::new();
    let came = within(Duration::from_mins(3), || {
        branches = by_branch(&client);
        (branches.len() > count && all_settled(&client)).then_some(())
    });
    let Some(()) = came else {
        panic!("in 3 minutes {} of {} pushes have a pipeline; {}", branches.len(), count + 1, state(server, &client));
    };
    for nth in [0, count / 2, count] {
        assert!(deliver(&client, &hook, nth, &commit), "the host tells of it again");
    }
    client.call(&Method::POST, "/api/v1/projects/shop/reconcile", None, 202);
    until_holds("all is settled", Duration::from_mins(1), || all_settled(&client));
    let expected: BTreeMap<String, usize> = (0..=count).map(|nth| (format!("b{nth}"), 1)).collect();
    assert_eq!(by_branch(&client), expected, "each push has one pipeline, and `main` was there before");
    assert_eq!(looked_at(&client), since);
    drop(server);
}

/// How long a burst lasts at least: a millisecond for each of 10,000 is ten seconds.
const SHORTEST: Duration = Duration::from_secs(3);

/// What became of a burst's deliveries.
struct Burst {
    /// Those that were answered with success, and after how long.
    answered: Vec<(usize, Duration)>,
    /// Since when, by the same clock, the server was dead, and until when it was back.
    away: (Duration, Duration),
    took: Duration,
}

/// Each is told of once, when its time comes whoever listens, and the server is killed when a third was.
fn burst(
    count: usize,
    host: &ServerHost,
    server: RunningServer,
    tell: impl Fn(usize) -> bool + Sync,
) -> (Burst, RunningServer) {
    let (port, next, began) = (server.port(), AtomicUsize::new(0), Instant::now());
    let number_of = |nth: usize| u32::try_from(nth).expect("not that many");
    let each = (SHORTEST / number_of(count)).max(Duration::from_millis(1));
    thread::scope(|scope| {
        let (next, tell) = (&next, &tell);
        let send = move || {
            let nths = std::iter::from_fn(|| Some(next.fetch_add(1, Ordering::Relaxed)).filter(|nth| *nth < count));
            let nths = nths.inspect(|nth| thread::sleep((each * number_of(*nth)).saturating_sub(began.elapsed())));
            let answered: Vec<(usize, Duration)> =
                nths.filter(|nth| tell(*nth)).map(|nth| (nth, began.elapsed())).collect();
            (answered, began.elapsed())
        };
        let senders: Vec<_> = (0..SENDERS).map(|_| scope.spawn(send)).collect();
        until_holds("a third is told of", Duration::from_mins(2), || next.load(Ordering::Relaxed) >= count / 3);
        let dead = began.elapsed();
        server.signal(Signal::KILL);
        drop(server);
        let server = host.start(port);
        let away = (dead, began.elapsed());
        let (mut answered, mut took) = (Vec::new(), Duration::ZERO);
        for sender in senders {
            let (of_it, until) = sender.join().expect("a sender");
            answered.extend(of_it);
            took = took.max(until);
        }
        (Burst { answered, away, took }, server)
    })
}

#[test]
fn of_a_burst_that_a_server_dies_in_nothing_is_lost_or_doubled() {
    let count = usize::try_from(number("IMT_WEBHOOKS", 200)).expect("a count");
    let host = ServerHost::new(&["--runners", "0"]);
    let repository = Repository::new("imt-e2e-burst.");
    repository.write("pipeline.yml", "jobs: { unit: { script: true } }\n");
    let commit = repository.commit();
    let server = host.start(0);
    let client = server.client(&host.token());
    let order = json!({"name": "shop", "repo_url": repository.path()});
    let hook = Hook::of(&client.call(&Method::POST, "/api/v1/projects", Some(&order), 201));
    looked_at(&client);
    repository.branches((0..count).map(|nth| format!("b{nth}")), &commit);

    let (burst, server) = burst(count, &host, server, |nth| deliver(&client, &hook, nth, &commit));
    let before = burst.answered.iter().filter(|(_, at)| *at <= burst.away.0).count();
    let after = burst.answered.len() - before;
    assert!(burst.answered.len() < count, "none was missed: nothing is tried");
    client.call(&Method::POST, "/api/v1/projects/shop/reconcile", None, 202);
    let patience = Duration::from_mins(3) + Duration::from_millis(100) * u32::try_from(count).expect("a count");
    let settling = Instant::now();
    let mut found = BTreeMap::new();
    until_holds("all pushes have come to something", patience, || {
        // Looking is work for the server, too.
        thread::sleep(Duration::from_millis(200));
        all_settled(&client) && {
            found = by_branch(&client);
            found.len() == count
        }
    });
    let settled = settling.elapsed();
    assert!(burst.answered.iter().all(|(nth, _)| found.contains_key(&format!("b{nth}"))));
    assert_eq!(found.values().max(), Some(&1), "each push has one pipeline, and `main` was there before");
    eprintln!(
        "{count} deliveries in {:.1?}, the server away from {:.1?} to {:.1?}: {before} answered before, {after} after, \
         {} found by asking; all have one pipeline {settled:.1?} later",
        burst.took,
        burst.away.0,
        burst.away.1,
        count - burst.answered.len(),
    );
    drop(server);
}
