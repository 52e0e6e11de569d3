//! Where a replay takes place: one group, its machines, and a clock that jumps from one happening to the next.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use muster_engine::{
    Clamp, Code, Context, Facts, PlannedCall, Reason, Record, Settings, apply_told, check,
    launch_spec, plan,
};
use muster_model::{
    Account, AttemptCode, CallKind, Change, ConfigId, Created, Error, GroupCommand, GroupView, Ids,
    LaunchConfiguration, Lifecycle, Machine, MachineState, MemberSpec, Observation, StepOutcome,
    StepResult, Time,
};
use muster_ports::{ComputeError, MemberTable};

use crate::balancers::seen;
use crate::machines::Machines;

/// After a call has been answered the machines are listed once, so long after it.
const LISTED_AFTER_MILLIS: i64 = 1000;
/// An operator's time-outs leave this much more than a machine takes to boot, seconds.
const BOOT_SLACK_SECS: u32 = 60;
/// Where ids start: any number does, as long as it is always the same.
const FIRST_ID: u64 = 0x5eed;

/// A change of what is desired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// When.
    pub at: Time,
    /// Desired before.
    pub from: u32,
    /// Desired from then on.
    pub to: u32,
    /// The reasons that the engine gave, with their numbers.
    pub why: Vec<String>,
}

/// Policies wanted something, or could not tell, and nothing changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// When it first was so.
    pub at: Time,
    /// Evaluations in a row that said so; what they said may differ in its numbers.
    pub times: u64,
    /// What stood in the way, by its words.
    pub clamps: Vec<&'static str>,
    /// What the first said.
    pub why: Vec<String>,
}

/// Holds that are kept at the most.
const HOLDS: usize = 100_000;

/// Where a replay takes place. It is an [`muster_ports::Api`], so that a door can set it up from what requests say.
pub struct Field {
    state: Mutex<State>,
}

enum Happening {
    Reply(PlannedCall, StepResult),
    Observe,
}

pub(super) struct State {
    pub(super) account: Account,
    pub(super) configs: BTreeMap<ConfigId, Arc<LaunchConfiguration>>,
    pub(super) view: Option<GroupView>,
    pub(super) settings: Settings,
    pub(super) now: Time,
    ids: Ids,
    boot_millis: i64,
    machines: Machines,
    members: MemberTable,
    happenings: BTreeMap<(Time, u64), Happening>,
    happened: u64,
    observes: bool,
    wake: Option<Time>,
    pub(super) decisions: Vec<Decision>,
    pub(super) holds: Vec<Hold>,
    /// What broke a promise; a replay that breaks one has no result.
    pub(super) broken: Option<String>,
}

/// What can be seen of the group from outside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Look {
    pub(super) desired: u32,
    pub(super) min: u32,
    /// Machines asked for and not yet proved gone.
    pub(super) machines: usize,
    pub(super) serving: usize,
}

