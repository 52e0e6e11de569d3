//! What is called what: owners and names of servers, weights, states, health; and the tables that HAProxy prints.
//!
//! | here | HAProxy |
//! |---|---|
//! | member: mark, group, instance, port of the target | name of a server: `MARK.asg-xxxxxxxx.ins-xxxxxxxx.PORT` |
//! | weight 0..=100 | weight 0..=256, the same number: shares are ratios, and it reads back as it was given |
//! | active | no drain and no maintenance in `srv_admin_state`, whatever the weight |
//! | draining | drain or maintenance, whoever asked for it: no new load |
//! | healthy, unhealthy | runs or not (`srv_op_state`), once a check of the machine has come to an end |
//! | unknown | no checks, none that came to an end, maintenance, or a check that failed at HAProxy itself |

use std::net::IpAddr;

use muster_model::{
    BalancerPlace, BalancerTarget, GroupId, InstanceId, Member, MemberHealth, MemberState, OwnerKey,
};

/// In `srv_admin_state`: maintenance by command, by the tracked server, by the configuration, the resolver, the host name.
const MAINTENANCE: u32 = 0x01 | 0x02 | 0x04 | 0x20 | 0x40;
/// In `srv_admin_state`: drained by command, or by the tracked server.
const DRAINED: u32 = 0x08 | 0x10;

/// A server as HAProxy shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Server {
    pub(super) name: String,
    pub(super) address: String,
    pub(super) port: u16,
    pub(super) weight: u16,
    admin: u32,
    op: u32,
    check: String,
    /// Requests (or connections, in TCP mode) that it has, those that wait for it among them.
    pub(super) in_flight: Option<u32>,
}

/// What `show stat` says of a server.
pub(super) struct Stat {
    pub(super) name: String,
    check: String,
    pub(super) in_flight: u32,
}

/// Name of the server of a member.
pub(super) fn server_name(mark: &str, owner: &OwnerKey, port: u16) -> String {
    format!("{mark}.{}.{}.{port}", owner.group, owner.instance)
}

/// Whose a server is, and the port of its target; `None` = not ours.
pub(super) fn owner_of(mark: &str, name: &str) -> Option<(OwnerKey, u16)> {
    let mut parts = name.strip_prefix(mark)?.strip_prefix('.')?.split('.');
    let (group, instance, port) = (parts.next()?, parts.next()?, parts.next()?);
    let owner = OwnerKey {
        group: GroupId::parse(group).ok()?,
        instance: InstanceId::parse(instance).ok()?,
    };
    let port = port.parse().ok()?;
    (server_name(mark, &owner, port) == name).then_some((owner, port))
}

/// Address and port as `add server` takes them; `None` = a name, which HAProxy does not look up for such servers.
pub(super) fn endpoint(address: &str, port: u16) -> Option<String> {
    match address.parse().ok()? {
        IpAddr::V4(address) => Some(format!("{address}:{port}")),
        IpAddr::V6(address) => Some(format!("[{address}]:{port}")),
    }
}

/// A name that can stand in a command, and be one of HAProxy's: letters, digits and `-_.:`.
#[must_use]
pub fn is_name(name: &str) -> bool {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
    (1..=128).contains(&name.len()) && name.chars().all(good)
}

impl Server {
    pub(super) fn in_maintenance(&self) -> bool {
        self.admin & MAINTENANCE != 0
    }

    pub(super) fn is_drained(&self) -> bool {
        self.admin & DRAINED != 0
    }

    /// Whether it leads to this machine.
    pub(super) fn is_at(&self, address: &str, port: u16) -> bool {
        let same = match (self.address.parse::<IpAddr>(), address.parse::<IpAddr>()) {
            (Ok(one), Ok(two)) => one == two,
            _ => false,
        };
        same && self.port == port
    }

