//! Rows to write, with every optional part filled in somewhere, so that a store that loses one is found out.

use std::collections::BTreeSet;
use std::sync::Arc;

use muster_model::{
    Access, AccessKey, Account, AccountId, Activity, ActivityId, ActivityKind, ActivityStatus,
    AdjustBy, Allocation, Attempt, AttemptCode, Balancer, Call, CallKind, CallPhase, ConfigId,
    ConfigSpec, ConfigStatus, ConfigVersion, CooldownRule, Door, Event, EventKind, Exit, Group,
    GroupId, GroupSpec, Health, HealthCheck, HealthKind, Hook, HookTransition, HookVerdict,
    Instance, InstanceId, LaunchConfiguration, Lifecycle, Network, NotificationTarget, Origin,
    Outcome, Part, Placement, Policy, PolicyKind, Record, RecordHead, RelatedInstance, RetryPolicy,
    RetryState, ServiceSettings, Site, Size, Spread, StopMode, Tag, Target, TerminationPolicy,
    Time, Topic, TopicId, TopicSpec, Trigger, TriggerKind, Warmup, ZonesCheck,
};

pub(super) fn account(id: AccountId, version: u64) -> Arc<Account> {
    Arc::new(Account {
        id,
        name: format!("account {id}"),
        version,
        created_at: Time(1),
    })
}

pub(super) fn access_key(account: AccountId, access_key_id: &str) -> Arc<AccessKey> {
    Arc::new(AccessKey {
        access_key_id: access_key_id.to_owned(),
        account,
        user: "admin".to_owned(),
        access: Access::ReadOnly,
        sealed_secret: "c2VhbGVk".to_owned(),
        created_at: Time(2),
    })
}

fn tag() -> Tag {
    Tag {
        key: "owner 负责人".to_owned(),
        value: "\"quoted\"\n\u{1f600}".to_owned(),
    }
}

pub(super) fn config(id: ConfigId, account: AccountId, version: u64) -> Arc<LaunchConfiguration> {
    Arc::new(LaunchConfiguration {
        id,
        account,
        site: Site::default(),
        door: Door::Huawei,
        version,
        created_at: Time(3),
        ordinal: 7,
        updated_at: Time(4),
        status: ConfigStatus::ImageAbnormal,
        spec: ConfigSpec {
            name: format!("version {version}"),
            instance_types: vec!["S5.SMALL1".to_owned(), "S5.SMALL2".to_owned()],
            user_data: Some("IyEvYmluL3NoCg==".to_owned()),
            instance_tags: vec![tag()],
            ..ConfigSpec::default()
        },
    })
}

pub(super) fn group(id: GroupId, account: AccountId, version: u64) -> Group {
    Group {
        id,
        account,
        site: Site::default(),
        door: Door::Tencent3,
        version,
        created_at: Time(5),
        ordinal: 7,
        spec: group_spec(),
        busy: None,
        asked_by: None,
        last_activity: None,
        abnormal: None,
        retry: RetryState {
            failures: 2,
            not_before: Some(Time(6)),
            ..RetryState::default()
        },
        cooldown: None,
        next_name_index: 7,
        next_host_index: 8,
        observed_at: Some(Time(8)),
        departed_at: None,
        warm_pool: Some(muster_model::WarmPool {
            capacity: 2,
            init_wait_secs: 30,
            failures: 1,
            not_before: Some(Time(12)),
            sold_out: Vec::new(),
        }),
        deleting: false,
        wake_at: Some(Time::NEVER),
    }
}

