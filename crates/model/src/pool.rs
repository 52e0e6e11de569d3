//! Balancers as an account makes them: load balancers, listeners, pools with their members and health checks.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{ListenerId, LoadBalancerId, PoolId};

/// What was set of a thing that nothing here acts on, by name and as it was sent: it is shown again.
pub type Kept = BTreeMap<String, Value>;

/// A load balancer (spec `facets.elb`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LoadBalancerSpec {
    /// Its name.
    pub name: String,
    /// In words.
    pub description: String,
    /// Its VPC.
    pub vpc: Option<String>,
    /// Its subnet.
    pub subnet: Option<String>,
    /// Its address.
    pub address: Option<String>,
    /// Enterprise project; `None` = the default one.
    pub enterprise_project: Option<String>,
    /// The rest.
    pub kept: Kept,
}

/// A listener of a load balancer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ListenerSpec {
    /// Its name.
    pub name: String,
    /// In words.
    pub description: String,
    /// Its load balancer.
    pub balancer: LoadBalancerId,
    /// Its protocol.
    pub protocol: String,
    /// Its port.
    pub port: u16,
    /// Where it sends load.
    pub default_pool: Option<PoolId>,
    /// The rest.
    pub kept: Kept,
}

/// A pool: where machines take load.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PoolSpec {
    /// Its name.
    pub name: String,
    /// In words.
    pub description: String,
    /// Its load balancer, if it has one.
    pub balancer: Option<LoadBalancerId>,
    /// The listener that it was made for.
    pub listener: Option<ListenerId>,
    /// Its protocol.
    pub protocol: String,
    /// How load is spread.
    pub algorithm: String,
    /// Its VPC, if it has no load balancer.
    pub vpc: Option<String>,
    /// The rest.
    pub kept: Kept,
}

/// A member of a pool that was put there by hand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PoolMemberSpec {
    /// Its pool.
    pub pool: PoolId,
    /// Its name.
    pub name: String,
    /// Its address.
    pub address: String,
    /// Its port.
    pub port: u16,
    /// 0..=100.
    pub weight: u16,
    /// Its subnet.
    pub subnet: Option<String>,
    /// Its zone.
    pub zone: Option<String>,
    /// Whether it takes load.
    pub up: bool,
}

/// The health check of a pool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HealthMonitorSpec {
    /// Its pool.
    pub pool: PoolId,
    /// Its name.
    pub name: String,
    /// `HTTP`, `TCP` and so on.
    pub kind: String,
    /// Between two checks, seconds.
    pub delay_secs: u32,
    /// That a check may take, seconds.
    pub timeout_secs: u32,
    /// Good ones in a row that make a member healthy.
    pub rises: u32,
    /// Bad ones in a row that make a member unhealthy.
    pub falls: u32,
    /// The rest.
    pub kept: Kept,
}
