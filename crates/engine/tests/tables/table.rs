//! What these tables share: a group, a turn of hand after another, and every plan as text.

use std::fmt::Write as _;
use std::sync::Arc;

use muster_engine::{Context, Facts, Settings, apply, check, explain, plan};
use muster_model::{
    AttemptCode, CallKind, Created, Error, GroupCommand, GroupSpec, GroupView, Ids, InstanceId,
    Machine, Network, Observation, RefreshId, RetryPolicy, StepOutcome, StepResult, Time,
};

use crate::base;

pub(crate) struct Table {
    pub(crate) view: GroupView,
    pub(crate) ids: Ids,
    pub(crate) settings: Settings,
    pub(crate) now: Time,
    pub(crate) calls: Vec<muster_engine::PlannedCall>,
    pub(crate) text: String,
}

pub(crate) fn spec(min: u32, desired: u32, max: u32) -> GroupSpec {
    GroupSpec {
        cooldown_secs: 300,
        retry: RetryPolicy::Immediate,
        network: Network {
            vpc: "vpc-1".to_owned(),
            subnets: vec!["s1".to_owned(), "s2".to_owned()],
            ..Network::default()
        },
        ..base::spec(min, desired, max)
    }
}

impl Table {
    pub(crate) fn new(spec: GroupSpec) -> Table {
        let settings = Settings::default();
        let (view, ids) = base::made(spec, &["A", "B"], &settings);
        Table {
            view,
            ids,
            settings,
            now: Time(0),
            calls: Vec::new(),
            text: String::new(),
        }
    }

    pub(crate) fn say(&mut self, what: &str) {
        let _ = writeln!(self.text, "-- {what}");
        self.text.push_str(&explain::view_text(&self.view, Time(0)));
    }

    pub(crate) fn settle_in(&mut self, change: &muster_model::Change) {
        self.view = self.view.after(change).expect("the group is still there");
        assert_eq!(
            check::problems(&self.view),
            Vec::<String>::new(),
            "{}",
            self.text
        );
    }

    /// Takes a turn and prints the plan.
    pub(crate) fn turn(&mut self) {
        let plan = plan(&self.view, self.now, &mut self.ids, &self.settings);
        let _ = writeln!(self.text, "-- turn at {}s", self.now.0 / 1000);
        self.text.push_str(&explain::plan_text(&plan, Time(0)));
        self.settle_in(&plan.change);
        self.calls.extend(plan.calls);
    }

    pub(crate) fn command(&mut self, command: GroupCommand) -> Result<Created, Error> {
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

    pub(crate) fn machine(&self, id: InstanceId) -> Machine {
        base::machine(&self.view, id)
    }

    /// Answers every call in flight.
    pub(crate) fn answer(
        &mut self,
        with: impl Fn(&Table, &muster_engine::PlannedCall) -> StepResult,
    ) {
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

    pub(crate) fn done(&mut self) {
        self.answer(|table, call| match call.kind {
            CallKind::Launch | CallKind::Adopt | CallKind::Reset(_) => {
                StepResult::Done(Some(Arc::new(table.machine(call.owner.instance))))
            }
            _ => StepResult::Done(None),
        });
    }

    /// Turns and good answers until nothing is due.
    pub(crate) fn settle(&mut self) {
        for _ in 0..50 {
            self.turn();
            if self.calls.is_empty() {
                return;
            }
            self.done();
        }
        panic!("does not settle:\n{}", self.text);
    }

    pub(crate) fn observe(&mut self, change: impl Fn(&mut Vec<Machine>)) {
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

    pub(crate) fn members(&self) -> Vec<InstanceId> {
        let mut members: Vec<_> = self.view.instances.values().collect();
        members.sort_by_key(|i| (i.created_at, i.id));
        members.iter().map(|i| i.id).collect()
    }

    pub(crate) fn refresh(&self, id: RefreshId) -> &muster_model::Refresh {
        &self.view.parts.refreshes[&id]
    }

    pub(crate) fn pass(&mut self, secs: u64) {
        self.now = self.now.plus_secs(secs);
    }
}

pub(crate) fn sold_out() -> StepResult {
    StepResult::Refused {
        code: AttemptCode::SoldOut,
        message: "sold out".to_owned(),
    }
}

pub(crate) fn failed() -> StepResult {
    StepResult::Refused {
        code: AttemptCode::Failed,
        message: "the host is on fire".to_owned(),
    }
}
