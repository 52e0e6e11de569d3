//! What the engine tables share: a group, a turn of hand after another, and everything that happens as text.

use std::fmt::Write as _;
use std::sync::Arc;

use muster_engine::{
    Context, Facts, PlannedCall, Record, Settings, apply, apply_told, check, explain, plan,
};
use muster_model::{
    Activity, AttemptCode, Call, CallKind, CallPhase, Created, Error, GroupCommand, GroupSpec,
    GroupView, Ids, InstanceId, Machine, NotificationTarget, StepOutcome, StepResult, Time,
};

use crate::base;
pub(crate) use crate::base::spec;

/// A group, and what happened to it.
pub(crate) struct Table {
    pub(crate) view: GroupView,
    pub(crate) ids: Ids,
    pub(crate) settings: Settings,
    pub(crate) now: Time,
    pub(crate) calls: Vec<PlannedCall>,
    pub(crate) text: String,
    /// Launches that are refused from now on.
    pub(crate) refused: u32,
    /// Whether balancers refuse to bind.
    pub(crate) unbindable: bool,
    /// How commands end, the next one last; without one they go on.
    pub(crate) commands: Vec<StepResult>,
    /// What the last turn said.
    pub(crate) reasons: Vec<String>,
    /// Activities that have ended, in order.
    pub(crate) ended: Vec<Arc<Activity>>,
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
            text: String::new(),
            refused: 0,
            unbindable: false,
            commands: Vec::new(),
            reasons: Vec::new(),
            ended: Vec::new(),
        }
    }

    /// When a call of an instance that has been made counts as unanswered; `Time(0)` when it has made none such.
    pub(crate) fn until(&self, id: InstanceId, kind: CallKind) -> Time {
        let calls = self
            .view
            .row(id)
            .into_iter()
            .flat_map(|instance| instance.calls());
        let until = |call: &Call| match call.phase {
            CallPhase::InFlight { until } if call.kind == kind => Some(until),
            CallPhase::InFlight { .. } | CallPhase::Due { .. } => None,
        };
        calls.filter_map(until).next().unwrap_or(Time(0))
    }

    pub(crate) fn say(&mut self, what: &str) {
        let view = explain::view_text(&self.view, Time(0));
        writeln!(self.text, "== {}s: {what}\n{view}", self.now.0 / 1000).unwrap();
        for activity in self.view.activities.values() {
            for outcome in &activity.hooks {
                writeln!(
                    self.text,
                    "  {} {} {:?} {:?}",
                    outcome.hook, outcome.instance, outcome.verdict, outcome.reason
                )
                .unwrap();
            }
        }
    }

    pub(crate) fn accept(&mut self, change: &muster_model::Change) {
        for event in &change.events {
            let to = event.to.as_ref().map(NotificationTarget::words);
            writeln!(self.text, "tell {}: {}", to.unwrap_or_default(), event.body).unwrap();
        }
        let ended = change.activities.iter().filter(|a| a.status.is_ended());
        self.ended.extend(ended.map(Arc::clone));
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

    /// What a command's evaluation says.
    pub(crate) fn told(&mut self, command: GroupCommand) -> Record {
        let facts = Facts::default();
        let mut context = Context {
            now: self.now,
            ids: &mut self.ids,
            settings: &self.settings,
            facts: &facts,
        };
        let (change, _, record) = apply_told(&self.view, &command, &mut context).unwrap();
        self.accept(&change);
        record
    }

    pub(crate) fn machine(&self, id: InstanceId) -> Machine {
        base::machine(&self.view, id)
    }

    /// Turns, and answers to what they ask for, until nothing is asked for any more.
    pub(crate) fn settle(&mut self) {
        self.reasons.clear();
        loop {
            let plan = plan(&self.view, self.now, &mut self.ids, &self.settings);
            let said = plan.record.reasons.iter().map(|reason| reason.text.clone());
            self.reasons.extend(said);
            if !plan.change.is_empty() {
                self.accept(&plan.change);
            }
            self.calls.extend(plan.calls);
            if self.calls.is_empty() {
                return;
            }
            for call in std::mem::take(&mut self.calls) {
                let result = match call.kind {
                    CallKind::Launch if self.refused > 0 => {
                        self.refused -= 1;
                        StepResult::Refused {
                            code: AttemptCode::Quota,
                            message: "no more of them".to_owned(),
                        }
                    }
                    CallKind::Bind if self.unbindable => StepResult::Refused {
                        code: AttemptCode::Refused,
                        message: "there is no such balancer".to_owned(),
                    },
                    CallKind::Command(_) => match self.commands.pop() {
                        Some(result) => result,
                        None => continue,
                    },
                    CallKind::Terminate | CallKind::Release | CallKind::Tag => {
                        StepResult::Done(None)
                    }
                    CallKind::Launch
                    | CallKind::Adopt
                    | CallKind::Start
                    | CallKind::Stop(_)
                    | CallKind::Reset(_)
                    | CallKind::Bind
                    | CallKind::Unbind
                    | CallKind::Rebind => {
                        StepResult::Done(Some(Arc::new(self.machine(call.owner.instance))))
                    }
                };
                self.command(GroupCommand::StepDone(StepOutcome {
                    instance: call.owner.instance,
                    kind: call.kind,
                    attempt: call.attempt,
                    until: call.until,
                    result,
                }))
                .unwrap();
            }
        }
    }

    /// The last one made.
    pub(crate) fn newest(&self) -> InstanceId {
        let newest = self.view.instances.values().max_by_key(|i| i.created_at);
        newest.unwrap().id
    }
}
