//! The back end of the simulated world: calls, answers and listings, with what goes wrong.

use std::sync::Arc;

use muster_engine::{PlannedCall, kept_tags, launch_spec};
use muster_model::{
    AttemptCode, Binding, CallKind, GroupCommand, InstanceId, LaunchSpec, Machine, MachineHealth,
    MachineState, Observation, StepOutcome, StepResult, Time,
};
use muster_ports::ComputeError;

use crate::driver::{Fate, Happening, OBSERVE_MILLIS, Point, World, WorldError};
use crate::world_balancers::{Carried, Listed};

/// Longest time that a call takes, milliseconds.
const CALL_MILLIS: i64 = 3000;

/// Calls that are over when nobody waits for them any more (the contract of `adopt`, `release` and the balancers).
pub(crate) fn ends_with_caller(kind: CallKind) -> bool {
    match kind {
        CallKind::Adopt
        | CallKind::Release
        | CallKind::Bind
        | CallKind::Unbind
        | CallKind::Rebind => true,
        CallKind::Launch
        | CallKind::Terminate
        | CallKind::Start
        | CallKind::Stop(_)
        | CallKind::Reset(_)
        | CallKind::Command(_)
        | CallKind::Tag => false,
    }
}

impl World {
    /// Makes a call; its fate is decided here.
    pub(crate) fn make(&mut self, call: PlannedCall) {
        let number = self.calls;
        self.calls += 1;
        self.note(|| {
            format!(
                "call {} {} #{}",
                call.kind.name(),
                call.owner.instance,
                call.attempt
            )
        });
        if self.crash_at == Some(Point::BeforeCall(number)) {
            self.crash_soon = true;
            return;
        }
        let quiet = self.dice.odds == crate::dice::Odds::default();
        let fate = if self.crash_at == Some(Point::AfterCall(number)) {
            self.crash_soon = true;
            Fate::DoneSilently
        } else {
            self.fate(call.kind)
        };
        let (bindings, drain_by) = self.bindings_of(&call);
        let carried = Arc::new(Carried {
            launch: self.launch_of(&call),
            bindings,
            drain_by,
        });
        if self.crash_soon {
            self.reach(call, &carried, fate);
            return;
        }
        let millis = if quiet {
            0
        } else {
            self.dice.millis(CALL_MILLIS)
        };
        let hang = self.dice.strikes(self.dice.odds.hang);
        let at = self
            .now
            .plus_millis(if hang { millis * 100 } else { millis });
        let until = call.until;
        if at > until || matches!(fate, Fate::DoneSilently | Fate::NotDone) {
            let result = StepResult::Unknown {
                message: "no answer".to_owned(),
            };
            self.schedule(
                until.min(at.plus_millis(1)),
                Happening::Reply {
                    call: call.clone(),
                    result,
                },
            );
        }
        let given_up = at > until && ends_with_caller(call.kind);
        if fate != Fate::NotDone && !given_up {
            let fate = if at > until { Fate::DoneSilently } else { fate };
            self.schedule(
                at,
                Happening::Reach {
                    call,
                    carried,
                    fate,
                },
            );
        }
    }

    /// What becomes of a call, by the dice.
    fn fate(&mut self, kind: CallKind) -> Fate {
        let odds = self.dice.odds;
        let is_launch = kind == CallKind::Launch;
        if is_launch && self.dice.strikes(odds.sold_out) {
            Fate::Refused(AttemptCode::SoldOut)
        } else if is_launch && self.dice.strikes(odds.quota) {
            Fate::Refused(AttemptCode::Quota)
        } else if kind == CallKind::Bind && self.dice.strikes(odds.quota) {
            Fate::Refused(AttemptCode::Refused)
        } else if self.dice.strikes(odds.error) {
            Fate::Refused(AttemptCode::Failed)
        } else if self.dice.strikes(odds.lost_done) {
            Fate::DoneSilently
        } else if self.dice.strikes(odds.lost_not_done) {
            Fate::NotDone
        } else {
            Fate::Done {
                doubled: self.dice.strikes(odds.doubled),
            }
        }
    }

    pub(crate) fn run(&mut self, happening: Happening) {
        match happening {
            Happening::Turn(id) => self.turn(id),
            Happening::Reach {
                call,
                carried,
                fate,
            } => self.reach(call, &carried, fate),
            Happening::Reply { call, result } => self.reply(call, result),
            Happening::Observe => self.look(),
            Happening::Listed {
                asked_at,
                machines,
                members,
            } => self.tell(asked_at, &machines, members),
        }
    }

