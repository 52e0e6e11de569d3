//! `[proxy]` and `[[listener]]`: the embedded balancer.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::Path;

use muster_providers::proxy::{Check, Limits, ListenerOptions, Protocol, ProxyOptions, Rule};
use serde::Deserialize;

use super::Within;

/// `[proxy]`: what holds for all listeners, and for those that are not named.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ProxyConfig {
    pub(crate) enabled: bool,
    listen: IpAddr,
    first_port: Within<1024, 65_535>,
    last_port: Within<1024, 65_535>,
    listener_ports: bool,
    listener_first_port: Within<1, 65_535>,
    listener_last_port: Within<1, 65_535>,
    connections: Within<1, 65_536>,
    header_kib: Within<8, 1024>,
    client_secs: Within<1, 3600>,
    connect_secs: Within<1, 300>,
    response_secs: Within<1, 3600>,
    tunnel_secs: Within<1, 86_400>,
    protocol: Spoken,
    check_path: Option<String>,
    check_interval_millis: Within<100, 300_000>,
    check_timeout_millis: Within<100, 300_000>,
    check_rise: Within<1, 100>,
    check_fall: Within<1, 100>,
    slow_start_secs: Within<0, 3600>,
}

impl Default for ProxyConfig {
    fn default() -> Self {
        ProxyConfig {
            enabled: true,
            listen: IpAddr::V4(Ipv4Addr::LOCALHOST),
            first_port: Within(30_000),
            last_port: Within(31_999),
            listener_ports: true,
            listener_first_port: Within(1024),
            listener_last_port: Within(65_535),
            connections: Within(4096),
            header_kib: Within(64),
            client_secs: Within(60),
            connect_secs: Within(2),
            response_secs: Within(60),
            tunnel_secs: Within(600),
            protocol: Spoken::Http,
            check_path: None,
            check_interval_millis: Within(2000),
            check_timeout_millis: Within(2000),
            check_rise: Within(2),
            check_fall: Within(3),
            slow_start_secs: Within(10),
        }
    }
}

/// What a listener speaks.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Spoken {
    Http,
    Tcp,
}

impl From<Spoken> for Protocol {
    fn from(spoken: Spoken) -> Protocol {
        match spoken {
            Spoken::Http => Protocol::Http,
            Spoken::Tcp => Protocol::Tcp,
        }
    }
}

/// `[[listener]]`. What is left out is as in `[proxy]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListenerConfig {
    lb: String,
    listener: Option<String>,
    listen: Option<SocketAddr>,
    protocol: Option<Spoken>,
    check_path: Option<String>,
    check_interval_millis: Option<Within<100, 300_000>>,
    check_timeout_millis: Option<Within<100, 300_000>>,
    check_rise: Option<Within<1, 100>>,
    check_fall: Option<Within<1, 100>>,
    slow_start_secs: Option<Within<0, 3600>>,
    #[serde(default)]
    location: Vec<LocationConfig>,
}

/// `[[listener.location]]`: which requests are for a forwarding rule.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LocationConfig {
    id: String,
    domain: Option<String>,
    #[serde(default)]
    path: String,
}

fn millis(secs: u32) -> u64 {
    u64::from(secs) * 1000
}

/// What is wrong with the path of a check, if anything is.
fn path_problem(path: Option<&str>) -> Option<String> {
    let path = path?;
    let good = path.starts_with('/') && path.bytes().all(|b| b.is_ascii_graphic());
    (!good).then(|| format!("check_path `{path}`: a path that begins with `/` is right"))
}

impl ProxyConfig {
    /// What is wrong with it as a whole, if anything is.
    pub(super) fn problem(&self) -> Option<String> {
        if self.first_port.0 > self.last_port.0 {
            return Some("proxy.first_port is above proxy.last_port".to_owned());
        }
        if self.listener_first_port.0 > self.listener_last_port.0 {
            return Some("proxy.listener_first_port is above proxy.listener_last_port".to_owned());
        }
        path_problem(self.check_path.as_deref()).map(|problem| format!("proxy: {problem}"))
    }

    fn other(&self) -> ListenerOptions {
        ListenerOptions {
            listen: None,
            protocol: self.protocol.into(),
            check: Check {
                ask: Check::asking(self.check_path.as_deref()),
                port: None,
                interval_millis: u64::from(self.check_interval_millis.0),
                timeout_millis: u64::from(self.check_timeout_millis.0),
                rise: self.check_rise.0,
                fall: self.check_fall.0,
            },
            slow_start_millis: millis(self.slow_start_secs.0),
            rules: BTreeMap::new(),
        }
    }

