//! Messages to topics that are named by a urn: the same facts in the words of the API that has such topics (L3431, L3710).
//!
//! The document says what a hook's message holds (facts of the instance, the hook's own words, the token); names and
//! nesting are those that this cloud's users see. What a scene's message looks like no document says: it is the record of
//! the activity, with the group.

use muster_model::{
    Activity, ActivityKind, ActivityStatus, Brake, GroupView, Hook, HookTransition, HookWait,
    InstanceId, NotificationTarget, Outcome, RelatedInstance, URN,
};
use serde_json::{Value, json};

use crate::notify::utc;

/// Who speaks in a message.
const SERVICE: &str = "AutoScaling";

/// The urn of a target, if it is named by one.
pub(crate) fn urn(target: Option<&NotificationTarget>) -> Option<&str> {
    match target {
        Some(NotificationTarget::Topic { kind, name }) if kind == URN => Some(name),
        Some(
            NotificationTarget::Topic { .. }
            | NotificationTarget::Queue { .. }
            | NotificationTarget::UserGroups(_),
        )
        | None => None,
    }
}

/// The project that a urn names: `urn:smn:<region>:<project>:<name>`.
fn project(urn: &str) -> &str {
    urn.split(':').nth(3).unwrap_or_default()
}

fn group(view: &GroupView) -> Value {
    json!({
        "scaling_group_id": view.group.id.uuid(),
        "scaling_group_name": view.group.spec.name,
        "scaling_config_id": view.group.spec.config.map(|id| id.uuid()),
        "scaling_config_name": view.config.as_ref().map(|config| &config.spec.name),
    })
}

/// The message of a hook that holds an instance.
pub(crate) fn held(
    view: &GroupView,
    urn: &str,
    hook: &Hook,
    wait: &HookWait,
    id: InstanceId,
) -> Value {
    let transition = match hook.transition {
        HookTransition::Launching => "INSTANCE_LAUNCHING",
        HookTransition::Terminating => "INSTANCE_TERMINATING",
    };
    let instance = view.instances.get(&id);
    let machine = instance.and_then(|instance| instance.machine.as_ref());
    json!({
        "service": SERVICE,
        "tenant_id": project(urn),
        "time": utc(wait.since),
        "lifecycle_hook_name": hook.name,
        "lifecycle_hook_type": transition,
        "lifecycle_action_key": wait.token,
        "lifecycle_transition": transition,
        "notification_metadata": hook.metadata,
        "default_result": match hook.default_result {
            muster_model::HookVerdict::Continue => "CONTINUE",
            muster_model::HookVerdict::Abandon => "ABANDON",
        },
        "timeout": utc(wait.deadline),
        "instance_id": id.uuid(),
        "scaling_instance": {
            "instance_id": id.uuid(),
            "instance_name": instance.map(|instance| &instance.name),
            "instance_ip": machine.and_then(|machine| machine.address.as_ref()),
        },
        "scaling_group_id": view.group.id.uuid(),
        "scaling_group_name": view.group.spec.name,
        "scaling_group": group(view),
    })
}

/// What a scene is called.
fn scene(kind: ActivityKind, ok: bool) -> &'static str {
    match (kind, ok) {
        (ActivityKind::ScaleIn, true) => "SCALING_DOWN",
        (ActivityKind::ScaleIn, false) => "SCALING_DOWN_FAIL",
        // A scene of the other doors only: they may have added it.
        (ActivityKind::ReplaceUnhealthy, true) => "REPLACE_UNHEALTHY_INSTANCE_SUCCESSFUL",
        (ActivityKind::ReplaceUnhealthy, false) => "REPLACE_UNHEALTHY_INSTANCE_FAILED",
        (_, true) => "SCALING_UP",
        (_, false) => "SCALING_UP_FAIL",
    }
}

fn names<'a>(list: impl Iterator<Item = &'a RelatedInstance>) -> Value {
    let shown = list.map(|related| {
        json!({
            "instance_id": related.instance.uuid(),
            "instance_name": related.name,
        })
    });
    Value::Array(shown.collect())
}

/// The message of an activity that has ended.
pub(crate) fn ended(view: &GroupView, urn: &str, activity: &Activity, ok: bool) -> Value {
    let scales_in = activity.kind == ActivityKind::ScaleIn;
    let done = |leaves: bool, kept: bool| {
        activity.instances.iter().filter(move |related| {
            related.outcome == Outcome::Successful
                && (related.leaves || scales_in) == leaves
                && related.kept == kept
        })
    };
    let failed = activity.instances.iter();
    let failed = failed.filter(|related| related.outcome == Outcome::Failed);
    let failed = names(failed);
    json!({
        "service": SERVICE,
        "tenant_id": project(urn),
        "topic_scene": scene(activity.kind, ok),
        "scaling_group_id": view.group.id.uuid(),
        "scaling_group_name": view.group.spec.name,
        "scaling_group": group(view),
        "scaling_activity": {
            "id": activity.id.uuid(),
            "status": match activity.status {
                ActivityStatus::Successful => "SUCCESS",
                ActivityStatus::Init | ActivityStatus::Running => "DOING",
                ActivityStatus::PartiallySuccessful
                | ActivityStatus::Failed
                | ActivityStatus::Cancelled => "FAIL",
            },
            "start_time": utc(activity.started_at),
            "end_time": activity.ended_at.map(utc),
            "instance_value": activity.size_before,
            "desire_value": activity.size_wanted,
            "scaling_value": activity.wanted,
            "instance_added_list": names(done(false, false)),
            "instance_deleted_list": names(done(true, false)),
            "instance_removed_list": names(done(true, true)),
            "instance_failed_list": failed,
            "description": activity.description,
            "message": activity.status_message,
        },
    })
}

/// The message of a group that cannot do its work any more by itself.
pub(crate) fn abnormal(view: &GroupView, urn: &str, brake: &Brake) -> Value {
    json!({
        "service": SERVICE,
        "tenant_id": project(urn),
        "topic_scene": "SCALING_GROUP_ABNORMAL",
        "scaling_group_id": view.group.id.uuid(),
        "scaling_group_name": view.group.spec.name,
        "scaling_group": group(view),
        "time": utc(brake.since),
        "description": brake.reason,
    })
}
