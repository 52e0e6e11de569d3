//! What the catalogue does not have, or not for what is asked: codes and explanations.

use muster_model::{Listed, Misfit};

use crate::fault::Fault;

const FROM_INSTANCE: &str = "CreateAutoScalingGroupFromInstance";
const CREATE: &str = "CreateAutoScalingGroup";
const MODIFY: &str = "ModifyAutoScalingGroup";

/// The parameter that names a thing, and what the thing is called.
fn named(kind: Listed) -> (&'static str, &'static str) {
    match kind {
        Listed::Image => ("ImageId", "image"),
        Listed::ImageFamily => ("ImageFamily", "image family"),
        Listed::DataImage => ("DataDisks", "image of a data disk"),
        Listed::Storage => ("DataDisks", "storage"),
        Listed::InstanceType => ("InstanceTypes", "instance type"),
        Listed::Zone => ("Zones", "zone"),
        Listed::Vpc => ("VpcId", "VPC"),
        Listed::Subnet => ("SubnetIds", "subnet"),
        Listed::SecurityGroup => ("SecurityGroupIds", "security group"),
        Listed::Key => ("LoginSettings.KeyIds", "key pair"),
        Listed::Project => ("ProjectId", "project"),
        Listed::EnterpriseProject => ("ProjectId", "enterprise project"),
        Listed::Snapshot => ("DataDisks.SnapshotId", "snapshot"),
        Listed::BandwidthPackage => ("BandwidthPackageId", "bandwidth package"),
        Listed::DisasterRecoverGroup => ("DisasterRecoverGroupIds", "placement group"),
        Listed::DedicatedCluster => ("DedicatedClusterId", "dedicated cluster"),
        Listed::Balancer => ("LoadBalancerId", "load balancer"),
        Listed::ClassicBalancer => ("LoadBalancerIds", "load balancer"),
        Listed::UserGroup => ("NotificationUserGroupIds", "user group"),
        Listed::CmqQueue | Listed::TdmqQueue => ("QueueName", "queue"),
        Listed::CmqTopic | Listed::TdmqTopic => ("TopicName", "topic"),
        Listed::Command => ("LifecycleCommand.CommandId", "command"),
        Listed::Listener => ("ListenerId", "listener"),
        Listed::Location => ("LocationId", "forwarding rule"),
        Listed::Pool => ("LoadBalancerId", "pool"),
    }
}

/// The code of something that does not exist.
fn unlisted_code(kind: Listed, action: &str) -> &'static str {
    match (kind, action) {
        // What a machine is made of makes the configuration unusable: nothing was named.
        (
            Listed::Image
            | Listed::ImageFamily
            | Listed::DataImage
            | Listed::Storage
            | Listed::InstanceType
            | Listed::SecurityGroup
            | Listed::Key
            | Listed::Project
            | Listed::Snapshot
            | Listed::BandwidthPackage
            | Listed::DisasterRecoverGroup
            | Listed::DedicatedCluster,
            FROM_INSTANCE,
        ) => "ResourceUnavailable.LaunchConfigurationStatusAbnormal",
        (Listed::Image | Listed::ImageFamily, "UpgradeLaunchConfiguration") => {
            "InvalidImageId.NotFound"
        }
        (Listed::Image | Listed::ImageFamily, _) => "InvalidParameterValue.ImageNotFound",
        (Listed::InstanceType, _) => "InvalidParameterValue.InstanceTypeNotSupported",
        (Listed::Zone, "CreateAutoScalingGroup") => "InvalidParameterValue.ZoneMismatchRegion",
        (Listed::Subnet, "CreateAutoScalingGroup" | "ModifyAutoScalingGroup") => {
            "InvalidParameterValue.SubnetIds"
        }
        (Listed::SecurityGroup, _) => "InvalidParameterValue.InvalidSecurityGroupId",
        (Listed::Snapshot, _) => "InvalidParameterValue.InvalidSnapshotId",
        (Listed::Project | Listed::EnterpriseProject, _) => {
            "InvalidParameterValue.ProjectIdNotFound"
        }
        (Listed::BandwidthPackage, _) => "ResourceNotFound.BandwidthPackageIdNotFound",
        (Listed::DisasterRecoverGroup, _) => "ResourceNotFound.DisasterRecoverGroupNotFound",
        (Listed::ClassicBalancer, "DetachLoadBalancers") => {
            "ResourceNotFound.ClassicLoadBalancerNotFound"
        }
        (Listed::UserGroup, _) => "InvalidParameterValue.UserGroupIdNotFound",
        (Listed::Command, _) => "ResourceNotFound.CommandNotFound",
        // One lists none of these for itself.
        (Listed::CmqQueue | Listed::TdmqQueue | Listed::TdmqTopic, "UpgradeLifecycleHook") => {
            "InvalidParameterValue"
        }
        (Listed::CmqQueue, _) => "ResourceNotFound.CmqQueueNotFound",
        (Listed::TdmqQueue, _) => "ResourceNotFound.TDMQCMQQueueNotFound",
        (Listed::TdmqTopic, _) => "ResourceNotFound.TDMQCMQTopicNotFound",
        (Listed::Balancer | Listed::ClassicBalancer | Listed::Pool, _) => {
            "ResourceNotFound.LoadBalancerNotFound"
        }
        (Listed::Listener, _) => "ResourceNotFound.ListenerNotFound",
        (Listed::Location, _) => "ResourceNotFound.LocationNotFound",
        // The API has no code for these.
        (
            Listed::Zone
            | Listed::Subnet
            | Listed::Vpc
            | Listed::Key
            | Listed::DataImage
            | Listed::Storage
            | Listed::DedicatedCluster
            | Listed::CmqTopic,
            _,
        ) => "InvalidParameterValue",
    }
}

