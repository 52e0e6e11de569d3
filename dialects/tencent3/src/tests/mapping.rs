//! The words of this door for what every door knows, in both directions: what is stored, how it is shown, and what is read of
//! that. A lossy word reads back as the plain one; that writing it back keeps the finer one is told by the doors' own tests.

use std::fmt::Debug;

use muster_model::{
    Abnormal, ActivityKind as K, ActivityStatus as A, AdjustBy, Alarm, AlarmDetail, Asks,
    Comparison as C, Health, HealthKind, HookTransition as H, HookVerdict, Lifecycle as L, Metric,
    NotificationScenes, Origin, Spread, Statistic as S, TerminationPolicy as P,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::shapes::{AdjustmentType, MetricAlarm, MetricName, ShownAlarm, adjustment};
use crate::words::{
    ActivityType, ComparisonOperator, CreationType, HealthCheckType, HookResult, HookTransition,
    LifeCycleState, NotificationType, Statistic, StatusCode, SubnetPolicy, TerminationPolicy,
    group_status, health_status,
};

/// Stored, shown, read back.
fn both<W, M>(table: &[(M, &str, M)])
where
    W: From<M> + Into<M> + Serialize + DeserializeOwned,
    M: Copy + PartialEq + Debug,
{
    for (stored, word, back) in table {
        let shown = serde_json::to_value(W::from(*stored)).unwrap();
        assert_eq!(shown, json!(word), "{stored:?}");
        let read: M = serde_json::from_value::<W>(shown).unwrap().into();
        assert_eq!(read, *back, "{word}");
    }
}

#[test]
fn words_of_groups() {
    both::<TerminationPolicy, _>(&[
        (P::OldestInstance, "OLDEST_INSTANCE", P::OldestInstance),
        (P::NewestInstance, "NEWEST_INSTANCE", P::NewestInstance),
        (
            P::OldestConfigOldestInstance,
            "OLDEST_INSTANCE",
            P::OldestInstance,
        ),
        (
            P::OldestConfigNewestInstance,
            "NEWEST_INSTANCE",
            P::NewestInstance,
        ),
    ]);
    both::<SubnetPolicy, _>(&[
        (Spread::Ordered, "PRIORITY", Spread::Ordered),
        (Spread::Balanced, "EQUALITY", Spread::Balanced),
    ]);
    both::<HealthCheckType, _>(&[
        (HealthKind::Machine, "CVM", HealthKind::Machine),
        (HealthKind::Balancer, "CLB", HealthKind::Balancer),
    ]);
    for (abnormal, word) in [
        (None, "NORMAL"),
        (Some(Abnormal::Machine), "CVM_ABNORMAL"),
        (Some(Abnormal::Balancer), "LB_ABNORMAL"),
        (Some(Abnormal::Listener), "LB_LISTENER_ABNORMAL"),
        (Some(Abnormal::Location), "LB_LOCATION_ABNORMAL"),
        (Some(Abnormal::Vpc), "VPC_ABNORMAL"),
        (Some(Abnormal::Subnet), "SUBNET_ABNORMAL"),
        (Some(Abnormal::Balance), "INSUFFICIENT_BALANCE"),
        (
            Some(Abnormal::BalancerRegion),
            "LB_BACKEND_REGION_NOT_MATCH",
        ),
        (Some(Abnormal::BalancerVpc), "LB_BACKEND_VPC_NOT_MATCH"),
    ] {
        assert_eq!(group_status(abnormal), word);
    }
}

#[test]
fn words_of_instances() {
    let same = |state, word| (state, word, state);
    both::<LifeCycleState, _>(&[
        same(L::Creating, "CREATING"),
        same(L::CreationFailed, "CREATION_FAILED"),
        same(L::LaunchingHook, "IN_LAUNCHING_HOOK"),
        same(L::Attaching, "ATTACHING"),
        same(L::AttachFailed, "ATTACH_FAILED"),
        same(L::AttachingBalancer, "ATTACHING_LB"),
        same(L::InService, "IN_SERVICE"),
        same(L::ModifyingBalancer, "MODIFYING_LB"),
        same(L::EnteringStandby, "ENTERING_STANDBY"),
        same(L::Standby, "STANDBY"),
        same(L::ExitingStandby, "EXITING_STANDBY"),
        same(L::Starting, "STARTING"),
        same(L::StartFailed, "START_FAILED"),
        same(L::Stopping, "STOPPING"),
        same(L::StopFailed, "STOP_FAILED"),
        same(L::Stopped, "STOPPED"),
        (L::Resetting, "STANDBY", L::Standby),
        same(L::TerminatingHook, "IN_TERMINATING_HOOK"),
        same(L::DetachingBalancer, "DETACHING_LB"),
        same(L::Terminating, "TERMINATING"),
        same(L::TerminationFailed, "TERMINATION_FAILED"),
        same(L::Detaching, "DETACHING"),
        same(L::DetachFailed, "DETACH_FAILED"),
    ]);
    both::<CreationType, _>(&[
        (Origin::Auto, "AUTO_CREATION", Origin::Auto),
        (Origin::Manual, "MANUAL_ATTACHING", Origin::Manual),
    ]);
    for (machine_unhealthy, balancer_unhealthy, word) in [
        (false, false, "HEALTHY"),
        (true, false, "UNHEALTHY"),
        (false, true, "CLB_UNHEALTHY"),
    ] {
        let health = Health {
            machine_unhealthy,
            balancer_unhealthy,
        };
        assert_eq!(health_status(health), word);
    }
}

#[test]
fn words_of_activities() {
    let same = |status, word| (status, word, status);
    both::<StatusCode, _>(&[
        same(A::Init, "INIT"),
        same(A::Running, "RUNNING"),
        same(A::Successful, "SUCCESSFUL"),
        same(A::PartiallySuccessful, "PARTIALLY_SUCCESSFUL"),
        same(A::Failed, "FAILED"),
        same(A::Cancelled, "CANCELLED"),
    ]);
    let same = |kind, word| (kind, word, kind);
    both::<ActivityType, _>(&[
        same(K::ScaleOut, "SCALE_OUT"),
        same(K::ScaleIn, "SCALE_IN"),
        same(K::Attach, "ATTACH_INSTANCES"),
        same(K::Remove, "REMOVE_INSTANCES"),
        same(K::Detach, "DETACH_INSTANCES"),
        same(K::TerminateUnexpectedly, "TERMINATE_INSTANCES_UNEXPECTEDLY"),
        same(K::ReplaceUnhealthy, "REPLACE_UNHEALTHY_INSTANCE"),
        same(K::Start, "START_INSTANCES"),
        same(K::Stop, "STOP_INSTANCES"),
        same(K::InvokeCommand, "INVOKE_COMMAND"),
    ]);
}

#[test]
fn words_of_policies() {
    let same = |comparison, word| (comparison, word, comparison);
    both::<ComparisonOperator, _>(&[
        same(C::Greater, "GREATER_THAN"),
        same(C::GreaterOrEqual, "GREATER_THAN_OR_EQUAL_TO"),
        same(C::Less, "LESS_THAN"),
        same(C::LessOrEqual, "LESS_THAN_OR_EQUAL_TO"),
        same(C::Equal, "EQUAL_TO"),
        same(C::NotEqual, "NOT_EQUAL_TO"),
    ]);
    both::<Statistic, _>(&[
        (S::Average, "AVERAGE", S::Average),
        (S::Maximum, "MAXIMUM", S::Maximum),
        (S::Minimum, "MINIMUM", S::Minimum),
        (S::Sum, "AVERAGE", S::Average),
        (S::Variance, "AVERAGE", S::Average),
    ]);
    for (by, word, value, back) in [
        (AdjustBy::To(5), "EXACT_CAPACITY", 5, AdjustBy::To(5)),
        (AdjustBy::By(-2), "CHANGE_IN_CAPACITY", -2, AdjustBy::By(-2)),
        (
            AdjustBy::ByPercent(50),
            "PERCENT_CHANGE_IN_CAPACITY",
            50,
            AdjustBy::ByPercent(50),
        ),
        (
            AdjustBy::ToPercent(150),
            "PERCENT_CHANGE_IN_CAPACITY",
            50,
            AdjustBy::ByPercent(50),
        ),
    ] {
        let shown = adjustment(by);
        assert_eq!((json!(shown.0), shown.1), (json!(word), value));
        let read: AdjustmentType = serde_json::from_value(json!(shown.0)).unwrap();
        assert_eq!(read.by(shown.1), back);
    }
}

#[test]
fn metrics() {
    for (word, name) in [
        ("CPU_UTILIZATION", "cpu_util"),
        ("MEM_UTILIZATION", "mem_util"),
        ("LAN_TRAFFIC_OUT", "lan_out"),
        ("LAN_TRAFFIC_IN", "lan_in"),
        ("WAN_TRAFFIC_OUT", "wan_out"),
        ("WAN_TRAFFIC_IN", "wan_in"),
        ("TCP_CURR_ESTAB", "tcp_established"),
    ] {
        let metric = Metric(name.to_owned());
        let shown = MetricName::of(&metric).unwrap();
        assert_eq!(json!(shown), json!(word));
        let read: MetricName = serde_json::from_value(json!(word)).unwrap();
        assert_eq!(read.canonical(), metric);
    }
    for other in ["listener_in", "listener_out"] {
        assert!(MetricName::of(&Metric(other.to_owned())).is_none());
    }
}

/// An alarm as another door may have made it: 50 Bps in Mbit/s, periods of ten minutes, and more that has no words here.
fn finer() -> Alarm {
    Alarm {
        metric: Metric("lan_out".to_owned()),
        comparison: C::Greater,
        threshold: 0.0004,
        period_secs: 600,
        repeat: 3,
        statistic: S::Sum,
        finer: AlarmDetail {
            breaches: Some(2),
            asks: Asks::OnChange { again_secs: None },
            level: Some(1),
        },
    }
}

fn written_back(shown: Value) -> MetricAlarm {
    serde_json::from_value(shown).unwrap()
}

#[test]
fn the_alarm_that_is_shown_can_be_written_back() {
    let old = finer();
    let shown = json!(ShownAlarm::from(&old));
    // Whole numbers are all that the documented member has; the precise one stands beside it.
    assert_eq!(shown["Threshold"], json!(0));
    assert_eq!(shown["PreciseThreshold"], json!(0.0004));
    assert_eq!(written_back(shown.clone()).over(&old), Ok(old.clone()));
    let mut other = shown.clone();
    other["Threshold"] = json!(3);
    let new = written_back(other).over(&old).unwrap();
    assert_eq!((new.threshold, new.period_secs), (3.0, 600));
    // Of another metric the number is not the one that was shown.
    let mut other = shown;
    other["MetricName"] = json!("CPU_UTILIZATION");
    assert!(written_back(other).over(&old).is_err());
}

#[test]
fn hooks_and_notifications() {
    both::<HookTransition, _>(&[
        (H::Launching, "INSTANCE_LAUNCHING", H::Launching),
        (H::Terminating, "INSTANCE_TERMINATING", H::Terminating),
    ]);
    both::<HookResult, _>(&[
        (HookVerdict::Continue, "CONTINUE", HookVerdict::Continue),
        (HookVerdict::Abandon, "ABANDON", HookVerdict::Abandon),
    ]);
    let mut all = NotificationScenes::default();
    for (word, is_on) in [
        (
            "SCALE_OUT_SUCCESSFUL",
            NotificationScenes {
                scale_out_ok: true,
                ..all
            },
        ),
        (
            "SCALE_OUT_FAILED",
            NotificationScenes {
                scale_out_failed: true,
                ..all
            },
        ),
        (
            "SCALE_IN_SUCCESSFUL",
            NotificationScenes {
                scale_in_ok: true,
                ..all
            },
        ),
        (
            "SCALE_IN_FAILED",
            NotificationScenes {
                scale_in_failed: true,
                ..all
            },
        ),
        (
            "REPLACE_UNHEALTHY_INSTANCE_SUCCESSFUL",
            NotificationScenes {
                replace_ok: true,
                ..all
            },
        ),
        (
            "REPLACE_UNHEALTHY_INSTANCE_FAILED",
            NotificationScenes {
                replace_failed: true,
                ..all
            },
        ),
    ] {
        let kind: NotificationType = serde_json::from_value(json!(word)).unwrap();
        assert_eq!(json!(kind), json!(word));
        let mut scenes = NotificationScenes::default();
        *kind.switch(&mut scenes) = true;
        assert_eq!(scenes, is_on);
        *kind.switch(&mut all) = true;
    }
    // The seventh is Huawei's alone.
    assert!(!all.group_abnormal);
}
