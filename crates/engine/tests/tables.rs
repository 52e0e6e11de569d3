//! Engine tables: a view and what happens go in, the printed views, plans and reasons come out as golden text.
//!
//! No back end here: each test answers the calls itself. Times are seconds since the start; ids come from seed 1.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test says what broke by failing"
)]

use std::fmt::Write as _;
use std::sync::Arc;

use muster_engine::{
    Context, Facts, Settings, TypeFacts, advise, apply, check, create_config, create_group,
    explain, plan,
};
use muster_model::{
    Account, AccountId, AdjustBy, Adjustment, AdviceLevel, Allocation, AttemptCode, BatchPause,
    CallKind, ConfigSpec, CooldownRule, Created, Door, Error, GroupCommand, GroupPatch, GroupSpec,
    GroupView, HealthCheck, HealthKind, Ids, InstanceId, KeptBounds, Key, Lifecycle, Machine,
    MachineHealth, MachineState, NameIndex, Network, Observation, OnFailure, OwnerKey,
    RefreshCommand, RefreshId, RefreshMode, RefreshSettings, RefreshStatus, ReplaceMode,
    RetryPolicy, ScalingMode, ScheduleCommand, ScheduleSpec, ScheduleTimes, ServiceSettings, Site,
    Size, SpotMix, SpotStrategy, Spread, StepOutcome, StepResult, StopMode, TerminationPolicy,
    Time, Trigger, TriggerKind, ZonesCheck,
};

struct Table {
    view: GroupView,
    ids: Ids,
    settings: Settings,
    now: Time,
    calls: Vec<muster_engine::PlannedCall>,
    text: String,
}

fn spec(min: u32, desired: u32, max: u32) -> GroupSpec {
    GroupSpec {
        name: "web".to_owned(),
        config: None,
        size: Size { min, desired, max },
        enabled: true,
        cooldown_secs: 300,
        network: Network {
            vpc: "vpc-1".to_owned(),
            subnets: vec!["s1".to_owned(), "s2".to_owned()],
            ..Network::default()
        },
        spread: Spread::Ordered,
        zones_check: ZonesCheck::Any,
        termination: TerminationPolicy::OldestInstance,
        retry: RetryPolicy::Immediate,
        health: HealthCheck {
            kind: HealthKind::Machine,
            period_secs: 0,
            grace_secs: 0,
        },
        balancers: Vec::new(),
        project: 0,
        tags: Vec::new(),
        service: ServiceSettings::default(),
        allocation: Allocation::LaunchConfiguration,
        capacity_rebalance: false,
        name_index: None,
        host_name_index: None,
        concurrent_scale_out: false,
        huawei: None,
    }
}

impl Table {
    fn new(mut spec: GroupSpec) -> Table {
        let settings = Settings::default();
        let mut ids = Ids::new(1);
        let account = Account {
            id: AccountId::new(Key::from_bits(1)),
            name: "test".to_owned(),
            version: 1,
            created_at: Time(0),
        };
        let config = ConfigSpec {
            name: "conf".to_owned(),
            image: Some("img-1".to_owned()),
            instance_types: vec!["A".to_owned(), "B".to_owned()],
            ..ConfigSpec::default()
        };
        let none = Facts::default();
        let mut context = Context {
            now: Time(0),
            ids: &mut ids,
            settings: &settings,
            facts: &none,
        };
        let config = create_config(
            &account,
            Door::Tencent3,
            &Site::default(),
            &config,
            &mut context,
        )
        .unwrap();
        spec.config = Some(config.id);
        let facts = Facts {
            config: Some(Arc::new(config)),
            ..Facts::default()
        };
        let mut context = Context {
            now: Time(0),
            ids: &mut ids,
            settings: &settings,
            facts: &facts,
        };
        let view = create_group(
            &account,
            Door::Tencent3,
            &Site::default(),
            &spec,
            &mut context,
        )
        .unwrap();
        Table {
            view,
            ids,
            settings,
            now: Time(0),
            calls: Vec::new(),
            text: String::new(),
        }
    }

    fn say(&mut self, what: &str) {
        let _ = writeln!(self.text, "-- {what}");
        self.text.push_str(&explain::view_text(&self.view, Time(0)));
    }

    fn settle_in(&mut self, change: &muster_model::Change) {
        self.view = self.view.after(change).expect("the group is still there");
        assert_eq!(
            check::problems(&self.view),
            Vec::<String>::new(),
            "{}",
            self.text
        );
    }

    /// Takes a turn and prints the plan.
    fn turn(&mut self) {
        let plan = plan(&self.view, self.now, &mut self.ids, &self.settings);
        let _ = writeln!(self.text, "-- turn at {}s", self.now.0 / 1000);
        self.text.push_str(&explain::plan_text(&plan, Time(0)));
        self.settle_in(&plan.change);
        self.calls.extend(plan.calls);
    }

    fn command(&mut self, command: GroupCommand) -> Result<Created, Error> {
        let facts = Facts::default();
        let mut context = Context {
            now: self.now,
            ids: &mut self.ids,
            settings: &self.settings,
            facts: &facts,
        };
        let result = apply(&self.view, &command, &mut context);
        let named = format!("{command:?}");
        let short = named.split([' ', '(', '{']).next().unwrap_or_default();
        match result {
            Ok((change, created)) => {
                self.settle_in(&change);
                Ok(created)
            }
            Err(error) => {
                let _ = writeln!(self.text, "-- {short} is refused: {error}");
                Err(error)
            }
        }
    }

    fn machine(&self, id: InstanceId) -> Machine {
        Machine {
            id,
            owner: Some(OwnerKey {
                group: self.view.group.id,
                instance: id,
            }),
            state: MachineState::Running,
            health: MachineHealth::Healthy,
            vpc: "vpc-1".to_owned(),
            placement: self
                .view
                .instances
                .get(&id)
                .map(|i| i.placement.clone())
                .unwrap_or_default(),
            image: "img-1".to_owned(),
            name: "m".to_owned(),
            address: None,
            port: None,
            created_at: self.now,
            reclaim_at: None,
            tags: Vec::new(),
        }
    }