    pub(super) fn health(&self) -> MemberHealth {
        let concluded = ["L4", "L6", "L7"].iter().any(|l| self.check.starts_with(l));
        match (concluded && !self.in_maintenance(), self.op) {
            (true, 0) => MemberHealth::Unhealthy,
            // Starting slowly, running, stopping softly.
            (true, 1..=3) => MemberHealth::Healthy,
            (true, _) | (false, _) => MemberHealth::Unknown,
        }
    }

    /// The member that it is at a place, if it is one of ours.
    pub(super) fn member(&self, mark: &str, place: &BalancerPlace) -> Option<Member> {
        let (owner, port) = owner_of(mark, &self.name)?;
        Some(Member {
            owner,
            target: BalancerTarget {
                balancer: place.balancer.clone(),
                listener: place.listener.clone(),
                location: place.location.clone(),
                port,
            },
            weight: self.weight,
            state: match self.in_maintenance() || self.is_drained() {
                true => MemberState::Draining,
                false => MemberState::Active,
            },
            health: self.health(),
            in_flight: self.in_flight,
        })
    }
}

/// The servers out of `show servers state BACKEND`, with what `show stat BACKEND 4 -1` says of their checks and load.
pub(super) fn read_servers(state: &str, stat: &str) -> Result<Vec<Server>, String> {
    let stats = read_stats(stat)?;
    let mut lines = state.lines().filter(|line| !line.is_empty());
    if lines.next() != Some("1") {
        return Err(unread("show servers state", state));
    }
    let head = lines.next().and_then(|line| line.strip_prefix("# "));
    let head: Vec<&str> = head
        .ok_or_else(|| unread("show servers state", state))?
        .split(' ')
        .collect();
    let mut servers = Vec::new();
    for line in lines {
        let cells: Vec<&str> = line.split(' ').collect();
        let cell = |name: &str| column(&head, &cells, name);
        let number = |name: &str| cell(name).and_then(|text| text.parse::<u32>().ok());
        let server = || {
            let name = cell("srv_name")?.to_owned();
            let stat = stats.iter().find(|stat| stat.name == name);
            Some(Server {
                address: cell("srv_addr")?.to_owned(),
                port: u16::try_from(number("srv_port")?).ok()?,
                weight: u16::try_from(number("srv_uweight")?).ok()?,
                admin: number("srv_admin_state")?,
                op: number("srv_op_state")?,
                check: stat.map(|stat| stat.check.clone()).unwrap_or_default(),
                in_flight: stat.map(|stat| stat.in_flight),
                name,
            })
        };
        servers.push(server().ok_or_else(|| unread("show servers state", line))?);
    }
    Ok(servers)
}

/// The servers out of `show stat BACKEND 4 -1`.
pub(super) fn read_stats(stat: &str) -> Result<Vec<Stat>, String> {
    let mut lines = stat.lines().filter(|line| !line.is_empty());
    let head = lines.next().and_then(|line| line.strip_prefix("# "));
    let head: Vec<&str> = head
        .ok_or_else(|| unread("show stat", stat))?
        .split(',')
        .collect();
    // What can hold a comma comes later in a line.
    lines
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            let cell = |name: &str| column(&head, &cells, name);
            let count = |name: &str| cell(name).and_then(|text| text.parse::<u32>().ok());
            let stat = || {
                // A check that is on its way is marked; what is there is that of the one before.
                let check = cell("check_status")?.trim_start_matches("* ");
                Some(Stat {
                    name: cell("svname")?.to_owned(),
                    check: check.to_owned(),
                    in_flight: count("scur")?.saturating_add(count("qcur")?),
                })
            };
            stat().ok_or_else(|| unread("show stat", line))
        })
        .collect()
}

fn column<'a>(head: &[&str], cells: &[&'a str], name: &str) -> Option<&'a str> {
    let at = head.iter().position(|column| *column == name)?;
    cells.get(at).copied()
}

fn unread(command: &str, answer: &str) -> String {
    let start: String = answer.trim().chars().take(200).collect();
    format!("`{command}` was answered with something unexpected: {start:?}")
}

#[cfg(test)]
mod tests;
