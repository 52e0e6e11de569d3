//! Members that are stopped, woken and on standby.

use std::sync::Arc;

use muster_model::{
    AdjustBy, Adjustment, CallKind, CooldownRule, Error, GroupCommand, GroupSpec, Ids, Lifecycle,
    MachineState, ScalingMode, ServiceSettings, StepResult, StopMode, Trigger, TriggerKind,
};

use crate::table::{Table, spec};

/// Answers stops with a stopped machine and all else with a running one, until nothing is due.
fn settle_stops(t: &mut Table) {
    loop {
        t.turn();
        if t.calls.is_empty() {
            return;
        }
        t.answer(|table, call| {
            let mut machine = table.machine(call.owner.instance);
            if matches!(call.kind, CallKind::Stop(_)) {
                machine.state = MachineState::Stopped;
            }
            StepResult::Done(Some(Arc::new(machine)))
        });
    }
}

fn states(t: &Table) -> Vec<Lifecycle> {
    let mut states: Vec<Lifecycle> = t.view.instances.values().map(|i| i.state).collect();
    states.sort_unstable();
    states
}

#[test]
fn stopped_ones_rest_and_start_again() {
    let mut t = Table::new(spec(0, 2, 3));
    t.settle();
    t.text.clear();
    let instances = vec![t.members()[0]];
    let mode = StopMode::StopCharging;
    t.command(GroupCommand::Stop {
        instances: instances.clone(),
        mode,
    })
    .unwrap();
    settle_stops(&mut t);
    t.say("stopped");
    assert_eq!(states(&t), [Lifecycle::InService, Lifecycle::Stopped]);
    assert_eq!(t.view.group.spec.size.desired, 1, "nothing is made up for");
    assert!(matches!(
        t.command(GroupCommand::Stop {
            instances: instances.clone(),
            mode
        }),
        Err(Error::NothingToDo)
    ));
    t.command(GroupCommand::Start { instances }).unwrap();
    settle_stops(&mut t);
    t.say("started");
    assert_eq!(states(&t), [Lifecycle::InService; 2]);
    assert_eq!(t.view.group.spec.size.desired, 2);
    insta::assert_snapshot!(t.text);
}

#[test]
fn stopped_ones_are_woken_before_new_ones_are_made_even_at_the_maximum() {
    let service = ServiceSettings {
        scaling_mode: ScalingMode::WakeUpStopped,
        ..ServiceSettings::default()
    };
    let mut t = Table::new(GroupSpec {
        service,
        ..spec(0, 2, 2)
    });
    t.settle();
    let before = t.members();
    t.command(GroupCommand::Stop {
        instances: before.clone(),
        mode: StopMode::KeepCharging,
    })
    .unwrap();
    settle_stops(&mut t);
    assert_eq!(states(&t), [Lifecycle::Stopped; 2]);
    t.command(GroupCommand::SetDesired {
        desired: 3,
        min: None,
        max: Some(3),
    })
    .unwrap();
    settle_stops(&mut t);
    assert_eq!(states(&t), [Lifecycle::InService; 3]);
    assert!(before.iter().all(|id| t.view.instances.contains_key(id)));
    // An alarm always creates.
    t.command(GroupCommand::Stop {
        instances: vec![before[0]],
        mode: StopMode::KeepCharging,
    })
    .unwrap();
    settle_stops(&mut t);
    t.command(GroupCommand::SetDesired {
        desired: 2,
        min: None,
        max: Some(4),
    })
    .unwrap();
    t.pass(400);
    t.command(GroupCommand::Adjust(Adjustment {
        by: AdjustBy::By(1),
        trigger: Trigger {
            kind: TriggerKind::Policy {
                policy: Ids::new(9).next_id(),
                cooldown_secs: None,
            },
            cooldown: CooldownRule::Honor,
        },
    }))
    .unwrap();
    settle_stops(&mut t);
    assert_eq!(t.view.instances[&before[0]].state, Lifecycle::Stopped);
    assert_eq!(t.view.instances.len(), 4);
}

#[test]
fn standby_is_out_of_the_way_and_comes_back() {
    let mut t = Table::new(spec(0, 2, 2));
    t.settle();
    let id = t.members()[0];
    let instances = vec![id];
    t.command(GroupCommand::EnterStandby {
        instances: instances.clone(),
    })
    .unwrap();
    assert_eq!(t.view.instances[&id].state, Lifecycle::Standby);
    assert_eq!(t.view.group.spec.size.desired, 1);
    t.settle();
    // A scale-in does not choose it.
    t.command(GroupCommand::ScaleIn { count: 1 }).unwrap();
    t.settle();
    assert_eq!(states(&t), [Lifecycle::Standby]);
    t.command(GroupCommand::ExitStandby { instances }).unwrap();
    t.settle();
    assert_eq!(states(&t), [Lifecycle::InService]);
    assert_eq!(t.view.group.spec.size.desired, 1);
}
