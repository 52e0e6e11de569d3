//! The codes that the API documents for its actions: each is in the golden text of some script, or stands here with the
//! reason why it cannot arise.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::facts::Facts;

pub(crate) const ACTIONS: [&str; 58] = [
    "CreateLaunchConfiguration",
    "DescribeLaunchConfigurations",
    "ModifyLaunchConfigurationAttributes",
    "ClearLaunchConfigurationAttributes",
    "DeleteLaunchConfiguration",
    "UpgradeLaunchConfiguration",
    "CreateAutoScalingGroup",
    "DescribeAutoScalingGroups",
    "ModifyAutoScalingGroup",
    "EnableAutoScalingGroup",
    "DisableAutoScalingGroup",
    "DeleteAutoScalingGroup",
    "ModifyDesiredCapacity",
    "ScaleOutInstances",
    "ScaleInInstances",
    "DescribeAutoScalingInstances",
    "AttachInstances",
    "DetachInstances",
    "RemoveInstances",
    "SetInstancesProtection",
    "DescribeAutoScalingActivities",
    "DescribeAutoScalingGroupLastActivities",
    "AttachLoadBalancers",
    "DetachLoadBalancers",
    "ModifyLoadBalancers",
    "ModifyLoadBalancerTargetAttributes",
    "StopAutoScalingInstances",
    "StartAutoScalingInstances",
    "EnterStandby",
    "ExitStandby",
    "CreateAutoScalingGroupFromInstance",
    "DescribeAccountLimits",
    "DescribeAutoScalingAdvices",
    "CreateLifecycleHook",
    "DescribeLifecycleHooks",
    "ModifyLifecycleHook",
    "UpgradeLifecycleHook",
    "DeleteLifecycleHook",
    "CompleteLifecycleAction",
    "CreateScalingPolicy",
    "DescribeScalingPolicies",
    "ModifyScalingPolicy",
    "ExecuteScalingPolicy",
    "DeleteScalingPolicy",
    "CreateScheduledAction",
    "DescribeScheduledActions",
    "ModifyScheduledAction",
    "DeleteScheduledAction",
    "CreateNotificationConfiguration",
    "DescribeNotificationConfigurations",
    "ModifyNotificationConfiguration",
    "DeleteNotificationConfiguration",
    "StartInstanceRefresh",
    "StopInstanceRefresh",
    "ResumeInstanceRefresh",
    "CancelInstanceRefresh",
    "RollbackInstanceRefresh",
    "DescribeRefreshActivities",
];

/// Codes that cannot arise at any action, and why.
const NEVER: &[(&str, &str)] = &[
    ("CallCvmError", NOBODY),
    ("InternalError.CallCmqError", NOBODY),
    ("InternalError.CallNotificationError", NOBODY),
    ("InternalError.CallTATError", NOBODY),
    (
        "AccountQualificationRestrictions",
        "accounts are not reviewed here",
    ),
    (
        "ResourceUnavailable.InquiryPriceResetInstanceFailed",
        "nothing has a price here",
    ),
    (
        "ResourceUnavailable.InstanceNotSupportStopCharging",
        "every machine can stop charging here",
    ),
    ("InternalError.CallError", NOBODY),
    ("InternalError.CallLbError", NOBODY),
    ("InternalError.CallMonitorError", NOBODY),
    ("InternalError.CallStsError", NOBODY),
    ("InternalError.CallTagError", NOBODY),
    ("InternalError.CallTvpcError", NOBODY),
    ("InternalError.CallVpcError", NOBODY),
    ("InternalError.CalleeError", NOBODY),
    ("InternalError.RequestError", NOBODY),
    ("InvalidParameterValue.CvmConfigurationError", NOBODY),
    ("InvalidParameterValue.CvmError", NOBODY),
    (
        "InvalidParameter.ActionNotFound",
        "who asks for another action is told InvalidAction, and does not reach one of these",
    ),
    (
        "InvalidParameter.ParameterDeprecated",
        "no parameter is retired",
    ),
    (
        "InvalidParameter.ParameterMustBeDeleted",
        "InvalidParameter.Conflict says which two exclude each other",
    ),
    (
        "InvalidLaunchConfiguration",
        "an old name of InvalidParameterValue",
    ),
    (
        "InvalidLaunchConfigurationId",
        "InvalidParameterValue.InvalidLaunchConfigurationId says it",
    ),
    (
        "InvalidParameterValue.InvalidLaunchConfiguration",
        "each parameter has a code of its own",
    ),
    (
        "InvalidPermission",
        "a key that may only look is told so by the common code",
    ),
    (
        "UnauthorizedOperation.AutoScalingRoleUnauthorized",
        "no role has to be granted here",
    ),
    (
        "InvalidParameterValue.NoResourcePermission",
        "groups of others are not there",
    ),
    ("UnsupportedOperation", "all of them are supported"),
    (
        "InvalidParameterValue.OnlyVpc",
        "groups may be in the classic network (rule G4)",
    ),
    (
        "InvalidParameterValue.AssertDesiredCapacityFailed",
        "no parameter asserts the old number",
    ),
    (
        "ResourceUnavailable.LoadBalancerInOperation",
        "a change of balancers is an activity: AutoScalingGroupInActivity says it (rule A3)",
    ),
];

