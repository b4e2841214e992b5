//! Commit statuses on their way.

use std::time::Duration;

use super::Servers;
use super::fixture::{LEASE, SHORT, assert_refused, at, at_once, shop, worker};
use crate::directory::{NewReport, ReportClaim, ReportRecord, ReportSettlement, ReportState, TakenReport};
use crate::id::{CommitId, PipelineId, ProjectId};
use crate::ports::{EventId, StoreError};
use crate::status::Status;
use crate::testkit::store_suite::fixture::DEADLINE;

fn report(project: ProjectId, pipeline: PipelineId, status: Status, micros: u64) -> NewReport {
    NewReport { project, pipeline, commit: CommitId::new("c".repeat(40)), status, at: at(micros) }
}

async fn queue(store: &Servers, new: &NewReport) {
    store.queue_report(new).await.expect("queue_report");
}

async fn take(store: &Servers, lease: Duration) -> Vec<TakenReport> {
    store.take_reports(&worker(), lease, 100).await.expect("take_reports").found
}

async fn taken_soon(store: &Servers, lease: Duration) -> TakenReport {
    let deadline = tokio::time::Instant::now() + DEADLINE;
    loop {
        if let Some(taken) = take(store, lease).await.pop() {
            return taken;
        }
        assert!(tokio::time::Instant::now() < deadline, "nothing becomes due");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn sent(store: &Servers, claim: &ReportClaim) {
    store.settle_report(claim, &ReportSettlement::Sent).await.expect("settle_report");
}

/// Of what was not sent only the newest is, and nothing is sent that is older than what was.
pub(super) async fn the_newest_status_is_reported(store: Servers) {
    let (id, pipeline) = (shop(&store).await, PipelineId::generate());
    let other = report(id, PipelineId::generate(), Status::Pending, 1);
    queue(&store, &report(id, pipeline, Status::Pending, 1)).await;
    queue(&store, &report(id, pipeline, Status::Running, 3)).await;
    queue(&store, &report(id, pipeline, Status::Pending, 2)).await;
    queue(&store, &other).await;
    let taken = take(&store, LEASE).await;
    assert_eq!(taken.len(), 2);
    let of_it = taken.iter().find(|taken| taken.claim.pipeline == pipeline).expect("it is due");
    assert_eq!((&of_it.report.what, of_it.report.tries), (&report(id, pipeline, Status::Running, 3), 1));
    for taken in &taken {
        sent(&store, &taken.claim).await;
    }
    queue(&store, &report(id, pipeline, Status::Running, 3)).await;
    queue(&store, &report(id, pipeline, Status::Pending, 2)).await;
    assert_eq!(take(&store, LEASE).await, [], "that is known");
    queue(&store, &report(id, pipeline, Status::Success, 3)).await;
    let last = take(&store, LEASE).await;
    assert_eq!(last.len(), 1);
    assert_eq!((last[0].report.what.status, last[0].report.tries), (Status::Success, 1));
    assert_refused!(
        store.queue_report(&report(ProjectId::generate(), pipeline, Status::Failed, 9)).await,
        StoreError::NotFound(_)
    );
    let strange = NewReport { commit: CommitId::new("a\nb"), ..other };
    assert_refused!(store.queue_report(&strange).await, StoreError::Invalid(_));
}

/// While one status is being sent the next one waits, and is due as soon as the first is settled, however it went.
pub(super) async fn statuses_come_in_order(store: Servers) {
    let id = shop(&store).await;
    let settlements = [
        ReportSettlement::Sent,
        ReportSettlement::GivenUp { detail: "no".to_owned() },
        ReportSettlement::Again { detail: "busy".to_owned(), after: Duration::from_hours(1) },
    ];
    for settlement in settlements {
        let pipeline = PipelineId::generate();
        queue(&store, &report(id, pipeline, Status::Running, 1)).await;
        let first = take(&store, LEASE).await.remove(0);
        queue(&store, &report(id, pipeline, Status::Success, 2)).await;
        assert_eq!(take(&store, LEASE).await, [], "the first is on its way");
        store.settle_report(&first.claim, &settlement).await.expect("settle_report");
        let second = taken_soon(&store, LEASE).await;
        assert_eq!((second.report.what.status, second.report.tries), (Status::Success, 1));
        sent(&store, &second.claim).await;
        assert_eq!(take(&store, LEASE).await, []);
    }
}

/// What was not sent is tried again when its time has come, and what was given up is not.
pub(super) async fn what_was_not_sent_waits(store: Servers) {
    let id = shop(&store).await;
    let new = report(id, PipelineId::generate(), Status::Running, 1);
    queue(&store, &new).await;
    let again = |after| ReportSettlement::Again { detail: "busy".to_owned(), after };
    let first = take(&store, LEASE).await.remove(0);
    store.settle_report(&first.claim, &again(Duration::ZERO)).await.expect("settle_report");
    let second = taken_soon(&store, LEASE).await;
    assert_eq!((&second.report.what, second.report.tries), (&new, 2));
    store.settle_report(&second.claim, &again(Duration::from_hours(1))).await.expect("settle_report");
    assert_eq!(take(&store, LEASE).await, [], "it waits");
    queue(&store, &report(id, new.pipeline, Status::Failed, 2)).await;
    let third = take(&store, LEASE).await.remove(0);
    assert_eq!((third.report.what.status, third.report.tries), (Status::Failed, 1), "that does not");
    let given_up = ReportSettlement::GivenUp { detail: "no".to_owned() };
    store.settle_report(&third.claim, &given_up).await.expect("settle_report");
    assert_eq!(take(&store, LEASE).await, []);
}

/// Nobody gets what another has; a lease that has run out is over.
pub(super) async fn a_report_has_one_holder(store: Servers) {
    let id = shop(&store).await;
    for n in 0..4 {
        queue(&store, &report(id, PipelineId::generate(), Status::Pending, n)).await;
    }
    let shares = at_once(4, |_| {
        let store = store.clone();
        async move { store.take_reports(&worker(), LEASE, 3).await.expect("take_reports").found }
    })
    .await;
    let mut all: Vec<PipelineId> = shares.iter().flatten().map(|taken| taken.claim.pipeline).collect();
    all.extend(take(&store, LEASE).await.iter().map(|taken| taken.claim.pipeline));
    all.sort_unstable();
    all.dedup();
    assert!(all.len() == 4 && shares.iter().all(|share| share.len() <= 3), "{shares:?}");

    queue(&store, &report(id, PipelineId::generate(), Status::Pending, 9)).await;
    let old = take(&store, SHORT).await.remove(0);
    let new = taken_soon(&store, LEASE).await;
    assert_eq!((new.claim.pipeline, new.report.tries), (old.claim.pipeline, 2));
    assert_refused!(store.settle_report(&old.claim, &ReportSettlement::Sent).await, StoreError::Conflict(_));
    sent(&store, &new.claim).await;
    assert_refused!(store.settle_report(&new.claim, &ReportSettlement::Sent).await, StoreError::Conflict(_));
}

/// What is settled is forgotten in the end.
pub(super) async fn settled_reports_are_pruned(store: Servers) {
    let id = shop(&store).await;
    for n in 0..4 {
        queue(&store, &report(id, PipelineId::generate(), Status::Pending, n)).await;
    }
    for taken in take(&store, LEASE).await.iter().take(3) {
        sent(&store, &taken.claim).await;
    }
    let prune = async |age, limit| store.prune_reports(age, limit).await.expect("prune_reports");
    assert_eq!(prune(Duration::from_hours(1), 10).await, 0);
    // The store's clock has to move on.
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!((prune(Duration::ZERO, 2).await, prune(Duration::ZERO, 2).await), (2, 1));
    assert_eq!(prune(Duration::ZERO, 2).await, 0, "one is on its way");
}

/// Owners can see what became of the newest status.
pub(super) async fn how_a_report_went_is_told(store: Servers) {
    let (id, pipeline) = (shop(&store).await, PipelineId::generate());
    let told = async || store.report(pipeline).await.expect("report");
    assert_eq!(told().await, None);
    queue(&store, &report(id, pipeline, Status::Running, 1)).await;
    let expected = |status, tries, state| Some(ReportRecord { status, tries, state });
    assert_eq!(told().await, expected(Status::Running, 0, ReportState::Waits { failure: None }));
    let taken = take(&store, LEASE).await.remove(0);
    let again = ReportSettlement::Again { detail: "busy\n".to_owned(), after: Duration::ZERO };
    store.settle_report(&taken.claim, &again).await.expect("settle_report");
    let failure = Some("busy".to_owned());
    assert_eq!(told().await, expected(Status::Running, 1, ReportState::Waits { failure }));
    let taken = taken_soon(&store, LEASE).await;
    sent(&store, &taken.claim).await;
    assert_eq!(told().await, expected(Status::Running, 2, ReportState::Sent));
    queue(&store, &report(id, pipeline, Status::Failed, 2)).await;
    assert_eq!(told().await, expected(Status::Failed, 0, ReportState::Waits { failure: None }));
    let taken = take(&store, LEASE).await.remove(0);
    let detail = "no such repository".to_owned();
    let given_up = ReportSettlement::GivenUp { detail: detail.clone() };
    store.settle_report(&taken.claim, &given_up).await.expect("settle_report");
    assert_eq!(told().await, expected(Status::Failed, 1, ReportState::GivenUp { detail }));
}

/// Whoever is behind does not take back what another has done.
pub(super) async fn what_is_reported_only_grows(store: Servers) {
    let known = async || store.reported_events().await.expect("reported_events");
    assert_eq!(known().await, EventId(0));
    for (said, is_then) in [(7, 7), (7, 7), (3, 7), (9, 9)] {
        store.set_reported_events(EventId(said)).await.expect("set_reported_events");
        assert_eq!(known().await, EventId(is_then));
    }
}