    /// What the provider is given. The ports that it gives out are written down in `dir`.
    /// Those of the `machines` are not for listeners of accounts.
    pub(crate) fn options(
        &self,
        listeners: &[ListenerConfig],
        machines: RangeInclusive<u32>,
        dir: &Path,
    ) -> ProxyOptions {
        let other = self.other();
        let port = |port: u32| u16::try_from(port).unwrap_or(u16::MAX);
        let (first, last) = (self.listener_first_port.0, self.listener_last_port.0);
        ProxyOptions {
            dir: Some(dir.to_path_buf()),
            listen: self.listen,
            ports: port(self.first_port.0)..=port(self.last_port.0),
            front_ports: self.listener_ports.then(|| port(first)..=port(last)),
            reserved: vec![port(*machines.start())..=port(*machines.end())],
            limits: Limits {
                connections: self.connections.0 as usize,
                header_bytes: self.header_kib.0 as usize * 1024,
                client_millis: millis(self.client_secs.0),
                connect_millis: millis(self.connect_secs.0),
                response_millis: millis(self.response_secs.0),
                tunnel_millis: millis(self.tunnel_secs.0),
                ..Limits::default()
            },
            listeners: listeners
                .iter()
                .map(|listener| (listener.ids(), listener.options(&other)))
                .collect(),
            other,
        }
    }
}

impl ListenerConfig {
    /// A listener or pool that comes without a balancer is its own.
    fn ids(&self) -> (String, String) {
        let listener = self.listener.as_ref().unwrap_or(&self.lb);
        (self.lb.clone(), listener.clone())
    }

    fn options(&self, other: &ListenerOptions) -> ListenerOptions {
        let check = &other.check;
        ListenerOptions {
            listen: self.listen,
            protocol: self.protocol.map_or(other.protocol, Into::into),
            check: Check {
                ask: match &self.check_path {
                    Some(path) => Check::asking(Some(path)),
                    None => check.ask.clone(),
                },
                port: None,
                interval_millis: self
                    .check_interval_millis
                    .map_or(check.interval_millis, |value| u64::from(value.0)),
                timeout_millis: self
                    .check_timeout_millis
                    .map_or(check.timeout_millis, |value| u64::from(value.0)),
                rise: self.check_rise.map_or(check.rise, |value| value.0),
                fall: self.check_fall.map_or(check.fall, |value| value.0),
            },
            slow_start_millis: self
                .slow_start_secs
                .map_or(other.slow_start_millis, |value| millis(value.0)),
            rules: self
                .location
                .iter()
                .map(|location| {
                    let rule = Rule {
                        domain: location.domain.as_ref().map(|name| name.to_lowercase()),
                        path: location.path.clone(),
                    };
                    (location.id.clone(), rule)
                })
                .collect(),
        }
    }

    fn problem(&self) -> Option<String> {
        if self.lb.is_empty() || self.listener.as_deref() == Some("") {
            return Some("an id is empty".to_owned());
        }
        let mut ids = BTreeSet::new();
        let twice = self.location.iter().find(|one| !ids.insert(&one.id));
        if let Some(location) = twice {
            return Some(format!("location `{}` is there twice", location.id));
        }
        let odd = self
            .location
            .iter()
            .find(|one| !one.path.is_empty() && !one.path.starts_with('/'));
        if let Some(location) = odd {
            return Some(format!("path `{}`: a path begins with `/`", location.path));
        }
        path_problem(self.check_path.as_deref())
    }
}

/// What is wrong with each of the listeners, if anything is, by their ids.
pub(super) fn problems(all: &[ListenerConfig]) -> Vec<(String, Option<String>)> {
    let mut addresses = BTreeSet::new();
    let mut problems = Vec::new();
    for one in all {
        let mut problem = one.problem();
        if let Some(address) = one.listen.filter(|address| address.port() != 0)
            && !addresses.insert(address)
        {
            problem = problem.or(Some(format!("{address} is taken by another listener")));
        }
        let (lb, listener) = one.ids();
        problems.push((format!("{lb}/{listener}"), problem));
    }
    problems
}
