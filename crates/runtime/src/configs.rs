//! Commands that change what an account has: configurations, new groups, names, and who uses what.
//!
//! They hold the account's lock and bump its version, so that "the name is free", "the quota is not used up" and
//! "nobody uses it" still hold when the commit happens.

use std::sync::Arc;

use muster_engine::{Context, Facts};
use muster_model::{
    Account, AccountId, Allocation, ConfigId, ConfigSpec, Created, Door, Error, Group,
    GroupCommand, GroupId, GroupPatch, GroupSpec, GroupView, Ids, InstanceId, LaunchConfiguration,
    Machine, PolicyCommand, ResourceKind, Site,
};
use muster_ports::{ApiResult, Caller, Clock, Commit, Guard, Row};

use crate::api::Ask;
use crate::commit::store_error;
use crate::directory::AccountSlot;
use crate::runtime::Runtime;

fn no_config(id: ConfigId) -> Error {
    Error::NotFound {
        kind: ResourceKind::Config,
        id: id.to_string(),
    }
}

/// How many of them are such.
fn count<T>(all: impl Iterator<Item = T>, is_such: impl Fn(&T) -> bool) -> u32 {
    u32::try_from(all.filter(is_such).count()).unwrap_or(u32::MAX)
}

/// The account's next version, and the commit that writes it, guarded by the present one.
pub(crate) fn touch(account: &Account) -> (Arc<Account>, Commit) {
    let next = Arc::new(Account {
        version: account.version + 1,
        ..account.clone()
    });
    let commit = Commit {
        guards: vec![Guard::Account(account.id, account.version)],
        rows: vec![Row::Account(Arc::clone(&next))],
    };
    (next, commit)
}

/// The commit with a new group in it.
fn commit_of_new(mut commit: Commit, view: &GroupView) -> Commit {
    commit.guards.push(Guard::NoGroup(view.group.id));
    commit.rows.push(Row::Group(Arc::clone(&view.group)));
    let instances = view.instances.values().map(Arc::clone);
    commit.rows.extend(instances.map(Row::Instance));
    let activities = view.activities.values().map(Arc::clone);
    commit.rows.extend(activities.map(Row::Activity));
    commit
}

impl Runtime {
    pub(crate) fn account_slot(&self, account: AccountId) -> ApiResult<Arc<AccountSlot>> {
        self.directory.account(account).ok_or_else(|| Error::Store {
            message: "the account is not known".to_owned(),
        })
    }

    fn visible_config(&self, caller: &Caller, id: ConfigId) -> Option<Arc<LaunchConfiguration>> {
        self.directory
            .config(id)
            .filter(|config| config.account == caller.account && config.site == caller.site)
    }

    /// A machine that the caller may see.
    async fn machine(&self, caller: &Caller, instance: InstanceId) -> ApiResult<Machine> {
        let found = self.compute.describe(&[instance]).await;
        let found = found.map_err(|error| Error::BackEnd {
            code: muster_model::AttemptCode::Failed,
            message: error.to_string(),
        })?;
        let mut seen = found
            .into_iter()
            .filter(|machine| self.may_see(caller, machine));
        seen.next().ok_or_else(|| Error::NotFound {
            kind: ResourceKind::Instance,
            id: instance.to_string(),
        })
    }

    /// A configuration that is to be like a machine, with the machine's image and type in it; `None` = it is not.
    async fn like_source(
        &self,
        caller: &Caller,
        spec: &ConfigSpec,
    ) -> ApiResult<Option<ConfigSpec>> {
        let Some(text) = &spec.source_instance else {
            return Ok(None);
        };
        let absent = || Error::NotFound {
            kind: ResourceKind::Instance,
            id: text.clone(),
        };
        let instance = InstanceId::parse(text).map_err(|_| absent())?;
        let machine = self.machine(caller, instance).await?;
        Ok(Some(ConfigSpec {
            image: Some(machine.image),
            image_family: None,
            instance_types: vec![machine.placement.instance_type],
            system_disk: machine.system_disk,
            data_disks: machine.data_disks,
            ..spec.clone()
        }))
    }

