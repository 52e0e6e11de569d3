//! From the model's errors to this door's: one exhaustive table. The business codes are those of the documentation where an
//! action has one; the others are of our own making, after the pattern of their names.

use muster_model::{
    AttachRefusal, Error, Field, HookId, InstanceId, Listed, Misfit, Problem, Quota, ResourceKind,
};

use crate::fault::{Class, Fault};

mod numbers;
mod stands;

pub(crate) use numbers::module_code;
use stands::stands;

/// How an id of a hook begins here.
pub(crate) const HOOK_PREFIX: &str = "lfh-";

/// The spelling that is meant by what the documentation prints (contradiction T43).
pub(crate) fn vpc_spelling(desc: &'static str) -> &'static str {
    match desc {
        "InvalidParameter.VpIdOrSubnetIdError" => "InvalidParameter.VpcIdOrSubnetIdError",
        "Conflict.VpIdVszoneId" => "Conflict.VpcIdVszoneId",
        other => other,
    }
}

fn is_about_notifications(action: &str) -> bool {
    action.ends_with("ScalingNotification")
}

fn is_about_hooks(action: &str) -> bool {
    action.to_ascii_lowercase().contains("lifecyclehook")
}

/// The code of an id that is not right, or that nothing has.
pub(crate) fn unknown(kind: ResourceKind, action: &str) -> &'static str {
    match kind {
        ResourceKind::Group if is_about_notifications(action) => "InvalidParameter.ScalingGroupId",
        ResourceKind::Group => "InvalidParameter.ScalingGroupIdError",
        ResourceKind::Config => "InvalidParameter.ScalingConfigurationIdError",
        ResourceKind::Instance => "InvalidParameter.InstanceIdError",
        ResourceKind::Policy => "InvalidParameter.ScalingPolicyIdError",
        ResourceKind::Schedule => "InvalidScheduledTask.NotExist",
        ResourceKind::Hook if action == "AttachLifecycleHookId" => {
            "Conflict.ScalingGroupIdVsLifeCycleHookId"
        }
        ResourceKind::Hook => "InvalidParameter.LifeCycleHookIdError",
        ResourceKind::Notification => "InvalidParameter.NotifyId",
        ResourceKind::Balancer => "InvalidParameter.LoadBalancerIdError",
        ResourceKind::Activity | ResourceKind::Refresh | ResourceKind::Record => "ResourceNotFound",
    }
}

/// An id as it is spelled here: that of a hook begins otherwise.
fn spelled(id: &str) -> String {
    HookId::parse(id).map_or_else(|_| id.to_owned(), hook_id)
}

/// The id of a hook as it is called here.
pub(crate) fn hook_id(id: HookId) -> String {
    format!("{HOOK_PREFIX}{}", id.key().base36())
}

fn not_found(kind: ResourceKind, id: &str, action: &str) -> Fault {
    let what = match kind {
        ResourceKind::Group => "scaling group",
        ResourceKind::Config => "scaling configuration",
        ResourceKind::Instance => "instance of the scaling group",
        ResourceKind::Policy => "scaling policy",
        ResourceKind::Schedule => "scheduled task",
        ResourceKind::Hook => "lifecycle hook of the scaling group",
        ResourceKind::Notification => "notification",
        ResourceKind::Balancer => "load balancer",
        ResourceKind::Activity => "scaling activity",
        ResourceKind::Refresh => "instance refresh",
        ResourceKind::Record => "resource",
    };
    let desc = unknown(kind, action);
    let class = match desc {
        "Conflict.ScalingGroupIdVsLifeCycleHookId" => Class::Refused,
        _ => Class::Absent,
    };
    Fault::new(class, desc, format!("there is no {what} `{}`", spelled(id)))
}

fn name_taken(kind: ResourceKind, name: &str) -> Fault {
    let desc = match kind {
        ResourceKind::Group => "NameDuplicate.ScalingGroup",
        ResourceKind::Config => "NameDuplicate.ScallingConfiguration",
        ResourceKind::Policy => "NameDuplicate.ScalingPolicy",
        ResourceKind::Schedule => "NameDuplicate.ScheduledTask",
        ResourceKind::Hook => "NameDuplicate.LifeCycleHook",
        ResourceKind::Instance
        | ResourceKind::Activity
        | ResourceKind::Notification
        | ResourceKind::Refresh
        | ResourceKind::Balancer
        | ResourceKind::Record => "InvalidParameter",
    };
    Fault::refused(desc, format!("the name `{name}` is in use"))
}

