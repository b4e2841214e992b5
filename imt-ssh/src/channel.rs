//! One shell text in one channel: fed, read, and followed to its end.
//!
//! A command is over when the host has told how it ended and both its streams have ended. Where a child left behind holds a stream,
//! that never happens: then it is over when the host had time to read what was in the pipes, and has answered a
//! question after that without any output in between. So nothing is cut off by a slow network, only by a host that does not
//! look at its own pipes for that time.

use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use imt_core::ports::{RemoteExit, RunEvent, StreamKind, TransportResult};
use russh::client::Msg;
use russh::{Channel, ChannelMsg, ChannelReadHalf, ChannelWriteHalf, Sig};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use crate::failure;
use crate::lines::Turn;

/// How long a host is given to read the pipes of a command that is over.
const PIPES_READ_WITHIN: Duration = Duration::from_millis(150);
/// More than can be under way when a command ends: what pipes and windows hold. A child left behind may print for ever.
const MOST_BYTES_AFTER_END: usize = 8 * 1024 * 1024;
/// How long a host is given to close a channel that we have closed, before its connection is not used again.
const CLOSED_WITHIN: Duration = Duration::from_secs(2);
/// The extended stream that is standard error.
const STDERR: u32 = 1;

type Sink = mpsc::Sender<TransportResult<RunEvent>>;

/// What one command holds while it is under way.
pub(crate) struct Errand {
    pub(crate) name: String,
    pub(crate) turn: Turn,
    pub(crate) closed: watch::Receiver<bool>,
}

impl Errand {
    pub(crate) async fn run(self, channel: Channel<Msg>, input: Vec<Bytes>, sink: Sink) {
        let (mut from, to) = channel.split();
        let mut closed = self.closed.clone();
        let (mut is_closed, mut last) = (false, None);
        tokio::select! {
            ended = self.perform(&mut from, &to, input, &sink) => (last, is_closed) = (Some(ended.0), ended.1),
            () = sink.closed() => {}
            _closed_or_gone = closed.wait_for(|closed| *closed) => last = Some(Err(failure::lost(&self.name))),
        }
        // Both sides have to close a channel, or what comes next on the connection may be taken for this one's.
        if !is_closed {
            is_closed = to.close().await.is_ok() && timeout(CLOSED_WITHIN, is_closed_by_host(&mut from)).await.is_ok();
        }
        self.turn.over(is_closed);
        if let Some(last) = last
            && sink.send(last).await.is_err()
        {
            // Nobody reads any more: nobody is to be told.
        }
    }

    /// Feeds and reads up to the end, which is the answer, with whether the host has closed the channel.
    async fn perform(
        &self,
        from: &mut ChannelReadHalf,
        to: &ChannelWriteHalf<Msg>,
        input: Vec<Bytes>,
        sink: &Sink,
    ) -> (TransportResult<RunEvent>, bool) {
        let mut feeding = pin!(feed(to, input));
        let (mut fed, mut exit, mut after_end) = (false, None, 0);
        let mut silence = pin!(self.silence());
        loop {
            let message = tokio::select! {
                biased;
                message = from.wait() => message,
                () = &mut feeding, if !fed => {
                    fed = true;
                    continue;
                }
                heard = &mut silence, if exit.is_some() => match (heard, exit) {
                    (true, Some(exit)) => return (Ok(RunEvent::Exit(exit)), false),
                    _ => return (Err(failure::lost(&self.name)), false),
                },
            };
            let (kind, data) = match message {
                Some(ChannelMsg::Data { data }) => (StreamKind::Stdout, data),
                Some(ChannelMsg::ExtendedData { data, ext: STDERR }) => (StreamKind::Stderr, data),
                Some(ChannelMsg::ExitStatus { exit_status }) => {
                    exit = Some(RemoteExit::Code(i32::try_from(exit_status).unwrap_or(i32::MAX)));
                    silence.set(self.silence());
                    continue;
                }
                Some(ChannelMsg::ExitSignal { signal_name, .. }) => {
                    exit = Some(RemoteExit::Signal(name_of(signal_name)));
                    silence.set(self.silence());
                    continue;
                }
                Some(ChannelMsg::Failure) => return (Err(failure::no_commands(&self.name)), false),
                Some(ChannelMsg::Close) | None => {
                    return (exit.map(RunEvent::Exit).ok_or_else(|| failure::lost(&self.name)), true);
                }
                Some(_) => continue,
            };
            if exit.is_some() {
                after_end += data.len();
                silence.set(self.silence());
            }
            if !data.is_empty() && sink.send(Ok(RunEvent::Output(kind, data))).await.is_err() {
                // `run` sees that nobody reads and ends this.
                std::future::pending::<()>().await;
            }
            if after_end > MOST_BYTES_AFTER_END
                && let Some(exit) = exit
            {
                return (Ok(RunEvent::Exit(exit)), false);
            }
        }
    }

    /// Time for the host to read its pipes, and then its answer to a question; whether there was one.
    async fn silence(&self) -> bool {
        tokio::time::sleep(PIPES_READ_WITHIN).await;
        self.turn.handle().send_ping().await.is_ok() && !self.turn.handle().is_closed()
    }
}

async fn is_closed_by_host(from: &mut ChannelReadHalf) {
    while let Some(message) = from.wait().await {
        if let ChannelMsg::Close = message {
            return;
        }
    }
}

async fn feed(to: &ChannelWriteHalf<Msg>, input: Vec<Bytes>) {
    for bytes in input {
        if !bytes.is_empty() && to.data_bytes(bytes).await.is_err() {
            // The reading side hears of it.
            return;
        }
    }
    if to.eof().await.is_err() {
        // As before.
    }
}

fn name_of(signal: Sig) -> String {
    match signal {
        // OpenSSH's way to name what the standard does not.
        Sig::Custom(name) => name.split('@').next().unwrap_or_default().to_owned(),
        other => format!("{other:?}"),
    }
}
