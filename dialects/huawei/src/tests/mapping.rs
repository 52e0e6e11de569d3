//! The words of this door for what every door knows, in both directions: what is stored, how it is shown, and what is read of
//! that.

use std::fmt::Debug;

use muster_model::{
    ActivityStatus as A, AdjustBy, HealthKind, HookTransition as H, HookVerdict, Lifecycle as L,
    ScheduleTimes, Spread, TerminationPolicy as P, Time,
};

use crate::shapes::group::{audit_minutes, audit_secs};
use crate::shapes::policy::{Adjust, Scheduled};
use crate::times::{minute, read_minute, read_second, second};
use crate::words::{
    AuditMethod, HookResult, HookType, LifeCycleState, LogStatus, TerminatePolicy, Word, ZonePolicy,
};

/// Stored and shown: every word is read as what it was made from.
fn both<W, M>(table: &[(M, &str)])
where
    W: Word + From<M> + Into<M> + Copy + serde::Serialize,
    M: Copy + PartialEq + Debug,
{
    for (stored, word) in table {
        let shown = W::from(*stored);
        assert_eq!(serde_json::json!(shown), serde_json::json!(word));
        let read: M = W::read(word).unwrap().into();
        assert_eq!(read, *stored, "{word}");
    }
}

#[test]
fn words() {
    both::<TerminatePolicy, _>(&[
        (P::OldestConfigOldestInstance, "OLD_CONFIG_OLD_INSTANCE"),
        (P::OldestConfigNewestInstance, "OLD_CONFIG_NEW_INSTANCE"),
        (P::OldestInstance, "OLD_INSTANCE"),
        (P::NewestInstance, "NEW_INSTANCE"),
    ]);
    both::<ZonePolicy, _>(&[
        (Spread::Balanced, "EQUILIBRIUM_DISTRIBUTE"),
        (Spread::Ordered, "PICK_FIRST"),
    ]);
    both::<AuditMethod, _>(&[
        (HealthKind::Machine, "NOVA_AUDIT"),
        (HealthKind::Balancer, "ELB_AUDIT"),
    ]);
    both::<HookType, _>(&[
        (H::Launching, "INSTANCE_LAUNCHING"),
        (H::Terminating, "INSTANCE_TERMINATING"),
    ]);
    both::<HookResult, _>(&[
        (HookVerdict::Abandon, "ABANDON"),
        (HookVerdict::Continue, "CONTINUE"),
    ]);
    for (minutes, secs) in [
        (0, 10),
        (1, 60),
        (5, 300),
        (15, 900),
        (60, 3600),
        (180, 10_800),
    ] {
        assert_eq!((audit_secs(minutes), audit_minutes(secs)), (secs, minutes));
    }
    // At once, which other doors say.
    assert_eq!(audit_minutes(0), 0);
}

#[test]
fn instances_and_activities() {
    for (state, word) in [
        (L::Creating, "PENDING"),
        (L::LaunchingHook, "PENDING_WAIT"),
        (L::Attaching, "PENDING"),
        (L::AttachingBalancer, "PENDING"),
        (L::InService, "INSERVICE"),
        (L::ModifyingBalancer, "INSERVICE"),
        (L::TerminatingHook, "REMOVING_WAIT"),
        (L::Terminating, "REMOVING"),
        (L::DetachingBalancer, "REMOVING"),
        (L::Detaching, "REMOVING"),
        (L::EnteringStandby, "ENTERING_STANDBY"),
        (L::Standby, "STANDBY"),
        // What is stopped is a member without load.
        (L::Stopping, "ENTERING_STANDBY"),
        (L::Stopped, "STANDBY"),
        (L::Starting, "PENDING"),
    ] {
        assert_eq!(LifeCycleState::from(state).word(), word, "{state:?}");
    }
    for (status, word) in [
        (A::Init, "DOING"),
        (A::Running, "DOING"),
        (A::Successful, "SUCCESS"),
        (A::PartiallySuccessful, "FAIL"),
        (A::Failed, "FAIL"),
        (A::Cancelled, "FAIL"),
    ] {
        assert_eq!(LogStatus::from(status).word(), word, "{status:?}");
    }
}

