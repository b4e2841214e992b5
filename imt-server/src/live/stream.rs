//! The same as server-sent events, one thing each, for those without a socket: browsers by `EventSource`, programs by `curl -N`.

#![expect(unused_qualifications, reason = "the macros of the documentation write them")]

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::{Stream, stream};
use imt_core::directory::ProjectRecord;
use imt_core::id::JobIndex;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::time::{Interval, MissedTickBehavior, interval};
use utoipa::{IntoParams, ToSchema};

use super::followed::{Followed, Wanted};
use super::message::{Message, Told};
use super::socket::RECHECK;
use super::watch::may_see;
use crate::access::{Caller, In, Reading};
use crate::http::{Answer, Code, InPath, InQuery, Problem};
use crate::routes::{Numbered, Refusals};
use crate::state::Server;

/// What a browser says when it comes back: the last `id` that it has heard.
const LAST_EVENT_ID: &str = "last-event-id";
/// How often something is said where there is nothing to say, so that whatever is between does not end it.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// An event, as the stream has it.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it only says what is sent")]
pub(crate) struct Sent {
    /// The `type` of the message.
    event: String,
    /// The position to resume from, as JSON.
    id: Option<String>,
    /// The message, as JSON: what the socket says.
    data: String,
}

/// From where on.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Since {
    /// The `position` of the last message that was heard, as JSON; absent: from the beginning. `Last-Event-ID` wins over it.
    position: Option<String>,
}

/// Whose logs are told.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SinceInPipeline {
    /// The `position` of the last message that was heard, as JSON; absent: from the beginning. `Last-Event-ID` wins over it.
    position: Option<String>,
    /// The jobs whose logs are told, by their places, with commas between: `0,3`. Empty: no logs; absent: those of all jobs.
    jobs: Option<String>,
}

/// How far a client has come that goes on.
fn position<P: DeserializeOwned + Default>(said: Option<String>, headers: &HeaderMap) -> Answer<P> {
    let last = headers.get(LAST_EVENT_ID).map(|last| last.to_str().unwrap_or_default().to_owned());
    let Some(text) = last.or(said) else { return Ok(P::default()) };
    let wrong = |_| Problem::new(Code::Malformed, "`position` is none that was told here");
    serde_json::from_str(&text).map_err(wrong)
}

fn jobs(said: &str) -> Answer<BTreeSet<JobIndex>> {
    let wrong = |_| Problem::new(Code::Malformed, "`jobs` are places of jobs with commas between, such as `0,3`");
    let places = said.split(',').filter(|_| !said.is_empty());
    places.map(|place| place.parse().map(JobIndex).map_err(wrong)).collect()
}

/// A pipeline's events and logs as they come, each with its position as `id`, and `end` when it is over.
#[utoipa::path(get, path = "/projects/{project}/pipelines/{number}/events", tag = "live",
    params(("project" = String, Path), ("number" = u64, Path), SinceInPipeline), extensions(("x-needs" = json!("read"))),
    responses((status = 200, description = "Until it is over", body = Sent, content_type = "text/event-stream"), Refusals))]
pub(crate) async fn of_pipeline(
    State(server): State<Server>,
    within: In<Reading>,
    InPath(at): InPath<Numbered>,
    InQuery(since): InQuery<SinceInPipeline>,
    headers: HeaderMap,
) -> Answer<Sse<impl Stream<Item = Result<Event, Infallible>>>> {
    let jobs = since.jobs.as_deref().map(jobs).transpose()?;
    let wanted = Wanted::Pipeline(at.number, position(since.position, &headers)?, jobs);
    Client::new(server, within, wanted).await.map(Client::answer)
}

/// A deployment's events and log as they come, each with its position as `id`, and `end` when it is over.
#[utoipa::path(get, path = "/projects/{project}/deployments/{number}/events", tag = "live",
    params(("project" = String, Path), ("number" = u64, Path), Since), extensions(("x-needs" = json!("read"))),
    responses((status = 200, description = "Until it is over", body = Sent, content_type = "text/event-stream"), Refusals))]
pub(crate) async fn of_deployment(
    State(server): State<Server>,
    within: In<Reading>,
    InPath(at): InPath<Numbered>,
    InQuery(since): InQuery<Since>,
    headers: HeaderMap,
) -> Answer<Sse<impl Stream<Item = Result<Event, Infallible>>>> {
    let wanted = Wanted::Deployment(at.number, position(since.position, &headers)?);
    Client::new(server, within, wanted).await.map(Client::answer)
}

/// Whoever listens.
struct Client {
    server: Server,
    caller: Caller,
    project: ProjectRecord,
    followed: Followed,
    rechecks: Interval,
}

impl Client {
    async fn new(server: Server, within: In<Reading>, wanted: Wanted) -> Answer<Self> {
        let followed = Followed::find(&server, &within.project.name, wanted).await?;
        let mut rechecks = interval(RECHECK);
        rechecks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Ok(Self { server, caller: within.caller, project: within.project, followed, rechecks })
    }

    fn answer(self) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
        let events = stream::unfold(self, |mut client| async {
            let told = client.next().await?;
            Some((Ok(event(told)), client))
        });
        Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
    }

    /// What is told next. Nothing more when the server is to end or the client may not listen any more: it comes back, and hears why.
    async fn next(&mut self) -> Option<Told> {
        let stop = self.server.stop().clone();
        loop {
            tokio::select! {
                () = stop.cancelled() => return None,
                _ = self.rechecks.tick() => if !self.may_stay().await { return None },
                told = self.followed.next() => return told,
            }
        }
    }

    /// A store that does not answer just now sends nobody away.
    async fn may_stay(&self) -> bool {
        let counts = self.caller.still_counts(&self.server).await.unwrap_or(true);
        counts && may_see(&self.server, &self.caller, self.project.id).await.unwrap_or(true)
    }
}

fn event(told: Told) -> Event {
    let (position, kind) = (told.position(), told.kind());
    let event = Event::default().event(kind).data(Message { id: None, told }.text());
    match position {
        Some(position) => event.id(position),
        None => event,
    }
}
