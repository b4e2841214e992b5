//! The logs of deployments.

use imt_core::feed::{DeploymentFeed, DeploymentObservation, DeploymentPosition};
use imt_core::ports::{DeploymentClaim, LogAppend, LogEnd, LogFrom, LogPage, LogPositions, StreamKind, Warn};

use super::*;

fn line(text: &str) -> Note {
    Note::Line(text.into())
}

impl World {
    async fn log(&self, id: DeploymentId) -> LogPage {
        DeploymentStore::read_log(&*self.store, id, LogFrom::Offset(0), 1 << 20).await.expect("read_log")
    }

    async fn text(&self, id: DeploymentId) -> String {
        self.text_of(id, |_| true).await
    }

    /// What was said in some of the streams.
    async fn text_of(&self, id: DeploymentId, wanted: impl Fn(StreamKind) -> bool) -> String {
        let chunks = self.log(id).await.chunks.into_iter().filter(|chunk| wanted(chunk.stream));
        String::from_utf8(chunks.flat_map(|chunk| chunk.bytes).collect()).expect("text")
    }

    /// Deploys until this is stored in the log, then drops everything at once.
    async fn deploy_until(&self, id: DeploymentId, stage: &Arc<Stage>, seen: &str) {
        let stored = async {
            while !self.text(id).await.contains(seen) {
                tokio::task::yield_now().await;
            }
        };
        let deploying = self.deployer.deploy(NewDeployment { id, ..new() }, Arc::clone(stage) as _);
        tokio::select! {
            outcome = deploying => panic!("it hangs: {outcome:?}"),
            () = stored => {}
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_log_says_which_step_it_is_what_it_said_and_how_it_ended() {
    let notes = vec![Note::Open("build web".into()), line("layer 1"), Note::Close(Duration::from_secs(2))];
    let (world, stage) = (world(), Stage::with([(Step::Publish, Script::Says(notes)), (Step::Up, Script::Fails)]));
    let outcome = world.deploy(&stage).await.unwrap();
    let text = world.text(outcome.id).await;
    let publish = "publish …\nbuild web …\nlayer 1\n  done in 2.0 s\npublish: done in 0.0 s\n";
    assert!(text.contains(publish), "{text}");
    assert!(text.contains("up: failed after 0.0 s (up_failed): the test says so\n"), "{text}");
    assert!(text.ends_with("ended: failed (up_failed): the test says so\n"), "{text}");
    let of_steps = world.text_of(outcome.id, |stream| stream == StreamKind::Stdout).await;
    assert_eq!(of_steps, "build web …\nlayer 1\n  done in 2.0 s\n", "all else is the engine's");
    let end = world.log(outcome.id).await.end.expect("the log is whole");
    assert_eq!((end.bytes, end.lines, end.dropped), (text.len() as u64, text.lines().count() as u64, 0));
}

#[tokio::test(start_paused = true)]
async fn after_a_crash_the_log_goes_on_where_it_stands() {
    let id = DeploymentId::generate();
    let (world, stage) = (world(), Stage::with([(Step::Up, Script::SaysAndHangs(vec![line("one"), line("two")]))]));
    world.deploy_until(id, &stage, "two\n").await;
    let before = world.text(id).await;
    stage.scripts().insert(Step::Up, Script::Says(vec![line("three")]));
    world.deployer.drive(id, Arc::clone(&stage) as _).await.unwrap();
    let after = world.text(id).await;
    let rest = after.strip_prefix(&before).expect("nothing of it is lost");
    assert!(rest.starts_with("going on, by one\nthree\nup: done in "), "{rest}");
    assert!(rest.ends_with("ended: success\n"), "{rest}");
}

#[tokio::test(start_paused = true)]
async fn a_log_that_an_earlier_life_has_finished_stays_as_it_is() {
    let id = DeploymentId::generate();
    let (world, stage) = (world(), Stage::with([(Step::Unlock, Script::SaysAndHangs(vec![line("one")]))]));
    world.deploy_until(id, &stage, "one\n").await;
    let claim = DeploymentStore::claim(&*world.store, &claimant("one"), Some(id)).await.unwrap().unwrap();
    let page = world.log(id).await;
    let text = world.text(id).await;
    let (bytes, lines) = (text.len() as u64, text.lines().count() as u64);
    let end = LogEnd { bytes, lines, dropped: 0, checksum: *blake3::hash(text.as_bytes()).as_bytes() };
    DeploymentStore::finish_log(&*world.store, &claim, end).await.unwrap();
    stage.scripts().insert(Step::Unlock, Script::Says(vec![line("two")]));
    let outcome = world.deployer.drive(id, Arc::clone(&stage) as _).await.unwrap();
    assert_eq!(outcome.end.status, DeploymentStatus::Success);
    assert_eq!(world.log(id).await, LogPage { end: Some(end), ..page });
}

#[tokio::test(start_paused = true)]
async fn a_secret_that_is_cut_over_two_notes_is_masked() {
    // Lines so short are not masked by themselves.
    let notes = vec![line("the key is abcd"), line("efgh, and ab"), line("cd"), line("efg")];
    let (world, stage) = (world(), Stage::with([(Step::Publish, Script::Says(notes))]));
    stage.secrets.lock().unwrap().push(Secret::new("abcd\nefgh"));
    let outcome = world.deploy(&stage).await.unwrap();
    let text = world.text(outcome.id).await;
    assert!(text.contains("publish …\nthe key is ***, and ab\ncd\nefg\npublish: done"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn what_a_step_has_learned_is_seen_nowhere() {
    let secret = Secret::new("correct horse");
    let said = vec![line("so it was correct horse")];
    let (world, stage) =
        (world(), Stage::with([(Step::Pull, Script::Betrays(secret)), (Step::Unlock, Script::Says(said))]));
    let outcome = world.deploy(&stage).await.unwrap();
    let told = format!("{outcome:?} {:?} {}", world.changes(outcome.id).await, world.text(outcome.id).await);
    assert!(!told.contains("correct horse"), "{told}");
    assert!(told.contains("the key is ***") && told.contains("so it was ***"), "{told}");
}

#[tokio::test(start_paused = true)]
async fn what_a_step_learns_is_masked_in_what_it_says_next() {
    let said = vec![line("logged in with correct horse"), line("and again: correct horse")];
    let script = Script::LearnsAndSays(Secret::new("correct horse"), said);
    let (world, stage) = (world(), Stage::with([(Step::Pull, script)]));
    let outcome = world.deploy(&stage).await.unwrap();
    let text = world.text(outcome.id).await;
    assert!(text.contains("pull …\nlogged in with ***\nand again: ***\npull: done"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn output_past_the_cap_is_counted_and_marked_and_the_deployment_goes_on() {
    let notes = (0..100).map(|n| line(&format!("line {n:03}"))).collect();
    let (mut world, stage) = (world(), Stage::with([(Step::Publish, Script::Says(notes))]));
    world.deployer = world.deployer.log_cap_bytes(20);
    let outcome = world.deploy(&stage).await.unwrap();
    assert_eq!(outcome.end.status, DeploymentStatus::Success);
    let text = world.text(outcome.id).await;
    assert!(text.contains("publish …\nline 000\nline 001\nli\npublish: done"), "{text}");
    assert!(text.ends_with("log limit reached: 880 further bytes of the steps' output were dropped\n"), "{text}");
    assert!(text.contains("ended: success\n"), "what the engine says has no limit: {text}");
    assert_eq!(world.log(outcome.id).await.end.map(|end| end.dropped), Some(880));
}

#[tokio::test(start_paused = true)]
async fn whoever_loses_the_claim_writes_no_more() {
    let id = DeploymentId::generate();
    let (world, stage) = (world(), Stage::with([(Step::Pull, Script::SaysAndHangs(vec![line("one")]))]));
    let taking_over = async {
        while !world.text(id).await.contains("one\n") {
            tokio::task::yield_now().await;
        }
        let successor = DeploymentStore::claim(&*world.store, &claimant("one"), Some(id)).await.unwrap().unwrap();
        let offset = DeploymentStore::log_cursor(&*world.store, id).await.unwrap().offset;
        let piece = LogAppend {
            offset,
            stream: StreamKind::System,
            bytes: "mine\n".into(),
            at: Timestamp::from_micros(1),
            raw: LogPositions::default(),
            dropped: 0,
        };
        DeploymentStore::append_log(&*world.store, &successor, &[piece]).await.unwrap();
    };
    let deploying = world.deployer.deploy(NewDeployment { id, ..new() }, Arc::clone(&stage) as _);
    let (outcome, ()) = tokio::join!(deploying, taking_over);
    assert!(matches!(outcome, Err(EngineError::ClaimLost(_))), "{outcome:?}");
    let text = world.text(id).await;
    assert!(text.ends_with("pull …\none\nmine\n"), "{text}");
}

/// Longer than a test may take: what comes earlier came by a ring.
const NEVER: Duration = Duration::from_hours(1);

impl World {
    fn feed(&self, id: DeploymentId, position: DeploymentPosition) -> DeploymentFeed {
        DeploymentFeed::resume(Arc::clone(&self.store) as _, id, position).with_poll_interval(NEVER)
    }
}

#[tokio::test(start_paused = true)]
async fn a_deployment_is_followed_live_to_its_end_and_from_wherever_a_reader_stopped() {
    let id = DeploymentId::generate();
    let (world, stage) = (world(), Stage::with([(Step::Up, Script::Says(vec![line("one"), line("two")]))]));
    let begun = tokio::time::Instant::now();
    let following = async {
        let (mut feed, mut seen) = (world.feed(id, DeploymentPosition::default()), Vec::new());
        while let Some(next) = feed.next().await.unwrap() {
            seen.push((feed.position(), next));
        }
        seen
    };
    let deploying = world.deployer.deploy(NewDeployment { id, ..new() }, Arc::clone(&stage) as _);
    let (seen, outcome, waited) = tokio::join!(following, deploying, async {
        while world.deployer.outcome(id).await.is_err() {
            tokio::task::yield_now().await;
        }
        world.deployer.wait(id).await.unwrap()
    });
    assert_eq!(waited, outcome.unwrap());
    assert!(begun.elapsed() < NEVER, "somebody rang");
    let all = |seen: &[(DeploymentPosition, DeploymentObservation)]| {
        let (mut text, mut changes) = (Vec::new(), Vec::new());
        for (_, seen) in seen {
            match seen {
                DeploymentObservation::Log(chunk) => text.extend_from_slice(&chunk.bytes),
                DeploymentObservation::Event(event) => changes.push(event.change.clone()),
            }
        }
        (String::from_utf8(text).unwrap(), changes)
    };
    assert_eq!(all(&seen), (world.text(id).await, world.changes(id).await));
    let (last, before) = seen.split_last().unwrap();
    let ends = |seen: &DeploymentObservation| matches!(seen, DeploymentObservation::Event(e) if matches!(e.change.kind, ChangeKind::Ended { .. }));
    assert!(ends(&last.1), "the log is whole before the end: {last:?}");
    for (at, (position, _)) in before.iter().enumerate() {
        let (mut feed, mut rest) = (world.feed(id, *position), Vec::new());
        while let Some(next) = feed.next().await.unwrap() {
            rest.push((feed.position(), next));
        }
        let (head, whole) = (all(&seen[..=at]), all(&seen));
        let (text, changes) = all(&rest);
        assert_eq!((head.0 + &text, [head.1, changes].concat()), whole, "from {position:?} on");
    }
}

#[tokio::test(start_paused = true)]
async fn a_log_that_the_store_does_not_take_is_warned_of_and_ends_nothing() {
    let id = DeploymentId::generate();
    let (mut world, stage) = (world(), Stage::with([(Step::Publish, Script::LastsUntilStopped)]));
    let heard = Arc::new(Mutex::new(Vec::new()));
    let ears = Arc::clone(&heard);
    world.deployer = world.deployer.on_warning(Warn::new(move |text| ears.lock().unwrap().push(text.to_owned())));
    let closing = async {
        while !world.text(id).await.ends_with("publish …\n") {
            tokio::task::yield_now().await;
        }
        let text = world.text(id).await;
        let (bytes, lines) = (text.len() as u64, text.lines().count() as u64);
        let end = LogEnd { bytes, lines, dropped: 0, checksum: *blake3::hash(text.as_bytes()).as_bytes() };
        let theirs = DeploymentClaim { deployment: id, instance: InstanceId::new("one"), token: 1, lease: LEASE };
        DeploymentStore::finish_log(&*world.store, &theirs, end).await.unwrap();
        world.deployer.cancel(id).await.unwrap();
    };
    let deploying = world.deployer.deploy(NewDeployment { id, ..new() }, Arc::clone(&stage) as _);
    let (outcome, ()) = tokio::join!(deploying, closing);
    assert_eq!(outcome.unwrap().end.status, DeploymentStatus::Cancelled);
    let heard = heard.lock().unwrap();
    assert!(heard.len() == 1 && heard[0].contains("its log is not whole"), "{heard:?}");
}
