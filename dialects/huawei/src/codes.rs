//! From the model's error to this door's code: one exhaustive table, with what differs per operation in it.

use muster_model::{
    AttachRefusal, Error, Field, GroupId, Listed, Misfit, Problem, Quota, ResourceKind,
};

use crate::fault::Fault;

/// This door's name of a parameter, and the code of one that is not right.
pub(crate) fn parameter(field: Field) -> (&'static str, &'static str) {
    match field {
        Field::GroupName => ("scaling_group_name", "AS.2022"),
        Field::ConfigName => ("scaling_configuration_name", "AS.1023"),
        Field::Config => ("scaling_configuration_id", "AS.1004"),
        Field::Min => ("min_instance_number", "AS.2004"),
        Field::Max => ("max_instance_number", "AS.2004"),
        Field::Desired => ("desire_instance_number", "AS.2005"),
        Field::Count => ("instance_number", "AS.3018"),
        Field::Vpc => ("vpc_id", "AS.2012"),
        Field::Subnets => ("networks", "AS.2013"),
        Field::Zones => ("available_zones", "AS.2011"),
        Field::Balancers => ("lb_listener_id", "AS.2015"),
        Field::ForwardBalancers => ("lbaas_listeners", "AS.2042"),
        Field::Image | Field::ImageFamily => ("instance_config.imageRef", "AS.1014"),
        Field::InstanceType | Field::InstanceTypes => ("instance_config.flavorRef", "AS.1016"),
        Field::Login | Field::LoginPassword | Field::LoginKeys => {
            ("instance_config.key_name", "AS.1026")
        }
        Field::PublicIp => ("instance_config.public_ip", "AS.1042"),
        Field::UserData => ("instance_config.user_data", "AS.1049"),
        Field::Tags => ("tags", "AS.7045"),
        Field::Instances => ("instances_id", "AS.4032"),
        Field::Start => ("scheduled_policy.start_time", "AS.3028"),
        Field::End => ("scheduled_policy.end_time", "AS.3007"),
        Field::Recurrence => ("scheduled_policy.recurrence_value", "AS.3025"),
        Field::Receiver | Field::ReceiverKind => ("topic_urn", "AS.7025"),
        // Nothing of this door sets these; a group of another door may have them.
        Field::Market | Field::Prepaid | Field::ChargeType => ("market_type", "AS.0022"),
        Field::HostName | Field::InstanceName | Field::NameIndex => ("name", "AS.0022"),
        Field::HookName => ("lifecycle_hook_name", "AS.0022"),
        Field::NetworkInterfaces => ("networks", "AS.0022"),
        Field::Allocation
        | Field::SpotBase
        | Field::ConcurrentScaleOut
        | Field::ScalingMode
        | Field::Batches
        | Field::MaxSurge => ("the request", "AS.0022"),
    }
}

fn not_found(kind: ResourceKind, id: &str, operation: &str) -> Fault {
    match kind {
        ResourceKind::Group => Fault::no_group(id),
        ResourceKind::Config
            if matches!(operation, "CreateScalingGroup" | "UpdateScalingGroup") =>
        {
            Fault::new("AS.1004", format!("`scaling_configuration_id` is `{id}`."))
        }
        ResourceKind::Instance => Fault::new("AS.4006", format!("`instance_id` is `{id}`.")),
        ResourceKind::Balancer => Fault::new("AS.2042", format!("`pool_id` is `{id}`.")),
        ResourceKind::Config
        | ResourceKind::Activity
        | ResourceKind::Policy
        | ResourceKind::Schedule
        | ResourceKind::Notification
        | ResourceKind::Hook
        | ResourceKind::Refresh
        | ResourceKind::Record => Fault::absent(id),
    }
}

/// What an operator's catalogue does not have.
fn unlisted(kind: Listed, id: &str) -> Fault {
    let code = match kind {
        Listed::Image | Listed::ImageFamily => "AS.1015",
        Listed::InstanceType => {
            return Fault::filled("AS.1017", id, "");
        }
        Listed::Zone => "AS.2011",
        Listed::Vpc => "AS.2012",
        Listed::Subnet => "AS.2013",
        Listed::SecurityGroup => "AS.2014",
        Listed::Key => "AS.7022",
        Listed::DataImage => "AS.1056",
        Listed::Storage => "AS.1057",
        Listed::Snapshot => "AS.1066",
        Listed::Project | Listed::EnterpriseProject => "AS.7059",
        Listed::BandwidthPackage => "AS.1045",
        Listed::Balancer | Listed::ClassicBalancer | Listed::Listener => "AS.7012",
        Listed::Location | Listed::Pool => "AS.2042",
        Listed::CmqTopic | Listed::TdmqTopic => "AS.7025",
        Listed::DisasterRecoverGroup
        | Listed::DedicatedCluster
        | Listed::UserGroup
        | Listed::CmqQueue
        | Listed::TdmqQueue
        | Listed::Command => "AS.0022",
    };
    Fault::new(code, format!("There is no `{id}`."))
}

