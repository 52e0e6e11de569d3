//! The second version of policies: of a group, where they are the same policies as in the first, or of a bandwidth.

use muster_kit::action::Action;
use muster_model::{
    Created, Door, GroupCommand, GroupView, Policy, PolicyCommand, PolicyKind, PolicySpec,
};
use serde::Deserialize;

use super::policies_bandwidth;
use super::policies_write::{MOST_POLICIES, POLICY_NAME, PolicyMade, Wanted, cooldown};
use crate::checks::{self, filled};
use crate::context::{AnyPolicy, Ctx};
use crate::fault::Fault;
use crate::shapes::bandwidth::{ActionV2, IntervalAction};
use crate::shapes::policy::{Adjust, MOST_INSTANCES_V2, Scheduled, policy_type};
use crate::words::{PolicyType, PolicyTypeV2, ResourceType};

/// Characters of a description.
const DESCRIPTION_CHARS: usize = 256;

/// What requests that make and change policies have in common.
pub(super) struct Given {
    pub(super) alarm_id: Option<String>,
    pub(super) scheduled_policy: Option<Scheduled>,
    pub(super) scaling_policy_action: Option<ActionV2>,
    pub(super) interval_alarm_actions: Option<Vec<IntervalAction>>,
    pub(super) cool_down_time: Option<i64>,
    pub(super) description: Option<String>,
}

/// Words about a policy, over what they were: nothing keeps them, an empty text clears them.
pub(super) fn new_description(
    text: Option<String>,
    old: Option<&String>,
) -> Result<Option<String>, Fault> {
    match text {
        Some(_) => description(text),
        None => Ok(old.cloned()),
    }
}

/// Words about a policy.
pub(super) fn description(text: Option<String>) -> Result<Option<String>, Fault> {
    let text = filled(text);
    let chars = text.as_ref().map_or(0, |text| text.chars().count());
    match chars <= DESCRIPTION_CHARS {
        true => Ok(text),
        false => {
            let wanted = format!("at most {DESCRIPTION_CHARS} characters are right");
            let got = format!("{chars} characters");
            Err(Fault::value("AS.0022", "description", got, &wanted))
        }
    }
}

/// The type of a policy of a group.
fn of_group(kind: PolicyTypeV2) -> Result<PolicyType, Fault> {
    match kind {
        PolicyTypeV2::Alarm => Ok(PolicyType::Alarm),
        PolicyTypeV2::Scheduled => Ok(PolicyType::Scheduled),
        PolicyTypeV2::Recurrence => Ok(PolicyType::Recurrence),
        PolicyTypeV2::IntervalAlarm => {
            let wanted = "only a bandwidth has policies by intervals";
            let name = "scaling_policy_type";
            Err(Fault::value("AS.3002", name, kind.word(), wanted))
        }
    }
}

/// What goes with bandwidths only is refused for a group.
fn check_of_group(given: &Given) -> Result<(), Fault> {
    let action = given.scaling_policy_action.as_ref();
    if let Some(limits) = action.and_then(|action| action.limits) {
        let wanted = "only a bandwidth has a limit";
        let name = "scaling_policy_action.limits";
        return Err(Fault::value("AS.3043", name, limits, wanted));
    }
    match given.interval_alarm_actions.as_ref() {
        Some(steps) if !steps.is_empty() => {
            let detail = "`interval_alarm_actions` is of bandwidths only.";
            Err(Fault::new("AS.0022", detail))
        }
        Some(_) | None => Ok(()),
    }
}

/// The adjustment of a group under the names of the second version.
fn adjust(action: ActionV2) -> Result<muster_model::AdjustBy, Fault> {
    let adjust = Adjust {
        operation: action.operation,
        instance_number: action.size,
        instance_percentage: action.percentage,
    };
    adjust.by_named("size", "percentage", MOST_INSTANCES_V2)
}

/// An adjustment of a group as it is shown.
pub(super) fn shown_adjust(kind: &PolicyKind) -> ActionV2 {
    let by = match kind {
        PolicyKind::Timed { adjust, .. }
        | PolicyKind::External { adjust, .. }
        | PolicyKind::Simple { adjust, .. } => Adjust::of(*adjust),
        PolicyKind::Target(_) | PolicyKind::Unhealthy => Adjust::default(),
    };
    ActionV2 {
        operation: by.operation,
        size: by.instance_number,
        percentage: by.instance_percentage,
        limits: None,
    }
}