/// The code of a part of a machine that cannot be had: made from an instance, nothing of it was named.
fn of_part(code: &'static str, action: &str) -> &'static str {
    match action {
        FROM_INSTANCE => "ResourceUnavailable.LaunchConfigurationStatusAbnormal",
        _ => code,
    }
}

/// A code that only some actions have; elsewhere the value is wrong.
fn at(actions: &[&str], code: &'static str, action: &str) -> &'static str {
    match actions.contains(&action) {
        true => code,
        false => "InvalidParameterValue",
    }
}

/// The code of a balancer of another project: two actions have it in another family.
fn other_project(action: &str) -> &'static str {
    match action {
        "AttachLoadBalancers" | "ModifyLoadBalancerTargetAttributes" => {
            "ResourceUnavailable.LbProjectInconsistent"
        }
        _ => "InvalidParameterValue.LbProjectInconsistent",
    }
}

/// The code of something that cannot be used for what is asked.
fn misfit_code(misfit: Misfit, action: &str) -> &'static str {
    match (misfit, action) {
        (
            Misfit::FixedHostName,
            "CreateLaunchConfiguration" | "ModifyLaunchConfigurationAttributes",
        ) => "InvalidParameter.HostNameUnavailable",
        (Misfit::FixedHostName, _) => "InvalidParameter.InvalidCombination",
        (
            Misfit::TypeSoldOut
            | Misfit::TypeNotOfImage
            | Misfit::TypeOfOtherArchitecture
            | Misfit::TypeAbove32Bits
            | Misfit::PartsApart,
            _,
        ) => of_part("InvalidParameterValue.InstanceTypeNotSupported", action),
        (Misfit::ImageQueued | Misfit::ImageKilled, _) => {
            of_part("InvalidParameterValue.InvalidImageId", action)
        }
        (Misfit::BackupNotOfImage, _) => of_part("InvalidParameterValue.InvalidSnapshotId", action),
        (
            Misfit::DiskTypeNotOfType
            | Misfit::SystemDiskTooSmall
            | Misfit::DataImageUnusable
            | Misfit::DataDiskTooSmall
            | Misfit::StorageUnavailable
            | Misfit::DiskTypeNotOfStorage
            | Misfit::StorageTooSmall
            | Misfit::StoragesApart
            | Misfit::DisksNotOfImage,
            _,
        ) => of_part("InvalidParameterValue", action),
        (Misfit::NoBandwidthPackages, _) => {
            "InvalidParameterValue.AccountNotSupportBandwidthPackageId"
        }
        (Misfit::ZoneElsewhere, _) => at(
            &[CREATE],
            "InvalidParameterValue.ZoneMismatchRegion",
            action,
        ),
        (Misfit::ZoneUnavailable | Misfit::ImageNotInZone | Misfit::DisksNotInZone, _) => {
            at(&[CREATE], "ResourceUnavailable.ZoneUnavailable", action)
        }
        (Misfit::SubnetUnavailable | Misfit::SubnetOfOtherVpc, _) => {
            at(&[CREATE, MODIFY], "InvalidParameterValue.SubnetIds", action)
        }
        (Misfit::SubnetOutsideCluster, _) => {
            let code = "InvalidParameterValue.SubnetNotInDedicatedCluster";
            at(&[CREATE, MODIFY], code, action)
        }
        (Misfit::ConfigOfOtherProject, _) => "ResourceUnavailable.ProjectInconsistent",
        // Changes list no code of their own for the older kind.
        (Misfit::CmqTopicUnheard, "ModifyLifecycleHook" | "ModifyNotificationConfiguration") => {
            "InvalidParameterValue"
        }
        (Misfit::CmqTopicUnheard, _) => "ResourceUnavailable.CmqTopicHasNoSubscriber",
        (Misfit::TdmqTopicUnheard, _) => "ResourceUnavailable.TDMQCMQTopicHasNoSubscriber",
        (Misfit::BalancerElsewhere, _) => "ResourceUnavailable.LbBackendRegionInconsistent",
        (Misfit::BalancerOfOtherVpc, _) => "ResourceUnavailable.LbVpcInconsistent",
        (Misfit::BalancerOfOtherProject, _) => other_project(action),
        (
            Misfit::ListenerToTargetGroup,
            "ModifyLoadBalancers" | "ModifyLoadBalancerTargetAttributes",
        ) => "InvalidParameterValue.ForwardLb",
        (Misfit::ListenerToTargetGroup, _) => {
            "InvalidParameterValue.ListenerTargetTypeNotSupported"
        }
    }
}

/// The answer to a command that names what does not exist.
pub(super) fn unlisted(kind: Listed, id: &str, action: &str) -> Fault {
    let (parameter, thing) = named(kind);
    let code = unlisted_code(kind, action);
    Fault::new(
        code,
        format!("The {thing} `{id}` (parameter `{parameter}`) does not exist."),
    )
}

/// The answer to a command that names what cannot be used for it.
pub(super) fn misfit(misfit: Misfit, id: &str, action: &str) -> Fault {
    let message = format!("`{id}` cannot be used: {misfit}.");
    Fault::new(misfit_code(misfit, action), message)
}
