//! The facade: commands and questions from doors.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::Arc;

use async_trait::async_trait;
use muster_engine::Facts;
use muster_model::{
    Access, AccountLimits, Activity, ActivityFilter, Catalogue, Command, ConfigFilter, ConfigItem,
    Created, Error, GroupAdvice, GroupCommand, GroupFilter, GroupId, GroupItem, GroupView,
    HookChange, InstanceFilter, InstanceItem, Machine, Member, MemberHealth, MetricSource, Page,
    Paged, PoolMemberId, Reading, Records, ResourceKind, SubscriberAnswer, Summary, Time, own_key,
};
use muster_ports::{Api, ApiResult, Caller, Clock, Commit};

use crate::commit::store_error;
use crate::runtime::Runtime;
use crate::select::{config_matches, group_item, group_matches, paged};

pub(crate) fn no_group(id: GroupId) -> Error {
    Error::NotFound {
        kind: ResourceKind::Group,
        id: id.to_string(),
    }
}

/// Who asks, and whether the decision is only to be looked at.
pub(crate) struct Ask<'a> {
    pub(crate) caller: &'a Caller,
    /// Nothing is committed.
    pub(crate) check: bool,
}

impl Deref for Ask<'_> {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        self.caller
    }
}

impl Runtime {
    /// A group of the caller, also while it is being deleted.
    fn own(&self, caller: &Caller, id: GroupId) -> ApiResult<Arc<GroupView>> {
        let view = self
            .directory
            .group(id)
            .map(|slot| slot.view())
            .ok_or_else(|| no_group(id))?;
        let own = view.group.account == caller.account && view.group.site == caller.site;
        if own { Ok(view) } else { Err(no_group(id)) }
    }

    /// A group that the caller may see.
    pub(crate) fn visible(&self, caller: &Caller, id: GroupId) -> ApiResult<Arc<GroupView>> {
        let view = self.own(caller, id)?;
        match view.group.deleting {
            false => Ok(view),
            true => Err(no_group(id)),
        }
    }

    /// Accounts never see each other: a machine of somebody else's group, or made by somebody else, is not there.
    pub(crate) fn may_see(&self, caller: &Caller, machine: &Machine) -> bool {
        match &machine.owner {
            Some(owner) if *owner == own_key(caller.account, machine.id) => true,
            Some(owner) => self.visible(caller, owner.group).is_ok(),
            None => {
                let maker = self.maker(machine.id);
                maker.is_none_or(|(account, site)| account == caller.account && site == caller.site)
            }
        }
    }

    async fn execute_group(
        &self,
        caller: &Ask<'_>,
        id: GroupId,
        command: GroupCommand,
    ) -> ApiResult<Created> {
        match &command {
            // Hooks hold the members of a group that is being deleted, too: they are answered.
            GroupCommand::Hook(HookChange::Complete { .. } | HookChange::Extend { .. }) => {
                self.own(caller, id)?
            }
            _ => self.visible(caller, id)?,
        };
        let facts = Facts {
            own_topic: self.has_topic(caller.account, command.target()),
            records: self.records_for(command.balancers()),
            ..Facts::default()
        };
        let more = Commit::default();
        match command {
            GroupCommand::Modify(patch) if patch.name.is_some() || patch.config.is_some() => {
                self.modify_group(caller, id, *patch).await
            }
            GroupCommand::Attach { instances, .. } => {
                let mut machines =
                    self.compute
                        .describe(&instances)
                        .await
                        .map_err(|error| Error::BackEnd {
                            code: muster_model::AttemptCode::Failed,
                            message: error.to_string(),
                        })?;
                machines.retain(|machine| self.may_see(caller, machine));
                let attach = GroupCommand::Attach {
                    instances,
                    machines,
                };
                self.apply_with(id, &attach, &facts, &more, caller.check)
                    .await
            }
            GroupCommand::Policy(command) => self.change_policy(caller, id, command).await,
            GroupCommand::Delete { .. } => self.delete_group(caller, id, &command).await,
            GroupCommand::Measured(_)
            | GroupCommand::Rung { .. }
            | GroupCommand::Observed(_)
            | GroupCommand::StepDone(_)
            | GroupCommand::Untold { .. }
            | GroupCommand::Recover
            | GroupCommand::ConfigChanged => Err(no_group(id)),
            command => {
                self.apply_with(id, &command, &facts, &more, caller.check)
                    .await
            }
        }
    }

