//! The simulated world: one thread, virtual time, the engine, a store, and machines that misbehave by seed.
//!
//! It follows the same protocol as the production shell: look, decide, commit guarded by the version, then call; every
//! answer is applied and committed. A crash forgets everything but the store and the machines.

use std::collections::BTreeMap;
use std::sync::Arc;

use muster_engine::{
    Context, Facts, PlannedCall, Settings, apply, create_config, create_group, plan,
};
use muster_model::{
    Account, Activity, ActivityFilter, BalancerPlace, BalancerTarget, ConfigSpec, Created, Door,
    Error, GroupCommand, GroupId, GroupSpec, GroupView, Ids, InstanceId, LaunchConfiguration, Page,
    Site, StepResult, Time,
};
use muster_ports::{Commit, Guard, MemberTable, Row, Store, StoreError};

use crate::dice::{Dice, Odds};
use crate::machines::Machines;
use crate::world_balancers::{Carried, Listed, Load};
use crate::world_metrics::Given;

/// Between two listings of the machines.
pub(crate) const OBSERVE_MILLIS: i64 = 10_000;
/// Lines of the event log that are kept.
const LOG_KEPT: usize = 200;

/// A command from outside.
pub type Command = GroupCommand;

/// The service crashed; `committed`: what it was doing had been written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crash {
    /// Whether the commit at which it crashed had been written.
    pub committed: bool,
}

/// Where to crash, for runs that crash at every point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// Before the n-th commit (from 0).
    BeforeCommit(usize),
    /// After it.
    AfterCommit(usize),
    /// Before the n-th call reaches the back end.
    BeforeCall(usize),
    /// After it was done, before its answer.
    AfterCall(usize),
}

/// Why a command did not do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WorldError {
    /// The service crashed on the way.
    Crashed(Crash),
    /// The store failed; the caller does not know.
    Store,
    /// It was refused.
    Refused(Error),
}

/// What is going to happen.
#[derive(Clone, Debug)]
pub(crate) enum Happening {
    Turn(GroupId),
    /// A call reaches the back end, with what it carries.
    Reach {
        call: PlannedCall,
        carried: Arc<Carried>,
        fate: Fate,
    },
    /// An answer comes home.
    Reply {
        call: PlannedCall,
        result: StepResult,
    },
    Observe,
    /// A listing that was asked for earlier comes home.
    Listed {
        asked_at: Time,
        machines: Vec<Arc<muster_model::Machine>>,
        members: Option<Listed>,
    },
}

/// What becomes of a call, decided when it is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Done { doubled: bool },
    Refused(muster_model::AttemptCode),
    DoneSilently,
    NotDone,
}

/// The simulated world.
pub struct World {
    pub(crate) store: Arc<dyn Store>,
    /// The machines as they are.
    pub machines: Machines,
    /// The members at the balancers as they are.
    pub members: MemberTable,
    /// Balancers that do not answer, and until when.
    pub(crate) silent: BTreeMap<BalancerPlace, Time>,
    /// The load of members that are being drained.
    pub(crate) load: BTreeMap<(BalancerTarget, InstanceId), Load>,
    /// The dice.
    pub dice: Dice,
    /// The present moment.
    pub now: Time,
    pub(crate) happenings: BTreeMap<(Time, u64), Happening>,
    next_happening: u64,
    /// The groups as the service believes them.
    pub groups: BTreeMap<GroupId, GroupView>,
    pub(crate) configs: BTreeMap<muster_model::ConfigId, Arc<LaunchConfiguration>>,
    account: Account,
    pub(crate) settings: Settings,
    ids: Ids,
    /// Where to crash.
    pub crash_at: Option<Point>,
    /// Commits so far.
    pub commits: usize,
    /// Calls so far.
    pub calls: usize,
    pub(crate) crash_soon: bool,
    log: Vec<String>,
    /// What was found to be wrong.
    pub broken: Vec<String>,
    /// A group whose machines turn unhealthy before they are listed.
    pub(crate) cursed: Option<GroupId>,
    /// What the service was given of metrics, oldest first.
    pub(crate) given: Vec<Given>,
    /// How often a policy took machines away: a check that never looked would prove nothing.
    pub scale_ins: usize,
}

impl World {
    /// A world on an empty store.
    ///
    /// # Errors
    /// The store does not take the account.
    pub fn new(store: Arc<dyn Store>, seed: u64, odds: Odds) -> Result<World, StoreError> {
        let mut dice = Dice::new(seed, odds);
        let mut ids = Ids::new(dice.bits());
        let account = Account {
            id: ids.next_id(),
            name: "sim".to_owned(),
            version: 1,
            created_at: Time(0),
        };
        let rows = vec![Row::Account(Arc::new(account.clone()))];
        pollster::block_on(store.commit(Commit {
            guards: Vec::new(),
            rows,
        }))?;
        let mut world = World {
            store,
            machines: Machines::default(),
            members: MemberTable::default(),
            silent: BTreeMap::new(),
            load: BTreeMap::new(),
            dice,
            now: Time(0),
            happenings: BTreeMap::new(),
            next_happening: 0,
            groups: BTreeMap::new(),
            configs: BTreeMap::new(),
            account,
            settings: Settings::default(),
            ids,
            crash_at: None,
            commits: 0,
            calls: 0,
            crash_soon: false,
            log: Vec::new(),
            broken: Vec::new(),
            cursed: None,
            given: Vec::new(),
            scale_ins: 0,
        };
        world.schedule(Time(OBSERVE_MILLIS), Happening::Observe);
        Ok(world)
    }

