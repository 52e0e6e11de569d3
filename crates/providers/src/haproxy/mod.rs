//! HAProxy as a balancer, over its runtime socket: members are servers that are added, drained and deleted while it
//! runs; nothing is ever reloaded, and what others put there is left alone.
//!
//! A member is known by the name of its server (the table is in `words.rs`), so that a listing finds it after any crash. HAProxy
//! forgets such servers when it restarts; the listing says so, and they are added again. What the commands do was tried
//! with HAProxy 2.6.

mod socket;
mod words;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use muster_model::{
    BalancerPlace, BalancerTarget, GroupId, Member, MemberHealth, MemberSpec, OwnerKey,
};
use muster_ports::{Asked, BalancerError, Listing, LoadBalancer};

use socket::{Line, Socket};
pub use words::is_name;
use words::{Server, owner_of, server_name};

/// Time between two attempts to delete a server that still has connections.
const DELETE_MILLIS: u64 = 50;
/// Time between two looks whether a member has come up.
const UP_MILLIS: u64 = 50;

/// Where an HAProxy is, and what of it is ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HaProxyOptions {
    /// For people.
    pub name: String,
    /// The runtime socket, of level `admin`.
    pub socket: PathBuf,
    /// First part of the names of our servers: letters, digits, `-` and `_`. Services that share an HAProxy have
    /// different ones.
    pub mark: String,
    /// How long a call may take; at least 2 seconds, so that connections can be waited for.
    pub timeout: Duration,
    /// How members are checked; `None` = not at all, and nothing is known of their health.
    pub check: Option<Check>,
    /// A member that is checked is waited for until it is up, so long at the most: whoever leaves in exchange for it leaves
    /// later. One that is not up by then is a member all the same.
    pub up_patience: Duration,
    /// A member that comes up gets its full share of load after this, seconds; 0 = at once.
    pub slow_start_secs: u32,
    /// The backends, by the place that each is: no backend and no place twice.
    pub backends: Vec<(BalancerPlace, String)>,
}

/// How members are checked. What a check asks for is said in HAProxy's own backend (`option httpchk`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Check {
    /// Time between two checks, milliseconds.
    pub interval_millis: u32,
    /// Good ones in a row until a member is up.
    pub rise: u32,
    /// Bad ones in a row until it is down.
    pub fall: u32,
}

/// An HAProxy.
pub struct HaProxy {
    options: HaProxyOptions,
    backends: BTreeMap<BalancerPlace, String>,
    socket: Socket,
}

impl HaProxy {
    /// It need not run yet.
    #[must_use]
    pub fn new(options: HaProxyOptions) -> HaProxy {
        HaProxy {
            backends: options.backends.iter().cloned().collect(),
            socket: Socket::new(options.socket.clone(), options.timeout),
            options,
        }
    }

    fn backend(&self, target: &BalancerTarget) -> Result<&str, BalancerError> {
        let backend = self.backends.get(&target.place());
        backend.map(String::as_str).ok_or_else(|| {
            BalancerError::Refused(format!("no backend is configured for {}", target.place()))
        })
    }

    fn name(&self, owner: &OwnerKey, target: &BalancerTarget) -> String {
        server_name(&self.options.mark, owner, target.port)
    }

    /// Makes the machine a member. Returns whether it has yet to come up.
    async fn put(&self, spec: &MemberSpec) -> Result<bool, BalancerError> {
        let backend = self.backend(&spec.target)?;
        let name = self.name(&spec.owner, &spec.target);
        let (address, port) = spec.endpoint().ok_or_else(|| {
            BalancerError::Refused("address or port of the machine are not known".to_owned())
        })?;
        let endpoint = words::endpoint(address, port)
            .ok_or_else(|| BalancerError::Refused(format!("`{address}` is not an IP address")))?;
        let servers = self.socket.line().await.servers(backend).await?;
        for other in &servers {
            // The machine changed hands, or its address.
            let hers = owner_of(&self.options.mark, &other.name).is_some_and(|(owner, at)| {
                owner.instance == spec.owner.instance && at == spec.target.port
            });
            if hers && !(other.name == name && other.is_at(address, port)) {
                self.take_out(&format!("{backend}/{}", other.name)).await?;
            }
        }
        let there = servers
            .iter()
            .find(|server| server.name == name && server.is_at(address, port));
        let server = format!("{backend}/{name}");
        let mut line = self.socket.line().await;
        match there {
            Some(there) if !there.in_maintenance() => {
                if there.is_drained() {
                    line.tell(&format!("set server {server} state ready"))
                        .await?;
                }
                if there.weight != spec.weight {
                    line.weigh(&server, spec.weight).await?;
                }
                // Whoever made it may have been killed before it was up.
                return Ok(self.options.check.is_some() && there.health() != MemberHealth::Healthy);
            }
            Some(_) => {
                line.weigh(&server, 0).await?;
                self.take_in(&mut line, &server, spec.weight).await?;
            }
            None => {
                let more = self.server_options();
                let add = format!("add server {server} {endpoint} weight 0{more}");
                line.expect(&add, "New server registered.").await?;
                self.take_in(&mut line, &server, spec.weight).await?;
            }
        }
        Ok(self.options.check.is_some())
    }

