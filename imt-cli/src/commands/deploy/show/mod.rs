//! Showing a deployment as it goes: what its steps say, how they end, and how it ends.
//!
//! Lines of the log and changes of the state come from the store by two ways. What a step has said is in the log before its end is
//! committed, and what it says comes after its begin is; between the two the log has lines of the engine, of which nothing is
//! shown but that they are there.

mod end;
mod human;
mod json;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use imt_core::deploy::machine::{ChangeKind, DeploymentState};
use imt_core::engine::{DeploymentOutcome, EngineError};
use imt_core::feed::DeploymentObservation;
use imt_core::id::DeploymentId;
use imt_core::ports::{DeploymentEvent, DeploymentStore, EventId, LogFrom, StoreError, StoredChunk, StreamKind};
use imt_core::time::Timestamp;
use tokio::task::JoinHandle;

use crate::args::RunOutput;
use crate::error::{CliError, Result};
use crate::output;
use crate::terminal::Terminal;

pub(super) use end::{Left, tell_end};
use human::Human;

/// From one look at the log to the next.
const PAUSE: Duration = Duration::from_millis(100);
/// The most that is read of it at once.
const AT_ONCE_BYTES: usize = 256 << 10;
/// The most events that are read at once.
const AT_ONCE_EVENTS: usize = 100;

/// What is shown, and how.
pub(super) struct Shown {
    pub(super) store: Arc<dyn DeploymentStore>,
    pub(super) id: DeploymentId,
    pub(super) how: RunOutput,
    /// What it is, for people.
    pub(super) title: String,
    /// It was begun by another process: what that has said is not said again.
    pub(super) goes_on: bool,
}

/// How a deployment was seen to end.
pub(super) struct Seen {
    pub(super) outcome: DeploymentOutcome,
    /// The last lines of the step that failed.
    pub(super) last_lines: Vec<String>,
}

/// Shows a deployment until it is over; not yet its end.
pub(super) async fn show(
    shown: &Shown,
    mut driving: JoinHandle<std::result::Result<DeploymentOutcome, EngineError>>,
) -> Result<Seen> {
    let mut view = View::new(shown.how, shown.id);
    let mut following = Following::new(shown).await?;
    output::result(&view.begin(&shown.title))?;
    let outcome = loop {
        tokio::select! {
            outcome = &mut driving => break outcome,
            () = tokio::time::sleep(PAUSE) => following.look(shown, &mut view).await?,
        }
    };
    following.look(shown, &mut view).await?;
    output::result(&view.over())?;
    let outcome = outcome.map_err(|error| CliError::internal("the deployment broke down").because(error))??;
    let last_lines = if let View::Human(human) = view { human.into_failed_lines() } else { Vec::new() };
    Ok(Seen { outcome, last_lines })
}

/// Shows a deployment that another process drives, as it is told, and what it comes to. Answers the last lines of the step that
/// failed.
pub(super) async fn show_told(
    how: RunOutput,
    id: DeploymentId,
    title: &str,
    mut next: impl AsyncFnMut() -> Result<Option<DeploymentObservation>>,
    state: &mut DeploymentState,
) -> Result<Vec<String>> {
    let (mut view, mut line) = (View::new(how, id), Vec::new());
    output::result(&view.begin(title))?;
    while let Some(seen) = next().await? {
        match seen {
            DeploymentObservation::Event(event) => {
                state.apply(&event.change);
                output::result(&view.change(&event)?)?;
            }
            DeploymentObservation::Log(chunk) => {
                if chunk.stream != StreamKind::System || matches!(view, View::Plain) {
                    said(&mut line, &chunk, &mut view)?;
                }
            }
        }
    }
    output::result(&view.over())?;
    Ok(if let View::Human(human) = view { human.into_failed_lines() } else { Vec::new() })
}

/// Shows the lines that a piece makes whole.
fn said(line: &mut Vec<u8>, chunk: &StoredChunk, view: &mut View) -> Result<()> {
    line.extend_from_slice(&chunk.bytes);
    let Some(end) = line.iter().rposition(|byte| *byte == b'\n') else { return Ok(()) };
    let rest = line.split_off(end + 1);
    let whole = std::mem::replace(line, rest);
    let text = String::from_utf8_lossy(&whole);
    let lines: Result<String> = text.lines().map(|line| view.line(line, chunk.at)).collect();
    output::result(&lines?)
}