/// This door's name of a parameter, and the code of one that is not right.
fn parameter(field: Field, action: &str) -> (&'static str, &'static str) {
    let task = action.ends_with("ScheduledTask");
    match field {
        Field::GroupName => ("scalingGroupName", "InvalidParameter"),
        Field::ConfigName => ("scalingConfigurationName", "InvalidParameter"),
        Field::Config => (
            "scalingConfigurationId",
            "InvalidParameter.ScalingConfigurationIdError",
        ),
        Field::Min if task => ("readjustMinSize", "InvalidParameter"),
        Field::Min => ("minSize", "InvalidParameter"),
        Field::Desired if task => ("readjustDesiredCapacity", "InvalidParameter"),
        Field::Desired => ("desiredCapacity", "InvalidParameter.DesiredCapacity"),
        Field::Max if task => ("readjustMaxSize", "InvalidParameter"),
        Field::Max => ("maxSize", "InvalidParameter"),
        Field::Count => ("adjustmentValue", "InvalidParameter.AdjustmentValue"),
        Field::Vpc => ("vpcId", "InvalidParameter.VpIdOrSubnetIdError"),
        Field::Subnets => ("subnetIds", "InvalidParameter.VpIdOrSubnetIdError"),
        Field::Zones => ("zoneIds", "InvalidParameter.ZoneIdError"),
        Field::Balancers => ("loadBalancerIds", "InvalidParameter.LoadBalancerIdError"),
        Field::ForwardBalancers => ("forwardLBInfos", "InvalidParameter.LoadBalancerIdError"),
        Field::Image | Field::ImageFamily => ("imageId", "InvalidParameter"),
        Field::InstanceType | Field::InstanceTypes => ("cpu", "OprationFail.CpuOrMemNotExsit"),
        Field::Login | Field::LoginPassword => ("password", "InvalidParameter"),
        Field::LoginKeys => ("keyId", "InvalidParameter"),
        Field::PublicIp => ("wanIp", "InvalidParameter"),
        Field::HookName => ("lifeCycleHookName", "Conflict.NameVsLifeCycleHookId"),
        Field::UserData => ("userdata", "InvalidParameter"),
        Field::Instances => ("instanceIds", "InvalidParameter.InstanceIdError"),
        Field::Start => ("startTime", "InvalidParameter"),
        Field::End => ("endTime", "InvalidParameter.EndtimeAndRecurrence"),
        Field::Recurrence => ("recurrence", "InvalidParameter.EndtimeAndRecurrence"),
        Field::Receiver | Field::ReceiverKind if is_about_hooks(action) => {
            ("notifyIds", "InvalidParameter.GroupIdInHook")
        }
        Field::Receiver | Field::ReceiverKind => ("receiversIds", "InvalidParameter.GroupId"),
        // What these mean cannot be said at this door; a group or configuration made elsewhere may have it.
        Field::Market
        | Field::Prepaid
        | Field::ChargeType
        | Field::HostName
        | Field::InstanceName
        | Field::NameIndex
        | Field::Tags
        | Field::Allocation
        | Field::SpotBase
        | Field::NetworkInterfaces
        | Field::ConcurrentScaleOut
        | Field::ScalingMode
        | Field::Batches
        | Field::MaxSurge => ("scalingConfigurationId", "InvalidParameter"),
    }
}

