//! A database that was restored into another cluster, whose transaction ids are smaller than those that made the events.

use std::time::Duration;

use imt_core::id::{InstanceId, PipelineId, ProjectName};
use imt_core::pipeline;
use imt_core::plan::{self, Plan, Trigger};
use imt_core::ports::{Event, EventId, NewPipeline, RunnerInfo, Store};
use imt_core::schedule::CancelLevel;
use imt_core::status::Reason;
use imt_core::time::Timestamp;
use imt_e2e::postgres::{Schema, connection};
use imt_e2e::wait::SOON;
use imt_store_sql::SqlStore;
use sqlx::{AssertSqlSafe, Row};

/// Far above what the transaction ids of a cluster of tests come to.
const ELSEWHERE: i64 = 1 << 52;

#[tokio::test]
async fn ids_of_events_go_on_growing() {
    let schema = Schema::new().await;
    let store = schema.open().await;
    cancelled_pipeline(&store).await;
    let moved = format!(
        "UPDATE {0}.events SET id = id + {ELSEWHERE}; UPDATE {0}.pipelines SET last_event = last_event + {ELSEWHERE}",
        schema.name
    );
    let mut connection = connection().await;
    sqlx::raw_sql(AssertSqlSafe(moved)).execute(&mut connection).await.expect("events of another cluster");

    let store = schema.open().await;
    let newer = cancelled_pipeline(&store).await;
    let events = all_events(&store, 2).await;
    assert!(events[0].id < events[1].id, "{events:?}");
    assert_eq!(events[1].pipeline, newer, "what is newer comes later: {events:?}");
}

#[tokio::test]
async fn the_base_stays_where_it_was_otherwise() {
    let schema = Schema::new().await;
    for _ in 0..3 {
        cancelled_pipeline(&schema.open().await).await;
    }
    schema.open().await;
    let base = AssertSqlSafe(format!("SELECT value FROM {}.meta WHERE name = 'event_base'", schema.name));
    let base: i64 = sqlx::query(base).fetch_one(&mut connection().await).await.expect("the base").get(0);
    assert_eq!(base, 0);
}

/// A pipeline with one event.
async fn cancelled_pipeline(store: &SqlStore) -> PipelineId {
    let id = PipelineId::generate();
    let at = Timestamp::from_micros(1_790_000_000_000_000);
    let new = NewPipeline { id, plan: plan(), at, idempotency_key: None };
    // Held, so that the cancel is one event and not the end.
    let lease = Duration::from_mins(10);
    let runner = RunnerInfo { instance: InstanceId::new("one"), labels: Vec::new(), driving: Vec::new(), lease };
    store.enqueue(new, Some(&runner)).await.expect("enqueue");
    store.request_cancel(id, CancelLevel::Graceful, Reason::User, at).await.expect("cancel");
    id
}

fn plan() -> Plan {
    let spec = pipeline::read(b"jobs: { hello: { script: echo hello } }", "pipeline.yml").spec.expect("a good file");
    plan::build(&spec, &ProjectName::new("demo"), Trigger::manual()).expect("a plan")
}

/// All events, once there are this many: a transaction of anybody on the server holds the newest back while it lasts.
async fn all_events(store: &SqlStore, count: usize) -> Vec<Event> {
    let mut look = tokio::time::interval(Duration::from_millis(20));
    let seen = async {
        loop {
            look.tick().await;
            let events = store.events_after(None, EventId(0), 100).await.expect("events_after");
            if events.len() == count {
                return events;
            }
        }
    };
    tokio::time::timeout(SOON, seen).await.expect("every event is read in the end")
}
