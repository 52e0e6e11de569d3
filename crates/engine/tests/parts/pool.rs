//! Warm pools: filled beside the members, taken from before anything is launched, never more than declared (promise P1).

use std::sync::Arc;

use muster_model::{
    AttemptCode, CallKind, Error, GroupCommand, GroupSpec, InstanceId, Lifecycle, Machine,
    MachineHealth, MachineState, Observation, ScheduleCommand, ScheduleSpec, ScheduleTimes, Spread,
    StepOutcome, StepResult, Time, WarmPoolCommand,
};

use super::common::{Table, spec};

fn put(t: &mut Table, capacity: Option<u32>, init_wait_secs: Option<u32>) {
    t.command(GroupCommand::WarmPool(WarmPoolCommand::Put {
        capacity,
        init_wait_secs,
    }))
    .unwrap();
}

fn close(t: &mut Table) {
    t.command(GroupCommand::WarmPool(WarmPoolCommand::Close))
        .unwrap();
}

fn desire(t: &mut Table, desired: u32) {
    t.command(GroupCommand::SetDesired {
        desired,
        min: None,
        max: None,
    })
    .unwrap();
}

/// How many of the pool are in each of these states.
fn pooled(t: &Table, state: Lifecycle) -> usize {
    t.view
        .pool
        .values()
        .filter(|row| row.state == state)
        .count()
}

/// A group of two that serve, with a pool of two that are ready.
fn ready(spec: GroupSpec) -> Table {
    let mut t = Table::new(spec);
    t.settle();
    put(&mut t, Some(2), Some(30));
    t.settle();
    t.now = t.now.plus_secs(30);
    t.settle();
    assert_eq!(pooled(&t, Lifecycle::Stopped), 2);
    t
}

fn wake(t: &mut Table) {
    t.now = t.view.group.wake_at.unwrap();
    t.settle();
}

#[test]
fn a_pool_is_filled_and_taken_from_first() {
    let mut t = Table::new(spec(0, 2, 4));
    t.settle();
    put(&mut t, Some(2), Some(30));
    t.settle();
    t.say("the machines of the pool run");
    wake(&mut t);
    t.say("30 s later they are stopped");
    t.now = t.now.plus_secs(60);
    let before: Vec<InstanceId> = t.view.pool.keys().copied().collect();
    desire(&mut t, 3);
    t.say("one more is wanted: it is started, not launched");
    t.settle();
    t.say("the pool is filled up");
    let taken = t.newest();
    assert!(before.contains(&taken) && t.view.instances[&taken].created_at == t.now);
    wake(&mut t);
    close(&mut t);
    t.say("the pool is closed");
    t.settle();
    t.say("and empty");
    insta::assert_snapshot!(t.text);
}

#[test]
fn what_is_not_ready_is_launched_beside_the_pool() {
    let mut t = ready(spec(0, 2, 6));
    desire(&mut t, 6);
    let calls = t.view.instances.values();
    let mut kinds: Vec<&str> = calls
        .filter_map(|i| i.call.as_ref().map(|call| call.kind.name()))
        .collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["launch", "launch", "start", "start"]);
    t.settle();
    assert_eq!(t.view.instances.len(), 6);
    wake(&mut t);
    assert_eq!((t.view.pool.len(), t.view.machines()), (2, 8));
    assert_eq!(t.view.most_machines(), 8);
}

#[test]
fn a_closed_pool_takes_the_place_of_members_until_it_is_gone() {
    let mut t = ready(spec(0, 2, 4));
    close(&mut t);
    assert_eq!(pooled(&t, Lifecycle::Terminating), 2);
    assert_eq!(t.view.most_machines(), 4);
    desire(&mut t, 4);
    // Two that serve and two that are not proved gone are the maximum.
    assert_eq!((t.view.instances.len(), t.view.machines()), (2, 4));
    t.settle();
    assert_eq!((t.view.instances.len(), t.view.pool.len()), (4, 0));
}

#[test]
fn a_pool_without_numbers_holds_what_separates_desired_from_the_maximum() {
    let mut t = Table::new(spec(0, 1, 4));
    t.settle();
    put(&mut t, None, None);
    assert_eq!(t.view.pool_capacity(), 3);
    t.settle();
    assert_eq!(pooled(&t, Lifecycle::Stopped), 3);
    put(&mut t, Some(1), Some(9));
    t.settle();
    assert_eq!(pooled(&t, Lifecycle::Stopped), 1);
    put(&mut t, None, None);
    let pool = t.view.group.warm_pool.as_ref().unwrap();
    assert_eq!((pool.capacity, pool.init_wait_secs), (1, 9));
    let over = WarmPoolCommand::Put {
        capacity: Some(2001),
        init_wait_secs: None,
    };
    let refused = t.command(GroupCommand::WarmPool(over));
    assert!(matches!(refused, Err(Error::Invalid { .. })), "{refused:?}");
}

