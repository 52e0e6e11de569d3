//! From the model's error to this door's code: one exhaustive table, with what differs per action in it.
//!
//! The codes are those that the facts list for each action (a test compares); where an action lists none, the common
//! code of the family stands in.

use muster_model::{AttachRefusal, Error, Field, Problem, Quota, ResourceKind};

use crate::fault::Fault;

mod listed;

/// This door's name of a parameter.
pub(crate) fn parameter(field: Field) -> &'static str {
    match field {
        Field::GroupName => "AutoScalingGroupName",
        Field::ConfigName => "LaunchConfigurationName",
        Field::Config => "LaunchConfigurationId",
        Field::Min => "MinSize",
        Field::Desired => "DesiredCapacity",
        Field::Max => "MaxSize",
        Field::Count => "ScaleOutNumber or ScaleInNumber",
        Field::Vpc => "VpcId",
        Field::Subnets => "SubnetIds",
        Field::Zones => "Zones",
        Field::Balancers => "LoadBalancerIds",
        Field::ForwardBalancers => "ForwardLoadBalancers",
        Field::Allocation => "InstanceAllocationPolicy",
        Field::SpotBase => "SpotMixedAllocationPolicy.BaseCapacity",
        Field::Image => "ImageId",
        Field::ImageFamily => "ImageFamily",
        Field::InstanceType => "InstanceType",
        Field::InstanceTypes => "InstanceTypes",
        Field::Login => "LoginSettings",
        Field::LoginPassword => "LoginSettings.Password",
        Field::LoginKeys => "LoginSettings.KeyIds",
        Field::Market => "InstanceMarketOptions",
        Field::Prepaid => "InstanceChargePrepaid",
        Field::ChargeType => "InstanceChargeType",
        Field::PublicIp => "InternetAccessible.PublicIpAssigned",
        Field::HostName => "HostNameSettings.HostName",
        Field::HookName => "LifecycleHookName",
        Field::InstanceName => "InstanceNameSettings.InstanceName",
        Field::UserData => "UserData",
        Field::NetworkInterfaces => "NetworkInterfaces",
        Field::ConcurrentScaleOut => "ConcurrentScaleOutForDesiredCapacity",
        Field::ScalingMode => "ServiceSettings.ScalingMode",
        Field::Instances => "InstanceIds",
        Field::NameIndex => "InstanceNameIndexSettings",
        Field::Tags => "Tags",
        Field::Start => "StartTime",
        Field::End => "EndTime",
        Field::Recurrence => "Recurrence",
        Field::Batches => "RefreshSettings.RollingUpdateSettings.BatchNumber",
        Field::MaxSurge => "RefreshSettings.RollingUpdateSettings.MaxSurge",
        Field::Receiver => "NotificationUserGroupIds, QueueName or TopicName",
        Field::ReceiverKind => "TargetType",
    }
}

fn is_config_action(action: &str) -> bool {
    action.contains("LaunchConfiguration")
}

fn not_found(kind: ResourceKind, action: &str) -> &'static str {
    match kind {
        // Rule I3: two have a code of their own, three list none for groups.
        ResourceKind::Group
            if matches!(action, "StartInstanceRefresh" | "RollbackInstanceRefresh") =>
        {
            "ResourceNotFound.AutoScalingGroupIdNotFound"
        }
        ResourceKind::Group
            if matches!(
                action,
                "StopInstanceRefresh" | "ResumeInstanceRefresh" | "CancelInstanceRefresh"
            ) =>
        {
            "ResourceNotFound.RefreshActivityNotFound"
        }
        ResourceKind::Group => "ResourceNotFound.AutoScalingGroupNotFound",
        ResourceKind::Config if action == "ClearLaunchConfigurationAttributes" => {
            "InvalidParameterValue.InvalidLaunchConfigurationId"
        }
        ResourceKind::Config if is_config_action(action) => {
            "ResourceNotFound.LaunchConfigurationIdNotFound"
        }
        ResourceKind::Config => "InvalidParameterValue.LaunchConfigurationNotFound",
        ResourceKind::Instance => "ResourceNotFound.InstancesNotFound",
        ResourceKind::Activity => "InvalidParameterValue.InvalidActivityId",
        ResourceKind::Policy => "ResourceNotFound.ScalingPolicyNotFound",
        ResourceKind::Schedule => "ResourceNotFound.ScheduledActionNotFound",
        ResourceKind::Notification => "ResourceNotFound.AutoScalingNotificationNotFound",
        ResourceKind::Hook => "ResourceNotFound.LifecycleHookNotFound",
        ResourceKind::Refresh => "ResourceNotFound.RefreshActivityNotFound",
        ResourceKind::Balancer => "ResourceNotFound.LoadBalancerNotInAutoScalingGroup",
        ResourceKind::Record => "ResourceNotFound",
    }
}

