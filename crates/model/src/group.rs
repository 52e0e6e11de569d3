//! Scaling groups: what is wanted, and the little state that a group itself carries.
//!
//! Field meanings, limits and defaults: rules G1-G25 of Tencent 3.0, section 1.2 of Huawei, section 5 of the concept map.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{
    AccountId, ActivityId, Balancer, BalancerPlace, ConfigId, GroupId, Site, Tag, Time,
    TriggerKind, WarmPool,
};

/// The API through which something was made. Defaults that differ between the doors follow it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Door {
    /// Tencent Cloud API 3.0.
    Tencent3,
    /// Tencent Cloud API of 2017.
    Tencent2,
    /// Huawei Cloud.
    Huawei,
    /// Kingsoft Cloud.
    Ksyun,
}

impl Door {
    /// Whether names of groups, configurations, policies and scheduled actions that are made through it are unique.
    #[must_use]
    pub fn has_unique_names(self) -> bool {
        match self {
            Door::Tencent3 | Door::Tencent2 => true,
            Door::Huawei | Door::Ksyun => false,
        }
    }
}

/// A scaling group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// Its id.
    pub id: GroupId,
    /// Whose it is.
    pub account: AccountId,
    /// Where it is.
    pub site: Site,
    /// The door that made it.
    pub door: Door,
    /// Grows with every commit of the group; the store refuses a commit that was computed from another version.
    pub version: u64,
    /// When it was made.
    pub created_at: Time,
    /// Of two that were made in the same millisecond, the later one has the larger number: the version of the account then.
    #[serde(default)]
    pub ordinal: u64,
    /// Everything that a caller can set.
    pub spec: GroupSpec,
    /// The exclusive activity that runs now: at most one (rule A3).
    pub busy: Option<ActivityId>,
    /// What last set the desired number, until the matching that follows from it has begun.
    #[serde(default)]
    pub asked_by: Option<TriggerKind>,
    /// The newest activity, running or ended.
    pub last_activity: Option<ActivityId>,
    /// Why the group cannot do its work, if so.
    pub abnormal: Option<Abnormal>,
    /// Failures in a row and what they lead to.
    pub retry: RetryState,
    /// The cooldown that an ended activity left behind.
    pub cooldown: Option<Cooldown>,
    /// Next number for index-named instances (rule G13).
    pub next_name_index: u32,
    /// Next number for index-named hosts.
    #[serde(default)]
    pub next_host_index: u32,
    /// When the machines of the group were last listed with success.
    pub observed_at: Option<Time>,
    /// When a member last left: a listing asked for before that may still show its machine, and proves nothing.
    #[serde(default)]
    pub departed_at: Option<Time>,
    /// Its warm pool, while it is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warm_pool: Option<WarmPool>,
    /// The group is being deleted: remove what is left, then the group. Doors do not show it any more, but Huawei.
    pub deleting: bool,
    /// When the group wants its next turn; `None` = when something happens.
    pub wake_at: Option<Time>,
}

/// What a caller can set of a group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GroupSpec {
    /// Unique per account (Tencent doors).
    pub name: String,
    /// Its configuration; a Huawei group may be without.
    pub config: Option<ConfigId>,
    /// Minimum, desired, maximum.
    pub size: Size,
    /// May things start by themselves (rule G21).
    pub enabled: bool,
    /// Cooldown after an activity, seconds.
    pub cooldown_secs: u32,
    /// Where machines go.
    pub network: Network,
    /// Ordered or balanced over subnets.
    pub spread: Spread,
    /// Must every zone and subnet be usable.
    pub zones_check: ZonesCheck,
    /// Who goes first.
    pub termination: TerminationPolicy,
    /// What follows a failed activity.
    pub retry: RetryPolicy,
    /// How health is judged.
    pub health: HealthCheck,
    /// Balancers of all kinds; a door shows those it has words for.
    pub balancers: Vec<Balancer>,
    /// Places of these whose verdict on health does not count while the group is judged by its balancers: what Kingsoft calls
    /// `kec` beside a `slb`.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub unheard: BTreeSet<BalancerPlace>,
    /// Project number.
    pub project: i64,
    /// Tags of the group (and its machines).
    pub tags: Vec<Tag>,
    /// Replacement, scaling mode, tag and size syncing.
    pub service: ServiceSettings,
    /// As configured, or a spot mix.
    pub allocation: Allocation,
    /// Replace spot machines at the reclaim notice.
    pub capacity_rebalance: bool,
    /// Number the names of machines.
    pub name_index: Option<NameIndex>,
    /// Number the host names of machines (SDK only).
    pub host_name_index: Option<NameIndex>,
    /// Two matching scale-outs at once (SDK only).
    pub concurrent_scale_out: bool,
    /// What only Huawei has words for.
    pub huawei: Option<HuaweiExtras>,
}

