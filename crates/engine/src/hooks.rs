//! Lifecycle hooks: instances held on the way into service, or on the way out (rules H3-H6).
//!
//! Holding and telling are one change, so that a hook is told of at least once; a verdict is written where the wait is, so
//! that it ends exactly once. A wait is a deadline: nobody has to answer.

use std::sync::Arc;

use muster_model::{
    Activity, ActivityKind, AttemptCode, Call, CallKind, CallPhase, Event as Message, EventKind,
    GroupView, Hook, HookId, HookOutcome, HookReason, HookTransition, HookVerdict, HookWait, Ids,
    InstanceId, Lifecycle, Origin, Outcome, Time, TriggerKind,
};
use serde_json::{Value, json};

use crate::draft::Draft;
use crate::lifecycle::{self, Event};
use crate::notify::{SERVICE, utc};
use crate::reason::Code;
use crate::runs;
use crate::urn;

/// Whether a hook acts on what an activity does (rule H4). What is reinstalled in place has been in service before: that
/// is no scaling.
fn acts(hook: &Hook, activity: &Activity) -> bool {
    match activity.kind {
        ActivityKind::ScaleOut | ActivityKind::ScaleIn => hook.active,
        ActivityKind::ReplaceUnhealthy => hook.active && (hook.extended || !activity.in_place),
        ActivityKind::Attach
        | ActivityKind::Detach
        | ActivityKind::Remove
        | ActivityKind::Start
        | ActivityKind::Stop
        | ActivityKind::InstanceRefresh => hook.active && hook.extended,
        ActivityKind::TerminateUnexpectedly
        | ActivityKind::InvokeCommand
        | ActivityKind::EnterStandby
        | ActivityKind::ExitStandby
        | ActivityKind::ModifyBalancers => false,
    }
}

/// A secret of two fresh keys, in the form of a UUID.
fn token(ids: &mut Ids) -> String {
    let (a, b) = (ids.next_key().bits(), ids.next_key().bits());
    format!(
        "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
        a >> 9,
        a & 0x1ff,
        b >> 29,
        (b >> 17) & 0xfff,
        b & 0x1_ffff
    )
}

/// The message of a hook.
fn message(
    view: &GroupView,
    hook: &Hook,
    activity: &Activity,
    wait: &HookWait,
    id: InstanceId,
) -> Message {
    Message {
        group: activity.group,
        account: Some(activity.account),
        at: wait.since,
        kind: EventKind::Hook,
        to: hook.target.clone(),
        body: match urn::urn(hook.target.as_ref()) {
            Some(urn) => urn::held(view, urn, hook, wait, id),
            None => body(hook, activity, wait, id),
        },
    }
}

/// What it says, if its topic has no urn (L25389-25425).
fn body(hook: &Hook, activity: &Activity, wait: &HookWait, id: InstanceId) -> Value {
    let transition = match hook.transition {
        HookTransition::Launching => "INSTANCE_LAUNCHING",
        HookTransition::Terminating => "INSTANCE_TERMINATING",
    };
    let mut body = json!({
        "Service": SERVICE,
        "Time": utc(wait.since),
        "AppId": activity.account.to_string(),
        "ActivityId": activity.id.to_string(),
        "AutoScalingGroupId": activity.group.to_string(),
        "LifecycleHookId": hook.id.to_string(),
        "LifecycleHookName": hook.name,
        "LifecycleActionToken": wait.token,
        "InstanceId": id.to_string(),
        "LifecycleTransition": transition,
        "NotificationMetadata": hook.metadata,
    });
    if let (Some(command), Some(body)) = (&hook.command, body.as_object_mut()) {
        let parameters: Vec<_> = command
            .parameters
            .iter()
            .map(|parameter| (parameter.key.clone(), json!(parameter.value)))
            .collect();
        let command = json!({
            "CommandId": command.command,
            "Parameters": serde_json::Map::from_iter(parameters),
        });
        body.insert("LifecycleCommand".to_owned(), command);
    }
    body
}