    /// Answers every call in flight.
    fn answer(&mut self, with: impl Fn(&Table, &muster_engine::PlannedCall) -> StepResult) {
        for call in std::mem::take(&mut self.calls) {
            let result = with(self, &call);
            let outcome = StepOutcome {
                instance: call.owner.instance,
                kind: call.kind,
                attempt: call.attempt,
                until: call.until,
                result,
            };
            self.command(GroupCommand::StepDone(outcome)).unwrap();
        }
    }

    fn done(&mut self) {
        self.answer(|table, call| match call.kind {
            CallKind::Launch | CallKind::Adopt | CallKind::Reset(_) => {
                StepResult::Done(Some(Arc::new(table.machine(call.owner.instance))))
            }
            _ => StepResult::Done(None),
        });
    }

    /// Turns and good answers until nothing is due.
    fn settle(&mut self) {
        for _ in 0..50 {
            self.turn();
            if self.calls.is_empty() {
                return;
            }
            self.done();
        }
        panic!("does not settle:\n{}", self.text);
    }

    fn observe(&mut self, change: impl Fn(&mut Vec<Machine>)) {
        let mut machines: Vec<Machine> = self
            .view
            .instances
            .keys()
            .map(|id| self.machine(*id))
            .collect();
        change(&mut machines);
        let machines = machines.into_iter().map(Arc::new).collect();
        self.command(GroupCommand::Observed(Observation {
            asked_at: self.now,
            machines,
            members: None,
            silent: Vec::new(),
        }))
        .unwrap();
    }

    fn members(&self) -> Vec<InstanceId> {
        let mut members: Vec<_> = self.view.instances.values().collect();
        members.sort_by_key(|i| (i.created_at, i.id));
        members.iter().map(|i| i.id).collect()
    }

    fn refresh(&self, id: RefreshId) -> &muster_model::Refresh {
        &self.view.parts.refreshes[&id]
    }

    fn pass(&mut self, secs: u64) {
        self.now = self.now.plus_secs(secs);
    }
}

fn sold_out() -> StepResult {
    StepResult::Refused {
        code: AttemptCode::SoldOut,
        message: "sold out".to_owned(),
    }
}

fn failed() -> StepResult {
    StepResult::Refused {
        code: AttemptCode::Failed,
        message: "the host is on fire".to_owned(),
    }
}

#[test]
fn first_group_grows_and_shrinks() {
    let mut t = Table::new(spec(0, 2, 5));
    t.say("created: the intent is there, nothing was asked");
    t.turn();
    t.done();
    t.say("launched");
    t.pass(60);
    t.command(GroupCommand::SetDesired {
        desired: 1,
        min: None,
        max: None,
    })
    .unwrap();
    t.settle();
    t.say("desired 1: the oldest left");
    insta::assert_snapshot!(t.text);
}

#[test]
fn sold_out_types_fall_back_by_type_then_place() {
    let mut t = Table::new(spec(0, 1, 5));
    t.turn();
    t.answer(|_, _| sold_out());
    t.say("A is sold out in s1: A in s2 outranks B");
    t.turn();
    t.answer(|_, _| sold_out());
    t.turn();
    t.answer(|_, _| sold_out());
    t.turn();
    t.answer(|_, _| sold_out());
    t.say("everything is sold out");
    insta::assert_snapshot!(t.text);
}

#[test]
fn a_refusal_after_silence_does_not_prove_anything() {
    let mut t = Table::new(spec(0, 1, 1));
    t.turn();
    t.answer(|_, _| StepResult::Unknown {
        message: "lost".to_owned(),
    });
    t.pass(1);
    t.turn();
    t.answer(|_, _| failed());
    t.say("the first attempt may still come true: its key is destroyed before another machine is asked for");
    t.turn();
    t.done();
    t.say("proved gone");
    insta::assert_snapshot!(t.text);
}

#[test]
fn late_and_doubled_answers_change_nothing() {
    let mut t = Table::new(spec(0, 1, 1));
    t.turn();
    let call = t.calls[0].clone();
    t.done();
    let before = t.view.clone();
    for result in [failed(), sold_out(), StepResult::Done(None)] {
        let outcome = StepOutcome {
            instance: call.owner.instance,
            kind: call.kind,
            attempt: call.attempt,
            until: call.until,
            result,
        };
        t.command(GroupCommand::StepDone(outcome)).unwrap();
    }
    assert_eq!(t.view, before);
}

#[test]
fn immediate_retries_end_in_a_brake_with_a_reason() {
    let mut t = Table::new(spec(0, 1, 2));
    let mut failures = 0;
    for _ in 0..200 {
        t.turn();
        failures += t.calls.len();
        t.answer(|_, _| failed());
        t.pass(1);
    }
    assert_eq!(failures, 5, "five activities in a row, then nothing");
    let brake = t.view.group.retry.brake.clone().unwrap();
    assert_eq!(
        (brake.failures, brake.reason.as_str()),
        (5, "the host is on fire")
    );
    assert_eq!(
        t.view.group.wake_at, None,
        "a braked group waits for somebody"
    );
    t.text.clear();
    t.turn();
    t.command(GroupCommand::Enable).unwrap();
    t.settle();
    t.say("somebody acted: the brake is released");
    insta::assert_snapshot!(t.text);
}

#[test]
fn incremental_retries_slow_down_to_a_day() {
    let mut t = Table::new(GroupSpec {
        retry: RetryPolicy::Incremental,
        ..spec(0, 1, 2)
    });
    let mut waits = Vec::new();
    for _ in 0..16 {
        t.turn();
        t.answer(|_, _| failed());
        let wake = t.view.group.retry.not_before.unwrap();
        waits.push(wake.millis_since(t.now) / 1000);
        t.now = wake;
    }
    assert_eq!(
        waits,
        [
            0, 1, 2, 4, 8, 16, 16, 16, 16, 600, 1800, 3600, 86_400, 86_400, 86_400, 86_400
        ]
    );
}

