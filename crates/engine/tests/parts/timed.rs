//! Policies that act at a time.

use muster_model::{
    AdjustBy, Door, Error, Field, GroupCommand, HookChange, HookSpec, HookTransition, HookVerdict,
    HookWaiter, PolicyCommand, PolicyKind, PolicySpec, Problem, ScheduleCommand, ScheduleSpec,
    ScheduleTimes, Time,
};

use super::common::{Table, spec};

fn at(secs: u64) -> Time {
    Time(0).plus_secs(secs)
}

fn timed(name: &str, start_secs: u64, cron: Option<&str>, adjust: AdjustBy) -> PolicySpec {
    PolicySpec {
        name: name.to_owned(),
        enabled: true,
        cooldown_secs: Some(300),
        kind: PolicyKind::Timed {
            times: ScheduleTimes {
                start_at: at(start_secs),
                end_at: cron.map(|_| at(40 * 86_400)),
                cron: cron.map(str::to_owned),
                zone: "UTC".to_owned(),
                repeat: None,
            },
            adjust,
        },
        notify_groups: Vec::new(),
    }
}

impl Table {
    fn timed(&mut self, spec: PolicySpec) {
        let command = PolicyCommand::Create {
            door: Door::Huawei,
            spec: Box::new(spec),
        };
        self.command(GroupCommand::Policy(command)).unwrap();
    }

    /// Lets the group sleep until it wants to be looked at, but not longer than until then.
    pub(super) fn wake_until(&mut self, secs: u64) {
        while let Some(wake) = self.view.group.wake_at.filter(|wake| *wake <= at(secs)) {
            assert!(
                wake > self.now,
                "the group wants to be looked at again and again"
            );
            self.now = wake;
            self.settle();
        }
        self.now = at(secs);
        self.settle();
    }
}

#[test]
fn a_policy_fires_once_at_its_time_and_one_with_a_cron_text_again_and_again() {
    let mut t = Table::new(spec(0, 1, 9));
    t.settle();
    t.timed(timed("once", 600, None, AdjustBy::To(4)));
    t.timed(timed("daily", 0, Some("30 1 * * *"), AdjustBy::By(-1)));
    t.wake_until(599);
    assert_eq!(t.desired(), 1);
    t.wake_until(600);
    assert_eq!((t.desired(), t.view.instances.len()), (4, 4));
    t.wake_until(86_400);
    assert_eq!((t.desired(), t.view.instances.len()), (3, 3));
    t.wake_until(2 * 86_400);
    assert_eq!(t.desired(), 2);
}

#[test]
fn missed_firings_are_made_up_for_once_and_those_of_a_group_that_is_off_pass() {
    let mut t = Table::new(spec(0, 1, 9));
    t.settle();
    t.timed(timed("daily", 0, Some("0 12 * * *"), AdjustBy::By(1)));
    t.now = at(5 * 86_400);
    t.settle();
    assert_eq!(t.desired(), 2);
    t.command(GroupCommand::Disable).unwrap();
    t.wake_until(8 * 86_400);
    t.command(GroupCommand::Enable).unwrap();
    t.settle();
    assert_eq!(t.desired(), 2);
    t.wake_until(9 * 86_400);
    assert_eq!(t.desired(), 3);
}

#[test]
fn a_firing_the_other_way_waits_for_the_activity_and_one_the_same_way_passes() {
    let mut t = Table::new(spec(0, 1, 9));
    t.settle();
    let hook = HookSpec {
        name: "hold".to_owned(),
        transition: HookTransition::Launching,
        default_result: HookVerdict::Continue,
        timeout_secs: 600,
        extended: false,
        metadata: String::new(),
        target: None,
        command: None,
    };
    t.command(GroupCommand::Hook(HookChange::Create(Box::new(hook))))
        .unwrap();
    t.timed(timed("up", 60, None, AdjustBy::By(2)));
    t.timed(timed("more", 120, None, AdjustBy::By(3)));
    t.timed(timed("down", 180, None, AdjustBy::By(-1)));
    t.wake_until(500);
    assert_eq!((t.desired(), t.view.is_busy()), (3, true));

    // One of the two that are held is given an hour more: the activity lasts as long, and so does the wait.
    let hook = *t.view.parts.hooks.keys().next().unwrap();
    let held = t.newest();
    let extend = HookChange::Extend {
        id: hook,
        who: HookWaiter::Instance(held),
        secs: 3600,
    };
    t.command(GroupCommand::Hook(extend)).unwrap();
    t.wake_until(1000);
    assert_eq!((t.desired(), t.view.is_busy()), (3, true));
    t.wake_until(5000);
    assert_eq!((t.desired(), t.view.is_busy()), (2, false));
    assert_eq!(t.view.instances.len(), 2);
}

#[test]
fn times_that_never_come_are_refused() {
    let mut t = Table::new(spec(0, 1, 9));
    t.now = at(86_400);
    for (start, cron) in [(600, None), (0, Some("0 0 31 2 *"))] {
        let command = PolicyCommand::Create {
            door: Door::Huawei,
            spec: Box::new(timed("never", start, cron, AdjustBy::By(1))),
        };
        let refused = t.command(GroupCommand::Policy(command));
        let problem = Problem::Unusable("no such time comes".to_owned());
        let field = Field::Recurrence;
        assert_eq!(refused, Err(Error::Invalid { field, problem }), "{cron:?}");
    }
    assert!(t.view.parts.policies.is_empty());
}

#[test]
fn a_group_that_is_being_deleted_sleeps_through_its_times() {
    let mut t = Table::new(spec(0, 1, 9));
    t.settle();
    t.timed(timed("once", 600, None, AdjustBy::To(4)));
    let schedule = ScheduleSpec {
        name: "every minute".to_owned(),
        times: ScheduleTimes {
            start_at: at(60),
            end_at: Some(at(86_400)),
            cron: Some("* * * * *".to_owned()),
            zone: "UTC".to_owned(),
            repeat: None,
        },
        min: 0,
        max: 9,
        desired: Some(5),
    };
    let create = ScheduleCommand::Create(Box::new(schedule));
    t.command(GroupCommand::Schedule(create)).unwrap();
    t.command(GroupCommand::Delete { force: true }).unwrap();
    let plan = muster_engine::plan(&t.view, t.now, &mut t.ids, &t.settings);
    t.accept(&plan.change);
    assert_eq!(plan.calls.len(), 1);
    // The machine is being terminated; nothing else asks for a look, again and again, until that is answered.
    assert!(t.view.group.deleting);
    assert!(t.view.group.wake_at > Some(at(60)), "{:?}", t.view.group);
}
