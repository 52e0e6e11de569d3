//! Where members are, and which sockets send load there: everything that changes when machines come and go, or accounts lay
//! out their balancers anew.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;

use muster_model::{Front, GroupId, HandMember, Layout};
use muster_ports::BalancerError;
use tokio::sync::watch;

use super::check;
use super::listener::{Bound, Listener, Origin};
use super::options::Check;
use super::provider::{ProxyBalancer, failed};
use super::stats::Stats;
use super::upstream::{Upstream, Whose};

/// Balancer and listener id.
pub(super) type Key = (String, String);

/// The key of what comes without a balancer: a listener or a pool of an account.
pub(super) fn own_key(id: &str) -> Key {
    (id.to_owned(), id.to_owned())
}

/// The members of a listener or a pool.
pub(super) struct Place {
    pub(super) members: Vec<Arc<Upstream>>,
    /// How they are checked.
    checks: watch::Sender<Check>,
}

/// What changes.
#[derive(Default)]
pub(super) struct State {
    pub(super) layout: Layout,
    pub(super) places: BTreeMap<Key, Place>,
    /// Listeners that are open.
    pub(super) open: BTreeMap<Key, Arc<Listener>>,
    /// Why others are not open where they were to be.
    pub(super) refused: BTreeMap<Key, String>,
    /// Addresses that were given out, in use or not.
    pub(super) given: BTreeMap<Key, SocketAddr>,
    /// Counters of groups that have members or are bound somewhere.
    pub(super) groups: BTreeMap<GroupId, Arc<Stats>>,
}

impl State {
    fn front(&self, key: &Key) -> Option<&Front> {
        let mut fronts = self.layout.fronts.iter();
        fronts.find(|front| front.listener == key.0 && key.0 == key.1)
    }

    /// Where a listener sends load: to its own members, and to the pool that it is for.
    fn behind(&self, key: &Key) -> Vec<Key> {
        let pool = self.front(key).and_then(|front| front.pool.as_deref());
        let pool = pool.map(own_key).filter(|pool| pool != key);
        [key.clone()].into_iter().chain(pool).collect()
    }

    /// The listeners that send load to a pool, those that are open.
    fn fronts_of<'a>(&'a self, key: &'a Key) -> impl Iterator<Item = &'a Arc<Listener>> {
        let pool = |front: &&Front| front.pool.as_ref() == Some(&key.0) && key.0 == key.1;
        let fronts = self.layout.fronts.iter().filter(pool);
        let open = fronts.filter_map(|front| self.open.get(&own_key(&front.listener)));
        open.filter(|open| open.origin != Origin::Given)
    }

    /// The first listener that sends load to a place.
    pub(super) fn listener_of<'a>(&'a self, key: &'a Key) -> Option<&'a Arc<Listener>> {
        let own = self.open.get(key);
        own.or_else(|| self.fronts_of(key).next())
    }

    pub(super) fn check(&self, key: &Key, otherwise: &Check) -> Check {
        let pool = match self.front(key) {
            Some(front) => front.pool.as_deref(),
            None => Some(key.0.as_str()).filter(|_| key.0 == key.1),
        };
        let laid = pool.and_then(|pool| self.layout.pools.get(pool));
        let probe = laid.and_then(|pool| pool.check.as_ref());
        probe.map_or_else(|| otherwise.clone(), Check::of)
    }

    /// Gives a listener the members behind it, if it is open.
    fn seat(&self, key: &Key) {
        let Some(listener) = self.open.get(key) else {
            return;
        };
        let behind = self.behind(key);
        let places = behind.iter().filter_map(|key| self.places.get(key));
        let members = places.flat_map(|place| &place.members).cloned();
        listener.board.keep(members.collect());
    }

    /// Gives the listeners that send load to a place its members as they are.
    pub(super) fn seat_all_before(&self, key: &Key) {
        self.seat(key);
        let pool = |front: &&Front| front.pool.as_ref() == Some(&key.0) && key.0 == key.1;
        for front in self.layout.fronts.iter().filter(pool) {
            self.seat(&own_key(&front.listener));
        }
    }

    /// Gives every listener the groups that what it misses is counted for.
    fn bind_groups(&self) {
        let mut bound: BTreeMap<Key, Vec<Bound>> = BTreeMap::new();
        for (place, groups) in &self.layout.bound {
            let key = (place.balancer.clone(), place.listener.clone());
            let stats = groups.iter().filter_map(|group| self.groups.get(group));
            let stats = stats.map(|stats| (place.location.clone(), Arc::clone(stats)));
            bound.entry(key).or_default().extend(stats);
        }
        for (key, listener) in &self.open {
            let behind = self.behind(key);
            let here = behind.iter().filter_map(|key| bound.get(key));
            listener.bind_groups(here.flatten().cloned().collect());
        }
    }

    /// Counters of every group that is bound somewhere or has a member, and of no other.
    pub(super) fn count_groups(&mut self) {
        let members = self.places.values().flat_map(|place| &place.members);
        let members = members.filter_map(|one| Some(one.owner()?.group));
        let bound = self.layout.bound.values().flatten().copied();
        let known: BTreeSet<GroupId> = members.chain(bound).collect();
        self.groups.retain(|group, _| known.contains(group));
        for group in known {
            self.groups.entry(group).or_default();
        }
    }

