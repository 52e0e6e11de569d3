//! The second version of policies, shown: those of groups and those of bandwidths.

use muster_kit::action::Action;
use muster_model::{BandwidthPolicy, BandwidthTrigger, GroupView, Policy, PolicyKind, Time};
use serde::{Deserialize, Serialize};

use super::Numbers;
use super::policies_v2::shown_adjust;
use crate::checks::{self, PAGE, filled, page};
use crate::context::{AnyPolicy, Ctx};
use crate::fault::Fault;
use crate::shapes::bandwidth::{ActionV2, IntervalAction, type_of};
use crate::shapes::policy::{Scheduled, is_shown, policy_status, policy_type};
use crate::times::second;
use crate::words::{PolicySort, PolicyStatus, PolicyType, PolicyTypeV2, ResourceType, SortOrder};

/// ScalingV2PolicyDetail.
#[derive(Serialize)]
pub(crate) struct PolicyV2 {
    scaling_policy_id: String,
    scaling_policy_name: String,
    scaling_resource_id: String,
    scaling_resource_type: ResourceType,
    policy_status: PolicyStatus,
    scaling_policy_type: PolicyTypeV2,
    #[serde(skip_serializing_if = "Option::is_none")]
    alarm_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scheduled_policy: Option<Scheduled>,
    scaling_policy_action: ActionV2,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    interval_alarm_actions: Vec<IntervalAction>,
    cool_down_time: u32,
    create_time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip)]
    made: (Time, u64),
    #[serde(skip)]
    project: Option<String>,
}

impl PolicyV2 {
    fn of_group(view: &GroupView, policy: &Policy) -> PolicyV2 {
        let (alarm_id, times) = match &policy.kind {
            PolicyKind::Timed { times, .. } => (None, Some(times)),
            PolicyKind::External { alarm_id, .. } => (Some(alarm_id.clone()), None),
            PolicyKind::Simple { .. } | PolicyKind::Target(_) | PolicyKind::Unhealthy => {
                (Some(String::new()), None)
            }
        };
        let own = policy.cooldown_secs;
        PolicyV2 {
            scaling_policy_id: policy.id.uuid(),
            scaling_policy_name: policy.name.clone(),
            scaling_resource_id: policy.group.uuid(),
            scaling_resource_type: ResourceType::Group,
            policy_status: policy_status(view, policy),
            scaling_policy_type: match policy_type(policy) {
                PolicyType::Alarm => PolicyTypeV2::Alarm,
                PolicyType::Scheduled => PolicyTypeV2::Scheduled,
                PolicyType::Recurrence => PolicyTypeV2::Recurrence,
            },
            alarm_id,
            scheduled_policy: times.map(Scheduled::of),
            scaling_policy_action: shown_adjust(&policy.kind),
            interval_alarm_actions: Vec::new(),
            cool_down_time: own.unwrap_or(view.group.spec.cooldown_secs),
            create_time: second(policy.created_at),
            description: policy.description.clone(),
            made: (policy.created_at, policy.ordinal),
            project: view
                .group
                .spec
                .huawei
                .as_ref()
                .and_then(|extras| extras.enterprise_project.clone()),
        }
    }

    fn of_bandwidth(policy: &BandwidthPolicy) -> PolicyV2 {
        let spec = &policy.spec;
        let (alarm_id, times) = match &spec.trigger {
            BandwidthTrigger::Alarm { alarm_id, .. } => (Some(alarm_id.clone()), None),
            BandwidthTrigger::Timed(times) => (None, Some(times)),
        };
        PolicyV2 {
            scaling_policy_id: policy.id.uuid(),
            scaling_policy_name: spec.name.clone(),
            scaling_resource_id: spec.bandwidth.clone(),
            scaling_resource_type: ResourceType::Bandwidth,
            policy_status: match spec.enabled {
                true => PolicyStatus::InService,
                false => PolicyStatus::Paused,
            },
            scaling_policy_type: type_of(policy),
            alarm_id,
            scheduled_policy: times.map(Scheduled::of),
            scaling_policy_action: ActionV2::of(spec.change),
            interval_alarm_actions: spec.steps.iter().map(IntervalAction::of).collect(),
            cool_down_time: spec.cooldown_secs,
            create_time: second(policy.head.created_at),
            description: spec.description.clone(),
            made: (policy.head.created_at, policy.head.ordinal),
            project: None,
        }
    }
}

/// Every policy of the account, those that were made first first.
async fn all(ctx: &Ctx) -> Result<Vec<PolicyV2>, Fault> {
    let mut all = Vec::new();
    for view in ctx.views().await? {
        let policies = view.policies_and_tasks().into_iter();
        let policies = policies.filter(|policy| is_shown(policy));
        all.extend(policies.map(|policy| PolicyV2::of_group(&view, &policy)));
    }
    let records = ctx.records().await?;
    let of_bandwidths = records.bandwidth_policies.values();
    all.extend(of_bandwidths.map(|policy| PolicyV2::of_bandwidth(policy)));
    all.sort_by_key(|one| (one.made, one.scaling_policy_id.clone()));
    Ok(all)
}