fn name_taken(kind: ResourceKind) -> &'static str {
    match kind {
        ResourceKind::Group => "InvalidParameterValue.GroupNameDuplicated",
        ResourceKind::Config => "InvalidParameterValue.LaunchConfigurationNameDuplicated",
        ResourceKind::Policy => "InvalidParameterValue.ScalingPolicyNameDuplicate",
        ResourceKind::Schedule => "InvalidParameterValue.ScheduledActionNameDuplicate",
        ResourceKind::Hook => "InvalidParameterValue.LifecycleHookNameDuplicated",
        ResourceKind::Instance
        | ResourceKind::Activity
        | ResourceKind::Notification
        | ResourceKind::Refresh
        | ResourceKind::Balancer
        | ResourceKind::Record => "InvalidParameterValue",
    }
}

/// Code and explanation of a parameter that does not go with `other`.
fn ill_matched(
    field: Field,
    problem: &Problem,
    other: Field,
    action: &str,
) -> (&'static str, String) {
    let (name, other) = (parameter(field), parameter(other));
    match problem {
        Problem::ExcludedBy(_) => {
            let code = match is_config_action(action) {
                true => "InvalidParameter.Conflict",
                false => "InvalidParameter.InScenario",
            };
            let message =
                format!("The parameters `{name}` and `{other}` cannot be given together.");
            (code, message)
        }
        Problem::OneOf(_) => (
            "InvalidParameter.MustOneParameter",
            format!("One of the parameters `{name}` and `{other}` must be given."),
        ),
        Problem::NeededBy(_) => {
            let code = match (field, action) {
                (Field::End | Field::Recurrence, _) => "MissingParameter",
                (Field::Market, "CreateLaunchConfiguration") => {
                    "MissingParameter.InstanceMarketOptions"
                }
                (_, "CreateLaunchConfiguration" | "UpgradeLaunchConfiguration") => {
                    "MissingParameter"
                }
                _ => "MissingParameter.InScenario",
            };
            let message = format!("The parameter `{name}` is needed by what `{other}` says.");
            (code, message)
        }
        Problem::NotWith(_)
        | Problem::Duplicate(_)
        | Problem::Above { .. }
        | Problem::Range { .. }
        | Problem::Unusable(_) => {
            let code = match field {
                Field::Receiver => "InvalidParameterValue.ConflictNotificationTarget",
                _ => "InvalidParameter.InScenario",
            };
            let message = format!("The parameter `{name}` does not go with what `{other}` says.");
            (code, message)
        }
    }
}