    /// A call reaches the back end.
    fn reach(&mut self, call: PlannedCall, carried: &Carried, fate: Fate) {
        let result = match fate {
            Fate::Refused(code) => {
                // Some of several targets may be done all the same.
                let done = self.dice.below(carried.bindings.len() + 1);
                let heard = carried
                    .bindings
                    .iter()
                    .take_while(|b| !self.is_silent(&b.target));
                let done = done.min(heard.count());
                self.balance(&call.owner, &carried.bindings[..done], carried.drain_by);
                Err((code, "ordered by the dice".to_owned()))
            }
            Fate::NotDone => return,
            Fate::Done { .. } | Fate::DoneSilently => self.perform(&call, carried),
        };
        let result = result.unwrap_or_else(|(code, message)| StepResult::Refused { code, message });
        match fate {
            Fate::DoneSilently | Fate::NotDone => {}
            Fate::Refused(_) | Fate::Done { doubled: false } => self.reply(call, result),
            Fate::Done { doubled: true } => {
                let later = self.now.plus_millis(self.dice.millis(CALL_MILLIS * 10));
                self.schedule(
                    later,
                    Happening::Reply {
                        call: call.clone(),
                        result: result.clone(),
                    },
                );
                self.reply(call, result);
            }
        }
    }

    /// What a launch carries, as the service knows it when it makes the call.
    fn launch_of(&self, call: &PlannedCall) -> Option<LaunchSpec> {
        if !matches!(call.kind, CallKind::Launch | CallKind::Reset(_)) {
            return None;
        }
        let view = self.groups.get(&call.owner.group)?;
        let instance = view.row(call.owner.instance)?;
        let config = view.config.as_ref()?;
        let config = Arc::new(config.spec.clone());
        Some(launch_spec(&view.group, instance, config))
    }

    fn perform(
        &mut self,
        call: &PlannedCall,
        carried: &Carried,
    ) -> Result<StepResult, (AttemptCode, String)> {
        let silent = |binding: &Binding| self.is_silent(&binding.target);
        if let Some(first) = carried.bindings.iter().position(silent) {
            self.balance(&call.owner, &carried.bindings[..first], carried.drain_by);
            return Ok(StepResult::Unknown {
                message: "the balancer is silent".to_owned(),
            });
        }
        if !carried.bindings.is_empty() {
            let left = self.balance(&call.owner, &carried.bindings, carried.drain_by);
            return Ok(match left {
                0 => StepResult::Done(None),
                left => StepResult::Draining { left },
            });
        }
        self.perform_on_machine(call, carried).map(StepResult::Done)
    }

    fn perform_on_machine(
        &mut self,
        call: &PlannedCall,
        carried: &Carried,
    ) -> Result<Option<Arc<Machine>>, (AttemptCode, String)> {
        let owner = &call.owner;
        let refused = |error: ComputeError| (AttemptCode::Refused, error.to_string());
        match call.kind {
            CallKind::Launch | CallKind::Reset(_) => {
                let Some(spec) = &carried.launch else {
                    self.broken.push(format!("{owner}: a launch of nothing"));
                    return Err((AttemptCode::Failed, "a launch of nothing".to_owned()));
                };
                let made = match call.kind {
                    CallKind::Reset(_) => self.machines.reset(spec),
                    _ => self.machines.launch(spec, self.now),
                };
                made.map(|m| Some(Arc::new(m))).map_err(refused)
            }
            CallKind::Terminate => {
                self.machines.terminate(owner);
                Ok(None)
            }
            CallKind::Adopt => self
                .machines
                .adopt(owner)
                .map(|m| Some(Arc::new(m)))
                .map_err(refused),
            CallKind::Release => {
                self.machines.release(owner);
                Ok(None)
            }
            CallKind::Start => self
                .machines
                .set_state(owner, MachineState::Running)
                .map(|m| Some(Arc::new(m)))
                .map_err(refused),
            // An instance that is to be nowhere.
            CallKind::Bind | CallKind::Unbind | CallKind::Rebind => Ok(None),
            CallKind::Tag => {
                let view = self.groups.get(&owner.group);
                let tags = view.map_or(Vec::new(), kept_tags);
                let tagged = self.machines.tag(owner, &tags);
                tagged.map(|m| Some(Arc::new(m))).map_err(refused)
            }
            CallKind::Command(_) => match self.machines.reachable(owner) {
                Ok(()) => Ok(None),
                Err(error) => Err(refused(error)),
            },
            CallKind::Stop(_) => self
                .machines
                .set_state(owner, MachineState::Stopped)
                .map(|m| Some(Arc::new(m)))
                .map_err(refused),
        }
    }

