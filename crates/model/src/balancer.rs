//! Balancers: what a group is bound to, down to the single target of a machine, and the members that a balancer lists.

use serde::{Deserialize, Serialize};

use crate::{Door, InstanceId, OwnerKey};

/// Weight where the API names none (classic balancers and bare listeners).
pub const DEFAULT_WEIGHT: u16 = 10;

/// A binding of the group to a balancer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Balancer {
    /// A classic balancer: Tencent `LoadBalancerIds`.
    Classic {
        /// Balancer id.
        balancer: String,
    },
    /// A listener of an application balancer: Tencent ForwardLoadBalancer, Kingsoft Slb.
    Forward {
        /// Balancer id.
        balancer: String,
        /// Listener id.
        listener: String,
        /// Rule id, for HTTP and HTTPS listeners.
        location: Option<String>,
        /// Region of the balancer as given.
        region: Option<String>,
        /// Ports and weights.
        targets: Vec<Target>,
    },
    /// A Huawei listener id without more.
    Listener {
        /// Listener id.
        listener: String,
    },
    /// A Huawei back-end pool.
    Pool {
        /// Pool id.
        pool: String,
        /// Port and weight.
        target: Target,
    },
}

/// A port and its weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// 1..=65535.
    pub port: u16,
    /// 0..=100.
    pub weight: u16,
}

/// A change of the balancers of a group.
#[derive(Clone, Debug, PartialEq)]
pub enum BalancerChange {
    /// These come to those that are there.
    Attach(Vec<Balancer>),
    /// These go. Of a listener with targets only their ports go; weights do not matter.
    Detach(Vec<Balancer>),
    /// These, and no others that the door can show. What it has no words for stays.
    Replace {
        /// The door that asks.
        door: Door,
        /// What there is to be.
        balancers: Vec<Balancer>,
        /// What is there as it is now is looked up in the catalogue too.
        check_all: bool,
    },
    /// Ports and weights of bindings that are there.
    SetTargets(Vec<Balancer>),
}

/// Where at a balancer a machine is a member.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct BalancerTarget {
    /// Balancer id. A pool, a classic balancer and a listener without one are their own.
    pub balancer: String,
    /// Listener id; see `balancer`.
    pub listener: String,
    /// Rule id, for HTTP and HTTPS listeners.
    pub location: Option<String>,
    /// Port of the machine, 0 = the one that the balancer (or the machine) has for it.
    pub port: u16,
}

/// Where a balancer takes machines in, whatever their ports: a listener, a rule of one, or what is its own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct BalancerPlace {
    /// Balancer id; see [`BalancerTarget`].
    pub balancer: String,
    /// Listener id.
    pub listener: String,
    /// Rule id.
    pub location: Option<String>,
}

impl BalancerTarget {
    /// Where it is, without the port.
    #[must_use]
    pub fn place(&self) -> BalancerPlace {
        BalancerPlace {
            balancer: self.balancer.clone(),
            listener: self.listener.clone(),
            location: self.location.clone(),
        }
    }

    /// Whether it is at a place.
    #[must_use]
    pub fn is_at(&self, place: &BalancerPlace) -> bool {
        self.balancer == place.balancer
            && self.listener == place.listener
            && self.location == place.location
    }
}

impl std::fmt::Display for BalancerPlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.balancer)?;
        if self.listener != self.balancer {
            write!(f, "/{}", self.listener)?;
        }
        match &self.location {
            Some(location) => write!(f, "/{location}"),
            None => Ok(()),
        }
    }
}

/// A membership that is intended, or that may be there: written down before the balancer is asked for it, kept until
/// the balancer has said that it is gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    /// Where.
    pub target: BalancerTarget,
    /// 0..=100; 0 = no new load.
    pub weight: u16,
    /// It is to be there (true), or to go.
    pub wanted: bool,
}

/// All that a balancer needs to take a machine in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberSpec {
    /// Whose it is: goes onto the member.
    pub owner: OwnerKey,
    /// Where.
    pub target: BalancerTarget,
    /// 0..=100.
    pub weight: u16,
    /// Where the machine is reached, if known.
    pub address: Option<String>,
    /// The port that the machine was told to listen on, if any: for a target without one.
    pub machine_port: Option<u16>,
}

impl MemberSpec {
    /// Address and port at which the member takes load, if both are known. A machine that was told a port shares its
    /// address with others and listens there, whatever the port of the target is.
    #[must_use]
    pub fn endpoint(&self) -> Option<(&str, u16)> {
        let target = (self.target.port != 0).then_some(self.target.port);
        Some((self.address.as_deref()?, self.machine_port.or(target)?))
    }
}