/// Code and explanation of a wrong parameter.
fn invalid(field: Field, problem: &Problem, action: &str) -> (&'static str, String) {
    let name = parameter(field);
    match problem {
        Problem::ExcludedBy(other)
        | Problem::OneOf(other)
        | Problem::NeededBy(other)
        | Problem::NotWith(other) => ill_matched(field, problem, *other, action),
        Problem::Duplicate(value) => {
            let code = match field {
                Field::Subnets => "InvalidParameterValue.DuplicatedSubnet",
                Field::ForwardBalancers => "InvalidParameterValue.DuplicatedForwardLb",
                _ => "InvalidParameterValue",
            };
            let message = match field {
                Field::ForwardBalancers => {
                    format!("The listener `{value}` is bound already, with other ports or weights.")
                }
                _ => format!("The value `{value}` is in the parameter `{name}` twice."),
            };
            (code, message)
        }
        Problem::Above { value, than, limit } => {
            let code = match field {
                Field::SpotBase => "InvalidParameterValue.BaseCapacityTooLarge",
                Field::Batches => "InvalidParameterValue.BatchNumberTooLarge",
                Field::MaxSurge => "InvalidParameterValue.MaxSurgeTooLarge",
                _ => "InvalidParameterValue.Range",
            };
            let than = parameter(*than);
            (
                code,
                format!(
                    "The value `{value}` of the parameter `{name}` is larger than the {limit} of `{than}`."
                ),
            )
        }
        Problem::Range { value, min, max } => {
            let name = match (field, action) {
                (Field::Count, "ScaleOutInstances") => "ScaleOutNumber",
                (Field::Count, "ScaleInInstances") => "ScaleInNumber",
                _ => name,
            };
            (
                "InvalidParameterValue.Range",
                Fault::range(name, *value, *min, *max).message,
            )
        }
        Problem::Unusable(why) => {
            let code = match field {
                Field::Start => "InvalidParameterValue.StartTimeBeforeCurrentTime",
                Field::End => "InvalidParameterValue.EndTimeBeforeStartTime",
                Field::Recurrence => "InvalidParameterValue.CronExpressionIllegal",
                _ if is_config_action(action) => "InvalidParameter.InvalidCombination",
                _ => "InvalidParameterValue",
            };
            (
                code,
                format!("The parameter `{name}` is not usable: {why}."),
            )
        }
    }
}

fn attach_refusal(refusal: &AttachRefusal) -> &'static str {
    match refusal {
        AttachRefusal::NotFound => "ResourceNotFound.InstancesNotFound",
        AttachRefusal::AlreadyHere | AttachRefusal::InOtherGroup => {
            "ResourceUnavailable.InstancesAlreadyInAutoScalingGroup"
        }
        AttachRefusal::OtherVpc | AttachRefusal::OtherSubnet | AttachRefusal::OtherZone => {
            "ResourceUnavailable.CvmVpcInconsistent"
        }
        AttachRefusal::OtherType | AttachRefusal::NotRunning | AttachRefusal::WrongState => {
            "ResourceUnavailable.InstanceCannotAttach"
        }
    }
}

fn used_up(quota: Quota) -> &'static str {
    match quota {
        Quota::ClassicBalancers | Quota::ForwardBalancers => {
            "LimitExceeded.AfterAttachLbLimitExceeded"
        }
        Quota::Configs => "LimitExceeded.LaunchConfigurationQuotaNotEnough",
        Quota::Groups => "LimitExceeded.AutoScalingGroupLimitExceeded",
        Quota::Hooks | Quota::Policies | Quota::Metrics | Quota::Notifications | Quota::Records => {
            "LimitExceeded.QuotaNotEnough"
        }
        Quota::Schedules => "LimitExceeded.ScheduledActionLimitExceeded",
        Quota::TargetTracking => "LimitExceeded.TargetTrackingScalingPolicy",
    }
}

