//! What is unhealthy: replaced a share at a time, slowly in a storm, not at all when that does not help; audits and grace.

use std::collections::BTreeSet;
use std::sync::Arc;

use muster_engine::{advise, plan};
use muster_model::{
    ActivityKind, ActivityStatus, AdjustBy, BrakeKind, Comparison, Door, GroupCommand, GroupSpec,
    HealthCheck, HealthKind, InstanceId, Lifecycle, MachineHealth, Observation, ReplaceMode,
    ServiceSettings, Time,
};

use crate::common::{Table, spec};
use crate::scaling::simple;

/// A group of so many that replaces what is unhealthy; an hour old.
fn group(members: u32, mode: ReplaceMode) -> Table {
    let service = ServiceSettings {
        replace_unhealthy: true,
        replace_mode: mode,
        ..ServiceSettings::default()
    };
    let mut t = Table::new(GroupSpec {
        service,
        ..spec(0, members, members)
    });
    t.settle();
    t.now = t.now.plus_secs(3600);
    t.text.clear();
    t
}

fn in_service(t: &Table) -> Vec<InstanceId> {
    let members = t.view.instances.values();
    let serving = members.filter(|i| i.state == Lifecycle::InService);
    serving.map(|i| i.id).collect()
}

/// A listing in which just these are unhealthy, asked for now.
fn look(t: &mut Table, sick: &BTreeSet<InstanceId>) {
    let machines = in_service(t).into_iter().map(|id| {
        let mut machine = t.machine(id);
        if sick.contains(&id) {
            machine.health = MachineHealth::Unhealthy;
        }
        Arc::new(machine)
    });
    let observation = Observation {
        asked_at: t.now,
        machines: machines.collect(),
        members: None,
        silent: Vec::new(),
    };
    t.command(GroupCommand::Observed(observation)).unwrap();
}

/// Ids of the first `count` of those in service.
fn some(t: &Table, count: usize) -> BTreeSet<InstanceId> {
    in_service(t).into_iter().take(count).collect()
}

/// How many instances each replacement so far took at once, the oldest first.
fn replacements(t: &Table) -> Vec<u32> {
    let all = t.ended.iter();
    all.filter(|a| a.kind == ActivityKind::ReplaceUnhealthy)
        .map(|a| a.wanted)
        .collect()
}

fn sick_ones(t: &Table) -> usize {
    let members = t.view.instances.values();
    members.filter(|i| !i.health.is_healthy()).count()
}

/// Lets time pass until the group wants to be looked at, at the most `secs`.
fn sleep(t: &mut Table, secs: u64) -> u64 {
    let wake = t.view.group.wake_at.unwrap_or(Time::NEVER);
    let until = wake.min(t.now.plus_secs(secs));
    let slept = until.0 - t.now.0;
    t.now = until;
    u64::try_from(slept).unwrap() / 1000
}

#[test]
fn few_are_replaced_at_once_and_many_a_third_at_a_time() {
    for (members, sick, taken) in [
        (1, 1, &[1][..]),
        (2, 1, &[1]),
        // Two are no storm, but the second waits for the first.
        (2, 2, &[1, 1]),
        (3, 1, &[1]),
        // Two of three are a storm, which is over with the first.
        (3, 2, &[1, 1]),
        (9, 4, &[2, 2]),
        (10, 5, &[3, 2]),
        (100, 50, &[33, 17]),
    ] {
        for mode in [ReplaceMode::Recreate, ReplaceMode::Reset] {
            let mut t = group(members, mode);
            let ill = some(&t, sick);
            look(&mut t, &ill);
            let mut kept = BTreeSet::from_iter(in_service(&t));
            t.settle();
            assert_eq!(sick_ones(&t), 0, "{members} {sick} {mode:?}\n{}", t.text);
            assert_eq!(replacements(&t), taken, "{members} {sick} {mode:?}");
            kept.retain(|id| !ill.contains(id));
            assert!(
                kept.iter().all(|id| t.view.instances.contains_key(id)),
                "a healthy one left"
            );
        }
    }
}

#[test]
fn a_storm_is_ridden_out_one_at_a_time() {
    let mut t = group(10, ReplaceMode::Recreate);
    let mut ill = some(&t, 8);
    look(&mut t, &ill);
    t.settle();
    t.say("8 of 10 are unhealthy: one is replaced, the others wait");
    assert_eq!((sick_ones(&t), replacements(&t).len()), (7, 1));
    let slept = sleep(&mut t, 3600);
    look(&mut t, &ill);
    t.settle();
    t.say(&format!(
        "{slept} s later: the new one is healthy, the next is replaced"
    ));
    assert_eq!((slept, sick_ones(&t)), (30, 6));
    sleep(&mut t, 3600);
    look(&mut t, &ill);
    t.settle();
    t.say("5 of 10 are left: no large share, they are replaced as usual");
    assert_eq!(sick_ones(&t), 0);
    assert!(t.view.group.retry.storm.is_none());

    // A storm that passes by itself takes what it had taken, and no more.
    ill = some(&t, 10);
    t.now = t.now.plus_secs(3600);
    look(&mut t, &ill);
    t.settle();
    t.now = t.now.plus_secs(10);
    look(&mut t, &BTreeSet::new());
    t.settle();
    t.say("10 of 10 were unhealthy, and got well");
    assert!(t.view.group.retry.storm.is_none());
    assert_eq!(
        ill.iter()
            .filter(|id| t.view.instances.contains_key(id))
            .count(),
        9
    );
    insta::assert_snapshot!(t.text);
}