    async fn decide(&self, caller: &Ask<'_>, command: Command) -> ApiResult<Created> {
        if caller.access == Access::ReadOnly {
            return Err(Error::ReadOnly);
        }
        match command {
            Command::CreateConfig { door, site, spec } => {
                self.create_config(caller, door, site, &spec).await
            }
            Command::ModifyConfig { id, patch } => {
                self.change_config(caller, id, Some(patch.name.clone()), |old, context| {
                    muster_engine::modify_config(old, &patch, context)
                })
                .await
            }
            Command::ClearConfig { id, fields } => {
                self.change_config(caller, id, None, |old, context| {
                    Ok(muster_engine::clear_config(old, fields, context))
                })
                .await
            }
            Command::UpgradeConfig { id, spec } => {
                self.change_config(caller, id, Some(Some(spec.name.clone())), |old, context| {
                    muster_engine::upgrade_config(old, &spec, context)
                })
                .await
            }
            Command::DeleteConfig { door, id } => self.delete_config(caller, door, id).await,
            Command::CreateGroup { door, site, spec } => {
                self.create_group(caller, door, site, &spec).await
            }
            Command::CreateGroupFrom {
                door,
                site,
                instance,
                spec,
                inherit_tags,
            } => {
                self.create_group_from(caller, door, site, instance, &spec, inherit_tags)
                    .await
            }
            Command::Records(commands) => self.execute_records(caller, &commands).await,
            Command::Servers(command) => self.execute_servers(caller, command).await,
            Command::Publish { topic, publication } => {
                self.publish(caller, topic, *publication).await
            }
            Command::Group { id, command } => self.execute_group(caller, id, command).await,
        }
    }
}

/// A request that is cut off in the middle leaves the store right and the memory behind: the next one notices.
#[async_trait]
impl Api for Runtime {
    async fn execute(&self, caller: &Caller, command: Command) -> ApiResult<Created> {
        let check = false;
        self.decide(&Ask { caller, check }, command).await
    }

    async fn check(&self, caller: &Caller, command: Command) -> ApiResult<()> {
        let check = true;
        self.decide(&Ask { caller, check }, command).await?;
        Ok(())
    }

    async fn groups(
        &self,
        caller: &Caller,
        filters: &[GroupFilter],
        page: Page,
    ) -> ApiResult<Paged<GroupItem>> {
        let settings = self.settings_of(caller.account, &caller.site);
        // One group by its id needs no look at the others.
        if let [GroupFilter::Ids(ids)] = filters
            && let [id] = ids.as_slice()
        {
            let found: Vec<_> = self
                .visible(caller, *id)
                .iter()
                .map(|view| group_item(&settings.catalogue, view))
                .collect();
            return Ok(paged(found, page));
        }
        let mut views = self.directory.views(caller.account, &caller.site);
        views.retain(|view| filters.iter().all(|filter| group_matches(view, filter)));
        let views = paged(views, page);
        Ok(Paged {
            total: views.total,
            items: views
                .items
                .iter()
                .map(|view| group_item(&settings.catalogue, view))
                .collect(),
        })
    }

    async fn views(&self, caller: &Caller) -> ApiResult<Vec<Arc<GroupView>>> {
        Ok(self.directory.views(caller.account, &caller.site))
    }

    async fn leaving(&self, caller: &Caller) -> ApiResult<Vec<Arc<GroupView>>> {
        Ok(self.directory.leaving(caller.account, &caller.site))
    }

    async fn limits(&self, caller: &Caller) -> ApiResult<AccountLimits> {
        let quotas = self.options.settings.quotas;
        Ok(AccountLimits {
            configs: self.directory.configs(caller.account, &caller.site).len(),
            most_configs: quotas.configs,
            groups: self.directory.views(caller.account, &caller.site).len(),
            most_groups: quotas.groups,
        })
    }

    async fn advices(&self, caller: &Caller, groups: &[GroupId]) -> ApiResult<Vec<GroupAdvice>> {
        let settings = self.settings_of(caller.account, &caller.site);
        let visible = groups
            .iter()
            .filter_map(|id| self.visible(caller, *id).ok());
        Ok(visible
            .map(|view| {
                let catalogue = &settings.catalogue;
                let judged = GroupView {
                    group: muster_engine::judged(catalogue, &view.group),
                    ..(*view).clone()
                };
                GroupAdvice {
                    group: view.group.id,
                    advices: muster_engine::advise(&judged),
                }
            })
            .collect())
    }

    async fn records(&self, caller: &Caller) -> ApiResult<Arc<Records>> {
        Ok(Arc::new(
            self.records_of(caller.account).in_site(&caller.site),
        ))
    }

    async fn subscriber_says(&self, answer: &SubscriberAnswer) -> ApiResult<String> {
        self.subscriber_says(answer).await
    }

    async fn machines(&self, caller: &Caller) -> ApiResult<Vec<Arc<Machine>>> {
        let mut machines = self.inventory().await?;
        machines.retain(|machine| self.may_see(caller, machine));
        machines.sort_by_key(|machine| (machine.created_at, machine.id));
        Ok(machines)
    }