/// The answer to a command that was refused.
pub(crate) fn fault(error: &Error, action: &str) -> Fault {
    let code = match error {
        Error::NotFound { kind, .. } => not_found(*kind, action),
        Error::Unlisted { kind, id } => return listed::unlisted(*kind, id, action),
        Error::Misfit { id, misfit } => return listed::misfit(*misfit, id, action),
        Error::NotMembers { .. } if matches!(action, "EnterStandby" | "ExitStandby") => {
            "ResourceNotFound.InstancesNotFound"
        }
        Error::NotMembers { .. } => "ResourceNotFound.InstancesNotInAutoScalingGroup",
        // One lists no code of its own for this.
        Error::NameTaken {
            kind: ResourceKind::Hook,
            ..
        } if action == "ModifyLifecycleHook" => "InvalidParameterValue",
        Error::NameTaken { kind, .. } => name_taken(*kind),
        Error::QuotaExceeded { quota, .. } => used_up(*quota),
        Error::SizeOrder { .. } => "InvalidParameterValue.Size",
        Error::Invalid { field, problem } => {
            let (code, message) = invalid(*field, problem, action);
            return Fault::new(code, message);
        }
        Error::Changed { .. } => "ResourceUnavailable",
        Error::InUse { .. } => "ResourceInUse.LaunchConfigurationIdInUse",
        Error::HasInstances { .. } => "ResourceInUse.InstanceInGroup",
        Error::Busy { .. } if action == "DeleteAutoScalingGroup" => {
            "ResourceInUse.ActivityInProgress"
        }
        Error::Busy { .. } => "ResourceUnavailable.AutoScalingGroupInActivity",
        Error::Disabled if action == "ExecuteScalingPolicy" => {
            "ResourceInUse.AutoScalingGroupNotActive"
        }
        Error::Disabled => "ResourceUnavailable.AutoScalingGroupDisabled",
        Error::Abnormal => "ResourceUnavailable.AutoScalingGroupAbnormalStatus",
        Error::AboveMax { .. } => "ResourceInsufficient.AutoScalingGroupAboveMaxSize",
        Error::InServiceAboveMax { .. } => "ResourceInsufficient.InServiceInstanceAboveMaxSize",
        Error::BelowMin { .. } => "ResourceInsufficient.AutoScalingGroupBelowMinSize",
        Error::InServiceBelowMin { .. } => "ResourceInsufficient.InServiceInstanceBelowMinSize",
        // ScaleInInstances and RemoveInstances list no code for "nobody can go": the common one of the family.
        Error::NothingToDo if matches!(action, "ScaleInInstances" | "RemoveInstances") => {
            "FailedOperation"
        }
        Error::NothingToDo | Error::CoolingDown => "FailedOperation.NoActivityToGenerate",
        Error::InstanceBusy { .. } => "ResourceUnavailable.InstanceInOperation",
        Error::CannotAttach { refusal, .. } => attach_refusal(refusal),
        Error::SourceStopped { .. } => "ResourceUnavailable.StoppedInstanceNotAllowAttach",
        Error::VpcBound => "ResourceUnavailable.ForbiddenModifyVpc",
        Error::InRefresh { .. } => "ResourceUnavailable.AutoScalingGroupInRefreshActivity",
        Error::RefreshStands { .. } => {
            "ResourceUnavailable.RefreshActivityStatusConflictWithOperation"
        }
        Error::NoneToRefresh => "ResourceUnavailable.NoInstanceCanRefresh",
        Error::NoneToRollBack => "ResourceUnavailable.NoInstanceCanRollback",
        Error::NoRollBack { .. } => "ResourceUnavailable.RefreshActivityCanNotRollback",
        Error::RollBackOfRollBack { .. } => {
            "ResourceUnavailable.RollbackTypeActivityCanNotRollbackAgain"
        }
        Error::NoSuchToken => "ResourceNotFound.LifecycleHookTokenNotFound",
        Error::NotHeld { .. } => "ResourceNotFound.LifecycleHookInstanceNotFound",
        Error::VerdictGiven => "ResourceUnavailable.LifecycleActionResultHasSet",
        Error::NotExecutable { .. } => "InvalidParameterValue.TargetTrackingScalingPolicy",
        Error::ConfigAbnormal => "ResourceUnavailable.LaunchConfigurationStatusAbnormal",
        Error::BackEnd { .. } | Error::Store { .. } => "InternalError",
        Error::ReadOnly => "AuthFailure.UnauthorizedOperation",
        Error::Overloaded => "RequestLimitExceeded",
    };
    Fault::new(code, sentence(error))
}