/// All turn unhealthy whenever they are looked at, until replacing stops. Returns how long each replacement waited.
fn until_it_stops(t: &mut Table) -> Vec<u64> {
    let mut waits = Vec::new();
    let mut waited = 0;
    let mut seen = replacements(t).len();
    for _ in 0..1000 {
        if t.view.group.retry.brake.is_some() {
            return waits;
        }
        let ill = some(t, usize::MAX);
        look(t, &ill);
        t.settle();
        let now_seen = replacements(t).len();
        if now_seen > seen {
            seen = now_seen;
            waits.push(waited);
            waited = 0;
        }
        waited += sleep(t, 10).max(1);
        t.now = t.now.plus_secs(u64::from(sleep(t, 0) == 0));
    }
    panic!("it never stops:\n{}", t.text);
}

#[test]
fn replacements_that_fail_slow_down_and_stop_with_a_reason() {
    let mut t = group(6, ReplaceMode::Recreate);
    let waits = until_it_stops(&mut t);
    // The last is the record of the stop itself.
    assert_eq!(replacements(&t), [1, 1, 1, 1, 1, 6]);
    assert!(
        waits.windows(2).take(4).all(|pair| pair[0] < pair[1]),
        "each waits longer: {waits:?}"
    );
    t.say(&format!("stopped; the replacements waited {waits:?}"));
    let brake = t.view.group.retry.brake.clone().unwrap();
    assert_eq!((brake.kind, brake.failures), (BrakeKind::Replacements, 5));
    assert_eq!(t.ended.last().unwrap().status, ActivityStatus::Failed);
    let said = advise(&t.view);
    assert_eq!(said[0].problem, "ReplacementBrakeEngaged", "{said:?}");

    // What is sick stays; what is missing is still made up for.
    t.now = t.now.plus_secs(86_400);
    let ill = some(&t, usize::MAX);
    look(&mut t, &ill);
    t.settle();
    assert_eq!(sick_ones(&t), 6);
    let gone = in_service(&t)[0];
    let machines = in_service(&t).into_iter().filter(|id| *id != gone);
    let machines = machines.map(|id| Arc::new(t.machine(id))).collect();
    t.now = t.now.plus_secs(10);
    let unknown = Observation {
        asked_at: t.now,
        machines,
        members: None,
        silent: Vec::new(),
    };
    t.command(GroupCommand::Observed(unknown)).unwrap();
    t.settle();
    assert_eq!(in_service(&t).len(), 6);

    // The others were healthy in that listing: the brake is released by itself.
    t.say("the members have turned healthy");
    assert!(t.view.group.retry.brake.is_none());
    insta::assert_snapshot!(t.text);
}

#[test]
fn somebody_who_acts_releases_the_brake_on_replacing() {
    let mut t = group(6, ReplaceMode::Reset);
    until_it_stops(&mut t);
    let stopped = replacements(&t).len();
    t.command(GroupCommand::Enable).unwrap();
    t.settle();
    assert!(t.view.group.retry.brake.is_none());
    assert_eq!(replacements(&t).len(), stopped + 1, "one is tried at once");
}

#[test]
fn a_single_member_that_never_gets_well_is_not_replaced_for_ever() {
    let mut t = group(2, ReplaceMode::Recreate);
    let healthy = in_service(&t)[0];
    let mut rounds = 0;
    while t.view.group.retry.brake.is_none() {
        rounds += 1;
        assert!(rounds < 100, "it never stops");
        t.now = t.now.plus_secs(60);
        let mut ill = some(&t, usize::MAX);
        ill.remove(&healthy);
        look(&mut t, &ill);
        t.settle();
        sleep(&mut t, 59);
        t.settle();
    }
    assert!(t.view.instances.contains_key(&healthy));
    // The first was old: replacing it did not fail.
    assert_eq!(rounds, 6);
    // One that proves itself is the end of the row.
    t.command(GroupCommand::Enable).unwrap();
    t.settle();
    let mut row = Vec::new();
    for wait in [60, 60, 400, 60] {
        t.now = t.now.plus_secs(wait);
        let mut ill = some(&t, usize::MAX);
        ill.remove(&healthy);
        look(&mut t, &ill);
        t.settle();
        t.now = t.now.plus_secs(1);
        t.settle();
        row.push(t.view.group.retry.early_sick);
    }
    assert_eq!(row, [1, 2, 2, 3]);
}

