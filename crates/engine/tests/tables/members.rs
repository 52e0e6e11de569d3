//! Who leaves, and members that people attach, detach and remove.

use std::sync::Arc;

use muster_model::{
    AdjustBy, Adjustment, CooldownRule, Error, GroupCommand, GroupPatch, GroupSpec, InstanceId,
    Key, Machine, MachineState, StepResult, TerminationPolicy, Time, Trigger, TriggerKind,
};

use crate::table::{Table, failed, spec};

#[test]
fn termination_policies_choose() {
    let orders = [
        (TerminationPolicy::OldestInstance, [0, 1, 2]),
        (TerminationPolicy::NewestInstance, [2, 1, 0]),
        (TerminationPolicy::OldestConfigOldestInstance, [1, 0, 2]),
        (TerminationPolicy::OldestConfigNewestInstance, [1, 2, 0]),
    ];
    for (termination, order) in orders {
        let mut t = Table::new(GroupSpec {
            termination,
            ..spec(0, 0, 3)
        });
        for n in 1..=3 {
            t.pass(60);
            t.command(GroupCommand::SetDesired {
                desired: n,
                min: None,
                max: None,
            })
            .unwrap();
            t.settle();
        }
        let members = t.members();
        let old = t.view.instances.get_mut(&members[1]).unwrap();
        Arc::make_mut(old).config.as_mut().unwrap().created_at = Time(-1000);
        let mut left = Vec::new();
        for n in (0..3).rev() {
            t.pass(60);
            t.command(GroupCommand::SetDesired {
                desired: n,
                min: None,
                max: None,
            })
            .unwrap();
            t.settle();
            left.push(
                members
                    .iter()
                    .position(|id| {
                        !t.view.instances.contains_key(id)
                            && !left.contains(&members.iter().position(|m| m == id).unwrap())
                    })
                    .unwrap(),
            );
        }
        assert_eq!(left, order, "{termination:?}");
    }
}

#[test]
fn members_by_hand() {
    let mut t = Table::new(spec(1, 1, 4));
    t.settle();
    t.pass(60);
    let foreign = InstanceId::new(Key::from_bits(7));
    let machine = Machine {
        owner: None,
        ..t.machine(foreign)
    };
    let attach = |machines: Vec<Machine>| GroupCommand::Attach {
        instances: vec![foreign],
        machines,
    };
    let _ = t.command(attach(Vec::new()));
    let _ = t.command(attach(vec![Machine {
        vpc: "vpc-2".to_owned(),
        ..machine.clone()
    }]));
    let _ = t.command(attach(vec![Machine {
        state: MachineState::Dead,
        ..machine.clone()
    }]));
    t.command(attach(vec![machine.clone()])).unwrap();
    let _ = t.command(GroupCommand::Detach {
        instances: vec![foreign],
    });
    t.settle();
    assert_eq!(t.view.group.spec.size.desired, 2);
    let _ = t.command(attach(vec![machine]));
    t.say("attached");
    let own = *t.members().iter().find(|id| **id != foreign).unwrap();
    let _ = t.command(GroupCommand::Remove {
        instances: vec![own, foreign],
    });
    t.command(GroupCommand::Remove {
        instances: vec![foreign],
    })
    .unwrap();
    t.settle();
    assert_eq!(t.view.group.spec.size.desired, 1);
    assert!(
        t.text.contains("release"),
        "an attached machine is handed back, not destroyed"
    );
    let _ = t.command(GroupCommand::Remove {
        instances: vec![foreign],
    });
    insta::assert_snapshot!(t.text);
}

#[test]
fn one_activity_at_a_time_and_bounds_hold() {
    let mut t = Table::new(spec(1, 2, 3));
    let _ = t.command(GroupCommand::ScaleOut { count: 1 });
    let _ = t.command(GroupCommand::Delete { force: false });
    t.settle();
    let _ = t.command(GroupCommand::ScaleOut { count: 2 });
    let _ = t.command(GroupCommand::ScaleOut { count: 0 });
    let _ = t.command(GroupCommand::ScaleIn { count: 2 });
    let _ = t.command(GroupCommand::Delete { force: false });
    let _ = t.command(GroupCommand::SetDesired {
        desired: 4,
        min: None,
        max: None,
    });
    let patch = GroupPatch {
        max: Some(1),
        ..GroupPatch::default()
    };
    let _ = t.command(GroupCommand::Modify(Box::new(patch)));
    t.command(GroupCommand::ScaleOut { count: 1 }).unwrap();
    t.settle();
    assert_eq!(t.view.group.spec.size.desired, 3);
    insta::assert_snapshot!(t.text);
}

#[test]
fn a_failed_scale_out_by_hand_does_not_raise_desired() {
    let mut t = Table::new(spec(0, 1, 3));
    t.settle();
    t.command(GroupCommand::ScaleOut { count: 2 }).unwrap();
    t.turn();
    let spoiled = t.calls[0].owner.instance;
    t.answer(|table, call| match call.owner.instance == spoiled {
        true => failed(),
        false => StepResult::Done(Some(Arc::new(table.machine(call.owner.instance)))),
    });
    t.settle();
    assert_eq!(
        (t.view.group.spec.size.desired, t.members().len()),
        (2, 2),
        "only by what was really created"
    );
}

#[test]
fn cooldown_holds_back_only_those_who_honor_it() {
    let mut t = Table::new(spec(0, 1, 5));
    t.settle();
    let adjust = |cooldown| {
        let trigger = Trigger {
            kind: TriggerKind::Policy {
                policy: muster_model::PolicyId::new(Key::from_bits(1)),
                cooldown_secs: None,
            },
            cooldown,
        };
        GroupCommand::Adjust(Adjustment {
            by: AdjustBy::By(1),
            trigger,
        })
    };
    // The launch that only met the wish of the new group starts none.
    t.command(adjust(CooldownRule::Honor)).unwrap();
    t.settle();
    assert_eq!(
        t.command(adjust(CooldownRule::Honor)),
        Err(Error::CoolingDown)
    );
    t.command(adjust(CooldownRule::Ignore)).unwrap();
    t.settle();
    t.pass(299);
    assert_eq!(
        t.command(adjust(CooldownRule::Honor)),
        Err(Error::CoolingDown)
    );
    t.pass(1);
    t.command(adjust(CooldownRule::Honor)).unwrap();
}
