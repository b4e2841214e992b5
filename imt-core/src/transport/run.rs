//! One command on its way: begun, followed, and ended where nobody wants it any more.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt as _, stream};
use memchr::memmem;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until, timeout};
use uuid::Uuid;

use super::host::ShellHost;
use super::script::{self, word};
use crate::ports::{
    RemoteCommand, RemoteExit, RunEvent, RunStream, StreamKind, TransportError, TransportErrorKind, TransportResult,
};

/// Pieces of output that wait for their reader.
const WAITING_PIECES: usize = 16;
/// What a login shell may print before we give up waiting for our own word.
const MOST_CHATTER_BYTES: usize = 256 * 1024;
/// How long ending a command may take, the two seconds before SIGKILL included.
const END_LIMIT: Duration = Duration::from_secs(10);

/// A mark that no output holds by accident.
pub(super) fn fresh_mark() -> String {
    Uuid::now_v7().simple().to_string()
}

/// Begins a command; the rest happens in a task of its own, which outlives whoever lets go of it just long enough to end
/// the command.
pub(super) async fn run(host: Arc<dyn ShellHost>, command: RemoteCommand) -> TransportResult<RunStream> {
    let mark = fresh_mark();
    let text = script::command(&command, &mark)?;
    let (sink, source) = mpsc::channel(WAITING_PIECES);
    let (begun, answer) = oneshot::channel();
    let order = Order { host, mark, input: vec![text, command.stdin.clone()], command };
    tokio::spawn(order.follow(begun, sink));
    answer.await.unwrap_or_else(|_| Err(ended_early()))?;
    Ok(stream::unfold(source, |mut source| async move { source.recv().await.map(|item| (item, source)) }).boxed())
}

fn ended_early() -> TransportError {
    TransportError::new(TransportErrorKind::Internal, "the task that follows a command ended early")
}

type Sink = mpsc::Sender<TransportResult<RunEvent>>;
type Begun = oneshot::Sender<TransportResult<()>>;

struct Order {
    host: Arc<dyn ShellHost>,
    mark: String,
    input: Vec<Bytes>,
    command: RemoteCommand,
}

enum Cut {
    Unwanted,
    Deadline,
}

impl Order {
    async fn follow(self, begun: Begun, sink: Sink) {
        let deadline = self.command.deadline.map(|limit| Instant::now() + limit);
        let mut begun = Some(begun);
        let cut = tokio::select! {
            () = self.perform(&mut begun, &sink) => return,
            () = sink.closed() => Cut::Unwanted,
            () = async { match deadline { Some(at) => sleep_until(at).await, None => std::future::pending().await } } => Cut::Deadline,
        };
        // The channel of the command is closed by now.
        let ended = self.end(begun.is_none()).await;
        if let Cut::Deadline = cut {
            tell(begun, &sink, self.too_long(ended)).await;
        }
    }

    async fn perform(&self, begun: &mut Option<Begun>, sink: &Sink) {
        let opened = self.host.open(script::line(&self.mark), self.input.clone()).await;
        let mut raw = match opened {
            Ok(raw) => raw,
            Err(error) => return tell(begun.take(), sink, error).await,
        };
        let rest = match first_word(&mut raw, &self.mark, Some(sink)).await {
            Ok((word, rest)) if word == word::BEGUN => rest,
            Ok((word, _)) => return tell(begun.take(), sink, self.no_directory(&word)).await,
            Err(error) => return tell(begun.take(), sink, error).await,
        };
        if begun.take().is_some_and(|begun| begun.send(Ok(())).is_err()) {
            // Whoever asked is gone; so is the stream, and `follow` ends the command.
            return std::future::pending().await;
        }
        if !rest.is_empty() && sink.send(Ok(RunEvent::Output(StreamKind::Stdout, rest))).await.is_err() {
            return std::future::pending().await;
        }
        while let Some(event) = raw.next().await {
            let is_last = matches!(event, Ok(RunEvent::Exit(_)) | Err(_));
            let unread = sink.send(event).await.is_err();
            if is_last {
                return;
            }
            if unread {
                return std::future::pending().await;
            }
        }
    }

    fn program(&self) -> &str {
        self.command.argv.first().map_or("", String::as_str)
    }

    fn no_directory(&self, word: &str) -> TransportError {
        let directory = self.command.cwd.as_deref().unwrap_or_default();
        if word == word::DENIED {
            let message = format!("directory `{directory}` on {} may not be entered", self.host.name());
            return TransportError::new(TransportErrorKind::PermissionDenied, message);
        }
        let message = format!("there is no directory `{directory}` on {}", self.host.name());
        TransportError::new(TransportErrorKind::NotFound, message)
    }