impl Field {
    /// A field without a group, at a moment. Machines take `boot_secs` from their launch until they serve; what is timed
    /// out is timed out later than that, as an operator with such machines would configure it.
    #[must_use]
    pub fn new(now: Time, boot_secs: u32) -> Field {
        let mut ids = Ids::new(FIRST_ID);
        let account = Account {
            id: ids.next_id(),
            name: "replay".to_owned(),
            version: 1,
            created_at: now,
        };
        let mut settings = Settings::default();
        let slack = boot_secs.saturating_add(BOOT_SLACK_SECS);
        settings.call_timeout_secs = settings.call_timeout_secs.max(slack);
        settings.launch_patience_secs = settings.launch_patience_secs.max(slack);
        settings.activity_timeout_secs = settings.activity_timeout_secs.max(slack * 2);
        let state = State {
            account,
            configs: BTreeMap::new(),
            view: None,
            settings,
            now,
            ids,
            boot_millis: i64::from(boot_secs) * 1000,
            machines: Machines::default(),
            members: MemberTable::default(),
            happenings: BTreeMap::new(),
            happened: 0,
            observes: false,
            wake: None,
            decisions: Vec::new(),
            holds: Vec::new(),
            broken: None,
        };
        Field {
            state: Mutex::new(state),
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The account that everything here belongs to.
    #[must_use]
    pub fn account(&self) -> muster_model::AccountId {
        self.state().account.id
    }

    /// Lets everything happen that is due up to a moment, and goes there.
    pub fn run_until(&self, until: Time) {
        let mut state = self.state();
        while state.step(until) {}
        state.now = state.now.max(until);
    }
}

impl State {
    /// Fresh ids for a decision.
    pub(super) fn fresh(&mut self) -> Ids {
        Ids::new(self.ids.next_key().bits())
    }

    /// Takes a group in that has been made.
    pub(super) fn admit(&mut self, view: GroupView) {
        self.wake = view.group.wake_at;
        self.view = Some(view);
    }

    /// Applies a command to the group.
    pub(super) fn command(
        &mut self,
        command: &GroupCommand,
        facts: &Facts,
    ) -> Result<Created, Error> {
        let Some(view) = self.view.take() else {
            return Err(Error::Store {
                message: "there is no group yet".to_owned(),
            });
        };
        let mut ids = self.fresh();
        let mut context = Context {
            now: self.now,
            ids: &mut ids,
            settings: &self.settings,
            facts,
        };
        match apply_told(&view, command, &mut context) {
            Ok((change, created, record)) => {
                self.commit(view, &change, record);
                Ok(created)
            }
            Err(error) => {
                self.view = Some(view);
                Err(error)
            }
        }
    }

    /// Takes over what was decided from a view.
    fn commit(&mut self, view: GroupView, change: &Change, record: Record) {
        self.note(record);
        if change.is_empty() {
            self.view = Some(view);
            return;
        }
        let next = view.after(change);
        if let Some(next) = &next {
            let grew = next.machines() > view.machines();
            if grew && next.machines() > next.most_machines() {
                self.broken = Some(format!("P1: {} machines", next.machines()));
            }
            // The invariants are of members and activities: points alone break none.
            let moved = !(change.instances.is_empty() && change.activities.is_empty());
            if cfg!(debug_assertions) && moved {
                let problem = check::problems(next).into_iter().next();
                self.broken = self.broken.take().or(problem.map(|p| p.to_string()));
            }
            self.wake = next.group.wake_at;
        }
        self.view = next;
    }

    /// Keeps what an evaluation decided, or what kept policies from deciding.
    fn note(&mut self, record: Record) {
        let at = self.now;
        if let Some((from, to)) = record.decision.desired {
            let why = record
                .reasons
                .into_iter()
                .map(|reason| reason.text)
                .collect();
            self.decisions.push(Decision { at, from, to, why });
            return;
        }
        let of_policies = |reason: &Reason| match reason.code {
            Code::PolicyEvaluated | Code::PolicyActs => !reason.clamps.is_empty(),
            _ => false,
        };
        let held: Vec<Reason> = record.reasons.into_iter().filter(of_policies).collect();
        let clamps: Vec<&'static str> = held
            .iter()
            .flat_map(|reason| &reason.clamps)
            .map(Clamp::word)
            .collect();
        if clamps.is_empty() {
            return;
        }
        let decided = self.decisions.last().map(|decision| decision.at);
        let last = self.holds.last_mut();
        let again = last.filter(|last| {
            last.clamps == clamps && decided.is_none_or(|decided| decided < last.at)
        });
        if let Some(last) = again {
            last.times += 1;
        } else if self.holds.len() < HOLDS {
            self.holds.push(Hold {
                at,
                times: 1,
                clamps,
                why: held.into_iter().map(|reason| reason.text).collect(),
            });
        }
    }

    /// When something happens next.
    pub(super) fn next_at(&self) -> Option<Time> {
        let first = self.happenings.first_key_value().map(|((at, _), _)| *at);
        [first, self.wake].into_iter().flatten().min()
    }

    /// Runs what happens next, if it happens until `until`.
    pub(super) fn step(&mut self, until: Time) -> bool {
        let Some(at) = self.next_at().filter(|at| *at <= until) else {
            return false;
        };
        self.now = self.now.max(at);
        let key = self.happenings.first_key_value().map(|(key, _)| *key);
        let key = key.filter(|(happens, _)| *happens <= self.now);
        match key.and_then(|key| self.happenings.remove(&key)) {
            Some(Happening::Reply(call, result)) => self.reply(&call, result),
            Some(Happening::Observe) => self.observe(),
            None => self.turn(),
        }
        true
    }

    fn schedule(&mut self, at: Time, happening: Happening) {
        self.happened += 1;
        self.happenings.insert((at, self.happened), happening);
    }

    /// A turn of the group.
    fn turn(&mut self) {
        self.wake = None;
        let Some(view) = self.view.take() else {
            return;
        };
        let mut ids = self.fresh();
        let plan = plan(&view, self.now, &mut ids, &self.settings);
        if plan.change.is_empty() {
            // What is due and changes nothing is not due again at the same moment.
            let later = self.now.plus_millis(1);
            self.wake = view.group.wake_at.map(|at| at.max(later));
        }
        self.commit(view, &plan.change, plan.record);
        for call in plan.calls {
            self.make(call);
        }
    }

    /// Makes a call. Machines boot for as long as they do; everything else is done at once.
    fn make(&mut self, call: PlannedCall) {
        let result = match self.perform(&call) {
            Ok(machine) => StepResult::Done(machine.map(Arc::new)),
            Err(error) => StepResult::Refused {
                code: AttemptCode::Refused,
                message: error.to_string(),
            },
        };
        let boots = matches!(
            call.kind,
            CallKind::Launch | CallKind::Reset(_) | CallKind::Start
        );
        let at = match boots {
            true => self.now.plus_millis(self.boot_millis),
            false => self.now,
        };
        self.schedule(at, Happening::Reply(call, result));
    }

    fn perform(&mut self, call: &PlannedCall) -> Result<Option<Machine>, ComputeError> {
        let owner = &call.owner;
        let absent = || ComputeError::Failed("there is no such instance".to_owned());
        let view = self.view.as_ref().ok_or_else(absent)?;
        let instance = view.row(owner.instance).ok_or_else(absent)?;
        match call.kind {
            CallKind::Launch | CallKind::Reset(_) => {
                let config = view.config.as_ref().ok_or_else(absent)?;
                let config = Arc::new(config.spec.clone());
                let spec = launch_spec(&view.group, instance, config);
                match call.kind {
                    CallKind::Reset(_) => self.machines.reset(&spec).map(Some),
                    _ => self.machines.launch(&spec, self.now).map(Some),
                }
            }
            CallKind::Terminate => {
                self.machines.terminate(owner);
                Ok(None)
            }
            CallKind::Adopt => self.machines.adopt(owner).map(Some),
            CallKind::Release => {
                self.machines.release(owner);
                Ok(None)
            }
            CallKind::Start => {
                let started = self.machines.set_state(owner, MachineState::Running);
                started.map(Some)
            }
            CallKind::Stop(_) => {
                let stopped = self.machines.set_state(owner, MachineState::Stopped);
                stopped.map(Some)
            }
            CallKind::Tag => {
                let tags = muster_engine::kept_tags(view);
                self.machines.tag(owner, &tags).map(Some)
            }
            CallKind::Command(_) => self.machines.reachable(owner).map(|()| None),
            CallKind::Bind | CallKind::Unbind | CallKind::Rebind => {
                for binding in &instance.bindings {
                    if binding.wanted {
                        self.members.attach(&MemberSpec {
                            owner: owner.clone(),
                            target: binding.target.clone(),
                            weight: binding.weight,
                            address: None,
                            machine_port: None,
                        });
                    } else {
                        self.members.detach(owner, &binding.target);
                    }
                }
                Ok(None)
            }
        }
    }

    /// An answer comes home.
    fn reply(&mut self, call: &PlannedCall, result: StepResult) {
        let outcome = StepOutcome {
            instance: call.owner.instance,
            kind: call.kind,
            attempt: call.attempt,
            until: call.until,
            result,
        };
        self.tell(&GroupCommand::StepDone(outcome));
        if !std::mem::replace(&mut self.observes, true) {
            let at = self.now.plus_millis(LISTED_AFTER_MILLIS);
            self.schedule(at, Happening::Observe);
        }
    }

    /// The machines and the members of the balancers are listed: nothing has befallen them.
    fn observe(&mut self) {
        self.observes = false;
        let members = self.members.list(None);
        let members = members.iter().map(|member| seen(member, &self.machines));
        let observation = Observation {
            asked_at: self.now,
            machines: self.machines.list(None),
            members: Some(members.collect()),
            silent: Vec::new(),
        };
        self.tell(&GroupCommand::Observed(observation));
    }

    /// Something that the group is told by the shell; that is never refused.
    pub(super) fn tell(&mut self, command: &GroupCommand) {
        if let Err(error) = self.command(command, &Facts::default()) {
            let broken = format!("the group refused what it was told: {error}");
            self.broken = self.broken.take().or(Some(broken));
        }
    }

    pub(super) fn look(&self) -> Look {
        let Some(view) = &self.view else {
            return Look::default();
        };
        let size = view.group.spec.size;
        let serves = |state| state == Lifecycle::InService;
        Look {
            desired: size.desired,
            min: size.min,
            machines: view.instances.len(),
            serving: view.instances.values().filter(|i| serves(i.state)).count(),
        }
    }
}
