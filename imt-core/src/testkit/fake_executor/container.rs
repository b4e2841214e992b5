//! One fake container: a script and some instants, from which everything else follows.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::script::{FakeEnd, FakeScript, OnTerm};
use crate::id::InstanceId;
use crate::ports::{Exit, FailureKind, Handle, JobSpec, StreamKind};

#[derive(Debug)]
pub(super) struct Container {
    pub(super) spec: JobSpec,
    pub(super) script: FakeScript,
    /// The life that made it.
    pub(super) life: u32,
    pub(super) instance: InstanceId,
    pub(super) phase: Phase,
    pub(super) stop: Option<Stop>,
    pub(super) lost_at: Option<Instant>,
    pub(super) logs_broke: bool,
    /// Lives that were given a handle.
    pub(super) known_to: BTreeSet<u32>,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Phase {
    /// Image and container are being made; then ready, or this failure.
    Preparing { until: Instant, failure: Option<FailureKind> },
    /// It waits for its go.
    Gate,
    /// It waited for its go when its starter died.
    DeadAtGate { at: Instant },
    /// Its script began.
    Begun { at: Instant },
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Stop {
    pub(super) term_at: Instant,
    pub(super) kill_at: Instant,
}

impl Container {
    pub(super) fn handle(&self) -> Handle {
        Handle { attempt: self.spec.attempt, external: format!("fake {}", self.spec.attempt) }
    }

    /// When and how it ends, as far as that is settled by what happened up to now.
    pub(super) fn end(&self) -> Option<(Instant, Exit)> {
        let began = match self.phase {
            Phase::Begun { at } => at,
            Phase::DeadAtGate { at } => return Some((at, Exit::Lost { began: false })),
            Phase::Preparing { .. } | Phase::Gate => return None,
        };
        let natural = self.script.runs_for.map(|span| (began + span, self.script.end.exit()));
        let end = match self.stop {
            None => natural,
            Some(stop) => Some(self.stopped(stop, natural)),
        };
        match (self.lost_at, end) {
            (Some(lost), Some((at, exit))) if at <= lost => Some((at, exit)),
            (Some(lost), _) => Some((lost, Exit::Lost { began: true })),
            (None, end) => end,
        }
    }

    fn stopped(&self, stop: Stop, natural: Option<(Instant, Exit)>) -> (Instant, Exit) {
        if let Some(natural) = natural.filter(|(at, _)| *at <= stop.term_at) {
            return natural;
        }
        let killed = (stop.kill_at, Exit::Stopped(None));
        match &self.script.on_term {
            OnTerm::Dies => (stop.term_at, Exit::Stopped(None)),
            OnTerm::CleansUp { takes, code, .. } if stop.term_at + *takes <= stop.kill_at && !stop.is_kill() => {
                (stop.term_at + *takes, Exit::Stopped(Some(*code)))
            }
            OnTerm::CleansUp { .. } => killed,
            OnTerm::Ignores => natural.filter(|(at, _)| *at <= stop.kill_at).unwrap_or(killed),
        }
    }

    /// Its exit, once it is over.
    pub(super) fn exit(&self, now: Instant) -> Option<Exit> {
        self.end().filter(|(at, _)| *at <= now).map(|(_, exit)| exit)
    }

    /// Whether it is more than a preparation that failed.
    pub(super) fn is_there(&self, now: Instant) -> bool {
        !matches!(self.phase, Phase::Preparing { until, failure: Some(_) } if until <= now)
    }

    pub(super) fn is_running(&self, now: Instant) -> bool {
        matches!(self.phase, Phase::Begun { .. }) && self.exit(now).is_none()
    }

    /// The piece of output with this index: its due time and content; `None` when there is no such piece.
    pub(super) fn piece(&self, index: usize) -> Option<(Instant, StreamKind, Bytes)> {
        let Phase::Begun { at: began } = self.phase else { return None };
        let end = self.end().map(|(at, _)| at);
        let mut due = self.script.output.iter().filter(|(after, ..)| end.is_none_or(|end| began + *after <= end));
        let scripted = due.clone().count();
        if index < scripted {
            return due.nth(index).map(|(after, stream, bytes)| (began + *after, *stream, bytes.clone()));
        }
        let cleaned_up = matches!(self.end(), Some((_, Exit::Stopped(Some(_)))));
        match (&self.script.on_term, end) {
            (OnTerm::CleansUp { says, .. }, Some(end)) if cleaned_up && index == scripted && !says.is_empty() => {
                Some((end, StreamKind::Stdout, says.clone()))
            }
            _ => None,
        }
    }

    pub(super) fn ask_to_stop(&mut self, grace: Duration) {
        let now = Instant::now();
        let before = self.stop.unwrap_or(Stop { term_at: now, kill_at: now + grace });
        let kill_at = before.kill_at.min(now + grace);
        self.stop = Some(Stop { term_at: before.term_at.min(kill_at), kill_at });
    }
}

impl Stop {
    /// Whether it leaves no time at all: then nothing of the script runs any more.
    fn is_kill(&self) -> bool {
        self.term_at == self.kill_at
    }
}

impl FakeEnd {
    const fn exit(self) -> Exit {
        match self {
            Self::Code(code) => Exit::Code(code),
            Self::Signal(signal) => Exit::Signal(signal),
            Self::OutOfMemory => Exit::OutOfMemory,
            Self::Lost => Exit::Lost { began: true },
        }
    }
}
