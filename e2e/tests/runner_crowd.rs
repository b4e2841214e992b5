//! Many runners on one PostgreSQL: every pipeline is run, once.
//!
//! `IMT_CROWD_PIPELINES` is the number of pipelines.

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use futures_util::stream;
use imt_core::id::PipelineId;
use imt_e2e::dice;
use imt_e2e::imt::Home;
use imt_e2e::records::Records;
use imt_e2e::runner::{Host, Watch, stop};
use imt_e2e::wait::until_told;

const RUNNERS: usize = 5;
/// How many pipelines are handed in side by side.
const AT_ONCE: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn five_runners_run_each_pipeline_once() {
    let (home, records) = (Home::new(), Records::postgres().await);
    let watch = Watch::new(&records).await;
    let done = home.path().join("done");
    let file = format!("jobs: {{ note: {{ script: 'echo $IMT_PIPELINE_ID >> {}' }} }}", done.display());
    let hosts = [(); RUNNERS].map(|()| Host::new(&records));
    let runners = hosts.each_ref().map(|host| host.runner(&["--executor", "local", "--capacity", "2"]));

    let count = usize::try_from(dice::number("IMT_CROWD_PIPELINES", 200)).expect("a count");
    let began = Instant::now();
    let handed_in: Vec<PipelineId> =
        stream::iter(0..count).map(|_| watch.hand_in(&file)).buffer_unordered(AT_ONCE).collect().await;
    let patience = Duration::from_mins(1) + Duration::from_millis(500) * u32::try_from(count).expect("a count");
    until_told("all pipelines are over", patience, async || (watch.unfinished().await == 0).then_some(())).await;
    let took = began.elapsed();

    let mut ran = BTreeMap::<PipelineId, u32>::new();
    for line in fs::read_to_string(&done).expect("what they wrote").lines() {
        *ran.entry(line.parse().expect("an id")).or_default() += 1;
    }
    let expected: BTreeMap<PipelineId, u32> = handed_in.iter().map(|pipeline| (*pipeline, 1)).collect();
    assert_eq!(expected.len(), count);
    assert_eq!(ran, expected, "each ran exactly once");
    runners.into_iter().for_each(stop);
    watch.assert_nothing_left(&handed_in, false);
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let speed = count as f64 / took.as_secs_f64();
    eprintln!("{count} pipelines by {RUNNERS} runners in {took:.1?}: {speed:.1} a second");
}