#[test]
fn no_retry_waits_for_somebody() {
    let mut t = Table::new(GroupSpec {
        retry: RetryPolicy::None,
        ..spec(0, 1, 2)
    });
    t.turn();
    t.answer(|_, _| failed());
    t.pass(100_000);
    t.turn();
    assert!(t.calls.is_empty());
    t.command(GroupCommand::SetDesired {
        desired: 1,
        min: None,
        max: None,
    })
    .unwrap();
    t.turn();
    assert_eq!(t.calls.len(), 1);
}

#[test]
fn balanced_groups_fill_the_emptier_subnet() {
    let mut t = Table::new(GroupSpec {
        spread: Spread::Balanced,
        ..spec(0, 5, 9)
    });
    t.settle();
    let count = |t: &Table, subnet: &str| {
        t.view
            .instances
            .values()
            .filter(|i| i.placement.subnet == subnet)
            .count()
    };
    assert_eq!((count(&t, "s1"), count(&t, "s2")), (3, 2));
    assert!(
        t.view
            .instances
            .values()
            .all(|i| i.placement.instance_type == "A")
    );
}

#[test]
fn vanished_machines_are_proved_gone_and_made_up_for() {
    let mut t = Table::new(spec(0, 2, 2));
    t.settle();
    t.pass(60);
    t.text.clear();
    let first = t.members()[0];
    t.observe(|machines| machines.retain(|m| m.id != first));
    t.say("one is missing from the listing: it counts until it is proved gone, so nothing is launched at max");
    t.turn();
    t.done();
    t.say("proved gone");
    t.settle();
    t.say("made up for");
    insta::assert_snapshot!(t.text);
}

#[test]
fn a_disabled_group_records_a_loss_and_leaves_it_at_that() {
    let mut t = Table::new(spec(0, 2, 2));
    t.settle();
    t.pass(60);
    t.command(GroupCommand::Disable).unwrap();
    let first = t.members()[0];
    t.observe(|machines| {
        machines
            .iter_mut()
            .filter(|m| m.id == first)
            .for_each(|m| m.state = MachineState::Dead)
    });
    t.settle();
    assert_eq!(t.members().len(), 1);
    assert_eq!(
        t.command(GroupCommand::SetDesired {
            desired: 1,
            min: None,
            max: None
        }),
        Err(Error::Disabled)
    );
    t.command(GroupCommand::ScaleIn { count: 1 }).unwrap();
    t.settle();
    assert_eq!(
        (t.members().len(), t.view.group.spec.size.desired),
        (0, 1),
        "by hand it still works"
    );
}

#[test]
fn strangers_with_our_key_are_destroyed_but_not_on_old_news() {
    let mut t = Table::new(spec(0, 1, 2));
    t.settle();
    t.pass(60);
    let stranger = InstanceId::new(Key::from_bits(99));
    let machine = t.machine(stranger);
    t.observe(|machines| machines.push(machine.clone()));
    assert!(t.view.instances.contains_key(&stranger));
    t.settle();
    assert!(!t.view.instances.contains_key(&stranger), "proved gone");
    t.observe(|machines| machines.push(machine.clone()));
    assert!(
        !t.view.instances.contains_key(&stranger),
        "a listing from before it left says nothing"
    );
    t.pass(1);
    t.observe(|machines| machines.push(machine.clone()));
    assert!(t.view.instances.contains_key(&stranger), "a later one does");
}

#[test]
fn unhealthy_instances_are_replaced_but_protected_ones_stay() {
    let service = ServiceSettings {
        replace_unhealthy: true,
        ..ServiceSettings::default()
    };
    let mut t = Table::new(GroupSpec {
        service,
        ..spec(0, 2, 2)
    });
    t.settle();
    t.pass(60);
    t.text.clear();
    let members = t.members();
    t.command(GroupCommand::Protect {
        instances: vec![members[0]],
        protected: true,
    })
    .unwrap();
    t.observe(|machines| {
        machines
            .iter_mut()
            .for_each(|m| m.health = MachineHealth::Unhealthy)
    });
    t.say("both are unhealthy, one is protected");
    t.settle();
    t.say("replaced");
    assert!(
        t.view.instances.contains_key(&members[0]) && !t.view.instances.contains_key(&members[1])
    );
    insta::assert_snapshot!(t.text);
}

/// A group of two that resets what is unhealthy, with one unhealthy member.
fn sick_one_to_reset() -> (Table, InstanceId) {
    let service = ServiceSettings {
        replace_unhealthy: true,
        replace_mode: ReplaceMode::Reset,
        ..ServiceSettings::default()
    };
    let mut t = Table::new(GroupSpec {
        service,
        ..spec(0, 2, 2)
    });
    t.settle();
    t.pass(60);
    t.text.clear();
    let sick = t.members()[0];
    t.observe(|machines| {
        machines
            .iter_mut()
            .filter(|m| m.id == sick)
            .for_each(|m| m.health = MachineHealth::Unhealthy)
    });
    (t, sick)
}

#[test]
fn an_unhealthy_machine_is_reset_in_place() {
    let (mut t, sick) = sick_one_to_reset();
    t.say("one is unhealthy");
    t.turn();
    // A listing that was asked for while it was being reinstalled says nothing.
    let asked_at = t.now;
    t.pass(5);
    t.done();
    t.command(GroupCommand::Observed(Observation {
        asked_at,
        machines: t
            .members()
            .into_iter()
            .filter(|id| *id != sick)
            .map(|id| Arc::new(t.machine(id)))
            .collect(),
        members: None,
        silent: Vec::new(),
    }))
    .unwrap();
    t.settle();
    t.say("reset");
    assert_eq!(t.view.instances[&sick].state, Lifecycle::InService);
    assert!(t.view.instances[&sick].health.is_healthy());
    insta::assert_snapshot!(t.text);
}

#[test]
fn a_machine_that_cannot_be_reset_is_replaced() {
    let (mut t, sick) = sick_one_to_reset();
    t.turn();
    t.answer(|_, _| StepResult::Refused {
        code: AttemptCode::Failed,
        message: "no such image".to_owned(),
    });
    t.settle();
    t.say("the reset was refused");
    assert!(!t.view.instances.contains_key(&sick));
    assert_eq!(t.view.instances.len(), 2);
    insta::assert_snapshot!(t.text);
}