impl Draft<'_> {
    /// The machine of an instance runs: launch hooks hold it, or it goes on into service.
    pub(crate) fn enter(&mut self, id: InstanceId) {
        if !self.hold(id, HookTransition::Launching) {
            self.admit(id);
        }
    }

    /// Holds an instance for the hooks of a transition, all at once. Returns whether there are any.
    pub(crate) fn hold(&mut self, id: InstanceId, transition: HookTransition) -> bool {
        let event = match transition {
            HookTransition::Launching => Event::HoldLaunch,
            HookTransition::Terminating => Event::HoldTerminate,
        };
        let Some(instance) = self.instance(id).cloned() else {
            return false;
        };
        let Some(activity) = instance
            .activity
            .and_then(|activity| self.activity(activity))
            .cloned()
        else {
            return false;
        };
        let mut hooks: Vec<Arc<Hook>> = self
            .parts()
            .hooks
            .values()
            .filter(|hook| hook.transition == transition && acts(hook, &activity))
            .cloned()
            .collect();
        hooks.sort_by_key(|hook| (hook.created_at, hook.ordinal));
        if hooks.is_empty() || lifecycle::next(instance.state, event).is_err() {
            return false;
        }
        self.happen(id, event);
        let since = self.now;
        let mut waits = Vec::with_capacity(hooks.len());
        for hook in hooks {
            let wait = HookWait {
                hook: hook.id,
                token: token(self.ids),
                since,
                deadline: since.plus_secs(u64::from(hook.timeout_secs)),
                verdict: None,
                run: runs::begin(&hook, self.ids, since),
            };
            self.because(Code::HookHolds, format!("hook {} holds {id}", hook.name));
            let told = message(self.view(), &hook, &activity, &wait, id);
            self.tell(told);
            waits.push(wait);
        }
        // What comes after the hooks has the time that it would have without them.
        let last = waits.iter().map(|wait| wait.deadline).max();
        let spare = u64::from(self.settings.activity_timeout_secs) + self.health_secs(&activity);
        let deadline = last.unwrap_or(since).plus_secs(spare);
        if let Some(activity) = self.activity_mut(activity.id) {
            activity.deadline = activity.deadline.max(deadline);
        }
        if let Some(instance) = self.instance_mut(id) {
            instance.hooks = waits;
            // A call to the balancers that is on its way is waited for before the instance is unbound.
            if !instance.call.as_ref().is_some_and(is_rebinding) {
                instance.call = None;
                instance.drain_by = None;
            }
        }
        true
    }

    /// How long the refresh of an activity waits for the balancers to find its members healthy, seconds.
    fn health_secs(&self, activity: &Activity) -> u64 {
        let TriggerKind::Refresh { refresh } = activity.trigger.kind else {
            return 0;
        };
        self.parts()
            .refreshes
            .get(&refresh)
            .filter(|refresh| refresh.settings.check_target_health)
            .map_or(0, |refresh| {
                u64::from(refresh.settings.target_health_timeout_secs)
            })
    }

    /// Writes down how a wait ended, if it has not ended yet.
    fn end_wait(&mut self, id: InstanceId, hook: HookId, verdict: HookVerdict, reason: HookReason) {
        let notified = self
            .parts()
            .hooks
            .get(&hook)
            .is_some_and(|hook| hook.target.is_some());
        let Some(instance) = self.instance_mut(id) else {
            return;
        };
        let activity = instance.activity;
        let Some(wait) = instance
            .hooks
            .iter_mut()
            .find(|wait| wait.hook == hook && wait.verdict.is_none())
        else {
            return;
        };
        wait.verdict = Some(verdict);
        let outcome = HookOutcome {
            hook,
            instance: id,
            token: wait.token.clone(),
            verdict,
            reason,
            notified,
            run: wait.run.as_ref().map(|run| runs::outcome(run, reason)),
        };
        if let Some(activity) = activity.and_then(|activity| self.activity_mut(activity)) {
            activity.hooks.push(outcome);
        }
    }

    /// Ends what an instance still waits for.
    pub(crate) fn end_waits(&mut self, id: InstanceId, verdict: HookVerdict, reason: HookReason) {
        for hook in self.open_waits(id) {
            self.end_wait(id, hook, verdict, reason);
        }
    }

    fn open_waits(&self, id: InstanceId) -> Vec<HookId> {
        self.instance(id).map_or(Vec::new(), |instance| {
            instance
                .hooks
                .iter()
                .filter(|wait| wait.verdict.is_none())
                .map(|wait| wait.hook)
                .collect()
        })
    }

    fn clear_waits(&mut self, id: InstanceId) {
        if let Some(instance) = self.instance_mut(id) {
            instance.hooks.clear();
        }
    }

    /// Lets an instance go on that no hook holds any more. One that a launch hook abandons is released (rule H3).
    fn release(&mut self, id: InstanceId) {
        let Some(instance) = self.instance(id).cloned() else {
            return;
        };
        let abandoned = instance
            .hooks
            .iter()
            .any(|wait| wait.verdict == Some(HookVerdict::Abandon));
        let open = !self.open_waits(id).is_empty();
        match instance.state {
            Lifecycle::LaunchingHook if abandoned => {
                let message = "a lifecycle hook abandoned the instance";
                let reason = HookReason::AnotherActionAbandon;
                self.end_waits(id, HookVerdict::Abandon, reason);
                self.conclude(id, Outcome::Failed, message);
                self.leave(id, instance.origin == Origin::Auto, message);
            }
            Lifecycle::LaunchingHook if !open => {
                self.clear_waits(id);
                self.admit(id);
            }
            Lifecycle::TerminatingHook if !open && instance.stopping.is_some() => {
                self.clear_waits(id);
                self.halt(id);
            }
            Lifecycle::TerminatingHook if !open => {
                self.clear_waits(id);
                if !self.unbind(id) {
                    self.depart(id);
                }
            }
            _ => {}
        }
    }

    /// An instance is on its way out whatever its hooks would have said.
    pub(crate) fn forget_waits(&mut self, id: InstanceId) {
        if self
            .instance(id)
            .is_some_and(|instance| !instance.hooks.is_empty())
        {
            let reason = HookReason::AnotherActionAbandon;
            self.end_waits(id, HookVerdict::Abandon, reason);
            self.clear_waits(id);
        }
    }
}

