//! The simulated machines behind the Compute port, with faults and latencies in the movable time.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use muster_model::{
    BalancerTarget, GroupId, Ids, InstanceId, LaunchSpec, Machine, MachineHealth, MachineState,
    Member, MemberHealth, OwnerKey, Placement, StopMode, Tag, Time,
};
use muster_ports::{Clock, CommandEnd, CommandRun, Compute, ComputeError, MemberTable};
use tokio::sync::Notify;

use crate::faults::{Effect, Faults, Op};
use crate::journal::Journal;
use crate::machines::{ForeignSpec, Machines};

/// Between the announcement that a spot machine is taken back and that, seconds.
const NOTICE_SECS: u64 = 120;

/// What can be done to a machine behind the back of whoever owns it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It dies and is gone.
    Kill,
    /// It stops.
    Stop,
    /// It starts.
    Start,
    /// It is not well.
    Unhealthy,
    /// It is well again.
    Healthy,
    /// It is announced that a spot machine is taken back: gone two minutes later.
    Reclaim,
}

/// Why an action did not happen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ActError {
    /// There is no such machine.
    #[error("there is no machine {0}")]
    NotFound(String),
    /// It could not be written down.
    #[error("{0}")]
    Journal(String),
}

pub(crate) struct State {
    pub(crate) machines: Machines,
    faults: Faults,
    journal: Option<Journal>,
    pub(crate) members: MemberTable,
    /// Machines that a balancer was ordered to find unhealthy at a target: also when they come back there.
    pub(crate) judged: BTreeSet<(BalancerTarget, InstanceId)>,
    ids: Ids,
    hints: BTreeSet<GroupId>,
}

/// The simulated back end.
pub struct SimCompute {
    state: Mutex<State>,
    clock: Arc<dyn Clock>,
    hinted: Notify,
}

impl SimCompute {
    /// Machines that are kept in `DIR/sim-machines.jsonl` and survive a kill and a restart.
    ///
    /// # Errors
    /// The file could not be read or written.
    pub fn open(dir: &Path, clock: Arc<dyn Clock>, seed: u64) -> std::io::Result<SimCompute> {
        let (journal, machines, members) = Journal::open(&dir.join("sim-machines.jsonl"))?;
        Ok(Self::with(machines, members, Some(journal), clock, seed))
    }

    /// Machines that are gone with the process.
    #[must_use]
    pub fn in_memory(clock: Arc<dyn Clock>, seed: u64) -> SimCompute {
        Self::with(
            Machines::default(),
            MemberTable::default(),
            None,
            clock,
            seed,
        )
    }

