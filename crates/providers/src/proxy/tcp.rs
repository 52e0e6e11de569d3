//! A TCP listener: each connection goes to a member.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::listener::Listener;
use super::timing;
use super::upstream::{Held, Upstream};

/// How many members are tried for one connection.
const TRIES: usize = 3;

/// Carries a connection of a client to a member until it ends.
pub(super) async fn serve(listener: Arc<Listener>, stream: TcpStream, client: SocketAddr) {
    let mut tried: Vec<Arc<Upstream>> = Vec::new();
    while tried.len() < TRIES {
        let Some(held) = listener.pick(None, &tried) else {
            listener.missed(None, &tried);
            break;
        };
        let began = timing::now();
        held.began(began);
        let connect = TcpStream::connect(held.0.address);
        match timing::within(listener.limits.connect_millis, connect).await {
            Some(Ok(member)) => {
                held.answered(began, timing::now());
                if let Err(error) = member.set_nodelay(true) {
                    tracing::debug!(%client, %error, "small packets may wait");
                }
                carry(stream, member, &held, listener.limits.tunnel_millis).await;
                return;
            }
            Some(Err(_)) | None => {
                held.failed();
                held.0.suspect();
                tried.push(Arc::clone(&held.0));
            }
        }
    }
    tracing::debug!(%client, "nobody takes the connection");
}

/// Counts what comes through.
struct Counted<S> {
    stream: S,
    bytes: Arc<AtomicU64>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Counted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buffer);
        let read = buffer.filled().len().saturating_sub(before) as u64;
        self.bytes.fetch_add(read, Ordering::Relaxed);
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Counted<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Carries bytes both ways until both sides have ended, the member is cut off, or nothing has come for too long.
pub(super) async fn carry(
    client: impl AsyncRead + AsyncWrite + Unpin,
    member: impl AsyncRead + AsyncWrite + Unpin,
    held: &Held,
    idle_millis: u64,
) {
    let bytes = Arc::new(AtomicU64::new(0));
    let mut client = Counted {
        stream: client,
        bytes: Arc::clone(&bytes),
    };
    let mut member = Counted {
        stream: member,
        bytes: Arc::clone(&bytes),
    };
    let idle = async {
        let mut seen = 0;
        loop {
            timing::pause(idle_millis).await;
            let now = bytes.load(Ordering::Relaxed);
            if now == seen {
                return;
            }
            seen = now;
        }
    };
    tokio::select! {
        ended = tokio::io::copy_bidirectional(&mut client, &mut member) => {
            if let Err(error) = ended {
                tracing::debug!(owner = %held.0.whose, %error, "a connection broke");
            }
        }
        () = held.0.cut.cancelled() => tracing::debug!(owner = %held.0.whose, "a connection was cut off"),
        () = idle => tracing::debug!(owner = %held.0.whose, "a connection was idle for too long"),
    }
}
