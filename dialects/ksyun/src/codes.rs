//! From the model's errors to this door's: one exhaustive table. The documentation has no errors of resources; what is
//! here beyond the common ones is of our own making, after the pattern of its names.

use muster_model::{
    AttachRefusal, Error, Field, GroupId, InstanceId, Listed, Misfit, NotificationId, PolicyId,
    Problem, Quota, ResourceKind, ScheduleId,
};

use crate::fault::Fault;

/// An id in this door's spelling, if it is one.
fn spelled(kind: ResourceKind, id: &str) -> String {
    let spelled = match kind {
        ResourceKind::Group => GroupId::parse(id).ok().map(|id| id.decimal()),
        ResourceKind::Config => muster_model::ConfigId::parse(id)
            .ok()
            .map(|id| id.decimal()),
        ResourceKind::Instance => InstanceId::parse(id).ok().map(|id| id.uuid()),
        ResourceKind::Policy => PolicyId::parse(id).ok().map(|id| id.decimal()),
        ResourceKind::Schedule => ScheduleId::parse(id).ok().map(|id| id.decimal()),
        ResourceKind::Notification => NotificationId::parse(id).ok().map(|id| id.decimal()),
        ResourceKind::Activity
        | ResourceKind::Hook
        | ResourceKind::Refresh
        | ResourceKind::Balancer
        | ResourceKind::Record => None,
    };
    spelled.unwrap_or_else(|| id.to_owned())
}

fn not_found(kind: ResourceKind, id: &str) -> Fault {
    let id = spelled(kind, id);
    let (code, message) = match kind {
        ResourceKind::Group => (
            "ScalingGroupNotFound",
            format!("The scaling group {id} is not found."),
        ),
        ResourceKind::Config => (
            "ScalingConfigurationNotFound",
            format!("The scaling configuration {id} is not found."),
        ),
        ResourceKind::Policy => (
            "ScalingPolicyNotFound",
            format!("The scaling policy {id} is not found."),
        ),
        ResourceKind::Schedule => (
            "ScheduledTaskNotFound",
            format!("The scheduled task {id} is not found."),
        ),
        ResourceKind::Notification => (
            "ScalingNotificationNotFound",
            format!("The notification {id} is not found."),
        ),
        ResourceKind::Instance => (
            "ScalingInstanceNotFound",
            format!("The instance {id} is not found in the scaling group."),
        ),
        ResourceKind::Activity => (
            "ScalingActivityNotFound",
            format!("The scaling activity {id} is not found."),
        ),
        ResourceKind::Balancer => (
            "SlbNotFound",
            format!("The load balancer {id} is not found in the scaling group."),
        ),
        ResourceKind::Hook | ResourceKind::Refresh | ResourceKind::Record => (
            "NoSuchEntity",
            format!("The {kind:?} {id} is not found.").to_lowercase(),
        ),
    };
    Fault::new(404, code, message)
}

/// This door's name of a parameter.
fn parameter(field: Field, action: &str) -> &'static str {
    let task = action.ends_with("ScheduledTask");
    match field {
        Field::GroupName => "ScalingGroupName",
        Field::ConfigName => "ScalingConfigurationName",
        Field::Config => "ScalingConfigurationId",
        Field::Min if task => "ReadjustMinSize",
        Field::Min => "MinSize",
        Field::Desired if task => "ReadjustExpectSize",
        Field::Desired => "DesiredCapacity",
        Field::Max if task => "ReadjustMaxSize",
        Field::Max => "MaxSize",
        Field::Count => "AdjustmentValue",
        Field::Vpc => "VpcId",
        Field::Subnets => "SubnetId",
        Field::Zones => "AvailabilityZone",
        Field::Balancers | Field::ForwardBalancers => "Slb",
        Field::Image | Field::ImageFamily => "ImageId",
        Field::InstanceType | Field::InstanceTypes => "InstanceType",
        Field::Login => "KeepImageLogin",
        Field::LoginPassword => "Password",
        Field::LoginKeys => "KeyId",
        Field::Market | Field::Prepaid | Field::ChargeType => "ChargeType",
        Field::PublicIp => "AddressBandWidth",
        Field::HostName => "HostName",
        Field::InstanceName | Field::NameIndex => "InstanceName",
        Field::UserData => "UserData",
        Field::Instances => "ScalingInstanceId",
        Field::Tags => "Tag",
        Field::Start => "StartTime",
        Field::End => "EndTime",
        Field::Recurrence => "Recurrence",
        Field::Receiver | Field::ReceiverKind => "ScalingNotificationId",
        // What these mean cannot be said at this door; a group or configuration made elsewhere may have it.
        Field::HookName
        | Field::Allocation
        | Field::SpotBase
        | Field::NetworkInterfaces
        | Field::ConcurrentScaleOut
        | Field::ScalingMode
        | Field::Batches
        | Field::MaxSurge => "ScalingConfigurationId",
    }
}

