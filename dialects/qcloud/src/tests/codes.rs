//! Every error of the model at the actions of each family: class, business code and message, as golden text; and which of
//! the documented codes of an action come from where.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use muster_model::{
    ActivityId, AttachRefusal, AttemptCode, Error, Field, InstanceId, Key, Listed, Misfit,
    PolicyId, Problem, Quota, RefreshId, RefreshStatus, ResourceKind,
};

use super::facts::facts;
use crate::actions::ACTIONS;
use crate::codes::{fault, module_code, vpc_spelling};

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

/// Codes that are of our own making: the documentation has none for these.
const OWN: [&str; 30] = [
    "InvalidParameter",
    "AuthFailure",
    "UnauthorizedOperation",
    "RequestExpired",
    "RequestLimitExceeded",
    "ReplayAttack",
    "UnsupportedProtocol",
    "UnsupportedAction",
    "InternalError",
    "ServiceUnavailable",
    "ResourceNotFound",
    "InActivity.ScalingGroup",
    "Conflict.ScalingGroupNotEmpty",
    "Conflict.ScalingGroupInactive",
    "Conflict.ScalingGroupAbnormal",
    "Conflict.ScalingGroupCooldown",
    "Conflict.ScalingGroup",
    "QuotaExceeded.MaxSize",
    "QuotaExceeded.ScalingNotification",
    "Conflict.LessThanMinSize",
    "InvalidParameter.ScalingConfigurationIdError",
    "Conflict.ScalingConfigurationAbnormal",
    "InvalidInstanceId.VpcMismatch",
    "IncorrectInstanceStatus.NotRunning",
    "IncorrectInstanceStatus.InActivity",
    "IncorrectInstanceStatus.NotInHook",
    "InvalidParameter.ScalingPolicyIdError",
    "InvalidParameter.LifeCycleHookIdError",
    "InvalidParameter.VpcIdOrSubnetIdError",
    "Conflict.VpcIdVszoneId",
];

#[test]
fn every_error_has_a_class_a_code_and_words() {
    let facts = facts();
    let classes: BTreeSet<u16> = facts.common_errors.iter().map(|(code, _)| *code).collect();
    let documented: BTreeSet<&str> = facts
        .actions
        .values()
        .flat_map(|action| action.errors.iter().map(String::as_str))
        .collect();
    let mut golden = String::new();
    for error in errors() {
        let mut lines: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for entry in ACTIONS {
            let fault = fault(&error, "asg-12345678", entry.name);
            assert!(classes.contains(&fault.class.number()), "{fault:?}");
            assert!(
                documented.contains(fault.desc) || OWN.contains(&fault.desc),
                "{error:?} is {}",
                fault.desc
            );
            assert_ne!(module_code(fault.desc), 0, "{}", fault.desc);
            let line = format!(
                "{} {}: {}",
                fault.class.number(),
                fault.desc,
                fault.message()
            );
            lines.entry(line).or_default().push(entry.name);
        }
        writeln!(golden, "{error:?}").unwrap();
        let most = lines.values().map(Vec::len).max().unwrap();
        for (line, actions) in lines {
            match actions.len() == most {
                true => writeln!(golden, "  {line}").unwrap(),
                false => writeln!(golden, "  {line} [{}]", actions.join(", ")).unwrap(),
            }
        }
    }
    insta::with_settings!({ prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("codes", golden);
    });
}

#[test]
fn every_documented_code_has_a_number() {
    let facts = facts();
    for (name, action) in &facts.actions {
        for code in &action.errors {
            assert_ne!(module_code(code), 0, "{name}: {code}");
        }
    }
    for code in OWN {
        assert_ne!(module_code(code), 0, "{code}");
    }
    // The one that the documentation shows.
    assert_eq!(module_code("InvalidParameter.InvalidProjectId"), 100_004);
}

#[test]
fn the_spelling_that_is_meant_can_be_had() {
    for (printed, meant) in [
        (
            "InvalidParameter.VpIdOrSubnetIdError",
            "InvalidParameter.VpcIdOrSubnetIdError",
        ),
        ("Conflict.VpIdVszoneId", "Conflict.VpcIdVszoneId"),
        ("Conflict.MaxsizeLessMinsize", "Conflict.MaxsizeLessMinsize"),
    ] {
        assert_eq!(vpc_spelling(printed), meant);
        assert_eq!(module_code(printed), module_code(meant));
    }
}
