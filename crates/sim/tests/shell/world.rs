//! The whole shell in a world of its own: started again after every crash, on the same store, among the same machines.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use muster_model::{
    Access, Account, AccountId, Command, ConfigSpec, Created, Door, Error, GroupCommand, GroupId,
    GroupSpec, GroupView, Ids, InstanceId, Reading, RecordCommand, RecordId, RecordSpec, Records,
    ServerState, Site, Time,
};
use muster_ports::{Api, Caller, Clock, Commit, Compute, LoadBalancer, Row, Store};
use muster_runtime::{Options, Route, Runtime, Sink, Spread};
use muster_sim::{Action, sample_group};

use crate::ports::{Faulty, Life, Shared, sorted};

/// A life of the service.
struct Service {
    tokio: tokio::runtime::Runtime,
    runtime: Arc<Runtime>,
    life: Arc<Life>,
}

/// What became of a request.
pub(crate) type Answer = Result<Created, Error>;

pub(crate) struct World {
    pub(crate) shared: Arc<Shared>,
    service: Option<Service>,
    pub(crate) caller: Caller,
    lives: u64,
    seed: u64,
    /// Machines that were killed behind everybody's back.
    pub(crate) killed: BTreeSet<InstanceId>,
    /// Machines that were nobody's from the beginning.
    pub(crate) foreign: BTreeSet<InstanceId>,
    /// How groups were when they were last looked at.
    pub(crate) groups: BTreeMap<GroupId, Arc<GroupView>>,
    /// What was done, for those who read why a seed fails.
    pub(crate) log: Vec<String>,
}

/// What the faults of a listing and of endpoints share with the shell's configuration.
const TIMEOUT_SECS: u32 = 30;
/// As in the server.
const SPREAD_PATIENCE_SECS: u32 = 14 * 86_400;
/// Longest stretch of time in one go, seconds: between two of them, what is late arrives.
const STRIDE_SECS: u64 = 30;

impl World {
    pub(crate) fn new(seed: u64) -> World {
        let shared = Shared::new(seed);
        let account: AccountId = Ids::new(seed ^ 0xACC0).next_id();
        let row = Row::Account(Arc::new(Account {
            id: account,
            name: "sim".to_owned(),
            version: 1,
            created_at: shared.clock.now(),
        }));
        let commit = Commit {
            guards: Vec::new(),
            rows: vec![row],
        };
        pollster::block_on(shared.store.commit(commit)).unwrap();
        let mut world = World {
            shared,
            service: None,
            caller: Caller {
                account,
                access: Access::Full,
                site: Site::default(),
            },
            lives: 0,
            seed,
            killed: BTreeSet::new(),
            foreign: BTreeSet::new(),
            groups: BTreeMap::new(),
            log: Vec::new(),
        };
        world.revive();
        world
    }

    pub(crate) fn now(&self) -> Time {
        self.shared.clock.now()
    }

    pub(crate) fn note(&mut self, line: impl Into<String>) {
        let at = (self.now().0 - 1_000_000_000) as f64 / 1000.0;
        self.log.push(format!("{at:>9.3} {}", line.into()));
    }

    pub(crate) fn records(&self) -> Records {
        self.shared.around().audit.records.clone()
    }

    pub(crate) fn broken(&self) -> Vec<String> {
        self.shared.around().audit.broken.clone()
    }

    /// Starts the service, however often it crashes on the way.
    fn revive(&mut self) {
        while self.service.is_none() {
            self.lives += 1;
            let tokio = tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .start_paused(true)
                .build()
                .unwrap();
            let life = Arc::new(Life::default());
            let ports = Faulty {
                shared: Arc::clone(&self.shared),
                life: Arc::clone(&life),
            };
            let seed = self.seed.wrapping_mul(1000) + self.lives;
            let started = tokio.block_on(async {
                tokio::select! {
                    biased;
                    () = life.bell.notified() => None,
                    started = start(ports, seed) => started,
                }
            });
            match started {
                Some(runtime) if !life.is_over() => {
                    self.service = Some(Service {
                        tokio,
                        runtime,
                        life,
                    });
                }
                _ => self.note("it crashes while it starts"),
            }
        }
    }

