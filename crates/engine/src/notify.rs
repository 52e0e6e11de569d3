//! Notifications: an activity that ends is told of in the change that ends it, to everybody who wants to hear of its kind
//! and outcome (rule S9).

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use muster_model::{
    Activity, ActivityId, ActivityKind, ActivityStatus, Attempt, Brake, Event, EventKind,
    Notification, NotificationScenes, Time,
};
use serde_json::{Value, json};

use crate::draft::Draft;
use crate::{unaddressed, urn};

/// Who speaks in a message.
pub(crate) const SERVICE: &str = "Tencent Cloud Auto Scaling";

/// A moment as messages have it: UTC, whole seconds.
pub(crate) fn utc(at: Time) -> String {
    let at = Timestamp::from_millisecond(at.0).unwrap_or(Timestamp::MAX);
    let civil = TimeZone::UTC.to_datetime(at);
    civil.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Which switch wants to hear of a kind that went well, or did not.
type Switch = fn(&NotificationScenes, bool) -> bool;

/// What messages call a kind, and its switches. The other kinds are told to nobody.
fn subject(kind: ActivityKind) -> Option<(&'static str, Switch)> {
    match kind {
        ActivityKind::ScaleOut => Some(("SCALE_OUT", |scenes, ok| match ok {
            true => scenes.scale_out_ok,
            false => scenes.scale_out_failed,
        })),
        ActivityKind::ScaleIn => Some(("SCALE_IN", |scenes, ok| match ok {
            true => scenes.scale_in_ok,
            false => scenes.scale_in_failed,
        })),
        ActivityKind::ReplaceUnhealthy => {
            Some(("REPLACE_UNHEALTHY_INSTANCE", |scenes, ok| match ok {
                true => scenes.replace_ok,
                false => scenes.replace_failed,
            }))
        }
        ActivityKind::Attach
        | ActivityKind::Detach
        | ActivityKind::Remove
        | ActivityKind::TerminateUnexpectedly
        | ActivityKind::Start
        | ActivityKind::Stop
        | ActivityKind::InvokeCommand
        | ActivityKind::EnterStandby
        | ActivityKind::ExitStandby
        | ActivityKind::ModifyBalancers
        | ActivityKind::InstanceRefresh => None,
    }
}

/// What messages call the outcome, and whether it counts as a success: what succeeded in part has failed. Nothing is told
/// of what goes on or never happened.
fn outcome(status: ActivityStatus) -> Option<(&'static str, bool)> {
    match status {
        ActivityStatus::Successful => Some(("SUCCESSFUL", true)),
        ActivityStatus::PartiallySuccessful => Some(("PARTIALLY_SUCCESSFUL", false)),
        ActivityStatus::Failed => Some(("FAILED", false)),
        ActivityStatus::Init | ActivityStatus::Running | ActivityStatus::Cancelled => None,
    }
}

fn attempt(attempt: &Attempt) -> Value {
    let place = &attempt.placement;
    json!({
        "Code": attempt.code.word(),
        "Zone": place.zone,
        "InstanceId": attempt.instance.to_string(),
        "InstanceChargeType": if place.spot { "SPOTPAID" } else { "POSTPAID_BY_HOUR" },
        "SubnetId": place.subnet,
        "Message": attempt.message,
        "InstanceType": place.instance_type,
    })
}

/// The message of an activity that has ended (L23906-23983).
fn body(activity: &Activity, kind: &str, status: &str) -> Value {
    json!({
        "Service": SERVICE,
        "CreatedTime": utc(activity.created_at),
        "AppId": activity.account.to_string(),
        "ActivityId": activity.id.to_string(),
        "AutoScalingGroupId": activity.group.to_string(),
        "ActivityType": kind,
        "StatusCode": status,
        "Description": activity.description,
        "StartTime": utc(activity.started_at),
        "EndTime": activity.ended_at.map(utc),
        "DetailedStatusMessageSet": activity.attempts.iter().map(attempt).collect::<Vec<_>>(),
    })
}

impl Draft<'_> {
    /// Tells everybody who wants to hear of it of an activity that has just ended, the oldest notification first.
    pub(crate) fn notify(&mut self, id: ActivityId) {
        let Some(activity) = self.activity(id).cloned() else {
            return;
        };
        let (Some((kind, wants)), Some((status, ok))) =
            (subject(activity.kind), outcome(activity.status))
        else {
            return;
        };
        let mut listeners: Vec<Arc<Notification>> = self
            .parts()
            .notifications
            .values()
            .filter(|listener| wants(&listener.scenes, ok))
            .cloned()
            .collect();
        oldest_first(&mut listeners);
        for listener in listeners {
            let body = match (urn::urn(listener.target.as_ref()), &listener.target) {
                (Some(urn), _) => urn::ended(self.view(), urn, &activity, ok),
                (None, Some(_)) => body(&activity, kind, status),
                (None, None) => {
                    let body = unaddressed::ended(self.view(), &listener, &activity, ok);
                    let Some(body) = body else { continue };
                    body
                }
            };
            self.tell(Event {
                group: activity.group,
                account: Some(activity.account),
                at: self.now,
                kind: EventKind::Notification,
                to: listener.target.clone(),
                body,
            });
        }
    }

    /// Tells everybody who wants to hear of it that the brake has been put on: the group does not go on by itself.
    pub(crate) fn notify_braked(&mut self, brake: &Brake) {
        let listeners = self.parts().notifications.values();
        let mut listeners: Vec<Arc<Notification>> = listeners
            .filter(|listener| listener.scenes.group_abnormal)
            .cloned()
            .collect();
        oldest_first(&mut listeners);
        for listener in listeners {
            // The other APIs have no such scene.
            let Some(urn) = urn::urn(listener.target.as_ref()) else {
                continue;
            };
            let body = urn::abnormal(self.view(), urn, brake);
            let group = self.group();
            self.tell(Event {
                group: group.id,
                account: Some(group.account),
                at: self.now,
                kind: EventKind::Notification,
                to: listener.target.clone(),
                body,
            });
        }
    }
}

fn oldest_first(listeners: &mut [Arc<Notification>]) {
    listeners.sort_by_key(|listener| (listener.created_at, listener.ordinal));
}