    pub(crate) async fn create_config(
        &self,
        caller: &Ask<'_>,
        door: Door,
        site: Site,
        spec: &ConfigSpec,
    ) -> ApiResult<Created> {
        let filled = self.like_source(caller, spec).await?;
        let spec = filled.as_ref().unwrap_or(spec);
        let slot = self.account_slot(caller.account)?;
        let _lock = slot.lock.lock().await;
        let account = slot.account();
        let others = self.directory.configs(caller.account, &caller.site);
        let facts = Facts {
            name_taken: others.iter().any(|config| config.spec.name == spec.name),
            used: u32::try_from(others.len()).unwrap_or(u32::MAX),
            used_in_project: count(others.iter(), |config| config.spec.project == spec.project),
            ..Facts::default()
        };
        let mut ids = self.fresh_ids();
        let settings = self.settings_of(caller.account, &caller.site);
        let mut context = Context {
            now: self.clock.now(),
            ids: &mut ids,
            settings: &settings,
            facts: &facts,
        };
        let config = Arc::new(muster_engine::create_config(
            &account,
            door,
            &site,
            spec,
            &mut context,
        )?);
        let id = config.id;
        if caller.check {
            return Ok(Created::Config(id));
        }
        let (next, mut commit) = touch(&account);
        commit.rows.push(Row::Config(Arc::clone(&config)));
        self.commit_account(&slot, commit).await?;
        slot.swap(next);
        self.directory.put_config(config);
        Ok(Created::Config(id))
    }

    /// Changes a configuration by `change`. `name`: the outer option says whether a name is given at all.
    pub(crate) async fn change_config(
        &self,
        caller: &Ask<'_>,
        id: ConfigId,
        name: Option<Option<String>>,
        change: impl FnOnce(
            &LaunchConfiguration,
            &mut Context<'_>,
        ) -> Result<LaunchConfiguration, Error>
        + Send,
    ) -> ApiResult<Created> {
        let slot = self.account_slot(caller.account)?;
        let _lock = slot.lock.lock().await;
        let old = self
            .visible_config(caller, id)
            .ok_or_else(|| no_config(id))?;
        let name = name.flatten();
        let slots = self.directory.slots();
        let groups = slots.iter().map(|(_, slot)| Arc::clone(&slot.view().group));
        let users: Vec<Arc<Group>> = groups
            .filter(|group| group.spec.config == Some(id) && !group.deleting)
            .collect();
        let others = self.directory.configs(caller.account, &caller.site);
        let facts = Facts {
            name_taken: name
                .is_some_and(|name| others.iter().any(|c| c.id != id && c.spec.name == name)),
            mixed: users
                .iter()
                .any(|group| matches!(group.spec.allocation, Allocation::SpotMixed(_))),
            users,
            ..Facts::default()
        };
        let mut ids = Ids::new(0);
        let settings = self.settings_of(caller.account, &caller.site);
        let mut context = Context {
            now: self.clock.now(),
            ids: &mut ids,
            settings: &settings,
            facts: &facts,
        };
        let new = Arc::new(change(&old, &mut context)?);
        if new.version == old.version || caller.check {
            return Ok(Created::Nothing);
        }
        let (next, mut commit) = touch(&slot.account());
        commit.guards.push(Guard::Config(id, old.version));
        commit.rows.push(Row::Config(Arc::clone(&new)));
        self.commit_account(&slot, commit).await?;
        slot.swap(next);
        self.directory.put_config(Arc::clone(&new));
        self.spread_config(&new).await;
        Ok(Created::Nothing)
    }

    /// Gives the groups that use a configuration its newest version.
    async fn spread_config(&self, config: &Arc<LaunchConfiguration>) {
        for (id, slot) in self.directory.slots() {
            if slot.view().group.spec.config != Some(config.id) {
                continue;
            }
            {
                let _lock = slot.lock.lock().await;
                let mut view = (*slot.view()).clone();
                view.config = Some(Arc::clone(config));
                slot.swap(view);
            }
            self.deliver(id, GroupCommand::ConfigChanged).await;
        }
    }

