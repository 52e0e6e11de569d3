//! Engine tables of policies that act by themselves: alarms, gaps, targets, warm-up, cooldown.
//!
//! Times are seconds since the start; ids come from seed 1.

use super::common::{Table, spec};
use muster_model::{
    AdjustBy, Alarm, AlarmDetail, Comparison, Created, Door, Error, GroupCommand, InstanceId,
    Metric, Point, PolicyCommand, PolicyId, PolicyKind, PolicySpec, Quota, Statistic,
    TargetTracking, Time, Warmup,
};

pub(super) fn cpu() -> Metric {
    Metric("cpu_util".to_owned())
}

pub(super) fn simple(
    name: &str,
    comparison: Comparison,
    threshold: f64,
    repeat: u32,
    by: AdjustBy,
) -> PolicySpec {
    PolicySpec {
        name: name.to_owned(),
        enabled: true,
        cooldown_secs: Some(90),
        kind: PolicyKind::Simple {
            alarm: Alarm {
                metric: cpu(),
                comparison,
                threshold,
                period_secs: 60,
                repeat,
                statistic: Statistic::Average,
                finer: AlarmDetail::default(),
            },
            adjust: by,
        },
        notify_groups: Vec::new(),
    }
}

pub(super) fn tracking(target: f64, warmup_secs: u32, disable_scale_in: bool) -> PolicySpec {
    PolicySpec {
        name: "track".to_owned(),
        enabled: true,
        cooldown_secs: None,
        kind: PolicyKind::Target(TargetTracking {
            metric: cpu(),
            target,
            warmup_secs,
            disable_scale_in,
        }),
        notify_groups: Vec::new(),
    }
}

impl Table {
    pub(super) fn policy(&mut self, spec: PolicySpec) -> PolicyId {
        let made = self.try_policy(spec);
        let Ok(Created::Policy(id)) = made else {
            panic!("{made:?}");
        };
        id
    }

    pub(super) fn try_policy(&mut self, spec: PolicySpec) -> Result<Created, Error> {
        self.command(GroupCommand::Policy(PolicyCommand::Create {
            door: Door::Tencent3,
            spec: Box::new(spec),
        }))
    }

    pub(super) fn measure_at(&mut self, at: Time, instance: Option<InstanceId>, value: f64) {
        let point = Point {
            at,
            instance,
            value,
        };
        self.command(GroupCommand::Measured(vec![(cpu(), point)]))
            .unwrap();
        self.settle();
    }

    /// A minute with this load.
    pub(super) fn minute(&mut self, value: f64) {
        self.measure_at(self.now, None, value);
        self.pass_to(60);
    }

    /// Lets time pass by the group's own wake-ups, as the shell does.
    pub(super) fn pass_to(&mut self, secs: u64) {
        let end = self.now.plus_secs(secs);
        while let Some(wake) = self.view.group.wake_at.filter(|wake| *wake <= end) {
            self.now = self.now.max(wake);
            self.settle();
            assert!(
                self.view.group.wake_at.is_none_or(|next| next > self.now),
                "the same wake-up again at {}: {:?}",
                self.now.0,
                self.view.group.wake_at
            );
        }
        self.now = end;
    }

    pub(crate) fn desired(&self) -> u32 {
        self.view.group.spec.size.desired
    }

    pub(super) fn started(min: u32, desired: u32, max: u32) -> Table {
        let mut t = Table::new(spec(min, desired, max));
        t.settle();
        t
    }
}

#[test]
fn an_alarm_acts_once_a_period_and_waits_for_its_cooldown() {
    let mut t = Table::started(1, 2, 10);
    t.policy(simple(
        "busy",
        Comparison::Greater,
        80.0,
        2,
        AdjustBy::By(1),
    ));
    let mut sizes = Vec::new();
    for value in [95.0, 95.0, 95.0, 95.0, 70.0, 95.0, 95.0] {
        t.minute(value);
        sizes.push(t.desired());
    }
    // The second minute completes the alarm; its cooldown of a minute and a half is over at the end of the fourth.
    assert_eq!(sizes, [2, 3, 3, 4, 4, 4, 5]);
    t.say("seven minutes");
    for reason in &t.reasons {
        t.text.push_str(&format!("because {reason}\n"));
    }
    insta::assert_snapshot!(t.text);
}