    /// Lets the service do something; `None` = it crashed meanwhile, and has been started again.
    pub(crate) fn with<T, F: Future<Output = T>>(
        &mut self,
        run: impl FnOnce(Arc<Runtime>) -> F,
    ) -> Option<T> {
        self.revive();
        let service = self.service.as_ref()?;
        let runtime = Arc::clone(&service.runtime);
        let done = service.tokio.block_on(async {
            tokio::select! {
                biased;
                () = service.life.bell.notified() => None,
                done = run(runtime) => Some(done),
            }
        });
        if done.is_none() || service.life.is_over() {
            self.note("it crashes");
            self.service = None;
            self.revive();
        }
        done
    }

    /// Stops the service between two things that it does, and starts it again.
    pub(crate) fn restart(&mut self) {
        self.service = None;
        self.revive();
        self.look();
    }

    /// Asks the service for something, once; `None` = it crashed on the way.
    pub(crate) fn ask(&mut self, command: Command) -> Option<Answer> {
        let caller = self.caller.clone();
        let text = format!("{command:?}");
        let short: String = text.chars().take(230).collect();
        let answer = self.with(|runtime| async move { runtime.execute(&caller, command).await });
        self.note(format!("{short} -> {answer:?}"));
        answer
    }

    /// Asks until there is an answer that says what became of it.
    pub(crate) fn insist(&mut self, command: &Command) -> Answer {
        for _ in 0..50 {
            match self.ask(command.clone()) {
                None | Some(Err(Error::Store { .. })) => {}
                Some(answer) => return answer,
            }
        }
        panic!("no answer to {command:?}")
    }

    pub(crate) fn change(&mut self, commands: Vec<RecordCommand>) -> Option<Answer> {
        self.ask(Command::Records(commands))
    }

    pub(crate) fn make(&mut self, spec: RecordSpec) -> Option<RecordId> {
        match self.change(vec![RecordCommand::Create(spec)]) {
            Some(Ok(Created::Record(id))) => Some(id),
            _ => None,
        }
    }

    pub(crate) fn group(&mut self, id: GroupId, command: GroupCommand) -> Option<Answer> {
        self.ask(Command::Group { id, command })
    }

    /// Pushes values; whether they were taken.
    pub(crate) fn push(&mut self, readings: &[Reading]) -> bool {
        let all = readings.iter().cloned();
        self.shared.around().audit.pushed.extend(all);
        let caller = self.caller.clone();
        let pushed = self.with(|runtime| async move { runtime.push(&caller, readings).await });
        for one in readings {
            self.note(format!("push {} at {}: {pushed:?}", one.value, one.at.0));
        }
        pushed.is_some_and(|pushed| pushed.is_ok())
    }

    /// Somebody at an endpoint says yes or no.
    pub(crate) fn answer(&mut self, answer: &muster_model::SubscriberAnswer) {
        let said = self.with(|runtime| async move { runtime.subscriber_says(answer).await });
        self.note(format!("{answer:?}: {said:?}"));
    }

    /// Lets time pass, whatever happens.
    pub(crate) fn pass(&mut self, secs: u64) {
        let until = self.now().plus_secs(secs);
        while self.now() < until && self.broken().is_empty() {
            self.arrive_late();
            let left = until.millis_since(self.now()).div_ceil(1000);
            let stride = left.min(STRIDE_SECS);
            self.with(|runtime| async move { runtime.advance(stride).await });
            if self.lives > 500 {
                panic!("it crashes for ever");
            }
        }
        self.look();
    }

