//! The balancer as a whole: its listeners, and the port that the engine drives it through.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use futures_util::future::join_all;
use muster_model::{BalancerTarget, GroupId, Instance, Member, MemberHealth, MemberSpec, OwnerKey};
use muster_ports::{BalancerError, Listing, LoadBalancer};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

use super::check;
use super::listener::{self, Listener};
use super::metrics::Looks;
use super::options::{ListenerOptions, Protocol, ProxyOptions};
use super::requests::{self, Pool};
use super::stats::{Counts, Stats};
use super::timing;
use super::upstream::Upstream;

/// Where the addresses that were given out are written down.
const FILE: &str = "proxy.json";
/// How long a start waits for the first checks, milliseconds.
const FIRST_CHECKS_MILLIS: u64 = 2000;
/// Between two looks whether they are over, milliseconds.
const LOOK_MILLIS: u64 = 20;

/// Balancer and listener id.
type Key = (String, String);

/// The embedded balancer.
pub struct ProxyBalancer {
    options: ProxyOptions,
    /// Keeps connections to members.
    client: Pool,
    /// Makes a connection for each check.
    checker: Pool,
    state: Mutex<State>,
    pub(super) looks: Looks,
}

#[derive(Default)]
struct State {
    listeners: BTreeMap<Key, Arc<Listener>>,
    /// Addresses that were given out, in use or not.
    given: BTreeMap<Key, SocketAddr>,
    /// Counters by group, as long as it has members.
    groups: BTreeMap<GroupId, Arc<Stats>>,
}

/// A line of the file.
#[derive(Serialize, Deserialize)]
struct Given {
    balancer: String,
    listener: String,
    address: SocketAddr,
}

/// A listener, to be shown.
#[derive(Clone, Debug)]
pub struct ListenerView {
    /// Balancer id.
    pub balancer: String,
    /// Listener id.
    pub listener: String,
    /// Where it listens.
    pub address: SocketAddr,
    /// What it speaks.
    pub protocol: Protocol,
    /// Its members.
    pub members: Vec<MemberView>,
}

/// A member, to be shown.
#[derive(Clone, Debug)]
pub struct MemberView {
    /// As it is listed.
    pub member: Member,
    /// Where it is.
    pub address: SocketAddr,
    /// What it has done so far.
    pub counts: Counts,
    /// Requests a second over the last ten.
    pub requests_per_sec: f64,
}

fn failed(error: impl std::fmt::Display) -> BalancerError {
    BalancerError::Failed(error.to_string())
}