    /// Waits until a member is up, or gone, or patience with it is over.
    #[expect(
        clippy::disallowed_methods,
        reason = "HAProxy lives in real time; this back end is not there under emulation"
    )]
    async fn come_up(&self, spec: &MemberSpec) -> Result<(), BalancerError> {
        let backend = self.backend(&spec.target)?;
        let name = self.name(&spec.owner, &spec.target);
        for _ in 0..self.options.up_patience.as_millis() / u128::from(UP_MILLIS) {
            let servers = async { self.socket.line().await.servers(backend).await };
            let servers = self.socket.within(servers).await?;
            let server = servers.iter().find(|server| server.name == name);
            if server.is_none_or(|server| server.health() == MemberHealth::Healthy) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(UP_MILLIS)).await;
        }
        Ok(())
    }

    fn server_options(&self) -> String {
        let mut text = String::new();
        if let Some(check) = self.options.check {
            text = format!(
                " check inter {}ms rise {} fall {}",
                check.interval_millis, check.rise, check.fall
            );
        }
        if self.options.slow_start_secs > 0 {
            text.push_str(&format!(" slowstart {}s", self.options.slow_start_secs));
        }
        text
    }

    /// Ends the maintenance of a server without weight, and gives it its weight. One that is checked is down until a
    /// check has found that it is not: it gets no load before it can take any.
    async fn take_in(
        &self,
        line: &mut Line<'_>,
        server: &str,
        weight: u16,
    ) -> Result<(), BalancerError> {
        if self.options.check.is_some() {
            line.tell(&format!("enable health {server}")).await?;
        }
        line.tell(&format!("set server {server} state ready"))
            .await?;
        if self.options.check.is_some() {
            line.tell(&format!("set server {server} health down"))
                .await?;
        }
        line.weigh(server, weight).await
    }

    /// Deletes a server, if it is there. It can go when its last connection has ended: that is waited for within the
    /// time that a call may take; when half of it is over they are cut.
    #[expect(
        clippy::disallowed_methods,
        reason = "HAProxy lives in real time; this back end is not there under emulation"
    )]
    async fn take_out(&self, server: &str) -> Result<(), BalancerError> {
        let maintain = format!("set server {server} state maint");
        if !self.socket.line().await.tell_if_there(&maintain).await? {
            return Ok(());
        }
        let tries = self.options.timeout.as_millis() / u128::from(DELETE_MILLIS);
        for attempt in 1..tries {
            let mut line = self.socket.line().await;
            if attempt == tries / 2 {
                let cut = format!("shutdown sessions server {server}");
                line.tell_if_there(&cut).await?;
            }
            let answer = line.ask(&format!("del server {server}")).await?;
            // Others may go on meanwhile.
            drop(line);
            match answer.trim() {
                "Server deleted." | NO_SERVER => return Ok(()),
                busy if busy.contains("still has connections") => {}
                other => return Err(refused("del server", other)),
            }
            tokio::time::sleep(Duration::from_millis(DELETE_MILLIS)).await;
        }
        Err(BalancerError::Failed(
            "its connections do not end".to_owned(),
        ))
    }

    /// The members of a backend.
    async fn members(
        &self,
        place: &BalancerPlace,
        backend: &str,
        group: Option<GroupId>,
    ) -> Result<Vec<Arc<Member>>, BalancerError> {
        let servers = self.socket.line().await.servers(backend).await?;
        Ok(servers
            .iter()
            .filter_map(|server| server.member(&self.options.mark, place))
            .filter(|member| group.is_none_or(|group| member.owner.group == group))
            .map(Arc::new)
            .collect())
    }
}