    fn too_long(&self, ended: bool) -> TransportError {
        let limit = self.command.deadline.unwrap_or_default();
        let message = format!("`{}` took longer than {limit:?} on {}", self.program(), self.host.name());
        let error = TransportError::new(TransportErrorKind::Deadline, message);
        if ended { error } else { error.with_help("it may still be running there: end it by hand") }
    }

    /// Ends the processes of the command; whether none is left, as far as one can know.
    async fn end(&self, begun: bool) -> bool {
        let ending = async {
            let mut raw =
                self.host.open(script::line(&fresh_mark()), vec![script::end_of(&self.mark, begun)]).await.ok()?;
            while let Some(event) = raw.next().await {
                if let Ok(RunEvent::Exit(exit)) = event {
                    return Some(exit.is_success());
                }
            }
            None
        };
        matches!(timeout(END_LIMIT, ending).await, Ok(Some(true)))
    }
}

/// An error goes to whoever waits for the beginning, or else to the reader.
async fn tell(begun: Option<Begun>, sink: &Sink, error: TransportError) {
    let unheard = match begun {
        Some(begun) => begun.send(Err(error)).is_err(),
        None => sink.send(Err(error)).await.is_err(),
    };
    if unheard {
        // Nobody is left to be told; what there was to end is ended.
    }
}

/// Reads up to our mark: the word after it, and what came behind. Standard error goes to `sink` meanwhile.
pub(super) async fn first_word(
    raw: &mut RunStream,
    mark: &str,
    sink: Option<&Sink>,
) -> TransportResult<(String, Bytes)> {
    let (mut head, mut aside) = (BytesMut::new(), Vec::new());
    loop {
        match raw.next().await {
            Some(Ok(RunEvent::Output(StreamKind::Stdout, bytes))) => head.extend_from_slice(&bytes),
            Some(Ok(RunEvent::Output(_, bytes))) => match sink {
                Some(sink) => {
                    if sink.send(Ok(RunEvent::Output(StreamKind::Stderr, bytes))).await.is_err() {
                        std::future::pending::<()>().await;
                    }
                }
                None => aside.extend_from_slice(&bytes),
            },
            Some(Ok(RunEvent::Exit(exit))) => return Err(no_shell(&exit, &head, &aside)),
            Some(Err(error)) => return Err(error),
            None => return Err(no_shell(&RemoteExit::Code(-1), &head, &aside)),
        }
        if let Some(found) = split_at_mark(&mut head, mark) {
            return Ok(found);
        }
        if head.len() > MOST_CHATTER_BYTES {
            return Err(no_shell(&RemoteExit::Code(-1), &head, &aside));
        }
    }
}

/// The word behind the mark and what follows its line, once the line is whole.
fn split_at_mark(head: &mut BytesMut, mark: &str) -> Option<(String, Bytes)> {
    let at = memmem::find(head, mark.as_bytes())?;
    let after = at + mark.len() + 1;
    let end = after + memchr::memchr(b'\n', head.get(after..)?)?;
    let word = String::from_utf8_lossy(&head[after..end]).into_owned();
    Some((word, head.split_off(end + 1).freeze()))
}

fn no_shell(exit: &RemoteExit, said: &[u8], aside: &[u8]) -> TransportError {
    let said = [said, aside].concat();
    let said: String = String::from_utf8_lossy(&said).chars().filter(|c| !c.is_control()).take(200).collect();
    let message = if said.is_empty() {
        format!("the host runs no command for this user ({exit})")
    } else {
        format!("the host runs no command for this user: it said `{said}` ({exit})")
    };
    TransportError::new(TransportErrorKind::Unsupported, message)
        .with_help("the user needs a login shell there, `sh` and `env` in its PATH, and no forced command")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_is_found_behind_what_a_login_shell_prints() {
        let cases: [(&str, Option<(&str, &str)>); 6] = [
            ("m begun\nrest", Some(("begun", "rest"))),
            ("hello\nm missing\n", Some(("missing", ""))),
            ("no newlinem begun\n\n", Some(("begun", "\n"))),
            ("m begu", None),
            ("m", None),
            ("", None),
        ];
        for (text, wanted) in cases {
            let found = split_at_mark(&mut BytesMut::from(text), "m");
            let wanted = wanted.map(|(word, rest)| (word.to_owned(), Bytes::from(rest)));
            assert_eq!(found, wanted, "{text:?}");
        }
    }
}
