//! What an account has besides groups and launch configurations: topics, subscriptions and the like. The services beside
//! an auto scaling API keep theirs here, one kind a line.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    AccountId, AlarmRuleId, AlarmRuleSpec, BandwidthId, BandwidthPolicyId, BandwidthPolicySpec,
    BandwidthSpec, ExecutedBy, HealthMonitorId, HealthMonitorSpec, Ids, Key, KeyPairId,
    KeyPairSpec, LeftTaskId, LeftTaskSpec, ListenerId, ListenerSpec, LoadBalancerId,
    LoadBalancerSpec, PoolId, PoolMemberId, PoolMemberSpec, PoolSpec, ReadingsId, ReadingsSpec,
    ScheduleSpec, SecurityGroupId, SecurityGroupSpec, SecurityRuleId, SecurityRuleSpec, ServerId,
    ServerJobId, ServerJobSpec, ServerSpec, Site, SubnetId, SubnetSpec, SubscriptionId,
    SubscriptionSpec, Time, TopicId, TopicSpec, VpcId, VpcSpec,
};

/// What every record has besides its id and what it says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecordHead {
    /// Whose it is.
    pub account: AccountId,
    /// Where.
    pub site: Site,
    /// Grows with every change of it, from 1.
    pub version: u64,
    /// Greater than that of everything the account was given before: tells apart what was made in one moment, and in one
    /// change.
    pub ordinal: u64,
    /// When it was made.
    pub created_at: Time,
    /// When it was changed last.
    pub updated_at: Time,
}

/// What has an age.
pub trait Aged {
    /// Whose, where, when.
    fn head(&self) -> &RecordHead;
}

/// Records of one kind, oldest first: the order of lists.
#[must_use]
pub fn by_age<I: Copy + Ord, R: Aged>(records: &BTreeMap<I, Arc<R>>) -> Vec<&Arc<R>> {
    let age = |record: &R| (record.head().created_at, record.head().ordinal);
    let mut all: Vec<(&I, &Arc<R>)> = records.iter().collect();
    all.sort_by_key(|(id, record)| (age(record), **id));
    all.into_iter().map(|(_, record)| record).collect()
}

