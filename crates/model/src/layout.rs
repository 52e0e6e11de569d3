//! How accounts laid out balancers: what their records say, as a whole, for whoever spreads load.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::{BalancerPlace, GroupId, HealthMonitorSpec, Listener, PoolId, PoolMemberId, Records};

/// Where listeners are opened, where they send load, which members were put there by hand, and who is bound where.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Layout {
    /// Listeners that are to be open, those that come first in the order of their making.
    pub fronts: Vec<Front>,
    /// Pools, by id.
    pub pools: BTreeMap<String, LaidPool>,
    /// Groups by the places that they are bound to.
    pub bound: BTreeMap<BalancerPlace, BTreeSet<GroupId>>,
}

/// A listener that is to be open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Front {
    /// Its id.
    pub listener: String,
    /// What it speaks.
    pub protocol: FrontProtocol,
    /// The port at which it is to listen.
    pub port: u16,
    /// The pool that it sends load to.
    pub pool: Option<String>,
}

/// What listeners speak that can be opened. Those of other protocols are records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrontProtocol {
    /// HTTP/1.1.
    Http,
    /// Whatever there is on TCP.
    Tcp,
}

/// What there is to a pool besides the machines of groups.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LaidPool {
    /// How its members are checked; `None` = as whoever spreads load does without being told.
    pub check: Option<Probe>,
    /// Members that were put there by hand.
    pub members: Vec<HandMember>,
}

/// A member that was put there by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HandMember {
    /// Its id.
    pub id: PoolMemberId,
    /// Its address.
    pub address: IpAddr,
    /// Its port.
    pub port: u16,
    /// 0..=100; 0 = no new load.
    pub weight: u16,
}

/// How the members of a pool are checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// What is asked of them.
    pub ask: ProbeAsk,
    /// The port that is asked; `None` = the one at which a member takes load.
    pub port: Option<u16>,
    /// Between two checks, seconds.
    pub delay_secs: u32,
    /// That a check may take, seconds.
    pub timeout_secs: u32,
    /// Good ones in a row that make a member healthy.
    pub rises: u32,
    /// Bad ones in a row that make a member unhealthy.
    pub falls: u32,
}

/// What a check asks of a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProbeAsk {
    /// Nothing: it is switched off, and nothing is known of health.
    Nothing,
    /// A connection.
    Connect,
    /// An answer.
    Http {
        /// `GET`, `HEAD` or `POST`.
        method: String,
        /// With its query, begins with `/`.
        path: String,
        /// The host that is asked for; `None` = the member's address.
        host: Option<String>,
        /// Statuses that are good.
        codes: Codes,
    },
}

/// Statuses: ranges with both ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Codes(Vec<(u16, u16)>);

impl Codes {
    /// `200`, `200,202` or `200-204`, statuses from 100 to 599; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Codes> {
        let status = |text: &str| {
            let text = text.trim();
            let digits = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit());
            let status: u16 = text.parse().ok()?;
            (digits && (100..600).contains(&status)).then_some(status)
        };
        let range = |text: &str| {
            let (first, last) = match text.split_once('-') {
                Some((first, last)) => (status(first)?, status(last)?),
                None => (status(text)?, status(text)?),
            };
            (first <= last).then_some((first, last))
        };
        let ranges: Option<Vec<_>> = text.split(',').map(range).collect();
        ranges.map(Codes)
    }

    /// Whether a status is one of them.
    #[must_use]
    pub fn contains(&self, status: u16) -> bool {
        let mut ranges = self.0.iter();
        ranges.any(|(first, last)| (*first..=*last).contains(&status))
    }
}

impl HealthMonitorSpec {
    fn kept(&self, name: &str) -> Option<&str> {
        self.kept
            .get(name)?
            .as_str()
            .filter(|text| !text.is_empty())
    }

    /// Whether it is switched on.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.kept
            .get("admin_state_up")
            .is_none_or(|on| on != &serde_json::Value::Bool(false))
    }

    /// How members are checked by it; `None` for kinds that nobody here can carry out: they are kept and shown.
    #[must_use]
    pub fn probe(&self) -> Option<Probe> {
        let ask = match self.kind.as_str() {
            _ if !self.is_on() => ProbeAsk::Nothing,
            "TCP" => ProbeAsk::Connect,
            "HTTP" => {
                let codes = self.kept("expected_codes").and_then(Codes::parse);
                ProbeAsk::Http {
                    method: self.kept("http_method").unwrap_or("GET").to_owned(),
                    path: self.kept("url_path").unwrap_or("/").to_owned(),
                    host: self.kept("domain_name").map(str::to_owned),
                    codes: codes.unwrap_or(Codes(vec![(200, 200)])),
                }
            }
            _ => return None,
        };
        let port = self.kept.get("monitor_port");
        let port = port.and_then(|port| u16::try_from(port.as_u64()?).ok());
        Some(Probe {
            ask,
            port: port.filter(|port| *port != 0),
            delay_secs: self.delay_secs,
            timeout_secs: self.timeout_secs,
            rises: self.rises,
            falls: self.falls,
        })
    }
}

impl Records {
    /// Where a listener sends its load: to the pool that it names, or that was made for it.
    #[must_use]
    pub fn default_pool(&self, listener: &Listener) -> Option<PoolId> {
        let made_for = || {
            let pools = self.pools.values();
            let pools = pools.filter(|pool| pool.spec.listener == Some(listener.id));
            let first = pools.min_by_key(|pool| (pool.head.created_at, pool.head.ordinal, pool.id));
            first.map(|pool| pool.id)
        };
        listener.spec.default_pool.or_else(made_for)
    }
}

impl Layout {
    /// Leaves out what is at these places: others spread load there.
    #[must_use]
    pub fn without(mut self, is_elsewhere: impl Fn(&BalancerPlace) -> bool) -> Layout {
        let own = |id: &str| {
            !is_elsewhere(&BalancerPlace {
                balancer: id.to_owned(),
                listener: id.to_owned(),
                location: None,
            })
        };
        self.bound.retain(|place, _| !is_elsewhere(place));
        self.pools.retain(|id, _| own(id));
        self.fronts
            .retain(|front| own(&front.listener) && front.pool.as_deref().is_none_or(own));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses() {
        for (text, inside, outside) in [
            ("200", 200, 201),
            ("200,202", 202, 201),
            ("200-204", 203, 205),
            ("200, 300-302", 301, 299),
        ] {
            let codes = Codes::parse(text).unwrap();
            assert!(codes.contains(inside) && !codes.contains(outside), "{text}");
        }
        for text in ["", "2xx", "99", "600", "204-200", "200-", "+20", "200,,202"] {
            assert_eq!(Codes::parse(text), None, "{text}");
        }
    }
}
