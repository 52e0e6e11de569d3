//! The balancer as a whole, and the port that the engine drives it through.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use futures_util::future::join_all;
use muster_model::{
    BalancerTarget, GroupId, Instance, Layout, MemberHealth, MemberSpec, OwnerKey, PoolMemberId,
    ProbeAsk,
};
use muster_ports::{BalancerError, Listing, LoadBalancer};
use tokio::net::TcpListener;

use super::given;
use super::listener::{self, Listener, Origin};
use super::metrics::Looks;
use super::options::{ListenerOptions, Protocol, ProxyOptions};
use super::places::{Key, State, own_key};
use super::requests::{self, Pool};
use super::stats::Counts;
use super::timing;
use super::upstream::{Upstream, Whose};
use super::view::ListenerView;

/// How long a start waits for the first checks, milliseconds.
const FIRST_CHECKS_MILLIS: u64 = 2000;
/// Between two looks whether they are over, milliseconds.
const LOOK_MILLIS: u64 = 20;

/// The embedded balancer.
pub struct ProxyBalancer {
    pub(super) options: ProxyOptions,
    /// Keeps connections to members.
    pub(super) client: Pool,
    /// Makes a connection for each check.
    pub(super) checker: Pool,
    state: Mutex<State>,
    pub(super) looks: Looks,
}

pub(super) fn failed(error: impl std::fmt::Display) -> BalancerError {
    BalancerError::Failed(error.to_string())
}