fn group_spec() -> GroupSpec {
    let unheard = Balancer::Classic {
        balancer: "lb-2".to_owned(),
    };
    GroupSpec {
        name: "contract".to_owned(),
        config: None,
        size: Size {
            min: 0,
            desired: 2,
            max: 2000,
        },
        enabled: true,
        cooldown_secs: 300,
        network: Network {
            vpc: "vpc-1".to_owned(),
            subnets: vec!["subnet-1".to_owned()],
            ..Network::default()
        },
        spread: Spread::Balanced,
        zones_check: ZonesCheck::All,
        termination: TerminationPolicy::NewestInstance,
        retry: RetryPolicy::Incremental,
        health: HealthCheck {
            kind: HealthKind::Balancer,
            period_secs: 5,
            grace_secs: 600,
        },
        balancers: vec![
            Balancer::Forward {
                balancer: "lb-1".to_owned(),
                listener: "lbl-1".to_owned(),
                location: None,
                region: Some("ap-guangzhou".to_owned()),
                targets: vec![Target {
                    port: 80,
                    weight: 100,
                }],
            },
            unheard.clone(),
        ],
        unheard: BTreeSet::from([unheard.place()]),
        project: 0,
        tags: vec![tag()],
        service: ServiceSettings::default(),
        allocation: Allocation::LaunchConfiguration,
        capacity_rebalance: false,
        name_index: None,
        host_name_index: None,
        concurrent_scale_out: false,
        huawei: None,
    }
}

pub(super) fn instance(id: InstanceId, group: &Group, config: Option<(ConfigId, u64)>) -> Instance {
    Instance {
        id,
        group: group.id,
        account: group.account,
        origin: Origin::Auto,
        state: Lifecycle::Creating,
        health: Health {
            machine_unhealthy: false,
            balancer_unhealthy: true,
        },
        protected: true,
        pooled: false,
        config: config.map(|(id, version)| ConfigVersion {
            id,
            version,
            name: "then".to_owned(),
            created_at: Time(3),
            image: Some("img-before".to_owned()),
        }),
        placement: Placement {
            instance_type: "S5.SMALL1".to_owned(),
            zone: "zone-1".to_owned(),
            subnet: String::new(),
            spot: false,
        },
        name: "as-contract".to_owned(),
        host_name: Some("host".to_owned()),
        disaster_recover_groups: vec!["ps-1a2b3c4d".to_owned()],
        created_at: Time(9),
        in_service_at: None,
        activity: None,
        call: Some(Call {
            kind: CallKind::Launch,
            attempt: 3,
            unanswered: 1,
            phase: CallPhase::InFlight { until: Time(10) },
            since: Time(9),
        }),
        exit: Some(Exit {
            destroy: true,
            reason: "because".to_owned(),
        }),
        machine: None,
        stopping: Some(StopMode::StopCharging),
        tagging: None,
        warmup: Warmup::Until(Time(11)),
        hooks: Vec::new(),
        bindings: Balancer::Classic {
            balancer: "lb-1".to_owned(),
        }
        .bindings(),
        bound_at: Some(Time(10)),
        healthy_by: Some(Time(20)),
        sick_since: Some(Time(21)),
        drain_by: Some(Time(21)),
    }
}

pub(super) fn activity(id: ActivityId, group: &Group, status: ActivityStatus, at: i64) -> Activity {
    Activity {
        id,
        group: group.id,
        account: group.account,
        kind: ActivityKind::ScaleOut,
        status,
        trigger: Trigger {
            kind: TriggerKind::Match,
            cooldown: CooldownRule::Ignore,
        },
        cause: "cause".to_owned(),
        description: "description".to_owned(),
        why: "desired is 2, actual is 1".to_owned(),
        status_message: String::new(),
        created_at: Time(at),
        started_at: Time(at),
        ended_at: status.is_ended().then_some(Time(at + 10)),
        deadline: Time(at + 100),
        wanted: 2,
        in_place: true,
        by_balancers: true,
        balancers: Some(muster_model::BalancerMoves {
            bind: vec![Balancer::Classic {
                balancer: "lb-2".to_owned(),
            }],
            unbind: Vec::new(),
        }),
        instances: Vec::new(),
        attempts: Vec::new(),
        sold_out: Vec::new(),
        size_before: 0,
        size_wanted: 2,
        hooks: Vec::new(),
        obstacle: None,
    }
}

