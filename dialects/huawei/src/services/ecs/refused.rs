//! What a server is to be like and cannot be: in the words of the request.

use muster_model::{Error, Listed, Misfit};

use crate::services::{Beside, Wrong};

/// The parameter that names a thing.
fn named(kind: Listed) -> &'static str {
    match kind {
        Listed::Image | Listed::ImageFamily => "server.imageRef",
        Listed::InstanceType => "server.flavorRef",
        Listed::Zone => "server.availability_zone",
        Listed::Vpc => "server.vpcid",
        Listed::Subnet => "server.nics.subnet_id",
        Listed::SecurityGroup => "server.security_groups.id",
        Listed::Key => "server.key_name",
        Listed::DataImage => "server.data_volumes.data_image_id",
        Listed::Storage => "server.root_volume.cluster_id",
        Listed::Snapshot => "server.data_volumes.extendparam.snapshotId",
        Listed::EnterpriseProject => "server.extendparam.enterprise_project_id",
        // A server has none of these here.
        Listed::Project
        | Listed::BandwidthPackage
        | Listed::DisasterRecoverGroup
        | Listed::DedicatedCluster
        | Listed::Balancer
        | Listed::ClassicBalancer
        | Listed::Listener
        | Listed::Location
        | Listed::Pool
        | Listed::UserGroup
        | Listed::CmqQueue
        | Listed::TdmqQueue
        | Listed::CmqTopic
        | Listed::TdmqTopic
        | Listed::Command => "server",
    }
}

/// The parameter whose value does not go with the others.
fn unfit(misfit: Misfit) -> &'static str {
    match misfit {
        Misfit::ImageQueued
        | Misfit::ImageKilled
        | Misfit::FixedHostName
        | Misfit::DisksNotOfImage
        | Misfit::PartsApart => "server.imageRef",
        Misfit::TypeNotOfImage
        | Misfit::TypeOfOtherArchitecture
        | Misfit::TypeAbove32Bits
        | Misfit::TypeSoldOut => "server.flavorRef",
        Misfit::DiskTypeNotOfType | Misfit::DiskTypeNotOfStorage => "server.root_volume.volumetype",
        Misfit::SystemDiskTooSmall => "server.root_volume.size",
        Misfit::DataDiskTooSmall => "server.data_volumes.size",
        Misfit::DataImageUnusable => "server.data_volumes.data_image_id",
        Misfit::StorageUnavailable | Misfit::StorageTooSmall | Misfit::StoragesApart => {
            "server.root_volume.cluster_id"
        }
        Misfit::BackupNotOfImage => "server.data_volumes.extendparam.snapshotId",
        Misfit::ImageNotInZone
        | Misfit::DisksNotInZone
        | Misfit::ZoneElsewhere
        | Misfit::ZoneUnavailable => "server.availability_zone",
        Misfit::SubnetUnavailable | Misfit::SubnetOfOtherVpc | Misfit::SubnetOutsideCluster => {
            "server.nics.subnet_id"
        }
        // A server has none of these here.
        Misfit::NoBandwidthPackages
        | Misfit::ConfigOfOtherProject
        | Misfit::BalancerElsewhere
        | Misfit::BalancerOfOtherVpc
        | Misfit::BalancerOfOtherProject
        | Misfit::CmqTopicUnheard
        | Misfit::TdmqTopicUnheard
        | Misfit::ListenerToTargetGroup => "server",
    }
}

impl Beside {
    /// The answer to a server that is refused.
    pub(super) fn not_made(&self, error: &Error) -> Wrong {
        match error {
            Error::Unlisted { kind, id } => self.invalid(named(*kind), id, "it does not exist"),
            Error::Misfit { id, misfit } => self.invalid(unfit(*misfit), id, &misfit.to_string()),
            error => self.refused(error),
        }
    }
}
