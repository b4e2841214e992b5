//! From the outbox to the hosts: each status taken up by one server at a time, tried until it is told or refused.

use std::time::Duration;

use imt_core::directory::{NewReport, ProjectKey, Report, ReportSettlement, SecretName, TakenReport};
use imt_core::id::InstanceId;
use imt_core::ports::StoreError;
use tokio::task::JoinSet;

use super::host::{Host, Meaning, Said, meaning};
use crate::state::Server;

/// For how long a report is nobody else's; longer than a host may take for its answer.
const LEASE: Duration = Duration::from_secs(15);
/// How many are sent at once.
const AT_ONCE: usize = 4;
/// How long to wait for a ring before looking again.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// How often a status is tried: for about a day.
const TRIES: u32 = 150;
/// The longest pause between two tries that nobody has asked for.
const LONGEST_PAUSE: Duration = Duration::from_mins(10);

/// Sends what is queued until the server is to end; what is under way then is finished.
pub async fn send_reports(server: Server, worker: InstanceId) {
    let mut tasks = JoinSet::new();
    while !server.stop().is_cancelled() {
        let room = AT_ONCE.saturating_sub(tasks.len());
        let taken = if room > 0 { take(&server, &worker, room).await } else { Vec::new() };
        let is_more = !taken.is_empty();
        for taken in taken {
            tasks.spawn(send(server.clone(), taken));
        }
        if is_more && tasks.len() < AT_ONCE {
            continue;
        }
        tokio::select! {
            () = server.stop().cancelled() => {}
            () = server.reports().notified(), if tasks.len() < AT_ONCE => {}
            Some(ended) = tasks.join_next() => if let Err(error) = ended {
                tracing::error!(%error, "a commit status was not sent to its end");
            },
            () = tokio::time::sleep(LOOK_AGAIN) => {}
        }
    }
    while tasks.join_next().await.is_some() {}
}

async fn take(server: &Server, worker: &InstanceId, room: usize) -> Vec<TakenReport> {
    match server.directory().take_reports(worker, LEASE, room).await {
        Ok(taken) => {
            for odd in &taken.set_aside {
                tracing::error!("{odd}");
            }
            taken.found
        }
        Err(error) => {
            tracing::warn!(%error, "commit statuses cannot be taken up");
            Vec::new()
        }
    }
}

async fn send(server: Server, taken: TakenReport) {
    let TakenReport { report: Report { what, tries }, claim } = taken;
    let (outcome, settlement) = match told(&server, &what).await {
        Meaning::Told => ("sent", ReportSettlement::Sent),
        Meaning::Later(detail, wait) if tries < TRIES => {
            let after = pause_after(tries).max(wait.unwrap_or_default());
            ("again", ReportSettlement::Again { detail, after })
        }
        Meaning::Later(detail, _) | Meaning::Refused(detail) => {
            tracing::warn!(project = %what.project, pipeline = %what.pipeline, detail, "a commit status is given up");
            ("given_up", ReportSettlement::GivenUp { detail })
        }
    };
    server.metrics().reported(outcome);
    match server.directory().settle_report(&claim, &settlement).await {
        // Somebody else has it, and sends it once more, or what has come since.
        Ok(()) | Err(StoreError::Conflict(_)) => {}
        Err(error) => {
            tracing::warn!(%error, pipeline = %what.pipeline, "what came of a commit status cannot be recorded");
        }
    }
    // There may be a later one by now.
    server.reports().notify_one();
}

/// Longer after each try: 2 s, 4 s, 8 s and so on.
fn pause_after(tries: u32) -> Duration {
    Duration::from_secs(1 << tries.clamp(1, 16)).min(LONGEST_PAUSE)
}

/// Tells the host; answers what it makes of that.
async fn told(server: &Server, what: &NewReport) -> Meaning {
    let of_store = |error: StoreError| match error {
        StoreError::NotFound(_) => Meaning::Refused("the project is gone".to_owned()),
        error if error.is_retryable() => Meaning::Later(error.to_string(), None),
        error => Meaning::Refused(error.to_string()),
    };
    let project = match server.directory().project(&ProjectKey::Id(what.project)).await {
        Ok(project) => project,
        Err(error) => return of_store(error),
    };
    let token = match server.directory().secret(project.id, &SecretName::RepositoryToken).await {
        Ok(Some(token)) => token,
        Ok(None) => return Meaning::Refused("the project has no repository_token any more".to_owned()),
        Err(error) => return of_store(error),
    };
    let settings = &project.settings;
    let host = match Host::of(settings.repo_url.as_deref().unwrap_or_default(), settings.commit_statuses) {
        Ok(host) => host,
        Err(why) => return Meaning::Refused(why),
    };
    let number = match server.store().load(what.pipeline).await {
        // Its commit is of a repository that the project has no more: the host of now is not to hear of it.
        Ok(record) if record.plan.trigger.repository != settings.repo_url => {
            return Meaning::Refused("the project has another repository now".to_owned());
        }
        Ok(record) => Some(record.number),
        // It was removed meanwhile: then there is nothing to be seen of it.
        Err(StoreError::NotFound(_)) => None,
        Err(error) => return of_store(error),
    };
    let origin = server.settings().origins.first();
    let more = number
        .zip(origin)
        .map(|(number, origin)| format!("{origin}/api/v1/projects/{}/pipelines/{number}", project.name));
    let said = Said { commit: &what.commit, status: what.status, more: more.as_deref() };
    let request = match host.request(said, &token) {
        Ok(request) => request,
        Err(why) => return Meaning::Refused(why),
    };
    match server.outbound().send(request).await {
        Ok(answer) => meaning(answer.status(), answer.headers(), answer.body(), &token),
        Err(error) => match error {
            crate::outbound::OutboundError::BadAddress(_) | crate::outbound::OutboundError::Inside(_) => {
                Meaning::Refused(error.to_string())
            }
            error => Meaning::Later(error.to_string(), None),
        },
    }
}