    pub(crate) async fn delete_config(
        &self,
        caller: &Ask<'_>,
        door: Door,
        id: ConfigId,
    ) -> ApiResult<Created> {
        let slot = self.account_slot(caller.account)?;
        let _lock = slot.lock.lock().await;
        let old = self
            .visible_config(caller, id)
            .ok_or_else(|| no_config(id))?;
        let slots = self.directory.slots();
        let views: Vec<_> = slots.iter().map(|(_, slot)| slot.view()).collect();
        let used_by = views.iter().find(|view| view.group.spec.config == Some(id));
        // Members are made of a configuration only while their group uses it, or refreshes to it: with neither, these become
        // fewer only, and a group begins to use one under the lock that is held here.
        let facts = Facts {
            used_by: used_by.map(|view| view.group.id.to_string()),
            made: views.iter().find_map(|view| view.made_of(id)),
            ..Facts::default()
        };
        let mut ids = Ids::new(0);
        let settings = self.settings_of(caller.account, &caller.site);
        let mut context = Context {
            now: self.clock.now(),
            ids: &mut ids,
            settings: &settings,
            facts: &facts,
        };
        muster_engine::delete_config(door, id, &mut context)?;
        if caller.check {
            return Ok(Created::Nothing);
        }
        let (next, mut commit) = touch(&slot.account());
        commit.guards.push(Guard::Config(id, old.version));
        commit.rows.push(Row::NoConfig(id));
        self.commit_account(&slot, commit).await?;
        slot.swap(next);
        self.directory.remove_config(id);
        Ok(Created::Nothing)
    }

    pub(crate) async fn create_group(
        &self,
        caller: &Ask<'_>,
        door: Door,
        site: Site,
        spec: &GroupSpec,
    ) -> ApiResult<Created> {
        let slot = self.account_slot(caller.account)?;
        let _lock = slot.lock.lock().await;
        let account = slot.account();
        let views = self.directory.views(caller.account, &caller.site);
        let project = |view: &&Arc<GroupView>| view.group.spec.project == spec.project;
        let facts = Facts {
            used_in_project: count(views.iter(), project),
            records: self.records_for(&spec.balancers),
            ..self.group_facts(caller, spec.config, Some(&spec.name), None)
        };
        let mut ids = self.fresh_ids();
        let settings = self.settings_of(caller.account, &caller.site);
        let mut context = Context {
            now: self.clock.now(),
            ids: &mut ids,
            settings: &settings,
            facts: &facts,
        };
        let view = muster_engine::create_group(&account, door, &site, spec, &mut context)?;
        if caller.check {
            return Ok(Created::Group(view.group.id));
        }
        let (next, commit) = touch(&account);
        self.commit_account(&slot, commit_of_new(commit, &view))
            .await?;
        slot.swap(next);
        Ok(Created::Group(self.admit_group(view)))
    }

    /// Makes a configuration and a group out of a machine, both or neither.
    pub(crate) async fn create_group_from(
        &self,
        caller: &Ask<'_>,
        door: Door,
        site: Site,
        instance: InstanceId,
        spec: &GroupSpec,
        inherit_tags: bool,
    ) -> ApiResult<Created> {
        let machine = self.machine(caller, instance).await?;
        let (config_spec, group_spec) = muster_engine::like_machine(&machine, spec, inherit_tags)?;
        let slot = self.account_slot(caller.account)?;
        let _lock = slot.lock.lock().await;
        let account = slot.account();
        let others = self.directory.configs(caller.account, &caller.site);
        let mut ids = self.fresh_ids();
        let facts = Facts {
            name_taken: others
                .iter()
                .any(|other| other.spec.name == config_spec.name),
            used: u32::try_from(others.len()).unwrap_or(u32::MAX),
            ..Facts::default()
        };
        let settings = self.settings_of(caller.account, &caller.site);
        let mut context = Context {
            now: self.clock.now(),
            ids: &mut ids,
            settings: &settings,
            facts: &facts,
        };
        let config =
            muster_engine::create_config(&account, door, &site, &config_spec, &mut context)?;
        let config = Arc::new(config);
        let group_spec = GroupSpec {
            config: Some(config.id),
            ..group_spec
        };
        let facts = Facts {
            config: Some(Arc::clone(&config)),
            records: self.records_for(&group_spec.balancers),
            ..self.group_facts(caller, None, Some(&group_spec.name), None)
        };
        context.facts = &facts;
        let view = muster_engine::create_group(&account, door, &site, &group_spec, &mut context)?;
        if caller.check {
            return Ok(Created::Group(view.group.id));
        }
        let (next, mut commit) = touch(&account);
        commit.rows.push(Row::Config(Arc::clone(&config)));
        self.commit_account(&slot, commit_of_new(commit, &view))
            .await?;
        slot.swap(next);
        self.directory.put_config(config);
        Ok(Created::Group(self.admit_group(view)))
    }

