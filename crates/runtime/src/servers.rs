//! Machines that are asked for by themselves: made outside groups, destroyed, stopped and started by their ids.
//!
//! What is asked for is written down as a job before anything is done, and a job is gone on with until its end: at once,
//! with every listing, and after a restart. Each of its steps may be done again. While an account works on a machine of
//! nobody's, the machine carries the account's own key; what is left with such a key when nobody works on it is freed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use muster_model::{
    AccountId, Created, Error, GroupId, GroupView, InstanceId, Machine, OwnerKey, RecordCommand,
    RecordId, RecordSpec, ResourceKind, Server, ServerCommand, ServerJob, ServerJobId,
    ServerJobSpec, ServerSpec, ServerState, ServerTask, ServerWork, Site, TaskState,
};
use muster_ports::{ApiResult, Clock, ComputeError};
use tokio::sync::Notify;

use crate::api::Ask;
use crate::directory::AccountSlot;
use crate::runtime::Runtime;
use crate::server_steps::Step;

/// For so long a job is tried, seconds.
const PATIENCE_SECS: u64 = 600;
/// Ended jobs of an account that are kept.
const JOBS_KEPT: usize = 500;
/// Machines that one command may name or make.
const MOST: usize = 1000;

/// A job, and where.
type JobKey = (AccountId, ServerJobId);

/// The jobs that are not over, and those of them that are to be gone on with.
#[derive(Default)]
pub(crate) struct Jobs {
    state: Mutex<JobState>,
    bell: Notify,
}

#[derive(Default)]
struct JobState {
    open: BTreeSet<JobKey>,
    wanted: BTreeSet<JobKey>,
    running: BTreeSet<JobKey>,
    /// Machines that an account works on.
    in_hand: BTreeSet<InstanceId>,
}

impl Jobs {
    fn state(&self) -> MutexGuard<'_, JobState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A machine that is worked on; it is nobody's business else until this is gone.
pub(crate) struct InHand<'a>(&'a Jobs, InstanceId);

impl<'a> InHand<'a> {
    /// Takes a machine in hand; `None` = somebody has it.
    pub(crate) fn take(jobs: &'a Jobs, machine: InstanceId) -> Option<InHand<'a>> {
        let is_free = jobs.state().in_hand.insert(machine);
        is_free.then_some(InHand(jobs, machine))
    }
}

impl Drop for InHand<'_> {
    fn drop(&mut self) {
        self.0.state().in_hand.remove(&self.1);
    }
}

fn back_end(error: &ComputeError) -> Error {
    Error::BackEnd {
        code: muster_model::AttemptCode::Failed,
        message: error.to_string(),
    }
}

fn absent(instance: InstanceId) -> Error {
    Error::NotFound {
        kind: ResourceKind::Instance,
        id: instance.uuid(),
    }
}

impl Runtime {
    /// Decides a command on machines and writes down the job that does it.
    pub(crate) async fn execute_servers(
        &self,
        caller: &Ask<'_>,
        command: ServerCommand,
    ) -> ApiResult<Created> {
        let until = self.clock.now().plus_secs(PATIENCE_SECS);
        let job = |kind, instances: &[InstanceId]| {
            RecordSpec::ServerJob(Box::new(ServerJobSpec {
                kind,
                tasks: instances
                    .iter()
                    .map(|instance| ServerTask {
                        instance: *instance,
                        state: TaskState::Running,
                    })
                    .collect(),
                until,
                ended_at: None,
            }))
        };
        let commands = match command {
            ServerCommand::Create { spec, count } => {
                let settings = self.settings_of(caller.account, &caller.site);
                muster_engine::check_server(&settings.catalogue, &spec)?;
                let count = usize::try_from(count).unwrap_or(MOST).clamp(1, MOST);
                let mut ids = self.fresh_ids();
                let instances: Vec<InstanceId> = (0..count).map(|_| ids.next_id()).collect();
                let mut commands = vec![RecordCommand::Create(job(ServerWork::Create, &instances))];
                for (number, instance) in instances.iter().enumerate() {
                    let name = match count {
                        1 => spec.name.clone(),
                        _ => format!("{}-{:04}", spec.name, number + 1),
                    };
                    let spec = ServerSpec {
                        instance: *instance,
                        name,
                        state: ServerState::Building,
                        ..(*spec).clone()
                    };
                    commands.push(RecordCommand::Create(RecordSpec::Server(Box::new(spec))));
                }
                commands
            }
            ServerCommand::Act { kind, instances } => {
                self.check_there(caller, &instances).await?;
                vec![RecordCommand::Create(job(kind, &instances))]
            }
        };
        let mut commands = commands;
        commands.extend(self.old_jobs(caller));
        let created = self.execute_records(caller, &commands).await?;
        if let Created::Record(RecordId::ServerJob(id)) = created
            && !caller.check
        {
            self.want_job((caller.account, id));
        }
        Ok(created)
    }

