//! Instances at their balancers: bound before they serve, unbound before their machines go, kept as they are to be.
//!
//! The bindings of an instance are every membership that may be there. One that is wanted is written down before the
//! balancer is asked for it; one that is not stays written down until the balancer has said that it is gone. A call
//! makes the balancers agree with the whole list, so it can be made again at any time. A balancer that does not answer
//! holds nobody for ever: patience is bounded, and what is left at it is cleared away with the next listing.

use std::collections::BTreeMap;

use muster_model::{
    ActivityKind, AttemptCode, BalancerPlace, BalancerTarget, Binding, CallKind, Group, GroupView,
    Instance, InstanceId, Lifecycle, Member, MemberHealth, MemberState, Observation, Origin,
    Outcome, StepResult, Time, TriggerKind,
};

use crate::commands::step::{self, Waiting};
use crate::draft::Draft;
use crate::lifecycle::{self, Event};
use crate::reason::Code;

/// The memberships that a member of the group is to have in a state: in service those of the group, on standby without
/// new load (rule A11), otherwise none.
#[must_use]
pub fn wanted(group: &Group, state: Lifecycle) -> Vec<Binding> {
    let all = || {
        group
            .spec
            .balancers
            .iter()
            .flat_map(muster_model::Balancer::bindings)
    };
    match state {
        Lifecycle::InService | Lifecycle::ModifyingBalancer | Lifecycle::AttachingBalancer => {
            all().collect()
        }
        Lifecycle::EnteringStandby | Lifecycle::Standby => all()
            .map(|binding| Binding {
                weight: 0,
                ..binding
            })
            .collect(),
        Lifecycle::Creating
        | Lifecycle::CreationFailed
        | Lifecycle::LaunchingHook
        | Lifecycle::Attaching
        | Lifecycle::AttachFailed
        | Lifecycle::ExitingStandby
        | Lifecycle::Starting
        | Lifecycle::StartFailed
        | Lifecycle::Stopping
        | Lifecycle::StopFailed
        | Lifecycle::Stopped
        | Lifecycle::Resetting
        | Lifecycle::TerminatingHook
        | Lifecycle::DetachingBalancer
        | Lifecycle::Terminating
        | Lifecycle::TerminationFailed
        | Lifecycle::Detaching
        | Lifecycle::DetachFailed => Vec::new(),
    }
}

/// Whether nobody clears a listed member away any more but whoever reads this: its instance is gone, or past unbinding.
#[must_use]
pub fn is_stray(view: Option<&GroupView>, member: &Member) -> bool {
    let state = view
        .and_then(|view| view.instances.get(&member.machine()))
        .map(|instance| instance.state);
    matches!(
        state,
        None | Some(
            Lifecycle::Terminating
                | Lifecycle::TerminationFailed
                | Lifecycle::Detaching
                | Lifecycle::DetachFailed
        )
    )
}

fn by_target(mut bindings: Vec<Binding>) -> Vec<Binding> {
    bindings.sort_by(|a, b| a.target.cmp(&b.target));
    bindings
}

impl Draft<'_> {
    /// The machine of an instance runs and no hook holds it: it is bound to the balancers of its group, or serves at once.
    pub(crate) fn admit(&mut self, id: InstanceId) {
        let wanted = wanted(self.group(), Lifecycle::AttachingBalancer);
        let bound = self
            .instance(id)
            .is_some_and(|instance| !instance.bindings.is_empty());
        if wanted.is_empty() && !bound {
            step::serve(self, id);
            return;
        }
        let now = self.now;
        self.happen(id, Event::Bind);
        // It is new here: whatever is left of it is not waited for.
        self.aim(id, wanted, None);
        self.call(id, CallKind::Bind, now);
    }

    /// Makes the memberships of an instance as they are to be in its state.
    pub(crate) fn rebind(&mut self, id: InstanceId) {
        let Some(state) = self.instance(id).map(|instance| instance.state) else {
            return;
        };
        let (now, wanted) = (self.now, wanted(self.group(), state));
        if state == Lifecycle::InService {
            self.happen(id, Event::Rebind);
        }
        let drain_by = self.drain_by();
        self.aim(id, wanted, drain_by);
        self.call(id, CallKind::Rebind, now);
    }

    /// Takes an instance that leaves off its balancers, if it may be at any. Returns whether that has to be waited for.
    pub(crate) fn unbind(&mut self, id: InstanceId) -> bool {
        let Some(instance) = self.instance(id) else {
            return false;
        };
        if instance.bindings.is_empty() || lifecycle::next(instance.state, Event::Unbind).is_err() {
            return false;
        }
        self.happen(id, Event::Unbind);
        self.take_off(id);
        true
    }

    /// The balancers agree with the bindings.
    fn agreed(&mut self, id: InstanceId) {
        let now = self.now;
        if let Some(instance) = self.instance_mut(id) {
            instance.bindings.retain(|binding| binding.wanted);
            instance.bound_at = Some(now);
            instance.drain_by = None;
        }
    }
}