    fn with(
        machines: Machines,
        members: MemberTable,
        journal: Option<Journal>,
        clock: Arc<dyn Clock>,
        seed: u64,
    ) -> SimCompute {
        let judged = members.list(None).into_iter();
        let judged = judged
            .filter(|member| member.health == MemberHealth::Unhealthy)
            .map(|member| (member.target.clone(), member.machine()))
            .collect();
        let state = State {
            judged,
            machines,
            faults: Faults::default(),
            journal,
            members,
            ids: Ids::new(seed),
            hints: BTreeSet::new(),
        };
        SimCompute {
            state: Mutex::new(state),
            clock,
            hinted: Notify::new(),
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Replaces all fault rules.
    pub fn set_faults(&self, faults: Faults) {
        self.state().faults = faults;
    }

    /// The fault rules in force.
    #[must_use]
    pub fn faults(&self) -> Faults {
        self.state().faults.clone()
    }

    /// Makes a machine that is nobody's, to attach.
    ///
    /// # Errors
    /// It could not be written down.
    pub fn make_foreign(&self, spec: &ForeignSpec) -> Result<Machine, ActError> {
        let now = self.clock.now();
        let mut state = self.state();
        let id = state.ids.next_id();
        let machine = state.machines.foreign(id, spec, now);
        state.note(id).map_err(ActError::Journal)?;
        Ok(machine)
    }

    /// Does something to a machine behind the back of whoever owns it.
    ///
    /// # Errors
    /// See [`ActError`].
    pub fn act(&self, id: InstanceId, action: Action) -> Result<(), ActError> {
        let reclaim_at = self.clock.now().plus_secs(NOTICE_SECS);
        let mut state = self.state();
        let machines = &mut state.machines;
        let owner = match action {
            Action::Kill => machines.vanish(id),
            Action::Reclaim => machines.tamper(id, |machine| machine.reclaim_at = Some(reclaim_at)),
            Action::Stop => machines.tamper(id, |machine| machine.state = MachineState::Stopped),
            Action::Start => machines.tamper(id, |machine| machine.state = MachineState::Running),
            Action::Unhealthy => {
                machines.tamper(id, |machine| machine.health = MachineHealth::Unhealthy)
            }
            Action::Healthy => {
                machines.tamper(id, |machine| machine.health = MachineHealth::Healthy)
            }
        };
        let owner = owner.ok_or_else(|| ActError::NotFound(id.to_string()))?;
        state.note(id).map_err(ActError::Journal)?;
        if let Some(owner) = owner {
            drop(state);
            self.hint(owner.group);
        }
        Ok(())
    }

    /// Somebody should look at a group.
    pub(crate) fn hint(&self, group: GroupId) {
        self.state().hints.insert(group);
        self.hinted.notify_one();
    }

    /// Makes a call with what the faults do to it.
    pub(crate) async fn call<T>(
        &self,
        op: Op,
        id: Option<InstanceId>,
        place: &Placement,
        run: impl FnOnce(&mut State, Time) -> Result<T, ComputeError>,
    ) -> Result<T, ComputeError> {
        let strike = self.state().faults.strike(op, id, place);
        let Some((effect, latency)) = strike else {
            return self.run(run);
        };
        let begun = self.clock.now();
        if let Some(secs) = latency {
            self.clock
                .sleep_until(begun.plus_secs(u64::from(secs)))
                .await;
        }
        match effect {
            Effect::Error => Err(ComputeError::Failed("ordered to fail".to_owned())),
            Effect::SoldOut => Err(ComputeError::SoldOut(format!(
                "{} is sold out",
                place.instance_type
            ))),
            Effect::Quota => Err(ComputeError::Quota("the quota is used up".to_owned())),
            Effect::TimeoutNotDone => Err(ComputeError::Unknown("ordered to get lost".to_owned())),
            Effect::TimeoutDone => {
                self.run(run)?;
                Err(ComputeError::Unknown(
                    "the answer was ordered to get lost".to_owned(),
                ))
            }
            Effect::Slow => self.run(run),
            Effect::Hang => {
                if latency.is_none() {
                    self.clock.sleep_until(Time::NEVER).await;
                }
                self.run(run)
            }
        }
    }

    fn run<T>(
        &self,
        run: impl FnOnce(&mut State, Time) -> Result<T, ComputeError>,
    ) -> Result<T, ComputeError> {
        let now = self.clock.now();
        run(&mut self.state(), now)
    }

    pub(crate) fn place(&self, id: InstanceId) -> Placement {
        self.state()
            .machines
            .get(id)
            .map(|machine| machine.placement.clone())
            .unwrap_or_default()
    }
}

impl State {
    fn note(&mut self, id: InstanceId) -> Result<(), String> {
        match &mut self.journal {
            Some(journal) => journal
                .note(&self.machines, &self.members, id)
                .map_err(|error| error.to_string()),
            None => Ok(()),
        }
    }

    pub(crate) fn note_member(&mut self, member: &Arc<Member>) -> Result<(), String> {
        match &mut self.journal {
            Some(journal) => journal
                .note_member(&self.machines, &self.members, member)
                .map_err(|error| error.to_string()),
            None => Ok(()),
        }
    }

    pub(crate) fn note_no_member(
        &mut self,
        target: &BalancerTarget,
        owner: &OwnerKey,
    ) -> Result<(), String> {
        match &mut self.journal {
            Some(journal) => journal
                .note_no_member(&self.machines, &self.members, target, owner)
                .map_err(|error| error.to_string()),
            None => Ok(()),
        }
    }

    /// Spot machines whose time has come are gone.
    fn take_back(&mut self, now: Time) -> Result<(), ComputeError> {
        let due = |machine: &Arc<Machine>| machine.reclaim_at.is_some_and(|at| at <= now);
        let due: Vec<InstanceId> = self
            .machines
            .all()
            .iter()
            .filter(|machine| due(machine))
            .map(|machine| machine.id)
            .collect();
        for id in due {
            self.machines.vanish(id);
            self.noted(id, ())?;
        }
        Ok(())
    }

    /// Writes a change down; one that cannot be is not known to have happened.
    fn noted<T>(&mut self, id: InstanceId, value: T) -> Result<T, ComputeError> {
        self.note(id).map_err(ComputeError::Unknown)?;
        Ok(value)
    }
}

#[async_trait]
impl Compute for SimCompute {
    async fn launch(&self, spec: &LaunchSpec) -> Result<Machine, ComputeError> {
        let id = spec.owner.instance;
        self.call(Op::Launch, Some(id), &spec.placement, |state, now| {
            let machine = state.machines.launch(spec, now)?;
            state.noted(id, machine)
        })
        .await
    }

    async fn terminate(&self, owner: &OwnerKey) -> Result<(), ComputeError> {
        let id = owner.instance;
        self.call(Op::Terminate, Some(id), &self.place(id), |state, _| {
            state.machines.terminate(owner);
            state.noted(id, ())
        })
        .await
    }

    async fn adopt(&self, owner: &OwnerKey) -> Result<Machine, ComputeError> {
        self.run(|state, _| {
            let machine = state.machines.adopt(owner)?;
            state.noted(owner.instance, machine)
        })
    }

    async fn release(&self, owner: &OwnerKey) -> Result<(), ComputeError> {
        self.run(|state, _| {
            state.machines.release(owner);
            state.noted(owner.instance, ())
        })
    }

    async fn start(&self, owner: &OwnerKey) -> Result<Machine, ComputeError> {
        let id = owner.instance;
        self.call(Op::Start, Some(id), &self.place(id), |state, _| {
            let machine = state.machines.set_state(owner, MachineState::Running)?;
            state.noted(id, machine)
        })
        .await
    }

    async fn stop(&self, owner: &OwnerKey, _: StopMode) -> Result<Machine, ComputeError> {
        let id = owner.instance;
        self.call(Op::Stop, Some(id), &self.place(id), |state, _| {
            let machine = state.machines.set_state(owner, MachineState::Stopped)?;
            state.noted(id, machine)
        })
        .await
    }

    async fn reset(&self, spec: &LaunchSpec, _: Time) -> Result<Machine, ComputeError> {
        let id = spec.owner.instance;
        self.call(Op::Reset, Some(id), &self.place(id), |state, _| {
            let machine = state.machines.reset(spec)?;
            state.noted(id, machine)
        })
        .await
    }

    async fn tag(&self, owner: &OwnerKey, tags: &[Tag]) -> Result<Machine, ComputeError> {
        let id = owner.instance;
        self.run(|state, _| {
            let machine = state.machines.tag(owner, tags)?;
            state.noted(id, machine)
        })
    }

    async fn command(&self, owner: &OwnerKey, _: &CommandRun) -> Result<CommandEnd, ComputeError> {
        let id = owner.instance;
        self.call(Op::Command, Some(id), &self.place(id), |state, _| {
            state.machines.reachable(owner)?;
            Ok(CommandEnd {
                succeeded: true,
                message: String::new(),
            })
        })
        .await
    }

    async fn list(&self, group: Option<GroupId>) -> Result<Vec<Arc<Machine>>, ComputeError> {
        self.call(Op::Describe, None, &Placement::default(), |state, now| {
            state.take_back(now)?;
            Ok(state.machines.list(group))
        })
        .await
    }

    async fn describe(&self, ids: &[InstanceId]) -> Result<Vec<Machine>, ComputeError> {
        self.run(|state, now| {
            state.take_back(now)?;
            Ok(ids
                .iter()
                .filter_map(|id| state.machines.get(*id))
                .map(|m| (**m).clone())
                .collect())
        })
    }

    async fn inventory(&self) -> Result<Vec<Arc<Machine>>, ComputeError> {
        self.run(|state, now| {
            state.take_back(now)?;
            Ok(state.machines.all())
        })
    }

    async fn changed(&self) -> Option<GroupId> {
        loop {
            if let Some(group) = self.state().hints.pop_first() {
                return Some(group);
            }
            self.hinted.notified().await;
        }
    }
}
