//! Every error of the model at the actions of each family: status, code and message, as golden text; and the words that
//! Terraform takes for "gone".

use std::collections::BTreeSet;
use std::fmt::Write;

use muster_model::{
    ActivityId, AttachRefusal, AttemptCode, Error, Field, InstanceId, Key, Listed, Misfit,
    PolicyId, Problem, Quota, RefreshId, RefreshStatus, ResourceKind,
};

use super::facts::facts;
use crate::codes::fault;

const KINDS: [ResourceKind; 11] = [
    ResourceKind::Group,
    ResourceKind::Config,
    ResourceKind::Instance,
    ResourceKind::Activity,
    ResourceKind::Policy,
    ResourceKind::Schedule,
    ResourceKind::Notification,
    ResourceKind::Hook,
    ResourceKind::Refresh,
    ResourceKind::Balancer,
    ResourceKind::Record,
];

const LISTED: [Listed; 23] = [
    Listed::Image,
    Listed::ImageFamily,
    Listed::InstanceType,
    Listed::Zone,
    Listed::Vpc,
    Listed::Subnet,
    Listed::SecurityGroup,
    Listed::Key,
    Listed::Project,
    Listed::Snapshot,
    Listed::BandwidthPackage,
    Listed::DisasterRecoverGroup,
    Listed::DedicatedCluster,
    Listed::Balancer,
    Listed::Listener,
    Listed::Location,
    Listed::ClassicBalancer,
    Listed::UserGroup,
    Listed::CmqQueue,
    Listed::TdmqQueue,
    Listed::CmqTopic,
    Listed::TdmqTopic,
    Listed::Command,
];

const MISFITS: [Misfit; 15] = [
    Misfit::FixedHostName,
    Misfit::TypeSoldOut,
    Misfit::NoBandwidthPackages,
    Misfit::ZoneElsewhere,
    Misfit::ZoneUnavailable,
    Misfit::SubnetUnavailable,
    Misfit::SubnetOfOtherVpc,
    Misfit::SubnetOutsideCluster,
    Misfit::ConfigOfOtherProject,
    Misfit::BalancerElsewhere,
    Misfit::BalancerOfOtherVpc,
    Misfit::BalancerOfOtherProject,
    Misfit::ListenerToTargetGroup,
    Misfit::CmqTopicUnheard,
    Misfit::TdmqTopicUnheard,
];

/// One of each error. A new case of the model fails to compile here until it has its line.
fn errors() -> Vec<Error> {
    let instance = InstanceId::new(Key::from_bits(7));
    let refresh = RefreshId::new(Key::from_bits(9));
    let text = || "x".to_owned();
    let mut all = vec![
        Error::NotMembers {
            instances: vec![instance],
        },
        Error::QuotaExceeded {
            quota: Quota::Configs,
            limit: 50,
        },
        Error::QuotaExceeded {
            quota: Quota::Groups,
            limit: 50,
        },
        Error::QuotaExceeded {
            quota: Quota::ForwardBalancers,
            limit: 100,
        },
        Error::QuotaExceeded {
            quota: Quota::Hooks,
            limit: 10,
        },
        Error::QuotaExceeded {
            quota: Quota::Schedules,
            limit: 50,
        },
        Error::QuotaExceeded {
            quota: Quota::Policies,
            limit: 100,
        },
        Error::QuotaExceeded {
            quota: Quota::TargetTracking,
            limit: 1,
        },
        Error::QuotaExceeded {
            quota: Quota::Notifications,
            limit: 20,
        },
        Error::SizeOrder {
            min: 2,
            desired: 1,
            max: 3,
        },
        Error::Changed {
            kind: ResourceKind::Record,
            id: text(),
        },
        Error::QuotaExceeded {
            quota: Quota::Records,
            limit: 1,
        },
        Error::InUse {
            kind: ResourceKind::Config,
            id: text(),
            by: text(),
        },
        Error::HasInstances { count: 1 },
        Error::Busy {
            activity: ActivityId::new(Key::from_bits(8)),
        },
        Error::Disabled,
        Error::Abnormal,
        Error::AboveMax { wanted: 3, max: 2 },
        Error::InServiceAboveMax { wanted: 3, max: 2 },
        Error::BelowMin { wanted: 0, min: 1 },
        Error::InServiceBelowMin { wanted: 0, min: 1 },
        Error::NothingToDo,
        Error::CoolingDown,
        Error::InstanceBusy { instance },
        Error::SourceStopped { instance },
        Error::VpcBound,
        Error::InRefresh { refresh },
        Error::RefreshStands {
            refresh,
            status: RefreshStatus::Successful,
        },
        Error::NoneToRefresh,
        Error::NoneToRollBack,
        Error::NoRollBack { refresh },
        Error::RollBackOfRollBack { refresh },
        Error::NoSuchToken,
        Error::NotHeld { instance },
        Error::VerdictGiven,
        Error::NotExecutable {
            policy: PolicyId::new(Key::from_bits(10)),
        },
        Error::ConfigAbnormal,
        Error::BackEnd {
            code: AttemptCode::Failed,
            message: text(),
        },
        Error::Store { message: text() },
        Error::ReadOnly,
        Error::Overloaded,
    ];
    all.extend(KINDS.map(|kind| Error::NotFound { kind, id: text() }));
    all.extend(KINDS.map(|kind| Error::NameTaken { kind, name: text() }));
    all.extend(LISTED.map(|kind| Error::Unlisted { kind, id: text() }));
    all.extend(MISFITS.map(|misfit| Error::Misfit { id: text(), misfit }));
    let refusals = [
        AttachRefusal::NotFound,
        AttachRefusal::AlreadyHere,
        AttachRefusal::InOtherGroup,
        AttachRefusal::OtherVpc,
        AttachRefusal::OtherSubnet,
        AttachRefusal::OtherType,
        AttachRefusal::NotRunning,
        AttachRefusal::WrongState,
    ];
    all.extend(refusals.map(|refusal| Error::CannotAttach { instance, refusal }));
    let problems = [
        Problem::ExcludedBy(Field::Image),
        Problem::OneOf(Field::Image),
        Problem::NeededBy(Field::Image),
        Problem::NotWith(Field::Image),
        Problem::Duplicate(text()),
        Problem::Above {
            value: 3,
            than: Field::Max,
            limit: 2,
        },
        Problem::Range {
            value: 3,
            min: 1,
            max: 2,
        },
        Problem::Unusable(text()),
    ];
    for field in [
        Field::Vpc,
        Field::Subnets,
        Field::SpotBase,
        Field::Count,
        Field::Market,
        Field::Batches,
        Field::Start,
        Field::End,
        Field::Recurrence,
        Field::MaxSurge,
        Field::ForwardBalancers,
        Field::Receiver,
    ] {
        all.extend(
            problems
                .clone()
                .map(|problem| Error::Invalid { field, problem }),
        );
    }
    for error in &all {
        listed(error);
    }
    all
}