/// The code that an action has for a parameter that is missing or cannot be read.
pub(crate) fn of_parameter(path: &str, action: &str) -> &'static str {
    let name = path.split('.').next().unwrap_or(path);
    match name {
        "scalingGroupId" => unknown(ResourceKind::Group, action),
        "scalingConfigurationId" => unknown(ResourceKind::Config, action),
        "instanceIds" | "scalingInstanceId" => unknown(ResourceKind::Instance, action),
        "scalingPolicyId" => unknown(ResourceKind::Policy, action),
        "scalingScheduledTaskId" => unknown(ResourceKind::Schedule, action),
        "lifeCycleHookId" => unknown(ResourceKind::Hook, action),
        "notificationId" => unknown(ResourceKind::Notification, action),
        "projectId" => "InvalidParameter.InvalidProjectId",
        "storageType" => "InvalidParameter.storageType",
        "vpcId" => parameter(Field::Vpc, action).1,
        "subnetIds" => parameter(Field::Subnets, action).1,
        "zoneIds" => parameter(Field::Zones, action).1,
        "loadBalancerIds" | "forwardLBInfos" => parameter(Field::Balancers, action).1,
        "desiredCapacity" => parameter(Field::Desired, action).1,
        "adjustmentValue" => parameter(Field::Count, action).1,
        "notifyIds" | "receiversIds" => parameter(Field::Receiver, action).1,
        "metric" if action == "ModifyScalingPolicy" => "InvalidParameter.MetricError",
        "metric" => "InvalidParameter.Metric",
        "transition" => "HookParameterError.Transition",
        "defaultResult" => "HookParameterError.DefaultResult",
        "lifeCycleHookResult" => "HookParameterError.LifeCycleHookResult",
        _ => "InvalidParameter",
    }
}

fn wrong(field: Field, problem: &Problem, action: &str) -> Fault {
    let (name, desc) = parameter(field, action);
    let text = match problem {
        Problem::OneOf(_) | Problem::NeededBy(_) => format!("the parameter `{name}` is missing"),
        Problem::ExcludedBy(other) | Problem::NotWith(other) => {
            let (other, _) = parameter(*other, action);
            format!("the parameter `{name}` does not go with what `{other}` says")
        }
        Problem::Duplicate(value) => {
            format!("the value `{value}` of the parameter `{name}` is given twice")
        }
        Problem::Above { value, limit, .. } => {
            format!("the value `{value}` of the parameter `{name}` is not right: at most {limit}")
        }
        Problem::Range { value, min, max } => {
            format!("the value `{value}` of the parameter `{name}` is not right: {min} to {max}")
        }
        Problem::Unusable(why) => format!("the parameter `{name}` is not right: {why}"),
    };
    let class = match desc {
        "OprationFail.CpuOrMemNotExsit" => Class::Unpurchasable,
        "Conflict.NameVsLifeCycleHookId" => Class::Refused,
        _ => Class::Parameter,
    };
    // A code that says more than is wrong here.
    let desc = match (field, problem) {
        (Field::End | Field::Recurrence, Problem::Unusable(_)) => "InvalidParameter",
        _ => desc,
    };
    Fault::new(class, desc, text)
}

/// The parameter that names what is not listed, and its code.
fn listed(kind: Listed, action: &str) -> (&'static str, &'static str) {
    match kind {
        Listed::Image | Listed::ImageFamily => ("imageId", "InvalidParameter"),
        Listed::InstanceType => ("cpu, mem and cvmType", "OprationFail.CpuOrMemNotExsit"),
        Listed::Zone => ("zoneIds", "InvalidParameter.ZoneIdError"),
        Listed::Vpc => ("vpcId", "InvalidParameter.VpIdOrSubnetIdError"),
        Listed::Subnet => ("subnetIds", "InvalidParameter.VpIdOrSubnetIdError"),
        Listed::SecurityGroup => ("sgId", "InvalidParameter.SecurityGroupId"),
        Listed::Key => ("keyId", "InvalidParameter"),
        Listed::Project | Listed::EnterpriseProject => {
            ("projectId", "InvalidParameter.InvalidProjectId")
        }
        Listed::Snapshot => ("dataSnapshotId", "InvalidParameter"),
        Listed::DataImage | Listed::Storage => ("storageType", "InvalidParameter"),
        Listed::ClassicBalancer => ("loadBalancerIds", "InvalidParameter.LoadBalancerIdError"),
        Listed::Balancer | Listed::Listener | Listed::Location | Listed::Pool => {
            ("forwardLBInfos", "InvalidParameter.LoadBalancerIdError")
        }
        Listed::UserGroup if is_about_hooks(action) => {
            ("notifyIds", "InvalidParameter.GroupIdInHook")
        }
        Listed::UserGroup if is_about_notifications(action) => {
            ("receiversIds", "InvalidParameter.GroupId")
        }
        Listed::UserGroup => ("notifyIds", "InvalidParameter.GroupId"),
        Listed::BandwidthPackage
        | Listed::DisasterRecoverGroup
        | Listed::DedicatedCluster
        | Listed::Command
        | Listed::CmqQueue
        | Listed::TdmqQueue
        | Listed::CmqTopic
        | Listed::TdmqTopic => ("scalingGroupId", "InvalidParameter"),
    }
}

