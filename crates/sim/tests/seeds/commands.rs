//! What is asked for in seeded runs: groups, commands, what is measured, and the weather of faults.

use muster_model::{
    AdjustBy, Alarm, AlarmDetail, Allocation, Balancer, BalancerChange, BatchPause, Comparison,
    ConfigId, Door, FlapBudget, GroupCommand, GroupId, GroupPatch, GroupSpec, HealthCheck,
    HealthKind, HookChange, HookCommand, HookId, HookSpec, HookTransition, HookVerdict, HookWaiter,
    InstanceId, Key, Machine, Metric, MissingData, NotificationCommand, NotificationScenes,
    NotificationSpec, NotificationTarget, OnFailure, Point, PolicyCommand, PolicyKind,
    PolicyOptions, PolicySpec, Rate, RefreshCommand, RefreshMode, RefreshSettings, ReplaceMode,
    RetryPolicy, ScalingMode, ScheduleCommand, ScheduleSpec, ScheduleTimes, ServiceSettings,
    SpotMix, SpotStrategy, Spread, Statistic, StopMode, Target, TargetTracking, TerminationPolicy,
    WarmPoolCommand,
};
use muster_sim::{ForeignSpec, World, WorldError, sample_group};

use crate::doors;

pub(crate) fn pick<T: Copy>(world: &mut World, of: &[T]) -> T {
    of[world.dice.below(of.len())]
}

/// A group of any door, which is told; a crash or a failing store on the way is tried again.
pub(crate) fn make_group(world: &mut World, config: ConfigId, name: &str) -> Door {
    let (min, more) = (world.dice.below(3), world.dice.below(6));
    let spec = GroupSpec {
        name: name.to_owned(),
        config: Some(config),
        spread: pick(world, &[Spread::Ordered, Spread::Balanced]),
        termination: pick(
            world,
            &[
                TerminationPolicy::OldestInstance,
                TerminationPolicy::NewestInstance,
                TerminationPolicy::OldestConfigOldestInstance,
                TerminationPolicy::OldestConfigNewestInstance,
            ],
        ),
        retry: pick(
            world,
            &[
                RetryPolicy::Immediate,
                RetryPolicy::Incremental,
                RetryPolicy::None,
            ],
        ),
        allocation: match world.dice.strikes(300) {
            true => Allocation::SpotMixed(SpotMix {
                base: world.dice.below(2) as u32,
                on_demand_percent: world.dice.below(101) as u32,
                strategy: SpotStrategy::CostOptimized,
                compensate: world.dice.strikes(500),
            }),
            false => Allocation::LaunchConfiguration,
        },
        tags: vec![muster_model::Tag {
            key: "team".to_owned(),
            value: "a".to_owned(),
        }],
        service: ServiceSettings {
            replace_unhealthy: world.dice.strikes(700),
            auto_update_tags: world.dice.strikes(500),
            replace_mode: pick(world, &[ReplaceMode::Recreate, ReplaceMode::Reset]),
            scaling_mode: pick(world, &[ScalingMode::Classic, ScalingMode::WakeUpStopped]),
            replace_balancer_unhealthy: world.dice.strikes(500),
            ..ServiceSettings::default()
        },
        balancers: match world.dice.below(2) {
            0 => Vec::new(),
            _ => vec![balancer(world)],
        },
        health: HealthCheck {
            kind: HealthKind::Balancer,
            period_secs: 0,
            grace_secs: pick(world, &[0, 60]),
        },
        ..sample_group(min as u32, (min + more / 2) as u32, (min + more + 1) as u32)
    };
    let door = doors::any(world);
    let spec = doors::shape(world, door, spec);
    let before = world.groups.len();
    while world.groups.len() == before {
        match world.group_through(door, &spec) {
            Ok(_) | Err(WorldError::Store | WorldError::Crashed(_)) => {}
            Err(WorldError::Refused(error)) => panic!("{error}"),
        }
    }
    listen(world);
    door
}

