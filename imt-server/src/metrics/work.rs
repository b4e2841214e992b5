//! How the store's work stands: asked when somebody reads the metrics, and not again within some seconds, whoever reads them.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use imt_core::ports::{Catalog, Ended, Standing, StoreResult, Tally};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use tokio::sync::Mutex;

use crate::state::ALIVE;

/// For how long an answer of the store is good enough.
const FRESH: Duration = Duration::from_secs(5);
/// What counts as having ended of late.
const OF_LATE: Duration = Duration::from_hours(1);

/// Pipelines, jobs, or deployments.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Of {
    kind: &'static str,
}

/// How some of a kind ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct How {
    kind: &'static str,
    status: String,
}

/// What is told of it.
#[derive(Default)]
pub(crate) struct Work {
    waiting: Family<Of, Gauge>,
    waited: Family<Of, Gauge<f64, AtomicU64>>,
    driven: Family<Of, Gauge>,
    ended: Family<How, Gauge>,
    took: Family<How, Gauge<f64, AtomicU64>>,
    runners: Gauge,
    places: Gauge,
    connections: Gauge,
    connections_used: Gauge,
    store_answers: Gauge,
    asked_at: Mutex<Option<Instant>>,
}

impl Work {
    pub(super) fn registered(registry: &mut Registry) -> Self {
        let work = Self::default();
        registry.register("work_waiting", "Open and driven by nobody", work.waiting.clone());
        let help = "Since the first of what waits was handed in";
        registry.register_with_unit("work_waited", help, Unit::Seconds, work.waited.clone());
        registry.register("work_driven", "Open and driven by a runner whose lease lasts", work.driven.clone());
        registry.register("work_ended_last_hour", "Ended within the last hour", work.ended.clone());
        let help = "How long those took that ended within the last hour, all together";
        registry.register_with_unit("work_took_last_hour", help, Unit::Seconds, work.took.clone());
        registry.register("runners", "Runners heard of within a minute", work.runners.clone());
        registry.register("runner_places", "Pipelines that they drive side by side at most", work.places.clone());
        registry.register("store_connections", "Connections to the store, at most", work.connections.clone());
        registry.register("store_connections_used", "Those that are in use", work.connections_used.clone());
        registry.register("store_answers", "Whether the store said how its work stands", work.store_answers.clone());
        work
    }

    /// Asks the store, unless it was asked a moment ago. Of a store that does not answer nothing is told but that.
    pub(crate) async fn ask(&self, catalog: &dyn Catalog) {
        // Who comes meanwhile waits for the same answer.
        let mut asked_at = self.asked_at.lock().await;
        if asked_at.is_some_and(|asked| asked.elapsed() < FRESH) {
            return;
        }
        self.forget();
        match self.told(catalog).await {
            Ok(()) => {
                self.store_answers.set(1);
            }
            Err(error) => tracing::warn!(%error, "the store does not say how its work stands"),
        }
        *asked_at = Some(Instant::now());
    }

    fn forget(&self) {
        self.waiting.clear();
        self.waited.clear();
        self.driven.clear();
        self.ended.clear();
        self.took.clear();
        for gauge in [&self.runners, &self.places, &self.connections, &self.connections_used, &self.store_answers] {
            gauge.set(0);
        }
    }

    async fn told(&self, catalog: &dyn Catalog) -> StoreResult<()> {
        let Tally { pipelines, jobs, deployments, connections } = catalog.tally(OF_LATE).await?;
        let runners = catalog.runners().await?.found;
        self.stands("pipeline", &pipelines);
        self.over("job", &jobs);
        self.stands("deployment", &deployments);
        self.connections.set(i64::from(connections.most));
        self.connections_used.set(i64::from(connections.used));
        let alive = runners.iter().filter(|runner| runner.silent_for < ALIVE);
        for runner in alive {
            self.runners.inc();
            self.places.inc_by(i64::from(runner.beat.capacity.get()));
        }
        Ok(())
    }

    fn stands<S: Display + Ord>(&self, kind: &'static str, standing: &Standing<S>) {
        let Standing { waiting, waiting_for, driven, ended } = standing;
        let of = Of { kind };
        self.waiting.get_or_create(&of).set(whole(*waiting));
        self.waited.get_or_create(&of).set(waiting_for.unwrap_or_default().as_secs_f64());
        self.driven.get_or_create(&of).set(whole(*driven));
        self.over(kind, ended);
    }

    fn over<S: Display + Ord>(&self, kind: &'static str, ended: &BTreeMap<S, Ended>) {
        for (status, Ended { count, took }) in ended {
            let how = How { kind, status: status.to_string() };
            self.ended.get_or_create(&how).set(whole(*count));
            self.took.get_or_create(&how).set(took.as_secs_f64());
        }
    }
}

fn whole(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
