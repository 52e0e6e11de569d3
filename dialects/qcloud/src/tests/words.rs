//! The tables of words, in both directions.

use muster_model::{
    ActivityKind, ActivityStatus, Comparison, HealthKind, HookTransition, HookVerdict, Origin,
    TerminationPolicy,
};

use crate::words::{
    CreationType, HealthyCheckType, Operator, RemovePolicy, SHOWN_ACTIVITIES, activity_status,
    activity_type, transition, transition_number, verdict, verdict_number,
};

#[test]
fn words_read_back() {
    for (word, policy) in [
        ("RemoveOldestInstance", TerminationPolicy::OldestInstance),
        ("RemoveNewestInstance", TerminationPolicy::NewestInstance),
    ] {
        assert_eq!(RemovePolicy::of(word).map(Into::into), Some(policy));
        assert_eq!(RemovePolicy::from(policy).word(), word);
    }
    for (finer, word) in [
        (
            TerminationPolicy::OldestConfigOldestInstance,
            "RemoveOldestInstance",
        ),
        (
            TerminationPolicy::OldestConfigNewestInstance,
            "RemoveNewestInstance",
        ),
    ] {
        assert_eq!(RemovePolicy::from(finer).word(), word);
    }
    for (word, comparison) in [
        ("Greater", Comparison::Greater),
        ("EqualOrGreater", Comparison::GreaterOrEqual),
        ("Less", Comparison::Less),
        ("EqualOrLess", Comparison::LessOrEqual),
        ("Equal", Comparison::Equal),
        ("NotEqual", Comparison::NotEqual),
    ] {
        assert_eq!(Operator::of(word).map(Into::into), Some(comparison));
        assert_eq!(Operator::from(comparison).word(), word);
    }
    for (word, origin) in [("Auto", Origin::Auto), ("Manual", Origin::Manual)] {
        assert_eq!(CreationType::of(word).map(Into::into), Some(origin));
        assert_eq!(CreationType::from(origin).word(), word);
    }
    for (word, kind) in [("CVM", HealthKind::Machine), ("CLB", HealthKind::Balancer)] {
        assert_eq!(HealthyCheckType::of(word).map(Into::into), Some(kind));
        assert_eq!(HealthyCheckType::from(kind).word(), word);
    }
    assert_eq!(RemovePolicy::of("RemoveAny"), None);
}

#[test]
fn numbers_read_back() {
    for (number, one) in [(0, HookVerdict::Continue), (1, HookVerdict::Abandon)] {
        assert_eq!(verdict(i64::from(number)), Some(one));
        assert_eq!(verdict_number(one), number);
    }
    for (number, one) in [
        (0, HookTransition::Launching),
        (1, HookTransition::Terminating),
    ] {
        assert_eq!(transition(i64::from(number)), Some(one));
        assert_eq!(transition_number(one), number);
    }
    assert_eq!((verdict(2), transition(-1)), (None, None));
}

#[test]
fn activities_have_the_numbers_of_the_documentation() {
    let statuses = [
        ActivityStatus::Init,
        ActivityStatus::Running,
        ActivityStatus::Successful,
        ActivityStatus::PartiallySuccessful,
        ActivityStatus::Failed,
        ActivityStatus::Cancelled,
    ];
    assert_eq!(statuses.map(activity_status), [0, 1, 2, 3, 4, 5]);
    let kinds = SHOWN_ACTIVITIES.map(activity_type);
    assert_eq!(kinds, [0, 1, 1, 2, 3, 3, 10].map(Some));
    for kind in [
        ActivityKind::Start,
        ActivityKind::Stop,
        ActivityKind::InvokeCommand,
        ActivityKind::EnterStandby,
        ActivityKind::ExitStandby,
        ActivityKind::ModifyBalancers,
        ActivityKind::InstanceRefresh,
    ] {
        assert_eq!(activity_type(kind), None);
    }
}
