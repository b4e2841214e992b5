//! The connections to one host, shared out among commands.
//!
//! OpenSSH keeps the commands of one connection apart. Others do not: with Dropbear 2022.83 a channel that begins while
//! another one ends is now and then closed with it, whoever the client is. There each command has a connection for itself, used again by
//! the next one when its channel was closed by both sides.

use std::sync::{Arc, Mutex, PoisonError};

use imt_core::ports::TransportResult;
use russh::Channel;
use russh::client::{Handle, Msg};
use tokio::sync::{Mutex as TurnByTurn, Notify, OwnedSemaphorePermit, Semaphore, watch};

use crate::failure;
use crate::handshake::Watcher;
use crate::login::{Line, log_in};
use crate::options::SshOptions;

pub(crate) struct Lines {
    name: String,
    options: SshOptions,
    /// The first connection, for as long as it is nobody's own.
    first: Arc<Line>,
    /// Connections that nobody has, where they are not shared.
    idle: Mutex<Vec<Arc<Line>>>,
    /// Logging in happens one at a time: hosts count strangers.
    door: TurnByTurn<()>,
    slots: Arc<Semaphore>,
    most: usize,
    /// Rung whenever a command gives its channel back.
    freed: Notify,
    pub(crate) closed: watch::Sender<bool>,
}

/// A connection in the hands of one command.
pub(crate) struct Turn {
    line: Arc<Line>,
    lines: Arc<Lines>,
    permit: OwnedSemaphorePermit,
}

impl Turn {
    pub(crate) fn handle(&self) -> &Handle<Watcher> {
        &self.line.handle
    }

    /// Gives the connection back; whether its channel was closed by both sides says if it may be used again.
    pub(crate) fn over(self, is_closed: bool) {
        if self.line.handle.is_closed() {
            // One lost connection stands for all: the caller decides what to do next.
            self.lines.closed.send_replace(true);
        } else if is_closed && !self.line.shares {
            self.lines.idle().push(self.line);
        }
        drop(self.permit);
        self.lines.freed.notify_waiters();
    }
}

impl Lines {
    pub(crate) fn new(options: SshOptions, first: Line) -> Self {
        let most = options.max_commands.max(1);
        let first = Arc::new(first);
        let idle = if first.shares { Vec::new() } else { vec![Arc::clone(&first)] };
        Self {
            name: options.name(),
            options,
            first,
            idle: Mutex::new(idle),
            door: TurnByTurn::new(()),
            slots: Arc::new(Semaphore::new(most)),
            most,
            freed: Notify::new(),
            closed: watch::Sender::new(false),
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Arc<Line>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A channel, as soon as there is one, with the connection that it is of.
    pub(crate) async fn channel(self: &Arc<Self>) -> TransportResult<(Channel<Msg>, Turn)> {
        let gone = || failure::not_connected(&self.name);
        let permit = Arc::clone(&self.slots).acquire_owned().await.map_err(|_| gone())?;
        let line = self.line().await?;
        loop {
            // A host that allows fewer at once than we thought is asked again when one of ours ends.
            let freed = self.freed.notified();
            match line.handle.channel_open_session().await {
                Ok(channel) => return Ok((channel, Turn { line, lines: Arc::clone(self), permit })),
                Err(russh::Error::ChannelOpenFailure(why)) if !line.handle.is_closed() => {
                    if self.slots.available_permits() + 1 >= self.most {
                        return Err(failure::no_channel(&self.name, &format!("{why:?}")));
                    }
                    freed.await;
                }
                Err(_) => {
                    self.closed.send_replace(true);
                    return Err(gone());
                }
            }
            if *self.closed.borrow() {
                return Err(gone());
            }
        }
    }

    async fn line(&self) -> TransportResult<Arc<Line>> {
        if *self.closed.borrow() || self.first.handle.is_closed() {
            return Err(failure::not_connected(&self.name));
        }
        if self.first.shares {
            return Ok(Arc::clone(&self.first));
        }
        if let Some(line) = self.idle().pop() {
            return Ok(line);
        }
        let _turn = self.door.lock().await;
        Ok(Arc::new(log_in(&self.options, &self.first.way).await?))
    }

    /// Says goodbye on all connections that nobody has; the others see it themselves.
    pub(crate) async fn close(&self) {
        self.closed.send_replace(true);
        let mut lines: Vec<Arc<Line>> = self.idle().drain(..).collect();
        lines.push(Arc::clone(&self.first));
        for line in lines {
            if line.handle.disconnect(russh::Disconnect::ByApplication, "", "").await.is_err() {
                // It was closed already.
            }
        }
    }
}