#[test]
fn adjustments() {
    for (by, operation, number, percent) in [
        (AdjustBy::To(5), "SET", Some(5), None),
        (AdjustBy::By(2), "ADD", Some(2), None),
        (AdjustBy::By(-2), "REMOVE", Some(2), None),
        (AdjustBy::ByPercent(50), "ADD", None, Some(50)),
        (AdjustBy::ByPercent(-50), "REMOVE", None, Some(50)),
        // Only here.
        (AdjustBy::ToPercent(150), "SET", None, Some(150)),
    ] {
        let shown = Adjust::of(by);
        assert_eq!(shown.operation.as_deref(), Some(operation));
        assert_eq!(
            (shown.instance_number, shown.instance_percentage),
            (number, percent)
        );
        assert_eq!(shown.by(), Ok(by));
    }
}

fn times(cron: Option<&str>, zone: &str) -> ScheduleTimes {
    ScheduleTimes {
        start_at: read_minute("2026-11-25T12:00Z").unwrap(),
        end_at: cron.and_then(|_| read_minute("2027-11-25T12:00Z")),
        cron: cron.map(str::to_owned),
        zone: zone.to_owned(),
        repeat: None,
    }
}

#[test]
fn repetitions_of_all_doors_are_said_in_utc() {
    for (cron, zone, words) in [
        ("5 16 * * *", "UTC", Some(("16:05", "Daily", None))),
        // Day 1 is Sunday, which is 0 or 7 in cron texts.
        (
            "5 16 * * 0,2,6",
            "UTC",
            Some(("16:05", "Weekly", Some("1,3,7"))),
        ),
        ("5 16 * * 7", "UTC", Some(("16:05", "Weekly", Some("1")))),
        (
            "5 16 31,1 * *",
            "UTC",
            Some(("16:05", "Monthly", Some("31,1"))),
        ),
        (
            "0 23 * * *",
            "Asia/Shanghai",
            Some(("15:00", "Daily", None)),
        ),
        (
            "0 9 * * MON-FRI",
            "Asia/Shanghai",
            Some(("01:00", "Weekly", Some("2,3,4,5,6"))),
        ),
        // Monday before eight o'clock in China is Sunday in UTC.
        (
            "0 3 * * 1",
            "Asia/Shanghai",
            Some(("19:00", "Weekly", Some("1"))),
        ),
        (
            "0 3 2,15 * *",
            "Asia/Shanghai",
            Some(("19:00", "Monthly", Some("1,14"))),
        ),
        (
            "0 9 */10 * *",
            "Asia/Shanghai",
            Some(("01:00", "Monthly", Some("1,11,21,31"))),
        ),
        // There are no words for these.
        ("0 3 1 * *", "Asia/Shanghai", None),
        ("0 9,21 * * *", "Asia/Shanghai", None),
        ("*/5 9 * * *", "Asia/Shanghai", None),
        ("0 9 1 1 *", "Asia/Shanghai", None),
        ("0 9 1 * 1", "Asia/Shanghai", None),
    ] {
        let stored = times(Some(cron), zone);
        let shown = Scheduled::words(&stored);
        let got = shown.as_ref().map(|shown| {
            (
                shown.launch_time.as_deref().unwrap_or_default(),
                shown.recurrence_type.as_deref().unwrap_or_default(),
                shown.recurrence_value.as_deref(),
            )
        });
        assert_eq!(got, words, "{cron} {zone}");
        let Some(shown) = shown else { continue };
        // What is read of it fires at the same times, and is shown the same way.
        let read = shown.recurring(stored.start_at.plus_secs(60)).unwrap();
        assert_eq!(Scheduled::of(&read), shown);
        assert_eq!(
            (read.start_at, read.end_at),
            (stored.start_at, stored.end_at)
        );
    }
    let once = Scheduled::of(&times(None, "Asia/Shanghai"));
    assert_eq!(once.launch_time.as_deref(), Some("2026-11-25T12:00Z"));
    assert_eq!(once.recurrence_type, None);
}

#[test]
fn clocks() {
    let time = Time(1_608_263_424_000);
    assert_eq!(second(time), "2020-12-18T03:50:24Z");
    assert_eq!(read_second("2020-12-18T03:50:24Z"), Some(time));
    assert_eq!(minute(time), "2020-12-18T03:50Z");
    assert_eq!(
        read_minute("2020-12-18T03:50Z"),
        Some(Time(time.0 - 24_000))
    );
}