/// Lets somebody hear of everything that the newest group does.
pub(crate) fn listen(world: &mut World) {
    let spec = NotificationSpec {
        scenes: NotificationScenes {
            scale_out_ok: true,
            scale_out_failed: true,
            scale_in_ok: true,
            scale_in_failed: true,
            replace_ok: true,
            replace_failed: true,
            group_abnormal: false,
        },
        target: Some(NotificationTarget::UserGroups(vec!["1".to_owned()])),
    };
    let create = NotificationCommand::Create(Box::new(spec));
    let create = GroupCommand::Notification(create);
    let deaf = |world: &World| {
        let views = world.groups.values();
        views
            .filter(|view| view.parts.notifications.is_empty())
            .map(|view| view.group.id)
            .next()
    };
    while let Some(group) = deaf(world) {
        let _ = world.command(group, &create);
    }
}

/// A binding of one or two ports.
pub(crate) fn balancer(world: &mut World) -> Balancer {
    let listener = pick(world, &["lbl-1", "lbl-2", "lbl-3"]);
    let mut target = |port| Target {
        port,
        weight: 10 * world.dice.below(3) as u16,
    };
    let mut targets = vec![target(80), target(81)];
    targets.truncate(1 + world.dice.below(2));
    Balancer::Forward {
        balancer: "lb-1".to_owned(),
        listener: listener.to_owned(),
        location: None,
        region: None,
        targets,
    }
}

pub(crate) fn change_of_balancers(world: &mut World) -> GroupCommand {
    let balancer = balancer(world);
    GroupCommand::Balancers(match world.dice.below(5) {
        0 | 1 => BalancerChange::Attach(vec![balancer]),
        2 => BalancerChange::Detach(vec![balancer]),
        3 => BalancerChange::SetTargets(vec![balancer]),
        _ => BalancerChange::Replace {
            door: doors::any(world),
            balancers: vec![balancer],
            check_all: true,
        },
    })
}

pub(crate) fn member(world: &mut World, group: GroupId) -> Vec<InstanceId> {
    let all: Vec<InstanceId> = world
        .groups
        .get(&group)
        .map_or(Vec::new(), |v| v.instances.keys().copied().collect());
    let count = (world.dice.below(2) + 1).min(all.len());
    let first = world.dice.below(all.len().max(1));
    (0..count).map(|at| all[(first + at) % all.len()]).collect()
}

pub(crate) fn random_command(world: &mut World, group: GroupId, foreign: &mut u64) -> GroupCommand {
    let size = world.groups[&group].group.spec.size;
    let some = |world: &mut World| world.dice.below(9) as u32;
    match world.dice.below(32) {
        24..32 => doors::command(world, group),
        23 => warm_pool(world),
        18 | 19 => rest(world, group),
        20 => change_policies(world, group),
        21 | 22 => measured(world),
        14 | 15 => answer_hook(world, group),
        16 => change_hooks(world, group),
        13 => change_of_balancers(world),
        17 => schedule(world),
        0..=2 => GroupCommand::SetDesired {
            desired: some(world),
            min: None,
            max: None,
        },
        3 => {
            let max = some(world);
            let patch = GroupPatch {
                tags: Some(vec![muster_model::Tag {
                    key: "team".to_owned(),
                    value: max.to_string(),
                }]),
                max: Some(max),
                min: Some(size.min.min(max)),
                desired: Some(size.desired.min(max).max(size.min.min(max))),
                ..GroupPatch::default()
            };
            GroupCommand::Modify(Box::new(patch))
        }
        4 => GroupCommand::ScaleOut { count: some(world) },
        5 => GroupCommand::ScaleIn { count: some(world) },
        6 => GroupCommand::Enable,
        7 => GroupCommand::Disable,
        8 => GroupCommand::Protect {
            instances: member(world, group),
            protected: world.dice.strikes(400),
        },
        9 => {
            let instances = member(world, group);
            match world.dice.below(2) {
                0 => GroupCommand::Detach { instances },
                _ => GroupCommand::Remove { instances },
            }
        }
        10 | 11 => refresh(world, group),
        _ => {
            *foreign += 1;
            let id = InstanceId::new(Key::from_bits(*foreign));
            let spec = ForeignSpec {
                vpc: "vpc-1".to_owned(),
                ..ForeignSpec::default()
            };
            let machine: Machine = world.machines.foreign(id, &spec, world.now);
            GroupCommand::Attach {
                instances: vec![id],
                machines: vec![machine],
            }
        }
    }
}