#[test]
fn an_attach_that_runs_out_of_time_does_not_destroy_the_machine() {
    let mut t = Table::new(spec(0, 0, 2));
    let id = InstanceId::new(Key::from_bits(77));
    let machine = Machine {
        owner: None,
        ..t.machine(id)
    };
    t.command(GroupCommand::Attach {
        instances: vec![id],
        machines: vec![machine],
    })
    .unwrap();
    t.turn();
    t.calls.clear();
    t.pass(4000);
    t.turn();
    let instance = &t.view.instances[&id];
    assert_eq!(
        instance.call.as_ref().map(|call| call.kind),
        Some(CallKind::Release)
    );
}

#[test]
fn unknown_health_is_not_bad_health() {
    let service = ServiceSettings {
        replace_unhealthy: true,
        ..ServiceSettings::default()
    };
    let mut t = Table::new(GroupSpec {
        service,
        ..spec(0, 2, 2)
    });
    t.settle();
    t.pass(60);
    let before = t.members();
    t.observe(|machines| {
        machines
            .iter_mut()
            .for_each(|m| m.health = MachineHealth::Unknown)
    });
    t.settle();
    assert_eq!(t.members(), before);
}

#[test]
fn termination_policies_choose() {
    let orders = [
        (TerminationPolicy::OldestInstance, [0, 1, 2]),
        (TerminationPolicy::NewestInstance, [2, 1, 0]),
        (TerminationPolicy::OldestConfigOldestInstance, [1, 0, 2]),
        (TerminationPolicy::OldestConfigNewestInstance, [1, 2, 0]),
    ];
    for (termination, order) in orders {
        let mut t = Table::new(GroupSpec {
            termination,
            ..spec(0, 0, 3)
        });
        for n in 1..=3 {
            t.pass(60);
            t.command(GroupCommand::SetDesired {
                desired: n,
                min: None,
                max: None,
            })
            .unwrap();
            t.settle();
        }
        let members = t.members();
        let old = t.view.instances.get_mut(&members[1]).unwrap();
        Arc::make_mut(old).config.as_mut().unwrap().created_at = Time(-1000);
        let mut left = Vec::new();
        for n in (0..3).rev() {
            t.pass(60);
            t.command(GroupCommand::SetDesired {
                desired: n,
                min: None,
                max: None,
            })
            .unwrap();
            t.settle();
            left.push(
                members
                    .iter()
                    .position(|id| {
                        !t.view.instances.contains_key(id)
                            && !left.contains(&members.iter().position(|m| m == id).unwrap())
                    })
                    .unwrap(),
            );
        }
        assert_eq!(left, order, "{termination:?}");
    }
}

#[test]
fn members_by_hand() {
    let mut t = Table::new(spec(1, 1, 4));
    t.settle();
    t.pass(60);
    let foreign = InstanceId::new(Key::from_bits(7));
    let machine = Machine {
        owner: None,
        ..t.machine(foreign)
    };
    let attach = |machines: Vec<Machine>| GroupCommand::Attach {
        instances: vec![foreign],
        machines,
    };
    let _ = t.command(attach(Vec::new()));
    let _ = t.command(attach(vec![Machine {
        vpc: "vpc-2".to_owned(),
        ..machine.clone()
    }]));
    let _ = t.command(attach(vec![Machine {
        state: MachineState::Dead,
        ..machine.clone()
    }]));
    t.command(attach(vec![machine.clone()])).unwrap();
    let _ = t.command(GroupCommand::Detach {
        instances: vec![foreign],
    });
    t.settle();
    assert_eq!(t.view.group.spec.size.desired, 2);
    let _ = t.command(attach(vec![machine]));
    t.say("attached");
    let own = *t.members().iter().find(|id| **id != foreign).unwrap();
    let _ = t.command(GroupCommand::Remove {
        instances: vec![own, foreign],
    });
    t.command(GroupCommand::Remove {
        instances: vec![foreign],
    })
    .unwrap();
    t.settle();
    assert_eq!(t.view.group.spec.size.desired, 1);
    assert!(
        t.text.contains("release"),
        "an attached machine is handed back, not destroyed"
    );
    let _ = t.command(GroupCommand::Remove {
        instances: vec![foreign],
    });
    insta::assert_snapshot!(t.text);
}

#[test]
fn one_activity_at_a_time_and_bounds_hold() {
    let mut t = Table::new(spec(1, 2, 3));
    let _ = t.command(GroupCommand::ScaleOut { count: 1 });
    let _ = t.command(GroupCommand::Delete { force: false });
    t.settle();
    let _ = t.command(GroupCommand::ScaleOut { count: 2 });
    let _ = t.command(GroupCommand::ScaleOut { count: 0 });
    let _ = t.command(GroupCommand::ScaleIn { count: 2 });
    let _ = t.command(GroupCommand::Delete { force: false });
    let _ = t.command(GroupCommand::SetDesired {
        desired: 4,
        min: None,
        max: None,
    });
    let patch = GroupPatch {
        max: Some(1),
        ..GroupPatch::default()
    };
    let _ = t.command(GroupCommand::Modify(Box::new(patch)));
    t.command(GroupCommand::ScaleOut { count: 1 }).unwrap();
    t.settle();
    assert_eq!(t.view.group.spec.size.desired, 3);
    insta::assert_snapshot!(t.text);
}

#[test]
fn a_failed_scale_out_by_hand_does_not_raise_desired() {
    let mut t = Table::new(spec(0, 1, 3));
    t.settle();
    t.command(GroupCommand::ScaleOut { count: 2 }).unwrap();
    t.turn();
    let spoiled = t.calls[0].owner.instance;
    t.answer(|table, call| match call.owner.instance == spoiled {
        true => failed(),
        false => StepResult::Done(Some(Arc::new(table.machine(call.owner.instance)))),
    });
    t.settle();
    assert_eq!(
        (t.view.group.spec.size.desired, t.members().len()),
        (2, 2),
        "only by what was really created"
    );
}

