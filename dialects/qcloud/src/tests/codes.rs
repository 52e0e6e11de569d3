//! Every error of the model at the actions of each family: class, business code and message, as golden text; and which of
//! the documented codes of an action come from where.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use muster_ports::contract::errors::every;

use super::facts::facts;
use crate::actions::ACTIONS;
use crate::codes::{fault, module_code, of_parameter, vpc_spelling};

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
    for error in every() {
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
fn what_is_missing_or_cannot_be_read_has_a_code_of_its_action() {
    let facts = facts();
    for (name, action) in &facts.actions {
        for (path, ..) in &action.input {
            let code = of_parameter(path, name);
            let known = action.errors.iter().any(|own| own == code);
            assert!(
                known || OWN.contains(&code) || is_of_others(code),
                "{name} {path}: {code}"
            );
        }
    }
    let of = |path| of_parameter(path, "AttachLifecycleHookId");
    assert_eq!(
        of("lifeCycleHookId"),
        "Conflict.ScalingGroupIdVsLifeCycleHookId"
    );
    assert_eq!(of("scalingGroupId"), "InvalidParameter.ScalingGroupIdError");
    assert_eq!(of("limit"), "InvalidParameter");
}

/// Whether another action documents a code.
fn is_of_others(code: &str) -> bool {
    let facts = facts();
    let mut actions = facts.actions.values();
    actions.any(|action| action.errors.iter().any(|own| own == code))
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
