//! Members out of service on purpose: what becomes of a stop that nobody answers, of machines that are lost meanwhile, and
//! of what was said of a machine before it was started.

use std::sync::Arc;

use muster_engine::plan;
use muster_model::{
    ActivityStatus, CallKind, GroupCommand, InstanceId, Lifecycle, Machine, MachineHealth,
    MachineState, Observation, ServiceSettings, StepOutcome, StepResult, StopMode,
};

use super::common::{Table, spec};

/// A turn; the calls of it.
fn turn(t: &mut Table) -> Vec<(CallKind, u32)> {
    let plan = plan(&t.view, t.now, &mut t.ids, &t.settings);
    t.accept(&plan.change);
    plan.calls
        .iter()
        .map(|call| (call.kind, call.attempt))
        .collect()
}

fn answer(t: &mut Table, instance: InstanceId, call: (CallKind, u32), result: StepResult) {
    let outcome = StepOutcome {
        instance,
        kind: call.0,
        attempt: call.1,
        until: t.until(instance, call.0),
        result,
    };
    t.command(GroupCommand::StepDone(outcome)).unwrap();
}

/// A group of one that serves, and its member.
fn one(replace_unhealthy: bool) -> (Table, InstanceId) {
    let mut t = Table::new(muster_model::GroupSpec {
        service: ServiceSettings {
            replace_unhealthy,
            ..ServiceSettings::default()
        },
        ..spec(0, 1, 3)
    });
    t.settle();
    let id = t.newest();
    t.now = t.now.plus_secs(60);
    (t, id)
}

fn stop(t: &mut Table, id: InstanceId) {
    let (instances, mode) = (vec![id], StopMode::KeepCharging);
    t.command(GroupCommand::Stop { instances, mode }).unwrap();
}

fn listed(t: &mut Table, machines: Vec<Machine>) {
    t.now = t.now.plus_secs(1);
    let observation = Observation {
        asked_at: t.now,
        machines: machines.into_iter().map(Arc::new).collect(),
        members: None,
        silent: Vec::new(),
    };
    t.now = t.now.plus_secs(1);
    t.command(GroupCommand::Observed(observation)).unwrap();
}

fn state(t: &Table, id: InstanceId) -> Option<Lifecycle> {
    t.view.instances.get(&id).map(|instance| instance.state)
}

fn lost() -> StepResult {
    StepResult::Unknown {
        message: "no answer".to_owned(),
    }
}

/// Stops a member, without an answer until patience is over.
fn stop_in_vain(t: &mut Table, id: InstanceId) {
    stop(t, id);
    let began = t.now;
    while state(t, id) == Some(Lifecycle::Stopping) {
        for call in turn(t) {
            answer(t, id, call, lost());
        }
        t.now = t.now.plus_secs(1);
        assert!(t.now.millis_since(began) < 400_000, "it ends");
    }
    assert!(
        t.now.millis_since(began) >= 300_000,
        "not before patience is over"
    );
}

#[test]
fn a_stop_that_nobody_answers_ends_as_failed() {
    let (mut t, id) = one(false);
    stop_in_vain(&mut t, id);
    assert_eq!(state(&t, id), Some(Lifecycle::StopFailed));
    let last = t.view.group.last_activity.unwrap();
    assert_eq!(t.view.activities[&last].status, ActivityStatus::Failed);
    assert_eq!(t.view.group.busy, None);
    // It can be stopped again.
    stop(&mut t, id);
    assert_eq!(state(&t, id), Some(Lifecycle::Stopping));
}

#[test]
fn a_machine_that_is_lost_out_of_service_is_noticed() {
    for (name, prepare) in [
        ("stop failed", stop_in_vain as fn(&mut Table, InstanceId)),
        ("start failed", |t, id| {
            stop(t, id);
            let call = turn(t)[0];
            let stopped = Machine {
                state: MachineState::Stopped,
                ..t.machine(id)
            };
            answer(t, id, call, StepResult::Done(Some(Arc::new(stopped))));
            let instances = vec![id];
            t.command(GroupCommand::Start { instances }).unwrap();
            let call = turn(t)[0];
            let refused = StepResult::Refused {
                code: muster_model::AttemptCode::Refused,
                message: "no".to_owned(),
            };
            answer(t, id, call, refused);
            assert_eq!(state(t, id), Some(Lifecycle::StartFailed));
        }),
        ("standby", |t, id| {
            let instances = vec![id];
            t.command(GroupCommand::EnterStandby { instances }).unwrap();
            assert_eq!(state(t, id), Some(Lifecycle::Standby));
        }),
    ] {
        let (mut t, id) = one(false);
        prepare(&mut t, id);
        listed(&mut t, Vec::new());
        t.settle();
        assert_eq!(state(&t, id), None, "{name}");
        assert_eq!(
            t.view.instances.len(),
            0,
            "{name}: desired was lowered with it"
        );
    }
}

#[test]
fn what_was_said_of_a_stopped_machine_is_over_when_it_is_started() {
    let (mut t, id) = one(true);
    stop(&mut t, id);
    let call = turn(&mut t)[0];
    let stopped = Machine {
        state: MachineState::Stopped,
        health: MachineHealth::Unhealthy,
        ..t.machine(id)
    };
    answer(
        &mut t,
        id,
        call,
        StepResult::Done(Some(Arc::new(stopped.clone()))),
    );
    listed(&mut t, vec![stopped]);
    let instances = vec![id];
    t.command(GroupCommand::Start { instances }).unwrap();
    let call = turn(&mut t)[0];
    let machine = t.machine(id);
    answer(&mut t, id, call, StepResult::Done(Some(Arc::new(machine))));
    assert_eq!(state(&t, id), Some(Lifecycle::InService));
    assert_eq!(turn(&mut t), [], "it is not replaced");
}