    pub(crate) fn schedule(&mut self, at: Time, happening: Happening) {
        let number = self.next_happening;
        self.next_happening += 1;
        self.happenings
            .insert((at.max(self.now), number), happening);
    }

    /// Notes what happened.
    pub(crate) fn note(&mut self, line: impl FnOnce() -> String) {
        if self.log.len() >= LOG_KEPT {
            self.log.remove(0);
        }
        let line = format!("{:>9} {}", self.now.0, line());
        self.log.push(line);
    }

    /// The last events.
    #[must_use]
    pub fn log(&self) -> String {
        self.log.join("\n")
    }

    /// Fresh ids for a decision.
    pub(crate) fn fresh(&mut self) -> Ids {
        Ids::new(self.ids.next_key().bits() ^ self.dice.bits())
    }

    /// Makes a configuration through the door of Tencent Cloud 3.0. Nothing goes wrong with that here.
    ///
    /// # Errors
    /// It was refused.
    pub fn config(&mut self, spec: &ConfigSpec) -> Result<Arc<LaunchConfiguration>, WorldError> {
        self.config_through(Door::Tencent3, spec)
    }

    /// The same through any door.
    ///
    /// # Errors
    /// It was refused.
    pub fn config_through(
        &mut self,
        door: Door,
        spec: &ConfigSpec,
    ) -> Result<Arc<LaunchConfiguration>, WorldError> {
        let facts = Facts::default();
        let mut ids = self.fresh();
        let settings = self.settings.clone();
        let mut context = Context {
            now: self.now,
            ids: &mut ids,
            settings: &settings,
            facts: &facts,
        };
        let config = create_config(&self.account, door, &Site::default(), spec, &mut context)
            .map_err(WorldError::Refused)?;
        let config = Arc::new(config);
        let commit = Commit {
            guards: Vec::new(),
            rows: vec![Row::Config(Arc::clone(&config))],
        };
        pollster::block_on(self.store.commit(commit)).map_err(|_| WorldError::Store)?;
        self.configs.insert(config.id, Arc::clone(&config));
        Ok(config)
    }

    /// Makes a group through the door of Tencent Cloud 3.0.
    ///
    /// # Errors
    /// See [`WorldError`].
    pub fn group(&mut self, spec: &GroupSpec) -> Result<GroupId, WorldError> {
        self.group_through(Door::Tencent3, spec)
    }

    /// The same through any door.
    ///
    /// # Errors
    /// See [`WorldError`].
    pub fn group_through(&mut self, door: Door, spec: &GroupSpec) -> Result<GroupId, WorldError> {
        let facts = Facts {
            config: spec.config.and_then(|id| self.configs.get(&id).cloned()),
            ..Facts::default()
        };
        let mut ids = self.fresh();
        let settings = self.settings.clone();
        let mut context = Context {
            now: self.now,
            ids: &mut ids,
            settings: &settings,
            facts: &facts,
        };
        let view = create_group(&self.account, door, &Site::default(), spec, &mut context)
            .map_err(WorldError::Refused)?;
        let id = view.group.id;
        let mut rows = vec![Row::Group(Arc::clone(&view.group))];
        rows.extend(
            view.instances
                .values()
                .map(|instance| Row::Instance(Arc::clone(instance))),
        );
        rows.extend(
            view.activities
                .values()
                .map(|activity| Row::Activity(Arc::clone(activity))),
        );
        self.write(
            Commit {
                guards: vec![Guard::NoGroup(id)],
                rows,
            },
            |world| world.accept(id, Some(view)),
        )?;
        Ok(id)
    }

    /// Applies a command to a group.
    ///
    /// # Errors
    /// See [`WorldError`].
    pub fn command(&mut self, id: GroupId, command: &GroupCommand) -> Result<Created, WorldError> {
        let Some(view) = self.groups.get(&id).cloned() else {
            return Err(WorldError::Refused(Error::NotFound {
                kind: muster_model::ResourceKind::Group,
                id: id.to_string(),
            }));
        };
        self.given(id, command);
        let mut ids = self.fresh();
        let (facts, settings) = (Facts::default(), self.settings.clone());
        let mut context = Context {
            now: self.now,
            ids: &mut ids,
            settings: &settings,
            facts: &facts,
        };
        let (change, created) = apply(&view, command, &mut context).map_err(WorldError::Refused)?;
        self.commit_change(&view, &change)?;
        Ok(created)
    }