/// CreateScalingV2Policy.
#[derive(Deserialize)]
pub(crate) struct CreateScalingV2Policy {
    scaling_policy_name: Option<String>,
    scaling_resource_id: Option<String>,
    scaling_resource_type: Option<String>,
    scaling_policy_type: Option<String>,
    alarm_id: Option<String>,
    scheduled_policy: Option<Scheduled>,
    scaling_policy_action: Option<ActionV2>,
    interval_alarm_actions: Option<Vec<IntervalAction>>,
    cool_down_time: Option<i64>,
    description: Option<String>,
}

impl Action<Ctx> for CreateScalingV2Policy {
    const NAME: &'static str = "CreateScalingV2Policy";
    type Response = PolicyMade;

    async fn run(self, ctx: &Ctx) -> Result<PolicyMade, Fault> {
        let name = checks::given_name(
            "scaling_policy_name",
            self.scaling_policy_name,
            &POLICY_NAME,
        )?;
        let resource = filled(self.scaling_resource_type);
        let resource =
            resource.ok_or_else(|| Fault::missing("AS.3054", "scaling_resource_type"))?;
        let resource: ResourceType = checks::word("AS.3037", "scaling_resource_type", &resource)?;
        let id = filled(self.scaling_resource_id);
        let id = id.ok_or_else(|| Fault::missing("AS.3041", "scaling_resource_id"))?;
        let kind = filled(self.scaling_policy_type);
        let kind = kind.ok_or_else(|| Fault::missing("AS.3011", "scaling_policy_type"))?;
        let kind: PolicyTypeV2 = checks::word("AS.3002", "scaling_policy_type", &kind)?;
        let given = Given {
            alarm_id: self.alarm_id,
            scheduled_policy: self.scheduled_policy,
            scaling_policy_action: self.scaling_policy_action,
            interval_alarm_actions: self.interval_alarm_actions,
            cool_down_time: self.cool_down_time,
            description: self.description,
        };
        let made = match resource {
            ResourceType::Group => create_of_group(name, &id, kind, given, ctx).await?,
            ResourceType::Bandwidth => {
                policies_bandwidth::create(name, id, kind, given, ctx).await?
            }
        };
        Ok(PolicyMade {
            scaling_policy_id: made,
        })
    }
}

async fn create_of_group(
    name: String,
    group: &str,
    kind: PolicyTypeV2,
    given: Given,
    ctx: &Ctx,
) -> Result<String, Fault> {
    let kind = of_group(kind)?;
    check_of_group(&given)?;
    let cooldown_secs = cooldown(given.cool_down_time.unwrap_or(300))?;
    let description = description(given.description)?;
    let adjust = adjust(given.scaling_policy_action.unwrap_or_default())?;
    let view = ctx
        .staying(group)
        .await
        .map_err(|fault| unknown(fault, group))?;
    let wanted = Wanted {
        kind,
        alarm_id: filled(given.alarm_id),
        scheduled: given.scheduled_policy,
        adjust: Some(adjust),
    };
    let kind = wanted.kind(None, &view, ctx).await?;
    if view.parts.policies.len() >= MOST_POLICIES {
        let detail = format!("There may be {MOST_POLICIES}.");
        return Err(Fault::new("AS.3032", detail));
    }
    let command = PolicyCommand::CreateDescribed {
        door: Door::Huawei,
        spec: Box::new(PolicySpec {
            name,
            enabled: true,
            cooldown_secs: Some(cooldown_secs),
            kind,
            notify_groups: Vec::new(),
        }),
        description,
    };
    match ctx
        .change(view.group.id, GroupCommand::Policy(command))
        .await?
    {
        Created::Policy(id) => Ok(id.uuid()),
        _ => Err(Fault::system("The request made nothing.")),
    }
}

/// A group that is not there is a resource that is not there.
fn unknown(fault: Fault, id: &str) -> Fault {
    match fault.code {
        "AS.2007" => Fault::new("AS.3042", format!("`scaling_resource_id` is `{id}`.")),
        _ => fault,
    }
}

/// UpdateScalingV2Policy: what is not given stays.
#[derive(Deserialize)]
pub(crate) struct UpdateScalingV2Policy {
    scaling_policy_id: String,
    scaling_policy_name: Option<String>,
    scaling_resource_id: Option<String>,
    scaling_resource_type: Option<String>,
    scaling_policy_type: Option<String>,
    alarm_id: Option<String>,
    scheduled_policy: Option<Scheduled>,
    scaling_policy_action: Option<ActionV2>,
    interval_alarm_actions: Option<Vec<IntervalAction>>,
    cool_down_time: Option<i64>,
    description: Option<String>,
}