#[test]
fn cooldown_holds_back_only_those_who_honor_it() {
    let mut t = Table::new(spec(0, 1, 5));
    t.settle();
    let adjust = |cooldown| {
        let trigger = Trigger {
            kind: TriggerKind::Policy {
                policy: muster_model::PolicyId::new(Key::from_bits(1)),
                cooldown_secs: None,
            },
            cooldown,
        };
        GroupCommand::Adjust(Adjustment {
            by: AdjustBy::By(1),
            trigger,
        })
    };
    // The launch that only met the wish of the new group starts none.
    t.command(adjust(CooldownRule::Honor)).unwrap();
    t.settle();
    assert_eq!(
        t.command(adjust(CooldownRule::Honor)),
        Err(Error::CoolingDown)
    );
    t.command(adjust(CooldownRule::Ignore)).unwrap();
    t.settle();
    t.pass(299);
    assert_eq!(
        t.command(adjust(CooldownRule::Honor)),
        Err(Error::CoolingDown)
    );
    t.pass(1);
    t.command(adjust(CooldownRule::Honor)).unwrap();
}

#[test]
fn an_activity_ends_when_its_time_is_up() {
    let mut t = Table::new(spec(0, 1, 1));
    t.turn();
    t.calls.clear();
    for _ in 0..80 {
        t.pass(30);
        t.turn();
        t.answer(|_, call| match call.kind {
            CallKind::Terminate => StepResult::Unknown {
                message: "lost".to_owned(),
            },
            _ => StepResult::Unknown {
                message: "lost".to_owned(),
            },
        });
    }
    assert_eq!(
        t.view.group.busy,
        None,
        "{}",
        explain::view_text(&t.view, Time(0))
    );
    assert_eq!(t.view.instances.len(), 1, "not proved gone: still counted");
    assert!(t.view.group.retry.failures > 0);
}

#[test]
fn a_restart_asks_again_with_the_same_key() {
    let mut t = Table::new(spec(0, 2, 2));
    t.turn();
    let before: Vec<_> = t
        .calls
        .drain(..)
        .map(|call| (call.owner, call.kind))
        .collect();
    t.command(GroupCommand::Recover).unwrap();
    t.turn();
    let after: Vec<_> = t
        .calls
        .iter()
        .map(|call| (call.owner.clone(), call.kind))
        .collect();
    assert_eq!(before, after);
    assert!(t.calls.iter().all(|call| call.attempt == 2));
}

#[test]
fn machines_that_keep_dying_early_are_replaced_ever_more_slowly() {
    let mut t = Table::new(spec(0, 1, 2));
    t.settle();
    let mut waits = Vec::new();
    for _ in 0..10 {
        t.pass(1);
        t.observe(Vec::clear);
        t.settle();
        let mut waited = 0;
        while t.view.instances.is_empty() {
            t.pass(1);
            waited += 1;
            t.settle();
        }
        waits.push(waited);
    }
    assert_eq!(waits, [0, 0, 1, 2, 4, 8, 16, 32, 60, 60]);
}

fn said(t: &Table) -> Vec<(&'static str, AdviceLevel)> {
    let advices = advise(&t.view);
    advices.iter().map(|a| (a.problem, a.level)).collect()
}

#[test]
fn advice_names_what_is_wrong_the_worst_first() {
    let fine = GroupSpec {
        network: Network {
            subnets: vec!["s1".to_owned(), "s2".to_owned()],
            ..spec(0, 1, 2).network
        },
        ..spec(0, 1, 2)
    };
    let mut t = Table::new(fine);
    t.settle();
    assert_eq!(said(&t), []);
    // Sick ones stay, and launches fail until the brake is on.
    t.pass(60);
    t.observe(|machines| {
        machines
            .iter_mut()
            .for_each(|m| m.health = MachineHealth::Unhealthy)
    });
    t.command(GroupCommand::SetDesired {
        desired: 2,
        min: None,
        max: None,
    })
    .unwrap();
    for _ in 0..200 {
        t.turn();
        t.answer(|_, _| StepResult::Refused {
            code: AttemptCode::Quota,
            message: "the quota is used up".to_owned(),
        });
        t.pass(30);
    }
    assert_eq!(
        said(&t),
        [
            ("LaunchBrakeEngaged", AdviceLevel::Critical),
            ("UnhealthyInstancesStay", AdviceLevel::Warning),
        ]
    );
    let detail = &advise(&t.view)[0].detail;
    assert!(detail.contains("the quota is used up"), "{detail}");
    t.command(GroupCommand::Modify(Box::new(GroupPatch {
        subnets: Some(vec!["s1".to_owned()]),
        ..GroupPatch::default()
    })))
    .unwrap();
    let problems: Vec<&str> = said(&t).into_iter().map(|(problem, _)| problem).collect();
    assert!(problems.contains(&"SingleZone"), "{problems:?}");
    t.command(GroupCommand::SetDesired {
        desired: 0,
        min: Some(0),
        max: Some(0),
    })
    .unwrap();
    let problems: Vec<&str> = said(&t).into_iter().map(|(problem, _)| problem).collect();
    assert!(problems.contains(&"ZeroMaxSize"), "{problems:?}");
}

#[test]
fn tags_are_edited_one_by_one_and_counted() {
    let mut t = Table::new(spec(0, 0, 2));
    let tag = |key: &str, value: &str| muster_model::Tag {
        key: key.to_owned(),
        value: value.to_owned(),
    };
    let edit = |put, remove: &[&str]| {
        GroupCommand::Modify(Box::new(GroupPatch {
            tag_edit: Some(muster_model::TagEdit {
                put,
                remove: remove.iter().map(|key| (*key).to_owned()).collect(),
            }),
            ..GroupPatch::default()
        }))
    };
    t.command(edit(vec![tag("a", "1"), tag("b", "2")], &["c"]))
        .unwrap();
    t.command(edit(vec![tag("b", "3"), tag("d", "4")], &["a"]))
        .unwrap();
    assert_eq!(t.view.group.spec.tags, [tag("b", "3"), tag("d", "4")]);
    let many = (0..29).map(|n| tag(&format!("k{n}"), "")).collect();
    assert!(matches!(
        t.command(edit(many, &[])),
        Err(Error::Invalid {
            field: muster_model::Field::Tags,
            ..
        })
    ));
    assert_eq!(t.view.group.spec.tags.len(), 2, "nothing changed");
}

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