/// Minimum, desired, maximum number of instances; `min <= desired <= max`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the members are what they are called")]
pub struct Size {
    pub min: u32,
    pub desired: u32,
    pub max: u32,
}

/// Where machines go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Network {
    /// VPC id; empty or `0` = classic network.
    pub vpc: String,
    /// Subnets in order of priority.
    pub subnets: Vec<String>,
    /// Zones in order of priority.
    pub zones: Vec<String>,
    /// Security groups on the group (Huawei, Kingsoft).
    pub security_groups: Vec<String>,
    /// IPv6 addresses per machine, 0 or 1.
    pub ipv6_addresses: u32,
}

/// How machines spread over subnets (or zones, when there are no subnets).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Spread {
    /// First that works, in list order.
    Ordered,
    /// Fewest first.
    Balanced,
}

/// Must every zone and subnet be usable (rule G7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ZonesCheck {
    /// One is enough.
    #[default]
    Any,
    /// All must be.
    All,
}

/// Who goes first in a scale-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TerminationPolicy {
    /// Oldest instance.
    OldestInstance,
    /// Newest instance.
    NewestInstance,
    /// Oldest configuration, then oldest instance.
    OldestConfigOldestInstance,
    /// Oldest configuration, then newest instance.
    OldestConfigNewestInstance,
}

impl TerminationPolicy {
    /// What doors that only know oldest and newest show.
    #[must_use]
    pub fn plain(self) -> TerminationPolicy {
        match self {
            Self::OldestInstance | Self::OldestConfigOldestInstance => Self::OldestInstance,
            Self::NewestInstance | Self::OldestConfigNewestInstance => Self::NewestInstance,
        }
    }
}

/// What follows a failed or partly failed activity (rule G6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum RetryPolicy {
    /// At once, up to five failures in a row.
    #[default]
    Immediate,
    /// Ten quick ones, then after 10 min, 30 min, 60 min, a day.
    Incremental,
    /// Not before the next call or alarm.
    None,
}

/// How health is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthCheck {
    /// By the machine alone, or by the balancer too: then [`GroupSpec::unheard`] says by which.
    pub kind: HealthKind,
    /// Seconds between audits, counted from when the group was made: an unhealthy member is acted upon at the first one
    /// from when it was found so. 0 = at once. Huawei's 0 is its shortest period, 10 s (G16).
    pub period_secs: u32,
    /// Seconds after coming into service in which the balancer's verdict does not count.
    pub grace_secs: u32,
}

/// By the machine alone (`CVM`, `NOVA_AUDIT`, `kec`) or by the balancer too (`CLB`, `ELB_AUDIT`, `slb`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum HealthKind {
    /// The machine alone.
    Machine,
    /// The balancer too.
    Balancer,
}

/// Replacement, scaling mode, tag and size syncing (rules G15-G18).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceSettings {
    /// Replace what the monitor calls unhealthy.
    pub replace_unhealthy: bool,
    /// Replace what the balancer calls unhealthy.
    pub replace_balancer_unhealthy: bool,
    /// Create, or wake stopped machines first.
    pub scaling_mode: ScalingMode,
    /// A new machine, or the same one reset.
    pub replace_mode: ReplaceMode,
    /// Push tags to running machines.
    pub auto_update_tags: bool,
    /// Clamp desired when only the bounds change, instead of refusing.
    pub sync_desired: bool,
    /// Unhealthy ones first in a scale-in (SDK only).
    pub unhealthy_first: bool,
}

/// Create, or wake stopped machines first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ScalingMode {
    /// Create and terminate.
    #[default]
    Classic,
    /// Start stopped machines first.
    WakeUpStopped,
}

/// How an unhealthy machine is replaced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReplaceMode {
    /// By a new one.
    #[default]
    Recreate,
    /// By itself, reinstalled.
    Reset,
}

/// As configured, or a mix with spot machines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Allocation {
    /// As configured.
    #[default]
    LaunchConfiguration,
    /// A spot mix.
    SpotMixed(SpotMix),
}