impl ProxyBalancer {
    /// The balancer with the members that `instances` have at the targets that are `ours`. Listeners of the configuration are opened; those of members
    /// too, at the addresses that they had. One whose address cannot be had any more is left out, and said so: the engine
    /// finds its members missing and asks for them again.
    ///
    /// # Errors
    /// A listener of the configuration cannot be opened, or the file of the addresses cannot be read.
    pub async fn open<'a>(
        options: ProxyOptions,
        instances: impl IntoIterator<Item = &'a Instance>,
        ours: impl Fn(&BalancerTarget) -> bool,
    ) -> Result<ProxyBalancer, String> {
        let given = match &options.dir {
            Some(dir) => read(&dir.join(FILE))?,
            None => BTreeMap::new(),
        };
        let balancer = ProxyBalancer {
            client: requests::client(&options.limits, true),
            checker: requests::client(&options.limits, false),
            options,
            state: Mutex::new(State {
                given,
                ..State::default()
            }),
            looks: Looks::default(),
        };
        let configured: Vec<Key> = balancer.options.listeners.keys().cloned().collect();
        for key in configured {
            let opened = balancer.listener(&mut balancer.state(), &key);
            opened.map_err(|error| format!("listener {}/{}: {error}", key.0, key.1))?;
        }
        for instance in instances {
            for binding in instance.bindings.iter() {
                if !binding.wanted || !ours(&binding.target) {
                    continue;
                }
                let machine = instance.machine.as_ref();
                let spec = MemberSpec {
                    owner: OwnerKey {
                        group: instance.group,
                        instance: instance.id,
                    },
                    target: binding.target.clone(),
                    weight: binding.weight,
                    address: machine.and_then(|machine| machine.address.clone()),
                    machine_port: machine.and_then(|machine| machine.port),
                };
                if let Err(error) = balancer.put(&spec) {
                    tracing::error!(owner = %spec.owner, target = ?spec.target, %error, "a member is not back at its listener");
                }
            }
        }
        balancer.first_checks().await;
        Ok(balancer)
    }

    /// Waits until something is known of every member, within bounds. Those that are well have been so before.
    async fn first_checks(&self) {
        let known = async {
            while self.listeners().iter().any(|(_, listener)| {
                let all = listener.board.all();
                all.iter().any(|one| one.health() == MemberHealth::Unknown)
            }) {
                timing::pause(LOOK_MILLIS).await;
            }
        };
        let _ = timing::within(FIRST_CHECKS_MILLIS, known).await;
        for (_, listener) in self.listeners() {
            for upstream in listener.board.all() {
                if upstream.health() == MemberHealth::Healthy {
                    upstream.is_old(&listener.options, timing::now());
                }
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn listeners(&self) -> Vec<(Key, Arc<Listener>)> {
        let state = self.state();
        let all = state.listeners.iter();
        all.map(|(key, listener)| (key.clone(), Arc::clone(listener)))
            .collect()
    }

    fn options_of(&self, key: &Key) -> &ListenerOptions {
        self.options
            .listeners
            .get(key)
            .unwrap_or(&self.options.other)
    }

    /// The listener of these ids, opened if it is not.
    fn listener(&self, state: &mut State, key: &Key) -> Result<Arc<Listener>, BalancerError> {
        if let Some(listener) = state.listeners.get(key) {
            return Ok(Arc::clone(listener));
        }
        let options = self.options_of(key).clone();
        let socket = match (options.listen, state.given.get(key)) {
            (Some(address), _) => bind(address)?,
            (None, Some(address)) if self.is_ours(*address) => bind(*address)?,
            (None, _) => self.free(state)?,
        };
        let limits = self.options.limits;
        let started = Listener::start(socket, options, limits, self.client.clone());
        let listener = started.map_err(failed)?;
        if self.options_of(key).listen.is_none() {
            state.given.insert(key.clone(), listener.address);
            if let Some(dir) = &self.options.dir
                && let Err(error) = write(dir, &state.given)
            {
                listener.stopped.cancel();
                state.given.remove(key);
                return Err(failed(error));
            }
        }
        tracing::info!(balancer = key.0, listener = key.1, address = %listener.address, "a listener is open");
        state.listeners.insert(key.clone(), Arc::clone(&listener));
        Ok(listener)
    }

    /// Whether an address that was given out is still one to give.
    fn is_ours(&self, address: SocketAddr) -> bool {
        address.ip() == self.options.listen && self.options.ports.contains(&address.port())
    }

    /// A socket on a port that nobody has. When all have been given out, those of listeners that are not open are free.
    fn free(&self, state: &mut State) -> Result<TcpListener, BalancerError> {
        let open: Vec<SocketAddr> = state.listeners.values().map(|one| one.address).collect();
        for reuse in [false, true] {
            for port in self.options.ports.clone() {
                let address = SocketAddr::new(self.options.listen, port);
                let taken = open.contains(&address)
                    || (!reuse && state.given.values().any(|given| *given == address));
                if taken {
                    continue;
                }
                if let Ok(socket) = listener::bind(address) {
                    state.given.retain(|_, given| *given != address);
                    return Ok(socket);
                }
            }
        }
        Err(BalancerError::Quota(format!(
            "no port from {} to {} is free",
            self.options.ports.start(),
            self.options.ports.end()
        )))
    }

    /// Makes a machine a member. Done at once, or not at all.
    fn put(&self, spec: &MemberSpec) -> Result<(), BalancerError> {
        let address = address_of(spec)?;
        let key = (spec.target.balancer.clone(), spec.target.listener.clone());
        let mut state = self.state();
        let listener = self.listener(&mut state, &key)?;
        let there = listener.board.own(&spec.owner, &spec.target);
        if let Some(there) = there.filter(|there| there.address == address) {
            there.activate(spec.weight);
            return Ok(());
        }
        let stats = state.groups.entry(spec.owner.group).or_default();
        let upstream = Arc::new(Upstream::new(
            spec.owner.clone(),
            spec.target.clone(),
            address,
            spec.weight,
            Arc::clone(stats),
        ));
        listener.board.put(Arc::clone(&upstream));
        let check = listener.options.check.clone();
        let watch = check::watch(Arc::downgrade(&upstream), check, self.checker.clone());
        tokio::spawn(watch);
        Ok(())
    }

    fn open_listener(&self, target: &BalancerTarget) -> Option<Arc<Listener>> {
        let key = (target.balancer.clone(), target.listener.clone());
        self.state().listeners.get(&key).map(Arc::clone)
    }

    /// Every listener that is open, with its members.
    #[must_use]
    pub fn view(&self) -> Vec<ListenerView> {
        let now = timing::now();
        let show = |upstream: &Arc<Upstream>| MemberView {
            member: upstream.as_member(),
            address: upstream.address,
            counts: upstream.stats.counts(),
            requests_per_sec: upstream.stats.rate(now),
        };
        self.listeners()
            .into_iter()
            .map(|((balancer, listener), open)| ListenerView {
                balancer,
                listener,
                address: open.address,
                protocol: open.options.protocol,
                members: open.board.all().iter().map(show).collect(),
            })
            .collect()
    }

    /// Counters of a group, as long as it has members; and of one member, if it is one.
    pub(super) fn counts(&self, group: GroupId) -> Option<Counts> {
        self.state().groups.get(&group).map(|stats| stats.counts())
    }

    pub(super) fn members_of(&self, group: GroupId) -> Vec<(Arc<Upstream>, Protocol)> {
        let mut found = Vec::new();
        for (_, listener) in self.listeners() {
            for upstream in listener.board.all() {
                if upstream.owner.group == group {
                    found.push((upstream, listener.options.protocol));
                }
            }
        }
        found
    }

    /// Takes no more connections, and waits this long for what clients and members still have to say to each other.
    pub async fn stop(&self, patience_millis: u64) {
        let listeners = self.listeners();
        let stops = listeners.iter().map(|(_, one)| one.stop(patience_millis));
        join_all(stops).await;
    }
}

impl Drop for ProxyBalancer {
    fn drop(&mut self) {
        for (_, listener) in self.listeners() {
            listener.stopped.cancel();
            for upstream in listener.board.all() {
                upstream.cut.cancel();
            }
        }
    }
}

fn bind(address: SocketAddr) -> Result<TcpListener, BalancerError> {
    listener::bind(address).map_err(|error| failed(format!("{address}: {error}")))
}

/// Where a member is. A machine that was told a port listens there, whatever port its target names: several of them share
/// one address.
fn address_of(spec: &MemberSpec) -> Result<SocketAddr, BalancerError> {
    let Some(host) = &spec.address else {
        return Err(failed("the machine has no address yet"));
    };
    let host: IpAddr = host
        .parse()
        .map_err(|_| BalancerError::Refused(format!("`{host}` is no IP address")))?;
    match spec.machine_port.unwrap_or(spec.target.port) {
        0 => Err(BalancerError::Refused(
            "neither the target nor the machine has a port".to_owned(),
        )),
        port => Ok(SocketAddr::new(host, port)),
    }
}

fn read(path: &PathBuf) -> Result<BTreeMap<Key, SocketAddr>, String> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(format!("{}: {error}", path.display())),
    };
    let given: Vec<Given> =
        serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    let keyed = given
        .into_iter()
        .map(|line| ((line.balancer, line.listener), line.address));
    Ok(keyed.collect())
}

