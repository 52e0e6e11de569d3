//! What an operator can tune, and the facts about an account that a command on one group depends on.

use std::collections::BTreeMap;
use std::sync::Arc;

use muster_model::{Catalogue, Door, Error, Group, LaunchConfiguration, Metric, Quota, Records};

/// What an operator can tune.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// How many of a kind an account may have.
    pub quotas: Quotas,
    /// A call to the back end counts as unanswered after this.
    pub call_timeout_secs: u32,
    /// Wait before the second attempt of a call; doubles with each attempt up to `call_backoff_max_secs`.
    pub call_backoff_secs: u32,
    /// Longest wait between two attempts of a call.
    pub call_backoff_max_secs: u32,
    /// A launch (or attach) that nobody answers for this long is given up: its machine is destroyed by its key.
    pub launch_patience_secs: u32,
    /// An activity ends after this, whatever happens.
    pub activity_timeout_secs: u32,
    /// Failed activities in a row before [`muster_model::RetryPolicy::Immediate`] engages the brake.
    pub immediate_retries: u32,
    /// Wait before the first quick retry of a failed activity; doubles with each failure, see `retry_backoff_max_secs`.
    pub retry_backoff_secs: u32,
    /// Longest wait between quick retries.
    pub retry_backoff_max_secs: u32,
    /// A termination (or hand-back) that does not succeed for this long is called failed by its activity; the attempts
    /// go on outside of it.
    pub leave_patience_secs: u32,
    /// Balancers that do not take an instance off (or change it) for this long are not waited for any longer.
    pub balancer_patience_secs: u32,
    /// Balancers may take this long to let a member finish what it has before it is taken off; 0 = it is cut off.
    pub drain_secs: u32,
    /// How many instances one activity may touch; the rest follows in the next one.
    pub activity_batch: u32,
    /// How many calls of one group may be in flight.
    pub group_calls: u32,
    /// A machine that dies within this of coming into service died early: replacements of such back off.
    pub early_death_secs: u32,
    /// Early deaths in a row after which nothing is launched any more.
    pub early_deaths: u32,
    /// A member that turns unhealthy within this of coming into service (and of its grace period) turned so early.
    pub early_sick_secs: u32,
    /// Members in a row that turned unhealthy early, after which none is replaced any more.
    pub replace_failures: u32,
    /// How many of the members are replaced at a time, percent; at least one. Missing ones count.
    pub replace_percent: u32,
    /// When more than this share of the members is unhealthy or missing, percent, they are replaced one at a time.
    pub storm_percent: u32,
    /// Fewer members than this are no large share, whatever they are a share of.
    pub storm_members: u32,
    /// Wait between two replacements then; doubles with each replacement that failed, up to `storm_wait_max_secs`.
    pub storm_wait_secs: u32,
    /// Longest wait between two replacements.
    pub storm_wait_max_secs: u32,
    /// What is known of instance types, by name: for the choice of spot machines.
    pub types: BTreeMap<String, TypeFacts>,
    /// What there is.
    pub catalogue: Catalogue,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            quotas: Quotas::default(),
            call_timeout_secs: 60,
            call_backoff_secs: 1,
            call_backoff_max_secs: 60,
            launch_patience_secs: 300,
            activity_timeout_secs: 1800,
            immediate_retries: 5,
            retry_backoff_secs: 1,
            retry_backoff_max_secs: 16,
            leave_patience_secs: 300,
            balancer_patience_secs: 60,
            drain_secs: 30,
            activity_batch: 2000,
            group_calls: 64,
            early_death_secs: 30,
            early_deaths: 20,
            early_sick_secs: 300,
            replace_failures: 5,
            replace_percent: 33,
            storm_percent: 50,
            storm_members: 3,
            storm_wait_secs: 30,
            storm_wait_max_secs: 600,
            types: BTreeMap::new(),
            catalogue: Catalogue::default(),
        }
    }
}

impl Settings {
    /// Wait before the attempt that follows the `attempt`-th of a call, seconds.
    pub(crate) fn backoff_secs(&self, attempt: u32) -> u64 {
        let factor = 1u64 << attempt.saturating_sub(1).min(20);
        u64::from(self.call_backoff_secs)
            .saturating_mul(factor)
            .min(u64::from(self.call_backoff_max_secs))
    }
}

/// What is known of an instance type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TypeFacts {
    /// Processor cores, at least 1.
    pub cores: u32,
    /// Price of a spot machine an hour, in millionths of the currency.
    pub spot_price_micros: u64,
    /// How many there are to be had.
    pub stock: u32,
}

