//! The facade of a replay, so that a door decodes, checks and refuses what a file describes as it would a request.
//!
//! A replay is told, not asked: it takes what makes a configuration and a group and what changes the group, one of each.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use muster_engine::{Context, Facts, create_config, create_group};
use muster_model::{
    AccountLimits, Activity, ActivityFilter, Catalogue, Command, ConfigFilter, ConfigItem, Created,
    Error, GroupAdvice, GroupCommand, GroupFilter, GroupId, GroupItem, GroupView, InstanceFilter,
    InstanceItem, Machine, Member, MemberHealth, MetricSource, Page, Paged, PoolMemberId, Reading,
    Records, ResourceKind, SubscriberAnswer, Summary, Time,
};
use muster_ports::{Api, ApiResult, Caller};

use super::field::{Field, State};

fn not_here(what: &str) -> Error {
    Error::Store {
        message: format!("a replay does not answer {what}"),
    }
}

impl State {
    fn execute(&mut self, caller: &Caller, command: Command) -> ApiResult<Created> {
        let mut ids = self.fresh();
        match command {
            Command::CreateConfig { door, site, spec } => {
                let taken = |config: &Arc<_>| named(config) == spec.name;
                let facts = Facts {
                    name_taken: self.configs.values().any(taken),
                    ..Facts::default()
                };
                let mut context = Context {
                    now: self.now,
                    ids: &mut ids,
                    settings: &self.settings,
                    facts: &facts,
                };
                let config = create_config(&self.account, door, &site, &spec, &mut context)?;
                let id = config.id;
                self.configs.insert(id, Arc::new(config));
                Ok(Created::Config(id))
            }
            Command::CreateGroup { door, site, spec } => {
                if self.view.is_some() {
                    return Err(not_here("for a second group"));
                }
                let config = spec.config.and_then(|id| self.configs.get(&id).cloned());
                let facts = Facts {
                    config,
                    ..Facts::default()
                };
                let mut context = Context {
                    now: self.now,
                    ids: &mut ids,
                    settings: &self.settings,
                    facts: &facts,
                };
                let view = create_group(&self.account, door, &site, &spec, &mut context)?;
                let id = view.group.id;
                self.admit(view);
                Ok(Created::Group(id))
            }
            Command::Group { id, command } => {
                let own = self.view.as_ref().filter(|view| view.group.id == id);
                let own = own.filter(|view| view.group.account == caller.account);
                let view = own.ok_or_else(|| Error::NotFound {
                    kind: ResourceKind::Group,
                    id: id.to_string(),
                })?;
                let facts = facts(view, &command);
                self.command(&command, &facts)
            }
            Command::ModifyConfig { .. }
            | Command::ClearConfig { .. }
            | Command::UpgradeConfig { .. }
            | Command::DeleteConfig { .. }
            | Command::CreateGroupFrom { .. } => Err(not_here("for changes of configurations")),
            Command::Records(_) => Err(not_here("for changes of records")),
            Command::Servers(_) => Err(not_here("for machines by themselves")),
            Command::Publish { .. } => Err(not_here("for messages to topics")),
        }
    }
}

fn named(config: &muster_model::LaunchConfiguration) -> &str {
    &config.spec.name
}

/// The name of a policy is unique in the account.
fn facts(view: &GroupView, command: &GroupCommand) -> Facts {
    let names = match command {
        GroupCommand::Policy(command) => command.names(),
        _ => None,
    };
    let taken = names.is_some_and(|(name, own)| {
        let mut policies = view.parts.policies.values();
        policies.any(|policy| policy.name == name && Some(policy.id) != own)
    });
    Facts {
        name_taken: taken,
        ..Facts::default()
    }
}

#[async_trait]
impl Api for Field {
    async fn execute(&self, caller: &Caller, command: Command) -> ApiResult<Created> {
        self.state().execute(caller, command)
    }

    async fn check(&self, _: &Caller, _: Command) -> ApiResult<()> {
        Err(not_here("whether it would do something"))
    }

    async fn groups(&self, _: &Caller, _: &[GroupFilter], _: Page) -> ApiResult<Paged<GroupItem>> {
        Err(not_here("what groups there are"))
    }

    async fn views(&self, _: &Caller) -> ApiResult<Vec<Arc<GroupView>>> {
        let view = self.state().view.clone();
        Ok(view.into_iter().map(Arc::new).collect())
    }

    async fn leaving(&self, _: &Caller) -> ApiResult<Vec<Arc<GroupView>>> {
        Ok(Vec::new())
    }

    async fn limits(&self, _: &Caller) -> ApiResult<AccountLimits> {
        Err(not_here("what there may be"))
    }

    async fn advices(&self, _: &Caller, _: &[GroupId]) -> ApiResult<Vec<GroupAdvice>> {
        Err(not_here("for advice"))
    }

    async fn configs(
        &self,
        _: &Caller,
        _: &[ConfigFilter],
        _: Page,
    ) -> ApiResult<Paged<ConfigItem>> {
        Err(not_here("what configurations there are"))
    }

    async fn records(&self, _: &Caller) -> ApiResult<Arc<Records>> {
        Ok(Arc::default())
    }

    async fn subscriber_says(&self, _: &SubscriberAnswer) -> ApiResult<String> {
        Err(not_here("subscribers"))
    }

    async fn machines(&self, _: &Caller) -> ApiResult<Vec<Arc<Machine>>> {
        Err(not_here("what machines there are"))
    }

    async fn by_hand(&self, _: &Caller) -> ApiResult<BTreeMap<PoolMemberId, MemberHealth>> {
        Ok(BTreeMap::new())
    }

    async fn members(&self, _: &Caller) -> ApiResult<Vec<Arc<Member>>> {
        Err(not_here("what members balancers have"))
    }

    fn catalogue(&self) -> Arc<Catalogue> {
        Arc::default()
    }

    async fn push(&self, _: &Caller, _: &[Reading]) -> ApiResult<()> {
        Err(not_here("for values of metrics"))
    }

    async fn statistics(
        &self,
        _: &Caller,
        _: &MetricSource,
        _: u32,
        _: Time,
        _: Time,
    ) -> ApiResult<BTreeMap<Time, Summary>> {
        Err(not_here("what metrics were"))
    }

    async fn instances(
        &self,
        _: &Caller,
        _: &[InstanceFilter],
        _: Page,
    ) -> ApiResult<Paged<InstanceItem>> {
        Err(not_here("what instances there are"))
    }

    async fn activities(
        &self,
        _: &Caller,
        _: &[ActivityFilter],
        _: Page,
    ) -> ApiResult<Paged<Arc<Activity>>> {
        Err(not_here("what activities there were"))
    }

    async fn last_activities(
        &self,
        _: &Caller,
        _: &[GroupId],
        _: bool,
    ) -> ApiResult<Vec<Arc<Activity>>> {
        Err(not_here("what activities there were"))
    }

    fn now(&self) -> Time {
        self.state().now
    }
}