fn unlisted(kind: Listed, id: &str, action: &str) -> Fault {
    let (name, desc) = listed(kind, action);
    let class = match kind {
        Listed::InstanceType => Class::Unpurchasable,
        _ => Class::Absent,
    };
    let text = format!("the value `{id}` of the parameter `{name}` is not right: there is none");
    Fault::new(class, desc, text)
}

fn misfit(id: &str, misfit: Misfit) -> Fault {
    let (name, desc, class) = match misfit {
        Misfit::FixedHostName
        | Misfit::ImageQueued
        | Misfit::ImageKilled
        | Misfit::TypeNotOfImage
        | Misfit::TypeOfOtherArchitecture
        | Misfit::TypeAbove32Bits
        | Misfit::DataImageUnusable
        | Misfit::DisksNotOfImage
        | Misfit::PartsApart => ("imageId", "InvalidParameter", Class::Parameter),
        Misfit::DiskTypeNotOfType
        | Misfit::DiskTypeNotOfStorage
        | Misfit::StorageUnavailable
        | Misfit::StorageTooSmall
        | Misfit::StoragesApart => ("storageType", "InvalidParameter", Class::Parameter),
        Misfit::SystemDiskTooSmall => ("rootSize", "InvalidParameter", Class::Parameter),
        Misfit::DataDiskTooSmall => ("storageSize", "InvalidParameter", Class::Parameter),
        Misfit::BackupNotOfImage => ("dataSnapshotId", "InvalidParameter", Class::Parameter),
        Misfit::TypeSoldOut => (
            "cpu, mem and cvmType",
            "OprationFail.CpuOrMemNotExsit",
            Class::Unpurchasable,
        ),
        Misfit::ZoneElsewhere
        | Misfit::ZoneUnavailable
        | Misfit::ImageNotInZone
        | Misfit::DisksNotInZone => ("zoneIds", "InvalidParameter.ZoneIdError", Class::Parameter),
        Misfit::SubnetUnavailable | Misfit::SubnetOfOtherVpc | Misfit::SubnetOutsideCluster => (
            "subnetIds",
            "InvalidParameter.VpIdOrSubnetIdError",
            Class::Parameter,
        ),
        Misfit::ConfigOfOtherProject => (
            "scalingConfigurationId",
            "InvalidParameter.ScalingConfigurationIdError",
            Class::Parameter,
        ),
        Misfit::BalancerElsewhere
        | Misfit::BalancerOfOtherVpc
        | Misfit::BalancerOfOtherProject
        | Misfit::ListenerToTargetGroup => (
            "loadBalancerIds",
            "InvalidParameter.LoadBalancerIdError",
            Class::Parameter,
        ),
        Misfit::NoBandwidthPackages | Misfit::CmqTopicUnheard | Misfit::TdmqTopicUnheard => {
            ("scalingGroupId", "InvalidParameter", Class::Parameter)
        }
    };
    let text = format!("the value `{id}` of the parameter `{name}` is not right: {misfit}");
    Fault::new(class, desc, text)
}

/// More than there may be.
pub(crate) fn quota(quota: Quota, limit: u32) -> Fault {
    let (desc, what) = match quota {
        Quota::Configs => (
            "QuotaExceeded.ScallingConfiguration",
            "scaling configurations",
        ),
        Quota::Groups => ("QuotaExceeded.ScalingGroup", "scaling groups"),
        Quota::Schedules => ("QuotaExceeded.ScheduledTask", "scheduled tasks"),
        Quota::ClassicBalancers | Quota::ForwardBalancers => {
            ("QuotaExceeded.LoadBalancerId", "load balancers")
        }
        Quota::Hooks => ("QuotaExceeded.HookLimit", "lifecycle hooks"),
        Quota::Policies | Quota::TargetTracking | Quota::Metrics => {
            ("QuotaExceeded.ScalingPolicy", "scaling policies")
        }
        Quota::Notifications => ("QuotaExceeded.ScalingNotification", "notifications"),
        Quota::Records => ("InvalidParameter", "resources"),
    };
    Fault::refused(desc, format!("there may be at most {limit} {what}"))
}