#[test]
fn a_gap_is_not_a_zero() {
    for by in [AdjustBy::By(-1), AdjustBy::By(1), AdjustBy::To(0)] {
        for comparison in [
            Comparison::Less,
            Comparison::LessOrEqual,
            Comparison::NotEqual,
        ] {
            let mut t = Table::started(0, 3, 10);
            t.policy(simple("idle", comparison, 20.0, 3, by));
            t.policy(tracking(50.0, 0, false));
            t.pass_to(1200);
            assert_eq!(t.desired(), 3, "no data at all");
            // Two minutes of three, then silence: the group wakes for the end of each period in sight and then rests.
            t.minute(1.0);
            t.minute(1.0);
            t.pass_to(7200);
            assert_eq!(t.desired(), 3, "{by:?} {comparison:?}");
            assert_eq!(t.view.group.wake_at, None, "nothing to wait for");
        }
    }
}

#[test]
fn a_late_point_that_completes_a_period_is_looked_at_at_once() {
    let mut t = Table::started(1, 2, 10);
    t.policy(simple(
        "busy",
        Comparison::Greater,
        80.0,
        3,
        AdjustBy::By(2),
    ));
    let zero = t.now;
    t.pass_to(200);
    for secs in [150, 90] {
        t.measure_at(zero.plus_secs(secs), None, 90.0);
        assert_eq!(t.desired(), 2);
    }
    t.measure_at(zero.plus_secs(30), None, 90.0);
    assert_eq!(
        t.desired(),
        4,
        "all three periods up to 180 s are known now"
    );
    t.measure_at(zero.plus_secs(31), None, 99.0);
    assert_eq!(t.desired(), 4, "it asks once for a period");
}

#[test]
fn of_several_policies_the_one_that_asks_for_most_is_heard() {
    let mut t = Table::started(1, 4, 10);
    t.policy(simple(
        "down",
        Comparison::Greater,
        10.0,
        1,
        AdjustBy::By(-2),
    ));
    t.policy(simple(
        "up",
        Comparison::Greater,
        10.0,
        1,
        AdjustBy::ByPercent(50),
    ));
    t.policy(simple(
        "little",
        Comparison::Greater,
        10.0,
        1,
        AdjustBy::By(1),
    ));
    t.minute(50.0);
    assert_eq!(t.desired(), 6);
}

#[test]
fn a_disabled_group_and_a_disabled_policy_rest() {
    let mut t = Table::started(1, 2, 10);
    let mut off = simple("off", Comparison::Greater, 10.0, 1, AdjustBy::By(5));
    off.enabled = false;
    t.policy(off);
    t.minute(50.0);
    assert_eq!(t.desired(), 2);
    t.policy(simple("on", Comparison::Greater, 10.0, 1, AdjustBy::By(1)));
    t.command(GroupCommand::Disable).unwrap();
    t.minute(50.0);
    assert_eq!((t.desired(), t.view.group.wake_at), (2, None));
    t.command(GroupCommand::Enable).unwrap();
    t.settle();
    assert_eq!(
        t.desired(),
        3,
        "what stands is looked at when the group is enabled"
    );
}

#[test]
fn the_size_follows_the_load_in_proportion() {
    let mut t = Table::started(1, 2, 10);
    t.policy(tracking(50.0, 120, false));
    t.minute(90.0);
    t.minute(90.0);
    assert_eq!(t.desired(), 2);
    t.minute(90.0);
    assert_eq!(t.desired(), 4, "2 * 90 / 50, rounded up");
    t.say("two more warm up");
    // What warms up does not count: the two that carry the load need four, and there are four.
    t.minute(90.0);
    assert_eq!(t.desired(), 4);
    t.minute(45.0);
    t.minute(45.0);
    assert!(
        t.view
            .instances
            .values()
            .all(|i| !matches!(i.warmup, Warmup::Until(_)))
    );
    for _ in 0..20 {
        t.minute(20.0);
    }
    assert_eq!(
        t.desired(),
        1,
        "a quarter of an hour under 45: 4 * 20 / 50 is 2, and later 2 * 20 / 50 is 1"
    );
    insta::assert_snapshot!(t.text);
}

#[test]
fn nothing_is_given_back_where_that_is_switched_off() {
    let mut t = Table::started(1, 3, 10);
    t.policy(tracking(50.0, 0, true));
    for _ in 0..30 {
        t.minute(1.0);
    }
    assert_eq!(t.desired(), 3);
    let second = t.try_policy(tracking(40.0, 0, false));
    let limit = Error::QuotaExceeded {
        quota: Quota::TargetTracking,
        limit: 1,
    };
    assert_eq!(second, Err(limit));
}