    /// An answer comes home; one that cannot be written down comes again.
    fn reply(&mut self, call: PlannedCall, result: StepResult) {
        let (group, instance) = (call.owner.group, call.owner.instance);
        let outcome = StepOutcome {
            instance,
            kind: call.kind,
            attempt: call.attempt,
            until: call.until,
            result: result.clone(),
        };
        match self.command(group, &GroupCommand::StepDone(outcome)) {
            Ok(_) | Err(WorldError::Refused(_) | WorldError::Crashed(_)) => {}
            Err(WorldError::Store) => {
                self.schedule(self.now.plus_millis(200), Happening::Reply { call, result });
            }
        }
    }

    /// Lists the machines, after what befell them since the last time.
    fn look(&mut self) {
        self.schedule(self.now.plus_millis(OBSERVE_MILLIS), Happening::Observe);
        let odds = self.dice.odds;
        let all: Vec<InstanceId> = self
            .machines
            .all()
            .iter()
            .map(|machine| machine.id)
            .collect();
        for id in all {
            if self.dice.strikes(odds.death) {
                self.note(|| format!("{id} dies"));
                match self.dice.below(2) {
                    0 => drop(self.machines.vanish(id)),
                    _ => drop(
                        self.machines
                            .tamper(id, |machine| machine.state = MachineState::Dead),
                    ),
                }
            } else if self.dice.strikes(odds.sickness) {
                self.machines
                    .tamper(id, |machine| machine.health = MachineHealth::Unhealthy);
            }
        }
        self.storms();
        self.trouble_members();
        if self.dice.strikes(odds.no_listing) {
            return;
        }
        let members = (!self.dice.strikes(odds.no_listing)).then(|| self.listed_members());
        let mut machines = self.machines.list(None);
        if !machines.is_empty() && self.dice.strikes(odds.lying_listing) {
            let left_out = self.dice.below(machines.len());
            machines.remove(left_out);
        }
        let quiet = odds == crate::dice::Odds::default();
        let late = if quiet {
            0
        } else {
            self.dice.millis(CALL_MILLIS * 2)
        };
        let asked_at = self.now;
        self.schedule(
            self.now.plus_millis(late),
            Happening::Listed {
                asked_at,
                machines,
                members,
            },
        );
    }

    /// Lists the machines at once: for scripts.
    pub fn observe_now(&mut self) {
        let machines = self.machines.list(None);
        let members = self.listed_members();
        self.tell(self.now, &machines, Some(members));
    }

    pub(crate) fn tell(
        &mut self,
        asked_at: Time,
        machines: &[Arc<Machine>],
        listing: Option<Listed>,
    ) {
        let ids: Vec<_> = self.groups.keys().copied().collect();
        for id in ids {
            let own = machines
                .iter()
                .filter(|m| m.owner.as_ref().is_some_and(|owner| owner.group == id));
            let observation = Observation {
                asked_at,
                machines: own.map(Arc::clone).collect(),
                members: listing.as_ref().map(|listed| {
                    let own = listed.members.iter().filter(|m| m.owner.group == id);
                    own.map(Arc::clone).collect()
                }),
                silent: listing.as_ref().map_or(Vec::new(), |l| l.silent.clone()),
            };
            let sick = self.sick_at_balancers(id);
            match self.command(id, &GroupCommand::Observed(observation)) {
                // What was not taken in is seen again by the next listing.
                Ok(_) | Err(WorldError::Store | WorldError::Refused(_)) => {}
                Err(WorldError::Crashed(_)) => return,
            }
            let members = listing.as_ref().map_or(&[][..], |l| &l.members);
            self.check_verdicts(id, &sick, members);
        }
        if let Some(listed) = &listing {
            self.sweep_members(&listed.members);
        }
    }
}