fn attach(instance: InstanceId, refusal: &AttachRefusal) -> Fault {
    let (class, desc) = match refusal {
        AttachRefusal::NotFound => (Class::Absent, "InvalidParameter.InstanceIdError"),
        AttachRefusal::AlreadyHere | AttachRefusal::InOtherGroup => (
            Class::Refused,
            "IncorrectInstanceStatus.InOtherScalingGroup",
        ),
        AttachRefusal::OtherVpc | AttachRefusal::OtherSubnet | AttachRefusal::OtherZone => {
            (Class::Refused, "InvalidInstanceId.VpcMismatch")
        }
        AttachRefusal::OtherType => (
            Class::Refused,
            "InvalidInstanceId.ScalingConfigurationMismatch",
        ),
        AttachRefusal::NotRunning | AttachRefusal::WrongState => {
            (Class::Refused, "IncorrectInstanceStatus.NotRunning")
        }
    };
    let text = format!("the instance `{instance}` cannot be added: {refusal}");
    Fault::new(class, desc, text)
}

/// Sizes that do not satisfy `min <= desired <= max`.
fn size_order(min: u32, desired: u32, max: u32, action: &str) -> Fault {
    if min > max {
        let (low, _) = parameter(Field::Min, action);
        let (high, _) = parameter(Field::Max, action);
        let text = format!("the value `{max}` of `{high}` is less than `{min}` of `{low}`");
        return Fault::new(Class::Parameter, "Conflict.MaxsizeLessMinsize", text);
    }
    let (name, desc) = parameter(Field::Desired, action);
    Fault::coded(desc, name, &desired.to_string(), &format!("{min} to {max}"))
}

/// The answer to a command of an action that was refused; `about` is the id that the request names.
pub(crate) fn fault(error: &Error, about: &str, action: &str) -> Fault {
    match error {
        Error::NotFound { kind, id } => not_found(*kind, id, action),
        Error::NotMembers { instances } => {
            let ids: Vec<String> = instances.iter().map(ToString::to_string).collect();
            not_found(ResourceKind::Instance, &ids.join(", "), action)
        }
        Error::Unlisted { kind, id } => unlisted(*kind, id, action),
        Error::Misfit { id, misfit: why } => misfit(id, *why),
        Error::NameTaken { kind, name } => name_taken(*kind, name),
        Error::QuotaExceeded {
            quota: which,
            limit,
        } => quota(*which, *limit),
        Error::SizeOrder { min, desired, max } => size_order(*min, *desired, *max, action),
        Error::Invalid {
            field: Field::Start,
            problem: Problem::Duplicate(other),
        } => Fault::refused(
            "InvalidScheduleTask.TimeConflict",
            format!("the scheduled task `{other}` runs at the same time"),
        ),
        Error::Invalid { field, problem } => wrong(*field, problem, action),
        Error::CannotAttach { instance, refusal } => attach(*instance, refusal),
        Error::SourceStopped { instance } => attach(*instance, &AttachRefusal::NotRunning),
        Error::ReadOnly => Fault::new(
            Class::Forbidden,
            "UnauthorizedOperation",
            format!("the key may only look: it may not call `{action}`"),
        ),
        Error::BackEnd { .. } | Error::Store { .. } | Error::Overloaded => Fault::new(
            Class::Unavailable,
            "ServiceUnavailable",
            "the service is not available for now; try again later",
        ),
        Error::InUse { .. }
        | Error::Changed { .. }
        | Error::HasInstances { .. }
        | Error::Busy { .. }
        | Error::Disabled
        | Error::Abnormal
        | Error::AboveMax { .. }
        | Error::InServiceAboveMax { .. }
        | Error::BelowMin { .. }
        | Error::InServiceBelowMin { .. }
        | Error::NothingToDo
        | Error::CoolingDown
        | Error::InstanceBusy { .. }
        | Error::VpcBound
        | Error::InRefresh { .. }
        | Error::RefreshStands { .. }
        | Error::NoneToRefresh
        | Error::NoneToRollBack
        | Error::NoRollBack { .. }
        | Error::RollBackOfRollBack { .. }
        | Error::NoSuchToken
        | Error::NotHeld { .. }
        | Error::VerdictGiven
        | Error::NotExecutable { .. }
        | Error::ConfigAbnormal => stands(error, about),
    }
}
