//! What every handler finds: the stores, the source of commits, and what was configured.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use imt_core::directory::{Action, Deed};
use imt_core::feed::SharedReads;
use imt_core::id::ProjectId;
use imt_core::ports::{Catalog, DeploymentStore, Directory, Store, StoreResult};
use imt_core::time::Timestamp;
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::http::{Network, Origins, Rates, Throttle, TrustedProxies};
use crate::live::Written;
use crate::metrics::Metrics;
use crate::oidc::{Provider, ProviderFault, ProviderSettings};
use crate::outbound::{ANSWER_WITHIN, Outbound, Reach};
use crate::passing::Turns;
use crate::repositories::Repositories;
use crate::upkeep::Upkeep;

/// How many bodies of deliveries are held at once before their signatures are checked.
const UNVERIFIED_DELIVERIES: usize = 64;

/// How many logs are looked through at once, for whoever looks for something in them.
const SEARCHES: usize = 2;

/// How much of logs is kept for those who follow them together: a few seconds of a busy one.
const SHARED_BYTES: usize = 16 << 20;
/// How much of it is kept as it is told.
const WRITTEN_BYTES: usize = 8 << 20;

/// Where a server keeps everything. Usually one database is all four.
#[derive(Clone)]
pub struct Stores {
    /// Pipelines, their events and logs.
    pub store: Arc<dyn Store>,
    /// What a store holds, as people ask it.
    pub catalog: Arc<dyn Catalog>,
    /// Deployments, their targets and releases.
    pub deployments: Arc<dyn DeploymentStore>,
    /// People, projects and what is heard from outside.
    pub directory: Arc<dyn Directory>,
}

/// How long sessions last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionLimits {
    /// Unused.
    pub idle: Duration,
    /// At all.
    pub absolute: Duration,
}

impl Default for SessionLimits {
    fn default() -> Self {
        Self { idle: Duration::from_hours(12), absolute: Duration::from_hours(7 * 24) }
    }
}

/// What an operator decides.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The addresses under which browsers know the server, exactly as they say them: `https://ci.example.org`. The first one is
    /// the one that is told to others.
    pub origins: Vec<String>,
    /// Proxies whose word about a client's address counts.
    pub trusted_proxies: Vec<Network>,
    /// Whether there is one user only, who works at the same machine: repositories may be directories of it.
    pub is_single_user: bool,
    /// Whether repositories may be inside of the server's own network, where other things are that trust their neighbours.
    pub allows_private_networks: bool,
    /// Who says who somebody is.
    pub providers: Vec<ProviderSettings>,
    /// How long somebody may take at a provider.
    pub sign_in_within: Duration,
    /// How long others may take to answer the server.
    pub answers_within: Duration,
    /// How long sessions last.
    pub sessions: SessionLimits,
    /// The most bytes that a delivery may have.
    pub delivery_bytes: usize,
    /// How long the first try at a delivery may take, as it holds one of few places meanwhile: that is mostly the time in which
    /// its repository has to answer. Each later try may take twice as long as the one before, up to 20 minutes, so that a large
    /// repository is fetched in the end.
    pub delivery_within: Duration,
    /// How often one client may call; absent: as often as he likes.
    pub rates: Option<Rates>,
    /// How long the client of a socket may take to take what it is told. Then it is cut off, and resumes where it was.
    pub socket_patience: Duration,
    /// What is done without anybody asking.
    pub upkeep: Upkeep,
}

impl Settings {
    /// A server for whoever works at this machine, reached at this port of it.
    pub fn single_user(port: u16) -> Self {
        let names = ["127.0.0.1", "localhost", "[::1]"];
        Self {
            origins: names.iter().map(|name| format!("http://{name}:{port}")).collect(),
            trusted_proxies: Vec::new(),
            is_single_user: true,
            allows_private_networks: true,
            providers: Vec::new(),
            sign_in_within: Duration::from_mins(10),
            answers_within: ANSWER_WITHIN,
            sessions: SessionLimits::default(),
            delivery_bytes: 5 << 20,
            delivery_within: Duration::from_mins(2),
            rates: Some(Rates::default()),
            socket_patience: Duration::from_secs(30),
            upkeep: Upkeep::default(),
        }
    }

    /// A server for many, who sign in at these providers and reach it there: what they ask for stays out of its machine and of its
    /// own network.
    pub fn shared(origin: String, providers: Vec<ProviderSettings>) -> Self {
        Self {
            origins: vec![origin],
            is_single_user: false,
            allows_private_networks: false,
            providers,
            ..Self::single_user(0)
        }
    }

    /// The address under which others are told to find it.
    pub(crate) fn origin(&self) -> &str {
        self.origins.first().map_or("", String::as_str)
    }

    /// Whether browsers reach it by TLS only, so that cookies can be bound to that.
    pub(crate) fn is_secure(&self) -> bool {
        self.origins.iter().all(|origin| origin.starts_with("https://"))
    }
}

/// A server, as its handlers share it. Cheap to clone.
#[derive(Clone)]
pub struct Server(Arc<Inner>);

struct Inner {
    reads: Arc<SharedReads>,
    written: Written,
    stores: Stores,
    repositories: Arc<Repositories>,
    settings: Settings,
    origins: Origins,
    proxies: TrustedProxies,
    throttle: Option<Throttle>,
    metrics: Metrics,
    outbound: Outbound,
    providers: Vec<Arc<Provider>>,
    deliveries: Notify,
    room_for_deliveries: Arc<Semaphore>,
    searches: Semaphore,
    passing: Turns,
    looks: Notify,
    reports: Notify,
    stop: CancellationToken,
    sockets: TaskTracker,
}

