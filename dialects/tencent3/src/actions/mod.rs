//! The actions, one file per family, and the one list that dispatches them.

mod account;
mod activities;
mod balancers;
mod capacity;
mod config_parts;
mod configs;
mod configs_change;
mod configs_write;
mod from_instance;
mod groups;
mod groups_write;
mod hooks;
mod hooks_write;
mod instances;
mod notifications;
mod policies;
mod policies_write;
mod refresh;
mod rest;
mod schedules;
mod tags;

use muster_kit::filter::{Filter, FilterError, FilterName, FilterRules, Match, RawFilter};
use muster_model::{Command, Created, GroupCommand, GroupId, Page, TagFilter};
use serde::{Deserialize, Serialize};

use crate::context::Ctx;
use crate::fault::Fault;

muster_kit::actions!(
    /// Every action that this door answers.
    pub(crate) ACTIONS: Ctx = [
        configs_write::CreateLaunchConfiguration,
        configs::DescribeLaunchConfigurations,
        configs_change::ModifyLaunchConfigurationAttributes,
        configs::ClearLaunchConfigurationAttributes,
        configs::DeleteLaunchConfiguration,
        configs_change::UpgradeLaunchConfiguration,
        groups_write::CreateAutoScalingGroup,
        groups::DescribeAutoScalingGroups,
        groups_write::ModifyAutoScalingGroup,
        capacity::EnableAutoScalingGroup,
        capacity::DisableAutoScalingGroup,
        capacity::DeleteAutoScalingGroup,
        capacity::ModifyDesiredCapacity,
        capacity::ScaleOutInstances,
        capacity::ScaleInInstances,
        instances::DescribeAutoScalingInstances,
        instances::AttachInstances,
        instances::DetachInstances,
        instances::RemoveInstances,
        instances::SetInstancesProtection,
        balancers::AttachLoadBalancers,
        balancers::DetachLoadBalancers,
        balancers::ModifyLoadBalancers,
        balancers::ModifyLoadBalancerTargetAttributes,
        activities::DescribeAutoScalingActivities,
        activities::DescribeAutoScalingGroupLastActivities,
        account::DescribeAccountLimits,
        account::DescribeAutoScalingAdvices,
        hooks_write::CreateLifecycleHook,
        hooks_write::ModifyLifecycleHook,
        hooks_write::UpgradeLifecycleHook,
        hooks::DescribeLifecycleHooks,
        hooks::DeleteLifecycleHook,
        hooks::CompleteLifecycleAction,
        from_instance::CreateAutoScalingGroupFromInstance,
        rest::StopAutoScalingInstances,
        rest::StartAutoScalingInstances,
        rest::EnterStandby,
        rest::ExitStandby,
        schedules::CreateScheduledAction,
        schedules::ModifyScheduledAction,
        schedules::DescribeScheduledActions,
        schedules::DeleteScheduledAction,
        policies_write::CreateScalingPolicy,
        policies_write::ModifyScalingPolicy,
        policies::DescribeScalingPolicies,
        policies::DeleteScalingPolicy,
        policies::ExecuteScalingPolicy,
        notifications::CreateNotificationConfiguration,
        notifications::ModifyNotificationConfiguration,
        notifications::DescribeNotificationConfigurations,
        notifications::DeleteNotificationConfiguration,
        refresh::StartInstanceRefresh,
        refresh::StopInstanceRefresh,
        refresh::ResumeInstanceRefresh,
        refresh::CancelInstanceRefresh,
        refresh::RollbackInstanceRefresh,
        refresh::DescribeRefreshActivities,
    ]
);

muster_kit::actions!(
    /// The calls of the tag API that are answered here.
    pub(crate) TAG_ACTIONS: Ctx = [
        tags::DescribeResourceTagsByResourceIds,
        tags::ModifyResourceTags,
    ]
);

/// Calls per second and account of an action (rule P11).
pub(crate) fn rate_per_sec(action: &str) -> u32 {
    match action {
        "DescribeAutoScalingGroups" | "DescribeAutoScalingInstances" => 60,
        "DeleteLaunchConfiguration" => 10,
        _ => 20,
    }
}

/// An answer without members of its own.
#[derive(Serialize)]
pub(crate) struct Empty {}

/// The answer of an action that starts an activity.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Started {
    activity_id: String,
}