    /// A turn of a group.
    pub(crate) fn turn(&mut self, id: GroupId) {
        let Some(view) = self.groups.get(&id).cloned() else {
            return;
        };
        let mut ids = self.fresh();
        let plan = plan(&view, self.now, &mut ids, &self.settings);
        if plan.change.is_empty() {
            if let Some(at) = view.group.wake_at {
                if at < self.now {
                    // It would be for ever: every wait has its deadline, and something comes of it.
                    let late = format!("P3: nothing comes of the wake-up of {id} at {}", at.0);
                    self.broken.push(late);
                }
                self.schedule(at.max(self.now.plus_millis(1)), Happening::Turn(id));
            }
            return;
        }
        self.check_scale_in(&view, &plan.change);
        match self.commit_change(&view, &plan.change) {
            Ok(()) => {
                for call in plan.calls {
                    self.make(call);
                }
            }
            Err(WorldError::Store) => self.schedule(self.now.plus_millis(500), Happening::Turn(id)),
            Err(WorldError::Crashed(_) | WorldError::Refused(_)) => {}
        }
    }

    /// Runs what happens next, if it happens until `until`.
    pub fn step(&mut self, until: Time) -> bool {
        let Some(((at, number), _)) = self.happenings.first_key_value().map(|(k, v)| (*k, v))
        else {
            return false;
        };
        if at > until {
            return false;
        }
        let Some(happening) = self.happenings.remove(&(at, number)) else {
            return false;
        };
        self.now = self.now.max(at);
        self.run(happening);
        if std::mem::take(&mut self.crash_soon) {
            self.crash(true);
        }
        self.check_machines();
        self.check_members();
        true
    }

    /// Lets time pass.
    pub fn pass(&mut self, millis: i64) {
        let until = self.now.plus_millis(millis);
        while self.step(until) && self.broken.is_empty() {}
        self.now = self.now.max(until);
    }

    /// P2: every machine with a key of ours has a row.
    fn check_machines(&mut self) {
        for machine in self.machines.list(None) {
            let Some(owner) = &machine.owner else {
                continue;
            };
            let known = self
                .groups
                .get(&owner.group)
                .is_some_and(|view| view.row(owner.instance).is_some());
            if !known {
                self.broken.push(format!(
                    "P2: machine {} of {} has no row",
                    machine.id, owner.group
                ));
            }
        }
    }

    /// What keeps a group from rest, in words; empty when it is at rest where it wants to be.
    #[must_use]
    pub fn unrest(&mut self, id: GroupId) -> Vec<String> {
        let Some(view) = self.groups.get(&id).cloned() else {
            return Vec::new();
        };
        let mut found = Vec::new();
        let serving = view
            .instances
            .values()
            .filter(|i| i.state == muster_model::Lifecycle::InService)
            .count();
        let free = view.instances.values().filter(|i| !i.protected).count();
        let size = view.group.spec.size;
        // Members that rest take their place under the maximum (promise P1).
        let room = (size.max as usize).saturating_sub(view.instances.len() - serving);
        let (desired, reachable) = (size.desired as usize, room.min(size.desired as usize));
        if view.group.busy.is_some() || view.is_busy() {
            found.push("an activity is running".to_owned());
        }
        if view.rows().any(|i| i.call.is_some()) {
            found.push("a call is not over".to_owned());
        }
        let ready = view.pool.values();
        let ready = ready.filter(|i| i.state == muster_model::Lifecycle::Stopped);
        let (ready, capacity) = (ready.count(), view.pool_capacity());
        // Members above the maximum, that a shrunk maximum left behind, take its place under the bound (promise P1).
        let bound = view.most_machines().saturating_sub(view.instances.len());
        let fill = capacity.min(bound);
        if view.pool.len() > capacity
            || (view.group.spec.enabled && ready < fill && serving >= desired)
        {
            found.push(format!("{ready} are ready in the warm pool of {capacity}"));
        }
        if view.group.spec.enabled && (serving < reachable || (serving > desired && free > 0)) {
            found.push(format!("{serving} serve, {desired} are desired"));
        }
        found.extend(self.members_unrest(id));
        let mut ids = self.fresh();
        let plan = plan(&view, self.now, &mut ids, &self.settings);
        if !plan.change.is_empty() || !plan.calls.is_empty() {
            found.push("another turn would change something".to_owned());
        }
        found
    }

    /// All activities, newest first.
    #[must_use]
    pub fn activities(&self) -> Vec<Arc<Activity>> {
        let page = Page {
            offset: 0,
            limit: 10_000,
        };
        let filters: &[ActivityFilter] = &[];
        pollster::block_on(self.store.activities(self.account.id, filters, page))
            .map_or(Vec::new(), |paged| paged.items)
    }
}
