//! What becomes of the unhealthy: replaced, reset, or left alone.

use std::sync::Arc;

use muster_model::{
    AttemptCode, CallKind, GroupCommand, GroupSpec, InstanceId, Key, Lifecycle, Machine,
    MachineHealth, Observation, ReplaceMode, ServiceSettings, StepResult,
};

use crate::table::{Table, spec};

#[test]
fn unhealthy_instances_are_replaced_but_protected_ones_stay() {
    let service = ServiceSettings {
        replace_unhealthy: true,
        ..ServiceSettings::default()
    };
    let mut t = Table::new(GroupSpec {
        service,
        ..spec(0, 2, 2)
    });
    t.settle();
    t.pass(60);
    t.text.clear();
    let members = t.members();
    t.command(GroupCommand::Protect {
        instances: vec![members[0]],
        protected: true,
    })
    .unwrap();
    t.observe(|machines| {
        machines
            .iter_mut()
            .for_each(|m| m.health = MachineHealth::Unhealthy)
    });
    t.say("both are unhealthy, one is protected");
    t.settle();
    t.say("replaced");
    assert!(
        t.view.instances.contains_key(&members[0]) && !t.view.instances.contains_key(&members[1])
    );
    insta::assert_snapshot!(t.text);
}

/// A group of two that resets what is unhealthy, with one unhealthy member.
fn sick_one_to_reset() -> (Table, InstanceId) {
    let service = ServiceSettings {
        replace_unhealthy: true,
        replace_mode: ReplaceMode::Reset,
        ..ServiceSettings::default()
    };
    let mut t = Table::new(GroupSpec {
        service,
        ..spec(0, 2, 2)
    });
    t.settle();
    t.pass(60);
    t.text.clear();
    let sick = t.members()[0];
    t.observe(|machines| {
        machines
            .iter_mut()
            .filter(|m| m.id == sick)
            .for_each(|m| m.health = MachineHealth::Unhealthy)
    });
    (t, sick)
}

#[test]
fn an_unhealthy_machine_is_reset_in_place() {
    let (mut t, sick) = sick_one_to_reset();
    t.say("one is unhealthy");
    t.turn();
    // A listing that was asked for while it was being reinstalled says nothing.
    let asked_at = t.now;
    t.pass(5);
    t.done();
    t.command(GroupCommand::Observed(Observation {
        asked_at,
        machines: t
            .members()
            .into_iter()
            .filter(|id| *id != sick)
            .map(|id| Arc::new(t.machine(id)))
            .collect(),
        members: None,
        silent: Vec::new(),
    }))
    .unwrap();
    t.settle();
    t.say("reset");
    assert_eq!(t.view.instances[&sick].state, Lifecycle::InService);
    assert!(t.view.instances[&sick].health.is_healthy());
    insta::assert_snapshot!(t.text);
}

#[test]
fn a_machine_that_cannot_be_reset_is_replaced() {
    let (mut t, sick) = sick_one_to_reset();
    t.turn();
    t.answer(|_, _| StepResult::Refused {
        code: AttemptCode::Failed,
        message: "no such image".to_owned(),
    });
    t.settle();
    t.say("the reset was refused");
    assert!(!t.view.instances.contains_key(&sick));
    assert_eq!(t.view.instances.len(), 2);
    insta::assert_snapshot!(t.text);
}

#[test]
fn an_attach_that_runs_out_of_time_does_not_destroy_the_machine() {
    let mut t = Table::new(spec(0, 0, 2));
    let id = InstanceId::new(Key::from_bits(77));
    let machine = Machine {
        owner: None,
        ..t.machine(id)
    };
    t.command(GroupCommand::Attach {
        instances: vec![id],
        machines: vec![machine],
    })
    .unwrap();
    t.turn();
    t.calls.clear();
    t.pass(4000);
    t.turn();
    let instance = &t.view.instances[&id];
    assert_eq!(
        instance.call.as_ref().map(|call| call.kind),
        Some(CallKind::Release)
    );
}

#[test]
fn unknown_health_is_not_bad_health() {
    let service = ServiceSettings {
        replace_unhealthy: true,
        ..ServiceSettings::default()
    };
    let mut t = Table::new(GroupSpec {
        service,
        ..spec(0, 2, 2)
    });
    t.settle();
    t.pass(60);
    let before = t.members();
    t.observe(|machines| {
        machines
            .iter_mut()
            .for_each(|m| m.health = MachineHealth::Unknown)
    });
    t.settle();
    assert_eq!(t.members(), before);
}