#[test]
fn what_is_measured_of_members_that_warm_up_does_not_count() {
    let mut t = Table::started(1, 1, 10);
    let old = t.newest();
    t.policy(tracking(50.0, 3600, false));
    t.pass_to(1);
    t.command(GroupCommand::ScaleOut { count: 1 }).unwrap();
    t.settle();
    let young = t.newest();
    assert_ne!(old, young);
    for _ in 0..5 {
        t.measure_at(t.now, Some(young), 100.0);
        t.measure_at(t.now, Some(old), 40.0);
        t.pass_to(60);
    }
    assert_eq!(t.desired(), 2);
}

#[test]
fn executed_by_a_call() {
    let mut t = Table::started(1, 2, 4);
    let up = t.policy(simple("up", Comparison::Greater, 99.0, 1, AdjustBy::By(1)));
    let track = t.policy(tracking(50.0, 0, false));
    let execute =
        |id, honor_cooldown| GroupCommand::Policy(PolicyCommand::Execute { id, honor_cooldown });
    assert_eq!(
        t.command(execute(track, false)),
        Err(Error::NotExecutable { policy: track })
    );
    assert!(matches!(
        t.command(execute(up, true)),
        Ok(Created::Activity(_))
    ));
    let busy = t.command(execute(up, false));
    assert!(matches!(busy, Err(Error::Busy { .. })), "{busy:?}");
    t.settle();
    assert_eq!(t.command(execute(up, true)), Err(Error::CoolingDown));
    assert!(matches!(
        t.command(execute(up, false)),
        Ok(Created::Activity(_))
    ));
    t.settle();
    assert_eq!(t.desired(), 4);
    assert_eq!(
        t.command(execute(up, false)),
        Err(Error::NothingToDo),
        "at the maximum"
    );
    t.command(GroupCommand::Disable).unwrap();
    assert_eq!(t.command(execute(up, false)), Err(Error::Disabled));
}

#[test]
fn points_are_bounded_in_number_and_age() {
    let mut t = Table::started(1, 1, 4);
    t.pass_to(10_000);
    let old = Point {
        at: Time(0),
        instance: None,
        value: 1.0,
    };
    t.command(GroupCommand::Measured(vec![(cpu(), old)]))
        .unwrap();
    assert!(t.view.parts.series.is_empty(), "too old to matter");
    let ahead = t.now.plus_secs(86_401);
    for at in [ahead, t.now.plus_millis(-1_200_000)] {
        t.command(GroupCommand::Measured(vec![(cpu(), Point { at, ..old })]))
            .unwrap();
        assert!(t.view.parts.series.is_empty(), "{at:?}");
    }
    // A stretch is a row; a window that is full keeps what its points come to.
    let many = (0..1500).map(|n| {
        let at = t.now.plus_millis(-n);
        (cpu(), Point { at, ..old })
    });
    t.command(GroupCommand::Measured(many.collect())).unwrap();
    let rows = |t: &Table| {
        let rows = t.view.parts.series.values();
        rows.map(|row| {
            let counts = row.values().map(|(_, _, summary)| summary.count);
            (row.from, row.values().count(), counts.sum::<u32>())
        })
        .collect::<Vec<_>>()
    };
    let mut kept = rows(&t);
    kept.sort();
    assert_eq!(kept.iter().map(|(_, _, count)| count).sum::<u32>(), 1500);
    assert!(
        kept.iter().all(|(_, values, _)| *values <= 6 * 32),
        "{kept:?}"
    );
    t.pass_to(1300);
    let new = Point { at: t.now, ..old };
    t.command(GroupCommand::Measured(vec![(cpu(), new)]))
        .unwrap();
    assert_eq!(rows(&t).len(), 1, "the old ones are dropped");
    // An alarm that looks back further has its points kept.
    let mut long = simple("long", Comparison::Greater, 80.0, 5, AdjustBy::By(1));
    if let PolicyKind::Simple { alarm, .. } = &mut long.kind {
        alarm.period_secs = 3600;
    }
    t.policy(long);
    t.pass_to(5 * 3600);
    let newer = Point { at: t.now, ..old };
    t.command(GroupCommand::Measured(vec![(cpu(), newer)]))
        .unwrap();
    assert_eq!(rows(&t).len(), 2);
    let names = (0..32).map(|n| {
        (
            Metric(format!("m{n}")),
            Point {
                at: t.now,
                instance: None,
                value: 1.0,
            },
        )
    });
    let limit = Error::QuotaExceeded {
        quota: Quota::Metrics,
        limit: 32,
    };
    assert_eq!(
        t.command(GroupCommand::Measured(names.collect())),
        Err(limit)
    );
}