/// What is made of what is seen.
enum View {
    /// The log as it is.
    Plain,
    Json(DeploymentId),
    Human(Human),
}

impl View {
    fn new(how: RunOutput, id: DeploymentId) -> Self {
        match how {
            RunOutput::Plain => Self::Plain,
            RunOutput::Json => Self::Json(id),
            RunOutput::Human => Self::Human(Human::new(Terminal::stdout())),
        }
    }

    fn begin(&self, title: &str) -> String {
        if let Self::Human(human) = self { human.title(title) } else { String::new() }
    }

    fn line(&mut self, line: &str, at: Timestamp) -> Result<String> {
        match self {
            Self::Plain => Ok(format!("{line}\n")),
            Self::Json(id) => json::log(*id, line, at),
            Self::Human(human) => {
                human.line(line);
                Ok(String::new())
            }
        }
    }

    fn change(&mut self, event: &DeploymentEvent) -> Result<String> {
        match self {
            Self::Plain => Ok(String::new()),
            Self::Json(id) => json::change(*id, &event.change),
            Self::Human(human) => Ok(human.change(&event.change)),
        }
    }

    fn pause(&mut self) -> String {
        if let Self::Human(human) = self { human.now(crate::clock::now()) } else { String::new() }
    }

    fn over(&mut self) -> String {
        if let Self::Human(human) = self { human.erase() } else { String::new() }
    }
}

/// How far it has been shown.
struct Following {
    offset: u64,
    event: EventId,
    events: VecDeque<DeploymentEvent>,
    /// A line that has no end yet.
    line: Vec<u8>,
    /// The last that was read is of the engine.
    is_at_border: bool,
}

impl Following {
    async fn new(shown: &Shown) -> Result<Self> {
        let mut following = Self {
            offset: 0,
            event: EventId::default(),
            events: VecDeque::new(),
            line: Vec::new(),
            is_at_border: true,
        };
        if shown.goes_on {
            let cursor = shown.store.log_cursor(shown.id).await;
            following.offset = cursor.map_err(CliError::store("find the end of the deployment's log"))?.offset;
            following.fetch(shown).await?;
            following.events.clear();
        }
        Ok(following)
    }

    /// Shows what is new.
    async fn look(&mut self, shown: &Shown, view: &mut View) -> Result<()> {
        self.fetch(shown).await?;
        loop {
            let page = shown.store.read_log(shown.id, LogFrom::Offset(self.offset), AT_ONCE_BYTES).await;
            let page = match page {
                Ok(page) => page,
                // It is accepted only when it is driven.
                Err(StoreError::NotFound(_)) => return Ok(()),
                Err(error) => return Err(CliError::store("read the deployment's log")(error)),
            };
            if page.chunks.is_empty() {
                // All that was said before any of them was there to be read.
                self.show_changes(self.events.len(), view)?;
                return output::result(&view.pause());
            }
            for chunk in &page.chunks {
                self.offset = chunk.offset + chunk.bytes.len() as u64;
                let is_border = chunk.stream == StreamKind::System;
                if !is_border && self.is_at_border {
                    self.fetch(shown).await?;
                    self.show_changes(self.begun_by(chunk.at), view)?;
                }
                self.is_at_border = is_border;
                if !is_border || matches!(view, View::Plain) {
                    said(&mut self.line, chunk, view)?;
                }
            }
        }
    }

    /// How many events there are up to the begin of the step that says something at this time.
    fn begun_by(&self, at: Timestamp) -> usize {
        let is_begin = |event: &DeploymentEvent| matches!(event.change.kind, ChangeKind::StepBegan { .. });
        let last = self.events.iter().rposition(|event| is_begin(event) && event.change.at <= at);
        last.map_or(0, |last| last + 1)
    }

    fn show_changes(&mut self, count: usize, view: &mut View) -> Result<()> {
        for event in self.events.drain(..count) {
            output::result(&view.change(&event)?)?;
        }
        Ok(())
    }

    /// Fetches the events there are.
    async fn fetch(&mut self, shown: &Shown) -> Result<()> {
        loop {
            let found = shown.store.events_after(shown.id, self.event, AT_ONCE_EVENTS).await;
            let found = match found {
                Ok(found) => found,
                Err(StoreError::NotFound(_)) => Vec::new(),
                Err(error) => return Err(CliError::store("read the deployment's events")(error)),
            };
            let Some(last) = found.last() else { return Ok(()) };
            self.event = last.id;
            self.events.extend(found);
        }
    }
}