impl Ctx {
    /// Executes a command; a refusal becomes this door's answer.
    pub(crate) async fn execute(&self, command: Command) -> Result<Created, Fault> {
        self.api
            .execute(&self.caller, command)
            .await
            .map_err(|error| crate::codes::fault(&error, self.action))
    }

    /// Does something with a group.
    pub(crate) async fn on_group(&self, id: &str, command: GroupCommand) -> Result<Created, Fault> {
        let id: GroupId = crate::checks::group_id(id, self.action)?;
        self.execute(Command::Group { id, command }).await
    }

    /// Does something with a group that starts an activity.
    pub(crate) async fn start(&self, id: &str, command: GroupCommand) -> Result<Started, Fault> {
        let Created::Activity(activity) = self.on_group(id, command).await? else {
            return Err(Fault::made_nothing());
        };
        Ok(Started {
            activity_id: activity.to_string(),
        })
    }

    pub(crate) fn refused(&self, error: &muster_model::Error) -> Fault {
        crate::codes::fault(error, self.action)
    }
}

/// The page that `Offset` and `Limit` name (rule I7).
pub(crate) fn page(offset: Option<i64>, limit: Option<i64>) -> Result<Page, Fault> {
    let offset = offset.unwrap_or(0);
    let limit = limit.unwrap_or(20);
    if !(0..=100).contains(&limit) {
        return Err(Fault::new(
            "InvalidParameterValue.LimitExceeded",
            Fault::range("Limit", limit, 0, 100).message,
        ));
    }
    let offset = usize::try_from(offset)
        .map_err(|_| Fault::value("Offset", &offset.to_string(), "0 or more"))?;
    Ok(Page {
        offset,
        limit: usize::try_from(limit).unwrap_or(0),
    })
}

/// A filter as sent.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SentFilter {
    name: String,
    values: Vec<String>,
}

/// What differs between the actions that filter.
pub(crate) struct Selection {
    /// The names it knows.
    pub(crate) names: &'static [FilterName],
    /// Name of the parameter that lists ids.
    pub(crate) ids: &'static str,
    /// Code for ids together with filters (rule I4).
    pub(crate) conflict: &'static str,
    /// Code for too many ids (rule I5).
    pub(crate) too_many: &'static str,
    /// Code for a name it does not know.
    pub(crate) unknown: &'static str,
}

/// A filter by its whole name.
pub(crate) const fn exact(name: &'static str) -> FilterName {
    FilterName {
        name,
        how: Match::Exact,
    }
}

impl Selection {
    /// Checks ids and filters.
    pub(crate) fn check(
        &self,
        ids: Option<&Vec<String>>,
        filters: Option<Vec<SentFilter>>,
    ) -> Result<Vec<Filter>, Fault> {
        let has_ids = ids.is_some_and(|ids| !ids.is_empty());
        let filters = filters.unwrap_or_default();
        if has_ids && !filters.is_empty() {
            return Err(Fault::new(
                self.conflict,
                format!(
                    "The parameters `{}` and `Filters` cannot be given together.",
                    self.ids
                ),
            ));
        }
        if let Some(ids) = ids {
            crate::checks::count(self.too_many, self.ids, ids, crate::checks::MAX_IDS)?;
        }
        let rules = FilterRules {
            names: self.names,
            max_filters: 10,
            max_values: 5,
        };
        let raw = filters
            .into_iter()
            .map(|filter| RawFilter {
                name: filter.name,
                values: filter.values,
            })
            .collect();
        rules.check(raw).map_err(|error| {
            let code = match error {
                FilterError::TooMany { .. } | FilterError::TooManyValues { .. } => {
                    "LimitExceeded.FilterValuesTooLong"
                }
                FilterError::UnknownName { .. } | FilterError::NoValues { .. } => self.unknown,
            };
            Fault::new(
                code,
                format!("The parameter `Filters` is not valid: {error}."),
            )
        })
    }
}

/// A condition on tags, if the filter is one.
pub(crate) fn tag_filter(filter: &Filter) -> Option<TagFilter> {
    match filter.name {
        "tag-key" => Some(TagFilter::Keys(filter.values.clone())),
        "tag-value" => Some(TagFilter::Values(filter.values.clone())),
        "tag:" => Some(TagFilter::Pair {
            key: filter.key.clone().unwrap_or_default(),
            values: filter.values.clone(),
        }),
        _ => None,
    }
}
