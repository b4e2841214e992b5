//! What can be counted, as Prometheus reads it: what this server does, and how the store's work stands ([`work`]).

mod work;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use self::work::Work;

/// Bounds of the durations of answers, in seconds.
const BOUNDS: [f64; 9] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.0, 10.0];

/// A route, how it was called, and how that ended. The pattern of its path, so that there are no more of them than routes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    method: String,
    path: String,
    status: u16,
}

/// What happened to a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Heard {
    outcome: &'static str,
}

/// The counters of one server. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Metrics(Arc<Inner>);

struct Inner {
    registry: Registry,
    answers: Family<Route, Counter>,
    durations: Histogram,
    deliveries: Family<Heard, Counter>,
    looks: Family<Heard, Counter>,
    reports: Family<Heard, Counter>,
    sockets: Gauge,
    log_bytes: Counter<u64, AtomicU64>,
    work: Work,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("imt");
        let answers = Family::<Route, Counter>::default();
        let durations = Histogram::new(BOUNDS);
        let deliveries = Family::<Heard, Counter>::default();
        let looks = Family::<Heard, Counter>::default();
        let reports = Family::<Heard, Counter>::default();
        let sockets = Gauge::default();
        let log_bytes = Counter::default();
        registry.register("http_answers", "Answers to requests", answers.clone());
        let help = "Time until an answer began";
        registry.register_with_unit("http_answer", help, Unit::Seconds, durations.clone());
        registry.register("webhook_deliveries", "Deliveries that came in", deliveries.clone());
        registry.register("looks", "Repositories that were asked for pushes", looks.clone());
        registry.register("commit_statuses", "Tries to tell a host how a pipeline stands", reports.clone());
        registry.register("sockets", "WebSockets that are open", sockets.clone());
        let help = "Log that was sent to readers";
        registry.register_with_unit("log_sent", help, Unit::Bytes, log_bytes.clone());
        let work = Work::registered(&mut registry);
        Self(Arc::new(Inner { registry, answers, durations, deliveries, looks, reports, sockets, log_bytes, work }))
    }

    pub(crate) fn answered(&self, method: &'static str, path: &str, status: u16, took: Duration) {
        let route = Route { method: method.to_owned(), path: path.to_owned(), status };
        self.0.answers.get_or_create(&route).inc();
        self.0.durations.observe(took.as_secs_f64());
    }

    pub(crate) fn delivered(&self, outcome: &'static str) {
        self.0.deliveries.get_or_create(&Heard { outcome }).inc();
    }

    pub(crate) fn looked(&self, outcome: &'static str) {
        self.0.looks.get_or_create(&Heard { outcome }).inc();
    }

    pub(crate) fn reported(&self, outcome: &'static str) {
        self.0.reports.get_or_create(&Heard { outcome }).inc();
    }

    pub(crate) fn socket_opened(&self) {
        self.0.sockets.inc();
    }

    pub(crate) fn socket_closed(&self) {
        self.0.sockets.dec();
    }

    pub(crate) fn log_sent(&self, bytes: usize) {
        self.0.log_bytes.inc_by(u64::try_from(bytes).unwrap_or(u64::MAX));
    }

    /// How the store's work stands, to be asked before it is told.
    pub(crate) fn work(&self) -> &Work {
        &self.0.work
    }

    /// All of it, in the text format.
    pub(crate) fn text(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.0.registry)?;
        Ok(text)
    }
}
