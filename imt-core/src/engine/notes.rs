//! Notes of an executor: kept while the attempt's turn has not come, and as lines of its log.

use std::collections::VecDeque;

use tokio::sync::mpsc;

use crate::ports::{ExecutorResult, Note};

/// Lines of notes kept from before the attempt's turn; older ones give way.
const NOTES_KEPT: usize = 200;

/// Listens to the notes of a preparation whose turn has not come.
pub(super) struct Ears {
    pub(super) heard: mpsc::Receiver<Note>,
    pub(super) early: VecDeque<Note>,
    pub(super) left_out: usize,
}

impl Ears {
    pub(super) const fn new(heard: mpsc::Receiver<Note>) -> Self {
        Self { heard, early: VecDeque::new(), left_out: 0 }
    }

    pub(super) async fn listen(
        &mut self,
        work: &mut (impl Future<Output = ExecutorResult<()>> + Unpin),
    ) -> ExecutorResult<()> {
        loop {
            tokio::select! {
                biased;
                Some(note) = self.heard.recv() => self.keep(note),
                result = &mut *work => {
                    while let Ok(note) = self.heard.try_recv() {
                        self.keep(note);
                    }
                    return result;
                }
            }
        }
    }

    fn keep(&mut self, note: Note) {
        if self.early.len() == NOTES_KEPT {
            self.early.pop_front();
            self.left_out += 1;
        }
        self.early.push_back(note);
    }
}

pub(super) fn render(note: &Note) -> String {
    match note {
        Note::Open(title) => format!("{title} …"),
        Note::Line(line) => format!("  {line}"),
        Note::Close(span) => format!("  done in {:.1} s", span.as_secs_f64()),
    }
}
