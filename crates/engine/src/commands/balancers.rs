//! Changing the balancers of a group (rules B1, B2): all or nothing, as one activity over what is in service.

use std::sync::Arc;

use muster_model::{
    ActivityKind, Balancer, BalancerChange, BalancerMoves, BalancerPlace, Created, Error, Field,
    GroupSpec, Instance, InstanceId, Lifecycle, Problem, Quota, ResourceKind,
};

use super::capacity::{check_idle, manual};
use crate::catalogue;
use crate::draft::Draft;
use crate::{Facts, Quotas};

pub(super) fn change(
    draft: &mut Draft<'_>,
    change: &BalancerChange,
    facts: &Facts,
) -> Result<Created, Error> {
    catalogue::check_balancers(&draft.settings.catalogue, draft.group(), change)?;
    check_idle(draft)?;
    let old = &draft.group().spec.balancers;
    let new = match change {
        BalancerChange::Attach(more) => attached(old, more)?,
        BalancerChange::Detach(less) => detached(old, less)?,
        BalancerChange::SetTargets(given) => retargeted(old, given)?,
        BalancerChange::Replace {
            door, balancers, ..
        } => {
            let hidden = old.iter().filter(|balancer| !balancer.is_shown_by(*door));
            let hidden: Vec<Balancer> = hidden.cloned().collect();
            attached(&hidden, balancers)?
        }
    };
    let has = |list: &[Balancer], one: &Balancer| list.iter().any(|other| is_same(other, one));
    if new.len() == old.len() && new.iter().all(|balancer| has(old, balancer)) {
        return Err(Error::NothingToDo);
    }
    check_limits(&draft.settings.quotas, &new)?;
    check_own(facts, old, &new)?;
    let moves = moves(old, &new);
    draft.release_brake();
    judge(draft, |spec| {
        spec.balancers = new;
        spec.forget_unbound();
    });
    let serving = at_rest(draft, |state| state == Lifecycle::InService);
    let count = u32::try_from(serving.len()).unwrap_or(u32::MAX);
    let desired = draft.group().spec.size.desired;
    let activity = draft.start_activity(ActivityKind::ModifyBalancers, manual(), count, desired);
    if let Some(activity) = draft.activity_mut(activity) {
        activity.balancers = Some(moves);
    }
    for id in serving {
        draft.relate(activity, id);
        draft.rebind(id);
    }
    for id in at_rest(draft, |state| state == Lifecycle::Standby) {
        draft.rebind(id);
    }
    Ok(Created::Activity(activity))
}

/// Changes whose verdict counts. What was found by those that do not count any more is forgotten; what the others find is told
/// with the next listing.
pub(super) fn judge(draft: &mut Draft<'_>, change: impl FnOnce(&mut GroupSpec)) {
    let before = draft.group().spec.heard();
    change(&mut draft.group_mut().spec);
    if before.is_subset(&draft.group().spec.heard()) {
        return;
    }
    // One that waits for the balancers to find it healthy is told on by them until then.
    let sick = |i: &&Arc<Instance>| i.health.balancer_unhealthy && i.healthy_by.is_none();
    let sick: Vec<InstanceId> = draft.instances().filter(sick).map(|i| i.id).collect();
    for id in sick {
        if let Some(instance) = draft.instance_mut(id) {
            instance.health.balancer_unhealthy = false;
        }
    }
}

/// Refuses what another account made: for this one it does not exist. What is bound already stays.
pub(super) fn check_own(facts: &Facts, old: &[Balancer], new: &[Balancer]) -> Result<(), Error> {
    let bound = |place: &BalancerPlace| old.iter().any(|one| one.place() == *place);
    let anothers = |one: &&Balancer| {
        let place = one.place();
        facts.anothers.contains(&place) && !bound(&place)
    };
    match new.iter().find(anothers) {
        None => Ok(()),
        Some(one) => Err(Error::Invalid {
            field: field(one),
            problem: Problem::Unusable(format!("`{}` does not exist", one.name())),
        }),
    }
}

/// What leads from one list to the other. Where only ports or weights change, members stay.
fn moves(old: &[Balancer], new: &[Balancer]) -> BalancerMoves {
    let bind = new
        .iter()
        .filter(|one| !old.iter().any(|other| is_same(other, one)));
    let unbind = old
        .iter()
        .filter(|one| !new.iter().any(|other| other.is_same_place(one)));
    BalancerMoves {
        bind: bind.cloned().collect(),
        unbind: unbind.cloned().collect(),
    }
}