/// ShowScalingV2Policy.
#[derive(Deserialize)]
pub(crate) struct ShowScalingV2Policy {
    scaling_policy_id: String,
}

/// Its answer.
#[derive(Serialize)]
pub(crate) struct Shown {
    scaling_policy: PolicyV2,
}

impl Action<Ctx> for ShowScalingV2Policy {
    const NAME: &'static str = "ShowScalingV2Policy";
    type Response = Shown;

    async fn run(self, ctx: &Ctx) -> Result<Shown, Fault> {
        let scaling_policy = match ctx.any_policy(&self.scaling_policy_id).await? {
            AnyPolicy::OfGroup(view, policy) => PolicyV2::of_group(&view, &policy),
            AnyPolicy::OfBandwidth(policy) => PolicyV2::of_bandwidth(&policy),
        };
        Ok(Shown { scaling_policy })
    }
}

/// ListScalingV2Policies (of one resource) and ListAllScalingV2Policies.
#[derive(Deserialize)]
pub(crate) struct ListScalingV2Policies<const ALL: bool> {
    scaling_resource_id: Option<String>,
    scaling_resource_type: Option<String>,
    scaling_policy_name: Option<String>,
    scaling_policy_type: Option<String>,
    scaling_policy_id: Option<String>,
    alarm_id: Option<String>,
    enterprise_project_id: Option<String>,
    sort_by: Option<String>,
    order: Option<String>,
    start_number: Option<String>,
    limit: Option<String>,
}

/// Its answer.
#[derive(Serialize)]
pub(crate) struct Policies {
    #[serde(flatten)]
    numbers: Numbers,
    scaling_policies: Vec<PolicyV2>,
}

/// In which order: of equal ones the first made comes first.
fn sort(all: &mut [PolicyV2], by: PolicySort, order: SortOrder) {
    let trigger = |policy: &PolicyV2| policy.scaling_policy_type.word();
    all.sort_by(|one, other| {
        let by = match by {
            PolicySort::Name => one.scaling_policy_name.cmp(&other.scaling_policy_name),
            PolicySort::Trigger => trigger(one).cmp(trigger(other)),
            PolicySort::Created => one.made.cmp(&other.made),
        };
        match order {
            SortOrder::Ascending => by,
            SortOrder::Descending => by.reverse(),
        }
    });
}

impl<const ALL: bool> Action<Ctx> for ListScalingV2Policies<ALL> {
    const NAME: &'static str = if ALL {
        "ListAllScalingV2Policies"
    } else {
        "ListScalingV2Policies"
    };
    type Response = Policies;

    async fn run(self, ctx: &Ctx) -> Result<Policies, Fault> {
        let resource: Option<ResourceType> = checks::word_if_given(
            "AS.3037",
            "scaling_resource_type",
            filled(self.scaling_resource_type).as_ref(),
        )?;
        let kind: Option<PolicyTypeV2> = checks::word_if_given(
            "AS.3002",
            "scaling_policy_type",
            filled(self.scaling_policy_type).as_ref(),
        )?;
        let by: Option<PolicySort> =
            checks::word_if_given("AS.3057", "sort_by", filled(self.sort_by).as_ref())?;
        let order: Option<SortOrder> =
            checks::word_if_given("AS.3058", "order", filled(self.order).as_ref())?;
        let page = page(PAGE, self.start_number.as_ref(), self.limit.as_ref())?;
        let is = |wanted: Option<String>| {
            let wanted = filled(wanted);
            move |value: &str| wanted.as_ref().is_none_or(|wanted| wanted == value)
        };
        let of_resource = is(self.scaling_resource_id);
        let has_id = is(self.scaling_policy_id);
        let of_alarm = is(self.alarm_id);
        let of_project = is(self
            .enterprise_project_id
            .filter(|id| id != "all_granted_eps"));
        let name = filled(self.scaling_policy_name).unwrap_or_default();
        let mut found = all(ctx).await?;
        found.retain(|policy| {
            resource.is_none_or(|resource| resource == policy.scaling_resource_type)
                && kind.is_none_or(|kind| kind == policy.scaling_policy_type)
                && policy.scaling_policy_name.contains(&name)
                && of_resource(&policy.scaling_resource_id)
                && has_id(&policy.scaling_policy_id)
                && of_alarm(policy.alarm_id.as_deref().unwrap_or_default())
                && of_project(policy.project.as_deref().unwrap_or("0"))
        });
        if by.is_some() || order.is_some() {
            let by = by.unwrap_or(PolicySort::Created);
            sort(&mut found, by, order.unwrap_or(SortOrder::Ascending));
        }
        let cut = page.cut(found);
        Ok(Policies {
            numbers: Numbers::of(cut.total, page),
            scaling_policies: cut.items,
        })
    }
}
