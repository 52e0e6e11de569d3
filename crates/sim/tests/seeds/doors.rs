//! What the doors make of groups and their parts, and the commands that only one of them has.
//!
//! A door shapes what it makes: its defaults, what it has no words for, what others do not have. Which door a command comes
//! from is drawn anew for each: all four work on one group.

use std::collections::{BTreeMap, BTreeSet};

use muster_model::{
    AdjustBy, Alarm, AlarmDetail, Allocation, Balancer, BalancerChange, BalancerPlace, Comparison,
    Door, GroupCommand, GroupId, GroupPatch, GroupSpec, HealthCheck, HealthKind, HookChange,
    HookPatch, HookSpec, HookTransition, HookVerdict, HookWaiter, HuaweiExtras, Metric,
    NotificationTarget, PolicyCommand, PolicyKind, PolicySpec, Repeat, RetryPolicy,
    ScheduleCommand, ScheduleSpec, ScheduleTimes, ServiceSettings, Spread, Statistic, Target,
    TerminationPolicy,
};
use muster_sim::World;

use crate::commands::{hooks, member, pick};

/// One of the four.
pub(crate) fn any(world: &mut World) -> Door {
    let doors = [Door::Tencent3, Door::Tencent2, Door::Huawei, Door::Ksyun];
    pick(world, &doors)
}

/// A group as a door makes it, out of what all doors can say of one.
pub(crate) fn shape(world: &mut World, door: Door, spec: GroupSpec) -> GroupSpec {
    let plain = [
        TerminationPolicy::OldestInstance,
        TerminationPolicy::NewestInstance,
    ];
    let poor = GroupSpec {
        allocation: Allocation::LaunchConfiguration,
        retry: RetryPolicy::Immediate,
        service: ServiceSettings {
            replace_unhealthy: true,
            replace_balancer_unhealthy: true,
            ..ServiceSettings::default()
        },
        ..spec.clone()
    };
    match door {
        Door::Tencent3 => spec,
        Door::Tencent2 => GroupSpec {
            spread: Spread::Ordered,
            termination: pick(world, &plain),
            health: HealthCheck {
                kind: HealthKind::Machine,
                period_secs: 0,
                grace_secs: 0,
            },
            balancers: world
                .dice
                .strikes(500)
                .then(|| balancer(world, door))
                .into_iter()
                .collect(),
            tags: Vec::new(),
            ..poor
        },
        Door::Ksyun => {
            let balancers = balancers(world, door);
            let heard = heard(world, &balancers);
            let mut spec = GroupSpec {
                spread: pick(world, &[Spread::Balanced, Spread::Ordered]),
                termination: pick(world, &plain),
                enabled: world.dice.strikes(700),
                health: HealthCheck {
                    kind: HealthKind::Machine,
                    period_secs: 0,
                    grace_secs: 0,
                },
                balancers,
                tags: Vec::new(),
                ..poor
            };
            spec.judge_each(&BTreeSet::new(), &heard);
            spec
        }
        Door::Huawei => GroupSpec {
            // A new group waits until it is resumed.
            enabled: false,
            cooldown_secs: pick(world, &[0, 60, 300, 900]),
            spread: pick(world, &[Spread::Balanced, Spread::Ordered]),
            termination: pick(
                world,
                &[
                    TerminationPolicy::OldestConfigOldestInstance,
                    TerminationPolicy::OldestConfigNewestInstance,
                    TerminationPolicy::OldestInstance,
                    TerminationPolicy::NewestInstance,
                ],
            ),
            health: HealthCheck {
                kind: pick(world, &[HealthKind::Machine, HealthKind::Balancer]),
                period_secs: pick(world, &[10, 60, 300, 900]),
                grace_secs: pick(world, &[0, 60, 600]),
            },
            balancers: world
                .dice
                .strikes(500)
                .then(|| balancer(world, door))
                .into_iter()
                .collect(),
            huawei: Some(extras(world)),
            ..poor
        },
    }
}

fn extras(world: &mut World) -> HuaweiExtras {
    HuaweiExtras {
        description: Some(format!("at {}", world.now.0)),
        enterprise_project: world.dice.strikes(300).then(|| "0".to_owned()),
        delete_public_ip: world.dice.strikes(500),
        delete_volume: world.dice.strikes(500),
        ..HuaweiExtras::default()
    }
}

