//! What is done in a run: one script for each kind of activity.

use muster_model::{
    AdjustBy, Alarm, AlarmDetail, Allocation, Balancer, BalancerChange, BatchPause, Comparison,
    Door, GroupCommand, GroupId, GroupPatch, HookChange, HookCommand, HookSpec, HookTransition,
    HookVerdict, HookWaiter, InstanceId, Key, MachineHealth, Metric, OnFailure, PolicyCommand,
    PolicyKind, PolicySpec, RefreshCommand, RefreshMode, RefreshSettings, ReplaceMode, ScalingMode,
    ScheduleCommand, ScheduleSpec, ScheduleTimes, ServiceSettings, SpotMix, SpotStrategy,
    Statistic, StopMode, Target, TargetTracking, WarmPoolCommand,
};
use muster_sim::{Crash, ForeignSpec, World, WorldError};

/// A run of one kind of activity: what is done, given a world and a group of three.
pub(crate) type Script = fn(&mut World, GroupId);

/// Gives a command; after a crash before it was written it is given again, as a caller without an answer would.
fn give(world: &mut World, group: GroupId, command: &GroupCommand) {
    match world.command(group, command) {
        Ok(_) | Err(WorldError::Crashed(Crash { committed: true })) => {}
        Err(WorldError::Crashed(Crash { committed: false })) => {
            world.command(group, command).unwrap();
        }
        Err(error) => panic!("{error:?}"),
    }
}

/// As [`give`], but what went wrong before may stand in its way.
fn try_give(world: &mut World, group: GroupId, command: &GroupCommand) {
    if let Err(WorldError::Crashed(Crash { committed: false })) = world.command(group, command) {
        let _ = world.command(group, command);
    }
}

fn desired(n: u32) -> GroupCommand {
    GroupCommand::SetDesired {
        desired: n,
        min: None,
        max: None,
    }
}

fn first(world: &World, group: GroupId) -> InstanceId {
    *world.groups[&group].instances.keys().next().unwrap()
}

fn foreign(world: &mut World) -> GroupCommand {
    let id = InstanceId::new(Key::from_bits(7));
    let spec = ForeignSpec {
        vpc: "vpc-1".to_owned(),
        ..ForeignSpec::default()
    };
    let machine = world.machines.foreign(id, &spec, world.now);
    GroupCommand::Attach {
        instances: vec![id],
        machines: vec![machine],
    }
}

fn refresh(world: &mut World, group: GroupId, mode: RefreshMode, max_surge: u32) {
    let settings = RefreshSettings {
        batches: 2,
        pause: BatchPause::Never,
        max_surge,
        on_failure: OnFailure::Cancel,
        check_target_health: false,
        target_health_timeout_secs: 1800,
    };
    let start = RefreshCommand::Start { mode, settings };
    give(world, group, &GroupCommand::Refresh(start));
}

/// A binding to a listener at two ports.
pub(crate) fn listener(id: &str) -> Balancer {
    let target = |port| Target { port, weight: 10 };
    Balancer::Forward {
        balancer: "lb-1".to_owned(),
        listener: id.to_owned(),
        location: None,
        region: None,
        targets: vec![target(80), target(81)],
    }
}