/// Writes the file anew: the old one stands until the new one does.
fn write(dir: &Path, given: &BTreeMap<Key, SocketAddr>) -> Result<(), String> {
    let lines: Vec<Given> = given
        .iter()
        .map(|((balancer, listener), address)| Given {
            balancer: balancer.clone(),
            listener: listener.clone(),
            address: *address,
        })
        .collect();
    let (path, fresh) = (dir.join(FILE), dir.join(format!("{FILE}.new")));
    let at = |error: std::io::Error| format!("{}: {error}", path.display());
    let text = serde_json::to_vec_pretty(&lines).map_err(|error| error.to_string())?;
    std::fs::write(&fresh, text).map_err(at)?;
    let file = std::fs::File::open(&fresh).map_err(at)?;
    file.sync_all().map_err(at)?;
    std::fs::rename(&fresh, &path).map_err(at)
}

#[async_trait]
impl LoadBalancer for ProxyBalancer {
    async fn attach(&self, member: &MemberSpec) -> Result<(), BalancerError> {
        self.put(member)
    }

    async fn drain(&self, owner: &OwnerKey, target: &BalancerTarget) -> Result<(), BalancerError> {
        if let Some(listener) = self.open_listener(target) {
            listener.board.drain(owner, target);
        }
        Ok(())
    }

    async fn in_flight(
        &self,
        owner: &OwnerKey,
        target: &BalancerTarget,
    ) -> Result<Option<u32>, BalancerError> {
        let member = self
            .open_listener(target)
            .and_then(|listener| listener.board.own(owner, target));
        Ok(Some(member.map_or(0, |member| member.in_flight())))
    }

    async fn detach(&self, owner: &OwnerKey, target: &BalancerTarget) -> Result<(), BalancerError> {
        if let Some(listener) = self.open_listener(target) {
            listener.board.remove(owner, target);
        }
        if self.members_of(owner.group).is_empty() {
            self.state().groups.remove(&owner.group);
        }
        Ok(())
    }

    async fn list(&self, group: Option<GroupId>) -> Result<Listing, BalancerError> {
        let mut listed = Vec::new();
        for (_, listener) in self.listeners() {
            for upstream in listener.board.all() {
                if group.is_none_or(|group| upstream.owner.group == group) {
                    listed.push(Arc::new(upstream.as_member()));
                }
            }
        }
        Ok(Listing::from(listed))
    }
}
