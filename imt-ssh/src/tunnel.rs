//! A channel of a jump host as a stream of bytes.
//!
//! Both directions move by themselves: whoever sends may wait for room while what comes is taken in. Were it not so, the
//! connection to the jump host and the one through it could wait for each other. What comes and is not read yet is
//! kept; it is no more than the connection within has asked for, which its own windows bound.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use russh::client::Msg;
use russh::{Channel, ChannelMsg, ChannelReadHalf, ChannelWriteHalf};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, DuplexStream, ReadBuf, duplex};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// What may wait to be sent.
const WAITING_BYTES: usize = 256 * 1024;
/// The largest piece that is sent.
const PIECE_BYTES: usize = 32 * 1024;

/// The stream.
pub(crate) struct Tunnel {
    incoming: UnboundedReceiver<Bytes>,
    piece: Bytes,
    /// One way only; its other end sees when this one is let go of.
    outgoing: DuplexStream,
}

impl Tunnel {
    pub(crate) fn new(channel: Channel<Msg>) -> Self {
        let (from, to) = channel.split();
        let (taken, incoming) = unbounded_channel();
        let (sent, outgoing) = duplex(WAITING_BYTES);
        tokio::spawn(take(from, taken));
        tokio::spawn(send(sent, to));
        Self { incoming, piece: Bytes::new(), outgoing }
    }
}

async fn take(mut from: ChannelReadHalf, taken: UnboundedSender<Bytes>) {
    while let Some(message) = from.wait().await {
        let unread = match message {
            ChannelMsg::Data { data } => taken.send(data).is_err(),
            ChannelMsg::Eof | ChannelMsg::Close => true,
            _ => false,
        };
        if unread {
            return;
        }
    }
}

async fn send(mut waiting: DuplexStream, to: ChannelWriteHalf<Msg>) {
    let mut buffer = vec![0; PIECE_BYTES];
    while let Ok(count @ 1..) = waiting.read(&mut buffer).await {
        if to.data_bytes(Bytes::copy_from_slice(&buffer[..count])).await.is_err() {
            return;
        }
    }
    if to.close().await.is_err() {
        // The connection to the jump host is gone, and the channel with it.
    }
}

impl AsyncRead for Tunnel {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        while self.piece.is_empty() {
            match ready!(self.incoming.poll_recv(cx)) {
                Some(piece) => self.piece = piece,
                None => return Poll::Ready(Ok(())),
            }
        }
        let count = self.piece.len().min(into.remaining());
        into.put_slice(&self.piece[..count]);
        self.piece.advance(count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Tunnel {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.outgoing).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.outgoing).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.outgoing).poll_shutdown(cx)
    }
}