/// A binding of a kind that the door has words for.
fn balancer(world: &mut World, door: Door) -> Balancer {
    let target = Target {
        port: pick(world, &[80, 81]),
        weight: pick(world, &[0, 1, 10, 100]),
    };
    match door {
        Door::Tencent2 => Balancer::Classic {
            balancer: pick(world, &["lb-c1", "lb-c2"]).to_owned(),
        },
        Door::Tencent3 | Door::Ksyun => Balancer::Forward {
            balancer: "lb-1".to_owned(),
            listener: pick(world, &["lbl-1", "lbl-2"]).to_owned(),
            location: None,
            region: None,
            targets: vec![target],
        },
        Door::Huawei if world.dice.strikes(300) => Balancer::Listener {
            listener: pick(world, &["listener-1", "listener-2"]).to_owned(),
        },
        Door::Huawei => Balancer::Pool {
            pool: pick(world, &["pool-1", "pool-2"]).to_owned(),
            target,
        },
    }
}

/// Up to two, each at a place of its own.
fn balancers(world: &mut World, door: Door) -> Vec<Balancer> {
    let mut list: Vec<Balancer> = Vec::new();
    for _ in 0..world.dice.below(3) {
        let one = balancer(world, door);
        if !list.iter().any(|other| other.is_same_place(&one)) {
            list.push(one);
        }
    }
    list
}

/// What Kingsoft says of each: that it counts for health, that it does not, or nothing.
fn heard(world: &mut World, balancers: &[Balancer]) -> BTreeMap<BalancerPlace, bool> {
    let mut said = BTreeMap::new();
    for balancer in balancers.iter().filter(|one| one.is_shown_by(Door::Ksyun)) {
        if let Some(counts) = pick(world, &[Some(true), Some(false), None]) {
            said.insert(balancer.place(), counts);
        }
    }
    said
}

/// ModifyScalingLoadBalancers: other balancers, or others of them that count.
fn judge(world: &mut World, group: GroupId) -> GroupCommand {
    let bound = world.groups[&group].group.spec.balancers.clone();
    let rebound = world.dice.strikes(400);
    let new = match rebound {
        true => balancers(world, Door::Ksyun),
        false => bound,
    };
    GroupCommand::Modify(Box::new(GroupPatch {
        heard: heard(world, &new),
        balancers: rebound.then_some(BalancerChange::Replace {
            door: Door::Ksyun,
            balancers: new,
            check_all: true,
        }),
        ..GroupPatch::default()
    }))
}

/// Something that the group's callers do through any door, in the door's way.
pub(crate) fn command(world: &mut World, group: GroupId) -> GroupCommand {
    let door = any(world);
    match world.dice.below(9) {
        8 => judge(world, group),
        0 => GroupCommand::Balancers(BalancerChange::Replace {
            door,
            balancers: (0..world.dice.below(3))
                .map(|_| balancer(world, door))
                .collect(),
            check_all: door == Door::Tencent3,
        }),
        1 | 2 => policy(world, door),
        3 => hook(world, door, group),
        4 => schedule(world, door),
        5 => modify(world, door, group),
        6 => taken_out(world, door, group),
        _ => change_policy(world, door, group),
    }
}

/// PUT and ModifyScalingGroup: a door patches what it has words for, and leaves the rest.
fn modify(world: &mut World, door: Door, group: GroupId) -> GroupCommand {
    let old = world.groups[&group].group.spec.size;
    let max = old.max.max(1).saturating_sub(world.dice.below(2) as u32);
    let min = old.min.min(max);
    let sizes = GroupPatch {
        min: Some(min),
        max: Some(max),
        desired: Some(old.desired.clamp(min, max)),
        ..GroupPatch::default()
    };
    let termination = pick(
        world,
        &[
            TerminationPolicy::OldestInstance,
            TerminationPolicy::NewestInstance,
        ],
    );
    let patch = match door {
        Door::Tencent2 => GroupPatch {
            termination: Some(termination),
            ..sizes
        },
        Door::Ksyun => GroupPatch {
            termination: Some(termination),
            spread: Some(pick(world, &[Spread::Balanced, Spread::Ordered])),
            ..sizes
        },
        Door::Huawei => GroupPatch {
            cooldown_secs: Some(pick(world, &[0, 300])),
            health_period_secs: Some(pick(world, &[10, 300])),
            health_kind: Some(pick(world, &[HealthKind::Machine, HealthKind::Balancer])),
            health_grace_secs: Some(pick(world, &[0, 600])),
            termination: Some(TerminationPolicy::OldestConfigOldestInstance),
            huawei: Some(extras(world)),
            ..GroupPatch::default()
        },
        Door::Tencent3 => GroupPatch {
            cooldown_secs: Some(pick(world, &[0, 300])),
            health_kind: Some(pick(world, &[HealthKind::Machine, HealthKind::Balancer])),
            retry: Some(pick(world, &[RetryPolicy::Immediate, RetryPolicy::None])),
            ..sizes
        },
    };
    GroupCommand::Modify(Box::new(patch))
}