    /// Launches that hung reach the back end, whoever waits.
    fn arrive_late(&mut self) {
        let now = self.now();
        let late = std::mem::take(&mut self.shared.around().late);
        let (due, late): (Vec<_>, Vec<_>) = late.into_iter().partition(|(at, _)| *at <= now);
        self.shared.around().late = late;
        for (_, spec) in due {
            let made = pollster::block_on(self.shared.machines.launch(&spec));
            self.note(format!("{} arrives late: {}", spec.owner, made.is_ok()));
        }
    }

    /// Looks at the groups.
    pub(crate) fn look(&mut self) {
        let caller = self.caller.clone();
        let views = self.with(|runtime| async move { runtime.views(&caller).await });
        if let Some(Ok(views)) = views {
            let views = views.into_iter().map(|view| (view.group.id, view));
            self.groups = views.collect();
        }
    }

    /// Asks for a group once more, whatever becomes of it, with the configuration of one that is there.
    pub(crate) fn new_group(&mut self, name: &str) {
        let config = self.groups.values().find_map(|view| view.group.spec.config);
        let spec = GroupSpec {
            name: name.to_owned(),
            config,
            cooldown_secs: 0,
            ..sample_group(0, 1, 3)
        };
        let answer = self.ask(Command::CreateGroup {
            door: Door::Tencent3,
            site: Site::default(),
            spec: Box::new(spec),
        });
        if matches!(answer, Some(Err(Error::Store { .. }))) {
            // A restart would make it known: there is none before somebody has looked.
            let odds = std::mem::take(&mut self.shared.around().dice.odds);
            self.pass(120);
            let unknown = self.unknown_groups();
            assert!(unknown.is_empty(), "{unknown:?}\n{}", self.log.join("\n"));
            self.shared.around().dice.odds = odds;
        }
        self.look();
    }

    /// Makes a group of two to begin with. Nothing goes wrong with that.
    pub(crate) fn make_group(&mut self, name: &str) -> GroupId {
        self.make_group_at(name, Door::Tencent3, 2)
    }

    /// As [`World::make_group`], by a door and of so many.
    pub(crate) fn make_group_at(&mut self, name: &str, door: Door, desired: u32) -> GroupId {
        let site = Site::default();
        let config = ConfigSpec {
            name: format!("conf {name}"),
            image: Some("img-1".to_owned()),
            instance_types: vec!["A".to_owned()],
            ..ConfigSpec::default()
        };
        let config = Command::CreateConfig {
            door,
            site: site.clone(),
            spec: Box::new(config),
        };
        let Ok(Created::Config(config)) = self.insist(&config) else {
            panic!("no configuration")
        };
        let spec = GroupSpec {
            name: name.to_owned(),
            config: Some(config),
            cooldown_secs: 0,
            ..sample_group(0, desired, 6)
        };
        let group = Command::CreateGroup {
            door,
            site,
            spec: Box::new(spec),
        };
        let Ok(Created::Group(group)) = self.insist(&group) else {
            panic!("no group")
        };
        self.look();
        group
    }

    /// A machine dies behind everybody's back.
    pub(crate) fn kill(&mut self, instance: InstanceId) {
        if self.shared.machines.act(instance, Action::Kill).is_ok() {
            self.killed.insert(instance);
            self.note(format!("{instance} dies"));
        }
    }

    /// Groups that are committed and not shown.
    fn unknown_groups(&self) -> Vec<String> {
        let rows = pollster::block_on(self.shared.store.groups()).unwrap();
        let ids = rows.into_iter().map(|rows| rows.group.id);
        let unknown = ids.filter(|id| !self.groups.contains_key(id));
        unknown
            .map(|id| format!("{id} is committed and not known"))
            .collect()
    }