const NOBODY: &str = "nobody is called while a request is answered";

/// Codes that cannot arise at some of these actions.
const NOT_AT: &[(&[&str], &str, &str)] = &[
    (
        &["DetachLoadBalancers"],
        "ResourceUnavailable.LbBackendRegionInconsistent",
        "what is taken off need not fit any more",
    ),
    (
        &["DetachLoadBalancers"],
        "ResourceUnavailable.LbProjectInconsistent",
        "what is taken off need not fit any more",
    ),
    (
        &["DetachLoadBalancers"],
        "ResourceUnavailable.LbVpcInconsistent",
        "what is taken off need not fit any more",
    ),
    (
        &["CreateAutoScalingGroupFromInstance"],
        "ResourceUnavailable.ProjectInconsistent",
        "machines have no project here",
    ),
    (
        &["DescribeAutoScalingGroups"],
        "InvalidParameterConflict",
        "InvalidParameter.Conflict says it, and is documented too",
    ),
    (
        &["DescribeAutoScalingGroups"],
        "InvalidParameterValue.InvalidFilter",
        "InvalidParameterValue.Filter says it, and is documented too",
    ),
    (
        &["DescribeAutoScalingGroups"],
        "InvalidParameterValue.TooLong",
        "InvalidParameterValue.LimitExceeded says it, and is documented too",
    ),
    (
        &["DescribeAutoScalingInstances"],
        "InvalidParameterValue.InvalidFilter",
        "InvalidParameterValue.Filter says it, and is documented too",
    ),
    (
        &["DescribeAutoScalingActivities"],
        "InvalidParameterValue.InvalidFilter",
        "InvalidParameterValue.Filter says it, and is documented too",
    ),
    (
        &["DescribeAutoScalingGroupLastActivities"],
        "InternalError",
        "it is answered from memory while no activity is ever cancelled",
    ),
    (
        &["ModifyAutoScalingGroup"],
        "InvalidParameter.Conflict",
        "no two of its parameters exclude each other; InScenario says what does not fit",
    ),
    (
        &["DeleteAutoScalingGroup"],
        "InvalidParameter.Conflict",
        "it has one parameter",
    ),
    (
        &["DescribeAutoScalingInstances"],
        "InternalError",
        "it is answered from memory",
    ),
    (
        &["AttachInstances"],
        "FailedOperation.NoActivityToGenerate",
        "at least one instance is named, and one that is here already has a code of its own",
    ),
    (
        &["DetachInstances"],
        "FailedOperation.NoActivityToGenerate",
        "at least one instance is named, and it is a member",
    ),
    (
        &["AttachInstances"],
        "ResourceUnavailable.InstanceInOperation",
        "members are InstancesAlreadyInAutoScalingGroup, whatever they are doing",
    ),
    (
        &["DetachInstances"],
        "ResourceInsufficient.AutoScalingGroupBelowMinSize",
        "the desired number stops at the minimum (rule A8); InServiceInstanceBelowMinSize holds it",
    ),
    (
        &["RemoveInstances"],
        "ResourceInsufficient.AutoScalingGroupBelowMinSize",
        "the desired number stops at the minimum (rule A8); InServiceInstanceBelowMinSize holds it",
    ),
    (
        &["CreateAutoScalingGroup", "ModifyAutoScalingGroup"],
        "LimitExceeded",
        "LimitExceeded.AutoScalingGroupLimitExceeded says which",
    ),
    (
        &["CreateNotificationConfiguration"],
        "LimitExceeded",
        "LimitExceeded.QuotaNotEnough says which",
    ),
    (
        &[
            "AttachLoadBalancers",
            "DetachLoadBalancers",
            "ModifyLoadBalancers",
            "ModifyLoadBalancerTargetAttributes",
        ],
        "InvalidParameter.InScenario",
        "Conflict and MustOneParameter say what does not fit (rule B2)",
    ),
    (
        &["AttachLoadBalancers", "DetachLoadBalancers"],
        "MissingParameter.InScenario",
        "MustOneParameter says it (rule B2)",
    ),
    (
        &["ModifyLoadBalancers"],
        "MissingParameter.InScenario",
        "who gives nothing wants none (rule B1)",
    ),
    (
        &["DetachLoadBalancers", "ModifyLoadBalancerTargetAttributes"],
        "InvalidParameter.LoadBalancerNotInAutoScalingGroup",
        "ResourceNotFound.LoadBalancerNotInAutoScalingGroup says it, and is documented too (rule B2)",
    ),
    (
        &["DetachLoadBalancers", "ModifyLoadBalancerTargetAttributes"],
        "LimitExceeded.AfterAttachLbLimitExceeded",
        "nothing is attached",
    ),
    (
        &["DetachLoadBalancers"],
        "FailedOperation.NoActivityToGenerate",
        "at least one is named, and it is bound",
    ),
    (
        &["DetachLoadBalancers"],
        "InvalidParameterValue.InvalidClbRegion",
        "it has no region",
    ),
    (
        &["ModifyLoadBalancerTargetAttributes"],
        "InvalidParameter.Conflict",
        "it has one parameter besides the group",
    ),
    (
        &["ModifyLoadBalancerTargetAttributes"],
        "InvalidParameterValue.ClassicLb",
        "it has no classic balancers",
    ),
    (
        &["ModifyLoadBalancerTargetAttributes"],
        "ResourceUnavailable.InstanceInOperation",
        "it works on what is in service; what is in operation is of an activity: AutoScalingGroupInActivity says it",
    ),
    (
        &["StopAutoScalingInstances"],
        "ResourceInsufficient.AutoScalingGroupBelowMinSize",
        "the desired number stops at the minimum (rule A10); InServiceInstanceBelowMinSize holds it",
    ),
    (
        &["CreateAutoScalingGroupFromInstance"],
        "InvalidParameter.InScenario",
        "no two of its parameters exclude each other",
    ),
    (
        &["CreateAutoScalingGroupFromInstance"],
        "InvalidParameterValue.DuplicatedSubnet",
        "it has no subnets",
    ),
    (
        &["CreateAutoScalingGroupFromInstance"],
        "InvalidParameterValue.ForwardLb",
        "it has no balancers",
    ),
    (
        &[
            "DescribeAccountLimits",
            "DescribeAutoScalingAdvices",
            "DescribeLifecycleHooks",
            "DescribeRefreshActivities",
            "DescribeScheduledActions",
        ],
        "InternalError",
        "it is answered from memory",
    ),
    (
        &["CreateLifecycleHook", "UpgradeLifecycleHook"],
        "InvalidParameterValue.Filter",
        "it has no filters",
    ),
    (
        &["ModifyScalingPolicy", "ExecuteScalingPolicy"],
        "ResourceNotFound.AutoScalingGroupNotFound",
        "policies go with their group: ScalingPolicyNotFound says it (rule G23)",
    ),
    (
        &["CreateScheduledAction"],
        "LimitExceeded.QuotaNotEnough",
        "LimitExceeded.ScheduledActionLimitExceeded says which",
    ),
    (
        &["ModifyScheduledAction"],
        "LimitExceeded.ScheduledActionLimitExceeded",
        "a change makes no more of them",
    ),
    (
        &["DescribeScheduledActions"],
        "ResourceNotFound.ScheduledActionNotFound",
        "what is not there is not listed (rule I2)",
    ),
    (
        &["DescribeRefreshActivities"],
        "InvalidParameterValue.InvalidFilter",
        "InvalidParameterValue.Filter says it, and is documented too",
    ),
    (
        &["StartInstanceRefresh"],
        "ResourceUnavailable.RefreshActivityStatusConflictWithOperation",
        "AutoScalingGroupInRefreshActivity says it, and is documented too",
    ),
    (
        &["RollbackInstanceRefresh"],
        "ResourceUnavailable.NoInstanceCanRefresh",
        "NoInstanceCanRollback says it, and is documented too",
    ),
    (
        &[
            "ModifyDesiredCapacity",
            "ScaleOutInstances",
            "CreateAutoScalingGroupFromInstance",
        ],
        "LimitExceeded.DesiredCapacityLimitExceeded",
        "a number out of range is InvalidParameterValue.Range (rule G2)",
    ),
    (
        &[
            "CreateAutoScalingGroup",
            "ModifyAutoScalingGroup",
            "CreateAutoScalingGroupFromInstance",
        ],
        "LimitExceeded.MaxSizeLimitExceeded",
        "a number out of range is InvalidParameterValue.Range (rule G2)",
    ),
    (
        &[
            "CreateAutoScalingGroup",
            "ModifyAutoScalingGroup",
            "CreateAutoScalingGroupFromInstance",
        ],
        "LimitExceeded.MinSizeLimitExceeded",
        "a number out of range is InvalidParameterValue.Range (rule G2)",
    ),
];