impl ProxyBalancer {
    /// The balancer with what is laid out, and the members that `instances` have at the targets that are `ours`. Listeners of
    /// the configuration are opened; those of accounts and of members too, at the addresses that they had. One whose address
    /// cannot be had any more is left out, and said so: the engine finds its members missing and asks for them again.
    ///
    /// # Errors
    /// A listener of the configuration cannot be opened, or the file of the addresses cannot be read.
    pub async fn open<'a>(
        options: ProxyOptions,
        layout: &Layout,
        instances: impl IntoIterator<Item = &'a Instance>,
        ours: impl Fn(&Instance, &BalancerTarget) -> bool,
    ) -> Result<ProxyBalancer, String> {
        let given = match &options.dir {
            Some(dir) => given::read(dir)?,
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
        balancer.lay_out(layout).await;
        for instance in instances {
            for binding in instance.bindings.iter() {
                if !binding.wanted || !ours(instance, &binding.target) {
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

    /// Waits until something is known of every member that is checked, within bounds. Those that are well have been so before.
    async fn first_checks(&self) {
        let known = async {
            while self.is_any_unknown() {
                timing::pause(LOOK_MILLIS).await;
            }
        };
        let _ = timing::within(FIRST_CHECKS_MILLIS, known).await;
        for (key, upstream) in self.state().members() {
            if upstream.health() == MemberHealth::Healthy {
                upstream.is_old(self.options_of(key), timing::now());
            }
        }
    }

    fn is_any_unknown(&self) -> bool {
        let state = self.state();
        let mut checked = state.members().filter(|(key, _)| {
            let check = state.check(key, &self.options_of(key).check);
            check.ask != ProbeAsk::Nothing
        });
        checked.any(|(_, one)| one.health() == MemberHealth::Unknown)
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn listeners(&self) -> Vec<Arc<Listener>> {
        self.state().open.values().map(Arc::clone).collect()
    }

    pub(super) fn options_of(&self, key: &Key) -> &ListenerOptions {
        self.options
            .listeners
            .get(key)
            .unwrap_or(&self.options.other)
    }

    /// Opens the listener of these ids where the configuration says, or at a port of those that are given out.
    pub(super) fn listener(&self, state: &mut State, key: &Key) -> Result<(), BalancerError> {
        if state.open.contains_key(key) {
            return Ok(());
        }
        let options = self.options_of(key).clone();
        let (socket, origin) = match (options.listen, state.given.get(key)) {
            (Some(address), _) => (bind(address)?, Origin::Configured),
            (None, Some(address)) if self.is_ours(*address) => (bind(*address)?, Origin::Given),
            (None, _) => (self.free(state)?, Origin::Given),
        };
        if origin == Origin::Given {
            let address = socket.local_addr().map_err(failed)?;
            let before = state.given.insert(key.clone(), address);
            if let Some(dir) = &self.options.dir
                && before != Some(address)
                && let Err(error) = given::write(dir, &state.given)
            {
                state.given.remove(key);
                return Err(failed(error));
            }
        }
        self.start(state, key, socket, options, origin)
    }

    /// Whether an address that was given out is still one to give.
    fn is_ours(&self, address: SocketAddr) -> bool {
        address.ip() == self.options.listen && self.options.ports.contains(&address.port())
    }

    /// A socket on a port that nobody has. When all have been given out, those of listeners that are not open are free.
    fn free(&self, state: &mut State) -> Result<TcpListener, BalancerError> {
        let open: Vec<SocketAddr> = state.open.values().map(|one| one.address).collect();
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
        let whose = Whose::Machine {
            owner: spec.owner.clone(),
            target: spec.target.clone(),
        };
        let member = (whose, spec.owner.group);
        self.put_machine(&mut self.state(), &key, member, (address, spec.weight))
    }

    fn own(&self, owner: &OwnerKey, target: &BalancerTarget) -> Option<Arc<Upstream>> {
        let state = self.state();
        let key = (target.balancer.clone(), target.listener.clone());
        let mut members = state.places.get(&key)?.members.iter();
        members.find(|one| one.is(owner, target)).map(Arc::clone)
    }

    /// Every listener and pool that is there, with its members.
    #[must_use]
    pub fn view(&self) -> Vec<ListenerView> {
        let (now, state) = (timing::now(), self.state());
        let mut keys: Vec<Key> = state
            .places
            .keys()
            .chain(state.open.keys())
            .cloned()
            .collect();
        keys.extend(state.layout.fronts.iter().map(|one| own_key(&one.listener)));
        keys.sort();
        keys.dedup();
        let show = |key: Key| {
            let (own, reached) = (state.open.get(&key), state.listener_of(&key));
            let members = state.places.get(&key).map(|place| &place.members);
            let members = members.into_iter().flatten().map(|one| one.view(now));
            ListenerView {
                is_open: own.is_some(),
                address: reached.map(|listener| listener.address),
                protocol: reached.map_or_else(Protocol::default, |one| one.options.protocol),
                refused: state.refused.get(&key).cloned(),
                unserved: own.map_or(0, |listener| listener.unserved()),
                members: members.collect(),
                balancer: key.0,
                listener: key.1,
            }
        };
        keys.into_iter().map(show).collect()
    }

    /// Counters of a group, as long as it has members or is bound somewhere.
    pub(super) fn counts(&self, group: GroupId) -> Option<Counts> {
        self.state().groups.get(&group).map(|stats| stats.counts())
    }

    pub(super) fn members_of(&self, group: GroupId) -> Vec<(Arc<Upstream>, Protocol)> {
        let state = self.state();
        let own = state.members().filter(|(_, one)| one.is_of(group));
        let spoken = |key: &Key| {
            let listener = state.listener_of(key);
            listener.map_or_else(Protocol::default, |one| one.options.protocol)
        };
        own.map(|(key, one)| (Arc::clone(one), spoken(key)))
            .collect()
    }

    /// Takes no more connections, and waits this long for what clients and members still have to say to each other.
    pub async fn stop(&self, patience_millis: u64) {
        let listeners = self.listeners();
        let stops = listeners.iter().map(|one| one.stop(patience_millis));
        join_all(stops).await;
    }
}

impl Drop for ProxyBalancer {
    fn drop(&mut self) {
        let state = self.state();
        for listener in state.open.values() {
            listener.stopped.cancel();
        }
        for (_, upstream) in state.members() {
            upstream.cut.cancel();
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

#[async_trait]
impl LoadBalancer for ProxyBalancer {
    async fn attach(&self, member: &MemberSpec) -> Result<(), BalancerError> {
        self.put(member)
    }

    async fn drain(&self, owner: &OwnerKey, target: &BalancerTarget) -> Result<(), BalancerError> {
        if let Some(member) = self.own(owner, target) {
            member.drain();
            for listener in self.listeners() {
                listener.board.pass();
            }
        }
        Ok(())
    }

    async fn in_flight(
        &self,
        owner: &OwnerKey,
        target: &BalancerTarget,
    ) -> Result<Option<u32>, BalancerError> {
        let member = self.own(owner, target);
        Ok(Some(member.map_or(0, |member| member.in_flight())))
    }

    async fn detach(&self, owner: &OwnerKey, target: &BalancerTarget) -> Result<(), BalancerError> {
        let mut state = self.state();
        let key = (target.balancer.clone(), target.listener.clone());
        if let Some(place) = state.places.get_mut(&key) {
            place.members.retain(|one| {
                let goes = one.is(owner, target);
                if goes {
                    one.cut.cancel();
                }
                !goes
            });
            state.seat_all_before(&key);
        }
        state.forget(owner.group);
        Ok(())
    }

    async fn list(&self, group: Option<GroupId>) -> Result<Listing, BalancerError> {
        let state = self.state();
        let members = state.members().map(|(_, one)| one);
        let members = members.filter(|one| group.is_none_or(|group| one.is_of(group)));
        let listed: Vec<_> = members
            .filter_map(|one| one.as_member().map(Arc::new))
            .collect();
        Ok(Listing::from(listed))
    }

    async fn arrange(&self, layout: &Layout) {
        self.lay_out(layout).await;
    }

    async fn by_hand(&self) -> BTreeMap<PoolMemberId, MemberHealth> {
        let state = self.state();
        let members = state.members();
        let by_hand = members.filter_map(|(_, one)| match one.whose {
            Whose::Hand(id) => Some((id, one.health())),
            Whose::Machine { .. } => None,
        });
        by_hand.collect()
    }
}