    /// A member has left a group's: its counters go with the last one, unless it is bound somewhere.
    pub(super) fn forget(&mut self, group: GroupId) {
        let mut bound = self.layout.bound.values();
        let is_bound = bound.any(|groups| groups.contains(&group));
        if !is_bound && !self.members().any(|(_, one)| one.is_of(group)) {
            self.groups.remove(&group);
        }
    }

    /// Every member, with where it is.
    pub(super) fn members(&self) -> impl Iterator<Item = (&Key, &Arc<Upstream>)> {
        let places = self.places.iter();
        places.flat_map(|(key, place)| place.members.iter().map(move |one| (key, one)))
    }
}

impl ProxyBalancer {
    /// Why a listener of an account cannot have its port, if so.
    fn not_allowed(&self, front: &Front) -> Option<String> {
        let Some(allowed) = &self.options.front_ports else {
            return Some("proxy.listener_ports is false".to_owned());
        };
        let port = front.port;
        if !allowed.contains(&port) {
            let (first, last) = (allowed.start(), allowed.end());
            return Some(format!(
                "protocol_port {port} is none of {first} to {last}, which proxy.listener_first_port and listener_last_port allow"
            ));
        }
        let reserved = self.options.reserved.iter().chain([&self.options.ports]);
        let mut reserved = reserved.filter(|ports| ports.contains(&port));
        reserved.next().map(|ports| {
            let (first, last) = (ports.start(), ports.end());
            format!("protocol_port {port} is one of {first} to {last}, which Muster gives out")
        })
    }

    /// Whether an open listener is where it is not to be any more.
    fn is_surplus(&self, state: &State, key: &Key, open: &Listener) -> bool {
        match open.origin {
            Origin::Configured => false,
            Origin::Front => state.front(key).is_none_or(|front| {
                front.port != open.address.port()
                    || open.options.protocol != front.protocol.into()
                    || self.not_allowed(front).is_some()
            }),
            Origin::Given => state.fronts_of(key).next().is_some(),
        }
    }

    /// Closes listeners that are not to be open any more.
    fn close_surplus(&self, state: &mut State) -> Vec<Arc<Listener>> {
        let all = state.open.iter();
        let surplus = all.filter(|(key, open)| self.is_surplus(state, key, open));
        let surplus: Vec<Key> = surplus.map(|(key, _)| key.clone()).collect();
        let closed = surplus.iter().filter_map(|key| state.open.remove(key));
        let closed: Vec<Arc<Listener>> = closed.collect();
        for listener in &closed {
            tracing::info!(address = %listener.address, "a listener is closed");
            listener.stopped.cancel();
        }
        closed
    }

    /// Opens the listeners of accounts at their ports, as far as they can be had.
    fn open_fronts(&self, state: &mut State) {
        let fronts = state.layout.fronts.clone();
        for front in &fronts {
            let key = own_key(&front.listener);
            let open = state.open.get(&key);
            if open.is_some_and(|open| open.origin != Origin::Given) {
                state.refused.remove(&key);
                continue;
            }
            let opened = match self.not_allowed(front) {
                Some(why) => Err(why),
                None => self.open_front(state, &key, front),
            };
            let Err(why) = opened else {
                state.refused.remove(&key);
                continue;
            };
            if state.refused.get(&key) != Some(&why) {
                tracing::warn!(
                    listener = key.0,
                    error = why,
                    "a listener is not open at its port"
                );
                state.refused.insert(key, why);
            }
        }
        let known = |key: &Key| state.layout.fronts.iter().any(|one| one.listener == key.0);
        state.refused.retain(|key, _| known(key));
    }

    fn open_front(&self, state: &mut State, key: &Key, front: &Front) -> Result<(), String> {
        let address = SocketAddr::new(self.options.listen, front.port);
        let mut open = state.open.iter();
        if let Some(((_, other), _)) = open.find(|(_, open)| open.address == address) {
            return Err(format!("{address}: the listener {other} is there"));
        }
        let socket =
            super::listener::bind(address).map_err(|error| format!("{address}: {error}"))?;
        let mut options = self.options_of(key).clone();
        options.protocol = front.protocol.into();
        let opened = self.start(state, key, socket, options, Origin::Front);
        opened.map_err(|error| error.to_string())
    }

    /// Gives what is not reached at any port one of its own, if it has members or a group is bound there.
    fn open_others(&self, state: &mut State) {
        let places = state.places.iter();
        let used = places.filter(|(_, place)| !place.members.is_empty());
        let mut wanted: BTreeSet<Key> = used.map(|(key, _)| key.clone()).collect();
        let bound = state.layout.bound.keys();
        wanted.extend(bound.map(|place| (place.balancer.clone(), place.listener.clone())));
        for key in wanted {
            if let Err(error) = self.reach(state, &key) {
                tracing::warn!(balancer = key.0, listener = key.1, %error, "a listener cannot be opened");
            }
        }
    }