/// The codes in the golden text of the scripts, by action.
fn reached() -> BTreeMap<String, BTreeSet<String>> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tencent3/snapshots");
    let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let mut action = String::new();
        for line in text.lines() {
            if let Some(request) = line.strip_prefix("> ") {
                request.split(' ').next().unwrap().clone_into(&mut action);
            } else if let Some((code, _)) = line.strip_prefix("  ").and_then(|l| l.split_once(": "))
                && code.starts_with(|c: char| c.is_ascii_uppercase())
            {
                let codes = all.entry(action.clone()).or_default();
                codes.insert(code.to_owned());
            }
        }
    }
    all
}

#[test]
fn every_documented_code_arises_or_there_is_a_reason() {
    let facts = Facts::read();
    let all: BTreeSet<String> = facts.examples().into_keys().collect();
    assert_eq!(all, ACTIONS.map(str::to_owned).into());
    let (reached, none) = (reached(), BTreeSet::new());
    let common = facts.common_errors();
    let mut wrong = Vec::new();
    let mut needed: BTreeSet<(&str, &str)> = BTreeSet::new();
    for action in ACTIONS {
        let documented = facts.errors(action);
        let reached = reached.get(action).unwrap_or(&none);
        for code in &documented {
            let never = NEVER.iter().any(|(never, _)| never == code)
                || NOT_AT
                    .iter()
                    .any(|(at, never, _)| at.contains(&action) && never == code);
            if never {
                needed.insert((action, code));
            }
            if reached.contains(*code) == never {
                wrong.push(match never {
                    true => format!("{action}: {code} arises"),
                    false => format!("{action}: {code} is nowhere"),
                });
            }
        }
        for code in reached {
            if !documented.contains(&code.as_str()) && !common.contains(&code.as_str()) {
                wrong.push(format!("{action}: {code} is not documented"));
            }
        }
    }
    for (code, _) in NEVER {
        if !needed.iter().any(|(_, needed)| needed == code) {
            wrong.push(format!("{code} is documented nowhere"));
        }
    }
    for (actions, code, _) in NOT_AT {
        for action in *actions {
            if !needed.contains(&(*action, *code)) {
                wrong.push(format!("{action}: {code} is not documented"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
