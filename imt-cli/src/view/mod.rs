//! How pipelines are shown. One that runs: one view per `--output`, each a fold of observations into bytes. One that is
//! stored: `record`, and for deployments `deployment`.
//!
//! Views are pure but for what they keep of the past: they read no clock and touch no stream. `commands::run` feeds them
//! and writes what they give.

mod board;
mod columns;
pub(crate) mod deployment;
mod human;
mod json;
mod lines;
mod log_lines;
mod plain;
mod record;
#[cfg(test)]
mod story;
mod transcript;
pub(crate) mod words;

use bytes::Bytes;
use imt_core::feed::Observation;
use imt_core::id::PipelineId;
use imt_core::plan::Plan;
use imt_core::status::End;
use imt_core::time::Timestamp;

use crate::terminal::clean;
pub(crate) use human::{Canvas, Human};
pub(crate) use json::Json;
pub(crate) use plain::Plain;
pub(crate) use record::{Record, Seen, page, table};
pub(crate) use transcript::{LogForm, Transcript};
pub(crate) use words::{ago, place, revision, span, verdict, waits};

/// The facts of a run that no event tells.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    pub(crate) pipeline: PipelineId,
    pub(crate) plan: Plan,
    /// Where jobs run: `docker` or `local`.
    pub(crate) executor: &'static str,
    /// The files are not those of the plan's commit: there are changes that are not committed.
    pub(crate) dirty: bool,
}

impl Facts {
    /// What runs, as people quote it.
    fn revision(&self) -> String {
        let changes = if self.dirty { " +changes" } else { "" };
        format!("{}{changes}", revision(&self.plan))
    }
}

/// Where a piece of output goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    Stdout,
    Stderr,
}

/// Pieces of output in the order that they are to be written.
#[derive(Debug, Default)]
pub(crate) struct Output(Vec<(Target, Bytes)>);

impl Output {
    pub(crate) fn stdout(&mut self, bytes: impl Into<Bytes>) {
        self.push(Target::Stdout, bytes.into());
    }

    pub(crate) fn stderr(&mut self, bytes: impl Into<Bytes>) {
        self.push(Target::Stderr, bytes.into());
    }

    fn push(&mut self, target: Target, bytes: Bytes) {
        if !bytes.is_empty() {
            self.0.push((target, bytes));
        }
    }

    pub(crate) fn drain(&mut self) -> impl Iterator<Item = (Target, Bytes)> + '_ {
        self.0.drain(..)
    }

    /// All that went to one target.
    #[cfg(test)]
    pub(crate) fn text(&self, target: Target) -> String {
        let bytes: Vec<u8> = self.0.iter().filter(|(to, _)| *to == target).flat_map(|(_, b)| b.to_vec()).collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// One way to show a pipeline.
pub(crate) trait View: Send {
    /// Something happened.
    fn observe(&mut self, seen: &Observation, out: &mut Output);

    /// The engine has something to say that belongs to no job and changes no outcome.
    fn warn(&mut self, text: &str, out: &mut Output) {
        out.stderr(format!("imt: warning: {}\n", clean(text)));
    }

    /// Whether it wants to be redrawn as time goes by.
    fn is_live(&self) -> bool {
        false
    }

    /// Draws what moves. Called only when [`is_live`](Self::is_live).
    fn draw(&mut self, _now: Timestamp, _canvas: Canvas, _out: &mut Output) {}

    /// Nothing more will be observed. `end` says how it ended for us when the pipeline's own end was not observed.
    fn finish(&mut self, now: Timestamp, end: Option<&End>, out: &mut Output);
}
