//! Words and numbers of the ancestor that Kingsoft Cloud and the Tencent Cloud API of 2017 have in common: one table each.

use muster_model::{ActivityKind, AttemptCode, Lifecycle};

/// The word for the state of an instance; `None` = not shown: what failed is listed by its activity only (concept map, instance states).
#[must_use]
pub fn lifecycle(state: Lifecycle) -> Option<&'static str> {
    match state {
        Lifecycle::Creating => Some("Creating"),
        Lifecycle::LaunchingHook => Some("Preheating"),
        Lifecycle::Attaching => Some("Attaching"),
        Lifecycle::AttachingBalancer | Lifecycle::ModifyingBalancer => Some("AttachLb"),
        // There are no words for machines at rest.
        Lifecycle::InService
        | Lifecycle::EnteringStandby
        | Lifecycle::Standby
        | Lifecycle::ExitingStandby
        | Lifecycle::Starting
        | Lifecycle::StartFailed
        | Lifecycle::Stopping
        | Lifecycle::StopFailed
        | Lifecycle::Stopped
        | Lifecycle::Resetting => Some("InService"),
        Lifecycle::TerminatingHook | Lifecycle::Terminating => Some("Removing"),
        Lifecycle::DetachingBalancer => Some("DetachLb"),
        Lifecycle::Detaching => Some("Detaching"),
        Lifecycle::CreationFailed
        | Lifecycle::AttachFailed
        | Lifecycle::TerminationFailed
        | Lifecycle::DetachFailed => None,
    }
}

/// The number of a kind of activity (Kingsoft L2506, 2017 L1884); `None` = not shown.
#[must_use]
pub fn activity_type(kind: ActivityKind) -> Option<u8> {
    match kind {
        ActivityKind::ScaleOut => Some(0),
        ActivityKind::ScaleIn | ActivityKind::TerminateUnexpectedly => Some(1),
        ActivityKind::Attach => Some(2),
        ActivityKind::Detach | ActivityKind::Remove => Some(3),
        ActivityKind::ReplaceUnhealthy => Some(10),
        ActivityKind::Start
        | ActivityKind::Stop
        | ActivityKind::InvokeCommand
        | ActivityKind::EnterStandby
        | ActivityKind::ExitStandby
        | ActivityKind::ModifyBalancers
        | ActivityKind::InstanceRefresh => None,
    }
}

/// The kinds of activities that are shown.
pub const SHOWN_ACTIVITIES: [ActivityKind; 7] = [
    ActivityKind::ScaleOut,
    ActivityKind::ScaleIn,
    ActivityKind::TerminateUnexpectedly,
    ActivityKind::Attach,
    ActivityKind::Detach,
    ActivityKind::Remove,
    ActivityKind::ReplaceUnhealthy,
];

/// The number of what an attempt failed for (2017 L1895-1908).
#[must_use]
pub fn attempt_number(code: AttemptCode) -> u32 {
    match code {
        AttemptCode::SoldOut => 20_000,
        AttemptCode::Quota => 30_000,
        AttemptCode::Refused => 20_001,
        AttemptCode::Failed
        | AttemptCode::NoAnswer
        | AttemptCode::Died
        | AttemptCode::TimedOut
        | AttemptCode::CommandFailed => 20_002,
    }
}