/// Answers stops with a stopped machine and all else with a running one, until nothing is due.
fn settle_stops(t: &mut Table) {
    loop {
        t.turn();
        if t.calls.is_empty() {
            return;
        }
        t.answer(|table, call| {
            let mut machine = table.machine(call.owner.instance);
            if matches!(call.kind, CallKind::Stop(_)) {
                machine.state = MachineState::Stopped;
            }
            StepResult::Done(Some(Arc::new(machine)))
        });
    }
}

fn states(t: &Table) -> Vec<Lifecycle> {
    let mut states: Vec<Lifecycle> = t.view.instances.values().map(|i| i.state).collect();
    states.sort_unstable();
    states
}

#[test]
fn stopped_ones_rest_and_start_again() {
    let mut t = Table::new(spec(0, 2, 3));
    t.settle();
    t.text.clear();
    let instances = vec![t.members()[0]];
    let mode = StopMode::StopCharging;
    t.command(GroupCommand::Stop {
        instances: instances.clone(),
        mode,
    })
    .unwrap();
    settle_stops(&mut t);
    t.say("stopped");
    assert_eq!(states(&t), [Lifecycle::InService, Lifecycle::Stopped]);
    assert_eq!(t.view.group.spec.size.desired, 1, "nothing is made up for");
    assert!(matches!(
        t.command(GroupCommand::Stop {
            instances: instances.clone(),
            mode
        }),
        Err(Error::NothingToDo)
    ));
    t.command(GroupCommand::Start { instances }).unwrap();
    settle_stops(&mut t);
    t.say("started");
    assert_eq!(states(&t), [Lifecycle::InService; 2]);
    assert_eq!(t.view.group.spec.size.desired, 2);
    insta::assert_snapshot!(t.text);
}

#[test]
fn stopped_ones_are_woken_before_new_ones_are_made_even_at_the_maximum() {
    let service = ServiceSettings {
        scaling_mode: ScalingMode::WakeUpStopped,
        ..ServiceSettings::default()
    };
    let mut t = Table::new(GroupSpec {
        service,
        ..spec(0, 2, 2)
    });
    t.settle();
    let before = t.members();
    t.command(GroupCommand::Stop {
        instances: before.clone(),
        mode: StopMode::KeepCharging,
    })
    .unwrap();
    settle_stops(&mut t);
    assert_eq!(states(&t), [Lifecycle::Stopped; 2]);
    t.command(GroupCommand::SetDesired {
        desired: 3,
        min: None,
        max: Some(3),
    })
    .unwrap();
    settle_stops(&mut t);
    assert_eq!(states(&t), [Lifecycle::InService; 3]);
    assert!(before.iter().all(|id| t.view.instances.contains_key(id)));
    // An alarm always creates.
    t.command(GroupCommand::Stop {
        instances: vec![before[0]],
        mode: StopMode::KeepCharging,
    })
    .unwrap();
    settle_stops(&mut t);
    t.command(GroupCommand::SetDesired {
        desired: 2,
        min: None,
        max: Some(4),
    })
    .unwrap();
    t.pass(400);
    t.command(GroupCommand::Adjust(Adjustment {
        by: AdjustBy::By(1),
        trigger: Trigger {
            kind: TriggerKind::Policy {
                policy: Ids::new(9).next_id(),
                cooldown_secs: None,
            },
            cooldown: CooldownRule::Honor,
        },
    }))
    .unwrap();
    settle_stops(&mut t);
    assert_eq!(t.view.instances[&before[0]].state, Lifecycle::Stopped);
    assert_eq!(t.view.instances.len(), 4);
}

#[test]
fn standby_is_out_of_the_way_and_comes_back() {
    let mut t = Table::new(spec(0, 2, 2));
    t.settle();
    let id = t.members()[0];
    let instances = vec![id];
    t.command(GroupCommand::EnterStandby {
        instances: instances.clone(),
    })
    .unwrap();
    assert_eq!(t.view.instances[&id].state, Lifecycle::Standby);
    assert_eq!(t.view.group.spec.size.desired, 1);
    t.settle();
    // A scale-in does not choose it.
    t.command(GroupCommand::ScaleIn { count: 1 }).unwrap();
    t.settle();
    assert_eq!(states(&t), [Lifecycle::Standby]);
    t.command(GroupCommand::ExitStandby { instances }).unwrap();
    t.settle();
    assert_eq!(states(&t), [Lifecycle::InService]);
    assert_eq!(t.view.group.spec.size.desired, 1);
}

fn names(t: &Table) -> Vec<&str> {
    let mut names: Vec<&str> = t.view.instances.values().map(|i| i.name.as_str()).collect();
    names.sort_unstable();
    names
}

#[test]
fn numbers_of_names_go_on_and_end_with_a_reason() {
    let index = |enabled, begin, length| NameIndex {
        enabled,
        begin,
        length,
    };
    let mut t = Table::new(GroupSpec {
        name_index: Some(index(true, Some(8), 1)),
        retry: RetryPolicy::None,
        ..spec(0, 2, 9)
    });
    t.settle();
    assert_eq!(names(&t), ["as-web.8", "as-web.9"]);
    // 10 has two digits.
    t.command(GroupCommand::SetDesired {
        desired: 3,
        min: None,
        max: None,
    })
    .unwrap();
    t.settle();
    t.say("past the range");
    assert_eq!(t.view.instances.len(), 2);
    // A longer number: it goes on at 10, and a first number that is given is taken.
    let longer = |begin| GroupPatch {
        name_index: Some(index(true, begin, 2)),
        ..GroupPatch::default()
    };
    t.command(GroupCommand::Modify(Box::new(longer(None))))
        .unwrap();
    t.settle();
    assert_eq!(names(&t), ["as-web.10", "as-web.8", "as-web.9"]);
    t.command(GroupCommand::Modify(Box::new(longer(Some(3)))))
        .unwrap();
    t.command(GroupCommand::ScaleOut { count: 1 }).unwrap();
    t.settle();
    assert_eq!(
        names(&t),
        ["as-web.03", "as-web.10", "as-web.8", "as-web.9"]
    );
    insta::assert_snapshot!(t.text);
}