fn wrong(field: Field, problem: &Problem, action: &str) -> Fault {
    let name = parameter(field, action);
    match problem {
        Problem::OneOf(_) | Problem::NeededBy(_) => Fault::missing(name),
        Problem::ExcludedBy(other) | Problem::NotWith(other) => {
            let other = parameter(*other, action);
            Fault::value(name, "", &format!("it does not go with what {other} says"))
        }
        Problem::Duplicate(value) => Fault::value(name, value, "each once"),
        Problem::Above { value, limit, .. } => {
            Fault::value(name, &value.to_string(), &format!("at most {limit}"))
        }
        Problem::Range { value, min, max } => Fault::range(name, *value, *min, *max),
        Problem::Unusable(why) => Fault::value(name, "", why),
    }
}

/// The parameter that names what is not listed, or does not fit.
fn listed(kind: Listed) -> &'static str {
    match kind {
        Listed::Image | Listed::ImageFamily => "ImageId",
        Listed::InstanceType => "InstanceType",
        Listed::Zone => "AvailabilityZone",
        Listed::Vpc => "VpcId",
        Listed::Subnet => "SubnetId",
        Listed::SecurityGroup => "SecurityGroupId",
        Listed::Key => "KeyId",
        Listed::Project | Listed::EnterpriseProject => "ProjectId",
        Listed::Snapshot => "DataDisk.SnapshotId",
        Listed::DataImage | Listed::Storage => "DataDisk",
        Listed::BandwidthPackage => "BandWidthShareId",
        Listed::Balancer | Listed::ClassicBalancer | Listed::Pool => "Slb.Id",
        Listed::Listener | Listed::Location => "Slb.ListenerId",
        Listed::DisasterRecoverGroup | Listed::DedicatedCluster | Listed::Command => {
            "ScalingConfigurationId"
        }
        Listed::UserGroup
        | Listed::CmqQueue
        | Listed::TdmqQueue
        | Listed::CmqTopic
        | Listed::TdmqTopic => "ScalingNotificationId",
    }
}

fn misfit(misfit: Misfit) -> &'static str {
    match misfit {
        Misfit::FixedHostName | Misfit::ImageQueued | Misfit::ImageKilled => "ImageId",
        Misfit::TypeSoldOut
        | Misfit::TypeNotOfImage
        | Misfit::TypeOfOtherArchitecture
        | Misfit::TypeAbove32Bits
        | Misfit::PartsApart => "InstanceType",
        Misfit::DiskTypeNotOfType => "SystemDisk.DiskType",
        Misfit::DataImageUnusable
        | Misfit::DataDiskTooSmall
        | Misfit::StorageUnavailable
        | Misfit::DiskTypeNotOfStorage
        | Misfit::StorageTooSmall
        | Misfit::StoragesApart
        | Misfit::DisksNotOfImage
        | Misfit::BackupNotOfImage => "DataDisk",
        Misfit::SystemDiskTooSmall => "SystemDisk.DiskSize",
        Misfit::NoBandwidthPackages => "BandWidthShareId",
        Misfit::ZoneElsewhere
        | Misfit::ZoneUnavailable
        | Misfit::ImageNotInZone
        | Misfit::DisksNotInZone => "AvailabilityZone",
        Misfit::SubnetUnavailable | Misfit::SubnetOfOtherVpc | Misfit::SubnetOutsideCluster => {
            "SubnetId"
        }
        Misfit::ConfigOfOtherProject => "ScalingConfigurationId",
        Misfit::BalancerElsewhere | Misfit::BalancerOfOtherVpc | Misfit::BalancerOfOtherProject => {
            "Slb.Id"
        }
        Misfit::ListenerToTargetGroup => "Slb.ListenerId",
        Misfit::CmqTopicUnheard | Misfit::TdmqTopicUnheard => "ScalingNotificationId",
    }
}

fn quota(quota: Quota, limit: u32) -> Fault {
    let what = match quota {
        Quota::Configs => "scaling configurations",
        Quota::Groups => "scaling groups",
        Quota::Schedules => "scheduled tasks",
        Quota::ClassicBalancers | Quota::ForwardBalancers => "load balancers",
        Quota::Hooks => "lifecycle hooks",
        Quota::Policies | Quota::TargetTracking => "scaling policies",
        Quota::Metrics => "metrics",
        Quota::Notifications => "notifications",
        Quota::Records => "records",
    };
    used_up(&format!("{limit} {what}"))
}

/// More than there may be.
pub(crate) fn used_up(what: &str) -> Fault {
    let message = format!("The quota of {what} is exceeded.");
    Fault::new(409, "QuotaExceeded", message)
}

fn conflict(code: &'static str, message: String) -> Fault {
    Fault::new(409, code, message)
}