/// Makes or deletes a hook.
pub(crate) fn change_hooks(world: &mut World, group: GroupId) -> GroupCommand {
    let hooks: Vec<HookId> = hooks(world, group);
    let name = format!("h{}", world.dice.below(4));
    GroupCommand::Hook(match world.dice.below(3) {
        0 if !hooks.is_empty() => {
            let id = pick(world, &hooks);
            match world.dice.strikes(500) {
                true => HookChange::Delete { id },
                false => HookChange::DeleteUnused { id, name: None },
            }
        }
        _ => HookChange::Create(Box::new(HookSpec {
            name,
            transition: pick(
                world,
                &[HookTransition::Launching, HookTransition::Terminating],
            ),
            default_result: pick(world, &[HookVerdict::Continue, HookVerdict::Abandon]),
            timeout_secs: pick(world, &[30, 60, 600]),
            extended: world.dice.strikes(500),
            metadata: String::new(),
            target: None,
            command: world.dice.strikes(300).then(|| HookCommand {
                command: "cmd-1".to_owned(),
                parameters: Vec::new(),
            }),
        })),
    })
}

pub(crate) fn hooks(world: &World, group: GroupId) -> Vec<HookId> {
    world.groups.get(&group).map_or(Vec::new(), |view| {
        view.parts.hooks.keys().copied().collect()
    })
}

/// Answers one that waits, if there is one.
pub(crate) fn answer_hook(world: &mut World, group: GroupId) -> GroupCommand {
    let verdict = pick(world, &[HookVerdict::Continue, HookVerdict::Abandon]);
    let waits: Vec<_> = world.groups[&group]
        .instances
        .values()
        .flat_map(|i| i.hooks.iter().map(|wait| (i.id, wait.clone())))
        .collect();
    if waits.is_empty() {
        return change_hooks(world, group);
    }
    let (instance, wait) = waits[world.dice.below(waits.len())].clone();
    let who = match world.dice.strikes(500) {
        true => HookWaiter::Instance(instance),
        false => HookWaiter::Token(wait.token),
    };
    GroupCommand::Hook(HookChange::Complete {
        id: wait.hook,
        who,
        verdict,
    })
}

/// Nothing goes wrong any more, and no hook abandons what comes.
pub(crate) fn drop_hooks(world: &mut World, group: GroupId) {
    for id in hooks(world, group) {
        let delete = GroupCommand::Hook(HookChange::Delete { id });
        world.command(group, &delete).unwrap();
    }
}

/// Out of service on purpose, or back.
pub(crate) fn rest(world: &mut World, group: GroupId) -> GroupCommand {
    let instances = member(world, group);
    let mode = pick(world, &[StopMode::KeepCharging, StopMode::StopCharging]);
    match world.dice.below(4) {
        0 => GroupCommand::Stop { instances, mode },
        1 => GroupCommand::Start { instances },
        2 => GroupCommand::EnterStandby { instances },
        _ => GroupCommand::ExitStandby { instances },
    }
}

/// Opens, changes or closes the warm pool.
pub(crate) fn warm_pool(world: &mut World) -> GroupCommand {
    GroupCommand::WarmPool(match world.dice.strikes(300) {
        true => WarmPoolCommand::Close,
        false => WarmPoolCommand::Put {
            capacity: pick(world, &[None, Some(0), Some(1), Some(2), Some(4)]),
            init_wait_secs: pick(world, &[None, Some(0), Some(30)]),
        },
    })
}

