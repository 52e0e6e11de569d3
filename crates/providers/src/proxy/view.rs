//! The embedded balancer, to be shown.

use std::net::SocketAddr;

use muster_model::{MemberHealth, MemberState};

use super::options::Protocol;
use super::stats::Counts;
use super::upstream::Whose;

/// A listener, or a pool that listeners send load to.
#[derive(Clone, Debug)]
pub struct ListenerView {
    /// Balancer id.
    pub balancer: String,
    /// Listener id.
    pub listener: String,
    /// Where it listens, or where the first of the listeners does that send load to it; `None` = nowhere.
    pub address: Option<SocketAddr>,
    /// Whether it listens itself.
    pub is_open: bool,
    /// What it speaks.
    pub protocol: Protocol,
    /// Why it does not listen where it was to.
    pub refused: Option<String>,
    /// Requests (of TCP: connections) at it that found no member.
    pub unserved: u64,
    /// Its own members.
    pub members: Vec<MemberView>,
}

/// A member.
#[derive(Clone, Debug)]
pub struct MemberView {
    /// Whose it is.
    pub whose: Whose,
    /// 0..=100.
    pub weight: u16,
    /// Takes new load, or does not any more.
    pub state: MemberState,
    /// What is known of it.
    pub health: MemberHealth,
    /// Requests or connections that it has in its hands.
    pub in_flight: u32,
    /// Where it is.
    pub address: SocketAddr,
    /// What it has done so far.
    pub counts: Counts,
    /// Requests a second over the last ten.
    pub requests_per_sec: f64,
}