/// Why a call to the balancers did not do.
struct Failure<'a> {
    code: AttemptCode,
    message: &'a str,
    unanswered: bool,
}

/// Answers of the balancers.
pub(crate) fn answered(draft: &mut Draft<'_>, waiting: &Waiting, result: &StepResult) {
    let id = waiting.id;
    let unbinding = matches!(
        waiting.state,
        Lifecycle::DetachingBalancer | Lifecycle::Stopping | Lifecycle::Resetting
    );
    if unbinding && waiting.call.kind != CallKind::Unbind {
        // What was on its way when the instance was to be taken off is over.
        let now = draft.now;
        draft.call(id, CallKind::Unbind, now);
        return;
    }
    if waiting.state == Lifecycle::TerminatingHook {
        // Nobody waits for it: it is unbound anyway when its hooks are over.
        if let Some(instance) = draft.instance_mut(id) {
            instance.call = None;
            instance.drain_by = None;
        }
        return;
    }
    let failure = match result {
        StepResult::Done(_) => {
            draft.agreed(id);
            match waiting.state {
                Lifecycle::AttachingBalancer => bound(draft, id),
                Lifecycle::DetachingBalancer => draft.depart(id),
                Lifecycle::Stopping | Lifecycle::Resetting => draft.go_on_in_place(id),
                _ => rest(draft, id, Outcome::Successful, ""),
            }
            return;
        }
        StepResult::Draining { left } => return draft.wait_for_drained(id, *left),
        StepResult::Refused { code, message } => Failure {
            code: *code,
            message,
            unanswered: false,
        },
        StepResult::Unknown { message } => Failure {
            code: AttemptCode::NoAnswer,
            message,
            unanswered: true,
        },
    };
    draft.attempt_failed(id, &waiting.placement, failure.code, failure.message);
    let patience_secs = match waiting.state {
        Lifecycle::AttachingBalancer => draft.settings.launch_patience_secs,
        _ => draft.settings.balancer_patience_secs,
    };
    let patient = draft.now.millis_since(waiting.call.since) < u64::from(patience_secs) * 1000;
    // What is refused as such will be refused again.
    let hopeless = failure.code == AttemptCode::Refused;
    // What nobody waits for is tried again after the next listing.
    let waited_for = draft
        .instance(id)
        .is_some_and(|instance| instance.activity.is_some() || instance.exit.is_some());
    let in_between = unbinding || waiting.state == Lifecycle::AttachingBalancer;
    if patient && !hopeless && (waited_for || in_between) {
        draft.retry_call(id, failure.unanswered);
        return;
    }
    wait_no_more(draft, waiting, failure.message);
}

/// Patience with the balancers is over: what waited for them goes on without.
fn wait_no_more(draft: &mut Draft<'_>, waiting: &Waiting, message: &str) {
    let id = waiting.id;
    match waiting.state {
        Lifecycle::AttachingBalancer => cannot_be_bound(draft, waiting, message),
        Lifecycle::DetachingBalancer => {
            draft.because(
                Code::BalancerGivenUp,
                format!("{id} leaves although it could not be taken off its balancers: {message}"),
            );
            draft.depart(id);
        }
        Lifecycle::Stopping | Lifecycle::Resetting => {
            draft.because(
                Code::BalancerGivenUp,
                format!("{id} goes on although it could not be taken off its balancers: {message}"),
            );
            draft.go_on_in_place(id);
        }
        _ => rest(draft, id, Outcome::Failed, message),
    }
}

/// It is bound: it serves, unless a refresh wants its balancers to find it healthy first (rule R5).
fn bound(draft: &mut Draft<'_>, id: InstanceId) {
    let Some(secs) = health_wanted_secs(draft, id) else {
        step::serve(draft, id);
        return;
    };
    let by = draft.now.plus_secs(u64::from(secs));
    if let Some(instance) = draft.instance_mut(id) {
        instance.call = None;
        instance.healthy_by = Some(by);
        instance.health.balancer_unhealthy = false;
    }
}

