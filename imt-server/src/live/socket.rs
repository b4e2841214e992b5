//! The socket: what a client wants to follow, and what it is told.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{self, CloseFrame, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::http::HeaderMap;
use axum::response::Response;
use imt_core::directory::Scope;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::followed::Wanted;
use super::message::{Message, Said, Told};
use super::watch::Watched;
use crate::access::Caller;
use crate::http::{Answer, Code, Problem};
use crate::state::Server;

/// The most that a client may say at once.
const SAID_BYTES: usize = 16 * 1024;
/// How much is read at once of what a client says.
const READ_BYTES: usize = 4 * 1024;
/// How much a client may follow at once.
const MOST_FOLLOWED: usize = 64;
/// How many things wait to be told before those who have more wait themselves.
const WAITING: usize = 2;
/// How often it is looked whether a client may still see what it follows, and whether it is there.
pub(super) const RECHECK: Duration = Duration::from_secs(4);

/// The closing of a socket, by RFC 6455; from 4000 on the words are ours.
mod code {
    pub(super) const TOO_MUCH: u16 = 1009;
    pub(super) const RESTART: u16 = 1012;
    pub(super) const NOT_UNDERSTOOD: u16 = 4400;
    pub(super) const SIGNED_OUT: u16 = 4401;
    pub(super) const NOT_ALLOWED: u16 = 4403;
}

/// Opens the socket for events and logs.
#[utoipa::path(get, path = "/ws", tag = "live", extensions(("x-needs" = json!("read"))),
    responses((status = 101, description = "From here on JSON messages: see the documentation"), crate::routes::Refusals))]
pub(crate) async fn open(
    State(server): State<Server>,
    caller: Caller,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Answer<Response> {
    caller.must_have(Scope::Read)?;
    // A page of another site may open sockets with the cookies of whoever looks at it.
    if caller.session().is_some() && !server.origins().allow(&headers) {
        return Err(Problem::new(Code::Forbidden, "this does not come from a page of this server"));
    }
    let upgrade = upgrade.map_err(|rejection| Problem::new(Code::Malformed, rejection.body_text()))?;
    let upgrade = upgrade.max_message_size(SAID_BYTES).max_frame_size(SAID_BYTES);
    // Each client has these for itself: what it says is short, and what it is told is written through at once.
    let upgrade = upgrade.read_buffer_size(READ_BYTES).write_buffer_size(0);
    let tracker = server.sockets().clone();
    Ok(upgrade.on_upgrade(move |socket| {
        tracker.track_future(async move {
            server.metrics().socket_opened();
            let metrics = server.metrics().clone();
            Client { server, caller, followed: BTreeMap::new() }.serve(socket).await;
            metrics.socket_closed();
        })
    }))
}

/// One client.
struct Client {
    server: Server,
    caller: Caller,
    followed: BTreeMap<u32, Watched>,
}

/// Why a socket is closed from our side: a code, and a word.
type Closing = (u16, &'static str);

impl Client {
    fn patience(&self) -> Duration {
        self.server.settings().socket_patience
    }

    async fn serve(mut self, mut socket: WebSocket) {
        let closing = self.talk(&mut socket).await;
        if let Some((code, reason)) = closing {
            let frame = CloseFrame { code, reason: Utf8Bytes::from_static(reason) };
            // Whether it is still heard is the client's business.
            drop(timeout(self.patience(), socket.send(ws::Message::Close(Some(frame)))).await);
        }
    }

    /// Until one of both has enough; says why, if it is us.
    async fn talk(&mut self, socket: &mut WebSocket) -> Option<Closing> {
        let (tell, mut told) = mpsc::channel(WAITING);
        let stop = self.server.stop().clone();
        let mut rechecks = interval(RECHECK);
        rechecks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let saying = tokio::select! {
                () = stop.cancelled() => return Some((code::RESTART, "the server restarts: connect again")),
                message = socket.recv() => match message {
                    Some(Ok(ws::Message::Text(text))) => match self.hear(&text, &tell).await {
                        Ok(None) => continue,
                        Ok(Some(answer)) => answer,
                        Err(closing) => return Some(closing),
                    },
                    Some(Ok(ws::Message::Binary(_))) => return Some((code::NOT_UNDERSTOOD, "send text")),
                    Some(Ok(ws::Message::Ping(_) | ws::Message::Pong(_))) => continue,
                    Some(Ok(ws::Message::Close(_)) | Err(_)) | None => return None,
                },
                Some(saying) = told.recv() => saying,
                _ = rechecks.tick() => match self.recheck().await {
                    Some(closing) => return Some(closing),
                    None if timeout(self.patience(), socket.send(ws::Message::Ping(Vec::new().into()))).await.is_ok_and(|sent| sent.is_ok()) => continue,
                    None => return None,
                },
            };
            let (id, told) = saying;
            // What was refused may have the id of something else, which goes on.
            if matches!(told, Told::End | Told::Failed { .. }) {
                self.followed.remove(&id);
            }
            let text = Message { id: Some(id), told }.text();
            if !timeout(self.patience(), socket.send(ws::Message::Text(text.into())))
                .await
                .is_ok_and(|sent| sent.is_ok())
            {
                return None;
            }
        }
    }

    /// Does what the client says; what is to be answered at once.
    async fn hear(&mut self, text: &str, tell: &mpsc::Sender<(u32, Told)>) -> Result<Option<(u32, Told)>, Closing> {
        let said = serde_json::from_str(text);
        let (id, project, wanted) =
            match said.map_err(|_| (code::NOT_UNDERSTOOD, "this is none of the messages that are understood"))? {
                Said::Leave { id } => {
                    self.followed.remove(&id);
                    return Ok(None);
                }
                Said::Follow { id, project, pipeline, position, jobs } => {
                    (id, project, Wanted::Pipeline(pipeline, position.unwrap_or_default(), jobs))
                }
                Said::FollowDeployment { id, project, deployment, position } => {
                    (id, project, Wanted::Deployment(deployment, position.unwrap_or_default()))
                }
            };
        if self.followed.len() >= MOST_FOLLOWED {
            return Err((code::TOO_MUCH, "too much is followed at once"));
        }
        // What is left of the other one could not be told from this one.
        if self.followed.contains_key(&id) {
            let problem = Problem::new(Code::Conflict, "this id is in use: take another one");
            return Ok(Some((id, Told::refused(&problem))));
        }
        match Watched::begin(&self.server, &self.caller, (id, &project), wanted, tell.clone()).await {
            Ok(watched) => {
                self.followed.insert(id, watched);
                Ok(None)
            }
            Err(problem) => Ok(Some((id, Told::refused(&problem)))),
        }
    }

    /// Whether the client may stay. A store that does not answer just now sends nobody away.
    async fn recheck(&self) -> Option<Closing> {
        if let Ok(false) = self.caller.still_counts(&self.server).await {
            return Some((code::SIGNED_OUT, "signed out"));
        }
        for watched in self.followed.values() {
            if let Ok(false) = watched.may_go_on(&self.server, &self.caller).await {
                return Some((code::NOT_ALLOWED, "this may not be seen any more"));
            }
        }
        None
    }
}
