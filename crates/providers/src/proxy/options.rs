//! What can be told to the embedded balancer.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;

use muster_model::{Codes, FrontProtocol, Probe, ProbeAsk};

/// What a listener speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1: spread by request, with counts and times of each.
    #[default]
    Http,
    /// Whatever there is on TCP: spread by connection.
    Tcp,
}

impl From<FrontProtocol> for Protocol {
    fn from(protocol: FrontProtocol) -> Protocol {
        match protocol {
            FrontProtocol::Http => Protocol::Http,
            FrontProtocol::Tcp => Protocol::Tcp,
        }
    }
}

impl Protocol {
    /// `http` or `tcp`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Tcp => "tcp",
        }
    }
}

/// How members are checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What a member has to do.
    pub ask: ProbeAsk,
    /// The port that is asked; without one that at which the member takes load.
    pub port: Option<u16>,
    /// Between two checks of a member, milliseconds.
    pub interval_millis: u64,
    /// A check without an answer has failed after this, milliseconds.
    pub timeout_millis: u64,
    /// Good checks in a row after which an unhealthy member is healthy again.
    pub rise: u32,
    /// Bad checks in a row after which a healthy member is unhealthy.
    pub fall: u32,
}

impl Default for Check {
    fn default() -> Self {
        Check {
            ask: ProbeAsk::Connect,
            port: None,
            interval_millis: 2000,
            timeout_millis: 2000,
            rise: 2,
            fall: 3,
        }
    }
}

impl Check {
    /// A GET of this path that has to be answered with 200 to 399; without a path a connection is enough.
    #[must_use]
    pub fn asking(path: Option<&str>) -> ProbeAsk {
        match (path, Codes::parse("200-399")) {
            (Some(path), Some(codes)) => ProbeAsk::Http {
                method: "GET".to_owned(),
                path: path.to_owned(),
                host: None,
                codes,
            },
            (_, _) => ProbeAsk::Connect,
        }
    }

    /// As it is laid out.
    pub(super) fn of(probe: &Probe) -> Check {
        let millis = |secs: u32| u64::from(secs) * 1000;
        Check {
            ask: probe.ask.clone(),
            port: probe.port,
            interval_millis: millis(probe.delay_secs),
            timeout_millis: millis(probe.timeout_secs),
            rise: probe.rises,
            fall: probe.falls,
        }
    }
}

/// Which requests a location of an HTTP listener is for. Of several that fit, one with the domain comes first, then the
/// longest path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    /// The host that is asked for, in lower case; without one any.
    pub domain: Option<String>,
    /// What the path begins with, by whole segments; empty = any.
    pub path: String,
}

/// A listener.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListenerOptions {
    /// Where it listens; without that on a free port of [`ProxyOptions::ports`].
    pub listen: Option<SocketAddr>,
    /// What it speaks.
    pub protocol: Protocol,
    /// How its members are checked.
    pub check: Check,
    /// A new member's share rises from a tenth to its weight in this time, milliseconds.
    pub slow_start_millis: u64,
    /// Its locations by id. What has no rule is for every request that none fits.
    pub rules: BTreeMap<String, Rule>,
}

/// Bounds in size and time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections of clients at the same time, of each listener; further ones wait to be taken.
    pub connections: usize,
    /// Largest head of a request or an answer, bytes; at least 8192.
    pub header_bytes: usize,
    /// A client that does not send the head of its next request for this long is hung up on, milliseconds.
    pub client_millis: u64,
    /// A member that does not take a connection in this time is not there, milliseconds.
    pub connect_millis: u64,
    /// A member that does not begin to answer a request in this time has failed it, milliseconds.
    pub response_millis: u64,
    /// Connections to members are kept this long without a request, milliseconds.
    pub keep_millis: u64,
    /// TCP connections and upgraded ones end after this long without a byte, milliseconds.
    pub tunnel_millis: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            connections: 4096,
            header_bytes: 64 * 1024,
            client_millis: 60_000,
            connect_millis: 2000,
            response_millis: 60_000,
            keep_millis: 4000,
            tunnel_millis: 600_000,
        }
    }
}

/// The embedded balancer as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyOptions {
    /// Where the ports that were given out are written down; without that they last as long as the balancer.
    pub dir: Option<PathBuf>,
    /// Address of listeners that have none of their own.
    pub listen: IpAddr,
    /// Their ports.
    pub ports: RangeInclusive<u16>,
    /// Ports that listeners of accounts may have; `None` = none are opened at them.
    pub front_ports: Option<RangeInclusive<u16>>,
    /// Of these, ports that others need.
    pub reserved: Vec<RangeInclusive<u16>>,
    /// Bounds.
    pub limits: Limits,
    /// A listener that is not named.
    pub other: ListenerOptions,
    /// Listeners by balancer and listener id.
    pub listeners: BTreeMap<(String, String), ListenerOptions>,
}

impl Default for ProxyOptions {
    fn default() -> Self {
        ProxyOptions {
            dir: None,
            listen: IpAddr::V4(Ipv4Addr::LOCALHOST),
            ports: 30_000..=31_999,
            front_ports: Some(1024..=65_535),
            reserved: Vec::new(),
            limits: Limits::default(),
            other: ListenerOptions {
                slow_start_millis: 10_000,
                ..ListenerOptions::default()
            },
            listeners: BTreeMap::new(),
        }
    }
}