impl Server {
    /// With these stores, and commits from these repositories, until `stop`.
    ///
    /// # Errors
    /// When a provider of sign-ins cannot be used. None of them is asked before somebody signs in.
    pub fn new(
        stores: Stores,
        repositories: Arc<Repositories>,
        settings: Settings,
        stop: CancellationToken,
    ) -> Result<Self, ProviderFault> {
        Ok(Self(Arc::new(Inner {
            providers: providers(&settings)?,
            origins: Origins(settings.origins.clone()),
            proxies: TrustedProxies(settings.trusted_proxies.clone()),
            outbound: Outbound::new(Reach::of(settings.allows_private_networks)).within(settings.answers_within),
            throttle: settings.rates.map(Throttle::new),
            reads: Arc::new(SharedReads::new(Arc::clone(&stores.store), SHARED_BYTES)),
            written: Written::new(WRITTEN_BYTES),
            stores,
            repositories,
            settings,
            metrics: Metrics::new(),
            deliveries: Notify::new(),
            room_for_deliveries: Arc::new(Semaphore::new(UNVERIFIED_DELIVERIES)),
            searches: Semaphore::new(SEARCHES),
            passing: Turns::new(),
            looks: Notify::new(),
            reports: Notify::new(),
            stop,
            sockets: TaskTracker::new(),
        })))
    }

    pub(crate) fn store(&self) -> &Arc<dyn Store> {
        &self.0.stores.store
    }

    /// What many follow is read once.
    pub(crate) fn reads(&self) -> &Arc<SharedReads> {
        &self.0.reads
    }

    /// And written once.
    pub(crate) fn written(&self) -> &Written {
        &self.0.written
    }

    pub(crate) fn catalog(&self) -> &dyn Catalog {
        &*self.0.stores.catalog
    }

    pub(crate) fn deployments(&self) -> &Arc<dyn DeploymentStore> {
        &self.0.stores.deployments
    }

    pub(crate) fn directory(&self) -> &dyn Directory {
        &*self.0.stores.directory
    }

    pub(crate) fn repositories(&self) -> &Repositories {
        &self.0.repositories
    }

    /// Writes into the audit log what was done through another port. It was done whatever becomes of the entry, so a store that
    /// does not take it is no error of the request: the server's own log has the entry then.
    pub(crate) async fn note(&self, project: ProjectId, action: &Action, by: &Deed) {
        if let Err(error) = self.directory().note(Some(project), action, by).await {
            tracing::error!(%error, %project, ?action, ?by, "the audit log does not take an entry");
        }
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.0.settings
    }

    pub(crate) fn origins(&self) -> &Origins {
        &self.0.origins
    }

    pub(crate) fn proxies(&self) -> &TrustedProxies {
        &self.0.proxies
    }

    /// Who has called how often, where that counts.
    pub(crate) fn throttle(&self) -> Option<&Throttle> {
        self.0.throttle.as_ref()
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// What asks others over HTTP.
    pub fn outbound(&self) -> &Outbound {
        &self.0.outbound
    }

    /// Who says who somebody is.
    pub(crate) fn providers(&self) -> &[Arc<Provider>] {
        &self.0.providers
    }

    /// Room for the bodies of deliveries whose signature nobody has checked yet: strangers may send them.
    pub(crate) fn room_for_deliveries(&self) -> &Arc<Semaphore> {
        &self.0.room_for_deliveries
    }

    /// Turns of those who have a repository looked into that is no project.
    pub(crate) fn passing(&self) -> &Turns {
        &self.0.passing
    }

    /// Turns of those who look for something in logs: it takes a processor for a while.
    pub(crate) fn searches(&self) -> &Semaphore {
        &self.0.searches
    }

    /// Rung when there may be a delivery to work on.
    pub(crate) fn deliveries(&self) -> &Notify {
        &self.0.deliveries
    }

    /// Rung when a repository may be due to be asked.
    pub(crate) fn looks(&self) -> &Notify {
        &self.0.looks
    }

    /// Rung when there may be a commit status to send.
    pub(crate) fn reports(&self) -> &Notify {
        &self.0.reports
    }

    /// Has a project's repository asked soon for pushes that nobody told of.
    pub(crate) async fn want_look(&self, project: ProjectId) -> StoreResult<()> {
        self.directory().want_look(project).await?;
        self.looks().notify_one();
        Ok(())
    }

    /// Cancelled when the server is to end.
    pub(crate) fn stop(&self) -> &CancellationToken {
        &self.0.stop
    }

    /// Waits until the sockets are closed, which they do by themselves once the server is told to stop.
    pub async fn close_sockets(&self, patience: Duration) {
        self.0.sockets.close();
        if tokio::time::timeout(patience, self.0.sockets.wait()).await.is_err() {
            tracing::warn!("sockets are cut off that had not closed in time");
        }
    }

    /// Connections that became sockets, which nobody else waits for.
    pub(crate) fn sockets(&self) -> &TaskTracker {
        &self.0.sockets
    }
}

fn providers(settings: &Settings) -> Result<Vec<Arc<Provider>>, ProviderFault> {
    let mut names = HashSet::new();
    if let Some(twice) = settings.providers.iter().find(|provider| !names.insert(&provider.name)) {
        return Err(ProviderFault::Twice(twice.name.clone()));
    }
    let ready = |provider: &ProviderSettings| Provider::new(provider.clone(), settings).map(Arc::new);
    settings.providers.iter().map(ready).collect()
}

/// A runner that has said nothing for so long is taken for gone.
pub(crate) const ALIVE: Duration = Duration::from_mins(1);

/// The time.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_system(SystemTime::now())
}
