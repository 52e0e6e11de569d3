//! Engine tables of balancers: bound before service, unbound before the end, kept as they are to be.
//!
//! Times are seconds since the start; ids come from seed 1.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test says what broke by failing"
)]

use std::fmt::Write as _;
use std::sync::Arc;

use muster_engine::{
    Context, Facts, PlannedCall, Settings, apply, balancers, check, explain, plan,
};
use muster_model::{
    AttemptCode, Balancer, BalancerChange, BalancerPlace, BatchPause, CallKind, Created, Door,
    Error, GroupCommand, GroupSpec, GroupView, HealthCheck, HealthKind, Ids, InstanceId, Lifecycle,
    Machine, MachineState, Member, MemberHealth, MemberState, Observation, OnFailure, OwnerKey,
    Problem, RefreshCommand, RefreshMode, RefreshSettings, RetryPolicy, ServiceSettings,
    StepOutcome, StepResult, Target, Time,
};

mod base;

fn listener(id: &str, targets: &[(u16, u16)]) -> Balancer {
    let target = |&(port, weight)| Target { port, weight };
    Balancer::Forward {
        balancer: "lb-1".to_owned(),
        listener: id.to_owned(),
        location: None,
        region: None,
        targets: targets.iter().map(target).collect(),
    }
}

fn spec(min: u32, desired: u32, max: u32) -> GroupSpec {
    GroupSpec {
        cooldown_secs: 300,
        retry: RetryPolicy::Immediate,
        health: HealthCheck {
            kind: HealthKind::Balancer,
            period_secs: 0,
            grace_secs: 0,
        },
        balancers: vec![listener("lbl-1", &[(80, 10)])],
        ..base::spec(min, desired, max)
    }
}

struct Table {
    view: GroupView,
    ids: Ids,
    settings: Settings,
    now: Time,
    calls: Vec<PlannedCall>,
    silent: Vec<BalancerPlace>,
    text: String,
}

impl Table {
    fn new(spec: GroupSpec) -> Table {
        let settings = Settings::default();
        let (view, ids) = base::made(spec, &["A"], &settings);
        Table {
            view,
            ids,
            settings,
            now: Time(0),
            calls: Vec::new(),
            silent: Vec::new(),
            text: String::new(),
        }
    }

    fn say(&mut self, what: &str) {
        let view = explain::view_text(&self.view, Time(0));
        writeln!(self.text, "== {}s: {what}\n{view}", self.now.0 / 1000).unwrap();
    }

    fn accept(&mut self, change: &muster_model::Change) {
        self.view = self.view.after(change).unwrap();
        let problems = check::problems(&self.view);
        assert!(problems.is_empty(), "{problems:?}\n{}", self.text);
    }

    fn command(&mut self, command: GroupCommand) -> Result<Created, Error> {
        let facts = Facts::default();
        let mut context = Context {
            now: self.now,
            ids: &mut self.ids,
            settings: &self.settings,
            facts: &facts,
        };
        let (change, created) = apply(&self.view, &command, &mut context)?;
        if !change.is_empty() {
            self.accept(&change);
        }
        Ok(created)
    }

    fn change(&mut self, change: BalancerChange) -> Result<Created, Error> {
        self.command(GroupCommand::Balancers(change))
    }

    fn turn(&mut self) {
        let plan = plan(&self.view, self.now, &mut self.ids, &self.settings);
        if !plan.change.is_empty() {
            self.accept(&plan.change);
        }
        self.calls.extend(plan.calls);
    }

    fn machine(&self, id: InstanceId) -> Machine {
        base::machine(&self.view, id)
    }