fn mixed(base: u32, percent: u32, compensate: bool) -> Allocation {
    Allocation::SpotMixed(SpotMix {
        base,
        on_demand_percent: percent,
        strategy: SpotStrategy::CostOptimized,
        compensate,
    })
}

/// Members on demand, and spot ones.
fn bought(t: &Table) -> (usize, usize) {
    let spot = |spot| {
        let members = t.view.instances.values();
        members.filter(|i| i.placement.spot == spot).count()
    };
    (spot(false), spot(true))
}

#[test]
fn a_spot_mix_keeps_its_base_and_percentage_out_and_in() {
    let mut t = Table::new(GroupSpec {
        allocation: mixed(1, 1, true),
        ..spec(0, 3, 9)
    });
    t.settle();
    assert_eq!(bought(&t), (2, 1), "the example of the documentation");
    for (desired, expected) in [(9, (2, 7)), (2, (2, 0)), (1, (1, 0)), (4, (2, 2))] {
        t.command(GroupCommand::SetDesired {
            desired,
            min: None,
            max: None,
        })
        .unwrap();
        t.settle();
        assert_eq!(bought(&t), expected, "{desired}");
    }
}

#[test]
fn spot_machines_that_are_sold_out_are_bought_on_demand_or_not_at_all() {
    for (compensate, expected) in [(true, (2, 0)), (false, (0, 0))] {
        let mut t = Table::new(GroupSpec {
            allocation: mixed(0, 0, compensate),
            retry: RetryPolicy::None,
            ..spec(0, 2, 4)
        });
        for _ in 0..20 {
            t.turn();
            t.answer(|table, call| {
                let instance = &table.view.instances[&call.owner.instance];
                match instance.placement.spot {
                    true => StepResult::Refused {
                        code: AttemptCode::SoldOut,
                        message: "sold out".to_owned(),
                    },
                    false => StepResult::Done(Some(Arc::new(table.machine(call.owner.instance)))),
                }
            });
        }
        assert_eq!(bought(&t), expected, "compensate {compensate}");
    }
}

#[test]
fn spot_machines_are_taken_by_price_a_core_or_by_stock() {
    // The second type of the configuration is the better one, by the one measure only.
    for (strategy, types) in [
        (
            SpotStrategy::CostOptimized,
            [("A", 1, 100, 50), ("B", 4, 200, 5)],
        ),
        (
            SpotStrategy::CapacityOptimized,
            [("A", 1, 10, 5), ("B", 4, 200, 50)],
        ),
    ] {
        let mut t = Table::new(GroupSpec {
            allocation: Allocation::SpotMixed(SpotMix {
                base: 0,
                on_demand_percent: 0,
                strategy,
                compensate: false,
            }),
            ..spec(0, 0, 4)
        });
        for (name, cores, price, stock) in types {
            let facts = TypeFacts {
                cores,
                spot_price_micros: price,
                stock,
            };
            t.settings.types.insert(name.to_owned(), facts);
        }
        t.command(GroupCommand::ScaleOut { count: 1 }).unwrap();
        t.settle();
        let instance = t.view.instances.values().next().unwrap();
        assert_eq!(instance.placement.instance_type, "B", "{strategy:?}");
    }
}

#[test]
fn a_reclaim_notice_is_heeded_only_where_the_group_wants_it() {
    for rebalance in [true, false] {
        let mut t = Table::new(GroupSpec {
            allocation: mixed(0, 0, false),
            capacity_rebalance: rebalance,
            ..spec(0, 2, 2)
        });
        t.settle();
        t.pass(60);
        let noticed = t.members()[0];
        let at = t.now.plus_secs(120);
        t.observe(|machines| {
            machines
                .iter_mut()
                .filter(|m| m.id == noticed)
                .for_each(|m| m.reclaim_at = Some(at))
        });
        t.settle();
        assert_eq!(t.view.instances.contains_key(&noticed), !rebalance);
        assert_eq!(t.view.instances.len(), 2, "made up for");
    }
}

fn refresh_settings(batches: u32) -> RefreshSettings {
    RefreshSettings {
        batches,
        pause: BatchPause::Never,
        max_surge: 0,
        on_failure: OnFailure::Pause,
        check_target_health: false,
        target_health_timeout_secs: 1800,
    }
}

/// A group of five, at its maximum, with a refresh begun.
fn five(mode: RefreshMode, settings: RefreshSettings) -> (Table, RefreshId) {
    let mut t = Table::new(spec(0, 5, 5));
    t.settle();
    t.pass(60);
    t.text.clear();
    let start = RefreshCommand::Start { mode, settings };
    let created = t.command(GroupCommand::Refresh(start)).unwrap();
    let Created::Refresh(id) = created else {
        panic!("{created:?}");
    };
    (t, id)
}

#[test]
fn a_refresh_resets_batch_by_batch_and_gives_the_switch_back() {
    let (mut t, id) = five(RefreshMode::Reset, refresh_settings(3));
    assert!(!t.view.group.spec.enabled);
    assert!(matches!(
        t.command(GroupCommand::Enable),
        Err(Error::InRefresh { .. })
    ));
    t.settle();
    t.say("refreshed");
    assert_eq!(t.refresh(id).status, RefreshStatus::Successful);
    assert!(t.view.group.spec.enabled);
    insta::assert_snapshot!(t.text);
}