#[test]
fn a_disabled_group_does_not_fill_its_pool_but_empties_it() {
    let mut t = Table::new(GroupSpec {
        enabled: false,
        ..spec(0, 0, 4)
    });
    put(&mut t, Some(2), None);
    t.settle();
    assert_eq!(t.view.machines(), 0);
    t.command(GroupCommand::Enable).unwrap();
    t.settle();
    assert_eq!(pooled(&t, Lifecycle::Stopped), 2);
    t.command(GroupCommand::Disable).unwrap();
    close(&mut t);
    t.settle();
    assert_eq!(t.view.machines(), 0);
}

#[test]
fn failures_make_the_pool_wait_and_leave_the_group_alone() {
    let mut t = Table::new(spec(0, 1, 4));
    t.settle();
    t.refused = 3;
    put(&mut t, Some(1), None);
    for (failures, wait) in [(1, 10), (2, 20), (3, 40)] {
        t.settle();
        let pool = t.view.group.warm_pool.clone().unwrap();
        assert_eq!(pool.failures, failures);
        assert_eq!(pool.not_before, Some(t.now.plus_secs(wait)));
        assert!(t.view.pool.is_empty());
        assert_eq!(t.view.group.retry.failures, 0);
        assert_eq!(t.view.group.wake_at, pool.not_before);
        t.now = t.now.plus_secs(wait);
    }
    t.settle();
    assert_eq!(pooled(&t, Lifecycle::Stopped), 1);
    assert_eq!(t.view.group.warm_pool.as_ref().unwrap().failures, 0);
}

/// The answer to the only call of an instance of the pool.
fn answer(t: &mut Table, id: InstanceId, result: StepResult) {
    let plan = muster_engine::plan(&t.view, t.now, &mut t.ids, &t.settings);
    t.accept(&plan.change);
    let call = plan.calls.iter().find(|call| call.owner.instance == id);
    let call = call.unwrap();
    t.command(GroupCommand::StepDone(StepOutcome {
        instance: id,
        kind: call.kind,
        attempt: call.attempt,
        until: call.until,
        result,
    }))
    .unwrap();
}

#[test]
fn one_that_does_not_start_is_destroyed_and_made_up_for() {
    let mut t = ready(spec(0, 2, 4));
    desire(&mut t, 3);
    let id = t.newest();
    assert_eq!(t.view.instances[&id].state, Lifecycle::Starting);
    let result = StepResult::Refused {
        code: AttemptCode::Failed,
        message: "it does not start".to_owned(),
    };
    answer(&mut t, id, result);
    assert_eq!(t.view.instances[&id].state, Lifecycle::Terminating);
    t.command(GroupCommand::Enable).unwrap();
    t.settle();
    t.now = t.now.plus_secs(60);
    t.settle();
    assert!(!t.view.instances.contains_key(&id));
}

#[test]
fn one_that_does_not_stop_is_no_use() {
    let mut t = Table::new(spec(0, 0, 4));
    put(&mut t, Some(1), None);
    let id = *t.view.pool.keys().next().unwrap();
    let machine = Arc::new(t.machine(id));
    answer(&mut t, id, StepResult::Done(Some(machine)));
    assert_eq!(t.view.pool[&id].state, Lifecycle::Stopping);
    let result = StepResult::Refused {
        code: AttemptCode::Failed,
        message: "it does not stop".to_owned(),
    };
    answer(&mut t, id, result);
    assert_eq!(t.view.pool[&id].state, Lifecycle::Terminating);
    assert_eq!(t.view.group.warm_pool.as_ref().unwrap().failures, 1);
}

fn listed(t: &mut Table, machines: Vec<Machine>) {
    t.now = t.now.plus_secs(1);
    let observation = Observation {
        asked_at: t.now,
        machines: machines.into_iter().map(Arc::new).collect(),
        members: None,
        silent: Vec::new(),
    };
    t.command(GroupCommand::Observed(observation)).unwrap();
}

#[test]
fn machines_of_the_pool_that_vanish_or_are_sick_are_made_up_for() {
    let mut t = ready(spec(0, 0, 4));
    let ids: Vec<InstanceId> = t.view.pool.keys().copied().collect();
    let stopped = |t: &Table, id, health| Machine {
        state: MachineState::Stopped,
        health,
        ..t.machine(id)
    };
    let both = ids
        .iter()
        .map(|id| stopped(&t, *id, MachineHealth::Unknown));
    let both = both.collect();
    listed(&mut t, both);
    assert_eq!(
        pooled(&t, Lifecycle::Stopped),
        2,
        "they are as they are to be"
    );
    let sick = stopped(&t, ids[1], MachineHealth::Unhealthy);
    listed(&mut t, vec![sick]);
    assert_eq!(pooled(&t, Lifecycle::Terminating), 2);
    // No member vanished: no activity says so.
    assert!(t.view.activities.values().all(|a| a.status.is_ended()));
    t.settle();
    wake(&mut t);
    let now: Vec<InstanceId> = t.view.pool.keys().copied().collect();
    assert_eq!(now.len(), 2);
    assert!(now.iter().all(|id| !ids.contains(id)));
}

