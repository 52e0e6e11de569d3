//! What stands in the way of a command now, and would not at another time.

use muster_model::{Error, InstanceId, ResourceKind};

use super::spelled;
use crate::fault::Fault;

/// A hook is bound, or an instance waits for it.
fn hook_in_use(id: &str, by: &str) -> String {
    let id = spelled(id);
    match InstanceId::parse(by) {
        Ok(_) => format!("the instance `{by}` waits for the lifecycle hook `{id}`"),
        Err(_) => format!("the lifecycle hook `{id}` is bound"),
    }
}

/// What is in the way.
pub(super) fn stands(error: &Error, about: &str) -> Fault {
    let (desc, text) = match error {
        Error::InUse {
            kind: ResourceKind::Hook,
            id,
            by,
        } => ("InActivity.HookId", hook_in_use(id, by)),
        Error::InUse { by, .. } => (
            "Conflict.ScallingConfigurationUse",
            format!("the scaling configuration `{about}` is used by {by}"),
        ),
        Error::HasInstances { count } => (
            "Conflict.ScalingGroupNotEmpty",
            format!("the scaling group `{about}` still has {count} instances"),
        ),
        Error::Busy { activity } => (
            "InActivity.ScalingGroup",
            format!("the scaling group `{about}` is performing the scaling activity `{activity}`"),
        ),
        Error::Disabled => (
            "Conflict.ScalingGroupInactive",
            format!("the scaling group `{about}` is not active"),
        ),
        Error::Abnormal => (
            "Conflict.ScalingGroupAbnormal",
            format!("the scaling group `{about}` is abnormal"),
        ),
        Error::AboveMax { wanted, max } | Error::InServiceAboveMax { wanted, max } => (
            "QuotaExceeded.MaxSize",
            format!("{wanted} instances are more than the maxSize {max} of `{about}`"),
        ),
        Error::BelowMin { wanted, min } | Error::InServiceBelowMin { wanted, min } => (
            "Conflict.LessThanMinSize",
            format!("{wanted} instances are less than the minSize {min} of `{about}`"),
        ),
        Error::CoolingDown => (
            "Conflict.ScalingGroupCooldown",
            format!("the scaling group `{about}` is in its cooldown period"),
        ),
        Error::InstanceBusy { instance } => (
            "IncorrectInstanceStatus.InActivity",
            format!("the instance `{instance}` is in operation"),
        ),
        Error::NotHeld { instance } => (
            "IncorrectInstanceStatus.NotInHook",
            format!("the instance `{instance}` does not wait for the lifecycle hook"),
        ),
        Error::VerdictGiven => (
            "IncorrectInstanceStatus.NotInHook",
            "the instance does not wait for the lifecycle hook any more".to_owned(),
        ),
        Error::ConfigAbnormal => (
            "Conflict.ScalingConfigurationAbnormal",
            "the scaling configuration is abnormal".to_owned(),
        ),
        other => (
            "Conflict.ScalingGroup",
            format!("the scaling group `{about}` cannot do this now: {other}"),
        ),
    };
    Fault::refused(desc, text)
}