    /// Refuses machines that are not there for the caller.
    async fn check_there(&self, caller: &Ask<'_>, instances: &[InstanceId]) -> ApiResult<()> {
        let there = self.compute.describe(instances).await;
        let there = there.map_err(|error| back_end(&error))?;
        let records = self.records_of(caller.account).in_site(&caller.site);
        for instance in instances {
            let machine = there.iter().find(|machine| machine.id == *instance);
            let seen = machine.is_some_and(|machine| self.may_see(caller, machine));
            let mut servers = records.servers.values();
            if !seen && !servers.any(|server| server.spec.instance == *instance) {
                return Err(absent(*instance));
            }
        }
        Ok(())
    }

    /// Ended jobs that are too many, oldest first.
    fn old_jobs(&self, caller: &Ask<'_>) -> Vec<RecordCommand> {
        let records = self.records_of(caller.account).in_site(&caller.site);
        let ended = records
            .server_jobs
            .values()
            .filter(|job| job.spec.is_over());
        let mut ended: Vec<_> = ended.map(|job| (job.head.created_at, job.id)).collect();
        ended.sort();
        let many = ended.len().saturating_sub(JOBS_KEPT);
        let old = ended.into_iter().take(many);
        old.map(|(_, id)| RecordCommand::Delete {
            id: RecordId::ServerJob(id),
        })
        .collect()
    }

    /// Takes up the jobs that were not over when the runtime stopped.
    pub(crate) fn load_jobs(&self) {
        for account in self.directory.accounts() {
            self.take_up_jobs(&account);
        }
    }

    /// Takes up the jobs of an account that are not over: the next listing goes on with them.
    pub(crate) fn take_up_jobs(&self, account: &AccountSlot) {
        let records = account.records();
        let jobs = records.server_jobs.values();
        let open = jobs.filter(|job| !job.spec.is_over());
        let id = account.account().id;
        let mut state = self.jobs.state();
        state.open.extend(open.map(|job| (id, job.id)));
    }

    /// A job is to be gone on with. It counts as a call in flight until that has been done.
    fn want_job(&self, key: JobKey) {
        let mut state = self.jobs.state();
        state.open.insert(key);
        if state.wanted.insert(key) {
            self.in_flight.fetch_add(1, Ordering::SeqCst);
        }
        drop(state);
        self.jobs.bell.notify_one();
    }

    /// Every job that is not over is to be gone on with: something has changed that it may wait for.
    pub(crate) fn want_jobs(&self) {
        let open: Vec<JobKey> = {
            let state = self.jobs.state();
            state.open.difference(&state.running).copied().collect()
        };
        open.into_iter().for_each(|key| self.want_job(key));
    }

    /// Goes on with jobs until the runtime stops.
    pub(crate) async fn work_on_jobs(self: Arc<Self>) {
        self.want_jobs();
        while !self.stopping() {
            let next = {
                let mut state = self.jobs.state();
                let next = state.wanted.difference(&state.running).next().copied();
                if let Some(key) = next {
                    state.wanted.remove(&key);
                    state.running.insert(key);
                }
                next
            };
            let Some(key) = next else {
                tokio::select! {
                    biased;
                    () = self.jobs.bell.notified() => {}
                    () = self.stopped.notified() => {}
                }
                continue;
            };
            let runtime = Arc::clone(&self);
            tokio::spawn(async move {
                runtime.go_on(key).await;
                runtime.jobs.state().running.remove(&key);
                runtime.jobs.bell.notify_one();
                runtime.in_flight.fetch_sub(1, Ordering::SeqCst);
                runtime.stirred();
            });
        }
    }

