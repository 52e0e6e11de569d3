//! What these tables share: a group behind a listener, and answers of its balancer.

use std::fmt::Write as _;
use std::sync::Arc;

use muster_engine::{
    Context, Facts, PlannedCall, Settings, apply, balancers, check, explain, plan,
};
use muster_model::{
    AttemptCode, Balancer, BalancerChange, BalancerPlace, BatchPause, CallKind, Created, Error,
    GroupCommand, GroupSpec, GroupView, HealthCheck, HealthKind, Ids, InstanceId, Machine, Member,
    MemberHealth, MemberState, Observation, OnFailure, OwnerKey, RefreshCommand, RefreshMode,
    RefreshSettings, RetryPolicy, StepOutcome, StepResult, Target, Time,
};

use crate::base;

pub(crate) fn listener(id: &str, targets: &[(u16, u16)]) -> Balancer {
    let target = |&(port, weight)| Target { port, weight };
    Balancer::Forward {
        balancer: "lb-1".to_owned(),
        listener: id.to_owned(),
        location: None,
        region: None,
        targets: targets.iter().map(target).collect(),
    }
}

pub(crate) fn spec(min: u32, desired: u32, max: u32) -> GroupSpec {
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

pub(crate) struct Table {
    pub(crate) view: GroupView,
    pub(crate) ids: Ids,
    pub(crate) settings: Settings,
    pub(crate) now: Time,
    pub(crate) calls: Vec<PlannedCall>,
    pub(crate) silent: Vec<BalancerPlace>,
    pub(crate) text: String,
}

impl Table {
    pub(crate) fn new(spec: GroupSpec) -> Table {
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

    pub(crate) fn say(&mut self, what: &str) {
        let view = explain::view_text(&self.view, Time(0));
        writeln!(self.text, "== {}s: {what}\n{view}", self.now.0 / 1000).unwrap();
    }

    pub(crate) fn accept(&mut self, change: &muster_model::Change) {
        self.view = self.view.after(change).unwrap();
        let problems = check::problems(&self.view);
        assert!(problems.is_empty(), "{problems:?}\n{}", self.text);
    }

    pub(crate) fn command(&mut self, command: GroupCommand) -> Result<Created, Error> {
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

    pub(crate) fn change(&mut self, change: BalancerChange) -> Result<Created, Error> {
        self.command(GroupCommand::Balancers(change))
    }

    pub(crate) fn turn(&mut self) {
        let plan = plan(&self.view, self.now, &mut self.ids, &self.settings);
        if !plan.change.is_empty() {
            self.accept(&plan.change);
        }
        self.calls.extend(plan.calls);
    }

    pub(crate) fn machine(&self, id: InstanceId) -> Machine {
        base::machine(&self.view, id)
    }

    /// Answers the calls in flight; `balancer` answers those to the balancers.
    pub(crate) fn answer(&mut self, balancer: &StepResult) {
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
    pub(crate) fn settle(&mut self) {
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
    pub(crate) fn fail_for(&mut self, secs: i64) {
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
    pub(crate) fn members(&self) -> Vec<Member> {
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

    pub(crate) fn observe(&mut self, members: Option<Vec<Member>>) {
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

    pub(crate) fn refresh(&mut self, check_target_health: bool) {
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

    pub(crate) fn verdict(&mut self, health: MemberHealth) -> bool {
        let mut members = self.members();
        members[0].health = health;
        let id = members[0].machine();
        self.observe(Some(members));
        self.view.instances[&id].health.balancer_unhealthy
    }
}

pub(crate) fn failed() -> StepResult {
    StepResult::Refused {
        code: AttemptCode::Failed,
        message: "the balancer is on fire".to_owned(),
    }
}

pub(crate) fn refused() -> StepResult {
    StepResult::Refused {
        code: AttemptCode::Refused,
        message: "there is no such listener".to_owned(),
    }
}