/// What is there, but not for this.
fn misfit(misfit: Misfit, id: &str) -> Fault {
    let code = match misfit {
        Misfit::TypeSoldOut => return Fault::filled("AS.2038", id, ""),
        Misfit::TypeNotOfImage => return Fault::filled("AS.1018", id, ""),
        Misfit::TypeAbove32Bits => return Fault::filled("AS.1036", id, ""),
        Misfit::ImageNotInZone => return Fault::filled("AS.1088", id, ""),
        Misfit::DisksNotInZone => return Fault::filled("AS.2043", id, ""),
        Misfit::TypeOfOtherArchitecture => return Fault::filled("AS.1090", id, ""),
        Misfit::DiskTypeNotOfType => "AS.1019",
        Misfit::ImageQueued => "AS.1021",
        Misfit::ImageKilled => "AS.1022",
        Misfit::SystemDiskTooSmall => "AS.1030",
        Misfit::DataImageUnusable => "AS.1053",
        Misfit::DataDiskTooSmall => "AS.1054",
        Misfit::StorageUnavailable => "AS.1057",
        Misfit::DiskTypeNotOfStorage => "AS.1058",
        Misfit::StorageTooSmall => "AS.1059",
        Misfit::StoragesApart => "AS.1061",
        Misfit::DisksNotOfImage => "AS.1062",
        Misfit::PartsApart => "AS.1065",
        Misfit::BackupNotOfImage => "AS.1066",
        Misfit::ZoneElsewhere => "AS.2011",
        Misfit::ZoneUnavailable => "AS.2044",
        Misfit::SubnetUnavailable => "AS.2013",
        Misfit::SubnetOfOtherVpc => "AS.2027",
        Misfit::BalancerElsewhere | Misfit::ListenerToTargetGroup => "AS.2015",
        Misfit::BalancerOfOtherVpc => "AS.2016",
        Misfit::CmqTopicUnheard | Misfit::TdmqTopicUnheard => "AS.7025",
        Misfit::FixedHostName
        | Misfit::NoBandwidthPackages
        | Misfit::SubnetOutsideCluster
        | Misfit::ConfigOfOtherProject
        | Misfit::BalancerOfOtherProject => "AS.1086",
    };
    Fault::new(code, format!("`{id}`: {misfit}."))
}

fn invalid(field: Field, problem: &Problem) -> Fault {
    let (name, code) = parameter(field);
    let other = |field: &Field| parameter(*field).0;
    match problem {
        Problem::ExcludedBy(with) => Fault::new(
            code,
            format!("`{name}` and `{}` exclude each other.", other(with)),
        ),
        Problem::OneOf(with) if field == *with || parameter(*with) == (name, code) => {
            Fault::missing(code, name)
        }
        Problem::OneOf(with) => Fault::new(
            code,
            format!("One of `{name}` and `{}` must be given.", other(with)),
        ),
        Problem::NeededBy(_) => Fault::missing(code, name),
        Problem::NotWith(with) => Fault::new(
            code,
            format!("`{name}` does not go with what `{}` says.", other(with)),
        ),
        Problem::Duplicate(value) => Fault::value(code, name, value, "it is there twice"),
        Problem::Above { value, than, limit } => {
            let wanted = format!("`{}` is {limit}", other(than));
            Fault::value(code, name, value, &wanted)
        }
        Problem::Range { value, min, max } => {
            Fault::value(code, name, value, &format!("{min} to {max} is right"))
        }
        Problem::Unusable(why) => {
            let code = match field {
                Field::Recurrence => "AS.3033",
                _ => code,
            };
            Fault::new(code, format!("`{name}`: {why}."))
        }
    }
}

/// The code of a machine that cannot be added.
pub(crate) fn attach_refusal(refusal: &AttachRefusal) -> &'static str {
    match refusal {
        AttachRefusal::NotFound => "AS.4006",
        AttachRefusal::AlreadyHere => "AS.4023",
        AttachRefusal::InOtherGroup => "AS.4027",
        AttachRefusal::OtherVpc | AttachRefusal::OtherSubnet => "AS.4021",
        AttachRefusal::OtherZone => "AS.4020",
        AttachRefusal::OtherType | AttachRefusal::NotRunning | AttachRefusal::WrongState => {
            "AS.4024"
        }
    }
}

