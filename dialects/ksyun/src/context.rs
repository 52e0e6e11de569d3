//! What actions are given.

use std::collections::BTreeMap;
use std::sync::Arc;

use muster_kit::action::Context;
use muster_model::{
    Command, ConfigFilter, ConfigItem, Created, Error, GroupCommand, GroupFilter, GroupId,
    GroupItem, GroupView, Page, ResourceKind,
};
use muster_ports::{Api, Caller};

use crate::checks::{self, One};
use crate::fault::Fault;

/// Seals a secret for storage.
pub type Seal = Arc<dyn Fn(&str) -> String + Send + Sync>;

/// What an operator can switch of this door, and what it is told of what there is.
#[derive(Clone, Debug)]
pub struct Switches {
    /// Most instances of a group that are taken on input (L296).
    pub most_instances: u32,
    /// Most instances that a policy may set a group to: the documentation has ten (L2056).
    pub most_total_capacity: u32,
    /// A MaxSize that is left out becomes the larger of MinSize, DesiredCapacity and 1, for clients that name their SDK.
    pub lenient_max_size: bool,
    /// The answer to CreateScheduledTask has the bare number of the documentation (L2205), not the object that clients read.
    pub bare_task_id: bool,
    /// Calls per second of an account and action.
    pub calls_per_sec: u32,
    /// What is known of instance types.
    pub types: BTreeMap<String, TypeFacts>,
    /// Zones, as far as they are known.
    pub zones: Vec<String>,
}

/// What is known of an instance type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TypeFacts {
    /// Processor cores.
    pub cores: u32,
    /// Memory, GB; `None` = it is not known.
    pub memory_gb: Option<u32>,
    /// Graphics processors.
    pub gpus: u32,
}

impl Default for Switches {
    fn default() -> Self {
        Switches {
            most_instances: 50,
            most_total_capacity: 10,
            lenient_max_size: false,
            bare_task_id: false,
            calls_per_sec: 1000,
            types: BTreeMap::new(),
            zones: Vec::new(),
        }
    }
}

/// What an action is given.
pub(crate) struct Ctx {
    /// The facade.
    pub(crate) api: Arc<dyn Api>,
    /// Who asks.
    pub(crate) caller: Caller,
    /// Name of the user who asks.
    pub(crate) user: String,
    /// Name of the action.
    pub(crate) action: &'static str,
    /// Seals passwords.
    pub(crate) seal: Seal,
    /// What is switched.
    pub(crate) switches: Arc<Switches>,
    /// Nothing is to happen.
    pub(crate) dry_run: bool,
    /// The client is that of the Terraform provider: it counts the first element of a list as 1 when it pages, and takes a
    /// notification that is there for its own, without giving it types.
    pub(crate) is_terraform: bool,
    /// The client has said which SDK it is.
    pub(crate) names_sdk: bool,
}

impl Context for Ctx {
    type Error = Fault;

    fn unwritable(&self, _: serde_json::Error) -> Fault {
        Fault::unavailable()
    }
}

/// All there is.
pub(crate) const ALL: Page = Page {
    offset: 0,
    limit: usize::MAX,
};

impl Ctx {
    /// The refusal in this door's words; `about` is the id that the request names.
    pub(crate) fn refused(&self, error: &Error, about: &str) -> Fault {
        crate::codes::fault(error, about, self.action, &self.user)
    }

    /// Executes a command, or only checks it; then the answer is that of a dry run.
    pub(crate) async fn execute(&self, command: Command, about: &str) -> Result<Created, Fault> {
        self.execute_or(command, |error| self.refused(error, about))
            .await
    }

    /// As [`Ctx::execute`], refused in words of the action's own.
    pub(crate) async fn execute_or(
        &self,
        command: Command,
        refused: impl Fn(&Error) -> Fault,
    ) -> Result<Created, Fault> {
        if self.dry_run {
            // A key that may only look is refused here as it would be there.
            let done = self.api.check(&self.caller, command).await;
            done.map_err(|error| refused(&error))?;
            return Err(Fault::dry_run());
        }
        let done = self.api.execute(&self.caller, command).await;
        done.map_err(|error| refused(&error))
    }

    /// Whether a command would be carried out.
    pub(crate) async fn check(&self, command: Command, about: &str) -> Result<(), Fault> {
        let done = self.api.check(&self.caller, command).await;
        done.map_err(|error| self.refused(&error, about))
    }

    /// Executes several commands on a group in their order. All are checked before the first one is carried out.
    pub(crate) async fn all_on(
        &self,
        id: GroupId,
        commands: Vec<GroupCommand>,
    ) -> Result<(), Fault> {
        let about = id.decimal();
        let on = |command| Command::Group { id, command };
        for command in &commands {
            self.check(on(command.clone()), &about).await?;
        }
        if self.dry_run {
            return Err(Fault::dry_run());
        }
        for command in commands {
            self.execute(on(command), &about).await?;
        }
        Ok(())
    }

    /// Does something with a group.
    pub(crate) async fn on_group(
        &self,
        id: GroupId,
        command: GroupCommand,
    ) -> Result<Created, Fault> {
        self.execute(Command::Group { id, command }, &id.decimal())
            .await
    }

    /// The group that a request names.
    pub(crate) async fn group(&self, id: &One) -> Result<GroupItem, Fault> {
        let key: GroupId = checks::id("ScalingGroupId", &id.0, ResourceKind::Group, self)?;
        let found = self
            .api
            .groups(&self.caller, &[GroupFilter::Ids(vec![key])], ALL)
            .await
            .map_err(|error| self.refused(&error, &id.0))?;
        let one = found.items.into_iter().next();
        one.ok_or_else(|| self.absent(ResourceKind::Group, &id.0))
    }

    /// The group that a request names, with everything that belongs to it.
    pub(crate) async fn view(&self, id: &One) -> Result<Arc<GroupView>, Fault> {
        let key: GroupId = checks::id("ScalingGroupId", &id.0, ResourceKind::Group, self)?;
        let views = self.views().await?;
        let found = views.into_iter().find(|view| view.group.id == key);
        found.ok_or_else(|| self.absent(ResourceKind::Group, &id.0))
    }

    /// All groups.
    pub(crate) async fn views(&self) -> Result<Vec<Arc<GroupView>>, Fault> {
        let views = self.api.views(&self.caller).await;
        views.map_err(|error| self.refused(&error, ""))
    }

    /// Launch configurations.
    pub(crate) async fn configs(&self, filters: &[ConfigFilter]) -> Result<Vec<ConfigItem>, Fault> {
        let found = self.api.configs(&self.caller, filters, ALL).await;
        Ok(found.map_err(|error| self.refused(&error, ""))?.items)
    }

    /// What is named is not there.
    pub(crate) fn absent(&self, kind: ResourceKind, id: &str) -> Fault {
        let error = Error::NotFound {
            kind,
            id: id.to_owned(),
        };
        self.refused(&error, id)
    }
}