/// Whether a call that changes the memberships is on its way.
fn is_rebinding(call: &Call) -> bool {
    call.kind == CallKind::Rebind && matches!(call.phase, CallPhase::InFlight { .. })
}

/// Gives a verdict on one wait; the instance goes on when it was the last.
pub(crate) fn decide(
    draft: &mut Draft<'_>,
    id: InstanceId,
    hook: HookId,
    verdict: HookVerdict,
    reason: HookReason,
) {
    draft.end_wait(id, hook, verdict, reason);
    draft.release(id);
}

/// Waits longer for the verdict on one wait; the activity lasts as long as that.
pub(crate) fn extend(draft: &mut Draft<'_>, id: InstanceId, hook: HookId, secs: u64) {
    let mut activity = None;
    if let Some(instance) = draft.instance_mut(id) {
        activity = instance.activity;
        let waits = instance.hooks.iter_mut();
        for wait in waits.filter(|wait| wait.hook == hook && wait.verdict.is_none()) {
            wait.deadline = wait.deadline.plus_secs(secs);
        }
    }
    if let Some(activity) = activity.and_then(|activity| draft.activity_mut(activity)) {
        activity.deadline = activity.deadline.plus_secs(secs);
    }
}

/// Waits for the verdict on one wait until so long from now; the activity lasts as much longer, and never shorter.
pub(crate) fn renew(draft: &mut Draft<'_>, id: InstanceId, hook: HookId, secs: u64) {
    let until = draft.now.plus_secs(secs);
    let mut later_ms = 0;
    let mut activity = None;
    if let Some(instance) = draft.instance_mut(id) {
        activity = instance.activity;
        let waits = instance.hooks.iter_mut();
        for wait in waits.filter(|wait| wait.hook == hook && wait.verdict.is_none()) {
            later_ms = until.0.saturating_sub(wait.deadline.0).max(later_ms);
            wait.deadline = until;
        }
    }
    if let Some(activity) = activity.and_then(|activity| draft.activity_mut(activity)) {
        activity.deadline = activity.deadline.plus_millis(later_ms);
    }
}