macro_rules! records {
    ($($(#[$doc:meta])* $record:ident $spec:ident $id:ident $map:ident $word:literal;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
            pub struct $record {
                /// Its id.
                pub id: $id,
                /// Whose, where, when.
                pub head: RecordHead,
                /// What it says.
                pub spec: $spec,
            }
        )*

        $(
            impl Aged for $record {
                fn head(&self) -> &RecordHead {
                    &self.head
                }
            }
        )*

        /// A record of an account.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        pub enum Record {
            $($(#[$doc])* $record(Arc<$record>),)*
        }

        /// The id of a record.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum RecordId {
            $($(#[$doc])* $record($id),)*
        }

        /// What a record says.
        #[derive(Clone, Debug, PartialEq)]
        pub enum RecordSpec {
            $($(#[$doc])* $record(Box<$spec>),)*
        }

        /// Records, by id.
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct Records {
            $($(#[$doc])* pub $map: BTreeMap<$id, Arc<$record>>,)*
        }

        impl Record {
            /// Its id.
            #[must_use]
            pub fn id(&self) -> RecordId {
                match self {
                    $(Record::$record(record) => RecordId::$record(record.id),)*
                }
            }

            /// Whose, where, when.
            #[must_use]
            pub fn head(&self) -> &RecordHead {
                match self {
                    $(Record::$record(record) => &record.head,)*
                }
            }
        }

        impl RecordId {
            /// Its key.
            #[must_use]
            pub fn key(self) -> Key {
                match self {
                    $(RecordId::$record(id) => id.key(),)*
                }
            }

            /// Its kind, in one word.
            #[must_use]
            pub fn kind(self) -> &'static str {
                match self {
                    $(RecordId::$record(_) => $word,)*
                }
            }
        }

        impl std::fmt::Display for RecordId {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match self {
                    $(RecordId::$record(id) => std::fmt::Display::fmt(id, f),)*
                }
            }
        }

        impl RecordSpec {
            /// A record that says this, under a fresh id.
            pub fn made(self, head: RecordHead, ids: &mut Ids) -> Record {
                match self {
                    $(RecordSpec::$record(spec) => Record::$record(Arc::new($record {
                        id: ids.next_id(),
                        head,
                        spec: *spec,
                    })),)*
                }
            }

            /// The record of this id, saying this from now on; `None` when the id is of another kind.
            #[must_use]
            pub fn under(self, id: RecordId, head: RecordHead) -> Option<Record> {
                match (self, id) {
                    $((RecordSpec::$record(spec), RecordId::$record(id)) => {
                        Some(Record::$record(Arc::new($record { id, head, spec: *spec })))
                    })*
                    #[allow(unreachable_patterns, reason = "with one kind there is no other")]
                    _ => None,
                }
            }
        }

        impl Records {
            /// The record with this id.
            #[must_use]
            pub fn get(&self, id: RecordId) -> Option<Record> {
                match id {
                    $(RecordId::$record(id) => self.$map.get(&id).cloned().map(Record::$record),)*
                }
            }

            /// Puts a record in place of the one with its id, if there is one.
            pub fn put(&mut self, record: Record) {
                match record {
                    $(Record::$record(record) => {
                        self.$map.insert(record.id, record);
                    })*
                }
            }

            /// Takes a record out.
            pub fn remove(&mut self, id: RecordId) {
                match id {
                    $(RecordId::$record(id) => {
                        self.$map.remove(&id);
                    })*
                }
            }

            /// How many there are of the kind of `id` or `spec`.
            #[must_use]
            pub fn count(&self, spec: &RecordSpec) -> usize {
                match spec {
                    $(RecordSpec::$record(_) => self.$map.len(),)*
                }
            }

            /// Those of one site.
            #[must_use]
            pub fn in_site(&self, site: &Site) -> Records {
                Records {
                    $($map: self.$map.iter()
                        .filter(|(_, record)| record.head.site == *site)
                        .map(|(id, record)| (*id, Arc::clone(record)))
                        .collect(),)*
                }
            }
        }
    };
}

records! {
    /// A topic: messages to it go to its subscriptions.
    Topic TopicSpec TopicId topics "topic";
    /// Who hears a topic.
    Subscription SubscriptionSpec SubscriptionId subscriptions "subscription";
    /// A machine outside groups.
    Server ServerSpec ServerId servers "server";
    /// Work on machines.
    ServerJob ServerJobSpec ServerJobId server_jobs "job";
    /// A VPC.
    Vpc VpcSpec VpcId vpcs "vpc";
    /// A subnet.
    Subnet SubnetSpec SubnetId subnets "subnet";
    /// A security group.
    SecurityGroup SecurityGroupSpec SecurityGroupId security_groups "security group";
    /// A rule of a security group.
    SecurityRule SecurityRuleSpec SecurityRuleId security_rules "security group rule";
    /// A key pair.
    KeyPair KeyPairSpec KeyPairId key_pairs "key pair";
    /// A load balancer.
    LoadBalancer LoadBalancerSpec LoadBalancerId load_balancers "load balancer";
    /// A listener of a load balancer.
    Listener ListenerSpec ListenerId listeners "listener";
    /// A pool of a load balancer.
    Pool PoolSpec PoolId pools "pool";
    /// A member of a pool that was put there by hand.
    PoolMember PoolMemberSpec PoolMemberId pool_members "member";
    /// The health check of a pool.
    HealthMonitor HealthMonitorSpec HealthMonitorId health_monitors "health check";
    /// An alarm rule.
    AlarmRule AlarmRuleSpec AlarmRuleId alarm_rules "alarm rule";
    /// Values of a metric that were pushed.
    Readings ReadingsSpec ReadingsId readings "readings";
    /// A bandwidth.
    Bandwidth BandwidthSpec BandwidthId bandwidths "bandwidth";
    /// A policy that sizes a bandwidth.
    BandwidthPolicy BandwidthPolicySpec BandwidthPolicyId bandwidth_policies "bandwidth policy";
    /// A scheduled task whose group is gone.
    LeftTask LeftTaskSpec LeftTaskId left_tasks "left task";
}

impl FromIterator<Record> for Records {
    fn from_iter<T: IntoIterator<Item = Record>>(records: T) -> Records {
        let mut all = Records::default();
        records.into_iter().for_each(|record| all.put(record));
        all
    }
}

impl Records {
    /// What is left after a change.
    #[must_use]
    pub fn after(&self, change: &RecordChange) -> Records {
        let mut next = self.clone();
        for id in &change.gone {
            next.remove(*id);
        }
        for record in &change.put {
            next.put(record.clone());
        }
        next
    }
}

/// What is to become of one record.
#[derive(Clone, Debug, PartialEq)]
pub enum RecordCommand {
    /// One is made.
    Create(RecordSpec),
    /// One says something else from now on.
    Replace {
        /// Which.
        id: RecordId,
        /// The version that the new text was made from: if it is another meanwhile, nothing is changed.
        version: u64,
        /// What it says.
        spec: RecordSpec,
    },
    /// One goes.
    Delete {
        /// Which.
        id: RecordId,
    },
    /// A scheduled task whose group is gone says something else from now on.
    ModifyLeftTask {
        /// Which.
        id: LeftTaskId,
        /// What it is to be.
        spec: Box<ScheduleSpec>,
        /// Its first time is given anew: it may not be past.
        starts: bool,
    },
    /// A policy of a bandwidth is executed; what comes of it stands in its log.
    ResizeBandwidth {
        /// The policy.
        policy: BandwidthPolicyId,
        /// What leads to it.
        by: ExecutedBy,
        /// The value of the alarm that asks.
        value: Option<f64>,
    },
}

/// What changes in the records of an account: all of it in one transaction that is guarded by the account's version.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RecordChange {
    /// Written.
    pub put: Vec<Record>,
    /// Gone.
    pub gone: Vec<RecordId>,
    /// Those that were made, in the order of their commands.
    pub made: Vec<RecordId>,
}