    /// Opens a listener for a place that no other sends load to.
    fn reach(&self, state: &mut State, key: &Key) -> Result<(), BalancerError> {
        match state.listener_of(key).is_some() {
            true => Ok(()),
            false => self.listener(state, key),
        }
    }

    /// Members that were put there by hand are those of the layout. Those that go get nothing new; what they have they finish.
    fn put_by_hand(&self, state: &mut State) {
        let pools = state.layout.pools.iter();
        let filled = pools.filter(|(_, pool)| !pool.members.is_empty());
        let mut wanted: BTreeMap<Key, Vec<HandMember>> = filled
            .map(|(id, pool)| (own_key(id), pool.members.clone()))
            .collect();
        for (key, place) in &mut state.places {
            let wanted = wanted.remove(key).unwrap_or_default();
            place.members.retain(|one| match one.whose {
                Whose::Machine { .. } => true,
                Whose::Hand(id) => wanted.iter().any(|member| {
                    member.id == id && one.address == SocketAddr::new(member.address, member.port)
                }),
            });
            self.add_by_hand(place, &wanted);
        }
        for (key, members) in wanted {
            let mut place = self.place(state, &key);
            self.add_by_hand(&mut place, &members);
            state.places.insert(key, place);
        }
    }

    fn add_by_hand(&self, place: &mut Place, wanted: &[HandMember]) {
        for member in wanted {
            let mut there = place.members.iter();
            match there.find(|one| one.whose == Whose::Hand(member.id)) {
                Some(there) => there.activate(member.weight),
                None => {
                    let whose = Whose::Hand(member.id);
                    let address = SocketAddr::new(member.address, member.port);
                    self.add(place, Upstream::new(whose, address, member.weight, None));
                }
            }
        }
    }

    fn place(&self, state: &State, key: &Key) -> Place {
        let check = state.check(key, &self.options_of(key).check);
        Place {
            members: Vec::new(),
            checks: watch::Sender::new(check),
        }
    }

    /// Takes a member in, and has it checked from now on.
    fn add(&self, place: &mut Place, upstream: Upstream) {
        let upstream = Arc::new(upstream);
        let checks = place.checks.subscribe();
        let watch = check::watch(Arc::downgrade(&upstream), checks, self.checker.clone());
        tokio::spawn(watch);
        place.members.push(upstream);
    }

    /// Checks members as the layout says.
    fn set_checks(&self, state: &State) {
        for (key, place) in &state.places {
            let check = state.check(key, &self.options_of(key).check);
            place.checks.send_if_modified(|now| {
                let other = *now != check;
                *now = check;
                other
            });
        }
    }

    /// Makes a machine a member: done at once, or not at all. One that is there in its place is cut off.
    pub(super) fn put_machine(
        &self,
        state: &mut State,
        key: &Key,
        (whose, group): (Whose, GroupId),
        (address, weight): (SocketAddr, u16),
    ) -> Result<(), BalancerError> {
        self.reach(state, key)?;
        let stats = Arc::clone(state.groups.entry(group).or_default());
        let fresh = self.place(state, key);
        let place = state.places.entry(key.clone()).or_insert(fresh);
        let there = place.members.iter();
        let at = there.clone().position(|one| one.is_same_place(&whose));
        if let Some(at) = at {
            let there = &place.members[at];
            if there.whose == whose && there.address == address {
                there.activate(weight);
                return Ok(());
            }
            place.members.remove(at).cut.cancel();
        }
        self.add(place, Upstream::new(whose, address, weight, Some(stats)));
        state.seat_all_before(key);
        Ok(())
    }

    /// Makes what is laid out so: first what is not to be there is closed, then what is to be there is opened.
    pub(super) async fn lay_out(&self, layout: &Layout) {
        let closed = {
            let mut state = self.state();
            state.layout = layout.clone();
            self.close_surplus(&mut state)
        };
        for listener in closed {
            listener.closed.cancelled().await;
        }
        let mut state = self.state();
        self.open_fronts(&mut state);
        self.put_by_hand(&mut state);
        state.places.retain(|_, place| !place.members.is_empty());
        state.count_groups();
        self.set_checks(&state);
        self.open_others(&mut state);
        // What a pool had of its own, now that a listener sends load to it.
        self.close_surplus(&mut state);
        let open: Vec<&Key> = state.open.keys().collect();
        open.into_iter().for_each(|key| state.seat(key));
        state.bind_groups();
    }

    /// Starts to listen.
    pub(super) fn start(
        &self,
        state: &mut State,
        key: &Key,
        socket: tokio::net::TcpListener,
        options: super::options::ListenerOptions,
        origin: Origin,
    ) -> Result<(), BalancerError> {
        let (limits, client) = (self.options.limits, self.client.clone());
        let started = Listener::start(socket, origin, options, limits, client);
        let listener = started.map_err(failed)?;
        tracing::info!(balancer = key.0, listener = key.1, address = %listener.address, "a listener is open");
        if let Some(before) = state.open.insert(key.clone(), listener) {
            before.stopped.cancel();
        }
        state.seat(key);
        Ok(())
    }
}