#[test]
fn another_configuration_makes_the_pool_anew() {
    let mut t = ready(spec(0, 0, 4));
    let mut config = (**t.view.config.as_ref().unwrap()).clone();
    config.version += 1;
    t.view.config = Some(Arc::new(config));
    t.command(GroupCommand::ConfigChanged).unwrap();
    assert_eq!(pooled(&t, Lifecycle::Terminating), 2);
    t.settle();
    wake(&mut t);
    let versions = t
        .view
        .pool
        .values()
        .map(|row| row.config.as_ref().unwrap().version);
    assert_eq!(versions.collect::<Vec<_>>(), [2, 2]);
}

#[test]
fn a_pool_spreads_as_the_group_does() {
    let mut two = spec(0, 0, 4);
    two.network.subnets = vec!["s1".to_owned(), "s2".to_owned()];
    two.spread = Spread::Balanced;
    let mut t = ready(two);
    let places = |t: &Table| {
        let rows = t.view.rows().map(|row| row.placement.subnet.clone());
        let mut rows: Vec<_> = rows.collect();
        rows.sort();
        rows
    };
    assert_eq!(places(&t), ["s1", "s2"]);
    desire(&mut t, 2);
    t.settle();
    let members = t.view.instances.values();
    let mut subnets: Vec<_> = members.map(|i| i.placement.subnet.clone()).collect();
    subnets.sort();
    assert_eq!(subnets, ["s1", "s2"]);
}

#[test]
fn what_the_pool_holds_is_no_member() {
    let mut t = ready(spec(0, 1, 4));
    let id = *t.view.pool.keys().next().unwrap();
    let instances = vec![id];
    for command in [
        GroupCommand::Remove {
            instances: instances.clone(),
        },
        GroupCommand::Protect {
            instances: instances.clone(),
            protected: true,
        },
        GroupCommand::Start { instances },
    ] {
        let refused = t.command(command);
        assert!(
            matches!(refused, Err(Error::NotMembers { .. })),
            "{refused:?}"
        );
    }
    assert_eq!(t.until(id, CallKind::Start).0, 0);
}

#[test]
fn a_group_that_is_deleted_waits_for_what_runs_and_follows_no_schedule() {
    let mut t = Table::new(spec(0, 1, 4));
    t.settle();
    let at = |secs| Time(0).plus_secs(secs);
    let times = ScheduleTimes {
        start_at: at(60),
        end_at: None,
        cron: None,
        zone: "UTC".to_owned(),
        repeat: None,
    };
    let schedule = ScheduleCommand::Create(Box::new(ScheduleSpec {
        name: "at".to_owned(),
        times,
        min: 0,
        max: 4,
        desired: Some(4),
    }));
    t.command(GroupCommand::Schedule(schedule)).unwrap();
    t.now = at(10);
    desire(&mut t, 2);
    let id = t.newest();
    let plan = muster_engine::plan(&t.view, t.now, &mut t.ids, &t.settings);
    t.accept(&plan.change);
    t.command(GroupCommand::Delete { force: true }).unwrap();
    t.now = at(61);
    let later = muster_engine::plan(&t.view, t.now, &mut t.ids, &t.settings);
    assert!(later.change.is_empty() && later.calls.is_empty());
    let states: Vec<_> = t.view.instances.values().map(|i| i.state).collect();
    assert!(states.contains(&Lifecycle::InService), "{states:?}");
    assert!(t.view.group.busy.is_some() && t.view.group.spec.size.desired == 2);
    assert!(t.view.group.wake_at.unwrap() > t.now);
    // What ran is over: all go.
    let call = plan.calls.iter().find(|call| call.owner.instance == id);
    let call = call.unwrap();
    let machine = Arc::new(t.machine(id));
    t.command(GroupCommand::StepDone(StepOutcome {
        instance: id,
        kind: call.kind,
        attempt: call.attempt,
        until: call.until,
        result: StepResult::Done(Some(machine)),
    }))
    .unwrap();
    let mut states = t.view.instances.values().map(|i| i.state);
    assert!(states.all(|state| state == Lifecycle::Terminating));
}

#[test]
fn a_group_that_is_deleted_takes_its_pool_along() {
    for force in [false, true] {
        let mut t = ready(spec(0, 0, 4));
        t.command(GroupCommand::Delete { force }).unwrap();
        assert!(t.view.group.deleting);
        assert_eq!(pooled(&t, Lifecycle::Terminating), 2);
    }
}