/// The same in the words of the action: where its own list of codes lacks one, the closest that it has, or the common code
/// of the family.
pub(crate) fn in_words_of(action: &str, fault: Fault) -> Fault {
    const LIMIT: &str = "InvalidParameterValue.LimitExceeded";
    const GROUP: &str = "InvalidParameterValue.InvalidAutoScalingGroupId";
    const VALUES: &str = "LimitExceeded.FilterValuesTooLong";
    let code = match (action, &*fault.code) {
        ("DescribeLaunchConfigurations", LIMIT) => "InvalidParameterValue.TooLong",
        ("DescribeLifecycleHooks", LIMIT) => "InvalidParameter",
        ("DescribeScalingPolicies", LIMIT) => "LimitExceeded",
        ("UpgradeLaunchConfiguration", LIMIT | "InvalidParameterValue.TooLong") => {
            "InvalidParameterValue.Range"
        }
        ("UpgradeLaunchConfiguration", "InvalidParameterValue.HostNameWithSuffixTooLong") => {
            "InvalidParameterValue.HostNameIllegal"
        }
        ("UpgradeLaunchConfiguration", "InvalidParameter.InScenario") => {
            "InvalidParameter.InvalidCombination"
        }
        (
            "DescribeLifecycleHooks"
            | "DescribeNotificationConfigurations"
            | "DescribeScalingPolicies"
            | "DescribeScheduledActions",
            VALUES,
        ) => "InvalidParameterValue.InvalidFilter",
        // Rule I3: these list no malformed ids. What is none of a group is none that is there.
        ("StartInstanceRefresh" | "RollbackInstanceRefresh", GROUP) => {
            "ResourceNotFound.AutoScalingGroupIdNotFound"
        }
        ("StopInstanceRefresh" | "ResumeInstanceRefresh" | "CancelInstanceRefresh", GROUP) => {
            "ResourceNotFound.RefreshActivityNotFound"
        }
        ("RollbackInstanceRefresh", "ResourceNotFound.RefreshActivityNotFound") => {
            "ResourceUnavailable.RefreshActivityCanNotRollback"
        }
        _ if is_common_value(action, &fault.code) => "InvalidParameterValue",
        _ => return fault,
    };
    Fault::new(code, fault.message)
}

/// Where an action lists no code of its own for a value that it does not take.
fn is_common_value(action: &str, code: &str) -> bool {
    let codes: &[&str] = match action {
        "UpgradeLaunchConfiguration" => &[
            "InstanceNameIllegal",
            "InstanceNameWithSuffixTooLong",
            "InvalidSecurityGroupId",
            "InvalidSnapshotId",
        ],
        "ModifyLaunchConfigurationAttributes" => &["InvalidSnapshotId"],
        "DescribeAutoScalingGroupLastActivities" | "DescribeAutoScalingAdvices" => {
            &["InvalidAutoScalingGroupId"]
        }
        "DescribeNotificationConfigurations"
        | "DescribeScheduledActions"
        | "ModifyNotificationConfiguration"
        | "StartAutoScalingInstances"
        | "StopAutoScalingInstances" => &["LimitExceeded"],
        "ModifyScalingPolicy" => &["LimitExceeded", "TooLong"],
        "DetachLoadBalancers" => &["LimitExceeded", "Range"],
        "ModifyLoadBalancerTargetAttributes" => &["DuplicatedForwardLb"],
        "StartInstanceRefresh" | "RollbackInstanceRefresh" => &["Range"],
        _ => &[],
    };
    code.strip_prefix("InvalidParameterValue.")
        .is_some_and(|code| codes.contains(&code))
}

/// The error's own words as a sentence.
fn sentence(error: &Error) -> String {
    let text = match error {
        Error::NotFound {
            kind: ResourceKind::Group,
            id,
        } => format!("the auto scaling group `{id}` does not exist"),
        Error::NotFound {
            kind: ResourceKind::Config,
            id,
        } => format!("the launch configuration `{id}` does not exist"),
        Error::NotFound {
            kind: ResourceKind::Hook,
            id,
        } => format!("the lifecycle hook `{id}` does not exist"),
        Error::NotFound {
            kind: ResourceKind::Refresh,
            id,
        } => format!("the instance refresh `{id}` does not exist"),
        Error::NotFound {
            kind: ResourceKind::Balancer,
            id,
        } => format!("the load balancer `{id}` is not bound to the auto scaling group"),
        Error::NotFound {
            kind: ResourceKind::Schedule,
            id,
        } => format!("the scheduled action `{id}` does not exist"),
        Error::NotFound {
            kind: ResourceKind::Policy,
            id,
        } => format!("the scaling policy `{id}` does not exist"),
        Error::NotFound {
            kind: ResourceKind::Notification,
            id,
        } => format!("the notification `{id}` does not exist"),
        Error::NameTaken { name, .. } => format!("the name `{name}` is in use"),
        other => other.to_string(),
    };
    let mut chars = text.chars();
    let first = chars
        .next()
        .map(|c| c.to_ascii_uppercase())
        .unwrap_or_default();
    format!("{first}{}.", chars.as_str())
}
