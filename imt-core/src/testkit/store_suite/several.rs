//! Cases: claiming several pipelines at once, which is like claiming one after another.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;

use tokio::task::JoinSet;

use super::fixture::{TestStore, assert_lost, claim, enqueued, new_pipeline, plan, runner};
use crate::id::{PipelineId, ProjectName};
use crate::ports::{Claim, NewPipeline, RunnerInfo};

/// Claims as often as there is something to be had, some at a time, and holds all of it; what the store answers together has no
/// order.
async fn all_that_waits(store: &TestStore, mut runner: RunnerInfo, most: usize) -> Vec<Vec<Claim>> {
    let most = NonZeroUsize::new(most).expect("some");
    let mut answers = Vec::new();
    loop {
        let claims = store.claim_several(&runner, most).await.expect("claim");
        assert!(claims.len() <= most.get(), "{most} at most: {claims:?}");
        if claims.is_empty() {
            return answers;
        }
        for claim in &claims {
            assert_eq!((&claim.instance, claim.lease), (&runner.instance, runner.lease), "as of any claim");
            store.renew(claim).await.expect("each is held");
        }
        runner.driving.extend(claims.iter().map(|claim| claim.pipeline));
        answers.push(claims);
        assert!(answers.len() < 50, "the same comes again and again: {answers:?}");
    }
}

/// That each answer has what would have come next.
fn assert_in_turn(answers: &[Vec<Claim>], expected: &[(PipelineId, u64)]) {
    let mut next = expected.iter().copied();
    for answer in answers {
        let got: BTreeSet<_> = answer.iter().map(|claim| (claim.pipeline, claim.token)).collect();
        assert_eq!(got, next.by_ref().take(answer.len()).collect(), "of {answers:?}");
    }
    assert_eq!(next.next(), None, "nothing is left");
}

/// Projects take turns, and lanes of one project do not: what was accepted first comes first.
pub(super) async fn several_take_turns(store: TestStore) {
    for most in [1, 2, 3, 5, 100] {
        let mut ids = BTreeMap::new();
        for name in ["a1", "a2", "a3", "b1", "b2-gpu", "g1-gpu", "c1", "c2-linux", "c3", "a4"] {
            let project = ProjectName::new(format!("{}{most}", &name[..1]));
            let mut new = NewPipeline { plan: plan(project, 1), ..new_pipeline() };
            new.plan.runs_on = name.split('-').skip(1).map(str::to_owned).collect();
            ids.insert(name, new.id);
            store.enqueue(new, None).await.expect("enqueue");
        }
        let me = RunnerInfo { labels: vec!["linux".into()], ..runner(&format!("{most} at once")) };
        let in_turn = ["a1", "b1", "c1", "a2", "c2-linux", "a3", "c3", "a4"].map(|name| (ids[name], 1));
        assert_in_turn(&all_that_waits(&store, me, most).await, &in_turn);
        let me = RunnerInfo { labels: vec!["gpu".into()], ..runner(&format!("{most} with a gpu")) };
        let in_turn = ["g1-gpu", "b2-gpu"].map(|name| (ids[name], 1));
        assert_in_turn(&all_that_waits(&store, me, most).await, &in_turn);
    }
}

/// What was left behind comes before all else, what was given back has the place that it had, and what is left out stays.
pub(super) async fn several_begin_with_what_was_left_behind(store: TestStore) {
    for most in [1, 2, 3, 100] {
        let mut ids = Vec::new();
        for _ in 0..5 {
            ids.push(enqueued(&store).await);
        }
        let me = runner(&format!("{most} at once"));
        let given_back = claim(&store, &runner("other"), ids[1]).await;
        store.release(&given_back).await.expect("release");
        let left_behind = claim(&store, &me, ids[2]).await;
        let successor = RunnerInfo { driving: vec![ids[4]], ..me };
        let answers = all_that_waits(&store, successor, most).await;
        assert_in_turn(&answers, &[(ids[2], 2), (ids[0], 1), (ids[1], 2), (ids[3], 1)]);
        assert_lost(store.renew(&left_behind).await, ids[2], "renew");
        claim(&store, &runner("anybody"), ids[4]).await;
    }
}

/// Of many who claim several at once, each gets its own, and nothing is left.
pub(super) async fn several_are_nobody_elses(store: TestStore) {
    let mut waiting = Vec::new();
    for n in 0..36 {
        let project = ProjectName::new(format!("p{}", n % 3));
        let new = NewPipeline { plan: plan(project, 1), ..new_pipeline() };
        waiting.push(store.enqueue(new, None).await.expect("enqueue").id);
    }
    let mut tasks = JoinSet::new();
    for n in 0..6 {
        let store = TestStore::clone(&store);
        tasks.spawn(async move { all_that_waits(&store, runner(&format!("r{n}")), 1 + n).await });
    }
    let mut claimed: Vec<_> =
        tasks.join_all().await.into_iter().flatten().flatten().map(|claim| claim.pipeline).collect();
    claimed.sort_unstable();
    waiting.sort_unstable();
    assert_eq!(claimed, waiting);
}