/// What a hook says when nobody says anything.
pub(crate) fn default_result(draft: &Draft<'_>, hook: HookId) -> HookVerdict {
    draft
        .parts()
        .hooks
        .get(&hook)
        .map_or(HookVerdict::Continue, |hook| hook.default_result)
}

/// A hook goes: what waits for it goes on with its default result.
pub(crate) fn withdraw(draft: &mut Draft<'_>, hook: HookId) {
    let verdict = default_result(draft, hook);
    let waiting: Vec<InstanceId> = draft
        .instances()
        .filter(|i| {
            i.hooks
                .iter()
                .any(|w| w.hook == hook && w.verdict.is_none())
        })
        .map(|i| i.id)
        .collect();
    for id in waiting {
        decide(draft, id, hook, verdict, HookReason::CallInterface);
    }
}

/// The message of a wait could not be delivered: nobody will answer, and the default result of its hook applies.
pub(crate) fn untold(draft: &mut Draft<'_>, token: &str) {
    let found = draft
        .instances()
        .flat_map(|instance| instance.hooks.iter().map(|wait| (instance.id, wait)))
        .find(|(_, wait)| wait.token == token && wait.verdict.is_none())
        .map(|(id, wait)| (id, wait.hook));
    if let Some((id, hook)) = found {
        let verdict = default_result(draft, hook);
        draft.because(
            Code::HookEnded,
            format!("{hook} could not tell of {id}: {verdict:?}"),
        );
        decide(draft, id, hook, verdict, HookReason::NotificationFailure);
    }
}

/// Waits whose time is up end with the default results of their hooks.
pub(crate) fn follow(draft: &mut Draft<'_>) {
    let now = draft.now;
    let due: Vec<(InstanceId, HookId, HookReason)> = draft
        .instances()
        .flat_map(|instance| {
            let over = move |wait: &&HookWait| wait.verdict.is_none() && wait.deadline <= now;
            let id = instance.id;
            instance
                .hooks
                .iter()
                .filter(over)
                .map(move |wait| (id, wait.hook, runs::silence(wait)))
        })
        .collect();
    for (id, hook, reason) in due {
        let verdict = default_result(draft, hook);
        draft.because(
            Code::HookEnded,
            format!("nobody answered {hook} for {id}: {verdict:?}"),
        );
        decide(draft, id, hook, verdict, reason);
    }
}

/// When a wait ends by itself, and when its command is to be asked for.
pub(crate) fn waits_of(wait: &HookWait) -> impl Iterator<Item = Time> {
    let open = wait.verdict.is_none();
    let deadline = open.then_some(wait.deadline);
    deadline.into_iter().chain(runs::due(wait))
}

/// A machine vanished or died while hooks held its instance: there is nothing left to wait for. The API has no word for
/// that; no sign of life comes nearest. Returns whether hooks held it.
pub(crate) fn died(draft: &mut Draft<'_>, id: InstanceId, destroy: bool) -> bool {
    let Some(instance) = draft.instance(id).cloned() else {
        return false;
    };
    let reason = HookReason::HeartbeatTimeout;
    match instance.state {
        Lifecycle::LaunchingHook => {
            let message = "the machine died while a lifecycle hook held it";
            draft.end_waits(id, HookVerdict::Abandon, reason);
            draft.attempt_failed(id, &instance.placement, AttemptCode::Died, message);
            draft.conclude(id, Outcome::Failed, message);
            draft.leave(id, destroy, message);
            true
        }
        Lifecycle::TerminatingHook => {
            draft.end_waits(id, HookVerdict::Continue, reason);
            draft.release(id);
            true
        }
        _ => false,
    }
}
