//! Commands on named instances (rules A7-A9, A12). All or nothing at validation.

use std::collections::BTreeSet;

use muster_model::{
    ActivityKind, AttachRefusal, CallKind, Created, Door, Error, Health, Instance, InstanceId,
    Lifecycle, Machine, MachineState, Origin, Warmup,
};

use super::capacity::{check_idle, manual};
use crate::draft::Draft;
use crate::lifecycle::Role;

pub(super) fn attach(
    draft: &mut Draft<'_>,
    ids: &[InstanceId],
    machines: &[Machine],
) -> Result<Created, Error> {
    check_idle(draft)?;
    let ids: BTreeSet<InstanceId> = ids.iter().copied().collect();
    let mut found = Vec::with_capacity(ids.len());
    for id in &ids {
        let refuse = |refusal| Error::CannotAttach {
            instance: *id,
            refusal,
        };
        if draft.instance(*id).is_some() {
            return Err(refuse(AttachRefusal::AlreadyHere));
        }
        let machine = machines
            .iter()
            .find(|m| m.id == *id)
            .ok_or_else(|| refuse(AttachRefusal::NotFound))?;
        check_attachable(draft, machine).map_err(refuse)?;
        found.push(machine.clone());
    }
    if found.is_empty() {
        return Err(Error::NothingToDo);
    }
    let count = u32::try_from(found.len()).unwrap_or(u32::MAX);
    let size = draft.group().spec.size;
    check_room(draft, count)?;
    draft.release_brake();
    let activity = draft.start_activity(
        ActivityKind::Attach,
        manual(),
        count,
        size.desired.saturating_add(count).min(size.max),
    );
    let now = draft.now;
    for machine in found {
        let id = machine.id;
        draft.add_instance(attached(draft, machine));
        draft.call(id, CallKind::Adopt, now);
        draft.relate(activity, id);
    }
    Ok(Created::Activity(activity))
}

/// Neither what is wanted nor what serves nor what there is may exceed the maximum (rule A7).
fn check_room(draft: &Draft<'_>, count: u32) -> Result<(), Error> {
    let size = draft.group().spec.size;
    let max = size.max;
    let view = draft.view();
    // What a warm pool holds over its capacity takes the place of members.
    let rows = view.machines().saturating_sub(view.pool_capacity());
    let rows = u32::try_from(rows.max(view.instances.len())).unwrap_or(u32::MAX);
    let serving = draft.count(Role::Serving).saturating_add(count);
    let wanted = size.desired.saturating_add(count);
    if wanted > max {
        return Err(Error::AboveMax { wanted, max });
    }
    if serving > max {
        let wanted = serving;
        return Err(Error::InServiceAboveMax { wanted, max });
    }
    let wanted = rows.saturating_add(count);
    if wanted > max {
        return Err(Error::AboveMax { wanted, max });
    }
    Ok(())
}

fn check_attachable(draft: &Draft<'_>, machine: &Machine) -> Result<(), AttachRefusal> {
    let group = draft.group();
    match &machine.owner {
        Some(owner) if owner.group == group.id => return Err(AttachRefusal::AlreadyHere),
        Some(_) => return Err(AttachRefusal::InOtherGroup),
        None => {}
    }
    if !machine.vpc.is_empty()
        && !group.spec.network.vpc.is_empty()
        && machine.vpc != group.spec.network.vpc
    {
        return Err(AttachRefusal::OtherVpc);
    }
    let (subnets, subnet) = (&group.spec.network.subnets, &machine.placement.subnet);
    let elsewhere = !subnet.is_empty() && !subnets.is_empty() && !subnets.contains(subnet);
    if group.door == Door::Ksyun && elsewhere {
        return Err(AttachRefusal::OtherSubnet);
    }
    let (zones, zone) = (&group.spec.network.zones, &machine.placement.zone);
    let elsewhere = !zone.is_empty() && !zones.is_empty() && !zones.contains(zone);
    if group.door == Door::Huawei && elsewhere {
        return Err(AttachRefusal::OtherZone);
    }
    // The API of 2017 takes running machines of the kind that the group makes (T:1690-1693).
    if group.door == Door::Tencent2 {
        let own = &machine.placement.instance_type;
        let config = draft.view().config.as_ref();
        let fits = config.is_none_or(|config| config.spec.instance_types.contains(own));
        if !own.is_empty() && !fits {
            return Err(AttachRefusal::OtherType);
        }
        if machine.state == MachineState::Stopped {
            return Err(AttachRefusal::NotRunning);
        }
    }
    match machine.state {
        MachineState::Running => Ok(()),
        MachineState::Stopped if group.door != Door::Huawei => Ok(()),
        MachineState::Stopped | MachineState::Pending | MachineState::Dead => {
            Err(AttachRefusal::WrongState)
        }
    }
}

