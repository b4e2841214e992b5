//! PostgreSQL that is restarted while runners are at work and pipelines are handed in: what was acknowledged stays, and
//! nobody has to be restarted.
//!
//! `IMT_RESTARTS` is how often.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use imt_core::id::{AttemptId, InstanceId, JobIndex, PipelineId};
use imt_core::ports::{LogAppend, LogPositions, NewPipeline, RunnerInfo, Store as _, StoreError, StreamKind};
use imt_e2e::dice::{self, Dice};
use imt_e2e::postgres_server::{PostgresServer, Shutdown};
use imt_e2e::records::Records;
use imt_e2e::runner::{Host, Watch, assert_success, now, numbered, percentile, stop};
use imt_e2e::wait::{SOON, pass, until_told};

/// What is promised is 10 s until pipelines end again.
const RECOVERY: Duration = Duration::from_secs(10);
const LINES: u32 = 100;

/// Repeats what is safe to repeat until it is answered.
async fn until_answered<T>(what: &str, mut ask: impl AsyncFnMut() -> Result<T, StoreError>) -> T {
    until_told(what, SOON, async || match ask().await {
        Ok(answer) => Some(answer),
        Err(error) => {
            assert!(error.is_retryable(), "{what}: {error}");
            None
        }
    })
    .await
}

async fn hand_in(watch: &Watch) -> PipelineId {
    let script =
        format!("i=0; while test $i -lt {LINES}; do echo \"$IMT_PIPELINE_ID $i\"; i=$((i + 1)); sleep 0.01; done");
    let plan = watch.plan(&format!("jobs: {{ count: {{ script: '{script}' }} }}"));
    let id = PipelineId::generate();
    until_answered("hand in a pipeline", async || {
        let key = Some(id.to_string());
        let new = NewPipeline { id, plan: plan.clone(), at: now(), idempotency_key: key };
        watch.store.enqueue(new, None).await.map(|enqueued| enqueued.id)
    })
    .await
}

/// Hands in pipelines, each when the one before is over.
async fn submitter(watch: &Watch, over: &AtomicBool) -> Vec<PipelineId> {
    let mut acknowledged = Vec::new();
    while !over.load(Ordering::Relaxed) {
        let pipeline = hand_in(watch).await;
        acknowledged.push(pipeline);
        until_told("the end of a pipeline", SOON, async || watch.store.load(pipeline).await.ok()?.state.ended_at).await;
    }
    acknowledged
}

/// Writes a log of its own, and answers what of it was acknowledged.
async fn writer(watch: &Watch, over: &AtomicBool) -> (AttemptId, String) {
    let plan = watch.plan("runs_on: [nobody]\njobs: { log: { script: 'true' } }");
    let me = RunnerInfo {
        instance: InstanceId::new("writer"),
        labels: vec!["nobody".into()],
        driving: Vec::new(),
        lease: Duration::from_mins(10),
    };
    let new = NewPipeline { id: PipelineId::generate(), plan, at: now(), idempotency_key: None };
    let claim = watch.store.enqueue(new, Some(&me)).await.expect("the store takes it").claim.expect("a claim");
    let attempt = AttemptId { pipeline: claim.pipeline, job: JobIndex(0), number: 1 };
    let mut written = String::new();
    for n in 0.. {
        if over.load(Ordering::Relaxed) {
            break;
        }
        let line = format!("line {n} of the writer\n");
        let piece = LogAppend {
            offset: written.len() as u64,
            stream: StreamKind::Stdout,
            bytes: line.clone().into(),
            at: now(),
            raw: LogPositions { stdout: (written.len() + line.len()) as u64, stderr: 0 },
            dropped: 0,
        };
        let append = async || watch.store.append_log(&claim, attempt, std::slice::from_ref(&piece)).await;
        let durable = until_answered("append to a log", append).await;
        written.push_str(&line);
        assert_eq!(durable, written.len() as u64);
    }
    (attempt, written)
}

/// Restarts the server again and again; answers how long it took each time until a pipeline was taken up.
async fn restarts(mut server: PostgresServer, watch: &Watch, over: &AtomicBool) -> (PostgresServer, Vec<Duration>) {
    let mut dice = Dice::new(dice::seed());
    let mut recoveries = Vec::new();
    for round in 0..dice::number("IMT_RESTARTS", 4) {
        pass(dice.below(Duration::from_secs(2))).await;
        let how = if round % 2 == 0 { Shutdown::Fast } else { Shutdown::Immediate };
        let restarting = tokio::task::spawn_blocking(move || {
            server.restart(how);
            server
        });
        server = restarting.await.expect("it comes up");
        let up = Instant::now();
        let next = hand_in(watch).await;
        until_told("a pipeline handed in is taken up", SOON, async || {
            watch.store.load(next).await.ok()?.state.started_at
        })
        .await;
        recoveries.push(up.elapsed());
    }
    over.store(true, Ordering::Relaxed);
    (server, recoveries)
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_and_nobody_is_restarted() {
    let server = PostgresServer::new();
    let records = Records::Server(server.url());
    let watch = Watch::new(&records).await;
    let hosts = [Host::new(&records), Host::new(&records)];
    let runners = hosts.each_ref().map(|host| host.runner(&["--executor", "local", "--capacity", "2"]));
    let over = AtomicBool::new(false);
    let ((_server, mut recoveries), one, two, (attempt, written)) = tokio::join!(
        restarts(server, &watch, &over),
        submitter(&watch, &over),
        submitter(&watch, &over),
        writer(&watch, &over)
    );
    assert_eq!(watch.log(attempt).await, written, "acknowledged bytes of a log");
    let acknowledged = [one, two].concat();
    for pipeline in &acknowledged {
        assert_whole(&watch, *pipeline).await;
    }
    runners.into_iter().for_each(stop);
    watch.assert_nothing_left(&acknowledged, false);
    let [median, longest] = [50, 100].map(|part| percentile(&mut recoveries, part));
    let (restarts, pipelines) = (recoveries.len(), acknowledged.len());
    eprintln!("{restarts} restarts, {pipelines} pipelines: taken up again after {median:.2?}, longest {longest:.2?}");
    assert!(longest < RECOVERY, "recovery took {longest:?}");
}

async fn assert_whole(watch: &Watch, pipeline: PipelineId) {
    let record = watch.ended(pipeline, SOON * 3).await;
    assert_success(&record);
    let expected = numbered(&pipeline.to_string(), LINES);
    let attempts = &record.state.jobs[0].attempts;
    assert_eq!(attempts.len(), 1, "nothing that runs is disturbed: {attempts:#?}");
    let log = watch.log(attempts[0].id).await;
    assert_eq!(log.split_once('\n').map(|(_, own)| own), Some(expected.as_str()), "{pipeline}");
    watch.assert_ended_once(pipeline).await;
}
