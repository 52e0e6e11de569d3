//! What leaves has time for what it still does.

use std::sync::Arc;

use muster_model::{
    GroupCommand, InstanceId, Machine, MachineState, Observation, StepResult, Time,
};

use crate::table::{Table, spec};

fn draining(left: u32) -> StepResult {
    StepResult::Draining { left }
}

#[test]
fn what_leaves_is_drained_until_nothing_is_left() {
    let mut t = Table::new(spec(0, 1, 5));
    t.settle();
    t.command(GroupCommand::ScaleIn { count: 1 }).unwrap();
    t.turn();
    t.answer(&draining(3));
    t.say("drained, and it still has something: looked at again in a second");
    t.turn();
    assert_eq!(t.calls, [], "not before that");
    t.now = t.now.plus_secs(1);
    t.turn();
    t.command(GroupCommand::Recover).unwrap();
    t.calls.clear();
    t.say("a restart in between: asked again, with the same deadline");
    t.turn();
    t.answer(&draining(0));
    t.say("a balancer that does not count: it gets all its time");
    t.now = t.now.plus_secs(1);
    t.turn();
    t.answer(&StepResult::Done(None));
    t.say("nothing is left: its machine goes");
    insta::assert_snapshot!(t.text);
}

#[test]
fn draining_ends_at_its_deadline() {
    let mut t = Table::new(spec(0, 1, 5));
    t.settle();
    t.command(GroupCommand::ScaleIn { count: 1 }).unwrap();
    let mut looks = 0;
    while t.now < Time(30_000) {
        t.turn();
        looks += t.calls.len();
        let intent = t.view.instances.values().all(|i| i.drain_by.is_some());
        assert!(intent, "nothing is cut off before the deadline");
        t.answer(&draining(1));
        t.now = t.view.group.wake_at.unwrap().max(t.now);
    }
    assert_eq!(looks, 30);
    t.turn();
    t.say("its time is up: what it has is cut off with this call");
    t.answer(&draining(1));
    t.say("an answer to what was asked before: asked once more");
    t.now = t.now.plus_secs(1);
    t.settle();
    t.say("gone");
    insta::assert_snapshot!(t.text);
}

#[test]
fn a_balancer_that_falls_silent_while_draining_holds_nobody_for_ever() {
    let mut t = Table::new(spec(0, 1, 5));
    t.settle();
    t.command(GroupCommand::ScaleIn { count: 1 }).unwrap();
    t.turn();
    t.answer(&draining(1));
    let secs = 30 + i64::from(t.settings.balancer_patience_secs);
    t.fail_for(secs + i64::from(t.settings.call_backoff_max_secs));
    assert!(t.view.instances.is_empty(), "it has gone all the same");
}

#[test]
fn a_dead_machine_is_not_drained() {
    let mut t = Table::new(spec(0, 2, 5));
    t.settle();
    let ids: Vec<InstanceId> = t.view.instances.keys().copied().collect();
    let remove = GroupCommand::Remove {
        instances: vec![ids[0]],
    };
    t.command(remove).unwrap();
    t.turn();
    t.answer(&draining(1));
    t.now = t.now.plus_secs(1);
    let machines = ids.iter().map(|id| {
        let state = MachineState::Dead;
        Arc::new(Machine {
            state,
            ..t.machine(*id)
        })
    });
    let observation = Observation {
        asked_at: t.now,
        machines: machines.collect(),
        members: None,
        silent: Vec::new(),
    };
    t.command(GroupCommand::Observed(observation)).unwrap();
    t.say("one died while it was drained, the other while it served: neither is waited for");
    insta::assert_snapshot!(t.text);
}

#[test]
fn one_that_is_stopped_reset_or_stood_by_is_drained_first() {
    let mut t = Table::new(spec(0, 1, 5));
    t.settle();
    let id = *t.view.instances.keys().next().unwrap();
    t.command(GroupCommand::EnterStandby {
        instances: vec![id],
    })
    .unwrap();
    t.turn();
    t.answer(&draining(2));
    t.say("on its way into standby: no new load, and it finishes what it has");
    t.now = t.now.plus_secs(1);
    t.settle();
    t.say("on standby");
    t.command(GroupCommand::ExitStandby {
        instances: vec![id],
    })
    .unwrap();
    t.settle();
    t.refresh(false);
    t.turn();
    t.answer(&draining(2));
    t.say("to be reinstalled: drained first");
    t.now = t.now.plus_secs(1);
    t.settle();
    t.say("reinstalled, and bound again");
    t.command(GroupCommand::Stop {
        instances: vec![id],
        mode: muster_model::StopMode::KeepCharging,
    })
    .unwrap();
    t.turn();
    t.answer(&draining(2));
    t.say("to be stopped: drained first");
    t.now = t.now.plus_secs(1);
    t.settle();
    t.say("stopped");
    insta::assert_snapshot!(t.text);
}

#[test]
fn without_time_to_drain_everything_is_cut_off() {
    let mut t = Table::new(spec(0, 1, 5));
    t.settings.drain_secs = 0;
    t.settle();
    t.command(GroupCommand::ScaleIn { count: 1 }).unwrap();
    assert!(t.view.instances.values().all(|i| i.drain_by.is_none()));
    t.settle();
    assert!(t.view.instances.is_empty());
}