fn attach(instance: InstanceId, refusal: &AttachRefusal) -> Fault {
    let id = instance.uuid();
    match refusal {
        AttachRefusal::NotFound => Fault::new(
            404,
            "ScalingInstanceNotFound",
            format!("The instance {id} is not found."),
        ),
        AttachRefusal::AlreadyHere | AttachRefusal::InOtherGroup => conflict(
            "ScalingInstanceInGroup",
            format!("The instance {id} cannot be attached: {refusal}."),
        ),
        AttachRefusal::OtherVpc
        | AttachRefusal::OtherSubnet
        | AttachRefusal::OtherZone
        | AttachRefusal::OtherType
        | AttachRefusal::NotRunning
        | AttachRefusal::WrongState => conflict(
            "ScalingInstanceNotAttachable",
            format!("The instance {id} cannot be attached: {refusal}."),
        ),
    }
}

/// Sizes that do not satisfy `min <= desired <= max` (L297, L305, L311).
fn size_order(min: u32, desired: u32, max: u32, action: &str) -> Fault {
    let (field, value, wanted) = match min > max {
        true => (Field::Min, min, format!("at most {max}, the maximum")),
        false => (Field::Desired, desired, format!("{min} to {max}")),
    };
    Fault::value(parameter(field, action), &value.to_string(), &wanted)
}

/// The answer to a command of an action that was refused; `about` is the id that the request names.
pub(crate) fn fault(error: &Error, about: &str, action: &str, user: &str) -> Fault {
    match error {
        Error::NotFound { kind, id } => not_found(*kind, id),
        Error::NotMembers { instances } => {
            let ids: Vec<String> = instances.iter().map(|id| id.uuid()).collect();
            not_found(ResourceKind::Instance, &ids.join(", "))
        }
        Error::Unlisted { kind, id } => Fault::value(listed(*kind), id, "one that is there"),
        Error::Misfit { id, misfit: why } => Fault::value(misfit(*why), id, &why.to_string()),
        Error::NameTaken { name, .. } => {
            conflict("ScalingNameInUse", format!("The name {name} is in use."))
        }
        Error::QuotaExceeded {
            quota: which,
            limit,
        } => quota(*which, *limit),
        Error::SizeOrder { min, desired, max } => size_order(*min, *desired, *max, action),
        Error::Invalid { field, problem } => wrong(*field, problem, action),
        Error::InUse { .. } => conflict(
            "ScalingConfigurationInUse",
            format!("The scaling configuration {about} is used by a scaling group."),
        ),
        Error::AboveMax { max, .. } | Error::InServiceAboveMax { max, .. } => {
            used_up(&format!("MaxSize {max}"))
        }
        Error::InstanceBusy { instance } => conflict(
            "ScalingInstanceInOperation",
            format!("The instance {} is in operation.", instance.uuid()),
        ),
        Error::CannotAttach { instance, refusal } => attach(*instance, refusal),
        Error::SourceStopped { instance } => attach(*instance, &AttachRefusal::WrongState),
        Error::ReadOnly => {
            let message = format!("User: {user} is not authorized to perform: kec:{action}.");
            Fault::new(403, "AccessDenied", message)
        }
        Error::BackEnd { .. } | Error::Store { .. } | Error::Changed { .. } => Fault::unavailable(),
        Error::Overloaded => Fault::too_fast(),
        Error::HasInstances { .. }
        | Error::Busy { .. }
        | Error::Disabled
        | Error::Abnormal
        | Error::BelowMin { .. }
        | Error::InServiceBelowMin { .. }
        | Error::NothingToDo
        | Error::CoolingDown
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

/// What the group is in the way of.
fn stands(error: &Error, about: &str) -> Fault {
    let (code, message) = match error {
        Error::HasInstances { .. } => (
            "ScalingGroupNotEmpty",
            format!("The scaling group {about} still has instances."),
        ),
        Error::Busy { .. } => (
            "ScalingGroupInActivity",
            format!("A scaling activity of the group {about} is in progress."),
        ),
        Error::Disabled => (
            "ScalingGroupDisabled",
            format!("The scaling group {about} is disabled."),
        ),
        Error::Abnormal => (
            "ScalingGroupAbnormal",
            format!("The scaling group {about} is abnormal."),
        ),
        Error::BelowMin { min, .. } | Error::InServiceBelowMin { min, .. } => (
            "ScalingGroupBelowMinSize",
            format!("The scaling group {about} would fall below its MinSize of {min}."),
        ),
        Error::CoolingDown => (
            "ScalingGroupInCooldown",
            format!("The scaling group {about} is cooling down."),
        ),
        Error::InRefresh { .. } => (
            "ScalingGroupInRefresh",
            format!("An instance refresh of the group {about} is in progress."),
        ),
        Error::ConfigAbnormal => (
            "ScalingConfigurationAbnormal",
            "The scaling configuration is abnormal.".to_owned(),
        ),
        other => (
            "ScalingGroupConflict",
            format!("The scaling group {about} cannot do this now: {other}."),
        ),
    };
    conflict(code, message)
}