/// Once, or a few times within an hour.
pub(crate) fn schedule(world: &mut World) -> GroupCommand {
    let min = world.dice.below(3) as u32;
    let max = min + world.dice.below(6) as u32;
    let repeats = world.dice.strikes(500);
    let start_at = world.now.plus_secs(1 + world.dice.below(300) as u64);
    GroupCommand::Schedule(ScheduleCommand::Create(Box::new(ScheduleSpec {
        name: format!("at {}", world.now.0),
        times: ScheduleTimes {
            start_at,
            end_at: repeats.then(|| start_at.plus_secs(3600)),
            cron: repeats.then(|| "*/7 * * * *".to_owned()),
            zone: "UTC".to_owned(),
            repeat: None,
        },
        min,
        max,
        desired: world.dice.strikes(500).then_some(max),
    })))
}

/// Makes, deletes or executes a policy.
pub(crate) fn change_policies(world: &mut World, group: GroupId) -> GroupCommand {
    let known: Vec<_> = world.groups[&group]
        .parts
        .policies
        .keys()
        .copied()
        .collect();
    if !known.is_empty() && world.dice.strikes(500) {
        let id = pick(world, &known);
        return GroupCommand::Policy(match world.dice.strikes(500) {
            true => PolicyCommand::Delete { id },
            false => PolicyCommand::Execute {
                id,
                honor_cooldown: world.dice.strikes(500),
            },
        });
    }
    let metric = Metric("cpu_util".to_owned());
    let kind = match world.dice.strikes(300) {
        true => PolicyKind::Target(TargetTracking {
            metric,
            target: 50.0,
            warmup_secs: pick(world, &[0, 60, 300]),
            disable_scale_in: world.dice.strikes(300),
        }),
        false => PolicyKind::Simple {
            alarm: Alarm {
                metric,
                comparison: pick(world, &[Comparison::Greater, Comparison::Less]),
                threshold: 50.0,
                period_secs: 60,
                repeat: 1 + world.dice.below(2) as u32,
                statistic: Statistic::Average,
                finer: AlarmDetail::default(),
            },
            adjust: pick(
                world,
                &[
                    AdjustBy::By(1),
                    AdjustBy::By(-1),
                    AdjustBy::ByPercent(50),
                    AdjustBy::To(3),
                ],
            ),
        },
    };
    GroupCommand::Policy(PolicyCommand::Create {
        door: doors::any(world),
        spec: Box::new(PolicySpec {
            name: format!("p {}", world.now.0),
            enabled: true,
            cooldown_secs: Some(30),
            kind,
            notify_groups: Vec::new(),
        }),
    })
}

/// Sets what gaps mean and how fast it may act, of one policy of a group.
pub(crate) fn set_options(world: &mut World, group: GroupId) {
    let known = world.groups[&group].parts.policies.keys();
    let known: Vec<_> = known.copied().collect();
    if known.is_empty() {
        return;
    }
    let id = pick(world, &known);
    let rate = |world: &mut World| Rate {
        stabilization_secs: pick(world, &[0, 0, 120]),
        max_step: pick(world, &[None, Some(1), Some(3)]),
        max_step_percent: pick(world, &[None, Some(50)]),
    };
    let options = PolicyOptions {
        missing_data: pick(
            world,
            &[
                MissingData::Hold,
                MissingData::Ignore,
                MissingData::Breach,
                MissingData::OutOnly,
            ],
        ),
        min_reporting: pick(world, &[0.5, 0.0, 1.0]),
        scale_out: rate(world),
        scale_in: rate(world),
        flap: pick(
            world,
            &[
                None,
                Some(FlapBudget {
                    reversals: 2,
                    within_secs: 600,
                }),
            ],
        ),
        shadow: world.dice.strikes(100),
        ..PolicyOptions::default()
    };
    let options = Box::new(options);
    let command = PolicyCommand::SetOptions { id, options };
    let _ = world.command(group, &GroupCommand::Policy(command));
}

