//! What the back end lists: machines that vanished, sick ones, and ones that should not be.
//!
//! A listing says nothing about what came or went after it was asked for. A machine that is missing from it is not
//! believed gone: it is terminated by its key, and only the answer to that proves it.

use std::collections::BTreeMap;
use std::sync::Arc;

use muster_model::{
    ActivityKind, Brake, BrakeKind, Call, CallKind, CallPhase, CooldownRule, Created, Exit, Health,
    Instance, InstanceId, Lifecycle, Machine, MachineHealth, MachineState, Observation, Origin,
    Time, Trigger, TriggerKind, Warmup,
};

use crate::activity::early_death_delay;
use crate::draft::Draft;
use crate::plan::launch_brake;
use crate::reason::Code;

/// Deaths further apart than this are not "in a row", milliseconds.
const ROW_MILLIS: u64 = 600_000;

pub(super) fn observe(draft: &mut Draft<'_>, observation: &Observation) -> Created {
    let listed: BTreeMap<InstanceId, &Arc<Machine>> = observation
        .machines
        .iter()
        .map(|machine| (machine.id, machine))
        .collect();
    let mut lost: Vec<(InstanceId, bool)> = Vec::new();
    let settled: Vec<Arc<Instance>> = draft
        .instances()
        .filter(|instance| is_settled(instance) && joined(instance) < observation.asked_at)
        .map(Arc::clone)
        .collect();
    for instance in settled {
        match listed.get(&instance.id) {
            None => lost.push((instance.id, true)),
            Some(machine) if machine.state == MachineState::Dead => {
                lost.push((instance.id, instance.origin == Origin::Auto));
            }
            Some(machine) => see(draft, &instance, machine),
        }
    }
    lost.retain(|(id, destroy)| !crate::hooks::died(draft, *id, *destroy));
    record_losses(draft, &lost);
    crate::pool::see(draft, observation.asked_at, &listed);
    destroy_strangers(draft, observation);
    crate::draining::see(draft, observation);
    crate::balancers::see(draft, observation);
    Created::Nothing
}

/// Whether an instance rests in a state in which its machine has to be there.
fn is_settled(instance: &Instance) -> bool {
    instance.call.is_none()
        && matches!(
            instance.state,
            Lifecycle::InService
                | Lifecycle::Standby
                | Lifecycle::Stopped
                | Lifecycle::StartFailed
                | Lifecycle::StopFailed
                | Lifecycle::LaunchingHook
                | Lifecycle::TerminatingHook
        )
}

fn joined(instance: &Instance) -> Time {
    let joined = instance.in_service_at.unwrap_or(instance.created_at);
    // A machine that hooks hold was there when they began to.
    instance
        .hooks
        .iter()
        .map(|wait| wait.since)
        .fold(joined, Time::max)
}

/// Takes over what is new about a machine that is there.
fn see(draft: &mut Draft<'_>, instance: &Arc<Instance>, machine: &Arc<Machine>) {
    let stopped = machine.state == MachineState::Stopped && instance.state == Lifecycle::InService;
    let sick = match machine.health {
        MachineHealth::Healthy => stopped,
        MachineHealth::Unhealthy => true,
        MachineHealth::Unknown => instance.health.machine_unhealthy || stopped,
    };
    let known = instance.machine.as_ref() == Some(&**machine);
    if sick == instance.health.machine_unhealthy && known {
        return;
    }
    if let Some(instance) = draft.instance_mut(instance.id) {
        instance.health.machine_unhealthy = sick;
        instance.machine = Some((**machine).clone());
    }
}

/// Records machines that vanished or died (rule A13); those that died early make replacements back off.
fn record_losses(draft: &mut Draft<'_>, lost: &[(InstanceId, bool)]) {
    if lost.is_empty() {
        return;
    }
    let window = u64::from(draft.settings.early_death_secs) * 1000;
    let now = draft.now;
    // Those that came together are one attempt, whenever each of them dies.
    let last = draft.group().retry.early_death_at;
    let early = lost.iter().any(|(id, _)| {
        draft.instance(*id).is_some_and(|instance| {
            let came = joined(instance);
            now.millis_since(came) < window && last.is_none_or(|last| came >= last)
        })
    });
    let count = u32::try_from(lost.len()).unwrap_or(u32::MAX);
    let trigger = Trigger {
        kind: TriggerKind::Lost,
        cooldown: CooldownRule::Ignore,
    };
    let desired = draft.group().spec.size.desired;
    let activity =
        draft.start_activity(ActivityKind::TerminateUnexpectedly, trigger, count, desired);
    for (id, destroy) in lost {
        draft.because(Code::Vanished, format!("{id} vanished or died"));
        draft.relate(activity, *id);
        draft.leave(*id, *destroy, "the machine vanished or died");
    }
    if early {
        count_early_death(draft);
    }
}

/// Counts one more early death in a row, and says what follows.
fn count_early_death(draft: &mut Draft<'_>) {
    let (now, settings) = (draft.now, draft.settings);
    let retry = &mut draft.group_mut().retry;
    let in_row = retry
        .early_death_at
        .is_some_and(|at| now.millis_since(at) < ROW_MILLIS);
    retry.early_deaths = if in_row {
        retry.early_deaths.saturating_add(1)
    } else {
        1
    };
    retry.early_death_at = Some(now);
    let deaths = retry.early_deaths;
    if deaths >= settings.early_deaths && launch_brake(retry).is_none() {
        retry.not_before = None;
        retry.brake = Some(Brake {
            kind: BrakeKind::Deaths,
            since: now,
            failures: deaths,
            reason: format!(
                "machines died within {} s of coming into service",
                settings.early_death_secs
            ),
        });
        return;
    }
    let wait = early_death_delay(deaths);
    if wait > 0 {
        let until = now.plus_secs(wait);
        retry.not_before = Some(retry.not_before.map_or(until, |old| old.max(until)));
    }
}

/// Machines with this group's key and no row: they are taken on as leaving, so that their end is intent as well.
fn destroy_strangers(draft: &mut Draft<'_>, observation: &Observation) {
    let (group, account, now) = (draft.group().id, draft.group().account, draft.now);
    if draft
        .group()
        .departed_at
        .is_some_and(|at| observation.asked_at <= at)
    {
        return;
    }
    for machine in &observation.machines {
        let ours = machine
            .owner
            .as_ref()
            .is_some_and(|owner| owner.group == group && owner.instance == machine.id);
        if !ours || draft.instance(machine.id).is_some() {
            continue;
        }
        draft.because(
            Code::Stranger,
            format!(
                "{} carries the key of this group but is no member: it is destroyed",
                machine.id
            ),
        );
        draft.add_instance(Instance {
            id: machine.id,
            group,
            account,
            origin: Origin::Auto,
            state: Lifecycle::Terminating,
            health: Health::default(),
            protected: false,
            pooled: false,
            config: None,
            placement: machine.placement.clone(),
            name: machine.name.clone(),
            host_name: None,
            disaster_recover_groups: Vec::new(),
            created_at: now,
            in_service_at: None,
            activity: None,
            call: Some(Call {
                kind: CallKind::Terminate,
                attempt: 1,
                unanswered: 0,
                phase: CallPhase::Due { at: now },
                since: now,
            }),
            exit: Some(Exit {
                destroy: true,
                reason: "the machine is no member of the group".to_owned(),
            }),
            stopping: None,
            tagging: None,
            machine: Some((**machine).clone()),
            warmup: Warmup::NotNeeded,
            hooks: Vec::new(),
            bindings: Vec::new(),
            bound_at: None,
            healthy_by: None,
            sick_since: None,
            drain_by: None,
        });
    }
}