    async fn members(&self, caller: &Caller) -> ApiResult<Vec<Arc<Member>>> {
        let listing = self.listed_members(None).await;
        let listing = listing.ok_or_else(|| Error::BackEnd {
            code: muster_model::AttemptCode::Failed,
            message: "the members of the balancers could not be listed".to_owned(),
        })?;
        let mut members = listing.members;
        members.retain(|member| self.visible(caller, member.owner.group).is_ok());
        Ok(members)
    }

    async fn by_hand(&self, caller: &Caller) -> ApiResult<BTreeMap<PoolMemberId, MemberHealth>> {
        let own = self.records_of(caller.account);
        let mut found = self.balancer.by_hand().await;
        found.retain(|id, _| own.pool_members.contains_key(id));
        Ok(found)
    }

    fn catalogue(&self) -> Arc<Catalogue> {
        Arc::clone(&self.catalogue)
    }

    async fn push(&self, caller: &Caller, readings: &[Reading]) -> ApiResult<()> {
        self.push_readings(caller, readings).await
    }

    async fn statistics(
        &self,
        caller: &Caller,
        source: &MetricSource,
        period_secs: u32,
        first: Time,
        end: Time,
    ) -> ApiResult<BTreeMap<Time, Summary>> {
        Ok(self.statistics_of(caller, source, period_secs, first, end))
    }

    async fn configs(
        &self,
        caller: &Caller,
        filters: &[ConfigFilter],
        page: Page,
    ) -> ApiResult<Paged<ConfigItem>> {
        let mut configs = self.directory.configs(caller.account, &caller.site);
        configs.retain(|config| filters.iter().all(|filter| config_matches(config, filter)));
        let configs = paged(configs, page);
        let settings = self.settings_of(caller.account, &caller.site);
        let views = self.directory.views(caller.account, &caller.site);
        let items = configs.items.into_iter().map(|config| {
            let users = views
                .iter()
                .filter(|view| view.group.spec.config == Some(config.id));
            let groups = users
                .map(|view| (view.group.id, view.group.spec.name.clone()))
                .collect();
            let config = muster_engine::judged_config(&settings.catalogue, &config);
            ConfigItem { config, groups }
        });
        Ok(Paged {
            total: configs.total,
            items: items.collect(),
        })
    }

    async fn instances(
        &self,
        caller: &Caller,
        filters: &[InstanceFilter],
        page: Page,
    ) -> ApiResult<Paged<InstanceItem>> {
        let mut items = Vec::new();
        for view in self.directory.views(caller.account, &caller.site) {
            let wanted = |instance: &muster_model::Instance| {
                filters.iter().all(|filter| match filter {
                    InstanceFilter::Ids(ids) => ids.contains(&instance.id),
                    InstanceFilter::Groups(groups) => groups.contains(&instance.group),
                })
            };
            let elsewhere = |filter: &InstanceFilter| matches!(filter, InstanceFilter::Groups(groups) if !groups.contains(&view.group.id));
            if filters.iter().any(elsewhere) {
                continue;
            }
            let mut members: Vec<_> = view
                .instances
                .values()
                .filter(|instance| wanted(instance))
                .collect();
            members.sort_by_key(|instance| (instance.created_at, instance.id));
            items.extend(members.into_iter().map(|instance| InstanceItem {
                instance: Arc::clone(instance),
                group_name: view.group.spec.name.clone(),
            }));
        }
        Ok(paged(items, page))
    }

    async fn activities(
        &self,
        caller: &Caller,
        filters: &[ActivityFilter],
        page: Page,
    ) -> ApiResult<Paged<Arc<Activity>>> {
        self.store
            .activities(caller.account, filters, page)
            .await
            .map_err(|error| store_error(&error))
    }

    async fn last_activities(
        &self,
        caller: &Caller,
        groups: &[GroupId],
        exclude_cancelled: bool,
    ) -> ApiResult<Vec<Arc<Activity>>> {
        let mut found = Vec::new();
        for id in groups {
            let Ok(view) = self.visible(caller, *id) else {
                continue;
            };
            let Some(last) = view
                .group
                .last_activity
                .and_then(|id| view.activities.get(&id))
            else {
                continue;
            };
            if exclude_cancelled && last.status == muster_model::ActivityStatus::Cancelled {
                found.extend(
                    self.store
                        .last_uncancelled(*id)
                        .await
                        .map_err(|error| store_error(&error))?,
                );
            } else {
                found.push(Arc::clone(last));
            }
        }
        Ok(found)
    }

    fn now(&self) -> Time {
        self.clock.now()
    }
}
