//! Listening to a server: events as they come, over as many connections as it takes.

use std::io::{BufRead as _, BufReader};
use std::thread;
use std::time::{Duration, Instant};

use imt_core::feed::{DeploymentObservation, Observation};
use imt_core::id::{AttemptId, DeploymentId, PipelineId, ProjectName};
use imt_core::ports::{LogFrom, LogPage};
use serde::de::DeserializeOwned;
use tokio::sync::mpsc;
use ureq::http::{Method, StatusCode};

use super::client::Remote;
use super::wire::{DeploymentMessage, LogPieces, PipelineMessage, Problem};
use crate::error::{CliError, Result};

/// How long a server may be away.
const PATIENCE: Duration = Duration::from_mins(1);
/// How long to wait before another try.
const PAUSE: Duration = Duration::from_millis(500);
/// After so long a connection is given up and made anew, so that one that is dead is noticed.
const CONNECTION_LASTS: Duration = Duration::from_mins(10);
/// How many wait to be read before the server has to wait.
const WAITING: usize = 64;

/// What is told of one thing until it is over.
pub(crate) struct Told {
    events: mpsc::Receiver<Result<Event>>,
}

/// An event as it is sent.
#[derive(Debug, Default, PartialEq, Eq)]
struct Event {
    kind: String,
    id: Option<String>,
    data: String,
}

impl Remote {
    /// Follows a pipeline.
    pub(crate) fn follow_pipeline(&self, project: &ProjectName, number: u64) -> Told {
        self.listen(format!("/projects/{project}/pipelines/{number}/events"))
    }

    /// Follows a deployment.
    pub(crate) fn follow_deployment(&self, project: &ProjectName, number: u64) -> Told {
        self.listen(format!("/projects/{project}/deployments/{number}/events"))
    }

    /// Some of a job's log, from a place on.
    pub(crate) async fn log(
        &self,
        project: &ProjectName,
        number: u64,
        attempt: AttemptId,
        from: LogFrom,
    ) -> Result<LogPage> {
        let (from, at) = match from {
            LogFrom::Offset(at) => ("offset", at),
            LogFrom::Line(at) => ("line", at),
            LogFrom::Tail(at) => ("tail", at),
        };
        let (job, attempt) = (attempt.job.0, attempt.number);
        let path =
            format!("/projects/{project}/pipelines/{number}/jobs/{job}/log/pieces?attempt={attempt}&{from}={at}");
        let LogPieces { items, next_offset } = self.get(path).await?;
        let chunks: Option<Vec<_>> = items.into_iter().map(super::wire::Piece::chunk).collect();
        Ok(LogPage { chunks: chunks.ok_or_else(unreadable)?, next_offset, end: None })
    }

    /// A thread of its own, which nobody waits for: it may hang as long as the network does.
    fn listen(&self, path: String) -> Told {
        let (to, events) = mpsc::channel(WAITING);
        let remote = self.clone();
        thread::spawn(move || remote.tell(&path, &to));
        Told { events }
    }

    fn tell(&self, path: &str, to: &mpsc::Sender<Result<Event>>) {
        let (mut last, mut since) = (None::<String>, Instant::now());
        loop {
            let problem = match self.connected(path, &mut last, &mut since, to) {
                Ok(true) => return,
                Ok(false) => None,
                Err(error) => Some(error),
            };
            if since.elapsed() > PATIENCE
                && let Some(problem) = problem
            {
                // Whoever listened may have gone.
                drop(to.blocking_send(Err(problem)));
                return;
            }
            thread::sleep(PAUSE);
        }
    }