/// How long the refresh that works on an instance waits for its balancers to find it healthy, if it does.
fn health_wanted_secs(draft: &Draft<'_>, id: InstanceId) -> Option<u32> {
    let instance = draft.instance(id)?;
    let activity = draft.activity(instance.activity?)?;
    let TriggerKind::Refresh { refresh } = activity.trigger.kind else {
        return None;
    };
    if activity.kind != ActivityKind::InstanceRefresh || instance.bindings.is_empty() {
        return None;
    }
    let settings = draft.parts().refreshes.get(&refresh)?.settings;
    settings
        .check_target_health
        .then_some(settings.target_health_timeout_secs)
}

/// Instances whose balancers took too long to find them healthy: one that was found unhealthy stays out of service,
/// without load (rule R5); one of which nothing is known serves (promise P6).
pub(crate) fn wait_no_longer(draft: &mut Draft<'_>) {
    let now = draft.now;
    let over: Vec<(InstanceId, bool)> = draft
        .instances()
        .filter(|i| i.healthy_by.is_some_and(|by| by <= now))
        .map(|i| (i.id, i.health.balancer_unhealthy))
        .collect();
    for (id, unhealthy) in over {
        if let Some(instance) = draft.instance_mut(id) {
            instance.healthy_by = None;
        }
        if !unhealthy {
            step::serve(draft, id);
            continue;
        }
        draft.happen(id, Event::StoodBy);
        draft.conclude(id, Outcome::Failed, "its load balancer finds it unhealthy");
        draft.rebind(id);
    }
}

/// Takes over what the balancers find of an instance that waits for that.
fn wait_on(draft: &mut Draft<'_>, id: InstanceId, wanted: &[Binding], members: Option<&[&Member]>) {
    let Some(members) = members else {
        return;
    };
    let unhealthy = match verdict(wanted, members) {
        MemberHealth::Healthy => {
            if let Some(instance) = draft.instance_mut(id) {
                instance.healthy_by = None;
                instance.health.balancer_unhealthy = false;
            }
            step::serve(draft, id);
            return;
        }
        MemberHealth::Unhealthy => true,
        MemberHealth::Unknown => return,
    };
    if let Some(instance) = draft.instance_mut(id)
        && instance.health.balancer_unhealthy != unhealthy
    {
        instance.health.balancer_unhealthy = unhealthy;
    }
}

/// A machine that cannot be bound does not come into service; one that served before goes on without.
fn cannot_be_bound(draft: &mut Draft<'_>, waiting: &Waiting, message: &str) {
    let id = waiting.id;
    let served = draft
        .instance(id)
        .is_some_and(|instance| instance.in_service_at.is_some());
    draft.conclude(id, Outcome::Failed, message);
    if served {
        rest(draft, id, Outcome::Failed, message);
    } else {
        // Its call is over: nothing has to be waited for before it is unbound.
        if let Some(instance) = draft.instance_mut(id) {
            instance.call = None;
        }
        draft.leave(id, waiting.origin == Origin::Auto, message);
    }
}

/// An instance is back from its balancers to where it was.
fn rest(draft: &mut Draft<'_>, id: InstanceId, outcome: Outcome, message: &str) {
    let state = draft.instance(id).map(|instance| instance.state);
    if matches!(
        state,
        Some(Lifecycle::ModifyingBalancer | Lifecycle::AttachingBalancer)
    ) {
        draft.happen(id, Event::Serve);
    }
    if state == Some(Lifecycle::EnteringStandby) {
        // A balancer that did not take it out of load is asked again after the next listing.
        draft.happen(id, Event::StoodBy);
    }
    if let Some(instance) = draft.instance_mut(id) {
        instance.call = None;
        instance.drain_by = None;
    }
    draft.conclude(id, outcome, message);
}