    /// A group that has been committed is known from here on.
    pub(crate) fn admit_group(&self, view: GroupView) -> GroupId {
        let (id, wake) = (view.group.id, view.group.wake_at);
        self.directory.put_group(view);
        if let Some(at) = wake {
            self.queue.want(id, at);
        }
        id
    }

    /// Changes a group's name or configuration.
    pub(crate) async fn modify_group(
        &self,
        caller: &Ask<'_>,
        id: GroupId,
        patch: GroupPatch,
    ) -> ApiResult<Created> {
        let slot = self.account_slot(caller.account)?;
        let _lock = slot.lock.lock().await;
        let (config, name) = (patch.config, patch.name.clone());
        let command = GroupCommand::Modify(Box::new(patch));
        let facts = Facts {
            records: self.records_for(command.balancers()),
            ..self.group_facts(caller, config, name.as_deref(), Some(id))
        };
        self.apply_for_account(&slot, id, &command, &facts, caller.check)
            .await
    }

    /// Makes or changes a policy: its name is unique in the account.
    pub(crate) async fn change_policy(
        &self,
        caller: &Ask<'_>,
        id: GroupId,
        command: PolicyCommand,
    ) -> ApiResult<Created> {
        let Some((name, own)) = command.names() else {
            let (facts, more) = (Facts::default(), Commit::default());
            let command = GroupCommand::Policy(command);
            return self
                .apply_with(id, &command, &facts, &more, caller.check)
                .await;
        };
        let slot = self.account_slot(caller.account)?;
        let _lock = slot.lock.lock().await;
        let taken = |view: &Arc<GroupView>| {
            let mut policies = view.parts.policies.values();
            policies.any(|policy| policy.name == name && Some(policy.id) != own)
        };
        let views = self.directory.views(caller.account, &caller.site);
        let facts = Facts {
            name_taken: views.iter().any(taken),
            numbered: Some(slot.account().version),
            ..Facts::default()
        };
        let command = GroupCommand::Policy(command);
        self.apply_for_account(&slot, id, &command, &facts, caller.check)
            .await
    }

    /// Applies a command that holds only while the account stays what it is. The account's lock is held by the caller.
    async fn apply_for_account(
        &self,
        slot: &AccountSlot,
        id: GroupId,
        command: &GroupCommand,
        facts: &Facts,
        check: bool,
    ) -> ApiResult<Created> {
        let (next, commit) = touch(&slot.account());
        match self.apply_told(id, command, facts, &commit, check).await {
            Ok(applied) => {
                if applied.committed {
                    slot.swap(next);
                }
                Ok(applied.created)
            }
            Err(error) => {
                if matches!(error, Error::Store { .. }) {
                    self.reload_account(slot).await;
                }
                Err(error)
            }
        }
    }

    /// Commits what changes an account; after an error the account in memory is what the store has.
    pub(crate) async fn commit_account(&self, slot: &AccountSlot, commit: Commit) -> ApiResult<()> {
        match self.commit(commit).await {
            Ok(()) => Ok(()),
            Err(error) => {
                self.reload_account(slot).await;
                Err(store_error(&error))
            }
        }
    }

    fn group_facts(
        &self,
        caller: &Caller,
        config: Option<ConfigId>,
        name: Option<&str>,
        own: Option<GroupId>,
    ) -> Facts {
        let slots = self.directory.slots();
        let views: Vec<_> = slots
            .iter()
            .map(|(_, slot)| slot.view())
            .filter(|view| view.group.account == caller.account && view.group.site == caller.site)
            .collect();
        Facts {
            config: config.and_then(|id| self.visible_config(caller, id)),
            name_taken: name.is_some_and(|name| {
                views.iter().any(|view| {
                    Some(view.group.id) != own
                        && view.group.spec.name == name
                        && !view.group.deleting
                })
            }),
            used: u32::try_from(views.iter().filter(|view| !view.group.deleting).count())
                .unwrap_or(u32::MAX),
            ..Facts::default()
        }
    }
}
