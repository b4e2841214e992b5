//! Bringing what happens to the view, until all of it has been shown.

use std::error::Error as _;
use std::time::Duration;

use imt_core::engine::{EngineError, Outcome};
use imt_core::feed::{Feed, Observation};
use imt_core::schedule::ChangeKind;
use imt_core::status::{End, Reason, Status};
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinHandle};
use tokio::time::Instant;

use super::writer::Writer;
use crate::clock::now;
use crate::error::{CliError, Result};
use crate::terminal::Terminal;
use crate::view::{Canvas, Output, View};

/// Something new is drawn no sooner than this after the last thing that was: a log that never pauses costs so many redraws.
const EAGER: Duration = Duration::from_millis(10);
/// What moves is redrawn so often when nothing happens.
const IDLE: Duration = Duration::from_millis(100);
/// How long to look for what else was recorded when the engine has failed.
const LAST_LOOK: Duration = Duration::from_millis(200);

/// When to draw next.
struct Pace {
    drawn: Instant,
    /// When something new was drawn last. What is only redrawn because time goes by does not count: it must not postpone the
    /// first line after a pause.
    news: Option<Instant>,
    changed: bool,
}

impl Pace {
    fn new(now: Instant) -> Self {
        Self { drawn: now, news: None, changed: false }
    }

    fn due(&self) -> Instant {
        match (self.changed, self.news) {
            (true, Some(news)) => news + EAGER,
            // Long past: at once.
            (true, None) => self.drawn,
            (false, _) => self.drawn + IDLE,
        }
    }

    fn drew(&mut self, now: Instant) {
        self.drawn = now;
        if std::mem::take(&mut self.changed) {
            self.news = Some(now);
        }
    }
}

/// Shows everything and answers with how the pipeline ended.
pub(super) async fn show(
    mut view: Box<dyn View>,
    mut feed: Feed,
    writer: &Writer,
    mut driving: JoinHandle<std::result::Result<Outcome, EngineError>>,
    warnings: &mut mpsc::Receiver<String>,
) -> Result<End> {
    let mut output = Output::default();
    let mut end = None;
    let mut driven = None;
    let mut pace = Pace::new(Instant::now());
    loop {
        tokio::select! {
            // In this order, so that a log that never pauses cannot keep the view from being drawn.
            biased;
            () = tokio::time::sleep_until(pace.due()), if view.is_live() => {
                view.draw(now(), canvas(), &mut output);
                pace.drew(Instant::now());
            }
            result = &mut driving, if driven.is_none() => match join(result) {
                Ok(outcome) => driven = Some(outcome),
                Err(error) => return fail(view, feed, writer, error).await,
            },
            Some(text) = warnings.recv() => view.warn(&text, &mut output),
            seen = feed.next() => {
                let Some(seen) = seen? else { break };
                end = end.or_else(|| end_of(&seen));
                view.observe(&seen, &mut output);
                pace.changed = true;
            }
        }
        writer.write(&mut output).await;
    }
    view.finish(now(), None, &mut output);
    writer.write(&mut output).await;
    if driven.is_none() {
        join(driving.await)?;
    }
    end.ok_or_else(|| CliError::internal("the pipeline ended without saying how"))
}

/// The engine cannot go on: shows what it did record, and that this is the end.
async fn fail(mut view: Box<dyn View>, mut feed: Feed, writer: &Writer, error: CliError) -> Result<End> {
    let mut output = Output::default();
    while let Ok(Ok(Some(seen))) = tokio::time::timeout(LAST_LOOK, feed.next()).await {
        view.observe(&seen, &mut output);
        writer.write(&mut output).await;
    }
    let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
    let end = End::because(Status::Errored, Reason::Internal).with_detail(format!("{error}{cause}"));
    view.finish(now(), Some(&end), &mut output);
    writer.write(&mut output).await;
    Err(error)
}

fn join(result: std::result::Result<std::result::Result<Outcome, EngineError>, JoinError>) -> Result<Outcome> {
    match result {
        Ok(outcome) => Ok(outcome?),
        Err(error) => Err(CliError::internal("the engine broke down").because(error)),
    }
}

fn end_of(seen: &Observation) -> Option<End> {
    match seen {
        Observation::Event(event) => match &event.change.kind {
            ChangeKind::PipelineEnded { end } => Some(end.clone()),
            _ => None,
        },
        Observation::Log { .. } => None,
    }
}

fn canvas() -> Canvas {
    let (columns, rows) = Terminal::size();
    Canvas { columns, rows }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_after_a_pause_is_drawn_at_once() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let mut pace = Pace::new(start);
        assert_eq!(pace.due(), start + IDLE);
        pace.changed = true;
        assert!(pace.due() <= start, "nothing has been drawn before it");
        pace.drew(at(1));
        pace.changed = true;
        assert_eq!(pace.due(), at(1) + EAGER, "a line on its heels waits");
        pace.drew(at(11));
        // The spinner turned just now.
        pace.drew(at(111));
        pace.changed = true;
        assert!(pace.due() <= at(112), "a redraw without news postpones nothing");
    }
}