/// How many of a kind an account may have (rule Q1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quotas {
    /// Launch configurations; through Huawei's API twice as many, as its document has it (L1226).
    pub configs: u32,
    /// Groups.
    pub groups: u32,
    /// Scheduled actions of a group.
    pub schedules: u32,
    /// Scaling policies of a group.
    pub policies: u32,
    /// Lifecycle hooks of a group.
    pub hooks: u32,
    /// Notifications of a group.
    pub notifications: u32,
    /// Classic balancers of a group (rule B2).
    pub classic_balancers: u32,
    /// Application balancers of a group (rule B2).
    pub application_balancers: u32,
    /// Topics of an account.
    pub topics: u32,
    /// Servers, networks, balancers and the like of an account, of each kind.
    pub neighbours: u32,
    /// Subscriptions of a topic.
    pub subscriptions: u32,
    /// Alarm rules of an account.
    pub alarm_rules: u32,
    /// Metrics of an account that values are pushed of, not counting those of groups.
    pub pushed_metrics: u32,
    /// What the API of 2017 allows besides, within the numbers above.
    pub of_2017: Quotas2017,
}

/// How much the API of 2017 lets be made through it; what is there already counts, whoever made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quotas2017 {
    /// Launch configurations of a project (T:903).
    pub configs: u32,
    /// Groups of a project (T:1192).
    pub groups: u32,
    /// Scheduled tasks of a group (T:2357).
    pub tasks: u32,
    /// Scheduled tasks of an account that stay behind when their groups are deleted (T:1973): with more than that the
    /// oldest go.
    pub left_tasks: u32,
}

impl Default for Quotas2017 {
    fn default() -> Self {
        Quotas2017 {
            configs: 20,
            groups: 20,
            tasks: 10,
            left_tasks: 1000,
        }
    }
}

impl Default for Quotas {
    fn default() -> Self {
        Quotas {
            configs: 50,
            groups: 50,
            schedules: 50,
            policies: 100,
            hooks: 10,
            notifications: 20,
            classic_balancers: 20,
            application_balancers: 100,
            topics: 3000,
            neighbours: 1000,
            subscriptions: 10_000,
            alarm_rules: 100,
            pushed_metrics: 1000,
            of_2017: Quotas2017::default(),
        }
    }
}

/// Facts about the account that a command depends on. They are guarded by the account's version when it is committed.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The configuration that the command names, if it exists in the account and site.
    pub config: Option<Arc<LaunchConfiguration>>,
    /// Another resource of the kind has the name that the command gives.
    pub name_taken: bool,
    /// How many of the kind the account has.
    pub used: u32,
    /// How many of them are of the project that the command names.
    pub used_in_project: u32,
    /// Name of a group that uses the configuration which the command deletes.
    pub used_by: Option<String>,
    /// A member that was made of that configuration, or a refresh that makes such.
    pub made: Option<String>,
    /// A group with a spot mix uses the configuration which the command changes.
    pub mixed: bool,
    /// The groups that use the configuration which the command changes.
    pub users: Vec<Arc<Group>>,
    /// What all accounts made, where the command may name a listener or a pool of theirs.
    pub records: Vec<Arc<Records>>,
    /// What a policy that is made gets its number from: the account's version, which it has once.
    pub numbered: Option<u64>,
    /// The topic that the command names is one that the account made.
    pub own_topic: bool,
    /// How far back alarm rules of the account look at metrics of the group, seconds.
    pub looks_back_secs: BTreeMap<Metric, u64>,
}

/// The quota of an account as a door has it: one documents twice as many configurations. Another documents no number at
/// all: there it only keeps accounts bounded.
fn of_door(quota: Quota, door: Door, limit: u32) -> u32 {
    match door {
        Door::Huawei if quota == Quota::Configs => limit.saturating_mul(2),
        Door::Tencent3 | Door::Tencent2 | Door::Huawei => limit,
        Door::Ksyun => limit.saturating_mul(20),
    }
}

/// Whether one more may be made: of an account, and through the API of 2017 of a project as well. `limits`: of the account
/// and of the project.
pub(crate) fn check_quota(
    quota: Quota,
    door: Door,
    limits: (u32, u32),
    facts: &Facts,
) -> Result<(), Error> {
    let (of_account, of_project) = (of_door(quota, door, limits.0), limits.1);
    let exceeded = |limit| Err(Error::QuotaExceeded { quota, limit });
    match door {
        Door::Tencent2 if facts.used_in_project >= of_project => exceeded(of_project),
        Door::Tencent2 | Door::Tencent3 | Door::Huawei | Door::Ksyun => {
            match facts.used >= of_account {
                true => exceeded(of_account),
                false => Ok(()),
            }
        }
    }
}