#[test]
fn a_refresh_with_surge_replaces_within_the_declared_bound() {
    let settings = RefreshSettings {
        max_surge: 2,
        pause: BatchPause::AfterFirst,
        ..refresh_settings(2)
    };
    let (mut t, id) = five(RefreshMode::Replace, settings);
    let old = t.members();
    t.settle();
    t.say("paused after the first batch");
    assert_eq!(t.refresh(id).status, RefreshStatus::AutoPause);
    let resume = RefreshCommand::Resume { id, retry: true };
    t.command(GroupCommand::Refresh(resume)).unwrap();
    t.settle();
    t.say("replaced");
    assert_eq!(t.refresh(id).status, RefreshStatus::Successful);
    assert_eq!(t.view.instances.len(), 5);
    assert!(old.iter().all(|id| !t.view.instances.contains_key(id)));
    insta::assert_snapshot!(t.text);
}

/// Turns and answers; resets from the `good`-th on are refused.
fn reset_until(t: &mut Table, good: usize) {
    let done = std::cell::Cell::new(0);
    loop {
        t.turn();
        if t.calls.is_empty() {
            return;
        }
        t.answer(|table, call| {
            if matches!(call.kind, CallKind::Reset(_)) {
                done.set(done.get() + 1);
                if done.get() > good {
                    return StepResult::Refused {
                        code: AttemptCode::Failed,
                        message: "no such image".to_owned(),
                    };
                }
            }
            StepResult::Done(Some(Arc::new(table.machine(call.owner.instance))))
        });
    }
}

#[test]
fn a_failed_batch_pauses_and_can_be_tried_again_or_rolled_back() {
    let (mut t, id) = five(RefreshMode::Reset, refresh_settings(3));
    reset_until(&mut t, 3);
    t.say("the second batch failed in part");
    assert_eq!(t.refresh(id).status, RefreshStatus::FailedPause);
    let resume = RefreshCommand::Resume { id, retry: true };
    t.command(GroupCommand::Refresh(resume)).unwrap();
    reset_until(&mut t, 0);
    t.say("tried again, and it failed again");
    assert_eq!(t.refresh(id).status, RefreshStatus::FailedPause);
    let back = RefreshCommand::RollBack {
        origin: id,
        settings: refresh_settings(1),
    };
    let Ok(Created::Refresh(back)) = t.command(GroupCommand::Refresh(back)) else {
        panic!("no roll-back");
    };
    t.settle();
    t.say("rolled back");
    assert_eq!(t.refresh(back).status, RefreshStatus::Successful);
    let touched = &t.refresh(back).batches[0].instances;
    assert_eq!(touched.len(), 4, "those that were refreshed, or failed");
    for member in touched {
        let image = t.view.instances[&member.instance].config.as_ref().unwrap();
        assert_eq!(image.image.as_deref(), Some("img-1"));
    }
    let again = RefreshCommand::RollBack {
        origin: back,
        settings: refresh_settings(1),
    };
    assert!(matches!(
        t.command(GroupCommand::Refresh(again)),
        Err(Error::RollBackOfRollBack { .. })
    ));
    insta::assert_snapshot!(t.text);
}

#[test]
fn a_failure_rolls_back_by_itself_one_at_a_time() {
    let settings = RefreshSettings {
        on_failure: OnFailure::RollBack,
        max_surge: 1,
        ..refresh_settings(5)
    };
    let (mut t, id) = five(RefreshMode::Reset, settings);
    reset_until(&mut t, 1);
    assert_eq!(t.refresh(id).status, RefreshStatus::Failed);
    let open = t.view.open_refresh().cloned().unwrap();
    assert_eq!((open.origin, open.batches.len()), (Some(id), 2));
    let resume = RefreshCommand::Resume {
        id: open.id,
        retry: true,
    };
    t.command(GroupCommand::Refresh(resume)).unwrap();
    t.settle();
    t.say("rolled back, the surge is gone");
    assert_eq!(t.refresh(open.id).status, RefreshStatus::Successful);
    assert_eq!(t.view.instances.len(), 5);
    assert!(t.view.group.spec.enabled);
    insta::assert_snapshot!(t.text);
}

#[test]
fn a_cancelled_refresh_takes_its_surge_away_and_leaves_failures_in_standby() {
    let settings = RefreshSettings {
        on_failure: OnFailure::Cancel,
        max_surge: 1,
        ..refresh_settings(5)
    };
    let (mut t, id) = five(RefreshMode::Reset, settings);
    reset_until(&mut t, 1);
    t.settle();
    assert_eq!(t.refresh(id).status, RefreshStatus::Cancelled);
    let standby = t.view.instances.values();
    let standby = standby.filter(|i| i.state == Lifecycle::Standby).count();
    assert_eq!(standby, 1);
    assert!(t.view.group.spec.enabled);
    for command in [
        RefreshCommand::Resume { id, retry: true },
        RefreshCommand::Stop { id },
        RefreshCommand::Cancel { id },
    ] {
        assert!(matches!(
            t.command(GroupCommand::Refresh(command)),
            Err(Error::RefreshStands { .. })
        ));
    }
}

#[test]
fn a_refresh_asks_for_what_can_be_done_only() {
    let mut t = Table::new(spec(0, 2, 5));
    let start = |settings| {
        GroupCommand::Refresh(RefreshCommand::Start {
            mode: RefreshMode::Reset,
            settings,
        })
    };
    assert!(matches!(
        t.command(start(refresh_settings(1))),
        Err(Error::Busy { .. })
    ));
    t.settle();
    for (settings, field) in [
        (refresh_settings(3), muster_model::Field::Batches),
        (
            RefreshSettings {
                max_surge: 2,
                ..refresh_settings(2)
            },
            muster_model::Field::MaxSurge,
        ),
    ] {
        match t.command(start(settings)) {
            Err(Error::Invalid { field: wrong, .. }) => assert_eq!(wrong, field),
            other => panic!("{other:?}"),
        }
    }
    t.command(start(refresh_settings(2))).unwrap();
    assert!(matches!(
        t.command(start(refresh_settings(2))),
        Err(Error::InRefresh { .. })
    ));
}