    /// Until the connection is over; whether that is all there is.
    fn connected(
        &self,
        path: &str,
        last: &mut Option<String>,
        since: &mut Instant,
        to: &mpsc::Sender<Result<Event>>,
    ) -> Result<bool> {
        let headers: Vec<(&str, &str)> = last.iter().map(|last| ("last-event-id", last.as_str())).collect();
        let answered = self.send(&Method::GET, path, &headers, None, Some(CONNECTION_LASTS))?;
        let status = answered.status();
        let is_busy = [StatusCode::TOO_MANY_REQUESTS, StatusCode::REQUEST_TIMEOUT].contains(&status);
        let is_refused = status.is_client_error() && !is_busy;
        let answered = match self.accepted(answered) {
            Err(error) if is_refused => {
                drop(to.blocking_send(Err(error)));
                return Ok(true);
            }
            answered => answered?,
        };
        let mut reader = BufReader::new(answered.into_body().into_reader());
        let (mut event, mut line, mut heard) = (Event::default(), String::new(), false);
        loop {
            line.clear();
            // A connection that breaks is made anew from where it was.
            let Ok(1..) = reader.read_line(&mut line) else {
                let nothing = || CliError::errored("the server, or what is before it, ends what it tells at once");
                return if heard { Ok(false) } else { Err(nothing()) };
            };
            heard = true;
            *since = Instant::now();
            let Some(whole) = event.take(line.trim_end_matches(['\r', '\n'])) else { continue };
            if whole.id.is_some() {
                last.clone_from(&whole.id);
            }
            let is_last = matches!(whole.kind.as_str(), "end" | "failed" | "refused");
            if to.blocking_send(Ok(whole)).is_err() || is_last {
                return Ok(true);
            }
        }
    }
}

impl Event {
    /// Takes a line; the event, if that was its last.
    fn take(&mut self, line: &str) -> Option<Self> {
        if line.is_empty() {
            let whole = std::mem::take(self);
            return (!whole.data.is_empty()).then_some(whole);
        }
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "event" => value.clone_into(&mut self.kind),
            "id" => self.id = Some(value.to_owned()),
            "data" => {
                if !self.data.is_empty() {
                    self.data.push('\n');
                }
                self.data.push_str(value);
            }
            // A comment, which keeps the connection open, or something of a later version.
            _ => {}
        }
        None
    }
}

impl Told {
    /// What happens next in a pipeline; `None` after its end.
    pub(crate) async fn pipeline(&mut self, id: PipelineId) -> Result<Option<Observation>> {
        let Some(message) = self.next::<PipelineMessage>().await? else { return Ok(None) };
        message.observation(id).map(Some).ok_or_else(unreadable)
    }

    /// What happens next in a deployment; `None` after its end.
    pub(crate) async fn deployment(&mut self, id: DeploymentId) -> Result<Option<DeploymentObservation>> {
        let Some(message) = self.next::<DeploymentMessage>().await? else { return Ok(None) };
        message.observation(id).map(Some).ok_or_else(unreadable)
    }

    async fn next<T: DeserializeOwned>(&mut self) -> Result<Option<T>> {
        loop {
            let Some(event) = self.events.recv().await.transpose()? else { return Ok(None) };
            match event.kind.as_str() {
                "end" => return Ok(None),
                "event" | "log" => {
                    return serde_json::from_str(&event.data).map(Some).map_err(|error| unreadable().because(error));
                }
                "failed" | "refused" => {
                    let detail = serde_json::from_str(&event.data).map(|Problem { detail, .. }| detail);
                    return Err(CliError::errored(detail.unwrap_or_else(|_| "the server does not go on".to_owned())));
                }
                // Of a later version.
                _ => {}
            }
        }
    }
}

fn unreadable() -> CliError {
    CliError::errored("the server says something that is not understood here")
        .help("it may be of a later version than this command: see with `imt --version` and `imt-server --version`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_read_line_by_line() {
        let text =
            ": hello\n\nevent: log\nid: {\"event\":1}\ndata: {\"a\":\ndata: 1}\n\ndata:x\nretry: 5\n\nevent: end\n";
        let mut event = Event::default();
        let whole: Vec<Event> = text.lines().filter_map(|line| event.take(line)).collect();
        let of = |kind: &str, id: Option<&str>, data: &str| Event {
            kind: kind.to_owned(),
            id: id.map(str::to_owned),
            data: data.to_owned(),
        };
        assert_eq!(whole, [of("log", Some("{\"event\":1}"), "{\"a\":\n1}"), of("", None, "x")]);
        assert_eq!(event, of("end", None, ""), "it is not whole");
    }
}
