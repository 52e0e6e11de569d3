//! Messages of notifications that name nobody: they are for the account itself, as the API has it in which notifications
//! have no receivers. What they look like no document of it says: they are its record of the activity (Kingsoft, L2467),
//! with the notification, its type, the group's name and how it went.

use jiff::Timestamp;
use jiff::tz::{self, TimeZone};
use muster_model::{
    Activity, ActivityKind, GroupView, InstanceId, Notification, Outcome, RelatedInstance, Time,
};
use serde_json::{Value, json};

/// Hours that its times are ahead of UTC.
const CHINA: i8 = 8;

/// A moment as that API writes it.
fn china(at: Time) -> String {
    let at = Timestamp::from_millisecond(at.0).unwrap_or(Timestamp::MAX);
    let civil = TimeZone::fixed(tz::offset(CHINA)).to_datetime(at);
    civil.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// The number of a kind of activities that is told of (L2506), and of the notifications of those that went well; the next
/// one is of those that did not (L2375).
fn numbers(kind: ActivityKind) -> Option<(u8, u8)> {
    match kind {
        ActivityKind::ScaleOut => Some((0, 1)),
        ActivityKind::ScaleIn => Some((1, 3)),
        ActivityKind::ReplaceUnhealthy => Some((10, 5)),
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

/// The message of an activity that has ended; `None` = nobody is told of its kind.
pub(crate) fn ended(
    view: &GroupView,
    listener: &Notification,
    activity: &Activity,
    ok: bool,
) -> Option<Value> {
    let (kind, good) = numbers(activity.kind)?;
    let with = |outcome: Outcome| {
        let related = activity.instances.iter();
        let related = related.filter(|one: &&RelatedInstance| one.outcome == outcome);
        let ids = related.map(|one| InstanceId::uuid(one.instance));
        ids.collect::<Vec<String>>()
    };
    Some(json!({
        "ScalingNotificationId": listener.id.decimal(),
        "NotificationType": if ok { good } else { good + 1 },
        "ScalingGroupId": activity.group.decimal(),
        "ScalingGroupName": view.group.spec.name,
        "ScalingActivityId": activity.id.decimal(),
        "Type": kind,
        // Succeeded, or failed (L2480).
        "Status": if ok { 2 } else { 3 },
        "Cause": activity.cause,
        "Description": activity.description,
        "StartTime": china(activity.started_at),
        "EndTime": activity.ended_at.map(china),
        "SuccInsList": with(Outcome::Successful),
        "FailInsList": with(Outcome::Failed),
        "Message": activity.status_message,
    }))
}