fn attached(draft: &Draft<'_>, machine: Machine) -> Instance {
    Instance {
        id: machine.id,
        group: draft.group().id,
        account: draft.group().account,
        origin: Origin::Manual,
        state: Lifecycle::Attaching,
        health: Health::default(),
        protected: false,
        pooled: false,
        config: None,
        placement: machine.placement.clone(),
        name: machine.name.clone(),
        host_name: None,
        disaster_recover_groups: Vec::new(),
        created_at: draft.now,
        in_service_at: None,
        activity: None,
        call: None,
        exit: None,
        stopping: None,
        tagging: None,
        machine: Some(machine),
        warmup: Warmup::NotNeeded,
        hooks: Vec::new(),
        bindings: Vec::new(),
        bound_at: None,
        healthy_by: None,
        sick_since: None,
        drain_by: None,
    }
}

pub(super) fn detach(draft: &mut Draft<'_>, ids: &[InstanceId]) -> Result<Created, Error> {
    take_out(draft, ids, ActivityKind::Detach)
}

pub(super) fn remove(draft: &mut Draft<'_>, ids: &[InstanceId]) -> Result<Created, Error> {
    take_out(draft, ids, ActivityKind::Remove)
}

/// Takes members out: `Detach` hands all of them back, `Remove` destroys those that the group made.
fn take_out(
    draft: &mut Draft<'_>,
    ids: &[InstanceId],
    kind: ActivityKind,
) -> Result<Created, Error> {
    let ids = members(draft, ids)?;
    check_idle(draft)?;
    if ids.is_empty() {
        return Err(Error::NothingToDo);
    }
    let mut serving = 0;
    for id in &ids {
        match draft.instance(*id).map(|instance| instance.state) {
            Some(Lifecycle::InService) => serving += 1,
            Some(
                Lifecycle::Standby
                | Lifecycle::Stopped
                | Lifecycle::StartFailed
                | Lifecycle::StopFailed,
            ) => {}
            Some(_) | None => return Err(Error::InstanceBusy { instance: *id }),
        }
    }
    let size = draft.group().spec.size;
    let remaining = draft.count(Role::Serving).saturating_sub(serving);
    if serving > 0 && remaining < size.min && draft.group().spec.enabled {
        return Err(Error::InServiceBelowMin {
            wanted: remaining,
            min: size.min,
        });
    }
    draft.release_brake();
    let count = u32::try_from(ids.len()).unwrap_or(u32::MAX);
    let activity = draft.start_activity(
        kind,
        manual(),
        count,
        size.desired.saturating_sub(serving).max(size.min),
    );
    for id in ids {
        let auto = draft
            .instance(id)
            .is_some_and(|instance| instance.origin == Origin::Auto);
        draft.relate(activity, id);
        draft.leave(
            id,
            kind == ActivityKind::Remove && auto,
            "taken out on request",
        );
    }
    Ok(Created::Activity(activity))
}

/// These instances without doubles, if all are members (rule A9).
pub(super) fn members(
    draft: &Draft<'_>,
    ids: &[InstanceId],
) -> Result<BTreeSet<InstanceId>, Error> {
    let ids: BTreeSet<InstanceId> = ids.iter().copied().collect();
    let strangers: Vec<InstanceId> = ids
        .iter()
        .copied()
        .filter(|id| !draft.view().instances.contains_key(id))
        .collect();
    if strangers.is_empty() {
        Ok(ids)
    } else {
        Err(Error::NotMembers {
            instances: strangers,
        })
    }
}

pub(super) fn protect(
    draft: &mut Draft<'_>,
    ids: &[InstanceId],
    protected: bool,
) -> Result<Created, Error> {
    for id in members(draft, ids)? {
        if draft
            .instance(id)
            .is_some_and(|instance| instance.protected != protected)
            && let Some(instance) = draft.instance_mut(id)
        {
            instance.protected = protected;
        }
    }
    Ok(Created::Nothing)
}
