//! What operations are given.

use std::sync::Arc;

use muster_kit::action::Context;
use muster_model::{
    AlarmRuleId, BandwidthPolicy, BandwidthPolicyId, Command, Created, Error, GroupCommand,
    GroupId, GroupView, Policy, PolicyCommand, PolicyId, RecordCommand, Records, ResourceKind,
};
use muster_ports::{Api, Caller};

use crate::codes;
use crate::fault::Fault;
use crate::shapes::policy::is_shown;
use crate::tasks;

/// Seals a secret for storage.
pub type Seal = Arc<dyn Fn(&str) -> String + Send + Sync>;

/// Fresh secret bits each time.
pub type Random = Arc<dyn Fn() -> [u8; 32] + Send + Sync>;

/// What an operation is given.
pub(crate) struct Ctx {
    /// The facade.
    pub(crate) api: Arc<dyn Api>,
    /// Who asks.
    pub(crate) caller: Caller,
    /// Name of the operation.
    pub(crate) operation: &'static str,
    /// The project's id, as given.
    pub(crate) project: String,
    /// Seals passwords.
    pub(crate) seal: Seal,
    /// Secret bits.
    pub(crate) random: Random,
}

/// What is refused of a group that is being deleted.
fn going(id: GroupId) -> Fault {
    let detail = format!("`scaling_group_id` is `{}`.", id.uuid());
    Fault::filled("AS.2033", "DELETING", detail)
}

/// A policy of either kind.
pub(crate) enum AnyPolicy {
    /// One of a group.
    OfGroup(Arc<GroupView>, Arc<Policy>),
    /// One that sizes a bandwidth.
    OfBandwidth(Arc<BandwidthPolicy>),
}

impl Context for Ctx {
    type Error = Fault;

    fn unwritable(&self, error: serde_json::Error) -> Fault {
        Fault::system(&format!("The answer could not be written: {error}."))
    }
}

impl Ctx {
    /// The code and words of a refused command.
    pub(crate) fn refused(&self, error: &Error) -> Fault {
        codes::fault(error, self.operation)
    }

    pub(crate) async fn execute(&self, command: Command) -> Result<Created, Fault> {
        let done = self.api.execute(&self.caller, command).await;
        done.map_err(|error| self.refused(&error))
    }

    /// Does something with a group. One that is being deleted takes nothing on any more (rule G24).
    pub(crate) async fn change(
        &self,
        id: GroupId,
        command: GroupCommand,
    ) -> Result<Created, Fault> {
        let done = self
            .api
            .execute(&self.caller, Command::Group { id, command })
            .await;
        match done {
            Ok(created) => Ok(created),
            Err(error) => Err(self.refused_by(id, &error).await),
        }
    }

    /// The code and words of a command that a group refused, or that found none.
    pub(crate) async fn refused_by(&self, id: GroupId, error: &Error) -> Fault {
        let gone = matches!(
            error,
            Error::NotFound {
                kind: ResourceKind::Group,
                ..
            }
        );
        if !gone {
            return self.refused(error);
        }
        match self.api.leaving(&self.caller).await {
            Ok(leaving) if leaving.iter().any(|view| view.group.id == id) => going(id),
            Ok(_) => Fault::no_group(&id.uuid()),
            Err(error) => self.refused(&error),
        }
    }

    /// All groups with what belongs to them, oldest first.
    pub(crate) async fn views(&self) -> Result<Vec<Arc<GroupView>>, Fault> {
        let views = self.api.views(&self.caller).await;
        views.map_err(|error| self.refused(&error))
    }

    /// All groups, also those that are being deleted, oldest first.
    pub(crate) async fn every_view(&self) -> Result<Vec<Arc<GroupView>>, Fault> {
        let mut views = self.views().await?;
        let leaving = self.api.leaving(&self.caller).await;
        views.extend(leaving.map_err(|error| self.refused(&error))?);
        views.sort_by_key(|view| (view.group.created_at, view.group.ordinal, view.group.id));
        Ok(views)
    }

    /// The group that an id names; it may be one that is being deleted.
    pub(crate) async fn view(&self, id: &str) -> Result<Arc<GroupView>, Fault> {
        let group = GroupId::parse_uuid(id).map_err(|_| Fault::no_group(id))?;
        let mut views = self.every_view().await?.into_iter();
        let found = views.find(|view| view.group.id == group);
        found.ok_or_else(|| Fault::no_group(id))
    }

    /// The group that an id names, to be changed: none that is being deleted.
    pub(crate) async fn staying(&self, id: &str) -> Result<Arc<GroupView>, Fault> {
        let view = self.view(id).await?;
        Ctx::check_stays(&view)?;
        Ok(view)
    }

    /// Refuses for a group that is being deleted.
    pub(crate) fn check_stays(view: &GroupView) -> Result<(), Fault> {
        match view.group.deleting {
            false => Ok(()),
            true => Err(going(view.group.id)),
        }
    }

    /// What the account has besides groups.
    pub(crate) async fn records(&self) -> Result<Arc<Records>, Fault> {
        let records = self.api.records(&self.caller).await;
        records.map_err(|error| self.refused(&error))
    }

    /// Changes records.
    pub(crate) async fn change_records(&self, command: RecordCommand) -> Result<Created, Fault> {
        self.execute(Command::Records(vec![command])).await
    }

    /// The policy that an id names, of a group or of a bandwidth.
    pub(crate) async fn any_policy(&self, id: &str) -> Result<AnyPolicy, Fault> {
        let Ok(policy) = BandwidthPolicyId::parse_uuid(id) else {
            let (view, policy) = self.policy(id).await?;
            return Ok(AnyPolicy::OfGroup(view, policy));
        };
        let records = self.records().await?;
        let found = records.bandwidth_policies.get(&policy);
        let found = found.ok_or_else(|| Fault::absent(id))?;
        Ok(AnyPolicy::OfBandwidth(Arc::clone(found)))
    }

    /// The alarm rule that an id names, if there is one.
    pub(crate) async fn alarm_rule(&self, id: &str) -> Result<Option<AlarmRuleId>, Fault> {
        let records = self.api.records(&self.caller).await;
        let records = records.map_err(|error| self.refused(&error))?;
        let id = AlarmRuleId::parse_alarm_id(id).ok();
        Ok(id.filter(|id| records.alarm_rules.contains_key(id)))
    }

    /// The policy that an id names, and its group. Scheduled actions of other doors are policies too.
    pub(crate) async fn policy(&self, id: &str) -> Result<(Arc<GroupView>, Arc<Policy>), Fault> {
        let absent = || Fault::absent(id);
        let key = PolicyId::parse_uuid(id).map_err(|_| absent())?;
        let mut views = self.views().await?.into_iter();
        let found = views.find_map(|view| {
            let mut all = view.policies_and_tasks().into_iter();
            let policy = all.find(|policy| policy.id == key && is_shown(policy))?;
            Some((view, policy))
        });
        found.ok_or_else(absent)
    }

    /// Does something with a policy.
    pub(crate) async fn change_policy(
        &self,
        view: &GroupView,
        command: PolicyCommand,
    ) -> Result<Created, Fault> {
        self.change(view.group.id, tasks::on_policy(view, command)?)
            .await
    }
}