    /// Goes one step further with each task of a job, and writes down how far it is.
    async fn go_on(&self, key: JobKey) {
        let (account, id) = key;
        let Some(job) = self.records_of(account).server_jobs.get(&id).cloned() else {
            self.jobs.state().open.remove(&key);
            return;
        };
        let mut spec = job.spec.clone();
        let mut groups = BTreeSet::new();
        for task in &mut spec.tasks {
            if task.state != TaskState::Running {
                continue;
            }
            let owner = self.group_of(account, task.instance);
            if let Step::Ended(state) = self.step(&job, task.instance).await {
                task.state = state;
                groups.extend(owner);
            }
        }
        if spec == job.spec {
            return;
        }
        // What was done behind the back of a group is seen at once.
        for group in groups {
            self.observe(Some(group)).await;
        }
        if spec.is_over() {
            spec.ended_at = Some(self.clock.now());
        }
        let site = job.head.site.clone();
        let over = spec.is_over();
        let written = self
            .change_records(account, &site, |records| {
                let mut commands = ends(records, &job, &spec);
                commands.push(RecordCommand::Replace {
                    id: RecordId::ServerJob(id),
                    version: job.head.version,
                    spec: RecordSpec::ServerJob(Box::new(spec.clone())),
                });
                commands
            })
            .await;
        match written {
            Ok(()) if over => {
                self.jobs.state().open.remove(&key);
            }
            Ok(()) => {}
            Err(error) => {
                tracing::warn!(job = %id, %error, "how far a job is could not be written down; it is gone on with later");
            }
        }
    }

    /// The group of the account that a machine is a member of, or that has it in its warm pool.
    fn group_of(&self, account: AccountId, instance: InstanceId) -> Option<GroupId> {
        let slots = self.directory.slots();
        let mut views = slots.iter().map(|(_, slot)| slot.view());
        let found =
            views.find(|view| view.group.account == account && view.row(instance).is_some());
        found.map(|view| view.group.id)
    }

    /// A call to the back end that is given up when it takes too long.
    pub(crate) async fn in_time<T>(
        &self,
        call: impl Future<Output = Result<T, ComputeError>>,
    ) -> Result<T, ComputeError> {
        let patience = u64::from(self.options.settings.call_timeout_secs);
        tokio::select! {
            biased;
            done = call => done,
            () = self.clock.deadline(self.clock.now().plus_secs(patience)) => {
                Err(ComputeError::Unknown("no answer in time".to_owned()))
            }
        }
    }

    /// Every machine that the back end holds.
    pub(crate) async fn inventory(&self) -> ApiResult<Vec<Arc<Machine>>> {
        let listed = self.in_time(self.compute.inventory()).await;
        listed.map_err(|error| back_end(&error))
    }

    /// Who made a machine outside a group, and where; `None` = nobody that is known.
    pub(crate) fn maker(&self, instance: InstanceId) -> Option<(AccountId, Site)> {
        self.directory.accounts().iter().find_map(|slot| {
            let records = slot.records();
            let mut servers = records.servers.values();
            let server = servers.find(|server| server.spec.instance == instance)?;
            Some((server.head.account, server.head.site.clone()))
        })
    }

    /// The record of a machine that was made outside a group.
    pub(crate) fn server_of(
        &self,
        account: AccountId,
        instance: InstanceId,
    ) -> Option<Arc<Server>> {
        let records = self.records_of(account);
        let mut servers = records.servers.values();
        servers
            .find(|server| server.spec.instance == instance)
            .cloned()
    }

