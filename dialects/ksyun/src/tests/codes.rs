//! Every error of the model at the actions of each family: status, code and message, as golden text; and the words that
//! Terraform takes for "gone".

use std::collections::BTreeSet;
use std::fmt::Write;

use muster_ports::contract::errors::every;

use super::facts::facts;
use crate::codes::fault;

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
    for error in every() {
        let mut before = String::new();
        for action in ["ModifyScalingGroup", "CreateScheduledTask"] {
            let fault = fault(&error, "424250140171509760", action, "admin");
            assert!(
                common.contains(fault.code) || OWN.contains(&fault.code),
                "{error:?} is {}",
                fault.code
            );
            let said = format!("{} {}", fault.code, fault.message()).to_lowercase();
            let reads_as_gone = GONE.iter().any(|words| said.contains(words));
            let gone = fault.status == 404 || fault.status == 400;
            assert!(gone || !reads_as_gone, "{error:?} reads as gone: {said}");
            assert!(fault.status != 404 || said.contains("not found"), "{said}");
            let line = format!("{} {}: {}", fault.status, fault.code, fault.message());
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
                && fault.message().starts_with(start)
                && fault.message().contains(end.trim_end_matches('.'))
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