/// Members that leave: kept or terminated, one at a time or several, as each door says it.
fn taken_out(world: &mut World, door: Door, group: GroupId) -> GroupCommand {
    let instances = member(world, group);
    match door {
        // keepInstance, instance_delete=no.
        Door::Tencent2 | Door::Huawei if world.dice.strikes(500) => {
            GroupCommand::Detach { instances }
        }
        Door::Tencent2 | Door::Huawei => GroupCommand::Remove { instances },
        Door::Ksyun => GroupCommand::Detach { instances },
        Door::Tencent3 => GroupCommand::EnterStandby { instances },
    }
}

/// A policy with the periods, adjustments and kinds of a door.
fn policy_kind(world: &mut World, door: Door) -> PolicyKind {
    let adjust = pick(
        world,
        &[
            AdjustBy::By(1),
            AdjustBy::By(-1),
            AdjustBy::To(2),
            AdjustBy::ByPercent(50),
            AdjustBy::ByPercent(-50),
        ],
    );
    if door == Door::Huawei {
        let start_at = world.now.plus_secs(60 + world.dice.below(600) as u64);
        let adjust = match world.dice.strikes(200) {
            true => AdjustBy::ToPercent(pick(world, &[50, 150])),
            false => adjust,
        };
        return match world.dice.below(3) {
            0 => PolicyKind::External {
                alarm_id: "al16018900".to_owned(),
                adjust,
            },
            daily => PolicyKind::Timed {
                times: ScheduleTimes {
                    start_at,
                    end_at: (daily == 1).then(|| start_at.plus_secs(2 * 86_400)),
                    cron: (daily == 1).then(|| "*/20 * * * *".to_owned()),
                    zone: "UTC".to_owned(),
                    repeat: None,
                },
                adjust,
            },
        };
    }
    PolicyKind::Simple {
        alarm: Alarm {
            metric: Metric("cpu_util".to_owned()),
            comparison: pick(world, &[Comparison::Greater, Comparison::Less]),
            threshold: 50.0,
            period_secs: match door {
                Door::Tencent2 => 300,
                Door::Tencent3 | Door::Huawei | Door::Ksyun => 60,
            },
            repeat: 1 + world.dice.below(2) as u32,
            statistic: pick(
                world,
                &[Statistic::Average, Statistic::Maximum, Statistic::Minimum],
            ),
            finer: AlarmDetail::default(),
        },
        adjust,
    }
}

fn policy_spec(world: &mut World, door: Door) -> PolicySpec {
    PolicySpec {
        name: format!("{door:?} {}", world.now.0),
        enabled: true,
        cooldown_secs: pick(world, &[Some(0), Some(60), Some(900)]),
        kind: policy_kind(world, door),
        notify_groups: Vec::new(),
    }
}

fn policy(world: &mut World, door: Door) -> GroupCommand {
    let spec = Box::new(policy_spec(world, door));
    GroupCommand::Policy(PolicyCommand::Create { door, spec })
}

/// Changes, pauses, executes or deletes a policy, whichever door made it.
fn change_policy(world: &mut World, door: Door, group: GroupId) -> GroupCommand {
    let known = world.groups[&group].parts.policies.values();
    let known: Vec<_> = known.cloned().collect();
    if known.is_empty() {
        return policy(world, door);
    }
    let old = &known[world.dice.below(known.len())];
    let id = old.id;
    GroupCommand::Policy(match world.dice.below(4) {
        0 => PolicyCommand::Delete { id },
        1 => PolicyCommand::Execute {
            id,
            // By hand it is never held back, but through Tencent's doors.
            honor_cooldown: match door {
                Door::Tencent3 | Door::Tencent2 => world.dice.strikes(500),
                Door::Huawei | Door::Ksyun => false,
            },
        },
        2 => PolicyCommand::Modify {
            id,
            spec: Box::new(PolicySpec {
                name: old.name.clone(),
                ..policy_spec(world, door)
            }),
        },
        _ => PolicyCommand::Modify {
            id,
            spec: Box::new(PolicySpec {
                name: old.name.clone(),
                enabled: !old.enabled,
                cooldown_secs: old.cooldown_secs,
                kind: old.kind.clone(),
                notify_groups: old.notify_groups.clone(),
            }),
        },
    })
}