/// Members in such a state that wait for nothing.
fn at_rest(draft: &Draft<'_>, state: impl Fn(Lifecycle) -> bool) -> Vec<InstanceId> {
    draft
        .instances()
        .filter(|i| i.call.is_none() && state(i.state))
        .map(|i| i.id)
        .collect()
}

/// Whether both mean the same place with the same ports and weights. The region is the balancer's own.
pub(crate) fn is_same(one: &Balancer, other: &Balancer) -> bool {
    let sorted = |balancer: &Balancer| {
        let mut bindings = balancer.bindings();
        bindings.sort_by(|a, b| a.target.cmp(&b.target));
        bindings
    };
    one.is_same_place(other) && sorted(one) == sorted(other)
}

fn field(balancer: &Balancer) -> Field {
    match balancer {
        Balancer::Classic { .. } | Balancer::Listener { .. } => Field::Balancers,
        Balancer::Forward { .. } | Balancer::Pool { .. } => Field::ForwardBalancers,
    }
}

/// With these: one that is there already stays, a place that is there with other ports or weights is refused.
fn attached(old: &[Balancer], more: &[Balancer]) -> Result<Vec<Balancer>, Error> {
    let mut all = old.to_vec();
    for balancer in more {
        match all.iter().find(|other| other.is_same_place(balancer)) {
            None => all.push(balancer.clone()),
            Some(there) if is_same(there, balancer) => {}
            Some(_) => {
                return Err(Error::Invalid {
                    field: field(balancer),
                    problem: Problem::Duplicate(balancer.name()),
                });
            }
        }
    }
    Ok(all)
}

fn not_bound(balancer: &Balancer) -> Error {
    Error::NotFound {
        kind: ResourceKind::Balancer,
        id: balancer.name(),
    }
}

/// Without these: whole bindings, or of a listener only the ports that are given.
fn detached(old: &[Balancer], less: &[Balancer]) -> Result<Vec<Balancer>, Error> {
    let mut all = old.to_vec();
    for gone in less {
        let at = old
            .iter()
            .position(|other| other.is_same_place(gone))
            .ok_or_else(|| not_bound(gone))?;
        let (Balancer::Forward { targets, .. }, Balancer::Forward { targets: given, .. }) =
            (&mut all[at], gone)
        else {
            continue;
        };
        let bound = |port: u16| match &old[at] {
            Balancer::Forward { targets, .. } => targets.iter().any(|old| old.port == port),
            Balancer::Classic { .. } | Balancer::Listener { .. } | Balancer::Pool { .. } => false,
        };
        if given.iter().any(|target| !bound(target.port)) {
            return Err(not_bound(gone));
        }
        targets.retain(|target| {
            !given.is_empty() && given.iter().all(|gone| gone.port != target.port)
        });
    }
    let stays = |one: &&Balancer| match one {
        Balancer::Forward { targets, .. } => !targets.is_empty(),
        Balancer::Classic { .. } | Balancer::Listener { .. } | Balancer::Pool { .. } => {
            less.iter().all(|gone| !gone.is_same_place(one))
        }
    };
    Ok(all.iter().filter(stays).cloned().collect())
}

fn retargeted(old: &[Balancer], given: &[Balancer]) -> Result<Vec<Balancer>, Error> {
    let mut all = old.to_vec();
    for balancer in given {
        let there = all
            .iter_mut()
            .find(|other| other.is_same_place(balancer))
            .ok_or_else(|| not_bound(balancer))?;
        there.clone_from(balancer);
    }
    Ok(all)
}

fn check_limits(quotas: &Quotas, balancers: &[Balancer]) -> Result<(), Error> {
    let count = |kind: fn(&Balancer) -> bool| balancers.iter().filter(|one| kind(one)).count();
    let classic = count(|one| matches!(one, Balancer::Classic { .. }));
    let forward = count(|one| matches!(one, Balancer::Forward { .. }));
    for (number, limit, quota) in [
        (classic, quotas.classic_balancers, Quota::ClassicBalancers),
        (
            forward,
            quotas.application_balancers,
            Quota::ForwardBalancers,
        ),
    ] {
        if number > limit as usize {
            return Err(Error::QuotaExceeded { quota, limit });
        }
    }
    Ok(())
}