pub(crate) const SCRIPTS: &[(&str, Script)] = &[
    ("match out", |world, group| give(world, group, &desired(5))),
    ("match in", |world, group| give(world, group, &desired(1))),
    ("scale out", |world, group| {
        give(world, group, &GroupCommand::ScaleOut { count: 2 })
    }),
    ("scale in", |world, group| {
        give(world, group, &GroupCommand::ScaleIn { count: 2 })
    }),
    ("policy", |world, group| {
        let metric = Metric("cpu_util".to_owned());
        let create = PolicyCommand::Create {
            door: Door::Tencent3,
            spec: Box::new(PolicySpec {
                name: "hold".to_owned(),
                enabled: true,
                cooldown_secs: None,
                kind: PolicyKind::Target(TargetTracking {
                    metric: metric.clone(),
                    target: 50.0,
                    warmup_secs: 60,
                    disable_scale_in: false,
                }),
                notify_groups: Vec::new(),
            }),
        };
        give(world, group, &GroupCommand::Policy(create));
        let points = [30, 90, 150].map(|secs| {
            let point = muster_model::Point {
                at: world.now.plus_millis(-secs * 1000),
                instance: None,
                value: 80.0,
            };
            (metric.clone(), point)
        });
        give(world, group, &GroupCommand::Measured(points.to_vec()));
    }),
    // An alarm over what each member reports: doubled, late, out of order, and of one of them not at all.
    ("alarm", |world, group| {
        let metric = Metric("cpu_util".to_owned());
        let create = PolicyCommand::Create {
            door: Door::Tencent3,
            spec: Box::new(PolicySpec {
                name: "idle".to_owned(),
                enabled: true,
                cooldown_secs: Some(3600),
                kind: PolicyKind::Simple {
                    alarm: Alarm {
                        metric: metric.clone(),
                        comparison: Comparison::Less,
                        threshold: 20.0,
                        period_secs: 60,
                        repeat: 2,
                        statistic: Statistic::Average,
                        finer: AlarmDetail::default(),
                    },
                    adjust: AdjustBy::By(-1),
                },
                notify_groups: Vec::new(),
            }),
        };
        give(world, group, &GroupCommand::Policy(create));
        let began = world.now;
        world.pass(130_000);
        let members: Vec<InstanceId> = world.groups[&group].instances.keys().copied().collect();
        let points = [110, 10, 50, 70, 10].iter().flat_map(|secs| {
            members.iter().skip(1).map(|id| {
                let point = muster_model::Point {
                    at: began.plus_secs(*secs),
                    instance: Some(*id),
                    value: 5.0,
                };
                (metric.clone(), point)
            })
        });
        give(world, group, &GroupCommand::Measured(points.collect()));
    }),
    ("attach", |world, group| {
        let command = foreign(world);
        give(world, group, &command);
    }),
    ("detach", |world, group| {
        let instances = vec![first(world, group)];
        give(world, group, &GroupCommand::Detach { instances });
    }),
    ("remove", |world, group| {
        let instances = vec![first(world, group)];
        give(world, group, &GroupCommand::Remove { instances });
    }),
    ("loss", |world, group| {
        let id = first(world, group);
        world.machines.vanish(id);
    }),
    ("replace", |world, group| {
        let id = first(world, group);
        world
            .machines
            .tamper(id, |machine| machine.health = MachineHealth::Unhealthy);
    }),
    ("refresh by reset", |world, group| {
        refresh(world, group, RefreshMode::Reset, 0)
    }),
    ("refresh by replacement, with a surge", |world, group| {
        refresh(world, group, RefreshMode::Replace, 2)
    }),
    ("stop", |world, group| {
        let instances = vec![first(world, group)];
        let mode = StopMode::KeepCharging;
        give(world, group, &GroupCommand::Stop { instances, mode });
    }),
    ("stop and start", |world, group| {
        let instances = vec![first(world, group)];
        let stop = GroupCommand::Stop {
            instances: instances.clone(),
            mode: StopMode::KeepCharging,
        };
        give(world, group, &stop);
        world.pass(600_000);
        try_give(world, group, &GroupCommand::Start { instances });
    }),
    ("standby and back", |world, group| {
        let instances = vec![first(world, group)];
        let enter = GroupCommand::EnterStandby {
            instances: instances.clone(),
        };
        give(world, group, &enter);
        world.pass(600_000);
        try_give(world, group, &GroupCommand::ExitStandby { instances });
    }),
    ("schedule", |world, group| {
        let spec = ScheduleSpec {
            name: "soon".to_owned(),
            times: ScheduleTimes {
                start_at: world.now.plus_secs(30),
                end_at: None,
                cron: None,
                zone: "UTC".to_owned(),
                repeat: None,
            },
            min: 0,
            max: 6,
            desired: Some(5),
        };
        let create = ScheduleCommand::Create(Box::new(spec));
        give(world, group, &GroupCommand::Schedule(create));
    }),
    ("reset", |world, group| {
        let service = ServiceSettings {
            replace_unhealthy: true,
            replace_mode: ReplaceMode::Reset,
            ..ServiceSettings::default()
        };
        let patch = GroupPatch {
            service: Some(service),
            ..GroupPatch::default()
        };
        give(world, group, &GroupCommand::Modify(Box::new(patch)));
        let id = first(world, group);
        world
            .machines
            .tamper(id, |machine| machine.health = MachineHealth::Unhealthy);
    }),
    ("scale out past a hook", |world, group| {
        hook(world, group, HookTransition::Launching);
        give(world, group, &GroupCommand::ScaleOut { count: 2 });
        complete(world, group, HookVerdict::Continue);
    }),
    ("scale out to a hook that abandons", |world, group| {
        hook(world, group, HookTransition::Launching);
        give(world, group, &GroupCommand::ScaleOut { count: 2 });
        complete(world, group, HookVerdict::Abandon);
    }),
    (
        "scale out past a hook that runs a command",
        |world, group| {
            let hook = HookSpec {
                name: "run".to_owned(),
                transition: HookTransition::Launching,
                default_result: HookVerdict::Abandon,
                timeout_secs: 120,
                extended: false,
                metadata: String::new(),
                target: None,
                command: Some(HookCommand {
                    command: "cmd-1".to_owned(),
                    parameters: Vec::new(),
                }),
            };
            let create = GroupCommand::Hook(HookChange::Create(Box::new(hook)));
            give(world, group, &create);
            give(world, group, &GroupCommand::ScaleOut { count: 2 });
        },
    ),
    ("scale out past a silent hook", |world, group| {
        hook(world, group, HookTransition::Launching);
        give(world, group, &GroupCommand::ScaleOut { count: 2 });
    }),
    ("scale in past a hook", |world, group| {
        hook(world, group, HookTransition::Terminating);
        give(world, group, &GroupCommand::ScaleIn { count: 2 });
        complete(world, group, HookVerdict::Abandon);
    }),
    ("scale in past a silent hook", |world, group| {
        hook(world, group, HookTransition::Terminating);
        give(world, group, &GroupCommand::ScaleIn { count: 2 });
    }),
    ("spot taken back", |world, group| {
        let patch = GroupPatch {
            allocation: Some(Allocation::SpotMixed(SpotMix {
                base: 0,
                on_demand_percent: 0,
                strategy: SpotStrategy::CostOptimized,
                compensate: true,
            })),
            capacity_rebalance: Some(true),
            ..GroupPatch::default()
        };
        give(world, group, &GroupCommand::Modify(Box::new(patch)));
        try_give(world, group, &desired(5));
        world.pass(60_000);
        let spot = world.machines.list(Some(group));
        let spot = spot.iter().find(|machine| machine.placement.spot);
        if let Some(id) = spot.map(|machine| machine.id) {
            let at = world.now.plus_secs(120);
            world
                .machines
                .tamper(id, |machine| machine.reclaim_at = Some(at));
        }
        // Launches that kept failing before have engaged the brake.
        try_give(world, group, &desired(5));
    }),
    ("wake up what is stopped", |world, group| {
        let service = ServiceSettings {
            scaling_mode: ScalingMode::WakeUpStopped,
            ..ServiceSettings::default()
        };
        let patch = GroupPatch {
            service: Some(service),
            ..GroupPatch::default()
        };
        give(world, group, &GroupCommand::Modify(Box::new(patch)));
        let instances = vec![first(world, group)];
        let mode = StopMode::StopCharging;
        try_give(world, group, &GroupCommand::Stop { instances, mode });
        world.pass(60_000);
        try_give(world, group, &desired(4));
    }),
    ("fill a warm pool and take from it", |world, group| {
        give(world, group, &warm_pool(2));
        world.pass(60_000);
        give(world, group, &desired(4));
    }),
    ("close a warm pool", |world, group| {
        give(world, group, &warm_pool(2));
        world.pass(20_000);
        give(
            world,
            group,
            &GroupCommand::WarmPool(WarmPoolCommand::Close),
        );
        give(world, group, &desired(6));
    }),
    ("delete by force while it grows", |world, group| {
        give(world, group, &warm_pool(1));
        give(world, group, &desired(5));
        give(world, group, &GroupCommand::Delete { force: true });
    }),
    ("attach a balancer", |world, group| {
        let more = BalancerChange::Attach(vec![listener("lbl-2")]);
        give(world, group, &GroupCommand::Balancers(more));
    }),
    ("replace the balancers", |world, group| {
        let change = BalancerChange::Replace {
            door: Door::Tencent3,
            balancers: vec![listener("lbl-3")],
            check_all: true,
        };
        give(world, group, &GroupCommand::Balancers(change));
    }),
];