    /// What keeps it from rest, and what is not as it was promised, when nothing goes wrong any more.
    pub(crate) fn unrest(&mut self) -> Vec<String> {
        self.look();
        let mut found = self.broken();
        found.extend(self.unknown_groups());
        let records = self.records();
        let (owned, free) = sorted(&self.shared.machines);
        for machine in &owned {
            let Some(owner) = &machine.owner else {
                continue;
            };
            let group = self.groups.get(&owner.group);
            if group.is_none_or(|view| view.row(owner.instance).is_none()) {
                found.push(format!("P2: {} of {owner} has no row", machine.id));
            }
        }
        let servers = records.servers.values();
        let servers: BTreeMap<InstanceId, _> =
            servers.map(|one| (one.spec.instance, one)).collect();
        for machine in &free {
            let known = servers.contains_key(machine) || self.foreign.contains(machine);
            if !known {
                found.push(format!("P2: {machine} is nobody's"));
            }
        }
        for (instance, server) in &servers {
            let is_there =
                free.contains(instance) || owned.iter().any(|machine| machine.id == *instance);
            match (&server.spec.state, is_there) {
                (ServerState::Building, _) => {
                    found.push(format!("{instance} is still being made"));
                }
                (ServerState::Failed { .. }, true) => {
                    found.push(format!("{instance} was not made, and is there"));
                }
                (ServerState::Made, false) if !self.killed.contains(instance) => {
                    found.push(format!("{instance} was made, and is not there"));
                }
                (ServerState::Made, _) | (ServerState::Failed { .. }, false) => {}
            }
        }
        for job in records.server_jobs.values() {
            if !job.spec.is_over() || job.spec.ended_at.is_none() {
                found.push(format!("job {} never ends: {:?}", job.id, job.spec));
            }
        }
        found.extend(self.groups_unrest(&records));
        found.extend(self.shared.around().audit.unheard());
        found
    }

    fn groups_unrest(&self, records: &Records) -> Vec<String> {
        let mut found = Vec::new();
        for (id, view) in &self.groups {
            if view.is_busy() || view.group.busy.is_some() {
                found.push(format!("{id} is busy"));
            }
            let (here, desired) = (view.instances.len(), view.group.spec.size.desired as usize);
            if view.group.spec.enabled && here != desired {
                found.push(format!("{id} has {here} of {desired}"));
            }
            for ring in muster_engine::rings(view, records) {
                found.push(format!("{id} was never told: {ring:?}"));
            }
            for policy in view.parts.policies.values() {
                if policy.watch.rung.is_some() || policy.watch.waiting {
                    found.push(format!("{} of {id} never acts", policy.name));
                }
            }
        }
        let due = |policy: &&Arc<muster_model::BandwidthPolicy>| {
            muster_engine::bandwidth_due(&policy.spec).is_some_and(|at| at < self.now())
        };
        for policy in records.bandwidth_policies.values().filter(due) {
            found.push(format!("the time of {} has passed", policy.spec.name));
        }
        found
    }
}

async fn start(ports: Faulty, seed: u64) -> Option<Arc<Runtime>> {
    let ports = Arc::new(ports);
    let options = Options {
        seed: Some(seed),
        ..Options::default()
    };
    let runtime = Runtime::start(
        Arc::clone(&ports) as Arc<dyn Store>,
        Arc::clone(&ports) as Arc<dyn Compute>,
        Arc::clone(&ports.shared.machines) as Arc<dyn LoadBalancer>,
        Arc::clone(&ports.shared.clock),
        options,
    );
    let runtime = runtime.await.ok()?;
    let sink = |name: &str, route, notifier| Sink {
        name: name.to_owned(),
        route,
        notifier,
        patience_secs: SPREAD_PATIENCE_SECS,
        timeout_secs: TIMEOUT_SECS,
        groups_at_once: 64,
    };
    let sinks = vec![
        sink("(topics)", Route::Topics, Arc::new(Spread::of(&runtime))),
        sink("(subscriptions)", Route::Deliveries, ports),
    ];
    runtime.deliver_to(sinks).await.ok()?;
    Some(runtime)
}