#[test]
fn machines_that_always_die_early_are_not_launched_for_ever() {
    let mut t = Table::new(spec(0, 1, 2));
    t.settle();
    let mut deaths = 0;
    while t.view.group.retry.brake.is_none() {
        deaths += 1;
        assert!(deaths < 100, "it never stops");
        t.now = t.now.plus_secs(1);
        let nothing = Observation {
            asked_at: t.now,
            machines: Vec::new(),
            members: None,
            silent: Vec::new(),
        };
        t.command(GroupCommand::Observed(nothing)).unwrap();
        t.settle();
        if in_service(&t).is_empty() {
            sleep(&mut t, 60);
            t.settle();
        }
    }
    let brake = t.view.group.retry.brake.clone().unwrap();
    assert_eq!((deaths, brake.kind), (20, BrakeKind::Deaths));
    t.settle();
    assert!(t.view.instances.is_empty(), "nothing is launched any more");
    t.command(GroupCommand::Enable).unwrap();
    t.settle();
    assert_eq!(in_service(&t).len(), 1);
}

#[test]
fn protection_is_from_replacement_too_but_not_at_huawei() {
    for (door, spared) in [
        (Door::Tencent3, true),
        (Door::Tencent2, true),
        (Door::Ksyun, true),
        (Door::Huawei, false),
    ] {
        let mut t = group(3, ReplaceMode::Recreate);
        Arc::make_mut(&mut t.view.group).door = door;
        let ill = some(&t, 1);
        let protect = GroupCommand::Protect {
            instances: ill.iter().copied().collect(),
            protected: true,
        };
        t.command(protect).unwrap();
        look(&mut t, &ill);
        t.settle();
        let there = ill.iter().all(|id| t.view.instances.contains_key(id));
        assert_eq!(there, spared, "{door:?}");
    }
}

#[test]
fn spot_machines_leave_before_they_are_taken_back_a_share_at_a_time() {
    let mut t = group(6, ReplaceMode::Recreate);
    let spot = in_service(&t);
    let view = &mut t.view;
    Arc::make_mut(&mut view.group).spec.capacity_rebalance = true;
    for instance in view.instances.values_mut() {
        let instance = Arc::make_mut(instance);
        instance.placement.spot = true;
        let reclaimed = instance.machine.as_mut().unwrap();
        reclaimed.reclaim_at = Some(Time(3_800_000));
    }
    t.settle();
    assert!(spot.iter().all(|id| !t.view.instances.contains_key(id)));
    let left: Vec<u32> = t
        .ended
        .iter()
        .filter(|a| a.kind == ActivityKind::ScaleIn)
        .map(|a| a.wanted)
        .collect();
    assert_eq!(left, [1, 1, 1, 1, 1, 1], "33 % of six");
}

#[test]
fn audits_come_at_the_periods_of_the_group() {
    for (period, found, acted) in [
        (0, 3605, 3605),
        (10, 3605, 3610),
        (60, 3605, 3660),
        (300, 3600, 3600),
        (300, 3601, 3900),
        (10_800, 3605, 10_800),
    ] {
        let mut t = group(3, ReplaceMode::Recreate);
        let health = HealthCheck {
            kind: HealthKind::Machine,
            period_secs: period,
            grace_secs: 0,
        };
        Arc::make_mut(&mut t.view.group).spec.health = health;
        t.now = Time(found * 1000);
        let ill = some(&t, 1);
        look(&mut t, &ill);
        t.settle();
        while replacements(&t).is_empty() {
            assert!(sleep(&mut t, 86_400) > 0, "{period}: it waits for a moment");
            t.settle();
        }
        assert_eq!(t.now.0 / 1000, acted, "{period} {found}");
    }
}

#[test]
fn no_policy_scales_in_while_much_is_unhealthy() {
    let mut t = group(6, ReplaceMode::Recreate);
    t.policy(simple("idle", Comparison::Less, 30.0, 1, AdjustBy::By(-2)));
    let ill = some(&t, 5);
    look(&mut t, &ill);
    t.settle();
    // What is unhealthy carries no load: the metric falls.
    t.measure_at(t.now, None, 5.0);
    t.now = t.now.plus_secs(60);
    let all = some(&t, usize::MAX);
    look(&mut t, &all);
    let turn = plan(&t.view, t.now, &mut t.ids, &t.settings);
    let said = &turn.record;
    assert_eq!(said.decision.desired, None, "{said:?}");
    assert!(said.words().contains("storm"), "{said:?}");
    assert_eq!(said.inputs.len(), 1);
    let input = &said.inputs[0];
    assert_eq!(
        (input.policy.as_str(), input.metric.as_str()),
        ("idle", "cpu_util")
    );
    assert_eq!(
        (input.periods.as_slice(), input.verdict),
        (&[Some(5.0)][..], "breach")
    );
    t.accept(&turn.change);
    t.calls.extend(turn.calls);
    t.settle();
    assert_eq!(t.desired(), 6);

    // They get well: at the next end of a period it does.
    look(&mut t, &BTreeSet::new());
    t.measure_at(t.now, None, 5.0);
    t.now = t.now.plus_secs(60);
    t.settle();
    assert_eq!(t.desired(), 4, "{:?}", t.reasons);
}
