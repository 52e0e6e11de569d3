//! Scheduled actions.

use muster_model::{
    Created, Error, GroupCommand, KeptBounds, ScheduleCommand, ScheduleSpec, ScheduleTimes, Time,
    TriggerKind,
};

use crate::table::{Table, spec};

fn schedule_spec(
    start_secs: i64,
    cron: Option<&str>,
    sizes: (u32, Option<u32>, u32),
) -> ScheduleSpec {
    ScheduleSpec {
        name: format!("at {start_secs}"),
        times: ScheduleTimes {
            start_at: Time(start_secs * 1000),
            end_at: cron.map(|_| Time(1_000_000_000)),
            cron: cron.map(str::to_owned),
            zone: "UTC".to_owned(),
            repeat: None,
        },
        min: sizes.0,
        desired: sizes.1,
        max: sizes.2,
    }
}

fn schedule(t: &mut Table, spec: ScheduleSpec) -> Result<Created, Error> {
    let create = ScheduleCommand::Create(Box::new(spec));
    t.command(GroupCommand::Schedule(create))
}

#[test]
fn a_task_leaves_the_bounds_that_it_does_not_say() {
    let mut t = Table::new(spec(0, 1, 2));
    t.settle();
    for (at, sizes, (min, max)) in [
        // Only the desired number: held within the bounds as they are.
        (60, (9, Some(9), 9), (true, true)),
        // Only the minimum: it goes no higher than the maximum.
        (120, (5, None, 9), (false, true)),
        // Both bounds.
        (180, (1, None, 4), (false, false)),
        // Only the maximum: it goes no lower than the minimum.
        (240, (9, None, 0), (true, false)),
    ] {
        let create = ScheduleCommand::CreateTask {
            spec: Box::new(schedule_spec(at, None, sizes)),
            keeps: KeptBounds { min, max },
        };
        t.command(GroupCommand::Schedule(create)).unwrap();
    }
    let mut seen = Vec::new();
    for _ in 0..4 {
        t.pass(60);
        t.settle();
        let size = t.view.group.spec.size;
        seen.push((size.min, size.desired, size.max));
    }
    assert_eq!(seen, [(0, 2, 2), (2, 2, 2), (1, 2, 4), (1, 1, 1)]);
    let never = ScheduleCommand::CreateTask {
        spec: Box::new(schedule_spec(0, None, (3, Some(2), 9))),
        keeps: KeptBounds::default(),
    };
    assert!(matches!(
        t.command(GroupCommand::Schedule(never)),
        Err(Error::SizeOrder { .. })
    ));
}

#[test]
fn schedules_set_sizes_at_their_time_and_say_so() {
    let mut t = Table::new(spec(0, 1, 2));
    t.settle();
    t.text.clear();
    schedule(&mut t, schedule_spec(60, None, (1, Some(3), 4))).unwrap();
    schedule(&mut t, schedule_spec(0, Some("*/10 * * * *"), (0, None, 2))).unwrap();
    t.settle();
    t.say("before");
    t.pass(60);
    t.settle();
    t.say("once, at a minute");
    t.pass(540);
    t.settle();
    t.say("every ten minutes: desired is clamped");
    let last = t.view.group.last_activity.unwrap();
    let trigger = &t.view.activities[&last].trigger.kind;
    assert!(
        matches!(trigger, TriggerKind::Schedule { .. }),
        "{trigger:?}"
    );
    // Three runs are missed: one makes up for them.
    t.command(GroupCommand::SetDesired {
        desired: 5,
        min: None,
        max: Some(5),
    })
    .unwrap();
    t.settle();
    t.pass(1800);
    t.settle();
    t.say("made up for");
    // A group that is off lets them pass.
    t.command(GroupCommand::Disable).unwrap();
    t.pass(600);
    t.settle();
    t.say("off");
    insta::assert_snapshot!(t.text);
}

#[test]
fn of_missed_runs_the_latest_has_the_last_word() {
    let mut t = Table::new(spec(0, 0, 9));
    // Every hour to two; once at an hour and a half to five. Both are missed, the hourly one last at three hours.
    schedule(&mut t, schedule_spec(0, Some("0 * * * *"), (0, Some(2), 9))).unwrap();
    schedule(&mut t, schedule_spec(5400, None, (0, Some(5), 9))).unwrap();
    t.pass(3 * 3600 + 60);
    t.settle();
    assert_eq!(t.view.group.spec.size.desired, 2);
}

#[test]
fn a_schedule_that_falls_into_an_activity_is_not_lost() {
    let mut t = Table::new(spec(0, 1, 5));
    t.turn();
    schedule(&mut t, schedule_spec(10, None, (0, Some(3), 5))).unwrap();
    t.pass(10);
    t.turn();
    assert!(t.view.group.busy.is_some(), "the launch is on its way");
    assert_eq!(t.view.group.spec.size.desired, 3);
    t.done();
    t.settle();
    let last = t.view.group.last_activity.unwrap();
    let trigger = &t.view.activities[&last].trigger.kind;
    assert!(
        matches!(trigger, TriggerKind::Schedule { .. }),
        "{trigger:?}"
    );
    assert_eq!(t.view.instances.len(), 3);
}

#[test]
fn a_schedule_is_refused_with_what_is_wrong_with_it() {
    let mut t = Table::new(spec(0, 0, 5));
    t.now = Time(100_000);
    let good = schedule_spec(200, None, (0, Some(1), 2));
    schedule(&mut t, good.clone()).unwrap();
    assert!(matches!(
        schedule(&mut t, good.clone()),
        Err(Error::NameTaken { .. })
    ));
    let named = |change: &dyn Fn(&mut ScheduleSpec)| {
        let mut spec = ScheduleSpec {
            name: "x".to_owned(),
            ..good.clone()
        };
        change(&mut spec);
        spec
    };
    type Change<'a> = &'a dyn Fn(&mut ScheduleSpec);
    let cases: [(Change<'_>, muster_model::Field); 4] = [
        (
            &|s| s.times.start_at = Time(99_000),
            muster_model::Field::Start,
        ),
        (
            &|s| s.times.cron = Some("* * * * *".to_owned()),
            muster_model::Field::End,
        ),
        (
            &|s| s.times.end_at = Some(Time(300_000)),
            muster_model::Field::Recurrence,
        ),
        (
            &|s| {
                s.times.cron = Some("* * * * *".to_owned());
                s.times.end_at = Some(Time(200_000));
            },
            muster_model::Field::End,
        ),
    ];
    for (change, field) in cases {
        match schedule(&mut t, named(change)) {
            Err(Error::Invalid { field: wrong, .. }) => assert_eq!(wrong, field),
            other => panic!("{field:?}: {other:?}"),
        }
    }
    assert!(matches!(
        schedule(&mut t, named(&|s| s.min = 3)),
        Err(Error::SizeOrder { .. })
    ));
}