/// An activity with something in every list.
pub(super) fn full_activity(id: ActivityId, group: &Group, instance: InstanceId) -> Activity {
    let placement = Placement {
        instance_type: "S5.SMALL2".to_owned(),
        zone: String::new(),
        subnet: "subnet-1".to_owned(),
        spot: false,
    };
    Activity {
        instances: vec![RelatedInstance {
            name: "web-1".to_owned(),
            leaves: true,
            kept: true,
            instance,
            outcome: Outcome::Failed,
            message: "it failed".to_owned(),
        }],
        attempts: vec![Attempt {
            code: AttemptCode::SoldOut,
            instance,
            placement: placement.clone(),
            charge: muster_model::ChargeType::Prepaid,
            message: "sold out".to_owned(),
        }],
        sold_out: vec![placement],
        ..activity(id, group, ActivityStatus::Running, 1000)
    }
}

pub(super) fn hook(id: muster_model::HookId, group: &Group) -> Part {
    Part::Hook(Arc::new(Hook {
        id,
        group: group.id,
        name: "hook".to_owned(),
        transition: HookTransition::Terminating,
        default_result: HookVerdict::Abandon,
        timeout_secs: 300,
        extended: true,
        metadata: "{}".to_owned(),
        target: None,
        command: None,
        active: true,
        bindable: false,
        created_at: Time(12),
        ordinal: 7,
    }))
}

pub(super) fn policy(id: muster_model::PolicyId, group: &Group) -> Part {
    Part::Policy(Arc::new(Policy {
        id,
        group: group.id,
        name: "policy".to_owned(),
        door: Door::Huawei,
        enabled: false,
        cooldown_secs: Some(60),
        kind: PolicyKind::External {
            alarm_id: "al1".to_owned(),
            adjust: AdjustBy::By(-1),
        },
        created_at: Time(13),
        ordinal: 7,
        number: Some(10_000_007),
        notify_groups: vec!["7".to_owned()],
        watch: muster_model::Watch {
            evaluated: Some(Time(14)),
            acted: None,
            high: muster_model::Stood {
                standing: muster_model::Standing::Breach,
                since: Some(Time(14)),
                fired: Some(Time(15)),
            },
            low: muster_model::Stood::default(),
            waiting: true,
            rung: Some(muster_model::Rung {
                at: Time(90),
                waited: true,
            }),
        },
        description: Some("words".to_owned()),
        options: muster_model::PolicyOptions {
            metric: Some(muster_model::Metric("requests_per_sec".to_owned())),
            high: Some(muster_model::Periods {
                period_secs: 5,
                repeat: 2,
            }),
            low: None,
            missing_data: muster_model::MissingData::OutOnly,
            min_reporting: 0.75,
            scale_out: muster_model::Rate::default(),
            scale_in: muster_model::Rate {
                stabilization_secs: 300,
                max_step: Some(2),
                max_step_percent: None,
            },
            flap: Some(muster_model::FlapBudget {
                reversals: 3,
                within_secs: 3600,
            }),
            shadow: true,
        },
        memory: muster_model::PolicyMemory {
            wishes: vec![muster_model::PastWish {
                at: Time(14),
                least: 2,
                most: 4,
            }],
            grew: Some(false),
            reversals: vec![Time(13)],
        },
    }))
}

pub(super) fn event(group: GroupId, target: &str) -> Event {
    Event {
        group,
        account: None,
        at: Time(14),
        kind: EventKind::Notification,
        to: Some(NotificationTarget::UserGroups(vec![target.to_owned()])),
        body: serde_json::json!({ "z": 1, "a": [1.5, null] }),
    }
}

/// A topic that was changed `version - 1` times.
pub(super) fn topic(id: TopicId, account: AccountId, version: u64) -> Record {
    Record::Topic(Arc::new(Topic {
        id,
        head: RecordHead {
            account,
            site: Site::default(),
            version,
            ordinal: 7,
            created_at: Time(1000),
            updated_at: Time(1000 + version.cast_signed()),
        },
        spec: TopicSpec {
            name: "news".to_owned(),
            display_name: format!("News {version}"),
            ..TopicSpec::default()
        },
    }))
}
