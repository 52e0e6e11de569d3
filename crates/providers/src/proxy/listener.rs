//! A listener: a socket, its members, and which of them a request is for.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::board::Board;
use super::options::{Limits, ListenerOptions, Protocol};
use super::requests::{self, Pool};
use super::stats::Stats;
use super::tcp;
use super::timing;
use super::upstream::{Held, Upstream};

/// Connections that wait to be taken.
const BACKLOG: u32 = 1024;
/// Wait after a connection that could not be taken, milliseconds.
const BREATH_MILLIS: u64 = 50;

/// Why a listener is at the address where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// The configuration says so.
    Configured,
    /// It is the port that an account gave its listener.
    Front,
    /// It was free.
    Given,
}

/// A group that is bound at a location: what finds no member there is counted for it.
pub(super) type Bound = (Option<String>, Arc<Stats>);

/// A listener.
pub(super) struct Listener {
    pub(super) address: SocketAddr,
    pub(super) origin: Origin,
    pub(super) options: ListenerOptions,
    pub(super) limits: Limits,
    pub(super) board: Board,
    pub(super) client: Pool,
    /// No more connections are taken, and those that are there end with what they have.
    pub(super) stopped: CancellationToken,
    /// Its socket is closed.
    pub(super) closed: CancellationToken,
    bound: Mutex<Vec<Bound>>,
    unserved: AtomicU64,
    connections: Arc<Semaphore>,
}

/// A socket that listens.
///
/// # Errors
/// The address cannot be had.
pub(super) fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

impl Listener {
    /// Serves on a socket from now on.
    pub(super) fn start(
        socket: TcpListener,
        origin: Origin,
        options: ListenerOptions,
        limits: Limits,
        client: Pool,
    ) -> std::io::Result<Arc<Listener>> {
        let listener = Arc::new(Listener {
            address: socket.local_addr()?,
            origin,
            options,
            limits,
            board: Board::default(),
            client,
            stopped: CancellationToken::new(),
            closed: CancellationToken::new(),
            bound: Mutex::default(),
            unserved: AtomicU64::new(0),
            connections: Arc::new(Semaphore::new(limits.connections)),
        });
        let accepting = Arc::clone(&listener);
        tokio::spawn(async move {
            let closed = accepting.closed.clone();
            accepting.accept(socket).await;
            closed.cancel();
        });
        Ok(listener)
    }

    async fn accept(self: Arc<Self>, socket: TcpListener) {
        loop {
            let permits = Arc::clone(&self.connections);
            let taken = tokio::select! {
                biased;
                () = self.stopped.cancelled() => return,
                taken = async {
                    let permit = permits.acquire_owned().await;
                    (permit, socket.accept().await)
                } => taken,
            };
            let (permit, stream, client) = match taken {
                (Ok(permit), Ok((stream, client))) => (permit, stream, client),
                (Err(_), _) => return,
                (_, Err(error)) => {
                    tracing::warn!(address = %self.address, %error, "a connection could not be taken");
                    timing::pause(BREATH_MILLIS).await;
                    continue;
                }
            };
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%client, %error, "small packets may wait");
            }
            let listener = Arc::clone(&self);
            tokio::spawn(async move {
                match listener.options.protocol {
                    Protocol::Http => requests::serve(listener, stream, client).await,
                    Protocol::Tcp => tcp::serve(listener, stream, client).await,
                }
                drop(permit);
            });
        }
    }

    /// The location whose rule fits a request best; `None` = none does.
    pub(super) fn route(&self, host: &str, path: &str) -> Option<String> {
        let fits = |prefix: &str| {
            let prefix = prefix.trim_end_matches('/');
            path.strip_prefix(prefix)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.options
            .rules
            .iter()
            .filter(|(_, rule)| rule.domain.as_deref().is_none_or(|domain| domain == host))
            .filter(|(_, rule)| fits(&rule.path))
            .max_by_key(|(_, rule)| (rule.domain.is_some(), rule.path.len()))
            .map(|(location, _)| location.clone())
    }

    /// Whether what is at one location is for requests of the other.
    fn is_for(&self, own: Option<&str>, location: Option<&str>) -> bool {
        own.filter(|own| self.options.rules.contains_key(*own)) == location
    }

    /// Groups that are bound here, by location: what finds no member is counted for them.
    pub(super) fn bind_groups(&self, bound: Vec<Bound>) {
        *self.bound.lock().unwrap_or_else(PoisonError::into_inner) = bound;
    }

    /// There was no member for a request. One that was handed to somebody before is counted already.
    pub(super) fn missed(&self, location: Option<&str>, tried: &[Arc<Upstream>]) {
        if !tried.is_empty() {
            return;
        }
        self.unserved.fetch_add(1, Ordering::Relaxed);
        let now = timing::now();
        let bound = self.bound.lock().unwrap_or_else(PoisonError::into_inner);
        for (own, stats) in bound.iter() {
            if self.is_for(own.as_deref(), location) {
                stats.began(now);
                stats.failed();
            }
        }
    }

    /// Requests (of TCP: connections) that found no member.
    pub(super) fn unserved(&self) -> u64 {
        self.unserved.load(Ordering::Relaxed)
    }

    /// Whose turn it is. Members at locations without a rule, and at none, are for what no rule fits.
    pub(super) fn pick(&self, location: Option<&str>, tried: &[Arc<Upstream>]) -> Option<Held> {
        let fits = |upstream: &Upstream| self.is_for(upstream.location(), location);
        let slow_start_millis = self.options.slow_start_millis;
        self.board
            .pick(slow_start_millis, timing::now(), fits, tried)
    }

    /// Takes no more connections, and waits for those that are there; those that take too long are left.
    pub(super) async fn stop(&self, patience_millis: u64) {
        self.stopped.cancel();
        let all = u32::try_from(self.limits.connections).unwrap_or(u32::MAX);
        let ended = timing::within(patience_millis, self.connections.acquire_many(all)).await;
        if ended.is_none() {
            tracing::warn!(address = %self.address, "some connections did not end in time");
        }
    }
}
