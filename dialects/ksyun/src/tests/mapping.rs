//! The words of this door for what every door knows, in both directions: what is stored, how it is shown, and what is read of
//! that. A lossy word reads back as the plain one; that writing it back keeps the finer one is told by the doors' own tests.

use std::fmt::Debug;

use muster_model::{
    ActivityKind as K, ActivityStatus, AdjustBy, Alarm, AlarmDetail, Asks, AttemptCode, Comparison,
    GroupId, Health, HealthKind, InstanceId, Key, Lifecycle as L, Metric, NotificationId, Origin,
    PolicyId, Repeat, ScheduleId, ScheduleTimes, Spread, Statistic, TerminationPolicy, Time,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::alarms::{self, ShownMetric, shown_adjustment};
use crate::repeats::{Repetition, Said, shown_cron, shown_repeat};
use crate::times;
use crate::words::{
    CreationType, Function, HealthCheckType, HealthStatus, Operator, RemovePolicy,
    SHOWN_ACTIVITIES, Status, SubnetStrategy, activity_status, activity_type, attempt_number,
    lifecycle,
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
fn words() {
    use TerminationPolicy as P;
    both::<RemovePolicy, _>(&[
        (P::OldestInstance, "RemoveOldestInstance", P::OldestInstance),
        (P::NewestInstance, "RemoveNewestInstance", P::NewestInstance),
        (
            P::OldestConfigOldestInstance,
            "RemoveOldestInstance",
            P::OldestInstance,
        ),
        (
            P::OldestConfigNewestInstance,
            "RemoveNewestInstance",
            P::NewestInstance,
        ),
    ]);
    both::<SubnetStrategy, _>(&[
        (Spread::Balanced, "balanced-distribution", Spread::Balanced),
        (Spread::Ordered, "choice-first", Spread::Ordered),
    ]);
    both::<HealthCheckType, _>(&[
        (HealthKind::Machine, "kec", HealthKind::Machine),
        (HealthKind::Balancer, "slb", HealthKind::Balancer),
    ]);
    both::<CreationType, _>(&[
        (Origin::Auto, "Auto", Origin::Auto),
        (Origin::Manual, "Manual", Origin::Manual),
    ]);
    use Comparison as C;
    both::<Operator, _>(&[
        (C::Greater, "Greater", C::Greater),
        (C::GreaterOrEqual, "EqualOrGreater", C::GreaterOrEqual),
        (C::Less, "Less", C::Less),
        (C::LessOrEqual, "EqualOrLess", C::LessOrEqual),
        (C::Equal, "Equal", C::Equal),
        (C::NotEqual, "NotEqual", C::NotEqual),
    ]);
    use Statistic as S;
    both::<Function, _>(&[
        (S::Average, "avg", S::Average),
        (S::Minimum, "min", S::Minimum),
        (S::Maximum, "max", S::Maximum),
        (S::Sum, "avg", S::Average),
        (S::Variance, "avg", S::Average),
    ]);
    for (enabled, word) in [(true, "Active"), (false, "UnActive")] {
        assert_eq!(json!(Status::of(enabled)), json!(word));
    }
}

#[test]
fn instances() {
    for (state, word) in [
        (L::Creating, Some("Creating")),
        (L::LaunchingHook, Some("Preheating")),
        (L::Attaching, Some("Attaching")),
        (L::AttachingBalancer, Some("AttachLb")),
        (L::InService, Some("InService")),
        (L::ModifyingBalancer, Some("AttachLb")),
        (L::TerminatingHook, Some("Removing")),
        (L::Terminating, Some("Removing")),
        (L::DetachingBalancer, Some("DetachLb")),
        (L::Detaching, Some("Detaching")),
        (L::Starting, Some("InService")),
        (L::Stopping, Some("InService")),
        (L::Stopped, Some("InService")),
        (L::Standby, Some("InService")),
        (L::CreationFailed, None),
        (L::AttachFailed, None),
        (L::TerminationFailed, None),
        (L::DetachFailed, None),
    ] {
        assert_eq!(lifecycle(state), word, "{state:?}");
    }
    for (machine_unhealthy, balancer_unhealthy, word) in [
        (false, false, "Healthy"),
        (true, false, "UnHealthy"),
        (false, true, "UnHealthy"),
        (true, true, "UnHealthy"),
    ] {
        let health = Health {
            machine_unhealthy,
            balancer_unhealthy,
        };
        assert_eq!(json!(HealthStatus::from(health)), json!(word));
    }
}

#[test]
fn activities() {
    for (status, number) in [
        (ActivityStatus::Init, 1),
        (ActivityStatus::Running, 1),
        (ActivityStatus::Successful, 2),
        (ActivityStatus::PartiallySuccessful, 3),
        (ActivityStatus::Failed, 3),
        (ActivityStatus::Cancelled, 4),
    ] {
        assert_eq!(activity_status(status), number, "{status:?}");
    }
    let kinds = [
        (K::ScaleOut, Some(0)),
        (K::ScaleIn, Some(1)),
        (K::TerminateUnexpectedly, Some(1)),
        (K::Attach, Some(2)),
        (K::Detach, Some(3)),
        (K::Remove, Some(3)),
        (K::ReplaceUnhealthy, Some(10)),
        (K::Start, None),
        (K::Stop, None),
        (K::InvokeCommand, None),
        (K::EnterStandby, None),
        (K::ExitStandby, None),
        (K::ModifyBalancers, None),
        (K::InstanceRefresh, None),
    ];
    for (kind, number) in kinds {
        assert_eq!(activity_type(kind), number, "{kind:?}");
        assert_eq!(SHOWN_ACTIVITIES.contains(&kind), number.is_some());
    }
    for (code, number) in [
        (AttemptCode::SoldOut, 20_000),
        (AttemptCode::Refused, 20_001),
        (AttemptCode::Failed, 20_002),
        (AttemptCode::NoAnswer, 20_002),
        (AttemptCode::Quota, 30_000),
    ] {
        assert_eq!(attempt_number(code), number, "{code:?}");
    }
}

#[test]
fn ids() {
    let key = Key::from_bits(0x123_4567_89ab);
    let group = GroupId::new(key);
    // Of one key every kind has a number of its own.
    let all = [
        group.decimal(),
        InstanceId::new(key).decimal(),
        PolicyId::new(key).decimal(),
        ScheduleId::new(key).decimal(),
        NotificationId::new(key).decimal(),
    ];
    for (at, id) in all.iter().enumerate() {
        assert_eq!(id.len(), 18);
        assert!(!all[..at].contains(id));
    }
    assert_eq!(GroupId::parse_decimal(&group.decimal()), Ok(group));
    assert_eq!(GroupId::parse(&group.to_string()), Ok(group));
    assert_eq!(GroupId::parse_uuid(&group.uuid()), Ok(group));
}

fn alarm(metric: &str, threshold: f64) -> Alarm {
    Alarm {
        metric: Metric(metric.to_owned()),
        comparison: Comparison::Greater,
        threshold,
        period_secs: 60,
        repeat: 3,
        statistic: Statistic::Average,
        finer: AlarmDetail::default(),
    }
}

#[test]
fn metrics_and_units() {
    // Stored in percent and Mbit/s, shown in percent and MByte/s, exactly.
    for (metric, stored, word, shown) in [
        ("cpu_util", 80.0, "cpu_usage", json!(80)),
        ("mem_util", 33.5, "mem_usage", json!(33.5)),
        ("lan_in", 80.0, "net_intraffic", json!(10)),
        ("lan_out", 50.0, "net_outtraffic", json!(6.25)),
        // 50 Bps of the API of 2017.
        ("lan_out", 0.0004, "net_outtraffic", json!(0.00005)),
        ("listener_in", 8.0, "listener_intraffic", json!(1)),
        ("listener_out", 0.8, "listener_outtraffic", json!(0.1)),
    ] {
        let stored = alarm(metric, stored);
        let answer = json!(ShownMetric::of(&stored).unwrap());
        assert_eq!(answer["DimensionName"], json!(word));
        assert_eq!(answer["Threshold"], shown, "{metric}");
        let sent = json!({
            "dimensionName": word, "comparisonOperator": answer["ComparisonOperator"],
            "threshold": answer["Threshold"], "repeatTimes": answer["RepeatTimes"],
            "period": answer["Period"], "function": answer["Function"],
        });
        assert_eq!(alarms::read(&sent.to_string()).unwrap(), stored);
    }
    for other in ["wan_in", "wan_out", "tcp_established", "queue_length"] {
        assert!(ShownMetric::of(&alarm(other, 1.0)).is_none(), "{other}");
    }
}

#[test]
fn what_an_alarm_says_beyond_this_door_survives_a_write() {
    let old = Alarm {
        statistic: Statistic::Sum,
        finer: AlarmDetail {
            breaches: Some(2),
            asks: Asks::OnChange { again_secs: None },
            level: Some(1),
        },
        ..alarm("cpu_util", 80.0)
    };
    let sent = |function: &str| {
        format!(
            r#"{{"dimensionName":"cpu_usage","comparisonOperator":"Less","threshold":5,"period":60,"function":"{function}"}}"#
        )
    };
    let new = alarms::over(&sent("avg"), &old).unwrap();
    assert_eq!((new.finer, new.statistic), (old.finer, Statistic::Sum));
    assert_eq!((new.comparison, new.threshold), (Comparison::Less, 5.0));
    let new = alarms::over(&sent("max"), &old).unwrap();
    assert_eq!((new.finer, new.statistic), (old.finer, Statistic::Maximum));
}

#[test]
fn adjustments() {
    for (by, word, value) in [
        (AdjustBy::To(5), "TotalCapacity", 5),
        (AdjustBy::By(-2), "QuantityChangeInCapacity", -2),
        (AdjustBy::ByPercent(50), "PercentChangeInCapacity", 50),
        // There is no word for it: by what is missing from it.
        (AdjustBy::ToPercent(150), "PercentChangeInCapacity", 50),
    ] {
        let shown = shown_adjustment(by);
        assert_eq!((json!(shown.0), shown.1), (json!(word), value));
    }
}

fn at(text: &str) -> Time {
    times::read("StartTime", text).unwrap()
}

fn repeated(cron: &str, zone: &str, repeat: Option<Repeat>) -> ScheduleTimes {
    ScheduleTimes {
        start_at: at("2026-11-26 23:05:00"),
        end_at: Some(at("2027-11-26 23:05:00")),
        cron: Some(cron.to_owned()),
        zone: zone.to_owned(),
        repeat,
    }
}

#[test]
fn repetitions() {
    // Hour and minute of the first time are not said again; others are, in China's time; what no text says is not shown.
    for (cron, zone, shown) in [
        ("5 23 * * 1", "Asia/Shanghai", Some("* * * * 1")),
        ("5 23 1,15 * *", "Asia/Shanghai", Some("* * 1,15 * *")),
        ("30 9 * * *", "Asia/Shanghai", Some("30 9 * * *")),
        ("5 15 * * *", "UTC", Some("* * * * *")),
        ("0 20 * * 0", "UTC", Some("0 4 * * 1")),
        ("0 20 31 * *", "UTC", None),
    ] {
        let times = repeated(cron, zone, None);
        let shown = shown.map(|text| Some(text.to_owned()));
        assert_eq!(shown_cron(&times), shown, "{cron}");
    }
    let once = ScheduleTimes {
        cron: None,
        ..repeated("", "UTC", None)
    };
    assert_eq!(shown_cron(&once), Some(None));
    // Weeks are ISO here, 1 = Monday, and 0 = Sunday in cron texts.
    for (repeat, unit, cycle, days) in [
        (Repeat::Days(2), "Day", "2", "*/2 * *"),
        (Repeat::Month(2, 5), "Month", "2,5", "2-5 * *"),
        (Repeat::Month(7, 7), "Month", "7", "7 * *"),
        (Repeat::Week(vec![1, 2, 7]), "Week", "1,2,7", "* * 1,2,0"),
    ] {
        let (word, text) = shown_repeat(&repeat);
        assert_eq!((json!(word), text.as_str()), (json!(unit), cycle));
        let said = Said {
            recurrence: None,
            unit: Some(unit.to_owned()),
            cycle: Some(text),
        };
        assert_eq!(
            said.read(),
            Ok(Repetition::Days(days.to_owned(), Some(repeat)))
        );
    }
}

#[test]
fn a_cycle_is_written_in_every_way_of_the_documentation() {
    for cycle in [
        "2,5",
        "2, 5",
        "2，5",
        r#"["2", "5"]"#,
        r#"["2"，"5"]"#,
        "['2', '5']",
    ] {
        let said = Said {
            recurrence: None,
            unit: Some("Month".to_owned()),
            cycle: Some(cycle.to_owned()),
        };
        let days = Repetition::Days("2-5 * *".to_owned(), Some(Repeat::Month(2, 5)));
        assert_eq!(said.read(), Ok(days), "{cycle}");
    }
}

#[test]
fn clocks() {
    for (utc_ms, shown) in [
        (1_608_263_424_000, "2020-12-18 11:50:24"),
        (0, "1970-01-01 08:00:00"),
        (1_795_622_399_000, "2026-11-25 23:59:59"),
    ] {
        assert_eq!(times::shown(Time(utc_ms)), shown);
        assert_eq!(at(shown), Time(utc_ms));
    }
}