fn used_up(quota: Quota) -> &'static str {
    match quota {
        Quota::Configs => "AS.1024",
        Quota::Groups => "AS.2023",
        Quota::ClassicBalancers | Quota::ForwardBalancers => "AS.2037",
        Quota::Hooks => "AS.7038",
        Quota::Policies | Quota::TargetTracking | Quota::Metrics | Quota::Schedules => "AS.3032",
        Quota::Notifications => "AS.7028",
        Quota::Records => "AS.0001",
    }
}

fn is_of_policy(operation: &str) -> bool {
    operation.contains("Polic")
}

/// The code of a group that is not idle, or not on, for what is asked of it.
fn occupied(error: &Error, operation: &str) -> Fault {
    match (error, is_of_policy(operation)) {
        (Error::Busy { .. }, true) => Fault::new("AS.0034", ""),
        (_, true) => Fault::new("AS.3027", "The group is not in service."),
        (Error::Busy { activity }, false) => Fault::filled(
            "AS.2033",
            "SCALING",
            format!("Activity `{}` is running.", activity.uuid()),
        ),
        (Error::Disabled, false) => Fault::filled("AS.2033", "PAUSED", ""),
        (_, false) => Fault::filled("AS.2033", "ERROR", error.to_string()),
    }
}

/// The answer to a command that was refused.
pub(crate) fn fault(error: &Error, operation: &str) -> Fault {
    let code = match error {
        Error::NotFound { kind, id } => return not_found(*kind, id, operation),
        Error::NotMembers { instances } => {
            let ids: Vec<String> = instances.iter().map(|id| id.uuid()).collect();
            return Fault::new("AS.4006", format!("Not in the group: {}.", ids.join(", ")));
        }
        Error::Unlisted { kind, id } => return unlisted(*kind, id),
        Error::Misfit { id, misfit: why } => return misfit(*why, id),
        Error::Invalid { field, problem } => return invalid(*field, problem),
        Error::Busy { .. } | Error::Disabled | Error::Abnormal | Error::InRefresh { .. } => {
            return occupied(error, operation);
        }
        // Only hooks have names of their own here.
        Error::NameTaken { .. } => "AS.7041",
        Error::QuotaExceeded { quota, .. } => used_up(*quota),
        Error::SizeOrder { .. } => "AS.2005",
        Error::InUse { by, .. } => {
            let group = GroupId::parse(by).map_or_else(|_| by.clone(), |id| id.uuid());
            return Fault::new("AS.1006", format!("`scaling_group_id` is `{group}`."));
        }
        Error::HasInstances { .. } => "AS.2021",
        Error::AboveMax { .. } | Error::InServiceAboveMax { .. } => "AS.2035",
        Error::BelowMin { .. } | Error::InServiceBelowMin { .. } => "AS.2036",
        Error::NothingToDo if is_of_policy(operation) => "AS.3040",
        Error::NothingToDo => "AS.4015",
        Error::CoolingDown => "AS.0026",
        Error::InstanceBusy { instance } => {
            return Fault::new(
                "AS.4015",
                format!("`instance_id` is `{}`.", instance.uuid()),
            );
        }
        Error::CannotAttach { instance, refusal } => {
            let detail = format!("`instance_id` is `{}`.", instance.uuid());
            return Fault::new(attach_refusal(refusal), detail);
        }
        Error::SourceStopped { .. } => "AS.4024",
        Error::VpcBound => "AS.2030",
        // Refreshes are not of this API.
        Error::RefreshStands { .. }
        | Error::NoneToRefresh
        | Error::NoneToRollBack
        | Error::NoRollBack { .. }
        | Error::RollBackOfRollBack { .. } => "AS.0001",
        Error::NoSuchToken | Error::NotHeld { .. } | Error::VerdictGiven => "AS.7042",
        Error::NotExecutable { .. } => "AS.3027",
        Error::ConfigAbnormal => "AS.1086",
        Error::BackEnd { .. } | Error::Store { .. } | Error::Changed { .. } | Error::Overloaded => {
            "AS.0001"
        }
        Error::ReadOnly => "AS.0011",
    };
    Fault::new(code, format!("{}.", sentence(error)))
}

/// The error's own words, with a capital letter.
fn sentence(error: &Error) -> String {
    let text = error.to_string();
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_ascii_uppercase());
    format!("{}{}", first.unwrap_or_default(), chars.as_str())
}
