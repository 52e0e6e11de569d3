//! Growth and shrinking, what is refused, tried again or lost, and what holds launches back.

use muster_engine::explain;
use muster_model::{
    CallKind, Error, GroupCommand, GroupSpec, InstanceId, Key, MachineState, RetryPolicy, Spread,
    StepOutcome, StepResult, Time,
};

use crate::table::{Table, failed, sold_out, spec};

#[test]
fn first_group_grows_and_shrinks() {
    let mut t = Table::new(spec(0, 2, 5));
    t.say("created: the intent is there, nothing was asked");
    t.turn();
    t.done();
    t.say("launched");
    t.pass(60);
    t.command(GroupCommand::SetDesired {
        desired: 1,
        min: None,
        max: None,
    })
    .unwrap();
    t.settle();
    t.say("desired 1: the oldest left");
    insta::assert_snapshot!(t.text);
}

#[test]
fn sold_out_types_fall_back_by_type_then_place() {
    let mut t = Table::new(spec(0, 1, 5));
    t.turn();
    t.answer(|_, _| sold_out());
    t.say("A is sold out in s1: A in s2 outranks B");
    t.turn();
    t.answer(|_, _| sold_out());
    t.turn();
    t.answer(|_, _| sold_out());
    t.turn();
    t.answer(|_, _| sold_out());
    t.say("everything is sold out");
    insta::assert_snapshot!(t.text);
}

#[test]
fn a_refusal_after_silence_does_not_prove_anything() {
    let mut t = Table::new(spec(0, 1, 1));
    t.turn();
    t.answer(|_, _| StepResult::Unknown {
        message: "lost".to_owned(),
    });
    t.pass(1);
    t.turn();
    t.answer(|_, _| failed());
    t.say("the first attempt may still come true: its key is destroyed before another machine is asked for");
    t.turn();
    t.done();
    t.say("proved gone");
    insta::assert_snapshot!(t.text);
}

#[test]
fn late_and_doubled_answers_change_nothing() {
    let mut t = Table::new(spec(0, 1, 1));
    t.turn();
    let call = t.calls[0].clone();
    t.done();
    let before = t.view.clone();
    for result in [failed(), sold_out(), StepResult::Done(None)] {
        let outcome = StepOutcome {
            instance: call.owner.instance,
            kind: call.kind,
            attempt: call.attempt,
            until: call.until,
            result,
        };
        t.command(GroupCommand::StepDone(outcome)).unwrap();
    }
    assert_eq!(t.view, before);
}

#[test]
fn immediate_retries_end_in_a_brake_with_a_reason() {
    let mut t = Table::new(spec(0, 1, 2));
    let mut failures = 0;
    for _ in 0..200 {
        t.turn();
        failures += t.calls.len();
        t.answer(|_, _| failed());
        t.pass(1);
    }
    assert_eq!(failures, 5, "five activities in a row, then nothing");
    let brake = t.view.group.retry.brake.clone().unwrap();
    assert_eq!(
        (brake.failures, brake.reason.as_str()),
        (5, "the host is on fire")
    );
    assert_eq!(
        t.view.group.wake_at, None,
        "a braked group waits for somebody"
    );
    t.text.clear();
    t.turn();
    t.command(GroupCommand::Enable).unwrap();
    t.settle();
    t.say("somebody acted: the brake is released");
    insta::assert_snapshot!(t.text);
}

#[test]
fn incremental_retries_slow_down_to_a_day() {
    let mut t = Table::new(GroupSpec {
        retry: RetryPolicy::Incremental,
        ..spec(0, 1, 2)
    });
    let mut waits = Vec::new();
    for _ in 0..16 {
        t.turn();
        t.answer(|_, _| failed());
        let wake = t.view.group.retry.not_before.unwrap();
        waits.push(wake.millis_since(t.now) / 1000);
        t.now = wake;
    }
    assert_eq!(
        waits,
        [
            0, 1, 2, 4, 8, 16, 16, 16, 16, 600, 1800, 3600, 86_400, 86_400, 86_400, 86_400
        ]
    );
}

#[test]
fn no_retry_waits_for_somebody() {
    let mut t = Table::new(GroupSpec {
        retry: RetryPolicy::None,
        ..spec(0, 1, 2)
    });
    t.turn();
    t.answer(|_, _| failed());
    t.pass(100_000);
    t.turn();
    assert!(t.calls.is_empty());
    t.command(GroupCommand::SetDesired {
        desired: 1,
        min: None,
        max: None,
    })
    .unwrap();
    t.turn();
    assert_eq!(t.calls.len(), 1);
}

