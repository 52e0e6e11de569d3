//! What actions are given.

use std::collections::BTreeMap;
use std::sync::Arc;

use muster_kit::action::Context;
use muster_kit::decode::One;
use muster_model::{
    Command, ConfigFilter, ConfigItem, Created, Error, GroupCommand, GroupFilter, GroupId,
    GroupItem, GroupView, Page, Records, ResourceKind,
};
use muster_ports::{Api, Caller};

use crate::checks;
use crate::fault::Fault;

/// Seals a secret for storage.
pub type Seal = Arc<dyn Fn(&str) -> String + Send + Sync>;

/// What an operator can switch of this door, and what it is told of what there is.
#[derive(Clone, Debug)]
pub struct Switches {
    /// The region of a request that names none.
    pub default_region: String,
    /// Most instances of a group that are taken on input (L1202).
    pub most_instances: u32,
    /// Calls per second of an account and action; the documentation has no number.
    pub calls_per_sec: u32,
    /// Requests of a key of which time and nonce are kept.
    pub nonces_per_key: u32,
    /// What was signed before the service started is refused: nothing is taken twice across a restart either.
    pub refuse_signed_before_start: bool,
    /// `code` is a text (contradiction T01).
    pub code_as_text: bool,
    /// `lifeCycleHookId` of a new hook is a text, not a list (contradiction T20).
    pub hook_id_as_text: bool,
    /// The default policy of a group is not listed (contradiction T27).
    pub hide_default_policy: bool,
    /// Codes are spelled with `VpcId`, not with the `VpId` of the documentation (contradiction T43).
    pub vpc_spelling: bool,
    /// Processor cores of instance types, as far as they are known.
    pub cores: BTreeMap<String, u32>,
    /// Zone and VPC of subnets, as far as they are known.
    pub subnets: BTreeMap<String, (String, String)>,
}

impl Default for Switches {
    fn default() -> Self {
        Switches {
            default_region: "ap-guangzhou".to_owned(),
            most_instances: 30,
            calls_per_sec: 1000,
            nonces_per_key: 500_000,
            refuse_signed_before_start: false,
            code_as_text: false,
            hook_id_as_text: false,
            hide_default_policy: false,
            vpc_spelling: false,
            cores: BTreeMap::new(),
            subnets: BTreeMap::new(),
        }
    }
}

/// What an action is given.
pub(crate) struct Ctx {
    /// The facade.
    pub(crate) api: Arc<dyn Api>,
    /// Who asks.
    pub(crate) caller: Caller,
    /// Name of the action.
    pub(crate) action: &'static str,
    /// Seals passwords.
    pub(crate) seal: Seal,
    /// What is switched.
    pub(crate) switches: Arc<Switches>,
}

impl Context for Ctx {
    type Error = Fault;

    fn unwritable(&self, _: serde_json::Error) -> Fault {
        Fault::internal()
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
        crate::codes::fault(error, about, self.action)
    }

    /// Executes a command.
    pub(crate) async fn execute(&self, command: Command, about: &str) -> Result<Created, Fault> {
        let done = self.api.execute(&self.caller, command).await;
        done.map_err(|error| self.refused(&error, about))
    }

    /// Executes several commands on a group in their order. All are checked before the first one is carried out.
    pub(crate) async fn all_on(
        &self,
        id: GroupId,
        commands: Vec<GroupCommand>,
    ) -> Result<(), Fault> {
        let about = id.to_string();
        let on = |command| Command::Group { id, command };
        if commands.len() > 1 {
            for command in &commands {
                let checked = self.api.check(&self.caller, on(command.clone())).await;
                checked.map_err(|error| self.refused(&error, &about))?;
            }
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
        self.execute(Command::Group { id, command }, &id.to_string())
            .await
    }

    /// The group that a request names.
    pub(crate) async fn group(&self, id: Option<&One>) -> Result<GroupItem, Fault> {
        let id = checks::group(id, self)?;
        let found = self
            .api
            .groups(&self.caller, &[GroupFilter::Ids(vec![id])], ALL)
            .await
            .map_err(|error| self.refused(&error, &id.to_string()))?;
        let one = found.items.into_iter().next();
        one.ok_or_else(|| self.absent(ResourceKind::Group, &id.to_string()))
    }

    /// The group that a request names, with everything that belongs to it.
    pub(crate) async fn view(&self, id: Option<&One>) -> Result<Arc<GroupView>, Fault> {
        let id = checks::group(id, self)?;
        let views = self.views().await?;
        let found = views.into_iter().find(|view| view.group.id == id);
        found.ok_or_else(|| self.absent(ResourceKind::Group, &id.to_string()))
    }

    /// All groups.
    pub(crate) async fn views(&self) -> Result<Vec<Arc<GroupView>>, Fault> {
        let views = self.api.views(&self.caller).await;
        views.map_err(|error| self.refused(&error, ""))
    }

    /// What there is besides groups and configurations.
    pub(crate) async fn records(&self) -> Result<Arc<Records>, Fault> {
        let records = self.api.records(&self.caller).await;
        records.map_err(|error| self.refused(&error, ""))
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