fn warm_pool(capacity: u32) -> GroupCommand {
    GroupCommand::WarmPool(WarmPoolCommand::Put {
        capacity: Some(capacity),
        init_wait_secs: Some(30),
    })
}

/// A hook that holds for two minutes.
fn hook(world: &mut World, group: GroupId, transition: HookTransition) {
    let spec = HookSpec {
        name: "hook".to_owned(),
        transition,
        default_result: HookVerdict::Continue,
        timeout_secs: 120,
        extended: false,
        metadata: String::new(),
        target: None,
        command: None,
    };
    match world.command(
        group,
        &GroupCommand::Hook(HookChange::Create(Box::new(spec))),
    ) {
        // It was made: without an answer, a caller finds it in the list.
        Ok(_) | Err(WorldError::Crashed(Crash { committed: true })) => {}
        Err(WorldError::Crashed(Crash { committed: false })) => hook(world, group, transition),
        Err(error) => panic!("{error:?}"),
    }
}

/// Answers everything that waits for a hook.
fn complete(world: &mut World, group: GroupId, verdict: HookVerdict) {
    world.pass(20_000);
    let waits: Vec<_> = world.groups[&group]
        .instances
        .values()
        .flat_map(|i| i.hooks.iter().cloned())
        .collect();
    for wait in waits {
        let (id, who) = (wait.hook, HookWaiter::Token(wait.token));
        give(
            world,
            group,
            &GroupCommand::Hook(HookChange::Complete { id, who, verdict }),
        );
    }
}
