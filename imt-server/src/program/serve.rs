//! Serving: everything put together, told to whoever started it, and ended in order.

use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use imt_core::id::InstanceId;
use imt_server::{
    HandoutError, Limits, ProviderSettings, Repositories, Server, Settings, app, forget, look_for_pushes, new_link,
    new_set_up_link, report_pipelines, send_reports, work_on_deliveries,
};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing_subscriber::EnvFilter;

use super::behind::Behind;
use super::config::Config;
use super::error::ProgramError;
use super::{descriptors, notify, open, runner};

/// How long sockets may take to say farewell.
const FAREWELL: Duration = Duration::from_secs(5);

/// Serves until it is told to end.
pub(super) async fn serve(config: Config) -> Result<(), ProgramError> {
    log();
    let stop = CancellationToken::new();
    end_on_signals(&stop)?;
    let limits = limits();
    let store = open::store(&config).await?;
    let stores = open::stores(&store);
    let listener = TcpListener::bind(config.listen).await.map_err(|error| {
        let message = format!("nobody can listen on {}", config.listen);
        ProgramError::new(message).because(&error).help("end what listens there, or choose another one with --listen")
    })?;
    let port = listener.local_addr().map_or(config.listen.port(), |address| address.port());
    let mirrors = config.data_dir.join("repositories");
    let repositories = Repositories::new(Arc::clone(&stores.directory), mirrors, &config.known_hosts);
    let repositories = repositories.private_networks(config.allow_private_networks);
    let repositories = Arc::new(repositories.with_directories(config.is_single_user()));
    let server = Server::new(stores.clone(), Arc::clone(&repositories), settings(&config, port), stop.clone())
        .map_err(|fault| ProgramError::usage(fault.to_string()))?;
    let behind = Behind::start()?;
    let ready = match config.runners {
        Some(0) => None,
        _ => Some(runner::ready(&config, store.id().await?, &stores, &repositories).await?),
    };
    let worker = ready.as_ref().map_or_else(|| InstanceId::new("server"), |ready| ready.instance().clone());
    let (tasks, threads) = (TaskTracker::new(), behind.handle());
    tasks.spawn_on(work_on_deliveries(server.clone(), worker.clone()), threads);
    tasks.spawn_on(report_pipelines(server.clone()), threads);
    tasks.spawn_on(send_reports(server.clone(), worker), threads);
    tasks.spawn_on(look_for_pushes(server.clone()), threads);
    tasks.spawn_on(forget(server.clone()), threads);
    let running = ready.map(|ready| threads.spawn(run(ready, stop.clone())));
    greet(&server, &config, port).await?;
    notify::serving(stop.clone(), &tasks);
    imt_server::serve(listener, app(server.clone()), limits, stop).await;
    tracing::info!("nothing is accepted any more, and what was asked is answered");
    server.close_sockets(FAREWELL).await;
    tasks.close();
    tasks.wait().await;
    tracing::info!("sockets are closed, deliveries are left to whoever comes next");
    match running {
        Some(running) => running.await.unwrap_or_else(|error| Err(ProgramError::new("the runner").because(&error))),
        None => Ok(()),
    }
}

/// Runs pipelines until the end. A server that has lost its runner takes what nobody does: it ends as well, for whoever started it to
/// see.
async fn run(ready: runner::Ready, stop: CancellationToken) -> Result<(), ProgramError> {
    let ran = ready.work(stop.clone()).await;
    if ran.is_err() && !stop.is_cancelled() {
        tracing::error!("the runner cannot go on, and without it the server ends");
    }
    // Whatever it ends by.
    stop.cancel();
    ran
}

/// As many connections as there are file descriptors for.
fn limits() -> Limits {
    let usual = Limits::default();
    Limits { connections: descriptors::room_for(usual.connections), ..usual }
}

fn log() {
    let filter = EnvFilter::try_from_env("IMT_SERVER_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let subscriber = tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(std::io::stderr);
    // Where a line cannot be written, neither can a complaint about it be: trying would panic in whoever has something to say.
    subscriber.log_internal_errors(false).init();
}

fn settings(config: &Config, port: u16) -> Settings {
    let own = format!("http://{}", SocketAddr::new(config.listen.ip(), port));
    let mut settings = if config.is_single_user() {
        let mut settings = Settings::single_user(port);
        if !settings.origins.contains(&own) {
            settings.origins.push(own);
        }
        if let Some(url) = &config.public_url {
            settings.origins.insert(0, url.clone());
        }
        settings
    } else {
        // One address: providers send browsers back to it, and to no other.
        Settings::shared(config.public_url.clone().unwrap_or(own), config.providers.clone())
    };
    settings.trusted_proxies.clone_from(&config.trusted_proxies);
    if !config.rate_limits {
        settings.rates = None;
    } else if config.public_url.is_some() && config.trusted_proxies.is_empty() {
        tracing::warn!(
            "no proxy is trusted to say who its clients are: by rates they all count as one, and as nobody if it is on this machine"
        );
    }
    settings.allows_private_networks = config.allow_private_networks;
    settings.upkeep = config.upkeep;
    settings
}

/// Says where it is, and how to get in: as lines for people and programs alike.
async fn greet(server: &Server, config: &Config, port: u16) -> Result<(), ProgramError> {
    let address = format!("http://{}", SocketAddr::new(config.listen.ip(), port));
    let no_link = |error: HandoutError| ProgramError::new("no link can be made").because(&error);
    let mut lines = vec![format!("listening on {address}")];
    if config.is_single_user() {
        let link = new_link(server).await.map_err(no_link)?;
        lines.push(format!("sign in: {address}/auth/link?token={}", link.expose()));
    } else {
        let origin = config.public_url.as_deref().unwrap_or(&address);
        let way = |provider: &ProviderSettings| format!("sign in: {origin}/auth/{}/login", provider.name);
        lines.extend(config.providers.iter().map(way));
        if let Some(link) = new_set_up_link(server).await.map_err(no_link)? {
            lines.push(format!("become its administrator, once, within an hour: {}", link.expose()));
        }
    }
    let lines = lines.join("\n") + "\n";
    let told = std::io::stdout().write_all(lines.as_bytes()).and_then(|()| std::io::stdout().flush());
    told.map_err(|error| ProgramError::new("standard output cannot be written to").because(&error))
}

/// The first signal ends in order; the second at once, as a crash would.
#[expect(clippy::exit, reason = "whoever asks twice does not want to wait for anything")]
fn end_on_signals(stop: &CancellationToken) -> Result<(), ProgramError> {
    let listen = |kind| signal(kind).map_err(|error| ProgramError::new("signals cannot be heard").because(&error));
    let (mut interrupt, mut terminate) = (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
    let stop = stop.clone();
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            if stop.is_cancelled() {
                tracing::warn!("leaving at once; the next server here goes on with what is left");
                std::process::exit(130);
            }
            tracing::info!("ending: what is under way is finished first (once more leaves at once)");
            stop.cancel();
        }
    });
    Ok(())
}