/// Load that rises and falls for half an hour, measured badly: points late, doubled, out of order, of some members only,
/// and now and then of nobody for minutes.
pub(crate) fn weather(world: &mut World) {
    let metric = Metric("cpu_util".to_owned());
    let ids: Vec<GroupId> = world.groups.keys().copied().collect();
    if ids.is_empty() {
        return;
    }
    let group = pick(world, &ids);
    for _ in 0..3 {
        let command = change_policies(world, group);
        let _ = world.command(group, &command);
        set_options(world, group);
    }
    let faults = pick(world, &[0, 100, 500]);
    let mut silent = 0;
    for step in 0..90 {
        silent = match silent {
            0 if world.dice.strikes(40) => 3 + world.dice.below(15),
            0 => 0,
            left => left - 1,
        };
        let wave = [20.0, 60.0, 200.0, 400.0, 200.0, 20.0][step / 15];
        if silent == 0 {
            world.measure(group, &metric, wave, faults);
        }
        let wait = 10_000 + world.dice.millis(20_000);
        world.pass(wait);
        if !world.broken.is_empty() {
            return;
        }
    }
}

/// A minute or two of load, some of it late.
pub(crate) fn measured(world: &mut World) -> GroupCommand {
    let value = pick(world, &[10.0, 45.0, 95.0]);
    let points = (0..3).map(|n| Point {
        at: world.now.plus_millis(-40_000 * n),
        instance: None,
        value,
    });
    let named = points.map(|point| (Metric("cpu_util".to_owned()), point));
    GroupCommand::Measured(named.collect())
}

pub(crate) fn refresh(world: &mut World, group: GroupId) -> GroupCommand {
    let newest = world.groups[&group]
        .parts
        .refreshes
        .values()
        .max_by_key(|refresh| (refresh.created_at, refresh.ordinal))
        .map(|refresh| refresh.id);
    let settings = RefreshSettings {
        batches: world.dice.below(3) as u32 + 1,
        pause: pick(
            world,
            &[
                BatchPause::Never,
                BatchPause::AfterFirst,
                BatchPause::AfterEach,
            ],
        ),
        max_surge: world.dice.below(3) as u32,
        on_failure: pick(
            world,
            &[OnFailure::Pause, OnFailure::RollBack, OnFailure::Cancel],
        ),
        check_target_health: world.dice.strikes(400),
        target_health_timeout_secs: 120,
    };
    let mode = pick(world, &[RefreshMode::Reset, RefreshMode::Replace]);
    GroupCommand::Refresh(match (world.dice.below(6), newest) {
        (0 | 1, _) | (_, None) => RefreshCommand::Start { mode, settings },
        (2, Some(id)) => RefreshCommand::Stop { id },
        (3, Some(id)) => RefreshCommand::Resume {
            id,
            retry: world.dice.strikes(500),
        },
        (4, Some(id)) => RefreshCommand::Cancel { id },
        (_, Some(origin)) => {
            let settings = RefreshSettings {
                max_surge: 0,
                ..settings
            };
            RefreshCommand::RollBack { origin, settings }
        }
    })
}

/// Nothing goes wrong any more: a refresh that still waits for somebody is given up.
pub(crate) fn end_refresh(world: &mut World, group: GroupId) {
    let open = world
        .groups
        .get(&group)
        .and_then(|view| view.open_refresh());
    let Some(id) = open.map(|refresh| refresh.id) else {
        return;
    };
    let cancel = GroupCommand::Refresh(RefreshCommand::Cancel { id });
    if let Err(error) = world.command(group, &cancel) {
        panic!("{id} can be cancelled when all is quiet: {error:?}");
    }
    world.pass(3600 * 1000);
}