/// A task of the door's shape.
fn schedule(world: &mut World, door: Door) -> GroupCommand {
    let (min, more) = (world.dice.below(3) as u32, world.dice.below(5) as u32);
    let start_at = world.now.plus_secs(1 + world.dice.below(600) as u64);
    let repeat = (door == Door::Ksyun).then(|| match world.dice.below(3) {
        0 => Repeat::Days(1),
        1 => Repeat::Week(vec![1, 3, 5]),
        _ => Repeat::Month(1, 28),
    });
    let cron = match (&repeat, door) {
        (Some(Repeat::Days(_)), _) => Some("*/30 * * * *".to_owned()),
        (Some(Repeat::Week(_)), _) => Some("*/30 * * * 1,3,5".to_owned()),
        (Some(Repeat::Month(..)), _) => Some("*/30 * 1-28 * *".to_owned()),
        (None, Door::Tencent2) => Some("*/15 * * * *".to_owned()),
        (None, Door::Tencent3 | Door::Huawei | Door::Ksyun) => None,
    };
    GroupCommand::Schedule(ScheduleCommand::Create(Box::new(ScheduleSpec {
        name: format!("{door:?} {}", world.now.0),
        times: ScheduleTimes {
            start_at,
            end_at: cron.is_some().then(|| start_at.plus_secs(7200)),
            cron,
            zone: "Asia/Shanghai".to_owned(),
            repeat,
        },
        min,
        max: min + more,
        desired: match door {
            Door::Ksyun => Some(min + more / 2),
            Door::Tencent2 => None,
            Door::Tencent3 | Door::Huawei => world.dice.strikes(500).then_some(min),
        },
    })))
}

/// Hooks with the defaults of a door; one that waits is told to wait on, one that can be bound is, or is no longer.
fn hook(world: &mut World, door: Door, group: GroupId) -> GroupCommand {
    let waits: Vec<_> = world.groups[&group]
        .instances
        .values()
        .flat_map(|i| i.hooks.iter().map(|wait| (i.id, wait.clone())))
        .collect();
    let known = hooks(world, group);
    let bindable = world.groups[&group].parts.hooks.values();
    let bindable: Vec<_> = bindable
        .filter(|hook| hook.bindable)
        .map(|hook| hook.id)
        .collect();
    GroupCommand::Hook(match (world.dice.below(4), waits.first(), known.first()) {
        (0, Some((instance, wait)), _) => match door {
            Door::Tencent2 => HookChange::Renew {
                id: wait.hook,
                who: HookWaiter::Instance(*instance),
                secs: 600,
            },
            Door::Tencent3 | Door::Huawei | Door::Ksyun => HookChange::Extend {
                id: wait.hook,
                who: HookWaiter::Token(wait.token.clone()),
                secs: 3600,
            },
        },
        (1, _, Some(id)) => HookChange::Modify {
            id: *id,
            patch: Box::new(HookPatch {
                default_result: Some(pick(world, &[HookVerdict::Continue, HookVerdict::Abandon])),
                timeout_secs: Some(pick(world, &[30, 60, 3600])),
                ..HookPatch::default()
            }),
        },
        (2, _, _) if !bindable.is_empty() => HookChange::Bind {
            id: match world.dice.strikes(300) {
                true => None,
                false => Some(pick(world, &bindable)),
            },
        },
        _ => {
            let spec = Box::new(hook_spec(world, door));
            match door {
                Door::Tencent2 => HookChange::CreateUnbound(spec),
                Door::Tencent3 | Door::Huawei | Door::Ksyun => HookChange::Create(spec),
            }
        }
    })
}

fn hook_spec(world: &mut World, door: Door) -> HookSpec {
    HookSpec {
        name: format!("{door:?}-{}", world.dice.below(2)),
        transition: pick(
            world,
            &[HookTransition::Launching, HookTransition::Terminating],
        ),
        default_result: match door {
            Door::Huawei => HookVerdict::Abandon,
            Door::Tencent3 | Door::Tencent2 | Door::Ksyun => HookVerdict::Continue,
        },
        timeout_secs: match door {
            Door::Huawei => pick(world, &[60, 3600]),
            Door::Tencent2 => pick(world, &[1, 30]),
            Door::Tencent3 | Door::Ksyun => 300,
        },
        extended: door == Door::Huawei,
        metadata: String::new(),
        target: (door == Door::Huawei).then(|| NotificationTarget::Topic {
            kind: "URN".to_owned(),
            name: "urn:smn:cn-north-4:p:t".to_owned(),
        }),
        command: None,
    }
}

/// Deletes a group: by force, or as the other doors do, which takes an empty one.
pub(crate) fn delete(world: &mut World) -> GroupCommand {
    GroupCommand::Delete {
        force: any(world) == Door::Huawei || world.dice.strikes(300),
    }
}