/// Compiles only while [`errors`] is known to be complete.
fn listed(error: &Error) {
    match error {
        Error::NotFound { .. }
        | Error::NotMembers { .. }
        | Error::Unlisted { .. }
        | Error::Misfit { .. }
        | Error::NameTaken { .. }
        | Error::QuotaExceeded { .. }
        | Error::SizeOrder { .. }
        | Error::Invalid { .. }
        | Error::InUse { .. }
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
        | Error::CannotAttach { .. }
        | Error::SourceStopped { .. }
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
        | Error::ConfigAbnormal
        | Error::BackEnd { .. }
        | Error::Store { .. }
        | Error::ReadOnly
        | Error::Changed { .. }
        | Error::Overloaded => {}
    }
}

/// Codes that are of our own making: the documentation has none for resources.
const OWN: [&str; 24] = [
    "ScalingGroupNotFound",
    "ScalingConfigurationNotFound",
    "ScalingPolicyNotFound",
    "ScheduledTaskNotFound",
    "ScalingNotificationNotFound",
    "ScalingInstanceNotFound",
    "ScalingActivityNotFound",
    "SlbNotFound",
    "ScalingGroupInActivity",
    "ScalingGroupNotEmpty",
    "ScalingConfigurationInUse",
    "ScalingGroupDisabled",
    "QuotaExceeded",
    "ScalingNameInUse",
    "ScalingInstanceInOperation",
    "ScalingInstanceInGroup",
    "ScalingInstanceNotAttachable",
    "ScalingGroupAbnormal",
    "ScalingGroupBelowMinSize",
    "ScalingGroupInCooldown",
    "ScalingGroupInRefresh",
    "ScalingConfigurationAbnormal",
    "ScalingGroupConflict",
    "NoSuchEntity",
];

/// What Terraform looks for in the text of an error.
const GONE: [&str; 7] = [
    "notfound",
    "not found",
    "not exist",
    "not_found",
    "invalid",
    "not associate",
    "404",
];

#[test]
fn every_error_has_a_code_a_status_and_words() {
    let facts = facts();
    let common: BTreeSet<&str> = facts
        .common_errors
        .iter()
        .map(|(code, ..)| code.as_str())
        .collect();
    let mut golden = String::new();
    for error in errors() {
        let mut before = String::new();
        for action in ["ModifyScalingGroup", "CreateScheduledTask"] {
            let fault = fault(&error, "424250140171509760", action, "admin");
            assert!(
                common.contains(fault.code) || OWN.contains(&fault.code),
                "{error:?} is {}",
                fault.code
            );
            let said = format!("{} {}", fault.code, fault.message).to_lowercase();
            let reads_as_gone = GONE.iter().any(|words| said.contains(words));
            let gone = fault.status == 404 || fault.status == 400;
            assert!(gone || !reads_as_gone, "{error:?} reads as gone: {said}");
            assert!(fault.status != 404 || said.contains("not found"), "{said}");
            let line = format!("{} {}: {}", fault.status, fault.code, fault.message);
            if line != before {
                writeln!(golden, "{error:?}\n  {line}").unwrap();
            }
            before = line;
        }
    }
    insta::with_settings!({ prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("codes", golden);
    });
}

#[test]
fn the_common_errors_are_those_of_the_documentation() {
    let facts = facts();
    let is_common = |fault: crate::fault::Fault| {
        facts.common_errors.iter().any(|(code, message, status)| {
            let (start, end) = message.split_once("%s").unwrap_or((message, ""));
            *code == fault.code
                && *status == fault.status
                && fault.message.starts_with(start)
                && fault.message.contains(end.trim_end_matches('.'))
        })
    };
    use crate::fault::Fault;
    for fault in [
        Fault::missing("MinSize"),
        Fault::value("MinSize", "x", "a number"),
        Fault::malformed("MinSize"),
        Fault::dry_run(),
        Fault::unavailable(),
        Fault::too_fast(),
    ] {
        assert!(is_common(fault.clone()), "{fault:?}");
    }
}