    /// Writes down whose a machine is that is about to be let go, so that nobody else ever sees it. One that was made
    /// outside a group has a record already.
    pub(crate) async fn keep_owner(&self, view: &GroupView, owner: &OwnerKey) -> ApiResult<()> {
        let group = &view.group;
        if self.server_of(group.account, owner.instance).is_some() {
            return Ok(());
        }
        // What it is like, the machine itself says.
        let spec = ServerSpec {
            instance: owner.instance,
            name: String::new(),
            description: String::new(),
            instance_type: String::new(),
            image: String::new(),
            vpc: String::new(),
            subnets: Vec::new(),
            zone: String::new(),
            security_groups: Vec::new(),
            key_name: None,
            password: None,
            user_data: None,
            metadata: BTreeMap::new(),
            tags: Vec::new(),
            enterprise_project: None,
            kept: muster_model::Kept::new(),
            state: ServerState::Made,
            system_disk: None,
            data_disks: Vec::new(),
        };
        self.change_records(group.account, &group.site, |_| {
            vec![RecordCommand::Create(RecordSpec::Server(Box::new(spec)))]
        })
        .await
    }

    /// Drops the record of a machine that is gone, if it had one.
    pub(crate) async fn drop_owner(&self, view: &GroupView, owner: &OwnerKey) -> ApiResult<()> {
        let Some(server) = self.server_of(view.group.account, owner.instance) else {
            return Ok(());
        };
        let id = RecordId::Server(server.id);
        let (account, site) = (server.head.account, server.head.site.clone());
        self.change_records(account, &site, |records| {
            match records.servers.contains_key(&server.id) {
                true => vec![RecordCommand::Delete { id }],
                false => Vec::new(),
            }
        })
        .await
    }

    /// Frees a machine that carries an account's own key while nobody works on it. `false` = the key is no account's.
    pub(crate) async fn free_own(&self, owner: &OwnerKey) -> bool {
        let account = AccountId::new(owner.group.key());
        if self.directory.account(account).is_none() {
            return false;
        }
        let jobs = self.records_of(account);
        let mut open = jobs.server_jobs.values().filter(|job| !job.spec.is_over());
        let is_worked_on = open.any(|job| {
            let mut tasks = job.spec.tasks.iter();
            tasks.any(|task| task.instance == owner.instance && task.state == TaskState::Running)
        });
        if is_worked_on || self.jobs.state().in_hand.contains(&owner.instance) {
            return true;
        }
        if let Err(error) = self.compute.release(owner).await {
            tracing::warn!(%owner, %error, "a machine could not be freed; the next listing tries again");
        }
        true
    }
}

/// What becomes of the servers of a job with what has ended in it.
fn ends(
    records: &muster_model::Records,
    job: &ServerJob,
    spec: &ServerJobSpec,
) -> Vec<RecordCommand> {
    let mut commands = Vec::new();
    for (old, new) in job.spec.tasks.iter().zip(&spec.tasks) {
        if old.state == new.state {
            continue;
        }
        let mut servers = records.servers.values();
        let Some(server) = servers.find(|server| server.spec.instance == new.instance) else {
            continue;
        };
        let id = RecordId::Server(server.id);
        let becomes = |state| RecordCommand::Replace {
            id,
            version: server.head.version,
            spec: RecordSpec::Server(Box::new(ServerSpec {
                state,
                ..server.spec.clone()
            })),
        };
        match (spec.kind, &new.state) {
            (ServerWork::Create, TaskState::Done { .. }) => {
                commands.push(becomes(ServerState::Made));
            }
            (ServerWork::Create, TaskState::Failed { message, .. }) => {
                let message = message.clone();
                commands.push(becomes(ServerState::Failed { message }));
            }
            (ServerWork::Delete, TaskState::Done { .. }) => {
                commands.push(RecordCommand::Delete { id });
            }
            (ServerWork::Create | ServerWork::Delete, TaskState::Running)
            | (ServerWork::Delete, TaskState::Failed { .. })
            | (ServerWork::Stop | ServerWork::Start, _) => {}
        }
    }
    commands
}