impl UpdateScalingV2Policy {
    /// A policy stays with its kind of resource; one of a group stays with its group.
    fn check_resource(&self, own: ResourceType, group: Option<&str>) -> Result<(), Fault> {
        let name = "scaling_resource_type";
        let kind = filled(self.scaling_resource_type.clone());
        let kind: Option<ResourceType> = checks::word_if_given("AS.3037", name, kind.as_ref())?;
        if let Some(kind) = kind.filter(|kind| *kind != own) {
            let wanted = format!("the policy is of a {}", own.word());
            return Err(Fault::value("AS.3037", name, kind.word(), &wanted));
        }
        match (self.scaling_resource_id.as_deref(), group) {
            (Some(id), Some(group)) if !id.is_empty() && id != group => {
                let wanted = "the policy is of another group";
                Err(Fault::value("AS.3042", "scaling_resource_id", id, wanted))
            }
            _ => Ok(()),
        }
    }
}

impl Action<Ctx> for UpdateScalingV2Policy {
    const NAME: &'static str = "UpdateScalingV2Policy";
    type Response = PolicyMade;

    async fn run(self, ctx: &Ctx) -> Result<PolicyMade, Fault> {
        if let Some(name) = &self.scaling_policy_name {
            checks::name("scaling_policy_name", name, &POLICY_NAME)?;
        }
        let kind: Option<PolicyTypeV2> = checks::word_if_given(
            "AS.3002",
            "scaling_policy_type",
            filled(self.scaling_policy_type.clone()).as_ref(),
        )?;
        let policy = ctx.any_policy(&self.scaling_policy_id).await?;
        match &policy {
            AnyPolicy::OfGroup(view, _) => {
                self.check_resource(ResourceType::Group, Some(&view.group.id.uuid()))?;
            }
            AnyPolicy::OfBandwidth(_) => self.check_resource(ResourceType::Bandwidth, None)?,
        }
        let name = self.scaling_policy_name;
        let given = Given {
            alarm_id: self.alarm_id,
            scheduled_policy: self.scheduled_policy,
            scaling_policy_action: self.scaling_policy_action,
            interval_alarm_actions: self.interval_alarm_actions,
            cool_down_time: self.cool_down_time,
            description: self.description,
        };
        match policy {
            AnyPolicy::OfGroup(view, policy) => {
                update_of_group(&view, &policy, name, kind, given, ctx).await?;
            }
            AnyPolicy::OfBandwidth(policy) => {
                let resource = filled(self.scaling_resource_id);
                policies_bandwidth::update(&policy, name, resource, kind, given, ctx).await?;
            }
        }
        Ok(PolicyMade {
            scaling_policy_id: self.scaling_policy_id,
        })
    }
}

async fn update_of_group(
    view: &GroupView,
    policy: &Policy,
    name: Option<String>,
    kind: Option<PolicyTypeV2>,
    given: Given,
    ctx: &Ctx,
) -> Result<(), Fault> {
    let kind = kind.map(of_group).transpose()?;
    check_of_group(&given)?;
    let cooldown_secs = given.cool_down_time.map(cooldown).transpose()?;
    let description = new_description(given.description, policy.description.as_ref())?;
    let action = given.scaling_policy_action;
    let adjust = action
        .map(|action| adjust(action.over(shown_adjust(&policy.kind))))
        .transpose()?;
    let is_own = matches!(
        policy.kind,
        PolicyKind::Timed { .. } | PolicyKind::External { .. }
    );
    let changes = kind.is_some() || given.alarm_id.is_some() || given.scheduled_policy.is_some();
    let kind = match (changes || is_own, &policy.kind, adjust) {
        (true, ..) => {
            let wanted = Wanted {
                kind: kind.unwrap_or_else(|| policy_type(policy)),
                alarm_id: filled(given.alarm_id),
                scheduled: given.scheduled_policy,
                adjust,
            };
            wanted.kind(Some(&policy.kind), view, ctx).await?
        }
        // A policy of another door keeps what it is, unless a kind of this door is asked for.
        (false, PolicyKind::Simple { alarm, .. }, Some(adjust)) => PolicyKind::Simple {
            alarm: alarm.clone(),
            adjust,
        },
        (false, kind, _) => kind.clone(),
    };
    let command = PolicyCommand::ModifyDescribed {
        id: policy.id,
        spec: Box::new(PolicySpec {
            name: name.unwrap_or_else(|| policy.name.clone()),
            enabled: policy.enabled,
            cooldown_secs: cooldown_secs.or(policy.cooldown_secs),
            kind,
            notify_groups: policy.notify_groups.clone(),
        }),
        description,
    };
    ctx.change_policy(view, command).await.map(|_| ())
}