    /// Answers the calls in flight; `balancer` answers those to the balancers.
    fn answer(&mut self, balancer: &StepResult) {
        for call in std::mem::take(&mut self.calls) {
            let result = match call.kind {
                CallKind::Launch
                | CallKind::Adopt
                | CallKind::Start
                | CallKind::Stop(_)
                | CallKind::Reset(_) => {
                    StepResult::Done(Some(Arc::new(self.machine(call.owner.instance))))
                }
                CallKind::Terminate | CallKind::Release | CallKind::Command(_) | CallKind::Tag => {
                    StepResult::Done(None)
                }
                CallKind::Bind | CallKind::Unbind | CallKind::Rebind => balancer.clone(),
            };
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

    /// Turns and good answers until nothing is due.
    fn settle(&mut self) {
        for _ in 0..50 {
            self.turn();
            if self.calls.is_empty() {
                return;
            }
            self.answer(&StepResult::Done(None));
        }
        panic!("does not settle:\n{}", self.text);
    }

    /// As [`Table::settle`], with every call to the balancers failing, until `secs` are over.
    fn fail_for(&mut self, secs: i64) {
        let until = self.now.plus_millis(secs * 1000);
        while self.now <= until {
            self.turn();
            if self.calls.is_empty() {
                self.now = self.now.plus_secs(1);
            } else {
                self.answer(&failed());
            }
        }
    }

    /// The members as they are to be.
    fn members(&self) -> Vec<Member> {
        self.view
            .instances
            .values()
            .flat_map(|instance| {
                balancers::wanted(&self.view.group, instance.state)
                    .into_iter()
                    .map(|binding| Member {
                        owner: OwnerKey {
                            group: self.view.group.id,
                            instance: instance.id,
                        },
                        target: binding.target,
                        weight: binding.weight,
                        state: MemberState::Active,
                        health: MemberHealth::Healthy,
                        in_flight: None,
                    })
            })
            .collect()
    }

    fn observe(&mut self, members: Option<Vec<Member>>) {
        self.now = self.now.plus_secs(1);
        let ids: Vec<InstanceId> = self.view.instances.keys().copied().collect();
        let machines = ids.into_iter().map(|id| Arc::new(self.machine(id)));
        let observation = Observation {
            asked_at: self.now,
            machines: machines.collect(),
            members: members.map(|members| members.into_iter().map(Arc::new).collect()),
            silent: self.silent.clone(),
        };
        self.command(GroupCommand::Observed(observation)).unwrap();
    }

    fn refresh(&mut self, check_target_health: bool) {
        let settings = RefreshSettings {
            batches: 1,
            pause: BatchPause::Never,
            max_surge: 0,
            on_failure: OnFailure::Pause,
            check_target_health,
            target_health_timeout_secs: 100,
        };
        let mode = RefreshMode::Reset;
        self.command(GroupCommand::Refresh(RefreshCommand::Start {
            mode,
            settings,
        }))
        .unwrap();
    }

    fn verdict(&mut self, health: MemberHealth) -> bool {
        let mut members = self.members();
        members[0].health = health;
        let id = members[0].machine();
        self.observe(Some(members));
        self.view.instances[&id].health.balancer_unhealthy
    }
}

fn failed() -> StepResult {
    StepResult::Refused {
        code: AttemptCode::Failed,
        message: "the balancer is on fire".to_owned(),
    }
}

fn refused() -> StepResult {
    StepResult::Refused {
        code: AttemptCode::Refused,
        message: "there is no such listener".to_owned(),
    }
}

#[test]
fn bound_before_service_and_unbound_before_the_end() {
    let mut t = Table::new(spec(0, 1, 5));
    t.turn();
    t.answer(&StepResult::Done(None));
    t.say("its machine runs: it is being bound");
    t.turn();
    t.answer(&StepResult::Done(None));
    t.say("bound: it serves");
    t.command(GroupCommand::ScaleIn { count: 1 }).unwrap();
    t.say("it is to go: off its balancer first");
    t.turn();
    t.answer(&StepResult::Done(None));
    t.say("off its balancer: its machine goes");
    t.settle();
    t.say("gone");
    insta::assert_snapshot!(t.text);
}

#[test]
fn a_binding_that_fails_is_tried_again_and_then_fails_the_launch() {
    let mut t = Table::new(spec(0, 0, 5));
    t.command(GroupCommand::ScaleOut { count: 1 }).unwrap();
    t.turn();
    t.answer(&StepResult::Done(None));
    t.turn();
    t.answer(&failed());
    t.say("failed once: again in a while");
    t.fail_for(310);
    t.say("patience is over: it leaves, and what may be bound of it is unbound first");
    t.fail_for(70);
    t.say("the balancer does not answer: the machine goes all the same");
    t.settle();
    t.say("gone; nobody asked for more");
    insta::assert_snapshot!(t.text);
}

#[test]
fn a_binding_that_is_refused_fails_the_launch_at_once() {
    let mut t = Table::new(spec(0, 0, 5));
    t.command(GroupCommand::ScaleOut { count: 1 }).unwrap();
    t.turn();
    t.answer(&StepResult::Done(None));
    t.turn();
    t.answer(&refused());
    t.settle();
    t.say("failed, with the balancer's words");
    insta::assert_snapshot!(t.text);
}

#[test]
fn balancers_change_under_what_serves() {
    let mut t = Table::new(spec(0, 2, 5));
    t.settle();
    let more = listener("lbl-2", &[(80, 10), (81, 20)]);
    t.change(BalancerChange::Attach(vec![more])).unwrap();
    t.say("one more listener: both are being bound to it");
    let busy = t.change(BalancerChange::Attach(vec![listener("lbl-3", &[(1, 1)])]));
    assert!(matches!(busy, Err(Error::Busy { .. })), "{busy:?}");
    t.settle();
    t.say("bound");
    let weights = listener("lbl-1", &[(80, 50)]);
    t.change(BalancerChange::SetTargets(vec![weights])).unwrap();
    t.fail_for(70);
    t.say("a change that fails: they serve on, and say what may be there");
    t.observe(None);
    t.say("the next listing has it tried again, outside of any activity");
    t.settle();
    t.say("done");
    t.change(BalancerChange::Replace {
        door: Door::Tencent3,
        balancers: Vec::new(),
        check_all: true,
    })
    .unwrap();
    t.settle();
    t.say("none at all");
    insta::assert_snapshot!(t.text);
}

#[test]
fn a_door_overwrites_what_it_can_show_only() {
    let pool = Balancer::Pool {
        pool: "pool-1".to_owned(),
        target: Target {
            port: 80,
            weight: 1,
        },
    };
    let mut t = Table::new(GroupSpec {
        balancers: vec![listener("lbl-1", &[(80, 10)]), pool.clone()],
        ..spec(0, 1, 5)
    });
    t.settle();
    let nothing = |door| BalancerChange::Replace {
        door,
        balancers: Vec::new(),
        check_all: true,
    };
    t.change(nothing(Door::Tencent3)).unwrap();
    t.settle();
    assert_eq!(t.view.group.spec.balancers, [pool]);
    assert_eq!(
        t.change(nothing(Door::Tencent3)),
        Err(Error::NothingToDo),
        "what is left is not Tencent's"
    );
    t.change(nothing(Door::Huawei)).unwrap();
    t.settle();
    assert!(t.view.instances.values().all(|i| i.bindings.is_empty()));
}

#[test]
fn a_place_is_bound_once() {
    let pool = |port, weight| Balancer::Pool {
        pool: "pool-1".to_owned(),
        target: Target { port, weight },
    };
    let mut t = Table::new(spec(0, 1, 5));
    t.settle();
    let all = |balancers: &[Balancer]| BalancerChange::Replace {
        door: Door::Huawei,
        balancers: balancers.to_vec(),
        check_all: true,
    };
    let twice = t.change(all(&[pool(80, 1), pool(80, 10)]));
    assert!(
        matches!(
            twice,
            Err(Error::Invalid {
                problem: Problem::Duplicate(_),
                ..
            })
        ),
        "{twice:?}"
    );
    t.change(all(&[pool(80, 1), pool(81, 10), pool(80, 1)]))
        .unwrap();
    t.settle();
    assert_eq!(
        t.view.group.spec.balancers[1..],
        [pool(80, 1), pool(81, 10)]
    );
}

#[test]
fn what_is_missing_or_strange_at_a_balancer_is_mended() {
    let mut t = Table::new(spec(0, 2, 5));
    t.settle();
    let as_wanted = t.members();
    t.observe(Some(as_wanted.clone()));
    t.say("as it is to be: nothing happens");
    let mut members = as_wanted.clone();
    members.remove(0);
    members[0].weight = 99;
    t.observe(Some(members));
    t.say("one is missing, one has another weight: both are bound again");
    t.settle();
    t.now = t.now.plus_secs(1);
    let mut members = as_wanted.clone();
    members.push(Member {
        target: muster_model::BalancerTarget {
            listener: "lbl-9".to_owned(),
            ..members[0].target.clone()
        },
        ..members[0].clone()
    });
    t.observe(Some(members));
    t.say("one is where nothing says so: it is taken off there");
    t.settle();
    t.say("mended");
    insta::assert_snapshot!(t.text);
}

#[test]
fn the_verdict_of_the_balancer_counts_after_grace_and_unknown_never() {
    let mut t = Table::new(GroupSpec {
        health: HealthCheck {
            kind: HealthKind::Balancer,
            period_secs: 0,
            grace_secs: 30,
        },
        ..spec(0, 1, 5)
    });
    t.settle();
    assert!(
        !t.verdict(MemberHealth::Unhealthy),
        "inside the grace period"
    );
    t.now = t.now.plus_secs(30);
    assert!(!t.verdict(MemberHealth::Unknown));
    assert!(t.verdict(MemberHealth::Unhealthy));
    assert!(t.verdict(MemberHealth::Unknown), "it stays as it was");
    t.observe(None);
    assert!(
        t.view
            .instances
            .values()
            .all(|i| i.health.balancer_unhealthy)
    );
    // Out of load and back: what was found before is over, and grace begins anew.
    assert!(t.verdict(MemberHealth::Unhealthy));
    let instances: Vec<_> = t.view.instances.keys().copied().collect();
    t.command(GroupCommand::Disable).unwrap();
    let enter = GroupCommand::EnterStandby {
        instances: instances.clone(),
    };
    t.command(enter).unwrap();
    t.settle();
    t.command(GroupCommand::ExitStandby { instances }).unwrap();
    t.settle();
    t.now = t.now.plus_secs(28);
    assert!(!t.verdict(MemberHealth::Unhealthy), "inside it again");
    assert!(t.verdict(MemberHealth::Unhealthy));
    assert!(!t.verdict(MemberHealth::Healthy));
    let mut machine_only = t.view.group.spec.clone();
    machine_only.health.kind = HealthKind::Machine;
    machine_only.enabled = true;
    let mut t = Table::new(machine_only);
    t.settle();
    t.now = t.now.plus_secs(60);
    assert!(
        !t.verdict(MemberHealth::Unhealthy),
        "nobody asks the balancer"
    );
}

#[test]
fn what_the_balancer_calls_unhealthy_is_replaced() {
    let mut t = Table::new(GroupSpec {
        service: ServiceSettings {
            replace_balancer_unhealthy: true,
            ..ServiceSettings::default()
        },
        ..spec(0, 1, 5)
    });
    t.settle();
    t.now = t.now.plus_secs(5);
    assert!(t.verdict(MemberHealth::Unhealthy));
    t.say("unhealthy: it leaves");
    t.settle();
    t.say("replaced");
    insta::assert_snapshot!(t.text);
}

#[test]
fn a_balancer_that_does_not_answer_loses_no_member_and_no_machine() {
    let mut t = Table::new(GroupSpec {
        balancers: vec![
            listener("lbl-1", &[(80, 10)]),
            listener("lbl-2", &[(80, 20)]),
        ],
        ..spec(0, 2, 5)
    });
    t.settle();
    let before: Vec<InstanceId> = t.view.instances.keys().copied().collect();
    let at = |member: &Member, listener: &str| member.target.listener == listener;
    t.silent = vec![t.members()[0].target.place()];
    assert_eq!(t.silent[0].listener, "lbl-1");
    // Only the other one lists its members: nothing is bound again, nobody is sick.
    let mut heard = t.members();
    heard.retain(|member| at(member, "lbl-2"));
    t.observe(Some(heard.clone()));
    t.turn();
    assert_eq!(
        t.calls,
        [],
        "nothing is mended that is not known to be broken"
    );
    // What the other one says counts all the same.
    heard[0].health = MemberHealth::Unhealthy;
    t.observe(Some(heard.clone()));
    let sick = |t: &Table| {
        let instances = t.view.instances.values();
        instances.filter(|i| i.health.balancer_unhealthy).count()
    };
    assert_eq!(sick(&t), 1);
    heard[0].health = MemberHealth::Healthy;
    t.observe(Some(heard.clone()));
    assert_eq!(sick(&t), 1, "healthy at all of them, or as it was");
    t.silent.clear();
    t.observe(Some(t.members()));
    assert_eq!(sick(&t), 0);
    // It is back, and has forgotten them.
    t.observe(Some(heard));
    t.turn();
    let kinds: Vec<CallKind> = t.calls.iter().map(|call| call.kind).collect();
    assert_eq!(kinds, [CallKind::Rebind, CallKind::Rebind]);
    t.settle();
    let after: Vec<InstanceId> = t.view.instances.keys().copied().collect();
    assert_eq!(before, after);
}

#[test]
fn an_old_listing_of_members_proves_nothing() {
    let mut t = Table::new(spec(0, 1, 5));
    t.settle();
    let asked_at = t.now;
    let id = *t.view.instances.keys().next().unwrap();
    let machine = Arc::new(t.machine(id));
    t.command(GroupCommand::Observed(Observation {
        asked_at,
        machines: vec![machine],
        members: Some(Vec::new()),
        silent: Vec::new(),
    }))
    .unwrap();
    assert_eq!(t.view.instances[&id].state, Lifecycle::InService);
}

#[test]
fn limits_and_refusals_change_nothing() {
    let mut t = Table::new(spec(0, 0, 5));
    t.settle();
    let before = t.view.clone();
    let classic = |n: usize| Balancer::Classic {
        balancer: format!("lb-{n}"),
    };
    let too_many = (0..21).map(classic).collect();
    for (change, expected) in [
        (BalancerChange::Attach(too_many), "QuotaExceeded"),
        (
            BalancerChange::Attach(vec![listener("lbl-1", &[(80, 10)])]),
            "NothingToDo",
        ),
        (
            BalancerChange::Attach(vec![listener("lbl-1", &[(80, 11)])]),
            "Duplicate",
        ),
        (BalancerChange::Detach(vec![classic(1)]), "NotFound"),
        (
            BalancerChange::Detach(vec![listener("lbl-1", &[(81, 0)])]),
            "NotFound",
        ),
        (
            BalancerChange::SetTargets(vec![listener("lbl-2", &[(80, 1)])]),
            "NotFound",
        ),
        (
            BalancerChange::SetTargets(vec![listener("lbl-1", &[(80, 10)])]),
            "NothingToDo",
        ),
    ] {
        let error = t.change(change.clone()).unwrap_err();
        assert!(
            format!("{error:?}").contains(expected),
            "{change:?}: {error:?}"
        );
        assert_eq!(t.view, before, "{change:?}");
    }
}

/// The time of what runs is up: what has not come is given up.
fn run_out(t: &mut Table) {
    let now = t.now;
    for activity in t.view.activities.values_mut() {
        Arc::make_mut(activity).deadline = now;
    }
    let calls = std::mem::take(&mut t.calls);
    t.turn();
    let unbinds = t.calls.iter().any(|call| call.kind == CallKind::Unbind);
    assert!(!unbinds, "what is on its way could still bind");
    t.calls = calls;
}

#[test]
fn an_unbinding_waits_for_a_binding_that_is_on_its_way() {
    let mut t = Table::new(spec(0, 1, 5));
    t.turn();
    t.answer(&StepResult::Done(None));
    t.turn();
    run_out(&mut t);
    t.say("given up while the binding is on its way");
    t.answer(&StepResult::Done(None));
    t.say("that is over: now it is unbound for certain");
    t.turn();
    let unbinds: Vec<_> = t.calls.iter().map(|call| call.kind).collect();
    assert_eq!(unbinds, [CallKind::Unbind]);
    insta::assert_snapshot!(t.text);
}

#[test]
fn an_unbinding_does_not_wait_for_ever_for_a_binding() {
    let mut t = Table::new(spec(0, 1, 5));
    t.turn();
    t.answer(&StepResult::Done(None));
    t.turn();
    run_out(&mut t);
    t.calls.clear();
    t.now = Time(65_000);
    t.turn();
    let unbinds: Vec<_> = t.calls.iter().map(|call| call.kind).collect();
    assert_eq!(unbinds, [CallKind::Unbind], "nobody reported on it in time");
}

#[test]
fn a_restart_makes_calls_to_the_balancers_again() {
    let mut t = Table::new(spec(0, 1, 5));
    t.turn();
    t.answer(&StepResult::Done(None));
    t.turn();
    let late = std::mem::take(&mut t.calls);
    t.command(GroupCommand::Recover).unwrap();
    t.settle();
    let serving = t.view.clone();
    assert!(
        serving
            .instances
            .values()
            .all(|i| i.state == Lifecycle::InService)
    );
    t.calls = late;
    t.answer(&failed());
    assert_eq!(
        t.view, serving,
        "an answer from before the restart is nobody's"
    );
}

#[test]
fn a_refresh_waits_for_what_the_balancers_are_mending() {
    let mut t = Table::new(spec(0, 1, 5));
    t.settle();
    t.observe(Some(Vec::new()));
    t.refresh(false);
    t.say("a missing member is being bound again: the refresh waits");
    t.turn();
    t.answer(&StepResult::Done(None));
    t.say("bound: it is reinstalled");
    t.turn();
    t.answer(&StepResult::Done(None));
    t.say("reinstalled: it is bound before it serves");
    t.settle();
    t.say("refreshed");
    insta::assert_snapshot!(t.text);
}

#[test]
fn a_refresh_waits_until_the_balancer_finds_its_member_healthy() {
    let mut t = Table::new(spec(0, 1, 5));
    t.settle();
    t.refresh(true);
    t.settle();
    t.say("reinstalled and bound: it serves when it is found healthy");
    t.verdict(MemberHealth::Unhealthy);
    t.say("not yet");
    t.verdict(MemberHealth::Healthy);
    t.settle();
    t.say("healthy: refreshed");
    insta::assert_snapshot!(t.text);
}

#[test]
fn a_refreshed_member_that_the_balancer_finds_unhealthy_gets_no_load() {
    let mut t = Table::new(spec(0, 1, 5));
    t.settle();
    t.refresh(true);
    t.settle();
    t.verdict(MemberHealth::Unhealthy);
    t.now = Time(99_000);
    t.settle();
    t.say("unhealthy, but there is time left");
    t.now = Time(100_000);
    t.settle();
    t.say("too long: it is on standby with weight 0, and the refresh pauses");
    insta::assert_snapshot!(t.text);
}

#[test]
fn a_balancer_that_says_nothing_does_not_fail_a_refresh() {
    let mut t = Table::new(spec(0, 1, 5));
    t.settle();
    t.refresh(true);
    t.settle();
    t.verdict(MemberHealth::Unknown);
    t.now = Time(100_000);
    t.settle();
    assert!(
        t.view
            .instances
            .values()
            .all(|i| i.state == Lifecycle::InService)
    );
    assert!(t.view.open_refresh().is_none());
}

fn draining(left: u32) -> StepResult {
    StepResult::Draining { left }
}

#[test]
fn what_leaves_is_drained_until_nothing_is_left() {
    let mut t = Table::new(spec(0, 1, 5));
    t.settle();
    t.command(GroupCommand::ScaleIn { count: 1 }).unwrap();
    t.turn();
    t.answer(&draining(3));
    t.say("drained, and it still has something: looked at again in a second");
    t.turn();
    assert_eq!(t.calls, [], "not before that");
    t.now = t.now.plus_secs(1);
    t.turn();
    t.command(GroupCommand::Recover).unwrap();
    t.calls.clear();
    t.say("a restart in between: asked again, with the same deadline");
    t.turn();
    t.answer(&draining(0));
    t.say("a balancer that does not count: it gets all its time");
    t.now = t.now.plus_secs(1);
    t.turn();
    t.answer(&StepResult::Done(None));
    t.say("nothing is left: its machine goes");
    insta::assert_snapshot!(t.text);
}

#[test]
fn draining_ends_at_its_deadline() {
    let mut t = Table::new(spec(0, 1, 5));
    t.settle();
    t.command(GroupCommand::ScaleIn { count: 1 }).unwrap();
    let mut looks = 0;
    while t.now < Time(30_000) {
        t.turn();
        looks += t.calls.len();
        let intent = t.view.instances.values().all(|i| i.drain_by.is_some());
        assert!(intent, "nothing is cut off before the deadline");
        t.answer(&draining(1));
        t.now = t.view.group.wake_at.unwrap().max(t.now);
    }
    assert_eq!(looks, 30);
    t.turn();
    t.say("its time is up: what it has is cut off with this call");
    t.answer(&draining(1));
    t.say("an answer to what was asked before: asked once more");
    t.now = t.now.plus_secs(1);
    t.settle();
    t.say("gone");
    insta::assert_snapshot!(t.text);
}

#[test]
fn a_balancer_that_falls_silent_while_draining_holds_nobody_for_ever() {
    let mut t = Table::new(spec(0, 1, 5));
    t.settle();
    t.command(GroupCommand::ScaleIn { count: 1 }).unwrap();
    t.turn();
    t.answer(&draining(1));
    let secs = 30 + i64::from(t.settings.balancer_patience_secs);
    t.fail_for(secs + i64::from(t.settings.call_backoff_max_secs));
    assert!(t.view.instances.is_empty(), "it has gone all the same");
}

#[test]
fn a_dead_machine_is_not_drained() {
    let mut t = Table::new(spec(0, 2, 5));
    t.settle();
    let ids: Vec<InstanceId> = t.view.instances.keys().copied().collect();
    let remove = GroupCommand::Remove {
        instances: vec![ids[0]],
    };
    t.command(remove).unwrap();
    t.turn();
    t.answer(&draining(1));
    t.now = t.now.plus_secs(1);
    let machines = ids.iter().map(|id| {
        let state = MachineState::Dead;
        Arc::new(Machine {
            state,
            ..t.machine(*id)
        })
    });
    let observation = Observation {
        asked_at: t.now,
        machines: machines.collect(),
        members: None,
        silent: Vec::new(),
    };
    t.command(GroupCommand::Observed(observation)).unwrap();
    t.say("one died while it was drained, the other while it served: neither is waited for");
    insta::assert_snapshot!(t.text);
}

#[test]
fn one_that_is_stopped_reset_or_stood_by_is_drained_first() {
    let mut t = Table::new(spec(0, 1, 5));
    t.settle();
    let id = *t.view.instances.keys().next().unwrap();
    t.command(GroupCommand::EnterStandby {
        instances: vec![id],
    })
    .unwrap();
    t.turn();
    t.answer(&draining(2));
    t.say("on its way into standby: no new load, and it finishes what it has");
    t.now = t.now.plus_secs(1);
    t.settle();
    t.say("on standby");
    t.command(GroupCommand::ExitStandby {
        instances: vec![id],
    })
    .unwrap();
    t.settle();
    t.refresh(false);
    t.turn();
    t.answer(&draining(2));
    t.say("to be reinstalled: drained first");
    t.now = t.now.plus_secs(1);
    t.settle();
    t.say("reinstalled, and bound again");
    t.command(GroupCommand::Stop {
        instances: vec![id],
        mode: muster_model::StopMode::KeepCharging,
    })
    .unwrap();
    t.turn();
    t.answer(&draining(2));
    t.say("to be stopped: drained first");
    t.now = t.now.plus_secs(1);
    t.settle();
    t.say("stopped");
    insta::assert_snapshot!(t.text);
}

#[test]
fn without_time_to_drain_everything_is_cut_off() {
    let mut t = Table::new(spec(0, 1, 5));
    t.settings.drain_secs = 0;
    t.settle();
    t.command(GroupCommand::ScaleIn { count: 1 }).unwrap();
    assert!(t.view.instances.values().all(|i| i.drain_by.is_none()));
    t.settle();
    assert!(t.view.instances.is_empty());
}