/// Takes over what the balancers list: their verdict on health, and what is not as it is to be.
pub(crate) fn see(draft: &mut Draft<'_>, observation: &Observation) {
    let bound = !draft.group().spec.balancers.is_empty();
    let mut listed: BTreeMap<InstanceId, Vec<&Member>> = BTreeMap::new();
    for member in observation.members.iter().flatten() {
        listed.entry(member.machine()).or_default().push(member);
    }
    let resting: Vec<InstanceId> = draft
        .instances()
        .filter(|i| {
            bound
                || !i.bindings.is_empty()
                || i.health.balancer_unhealthy
                || listed.contains_key(&i.id)
        })
        // One that a hook holds is bound, or unbound, when the hook is over.
        .filter(|i| i.call.is_none() && i.exit.is_none() && i.hooks.is_empty())
        .map(|i| i.id)
        .collect();
    for id in resting {
        let Some(instance) = draft.instance(id) else {
            continue;
        };
        let wanted = by_target(wanted(draft.group(), instance.state));
        // A listing that was asked for before the last answer of the balancers says nothing of it.
        let fresh = instance.bound_at.is_none_or(|at| at < observation.asked_at);
        let members = match &observation.members {
            Some(_) if fresh => Some(listed.remove(&id).unwrap_or_default()),
            Some(_) | None => None,
        };
        if instance.healthy_by.is_some() {
            wait_on(draft, id, &wanted, members.as_deref());
            continue;
        }
        let sick = is_sick(
            draft.group(),
            instance,
            &wanted,
            members.as_deref(),
            draft.now,
        );
        let agreed = wanted.is_empty() || instance.bound_at.is_some();
        let as_written = agreed && by_target(instance.bindings.clone()) == wanted;
        let as_listed = members
            .as_deref()
            .is_none_or(|members| is_listed(&wanted, members, &observation.silent));
        if sick != instance.health.balancer_unhealthy
            && let Some(instance) = draft.instance_mut(id)
        {
            instance.health.balancer_unhealthy = sick;
        }
        if !(as_written && as_listed) {
            note_listed(draft, id, members.as_deref().unwrap_or_default());
            draft.because(
                Code::Rebinding,
                format!("{id} is not at its balancers as it is to be"),
            );
            draft.rebind(id);
        }
    }
}

/// Writes down where an instance is a member although nothing said so.
fn note_listed(draft: &mut Draft<'_>, id: InstanceId, members: &[&Member]) {
    let Some(instance) = draft.instance_mut(id) else {
        return;
    };
    for member in members {
        if instance
            .bindings
            .iter()
            .all(|binding| binding.target != member.target)
        {
            instance.bindings.push(Binding {
                target: member.target.clone(),
                weight: member.weight,
                wanted: false,
            });
        }
    }
}

/// Whether the members are just what is wanted, as far as the balancers answered.
fn is_listed(wanted: &[Binding], members: &[&Member], silent: &[BalancerPlace]) -> bool {
    let told = |target: &BalancerTarget| !silent.iter().any(|place| target.is_at(place));
    let mut wanted = wanted.iter().filter(|binding| told(&binding.target));
    members.len() == wanted.clone().count()
        && wanted.all(|binding| {
            members.iter().any(|member| {
                member.target == binding.target
                    && member.weight == binding.weight
                    && member.state == MemberState::Active
            })
        })
}

/// Whether the balancers whose verdict counts call an instance unhealthy (rule G9). What is not known changes nothing (promise P6), and nobody
/// falls sick inside the grace period.
fn is_sick(
    group: &Group,
    instance: &Instance,
    wanted: &[Binding],
    members: Option<&[&Member]>,
    now: Time,
) -> bool {
    let health = group.spec.health;
    let was = instance.health.balancer_unhealthy;
    let mut heard = wanted.to_vec();
    heard.retain(|binding| group.spec.hears(&binding.target.place()));
    if heard.is_empty() {
        return false;
    }
    let Some(members) = members.filter(|_| instance.state == Lifecycle::InService) else {
        return was;
    };
    match verdict(&heard, members) {
        MemberHealth::Healthy => false,
        MemberHealth::Unknown => was,
        MemberHealth::Unhealthy => {
            let grace = u64::from(health.grace_secs);
            let over = instance
                .in_service_at
                .is_none_or(|at| at.plus_secs(grace) <= now);
            was || over
        }
    }
}

/// What the balancers find of an instance: one target that is unhealthy is enough, all have to be healthy.
fn verdict(wanted: &[Binding], members: &[&Member]) -> MemberHealth {
    let of = |binding: &Binding| {
        members
            .iter()
            .find(|member| member.target == binding.target)
            .map_or(MemberHealth::Unknown, |member| member.health)
    };
    let all: Vec<MemberHealth> = wanted.iter().map(of).collect();
    if all.contains(&MemberHealth::Unhealthy) {
        MemberHealth::Unhealthy
    } else if all.contains(&MemberHealth::Unknown) {
        MemberHealth::Unknown
    } else {
        MemberHealth::Healthy
    }
}