/// A spot mix (rule G11).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpotMix {
    /// On-demand machines that always are.
    pub base: u32,
    /// Percent of on-demand above the base.
    pub on_demand_percent: u32,
    /// Cheapest or best in stock.
    pub strategy: SpotStrategy,
    /// Buy on-demand when spot fails.
    pub compensate: bool,
}

/// Which spot machines are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SpotStrategy {
    /// Cheapest per core.
    CostOptimized,
    /// Best in stock.
    CapacityOptimized,
}

/// Numbered names (rule G13).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NameIndex {
    /// On or off.
    pub enabled: bool,
    /// First number; `None` = 0, or where an earlier use of numbers left off.
    pub begin: Option<u32>,
    /// Digits to pad to, 0 = none (SDK only).
    pub length: u32,
}

/// What only Huawei has words for; shown there, kept everywhere.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HuaweiExtras {
    /// Enterprise project id.
    pub enterprise_project: Option<String>,
    /// Free text.
    pub description: Option<String>,
    /// Agency name.
    pub agency: Option<String>,
    /// Deprecated, echoed: `EMAIL`.
    pub notifications: Vec<String>,
    /// Delete public addresses with the machine.
    pub delete_public_ip: bool,
    /// Delete data disks with the machine.
    pub delete_volume: bool,
    /// What is said of single subnets.
    #[serde(default)]
    pub networks: Vec<HuaweiNetwork>,
    /// Pools with the kind of addresses that their members have: `ipv4`, `ipv6`.
    #[serde(default)]
    pub pool_protocols: Vec<Tag>,
}

/// What Huawei says of one subnet of a group; kept and shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HuaweiNetwork {
    /// The subnet.
    pub subnet: String,
    /// IPv6 on the interface.
    pub ipv6: bool,
    /// Id of a shared IPv6 bandwidth.
    pub ipv6_bandwidth: Option<String>,
    /// Allowed address pairs, if given.
    pub address_pairs: Option<Vec<String>>,
}

/// Why a group cannot do its work (spec AutoScalingGroupStatus, concept map "abnormal").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the words of the spec")]
pub enum Abnormal {
    Machine,
    Balancer,
    Listener,
    Location,
    Vpc,
    Subnet,
    Balance,
    BalancerRegion,
    BalancerVpc,
}

/// Failures in a row and what they lead to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetryState {
    /// Failed or partly failed activities in a row.
    pub failures: u32,
    /// No matching scale-out before this moment.
    pub not_before: Option<Time>,
    /// No matching scale-out at all until somebody acts.
    pub brake: Option<Brake>,
    /// Times in a row that machines died soon after they came into service.
    #[serde(default)]
    pub early_deaths: u32,
    /// When that last happened.
    #[serde(default)]
    pub early_death_at: Option<Time>,
    /// Times in a row that a new member turned unhealthy soon after it came into service.
    #[serde(default)]
    pub early_sick: u32,
    /// When that last happened.
    #[serde(default)]
    pub early_sick_at: Option<Time>,
    /// A large share of the members is unhealthy at once: replacement is slow.
    #[serde(default)]
    pub storm: Option<Storm>,
}

/// A large share of the members is unhealthy or missing at once. What the members have in common is more likely to be
/// broken than each of them: they are replaced one at a time, each after the one before has shown what it is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Storm {
    /// Since when.
    pub since: Time,
    /// Members that were replaced since.
    pub replaced: u32,
    /// No replacement before this moment.
    pub not_before: Option<Time>,
}

/// What a brake stops.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum BrakeKind {
    /// Launching, and so replacing: launches failed.
    #[default]
    Launches,
    /// Launching, and so replacing: what was launched died soon, again and again.
    Deaths,
    /// Replacing: what replaced unhealthy members turned unhealthy soon, again and again. Missing members are still made up
    /// for. It is released by itself when the members turn healthy.
    Replacements,
}

/// The brake: why matching or replacing stopped. A call that changes capacity, configuration or the switch releases it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Brake {
    /// What it stops.
    #[serde(default)]
    pub kind: BrakeKind,
    /// Since when.
    pub since: Time,
    /// Failures in a row that led here.
    pub failures: u32,
    /// The last failure, in words.
    pub reason: String,
}

/// A cooldown that an ended activity left behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cooldown {
    /// Until when.
    pub until: Time,
    /// The activity that left it.
    pub after: ActivityId,
}