#[test]
fn balanced_groups_fill_the_emptier_subnet() {
    let mut t = Table::new(GroupSpec {
        spread: Spread::Balanced,
        ..spec(0, 5, 9)
    });
    t.settle();
    let count = |t: &Table, subnet: &str| {
        t.view
            .instances
            .values()
            .filter(|i| i.placement.subnet == subnet)
            .count()
    };
    assert_eq!((count(&t, "s1"), count(&t, "s2")), (3, 2));
    assert!(
        t.view
            .instances
            .values()
            .all(|i| i.placement.instance_type == "A")
    );
}

#[test]
fn vanished_machines_are_proved_gone_and_made_up_for() {
    let mut t = Table::new(spec(0, 2, 2));
    t.settle();
    t.pass(60);
    t.text.clear();
    let first = t.members()[0];
    t.observe(|machines| machines.retain(|m| m.id != first));
    t.say("one is missing from the listing: it counts until it is proved gone, so nothing is launched at max");
    t.turn();
    t.done();
    t.say("proved gone");
    t.settle();
    t.say("made up for");
    insta::assert_snapshot!(t.text);
}

#[test]
fn a_disabled_group_records_a_loss_and_leaves_it_at_that() {
    let mut t = Table::new(spec(0, 2, 2));
    t.settle();
    t.pass(60);
    t.command(GroupCommand::Disable).unwrap();
    let first = t.members()[0];
    t.observe(|machines| {
        machines
            .iter_mut()
            .filter(|m| m.id == first)
            .for_each(|m| m.state = MachineState::Dead)
    });
    t.settle();
    assert_eq!(t.members().len(), 1);
    assert_eq!(
        t.command(GroupCommand::SetDesired {
            desired: 1,
            min: None,
            max: None
        }),
        Err(Error::Disabled)
    );
    t.command(GroupCommand::ScaleIn { count: 1 }).unwrap();
    t.settle();
    assert_eq!(
        (t.members().len(), t.view.group.spec.size.desired),
        (0, 1),
        "by hand it still works"
    );
}

#[test]
fn strangers_with_our_key_are_destroyed_but_not_on_old_news() {
    let mut t = Table::new(spec(0, 1, 2));
    t.settle();
    t.pass(60);
    let stranger = InstanceId::new(Key::from_bits(99));
    let machine = t.machine(stranger);
    t.observe(|machines| machines.push(machine.clone()));
    assert!(t.view.instances.contains_key(&stranger));
    t.settle();
    assert!(!t.view.instances.contains_key(&stranger), "proved gone");
    t.observe(|machines| machines.push(machine.clone()));
    assert!(
        !t.view.instances.contains_key(&stranger),
        "a listing from before it left says nothing"
    );
    t.pass(1);
    t.observe(|machines| machines.push(machine.clone()));
    assert!(t.view.instances.contains_key(&stranger), "a later one does");
}

#[test]
fn an_activity_ends_when_its_time_is_up() {
    let mut t = Table::new(spec(0, 1, 1));
    t.turn();
    t.calls.clear();
    for _ in 0..80 {
        t.pass(30);
        t.turn();
        t.answer(|_, call| match call.kind {
            CallKind::Terminate => StepResult::Unknown {
                message: "lost".to_owned(),
            },
            _ => StepResult::Unknown {
                message: "lost".to_owned(),
            },
        });
    }
    assert_eq!(
        t.view.group.busy,
        None,
        "{}",
        explain::view_text(&t.view, Time(0))
    );
    assert_eq!(t.view.instances.len(), 1, "not proved gone: still counted");
    assert!(t.view.group.retry.failures > 0);
}

#[test]
fn a_restart_asks_again_with_the_same_key() {
    let mut t = Table::new(spec(0, 2, 2));
    t.turn();
    let before: Vec<_> = t
        .calls
        .drain(..)
        .map(|call| (call.owner, call.kind))
        .collect();
    t.command(GroupCommand::Recover).unwrap();
    t.turn();
    let after: Vec<_> = t
        .calls
        .iter()
        .map(|call| (call.owner.clone(), call.kind))
        .collect();
    assert_eq!(before, after);
    assert!(t.calls.iter().all(|call| call.attempt == 2));
}

#[test]
fn machines_that_keep_dying_early_are_replaced_ever_more_slowly() {
    let mut t = Table::new(spec(0, 1, 2));
    t.settle();
    let mut waits = Vec::new();
    for _ in 0..10 {
        t.pass(1);
        t.observe(Vec::clear);
        t.settle();
        let mut waited = 0;
        while t.view.instances.is_empty() {
            t.pass(1);
            waited += 1;
            t.settle();
        }
        waits.push(waited);
    }
    assert_eq!(waits, [0, 0, 1, 2, 4, 8, 16, 32, 60, 60]);
}