/// A member as a balancer lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Whose it is.
    pub owner: OwnerKey,
    /// Where.
    pub target: BalancerTarget,
    /// 0..=100.
    pub weight: u16,
    /// Takes new load, or does not any more.
    pub state: MemberState,
    /// What the balancer says of it.
    pub health: MemberHealth,
    /// Requests or connections that it has in its hands; `None` = the balancer does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_flight: Option<u32>,
}

/// Takes new load, or does not any more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum MemberState {
    /// Takes load by its weight.
    #[default]
    Active,
    /// Keeps what it has, takes nothing new.
    Draining,
}

/// What a balancer says of a member.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum MemberHealth {
    /// Fine.
    Healthy,
    /// Not fine.
    Unhealthy,
    /// Not known: never counts against it (promise P6).
    #[default]
    Unknown,
}

impl Member {
    /// The machine.
    #[must_use]
    pub fn machine(&self) -> InstanceId {
        self.owner.instance
    }
}

impl Balancer {
    /// Where its machines become members, whatever their ports.
    #[must_use]
    pub fn place(&self) -> BalancerPlace {
        match self {
            Self::Classic { balancer: id }
            | Self::Listener { listener: id }
            | Self::Pool { pool: id, .. } => BalancerPlace {
                balancer: id.clone(),
                listener: id.clone(),
                location: None,
            },
            Self::Forward {
                balancer,
                listener,
                location,
                ..
            } => BalancerPlace {
                balancer: balancer.clone(),
                listener: listener.clone(),
                location: location.clone(),
            },
        }
    }

    /// Where its machines become members, with weights.
    #[must_use]
    pub fn bindings(&self) -> Vec<Binding> {
        let place = self.place();
        let wanted = |port, weight| Binding {
            target: BalancerTarget {
                balancer: place.balancer.clone(),
                listener: place.listener.clone(),
                location: place.location.clone(),
                port,
            },
            weight,
            wanted: true,
        };
        match self {
            Self::Classic { .. } | Self::Listener { .. } => vec![wanted(0, DEFAULT_WEIGHT)],
            Self::Pool { target, .. } => vec![wanted(target.port, target.weight)],
            Self::Forward { targets, .. } => targets
                .iter()
                .map(|target| wanted(target.port, target.weight))
                .collect(),
        }
    }

    /// Whether a door has words for it (concept map, "load balancers").
    #[must_use]
    pub fn is_shown_by(&self, door: Door) -> bool {
        match (self, door) {
            (Self::Classic { .. } | Self::Forward { .. }, Door::Tencent3 | Door::Tencent2)
            | (Self::Forward { .. }, Door::Ksyun)
            | (Self::Listener { .. } | Self::Pool { .. }, Door::Huawei) => true,
            (Self::Classic { .. }, Door::Ksyun | Door::Huawei)
            | (Self::Forward { .. }, Door::Huawei)
            | (
                Self::Listener { .. } | Self::Pool { .. },
                Door::Tencent3 | Door::Tencent2 | Door::Ksyun,
            ) => false,
        }
    }

    /// Whether both are a binding to the same place, whatever the ports and weights.
    #[must_use]
    pub fn is_same_place(&self, other: &Balancer) -> bool {
        match (self, other) {
            (Self::Classic { balancer: one }, Self::Classic { balancer: two })
            | (Self::Listener { listener: one }, Self::Listener { listener: two }) => one == two,
            (
                Self::Pool { pool: one, target },
                Self::Pool {
                    pool: two,
                    target: at,
                },
            ) => one == two && target.port == at.port,
            (
                Self::Forward {
                    balancer: one,
                    listener,
                    location,
                    ..
                },
                Self::Forward {
                    balancer: two,
                    listener: at,
                    location: rule,
                    ..
                },
            ) => one == two && listener == at && location == rule,
            (
                Self::Classic { .. }
                | Self::Listener { .. }
                | Self::Pool { .. }
                | Self::Forward { .. },
                _,
            ) => false,
        }
    }

    /// Its id in words, for errors.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Classic { balancer: id }
            | Self::Listener { listener: id }
            | Self::Pool { pool: id, .. } => id.clone(),
            Self::Forward {
                balancer,
                listener,
                location,
                ..
            } => match location {
                Some(location) => format!("{balancer}/{listener}/{location}"),
                None => format!("{balancer}/{listener}"),
            },
        }
    }
}