/// What HAProxy says when a server is not there.
const NO_SERVER: &str = "No such server.";
/// What it says when a backend is not there, depending on the command.
const NO_BACKEND: [&str; 2] = ["No such backend.", "Can't find backend."];

/// An answer that is not the one of success.
fn refused(command: &str, answer: &str) -> BalancerError {
    let start: String = answer.chars().take(200).collect();
    let text = format!("`{command}` was answered with {start:?}");
    match NO_BACKEND.contains(&answer) {
        true => BalancerError::Refused(text),
        false => BalancerError::Failed(text),
    }
}

impl Line<'_> {
    /// Sends a command that is answered with `done` when it is carried out.
    async fn expect(&mut self, command: &str, done: &str) -> Result<(), BalancerError> {
        let answer = self.ask(command).await?;
        match answer.trim() == done {
            true => Ok(()),
            false => Err(refused(command, answer.trim())),
        }
    }

    /// Sends a command that is answered with nothing when it is carried out.
    async fn tell(&mut self, command: &str) -> Result<(), BalancerError> {
        self.expect(command, "").await
    }

    /// As [`Line::tell`]; returns whether the server is there.
    async fn tell_if_there(&mut self, command: &str) -> Result<bool, BalancerError> {
        let answer = self.ask(command).await?;
        match answer.trim() {
            "" => Ok(true),
            NO_SERVER => Ok(false),
            other => Err(refused(command, other)),
        }
    }

    async fn weigh(&mut self, server: &str, weight: u16) -> Result<(), BalancerError> {
        self.tell(&format!("set weight {server} {weight}")).await
    }

    /// All servers of a backend.
    async fn servers(&mut self, backend: &str) -> Result<Vec<Server>, BalancerError> {
        let command = format!("show servers state {backend}");
        let state = self.ask(&command).await?;
        if NO_BACKEND.contains(&state.trim()) {
            return Err(refused(&command, state.trim()));
        }
        let stat = self.ask(&format!("show stat {backend} 4 -1")).await?;
        words::read_servers(&state, &stat).map_err(BalancerError::Failed)
    }
}

#[async_trait]
impl LoadBalancer for HaProxy {
    async fn attach(&self, member: &MemberSpec) -> Result<(), BalancerError> {
        match self.socket.within(self.put(member)).await? {
            true => self.come_up(member).await,
            false => Ok(()),
        }
    }

    async fn drain(&self, owner: &OwnerKey, target: &BalancerTarget) -> Result<(), BalancerError> {
        let server = format!("{}/{}", self.backend(target)?, self.name(owner, target));
        let drain = async {
            let mut line = self.socket.line().await;
            line.tell_if_there(&format!("set server {server} state drain"))
                .await
        };
        self.socket.within(drain).await.map(|_| ())
    }

    async fn in_flight(
        &self,
        owner: &OwnerKey,
        target: &BalancerTarget,
    ) -> Result<Option<u32>, BalancerError> {
        let (backend, name) = (self.backend(target)?, self.name(owner, target));
        let stats = self.socket.within(async {
            let mut line = self.socket.line().await;
            let stat = line.ask(&format!("show stat {backend} 4 -1")).await?;
            words::read_stats(&stat).map_err(BalancerError::Failed)
        });
        let stats = stats.await?;
        let stat = stats.iter().find(|stat| stat.name == name);
        Ok(Some(stat.map_or(0, |stat| stat.in_flight)))
    }

    async fn detach(&self, owner: &OwnerKey, target: &BalancerTarget) -> Result<(), BalancerError> {
        let server = format!("{}/{}", self.backend(target)?, self.name(owner, target));
        self.socket.within(self.take_out(&server)).await
    }

    async fn list(&self, group: Option<GroupId>) -> Result<Listing, BalancerError> {
        let mut listing = Listing::default();
        for (place, backend) in &self.backends {
            let members = self.members(place, backend, group);
            let error = match self.socket.within(members).await {
                Ok(members) => {
                    listing.members.extend(members);
                    None
                }
                Err(error) => Some(error),
            };
            listing.asked.push(Asked {
                name: format!("{}/{backend}", self.options.name),
                places: vec![place.clone()],
                error,
            });
        }
        Ok(listing)
    }
}
